"""Forecasters that fit each series by itself: scaling, constant series, gaps, failures and worker processes, written once.

Floor F2. A fitted series is a mean and a lower triangular factor over the horizon, so that paths are ``mean + factor @ normals`` and
their standard deviation is the analytic one at every step by construction.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.special import ndtri
from threadpoolctl import threadpool_limits

from bayu_forecast._numeric.streams import normals
from bayu_forecast._numeric.summaries import summarise
from bayu_forecast.errors import BayuError
from bayu_forecast.models.base import Forecaster, Panel

Array = NDArray[np.float64]

#: longer seasons are told by so many harmonics: a state of a hundred elements is slow, and a lag of 52 is barely estimated
LONG_SEASON, HARMONICS = 24, 4
#: paths behind the quantiles of a model that is not Gaussian
_SUMMARY_SAMPLES = 4096


class Ahead(NamedTuple):
    """Predictive distribution of one series: ``mean`` (horizon,), ``factor`` (horizon, horizon) lower triangular, covariance ``F F'``."""

    mean: Array
    factor: Array


class SeriesModel(Protocol):
    """One fitted series, in units of its own scale; one that is not Gaussian also has ``paths(shocks)``."""

    def ahead(self, horizon: int, features: Array | None) -> Ahead:
        """Gaussian predictive distribution given drivers (horizon, n_features)."""
        ...


class Constant(NamedTuple):
    """A series that never moved: it stays, without spread."""

    level: float

    def ahead(self, horizon: int, features: Array | None) -> Ahead:
        """The level, and a factor of zeros."""
        return Ahead(np.full(horizon, self.level), np.zeros((horizon, horizon)))


def toeplitz_factor(response: Array, sd: float) -> Array:
    """Lower triangular ``F[i, j] = sd * response[i - j]``: the covariance factor of a model with one shock a step."""
    lag = np.subtract.outer(np.arange(len(response)), np.arange(len(response)))
    return np.where(lag >= 0, sd * response[np.maximum(lag, 0)], 0.0)


def covariance_factor(covariance: Array) -> Array:
    """Lower factor of a covariance that may be singular; a shorter horizon's is the leading block of a longer one's."""
    scale = float(np.trace(covariance)) / len(covariance)
    if scale <= 0.0:
        return np.zeros_like(covariance)
    return np.asarray(np.linalg.cholesky(covariance + 1e-13 * scale * np.eye(len(covariance))), dtype=np.float64)


class SeriesForecaster(Forecaster):
    """Base of the classical forecasters: a subclass writes ``_fit_series(y, season, features)`` for one series.

    Each series is trimmed to its first value and divided by its mean absolute value, so that 1e15 and 1e-12 are the same to
    the optimiser. A series that never moves is constant; one whose fit fails is named in ``failed_``.

    Attributes
    ----------
    models_ : tuple
        The fitted series, in the order of the usable series.
    """

    @classmethod
    def expected_failures(cls) -> dict[str, str]:
        """What an estimate by maximum likelihood leaves out."""
        return {"far_drivers_widen": "coefficients are points, as in the analytic intervals of statsmodels"} if cls.tags.drivers else {}

    def _fit_series(self, y: Array, season: int, features: Array | None) -> SeriesModel:
        """Fit one series (n_time,), of mean absolute value one, finite at its start, gaps as NaN; ``features`` (n_time, n_features)."""
        raise NotImplementedError

    def _fit(self, panel: Panel) -> None:
        features = panel.features
        tasks = [(row, None if features is None else features[i]) for i, row in enumerate(panel.values)]
        n_jobs = getattr(self, "n_jobs", None)
        if n_jobs in (None, 1):
            fitted = [_attempt(self, row, panel.season, x) for row, x in tasks]
        else:
            fitted = Parallel(n_jobs=n_jobs)(delayed(_attempt_alone)(self, row, panel.season, x) for row, x in tasks)
        for name, one in zip(panel.series, fitted, strict=True):
            if one.reason:
                self._fail(name, one.reason)
        self.models_ = tuple(one.model for one in fitted)
        self.scales_ = np.array([one.scale for one in fitted])
        self._skipped = [one.skipped for one in fitted]

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        paths = np.empty((len(self.models_), horizon, samples))
        for i, (model, name) in enumerate(zip(self.models_, self._labels, strict=True)):
            if hasattr(model, "paths"):
                shocks = normals(rng, ("innovation", name), self._skipped[i] + horizon, samples)
                np.multiply(model.paths(shocks)[self._skipped[i]:], self.scales_[i], out=paths[i])
            else:
                mean, factor = _ahead(model, self._skipped[i], horizon, None if features is None else features[i])
                np.matmul(self.scales_[i] * factor, normals(rng, ("innovation", name), horizon, samples), out=paths[i])
                paths[i] += self.scales_[i] * mean[:, None]
        return np.moveaxis(paths, -1, 0)

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        mean, quantiles = np.empty((len(self.models_), horizon)), np.empty((len(levels), len(self.models_), horizon))
        z = ndtri(np.asarray(levels))
        for i, model in enumerate(self.models_):
            x = None if features is None else features[i]
            if hasattr(model, "paths"):
                shocks = normals(0, ("innovation", self._labels[i]), self._skipped[i] + horizon, _SUMMARY_SAMPLES)
                mean[i], quantiles[:, i] = summarise(model.paths(shocks)[self._skipped[i]:].T, levels)
            else:
                mean[i], factor = _ahead(model, self._skipped[i], horizon, x)
                quantiles[:, i] = mean[i] + np.multiply.outer(z, np.sqrt((factor**2).sum(axis=1)))
        mean *= self.scales_[:, None]
        quantiles *= self.scales_[:, None]
        return mean, quantiles


