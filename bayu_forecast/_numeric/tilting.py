"""Outside views laid over draws: the weights closest to those at hand under which the views hold (METHODS 5.10).

Floor F0, arrays only. It never knows whose view it is; draws are reweighted, never moved.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from bayu_forecast.errors import ConvergenceError

Floats = NDArray[np.float64]
#: share of the draws below which the effective sample is refused
LEAST_SHARE = 0.05
_STEPS = 100
#: moments met, in standard deviations
_MET = 1e-9


class Tilted(NamedTuple):
    """Weights (samples,) summing to one, effective sample size, and divergence from the weights before in nats."""

    weights: Floats
    effective_size: float
    nats: float


def tilt(moments: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None) -> Tilted:
    r"""Return the weights nearest to those given under which the weighted means of the moments meet their targets.

    .. math:: w_i \propto w^0_i \exp(\lambda' h_i), \quad \lambda = \arg\min \ln \sum_i w^0_i \exp(\lambda'(h_i - g))

    by damped Newton steps on this convex dual. Tilting the mean of a normal shifts it and keeps its variance.

    Parameters
    ----------
    moments : array_like (samples,) or (samples, q)
        :math:`h` of each draw: the quantity itself for a view on its mean, :func:`quantile_views` for quantiles.
    targets : array_like () or (q,)
        :math:`g`.
    weights : array_like (samples,) or None
        Weights before; equal when None.

    Returns
    -------
    Tilted

    Raises
    ------
    ConvergenceError
        When no weights meet the targets, or when fewer than one draw in twenty would effectively be left.

    References
    ----------
    Robertson, Tallman and Whiteman (2005), Forecasting using relative entropy. Journal of Money, Credit and Banking 37.

    Examples
    --------
    >>> tilted = tilt([0.0, 1.0, 2.0], 1.2)
    >>> print(tilted.weights.round(4), round(tilted.effective_size, 3))
    [0.2384 0.3233 0.4384] 2.829
    """
    h = np.asarray(moments, dtype=np.float64)
    h = h[:, None] if h.ndim == 1 else h
    g = np.broadcast_to(np.asarray(targets, dtype=np.float64), h.shape[1:])
    n = len(h)
    before = np.full(n, 1.0 / n) if weights is None else np.asarray(weights, dtype=np.float64) / np.sum(weights)
    _require_within(h[before > 0], g)
    spread = np.sqrt(before @ (h - before @ h) ** 2)
    z = (h - g) / np.where(spread > 0, spread, 1.0)
    with np.errstate(divide="ignore"):
        after, nats = _dual(z, np.log(before))
    size = 1.0 / float(after @ after)
    if size < LEAST_SHARE * n:
        message = f"the view leaves {size:.1f} effective draws of {n}, less than {LEAST_SHARE:.0%}; weaken it or build it into a scenario"
        raise ConvergenceError(message, expected=LEAST_SHARE * n, got=size)
    return Tilted(after, size, nats)


def quantile_views(x: ArrayLike, values: ArrayLike, probabilities: ArrayLike) -> tuple[Floats, Floats]:
    r"""Return moments and targets that say :math:`P(x \le q_k) = p_k`, for :func:`tilt`.

    Parameters
    ----------
    x : array_like (samples,)
        Quantity of each draw.
    values, probabilities : array_like (k,)
        Quantiles :math:`q`, rising, and their levels :math:`p` in (0, 1), rising.

    Returns
    -------
    moments (samples, k), targets (k,)

    Raises
    ------
    ValueError
        When values and levels do not both rise or a level lies outside (0, 1).

    Examples
    --------
    >>> moments, targets = quantile_views([1.0, 2.0, 3.0, 4.0], 2.5, 0.6)
    >>> print(tilt(moments, targets).weights.round(6))
    [0.3 0.3 0.2 0.2]
    """
    q, p = np.atleast_1d(np.asarray(values, dtype=np.float64)), np.atleast_1d(np.asarray(probabilities, dtype=np.float64))
    if np.any(np.diff(q) <= 0) or np.any(np.diff(p) <= 0) or p[0] <= 0 or p[-1] >= 1:
        raise ValueError(f"quantiles rise with levels inside (0, 1), not {q.tolist()} at {p.tolist()}")
    return (np.asarray(x, dtype=np.float64)[:, None] <= q).astype(np.float64), p


def _require_within(h: Floats, g: Floats) -> None:
    """Refuse a target that no weights can reach in its own column."""
    low, high = h.min(axis=0), h.max(axis=0)
    outside = np.flatnonzero(~(((low < g) & (g < high)) | ((low == g) & (g == high))))
    if outside.size:
        k = int(outside[0])
        message = f"view {k} asks for a mean of {g[k]:.6g}, the draws reach from {low[k]:.6g} to {high[k]:.6g}: no weights meet it"
        raise ConvergenceError(message, rows=outside.tolist(), expected=(float(low[k]), float(high[k])), got=float(g[k]))


def _dual(z: Floats, log_before: Floats) -> tuple[Floats, float]:
    """Weights under which the mean of ``z`` is zero, and their divergence."""
    multiplier = np.zeros(z.shape[1])
    value = 0.0
    for _ in range(_STEPS):
        weights = np.exp(log_before + z @ multiplier - value)
        mean = weights @ z
        if np.abs(mean).max() < _MET:
            return weights / weights.sum(), -value
        centred = z - mean
        step = np.asarray(-np.linalg.lstsq((centred * weights[:, None]).T @ centred, mean, rcond=1e-12)[0], dtype=np.float64)
        multiplier, value = _descend(z, log_before, multiplier, value, step, float(mean @ step))
    raise ConvergenceError("no weights on these draws meet the views together; drop one or bring them closer", got=-value)


def _descend(z: Floats, log_before: Floats, start: Floats, value: float, step: Floats, slope: float) -> tuple[Floats, float]:
    """Half the step until the dual falls as it should."""
    size = 1.0
    for _ in range(40):
        point = start + size * step
        trial = float(logsumexp(log_before + z @ point))
        if trial <= value + 1e-4 * size * slope + 1e-15:
            return point, trial
        size *= 0.5
    return start, value
