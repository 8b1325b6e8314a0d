"""Effects of drivers on many series, taken off before a forecast and put on after: the same in every scenario and member.

Floor F0, arrays only. Effects are on the working scale: shares for series that are never negative. Each driver has its size, a bend over
what was seen and an echo one step later (``driver_columns``), learned together with trend and season, each series leaning on the panel
(``pooled_effects``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bayu_forecast._numeric.driver_columns import DriverColumns
from bayu_forecast._numeric.panel_units import PanelUnits, standardised
from bayu_forecast._numeric.pooled_effects import pooled_effects
from bayu_forecast._numeric.pooling import pool_quantiles
from bayu_forecast._numeric.streams import normals

Array = NDArray[np.float64]

#: most that drivers together may do, in logs or in units of a series' size
_MOST = 5.0
#: equally likely values of a standard normal, of variance one
_NODES = ndtri((np.arange(15) + 0.5) / 15)
_NODES = _NODES / _NODES.std()


@dataclass(frozen=True)
class DriverLayer:
    """Fitted effects.

    Attributes
    ----------
    effects : array (n_series, 3 x n_features)
        On the working scale, by one standard deviation of the driver: of its size, its bend and its echo.
    root : array (n_series, 3 x n_features, 3 x n_features)
        Square root of the effects' covariance.
    columns : DriverColumns
    logs : array of bool (n_series,)
    scale : array (n_series,)
        Unit of additive effects.
    """

    effects: Array
    root: Array
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
        values = np.where(seen, values, 0.0)[:, latest]
        effects, covariance = pooled_effects(values, drawn[:, latest], seen[:, latest], spread[:, 0], variograms)
        size, across = np.linalg.eigh(covariance)
        return cls(effects, across * np.sqrt(np.maximum(size, 0.0))[:, None], columns, logs, scaled.scale[:, 0])

    def without(self, panel: Array, features: Array) -> Array:
        """The panel as it would be with the drivers at their means."""
        columns = self.columns.over_history(features, np.logical_or.accumulate(np.isfinite(panel), axis=1))
        effect = _bounded(np.einsum("stk,sk->st", columns, self.effects))
        return np.where(self.logs[:, None], panel * np.exp(-effect), panel - effect * self.scale[:, None])

    def onto_paths(self, paths: Array, features: Array, rng: int, names: Sequence[str]) -> Array:
        """Paths (n_series, n, horizon) after history with the effects of their drivers (n_series, horizon, n_features), drawn for each."""
        columns, (_, n, _) = self.columns.ahead(features), paths.shape
        drawn = np.stack([own @ normals(rng, ("driver effects", name), len(own), n) for own, name in zip(self.root, names, strict=True)])
        return self._put(paths, _bounded(np.einsum("stk,skn->snt", columns, self.effects[..., None] + drawn)))

    def onto_quantiles(self, values: Array, levels: Array, features: Array, wanted: Array) -> Array:
        """Quantiles (n_wanted, n_series, horizon) with the effects of drivers, from those without (n_levels, n_series, horizon)."""
        columns = self.columns.ahead(features)
        middle, spread = np.einsum("stk,sk->st", columns, self.effects), np.sqrt(((columns @ self.root) ** 2).sum(axis=2))
        each = [self._put(values.transpose(1, 0, 2), _bounded(middle + node * spread)[:, None]).transpose(1, 0, 2) for node in _NODES]
        return pool_quantiles(np.stack(each), levels, np.full((len(each), values.shape[1]), 1.0 / len(each)), wanted)

    def _put(self, values: Array, effect: Array) -> Array:
        """Effects on the working scale put onto values (n_series, n, horizon)."""
        return np.asarray(np.where(self.logs[:, None, None], values * np.exp(effect), values + effect * self.scale[:, None, None]))


def _bounded(effect: Array) -> Array:
    return np.asarray(np.clip(effect, -_MOST, _MOST))
