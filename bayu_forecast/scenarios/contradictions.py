"""Statements of one scenario that cannot hold together, found before anything is computed.

Floor F3 (scenarios). Levels within a year are differences of one running total that never falls: a set of them is
contradictory exactly if their graph has a cycle that gains. Must never repair a contradiction, nor prefer one side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NoReturn

from bayu_forecast.scenarios.assumption import ABSOLUTE, DELAY, NAMED, Assumption
from bayu_forecast.scenarios.conditions import Condition, Figure, Given, Tilt
from bayu_forecast.scenarios.places import check_period, month_label, month_number, refuse
from bayu_forecast.schema.names import GROWTH, LEVEL

#: relative mismatch that is still rounding of the machine
TOLERANCE = 1e-9
_FAR = "9999-12"


def check_assumptions(name: str, assumptions: Sequence[Assumption], as_of: str) -> None:
    """Refuse an assumption that erases an earlier one on the same lever and months, and an event stated twice.

    Parameters
    ----------
    name : str
        Of the scenario.
    assumptions : sequence of Assumption
        In order.
    as_of : str
        Date of the scenario, or empty.

    Raises
    ------
    ScenarioError
        Naming both.
    """
    for place, later in enumerate(assumptions):
        for earlier in assumptions[:place]:
            if earlier.lever != later.lever:
                continue
            first, last = _overlap(earlier, later, as_of)
            if first > last:
                continue
            twice = later.operation in NAMED and (later.operation, later.name) == (earlier.operation, earlier.name)
            if later.operation in ABSOLUTE or twice:
                _refuse_both(name, earlier, later, first, "repeats" if twice else "erases")


def _overlap(one: Assumption, other: Assumption, as_of: str) -> tuple[str, str]:
    """First and last month that both speak of; an empty overlap ends before it begins."""
    (a, b), (c, d) = _reach(one, as_of), _reach(other, as_of)
    return max(a, c), min(b, d)


def _reach(assumption: Assumption, as_of: str) -> tuple[str, str]:
    """Months whose value it changes: what is delayed arrives after its window."""
    first, last = assumption.window(as_of)
    if last and assumption.operation == DELAY:
        last = month_label(month_number(last) + int(assumption.values[0]))
    return first, last or _FAR


def _refuse_both(name: str, earlier: Assumption, later: Assumption, first: str, verb: str) -> NoReturn:
    where = f" of line {earlier.place.line}" if earlier.place and later.place and earlier.place.file == later.place.file else ""
    refuse(f"scenario {name!r} contradicts itself from {first or 'the start'} on: '{later}' {verb} '{earlier}'{where}",
           expected="one word on each month of a lever; scale, add and delay may follow what sets it",
           step="end the first where the second starts, or drop one", place=later.place, names=[later.lever])


def check_conditions(name: str, conditions: Sequence[Condition]) -> None:
    """Refuse two conditions on one figure, and pins that no path can meet.

    Parameters
    ----------
    name : str
        Of the scenario.
    conditions : sequence of Condition
        Pins, imposed densities and views.

    Raises
    ------
    ScenarioError
        Naming the pins that cannot hold together.
    """
    seen: dict[tuple[object, ...], Condition] = {}
    for condition in conditions:
        key = (condition.expression,) if isinstance(condition, Tilt) else _figure(condition)
        if key in seen:
            _refuse_pins(name, [seen[key], condition], "speak of the same figure")
        seen[key] = condition
    pins = [condition for condition in conditions if isinstance(condition, Given)]
    levels: dict[tuple[str, str], list[Given]] = defaultdict(list)
    for pin in pins:
        if pin.measure == LEVEL:
            levels[pin.series, pin.period[:4]].append(pin)
    for within in levels.values():
        _check_year(name, within)
    _check_growth(name, pins)


def _figure(figure: Figure) -> tuple[object, ...]:
    """What a condition speaks of: a year is the same figure as its year to date in December."""
    return (figure.series, figure.measure, *check_period(figure.period))


def _check_year(name: str, pins: Sequence[Given]) -> None:
    """Longest paths over the running total of a year; a cycle that gains names the pins on it."""
    edges: list[tuple[int, int, float, Given | None]] = [(month - 1, month, 0.0, None) for month in range(1, 13)]
    for pin in pins:
        before, after = pin.first.month - 1, pin.last.month
        edges += [(before, after, pin.amount, pin), (after, before, -pin.amount, pin)]
    slack = TOLERANCE * max(pin.amount for pin in pins)
    total = [0.0] * 13
    came: list[tuple[int, Given | None] | None] = [None] * 13
    moved = -1
    for _ in range(14):
        moved = -1
        for one, other, gain, through in edges:
            if total[one] + gain > total[other] + slack:
                total[other], came[other], moved = total[one] + gain, (one, through), other
        if moved < 0:
            return
    _refuse_pins(name, _on_cycle(came, moved), "cannot hold together: no months above zero add up to them")


def _on_cycle(came: Sequence[tuple[int, Given | None] | None], node: int) -> list[Given]:
    """Pins on the cycle that lies behind a node."""
    for _ in came:
        node = _before(came, node)[0]
    pins: dict[int, Given] = {}
    start = node
    while True:
        node, pin = _before(came, node)
        if pin is not None:
            pins[id(pin)] = pin
        if node == start:
            return sorted(pins.values(), key=lambda p: (p.period, p.amount))


def _before(came: Sequence[tuple[int, Given | None] | None], node: int) -> tuple[int, Given | None]:
    """The step that last raised a node."""
    step = came[node]
    assert step is not None, "a node behind a gaining cycle was raised"
    return step


def _check_growth(name: str, pins: Sequence[Given]) -> None:
    """Two levels a year apart and the growth between them must agree."""
    by_figure = {_figure(pin): pin for pin in pins}
    for growth in pins:
        if growth.measure != GROWTH:
            continue
        spans = [check_period(growth.period), tuple(month_label(month_number(m) - 12) for m in check_period(growth.period))]
        now, then = (by_figure.get((growth.series, LEVEL, *span)) for span in spans)
        if now and then and abs(then.amount * (1.0 + growth.amount) / now.amount - 1.0) > TOLERANCE:
            _refuse_pins(name, [then, now, growth], "cannot hold together: the growth is not that of the levels")


def _refuse_pins(name: str, pins: Sequence[Condition], what: str) -> NoReturn:
    named = " and ".join(f"'{pin}'" + (f" ({pin.place})" if pin.place else "") for pin in pins)
    refuse(f"scenario {name!r}: contradictory conditions: {named} {what}", expected="conditions that some path meets",
           step="drop or correct one of those named", names=[name],
           place=max((pin.place for pin in pins if pin.place), key=lambda place: place.line, default=None))
