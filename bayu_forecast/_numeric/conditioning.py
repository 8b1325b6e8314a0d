"""Forecasts that must meet figures not yet published: hard pins, imposed densities, and how far-fetched they are.

Floor F0, arrays only. It never knows what is pinned; an intervention is not a pin and is none of its business.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from bayu_forecast.errors import ContradictionError

Floats = NDArray[np.float64]
#: a pin whose variance given the earlier pins is below this share of the largest it could have repeats them
REPEATED = 1e-10
#: standard deviations by which a repeated pin may differ from what the earlier ones say
AGREED = 1e-6


class Normal(NamedTuple):
    """Mean (n,) and covariance (n, n)."""

    mean: Floats
    covariance: Floats


class Plausibility(NamedTuple):
    """How far a condition pulls a forecast.

    ``nats`` is the divergence, ``coin`` the side of a biased coin as far from a fair one (0.5 unsurprising, 1 impossible)
    and ``tail`` the forecast's own probability of a value at least as far out.
    """

    nats: float
    coin: float
    tail: float


def pin(mean: ArrayLike, covariance: ArrayLike, C: ArrayLike, f: ArrayLike) -> Normal:
    r"""Return the law of a normal vector given :math:`C y = f` exactly.

    .. math:: \mu + K (f - C\mu), \quad S - K C S, \quad K = S C' (C S C')^{-1}

    Parameters
    ----------
    mean, covariance : array_like (n,), (n, n)
        Unconditional forecast.
    C : array_like (q, n)
        One row a pin.
    f : array_like (q,)
        Values pinned.

    Returns
    -------
    Normal
        ``C @ covariance`` is zero to rounding. A pin that repeats earlier ones is harmless.

    Raises
    ------
    ContradictionError
        When a pin contradicts the earlier ones or what is already known; ``rows`` are the positions of the pins.

    References
    ----------
    Waggoner and Zha (1999), Conditional forecasts in dynamic multivariate models. Review of Economics and Statistics 81.

    Examples
    --------
    >>> law = pin([0.0, 0.0], np.eye(2), [[1.0, 1.0]], [2.0])
    >>> print(law.mean, law.covariance[0])
    [1. 1.] [ 0.5 -0.5]
    """
    mu, S, rows, values = _system(mean, covariance, C, f)
    keep = independent_pins(S, rows, values - rows @ mu)
    return _moved(mu, S, rows[keep], values[keep], np.zeros((keep.size, keep.size)))


def impose(mean: ArrayLike, covariance: ArrayLike, C: ArrayLike, f: ArrayLike, Omega: ArrayLike) -> Normal:
    r"""Return the law closest to a normal forecast under which :math:`C y \sim N(f, \Omega)` exactly.

    .. math:: \mu + K (f - C\mu), \quad S + K (\Omega - C S C') K'

    It is not the update by a noisy figure of variance :math:`\Omega`, which leaves less variance.

    Parameters
    ----------
    mean, covariance, C, f
        As in :func:`pin`.
    Omega : array_like (q, q)
        Variance imposed; zero pins.

    Returns
    -------
    Normal

    Raises
    ------
    ContradictionError
        When a row repeats earlier ones, so that no variance of its own can be imposed.

    References
    ----------
    Antolin-Diaz, Petrella and Rubio-Ramirez (2021), Structural scenario analysis with SVARs. Journal of Monetary
    Economics 117.

    Examples
    --------
    >>> law = impose([0.0, 0.0], np.eye(2), [[1.0, 0.0]], [1.0], [[0.25]])
    >>> print(law.mean, law.covariance.diagonal())
    [1. 0.] [0.25 1.  ]
    """
    mu, S, rows, values = _system(mean, covariance, C, f)
    _all_independent(S, rows)
    return _moved(mu, S, rows, values, np.atleast_2d(np.asarray(Omega, dtype=np.float64)))


def pin_draws(draws: ArrayLike, C: ArrayLike, f: ArrayLike, covariance: ArrayLike | None = None) -> Floats:
    r"""Move draws so that each meets :math:`C y = f` exactly: :math:`y + K (f - C y)`.

    Draws of the unconditional normal become draws of :func:`pin`; sample by sample the shocks stay the same. With a random
    ``f`` of variance :math:`\Omega` they become draws of :func:`impose`. Without a covariance the draws' own linear map is
    taken, which is right in means and covariances for draws that are nearly normal.

    Parameters
    ----------
    draws : array_like (samples, n)
        Unconditional draws.
    C : array_like (q, n)
        One row a pin.
    f : array_like (q,) or (samples, q)
        Values pinned.
    covariance : array_like (n, n) or None
        Of the draws; their sample covariance when None.

    Returns
    -------
    array (samples, n)

    Raises
    ------
    ContradictionError
        When a pin contradicts the earlier ones; ``rows`` are the positions of the pins.

    References
    ----------
    Doucet (2010), A note on efficient conditional simulation of Gaussian distributions (Matheron's rule).

    Examples
    --------
    >>> draws = np.random.default_rng(0).standard_normal((100, 3))
    >>> moved = pin_draws(draws, [[1.0, 1.0, 0.0]], [2.0])
    >>> print(np.ptp(moved[:, 0] + moved[:, 1]) < 1e-12)
    True
    """
    y = np.asarray(draws, dtype=np.float64)
    rows, values = np.atleast_2d(np.asarray(C, dtype=np.float64)), np.asarray(f, dtype=np.float64)
    if covariance is None:
        centred = y - y.mean(axis=0)
        S = centred.T @ centred / (len(y) - 1)
    else:
        S = np.asarray(covariance, dtype=np.float64)
    keep = independent_pins(S, rows, np.atleast_2d(values)[0] - rows @ y[0])
    rows, values = rows[keep], values[..., keep]
    K = _gain(S, rows)
    for _ in range(2):  # the second pass removes the rounding of the first
        y = y + (values - y @ rows.T) @ K.T
    return y


def plausibility(
    mean: ArrayLike, covariance: ArrayLike, C: ArrayLike, f: ArrayLike, Omega: ArrayLike | None = None, flips: int | None = None
) -> Plausibility:
    r"""Return how far-fetched a condition is under the forecast.

    .. math:: \mathrm{KL} = \tfrac12 [\mathrm{tr}(G^{-1}\Omega) + d' G^{-1} d - q + \ln |G| - \ln |\Omega|], \quad
              G = C S C', \; d = f - C\mu; \qquad \tfrac12 [1 + \sqrt{1 - e^{-2 \mathrm{KL} / m}}]

    The coin is that whose :math:`m` flips lie as many nats from fair flips. A hard pin is infinitely far in nats whatever
    its value, so without ``Omega`` only the move of the mean counts (:math:`\Omega = G`).

    Parameters
    ----------
    mean, covariance, C, f
        As in :func:`pin`.
    Omega : array_like (q, q) or None
        Variance imposed; None for hard pins.
    flips : int or None
        Flips :math:`m` of the coin; the number of independent conditions when None (the reference counts all shocks).

    Returns
    -------
    Plausibility

    Raises
    ------
    ContradictionError
        When hard pins contradict each other, or rows with a variance repeat each other.

    References
    ----------
    Antolin-Diaz, Petrella and Rubio-Ramirez (2021), after McCulloch (1989), Local model influence. JASA 84.

    Examples
    --------
    >>> far = plausibility([0.0], [[1.0]], [[1.0]], [2.0])
    >>> print(round(far.nats, 4), round(far.coin, 4), round(far.tail, 4))
    2.0 0.9954 0.0455
    """
    mu, S, rows, values = _system(mean, covariance, C, f)
    if Omega is None:
        keep = independent_pins(S, rows, values - rows @ mu)
        rows, values = rows[keep], values[keep]
    else:
        _all_independent(S, rows)
    if not len(rows):
        return Plausibility(0.0, 0.5, 1.0)
    d, G = values - rows @ mu, rows @ S @ rows.T
    distance = float(d @ np.linalg.solve(G, d))
    spread = 0.0 if Omega is None else _spread_nats(G, np.atleast_2d(np.asarray(Omega, dtype=np.float64)))
    nats = max(0.5 * distance + spread, 0.0)
    coin = 0.5 * (1.0 + math.sqrt(-math.expm1(-2.0 * nats / (flips or len(d)))))
    return Plausibility(nats, coin, float(chi2.sf(distance, len(d))))


def independent_pins(S: Floats, rows: Floats, surprise: Floats) -> NDArray[np.intp]:
    """Return the positions of the pins that say something the earlier ones do not.

    Parameters
    ----------
    S : array (n, n)
        Covariance of the forecast.
    rows : array (q, n)
        One row a pin.
    surprise : array (q,)
        Value pinned less its forecast.

    Returns
    -------
    array of int

    Raises
    ------
    ContradictionError
        When a repeated pin differs from what the earlier ones, or the known past, say.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    >>> print(independent_pins(np.eye(2), rows, np.array([1.0, 2.0, 0.0])))
    [0 2]
    """
    G = rows @ S @ rows.T
    widest = np.abs(rows) @ np.sqrt(np.maximum(np.diag(S), 0.0))
    keep: list[int] = []
    for i in range(len(rows)):
        weight = np.linalg.solve(G[np.ix_(keep, keep)], G[keep, i]) if keep else np.zeros(0)
        if G[i, i] - G[keep, i] @ weight > REPEATED * widest[i] ** 2:
            keep.append(i)
            continue
        off = abs(surprise[i] - surprise[keep] @ weight)
        if off > AGREED * max(widest[i], np.finfo(float).tiny):
            others = [k for k, w in zip(keep, weight, strict=True) if abs(w) > math.sqrt(REPEATED)]
            _contradict(i, others, off)
    return np.asarray(keep, dtype=np.intp)


def _contradict(row: int, others: list[int], off: float) -> None:
    """Raise with the positions of the pins that cannot hold together."""
    against = f"pins {others}" if others else "what is already known"
    raise ContradictionError(
        f"pin {row} contradicts {against}: together they leave it no freedom and it is {off:.6g} away; drop or change one of them",
        rows=[*others, row],
        expected=f"within rounding of {against}",
        got=off,
    )


def _all_independent(S: Floats, rows: Floats) -> None:
    """Refuse rows that repeat each other: their variances are not free."""
    keep = independent_pins(S, rows, np.zeros(len(rows)))
    repeated = [i for i in range(len(rows)) if i not in keep]
    if repeated:
        message = f"rows {repeated} repeat earlier ones or the known past: their variance cannot be imposed; drop them"
        raise ContradictionError(message, rows=repeated)


def _system(mean: ArrayLike, covariance: ArrayLike, C: ArrayLike, f: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    """The four arrays as floats, one row a pin."""
    mu, S, values = (np.asarray(part, dtype=np.float64) for part in (mean, covariance, f))
    return mu, S, np.atleast_2d(np.asarray(C, dtype=np.float64)), np.atleast_1d(values)


def _gain(S: Floats, rows: Floats) -> Floats:
    """``K = S C' (C S C')^-1``."""
    SCt = S @ rows.T
    return np.asarray(np.linalg.solve(rows @ SCt, SCt.T).T)


def _moved(mu: Floats, S: Floats, rows: Floats, values: Floats, Omega: Floats) -> Normal:
    """The law with ``C y ~ N(f, Omega)``, as a sum of squares so that it stays positive."""
    K = _gain(S, rows)
    rest = np.eye(len(mu)) - K @ rows
    covariance = rest @ S @ rest.T + K @ Omega @ K.T
    return Normal(mu + K @ (values - rows @ mu), 0.5 * (covariance + covariance.T))


def _spread_nats(G: Floats, Omega: Floats) -> float:
    """The part of the divergence that is about variances; infinite when a variance imposed is zero."""
    sign, logdet = np.linalg.slogdet(Omega)
    if sign <= 0:
        return math.inf
    return float(0.5 * (np.trace(np.linalg.solve(G, Omega)) - len(G) + np.linalg.slogdet(G)[1] - logdet))
