"""Plain arithmetic of published figures: chaining growth, the base that parts imply, growth inside one basis.

Floor F3 (data). It works on printed numbers and their rounding; it must never estimate anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayu_forecast.errors import BasisError, PeriodError, SchemaError, ValueRangeError


class ImpliedBase(NamedTuple):
    """The comparable base of last year that this year's printed parts imply, with the rounding they carry.

    Attributes
    ----------
    base, base_half_width : float
        Level of last year on this year's basis, and the furthest that rounding can move it (unit of the level).
    growth, growth_half_width : float
        Growth of the total on that base, as a ratio, and the same bound for it.
    """

    base: float
    base_half_width: float
    growth: float
    growth_half_width: float


def chain_growth(levels: float | Sequence[float], growths: Sequence[float]) -> NDArray[np.float64]:
    """Levels that follow a starting level when comparable growth is chained on it.

    Parameters
    ----------
    levels : float or sequence of float
        The starting level, or the levels of one whole cycle (such as twelve months) when growth is against the same period a
        cycle before.
    growths : sequence of float, dims (time,)
        Growth as a ratio (0.031 = 3.1 %), one a period, in order of time.

    Returns
    -------
    array, dims (time,)
        The chained levels, without the starting ones, in the unit of ``levels``.

    Raises
    ------
    ValueRangeError
        When a level is not positive or a growth is not above minus one.

    Examples
    --------
    >>> chain_growth(100.0, [0.10, -0.05]).round(2).tolist()
    [110.0, 104.5]
    >>> chain_growth([100.0, 50.0], [0.10, 0.20, 0.0]).round(2).tolist()
    [110.0, 60.0, 110.0]
    """
    start = np.atleast_1d(np.asarray(levels, dtype=np.float64))
    rates = np.asarray(growths, dtype=np.float64)
    if not start.size or not (start > 0).all():
        raise ValueRangeError(f"levels must be positive and at least one, got {start.tolist()}", got=start.tolist())
    if not (rates > -1).all():
        raise ValueRangeError("growth must be above -1; write 3.1 % as 0.031", rows=np.flatnonzero(~(rates > -1)).tolist())
    chained = start.tolist()
    for rate in rates:
        chained.append(chained[-start.size] * (1.0 + rate))
    return np.asarray(chained[start.size:], dtype=np.float64)


def implied_base(level: float, parts: Iterable[Sequence[float]], level_half_width: float = 0.0) -> ImpliedBase:
    """Last year's level on this year's basis, from this year's total and the growth of its parts.

    Parameters
    ----------
    level : float
        This year's total.
    parts : iterable of (level, growth) or (level, growth, growth_half_width)
        Printed parts; a level of ``nan`` stands for the rest of the total and may occur once. Growth is a ratio.
    level_half_width : float
        Rounding of every printed level.

    Returns
    -------
    ImpliedBase
        Base, growth, and the furthest that the stated rounding can move each.

    Raises
    ------
    ValueRangeError
        When there is no part, a part is not positive, or the parts do not add to the total.

    Examples
    --------
    The total of 2025 with catering at +4.6 % and the rest at +2.8 %, which carries twice the rounding:

    >>> made = implied_base(16688.50, [(2470.34, 0.046, 0.0005), (float("nan"), 0.028, 0.001)], 0.005)
    >>> round(made.base, 1), round(100 * made.growth, 2)
    (16192.6, 3.06)
    >>> round(made.base_half_width), round(100 * made.growth_half_width, 2)
    (15, 0.09)
    """
    triples = [(p[0], p[1], p[2] if len(p) > 2 else 0.0) for p in parts]
    known = math.fsum(p[0] for p in triples if not math.isnan(p[0]))
    open_parts = sum(math.isnan(p[0]) for p in triples)
    rest = level - known
    if not triples or open_parts > 1 or (open_parts == 0 and abs(rest) > (len(triples) + 1) * level_half_width + 1e-9 * level):
        raise ValueRangeError(f"the parts must add to the total {level}, or leave one rest as nan; they add to {known}", got=known)
    filled = [(rest if math.isnan(part) else part, growth, width) for part, growth, width in triples]
    if any(part <= 0 or growth - width <= -1 for part, growth, width in filled):
        raise ValueRangeError(f"every part must be positive and grow by more than -1, got {filled}", got=filled)
    base = math.fsum(part / (1.0 + growth) for part, growth, _ in filled)
    moved = math.fsum(part / (1.0 + growth) ** 2 * width for part, growth, width in filled)
    moved += level_half_width * max(1.0 / (1.0 + growth) for _, growth, _ in filled)
    return ImpliedBase(base, moved, level / base - 1.0, level / base**2 * moved + level_half_width / base)


def comparable_growth(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> float:
    """Growth between two level prints of one series on one basis.

    Parameters
    ----------
    earlier, later : mapping
        Rows of an archive: ``series``, ``measure``, ``period_start``, ``period_end``, ``value``, ``unit``, ``basis``.

    Returns
    -------
    float
        Growth from the earlier to the later print, as a ratio.

    Raises
    ------
    BasisError
        When the two levels stand on different bases: growth never crosses one.
    PeriodError
        When the two do not cover the same months of two years.
    SchemaError
        When they are not two levels of one series in one unit.

    Examples
    --------
    >>> old = {"series": "s", "measure": "level", "period_start": "2024-01-01", "period_end": "2024-12-31", "value": 100.0,
    ...        "unit": "1e8 CNY", "basis": "b1"}
    >>> new = old | {"period_start": "2025-01-01", "period_end": "2025-12-31", "value": 103.0}
    >>> round(comparable_growth(old, new), 3)
    0.03
    >>> comparable_growth(old, new | {"basis": "b2"})
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.BasisError: growth from 2024-01-01 to 2025-01-01 would cross the bases 'b1' and 'b2': use the published growth,
    or two levels of one vintage
    """
    starts = [str(np.datetime64(r["period_start"], "D")) for r in (earlier, later)]
    ends = [str(np.datetime64(r["period_end"], "D")) for r in (earlier, later)]
    for name in ("series", "unit", "measure"):
        if earlier[name] != later[name] or (name == "measure" and earlier[name] != "level"):
            raise SchemaError(f"growth needs two levels of one series in one unit; {name} is {earlier[name]!r} and {later[name]!r}",
                              names=[name])
    if starts[0][5:] != starts[1][5:] or ends[0][5:7] != ends[1][5:7] or starts[0] >= starts[1]:
        spans = [f"{a}..{b}" for a, b in zip(starts, ends, strict=True)]
        raise PeriodError(f"growth needs the same months of an earlier and a later year, got {' and '.join(spans)}", rows=spans)
    if earlier["basis"] != later["basis"]:
        raise BasisError(f"growth from {starts[0]} to {starts[1]} would cross the bases {earlier['basis']!r} and {later['basis']!r}: "
                         "use the published growth, or two levels of one vintage", names=[earlier["basis"], later["basis"]])
    return float(later["value"]) / float(earlier["value"]) - 1.0
