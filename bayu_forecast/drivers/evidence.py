"""What a programme did to the goods it paid for, read from the growth of categories that it paid for and of others.

Floor F3 (drivers). Tables of prints in, one number a category out; it must never import data, nor know a programme's name.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayu_forecast.errors import SchemaError, ValueRangeError
from bayu_forecast.schema.names import GROWTH, LEVEL

Floats = NDArray[np.float64]
Starts = Mapping[str, pd.Timestamp]
NEEDED = ("series", "measure", "period_start", "period_end", "value", "release_date")
#: cells of growth before the launch that say how each category would have gone on; the first is used, all give the spread
BASES = (36, 24, 12)
#: cells that a placebo launch needs before it
SHORTEST_BASE = 6
#: cells of a first year: ten months and January-February as one
FIRST_YEAR = 11
YEAR = pd.DateOffset(years=1)


class Panel(NamedTuple):
    """Growth over a year before (log) in the months that every category has, and the day the last print of each was out."""

    growth: pd.DataFrame
    released: pd.Series


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """Differences-in-differences of a programme, with its error.

    Attributes
    ----------
    growth, level : DataFrame (month, category)
        Effect on growth over a year before, and on the level against no programme (log points): growth summed over the years of
        the programme. January and February are one cell, dated February.
    months : Series (month)
        Months a cell stands for: 2 for January-February.
    weights : Series (category)
        Weights of the categories in the totals, summing to one.
    peak : Timestamp
        Month of the largest equally weighted effect on growth.
    rush, after, net : float
        Effect on the level summed from launch to peak, after it, and in all, in months of normal sales (log points).
    standard_error : float
        Of ``net``.
    published : Timestamp
        Release of the last print used: the evidence could not be held before.
    """

    growth: pd.DataFrame
    level: pd.DataFrame
    months: pd.Series
    weights: pd.Series
    peak: pd.Timestamp
    rush: float
    after: float
    net: float
    standard_error: float
    published: pd.Timestamp


def growth_panel(rows: pd.DataFrame) -> Panel:
    """Return log growth over a year before, month by category, from printed growth.

    Levels of units above quota never give growth (their panel changes every year). They serve once: where the figure of
    January-February is not printed, it follows from the growth of January-March and of March, weighted by the levels of one release.

    Parameters
    ----------
    rows : DataFrame
        Prints known at a date: columns ``series``, ``measure``, ``period_start``, ``period_end``, ``value``, ``release_date``.

    Returns
    -------
    Panel
        Months in which every series has a figure.

    Raises
    ------
    SchemaError
        When a column is missing or no month has a figure of every series.

    Examples
    --------
    >>> rows = pd.DataFrame({"series": ["a", "b"], "measure": "growth", "period_start": pd.Timestamp("2025-03-01"), "value": [0.1, 0.0],
    ...                      "period_end": pd.Timestamp("2025-03-31"), "release_date": pd.Timestamp("2025-04-16")})
    >>> growth_panel(rows).growth.round(4).to_dict("records")
    [{'a': 0.0953, 'b': 0.0}]
    """
    missing = [c for c in NEEDED if c not in rows]
    if missing:
        raise SchemaError(f"prints lack {missing}", names=missing, expected=NEEDED)
    last = rows.sort_values("release_date").drop_duplicates(["series", "measure", "period_start", "period_end"], keep="last")
    cells = {name: _cells(group) for name, group in last.groupby("series")}
    growth = pd.DataFrame({name: frame["growth"] for name, frame in cells.items()}).dropna()
    if growth.empty:
        raise SchemaError(f"no month has the growth of every one of {', '.join(map(str, cells))}", names=[str(c) for c in cells])
    released = pd.DataFrame({name: frame["released"] for name, frame in cells.items()}).loc[growth.index].max(axis=1)
    return Panel(growth, released)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Log growth and release by month of one series."""
    start, end = rows["period_start"], rows["period_end"]
    growth, to_date = rows["measure"].eq(GROWTH), start.dt.month.eq(1)
    direct = rows[growth & (start.dt.to_period("M").eq(end.dt.to_period("M")) & ~to_date | to_date & end.dt.month.eq(2))]
    month = pd.DatetimeIndex(direct["period_end"].dt.to_period("M").dt.to_timestamp())
    cells = pd.DataFrame({"growth": np.log1p(direct["value"].to_numpy()), "released": direct["release_date"].to_numpy()}, index=month)
    implied = _january_february(rows[end.dt.month.eq(3)])
    return pd.concat([cells, implied[~implied.index.isin(cells.index)]]).sort_index()


