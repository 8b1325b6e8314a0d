"""Effects of drivers on many series: least squares on what smoothing leaves, each series leaning on the panel.

Floor F0, arrays only. Series and drivers pass the same linear filter (seasonal means out, then one-step errors of simple smoothing), so
that the regression is the generalised least squares of an exponential-smoothing model; effects are shrunk towards the panel's mean with
variances learned from the panel (empirical Bayes). Effects are on the working scale: shares for series that are never negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.panel_units import PanelUnits
from bayu_forecast._numeric.smoothing import moving_pattern

Array = NDArray[np.float64]

#: gains of the filters tried; each series takes the one that leaves least
_GAINS = (0.05, 0.2, 0.5, 0.9)
#: prior degrees of freedom and size of an effect's spread over series, per standard deviation of its driver
_STRENGTH, _SIZE = 2.0, 0.02


@dataclass(frozen=True)
class DriverLayer:
    """Fitted effects.

    Attributes
    ----------
    effects : array (n_series, n_features)
        On the working scale, by one unit of the driver.
    centre : array (n_series, n_features)
        Mean of each driver over the history; effects are counted from it.
    logs : array of bool (n_series,)
    scale : array (n_series,)
        Unit of additive effects.
    """

    effects: Array
    centre: Array
    logs: NDArray[np.bool_]
    scale: Array

    @classmethod
    def fit(cls, panel: Array, features: Array, season: int) -> DriverLayer:
        """Learn the effects of ``features`` (n_series, n_time, n_features) on a panel (n_series, n_time)."""
        scaled = PanelUnits.of(panel)
        logs = scaled.positive
        values = np.where(logs[:, None], np.log(np.where(logs[:, None], scaled.values, 1.0)), scaled.values)
        seen = np.isfinite(values)
        shown = np.where(seen[..., None], features, np.nan)
        with np.errstate(invalid="ignore"):
            centre = np.nansum(shown, axis=1) / np.maximum(seen.sum(axis=1), 1)[:, None]
            size = np.sqrt(np.nanmean((shown - centre[:, None])**2, axis=(0, 1)))
        size = np.where(size > 1e-12, size, 1.0)
        drivers = np.where(seen[..., None], (features - centre[:, None]) / size, np.nan)
        effects = _pooled(*_moments(values, drivers, season))
        return cls(effects / size, centre, logs, scaled.scale[:, 0])

    def without(self, panel: Array, features: Array) -> Array:
        """The panel as it would be with the drivers at their means."""
        effect = self._effect(features)
        return np.where(self.logs[:, None], panel * np.exp(-effect), panel - effect * self.scale[:, None])

    def onto(self, values: Array, features: Array) -> Array:
        """Values (n_series, ..., n_time) with the effects of their drivers (n_series, ..., n_time, n_features)."""
        effect = self._effect(features)
        across = (slice(None), *[None] * (values.ndim - 1))
        return np.asarray(np.where(self.logs[across], values * np.exp(effect), values + effect * self.scale[across]))

    def _effect(self, features: Array) -> Array:
        across = (slice(None), *[None] * (features.ndim - 2))
        effect = np.einsum("...k,...k->...", features - self.centre[across], np.broadcast_to(self.effects[across], features.shape))
        return np.asarray(np.clip(effect, -5.0, 5.0))


def _moments(values: Array, drivers: Array, season: int) -> tuple[Array, Array, Array]:
    """Precision X'X / s2 (n_series, k, k), X'y / s2 (n_series, k) and the count, after the filter that leaves least."""
    n_features = drivers.shape[2]
    both = np.concatenate([values[..., None], drivers], axis=2).transpose(2, 0, 1)  # (1 + k, n_series, n_time)
    seen = np.isfinite(values)
    if season > 1 and values.shape[1] >= 2 * season:
        place = np.arange(values.shape[1]) % season
        both = np.stack([each - moving_pattern(each, season)[:, place] for each in both])
    best: tuple[Array, Array, Array] | None = None
    for gain in _GAINS:
        left = _one_step_errors(both, seen, gain)
        y, x = left[0], left[1:].transpose(1, 2, 0)
        cross, inner = np.einsum("stk,st->sk", x, y), np.einsum("stk,stl->skl", x, x)
        ridge = inner + 1e-6 * np.maximum(np.trace(inner, axis1=1, axis2=2), 1e-9)[:, None, None] * np.eye(n_features)
        beta = np.linalg.solve(ridge, cross[..., None])[..., 0]
        dof = np.maximum(seen.sum(axis=1) - n_features - 1.0, 1.0)
        variance = np.maximum(((y - np.einsum("stk,sk->st", x, beta))**2).sum(axis=1), 1e-12) / dof
        mine = (ridge / variance[:, None, None], cross / variance[:, None], variance)
        if best is None:
            best = mine
        else:
            better = mine[2] < best[2]
            best = (np.where(better[:, None, None], mine[0], best[0]), np.where(better[:, None], mine[1], best[1]),
                    np.where(better, mine[2], best[2]))  # fmt: skip
    assert best is not None
    return best


def _one_step_errors(both: Array, seen: NDArray[np.bool_], gain: float) -> Array:
    """One-step errors of simple smoothing of each array, zero where missing; the level starts at the mean of the first values."""
    filled = np.where(seen, both, 0.0)
    early = seen & (np.cumsum(seen, axis=1) <= 5)
    level = np.where(early, filled, 0.0).sum(axis=2) / np.maximum(early.sum(axis=1), 1)
    out = np.empty_like(filled)
    for time in range(filled.shape[2]):
        out[..., time] = np.where(seen[:, time], filled[..., time] - level, 0.0)
        level = level + gain * out[..., time]
    return out


def _pooled(precision: Array, cross: Array, _: Array) -> Array:
    """Posterior means of the effects under a normal population whose mean and variances are learned (expectation-maximisation)."""
    n_series, n_features = cross.shape
    mean, spread = np.zeros(n_features), np.full(n_features, _SIZE**2)
    shared = np.full(n_features, 0.1**2)  # prior variance of the population's mean
    for _round in range(60):
        posterior = np.linalg.inv(precision + np.diag(1.0 / spread))
        effects = np.einsum("skl,sl->sk", posterior, cross + mean / spread)
        own = np.diagonal(posterior, axis1=1, axis2=2)
        mean = effects.sum(axis=0) / (n_series + spread / shared)
        spread = (((effects - mean)**2 + own).sum(axis=0) + _STRENGTH * _SIZE**2) / (n_series + _STRENGTH)
    return np.asarray(effects)
