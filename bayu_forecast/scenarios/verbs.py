"""The verbs of intervention: one short function for each way to change the input path of a lever (`do`).

Floor F3 (scenarios). Every verb returns a frozen assumption that has checked itself. Must never apply it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bayu_forecast.scenarios.assumption import ADD, DELAY, EVENT, HOLD, HOLIDAY, RAMP, SCALE, SET, STOP, TRANCHES, Assumption
from bayu_forecast.scenarios.units import DAYS, MONTHS, NATIVE
from bayu_forecast.schema.names import UNIT_RATIO


def set_to(lever: str, value: float, *, start: str = "", end: str = "", unit: str = NATIVE, source: str = "", note: str = "") -> Assumption:
    """Set a lever to a value in every month of a window.

    Parameters
    ----------
    lever : str
        Id of a driver, measure, action or safeguard.
    value : float
        In ``unit``.
    start : str
        First month, ``YYYY-MM``; empty for the month after the scenario's ``as_of``.
    end : str
        Last month, inclusive; empty for the last there is.
    unit : str
        ``native`` for the lever's own (money a month in 1e8 CNY), or one that converts into it, such as ``亿元`` or ``万元``.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(set_to("trade_in", 0.0, start="2025-02"))
    set trade_in 0 (2025-02 to the end)
    """
    return Assumption(lever=lever, operation=SET, values=(value,), start=start, end=end, unit=unit, source=source, note=note)


def add(lever: str, value: float, *, start: str = "", end: str = "", unit: str = NATIVE, source: str = "", note: str = "") -> Assumption:
    """Add a value to what is planned, in every month of a window.

    Parameters
    ----------
    lever : str
        Id of a driver, measure, action or safeguard.
    value : float
        In ``unit``.
    start : str
        First month, ``YYYY-MM``; empty for the month after the scenario's ``as_of``.
    end : str
        Last month, inclusive; empty for the last there is.
    unit : str
        ``native`` for the lever's own (money a month in 1e8 CNY), or one that converts into it, such as ``亿元`` or ``万元``.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(add("income", -1.0, unit="pp", start="2025-04", end="2026-03"))
    add income -1 pp (2025-04 to 2026-03)
    """
    return Assumption(lever=lever, operation=ADD, values=(value,), start=start, end=end, unit=unit, source=source, note=note)


def scale(
    lever: str, factor: float, *, start: str = "", end: str = "", unit: str = UNIT_RATIO, source: str = "", note: str = "",
) -> Assumption:
    """Multiply what is planned, in every month of a window.

    Parameters
    ----------
    lever : str
        Id of a driver, measure, action or safeguard.
    factor : float
        Not negative.
    start : str
        First month, ``YYYY-MM``; empty for the month after the scenario's ``as_of``.
    end : str
        Last month, inclusive; empty for the last there is.
    unit : str
        ``1``, or ``%`` where 80 stands for a factor of 0.8.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(scale("vouchers", 1.5, start="2025-05", end="2025-10"))
    scale vouchers 1.5 (2025-05 to 2025-10)
    """
    return Assumption(lever=lever, operation=SCALE, values=(factor,), start=start, end=end, unit=unit, source=source, note=note)


def ramp(
    lever: str, first: float, last: float, *, start: str, end: str, unit: str = NATIVE, source: str = "", note: str = "",
) -> Assumption:
    """Lead a lever in equal steps from one value in the first month to another in the last.

    After the last month the plan holds again; follow with :func:`set_to` to stay at the last value.

    Parameters
    ----------
    lever : str
        Id of a driver, measure, action or safeguard.
    first, last : float
        In ``unit``, in the months ``start`` and ``end``.
    start : str
        First month, ``YYYY-MM``.
    end : str
        Last month, inclusive.
    unit : str
        ``native`` for the lever's own (money a month in 1e8 CNY), or one that converts into it, such as ``亿元`` or ``万元``.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(ramp("A2M06", 1.0, 1.5, start="2025-02", end="2025-12"))
    ramp A2M06 1 1.5 (2025-02 to 2025-12)
    """
    return Assumption(lever=lever, operation=RAMP, values=(first, last), start=start, end=end, unit=unit, source=source, note=note)


def hold(lever: str, *, start: str = "", end: str = "", source: str = "", note: str = "") -> Assumption:
    """Keep a lever at its value in the month before the window.

    Parameters
    ----------
    lever : str
        Id of a driver, measure, action or safeguard.
    start : str
        First month, ``YYYY-MM``; empty for the month after the scenario's ``as_of``.
    end : str
        Last month, inclusive; empty for the last there is.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(hold("trade_in", start="2026-01"))
    hold trade_in (2026-01 to the end)
    """
    return Assumption(lever=lever, operation=HOLD, start=start, end=end, source=source, note=note)


def stop(lever: str, *, start: str = "", end: str = "", source: str = "", note: str = "") -> Assumption:
    """Set a lever to zero in every month of a window.

    Parameters
    ----------
    lever : str
        Id of a driver, measure, action or safeguard.
    start : str
        First month, ``YYYY-MM``; empty for the month after the scenario's ``as_of``.
    end : str
        Last month, inclusive; empty for the last there is.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(stop("trade_in", start="2027-01"))
    stop trade_in (2027-01 to the end)
    """
    return Assumption(lever=lever, operation=STOP, start=start, end=end, source=source, note=note)


def tranches(
    lever: str, amounts: Mapping[str, float], *, start: str = "", end: str = "", unit: str = NATIVE, source: str = "", note: str = "",
) -> Assumption:
    """Pay money in stated months and none in the other months of the window.

    Parameters
    ----------
    lever : str
        Id of a driver, measure, action or safeguard.
    amounts : mapping of str to float
        Month ``YYYY-MM`` to amount in ``unit``.
    start, end : str
        Window of the calendar; by default from the first to the last month of ``amounts``.
    unit : str
        ``native`` for the lever's own (money a month in 1e8 CNY), or one that converts into it, such as ``亿元`` or ``万元``.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(tranches("trade_in", {"2025-10": 12.0, "2025-12": 8.0}, unit="亿元", start="2025-02", end="2025-12"))
    tranches trade_in 12 8 亿元 (2025-02 to 2025-12)
    """
    months = sorted(amounts)
    return Assumption(
        lever=lever, operation=TRANCHES, months=tuple(months), values=tuple(amounts[month] for month in months),
        start=start, end=end, unit=unit, source=source, note=note,
    )


def delay(lever: str, months: int, *, start: str = "", end: str = "", source: str = "", note: str = "") -> Assumption:
    """Let what is planned in a window arrive later, in full, and nothing before.

    Parameters
    ----------
    lever : str
        Id of a driver, measure, action or safeguard.
    months : int
        How many months later; what falls behind the horizon is not seen.
    start : str
        First month, ``YYYY-MM``; empty for the month after the scenario's ``as_of``.
    end : str
        Last month, inclusive; empty for the last there is.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(delay("trade_in", 3, start="2025-07"))
    delay trade_in 3 months (2025-07 to the end)
    """
    return Assumption(lever=lever, operation=DELAY, values=(months,), unit=MONTHS, start=start, end=end, source=source, note=note)


def new_event(
    name: str, amount: float, *, start: str, end: str = "", unit: str = NATIVE, lever: str = "events", source: str = "", note: str = "",
) -> Assumption:
    """Add an event that nobody planned: attendance or sales in its month.

    Parameters
    ----------
    name : str
        Of the event; a scenario states it once.
    amount : float
        In ``unit``, in each month from ``start`` to ``end``.
    start : str
        First month, ``YYYY-MM``.
    end : str
        Last month; the first by default.
    unit : str
        ``native`` for the lever's own (money a month in 1e8 CNY), or one that converts into it, such as ``亿元`` or ``万元``.
    lever : str
        The lever that carries events.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(new_event("food festival", 3.0, start="2025-10", unit="亿元"))
    event 'food festival' events 3 亿元 (2025-10 to 2025-10)
    """
    return Assumption(
        lever=lever, operation=EVENT, name=name, values=(amount,), start=start, end=end or start, unit=unit, source=source, note=note,
    )


def holiday(name: str, days: float, *, start: str, end: str = "", lever: str = "days_off", source: str = "", note: str = "") -> Assumption:
    """Lengthen or shorten a holiday.

    Parameters
    ----------
    name : str
        Of the holiday; a scenario states it once.
    days : float
        Days off more (or fewer, below zero) in each month from ``start`` to ``end``.
    start : str
        First month, ``YYYY-MM``.
    end : str
        Last month; the first by default.
    lever : str
        The lever that counts days off.
    source, note : str
        Where it comes from, what to know of it.

    Returns
    -------
    Assumption
        To be put into a :class:`Scenario`.

    Raises
    ------
    ScenarioError
        When a month, a number or the unit cannot be.

    Examples
    --------
    >>> print(holiday("National Day", -1, start="2026-10"))
    holiday 'National Day' days_off -1 days (2026-10 to 2026-10)
    """
    return Assumption(
        lever=lever, operation=HOLIDAY, name=name, values=(days,), start=start, end=end or start, unit=DAYS, source=source, note=note,
    )
