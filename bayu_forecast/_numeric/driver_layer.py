"""Effects of drivers on many series, taken off before a forecast and put on after: the same in every scenario and member.

Floor F0, arrays only. Effects are on the working scale: shares for series that are never negative. Each driver has its size, a bend over
what was seen and an echo one step later (``driver_columns``), learned together with trend and season, each series leaning on the panel
(``pooled_effects``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.driver_columns import DriverColumns
from bayu_forecast._numeric.panel_units import PanelUnits, standardised
from bayu_forecast._numeric.pooled_effects import pooled_effects

Array = NDArray[np.float64]

#: most that drivers together may do, in logs or in units of a series' size
_MOST = 5.0


@dataclass(frozen=True)
class DriverLayer:
    """Fitted effects.

    Attributes
    ----------
    effects : array (n_series, 3 x n_features)
        On the working scale, by one standard deviation of the driver: of its size, its bend and its echo.
    columns : DriverColumns
    logs : array of bool (n_series,)
    scale : array (n_series,)
        Unit of additive effects.
    """

    effects: Array
    columns: DriverColumns
    logs: NDArray[np.bool_]
    scale: Array

    @classmethod
    def fit(cls, panel: Array, features: Array, variograms: Array) -> DriverLayer:
        """Learn the effects of ``features`` (n_series, n_time, n_features) on a panel (n_series, n_time).

        ``variograms`` (n_structures, n) are the structures that a series may have; the last n values are used.
        """
        scaled, seen = PanelUnits.of(panel), np.isfinite(panel)
        logs = scaled.positive
        values, _, spread = standardised(np.where(logs[:, None], np.log(np.where(logs[:, None], scaled.values, 1.0)), scaled.values))
        columns = DriverColumns.of(features, seen)
        drawn = columns.over_history(features, np.logical_or.accumulate(seen, axis=1))
        latest = slice(None, -variograms.shape[1] - 1, -1)
        effects = pooled_effects(np.where(seen, values, 0.0)[:, latest], drawn[:, latest], seen[:, latest], spread[:, 0], variograms)
        return cls(effects, columns, logs, scaled.scale[:, 0])

    def without(self, panel: Array, features: Array) -> Array:
        """The panel as it would be with the drivers at their means."""
        effect = self._effect(self.columns.over_history(features, np.logical_or.accumulate(np.isfinite(panel), axis=1)))
        return np.where(self.logs[:, None], panel * np.exp(-effect), panel - effect * self.scale[:, None])

    def onto(self, values: Array, features: Array) -> Array:
        """Values (n_series, n, horizon) after history with the effects of their drivers (n_series, horizon, n_features)."""
        effect = self._effect(self.columns.ahead(features))[:, None]
        return np.asarray(np.where(self.logs[:, None, None], values * np.exp(effect), values + effect * self.scale[:, None, None]))

    def _effect(self, columns: Array) -> Array:
        return np.asarray(np.clip(np.einsum("stk,sk->st", columns, self.effects), -_MOST, _MOST))
