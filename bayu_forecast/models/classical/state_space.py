"""From a filtered linear state space model to its exact joint predictive distribution.

Floor F2. Paths drawn by ``mean + factor @ normals`` cost one matrix product, where running the equations on costs a loop a path.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayu_forecast.models.classical.per_series import Ahead, covariance_factor

Array = NDArray[np.float64]


class StateSpace(NamedTuple):
    """``y = z a + e``, ``a' = T a + c + R u``: moments of the first state ahead, and of what comes.

    Drivers add ``features @ coefficients`` to the mean.
    """

    transition: Array
    design: Array
    intercept: Array
    shock: Array
    noise: float
    state: Array
    spread: Array
    coefficients: Array

    def ahead(self, horizon: int, features: Array | None) -> Ahead:
        """Mean and covariance of the whole horizon: ``cov(y_i, y_j) = z T^(i-j) P_j z'`` for ``i >= j``, noise on the diagonal."""
        state, spread = self.state, self.spread
        # row i of response is z T^i: one pass gives every product with a covariance
        response = np.empty((horizon, len(state)))
        response[0] = self.design
        for i in range(1, horizon):
            response[i] = response[i - 1] @ self.transition
        mean, covariance = np.empty(horizon), np.zeros((horizon, horizon))
        for j in range(horizon):
            mean[j] = self.design @ state
            covariance[j:, j] = response[: horizon - j] @ (spread @ self.design)
            state = self.transition @ state + self.intercept
            spread = self.transition @ spread @ self.transition.T + self.shock
        covariance += np.tril(covariance, -1).T + self.noise * np.eye(horizon)
        if features is not None:
            mean = mean + features @ self.coefficients
        return Ahead(mean, covariance_factor(covariance))


def from_statsmodels(result: Any, coefficients: Array) -> StateSpace:
    """Last moments and matrices of a filtered model whose own regressors, if any, carry ``coefficients``."""
    filtered = result.filter_results
    selection = filtered.selection[:, :, -1]
    return StateSpace(
        filtered.transition[:, :, -1], filtered.design[0, :, -1], filtered.state_intercept[:, -1],
        selection @ filtered.state_cov[:, :, -1] @ selection.T, float(filtered.obs_cov[0, 0, -1]),
        filtered.predicted_state[:, -1], filtered.predicted_state_cov[:, :, -1], np.asarray(coefficients, dtype=float),
    )
