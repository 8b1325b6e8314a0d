"""AutoForecaster: the best single entry, a calibrated combination of what errs differently.

Floor F2 (east). Members, weights and calibration constants by frequency stand in ``auto_defaults``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.panel_units import sporadic
from bayu_forecast._numeric.pooling import pool_quantiles
from bayu_forecast.models.auto_defaults import defaults_of
from bayu_forecast.models.base import Forecaster, Panel
from bayu_forecast.models.boosting import BoostingForecaster
from bayu_forecast.models.combination import LEVELS, CombinedForecaster
from bayu_forecast.models.driver_effects import driver_layer_of
from bayu_forecast.models.dynamic_theta import DynamicThetaForecaster
from bayu_forecast.models.kernel import KernelForecaster
from bayu_forecast.models.panel import PanelStructural
from bayu_forecast.models.smoothing import SmoothingForecaster
from bayu_forecast.models.wild_values import tamed

Array = NDArray[np.float64]

#: levels over which means are taken: all where sales are sporadic, else the middle four fifths, for tails are calibrated to cover and
#: means of all of them are biased
_ALL = (np.arange(40) + 0.5) / 40
_MIDDLE = 0.1 + 0.8 * _ALL
#: series at which the boosters, which learn across series, have half of their full weight
_HALF_WEIGHT = 12


class AutoForecaster(CombinedForecaster):
    """Forecast any panel with the best that the library has: no choices, one set of defaults.

    Members whose errors differ: a mixture of structural models, two boosted models that learn across the panel, one from what smoothing
    leaves and one from seasonal growth, Gaussian processes (not for years), a pool of exponential smoothers (years and quarters) and the
    dynamic theta method (years). The centre is the weighted mean of their medians; the distribution is their linear pool about that centre,
    its width calibrated. Weights and calibration are constants of the frequency (``docs/auto.md``); the boosters' weight grows with the
    number of series. Drivers act through one layer, fitted before the members and shrunk towards the panel's mean effects, so that
    a scenario changes every member by the same effect; how sure the effects are is in paths and intervals, which widen as a driver
    leaves its mean. ``mean`` is that of the middle four fifths of the distribution, of all of it for series with many zeros.

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
        self._count = np.isfinite(panel.values).sum(axis=1)
        self._sporadic = sporadic(panel.values)
        self._layer = None if panel.features is None else driver_layer_of(panel)
        if self._layer is not None and panel.features is not None:
            panel = replace(panel, values=self._layer.without(panel.values, panel.features), features=None, feature_names=())
        panel = tamed(panel)
        learned = len(panel.series) / (len(panel.series) + _HALF_WEIGHT)
        share = {name: weight * (learned if name in ("residual", "growth") else 1.0) for name, weight in self._defaults.weights.items()}
        members = {name: member for name, member in self._candidates().items() if share.get(name, 0.0) > 0.02}
        self._fit_members(panel, list(members.items()))
        self.drivers_ = dict.fromkeys(self.members_, self._layer is not None)
        self._weigh(panel, np.array([share[name] for name in members]))

    def _candidates(self) -> dict[str, Forecaster]:
        return {"smoothing": SmoothingForecaster(), "structural": PanelStructural(), "kernel": KernelForecaster(),
                "theta": DynamicThetaForecaster(),
                "residual": BoostingForecaster(seed=self.seed), "growth": BoostingForecaster(mode="growth", seed=self.seed)}

    def _own_features(self, name: str, member: Forecaster, features: Array | None) -> None:
        """No member sees the drivers: their effects are taken off before and put on after, the same in all."""

    def _calibration(self, horizon: int) -> tuple[Array, Array, Array, Array]:
        """Centre, the pool's own median and spread, each (n_series, horizon), and the members' quantiles."""
        _, quantiles = self._each_summary(horizon, None)
        weights = self.weights_.values
        centre = np.where(weights[..., None] > 0, weights[..., None] * quantiles[:, -1], 0.0).sum(axis=0)
        low, middle, high = pool_quantiles(quantiles[:, :-1], LEVELS, weights, np.array([0.1, 0.5, 0.9]))
        spread = np.maximum((high - low) / 2.5631, 1e-9 * np.maximum(np.abs(centre), 1e-300))
        return centre, middle, spread, quantiles[:, :-1]

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        centre, middle, spread, quantiles = self._calibration(horizon)
        wanted = np.concatenate([np.asarray(levels, dtype=np.float64), _MIDDLE, _ALL])
        grid = wanted if self._layer is None or features is None else LEVELS
        pooled = pool_quantiles(quantiles, LEVELS, self.weights_.values, grid)
        drawn = self._stretched(pooled, centre, middle, spread)
        if self._layer is not None and features is not None:
            drawn = self._layer.onto_quantiles(drawn, grid, features, wanted)
        told, middle, everything = np.split(drawn, [len(levels), len(levels) + len(_MIDDLE)])
        return np.where(self._sporadic[:, None], everything.mean(axis=0), middle.mean(axis=0)), told

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        centre, middle, spread, _ = self._calibration(horizon)
        drawn = self._stretched(super()._simulate(horizon, samples, rng, None), centre, middle, spread)
        if self._layer is None or features is None:
            return drawn
        return self._layer.onto_paths(drawn.transpose(1, 0, 2), features, rng, self._series).transpose(1, 0, 2)

    def _stretched(self, values: Array, centre: Array, middle: Array, spread: Array) -> Array:
        """Distances from the pool's median, (n, n_series, horizon), calibrated by their size and put about the centre.

        Nothing sold is nothing sold: zeros of series that are never negative stay zero, and nothing of theirs falls below.
        """
        away = values - middle
        moved = np.asarray(centre + away * self._defaults.factor(np.abs(away) / spread, self._count))
        return np.where(self._positive[:, None], np.where(values <= 0, 0.0, np.maximum(moved, 0.0)), moved)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        return [{}]

    @classmethod
    def expected_failures(cls) -> dict[str, str]:
        """Checks that members which learn across series cannot pass."""
        return {"chunks_of_series_are_nothing": "the boosters learn across all series: other company, other trees"}
