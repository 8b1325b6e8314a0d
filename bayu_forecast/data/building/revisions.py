"""The sizes of past basis steps that the figures allow, each with the date from which it was known.

Floor F3 (data, build only). It compares annual prints of one region; it must never fill a step that nobody printed.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from bayu_forecast.data.building.rows import GROWTH, LEVEL, text, whole_year

COLUMNS = ["region", "series", "basis_from", "basis_to", "reference_year", "step", "released", "method", "source"]
TOTAL = "retail_total"


def annual(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Dated annual prints of the total, with numeric year and value."""
    whole = np.array([whole_year(a, b) for a, b in zip(frame["period_start"], frame["period_end"], strict=True)], dtype=bool)
    kept = frame[whole & frame["series"].eq(TOTAL) & frame["measure"].eq(measure) & frame["release_date"].ne("")]
    return kept.assign(year=kept["period_start"].str[:4].astype(int), number=pd.to_numeric(kept["value"]))


def same_year(levels: pd.DataFrame, rank: dict[str, int]) -> list[dict[str, str]]:
    """Steps between two bases that print the same year, each later vintage against the one before it."""
    rows = []
    for year, group in levels.groupby("year"):
        one_each = group.sort_values("release_date", kind="stable").drop_duplicates("basis", keep="last")
        ordered = one_each.sort_values("basis", key=lambda c: c.map(rank)).to_dict("records")
        for before, after in zip(ordered, ordered[1:], strict=False):
            rows.append(step(before, after, int(year), math.log(after["number"] / before["number"]), "two vintages of one year", ()))
    return rows


def bridged(levels: pd.DataFrame, growths: pd.DataFrame, rank: dict[str, int]) -> list[dict[str, str]]:
    """Steps between neighbouring years on two bases, naive growth less the official one."""
    rows = []
    first = levels.sort_values("release_date", kind="stable").drop_duplicates(["year", "basis"])
    official = growths.sort_values("release_date", kind="stable").drop_duplicates("year").set_index("year")
    for after in first.to_dict("records"):
        year = after["year"]
        for before in first[first["year"].eq(year - 1)].to_dict("records"):
            if year not in official.index or rank[before["basis"]] >= rank[after["basis"]]:
                continue
            growth = official.loc[year]
            if growth["basis"] != after["basis"]:
                continue
            size = math.log(after["number"] / before["number"]) - math.log1p(growth["number"])
            rows.append(step(before, after, year, size, "naive less official growth", (growth["release_date"],)))
    return rows


def step(before: dict[str, str], after: dict[str, str], year: int, size: float, method: str, more: tuple[str, ...]) -> dict[str, str]:
    """One step as a row; known from the latest of the figures it needs."""
    return {"region": after["region"], "series": TOTAL, "basis_from": before["basis"], "basis_to": after["basis"],
            "reference_year": str(year), "step": text(round(size, 5)), "released": max(before["release_date"], after["release_date"], *more),
            "method": method, "source": after["source"]}


def revisions(frame: pd.DataFrame, rank: dict[str, int]) -> pd.DataFrame:
    """Every step of the region's total, oldest first."""
    levels, growths = annual(frame, LEVEL), annual(frame, GROWTH)
    rows = same_year(levels, rank) + bridged(levels, growths, rank)
    made = pd.DataFrame(rows, columns=COLUMNS, dtype=str)
    return made.sort_values(["released", "reference_year", "basis_from", "basis_to", "method"], kind="stable").reset_index(drop=True)
