"""The verbs of conditioning: pin a figure (`given`), give it a density (`impose`), weight the paths to a view (`tilt`).

Floor F3 (scenarios). Every verb returns a frozen condition that has checked itself. Must never change an input.
"""

from __future__ import annotations

from bayu_forecast.scenarios.conditions import Given, Impose, Tilt
from bayu_forecast.schema.names import GROWTH, LEVEL, UNIT_MONEY, UNIT_RATIO


def given(
    series: str, period: str, value: float, *, measure: str = LEVEL, unit: str = "", source: str = "", note: str = "",
) -> Given:
    """Pin a figure: condition the paths on having seen it.

    Parameters
    ----------
    series : str
        Such as ``retail_total``, or ``china:retail_total`` for a series the region leans on.
    period : str
        A year, a month, or the year to date: ``2025``, ``2025-03``, ``2025-01..2025-06``.
    value : float
        In ``unit``.
    measure : str
        ``level`` or ``growth`` (to the same months a year earlier).
    unit : str
        By default 1e8 CNY for a level, a ratio for growth.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Given
        To be put into the ``conditions`` of a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When period, unit or value cannot be.

    References
    ----------
    Waggoner and Zha (1999), Conditional forecasts in dynamic multivariate models.

    Examples
    --------
    >>> print(given("retail_total", "2025-01..2025-03", 4.0, measure="growth", unit="%"))
    retail_total 2025-01..2025-03 growth 4 %
    """
    return Given(series=series, period=period, value=value, measure=measure, unit=unit or _own(measure), source=source, note=note)


def impose(
    series: str, period: str, value: float, *, sd: float, measure: str = LEVEL, unit: str = "", source: str = "", note: str = "",
) -> Impose:
    """Give a figure a density of your own: afterwards it has this mean and this variance.

    Parameters
    ----------
    series, period, value, measure, unit, source, note
        As in :func:`given`.
    sd : float
        Standard deviation in ``unit``, above zero.

    Returns
    -------
    Impose
        To be put into the ``conditions`` of a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When period, unit, value or sd cannot be.

    References
    ----------
    Antolín-Díaz, Petrella and Rubio-Ramírez (2021), Structural scenario analysis with SVARs.

    Examples
    --------
    >>> impose("retail_total", "2026-01..2026-02", 1.0, sd=0.5, measure="growth", unit="%").spread
    0.005
    """
    own = unit or _own(measure)
    return Impose(series=series, period=period, value=value, sd=sd, measure=measure, unit=own, source=source, note=note)


def tilt(
    expression: str, *, probability: float | None = None, mean: float | None = None, unit: str = "", source: str = "", note: str = "",
) -> Tilt:
    """Weight the paths, as little as possible, until an event has a probability or a figure has a mean.

    Parameters
    ----------
    expression : str
        In the language of targets: an event, such as ``sum(retail_total, 2025) >= 15500``, or a figure.
    probability : float, optional
        Of the event, strictly between 0 and 1.
    mean : float, optional
        Of the figure, in ``unit``.
    unit : str
        Of the mean; none for a probability.
    source, note : str
        Whose view it is, what to know of it.

    Returns
    -------
    Tilt
        To be put into the ``conditions`` of a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When both or neither are given, or the probability is not between 0 and 1.

    References
    ----------
    Robertson, Tallman and Whiteman (2005), Forecasting using relative entropy.

    Examples
    --------
    >>> print(tilt("sum(retail_total, 2025) >= 15500", probability=0.7))
    sum(retail_total, 2025) >= 15500 with probability 0.7
    """
    return Tilt(expression=expression, probability=probability, mean=mean, unit=unit, source=source, note=note)


def _own(measure: str) -> str:
    """The unit that figures of a measure are stored in."""
    return UNIT_RATIO if measure == GROWTH else UNIT_MONEY
