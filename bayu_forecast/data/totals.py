"""Annual totals as published, for the arithmetic that starts from a print.

Floor F3 (data). Pure functions on tables of a snapshot; it must never see a model.
"""

from __future__ import annotations

import pandas as pd

from bayu_forecast.schema.names import LEVEL


def annual_totals(prints: pd.DataFrame, region: str) -> pd.Series[float]:
    """Year -> latest published level of January to December of a region, each on the basis it was printed on (1e8 CNY)."""
    start, end = prints["period_start"], prints["period_end"]
    whole = (start.dt.year == end.dt.year) & (start.dt.month == 1) & (end.dt.month == 12)
    rows = prints[whole & (prints["measure"] == LEVEL) & (prints["region"] == region)]
    rows = rows.assign(year=rows["period_end"].dt.year).sort_values(["year", "basis_rank", "release_date"])
    totals: pd.Series[float] = rows.drop_duplicates("year", keep="last").set_index("year")["value"]
    return totals


def last_total(prints: pd.DataFrame, region: str) -> tuple[float, int]:
    """The last published annual total and its year; (nan, 0) where none was published."""
    totals = annual_totals(prints, region)
    return (float(totals.iloc[-1]), int(totals.index[-1])) if len(totals) else (float("nan"), 0)


def last_level(evidence: pd.DataFrame, region: str, series: str) -> tuple[float, int]:
    """The last published annual level in the evidence, and its year; (nan, 0) where none was published."""
    own = (evidence["region"] == region) & (evidence["series"] == series) & (evidence["measure"] == LEVEL)
    rows = evidence[own].sort_values(["period_end", "release_date"])
    return (float(rows["value"].iloc[-1]), int(rows["period_end"].iloc[-1].year)) if len(rows) else (float("nan"), 0)
