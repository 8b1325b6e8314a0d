"""Monthly features of the calendar: days, workdays, days off, shares of a moving-holiday window.

Floor F2. It must never centre a regressor on a sample, nor count a day off before it was announced.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from bayu_forecast.calendar.lunar import check_year, festival_dates, year_range
from bayu_forecast.calendar.rules import MAKEUP, Entries, Law, expected_entries, law_for
from bayu_forecast.calendar.statutory import OFF, as_date, known_entries
from bayu_forecast.errors import CalendarRangeError, PeriodError

#: days from the Spring Festival, both ends inclusive
PRE: Final = (-20, -1)
DURING: Final = (0, 6)
POST: Final = (7, 21)
#: years whose mean a regressor is measured from: all but the ends of the lunar table
SPAN: Final = (1902, 2098)
#: February's mean length under the four-year cycle, which holds without exception over the lunar table
_FEBRUARY: Final = 28.25
_WINDOWS: Final = {"post_festival": POST}


def window_share(dates: ArrayLike, window: tuple[int, int], time: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Share of the window around moving holidays that falls in each month.

    A window ``[d + b, d + e]`` around each date ``d`` has ``e - b + 1`` days; the share is how many of them the month
    holds over how many there are, so the shares of one window sum to one.

    Parameters
    ----------
    dates : array-like of dates
        The holiday's days, one a year.
    window : tuple of int
        ``(b, e)``, days from the holiday, inclusive.
    time : DatetimeIndex
        First days of months, in any order.

    Returns
    -------
    array of float, shape (time,)
        Shares.

    Raises
    ------
    PeriodError
        When the window ends before it begins.

    References
    ----------
    Bell and Hillmer (1983), Modeling time series with calendar variation, JASA 78.

    Examples
    --------
    >>> window_share(["2025-01-29"], (0, 6), pd.date_range("2025-01-01", periods=3, freq="MS")).round(3)
    array([0.429, 0.571, 0.   ])
    """
    first, last = window
    if last < first:
        raise PeriodError(f"window {window} ends before it begins: give (first, last) days from the holiday", got=window)
    days = np.asarray(dates, dtype="datetime64[D]")[:, None] + np.arange(first, last + 1)
    months, counts = np.unique(days.astype("datetime64[M]"), return_counts=True)
    share = pd.Series(counts / (last - first + 1), index=months.astype("datetime64[s]"))
    return np.asarray(share.reindex(time, fill_value=0.0), dtype=np.float64)


def centred_share(dates: ArrayLike, window: tuple[int, int], time: pd.DatetimeIndex, span: tuple[int, int] = SPAN) -> NDArray[np.float64]:
    """Window share less its mean in the same calendar month over a fixed span of years.

    Centring on a long fixed span leaves the seasonal pattern its meaning, and history does not move as months are added.

    Parameters
    ----------
    dates : array-like of dates
        The holiday's days; every year of ``span`` and of ``time`` must be there.
    window : tuple of int
        Days from the holiday, inclusive.
    time : DatetimeIndex
        First days of months.
    span : tuple of int
        First and last year of the mean.

    Returns
    -------
    array of float, shape (time,)
        Of mean zero over the span in each calendar month.

    Raises
    ------
    CalendarRangeError
        When a year of the span or of ``time`` has no date.

    References
    ----------
    U.S. Census Bureau, genhol, ``center = calendar``.

    Examples
    --------
    >>> months = pd.date_range("2025-01-01", periods=3, freq="MS")
    >>> centred_share(festival_dates("spring_festival"), POST, months).round(3)
    array([-0.017,  0.189, -0.172])
    """
    years = set(np.asarray(dates, dtype="datetime64[Y]").astype(int) + 1970)
    missing = sorted({*range(span[0], span[1] + 1), *time.year} - years)
    if missing:
        raise CalendarRangeError(f"no holiday date in {missing[0]}: give one for each year of the span and of the months", years=missing)
    long = pd.date_range(f"{span[0]}-01-01", f"{span[1]}-12-01", freq="MS")
    means = window_share(dates, window, long).reshape(-1, 12).mean(axis=0)
    return np.asarray(window_share(dates, window, time) - means[time.month - 1], dtype=np.float64)


def _extra_days_off(entries: Entries, year: int) -> NDArray[np.int64]:
    """Days off beside the ordinary weekends, by month: holidays on weekdays less weekends worked."""
    extra = np.zeros(12, dtype=np.int64)
    for day, (kind, _) in entries.items():
        if day.year == year:
            extra[day.month - 1] += (kind in OFF and day.weekday() < 5) - (kind == MAKEUP and day.weekday() >= 5)
    return extra


def _days_off(entries: Entries, year: int) -> NDArray[np.int64]:
    """Days off by month of a year."""
    starts = np.arange(f"{year}-01", f"{year + 1}-02", dtype="datetime64[M]").astype("datetime64[D]")
    weekends = np.diff(starts).astype(np.int64) - np.busday_count(starts[:-1], starts[1:])
    return np.asarray(weekends + _extra_days_off(entries, year), dtype=np.int64)


@functools.lru_cache(maxsize=16)
def _mean_days_off(law: Law) -> tuple[float, ...]:
    """Mean days off by calendar month over the span, were a law in force throughout."""
    years = range(SPAN[0], SPAN[1] + 1)
    return tuple(float(value) for value in np.mean([_days_off(expected_entries(year, law), year) for year in years], axis=0))


