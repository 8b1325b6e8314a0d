"""AutoForecaster: the best single entry, a calibrated combination of what errs differently.

Floor F2 (east). Members, weights and calibration constants by frequency stand in ``auto_defaults``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.pooling import pool_quantiles
from bayu_forecast.models.auto_defaults import defaults_of
from bayu_forecast.models.base import Forecaster, Panel
from bayu_forecast.models.boosting import BoostingForecaster
from bayu_forecast.models.combination import LEVELS, CombinedForecaster
from bayu_forecast.models.panel import PanelStructural
from bayu_forecast.models.smoothing import SmoothingForecaster

Array = NDArray[np.float64]

#: series at which the boosters, which learn across series, have half of their full weight
_HALF_WEIGHT = 12


class AutoForecaster(CombinedForecaster):
    """Forecast any panel with the best that the library has: no choices, one set of defaults.

    Four members whose errors differ: a pool of exponential smoothers, a mixture of structural models, and two boosted models that learn across
    the panel, one from what smoothing leaves and one from seasonal growth. The centre is the weighted mean of their medians; the
    distribution is their linear pool about that centre, its spread calibrated for the frequency and step. Weights and calibration were
    learned on histories of public series (``docs/auto.md``); the boosters' weight grows with the number of series.

    Parameters
    ----------
    seed : int
        Of the boosters.

    Attributes
    ----------
    members_, weights_, drivers_
        As in :class:`CombinedForecaster`.

    References
    ----------
    Timmermann (2006), Forecast combinations. Handbook of Economic Forecasting 1.
    Petropoulos and Svetunkov (2020), A simple combination of univariate models. International Journal of Forecasting 36.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[10.0 + t % 4 for t in range(40)]], season=4)
    >>> bf.AutoForecaster().fit(y).predict(4)["median"].round(1).values.tolist()
    [[10.0, 11.0, 12.0, 13.0]]
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def _fit(self, panel: Panel) -> None:
        self._defaults = defaults_of(panel.season)
        self._positive = np.nanmin(panel.values, axis=1) >= 0
        learned = len(panel.series) / (len(panel.series) + _HALF_WEIGHT)
        share = {"smoothing": 1.0, "structural": 1.0, "residual": learned, "growth": learned}
        if len(panel.series) < 2:
            share = {"smoothing": 1.0, "structural": 1.0}
        members = [(name, member) for name, member in self._candidates() if name in share]
        self._fit_members(panel, members)
        self._weigh(panel, np.array([self._defaults.weights[name] * share[name] for name in self.members_]))

    def _candidates(self) -> list[tuple[str, Forecaster]]:
        return [("smoothing", SmoothingForecaster()), ("structural", PanelStructural()), ("residual", BoostingForecaster(seed=self.seed)),
                ("growth", BoostingForecaster(mode="growth", seed=self.seed))]

    def _calibration(self, horizon: int, features: Array | None) -> tuple[Array, Array, Array, Array]:
        """Centre and the pool's own median (n_series, horizon), the factor of each step, and the members' quantiles."""
        _, quantiles = self._each_summary(horizon, features)
        weights = self.weights_.values
        centre = np.where(weights[..., None] > 0, weights[..., None] * quantiles[:, -1], 0.0).sum(axis=0)
        middle = pool_quantiles(quantiles[:, :-1], LEVELS, weights, np.array([0.5]))[0]
        return centre, middle, self._defaults.spread(horizon), quantiles[:, :-1]

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        centre, middle, factor, quantiles = self._calibration(horizon, features)
        pooled = pool_quantiles(quantiles, LEVELS, self.weights_.values, np.asarray(levels, dtype=np.float64))
        return centre, self._inside(centre + factor * (pooled - middle), axis=1)

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        centre, middle, factor, _ = self._calibration(horizon, features)
        return self._inside(centre + factor * (super()._simulate(horizon, samples, rng, features) - middle), axis=1)

    def _inside(self, values: Array, axis: int) -> Array:
        """No negative values for series that never were."""
        shape = [1] * values.ndim
        shape[axis] = -1
        return np.where(self._positive.reshape(shape), np.maximum(values, 0.0), values)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        return [{}]
