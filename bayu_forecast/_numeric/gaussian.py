"""Exact conditioning of a linear-Gaussian vector on any set of linear figures (METHODS eq. 1-3).

Floor F0: arrays only. It must never know what a month, a print or a region is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Posterior(NamedTuple):
    """What the figures say: ``x = X beta + u`` given ``c = J x + e``.

    ``mean`` and ``covariance`` are of ``x`` at the rows asked for; ``loglik`` is the exact-diffuse log likelihood of
    ``c`` (flat prior on ``beta``, constant ``-(n-k)/2 log 2 pi``).
    """

    mean: Array
    covariance: Array
    loglik: float


class Conditioner:
    """The factored system of one linearisation, ready to answer about any part of the vector.

    With ``V = J S J' + R`` and flat ``beta`` (generalised least squares):
    ``beta = (W' J X)^-1 W' c``, ``x = X beta + S J' V^-1 (c - J X beta)``,
    ``Var x = S - S J' V^-1 J S + U (W' J X)^-1 U'`` with ``W = V^-1 J X`` and ``U = X - S J' W``.

    The caller pins BLAS to one thread: asking for it here, a hundred times a fit, would cost more than the algebra.

    Parameters
    ----------
    V : array (n, n)
        Covariance of the figures, noise included.
    JX : array (n, k)
        Figures' loadings on the flat coefficients; columns must be independent.
    c : array (n,)
        Figures, less the prior mean's part.
    """

    def __init__(self, V: Array, JX: Array, c: Array) -> None:
        self._factor = cho_factor(V, lower=True, check_finite=False)
        self._W = cho_solve(self._factor, JX, check_finite=False)
        self._G = JX.T @ self._W
        self.beta: Array = np.linalg.solve(self._G, self._W.T @ c) if JX.shape[1] else np.zeros(0)
        residual = c - JX @ self.beta
        self.weights: Array = cho_solve(self._factor, residual, check_finite=False)
        n, k = JX.shape
        logdet = 2.0 * np.log(np.diag(self._factor[0])).sum()
        logdet_g = np.linalg.slogdet(self._G)[1] if k else 0.0
        self.loglik = float(-0.5 * (logdet + logdet_g + residual @ self.weights + (n - k) * np.log(2 * np.pi)))

    def mean(self, X: Array, SJt: Array) -> Array:
        """Posterior mean of the rows whose flat design is ``X`` and whose covariance with the figures is ``SJt``."""
        mean: Array = X @ self.beta + SJt @ self.weights
        return mean

    def covariance(self, X: Array, SJt: Array, S: Array) -> Array:
        """Posterior covariance of those rows, ``S`` being their prior covariance."""
        half = solve_triangular(self._factor[0], SJt.T, lower=True, check_finite=False)
        U = X - SJt @ self._W
        cov: Array = S - half.T @ half
        if X.shape[1]:
            cov = cov + U @ np.linalg.solve(self._G, U.T)
        return 0.5 * (cov + cov.T)


def condition(S: Array, X: Array, J: Array, c: Array, R: Array) -> Posterior:
    """Mean, covariance and exact-diffuse log likelihood of the whole vector, densely.

    Parameters
    ----------
    S : array (m, m)
        Prior covariance of the vector around ``X beta``.
    X : array (m, k)
        Flat part; ``k`` may be zero.
    J : array (n, m)
        One row a figure.
    c : array (n,)
        The figures.
    R : array (n, n)
        Covariance of the figures' noise.
    """
    with threadpool_limits(1):
        SJt = S @ J.T
        system = Conditioner(J @ SJt + R, J @ X, c)
        return Posterior(system.mean(X, SJt), system.covariance(X, SJt, S), system.loglik)


def safe_cholesky(covariance: Array) -> Array:
    """Lower factor of a covariance that may be singular to rounding: the smallest jitter that works, from 1e-12."""
    scale = float(np.mean(np.diag(covariance))) or 1.0
    eye = np.eye(len(covariance))
    for power in range(-12, -5):
        try:
            factor = np.linalg.cholesky(covariance + 10.0**power * scale * eye)
        except np.linalg.LinAlgError:
            continue
        return np.asarray(factor, dtype=np.float64)
    raise np.linalg.LinAlgError("covariance is not positive semi-definite")
