"""Covariances of structural parts, each written through its impulse responses (METHODS eq. 1, 1.2).

Floor F0: arrays only. A part is ``L D L'`` with ``L[t, s]`` the answer at month ``t`` to a unit shock at month ``s``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def level_covariance(variances: Array) -> Array:
    """Random-walk level: ``L = tril(1)``; entry (t, s) is the sum of shock variances up to ``min(t, s)``."""
    total = np.cumsum(variances)
    return np.minimum.outer(total, total)


def slope_response(n: int, damping: float) -> Array:
    """Damped slope: ``L[t, s] = (1 - f^(t-s)) / (1 - f)`` for ``t > s``; ``t - s`` when ``f = 1``."""
    lag = np.subtract.outer(np.arange(n), np.arange(n)).astype(float)
    after = np.where(lag > 0, lag, 0.0)
    return after if damping == 1.0 else (1.0 - damping**after) / (1.0 - damping)


def decay_response(n: int, rho: float) -> Array:
    """Passing shock: ``L[t, s] = rho^(t-s)`` for ``t >= s``."""
    lag = np.subtract.outer(np.arange(n), np.arange(n))
    return np.where(lag >= 0, rho ** np.maximum(lag, 0).astype(float), 0.0)


def shock_covariance(response: Array, variances: Array) -> Array:
    """``L D L'`` for a response matrix and shock variances, skipping months without a shock."""
    active = np.flatnonzero(variances > 0)
    half = response[:, active] * np.sqrt(variances[active])
    cov: Array = half @ half.T
    return cov


def seasonal_covariance(n: int, first_month: int, start_sd: float, drift_sd: float, period: int = 12) -> Array:
    """Sum-to-zero seasonal pattern that drifts once a year; the first two months of a year share one effect.

    January and February reach the reader as one sum, so their contrast is pinned: left free it has two modes and
    Gauss-Newton cycles between them.
    """
    month = (np.arange(n) + first_month - 1) % period
    year = (np.arange(n) + first_month - 1) // period
    effect = np.eye(period)
    effect[1] = effect[0]
    effect = effect[:, [0, *range(2, period)]]
    effect = effect - effect.mean(axis=0)
    pattern = effect @ effect.T
    years = start_sd**2 + drift_sd**2 * np.minimum.outer(year, year)
    cov: Array = pattern[np.ix_(month, month)] * years
    return cov


def growth_columns(n: int, damping: float) -> Array:
    """Columns (long-run growth, growth at the start) per year: ``(t - u)/12`` and ``u/12``, ``u = (1-f^t)/(1-f)``."""
    t = np.arange(n, dtype=float)
    u = t if damping == 1.0 else (1.0 - damping**t) / (1.0 - damping)
    return np.column_stack([(t - u) / 12.0, u / 12.0])
