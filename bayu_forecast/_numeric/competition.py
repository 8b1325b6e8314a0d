"""Scores of forecasting competitions: sMAPE, the seasonal scale of MASE, Naive2, CRPS from quantiles.

Floor F0, arrays only. Definitions are those of the M4 competition; how pairs are averaged is the caller's affair.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayu_forecast._numeric.scoring import pinball

Floats = NDArray[np.float64]

#: two-sided 90 % point of the normal, as the seasonality test of M4's benchmarks has it
SEASONALITY_POINT = 1.645


def smape(forecast: ArrayLike, observed: ArrayLike) -> Floats:
    r"""Return the symmetric absolute percentage error of each pair.

    .. math:: 200 \, |y - f| / (|y| + |f|)

    Parameters
    ----------
    forecast, observed : array_like
        Broadcast together.

    Returns
    -------
    array
        Per cent, in [0, 200]; 0 where both are zero, NaN where one is missing.

    References
    ----------
    Makridakis, Spiliotis and Assimakopoulos (2020), The M4 Competition. International Journal of Forecasting 36, 54-74.

    Examples
    --------
    >>> print(smape([1.0, 3.0, 0.0], [1.0, 1.0, 0.0]))
    [  0. 100.   0.]
    """
    f, y = np.asarray(forecast, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    size = np.abs(y) + np.abs(f)
    return np.asarray(200.0 * np.abs(y - f) / np.where(size == 0.0, 1.0, size))


def seasonal_scale(history: ArrayLike, season: int) -> Floats:
    """Return the mean absolute error of the seasonal naive forecast inside the history: the denominator of MASE and MSIS.

    Parameters
    ----------
    history : array_like (..., time)
        Training values; NaN (before a series' start, or in gaps) takes no part.
    season : int
        Steps to a cycle; 1 gives the plain naive.

    Returns
    -------
    array (...)
        NaN where no pair exists or all are equal: there the scaled scores are not defined.

    References
    ----------
    Hyndman and Koehler (2006), Another look at measures of forecast accuracy. International Journal of Forecasting 22, 679-688.

    Examples
    --------
    >>> print(seasonal_scale([[np.nan, 1.0, 2.0, 4.0], [5.0, 5.0, 5.0, 5.0]], 1))
    [1.5 nan]
    """
    y = np.asarray(history, dtype=np.float64)
    step = np.abs(y[..., season:] - y[..., :-season])
    seen = ~np.isnan(step)
    total, count = np.where(seen, step, 0.0).sum(axis=-1), seen.sum(axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=total > 0.0))


def naive2(history: ArrayLike, season: int, horizon: int) -> Floats:
    """Return M4's second naive forecast: the last value, seasonally adjusted when a test finds a season.

    The test holds the autocorrelation at the seasonal lag against 1.645 Bartlett standard errors and needs three cycles. The
    adjustment is the classical multiplicative one: ratios to a centred moving average, averaged by season.

    Parameters
    ----------
    history : array_like (n,)
        Training values without gaps.
    season, horizon : int
        Steps to a cycle; steps ahead.

    Returns
    -------
    array (horizon,)

    References
    ----------
    Makridakis, Spiliotis and Assimakopoulos (2020), The M4 Competition. International Journal of Forecasting 36, 54-74.

    Examples
    --------
    >>> print(naive2([1.0, 3.0, 2.0] * 5, 3, 4))
    [1. 3. 2. 1.]
    """
    y = np.asarray(history, dtype=np.float64)
    if season == 1 or not _is_seasonal(y, season):
        return np.full(horizon, y[-1])
    factor = _seasonal_factors(y, season)
    phase = (y.size + np.arange(horizon)) % season
    return np.asarray(y[-1] / factor[(y.size - 1) % season] * factor[phase])


def quantile_crps(quantiles: ArrayLike, observed: ArrayLike, levels: ArrayLike) -> Floats:
    """Return the CRPS as a mean of pinball losses, twice: exact when the levels fill the unit interval.

    Parameters
    ----------
    quantiles : array_like (..., q)
        Forecast quantiles on the last axis.
    observed : array_like (...)
        Outcome.
    levels : array_like (q,)
        Their levels in (0, 1).

    Returns
    -------
    array (...)
        Unit of the outcome.

    References
    ----------
    Gneiting and Ranjan (2011), Comparing density forecasts using threshold- and quantile-weighted scoring rules. Journal of
    Business & Economic Statistics 29, 411-422.

    Examples
    --------
    >>> print(quantile_crps([1.0, 2.0, 3.0], 2.0, [0.25, 0.5, 0.75]).round(6))
    0.333333
    """
    loss = pinball(quantiles, np.asarray(observed, dtype=np.float64)[..., None], levels)
    return np.asarray(2.0 * loss.mean(axis=-1))


def _is_seasonal(y: Floats, season: int) -> bool:
    """Whether the autocorrelation at the seasonal lag stands out."""
    centred = y - y.mean()
    total = float(centred @ centred)
    if y.size < 3 * season or total == 0.0:
        return False
    correlation = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, season + 1)]) / total
    limit = SEASONALITY_POINT * math.sqrt((1.0 + 2.0 * float(correlation[:-1] @ correlation[:-1])) / y.size)
    return bool(abs(correlation[-1]) > limit)


def _seasonal_factors(y: Floats, season: int) -> Floats:
    """Mean ratios to the centred moving average by position in the cycle, averaging one; ones where that is not defined."""
    window = np.ones(season) if season % 2 else np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    half = window.size // 2
    trend = np.convolve(y, window / season, mode="valid")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = y[half : y.size - half] / trend
    position = (half + np.arange(ratio.size)) % season
    figure = np.array([ratio[position == i].mean() for i in range(season)])
    figure = figure / figure.mean()
    return np.asarray(figure if np.isfinite(figure).all() and (figure != 0.0).all() else np.ones(season))
