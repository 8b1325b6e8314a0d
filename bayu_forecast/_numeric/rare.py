"""Probabilities too small to count: importance sampling at the most probable point of an event (METHODS 5.6).

Floor F0, arrays only: shocks are standard normal, an event is a margin that is not negative. It never knows which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bayu_forecast._numeric.streams import normals, uniforms
from bayu_forecast.errors import ConvergenceError

Floats = NDArray[np.float64]
#: shocks (m, d) -> margins (m,)
Margin = Callable[[Floats], Floats]
_STEPS = 100
#: a normal further out than this has probability zero in floating point
_FARTHEST = 37.0


class Rare(NamedTuple):
    """Probability of the event and of its complement, Monte-Carlo error of both, most probable point (d,) of the rarer."""

    probability: float
    complement: float
    standard_error: float
    point: Floats


def rare_probability(margin: Margin, shocks: int, samples: int = 10_000, seed: int = 0) -> Rare:
    r"""Return :math:`P(g(e) \ge 0)` for :math:`e \sim N(0, I_d)` by shifting the draws to where the event is likeliest.

    .. math:: \hat p = \frac1n \sum_i 1\{g(z_i + u) \ge 0\} \, e^{-u' z_i - u'u/2}, \quad
              u = \arg\min \{|e| : g(e) = 0\}

    Along the point the draws are stratified, one to a stratum: of an event that is nearly linear almost no error is left,
    where plain shifted draws of p = 1e-5 keep 2.2 % at ten thousand. An event that holds without shocks is counted by its
    complement. One dominant most probable point is taken: an event that can happen in two quite different ways is
    undercounted.

    Parameters
    ----------
    margin : callable
        Takes shocks (m, d), returns the event's margins (m,): smooth, row by row.
    shocks : int
        :math:`d`.
    samples : int
        Draws, at least two.
    seed : int
        Key of the draws.

    Returns
    -------
    Rare

    Raises
    ------
    ConvergenceError
        When no point is found where the event begins or ends, such as an event that never happens.
    ValueError
        When there are fewer than two draws.

    References
    ----------
    Au and Beck (1999), A new adaptive importance sampling scheme. Structural Safety 21; Wolter
    (2007), Introduction to variance estimation, section 8.2, for the error; the point by Zhang and Der
    Kiureghian (1995), Two improved algorithms for reliability analysis. Reliability and Optimization of Structural Systems.

    Examples
    --------
    >>> rare = rare_probability(lambda e: e.sum(axis=1) / 2.0 - 4.0, 4)
    >>> print(f"{rare.probability:.1e}", rare.point.round(6))
    3.2e-05 [2. 2. 2. 2.]
    """
    if samples < 2:
        raise ValueError(f"an error needs at least two draws, not {samples}")
    sign = -1.0 if float(margin(np.zeros((1, shocks)))[0]) >= 0.0 else 1.0
    point = most_probable_point(lambda e: sign * margin(e), shocks)
    z = _stratified(point, samples, seed)
    with np.errstate(under="ignore"):
        weight = np.exp(-z @ point - 0.5 * point @ point)
    margins = margin(z + point)
    counted = weight * ((margins >= 0.0) if sign > 0 else (margins < 0.0))
    mean, error = float(counted.mean()), _error_of_strata(counted)
    pair = (mean, 1.0 - mean) if sign > 0 else (1.0 - mean, mean)
    return Rare(*pair, error, point)


def most_probable_point(margin: Margin, shocks: int) -> Floats:
    r"""Return the shocks nearest to none at which the margin is zero.

    Improved Hasofer-Lind-Rackwitz-Fiessler steps :math:`e \leftarrow (\nabla g' e - g) \nabla g / |\nabla g|^2`, shortened
    while the merit :math:`|e|^2/2 + c |g|` does not fall; gradients by central differences.

    Parameters
    ----------
    margin : callable
        As in :func:`rare_probability`.
    shocks : int
        :math:`d`.

    Returns
    -------
    array (d,)

    Raises
    ------
    ConvergenceError
        When no such point is found.

    References
    ----------
    Zhang and Der Kiureghian (1995), as in :func:`rare_probability`.

    Examples
    --------
    >>> print(most_probable_point(lambda e: e[:, 0] - 3.0, 2).round(6))
    [3. 0.]
    """
    e = np.zeros(shocks)
    for _ in range(_STEPS):
        g, slope = _margin_and_slope(margin, e)
        steep = float(slope @ slope)
        if not (np.isfinite(g) and 0.0 < steep < np.inf) or np.linalg.norm(e) > _FARTHEST:
            break
        step = (slope @ e - g) / steep * slope - e
        if np.linalg.norm(step) < 1e-6 * max(1.0, float(np.linalg.norm(e))):
            return e
        e = _shortened(margin, e, step, g, steep)
    raise ConvergenceError(
        f"no point was found within {_FARTHEST:g} standard deviations where the event begins: it never or always happens, or its "
        "margin is flat or not smooth",
        got=float(np.linalg.norm(e)),
    )


def _stratified(point: Floats, samples: int, seed: int) -> Floats:
    """Standard normals whose component along the point takes one value from each stratum, in rising order."""
    z = normals(seed, "rare event", point.size, samples).T
    far = float(np.linalg.norm(point))
    along = point / far if far > 0.0 else point
    strata = ndtri((np.arange(samples) + uniforms(seed, "rare stratum", 1, samples)[0]) / samples)
    return np.asarray(z + np.outer(strata - z @ along, along))


def _error_of_strata(counted: Floats) -> float:
    """Error of the mean of one draw a stratum, from successive differences: rather too large than too small."""
    gaps = np.diff(counted)
    return float(np.sqrt(gaps @ gaps / (2.0 * gaps.size * counted.size)))


def _margin_and_slope(margin: Margin, e: Floats) -> tuple[float, Floats]:
    """Margin and its gradient at a point, in one call."""
    h = 1e-5
    nudge = h * np.eye(e.size)
    values = margin(np.concatenate([e[None], e + nudge, e - nudge]))
    return float(values[0]), np.asarray((values[1 : e.size + 1] - values[e.size + 1 :]) / (2.0 * h))


def _shortened(margin: Margin, e: Floats, step: Floats, g: float, steep: float) -> Floats:
    """The point after the longest of the halved steps at which the merit falls."""
    far, goal = float(np.linalg.norm(e)), e + step
    price = 2.0 * max(far / np.sqrt(steep), 0.5 * float(goal @ goal) / abs(g) if g else 0.0)
    merit = 0.5 * far**2 + price * abs(g)
    trials = e + 0.5 ** np.arange(12)[:, None] * step
    merits = 0.5 * np.sum(trials**2, axis=1) + price * np.abs(margin(trials))
    better = np.flatnonzero(merits < merit)
    return np.asarray(trials[better[0] if better.size else -1])
