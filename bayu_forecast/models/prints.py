"""Published figures as equations about the hidden monthly path: one row each (METHODS 1.3, 1.4, 11.1).

Floor F2 (east): tables of prints in, sparse rows out. It must never know a holiday, a region's name or a policy.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from bayu_forecast.errors import PeriodError
from bayu_forecast.schema.names import GROWTH, LEVEL

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class PrintRows:
    """Rows ``y = log(A e^z) - log(B e^z) - c + e`` over months stacked by series.

    Attributes
    ----------
    upper, lower : csr arrays (n, series * months)
        Months of the figure; months of the period a year before (empty for a level).
    value : array (n,)
        Log level or log growth.
    noise : array (n,)
        Standard deviation of ``e``.
    step : csr array (n, steps)
        Loadings on the unknown steps between bases; ``step_sd`` their prior standard deviations.
    table : DataFrame
        The rows themselves, for residuals and charts.
    """

    upper: sparse.csr_array
    lower: sparse.csr_array
    value: Array
    noise: Array
    step: sparse.csr_array
    step_sd: Array
    step_names: tuple[tuple[str, str, int], ...]
    table: pd.DataFrame


def month_number(dates: pd.Series | pd.DatetimeIndex, origin: pd.Timestamp) -> NDArray[np.int64]:
    """Whole months since ``origin``."""
    index = pd.DatetimeIndex(dates)
    return np.asarray((index.year - origin.year) * 12 + index.month - origin.month, dtype=np.int64)


def print_table(observations: xr.Dataset, series: list[str], origin: pd.Timestamp) -> pd.DataFrame:
    """Rows usable by the model, with month numbers; later prints of the same figure on the same basis replace earlier ones."""
    table = observations.to_dataframe().reset_index(drop=True)
    table["series"] = table["region"] + ":" + table["series"]
    table = table[table["series"].isin(series) & table["measure"].isin([LEVEL, GROWTH])].copy()
    table["first"] = month_number(table["period_start"], origin)
    table["last"] = month_number(table["period_end"], origin) + 1
    lookback = np.where(table["measure"] == GROWTH, 12, 0)
    table = table[table["first"] - lookback >= 0]
    if (table["last"] <= table["first"]).any():
        bad = table.loc[table["last"] <= table["first"], ["series", "period_start", "period_end"]]
        raise PeriodError(f"a print ends before it starts: {bad.to_dict('records')[:3]}", rows=bad.index.tolist())
    table = table.sort_values(["series", "first", "last", "measure", "basis_rank", "release_date"], kind="stable")
    return table.drop_duplicates(["series", "first", "last", "measure", "basis"], keep="last").reset_index(drop=True)


class _Boundaries:
    """Union-find over month boundaries: a level print is an edge; a closed cycle repeats what is known."""

    def __init__(self) -> None:
        self._parent: dict[tuple[str, str, int], tuple[str, str, int]] = {}

    def find(self, node: tuple[str, str, int]) -> tuple[str, str, int]:
        root = node
        while self._parent.get(root, root) != root:
            root = self._parent[root]
        self._parent[node] = root
        return root

    def joined(self, series: str, basis: str, first: int, last: int) -> bool:
        return self.find((series, basis, first)) == self.find((series, basis, last))

    def join(self, series: str, basis: str, first: int, last: int) -> None:
        self._parent[self.find((series, basis, first))] = self.find((series, basis, last))


def drop_repeats(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out what other rows already say exactly: totals of printed months, growth between two printed levels.

    Shorter periods are kept first. A growth print is a repeat when the levels of both its periods are known on one basis.
    """
    known, keep = _Boundaries(), []
    levels = table[table["measure"] == LEVEL]
    for row in levels.assign(length=levels["last"] - levels["first"]).sort_values(["length", "first"], kind="stable").itertuples():
        if not known.joined(row.series, row.basis, row.first, row.last):
            known.join(row.series, row.basis, row.first, row.last)
            keep.append(row.Index)
    bases = {name: group["basis"].unique() for name, group in levels.groupby("series")}
    for row in table[table["measure"] == GROWTH].itertuples():
        both = (
            known.joined(row.series, basis, row.first, row.last) and known.joined(row.series, basis, row.first - 12, row.last - 12)
            for basis in bases.get(row.series, ())
        )
        if not any(both):
            keep.append(row.Index)
    return table.loc[sorted(keep)].reset_index(drop=True)


