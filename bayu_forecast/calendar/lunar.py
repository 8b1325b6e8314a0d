"""Dates of the lunar festivals, 1901-2099, from a bundled table.

Floor F2. It must never compute a date at run time, nor guess one beyond the table.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayu_forecast.calendar._tables import read_table
from bayu_forecast.errors import CalendarRangeError, UnknownNameError

FESTIVALS: Final = ("spring_festival", "lantern", "qingming", "dragon_boat", "mid_autumn")


@functools.cache
def _columns() -> dict[str, NDArray[np.datetime64]]:
    """The table by column; ``year`` included as 1 January."""
    rows = read_table("lunar.csv")
    return {name: np.array([row[name] for row in rows], dtype="datetime64[D]") for name in ("year", *FESTIVALS)}


def year_range() -> tuple[int, int]:
    """First and last year of the lunar table.

    Returns
    -------
    tuple of int
        Both inclusive.

    Examples
    --------
    >>> year_range()
    (1901, 2099)
    """
    years = _columns()["year"].astype("datetime64[Y]").astype(int) + 1970
    return int(years[0]), int(years[-1])


def check_year(year: int) -> None:
    """Refuse a year that the lunar table does not hold.

    Parameters
    ----------
    year : int
        Gregorian year.

    Raises
    ------
    CalendarRangeError
        Outside 1901-2099.
    """
    first, last = year_range()
    if not first <= year <= last:
        message = f"year {year} lies outside the lunar table, which holds {first} to {last}: ask for a year inside, or extend the table"
        raise CalendarRangeError(message, got=year, expected=f"{first}-{last}")


def festival_dates(name: str) -> NDArray[np.datetime64]:
    """All dates of a festival in the table, one a year.

    Parameters
    ----------
    name : str
        One of ``FESTIVALS``.

    Returns
    -------
    array of datetime64[D], shape (199,)
        In order of years; a copy.

    Raises
    ------
    UnknownNameError
        When the festival is not in the table.

    Examples
    --------
    >>> festival_dates("spring_festival")[:2]
    array(['1901-02-19', '1902-02-08'], dtype='datetime64[D]')
    """
    if name not in FESTIVALS:
        raise UnknownNameError(f"festival {name!r} is not in the lunar table: use one of {', '.join(FESTIVALS)}", names=list(FESTIVALS))
    return _columns()[name].copy()


def festival(name: str, year: int) -> np.datetime64:
    """Date of a festival in a year.

    Parameters
    ----------
    name : str
        One of ``FESTIVALS``.
    year : int
        Gregorian year, 1901-2099.

    Returns
    -------
    datetime64[D]
        The day.

    Raises
    ------
    CalendarRangeError
        Outside the table.
    UnknownNameError
        When the festival is not in the table.

    Examples
    --------
    >>> print(festival("spring_festival", 2026))
    2026-02-17
    """
    check_year(year)
    day: np.datetime64 = festival_dates(name)[year - year_range()[0]]
    return day


def lunar_table() -> xr.Dataset:
    """The whole table of lunar festivals.

    Returns
    -------
    xarray.Dataset, dims (year)
        One datetime64 variable a festival. The Spring Festival falls between 21 January and 20 February.

    References
    ----------
    GB/T 33661-2017, Calculation and promulgation of the Chinese calendar.

    Examples
    --------
    >>> str(lunar_table()["mid_autumn"].sel(year=2025).values)[:10]
    '2025-10-06'
    """
    first, last = year_range()
    table = xr.Dataset({name: ("year", festival_dates(name).astype("datetime64[s]")) for name in FESTIVALS},
                       coords={"year": np.arange(first, last + 1)})  # fmt: skip
    for name in FESTIVALS:
        table[name].attrs["long_name"] = f"date of {name.replace('_', ' ')}"
    return table