def _january_february(rows: pd.DataFrame) -> pd.DataFrame:
    """January-February from January-March and March, in years that print both growth and level of both."""
    keys = [rows["period_end"].dt.year, rows["measure"], rows["period_start"].dt.month]
    wide = rows.groupby(keys)["value"].last().unstack([1, 2])
    need = [(GROWTH, 1), (GROWTH, 3), (LEVEL, 1), (LEVEL, 3)]
    wide = wide.reindex(columns=pd.MultiIndex.from_tuples(need)).dropna()
    quarter, march = wide[(LEVEL, 1)], wide[(LEVEL, 3)]
    base = quarter / (1.0 + wide[(GROWTH, 1)]) - march / (1.0 + wide[(GROWTH, 3)])
    months = pd.to_datetime([f"{year}-02-01" for year in wide.index])
    released = rows.groupby(rows["period_end"].dt.year)["release_date"].max().reindex(wide.index)
    return pd.DataFrame({"growth": np.log(((quarter - march) / base).to_numpy()), "released": released.to_numpy()}, index=months)


def estimate(panel: Panel, starts: Starts, weights: Mapping[str, float] | None = None, *, bases: Sequence[int] = BASES) -> Estimate:
    r"""Return the effect of a programme on the categories it paid for.

    Growth over a year before is taken less each category's mean before the launch and less the mean of the categories not
    paid for: category and month effects. A programme of more than twelve months is in its own base, so
    :math:`\delta_t = d_t + \delta_{t-12}` undoes the base effect, with :math:`d` the effect on growth, :math:`\delta` that on the level.

    The error collapses each category to one number, so serial correlation is no matter, and takes the spread of the categories
    not paid for as the noise of any category, with the standard deviation of a t distribution for their small number; the spread
    over the lengths of the base is added.

    Parameters
    ----------
    panel : Panel
        From :func:`growth_panel`; columns outside ``starts`` are the comparison.
    starts : mapping
        Category paid for to its first month.
    weights : mapping, optional
        Such as shares in sales; equal by default. Scaled to one.
    bases : sequence of int
        Cells before the launch: the first is used, all give the spread.

    Returns
    -------
    Estimate

    Raises
    ------
    SchemaError
        When a category has no column.
    ValueRangeError
        When there are fewer than four categories to compare with, or no cell before or after the launch.

    References
    ----------
    Bertrand, Duflo and Mullainathan (2004), How much should we trust differences-in-differences estimates? QJE 119, 249-275.
    Conley and Taber (2011), Inference with "difference in differences" with a small number of policy changes, REStat 93, 113-125.

    Examples
    --------
    >>> months = pd.date_range("2022-03", periods=20, freq="MS")
    >>> growth = pd.DataFrame(0.05, index=months, columns=list("abcde")).assign(a=np.where(np.arange(20) < 15, 0.05, 0.25))
    >>> done = estimate(Panel(growth, pd.Series(months, index=months)), {"a": months[15]})
    >>> round(done.net, 6), round(done.standard_error, 6), f"{done.published:%Y-%m}"
    (1.0, 0.0, '2023-10')
    """
    _check(panel, starts)
    share = _shares(starts, weights)
    growth, level = (_against(panel.growth, starts, bases[0], cumulate) for cumulate in (False, True))
    months = _months(level.index)
    total = level.mul(share, axis=1).sum(axis=1) * months
    peak = growth.index[int(np.argmax(growth.mean(axis=1).to_numpy()))]
    nets = [float(np.sum(_against(panel.growth, starts, base, True).to_numpy() * np.outer(months, share))) for base in bases]
    error = np.hypot(_error(panel.growth, starts, share, bases[0]), np.std(nets))
    return Estimate(growth=growth, level=level, months=months, weights=share, peak=peak, rush=total[total.index <= peak].to_numpy().sum(),
                    after=total[total.index > peak].to_numpy().sum(), net=nets[0], standard_error=float(error),
                    published=pd.Timestamp(panel.released.max()))  # fmt: skip


