"""An assumption: one change to the input path of one lever (`do`, never `given`).

Floor F3 (scenarios). It checks itself and knows the line of the file it was read from. Must never know which levers
there are: the names come with the inputs.
"""

from __future__ import annotations

import dataclasses
from typing import Final, NoReturn

from bayu_forecast.errors import UnknownNameError
from bayu_forecast.scenarios.checks import check_number, check_text
from bayu_forecast.scenarios.places import Place, check_month, month_label, month_number, nearest, refuse
from bayu_forecast.scenarios.units import COUNT, DAYS, MONEY, MONTHS, NATIVE, RATIO, kind_of, units_of
from bayu_forecast.schema.names import UNIT_RATIO

SET: Final = "set"
ADD: Final = "add"
SCALE: Final = "scale"
RAMP: Final = "ramp"
HOLD: Final = "hold"
STOP: Final = "stop"
TRANCHES: Final = "tranches"
DELAY: Final = "delay"
EVENT: Final = "event"
HOLIDAY: Final = "holiday"

_AMOUNTS = (NATIVE, MONEY, RATIO, DAYS, COUNT)
#: operation -> how many values it takes (None: one a month), kinds of unit it takes
OPERATIONS: Final[dict[str, tuple[int | None, tuple[str, ...]]]] = {
    SET: (1, _AMOUNTS), ADD: (1, _AMOUNTS), SCALE: (1, (RATIO,)), RAMP: (2, _AMOUNTS), HOLD: (0, (NATIVE,)), STOP: (0, (NATIVE,)),
    TRANCHES: (None, _AMOUNTS), DELAY: (1, (MONTHS,)), EVENT: (1, _AMOUNTS), HOLIDAY: (1, (DAYS,)),
}
#: operations that say what a lever is, whatever was planned: they erase what came before them in the same months
ABSOLUTE: Final = (SET, RAMP, HOLD, STOP, TRANCHES)
NAMED: Final = (EVENT, HOLIDAY)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One change to the input path of one lever, from a month on: an intervention (`do`).

    Attributes
    ----------
    lever : str
        Id of a driver, measure, action or safeguard; checked when the scenario meets the inputs.
    operation : str
        One of ``OPERATIONS``: set, add, scale, ramp, hold, stop, tranches, delay, event, holiday.
    values : tuple of float
        In ``unit``: one; two for a ramp; none for hold and stop; one a month of ``months`` for tranches.
    months : tuple of str
        Months of the tranches, ``YYYY-MM``, ascending; empty otherwise.
    unit : str
        ``native`` (the lever's own) or a unit of :data:`bayu_forecast.scenarios.units.UNITS`; ``1`` or ``%`` for scale,
        ``months`` for delay, ``days`` for a holiday.
    start, end : str
        First and last month, ``YYYY-MM``. An empty start is the month after the scenario's ``as_of``, an empty end the
        last month there is.
    name : str
        Of an event or a holiday; empty otherwise.
    source, note : str
        Where it comes from, what to know of it.
    place : Place or None
        Line of the file; no part of equality.

    Raises
    ------
    ScenarioError
        When something is missing, impossible or in the wrong unit.
    UnknownNameError
        When the operation is unknown; with the nearest ones.

    Examples
    --------
    >>> Assumption(lever="vouchers", operation="set", values=(2.0,), unit="亿元", start="2025-03").start
    '2025-03'
    >>> Assumption(lever="vouchers", operation="sett", values=(2.0,), start="2025-03")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.UnknownNameError: unknown operation 'sett'. Expected a known name; nearest: set, stop. ...
    """

    lever: str
    operation: str
    values: tuple[float, ...] = ()
    months: tuple[str, ...] = ()
    unit: str = NATIVE
    start: str = ""
    end: str = ""
    name: str = ""
    source: str = ""
    note: str = ""
    place: Place | None = dataclasses.field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.operation not in OPERATIONS:
            refuse(f"unknown operation {self.operation!r}", expected=nearest(str(self.operation), OPERATIONS), place=self.place,
                   step="see docs/scenarios.md for what each does", error=UnknownNameError, names=[self.operation])
        check_text(self.lever, "lever", self.place)
        check_text(self.name, "name", self.place, empty=self.operation not in NAMED)
        if self.name and self.operation not in NAMED:
            self._refuse(f"has the name {self.name!r}", f"a name with {' or '.join(NAMED)} only", "leave the name out, or use note")
        for words in ("source", "note"):
            check_text(getattr(self, words), words, self.place, empty=True)
        object.__setattr__(self, "values", tuple(check_number(value, "value", self.place) for value in self.values))
        self._check_unit()
        self._check_months()
        self._check_values()

    def _check_unit(self) -> None:
        kinds = OPERATIONS[self.operation][1]
        if kind_of(self.unit, self.place) not in kinds:
            self._refuse(f"takes no unit {self.unit!r}", f"one of {units_of(kinds)}", "state the number in such a unit")

    def _check_months(self) -> None:
        object.__setattr__(self, "months", tuple(self.months))
        for what, month in (*(("month", m) for m in self.months), ("start", self.start or None), ("end", self.end or None)):
            if month is not None:
                check_month(month, what, self.place)
        if self.end and self.start and self.end < self.start:
            self._refuse(f"ends in {self.end} and starts in {self.start}", "an end that is not before the start", "exchange the two")
        if list(self.months) != sorted(set(self.months)):
            self._refuse("names months twice or out of order", "each month once, in order", "sort the months")
        outside = [m for m in self.months if (self.start and m < self.start) or (self.end and m > self.end)]
        if outside:
            self._refuse(f"pays in {', '.join(outside[:3])}, outside its own start and end",
                         "every tranche between start and end", "widen the window or move the tranche")
        if self.operation == RAMP and not (self.start and self.end > self.start):
            self._refuse("has no months to rise over", "a start and a later end", "say when the ramp begins and when it arrives")
        if self.operation in NAMED and not (self.start and self.end):
            self._refuse("has no month", "the month it falls into", "state the start, and the end if it lasts longer")

    def _check_values(self) -> None:
        asked = OPERATIONS[self.operation][0]
        if len(self.values) != (len(self.months) if asked is None else asked) or (asked is None) != bool(self.months):
            self._refuse(f"has {len(self.values)} values and {len(self.months)} months",
                         "one value for each month" if asked is None else f"{asked} values and no months", "give as many as it takes")
        if self.operation == DELAY and not (self.values[0] >= 1 and self.values[0] == int(self.values[0]) and self.values[0] <= 600):
            self._refuse(f"by {self.values[0]:g} months", "a whole number of months, 1 to 600", "state how many months later")
        if self.operation == SCALE and self.values[0] < 0:
            self._refuse(f"by {self.values[0]:g}", "a factor that is not negative", "use set or add to change the sign")

    def _refuse(self, what: str, expected: str, step: str) -> NoReturn:
        refuse(f"{self.operation} of {self.lever!r} {what}", expected=expected, step=step, place=self.place, names=[self.lever])

    def window(self, as_of: str = "") -> tuple[str, str]:
        """First and last month whose plan it changes; an empty last month is the last there is.

        Parameters
        ----------
        as_of : str
            Date ``YYYY-MM-DD`` of the scenario: an empty start is the month after it.

        Returns
        -------
        tuple of str
            Months ``YYYY-MM``; the first is empty if neither a start nor a date is stated.
        """
        first = self.start or (self.months[0] if self.months else "")
        if not first and as_of:
            first = month_label(month_number(as_of[:7]) + 1)
        return first, self.end or (self.months[-1] if self.months else "")

    def __str__(self) -> str:
        first, last = self.window()
        unit = [] if not self.values or self.unit in (NATIVE, UNIT_RATIO) else [self.unit]
        words = [self.operation, *([repr(self.name)] if self.name else []), self.lever, *(f"{value:g}" for value in self.values), *unit]
        return f"{' '.join(words)} ({first or 'from the date on'} to {last or 'the end'})"
