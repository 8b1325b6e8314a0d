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
    records = list(zip(*(table[c].tolist() for c in ("measure", "series", "basis", "first", "last")), strict=True))
    levels = [i for i, record in enumerate(records) if record[0] == LEVEL]
    bases: dict[str, list[str]] = {}
    for i in sorted(levels, key=lambda i: (records[i][4] - records[i][3], records[i][3], i)):
        _, series, basis, first, last = records[i]
        bases.setdefault(series, []).append(basis)
        if not known.joined(series, basis, first, last):
            known.join(series, basis, first, last)
            keep.append(i)
    for i, (measure, series, _, first, last) in enumerate(records):
        both = (known.joined(series, b, first, last) and known.joined(series, b, first - 12, last - 12) for b in set(bases.get(series, ())))
        if measure == GROWTH and not any(both):
            keep.append(i)
    return table.iloc[sorted(keep)].reset_index(drop=True)


def _periods(table: pd.DataFrame, offset: int, months: int, series: list[str], wanted: NDArray[np.bool_]) -> sparse.csr_array:
    """0/1 rows over stacked months for the periods of ``table`` moved back by ``offset`` months."""
    place = np.array([series.index(name) * months for name in table["series"].tolist()], dtype=np.int64) - offset
    first, last = (table[c].to_numpy(dtype=np.int64) for c in ("first", "last"))
    length = np.where(wanted, last - first, 0)
    rows = np.repeat(np.arange(len(table)), length)
    within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    columns = np.repeat(place + first, length) + within
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(table), months * len(series)))


def _basis_steps(
    table: pd.DataFrame, origin: pd.Timestamp, basis_sd: float
) -> tuple[sparse.csr_array, Array, tuple[tuple[str, str, int], ...]]:
    """Loadings of level rows on the step from their basis to the series' current one, whole and by calendar month."""
    is_level = (table["measure"] == LEVEL).to_numpy()
    current = table[is_level].groupby("series")["basis_rank"].max()
    older = is_level & (table["basis_rank"].to_numpy() < current.reindex(table["series"]).to_numpy())
    year = origin.year + (origin.month - 1 + table["first"].to_numpy(dtype=np.int64)) // 12
    start, end = (table[c].to_numpy(dtype=float) for c in ("taper_start", "taper_end"))
    grown = np.divide(year - start, end - start, out=np.ones(len(table)), where=end > start).clip(0.0, 1.0)
    steps: dict[tuple[str, str, int], float] = {}
    entries: list[tuple[int, tuple[str, str, int], float]] = []
    columns = [table[c].tolist() for c in ("series", "basis", "basis_month_sd", "first", "last")]
    for i, (series, basis, month_sd, first, last) in enumerate(zip(*columns, strict=True)):
        if older[i]:
            steps[series, basis, 0] = basis_sd
            entries.append((i, (series, basis, 0), grown[i]))
            for month in range(first, last) if month_sd > 0 else ():
                key = (series, basis, (month + origin.month - 1) % 12 + 1)
                steps[key] = month_sd
                entries.append((i, key, grown[i] / (last - first)))
    names = {name: j for j, name in enumerate(steps)}
    index = ([i for i, _, _ in entries], [names[name] for _, name, _ in entries])
    loadings = sparse.csr_array(([weight for _, _, weight in entries], index), shape=(len(table), len(names)), dtype=np.float64)
    return loadings, np.array(list(steps.values()), dtype=np.float64), tuple(names)


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
