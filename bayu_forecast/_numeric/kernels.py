"""Responses by lag: carry-over, payback, the mass-balanced policy kernel and what it leaves unpaid (METHODS 3.1-3.2).

Floor F0, arrays only: months are positions, money is a number. It never knows which programme a response is for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def geometric(theta: float, length: int) -> Floats:
    r"""Return geometric carry-over: :math:`a_s \propto \theta^s`, half-life :math:`\ln .5 / \ln\theta` months.

    Parameters
    ----------
    theta : float
        Share that stays from month to month, in [0, 1].
    length : int
        Longest lag.

    Returns
    -------
    array (length + 1,)
        Weights by lag, summing to one.

    Raises
    ------
    ValueError
        When a parameter is out of its range.

    References
    ----------
    Jin, Wang, Sun, Chan and Koehler (2017), Bayesian methods for media mix modeling with carryover and shape effects.

    Examples
    --------
    >>> print(geometric(0.5, 2).round(4))
    [0.5714 0.2857 0.1429]
    """
    _require(0 <= theta <= 1, f"a geometric carry-over keeps a share in [0, 1], not {theta}")
    return _to_one(theta ** _lags(length))


def delayed(theta: float, peak: float, length: int) -> Floats:
    r"""Return carry-over that peaks late: :math:`a_s \propto \theta^{(s - p)^2}`.

    Parameters
    ----------
    theta : float
        Width, in (0, 1); the smaller the narrower.
    peak : float
        Lag of the peak, in [0, length].
    length : int
        Longest lag.

    Returns
    -------
    array (length + 1,)
        Weights by lag, summing to one.

    Raises
    ------
    ValueError
        When a parameter is out of its range.

    References
    ----------
    Jin et al. (2017), as in :func:`geometric`.

    Examples
    --------
    >>> print(delayed(0.5, 1, 2))
    [0.25 0.5  0.25]
    """
    _require(0 < theta < 1, f"a delayed carry-over has a width in (0, 1), not {theta}")
    _require(0 <= peak <= length, f"the peak at lag {peak} lies outside the lags 0 to {length}")
    return _to_one(theta ** (_lags(length) - peak) ** 2)


def weibull(shape: float, scale: float, length: int) -> Floats:
    r"""Return Weibull carry-over: :math:`a_s \propto (s+1)^{c-1} \exp(-((s+1)/\lambda)^c)`.

    Parameters
    ----------
    shape, scale : float
        :math:`c` and :math:`\lambda` (months), positive; ``c > 1`` peaks late.
    length : int
        Longest lag.

    Returns
    -------
    array (length + 1,)
        Weights by lag, summing to one.

    Raises
    ------
    ValueError
        When a parameter is not positive.

    Examples
    --------
    >>> print(weibull(1.0, 2.0, 2).round(4))
    [0.5065 0.3072 0.1863]
    """
    _require(shape > 0 and scale > 0, f"a Weibull shape and scale are positive, not {shape} and {scale}")
    month = _lags(length) + 1.0
    log = (shape - 1.0) * np.log(month) - (month / scale) ** shape
    return _to_one(np.exp(log - log.max()))


def payback(horizon: int) -> Floats:
    r"""Return repayment by lag, falling evenly: :math:`p_j \propto H + 1 - j` for :math:`j = 1..H`, :math:`p_0 = 0`.

    Parameters
    ----------
    horizon : int
        Months :math:`H` until all is repaid, at least one.

    Returns
    -------
    array (horizon + 1,)
        Weights by lag, summing to one.

    Raises
    ------
    ValueError
        When there is no month to repay in.

    Examples
    --------
    >>> print(payback(3).round(4))
    [0.     0.5    0.3333 0.1667]
    """
    _require(horizon >= 1, f"a payback takes at least one month, not {horizon}")
    return _to_one(np.append(0.0, np.arange(horizon, 0, -1.0)))


def policy_kernel(carry_over: ArrayLike, rho: float, horizon: int) -> Floats:
    r"""Return the mass-balanced response to one unit: :math:`k = a - \rho (a * p)`, so :math:`\sum_s k_s = 1 - \rho`.

    Parameters
    ----------
    carry_over : array_like (lags,)
        Weights :math:`a` summing to one.
    rho : float
        Share borrowed from later months, in [0, 1].
    horizon : int
        Months in which it is repaid; zero only when nothing is borrowed.

    Returns
    -------
    array (lags + horizon,)

    Raises
    ------
    ValueError
        When the carry-over does not sum to one or a parameter is out of its range.

    Examples
    --------
    >>> print(policy_kernel([1.0], 0.6, 3).round(2))
    [ 1.  -0.3 -0.2 -0.1]
    """
    a = np.asarray(carry_over, dtype=np.float64)
    _require(abs(a.sum() - 1.0) < 1e-9, f"a carry-over sums to one, not {a.sum():.6g}")
    _require(0 <= rho <= 1, f"a share borrowed lies in [0, 1], not {rho}")
    if horizon == 0 and rho == 0:
        return a.copy()
    return np.asarray(np.append(a, np.zeros(horizon)) - rho * np.convolve(a, payback(horizon)))


def respond(w: ArrayLike, kernel: ArrayLike) -> Floats:
    r"""Return the causal response :math:`f_t = \sum_s k_s w_{t-s}`, inputs before the first month being zero.

    Pass history and future in one piece, so that what the past left unpaid is carried into the future. Each row's
    numbers depend on that row only, to the last bit.

    Parameters
    ----------
    w : array_like (..., months)
        Input.
    kernel : array_like (..., lags)
        Response by lag; leading axes broadcast with those of ``w``.

    Returns
    -------
    array (..., months)

    Examples
    --------
    >>> print(respond([1.0, 0.0, 2.0], [1.0, -0.5]))
    [ 1.  -0.5  2. ]
    """
    x, k = np.asarray(w, dtype=np.float64), np.asarray(kernel, dtype=np.float64)
    n = x.shape[-1]
    out = np.zeros((*np.broadcast_shapes(x.shape[:-1], k.shape[:-1]), n))
    # a matrix product is faster, but its last bits depend on how many rows are passed together
    for lag in range(min(k.shape[-1], n)):
        out[..., lag:] += k[..., lag, None] * x[..., : n - lag]
    return out


def induced_flows(budget: ArrayLike, multiplier: ArrayLike, kernel: ArrayLike) -> Floats:
    r"""Return sales induced by money spent, until the last of it is repaid; they sum to :math:`m (1 - \rho)` budgets.

    Parameters
    ----------
    budget : array_like (..., months)
        Money a month.
    multiplier : array_like (...)
        Gross incremental sales a unit of money, :math:`m`.
    kernel : array_like (..., lags)
        From :func:`policy_kernel`.

    Returns
    -------
    array (..., months + lags - 1)
        Money a month.

    Examples
    --------
    >>> print(induced_flows([100.0], 2.0, policy_kernel([1.0], 0.6, 2)).round(6))
    [200. -80. -40.]
    """
    spent, k = np.asarray(budget, dtype=np.float64), np.asarray(kernel, dtype=np.float64)
    tail = np.zeros((*spent.shape[:-1], k.shape[-1] - 1))
    return np.asarray(multiplier, dtype=np.float64)[..., None] * respond(np.concatenate([spent, tail], axis=-1), k)


def unpaid_stock(sales: ArrayLike, rho: ArrayLike, horizon: int) -> Floats:
    r"""Return sales borrowed and not yet repaid at each month's end: :math:`\rho \sum_s w_{t-s} (1 - \sum_{j \le s} p_j)`.

    Parameters
    ----------
    sales : array_like (..., months)
        Gross induced sales, carry-over included, payback not.
    rho : array_like (...)
        Share borrowed.
    horizon : int
        Months in which it is repaid.

    Returns
    -------
    array (..., months)
        Unit of the sales.

    Raises
    ------
    ValueError
        When there is no month to repay in.

    Examples
    --------
    >>> print(unpaid_stock([100.0, 0.0, 0.0, 0.0], 0.6, 3).round(6))
    [60. 30. 10.  0.]
    """
    left = payback(horizon)[:0:-1].cumsum()[::-1]
    return np.asarray(rho, dtype=np.float64)[..., None] * respond(sales, left)


def _require(holds: bool, message: str) -> None:
    """Raise ValueError with the message unless it holds."""
    if not holds:
        raise ValueError(message)


def _lags(length: int) -> Floats:
    """0, 1, ... up to the longest lag."""
    _require(length >= 0, f"the longest lag is at least 0, not {length}")
    return np.arange(length + 1.0)


def _to_one(weights: Floats) -> Floats:
    """Weights scaled to sum to one."""
    return np.asarray(weights / weights.sum())
