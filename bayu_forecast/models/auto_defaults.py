"""Weights and calibration of AutoForecaster by frequency, learned once.

Floor F2 (east). How they were learned, and how far they carry over: ``docs/auto.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Defaults:
    """Of one frequency.

    Attributes
    ----------
    weights : mapping of str to float
        By member, in proportion.
    first, growth : float
        Factor on the pool's spread at the first step, and its change for each doubling of the horizon.
    """

    weights: Mapping[str, float]
    first: float = 1.0
    growth: float = 0.0

    def spread(self, horizon: int) -> NDArray[np.float64]:
        """Factor at each step, (horizon,)."""
        return np.asarray(self.first + self.growth * np.log2(np.arange(1, horizon + 1)))


_YEARLY = Defaults({"smoothing": 1.0, "structural": 1.0, "residual": 0.5, "growth": 0.0})
_QUARTERLY = Defaults({"smoothing": 1.0, "structural": 1.0, "residual": 1.0, "growth": 0.7})
_MONTHLY = Defaults({"smoothing": 1.0, "structural": 1.0, "residual": 1.0, "growth": 0.4})


def defaults_of(season: int) -> Defaults:
    """Defaults of the nearest frequency that was learned."""
    if season == 1:
        return _YEARLY
    return _QUARTERLY if season < 9 else _MONTHLY
