"""Small annual models for what is published by year or not at all: growth, a share, a ratio, a contribution.

Floor F2 (east): years, values and standard normals in, draws out. It must never know which region or policy asks.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from bayu_forecast._numeric.gaussian import Conditioner, safe_cholesky

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Years = NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True)
class AnnualFigures:
    """Figures of one annual series: year, value and the standard deviation it carries (all arrays (n,))."""

    year: Years
    value: Array
    noise: Array


def condition_years(mean: Array, covariance: Array, years: Years, figures: AnnualFigures) -> tuple[Array, Array]:
    """Normal posterior of a yearly vector given figures of some of its years."""
    place = np.searchsorted(years, figures.year)
    inside = (figures.year >= years[0]) & (figures.year <= years[-1])
    place, value, noise = place[inside], figures.value[inside], figures.noise[inside]
    if not len(place):
        return mean, covariance
    cross = covariance[:, place]
    system = Conditioner(cross[place] + np.diag(noise**2), np.zeros((len(place), 0)), value - mean[place])
    nothing = np.zeros((len(years), 0))
    return mean + system.mean(nothing, cross), system.covariance(nothing, cross, covariance)


def correlate(own: Array, other: Array, rho: float) -> Array:
    """Standard normals (sample,) correlated ``rho`` with another standardised quantity's draws."""
    mixed: Array = rho * other + np.sqrt(1.0 - rho**2) * own
    return mixed


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GrowthModel:
    """Yearly growth that reverts to a long-run rate: ``g = m + d``, ``d`` an AR(1) with known prints where published.

    Attributes
    ----------
    long_run : tuple (mean, sd)
        Growth a year in the long run, log points.
    reversion : float
        What remains of a deviation after a year.
    shock_sd, disturbed_sd : float
        Shock of a year, and the passing extra of a disturbed year.
    start_sd : float
        Spread of the deviation in the first year.
    """

    long_run: tuple[float, float] = (0.03, 0.015)
    reversion: float = 0.9
    shock_sd: float = 0.010
    disturbed_sd: float = 0.03
    start_sd: float = 0.05

    def posterior(self, years: Years, figures: AnnualFigures, disturbed: NDArray[np.bool_]) -> tuple[Array, Array]:
        """Mean and covariance of growth in ``years`` given the prints."""
        n = len(years)
        lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        early = np.minimum.outer(np.arange(n), np.arange(n))
        ratio = self.reversion**2
        variance = self.start_sd**2 * ratio**early + self.shock_sd**2 * (1 - ratio**early) / (1 - ratio)
        cov = variance * self.reversion**lag + self.long_run[1] ** 2 + np.diag(np.where(disturbed, self.disturbed_sd**2, 0.0))
        return condition_years(np.full(n, self.long_run[0]), cov, years, figures)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShareModel:
    """A share on the logit scale: the leading region's path, a random walk with drift, plus this region's deviation.

    Attributes
    ----------
    spread : float
        Standard deviation of regions around the leading one, logits.
    start : tuple (mean, sd)
        First year's logit.
    drift : tuple (mean, sd)
        Change a year.
    step_sd, disturbed_sd : float
        Shock of a year; of a disturbed year.
    """

    spread: float
    start: tuple[float, float] = (0.0, 1.0)
    drift: tuple[float, float] = (0.0, 0.04)
    step_sd: float = 0.06
    disturbed_sd: float = 0.15

    def posterior(self, years: Years, figures: AnnualFigures, disturbed: NDArray[np.bool_]) -> tuple[Array, Array]:
        """Mean and covariance of the leading region's logit share; ``figures`` are logits."""
        t = np.arange(len(years), dtype=float)
        steps = np.cumsum(np.where(disturbed, self.disturbed_sd, self.step_sd) ** 2)
        cov = self.start[1] ** 2 + np.minimum.outer(steps, steps) + self.drift[1] ** 2 * np.outer(t, t)
        return condition_years(self.start[0] + self.drift[0] * t, cov, years, figures)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RatioModel:
    """Log ratio of one yearly level to another: a random walk from a wide start."""

    start: tuple[float, float] = (0.0, 0.5)
    step_sd: float = 0.03

    def posterior(self, years: Years, figures: AnnualFigures) -> tuple[Array, Array]:
        """Mean and covariance of the log ratio in ``years``."""
        n = len(years)
        cov = self.start[1] ** 2 + self.step_sd**2 * np.minimum.outer(np.arange(n), np.arange(n)).astype(float)
        return condition_years(np.full(n, self.start[0]), cov, years, figures)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ContributionModel:
    """How much of an increment another total makes up, learned from other regions' tables only.

    The part's increment is ``k dY + s e``: a region's mean contribution ``k`` around a common mean, and a yearly noise in
    proportion to the total's usual increment. Linear in levels: no ratio is ever formed (Section 6.3 of the methods).

    Attributes
    ----------
    common : tuple (mean, sd)
        Prior of the mean over regions.
    between_sd : float
        Spread of regions' means.
    noise : tuple (median, log sd)
        Prior of a region's yearly standard deviation of contributions.
    """

    common: tuple[float, float] = (0.5, 0.2)
    between_sd: float = 0.10
    noise: tuple[float, float] = (0.2, 0.6)

    def posterior(self, regions: list[Array]) -> tuple[float, float, float, float]:
        """Mean and sd of a new region's contribution; log-mean and log-sd of its yearly noise."""
        precision, weighted = self.common[1] ** -2, self.common[0] * self.common[1] ** -2
        logs = []
        for values in regions:
            spread = float(np.std(values, ddof=1)) if len(values) > 2 else self.noise[0]
            variance = self.between_sd**2 + spread**2 / len(values)
            precision, weighted = precision + 1 / variance, weighted + float(values.mean()) / variance
            if len(values) > 2:
                logs.append(np.log(spread))
        log_sd = self.noise[1]
        shrunk = (np.log(self.noise[0]) + sum(logs)) / (1 + len(logs))
        return weighted / precision, float(np.sqrt(1 / precision + self.between_sd**2)), shrunk, log_sd

    def draw(self, regions: list[Array], increments: Array, usual: Array, normals: Array) -> Array:
        """Increments (sample, year) of the part.

        Parameters
        ----------
        regions : list of array
            Yearly contributions of other regions, one array a region.
        increments, usual : array (sample, year)
            The total's increment, and its usual size (scale of the noise).
        normals : array (2 + year, sample)
            Standard normals: the region's mean, its noise, and a shock a year.
        """
        mean, sd, log_mean, log_sd = self.posterior(regions)
        contribution = mean + sd * normals[0]
        noise = np.exp(log_mean + log_sd * normals[1])
        part: Array = contribution[:, None] * increments + noise[:, None] * usual * normals[2:].T
        return part


def draw_years(mean: Array, covariance: Array, normals: Array) -> Array:
    """Draws (sample, year) of a normal vector from standard normals (year, sample)."""
    drawn: Array = (mean[:, None] + safe_cholesky(covariance) @ normals).T
    return drawn
