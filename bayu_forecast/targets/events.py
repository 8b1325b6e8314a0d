"""From an expression to an event: what each path says of a target.

Floor F6. It compares inside each path and reduces nothing over samples; a contribution is an event on increments and is
divided only to be shown, where the denominator is positive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import xarray as xr

from bayu_forecast.errors import TargetError
from bayu_forecast.paths import covers
from bayu_forecast.paths.figures import COMPARE, combine
from bayu_forecast.paths.grammar import ABOUT, Call, Condition, parse_expression
from bayu_forecast.schema.names import SERIES, UNIT_MONEY, UNIT_RATIO
from bayu_forecast.specs import Target

AS_PRINTED = "as_printed"
_RATIOS = (UNIT_RATIO, "ratio")


def evaluate(target: Target, paths: xr.Dataset, *, printed: bool | None = None) -> tuple[xr.DataArray, xr.DataArray, float]:
    """Ask every path whether it meets a target.

    ``about v`` is met at ``v - tolerance`` and above. A ratio of increments, written
    ``d(a, y) - v * d(b, y) > 0 and d(b, y) > 0``, is an event without division; the ratio itself is given as the
    quantity where its denominator is positive, and is missing (undefined, not met) elsewhere.

    Parameters
    ----------
    target : Target
        The question.
    paths : Dataset
        Sample paths.
    printed : bool or None
        Read annual totals as they will be printed, with census revisions still to come; as the target's basis says when None.

    Returns
    -------
    event : DataArray of bool (scenario, sample)
        Whether the path meets it.
    quantity : DataArray (scenario, sample)
        What is compared (attribute ``units``): in the target's unit, or in 1e8 CNY for a share of totals that is asked without
        dividing and whose denominator cannot be told from its expression.
    threshold : float
        The value it is compared with, in the same unit.

    Raises
    ------
    TargetError
        When the expression cannot be read, disagrees with the target's value, operator or unit, or names a series that
        the paths lack.
    HorizonError
        When the paths do not cover its years.

    Examples
    --------
    >>> import datetime as dt
    >>> import numpy as np
    >>> from bayu_forecast.paths import as_sample_paths
    >>> paths = as_sample_paths(np.array([1.0, 3.0]).reshape(1, 2, 1, 1) * np.ones(12), series=["x"], start="2025-01", as_of="2025-01-31")
    >>> target = Target(id="t", region="r", expression="sum(x, 2025) >= 24", value=24, unit="1e8 CNY", op=">=", period=2025,
    ...                 issued=dt.date(2021, 4, 30), definition="total", basis="as_printed", source="s")
    >>> event, quantity, threshold = evaluate(target, paths)
    >>> event.values, quantity.values, threshold
    (array([[False,  True]]), array([[12., 36.]]), 24.0)
    """
    conditions = read(target)
    require_series(target, conditions, paths)
    printed = target.basis == AS_PRINTED if printed is None else printed
    quantities = [combine(condition.terms, paths, printed) for condition in conditions]
    event = meets(quantities[0], conditions[0], target)
    for condition, quantity in zip(conditions[1:], quantities[1:], strict=True):
        event = event & meets(quantity, condition, target)
    if ratio_of(target, conditions) is None:
        return event, quantities[0].assign_attrs(units=unit_of(conditions)), conditions[0].threshold
    base = quantities[1]
    ratio = (quantities[0] / base + target.value).where(base > 0.0)
    return event, ratio.assign_attrs(units=UNIT_RATIO), float(target.value)


def meets(quantity: xr.DataArray, condition: Condition, target: Target) -> xr.DataArray:
    """Compare as the condition says; ``about`` from the tolerance below upwards."""
    slack = target.tolerance if condition.op == ABOUT else 0.0
    return COMPARE[condition.op](quantity, condition.threshold - slack)


def read(target: Target) -> tuple[Condition, ...]:
    """Conditions of a target whose expression, value, operator, unit and tolerance agree with one another."""
    conditions = parse_expression(target.expression)
    first, unit = conditions[0], quantity_unit(target, conditions)
    # a share asked without dividing, ``a - v * b > 0``, holds its value in a coefficient and compares money with zero
    linear_ratio = target.unit in _RATIOS and unit_of(conditions) == UNIT_MONEY and first.threshold == 0.0
    if target.unit not in (_RATIOS if unit == UNIT_RATIO or linear_ratio else (unit,)):
        raise TargetError(f"target {target.id!r}: unit {target.unit!r}, but its expression is in {unit!r}", target=target.id, expected=unit)
    same_value = linear_ratio or math.isclose(first.threshold, target.value, rel_tol=1e-9, abs_tol=1e-12)
    if first.op != target.op or not same_value:
        raise TargetError(
            f"target {target.id!r}: its expression {target.expression!r} asks for {first.op} {first.threshold:g}, "
            f"its fields say {target.op} {target.value:g}: make them agree", target=target.id, expression=target.expression,
        )
    if first.op == ABOUT and not target.tolerance > 0.0:
        raise TargetError(f"target {target.id!r}: 'about' needs a tolerance above zero (half-width, in {unit!r})", target=target.id)
    return conditions


def ratio_of(target: Target, conditions: Sequence[Condition]) -> Call | None:
    """Return the denominator B when the event is ``A - value * B > 0 and B > 0``: a ratio asked without dividing."""
    if len(conditions) != 2 or len(conditions[1].terms) != 1:
        return None
    main, guard = conditions
    call, weight = guard.terms[0]
    guarded = (weight, guard.op, guard.threshold) == (1.0, ">", 0.0)
    same_event = main.threshold == 0.0 and main.op == target.op
    return call if guarded and same_event and math.isclose(dict(main.terms).get(call, 0.0), -target.value) else None


def plain_sum(conditions: Sequence[Condition]) -> Call | None:
    """Return the annual total that a level target speaks of; None for any other event."""
    if len(conditions) != 1 or len(conditions[0].terms) != 1:
        return None
    call, weight = conditions[0].terms[0]
    return call if call.function == "sum" and weight == 1.0 else None


def series_of(conditions: Sequence[Condition]) -> list[str]:
    """Series of an event, in order of appearance."""
    return list(dict.fromkeys(name for condition in conditions for call, _ in condition.terms for name in call.series))


def carriers(conditions: Sequence[Condition]) -> list[str]:
    """Series whose uncertainty an event carries: a share does not move with the level of its denominator."""
    calls = [call for condition in conditions for call, _ in condition.terms]
    return list(dict.fromkeys(name for call in calls for name in (call.series[:1] if call.function == "share" else call.series)))


def covered(conditions: Sequence[Condition], paths: xr.Dataset) -> bool:
    """Say whether the paths hold every year of an event."""
    calls = [call for condition in conditions for call, _ in condition.terms]
    return covers(paths, min(call.first_year for call in calls), max(call.year for call in calls))


def require_series(target: Target, conditions: Sequence[Condition], paths: xr.Dataset) -> None:
    """Refuse a target whose series the paths lack."""
    known = [str(label) for label in paths.indexes[SERIES]]
    missing = [name for name in series_of(conditions) if name not in known]
    if missing:
        raise TargetError(
            f"target {target.id!r} asks for series {missing}; these paths hold {known}: simulate them, or leave the target out",
            target=target.id, names=missing, expected=known,
        )


def not_modelled(conditions: Sequence[Condition], paths: xr.Dataset) -> list[str]:
    """Series of an event that the paths leave out on purpose (their attribute ``not_modelled``): published too thinly for a path."""
    left_out = str(paths.attrs.get("not_modelled", "")).split(", ")
    return [name for name in series_of(conditions) if name not in paths.indexes[SERIES] and name in left_out]


def unit_of(conditions: Sequence[Condition]) -> str:
    """Unit of the first comparison."""
    return UNIT_MONEY if conditions[0].terms[0][0].function in ("sum", "d") else UNIT_RATIO


def quantity_unit(target: Target, conditions: Sequence[Condition]) -> str:
    """Unit of the quantity that is shown: that of the first comparison, or a ratio where it can be divided out."""
    return UNIT_RATIO if ratio_of(target, conditions) else unit_of(conditions)
