"""KernelForecaster: each series a Gaussian process at its posterior mode, on square roots.

Floor F2 (east). The covariance is in ``_numeric.kernel_process``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bayu_forecast._numeric.kernel_process import fit, predict
from bayu_forecast._numeric.panel_units import PanelUnits, standardised
from bayu_forecast._numeric.streams import BLOCK, normals
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel

Array = NDArray[np.float64]

#: steps ahead computed together
_BLOCK = 36
#: nodes of the normal distribution over which means are taken
_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(9)


class KernelForecaster(Forecaster):
    """Trend, level, slope, a smooth and slowly changing pattern and noise as one Gaussian process.

    Seven parameters at the mode of their posterior, one series at a time. Its pattern is smooth over neighbouring places of the season,
    which exponential smoothers and dummy variables are not: it errs differently from both. Series that are never negative are modelled as
    square roots.

    Parameters
    ----------
    n_recent : int
        Most recent times that are used.

    References
    ----------
    Rasmussen and Williams (2006), Gaussian processes for machine learning, section 5.4.3.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[12.0, 20, 31, 40] * 6], season=4)
    >>> bf.KernelForecaster().fit(y).predict(4)["median"].values.round()
    array([[12., 20., 31., 40.]])
    """

    tags = ForecasterTags(drivers=False, missing=True, min_length=1, positive=False)

    def __init__(self, *, n_recent: int = 144) -> None:
        self.n_recent = n_recent

    def _fit(self, panel: Panel) -> None:
        self._names, self._season = panel.series, panel.season
        values = panel.values
        scaled = PanelUnits.of(values)
        recent = PanelUnits(scaled.values[:, -self.n_recent:], scaled.shift, scaled.scale, scaled.positive)
        moved = np.where(recent.positive[:, None], np.sqrt(np.maximum(recent.values, 0.0)), recent.values)
        moved = np.where(np.isfinite(moved).any(axis=1, keepdims=True), moved, 0.0)
        self._standard, centre, spread = standardised(moved)
        self._centre, self._spread, self._scaled, self._n_time = centre[:, 0], spread[:, 0], scaled, moved.shape[1]
        self.parameters_ = np.array([fit(row[seen], np.flatnonzero(seen).astype(float), self._season)
                                     for row, seen in zip(self._standard, np.isfinite(self._standard), strict=True)])

    def _distribution(self, at: int, horizon: int) -> tuple[Array, Array]:
        """Mean and covariance of one series' next values, standardised; for whole blocks, so that shorter horizons repeat longer ones."""
        horizon = -(-horizon // _BLOCK) * _BLOCK
        seen = np.isfinite(self._standard[at])
        time = np.flatnonzero(seen).astype(float)
        skipped = self._n_time - 1 - int(time[-1])
        mean, variance = predict(self.parameters_[at], self._standard[at][seen], time, self._season, horizon + skipped)
        return mean[skipped:], variance[skipped:, skipped:]

    def _back(self, values: Array) -> Array:
        """From standardised roots (n_series, ..., horizon) to the unit of the panel."""
        across = (slice(None), *[None] * (values.ndim - 1))
        moved = values * self._spread[across] + self._centre[across]
        low, top = self._scaled.belt()
        scaled = np.where(self._scaled.positive[across], np.maximum(moved, 0.0)**2, moved)
        unit = np.clip(scaled, low[across], top[across]) * self._scaled.scale[:, 0][across] - self._scaled.shift[:, 0][across]
        return np.asarray(np.where(self._scaled.positive[across], np.maximum(unit, 0.0), unit))

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        drawn = np.empty((len(self._names), samples, horizon))
        blocks = [(first, min(BLOCK, samples - first)) for first in range(0, samples, BLOCK)]
        for at, name in enumerate(self._names):
            mean, variance = self._distribution(at, horizon)
            root = np.linalg.cholesky(variance + 1e-9 * np.eye(len(mean)))
            shocks = normals(rng, ("process", name), len(mean), len(blocks) * BLOCK)
            for first, count in blocks:  # whole blocks: a product of another shape rounds in another way
                drawn[at, first:first + count] = (root @ shocks[:, first:first + BLOCK]).T[:count, :horizon]
            drawn[at] += mean[:horizon]
        return self._back(drawn).transpose(1, 0, 2)

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        both = [self._distribution(at, horizon) for at in range(len(self._names))]
        mean = np.array([each[:horizon] for each, _ in both])[:, None]
        deviation = np.sqrt([np.diag(variance)[:horizon] for _, variance in both])[:, None]
        nodes = np.concatenate([ndtri(np.asarray(levels, dtype=np.float64)), _NODES])[:, None]
        values = self._back(mean + nodes * deviation)
        share = (_SHARES / _SHARES.sum())[:, None]
        return (values[:, len(levels):] * share).sum(axis=1), values[:, :len(levels)].transpose(1, 0, 2)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        return [{}, {"n_recent": 60}]
