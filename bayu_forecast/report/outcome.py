"""What happened: the first print of a target's figure, and the same on the basis known before.

Floor F7. It reads the last snapshot; it must never know a figure by heart.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayu_forecast.schema.names import LEVEL
from bayu_forecast.targets.events import meets, plain_sum, read

if TYPE_CHECKING:
    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.specs import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was printed of a target's figure.

    Attributes
    ----------
    value : float
        First print of the year's total; NaN where none was published.
    released, basis : str
        Its release date and basis; empty where none.
    older : float
        The same on the basis before, by the last year printed on both; NaN where there is none.
    older_basis : str
        That basis.
    overlap : int
        That year; 0 where there is none.
    met : bool
        Whether the print meets the target.
    """

    value: float = float("nan")
    released: str = ""
    basis: str = ""
    older: float = float("nan")
    older_basis: str = ""
    overlap: int = 0
    met: bool = False

    @property
    def known(self) -> bool:
        """Whether anything was published."""
        return bool(self.released)


def annual_levels(known: Snapshot, series: str) -> pd.DataFrame:
    """Prints of whole years of the region, every vintage, oldest release first."""
    rows = known.observations(series).to_dataframe().reset_index(drop=True)
    start, end = rows["period_start"], rows["period_end"]
    whole = (start.dt.year == end.dt.year) & (start.dt.month == 1) & (end.dt.month == 12)
    rows = rows[whole & (rows["region"] == known.region.name) & (rows["measure"] == LEVEL)]
    ordered: pd.DataFrame = rows.assign(year=rows["period_end"].dt.year).sort_values(["year", "release_date", "basis_rank"])
    return ordered


def outcome(target: Target, known: Snapshot) -> Outcome:
    """First print of a level target's year; nothing for a target of another kind or a figure not published."""
    conditions = read(target)
    call = plain_sum(conditions)
    if call is None or call.series[0] not in known.series:
        return Outcome()
    rows = annual_levels(known, call.series[0])
    first = rows[rows["year"] == call.year].head(1)
    if first.empty:
        return Outcome()
    print_ = first.iloc[0]
    basis, value = str(print_["basis"]), float(print_["value"])
    older, older_basis, overlap = _on_older_basis(rows, value, int(print_["basis_rank"]))
    return Outcome(
        value=value,
        released=f"{print_['release_date']:%Y-%m-%d}",
        basis=basis,
        older=older,
        older_basis=older_basis,
        overlap=overlap,
        met=bool(meets(xr.DataArray(value), conditions[0], target)),
    )


def _on_older_basis(rows: pd.DataFrame, value: float, rank: int) -> tuple[float, str, int]:
    """The value on the basis of the next lower rank, by the last year printed on both."""
    latest = rows.drop_duplicates(["year", "basis_rank"], keep="last")
    older = latest.loc[latest["basis_rank"] < rank, "basis_rank"].max()
    if np.isnan(older):
        return float("nan"), "", 0
    wide = latest.pivot(index="year", columns="basis_rank", values="value")[[older, rank]].dropna()
    if wide.empty:
        return float("nan"), "", 0
    code = str(latest.loc[latest["basis_rank"] == older, "basis"].iloc[-1])
    return float(value * wide[older].iloc[-1] / wide[rank].iloc[-1]), code, int(wide.index[-1])
