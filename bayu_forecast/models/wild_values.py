"""Wild values of a panel, pulled in before forecasters that would take the last one for the level see them.

Floor F2 (east).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.latest_first import lengths_of
from bayu_forecast._numeric.outliers import pull_few
from bayu_forecast._numeric.scales import SHIFTS, from_scale, standardise
from bayu_forecast._numeric.variogram import variograms
from bayu_forecast.models.base import Panel
from bayu_forecast.models.frequency import cycle_of, values_used
from bayu_forecast.models.structure_prior import typical_structure

Array = NDArray[np.float64]

#: robust standard deviations beyond which a value is wild
_LIMIT = 15.0
#: robust standard deviations from what the rest says to which it is pulled
_NEAR = 3.0
#: most wild values of a series, as a share, three in any case: of more they are its nature
_FEW = 0.03
#: smallest change, in standard deviations of the series, that counts as one
_NONE = 1e-9


def tamed(panel: Panel) -> Panel:
    """The panel with its few wild values pulled in: on logs, halfway to them where there are zeros, on the level below zero.

    Only the values that a season uses are looked at (``values_used``); gaps stay gaps and drivers are not looked at.
    """
    latest = panel.values[:, :-values_used(panel.season) - 1:-1]
    seen = np.isfinite(latest)
    typical = variograms(typical_structure(panel.season), latest.shape[1], cycle_of(panel.season))[0]
    scaled = standardise(latest, SHIFTS[:2])
    scale = scaled.fits.argmax(axis=1)
    before = scaled.values[np.arange(len(latest)), scale]
    after = pull_few(before, seen, lengths_of(seen), typical, _LIMIT, _NEAR, _FEW)
    values = panel.values.copy()
    for s, t in np.argwhere(seen & (np.abs(after - before) > _NONE)).tolist():
        at = scale[s]
        values[s, -1 - t] = from_scale(after[s, t] * scaled.spread[s, at] + scaled.centre[s, at], SHIFTS[at], scaled.unit[s])
    return replace(panel, values=values)
