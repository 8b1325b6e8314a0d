"""One series as a Gaussian process: straight trend, random-walk level, damped slope, a pattern that changes slowly, noise.

Floor F0, arrays only. Seven log parameters at their posterior mode, exact gradients. On standardised data, with time t in steps, years
t / m and D the distance of two times,

    cov = e^{2b} years years' + e^{2l} min(t, t') / m + e^{2s} C d^D C' / m^2
          + e^{2p - 2 sin^2(pi D / m) / e^{2w} - D / (m e^v)} + e^{2e} 1(D = 0)

where C sums over time and d is a damping. Smoothness over neighbouring places of the season (w) is what smoothers do not have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, cholesky, lapack
from scipy.optimize import minimize

Array = NDArray[np.float64]

_BOUNDS = [(-6.0, 2.0)] * 3 + [(-4.0, 2.0), (-0.7, 4.0), (-6.0, 2.0), (-6.0, 1.0)]
_JITTER = 1e-6


@dataclass(frozen=True)
class KernelPrior:
    """What is known of the parameters beforehand.

    Attributes
    ----------
    mean, sd : tuple of 7 floats
        Of straight trend, level, slope, smoothness of the pattern, its memory (log years), its size, and noise.
    damping : float
        Of the slope from one step to the next.
    """

    mean: tuple[float, ...]
    sd: tuple[float, ...]
    damping: float


@dataclass(frozen=True)
class Geometry:
    """What covariances are made of, for all times of history and forecast, (n, n) each."""

    trend: Array
    level: Array
    slope: Array
    turn: Array
    years: Array

    @classmethod
    def of(cls, time: Array, season: int, damping: float) -> Geometry:
        """For increasing integer times; the slope accumulates over every step, seen or not."""
        steps = np.arange(int(time[-1]) + 1, dtype=np.float64)
        total = np.tril(np.ones((len(steps), len(steps))), -1)
        drift = (total @ damping ** np.abs(steps[:, None] - steps) @ total.T)[np.ix_(time.astype(np.intp), time.astype(np.intp))]
        years, apart = time / season, np.abs(time[:, None] - time)
        centred = years - years.mean()
        return cls(np.outer(centred, centred), (np.minimum.outer(time, time) + 1) / season, drift / season**2,
                   np.sin(np.pi * apart / season)**2, apart / season)

    def block(self, rows: slice, columns: slice) -> Geometry:
        """Part of every matrix."""
        return Geometry(*(getattr(self, name)[rows, columns] for name in self.__dataclass_fields__))


def covariance(theta: Array, at: Geometry) -> tuple[Array, Array]:
    """Covariance of the signal and its seasonal part."""
    trend, level, slope, width, memory, size, _ = theta
    pattern = np.exp(2 * size - 2 * at.turn / np.exp(2 * width) - at.years / np.exp(memory))
    return np.exp(2 * trend) * at.trend + np.exp(2 * level) * at.level + np.exp(2 * slope) * at.slope + pattern, pattern


def negative_log_posterior(theta: Array, x: Array, at: Geometry, prior: KernelPrior) -> tuple[float, Array]:
    """Value and gradient, up to a constant."""
    signal, pattern = covariance(theta, at)
    signal[np.diag_indices(len(x))] += np.exp(2 * theta[6]) + _JITTER
    try:
        root = cholesky(signal, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return 1e6, np.zeros(7)
    inverse, _ = lapack.dpotri(root, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    solved = inverse @ x
    weight = inverse - np.outer(solved, solved)
    seasonal = weight * pattern
    by_part = np.array([
        np.exp(2 * theta[0]) * np.vdot(weight, at.trend), np.exp(2 * theta[1]) * np.vdot(weight, at.level),
        np.exp(2 * theta[2]) * np.vdot(weight, at.slope), 2 * np.vdot(seasonal, at.turn) / np.exp(2 * theta[3]),
        0.5 * np.vdot(seasonal, at.years) / np.exp(theta[4]), seasonal.sum(), np.exp(2 * theta[6]) * np.trace(weight)])
    z = (theta - np.array(prior.mean)) / prior.sd
    value = 0.5 * x @ solved + np.log(np.diag(root)).sum() + 0.5 * z @ z
    return float(value), by_part + z / prior.sd


def fit(x: Array, time: Array, season: int, prior: KernelPrior) -> tuple[Array, float]:
    """Parameters (7,) at the posterior mode for standardised values ``x`` at increasing integer times, and their log posterior."""
    at = Geometry.of(time, season, prior.damping)
    found = minimize(negative_log_posterior, np.array(prior.mean), args=(x, at, prior), jac=True, method="L-BFGS-B", bounds=_BOUNDS,
                     options={"maxiter": 40})
    return np.asarray(found.x), -float(found.fun)


def predict(theta: Array, x: Array, time: Array, season: int, horizon: int, prior: KernelPrior) -> tuple[Array, Array]:
    """Mean (horizon,) and covariance (horizon, horizon) of the next values."""
    n = len(x)
    everything = np.concatenate([time, time[-1] + np.arange(1, horizon + 1)])
    at = Geometry.of(everything, season, prior.damping)
    centre = (time / season).mean()  # the straight trend keeps the origin it was fitted with
    years = everything / season - centre
    at = Geometry(np.outer(years, years), at.level, at.slope, at.turn, at.years)
    signal, _ = covariance(theta, at)
    noise = np.exp(2 * theta[6]) + _JITTER
    factor = cho_factor(signal[:n, :n] + noise * np.eye(n), lower=True, check_finite=False)
    gain = cho_solve(factor, signal[:n, n:], check_finite=False)
    return signal[n:, :n] @ cho_solve(factor, x), signal[n:, n:] - signal[n:, :n] @ gain + noise * np.eye(horizon)
