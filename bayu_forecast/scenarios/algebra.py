"""Scenarios meet inputs: the algebra of assumptions on a table of levers by month.

Floor F3 (scenarios). A pure function of its arguments; months before an assumption's window never change. Must never
know what a lever means, nor look at a figure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayu_forecast.errors import SchemaError, UnknownNameError
from bayu_forecast.scenarios import assumption as ops
from bayu_forecast.scenarios.assumption import Assumption
from bayu_forecast.scenarios.places import month_label, month_number, nearest, refuse
from bayu_forecast.scenarios.spec import Scenario
from bayu_forecast.scenarios.units import factor_to
from bayu_forecast.schema.names import UNIT_RATIO

Path = NDArray[np.float64]

#: operations whose values are in the lever's own unit after conversion
_IN_OWN_UNIT: Final = (ops.SET, ops.ADD, ops.RAMP, ops.TRANCHES, ops.EVENT, ops.HOLIDAY)


def apply(scenario: Scenario, inputs: pd.DataFrame) -> pd.DataFrame:
    """Inputs as the scenario has them.

    Assumptions act one after the other, each on what the earlier ones left, on months of their window only:
    ``set`` v; ``add`` x + v; ``scale`` x v; ``ramp`` in equal steps; ``hold`` the value of the month before; ``stop`` 0;
    ``tranches`` the amounts and 0 elsewhere; ``delay`` moves the window's plan m months on, onto what is there;
    ``event`` and ``holiday`` x + v. Conditions are no business of the inputs and change nothing here.

    Parameters
    ----------
    scenario : Scenario
        Its assumptions.
    inputs : DataFrame
        One row a month (index: first days of consecutive months), one float column a lever in its own unit;
        ``inputs.attrs["units"]`` may say the unit of each.

    Returns
    -------
    DataFrame
        A new table of the same shape; a scenario without assumptions gives the same numbers, bit for bit.

    Raises
    ------
    UnknownNameError
        When a lever is no column; with the nearest ones.
    ScenarioError
        When an assumption has no start, begins before the inputs, or is in a unit that does not convert.
    SchemaError
        When the inputs are no such table.

    Examples
    --------
    >>> from bayu_forecast.scenarios import set_to
    >>> plan = pd.DataFrame({"trade_in": [3.0, 3.0, 3.0]}, index=pd.date_range("2025-01-01", periods=3, freq="MS"))
    >>> apply(Scenario("stop trade-in", [set_to("trade_in", 0.0, start="2025-02")]), plan)["trade_in"].tolist()
    [3.0, 0.0, 0.0]
    """
    _check_inputs(inputs)
    units = inputs.attrs.get("units", {})
    result = inputs.copy()
    paths: dict[str, Path] = {}
    for assumption in scenario.assumptions:
        lever = assumption.lever
        if lever not in inputs.columns:
            refuse(f"scenario {scenario.name!r}: unknown lever {lever!r}", expected=nearest(lever, map(str, inputs.columns)),
                   step="use the id of a driver, measure, action or safeguard that is known at the date", place=assumption.place,
                   error=UnknownNameError, names=[lever])
        if lever not in paths:
            paths[lever] = inputs[lever].to_numpy(dtype=np.float64, copy=True)
        _change(paths[lever], assumption, scenario, inputs.index, units.get(lever))
    for lever, path in paths.items():
        if not np.isfinite(path).all():
            refuse(f"scenario {scenario.name!r} leads lever {lever!r} beyond the largest number", expected="finite inputs",
                   step="check the size and the unit of its values", place=scenario.place, names=[lever])
        result[lever] = path
    return result


def decided(scenario: Scenario, inputs: pd.DataFrame) -> pd.DataFrame:
    """Months in which a scenario says what a lever is, so that nothing of it is left to chance.

    A programme may go on after its announced end by a draw. Where a scenario sets, ramps, holds, stops or pays in tranches,
    it has decided, even if its value is the announced one.

    Parameters
    ----------
    scenario : Scenario
        Its assumptions.
    inputs : DataFrame
        As in :func:`apply`.

    Returns
    -------
    DataFrame (month, lever)
        Booleans, in the shape of the inputs.

    Raises
    ------
    UnknownNameError, ScenarioError, SchemaError
        As :func:`apply` raises them.

    Examples
    --------
    >>> from bayu_forecast.scenarios import stop
    >>> plan = pd.DataFrame({"trade_in": [0.0, 0.0, 0.0]}, index=pd.date_range("2026-12-01", periods=3, freq="MS"))
    >>> decided(Scenario("it ends", [stop("trade_in", start="2027-01")]), plan)["trade_in"].tolist()
    [False, True, True]
    """
    apply(scenario, inputs)
    months = pd.DatetimeIndex(inputs.index).strftime("%Y-%m").to_numpy()
    result = pd.DataFrame(False, index=inputs.index, columns=inputs.columns)
    for assumption in scenario.assumptions:
        if assumption.operation in ops.ABSOLUTE:
            first, last = assumption.window(scenario.as_of)
            result[assumption.lever] |= (months >= first) & (months <= (last or months[-1]))
    return result


def _change(path: Path, assumption: Assumption, scenario: Scenario, months: pd.Index[pd.Timestamp], native: str | None) -> None:
    """Let one assumption act on a lever's path, in place."""
    origin = month_number(f"{months[0]:%Y-%m}")
    first, last = assumption.window(scenario.as_of)
    if not first:
        refuse(f"scenario {scenario.name!r}: '{assumption}' has no start", place=assumption.place, names=[assumption.lever],
               expected="a start, or an as_of of the scenario", step="state the first month, YYYY-MM")
    begin = month_number(first) - origin
    end = month_number(last) - origin + 1 if last else len(path)
    if begin < 0 or (begin == 0 and assumption.operation == ops.HOLD):
        refuse(f"scenario {scenario.name!r}: '{assumption}' starts before the data", place=assumption.place, names=[assumption.lever],
               expected=f"a start from {month_label(origin + (assumption.operation == ops.HOLD))} on",
               step="start later, or hand in a longer history")
    # a window behind the horizon changes nothing that is asked for
    if begin < len(path) and begin < end:
        _OPERATIONS[assumption.operation](path, begin, end, _own_values(assumption, native), assumption)


