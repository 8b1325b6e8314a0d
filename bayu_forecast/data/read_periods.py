"""Reads the notations of periods and dates that published tables use.

Floor F3: text to dates. Must never know a series or a region; a notation it does not know is an error, never a guess.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from bayu_forecast.data.read_file import clean

Period = tuple[dt.date, dt.date]

_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}
#: spoken spans -> first and last month
_SPANS = {"上半年": (1, 6), "下半年": (7, 12), "前三季度": (1, 9), "1-3季度": (1, 9), "h1": (1, 6), "h2": (7, 12), "": (1, 12),
          "全年": (1, 12), "年度": (1, 12)}
_DATE = re.compile(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?(?:[t ]00:00(?::00(?:\.0+)?)?)?")
_RANGE = re.compile(r"(.+?)(?:\.\.|至|到|~)(.+)")
_MONTHS = re.compile(r"(\d{4})年(\d{1,2})(?:月(?:份)?)?-(\d{1,2})月(?:份)?")
_MONTH = re.compile(r"(\d{4})(?:年(\d{1,2})月(?:份)?|[-/](\d{1,2})|(\d{2}))")
_QUARTER = re.compile(r"(\d{4})[年-]?(?:第?([一二三四1-4])季度|q([1-4]))")
_SPAN = re.compile(rf"(\d{{4}})年?({'|'.join(_SPANS)})")


def month_span(year: int, first: int, last: int) -> Period:
    """First day of one month to the last day of another in the same year; a ``ValueError`` names what cannot be."""
    if not 1900 <= year <= 2100:
        raise ValueError(f"year {year} is out of range")
    for month in (first, last):
        if not 1 <= month <= 12:
            raise ValueError(f"there is no month {month}")
    if last < first:
        raise ValueError(f"month {last} comes before month {first}")
    return dt.date(year, first, 1), dt.date(year, last, calendar.monthrange(year, last)[1])


def parse_date(text: str) -> dt.date:
    """A whole date; a ``ValueError`` when it is none.

    Parameters
    ----------
    text : str
        ``2024-03-31``, ``2024/3/31`` or ``2024年3月31日``.

    Returns
    -------
    datetime.date
        The day.

    Examples
    --------
    >>> parse_date("２０２４年３月３１日")
    datetime.date(2024, 3, 31)
    >>> parse_date("2024-02-30")
    Traceback (most recent call last):
    ...
    ValueError: '2024-02-30' is no date
    """
    found = _DATE.fullmatch(clean(text).lower())
    if found is None:
        raise ValueError(f"{text.strip()!r} is no date")
    year, month, day = map(int, found.groups())
    if not 1900 <= year <= 2100:
        raise ValueError(f"year {year} is out of range")
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is no date") from None


def parse_release(text: str) -> tuple[dt.date, bool]:
    """A release date and whether it is whole; a month or a year alone counts from its last day.

    Parameters
    ----------
    text : str
        A date, a month or a year.

    Returns
    -------
    tuple of (datetime.date, bool)
        The day from which the print was out, and whether the text named the day.

    Examples
    --------
    >>> parse_release("2024-11"), parse_release("2024-11-15")
    ((datetime.date(2024, 11, 30), False), (datetime.date(2024, 11, 15), True))
    """
    try:
        return parse_date(text), True
    except ValueError:
        if _DATE.fullmatch(clean(text).lower()):
            raise
        return parse_period(text)[1], False


def parse_period(text: str) -> Period:
    """First and last day of a reference period.

    Parameters
    ----------
    text : str
        ``2024-03``, ``2024年3月``, ``2024年1-2月``, ``2024年``, ``2024Q1``, ``2024年第一季度``, ``2024年上半年``,
        ``2024年前三季度`` or ``2024-01-01..2024-03-31``; full-width digits are read too.

    Returns
    -------
    tuple of datetime.date
        First and last day, both inside the period.

    Raises
    ------
    ValueError
        When the notation is unknown or the period cannot be.

    Examples
    --------
    >>> parse_period("2024年1—2月")
    (datetime.date(2024, 1, 1), datetime.date(2024, 2, 29))
    >>> parse_period("2024年13月")
    Traceback (most recent call last):
    ...
    ValueError: there is no month 13
    """
    word = re.sub(r"\s+", "", clean(text)).lower()
    if found := _RANGE.fullmatch(word):
        return _edge(found[1])[0], _edge(found[2])[1]
    if found := _MONTHS.fullmatch(word):
        return month_span(int(found[1]), int(found[2]), int(found[3]))
    if found := _QUARTER.fullmatch(word):
        quarter = _QUARTERS[found[2] or found[3]]
        return month_span(int(found[1]), 3 * quarter - 2, 3 * quarter)
    if found := _SPAN.fullmatch(word):
        return month_span(int(found[1]), *_SPANS[found[2]])
    if found := _MONTH.fullmatch(word):
        month = int(found[2] or found[3] or found[4])
        return month_span(int(found[1]), month, month)
    if _DATE.fullmatch(word):
        raise ValueError(f"{text.strip()!r} is one day")
    raise ValueError(f"{text.strip()!r} is no period" if word else "no period")


def _edge(text: str) -> Period:
    """One end of a range: a day or a period."""
    try:
        day = parse_date(text)
    except ValueError:
        if _DATE.fullmatch(text):
            raise
        return parse_period(text)
    return day, day


def whole_months(period: Period) -> bool:
    """Whether a period runs from a first to a last day of a month, forwards."""
    start, end = period
    return start <= end and start.day == 1 and end.day == calendar.monthrange(end.year, end.month)[1]
