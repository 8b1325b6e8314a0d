"""Mixtures of Student t distributions, each on its own scale: quantiles, means and paths.

Floor F0, arrays only. A component is a multivariate t distribution of a series' path on one scale: the size of the shocks is not known
exactly, and may change. Components are mixed where the series is observed, so that a log and a level can share one forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtr, ndtri

from bayu_forecast._numeric.scales import LARGEST_LOG, SHIFTS, from_scale, to_scale
from bayu_forecast._numeric.streams import generator, quick_generator

Array = NDArray[np.float64]

#: points at which the mixture is evaluated, in its standard deviations: dense in the middle, wide in the tails
_GRID = 8 * np.sinh(np.linspace(-3, 3, 49)) / np.sinh(3)
#: closest that a shifted log comes to minus infinity
_LEAST = 1e-4
#: standard deviations within which a path may go beyond the top, and beyond which one seldom goes
_SURE, _SELDOM = 3.0, 6.0
#: samples to a block, always drawn whole; part of the numbers
_BLOCK = 2048
_GOLDEN = 0.6180339887498949
#: equally likely sizes of shocks that stand for their distribution in paths
_SIZES = 1024


@dataclass(frozen=True)
class Mixture:
    """Forecast of one series.

    Attributes
    ----------
    weight : array (n_components,)
        Sums to one.
    scale : array (n_components,) of int
        Place in ``SHIFTS``.
    mean, sd : array (n_components, horizon)
        On the scale: centre, and the standard deviation of shocks of the expected size, by which the t distribution is scaled.
    roots : sequence of array (horizon, horizon)
        Lower root of each component's covariance, for unit size; empty where no paths are asked for.
    size : array (n_components,)
        Standard deviation of the shocks on the scale.
    unit : float
        Unit of the scales.
    non_negative : bool
    df : float
        Degrees of freedom of the t distributions; infinite for normal ones.
    top : float
        What a series that is never negative stays below, or below three standard deviations of its components where that is more: the
        tails of a t distribution have no end on a logarithm.
    """

    weight: Array
    scale: NDArray[np.intp]
    mean: Array
    sd: Array
    roots: Sequence[Array]
    size: Array
    unit: float
    non_negative: bool
    df: float
    top: float = np.inf

    def _clip(self, values: Array) -> Array:
        return np.clip(values, 0.0, self._most(_SURE)) if self.non_negative else values

    def _most(self, sds: float) -> Array:
        """Highest of the top and so many standard deviations above any component (horizon,)."""
        reached = [from_scale(m + sds * s, SHIFTS[scale], self.unit) for m, s, scale in zip(self.mean, self.sd, self.scale, strict=True)]
        return np.asarray(np.maximum(np.max(reached, axis=0), self.top))

    def summary(self, levels: Sequence[float]) -> tuple[Array, Array]:
        """Mean (horizon,) and quantiles (len(levels), horizon).

        The distribution is evaluated on a grid and interpolated in normal scores; the mean leaves out what lies beyond the grid, so that
        it is finite on every scale.
        """
        lead = SHIFTS[int(np.bincount(self.scale, self.weight).argmax())]
        grid = self._grid(lead)
        values = from_scale(grid, lead, self.unit)
        below = np.zeros_like(grid)
        for scale in np.unique(self.scale):
            z = grid if SHIFTS[scale] == lead else self._on(SHIFTS[scale], values)
            for r in np.flatnonzero(self.scale == scale):
                below += self.weight[r] * ndtr(normal_score((z - self.mean[r]) / self.sd[r], self.df))
        score, wanted = ndtri(np.clip(below, 1e-9, 1 - 1e-9)), ndtri(np.asarray(levels))
        at = np.array([np.interp(wanted, score[:, k], grid[:, k]) for k in range(grid.shape[1])]).T
        clipped = self._clip(values)
        inside = below[-1] - below[0]
        steps = np.diff(below, axis=0) / np.where(inside > 0, inside, 1.0)
        # where all lies at the lower end of the scales the grid is a point
        mean = np.where(inside > 0, (steps * (clipped[1:] + clipped[:-1]) / 2).sum(axis=0), clipped[len(clipped) // 2])
        return mean, self._clip(from_scale(at, lead, self.unit))

    def _grid(self, lead: float) -> Array:
        """Points (n_grid, horizon) on the leading scale that span the mixture."""
        low, mid, high = (np.array([self._on(lead, from_scale(m + side * s, SHIFTS[scale], self.unit))
                                    for m, s, scale in zip(self.mean, self.sd, self.scale, strict=True)]) for side in (-1, 0, 1))
        centre = self.weight @ mid
        spread = np.sqrt(self.weight @ ((high - low) ** 2 / 4 + (mid - centre) ** 2))
        return np.asarray(centre + _GRID[:, None] * spread)

    def _on(self, shift: float, values: Array) -> Array:
        """Observed values on a scale, those it cannot hold at its lower end."""
        return to_scale(values if np.isinf(shift) else np.maximum(values, (_LEAST - shift) * self.unit), shift, self.unit)

    def paths(self, samples: int, seed: int, label: str, out: Array | None = None) -> Array:
        """Joint paths (samples, horizon), keyed by the label: fewer are the first of more, a shorter horizon is the beginning.

        Components take turns by a golden-ratio sequence from a random start, so that any number of first samples has nearly its share
        of each.
        """
        horizon, n = self.mean.shape[1], len(self.weight)
        out = np.empty((samples, horizon)) if out is None else out
        start, edges_of = generator(seed, "component", label).random(), np.cumsum(self.weight)
        by_scale = np.argsort(self.scale, kind="stable")
        roots = [self.size[r] * self.roots[r] for r in by_scale]
        # the unit joins the mean of a log, which saves a pass over the paths; so does a bound on what they can reach
        mean = self.mean[by_scale] + np.where(np.isfinite(np.array(SHIFTS)[self.scale[by_scale], None]), np.log(self.unit), 0.0)
        tame = bool((self.mean + 12 * self.sd).max() < LARGEST_LOG)
        most = self._most(_SURE)
        far = np.flatnonzero(self._most(_SELDOM) > most) if self.non_negative else np.zeros(0, dtype=np.intp)
        rank = np.argsort(by_scale)
        shocks, drawn, table = np.empty((horizon, _BLOCK)), np.empty((_BLOCK, horizon)), _sizes(self.df)
        for block, first in enumerate(range(0, samples, _BLOCK)):
            turn = (start + _GOLDEN * np.arange(first, first + _BLOCK)) % 1.0
            chosen = rank[np.minimum(np.searchsorted(edges_of, turn, side="right"), n - 1)]
            order = np.argsort(chosen, kind="stable")
            edges = np.searchsorted(chosen[order], np.arange(n + 1))
            draws = quick_generator(seed, "path", label, block)
            sizes = table[draws.integers(_SIZES, size=_BLOCK)]  # before the shocks, whose number depends on the horizon
            draws.standard_normal(out=shocks)
            shocks *= sizes
            for place in np.flatnonzero(np.diff(edges)).tolist():
                part = slice(edges[place], edges[place + 1])
                np.matmul(shocks[:, part].T, roots[place].T, out=drawn[part])
                drawn[part] += mean[place]
            for scale in np.unique(self.scale).tolist():
                members = np.flatnonzero(self.scale[by_scale] == scale)
                self._observe(drawn[edges[members[0]]:edges[members[-1] + 1]], SHIFTS[scale], tame)
            if far.size:  # spreads grow: from some step on
                np.minimum(drawn[:, far[0]:], most[far[0]:], out=drawn[:, far[0]:])
            if first + _BLOCK <= samples:
                out[first + order] = drawn
            else:
                inside = order < samples - first
                out[first + order[inside]] = drawn[inside]
        return out

    def _observe(self, paths: Array, shift: float, tame: bool) -> None:
        """Bring paths from a scale, its unit added, to where they are observed, in place."""
        if np.isfinite(shift):
            if not tame:
                np.minimum(paths, LARGEST_LOG + np.log(self.unit), out=paths)
            np.exp(paths, out=paths)
            paths -= shift * self.unit
        if self.non_negative and shift != 0:
            np.maximum(paths, 0.0, out=paths)


def normal_score(t: Array, df: float) -> Array:
    """Normal value as likely to be exceeded as a t value, to 3e-4 in probability from five degrees of freedom on.

    References
    ----------
    Wallace (1959), Bounds on normal approximations to Student's and the chi-square distributions. Annals of Mathematical Statistics 30.

    Examples
    --------
    >>> normal_score(np.array([0.0, 2.306]), 8.0).round(2).tolist()
    [0.0, 1.96]
    """
    if np.isinf(df):
        return t
    return np.asarray(np.copysign(np.sqrt(df * np.log1p(t * t / df)) * (8 * df + 1) / (8 * df + 3), t))


@cache
def _sizes(df: float) -> Array:
    """Equally likely factors on shocks, (_SIZES,), that make normal ones t distributed."""
    if np.isinf(df):
        return np.ones(_SIZES)
    above = (np.arange(_SIZES) + 0.5) / _SIZES
    return np.asarray(np.sqrt(df / chdtri(df, above)))
