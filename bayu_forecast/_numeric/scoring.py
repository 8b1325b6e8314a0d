"""Scores of forecasts: CRPS, interval score, pinball, PIT, Brier, and how sure a mean score is.

Floor F0, arrays only. It never knows what was forecast or when: alignment is its caller's affair.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtr

Floats = NDArray[np.float64]


def crps_ensemble(samples: ArrayLike, observed: ArrayLike, *, fair: bool = True) -> Floats:
    r"""Return the CRPS of an ensemble, O(m log m).

    .. math:: \frac1m \sum_i |x_i - y| - \frac{\sum_{ij} |x_i - x_j|}{2 m (m - 1)}

    Parameters
    ----------
    samples : array_like (..., m)
        Ensemble on the last axis.
    observed : array_like (...)
        Outcome, same unit.
    fair : bool
        Divide the spread by ``m (m - 1)``, which is unbiased for the CRPS of the distribution behind the ensemble;
        otherwise by ``m^2``, the CRPS of the ensemble itself.

    Returns
    -------
    array (...)
        Unit of the outcome; lower is better. The fair form can be slightly negative.

    Raises
    ------
    ValueError
        When a fair score is asked of fewer than two samples.

    References
    ----------
    Ferro (2014), Fair scores for ensemble forecasts. Quarterly Journal of the Royal Meteorological Society 140.

    Examples
    --------
    >>> print(crps_ensemble([0.0, 2.0], 1.0, fair=False))
    0.5
    """
    # centred on the outcome: levels of 1e4 with spreads of 1e-4 keep their digits
    error = np.sort(np.asarray(samples, dtype=np.float64) - np.asarray(observed, dtype=np.float64)[..., None], axis=-1)
    m = error.shape[-1]
    if fair and m < 2:
        raise ValueError("the fair CRPS needs at least two samples")
    spread = error @ (2.0 * np.arange(1, m + 1) - m - 1)
    return np.asarray(np.abs(error).mean(axis=-1) - spread / (m * (m - 1 if fair else m)))


def crps_normal(mean: ArrayLike, sd: ArrayLike, observed: ArrayLike) -> Floats:
    """Return the CRPS of a normal forecast in closed form.

    Parameters
    ----------
    mean, sd, observed : array_like
        Broadcast together; an ``sd`` of zero gives the absolute error.

    Returns
    -------
    array
        Unit of the outcome.

    References
    ----------
    Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation. JASA 102, 359-378.

    Examples
    --------
    >>> print(crps_normal(0.0, 1.0, 0.0).round(10))
    0.2336949773
    """
    sd = np.asarray(sd, dtype=np.float64)
    return _mean_absolute(np.asarray(observed, dtype=np.float64) - np.asarray(mean, dtype=np.float64), sd) - sd / math.sqrt(math.pi)


def crps_mixture(weights: ArrayLike, means: ArrayLike, sds: ArrayLike, observed: ArrayLike) -> Floats:
    """Return the CRPS of a mixture of normals in closed form.

    Parameters
    ----------
    weights, means, sds : array_like (..., k)
        Components on the last axis; weights sum to one.
    observed : array_like (...)
        Outcome.

    Returns
    -------
    array (...)
        Unit of the outcome.

    References
    ----------
    Grimit, Gneiting, Berrocal and Johnson (2006), The continuous ranked probability score for circular variables.
    Quarterly Journal of the Royal Meteorological Society 132.

    Examples
    --------
    >>> print(crps_mixture([0.5, 0.5], [0.0, 0.0], [1.0, 1.0], 0.0).round(10))
    0.2336949773
    """
    w, mu, sd = (np.asarray(part, dtype=np.float64) for part in (weights, means, sds))
    y = np.asarray(observed, dtype=np.float64)[..., None]
    pairs = _mean_absolute(mu[..., :, None] - mu[..., None, :], np.hypot(sd[..., :, None], sd[..., None, :]))
    near = np.sum(w * _mean_absolute(y - mu, sd), axis=-1)
    return np.asarray(near - 0.5 * np.sum(w[..., :, None] * w[..., None, :] * pairs, axis=(-2, -1)))


def interval_score(lower: ArrayLike, upper: ArrayLike, observed: ArrayLike, coverage: float) -> Floats:
    """Return the interval score: width plus a penalty for missing.

    Parameters
    ----------
    lower, upper : array_like
        Ends of the central interval.
    observed : array_like
        Outcome.
    coverage : float
        Nominal coverage in (0, 1); the penalty is ``2 / (1 - coverage)`` times the miss.

    Returns
    -------
    array
        Unit of the outcome.

    References
    ----------
    Gneiting and Raftery (2007), section 6.2.

    Examples
    --------
    >>> print(interval_score(0.0, 1.0, 1.1, 0.8).round(6))
    2.0
    """
    low, high, y = (np.asarray(part, dtype=np.float64) for part in (lower, upper, observed))
    return np.asarray(high - low + 2.0 / (1.0 - coverage) * (np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)))


def pinball(forecast: ArrayLike, observed: ArrayLike, quantile: ArrayLike) -> Floats:
    """Return the pinball loss of a quantile forecast.

    Parameters
    ----------
    forecast, observed : array_like
        Quantile and outcome.
    quantile : array_like
        Its level in (0, 1).

    Returns
    -------
    array
        Unit of the outcome.

    Examples
    --------
    >>> print(pinball(1.0, 3.0, 0.9))
    1.8
    """
    error = np.asarray(observed, dtype=np.float64) - np.asarray(forecast, dtype=np.float64)
    tau = np.asarray(quantile, dtype=np.float64)
    return np.asarray(np.maximum(tau * error, (tau - 1.0) * error))


def covered(lower: ArrayLike, upper: ArrayLike, observed: ArrayLike) -> NDArray[np.bool_]:
    """Say whether each outcome lies in its interval, ends included.

    Parameters
    ----------
    lower, upper, observed : array_like
        Broadcast together.

    Returns
    -------
    array of bool

    Examples
    --------
    >>> print(covered(0.0, 1.0, [0.5, 1.0, 2.0]))
    [ True  True False]
    """
    y = np.asarray(observed)
    return np.asarray((np.asarray(lower) <= y) & (y <= np.asarray(upper)))


def pit(samples: ArrayLike, observed: ArrayLike, uniform: ArrayLike) -> Floats:
    """Return the randomised probability integral transform of an outcome in an ensemble.

    Uniform on [0, 1] exactly when outcome and samples are exchangeable, whatever the size of the ensemble and with ties.

    Parameters
    ----------
    samples : array_like (..., m)
        Ensemble on the last axis.
    observed, uniform : array_like (...)
        Outcome, and one uniform draw for each.

    Returns
    -------
    array (...)

    Examples
    --------
    >>> print(pit([1.0, 2.0, 4.0], 3.0, 0.5))
    0.625
    """
    x, y = np.asarray(samples, dtype=np.float64), np.asarray(observed, dtype=np.float64)[..., None]
    below, ties = (x < y).sum(axis=-1), (x == y).sum(axis=-1)
    return np.asarray((below + np.asarray(uniform) * (ties + 1)) / (x.shape[-1] + 1))


def brier(probability: ArrayLike, event: ArrayLike) -> Floats:
    """Return the Brier score ``(p - o)^2``.

    Parameters
    ----------
    probability : array_like
        Forecast probability in [0, 1].
    event : array_like of bool
        Whether it happened.

    Returns
    -------
    array

    Examples
    --------
    >>> print(brier(0.8, True).round(6))
    0.04
    """
    return np.asarray((np.asarray(probability, dtype=np.float64) - np.asarray(event, dtype=np.float64)) ** 2)


def mean_error(values: ArrayLike, *, lags: int = 0, clusters: ArrayLike | None = None) -> float:
    """Return the standard error of a mean, robust to correlation in time and inside clusters.

    Deviations are summed inside each cluster; their long-run variance over clusters, in the order of their labels, is
    taken with Bartlett weights. No small-sample factor.

    Parameters
    ----------
    values : array_like (n,)
        Scores, in order of time.
    lags : int
        Neighbours that may be correlated (horizon minus one for overlapping forecasts); zero for none.
    clusters : array_like (n,) or None
        Label of each value's cluster, such as the forecast's origin; every value its own when None.

    Returns
    -------
    float

    References
    ----------
    Newey and West (1987), Econometrica 55; Driscoll and Kraay (1998), Review of Economics and Statistics 80.

    Examples
    --------
    >>> round(mean_error([1.0, 2.0, 3.0, 4.0]), 6)
    0.559017
    """
    x = np.asarray(values, dtype=np.float64)
    deviations = x - x.mean()
    if clusters is not None:
        deviations = np.bincount(np.unique(np.asarray(clusters), return_inverse=True)[1], weights=deviations)
    return math.sqrt(max(_long_run(deviations, lags), 0.0)) / x.size


def diebold_mariano(first: ArrayLike, second: ArrayLike, horizon: int = 1) -> tuple[float, float]:
    """Test whether two forecasts have the same expected loss, with the small-sample correction.

    The long-run variance takes ``horizon - 1`` autocovariances with equal weights, Bartlett weights where those make it
    negative. Below some fifteen pairs the test says little whatever it says.

    Parameters
    ----------
    first, second : array_like (n,)
        Losses of the two forecasts for the same outcomes, in order of time.
    horizon : int
        Steps ahead.

    Returns
    -------
    statistic, p_value : float
        Positive when the first loses more; two-sided p from Student's t with n - 1 degrees. NaN when the losses differ by
        a constant.

    References
    ----------
    Diebold and Mariano (1995), JBES 13; Harvey, Leybourne and Newbold (1997), International Journal of Forecasting 13.

    Examples
    --------
    >>> statistic, p = diebold_mariano([1.0, 2.0, 1.5, 2.5], [1.0, 1.0, 1.0, 1.0])
    >>> round(statistic, 4), round(p, 4)
    (2.3238, 0.1027)
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    n, mean = difference.size, float(difference.mean())
    variance = _long_run(difference - mean, horizon - 1, flat=True)
    if variance <= 0.0:
        variance = _long_run(difference - mean, horizon - 1)
    if variance <= 0.0:
        return math.nan, math.nan
    correction = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    statistic = mean / (math.sqrt(variance) / n) * correction
    return statistic, float(2.0 * stdtr(n - 1, -abs(statistic)))


def _mean_absolute(shift: Floats, sd: Floats) -> Floats:
    """E|X| of X ~ N(shift, sd^2); |shift| where sd is zero."""
    shift, sd = np.broadcast_arrays(shift, sd)
    z = np.divide(shift, sd, out=np.zeros_like(shift), where=sd > 0)
    spread = 2.0 * sd * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return np.asarray(np.where(sd > 0, shift * (2.0 * ndtr(z) - 1.0) + spread, np.abs(shift)))


def _long_run(deviations: Floats, lags: int, *, flat: bool = False) -> float:
    """Sum of squares plus twice the sums of lagged products, Bartlett-weighted unless flat."""
    total = float(deviations @ deviations)
    for k in range(1, min(lags, deviations.size - 1) + 1):
        weight = 1.0 if flat else 1.0 - k / (lags + 1)
        total += 2.0 * weight * float(deviations[k:] @ deviations[:-k])
    return total
