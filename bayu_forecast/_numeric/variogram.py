"""Variograms: how far apart a series drifts with time, for a trend, a seasonal pattern that moves, and noise.

Floor F0, arrays only. Any process with stationary increments is its variogram ``g``: with a flat prior on today's level,
``cov(x_t, x_s) = const + g(t) + g(s) - g(t - s)``. Structural parts add up by adding their variograms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: columns of a table of structures; sizes are standard deviations, times are in seasonal cycles (years)
FIELDS = ("drift", "slope", "slope_rate", "level", "cycle", "cycle_rate", "season", "season_memory", "season_width", "fixed", "noise")

#: keeps a noiseless structure positive definite
_NUGGET = 1e-5


def variograms(structures: Array, n_lags: int, season: float) -> Array:
    r"""Return the variogram of each structure at the lags 0, 1, ... steps.

    A slope that is remembered for :math:`1/a` years adds the integrated Ornstein-Uhlenbeck part
    :math:`(a u - 1 + e^{-a u}) / a^2`; its limits are the straight line :math:`u^2/2` (a drift that never changes) and the random
    walk :math:`u/2` (the level). A cycle adds :math:`1 - e^{-a u}`; the seasonal pattern is a centred periodic kernel whose memory
    decays, and one that never changes.

    Parameters
    ----------
    structures : array (n_structures, len(FIELDS))
        Columns as in ``FIELDS``; rates, memories and widths are positive.
    n_lags : int
        Lags 0 to ``n_lags - 1``.
    season : float
        Steps to a seasonal cycle; need not be whole.

    Returns
    -------
    array (n_structures, n_lags)

    References
    ----------
    Cressie (1993), Statistics for Spatial Data, section 2.3; MacKay (1998), Introduction to Gaussian processes, for the periodic kernel.

    Examples
    --------
    >>> walk = dict.fromkeys(FIELDS, 0.0) | {"level": 1.0, "slope_rate": 1.0}
    >>> variograms(np.array([list(walk.values())]), 3, 1.0).round(3)
    array([[0. , 0.5, 1. ]])
    """
    part = {name: structures[:, place, None] for place, name in enumerate(FIELDS)}
    years = np.arange(n_lags) / season
    g = part["drift"] ** 2 * years**2 / 2 + part["level"] ** 2 * years / 2
    g += part["slope"] ** 2 * _remembered_slope(years, part["slope_rate"])
    g -= part["cycle"] ** 2 * np.expm1(-part["cycle_rate"] * years)
    if season > 1:
        pattern = _periodic(n_lags, season, part["season_width"])
        g += part["season"] ** 2 * (1 - pattern * np.exp(-years / part["season_memory"])) + part["fixed"] ** 2 * (1 - pattern)
    g[:, 1:] += part["noise"] ** 2 + _NUGGET
    return np.asarray(g)


def _remembered_slope(years: Array, rate: Array) -> Array:
    """Half the variance of an integrated Ornstein-Uhlenbeck process."""
    return np.asarray((rate * years + np.expm1(-rate * years)) / rate**2)


def _periodic(n_lags: int, season: float, width: Array) -> Array:
    """Correlation of a smooth periodic pattern without a mean: its mean belongs to the level."""
    def kernel(lag: Array) -> Array:
        return np.asarray(np.exp(-2 * np.sin(np.pi * lag / season) ** 2 / width**2))
    steps = int(np.ceil(season))
    mean = kernel(np.arange(steps) * season / steps).mean(axis=1, keepdims=True)
    return np.asarray((kernel(np.arange(float(n_lags))) - mean) / (1 - mean))