def mean_days_off(as_of: str | dt.date | pd.Timestamp) -> NDArray[np.float64]:
    """Days off that each calendar month holds on average under the law in force on a date.

    The mean is over 1902-2098 of the expectation by rule, never over a sample.

    Parameters
    ----------
    as_of : str or date
        Decides the law.

    Returns
    -------
    array of float, shape (12,)
        January to December, days.

    Raises
    ------
    CalendarRangeError
        Before the first law of the table.

    Examples
    --------
    >>> round(float(mean_days_off("2025-01-31").sum() - mean_days_off("2024-01-31").sum()), 2)
    2.0
    """
    day = as_date(as_of, "as_of")
    return np.array(_mean_days_off(law_for(day.year, day)))


def _months(start: str | dt.date | pd.Timestamp, end: str | dt.date | pd.Timestamp) -> pd.DatetimeIndex:
    """First days of the months from one day's to the other's."""
    first, last = as_date(start, "start"), as_date(end, "end")
    if last < first:
        raise PeriodError(f"end = {last} lies before start = {first}: swap them", names=["start", "end"])
    for year in (first.year, last.year):
        check_year(year)
    return pd.date_range(f"{first:%Y-%m}-01", f"{last:%Y-%m}-01", freq="MS")


def _festival_regressor(window: tuple[int, int], time: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Centred share of a window around the Spring Festival; months that a window from beyond the table could reach are refused."""
    first, last = year_range()
    dates = festival_dates("spring_festival")
    # 21 January and 20 February are the earliest and the latest Spring Festival, 20 and 314 days from their year's ends
    if (window[0] < -20 and time.year.max() == last) or (window[1] > 314 and time.year.min() == first):
        message = f"window {window} reaches in from a year outside {first}-{last}: shorten it or leave out the table's first and last year"
        raise CalendarRangeError(message, got=window, expected=f"{first}-{last}")
    return centred_share(dates, window, time)


def month_features(
    start: str | dt.date | pd.Timestamp,
    end: str | dt.date | pd.Timestamp,
    as_of: str | dt.date | pd.Timestamp,
    windows: Mapping[str, tuple[int, int]] | None = None,
) -> xr.Dataset:
    """Calendar features by month, as known on a date.

    With January and February published as one sum, a window before or during the Spring Festival always lies inside the
    sum and its regressor is zero there: only the window after it, which spills into March, can be estimated. ``PRE`` and
    ``DURING`` are for series with real months.

    Parameters
    ----------
    start, end : str or date
        First and last month, both included; from 2000 to 2099.
    as_of : str or date
        Only notices and laws announced by then are used.
    windows : mapping of str to (int, int), optional
        Name and days from the Spring Festival, inclusive; ``{"post_festival": (7, 21)}`` by default.

    Returns
    -------
    xarray.Dataset, dims (time)
        ``days``, ``workdays``, ``days_off`` (days); one centred share (1) a window; ``leap_day`` (log of February's
        length over 28.25, nought in other months); ``status`` (confirmed or estimated).

    Raises
    ------
    CalendarRangeError
        Outside the lunar table, or before the first law.
    PeriodError
        When a date cannot be read, or ``end`` lies before ``start``.

    See Also
    --------
    statutory_calendar : the same by day.

    References
    ----------
    Bell and Hillmer (1983), JASA 78; Lin and Liu (2002), Modeling lunar calendar effects in Taiwan.

    Examples
    --------
    >>> features = month_features("2025-01", "2025-03", as_of="2025-01-31")
    >>> features["workdays"].values, features["post_festival"].values.round(3)
    (array([19, 19, 21]), array([-0.017,  0.189, -0.172]))
    """
    time, day = _months(start, end), as_date(as_of, "as_of")
    years = range(time[0].year, time[-1].year + 1)
    known = {year: known_entries(year, day) for year in years}
    off = np.concatenate([_days_off(known[year][0], year) for year in years])[time[0].month - 1 :][: len(time)]
    days = time.days_in_month.to_numpy().astype(np.int64)
    columns = {name: _festival_regressor(window, time) for name, window in (_WINDOWS if windows is None else windows).items()}
    leap = np.where(time.month == 2, np.log(days / _FEBRUARY), 0.0)
    features = xr.Dataset(
        {"days": ("time", days), "workdays": ("time", days - off), "days_off": ("time", off), "leap_day": ("time", leap)},
        coords={"time": time},
        attrs={"as_of": day.isoformat()},
    )
    features = features.assign({name: ("time", column) for name, column in columns.items()})
    features["status"] = ("time", np.array([known[year][1] for year in time.year]))
    _label(features, windows=columns)
    return features


def _label(features: xr.Dataset, windows: Mapping[str, object]) -> None:
    """Units and long names."""
    texts = {
        "days": ("d", "days"),
        "workdays": ("d", "workdays, make-up weekends included"),
        "days_off": ("d", "weekends and holidays off"),
        "leap_day": ("log points", "log of February's length over its mean"),
        "status": ("1", "whether the year's calendar was announced"),
        **dict.fromkeys(windows, ("1", "centred share of the window around the Spring Festival")),
    }
    for name, (units, text) in texts.items():
        features[name].attrs.update(units=units, long_name=text)
