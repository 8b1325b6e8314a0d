r"""Projection of forecasts onto sums: the least change, measured by the covariance of the errors, that makes parts add up.

Floor F0, arrays only: columns are draws, rows are nodes. With uppers :math:`u`, leaves :math:`b`, :math:`u = Ab` and
:math:`C = [I, -A]`, the projection is :math:`\hat y - WC'(CWC')^{-1}C\hat y`. It solves as many equations as there are uppers,
and with :math:`W = \operatorname{diag}(d) + FF'` no matrix over all nodes is ever formed.

References
----------
Zhang, Kang, Panagiotelis and Li (2023), Optimal reconciliation with immutable forecasts. Eur. J. Oper. Res. 308.
Wickramasuriya, Athanasopoulos and Hyndman (2019), Optimal forecast reconciliation through trace minimization. JASA 114.
Schaefer and Strimmer (2005), A shrinkage approach to large-scale covariance matrix estimation. Stat. Appl. Genet. Mol. Biol. 4.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
#: columns to a product; all products have this width, so that chunks of draws change no bit
BLOCK = 512


@dataclasses.dataclass(frozen=True, slots=True)
class Errors:
    r"""Covariance of the base forecasts' errors, uppers first: :math:`W = \operatorname{diag}(d) + FF'`.

    Attributes
    ----------
    diagonal : array (n_nodes,)
        :math:`d`.
    factor : array (n_nodes, rank)
        :math:`F`; rank 0 when errors are taken as uncorrelated.
    """

    diagonal: Floats
    factor: Floats

    def given(self, fixed: NDArray[np.bool_]) -> Errors:
        r"""Return the covariance of all errors when those of the fixed nodes are none: their rows and columns vanish.

        With :math:`F_1, d_1` the fixed rows, the factor of the others becomes :math:`FM^{1/2}` where
        :math:`M = I - F_1'(\operatorname{diag}(d_1) + F_1F_1')^{-1}F_1`.
        """
        if not fixed.any():
            return self
        known = self.factor[fixed]
        inverse = scipy.linalg.pinvh(known @ known.T + np.diag(self.diagonal[fixed])) if known.size else np.zeros((len(known),) * 2)
        values, vectors = np.linalg.eigh(np.eye(known.shape[1]) - known.T @ inverse @ known)
        factor = self.factor @ (vectors * np.sqrt(np.maximum(values, 0.0)))
        return Errors(np.where(fixed, 0.0, self.diagonal), np.where(fixed[:, None], 0.0, factor))


def uncorrelated(variances: Floats) -> Errors:
    """Return errors of these variances and no correlation."""
    return Errors(np.asarray(variances, dtype=np.float64), np.empty((len(variances), 0)))


def mean_squares(residuals: Floats) -> Floats:
    """Return the mean square of each row over its own times; NaN is a time without a residual."""
    return np.asarray(np.nanmean(np.square(residuals), axis=1))


def shrunk(residuals: Floats) -> Errors:
    r"""Return errors whose correlations are shrunk to none: :math:`V^{1/2}(\lambda I + (1-\lambda)R)V^{1/2}`.

    Parameters
    ----------
    residuals : array (n_nodes, n_times)
        One-step errors around zero; NaN where a series has none. A row's squares are averaged over its own times, and two rows
        correlate as far as their times overlap, so that the matrix stays a covariance.

    Returns
    -------
    Errors

    Examples
    --------
    >>> errors = shrunk(np.array([[1.0, -1, 2, -2], [1, -1, 2, -1], [0, 0, 0, -1]]))
    >>> print(errors.diagonal.round(3), errors.factor.shape)
    [1.127 0.789 0.113] (3, 4)
    """
    variances = mean_squares(residuals)
    lengths = _unit_rows(residuals)
    weight = intensity(residuals)
    scale = np.sqrt(variances)
    return Errors(weight * variances, np.sqrt(1.0 - weight) * scale[:, None] * lengths)


def intensity(residuals: Floats) -> float:
    r"""Return the share :math:`\lambda` of the target in a shrunk correlation matrix.

    .. math:: \lambda = \sum_{i \ne j} \widehat{\operatorname{var}}(r_{ij}) \Big/ \sum_{i \ne j} r_{ij}^2

    Both sums over pairs are taken from sums over times, so that no pair is visited.

    Parameters
    ----------
    residuals : array (n_nodes, n_times)
        As in :func:`shrunk`.

    Returns
    -------
    float
        In [0, 1]; 1 when nothing correlates.

    Examples
    --------
    >>> print(round(intensity(np.array([[1.0, -1, 2, -2], [1, -1, 2, -1], [0, 0, 0, -1]])), 3))
    0.451
    """
    rows = _unit_rows(residuals)
    n = rows.shape[1]
    squares = rows**2
    gram = rows.T @ rows if n < len(rows) else rows @ rows.T
    correlations = float((gram**2).sum()) - float((squares.sum(axis=1) ** 2).sum())
    fourth = float((squares.sum(axis=0) ** 2).sum()) - float((squares**2).sum())
    # rows have unit length, not unit mean square, hence n^2 before the fourth moments
    spread = (n * fourth - correlations) / (n - 1)
    return float(np.clip(spread / correlations, 0.0, 1.0)) if correlations > 0 else 1.0


def _unit_rows(residuals: Floats) -> Floats:
    """Return rows of unit length; a row of zeros stays one."""
    filled = np.nan_to_num(residuals, nan=0.0)
    length = np.sqrt((filled**2).sum(axis=1, keepdims=True))
    return filled / np.where(length > 0, length, 1.0)


def leaf_gain(sums: sparse.csr_array, errors: Errors) -> Floats:
    r"""Return the gain of the leaves on what does not add up: :math:`K = (WC')_b (CWC')^{-1}`, so that :math:`b - K(u - Ab)`.

    Parameters
    ----------
    sums : sparse array (n_uppers, n_leaves)
        :math:`A`, the leaves of each upper node.
    errors : Errors
        :math:`W`, uppers first.

    Returns
    -------
    array (n_leaves, n_uppers)
        Where the equations are redundant (between fixed nodes), the smallest gain.

    Examples
    --------
    >>> print(leaf_gain(sparse.csr_array([[1.0, 1.0]]), uncorrelated(np.ones(3))).round(3).tolist())
    [[-0.333], [-0.333]]
    """
    crossed, inner = _crossed(sums, errors)
    try:
        return np.asarray(scipy.linalg.cho_solve(scipy.linalg.cho_factor(inner, lower=True), crossed.T).T)
    except scipy.linalg.LinAlgError:
        return np.asarray(crossed @ scipy.linalg.pinvh(inner))


def _crossed(sums: sparse.csr_array, errors: Errors) -> tuple[Floats, Floats]:
    """Return the leaves' rows of W C' and the whole of C W C'."""
    n_uppers = sums.shape[0]
    upper, leaf = np.split(errors.diagonal, [n_uppers])
    upper_factor, leaf_factor = np.split(errors.factor, [n_uppers])
    gap = upper_factor - sums @ leaf_factor
    weighted = sums.multiply(leaf).tocsr()
    crossed = leaf_factor @ gap.T - weighted.toarray().T
    inner = gap @ gap.T + (weighted @ sums.T).toarray()
    inner[np.diag_indices(n_uppers)] += upper
    return crossed, inner


def leaf_covariance(sums: sparse.csr_array, errors: Errors, gain: Floats) -> Floats:
    r"""Return the covariance of the projected leaves' errors, :math:`W_{bb} - K(CW)_b`.

    Parameters
    ----------
    sums, errors
        As in :func:`leaf_gain`.
    gain : array (n_leaves, n_uppers)
        Its answer.

    Returns
    -------
    array (n_leaves, n_leaves)
    """
    crossed, _ = _crossed(sums, errors)
    _, leaf_factor = np.split(errors.factor, [sums.shape[0]])
    covariance = leaf_factor @ leaf_factor.T - gain @ crossed.T
    covariance[np.diag_indices(len(covariance))] += errors.diagonal[sums.shape[0] :]
    return np.asarray((covariance + covariance.T) / 2)


def move_leaves(leaves: Floats, uppers: Floats, sums: sparse.csr_array, gain: Floats) -> Floats:
    """Return leaves whose sums are the projection of both.

    Parameters
    ----------
    leaves : array (n_leaves, n_columns)
        Base forecasts; changed in place.
    uppers : array (n_uppers, n_columns)
        Base forecasts.
    sums, gain
        As in :func:`leaf_gain`.

    Returns
    -------
    array (n_leaves, n_columns)
        ``leaves``.
    """
    gap = np.zeros((len(uppers), BLOCK))
    for start in range(0, leaves.shape[1], BLOCK):
        part = leaves[:, start : start + BLOCK]
        width = part.shape[1]
        gap[:, :width] = uppers[:, start : start + width] - sums @ part
        gap[:, width:] = 0.0
        part -= (gain @ gap)[:, :width]
    return leaves


def lift_negatives(leaves: Floats, covariance: Floats) -> Floats:
    r"""Return the nearest leaves that are not negative, in the metric of the projected errors.

    With :math:`P` their covariance, the answer is :math:`b + P\lambda` where :math:`\lambda \ge 0` only at leaves that are zero:
    non-negative least squares in Gram form, a column at a time. Columns without a negative leaf are not touched.

    Parameters
    ----------
    leaves : array (n_leaves, n_columns)
        Projected leaves; changed in place.
    covariance : array (n_leaves, n_leaves)
        :math:`P`, of :func:`leaf_covariance`.

    Returns
    -------
    array (n_leaves, n_columns)
        ``leaves``.

    References
    ----------
    Portugal, Judice and Vicente (1994), A comparison of block pivoting and interior-point algorithms. Math. Comput. 63.
    Lawson and Hanson (1974), Solving least squares problems, chapter 23; Bro and de Jong (1997), J. Chemometrics 11.
    Wickramasuriya, Turlach and Hyndman (2020), Optimal non-negative forecast reconciliation. Stat. Comput. 30.

    Examples
    --------
    >>> print(lift_negatives(np.array([[-1.0], [3.0]]), np.array([[2.0, -1.0], [-1.0, 2.0]])).T)
    [[0.  2.5]]
    """
    for column in np.flatnonzero((leaves < 0).any(axis=0)):
        held, force = _pushed(covariance, leaves[:, column])
        moved = leaves[:, column] + covariance[:, held] @ force
        moved[held] = 0.0
        leaves[:, column] = np.maximum(moved, 0.0)
    return leaves


def _pushed(covariance: Floats, leaf: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the leaves held at zero and the multipliers that hold them.

    All that are on the wrong side change sides at once (block pivoting), which ends after a few solves; where it stops making
    progress, one leaf at a time, which always ends.
    """
    taken = leaf < 0
    slack = 1e-12 * np.abs(leaf).max()
    fewest, patience = len(leaf) + 1, 3
    while True:
        held = np.flatnonzero(taken)
        force = _solve(covariance, held, leaf)
        wrong = leaf + covariance[:, held] @ force < -slack
        wrong[held] = force < 0
        count = int(wrong.sum())
        if not count:
            return held, force
        patience = 3 if count < fewest else patience - 1
        fewest = min(fewest, count)
        if not patience:
            return _active_set(covariance, leaf, slack)
        taken ^= wrong


def _active_set(covariance: Floats, leaf: Floats, slack: float) -> tuple[NDArray[np.int64], Floats]:
    """Lawson and Hanson's method: take in the most negative leaf, let go of those whose multiplier would turn negative."""
    multiplier = np.zeros(len(leaf))
    taken = np.zeros(len(leaf), dtype=bool)
    for _ in range(3 * len(leaf)):
        value = np.where(taken, np.inf, leaf + covariance @ multiplier)
        lowest = int(value.argmin())
        if value[lowest] >= -slack or covariance[lowest, lowest] <= 0:
            break
        taken[lowest] = True
        while taken.any():
            held = np.flatnonzero(taken)
            force = _solve(covariance, held, leaf)
            if (force > 0).all():
                multiplier[:] = 0.0
                multiplier[held] = force
                break
            turning = held[force <= 0]
            room = multiplier[turning] / (multiplier[turning] - force[force <= 0])
            multiplier[held] += room.min() * (force - multiplier[held])
            taken[turning[room <= room.min()]] = False
            multiplier[~taken] = 0.0
    held = np.flatnonzero(taken)
    return held, multiplier[held]


def _solve(covariance: Floats, held: NDArray[np.int64], leaf: Floats) -> Floats:
    """Return the multipliers at which the held leaves are zero."""
    block = covariance[np.ix_(held, held)]
    try:
        return np.asarray(scipy.linalg.solve(block, -leaf[held], assume_a="pos"))
    except scipy.linalg.LinAlgError:
        return np.asarray(scipy.linalg.pinvh(block) @ -leaf[held])