def _own_values(assumption: Assumption, native: str | None) -> Path:
    """Values in the lever's own unit; factors as factors."""
    values = np.array(assumption.values, dtype=np.float64)
    if assumption.operation in _IN_OWN_UNIT:
        return values * factor_to(assumption.unit, native, assumption.lever, assumption.place)
    if assumption.operation == ops.SCALE:
        return values * factor_to(assumption.unit, UNIT_RATIO, assumption.lever, assumption.place)
    return values


def _set(path: Path, begin: int, end: int, values: Path, _: Assumption) -> None:
    path[begin:end] = values[0]


def _add(path: Path, begin: int, end: int, values: Path, _: Assumption) -> None:
    path[begin:end] += values[0]


def _scale(path: Path, begin: int, end: int, values: Path, _: Assumption) -> None:
    path[begin:end] *= values[0]


def _ramp(path: Path, begin: int, end: int, values: Path, _: Assumption) -> None:
    # the slope is that of the whole window, however much of it lies behind the horizon
    path[begin:end] = np.linspace(values[0], values[1], end - begin)[: len(path) - begin]


def _hold(path: Path, begin: int, end: int, _: Path, __: Assumption) -> None:
    path[begin:end] = path[begin - 1]


def _stop(path: Path, begin: int, end: int, _: Path, __: Assumption) -> None:
    path[begin:end] = 0.0


def _tranches(path: Path, begin: int, end: int, values: Path, assumption: Assumption) -> None:
    path[begin:end] = 0.0
    start = month_number(assumption.window()[0])
    for month, value in zip(assumption.months, values, strict=True):
        place = begin + month_number(month) - start
        if place < len(path):
            path[place] = value


def _delay(path: Path, begin: int, end: int, values: Path, _: Assumption) -> None:
    block = path[begin:end].copy()
    path[begin:end] = 0.0
    arrives = begin + int(values[0])
    seen = path[arrives : arrives + len(block)]
    seen += block[: len(seen)]


_OPERATIONS: Final[dict[str, Callable[[Path, int, int, Path, Assumption], None]]] = {
    ops.SET: _set, ops.ADD: _add, ops.SCALE: _scale, ops.RAMP: _ramp, ops.HOLD: _hold, ops.STOP: _stop, ops.TRANCHES: _tranches,
    ops.DELAY: _delay, ops.EVENT: _add, ops.HOLIDAY: _add,
}


def _check_inputs(inputs: pd.DataFrame) -> None:
    """Refuse anything but months in a row, levers each once, and finite numbers."""
    index = inputs.index
    dated = isinstance(index, pd.DatetimeIndex) and len(index) > 0
    if not dated or not index.equals(pd.date_range(index[0], periods=len(index), freq="MS")):
        raise SchemaError("inputs of a scenario: expected an index of first days of consecutive months; build it with pandas.date_range",
                          expected="consecutive first days of months")
    if not inputs.columns.is_unique:
        twice = sorted({str(name) for name in inputs.columns[inputs.columns.duplicated()]})
        raise SchemaError(f"inputs of a scenario: levers {twice} occur twice; expected every lever once", names=twice)
    wrong = [str(name) for name in inputs.columns if inputs[name].dtype != np.float64 or not np.isfinite(inputs[name].to_numpy()).all()]
    if wrong:
        raise SchemaError(f"inputs of a scenario: {wrong} are not finite float64; fill or convert them", names=wrong)
