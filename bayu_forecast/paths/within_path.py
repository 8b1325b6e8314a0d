"""Inside a path: sums, year-to-date totals, growth and shares, each sample on its own.

Floor F2. It never reduces over samples, and it never lets growth or a share cross two bases: the factor of a census
revision enters sums that are asked for as printed, and nothing else.
"""

from __future__ import annotations

import difflib

import numpy as np
import pandas as pd
import xarray as xr

from bayu_forecast.errors import HorizonError, SchemaError, UnknownNameError
from bayu_forecast.schema.names import SERIES, TIME, UNIT_MONEY, UNIT_RATIO

#: a month as ``2025-06`` or as a timestamp in it
Month = str | pd.Timestamp


def window_sum(paths: xr.Dataset, series: str, start: Month, end: Month, *, printed: bool = False) -> xr.DataArray:
    """Sum a series over a window of months, inside each path.

    Parameters
    ----------
    paths : Dataset
        Sample paths.
    series : str
        Label of the series.
    start, end : str or Timestamp
        First and last month, both included.
    printed : bool
        As it will be printed, with census revisions still to come; otherwise on the path's own basis.

    Returns
    -------
    DataArray (scenario, sample)
        1e8 CNY.

    Raises
    ------
    UnknownNameError
        When there is no such series.
    HorizonError
        When the paths do not cover every month; the message names the missing ones.
    SchemaError
        When a series that is known by year only is asked for parts of years.

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> paths = as_sample_paths(np.ones((1, 2, 1, 24)), series=["x"], start="2024-01", as_of="2025-01-31", revision=np.log(1.1))
    >>> window_sum(paths, "x", "2024-11", "2025-02").values
    array([[4., 4.]])
    >>> window_sum(paths, "x", "2024-11", "2025-02", printed=True).values.round(3)
    array([[4.4, 4.4]])
    """
    first, last = _month(start), _month(end)
    _require_series(paths, series)
    _require_months(paths, first, last)
    if _resolution(paths, series) == "year" and (first.month, last.month) != (1, 12):
        raise SchemaError(
            f"{series!r} is published by year: {first:%Y-%m} to {last:%Y-%m} is not a span of whole years; ask for January to December",
            names=[series], expected="whole years",
        )
    total = monthly(paths.sel({TIME: slice(first, last)}), series, printed=printed).sum(TIME)
    return total.assign_attrs(units=UNIT_MONEY, long_name=f"{series}, {first:%Y-%m} to {last:%Y-%m}{', as printed' if printed else ''}")


def annual_sum(paths: xr.Dataset, series: str, year: int, *, printed: bool = False) -> xr.DataArray:
    """Sum a series over a calendar year, inside each path.

    Parameters
    ----------
    paths, series, printed
        As in :func:`window_sum`.
    year : int
        Calendar year.

    Returns
    -------
    DataArray (scenario, sample)
        1e8 CNY.

    Raises
    ------
    UnknownNameError, HorizonError
        As in :func:`window_sum`.

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> paths = as_sample_paths(np.ones((1, 2, 1, 24)), series=["x"], start="2024-01", as_of="2025-01-31")
    >>> annual_sum(paths, "x", 2025).values
    array([[12., 12.]])
    """
    return window_sum(paths, series, f"{year}-01", f"{year}-12", printed=printed)


def year_to_date(paths: xr.Dataset, series: str, month: Month, *, printed: bool = False) -> xr.DataArray:
    """Sum a series from January to a month of the same year, inside each path.

    Parameters
    ----------
    paths, series, printed
        As in :func:`window_sum`.
    month : str or Timestamp
        Last month.

    Returns
    -------
    DataArray (scenario, sample)
        1e8 CNY.

    Raises
    ------
    UnknownNameError, HorizonError, SchemaError
        As in :func:`window_sum`.

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> paths = as_sample_paths(np.ones((1, 2, 1, 24)), series=["x"], start="2024-01", as_of="2025-01-31")
    >>> year_to_date(paths, "x", "2025-06").values
    array([[6., 6.]])
    """
    last = _month(month)
    return window_sum(paths, series, f"{last.year}-01", last, printed=printed)


def growth(paths: xr.Dataset, series: str, start: Month, end: Month) -> xr.DataArray:
    """Growth of a window of months over the same months a year before, inside each path and on its one basis.

    Parameters
    ----------
    paths, series, start, end
        As in :func:`window_sum`. There is no ``printed``: a growth never crosses two bases.

    Returns
    -------
    DataArray (scenario, sample)
        Ratio (0.05 = 5 %).

    Raises
    ------
    UnknownNameError, HorizonError, SchemaError
        As in :func:`window_sum`, for either year.

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> levels = np.repeat([1.0, 1.1], 12).reshape(1, 1, 1, 24)
    >>> paths = as_sample_paths(levels, series=["x"], start="2024-01", as_of="2025-01-31")
    >>> growth(paths, "x", "2025-01", "2025-02").values.round(3)
    array([[0.1]])
    """
    first, last = _month(start), _month(end)
    a_year = pd.DateOffset(years=1)
    ratio = window_sum(paths, series, first, last) / window_sum(paths, series, first - a_year, last - a_year)
    return (ratio - 1.0).assign_attrs(units=UNIT_RATIO, long_name=f"growth of {series}, {first:%Y-%m} to {last:%Y-%m}, over a year before")


