"""Which structures are common: the prior over trends, seasonal patterns and noise, and a spread of structures drawn from it.

Floor F2 (east). The values are for series of standard deviation one on their scale. They were compared by hand on several public
collections together, a part of each; none is fitted to a single one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bayu_forecast._numeric.streams import generator
from bayu_forecast._numeric.variogram import FIELDS
from bayu_forecast.models.frequency import nearest

Array = NDArray[np.float64]

#: structures in a spread, and the key of their draw: part of the numbers
_COUNT, _KEY = 300, 1
#: bounds on the log of any size, so that no structure is degenerate
_SMALLEST, _LARGEST = -5.0, 1.5
_LEAST_NOISE = -4.0
#: from so many steps on a cycle is like one of months
_MONTHS = 6


@dataclass(frozen=True)
class Part:
    """Prior of one field of a structure: log-normal, absent from some structures.

    Attributes
    ----------
    median : float
    log_sd : float
    absent : float
        Share of structures that do without.
    """

    median: float
    log_sd: float
    absent: float = 0.0


_MONTHLY = {
    "drift": Part(0.26, 0.45),
    "slope": Part(0.244, 0.69),
    "slope_rate": Part(1.1, 0.3),
    "level": Part(0.217, 0.98),
    "cycle": Part(0.247, 0.8, absent=0.6),
    "cycle_rate": Part(2.0, 0.9),
    "season": Part(0.368, 1.2),
    "season_memory": Part(10.0, 0.9),
    "season_width": Part(0.756, 0.67),
    "fixed": Part(0.368, 0.8, absent=0.2),
    "noise": Part(0.223, 1.1),
}
_QUARTERLY = _MONTHLY | {
    "drift": Part(0.223, 0.45),
    "slope": Part(0.244, 0.69, absent=0.15),
    "slope_rate": Part(1.65, 0.35),
    "level": Part(0.407, 0.5),
    "noise": Part(0.165, 1.0),
}
#: neighbouring weeks of the year differ more than neighbouring months: holidays and promotions come and go within a week or two
_WEEKLY = _MONTHLY | {"season_width": Part(0.1, 0.67)}
_YEARLY = _MONTHLY | {
    "drift": Part(0.202, 0.5, absent=0.2),
    "slope": Part(0.247, 0.7, absent=0.6),
    "slope_rate": Part(1.0, 0.3),
    "level": Part(0.449, 0.5),
    "season": Part(1.0, 0.0, absent=1.0),
    "fixed": Part(1.0, 0.0, absent=1.0),
    "noise": Part(0.165, 1.0),
}


def prior_of(season: int) -> dict[str, Part]:
    """Prior for a season, that of the nearest frequency; days of the week are like months here."""
    return nearest(season, yearly=_YEARLY, quarterly=_QUARTERLY, monthly=_MONTHLY, weekly=_WEEKLY, months=_MONTHS)


def scales_of(season: int, *, drivers: bool = False) -> tuple[float, ...]:
    """Scales that are averaged over: annual growth tapers sooner, and drivers mostly multiply."""
    if drivers:
        return 0.0, 0.5, 2.0
    return (2.0, 4.0) if season == 1 else (0.5, 2.0)


def tails_of(season: int) -> tuple[float, float]:
    """Factor on the size of shocks and degrees of freedom: sparse series break more often than their past tells."""
    return nearest(season, yearly=(1.16, 5.0), quarterly=(0.96, 7.0), monthly=(0.92, 8.0), weekly=(0.92, 8.0), months=_MONTHS)


@cache
def structures_of(season: int) -> Array:
    """Spread of structures (n_structures, len(FIELDS)) that stands for the prior, each equally likely.

    A Latin hypercube: every field takes each of as many equally likely values once.

    Examples
    --------
    >>> structures_of(12).shape == (300, len(FIELDS))
    True
    """
    out = np.empty((_COUNT, len(FIELDS)))
    for place, (name, part) in enumerate((name, prior_of(season)[name]) for name in FIELDS):
        score, share = ((generator(_KEY, "structure", name, use).permutation(_COUNT) + 0.5) / _COUNT for use in ("size", "absent"))
        log = np.clip(np.log(part.median) + part.log_sd * ndtri(score), _LEAST_NOISE if name == "noise" else _SMALLEST, _LARGEST)
        if name.endswith(("_rate", "_memory", "_width")):
            log = np.log(part.median) + part.log_sd * ndtri(score)
        out[:, place] = np.where(share < part.absent, 0.0, np.exp(log))
    out.flags.writeable = False
    return out


def typical_structure(season: int) -> Array:
    """The structure (1, len(FIELDS)) of medians, without the parts that most do without."""
    prior = prior_of(season)
    return np.array([[0.0 if prior[name].absent >= 0.5 else prior[name].median for name in FIELDS]])
