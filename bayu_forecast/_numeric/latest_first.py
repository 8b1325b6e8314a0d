"""Gaussian series, latest value first: one factor serves every length.

Floor F0, arrays only. With the latest value in the first place the covariance of a shorter series is the leading block of a longer
one's, and so are its Cholesky factor, its whitened values and its forecasts: a panel of any lengths needs one factor a structure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[np.float64]

#: variance of today's level, against one of the whole series: flat for all purposes
FLAT = 1e3


@dataclass(frozen=True)
class Factor:
    """A structure, factored for all lengths.

    Attributes
    ----------
    lower : array (n, n)
        Cholesky factor of the covariance of the past, latest first.
    log_det : array (n,)
        Half the log determinant of each leading block.
    ahead : array (n, horizon)
        Whitened covariance of past and future: the mean ahead is ``ahead[:length].T @ whitened[:length]``.
    prior : array (horizon, horizon)
        Covariance of the future before anything is seen.
    """

    lower: Array
    log_det: Array
    ahead: Array
    prior: Array

    def covariance(self, length: int) -> Array:
        """Covariance (horizon, horizon) of the future given ``length`` values."""
        seen = self.ahead[:length]
        return np.asarray(self.prior - seen.T @ seen)

    def variances(self, lengths: NDArray[np.intp]) -> Array:
        """Variances (len(lengths), horizon) of the future given so many values."""
        gained = np.cumsum(self.ahead**2, axis=0)
        return np.asarray(np.diagonal(self.prior) - gained[lengths - 1])


def factor(variogram: Array, n: int, horizon: int) -> Factor:
    """Factor the covariance of ``n`` past values and the whitened covariance with ``horizon`` future ones.

    Parameters
    ----------
    variogram : array (at least n + horizon,)
        At the lags 0, 1, ... steps.
    n, horizon : int
        Sizes.

    Returns
    -------
    Factor

    Examples
    --------
    >>> walk = np.arange(5) / 2.0
    >>> walk[1:] += 1e-9
    >>> found = factor(walk, 3, 2)
    >>> (found.ahead.T @ whiten(found, np.array([[5.0], [3.0], [1.0]]))).round(3).ravel().tolist()
    [5.0, 5.0]
    """
    g = variogram[:n + horizon]
    level = FLAT + g
    past = (level[:n, None] + g[:n]) - _by_distance(g, n)
    # symmetric, so that the transpose is the same matrix in the order LAPACK wants
    lower, failed = lapack.dpotrf(past.T, lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError(f"the structure is not positive definite at value {failed}")
    future = g[1:horizon + 1]
    across = (level[:n, None] + future) - sliding_window_view(g, horizon)[1:n + 1] if horizon else np.zeros((n, 0))
    prior = (FLAT + future[:, None] + future) - _by_distance(g, horizon)
    return Factor(lower, np.log(np.diagonal(lower)).cumsum(), _solve(lower, np.asfortranarray(across)), prior)


def _by_distance(values: Array, size: int) -> Array:
    """View (size, size) of values at the distance of row and column."""
    both = np.concatenate([values[size - 1:0:-1], values[:size]])
    return sliding_window_view(both, size)[::-1] if size else np.zeros((0, 0))


def whiten(structure: Factor, values: Array) -> Array:
    """Whiten columns of values (n, columns), latest first; what is written below a column's own length is of no consequence above it."""
    return _solve(structure.lower, values)


def lengths_of(seen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Steps (n_series,) from the first value of each series to the last time, of what was seen (n_series, n), latest first."""
    return np.asarray(seen.shape[1] - seen[:, ::-1].argmax(axis=1))


def root_of(covariance: Array) -> Array:
    """Lower root of a covariance that rounding may have made singular."""
    # in proportion to each place's own variance, so that a place never depends on later ones
    return np.asarray(np.linalg.cholesky(covariance + np.diag(1e-9 * np.diagonal(covariance) + 1e-12)))


def _solve(lower: Array, columns: Array) -> Array:
    """Solve with a lower triangle."""
    solved, _ = lapack.dtrtrs(lower, columns, lower=1)
    return np.asarray(solved)
