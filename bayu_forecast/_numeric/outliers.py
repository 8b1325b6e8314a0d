"""Outliers: values that the rest of their series does not expect are pulled in before structures are weighed.

Floor F0, arrays only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.latest_first import factor

Array = NDArray[np.float64]

_ROUNDS = 2
_MAD_TO_SD = 1.4826
#: least share of the root mean square that counts as a standard deviation, for series that hardly move
_LEAST = 0.25
#: times that one wild value may be pulled in further, and the part of its distance that no longer matters
_TRIES, _CLOSE = 8, 0.01


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
    for rows, at, precision in _precisions(seen, lengths, variogram):
        cells = np.ix_(rows, np.arange(out.shape[1]), at)
        out[cells] = _pull(out[cells], precision, limit)
    return out


def pull_few(values: Array, seen: NDArray[np.bool_], lengths: NDArray[np.intp], variogram: Array, limit: float, share: float) -> Array:
    """Return series (n_series, n) with their wild values pulled in one by one, the wildest first; as they were where these are not few.

    One wild value makes its neighbours look wild, and its series noisy: one by one, and again, neither is taken for the other.

    Parameters
    ----------
    values, seen, lengths, variogram
        As in :func:`pull_in`, on one scale.
    limit : float
        Robust standard deviations beyond which a value is wild, and to which it is pulled.
    share : float
        Most wild values of a series, one in any case: of more they are its nature.

    Returns
    -------
    array (n_series, n)
    """
    out = values.copy()
    for rows, at, precision in _precisions(seen, lengths, variogram):
        residual, own = out[np.ix_(rows, at)] @ precision, np.diagonal(precision)
        standard = np.abs(residual) / np.sqrt(own)
        for s in rows[(standard > limit * _spread(standard)).any(axis=1)].tolist():
            out[s, at] = _one_by_one(out[s, at], precision, limit, max(1, int(share * len(at))))
    return out


def _one_by_one(values: Array, precision: Array, limit: float, most: int) -> Array:
    """One series with its wild values pulled in, or as it was."""
    own, pulled, moved = np.diagonal(precision), values.copy(), set()
    for _ in range(_TRIES * most):
        residual = pulled @ precision / own
        size = np.abs(residual) * np.sqrt(own)
        worst = int(size.argmax())
        excess = 1.0 - limit * _spread(size)[0] / size[worst]
        if excess < _CLOSE:
            return pulled
        moved.add(worst)
        if len(moved) > most:
            break
        pulled[worst] -= residual[worst] * excess
    return pulled if len(moved) <= most else values


def _precisions(
    seen: NDArray[np.bool_], lengths: NDArray[np.intp], variogram: Array
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], Array]]:
    """Series, where they were seen, and the precision of their values there: all whole series of a length together."""
    whole = seen.sum(axis=1) == lengths
    lower = factor(variogram, seen.shape[1], 0).lower
    for length in np.unique(lengths).tolist():
        if length < 4:
            continue
        of_length = np.flatnonzero(lengths == length)
        half = np.linalg.inv(lower[:length, :length])
        precision = half.T @ half
        if whole[of_length].any():
            yield of_length[whole[of_length]], np.arange(length), precision
        for s in of_length[~whole[of_length]].tolist():
            at = seen[s, :length]
            yield np.array([s]), np.flatnonzero(at), _without(precision, ~at)


def _pull(values: Array, precision: Array, limit: float) -> Array:
    """Pull in the outliers of series (..., n) that share a precision matrix."""
    own = np.diagonal(precision)
    for _ in range(_ROUNDS):
        residual = values @ precision / own
        standard = residual * np.sqrt(own)
        size = np.abs(standard)
        values = values - residual * (1 - np.minimum(1.0, limit * _spread(size) / np.maximum(size, 1e-12)))
    return np.asarray(values)


def _spread(size: Array) -> Array:
    """Robust standard deviation of absolute residuals over the last axis, which is kept."""
    middle, mean_square = np.median(size, axis=-1, keepdims=True), (size**2).mean(axis=-1, keepdims=True)
    return np.asarray(np.maximum(_MAD_TO_SD * middle, _LEAST * np.sqrt(mean_square)))


def _without(precision: Array, missing: NDArray[np.bool_]) -> Array:
    """Precision of the observed values once the missing ones are integrated out."""
    kept, gone = ~missing, missing
    across = precision[np.ix_(gone, kept)]
    return np.asarray(precision[np.ix_(kept, kept)] - across.T @ np.linalg.solve(precision[np.ix_(gone, gone)], across))
