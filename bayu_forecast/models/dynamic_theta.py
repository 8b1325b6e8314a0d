"""DynamicThetaForecaster: the dynamic theta method averaged over its parameters, for panels.

Floor F2 (east). Recursions are in ``_numeric.dynamic_theta``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.dynamic_theta import columns, fit_theta
from bayu_forecast._numeric.panel_units import PanelUnits
from bayu_forecast._numeric.smoothing import moving_pattern
from bayu_forecast._numeric.streams import normals, uniforms
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel
from bayu_forecast.models.smoothing import quantiles_around

Array = NDArray[np.float64]

#: series run together
_CHUNK = 256


class DynamicThetaForecaster(Forecaster):
    """Theta with a trend line that is fitted anew at every step, averaged over 49 pairs of smoothing and theta.

    The seasonal pattern is that of a classical decomposition, multiplicative for series that are never negative. It errs differently from
    smoothing with a damped slope: the whole history's line carries on, which annual and quarterly series reward.

    References
    ----------
    Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016), Models for optimising the theta method and their relationship to state
    space models. International Journal of Forecasting 32.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[1.0, 2, 3, 4, 5, 6, 7, 8]], season=1)
    >>> bf.DynamicThetaForecaster().fit(y).predict(3)["median"].round().values.tolist()
    [[9.0, 10.0, 11.0]]
    """

    tags = ForecasterTags(drivers=False, missing=True, min_length=1)

    def _fit(self, panel: Panel) -> None:
        self._names, self._season, self._n_time = panel.series, panel.season, panel.values.shape[1]
        self._scaled = PanelUnits.of(panel.values)
        positive = self._scaled.positive[:, None]
        values = self._scaled.values
        logs = moving_pattern(np.log(np.where(positive, values, 1.0)), panel.season)
        self._pattern = np.where(positive, np.exp(logs), moving_pattern(values, panel.season))
        seasons = self._pattern[:, np.arange(self._n_time) % panel.season]
        self._adjusted = np.where(positive, values / np.where(positive, seasons, 1.0), values - seasons)

    def _ahead(self, horizon: int) -> tuple[Array, Array, Array, Array]:
        """Weights, seasonally adjusted forecasts and sigmas of the columns, and the pattern ahead (n_series, 1, horizon)."""
        fits = [fit_theta(self._adjusted[first:first + _CHUNK], horizon) for first in range(0, len(self._names), _CHUNK)]
        weight, ahead, sigma = (np.concatenate(each) for each in zip(*fits, strict=True))
        return weight, ahead, sigma, self._pattern[:, None, (self._n_time + np.arange(horizon)) % self._season]

    def _unit(self, adjusted: Array, pattern: Array) -> Array:
        """Seasons put back, from scaled (n_series, n, horizon) to the unit of the panel."""
        positive = self._scaled.positive[:, None, None]
        low, top = (bound[:, None, None] for bound in self._scaled.belt())
        scaled = np.clip(np.where(positive, adjusted * pattern, adjusted + pattern), low, top)
        unit = scaled * self._scaled.scale[..., None] - self._scaled.shift[..., None]
        return np.where(positive, np.maximum(unit, 0.0), unit)

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        weight, ahead, sigma, pattern = self._ahead(horizon)
        smoothing, _ = columns()
        drawn = np.empty((len(self._names), samples, horizon))
        for at, name in enumerate(self._names):
            place = uniforms(rng, ("theta", name), 1, samples)[0]
            column = np.minimum(np.searchsorted(np.cumsum(weight[at]), place), len(smoothing) - 1)
            shocks = normals(rng, ("innovation", name), horizon, samples).T * sigma[at, column][:, None]
            before = np.cumsum(shocks, axis=1) - shocks
            drawn[at] = ahead[at, column] + shocks + smoothing[column][:, None] * before
        return self._unit(drawn, pattern).transpose(1, 0, 2)

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        weight, ahead, sigma, pattern = self._ahead(horizon)
        smoothing, _ = columns()
        growth = 1.0 + smoothing[:, None]**2 * np.arange(horizon)
        share = weight[..., None]
        mean = (share * ahead).sum(axis=1)
        variance = (share * (sigma[..., None]**2 * growth + (ahead - mean[:, None])**2)).sum(axis=1)
        size = np.where(self._scaled.positive[:, None], pattern[:, 0], 1.0)
        centre = self._unit(mean[:, None], pattern)[:, 0]
        return centre, quantiles_around(centre, np.sqrt(variance) * size * self._scaled.scale, levels, self._scaled.positive)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        return [{}]
