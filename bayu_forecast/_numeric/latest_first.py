"""Gaussian series, latest value first: one factor serves every length.

Floor F0, arrays only. With the latest value in the first place the covariance of a shorter series is the leading block of a longer
one's, and so are its Cholesky factor, its whitened values and its forecasts: a panel of any lengths needs one factor a structure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
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
    time = np.concatenate([-np.arange(n), np.arange(1, horizon + 1)])
    from_today = variogram[np.abs(time)]
    covariance = FLAT + from_today[:, None] + from_today - variogram[np.abs(time[:, None] - time)]
    lower, failed = lapack.dpotrf(covariance[:n, :n], lower=1)
    if failed:
        raise np.linalg.LinAlgError(f"the structure is not positive definite at value {failed}")
    ahead = _solve(lower, covariance[:n, n:])
    return Factor(lower, np.log(np.diagonal(lower)).cumsum(), ahead, covariance[n:, n:])


def whiten(structure: Factor, values: Array) -> Array:
    """Whiten columns of values (n, columns), latest first; what is written below a column's own length is of no consequence above it."""
    return _solve(structure.lower, values)


def root_of(covariance: Array) -> Array:
    """Lower root of a covariance that rounding may have made singular."""
    nudge = 1e-9 * np.diagonal(covariance).max()
    return np.asarray(np.linalg.cholesky(covariance + nudge * np.eye(len(covariance))))


def _solve(lower: Array, columns: Array) -> Array:
    """Solve with a lower triangle."""
    solved, _ = lapack.dtrtrs(lower, columns, lower=1)
    return np.asarray(solved)
