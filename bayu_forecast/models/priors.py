"""Priors of one series' structure, in log points and years, with the reason for each.

Floor F2 (east): numbers a model starts from. It must never know which region they are used for.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from bayu_forecast._numeric import impulse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPriors:
    """Structure of one log path: damped slope, drifting level and season, shocks that pass.

    Annual units: growth and slopes are log points a year; standard deviations of level and seasonal drift are a year's.

    Attributes
    ----------
    reversion : tuple of float
        Grid of what remains of a deviation of growth after a year. From outside: growth differences between countries
        keep about a third over a decade (Pritchett and Summers 2014), .89 a year; never from the series' own past.
    slope_sd : tuple of float
        Grid of a year's shock to growth.
    long_run, start : tuple (mean, sd)
        Growth in the long run and at the first month.
    level_sd, irregular_sd : float
        A year's shock to the level; a month's passing noise.
    seasonal_sd, seasonal_drift : float
        Spread of the pattern at the start, and its drift a year for each calendar month.
    disturbed_irregular, disturbed_passing, disturbed_level : float
        Extra shocks of disturbed months: of one month, dying out by ``passing_decay`` a month, lost for good.
    passing_decay : float
        What remains of a passing shock a month later.
    disturbed_slope : float
        Slope variance of disturbed months relative to others: a lockdown is read as level, not as growth.
    """

    reversion: tuple[float, ...] = (0.87, 0.90, 0.93)
    slope_sd: tuple[float, ...] = (0.020, 0.025, 0.032)
    long_run: tuple[float, float] = (0.02, 0.015)
    start: tuple[float, float] = (0.09, 0.05)
    level_sd: float = 0.0184
    irregular_sd: float = 0.008
    seasonal_sd: float = 0.3
    seasonal_drift: float = 0.012
    disturbed_irregular: float = 0.03
    disturbed_passing: float = 0.02
    disturbed_level: float = 0.018
    passing_decay: float = 0.85
    disturbed_slope: float = 0.25

    def cells(self) -> list[tuple[float, float]]:
        """Grid of (reversion, slope_sd), equally weighted."""
        return [(r, s) for r in self.reversion for s in self.slope_sd]

    def mean(self, n: int, reversion: float) -> Array:
        """Prior mean of the growth part over ``n`` months."""
        mean: Array = impulse.growth_columns(n, reversion ** (1 / 12)) @ np.array([self.long_run[0], self.start[0]])
        return mean

    def growth_covariance(self, disturbed: NDArray[np.bool_], reversion: float) -> tuple[Array, Array]:
        """Covariance of the growth part: what the two coefficients carry, and the slope for a unit ``slope_sd``."""
        n, damping = len(disturbed), reversion ** (1 / 12)
        columns = impulse.growth_columns(n, damping) * np.array([self.long_run[1], self.start[1]])
        variances = np.where(disturbed, self.disturbed_slope, 1.0) / 12.0**3
        known: Array = columns @ columns.T
        return known, impulse.shock_covariance(impulse.slope_response(n, damping), variances)

    def shared_covariance(self, disturbed: NDArray[np.bool_]) -> Array:
        """Covariance of level and passing shocks, which followers of the series share."""
        n = len(disturbed)
        level = self.level_sd**2 / 12.0 + np.where(disturbed, self.disturbed_level**2, 0.0)
        passing = np.where(disturbed, self.disturbed_passing**2, 0.0)
        cov = impulse.level_covariance(level)
        if passing.any():
            cov = cov + impulse.shock_covariance(impulse.decay_response(n, self.passing_decay), passing)
        once: Array = np.diag(np.where(disturbed, self.disturbed_irregular**2, 0.0))
        return cov + once

    def seasonal_covariance(self, n: int, first_month: int) -> Array:
        """Covariance of the seasonal pattern."""
        return impulse.seasonal_covariance(n, first_month, self.seasonal_sd, self.seasonal_drift)


#: what a series that leans on another has of its own: half-shrunk growth deviations, a small seasonal deviation
OWN = SeriesPriors(
    reversion=(0.90,),
    slope_sd=(0.0070,),
    long_run=(0.0, 0.0),
    start=(0.003, 0.012),
    level_sd=0.0147,
    irregular_sd=0.008,
    seasonal_sd=0.04,
    seasonal_drift=0.006,
    disturbed_irregular=0.03,
    disturbed_passing=0.02,
    disturbed_level=0.01,
)


def grid_points(
    priors: SeriesPriors, shapes: list[tuple[tuple[int, ...], float]]
) -> list[tuple[tuple[float, float], tuple[int, ...], float]]:
    """Points (structure, shapes, weight) over which a model is averaged.

    With as many shapes as there are values of reversion and of slope shock, a Latin square: a third of the full grid in which
    every pair of values of two factors still has the product of their weights (Taguchi's L9 for three of each). Otherwise the
    full product.
    """
    n, k = len(priors.reversion), len(shapes)
    if k > 1 and k == n == len(priors.slope_sd):
        return [
            ((reversion, slope), shapes[(i + j) % k][0], shapes[(i + j) % k][1] / n)
            for i, reversion in enumerate(priors.reversion)
            for j, slope in enumerate(priors.slope_sd)
        ]
    cells = priors.cells()
    return [(cell, shape, weight / len(cells)) for cell in cells for shape, weight in shapes]
