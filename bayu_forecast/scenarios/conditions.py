"""Conditions on figures: pinned (`given`), given a density (`impose`), or seen with outside eyes (`tilt`).

Floor F3 (scenarios). Conditioning says what has been seen and is no intervention. Must never touch a lever.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from bayu_forecast.errors import UnknownNameError
from bayu_forecast.scenarios.checks import check_number, check_text
from bayu_forecast.scenarios.places import Place, check_period, month_label, month_number, nearest, refuse
from bayu_forecast.scenarios.units import MONEY, RATIO, base_amount, kind_of, units_of
from bayu_forecast.schema.names import GROWTH, LEVEL

_MEASURE_KINDS = {LEVEL: MONEY, GROWTH: RATIO}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that a condition speaks of; a scenario takes its kinds, :class:`Given` and :class:`Impose`.

    Attributes
    ----------
    series : str
        Such as ``retail_total``, or ``china:retail_total`` for a series the region leans on.
    period : str
        ``2025``, ``2025-03`` or the year to date ``2025-01..2025-06``.
    measure : str
        ``level`` (money) or ``growth`` (ratio to a year earlier).
    value, unit : float, str
        The figure as stated.
    source, note, place
        As in :class:`Assumption`.
    """

    series: str
    period: str
    measure: str
    value: float
    unit: str
    source: str = ""
    note: str = ""
    place: Place | None = dataclasses.field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_text(self.series, "series", self.place)
        for words in ("source", "note"):
            check_text(getattr(self, words), words, self.place, empty=True)
        check_period(self.period, self.place)
        object.__setattr__(self, "value", check_number(self.value, "value", self.place))
        if self.measure not in _MEASURE_KINDS:
            refuse(f"unknown measure {self.measure!r}", expected=nearest(str(self.measure), _MEASURE_KINDS), place=self.place,
                   step="pin a level or a growth rate", error=UnknownNameError, names=[self.measure])
        kind = _MEASURE_KINDS[self.measure]
        if kind_of(self.unit, self.place) != kind:
            refuse(f"{self.measure} of {self.series!r} in {self.unit!r}", expected=f"one of {units_of((kind,))}", place=self.place,
                   step="state a level in money, growth in % or as a ratio", names=[self.series])
        if self.amount <= (0.0 if self.measure == LEVEL else -1.0):
            refuse(f"{self.measure} of {self.series!r} is {self.value:g} {self.unit}", place=self.place, names=[self.series],
                   expected="a level above zero, growth above -100 %", step="correct the figure")

    @property
    def amount(self) -> float:
        """The figure in 1e8 CNY, or as a ratio."""
        return base_amount(self.value, self.unit)

    @property
    def first(self) -> dt.date:
        """First day of the period."""
        return dt.date.fromisoformat(check_period(self.period)[0] + "-01")

    @property
    def last(self) -> dt.date:
        """Last day of the period, inclusive."""
        following = month_label(month_number(check_period(self.period)[1]) + 1)
        return dt.date.fromisoformat(following + "-01") - dt.timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.series} {self.period} {self.measure} {self.value:g} {self.unit}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given(Figure):
    """A pinned figure: the paths are conditioned on having seen it (`given`, not `do`).

    Attributes are those of :class:`Figure`.

    References
    ----------
    Waggoner and Zha (1999), Conditional forecasts in dynamic multivariate models.

    Examples
    --------
    >>> pin = Given(series="retail_total", period="2025-01..2025-03", measure="growth", value=4.0, unit="%")
    >>> pin.amount, pin.first, pin.last
    (0.04, datetime.date(2025, 1, 1), datetime.date(2025, 3, 31))
    """


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Impose(Figure):
    """A figure with the density it shall have: mean ``value``, standard deviation ``sd``, both in ``unit``.

    After it the figure has exactly this variance; an observation with that noise would leave another one.

    Attributes
    ----------
    sd : float
        Above zero.

    References
    ----------
    Antolín-Díaz, Petrella and Rubio-Ramírez (2021), Structural scenario analysis with SVARs.

    Examples
    --------
    >>> Impose(series="retail_total", period="2026", measure="growth", value=3.0, sd=0.5, unit="%").spread
    0.005
    """

    sd: float

    def __post_init__(self) -> None:
        # the zero-argument form does not find its class in a dataclass with slots
        Figure.__post_init__(self)
        object.__setattr__(self, "sd", check_number(self.sd, "sd", self.place))
        if self.sd <= 0:
            refuse(f"sd of {self.series!r} is {self.sd:g}", expected="a standard deviation above zero",
                   step="use given to pin a figure exactly", place=self.place, names=[self.series])

    @property
    def spread(self) -> float:
        """The standard deviation in 1e8 CNY, or as a ratio."""
        return base_amount(self.sd, self.unit)

    def __str__(self) -> str:
        return f"{Figure.__str__(self)} (sd {self.sd:g})"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tilt:
    """A view from outside: the probability of an event, or the mean of a figure, that the paths are weighted to.

    Attributes
    ----------
    expression : str
        In the language of targets: an event, such as ``sum(retail_total, 2025) >= 15500``, or a figure.
    probability : float or None
        Of the event, between zero and one.
    mean, unit : float or None, str
        Of the figure.
    source, note, place
        As in :class:`Assumption`.

    References
    ----------
    Robertson, Tallman and Whiteman (2005), Forecasting using relative entropy.

    Examples
    --------
    >>> Tilt(expression="sum(retail_total, 2025) >= 15500", probability=1.2)
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.ScenarioError: probability 1.2 of 'sum(retail_total, 2025) >= 15500'. Expected ... strictly between 0 and 1. ...
    """

    expression: str
    probability: float | None = None
    mean: float | None = None
    unit: str = ""
    source: str = ""
    note: str = ""
    place: Place | None = dataclasses.field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_text(self.expression, "expression", self.place)
        for words in ("unit", "source", "note"):
            check_text(getattr(self, words), words, self.place, empty=True)
        if (self.probability is None) == (self.mean is None):
            refuse(f"tilt of {self.expression!r} states both or neither of probability and mean", expected="one of the two",
                   step="give the probability of an event, or the mean of a figure", place=self.place)
        if self.probability is not None:
            self._check_probability(check_number(self.probability, "probability", self.place))
        if self.mean is not None:
            object.__setattr__(self, "mean", check_number(self.mean, "mean", self.place))
            if kind_of(self.unit, self.place) not in (MONEY, RATIO):
                refuse(f"mean of {self.expression!r} in {self.unit!r}", expected=f"one of {units_of((MONEY, RATIO))}", place=self.place,
                       step="state the mean in such a unit")

    def _check_probability(self, probability: float) -> None:
        object.__setattr__(self, "probability", probability)
        if not 0.0 < probability < 1.0:
            refuse(f"probability {probability:g} of {self.expression!r}", expected="a probability strictly between 0 and 1",
                   step="pin the figure with given if it is certain", place=self.place)
        if self.unit:
            refuse(f"probability of {self.expression!r} in {self.unit!r}", expected="no unit", step="leave the unit out", place=self.place)

    @property
    def amount(self) -> float | None:
        """The mean in 1e8 CNY or as a ratio; none for a probability."""
        return None if self.mean is None else base_amount(self.mean, self.unit)

    def __str__(self) -> str:
        stated = f"probability {self.probability:g}" if self.mean is None else f"mean {self.mean:g} {self.unit}"
        return f"{self.expression} with {stated}"


Condition = Given | Impose | Tilt
