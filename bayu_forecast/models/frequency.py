"""Which of what was learned by frequency serves a season.

Floor F2 (east).
"""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

#: from so many steps to a cycle on it is years of weeks
_WEEKS = 40


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
