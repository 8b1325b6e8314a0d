"""Mixtures of normals, each on its own scale: quantiles, means and paths.

Floor F0, arrays only. A component is a normal distribution of a series' path on one scale; components are mixed where the series is
observed, so that a log and a level can share one forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from bayu_forecast._numeric.draws import gaussian_paths
from bayu_forecast._numeric.scales import SHIFTS, from_scale, to_scale

Array = NDArray[np.float64]

#: points at which the mixture is evaluated, in its standard deviations: dense in the middle, wide in the tails
_GRID = 8 * np.sinh(np.linspace(-3, 3, 49)) / np.sinh(3)
#: closest that a shifted log comes to minus infinity
_LEAST = 1e-4
#: samples to a generator: enough for each of some dozens of components
_BLOCK = 4096


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
        On the scale.
    roots : sequence of array (horizon, horizon)
        Lower root of each component's covariance, for unit size; empty where no paths are asked for.
    size : array (n_components,)
        Standard deviation of the shocks on the scale.
    unit : float
        Unit of the scales.
    non_negative : bool
    """

    weight: Array
    scale: NDArray[np.intp]
    mean: Array
    sd: Array
    roots: Sequence[Array]
    size: Array
    unit: float
    non_negative: bool

    def _clip(self, values: Array) -> Array:
        return np.maximum(values, 0.0) if self.non_negative else values

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
            z = self._on(SHIFTS[scale], values)
            for r in np.flatnonzero(self.scale == scale):
                below += self.weight[r] * ndtr((z - self.mean[r]) / self.sd[r])
        score, wanted = ndtri(np.clip(below, 1e-9, 1 - 1e-9)), ndtri(np.asarray(levels))
        at = np.array([np.interp(wanted, score[:, k], grid[:, k]) for k in range(grid.shape[1])]).T
        clipped = self._clip(values)
        steps = np.diff(below, axis=0) / (below[-1] - below[0])
        mean = (steps * (clipped[1:] + clipped[:-1]) / 2).sum(axis=0)
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
        """Joint paths (samples, horizon), keyed by the label and put into ``out`` if given: fewer are the first of more."""
        drawn = gaussian_paths(seed, ("path", label), self.mean, np.stack(self.roots) * self.size[:, None, None], samples,
                               weights=self.weight, transform=self._observed, block=_BLOCK, out=out)  # fmt: skip
        return np.maximum(drawn, 0.0, out=drawn) if self.non_negative else drawn

    def _observed(self, component: int, values: Array) -> None:
        """Carry a component's paths from its scale to what is observed, in place."""
        from_scale(values, SHIFTS[self.scale[component]], self.unit, out=values)
