"""Weights and calibration of AutoForecaster by frequency, learned once.

Floor F2 (east). How they were learned, and how far they carry over: ``docs/auto.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayu_forecast.models.frequency import nearest

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Defaults:
    """Of one frequency.

    Attributes
    ----------
    weights : mapping of str to float
        By member, in proportion.
    near, per_spread : float
        Factor on a distance from the pool's median: ``near`` at none, more by ``per_spread`` for each spread (standard deviation) away,
        up to three. A linear pool is too wide in the middle and about right in the tails.
    short : float
        Values' worth by which short series are less sure than their members say: the factor is multiplied by 1 + short / n.
    """

    weights: Mapping[str, float]
    near: float
    per_spread: float
    short: float

    def factor(self, away: Array, count: Array) -> Array:
        """Factor on distances given in spreads, (n, n_series, horizon), for series of ``count`` values."""
        return np.asarray((self.near + self.per_spread * np.minimum(away, 3.0)) * (1.0 + self.short / count)[:, None])


_YEARLY = Defaults({"smoothing": 1.0, "structural": 1.0, "theta": 1.0, "residual": 2.0, "growth": 1.0}, near=0.80, per_spread=0.05,
                   short=4.0)
_QUARTERLY = Defaults({"smoothing": 1.0, "structural": 1.0, "kernel": 1.0, "residual": 1.0, "growth": 1.0}, near=0.70, per_spread=0.06,
                      short=8.0)
_MONTHLY = Defaults({"structural": 1.0, "kernel": 3.0, "residual": 1.5, "growth": 1.0}, near=0.78, per_spread=0.04, short=8.0)
_WEEKLY = replace(_MONTHLY, weights={"structural": 2.0, "kernel": 1.0, "residual": 0.5, "growth": 1.5})


def defaults_of(season: int) -> Defaults:
    """Defaults of the nearest frequency."""
    return nearest(season, yearly=_YEARLY, quarterly=_QUARTERLY, monthly=_MONTHLY, weekly=_WEEKLY)
