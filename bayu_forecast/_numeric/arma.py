"""Seasonal ARMA by conditional sums of squares, and the statistics that choose its differences.

Floor F0, arrays only. Coefficients live in an unconstrained space (partial autocorrelations through ``tanh``), so every point of it is
stationary and invertible.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.signal import lfilter

Array = NDArray[np.float64]


class Order(NamedTuple):
    """Orders of the regular and the seasonal polynomials."""

    p: int
    q: int
    P: int
    Q: int

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.p + self.q + self.P + self.Q


class Coefficients(NamedTuple):
    """Autoregressive (1 - a1 B - ...) and moving-average (1 + b1 B + ...) coefficients, regular and seasonal."""

    ar: Array
    ma: Array
    seasonal_ar: Array
    seasonal_ma: Array


def stationary(x: Array) -> Array:
    """Coefficients of a stationary autoregression from any real numbers.

    References
    ----------
    Monahan (1984), A note on enforcing stationarity in autoregressive-moving average models. Biometrika 71(2).
    """
    partial = np.tanh(x)
    out = np.zeros(0)
    for r in partial:
        out = np.concatenate([out - r * out[::-1], [r]])
    return out


def unpack(x: Array, order: Order) -> Coefficients:
    """Coefficients at a point of the unconstrained space."""
    ends = np.cumsum([order.p, order.q, order.P])
    ar, ma, seasonal_ar, seasonal_ma = np.split(np.asarray(x, dtype=np.float64), ends)
    return Coefficients(stationary(ar), -stationary(ma), stationary(seasonal_ar), -stationary(seasonal_ma))


def polynomial(regular: Array, seasonal: Array, season: int) -> Array:
    """Product of ``1 + c1 B + ...`` and ``1 + C1 B^m + ...``."""
    wide = np.zeros(len(seasonal) * season + 1)
    wide[0] = 1.0
    wide[season::season] = seasonal
    return np.convolve(np.concatenate([[1.0], regular]), wide)


def innovations(w: Array, coefficients: Coefficients, season: int) -> Array:
    """One-step errors of a series of mean zero, what came before it taken as zero."""
    ar = polynomial(-coefficients.ar, -coefficients.seasonal_ar, season)
    ma = polynomial(coefficients.ma, coefficients.seasonal_ma, season)
    errors: Array = lfilter(ar, ma, w)
    return errors


def fit_conditional(w: Array, order: Order, season: int) -> tuple[Coefficients, float]:
    """Least squares of the one-step errors, with a light pull to zero that keeps partial autocorrelations off the unit circle.

    Returns
    -------
    Coefficients
    float
        Sum of squared errors.
    """
    if order.size == 0:
        return unpack(np.zeros(0), order), float(w @ w)
    pull = 0.1 * np.sqrt(float(w @ w) / len(w))

    def residual(x: Array) -> Array:
        return np.concatenate([innovations(w, unpack(x, order), season), pull * x])

    best = least_squares(residual, np.full(order.size, 0.1), method="lm", max_nfev=40 * (order.size + 1), xtol=1e-4, ftol=1e-4)
    coefficients = unpack(best.x, order)
    errors = innovations(w, coefficients, season)
    return coefficients, float(errors @ errors)


def difference(y: Array, d: int, seasonal_d: int, season: int) -> Array:
    """Apply ``(1 - B)^d (1 - B^m)^D`` along the first axis."""
    for _ in range(seasonal_d):
        y = y[season:] - y[:-season]
    return np.diff(y, n=d, axis=0) if d else y


def kpss(y: Array) -> float:
    """Statistic of stationarity around a level; above 0.463 it is rejected at 5 %.

    References
    ----------
    Kwiatkowski, Phillips, Schmidt and Shin (1992), Journal of Econometrics 54.
    """
    n = len(y)
    x = y - y.mean()
    lags = int(4 * (n / 100.0) ** 0.25)
    weights = 1.0 - np.arange(1, lags + 1) / (lags + 1.0)
    long_run = x @ x + 2.0 * sum(w * (x[lag:] @ x[:-lag]) for lag, w in enumerate(weights, start=1))
    sums = np.cumsum(x)
    return float(sums @ sums / (n * long_run)) if long_run > 0.0 else 0.0


def seasonal_strength(y: Array, season: int) -> float:
    """Share of the detrended variance that the seasonal pattern explains, from 0 to 1.

    References
    ----------
    Wang, Smith and Hyndman (2006), Characteristic-based clustering for time series data. Data Mining and Knowledge Discovery 13(3).
    """
    window = np.ones(season) / season if season % 2 else np.concatenate([[0.5], np.ones(season - 1), [0.5]]) / season
    half = len(window) // 2
    gap = y[half: len(y) - half] - np.convolve(y, window, mode="valid")
    phase = np.arange(len(gap)) % season
    pattern = np.array([gap[phase == p].mean() for p in range(season)])
    rest = gap - pattern[phase]
    total = float(np.var(gap))
    return max(0.0, 1.0 - float(np.var(rest)) / total) if total > 0.0 else 0.0
