"""Template of a forecaster: copy it to ``bayu_forecast/models/``, rename the class, rewrite the two methods.

It is a whole forecaster, the mean of each season with normal noise, and keeps the contract: ``tests/test_conformance.py`` runs the
suite on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.streams import normals
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel

Array = NDArray[np.float64]


class SeasonalMean(Forecaster):
    """Mean of each season, with the noise around it.

    ``y[t] = mean[season of t] + sd e[t]``, both from the last ``cycles`` seasons. Wrong for anything that grows.

    Parameters
    ----------
    cycles : int
        How many seasonal cycles to look back.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> SeasonalMean().fit(bf.as_panel([[1, 2, 3, 4]], season=2)).predict(2)["mean"].values.round(1)
    array([[2., 3.]])
    """

    # what the forecaster can do: the suite holds it to this, and checks nothing that it does not claim
    tags = ForecasterTags(drivers=False, missing=True, min_length=1, scale_equivariant=True, positive=False)

    def __init__(self, *, cycles: int = 4) -> None:
        self.cycles = cycles  # the constructor only stores; what is wrong with a parameter is said by ``_fit``

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets, quick to fit, that the suite is run on."""
        return [{}, {"cycles": 2}]

    @classmethod
    def expected_failures(cls) -> dict[str, str]:
        """Checks that are known to fail, each with its reason; one that passes all the same is reported."""
        return {}

    def _fit(self, panel: Panel) -> None:
        """Learn from usable series: finite where observed, NaN before the start and in gaps. Learned names end in an underscore."""
        recent = panel.values[:, ::-1][:, : self.cycles * panel.season]  # newest first, so that place 0 is the last season
        self.means_, self.sds_ = np.empty((len(recent), panel.season)), np.empty(len(recent))
        for i, row in enumerate(recent):
            seen = row[np.isfinite(row)]
            if not seen.size:
                self._fail(panel.series[i], f"no value in the last {self.cycles} cycles")  # named, left out, and the others go on
                continue
            for place in range(panel.season):
                same = row[place :: panel.season]
                self.means_[i, -1 - place] = same[np.isfinite(same)].mean() if np.isfinite(same).any() else seen.mean()
            self.sds_[i] = seen.std()
        self.names_ = panel.series

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        """Draw paths (samples, n_series, horizon); draws are keyed by seed, stream and the series' label, in blocks of samples."""
        place = np.arange(horizon) % self.means_.shape[1]
        noise = np.stack([normals(rng, ("innovation", name), horizon, samples) for name in self.names_])
        paths = self.means_[:, place, None] + self.sds_[:, None, None] * noise
        return np.moveaxis(paths, -1, 0)  # a view: samples stay contiguous in memory, which makes quantiles fast