def randomisation(panel: Panel, starts: Starts, *, base: int = BASES[0]) -> float:
    """Return how often a programme for other categories would seem to have done as much: exact, over all assignments.

    Parameters
    ----------
    panel, starts
        As in :func:`estimate`.
    base : int
        Cells before the launch.

    Returns
    -------
    float
        Two-sided share of the assignments of the first months to categories, the true one included.

    Examples
    --------
    >>> months = pd.date_range("2022-03", periods=20, freq="MS")
    >>> growth = pd.DataFrame({c: 0.01 * i * (np.arange(20) > 14) for i, c in enumerate("edcba")}, index=months)
    >>> round(randomisation(Panel(growth, pd.Series(months, index=months)), {"a": months[15]}), 6)
    0.4
    """
    _check(panel, starts)
    columns, dates = list(panel.growth), sorted(set(starts.values()))
    sums = np.column_stack([_sums(panel.growth, date, min(dates), base) for date in dates])
    late = [dates.index(d) for d in starts.values()]

    def seems(chosen: tuple[int, ...], order: tuple[int, ...]) -> float:
        """Mean over the chosen less the mean over the others."""
        others = np.setdiff1d(np.arange(len(columns)), chosen)
        return float(np.mean(sums[list(chosen), list(order)] - sums[others][:, list(order)].mean(axis=0)))

    true = abs(seems(tuple(columns.index(c) for c in starts), tuple(late)))
    orders = sorted(set(itertools.permutations(late)))
    drawn = [abs(seems(c, o)) for c in itertools.combinations(range(len(columns)), len(late)) for o in orders]
    return float(np.mean(np.array(drawn) >= true * (1.0 - 1e-12)))


def placebos(panel: Panel, starts: Starts, weights: Mapping[str, float] | None = None, *, base: int = BASES[0]) -> pd.Series:
    """Return the mean effect on the level in a first year from launches that never were, all of it before the true one.

    They need not centre on zero: a mean away from it says that the categories paid for were already drifting from the others.

    Parameters
    ----------
    panel, starts, weights
        As in :func:`estimate`. The year is cut to the cells that have been printed since the true launch.
    base : int
        Cells before a launch, at most; at least six.

    Returns
    -------
    Series (launch)
        Log points; the last entry is the true launch.

    Examples
    --------
    >>> months = pd.date_range("2022-03", periods=20, freq="MS")
    >>> growth = pd.DataFrame(0.05, index=months, columns=list("abcde")).assign(a=np.where(np.arange(20) < 15, 0.05, 0.25))
    >>> placebos(Panel(growth, pd.Series(months, index=months)), {"a": months[15]}).round(4).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.2]
    """
    _check(panel, starts)
    cells = pd.DatetimeIndex(panel.growth.index)
    places = {c: int((cells < d).sum()) for c, d in starts.items()}
    true, share = min(places.values()), _shares(starts, weights)
    horizon = min(FIRST_YEAR, len(cells) - true)
    found = {}
    for place in [*range(SHORTEST_BASE, true - horizon + 1), true]:
        shift = {c: pd.Timestamp(cells[min(place + at - true, len(cells) - 1)]) for c, at in places.items()}
        level = _against(panel.growth.iloc[: place + horizon], shift, base, True)
        months = _months(level.index)
        found[cells[place]] = float(np.average(level.mul(share, axis=1).sum(axis=1), weights=months))
    return pd.Series(found).rename_axis("launch")