def _ahead(model: SeriesModel, skipped: int, horizon: int, features: Array | None) -> Ahead:
    """The distribution of the steps after those between the end of the series and that of the panel."""
    mean, factor = model.ahead(skipped + horizon, features)
    own = factor[skipped:]
    return Ahead(mean[skipped:], covariance_factor(own @ own.T) if skipped else factor)


class _Attempt(NamedTuple):
    """The fitted series, its scale, why it failed, if so, and the steps that the panel goes on after its end."""

    model: SeriesModel
    scale: float
    reason: str = ""
    skipped: int = 0


def _attempt(forecaster: SeriesForecaster, row: Array, season: int, features: Array | None) -> _Attempt:
    """Fit one series."""
    first = int(np.flatnonzero(np.isfinite(row))[0])
    y, x = row[first:], None if features is None else features[first:]
    skipped = 0 if forecaster.tags.missing else len(y) - 1 - int(np.flatnonzero(np.isfinite(y))[-1])
    y = y[:len(y) - skipped]  # what would be filled after the last value is forecast instead
    seen = y[np.isfinite(y)]
    scale = float(np.mean(np.abs(seen))) or 1.0
    nothing = Constant(float(seen[-1]) / scale)
    if not np.isfinite(scale) or scale < np.finfo(float).tiny:
        return _Attempt(nothing, 1.0, "values too large or too small for floating point")
    if np.ptp(seen) <= 1e-14 * scale:
        return _Attempt(nothing, scale)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model = forecaster._fit_series(y / scale, season, x)
            ahead = _ahead(model, skipped, 1, None if x is None else x[-1:])
    except BayuError:  # a parameter that no series can be fitted with
        raise
    except (ValueError, ArithmeticError, IndexError, np.linalg.LinAlgError) as error:
        return _Attempt(nothing, scale, f"{type(error).__name__}: {error}")
    if not (np.isfinite(ahead.mean).all() and np.isfinite(ahead.factor).all()):
        return _Attempt(nothing, scale, "the fit is not finite")
    return _Attempt(model, scale, skipped=skipped)


def _attempt_alone(forecaster: SeriesForecaster, row: Array, season: int, features: Array | None) -> _Attempt:
    """The same in a process of its own, on one thread."""
    with threadpool_limits(1):
        return _attempt(forecaster, row, season, features)


def filled(y: Array, season: int) -> Array:
    """Gaps filled: the same season's neighbours, moved by the local level; a straight line where there is no season to speak of."""
    missing = ~np.isfinite(y)
    if not missing.any():
        return y
    t = np.arange(len(y))
    line = np.interp(t, t[~missing], y[~missing])
    if season == 1 or len(y) < 2 * season:
        return line
    gap = line - _level(line, season)
    phase = t % season
    pattern = np.array([np.mean(gap[(phase == p) & ~missing]) if ((phase == p) & ~missing).any() else 0.0 for p in range(season)])
    return np.where(missing, _level(line, season) + pattern[phase], y)


def _level(y: Array, season: int) -> Array:
    """Centred moving average over one season, shortened at the ends."""
    total = np.concatenate([[0.0], np.cumsum(y)])
    t = np.arange(len(y))
    low, high = np.maximum(t - season // 2, 0), np.minimum(t + (season + 1) // 2, len(y))
    level: Array = (total[high] - total[low]) / (high - low)
    return level
