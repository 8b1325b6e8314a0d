"""The official calendar of a year as it was known on a date: confirmed by notice, or expected by rule.

Floor F2. It must never show a notice before its day.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from bayu_forecast.calendar._tables import read_table
from bayu_forecast.calendar.lunar import check_year
from bayu_forecast.calendar.rules import HOLIDAY, IN_LIEU, Entries, expected_entries, law_for
from bayu_forecast.errors import PeriodError

CONFIRMED: Final = "confirmed"
EXPECTED: Final = "estimated"
WORKDAY: Final = "workday"
WEEKEND: Final = "weekend"
OFF: Final = (HOLIDAY, IN_LIEU)


def as_date(value: str | dt.date | np.datetime64 | pd.Timestamp, name: str) -> dt.date:
    """A day from text or a date, or an error that names the argument.

    Parameters
    ----------
    value : str, datetime.date, datetime64 or Timestamp
        ``2025-01-31`` and its like.
    name : str
        Argument named in the error.

    Returns
    -------
    datetime.date
        The day.

    Raises
    ------
    PeriodError
        When the value is no date.

    Examples
    --------
    >>> as_date("2025-01-31", "as_of")
    datetime.date(2025, 1, 31)
    """
    try:
        stamp = pd.Timestamp(value)
        if isinstance(stamp, pd.Timestamp):
            return stamp.date()
    except (ValueError, TypeError):
        pass
    raise PeriodError(f"{name} = {value!r} is not a date: write YYYY-MM-DD", names=[name], got=str(value))


@functools.cache
def _announced() -> dict[int, list[tuple[dt.date, dt.date, str, str]]]:
    """Announced days by calendar year: announced, day, kind, holiday; in order of announcement."""
    found: dict[int, list[tuple[dt.date, dt.date, str, str]]] = {}
    for row in read_table("statutory.csv"):
        day = dt.date.fromisoformat(row["date"])
        found.setdefault(day.year, []).append((dt.date.fromisoformat(row["announced"]), day, row["kind"], row["holiday"]))
    return {year: sorted(rows) for year, rows in found.items()}


def known_entries(year: int, as_of: dt.date) -> tuple[Entries, str]:
    """Days off and make-up workdays of a year as known on a date, and whether they are confirmed.

    Parameters
    ----------
    year : int
        Calendar year.
    as_of : datetime.date
        Notices announced later are not seen. A year counts as announced on 31 December before it, amendments on their day.

    Returns
    -------
    tuple of (dict of date to (kind, holiday), str)
        ``confirmed`` when the year's notice was out, else ``estimated``.

    Raises
    ------
    CalendarRangeError
        Outside the lunar table, or before the first law.

    Examples
    --------
    >>> known_entries(2020, dt.date(2020, 1, 26))[0][dt.date(2020, 2, 1)]
    ('makeup_workday', 'spring_festival')
    >>> known_entries(2020, dt.date(2020, 1, 27))[0][dt.date(2020, 2, 1)]
    ('holiday', 'spring_festival')
    """
    check_year(year)
    if year not in _announced() or as_of < dt.date(year - 1, 12, 31):
        return expected_entries(year, law_for(year, as_of)), EXPECTED
    # rows are in order of announcement, so an amendment replaces what it amends
    return {day: (kind, holiday) for announced, day, kind, holiday in _announced()[year] if announced <= as_of}, CONFIRMED


def statutory_calendar(year: int, as_of: str | dt.date | pd.Timestamp) -> xr.Dataset:
    """Every day of a year, as the official calendar stood on a date.

    Parameters
    ----------
    year : int
        Calendar year, from 2000 to 2099.
    as_of : str or date
        Only notices and laws announced by then are used.

    Returns
    -------
    xarray.Dataset, dims (time)
        ``off`` (bool), ``kind`` (workday, weekend, holiday, holiday_in_lieu, makeup_workday) and ``holiday`` (name or
        empty) by day; attrs ``status`` (confirmed or estimated), ``year``, ``as_of``.

    Raises
    ------
    CalendarRangeError
        Outside the lunar table, or before the first law.
    PeriodError
        When ``as_of`` is no date.

    Examples
    --------
    >>> days = statutory_calendar(2026, as_of="2025-12-31")
    >>> days.attrs["status"], int(days["off"].sum())
    ('confirmed', 117)
    >>> statutory_calendar(2026, as_of="2025-12-30").attrs["status"]
    'estimated'
    """
    day = as_date(as_of, "as_of")
    entries, status = known_entries(year, day)
    time = pd.date_range(f"{year}-01-01", f"{year}-12-31")
    plain = [(WEEKEND if stamp.weekday() >= 5 else WORKDAY, "") for stamp in time]
    pairs = [entries.get(stamp.date(), ordinary) for stamp, ordinary in zip(time, plain, strict=True)]
    kind = np.array([pair[0] for pair in pairs])
    calendar = xr.Dataset(
        {"off": ("time", np.isin(kind, (*OFF, WEEKEND))), "kind": ("time", kind), "holiday": ("time", np.array([p[1] for p in pairs]))},
        coords={"time": time},
        attrs={"year": year, "as_of": day.isoformat(), "status": status},
    )
    for name, text in (("off", "day off"), ("kind", "kind of day"), ("holiday", "public holiday the day belongs to")):
        calendar[name].attrs.update(units="1", long_name=text)
    return calendar
