"""CombinedForecaster: the linear pool of any forecasters' paths.

Floor F2 (east). It sees members only through the contract; the pool's arithmetic is in ``_numeric.pooling``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import clone

from bayu_forecast._numeric.pooling import allocate, pool_quantiles
from bayu_forecast._numeric.stacking import pool_terms, stacked_weights
from bayu_forecast.errors import DataError, FailedSeriesWarning, SchemaError
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel
from bayu_forecast.schema.names import SERIES

Array = NDArray[np.float64]

#: levels at which members are asked for their distributions
LEVELS = np.concatenate([[0.005, 0.015, 0.025, 0.04], np.arange(0.06, 0.945, 0.02), [0.96, 0.975, 0.985, 0.995]])


STACKED = "stacked"
#: places in LEVELS of about equally likely values
_EVEN = np.searchsorted(LEVELS, (np.arange(16) + 0.5) / 16)
#: withheld ends of one horizon each, and the seasonal cycles (values, where there is no season) that must stay before them
_ENDS, _STAY, _STAY_VALUES = 4, 3, 12


class CombinedForecaster(Forecaster):
    """Mix the predictive distributions of several forecasters.

    The pool's paths are members' paths, in proportion to their weights, so its variance is the weighted mean of each member's
    variance plus squared distance from the pool's mean: where members disagree the pool is wide. A member that cannot use a series is left
    out for that series.

    Parameters
    ----------
    members : sequence of (str, Forecaster)
        Names and forecasters; they are cloned.
    weights : sequence of float, mapping of str to float or "stacked", optional
        In proportion; equal when None. ``"stacked"`` learns them from the panel: members forecast up to four withheld ends of a seasonal
        cycle each (six values where there is none), and the weights minimise the pool's scaled CRPS, pulled towards equal ones by 2 / K for
        K pairs of series and end. Fewer than 20 pairs leave them equal: weights learned on so few are worse.

    Attributes
    ----------
    members_ : dict of str to Forecaster
        Fitted.
    weights_ : DataArray (member, series)
        Sum to one for each series.
    drivers_ : dict of str to bool
        Which members were given the drivers.

    References
    ----------
    Gneiting and Ranjan (2013), Combining predictive distributions. Electronic Journal of Statistics 7.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[1.0, 2, 3, 4, 5, 6]], season=1)
    >>> model = bf.CombinedForecaster([("a", bf.SmoothingForecaster()), ("b", bf.SmoothingForecaster(n_kept=8))]).fit(y)
    >>> model.weights_.values.tolist()
    [[0.5], [0.5]]
    """

    tags = ForecasterTags(drivers=True, missing=True, min_length=1)

    def __init__(
        self, members: Sequence[tuple[str, Forecaster]], *, weights: Sequence[float] | Mapping[str, float] | str | None = None
    ) -> None:
        self.members = members
        self.weights = weights

    def _fit(self, panel: Panel) -> None:
        if isinstance(self.weights, str) and self.weights != STACKED:
            raise SchemaError(f"weights {self.weights!r}: give numbers, or 'stacked' to learn them", got=self.weights)
        self._fit_members(panel, list(self.members))
        self._weigh(panel, self._stacked(panel) if isinstance(self.weights, str) else _given(self.weights, list(self.members_)))

    def _stacked(self, panel: Panel) -> Array:
        """Weights by the score of the pool on withheld ends of the panel."""
        step = panel.season if panel.season > 1 else _STAY_VALUES // 2
        stay = _STAY * panel.season if panel.season > 1 else _STAY_VALUES
        draws, outcomes, pairs = [], [], 0
        for end in range(1, _ENDS + 1):
            cut = panel.values.shape[1] - end * step
            long = np.isfinite(panel.values[:, :cut]).sum(axis=1) >= stay if cut > 0 else np.zeros(len(panel.series), dtype=bool)
            if not long.any():
                break
            quantiles, happened = self._withheld(panel, np.flatnonzero(long), cut, step)
            usable = np.isfinite(quantiles).all(axis=(0, 1)) & np.isfinite(happened)
            pairs += int(usable.any(axis=1).sum())
            draws.append(quantiles[:, :, usable])
            outcomes.append(happened[usable])
        if not pairs:
            return np.ones(len(self.members))
        return stacked_weights(*pool_terms(np.concatenate(draws, axis=2), np.concatenate(outcomes)), pairs)

    def _withheld(self, panel: Panel, rows: NDArray[np.intp], cut: int, step: int) -> tuple[Array, Array]:
        """Members' values (n_members, n_draws, n_series, step) and what happened, in units of each series' seasonal changes."""
        past, ahead = panel.until(cut, rows), slice(cut, cut + step)
        probe = CombinedForecaster(self.members)
        probe._reasons = {}
        probe._fit_members(past, list(self.members))
        quantiles = probe._each_summary(step, None if panel.features is None else panel.features[rows, ahead])[1][:, _EVEN]
        scale = np.nanmean(np.abs(past.values[:, panel.season:] - past.values[:, :-panel.season]), axis=1)
        scale = np.where(np.isfinite(scale) & (scale > 0), scale, np.nan)[:, None]
        return quantiles / scale, panel.values[rows, ahead] / scale

    def _fit_members(self, panel: Panel, members: list[tuple[str, Forecaster]]) -> None:
        """Fit a clone of each member on the panel as it stands."""
        if not all(isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[1], Forecaster) for pair in members):
            raise SchemaError("members are pairs of a name and a forecaster, such as ('theta', bf.Theta())", names=["members"])
        if not members or len({name for name, _ in members}) < len(members):
            raise SchemaError(f"members {[name for name, _ in members]}: give at least one, under different names", names=["members"])
        y, drivers = panel.labelled()
        self.members_: dict[str, Forecaster] = {}
        self.drivers_: dict[str, bool] = {}
        able = []
        for name, member in members:
            takes = drivers is not None and member.tags.drivers
            self.members_[name], self.drivers_[name] = clone(member), takes
            able.append(_fit_quietly(self.members_[name], y, drivers if takes else None))
        self._able = np.array(able)
        for name, nobody in zip(panel.series, np.logical_not(self._able.any(axis=0)).tolist(), strict=True):
            if nobody:
                self._fail(name, "no member can use it")
        self._series = panel.series

    def _weigh(self, panel: Panel, weights: Array) -> None:
        """Weights by member (and series), zero where a member has no answer."""
        full = np.where(self._able, np.broadcast_to(weights.reshape(len(self.members_), -1), self._able.shape), 0.0)
        total = full.sum(axis=0)
        full = np.where(total > 0, full / np.where(total > 0, total, 1.0), self._able / np.maximum(self._able.sum(axis=0), 1))
        self.weights_ = xr.DataArray(full, dims=("member", SERIES), coords={"member": list(self.members_), SERIES: list(panel.series)})

    def _each_summary(self, horizon: int, features: Array | None) -> tuple[Array, Array]:
        """Members' means (n_members, n_series, horizon), quantiles at LEVELS and the median (n_members, n_levels, n_series, horizon)."""
        shape = (len(self._series), horizon)
        means, quantiles = np.full((len(self.members_), *shape), np.nan), np.full((len(self.members_), len(LEVELS) + 1, *shape), np.nan)
        for at, (name, member) in enumerate(self.members_.items()):
            if self._able[at].any():
                mean, levels = member._summary(horizon, [*LEVELS, 0.5], self._own_features(name, member, features))
                means[at], quantiles[at] = member._with_failed(mean, axis=0), member._with_failed(levels, axis=1)
        return means, quantiles

    def _own_features(self, name: str, member: Forecaster, features: Array | None) -> Array | None:
        """Drivers of the series that a member uses, when it takes drivers."""
        return features[member._kept] if features is not None and self.drivers_[name] else None

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        means, quantiles = self._each_summary(horizon, features)
        weights = self.weights_.values
        mean = np.where(weights[..., None] > 0, weights[..., None] * means, 0.0).sum(axis=0)
        return mean, pool_quantiles(quantiles[:, :-1], LEVELS, weights, np.asarray(levels, dtype=np.float64))

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        chosen = allocate(self.weights_.values, samples)
        out = np.full((samples, len(self._series), horizon), np.nan)
        for at, (name, member) in enumerate(self.members_.items()):
            take = (chosen == at).T & self._able[at]
            if take.any():
                drawn = member._simulate(horizon, samples, rng, self._own_features(name, member, features))
                np.copyto(out, member._with_failed(drawn, axis=1), where=take[..., None])
        return out

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        from bayu_forecast.models.classical import SARIMAX
        from bayu_forecast.models.smoothing import SmoothingForecaster

        members = [("driven", SARIMAX(order=(0, 1, 1), seasonal_order=(0, 0, 0))), ("not", SmoothingForecaster())]
        return [{"members": members, "weights": {"driven": 3.0, "not": 1.0}}]


def _given(weights: Sequence[float] | Mapping[str, float] | None, names: list[str]) -> Array:
    """Weights in the order of the members, not yet of sum one."""
    if weights is None:
        return np.ones(len(names))
    if isinstance(weights, Mapping):
        if set(weights) != set(names):
            wrong = sorted(set(weights) ^ set(names))
            raise SchemaError(f"weights of {sorted(weights)}, members {sorted(names)}: give one for each", names=wrong)
        weights = [weights[name] for name in names]
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (len(names),) or not np.isfinite(array).all() or (array < 0).any() or array.sum() <= 0:
        raise SchemaError(f"weights {weights!r}: give one number of at least zero for each of {names}, not all zero", got=weights)
    return array


def _fit_quietly(member: Forecaster, y: xr.Dataset, drivers: xr.DataArray | None) -> NDArray[np.bool_]:
    """Fit a member and say which series it can answer for; the pool goes on without it for the others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FailedSeriesWarning)
        try:
            member.fit(y, drivers)
        except DataError:
            return np.zeros(y.sizes[SERIES], dtype=bool)
    return ~np.isin([str(name) for name in y.indexes[SERIES]], member.failed_["series"].to_numpy(dtype=str))
