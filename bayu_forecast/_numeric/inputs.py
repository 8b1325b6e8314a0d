"""Inputs of drivers over time: steps and ramps, saturation, and what an announcement moves in time (METHODS 3.1-3.2).

Floor F0, arrays only: months are positions, money is a number. It never knows which programme an input is for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from bayu_forecast._numeric.kernels import payback

Floats = NDArray[np.float64]


def pulse(n: int, start: int) -> Floats:
    r"""Return one month of input: :math:`1\{t = t_0\}`.

    Parameters
    ----------
    n, start : int
        Months, and the position of the one; a start outside ``0..n-1`` leaves zeros.

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> print(pulse(4, 1))
    [0. 1. 0. 0.]
    """
    return temporary_step(n, start, start + 1)


def step(n: int, start: int) -> Floats:
    r"""Return an input that begins and stays: :math:`1\{t \ge t_0\}`.

    Parameters
    ----------
    n, start : int
        Months, and the first month of one; it may lie before or after the months.

    Returns
    -------
    array (n,)

    Examples
    --------
    >>> print(step(4, 2))
    [0. 0. 1. 1.]
    """
    return np.asarray(np.arange(n) >= start, dtype=np.float64)


def ramp(n: int, start: int, length: float) -> Floats:
    r"""Return an input that grows evenly to one: :math:`\min(\max((t - t_0) / L, 0), 1)`.

    Parameters
    ----------
    n, start : int
        Months, and the last month of zero.
    length : float
        Months from zero to one, positive.

    Returns
    -------
    array (n,)

    Raises
    ------
    ValueError
        When the length is not positive.

    Examples
    --------
    >>> print(ramp(5, 1, 2))
    [0.  0.  0.5 1.  1. ]
    """
    _require(length > 0, f"a ramp takes a positive number of months, not {length}")
    return np.clip((np.arange(n) - start) / length, 0.0, 1.0)


def temporary_step(n: int, start: int, stop: int) -> Floats:
    r"""Return an input that begins and ends: :math:`1\{t_0 \le t < t_1\}`.

    Parameters
    ----------
    n : int
        Months.
    start, stop : int
        First month of one, and first month of zero after it.

    Returns
    -------
    array (n,)

    Raises
    ------
    ValueError
        When it stops before it starts.

    Examples
    --------
    >>> print(temporary_step(5, 1, 3))
    [0. 1. 1. 0. 0.]
    """
    _require(start <= stop, f"a step from month {start} cannot stop at month {stop}, before it starts")
    return step(n, start) - step(n, stop)


def tanh_saturation(w: ArrayLike, kappa: ArrayLike) -> Floats:
    r"""Return saturated input: :math:`\kappa \tanh(w / \kappa)`, slope one at zero, ceiling :math:`\kappa`.

    A multiplier keeps its meaning of yuan per yuan at small scale.

    Parameters
    ----------
    w, kappa : array_like
        Input and ceiling, same unit, broadcast together; an infinite ceiling leaves the input as it is.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        When a ceiling is not positive.

    Examples
    --------
    >>> print(tanh_saturation([0.001, 1.0], 0.01).round(6))
    [0.000997 0.01    ]
    """
    x, ceiling = np.broadcast_arrays(np.asarray(w, dtype=np.float64), np.asarray(kappa, dtype=np.float64))
    _require(bool(np.all(ceiling > 0)), "a saturation needs a positive ceiling")
    bent = np.isfinite(ceiling)
    top = np.where(bent, ceiling, 1.0)
    return np.asarray(np.where(bent, top * np.tanh(x / top), x))


def hill(w: ArrayLike, kappa: ArrayLike, slope: ArrayLike) -> Floats:
    r"""Return the Hill share: :math:`w^\eta / (\kappa^\eta + w^\eta)`, one half at :math:`\kappa`.

    Parameters
    ----------
    w, kappa : array_like
        Input, not negative, and half-saturation point, positive, same unit.
    slope : array_like
        :math:`\eta`, positive.

    Returns
    -------
    array
        In [0, 1].

    Raises
    ------
    ValueError
        When a parameter is not positive or an input is negative.

    References
    ----------
    Jin, Wang, Sun, Chan and Koehler (2017), Bayesian methods for media mix modeling with carryover and shape
    effects; they find its parameters weakly identified in short samples.

    Examples
    --------
    >>> print(hill([0.0, 2.0, 6.0], 2.0, 1.0))
    [0.   0.5  0.75]
    """
    x, half, eta = (np.asarray(part, dtype=np.float64) for part in (w, kappa, slope))
    _require(bool(np.all(x >= 0) and np.all(half > 0) and np.all(eta > 0)), "a Hill curve takes inputs >= 0 and positive parameters")
    with np.errstate(divide="ignore"):
        return np.asarray(expit(eta * (np.log(x) - np.log(half))))


def rush(n: int, expiry: int, before: int, after: int) -> Floats:
    """Return one unit bought early because an offer expires: taken from the months after, net zero.

    The rush grows evenly to the last month of the offer, the gap after it closes evenly. Its negative is one unit held
    back before an announced start (:func:`wait`). A window that reaches beyond the months is cut.

    Parameters
    ----------
    n, expiry : int
        Months, and the first month without the offer.
    before, after : int
        Months of rush and of gap, at least one each.

    Returns
    -------
    array (n,)
        Multiply by the amount moved.

    Raises
    ------
    ValueError
        When a window has no month.

    Examples
    --------
    >>> print(rush(6, 3, 2, 2).round(4))
    [ 0.      0.3333  0.6667 -0.6667 -0.3333  0.    ]
    """
    shape = np.concatenate([payback(before)[:0:-1], -payback(after)[1:]])
    position = np.arange(n) - (expiry - before)
    inside = (position >= 0) & (position < shape.size)
    return np.where(inside, shape[np.where(inside, position, 0)], 0.0)


def wait(n: int, start: int, before: int, after: int) -> Floats:
    """Return one unit held back until an announced start and bought in the months from it on, net zero.

    Parameters
    ----------
    n, start : int
        Months, and the first month of the offer.
    before, after : int
        Months of waiting and of catching up, at least one each.

    Returns
    -------
    array (n,)
        Multiply by the amount moved.

    Raises
    ------
    ValueError
        When a window has no month.

    Examples
    --------
    >>> print(wait(4, 2, 1, 2).round(4))
    [ 0.     -1.      0.6667  0.3333]
    """
    return 0.0 - rush(n, start, before, after)


def _require(holds: bool, message: str) -> None:
    """Raise ValueError with the message unless it holds."""
    if not holds:
        raise ValueError(message)
