"""The dynamic theta method for many series and many parameter pairs at once.

Floor F0, arrays only. With level l, smoothing a, theta q, and the line A + B t fitted to the values so far (Fiorucci, Pellegrini, Louzada,
Petropoulos and Koehler 2016, Models for optimising the theta method and their relationship to state space models, IJF 32, section 3),

    f_t = l_{t-1} + (1 - 1/q) ((1-a)^{t-1} A_{t-1} + (1 - (1-a)^t) B_{t-1} / a),     l_t = a y_t + (1 - a) l_{t-1}.

Forecasts go on with f in the place of y. Nothing is optimised: pairs (a, q) are averaged with weights by their squared errors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SMOOTHING = (0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.98)
THETA = (1.0, 1.3, 1.6, 2.0, 3.0, 6.0, 20.0)
#: share of the log-likelihood that counts: columns are many and alike
_SHARPNESS = 0.5


class ThetaFit(NamedTuple):
    """Weights (n_series, n_columns), forecasts (n_series, n_columns, horizon), one-step standard deviation (n_series, n_columns)."""

    weight: Array
    ahead: Array
    sigma: Array


def columns() -> tuple[Array, Array]:
    """Smoothing and theta of each column."""
    smoothing, theta = np.meshgrid(SMOOTHING, THETA, indexing="ij")
    return smoothing.ravel(), theta.ravel()


def fit_theta(values: Array, horizon: int) -> ThetaFit:
    """Run all columns over seasonally adjusted series (n_series, n_time), missing before the start; a gap is filled by the forecast."""
    smoothing, theta = columns()
    n_series, n_time = values.shape
    seen = np.isfinite(values)
    begin = np.where(seen.any(axis=1), seen.argmax(axis=1), n_time)[:, None]
    shape = (n_series, len(theta))
    level, mean, slope, intercept, squares = (np.zeros(shape) for _ in range(5))
    ahead = np.empty((*shape, horizon))
    for time in range(n_time + horizon):
        t = np.maximum(time - begin + 1, 1)  # one at the first value
        line = (1 - smoothing)**(t - 1) * intercept + (1 - (1 - smoothing)**t) / smoothing * slope
        forecast = level + (1 - 1 / theta) * line
        past = time < n_time
        y = np.where(seen[:, time:time + 1], values[:, time:time + 1], forecast) if past else forecast
        first, live = t == 1, time >= begin
        if past:
            squares += np.where(live & ~first & (t > 2), (y - forecast)**2, 0.0)
        else:
            ahead[..., time - n_time] = forecast
        new_slope = np.where(first, 0.0, ((t - 2) * slope + 6 * (y - mean) / t) / (t + 1))
        new_mean = np.where(first, y, ((t - 1) * mean + y) / t)
        level = np.where(live, np.where(first, y, smoothing * y + (1 - smoothing) * level), level)
        mean, slope = np.where(live, new_mean, mean), np.where(live, new_slope, slope)
        intercept = np.where(live, new_mean - new_slope * (t + 1) / 2, intercept)
    count = np.maximum(seen.sum(axis=1, keepdims=True) - 2.0, 1.0)
    logs = -0.5 * _SHARPNESS * count * np.log(squares / count + 1e-12)
    weight = np.exp(logs - logs.max(axis=1, keepdims=True))
    return ThetaFit(weight / weight.sum(axis=1, keepdims=True), ahead, np.sqrt(squares / np.maximum(count - 1.0, 1.0)))
