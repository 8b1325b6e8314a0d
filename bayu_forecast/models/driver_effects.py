"""The layer of drivers for a panel of any season: the structures under which effects are learned.

Floor F2 (east).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.driver_layer import DriverLayer
from bayu_forecast._numeric.variogram import variograms
from bayu_forecast.models.base import Panel
from bayu_forecast.models.frequency import cycle_of, values_used
from bayu_forecast.models.structure_prior import structures_of, typical_structure

#: one in so many of the prior's structures, beside the typical one
_EVERY = 20


def driver_layer_of(panel: Panel) -> DriverLayer:
    """Learn the effects of a panel's drivers."""
    assert panel.features is not None
    steps = min(panel.values.shape[1], values_used(panel.season))
    return DriverLayer.fit(panel.values, panel.features, _structures(panel.season, steps))


@cache
def _structures(season: int, steps: int) -> NDArray[np.float64]:
    """Variograms (n_structures, steps)."""
    return variograms(np.concatenate([typical_structure(season), structures_of(season)[::_EVERY]]), steps, cycle_of(season))
