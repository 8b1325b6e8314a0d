"""Annual totals as published, for the arithmetic that starts from a print.

Floor F5. Reads a snapshot only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayu_forecast.schema.names import LEVEL

if TYPE_CHECKING:
    from bayu_forecast.data.snapshot import Snapshot


def annual_totals(known: Snapshot, series: str, region: str | None = None) -> pd.Series[float]:
    """Year -> latest published level of January to December, each on the basis it was printed on (1e8 CNY)."""
    rows = known.observations(series).to_dataframe()
    start, end = rows["period_start"], rows["period_end"]
    whole = (start.dt.year == end.dt.year) & (start.dt.month == 1) & (end.dt.month == 12)
    rows = rows[whole & (rows["measure"] == LEVEL) & (rows["region"] == (region or known.region.name))]
    rows = rows.assign(year=rows["period_end"].dt.year).sort_values(["year", "basis_rank", "release_date"])
    totals: pd.Series[float] = rows.drop_duplicates("year", keep="last").set_index("year")["value"]
    return totals


def last_level(known: Snapshot, series: str) -> tuple[float, int]:
    """The last published annual level in the evidence, and its year; (nan, 0) where none was published."""
    rows = known.evidence.to_dataframe()
    own = (rows["region"] == known.region.name) & (rows["series"] == series) & (rows["measure"] == LEVEL)
    rows = rows[own].sort_values(["period_end", "release_date"])
    return (float(rows["value"].iloc[-1]), int(rows["period_end"].iloc[-1].year)) if len(rows) else (float("nan"), 0)


def last_total(known: Snapshot, series: str, region: str | None = None) -> tuple[float, int]:
    """The last published annual total and its year; (nan, 0) where none was published."""
    totals = annual_totals(known, series, region)
    return (float(totals.iloc[-1]), int(totals.index[-1])) if len(totals) else (float("nan"), 0)
