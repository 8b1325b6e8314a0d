"""SmoothingForecaster: a weighted pool of exponential smoothers for panels, nothing selected.

Floor F2 (east). Arrays and recursions are in ``_numeric``; the learned priors of the frequencies in ``smoothing_prior``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bayu_forecast._numeric.smoothing_kept import forecast, keep, paths
from bayu_forecast._numeric.streams import normals, uniforms
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel
from bayu_forecast.models.smoothing_prior import prior_of

Array = NDArray[np.float64]

#: samples by series drawn together
_CHUNK = 1 << 16


class SmoothingForecaster(Forecaster):
    """Exponential smoothing averaged over forms, gains, trends and patterns.

    About 1,700 smoothers (400 without a season) run over the whole panel at once: on the level, relative, on logs and on roots; no trend,
    drift, damped and linear; fixed and moving seasons and none. Each counts by its fit and by a prior that was learned on public
    series of its frequency (exp of prior plus sharpness times mean log-likelihood). Averaging over structure as well as parameters is
    what makes it more accurate than choosing one by a criterion (Kourentzes, Petropoulos and Trapero 2014).

    Parameters
    ----------
    n_kept : int
        Columns kept for each series; their states are the fitted model.

    Attributes
    ----------
    kept_ : Kept
        Heaviest columns of each series with their states.

    References
    ----------
    Hyndman, Koehler, Ord and Snyder (2008), Forecasting with exponential smoothing.
    Kourentzes, Petropoulos and Trapero (2014), Improving forecasting by estimating time series structural components across multiple
    frequencies. International Journal of Forecasting 30.

    Examples
    --------
    >>> y = [10.0 + t % 4 for t in range(40)]
    >>> import bayu_forecast as bf
    >>> bf.SmoothingForecaster().fit(bf.as_panel([y], season=4)).predict(4)["median"].round(1).values.tolist()
    [[10.0, 11.0, 12.0, 13.0]]
    """

    tags = ForecasterTags(drivers=False, missing=True, min_length=1)

    def __init__(self, *, n_kept: int = 96) -> None:
        self.n_kept = n_kept

    def _fit(self, panel: Panel) -> None:
        self._names, self._start = panel.series, panel.values.shape[1]
        self.kept_ = keep(panel.values, panel.season, prior_of(panel.season), self.n_kept)

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        out = np.empty((samples, len(self._names), horizon))
        step = max(1, _CHUNK // samples)
        for first in range(0, len(self._names), step):
            at = slice(first, first + step)
            kept, names = self.kept_.rows(at), self._names[at]
            places = np.stack([uniforms(rng, ("smoother", name), 1, samples)[0] for name in names])
            heaps = np.cumsum(kept.weight, axis=1)
            columns = np.stack([np.searchsorted(heap, place) for heap, place in zip(heaps, places, strict=True)])
            shocks = np.stack([normals(rng, ("innovation", name), horizon, samples) for name in names], axis=1)
            drawn = paths(kept, self._start, np.minimum(columns, heaps.shape[1] - 1), shocks)
            out[:, at] = drawn.transpose(1, 0, 2)
        return out

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        mean, deviation = forecast(self.kept_, self._start, horizon)
        return mean, quantiles_around(mean, deviation, levels, self.kept_.scaled.positive)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        return [{}, {"n_kept": 8}]


def quantiles_around(centre: Array, deviation: Array, levels: Sequence[float], positive: NDArray[np.bool_]) -> Array:
    """Normal quantiles, on the logarithm for series that are never negative, (len(levels), n_series, horizon)."""
    normal = ndtri(np.asarray(levels, dtype=np.float64))[:, None, None]
    additive = centre + normal * deviation
    with np.errstate(over="ignore"):
        ratio = deviation / np.maximum(centre, 1e-12 + 0.2 * deviation)
        relative = centre * np.exp(normal * np.sqrt(np.log1p(ratio**2)))
    return np.asarray(np.where(positive[:, None], relative, additive))