def annual_growth(paths: xr.Dataset, series: str, year: int) -> xr.DataArray:
    """Growth of a calendar year over the year before, inside each path and on its one basis.

    Parameters
    ----------
    paths, series, year
        As in :func:`annual_sum`.

    Returns
    -------
    DataArray (scenario, sample)
        Ratio (0.05 = 5 %).

    Raises
    ------
    UnknownNameError, HorizonError
        As in :func:`window_sum`, for either year.

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> levels = np.repeat([1.0, 1.1], 12).reshape(1, 1, 1, 24)
    >>> paths = as_sample_paths(levels, series=["x"], start="2024-01", as_of="2025-01-31")
    >>> annual_growth(paths, "x", 2025).values.round(3)
    array([[0.1]])
    """
    return growth(paths, series, f"{year}-01", f"{year}-12")


def increment(paths: xr.Dataset, series: str, year: int) -> xr.DataArray:
    """Increment of a calendar year over the year before, inside each path and on its one basis.

    Parameters
    ----------
    paths, series, year
        As in :func:`annual_sum`.

    Returns
    -------
    DataArray (scenario, sample)
        1e8 CNY.

    Raises
    ------
    UnknownNameError, HorizonError
        As in :func:`window_sum`, for either year.

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> levels = np.repeat([1.0, 1.1], 12).reshape(1, 1, 1, 24)
    >>> paths = as_sample_paths(levels, series=["x"], start="2024-01", as_of="2025-01-31")
    >>> increment(paths, "x", 2025).values.round(3)
    array([[1.2]])
    """
    step = annual_sum(paths, series, year) - annual_sum(paths, series, year - 1)
    return step.assign_attrs(units=UNIT_MONEY, long_name=f"increment of {series}, {year} over {year - 1}")


def share(paths: xr.Dataset, part: str, whole: str, year: int) -> xr.DataArray:
    """Share of one annual total in another, inside each path and on its one basis.

    Parameters
    ----------
    paths, year
        As in :func:`annual_sum`.
    part, whole : str
        Series of the numerator and of the denominator.

    Returns
    -------
    DataArray (scenario, sample)
        Ratio (0.4 = 40 %).

    Raises
    ------
    UnknownNameError, HorizonError
        As in :func:`window_sum`, for either series.

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> levels = np.array([[[[2.0] * 12, [5.0] * 12]]])
    >>> paths = as_sample_paths(levels, series=["part", "whole"], start="2025-01", as_of="2025-01-31")
    >>> share(paths, "part", "whole", 2025).values
    array([[0.4]])
    """
    ratio = annual_sum(paths, part, year) / annual_sum(paths, whole, year)
    return ratio.assign_attrs(units=UNIT_RATIO, long_name=f"share of {part} in {whole}, {year}")


def covers(paths: xr.Dataset, first_year: int, last_year: int) -> bool:
    """Say whether the paths hold every month of these calendar years.

    Parameters
    ----------
    paths : Dataset
        Sample paths.
    first_year, last_year : int
        Both included.

    Returns
    -------
    bool

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> paths = as_sample_paths(np.ones((1, 1, 1, 23)), series=["x"], start="2024-01", as_of="2025-01-31")
    >>> covers(paths, 2024, 2024), covers(paths, 2024, 2025)
    (True, False)
    """
    time = paths.indexes[TIME]
    return bool(time[0] <= pd.Timestamp(first_year, 1, 1) and time[-1] >= pd.Timestamp(last_year, 12, 1))


def monthly(paths: xr.Dataset, series: str, *, printed: bool) -> xr.DataArray:
    """Monthly levels of one series (scenario, sample, time), with the factor of coming revisions when printed."""
    value = paths["value"].sel({SERIES: series}, drop=True)
    return value * np.exp(paths["revision"].sel({SERIES: series}, drop=True)) if printed else value


def _month(label: Month) -> pd.Timestamp:
    """First day of the month that a label names."""
    try:
        return pd.Timestamp(label).to_period("M").to_timestamp()
    except ValueError as error:
        raise SchemaError(f"{label!r} is no month: write it as 2025-06", got=str(label), expected="YYYY-MM") from error


def _resolution(paths: xr.Dataset, series: str) -> str:
    """``month`` or ``year``."""
    return str(paths["resolution"].sel({SERIES: series}).item())


def _require_series(paths: xr.Dataset, series: str) -> None:
    """Refuse an unknown series, naming the nearest."""
    known = [str(label) for label in paths.indexes[SERIES]]
    if series not in known:
        near = difflib.get_close_matches(series, known, n=3)
        hint = f"; nearest: {near}" if near else ""
        raise UnknownNameError(f"no series {series!r} in these paths, which hold {known}{hint}", names=[series], expected=known)


def _require_months(paths: xr.Dataset, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Refuse an empty window, or one with months that the paths lack."""
    if last < first:
        raise HorizonError(f"the window {first:%Y-%m} to {last:%Y-%m} ends before it starts")
    time = paths.indexes[TIME]
    names = [f"{month:%Y-%m}" for month in pd.date_range(first, last, freq="MS") if month not in time]
    if names:
        shown = ", ".join(names) if len(names) <= 12 else f"{names[0]} ... {names[-1]} ({len(names)} months)"
        raise HorizonError(
            f"the paths run from {time[0]:%Y-%m} to {time[-1]:%Y-%m} and lack {shown}: simulate further or ask for another span",
            rows=names, got=f"{time[0]:%Y-%m} to {time[-1]:%Y-%m}",
        )
