"""What is asked: a target by its id, and what each path says of it.

Floor F6 (attribution). It reads targets as data, as any judge of paths does; it must never reduce over samples.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import xarray as xr

from bayu_forecast.errors import UnknownNameError
from bayu_forecast.paths.figures import COMPARE, combine
from bayu_forecast.paths.grammar import ABOUT, parse_expression
from bayu_forecast.schema.names import UNIT_MONEY, UNIT_RATIO
from bayu_forecast.specs import Target

AS_PRINTED = "as_printed"


def find(of: str | Target, targets: Sequence[Target]) -> Target:
    """The target of this id, or the target itself."""
    if isinstance(of, Target):
        return of
    for target in targets:
        if target.id == of:
            return target
    ids = [target.id for target in targets]
    near = difflib.get_close_matches(of, ids, n=3, cutoff=0.4) or ids[:3]
    raise UnknownNameError(f"no target {of!r} issued by the date; nearest: {', '.join(near) or 'none'}: ask for one of those",
                           names=[of], expected=near)


def series_of(target: Target) -> list[str]:
    """Series that a target speaks of."""
    calls = [call for condition in parse_expression(target.expression) for call, _ in condition.terms]
    return list(dict.fromkeys(name for call in calls for name in call.series))


def last_month(target: Target) -> str:
    """December of the last year that a target speaks of."""
    return f"{max(call.year for condition in parse_expression(target.expression) for call, _ in condition.terms)}-12"


def unit_of(target: Target) -> str:
    """Unit of the quantity: of the left side of the first comparison."""
    first = parse_expression(target.expression)[0].terms[0][0]
    return UNIT_MONEY if first.function in ("sum", "d") else UNIT_RATIO


def answer(target: Target, paths: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Quantity (left side of the first comparison) and event (scenario, sample), on the target's own basis."""
    conditions, printed = parse_expression(target.expression), target.basis == AS_PRINTED
    quantities = [combine(condition.terms, paths, printed) for condition in conditions]
    event = xr.ones_like(quantities[0], dtype=bool)
    for condition, quantity in zip(conditions, quantities, strict=True):
        slack = target.tolerance if condition.op == ABOUT else 0.0
        event = event & COMPARE[condition.op](quantity, condition.threshold - slack)
    return quantities[0], event
