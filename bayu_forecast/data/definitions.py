"""What each official definition of a quantity says on a date: the last value printed, or that none is.

Floor F3 (data). It looks values up in a snapshot's tables; it must never choose a definition for the user.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from bayu_forecast.data.tables import RegionTables
from bayu_forecast.schema.names import LEVEL, USE_YES

COLUMNS = ["id", "quantity", "numerator", "denominator", "publisher", "announced", "note", "region", "period_start", "period_end", "value",
           "released", "source"]
NOTHING: dict[str, Any] = {"region": "", "period_start": pd.NaT, "period_end": pd.NaT, "value": float("nan"), "released": pd.NaT,
                           "source": "not published"}
PERIOD = ["period_start", "period_end"]


def said(row: pd.Series, value: float) -> dict[str, Any]:
    """A value with the print it comes from."""
    return {"region": row["region"], "period_start": row["period_start"], "period_end": row["period_end"], "value": value,
            "released": row["release_date"], "source": row["source"]}


def last_print(frame: pd.DataFrame, series: str) -> dict[str, Any]:
    """The last value of a series in the evidence."""
    found = frame[frame["series"].eq(series) & frame["use"].eq(USE_YES)].sort_values(["period_end", "release_date"], kind="stable")
    return said(found.iloc[-1], float(found["value"].iloc[-1])) if len(found) else NOTHING


def last_ratio(frame: pd.DataFrame, part: str, whole: str) -> dict[str, Any]:
    """The last share of one printed level in another of the same months, basis and release."""
    levels = frame[frame["measure"].eq(LEVEL) & frame["use"].eq(USE_YES)]
    keys = [*PERIOD, "basis"]
    both = levels[levels["series"].eq(part)].merge(levels.loc[levels["series"].eq(whole), [*keys, "value", "release_date"]], on=keys,
                                                  suffixes=("", "_whole"))
    if both.empty:
        return NOTHING
    row = both.sort_values(["period_end", "period_start", "release_date"], kind="stable").iloc[-1]
    known = row.copy()
    known["release_date"] = max(row["release_date"], row["release_date_whole"])
    return said(known, float(row["value"] / row["value_whole"]))


def what_definitions_say(definitions: pd.DataFrame, tables: tuple[RegionTables, ...]) -> pd.DataFrame:
    """Each definition with the last value printed under it in each region, or a row that says none is."""
    rows = []
    for definition in definitions.to_dict("records"):
        part, _, whole = definition["series"].partition("/")
        found = [last_ratio(t.observations, part, whole) if whole else last_print(t.evidence, part) for t in tables if part]
        rows += [definition | value for value in found if value["region"]] or [definition | NOTHING]
    return pd.DataFrame(rows, columns=COLUMNS)
