"""New moons and the Sun's longitude, from which the lunar festivals follow.

Floor F2, used by the build of the lunar table only: standard library, nothing of this package. It knows the sky and
the rule of the Chinese calendar; it must never be needed at run time.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from typing import Final

_J2000: Final = 2451545.0
_UNIX_EPOCH: Final = 2440587.5
_MONTH: Final = 29.530588861

#: terrestrial time minus universal time, seconds: observed to 2020, then the usual extrapolation
_DELTA_T: Final = (
    (1900, -3.0), (1920, 21.0), (1940, 24.0), (1960, 33.0), (1980, 51.0), (2000, 64.0), (2020, 70.0), (2050, 93.0), (2101, 200.0),
)  # fmt: skip

#: new moon, periodic terms: days, power of the eccentricity factor, multiples of (M, M', F, Omega)
_NEW_MOON: Final = (
    (-0.40720, 0, (0, 1, 0, 0)), (0.17241, 1, (1, 0, 0, 0)), (0.01608, 0, (0, 2, 0, 0)), (0.01039, 0, (0, 0, 2, 0)),
    (0.00739, 1, (-1, 1, 0, 0)), (-0.00514, 1, (1, 1, 0, 0)), (0.00208, 2, (2, 0, 0, 0)), (-0.00111, 0, (0, 1, -2, 0)),
    (-0.00057, 0, (0, 1, 2, 0)), (0.00056, 1, (1, 2, 0, 0)), (-0.00042, 0, (0, 3, 0, 0)), (0.00042, 1, (1, 0, 2, 0)),
    (0.00038, 1, (1, 0, -2, 0)), (-0.00024, 1, (-1, 2, 0, 0)), (-0.00017, 0, (0, 0, 0, 1)), (-0.00007, 0, (2, 1, 0, 0)),
    (0.00004, 0, (0, 2, -2, 0)), (0.00004, 0, (3, 0, 0, 0)), (0.00003, 0, (1, 1, -2, 0)), (0.00003, 0, (0, 2, 2, 0)),
    (-0.00003, 0, (1, 1, 2, 0)), (0.00003, 0, (-1, 1, 2, 0)), (-0.00002, 0, (-1, 1, -2, 0)), (-0.00002, 0, (1, 3, 0, 0)),
    (0.00002, 0, (0, 4, 0, 0)),
)  # fmt: skip

#: new moon, planetary terms: days, degrees at k = 0, degrees a lunation
_PLANETS: Final = (
    (0.000325, 299.77, 0.107408), (0.000165, 251.88, 0.016321), (0.000164, 251.83, 26.651886), (0.000126, 349.42, 36.412478),
    (0.000110, 84.66, 18.206239), (0.000062, 141.74, 53.303771), (0.000060, 207.14, 2.453732), (0.000056, 154.84, 7.306860),
    (0.000047, 34.52, 27.261239), (0.000042, 207.19, 0.121824), (0.000040, 291.34, 1.844379), (0.000037, 161.72, 24.198154),
    (0.000035, 239.56, 25.513099), (0.000023, 331.55, 3.592518),
)  # fmt: skip

#: the Sun's longitude, perturbations by Venus, Jupiter, the Moon and one long period: degrees, phase, degrees a century from 1900
_SUN: Final = (
    (0.00134, 243.23, 22518.7541), (0.00154, 306.57, 45037.5082), (0.00200, 42.69, 32964.3577), (0.00179, 350.74, 445267.1142),
    (0.00178, 231.19, 20.20),
)  # fmt: skip


def _sin(degrees: float) -> float:
    """Sine of an angle in degrees."""
    return math.sin(math.radians(degrees))


def _delta_t(julian: float) -> float:
    """Terrestrial minus universal time in days, linear between the knots."""
    year = 2000.0 + (julian - _J2000) / 365.25
    for (left, low), (right, high) in itertools.pairwise(_DELTA_T):
        if year <= right:
            return (low + (high - low) * (year - left) / (right - left)) / 86400.0
    return _DELTA_T[-1][1] / 86400.0


def _china_offset(year: int) -> float:
    """Time of the calendar ahead of universal time, in days: mean time of the capital until 1928, then UTC+8."""
    return 8.0 / 24.0 if year >= 1929 else (7.0 + 45.0 / 60.0 + 40.0 / 3600.0) / 24.0


def _local_day(julian_tt: float) -> dt.date:
    """Civil day in China of an instant given in terrestrial time."""
    julian = julian_tt - _delta_t(julian_tt)
    year = int(2000 + (julian - _J2000) / 365.25)
    return dt.date(1970, 1, 1) + dt.timedelta(days=math.floor(julian - _UNIX_EPOCH + _china_offset(year)))


def new_moon(lunation: int) -> float:
    """Instant of a new moon (Meeus, *Astronomical Algorithms*, chapter 49): Julian day in terrestrial time.

    Parameters
    ----------
    lunation : int
        Count of new moons from the one of 2000-01-06.

    Returns
    -------
    float
        Julian day; within half a minute over 1900-2100.

    Examples
    --------
    >>> round(new_moon(0), 3)
    2451550.26
    """
    t = lunation / 1236.85
    anomaly = 2.5534 + 29.10535670 * lunation - 0.0000014 * t**2
    moon = 201.5643 + 385.81693528 * lunation + 0.0107582 * t**2 + 0.00001238 * t**3
    latitude = 160.7108 + 390.67050284 * lunation - 0.0016118 * t**2
    node = 124.7746 - 1.56375588 * lunation + 0.0020672 * t**2
    eccentricity = 1.0 - 0.002516 * t - 0.0000074 * t**2
    angles = (anomaly, moon, latitude, node)
    day = 2451550.09766 + _MONTH * lunation + 0.00015437 * t**2
    for days, power, multiples in _NEW_MOON:
        day += days * eccentricity**power * _sin(sum(m * a for m, a in zip(multiples, angles, strict=True)))
    return day + sum(days * _sin(phase + speed * lunation) for days, phase, speed in _PLANETS)


def solar_longitude(day: dt.date) -> float:
    """Apparent longitude of the Sun, in degrees, when a civil day begins in China (Meeus, chapter 25, with perturbations).

    Parameters
    ----------
    day : datetime.date
        The day.

    Returns
    -------
    float
        Degrees in [0, 360), within eight minutes of time over 1900-2100.

    Examples
    --------
    >>> solar_longitude(dt.date(2025, 4, 4)) < 15 < solar_longitude(dt.date(2025, 4, 5))
    True
    """
    julian = (day - dt.date(1970, 1, 1)).days + _UNIX_EPOCH - _china_offset(day.year)
    t = (julian + _delta_t(julian) - _J2000) / 36525.0
    anomaly = 357.52911 + 35999.05029 * t - 0.0001537 * t**2
    centre = (1.914602 - 0.004817 * t) * _sin(anomaly) + (0.019993 - 0.000101 * t) * _sin(2 * anomaly) + 0.000289 * _sin(3 * anomaly)
    longitude = 280.46646 + 36000.76983 * t + 0.0003032 * t**2 + centre
    longitude += sum(size * _sin(phase + speed * (t + 1.0)) for size, phase, speed in _SUN)
    return (longitude - 0.00569 - 0.00478 * _sin(125.04 - 1934.136 * t)) % 360.0


def lunar_months(year: int) -> dict[int, dt.date]:
    """First days of the twelve ordinary months of a Chinese lunar year.

    Months begin on the day of the new moon; the winter solstice falls in month 11; between two such months a thirteenth
    is the first without a principal term (a longitude of 30 degrees) and bears no number of its own (GB/T 33661-2017).

    Parameters
    ----------
    year : int
        The year in which the lunar year begins, 1901-2099.

    Returns
    -------
    dict of int to datetime.date
        Months 1 to 10, whose numbers the winter solstices before and after settle.

    Examples
    --------
    >>> lunar_months(2025)[1]
    datetime.date(2025, 1, 29)
    """
    first = math.floor((dt.date(year - 1, 11, 15) - dt.date(2000, 1, 6)).days / _MONTH)
    starts = [_local_day(new_moon(first + i)) for i in range(17)]
    terms = [math.floor(solar_longitude(day) / 30.0) for day in starts]
    before, after = [i for i in range(16) if terms[i] < 9 <= terms[i + 1]][:2]
    leap = [i for i in range(before + 1, after) if terms[i] == terms[i + 1]][: after - before - 12]
    numbered = [starts[i] for i in range(before, after) if i not in leap]
    return dict(enumerate(numbered[2:], start=1))
