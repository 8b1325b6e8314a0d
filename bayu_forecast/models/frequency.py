"""Which of what was learned by frequency serves a season, how long its cycle is and how many values are used.

Floor F2 (east).
"""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

#: from so many steps to a cycle on it is years of weeks
_WEEKS = 40
#: fewest and most values that are used, whatever the season
_FEWEST_VALUES, _MOST_VALUES = 100, 420
#: steps to a cycle where it is not whole: weeks to a year
_CYCLE = {52: 52.1775}


def nearest(season: int, *, yearly: T, quarterly: T, monthly: T, weekly: T, months: int = 9) -> T:
    """Return what was learned at the nearest frequency: years without a season, a few places to one (quarters), many, or weeks.

    Parameters
    ----------
    season : int
        Steps to a seasonal cycle.
    yearly, quarterly, monthly, weekly
        What to choose from.
    months : int
        From so many steps on a cycle is like one of months.

    Examples
    --------
    >>> [nearest(s, yearly="y", quarterly="q", monthly="m", weekly="w") for s in (1, 4, 7, 12, 24, 52)]
    ['y', 'q', 'q', 'm', 'm', 'w']
    """
    return yearly if season == 1 else quarterly if season < months else monthly if season < _WEEKS else weekly


def cycle_of(season: int) -> float:
    """Steps to a cycle."""
    return _CYCLE.get(season, float(season))


def values_used(season: int, cycles: int = 12) -> int:
    """Most recent values that are used."""
    return min(max(cycles * season, _FEWEST_VALUES), _MOST_VALUES)
