"""How well each structure explains each series, and what it forecasts: exact Gaussian algebra, the size of the shocks integrated out.

Floor F0, arrays only. Series stand latest first on standardised scales. Gaps and drivers are columns: a gap is a column that is one where
nothing was observed and has a flat coefficient, which leaves exactly the likelihood of what was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, lapack

from bayu_forecast._numeric.latest_first import Factor, factor, whiten

Array = NDArray[np.float64]

#: power of the likelihood in the weights of structures and scales: below one, because none is quite true
POWER = 0.7
#: degrees of freedom of the prior on the variance of a standardised series, around one
PRIOR_DF = 1.0


@dataclass(frozen=True)
class Columns:
    """Known columns of one series with normal coefficients.

    Attributes
    ----------
    values : array (n, n_columns)
        Latest first.
    precision : array (n_columns,)
        Of the coefficients, in units of the shocks' variance; zero is flat.
    """

    values: Array
    precision: Array

    @property
    def flat(self) -> int:
        """Coefficients without a prior: each costs one value."""
        return int((self.precision == 0).sum())


@dataclass(frozen=True)
class _Fit:
    """Columns fitted to whitened values: coefficients (n_columns, n_scales), the whitened columns and their precision's upper root."""

    coefficients: Array
    white: Array
    root: Array

    @property
    def explained(self) -> Array:
        """Sum of squares that the columns explain, on each scale."""
        return np.asarray(((self.root @ self.coefficients) ** 2).sum(axis=0))


def log_evidence(variograms: Array, values: Array, lengths: NDArray[np.intp], columns: Mapping[int, Columns]) -> Array:
    """Log marginal likelihood of standardised series under each structure, up to a constant of the series.

    Parameters
    ----------
    variograms : array (n_structures, at least n)
    values : array (n_series, n)
        Latest first, zero beyond a series' length and in gaps. The same series on two scales is two rows.
    lengths : array (n_series,) of int
        Steps from the first to the last value.
    columns : mapping of int to Columns
        Of the rows that have any.

    Returns
    -------
    array (n_series, n_structures)
    """
    n_series, n = values.shape
    upright = np.asfortranarray(values.T)
    inside = np.arange(n)[:, None] < lengths
    df = lengths - 1.0 + PRIOR_DF
    df[list(columns)] -= [c.flat for c in columns.values()]
    out = np.empty((n_series, len(variograms)))
    for place, variogram in enumerate(variograms):
        structure = factor(variogram, n, 0)
        white = whiten(structure, upright)
        white *= inside
        squares, log_det = np.einsum("ij,ij->j", white, white), structure.log_det[lengths - 1]
        for row, c in columns.items():
            fit = _regress(structure, white[:lengths[row], row, None], c)
            squares[row] -= fit.explained[0]
            log_det[row] += np.log(np.diagonal(fit.root)).sum() - 0.5 * np.log(c.precision[c.precision > 0]).sum()
        out[:, place] = -0.5 * df * np.log(np.maximum(squares, 0.0) + PRIOR_DF) - log_det
    return out


def tempered_shares(log: Array, least: float = 0.0) -> Array:
    """Weights (..., n) that sum to one, by the power of the likelihood, of log evidences (..., n).

    Those below ``least`` of the largest count for nothing.

    Examples
    --------
    >>> tempered_shares(np.log([[1.0, 1.0, 1e-9]]), least=2e-3).tolist()
    [[0.5, 0.5, 0.0]]
    """
    power = POWER * log
    share = np.exp(power - power.max(axis=-1, keepdims=True))
    share[share < least] = 0.0
    return np.asarray(share / share.sum(axis=-1, keepdims=True))


def means_ahead(structure: Factor, values: Array, lengths: NDArray[np.intp]) -> tuple[Array, Array]:
    """Forecast standardised series without columns.

    Parameters
    ----------
    structure : Factor
    values : array (n_series, n)
    lengths : array (n_series,) of int

    Returns
    -------
    mean : array (n_series, horizon)
    size : array (n_series,)
        Variance of the shocks; the covariance is that times the structure's.
    """
    white = whiten(structure, np.asfortranarray(values.T))
    white *= np.arange(len(white))[:, None] < lengths
    squares = np.einsum("ij,ij->j", white, white)
    return np.asarray(white.T @ structure.ahead), (squares + PRIOR_DF) / (lengths - 1.0 + PRIOR_DF)


def ahead_with_columns(structure: Factor, values: Array, length: int, columns: Columns, ahead: Array) -> tuple[Array, float, Array]:
    """Forecast one standardised series (n,) with columns.

    Parameters
    ----------
    structure : Factor
    values : array (n,)
    length : int
    columns : Columns
    ahead : array (horizon, n_columns)
        The columns over the horizon.

    Returns
    -------
    mean : array (horizon,)
    size : float
        Variance of the shocks.
    covariance : array (horizon, horizon)
        For shocks of unit variance, that of the coefficients included.
    """
    white, seen = whiten(structure, values[:, None])[:length], structure.ahead[:length]
    fit = _regress(structure, white, columns)
    left = ahead - seen.T @ fit.white
    squares = max(float((white**2).sum() - fit.explained[0]), 0.0)
    mean = seen.T @ white + left @ fit.coefficients
    covariance = structure.covariance(length) + left @ cho_solve((fit.root, False), left.T)
    return mean[:, 0], (squares + PRIOR_DF) / (length - 1.0 - columns.flat + PRIOR_DF), np.asarray(covariance)


def prior_precision(structure: Factor, values: Array, columns: Columns, rounds: int = 20) -> Array:
    """Precisions of the coefficients that the series itself suggests: automatic relevance, by fixed-point rounds.

    A column that carries nothing ends with a precision so large that it is as good as absent; flat columns stay flat.

    Parameters
    ----------
    structure : Factor
    values : array (n,)
        Standardised, as long as the columns.
    columns : Columns
        Precisions to start from.
    rounds : int

    Returns
    -------
    array (n_columns,)

    References
    ----------
    MacKay (1992), Bayesian interpolation, Neural Computation 4; Tipping (2001), Journal of Machine Learning Research 1.
    """
    length, precision = len(columns.values), columns.precision.copy()
    white = whiten(structure, _tall(values[:length, None], structure))[:length]
    proper = columns.precision > 0
    for _ in range(rounds):
        fit = _regress(structure, white, Columns(columns.values, precision))
        size = max(float((white**2).sum() - fit.explained[0]) / length, 1e-12)
        variance = np.diagonal(cho_solve((fit.root, False), np.eye(len(precision))))
        second_moment = fit.coefficients[:, 0] ** 2 / size + variance
        precision = np.where(proper, np.clip(1.0 / second_moment, 1e-6, 1e9), 0.0)
    return precision


def _regress(structure: Factor, white: Array, columns: Columns) -> _Fit:
    """Fit columns to whitened values (length, n_scales)."""
    length = len(columns.values)
    white_columns = whiten(structure, _tall(columns.values, structure))[:length]
    root, failed = lapack.dpotrf(white_columns.T @ white_columns + np.diag(columns.precision), lower=0)
    if failed:
        raise np.linalg.LinAlgError("columns with flat coefficients cannot be told apart")
    return _Fit(np.asarray(cho_solve((root, False), white_columns.T @ white, check_finite=False)), white_columns, root)


def _tall(columns: Array, structure: Factor) -> Array:
    """Columns extended with zeros to the length of the factor."""
    tall = np.zeros((structure.lower.shape[0], columns.shape[1]), order="F")
    tall[:len(columns)] = columns
    return tall
