"""Outliers: values that the rest of their series does not expect are pulled in before structures are weighed.

Floor F0, arrays only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.latest_first import factor

Array = NDArray[np.float64]

_ROUNDS = 2
_MAD_TO_SD = 1.4826
#: least share of the root mean square that counts as a standard deviation, for series that hardly move
_LEAST = 0.25


def pull_in(values: Array, seen: NDArray[np.bool_], lengths: NDArray[np.intp], variogram: Array, limit: float = 4.0) -> Array:
    r"""Return series with their outliers pulled in to the limit (Huber's pseudo-values).

    What the others say of a value is its mean given all of them under one typical structure: with precision matrix :math:`P` the
    residual is :math:`(P x)_t / P_{tt}`. Twice, because an outlier also moves its neighbours' residuals.

    Parameters
    ----------
    values : array (n_series, n_scales, n)
        Standardised, latest first, zero where nothing was observed.
    seen : array (n_series, n) of bool
    lengths : array (n_series,) of int
    variogram : array (n,)
        Of the typical structure.
    limit : float
        Robust standard deviations that a value may lie from what the others say.

    Returns
    -------
    array (n_series, n_scales, n)

    References
    ----------
    Huber and Ronchetti (2009), Robust Statistics, section 7.8.

    Examples
    --------
    >>> x = np.sin(np.arange(40.0))[None, None] / 10
    >>> x[0, 0, 20] = 5.0
    >>> walk = np.arange(40) / 20.0
    >>> walk[1:] += 0.05
    >>> bool(pull_in(x, np.ones((1, 40), bool), np.array([40]), walk)[0, 0, 20] < 1)
    True
    """
    out = values.copy()
    whole = seen.sum(axis=1) == lengths
    lower = factor(variogram, values.shape[2], 0).lower
    for length in np.unique(lengths).tolist():
        if length < 4:
            continue
        of_length = np.flatnonzero(lengths == length)
        half = np.linalg.inv(lower[:length, :length])
        precision = half.T @ half
        plain = of_length[whole[of_length]]
        out[plain, :, :length] = _pull(out[plain, :, :length], precision, limit)
        for s in of_length[~whole[of_length]].tolist():
            at = seen[s, :length]
            out[s][:, np.flatnonzero(at)] = _pull(out[s][:, np.flatnonzero(at)], _without(precision, ~at), limit)
    return out


def _pull(values: Array, precision: Array, limit: float) -> Array:
    """Pull in the outliers of series (..., n) that share a precision matrix."""
    own = np.diagonal(precision)
    for _ in range(_ROUNDS):
        residual = values @ precision / own
        standard = residual * np.sqrt(own)
        size = np.abs(standard)
        sd = np.maximum(_MAD_TO_SD * np.median(size, axis=-1, keepdims=True), _LEAST * np.sqrt((size**2).mean(axis=-1, keepdims=True)))
        values = values - residual * (1 - np.minimum(1.0, limit * sd / np.maximum(size, 1e-12)))
    return np.asarray(values)


def _without(precision: Array, missing: NDArray[np.bool_]) -> Array:
    """Precision of the observed values once the missing ones are integrated out."""
    kept, gone = ~missing, missing
    across = precision[np.ix_(gone, kept)]
    return np.asarray(precision[np.ix_(kept, kept)] - across.T @ np.linalg.solve(precision[np.ix_(gone, gone)], across))