def leave_one_out(panel: Panel, starts: Starts, weights: Mapping[str, float] | None = None) -> pd.Series:
    """Return the net effect without each category in turn.

    Parameters
    ----------
    panel, starts, weights
        As in :func:`estimate`.

    Returns
    -------
    Series (category)
        Months of normal sales.

    Examples
    --------
    >>> months = pd.date_range("2022-03", periods=20, freq="MS")
    >>> growth = pd.DataFrame(0.05, index=months, columns=list("abcdefg")).assign(a=np.where(np.arange(20) < 15, 0.05, 0.25))
    >>> leave_one_out(Panel(growth, pd.Series(months, index=months)), {"a": months[15], "b": months[15]}).round(2).to_dict()
    {'a': 0.0, 'b': 1.0, 'c': 0.5, 'd': 0.5, 'e': 0.5, 'f': 0.5, 'g': 0.5}
    """
    out = {}
    for name in panel.growth:
        kept = {c: d for c, d in starts.items() if c != name}
        some = None if weights is None else {c: weights[c] for c in kept}
        out[str(name)] = estimate(Panel(panel.growth.drop(columns=name), panel.released), kept, some).net
    return pd.Series(out).rename_axis("category")


def _check(panel: Panel, starts: Starts) -> None:
    """Refuse what has no comparison."""
    odd = sorted(set(starts) - set(panel.growth))
    if odd or not starts:
        known = ", ".join(map(str, panel.growth.columns))
        raise SchemaError(f"no growth of the categories {odd}; known: {known}", names=odd, expected=list(panel.growth))
    launch, cells = min(starts.values()), panel.growth.index
    if panel.growth.shape[1] - len(starts) < 4 or not (cells[0] < launch <= cells[-1]):
        raise ValueRangeError(f"an effect needs at least four categories to compare with and cells on both sides of {launch:%Y-%m}, got "
                              f"{panel.growth.shape[1] - len(starts)} and {cells[0]:%Y-%m} to {cells[-1]:%Y-%m}", names=list(starts))


def _shares(starts: Starts, weights: Mapping[str, float] | None) -> pd.Series:
    """Weights of the categories paid for, summing to one."""
    share = pd.Series(1.0, index=list(starts)) if weights is None else pd.Series(dict(weights)).reindex(list(starts))
    return share / share.sum()


def _months(cells: pd.Index) -> pd.Series:
    """Months that each cell stands for."""
    return pd.Series(np.where(pd.DatetimeIndex(cells).month == 2, 2.0, 1.0), index=cells)


def _paths(growth: pd.DataFrame, start: pd.Timestamp, launch: pd.Timestamp, base: int, cumulate: bool) -> pd.DataFrame:
    """Each category's growth, or level, from the launch on beyond its mean before it; zero before its own start."""
    beyond = growth[growth.index >= launch] - growth[growth.index < launch].tail(base).mean()
    path = beyond.mul(np.asarray(beyond.index >= start, dtype=np.float64), axis=0)
    if cumulate:
        for month in pd.DatetimeIndex(path.index):
            before = month - YEAR
            if before >= launch:
                # a month whose base was not printed has no level: it is left out of all sums
                path.loc[month] += path.loc[before] if before in path.index else np.nan
    return path


def _against(growth: pd.DataFrame, starts: Starts, base: int, cumulate: bool) -> pd.DataFrame:
    """Paths of the categories paid for less the mean of the others."""
    launch = min(starts.values())
    others = [c for c in growth if c not in starts]
    columns = {}
    for name, start in starts.items():
        path = _paths(growth, start, launch, base, cumulate)
        columns[name] = path[name] - path[others].mean(axis=1)
    return pd.DataFrame(columns).dropna()


def _sums(growth: pd.DataFrame, start: pd.Timestamp, launch: pd.Timestamp, base: int) -> Floats:
    """Each category's level beyond its past, summed over the months from the launch on."""
    path = _paths(growth, start, launch, base, True).dropna()
    return np.asarray(path.mul(_months(path.index), axis=0).sum(), dtype=np.float64)


def _error(growth: pd.DataFrame, starts: Starts, share: pd.Series, base: int) -> float:
    """Standard deviation of the weighted sum if categories paid for are as noisy as the others."""
    launch, others = min(starts.values()), ~growth.columns.isin(list(starts))
    sums = {c: _sums(growth, start, launch, base)[others] for c, start in starts.items()}
    noise = sum(share[c] ** 2 * np.var(s, ddof=1) for c, s in sums.items())
    mean = np.var(sum(share[c] * s for c, s in sums.items()), ddof=1) / others.sum()
    freedom = others.sum() - 1
    return float(np.sqrt((noise + mean) * freedom / (freedom - 2.0)))
