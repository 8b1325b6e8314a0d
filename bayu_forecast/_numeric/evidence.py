"""How well each structure explains each series, and what it forecasts: exact Gaussian algebra, the size of the shocks integrated out.

Floor F0, arrays only. Series stand latest first on standardised scales. Gaps and drivers are columns: a gap is a column that is one where
nothing was observed and has a flat coefficient, which leaves exactly the likelihood of what was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky

from bayu_forecast._numeric.latest_first import Factor, factor, whiten

Array = NDArray[np.float64]

#: degrees of freedom of the prior on the variance of a standardised series, around one
PRIOR_DF = 1.0


@dataclass(frozen=True)
class Columns:
    """Known columns with normal coefficients, on a standardised scale.

    Attributes
    ----------
    past : array (n, n_columns)
        Latest first.
    ahead : array (horizon, n_columns)
    precision : array (n_columns,)
        Of the coefficients, in units of the shocks' variance; zero is flat.
    """

    past: Array
    ahead: Array
    precision: Array

    @property
    def flat(self) -> int:
        """Coefficients without a prior: each costs one value."""
        return int((self.precision == 0).sum())


def log_evidence(variograms: Array, values: Array, lengths: NDArray[np.intp], columns: Sequence[Columns | None]) -> Array:
    """Log marginal likelihood of each series on each scale under each structure, up to a constant of the series.

    Parameters
    ----------
    variograms : array (n_structures, at least n)
    values : array (n_series, n_scales, n)
        Latest first, zero beyond a series' length and in gaps.
    lengths : array (n_series,) of int
        Steps from the first to the last value.
    columns : sequence of Columns or None
        One for each series.

    Returns
    -------
    array (n_series, n_structures, n_scales)
    """
    n_series, n_scales, n = values.shape
    side_by_side = np.asfortranarray(values.reshape(-1, n).T)
    inside = np.arange(n)[:, None] < np.repeat(lengths, n_scales)
    special = [s for s, c in enumerate(columns) if c is not None]
    df = lengths - 1.0 - np.array([0 if c is None else c.flat for c in columns]) + PRIOR_DF
    out = np.empty((n_series, len(variograms), n_scales))
    for place, variogram in enumerate(variograms):
        structure = factor(variogram, n, 0)
        white = whiten(structure, side_by_side)
        white *= inside
        squares = np.einsum("ij,ij->j", white, white).reshape(n_series, n_scales)
        log_det = structure.log_det[lengths - 1]
        for s in special:
            length = int(lengths[s])
            own = white[:length, s * n_scales:(s + 1) * n_scales]
            coefficients, root = _regress(structure, own, columns[s], length)
            squares[s] -= np.einsum("ij,ij->j", coefficients, root.T @ (root @ coefficients))
            log_det[s] += np.log(np.diagonal(root)).sum() - 0.5 * np.log(_proper(columns[s])).sum()
        out[:, place] = -0.5 * df[:, None] * np.log(np.maximum(squares, 0.0) + PRIOR_DF) - log_det[:, None]
    return out


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


def ahead_with_columns(structure: Factor, values: Array, length: int, columns: Columns) -> tuple[Array, float, Array]:
    """Forecast one standardised series (n,) with columns: mean (horizon,), variance of the shocks, covariance for unit shocks."""
    white = whiten(structure, values[:, None])[:length]
    seen = structure.ahead[:length]
    coefficients, root = _regress(structure, white, columns, length)
    squares = float((white**2).sum() - ((root @ coefficients) ** 2).sum())
    left = _ahead_of(columns, structure) - seen.T @ whiten(structure, _tall(columns.past, structure))[:length]
    mean = seen.T @ white + left @ coefficients
    covariance = structure.covariance(length) + left @ cho_solve((root, False), left.T)
    return mean[:, 0], (max(squares, 0.0) + PRIOR_DF) / (length - 1.0 - columns.flat + PRIOR_DF), np.asarray(covariance)


def _regress(structure: Factor, white: Array, columns: Columns | None, length: int) -> tuple[Array, Array]:
    """Posterior mean (n_columns, n_scales) of the coefficients, and the upper root of their precision."""
    assert columns is not None
    white_columns = whiten(structure, _tall(columns.past, structure))[:length]
    root = cholesky(white_columns.T @ white_columns + np.diag(columns.precision), lower=False, check_finite=False)
    return np.asarray(cho_solve((root, False), white_columns.T @ white, check_finite=False)), np.asarray(root)


def _tall(columns: Array, structure: Factor) -> Array:
    """Columns extended with zeros to the length of the factor."""
    tall = np.zeros((structure.lower.shape[0], columns.shape[1]), order="F")
    tall[:len(columns)] = columns
    return tall


def _ahead_of(columns: Columns, structure: Factor) -> Array:
    """Columns over the horizon; none ahead is zeros."""
    horizon = structure.ahead.shape[1]
    return columns.ahead if len(columns.ahead) else np.zeros((horizon, columns.past.shape[1]))


def _proper(columns: Columns | None) -> Array:
    """Precisions of the coefficients that have a prior."""
    assert columns is not None
    return columns.precision[columns.precision > 0]
