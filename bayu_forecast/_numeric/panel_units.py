"""A panel in units of its series' mean size, and transformed where a model is additive on another scale.

Floor F0, arrays only. What smoothers, theta, kernels, boosters and the layer of drivers share; the structural engine averages over
scales of its own (``scales``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.scales import belt

Array = NDArray[np.float64]

#: share of zeros above which sales are sporadic
_MANY_ZEROS = 0.3


@dataclass(frozen=True)
class PanelUnits:
    """A panel in units of its series' size: shifted where it holds zeros, divided by its mean size; for one form also transformed."""

    values: Array
    shift: Array
    scale: Array
    positive: NDArray[np.bool_]

    @classmethod
    def of(cls, values: Array) -> PanelUnits:
        """Scale a panel (n_series, n_time); series with negative values keep the additive form only."""
        size = np.nanmean(np.abs(values), axis=1, keepdims=True)
        scale = np.where(size > 0, size, 1.0)
        lowest = np.nanmin(values, axis=1, keepdims=True)
        positive = lowest >= 0
        shift = np.where(positive & (lowest < 1e-3 * scale), 0.02 * scale, 0.0)
        return cls((values + shift) / scale, shift, scale, positive[:, 0])

    def rows(self, at: slice) -> PanelUnits:
        """Some series."""
        return PanelUnits(self.values[at], self.shift[at], self.scale[at], self.positive[at])

    def to(self, form: str) -> tuple[Array, Array, Array]:
        """Transformed and standardised values (n_series, n_time) with their centre and spread, (n_series, 1) each."""
        values = self.values
        if form != "level":  # of no use to series with negative values, which only the additive form keeps
            values = np.where(self.positive[:, None] | np.isnan(values), values, 1.0)
        if form == "relative":
            ones = np.ones_like(self.scale)
            return values, 0 * ones, ones
        moved = np.log(values) if form == "log" else np.sqrt(values) if form == "root" else values
        return standardised(moved)

    def belt(self) -> tuple[Array, Array]:
        """Lowest and highest scaled value that a forecast may take, (n_series,)."""
        return belt(np.nanmin(self.values, axis=1), np.nanmax(self.values, axis=1))

    def jacobian(self, form: str, spread: Array, log_fitted: Array, count: Array) -> Array:
        """Mean log derivative of the transformation, so that forms compare on the unit of the panel, (n_series, 1 or n_columns)."""
        if form == "relative":
            return np.asarray(-log_fitted / count)
        logs = np.nanmean(np.log(np.where(self.positive[:, None], self.values, 1.0)), axis=1, keepdims=True) if form != "level" else 0.0
        power = {"level": 0.0, "log": 1.0, "root": 0.5}[form]
        return np.asarray(-power * logs - (np.log(2.0) if form == "root" else 0.0) - np.log(spread))


def sporadic(values: Array) -> NDArray[np.bool_]:
    """Which series (n_series, n_time) are zero so often that errors do not multiply, and most of what is sold is in the upper tail."""
    return np.asarray((values == 0).sum(axis=1) > _MANY_ZEROS * np.isfinite(values).sum(axis=1))


def standardised(values: Array) -> tuple[Array, Array, Array]:
    """Values (n_series, n_time) less their centre, over their spread, and both, (n_series, 1); a constant has a small spread."""
    centre = np.nanmean(values, axis=1, keepdims=True)
    spread = np.nanstd(values, axis=1, keepdims=True)
    spread = np.where(spread > 1e-9 * (1 + np.abs(centre)), spread, 1e-3 * (1 + np.abs(centre)))
    return (values - centre) / spread, centre, spread
