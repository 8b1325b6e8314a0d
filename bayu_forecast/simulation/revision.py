"""What a census still to come may do to a figure before it is printed.

Floor F5. A census changes the basis of prints from a dated reference year on; its size is drawn from the steps that had
been published by the date, so nothing learned later enters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from bayu_forecast._numeric.streams import uniforms
from bayu_forecast.schema.names import LEVEL, SAMPLE, SERIES, TIME

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot

    Array = NDArray[np.float64]

#: normal-inverse-gamma prior of a census step in logs: centred on none with the weight of one census, spread 5 %
#: with the weight of four
_PRIOR_MEAN, _PRIOR_COUNT, _PRIOR_SD, _PRIOR_DF = 0.0, 1.0, 0.05, 4.0


def step_distribution(steps: Array) -> tuple[float, float, float]:
    """Location, scale and degrees of freedom of the next step: the predictive Student t after the known ones.

    Gelman et al. (2013), Bayesian Data Analysis, section 3.3.
    """
    n = len(steps)
    mean = float(steps.mean()) if n else 0.0
    count, df = _PRIOR_COUNT + n, _PRIOR_DF + n
    location = (_PRIOR_COUNT * _PRIOR_MEAN + n * mean) / count
    squares = float(((steps - mean) ** 2).sum()) if n else 0.0
    total = _PRIOR_DF * _PRIOR_SD**2 + squares + _PRIOR_COUNT * n / count * (mean - _PRIOR_MEAN) ** 2
    return location, float(np.sqrt(total / df * (1 + 1 / count))), df


def revision_paths(value: xr.DataArray, known: Snapshot, printed_as: dict[str, str], table: pd.DataFrame, seed: int) -> xr.DataArray:
    """Log factor (sample, series, time) between the paths' basis and the basis a month will be printed on."""
    out = xr.zeros_like(value)
    location, scale, df = step_distribution(known.census_steps["step"].to_numpy(dtype=float))
    year = value[TIME].dt.year.to_numpy()
    for series, full_name in printed_as.items():
        levels = table[(table["series"] == full_name) & (table["measure"] == LEVEL)]
        last_seen = int(levels["period_end"].dt.year.max())
        for first_year in known.censuses["first_year"]:
            if first_year > last_seen and (year >= first_year).any():
                u = uniforms(seed, ("census", full_name, int(first_year)), 1, value.sizes[SAMPLE])[0]
                step = location + scale * stdtrit(df, u)
                out.loc[{SERIES: series}] += step[:, None] * (year >= first_year)[None, :]
    return out
