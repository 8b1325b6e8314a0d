"""Do figures about overlapping months agree: months, years to date and annual totals on one basis.

Floor F3: levels between month boundaries. Must never know a series, a region or why two figures differ.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayu_forecast.data.read_problems import refuse
from bayu_forecast.errors import ContradictionError
from bayu_forecast.schema.names import LEVEL, USE_YES

#: below this share of a value two figures count as equal: what floating point loses
_FLOAT = 1e-9


def check_sums(table: pd.DataFrame, *, file: str = "table") -> None:
    r"""Refuse figures on one basis that contradict each other beyond their rounding.

    A level is the distance between two month boundaries, ``total[end] - total[start]``, known to within its half-width;
    no month is negative. The figures agree if such totals exist. They do not as soon as some cycle of figures sums to
    more than the half-widths along it, and that cycle is named. Several prints of one period on one basis are
    revisions: the latest stands. Rows with ``use`` other than ``yes`` take no part.

    Parameters
    ----------
    table : pandas.DataFrame
        Tidy rows (``OBSERVATION_COLUMNS``), levels in ``1e8 CNY``, periods of whole months; an optional column ``label``
        names the rows in the message.
    file : str
        Name in the message.

    Raises
    ------
    ContradictionError
        When figures contradict each other; every cycle found is named.

    References
    ----------
    Cormen, Leiserson, Rivest and Stein, *Introduction to Algorithms*, systems of difference constraints.

    Examples
    --------
    >>> rows = [("2024-01-01", "2024-03-31", 30.0), ("2024-01-01", "2024-02-29", 20.0), ("2024-03-01", "2024-03-31", 12.0)]
    >>> table = pd.DataFrame(rows, columns=["period_start", "period_end", "value"]).assign(
    ...     region="r", series="s", measure="level", basis="b", half_width=0.05, use="yes", release_date="2024-05-01")
    >>> check_sums(table.astype({"period_start": "datetime64[ns]", "period_end": "datetime64[ns]"}), file="mine.csv")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.ContradictionError: mine.csv: figures contradict each other ...: row 0 says 30, but row 1 says 20, ...
    """
    levels = table[(table["measure"] == LEVEL) & (table["use"] == USE_YES)]
    if levels.empty:
        return
    if "label" not in levels:
        levels = levels.assign(label=[f"row {i}" for i in levels.index])
    group = ["region", "series", "basis"]
    period = ["period_start", "period_end"]
    levels = levels.sort_values("release_date", kind="stable").drop_duplicates(group + period, keep="last")
    levels = levels.assign(
        first=levels["period_start"].dt.year * 12 + levels["period_start"].dt.month - 1,
        last=levels["period_end"].dt.year * 12 + levels["period_end"].dt.month,
    ).sort_values([*group, "first", "last"], kind="stable")
    first, last, values, widths = (levels[name].to_numpy() for name in ("first", "last", "value", "half_width"))
    labels = levels["label"].tolist()
    found: list[str] = []
    for rows in _blocks(levels, group):
        found += _contradictions(first[rows], last[rows], values[rows], widths[rows], labels[rows])
    if found:
        refuse(ContradictionError, file, "figures contradict each other beyond their rounding", found,
               expected="months, years to date and annual totals on one basis that add up",
               step="correct the wrong row, give it its own basis, or flag the row that yields with use=no (in a wide table, empty it)")


def _blocks(levels: pd.DataFrame, group: list[str]) -> list[slice]:
    """Runs of rows, sorted by start, that overlap: no cycle of figures crosses a boundary that no figure spans."""
    codes = levels.groupby(group, sort=False).ngroup().to_numpy()
    first, last = levels["first"].to_numpy(), levels["last"].to_numpy()
    # per group, the latest end so far; an offset larger than any month number keeps groups apart
    reach = np.maximum.accumulate(last + codes * 100_000)
    starts = np.flatnonzero(np.r_[True, (first + codes * 100_000)[1:] >= reach[:-1]])
    ends = np.r_[starts[1:], len(levels)]
    return [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if b - a > 1]


class _Bounds:
    """Least upper bounds of every difference of totals, kept closed while rows come in, and the rows behind them."""

    def __init__(self, size: int) -> None:
        # no month is negative: an earlier total never exceeds a later one
        self.upper: NDArray[np.float64] = np.where(np.tril(np.ones((size, size), dtype=bool)), 0.0, np.inf)
        self.before = np.tile(np.arange(size)[:, None], (1, size))
        self.by = np.full((size, size), -1)

    def allow(self, start: int, end: int, longest: float, row: int) -> None:
        """Let ``total[end] - total[start]`` be at most ``longest``, because ``row`` says so."""
        through = self.upper[:, start, None] + longest + self.upper[None, end, :]
        better = through < self.upper
        before, by = self.before[end].copy(), self.by[end].copy()
        before[end], by[end] = start, row
        self.upper = np.where(better, through, self.upper)
        self.before = np.where(better, before[None, :], self.before)
        self.by = np.where(better, by[None, :], self.by)

    def rows(self, start: int, end: int) -> list[int]:
        """The rows whose figures make the bound from ``start`` to ``end``."""
        found = []
        while end != start:
            if self.by[start, end] >= 0:
                found.append(int(self.by[start, end]))
            end = int(self.before[start, end])
        return sorted(set(found))


def _contradictions(
    first: NDArray[np.int_], last: NDArray[np.int_], values: NDArray[np.float64], widths: NDArray[np.float64], labels: list[str]
) -> list[str]:
    """Rows of one block that cannot join the rows before them, each with those rows and what they imply."""
    nodes = np.unique(np.r_[first, last])
    starts, ends = np.searchsorted(nodes, first).tolist(), np.searchsorted(nodes, last).tolist()
    widths = widths + _FLOAT * np.abs(values).max()
    bounds, found = _Bounds(len(nodes)), []
    # short figures first: a total is then compared with its parts, not a part with what totals leave over
    for row in np.lexsort((first, last - first)).tolist():
        s, e, value, width = starts[row], ends[row], float(values[row]), float(widths[row])
        most, least = bounds.upper[s, e], -bounds.upper[e, s]
        if least <= value + width and value - width <= most:
            bounds.allow(s, e, value + width, row)
            bounds.allow(e, s, width - value, row)
            continue
        others = bounds.rows(e, s) if least > value + width else bounds.rows(s, e)
        implied = f"at least {least:.8g}" if least > value + width else f"at most {most:.8g}"
        parts = ", ".join(f"{labels[i]} says {values[i]:.8g}" for i in others)
        found.append(f"{labels[row]} says {value:.8g}, but {parts}, which makes it {implied}")
    return found
