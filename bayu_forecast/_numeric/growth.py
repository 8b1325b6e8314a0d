"""Arithmetic of growth: average growth to a level, log growth, and what the rest of a year must do.

Floor F0, arrays only. It never knows on which basis a level stands: its callers make sure that both ends share one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def cagr(start: ArrayLike, end: ArrayLike, years: ArrayLike) -> NDArray[np.float64]:
    """Return the average growth a year from one level to another.

    .. math:: g = (K / x)^{1/n} - 1

    Parameters
    ----------
    start, end : array_like
        Levels ``x`` and ``K``, positive, same unit and basis.
    years : array_like
        Years ``n`` between them, positive.

    Returns
    -------
    array
        Ratio a year (0.05 = 5 %).

    Examples
    --------
    >>> f"{cagr(11787.20, 15500, 5):.3%}"
    '5.629%'
    """
    return np.asarray(np.expm1(log_growth(start, end) / np.asarray(years, dtype=np.float64)))


def log_growth(start: ArrayLike, end: ArrayLike) -> NDArray[np.float64]:
    """Return the log growth from one level to another.

    Parameters
    ----------
    start, end : array_like
        Positive levels, same unit and basis.

    Returns
    -------
    array
        ``log(end) - log(start)``; additive over time, unlike growth.

    Examples
    --------
    >>> print(log_growth(1.0, np.e))
    1.0
    """
    return np.asarray(np.log(np.asarray(end, dtype=np.float64)) - np.log(np.asarray(start, dtype=np.float64)))


def remaining_growth(target: ArrayLike, year_to_date: ArrayLike, last_year: ArrayLike, last_year_to_date: ArrayLike) -> NDArray[np.float64]:
    """Return the growth that the remaining months need, over the same months a year before, to reach an annual total.

    .. math:: g = (K - YTD) / (FY_{-1} - YTD_{-1}) - 1

    Parameters
    ----------
    target : array_like
        Annual total ``K`` to reach.
    year_to_date : array_like
        Total so far.
    last_year, last_year_to_date : array_like
        Whole year before, and its total over the same first months; same unit and basis.

    Returns
    -------
    array
        Ratio; below -1 once the target is passed.

    Examples
    --------
    >>> print(remaining_growth(110.0, 50.0, 100.0, 50.0).round(3))
    0.2
    """
    ahead = np.asarray(target, dtype=np.float64) - np.asarray(year_to_date, dtype=np.float64)
    before = np.asarray(last_year, dtype=np.float64) - np.asarray(last_year_to_date, dtype=np.float64)
    return np.asarray(ahead / before - 1.0)
