"""Weights of a linear pool by its continuous ranked probability score, pulled towards equal ones.

Floor F0, arrays only. It sees members' quantiles and outcomes, never which members they are of.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]

#: origins below which equal weights are better than any that are learned
FEWEST_ORIGINS = 20


def pool_terms(draws: Array, outcomes: Array) -> tuple[Array, Array]:
    r"""Return the terms of a pool's mean score: :math:`a_i = E|X_i - y|` and :math:`b_{ij} = E|X_i - X_j'|`.

    Parameters
    ----------
    draws : array (n_members, n_draws, n)
        Equally likely values of each member, such as quantiles at equally spaced levels.
    outcomes : array (n,)
        What happened.

    Returns
    -------
    array (n_members,), array (n_members, n_members)
        Means over the outcomes.

    Examples
    --------
    >>> a, b = pool_terms(np.array([[[0.0]], [[2.0]]]), np.array([0.5]))
    >>> a.tolist(), b.tolist()
    ([0.5, 1.5], [[0.0, 2.0], [2.0, 0.0]])
    """
    n_members, n_draws, _ = draws.shape
    first = np.abs(draws - outcomes).mean(axis=(1, 2))
    second = np.zeros((n_members, n_members))
    for i in range(n_members):
        for j in range(i, n_members):
            apart = sum(np.abs(draws[i, k] - draws[j]).mean() for k in range(n_draws)) / n_draws
            second[i, j] = second[j, i] = apart
    return np.asarray(first), second


def stacked_weights(first: Array, second: Array, n_origins: int) -> Array:
    r"""Return weights that minimise the pool's mean score and twice their squared distance from equal ones over the origins.

    .. math:: \min_w \; w'a - \tfrac12 w'Bw + \tfrac{2}{K} \lVert w - 1/M \rVert^2, \quad w \ge 0, \; \textstyle\sum w = 1

    The score of a linear pool is this quadratic form in its weights, so nothing is simulated. With fewer than twenty origins weights
    are equal.

    Parameters
    ----------
    first, second : array
        From :func:`pool_terms`.
    n_origins : int
        K.

    Returns
    -------
    array (n_members,)
        Not negative, summing to one.

    References
    ----------
    Gneiting and Raftery (2007), JASA 102, for the score as an expectation of distances.

    Examples
    --------
    >>> stacked_weights(np.array([0.5, 1.5]), np.array([[0.0, 2.0], [2.0, 0.0]]), 19).tolist()
    [0.5, 0.5]
    >>> stacked_weights(np.array([0.5, 1.5]), np.array([[0.0, 2.0], [2.0, 0.0]]), 4000).round(3).tolist()
    [0.75, 0.25]
    """
    n = len(first)
    equal = np.full(n, 1.0 / n)
    if n_origins < FEWEST_ORIGINS or n == 1:
        return equal
    pull = 2.0 / n_origins

    def score(w: Array) -> float:
        return float(w @ first - 0.5 * w @ second @ w + pull * np.sum((w - equal) ** 2))

    def slope(w: Array) -> Array:
        return np.asarray(first - second @ w + 2.0 * pull * (w - equal))

    found = minimize(score, equal, jac=slope, method="SLSQP", bounds=[(0.0, 1.0)] * n, options={"ftol": 1e-12, "maxiter": 200},
                     constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": lambda w: np.ones(n)}])  # fmt: skip
    weights = np.clip(found.x, 0.0, None)
    return np.asarray(weights / weights.sum())