def _periods(table: pd.DataFrame, offset: int, months: int, series: list[str], wanted: NDArray[np.bool_]) -> sparse.csr_array:
    """0/1 rows over stacked months for the periods of ``table`` moved back by ``offset`` months."""
    place = {name: i * months for i, name in enumerate(series)}
    rows, columns = [], []
    for i, row in enumerate(table.itertuples()):
        if wanted[i]:
            span = np.arange(row.first - offset, row.last - offset) + place[row.series]
            columns.append(span)
            rows.append(np.full(len(span), i))
    shape = (len(table), months * len(series))
    if not rows:
        return sparse.csr_array(shape)
    index = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.ones(len(index[0])), index), shape=shape)


def _basis_steps(
    table: pd.DataFrame, origin: pd.Timestamp, basis_sd: float
) -> tuple[sparse.csr_array, Array, tuple[tuple[str, str, int], ...]]:
    """Loadings of level rows on the step from their basis to the series' current one, whole and by calendar month."""
    levels = table[table["measure"] == LEVEL]
    current = levels.groupby("series")["basis_rank"].max()
    names: dict[tuple[str, str, int], int] = {}
    sds: list[float] = []
    entries: list[tuple[int, int, float]] = []

    def column(name: tuple[str, str, int], sd: float) -> int:
        if name not in names:
            names[name] = len(names)
            sds.append(sd)
        return names[name]

    for row in levels[levels["basis_rank"] < levels["series"].map(current)].itertuples():
        taper = 1.0
        if row.taper_end > row.taper_start:
            year = origin.year + (origin.month - 1 + row.first) // 12
            taper = float(np.clip((year - row.taper_start) / (row.taper_end - row.taper_start), 0.0, 1.0))
        entries.append((row.Index, column((row.series, row.basis, 0), basis_sd), taper))
        if row.basis_month_sd > 0:
            months = (np.arange(row.first, row.last) + origin.month - 1) % 12 + 1
            for month in months:
                entries.append((row.Index, column((row.series, row.basis, int(month)), row.basis_month_sd), taper / len(months)))
    shape = (len(table), len(names))
    if not entries:
        return sparse.csr_array(shape), np.zeros(0), ()
    rows, columns, weights = zip(*entries, strict=True)
    return sparse.csr_array((weights, (rows, columns)), shape=shape), np.array(sds), tuple(names)


def build_rows(table: pd.DataFrame, series: list[str], months: int, origin: pd.Timestamp, basis_sd: float) -> PrintRows:
    """All matrices of the observation equation for ``months`` months a series."""
    is_growth = (table["measure"] == GROWTH).to_numpy()
    figures = table["value"].to_numpy(dtype=float)
    step, step_sd, names = _basis_steps(table, origin, basis_sd)
    return PrintRows(
        upper=_periods(table, 0, months, series, np.ones(len(table), dtype=bool)),
        lower=_periods(table, 12, months, series, is_growth),
        value=np.log(np.where(is_growth, 1.0 + figures, figures)),
        noise=table["noise"].to_numpy(dtype=float),
        step=step,
        step_sd=step_sd,
        step_names=names,
        table=table,
    )


def linearise(rows: PrintRows, z: Array) -> tuple[sparse.csr_array, Array]:
    """Gauss-Newton rows at ``z``: ``J`` and ``c = y - h(z) + J z`` with ``h(z) = log(A e^z) - log(B e^z)`` (METHODS eq. 2)."""
    top = float(z.max())
    weight = np.exp(z - top)
    above = rows.upper @ weight
    below = rows.lower @ weight
    has_lower = below > 0
    J = rows.upper.multiply(weight[None, :]).multiply((1.0 / above)[:, None]).tocsr()
    scale = np.divide(1.0, below, out=np.zeros_like(below), where=has_lower)
    J = (J - rows.lower.multiply(weight[None, :]).multiply(scale[:, None])).tocsr()
    h = np.log(above) + np.where(has_lower, 0.0, top)
    h = h - np.log(below, out=np.zeros_like(below), where=has_lower)
    return J, rows.value - h + J @ z
