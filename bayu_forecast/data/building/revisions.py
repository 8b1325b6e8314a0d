"""The sizes of past basis steps that the figures allow, each with the date from which it was known.

Floor F3 (data, build only). It compares annual prints of one region; it must never fill a step that nobody printed.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd

from bayu_forecast.data.building.figures import records
from bayu_forecast.data.building.rows import text, whole_year
from bayu_forecast.schema.names import GROWTH, LEVEL, USE_YES

COLUMNS = ["region", "series", "basis_from", "basis_to", "reference_year", "step", "released", "method", "source"]
TOTAL = "retail_total"
#: a smaller difference (log points) is rounding: the two vintages print one figure
SAME = 5e-4


def annual(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Dated annual prints of the total, with numeric year and value."""
    whole = np.array([whole_year(a, b) for a, b in zip(frame["period_start"], frame["period_end"], strict=True)], dtype=bool)
    kept = frame[whole & frame["series"].eq(TOTAL) & frame["measure"].eq(measure) & frame["release_date"].ne("")]
    return kept.assign(year=kept["period_start"].str[:4])


def same_year(levels: pd.DataFrame, rank: dict[str, int]) -> list[dict[str, str]]:
    """Steps between two bases that print the same year, each later vintage against the one before it."""
    rows = []
    for _, group in levels.groupby("year"):
        one_each = group.sort_values("release_date", kind="stable").drop_duplicates("basis", keep="last")
        ordered = records(one_each.sort_values("basis", key=lambda c: c.map(rank)))
        rows += [step(before, after, naive(before, after), "two vintages of one year", ()) for before, after in itertools.pairwise(ordered)]
    return rows


def bridged(levels: pd.DataFrame, growths: pd.DataFrame, rank: dict[str, int]) -> list[dict[str, str]]:
    """Steps between neighbouring years on two bases, naive growth less the official one."""
    rows = []
    first = levels.sort_values("release_date", kind="stable").drop_duplicates(["year", "basis"])
    official = {(g["year"], g["basis"]): g for g in records(growths.sort_values("release_date", ascending=False, kind="stable"))}
    for after in records(first):
        growth = official.get((after["year"], after["basis"]))
        if growth is None:
            continue
        for before in records(first[first["year"].eq(str(int(after["year"]) - 1))]):
            if rank[before["basis"]] < rank[after["basis"]]:
                size = naive(before, after) - math.log1p(float(growth["value"]))
                rows.append(step(before, after, size, "naive less official growth", (growth["release_date"],)))
    return rows


def naive(before: dict[str, str], after: dict[str, str]) -> float:
    """Log ratio of two printed levels."""
    return math.log(float(after["value"]) / float(before["value"]))


def step(before: dict[str, str], after: dict[str, str], size: float, method: str, more: tuple[str, ...]) -> dict[str, str]:
    """One step as a row; known from the latest of the figures it needs."""
    return {"region": after["region"], "series": TOTAL, "basis_from": before["basis"], "basis_to": after["basis"],
            "reference_year": after["year"], "step": text(round(size, 5)), "method": method, "source": after["source"],
            "released": max(before["release_date"], after["release_date"], *more)}


def revisions(frame: pd.DataFrame, rank: dict[str, int]) -> pd.DataFrame:
    """Every step of the region's total, oldest first."""
    levels, growths = annual(frame, LEVEL), annual(frame, GROWTH)
    rows = same_year(levels, rank) + bridged(levels, growths[growths["use"].eq(USE_YES)], rank)
    made = pd.DataFrame([r for r in rows if abs(float(r["step"])) > SAME], columns=COLUMNS, dtype=str)
    return made.sort_values(["released", "reference_year", "basis_from", "basis_to", "method"], kind="stable").reset_index(drop=True)
