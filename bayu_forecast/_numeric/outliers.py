"""Outliers: values that the rest of their series does not expect are pulled in before structures are weighed.

Floor F0, arrays only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.latest_first import factor

Array = NDArray[np.float64]

_ROUNDS = 2
_MAD_TO_SD = 1.4826
#: least share of the root mean square that counts as a standard deviation, for series that hardly move
_LEAST = 0.25
#: places of the two latest values, which are not both wild
_LATEST = (0, 1)
#: longest run of wild values that is tried as one
_LONGEST = 3
#: times that one wild value may be pulled in further, and how near to its place it then is
_TRIES, _CLOSE = 8, 1.05


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


def pull_few(
    values: Array, seen: NDArray[np.bool_], lengths: NDArray[np.intp], variogram: Array, limit: float, near: float, share: float
) -> Array:
    """Return series (n_series, n) with their wild values pulled in, the wildest first; as they were where these are not few.

    One wild value makes its neighbours look wild, and its series noisy; two or three in a row explain each other. So values are tried
    alone, in pairs and in threes, and one after the other. Where the two latest would be wild the series is left: they may
    be its new level.

    Parameters
    ----------
    values, seen, lengths, variogram
        As in :func:`pull_in`, on one scale.
    limit : float
        Robust standard deviations beyond which values are wild.
    near : float
        Robust standard deviations to which they are pulled.
    share : float
        Most wild values of a series, three in any case: of more they are its nature.

    Returns
    -------
    array (n_series, n)

    Examples
    --------
    >>> x = np.sin(np.arange(40.0))[None] / 10
    >>> x[0, 20:22] = 5.0
    >>> walk = np.arange(40) / 20.0
    >>> walk[1:] += 0.05
    >>> pulled = pull_few(x, np.ones((1, 40), bool), np.array([40]), walk, limit=15.0, near=3.0, share=0.03)
    >>> bool((np.abs(pulled[0, 20:22]) < 1).all()), np.flatnonzero(pulled != x).tolist()
    (True, [20, 21])
    """
    out = values.copy()
    for rows, at, precision in _precisions(seen, lengths, variogram):
        if len(at) <= _LONGEST:
            continue
        runs = [_Runs.of(precision, n) for n in range(1, _LONGEST + 1)]
        gradient = out[np.ix_(rows, at)] @ precision
        size = np.max([run.sizes(gradient).max(axis=1) for run in runs], axis=0)
        for s in rows[size > limit * _spread(runs[0].sizes(gradient))[:, 0]].tolist():
            out[s, at] = _one_by_one(out[s, at], precision, runs, limit, near, max(_LONGEST, int(share * len(at))))
    return out


@dataclass(frozen=True)
class _Runs:
    """Runs of neighbouring values, ``places`` (n_runs, length), and their covariances given all others (n_runs, length, length)."""

    places: NDArray[np.intp]
    covariance: Array

    @classmethod
    def of(cls, precision: Array, length: int) -> _Runs:
        places = np.arange(len(precision) - length + 1)[:, None] + np.arange(length)
        return cls(places, np.linalg.inv(precision[places[:, :, None], places[:, None, :]]))

    def sizes(self, gradient: Array) -> Array:
        """How far each run lies from what the others say (..., n_runs), in standard deviations, from precision times values (..., n)."""
        own = gradient[..., self.places]
        squares = np.einsum("...ri,rij,...rj->...r", own, self.covariance, own)
        if self.places.shape[1] > 1:
            squares[..., 0] = 0.0  # the latest values, when they agree, may be a new level
        return np.asarray(np.sqrt(np.maximum(squares, 0.0) / self.places.shape[1]))


def _one_by_one(values: Array, precision: Array, runs: list[_Runs], limit: float, near: float, most: int) -> Array:
    """One series with its wild values pulled in, or as it was."""
    pulled, moved = values.copy(), set[int]()
    for _ in range(_TRIES * most):
        gradient = pulled @ precision
        sizes = [run.sizes(gradient) for run in runs]
        run, size = max(zip(runs, sizes, strict=True), key=lambda pair: float(pair[1].max()))
        places = run.places[size.argmax()]
        excess = float(size.max()) / max(_spread(sizes[0])[0], 1e-300)
        if excess < limit and (not moved.issuperset(places.tolist()) or excess < near * _CLOSE):
            return pulled
        moved.update(places.tolist())
        if len(moved) > most or moved.issuperset(_LATEST):
            return values
        pulled[places] -= run.covariance[size.argmax()] @ gradient[places] * (1.0 - near / excess)
    return pulled


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
