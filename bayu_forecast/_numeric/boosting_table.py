"""Examples for a global booster: features of (series, origin, step), with a base forecast and a scale that make targets stationary.

Floor F0, arrays only. Targets are departures from a base forecast in units of the series' own variability, so that trees never have to
extrapolate a level or a trend. Lag windows are views (stride tricks); only the rows asked for are copied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.panel_units import PanelUnits, sporadic
from bayu_forecast._numeric.smoothing import Gains, origins, smooth
from bayu_forecast._numeric.smoothing_pool import FORMS, LEVELS, PoolPrior, design, grid, sharpness

Array = NDArray[np.float64]
Places = NDArray[np.intp]

#: features and targets are kept inside
_FAR = 15.0
#: columns of the local layer that are averaged
_LOCAL = 8


@dataclass(frozen=True)
class Working:
    """A panel on its working scale: logarithms where a series is never negative and not sporadic, else units of its mean size."""

    values: Array
    logs: NDArray[np.bool_]
    scaled: PanelUnits
    season: int
    first: Places

    @classmethod
    def of(cls, panel: Array, season: int) -> Working:
        """Scale and transform a panel (n_series, n_time)."""
        scaled = PanelUnits.of(panel)
        logs = scaled.positive & ~sporadic(panel)
        values = np.where(logs[:, None], np.log(np.where(logs[:, None], scaled.values, 1.0)), scaled.values)
        return cls(values, logs, scaled, season, np.isfinite(values).argmax(axis=1))

    def back(self, forecasts: Array) -> Array:
        """From the working scale, (n_series, ..., horizon), to the unit of the panel, inside a wide belt around what was seen."""
        low, top = self.scaled.belt()
        across = (slice(None), *[None] * (forecasts.ndim - 1))
        scaled = np.where(self.logs[across], np.exp(np.minimum(forecasts, 50.0)), forecasts)
        scaled = np.clip(scaled, low[across], top[across])
        unit = scaled * self.scaled.scale[:, 0][across] - self.scaled.shift[:, 0][across]
        return np.where(self.scaled.positive[across], np.maximum(unit, 0.0), unit)


class GrowthTable:
    """Departures from the same place of the last season (seasonal growth), in units of usual seasonal change."""

    def __init__(self, panel: Array, season: int, horizon: int) -> None:
        self.working = Working.of(panel, season)
        self.season, self.horizon, self.n_lags = season, horizon, (3 * season if season > 1 else 6) if season < 30 else season + 8
        values = self.working.values
        change = np.full_like(values, np.nan)
        change[:, season:] = np.abs(values[:, season:] - values[:, :-season])
        seen = np.isfinite(change)
        usual = np.where(seen, change, 0.0).sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
        usual = np.where(usual > 1e-4, usual, 0.05)
        self.scales = np.fmax(_trailing_mean(change, 2 * max(season, 3), usual), 0.2 * usual)
        self.levels = _trailing_mean(values, max(season, 2), np.nanmean(values, axis=1, keepdims=True))
        self._windows = _lag_view(values, self.n_lags)

    def rows(self, series: Places, origin: Places, step: Places) -> Array:
        """Features (n_rows, n_features); ``step`` counts from zero."""
        level, scale = self.levels[series, origin][:, None], self.scales[series, origin][:, None]
        lags = (self._windows[series, origin] - level) / scale
        seasons = np.stack([self._same_place(series, origin, step, back) for back in (1, 2, 3)], axis=1)
        calendar = np.stack([step, (origin + 1 + step) % self.season, np.log(scale[:, 0])], axis=1)
        return np.hstack([np.clip(lags, -_FAR, _FAR), np.clip((seasons - level) / scale, -_FAR, _FAR), calendar])

    def base(self, series: Places, origin: Places, step: Places) -> Array:
        """The last value seen at the same place of the season; the level where it is missing."""
        last = self._same_place(series, origin, step, 1)
        return np.where(np.isfinite(last), last, self.levels[series, origin])

    def scale(self, series: Places, origin: Places) -> Array:
        """Usual change over a season up to the origin."""
        return np.asarray(self.scales[series, origin])

    def _same_place(self, series: Places, origin: Places, step: Places, back: int) -> Array:
        at = origin + 1 + step - self.season * (step // self.season + back)
        return np.where(at >= 0, self.working.values[series, np.maximum(at, 0)], np.nan)


class ResidualTable:
    """Departures from a local smoothing forecast made at the origin, in units of its usual one-step error."""

    def __init__(self, panel: Array, season: int, horizon: int, prior: PoolPrior) -> None:
        self.working = Working.of(panel, season)
        self.season, self.horizon = season, horizon
        values = self.working.values
        self._forecasts, self.levels, self._slopes = _local_layer(self.working, season, horizon, prior)
        error = np.full_like(values, np.nan)
        error[:, 1:] = values[:, 1:] - self._forecasts[:, :-1, 0]
        seen = np.isfinite(error)
        size = np.sqrt((np.where(seen, error, 0.0)**2).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))
        self.scales = np.where(seen.any(axis=1), size, 0.05) + 1e-3
        n_lags = 2 * season if season > 1 else 4
        self._errors = _lag_view(error, min(n_lags, season + 8) if season > 24 else n_lags)
        self._values = _lag_view(values, max(min(season, 16), 4))
        self._error = error

    def rows(self, series: Places, origin: Places, step: Places) -> Array:
        """Features (n_rows, n_features); ``step`` counts from zero."""
        scale, level = self.scales[series][:, None], self.levels[series, origin][:, None]
        errors, lags = self._errors[series, origin], self._values[series, origin]
        errors /= scale
        lags -= level
        lags /= scale
        rise = (self.base(series, origin, step) - level[:, 0]) / scale[:, 0]
        age = np.minimum(origin - self.working.first[series], 200)
        plain = np.stack([rise, step, self._slopes[series, origin] / scale[:, 0], age, np.log(scale[:, 0])], axis=1)
        out = [np.clip(part, -_FAR, _FAR, out=part) for part in (errors, lags)] + [plain]
        if self.season > 1:
            for back in (1, 2):
                at = origin + 1 + step - self.season * (step // self.season + back)
                there = at >= 0
                value = (self.working.values[series, np.maximum(at, 0)] - level[:, 0]) / scale[:, 0] - rise
                seen = np.stack([value, self._error[series, np.maximum(at, 0)] / scale[:, 0]], axis=1)
                out.append(np.clip(np.where(there[:, None], seen, np.nan), -_FAR, _FAR))
        return np.hstack(out)

    def base(self, series: Places, origin: Places, step: Places) -> Array:
        """The local forecast made at the origin."""
        return np.asarray(self._forecasts[series, origin, step], dtype=np.float64)

    def scale(self, series: Places, origin: Places) -> Array:
        """Root mean square of the local one-step errors."""
        return np.asarray(self.scales[series])


def _local_layer(working: Working, season: int, horizon: int, prior: PoolPrior) -> tuple[NDArray[np.float32], Array, Array]:
    """Pooled local forecasts from every origin (n_series, n_time, horizon), level and slope (n_series, n_time), on the working scale."""
    shape = working.values.shape
    forecasts, levels, slopes = np.empty((*shape, horizon), dtype=np.float32), np.empty(shape), np.empty(shape)
    inner = _inner_columns(season)
    gains = Gains(*(gain[inner] for gain in grid(season)[0]))
    for relative in (True, False):
        form = FORMS.index("relative" if relative else "level")
        logs = (design(season) @ prior.terms()).reshape(len(FORMS), -1)[form, inner]
        for at in _parts(np.flatnonzero(working.logs == relative), 512):
            values = working.scaled.values[at]
            found = [_local_weights(values[some], season, gains, relative, prior, logs) for some in _parts(np.arange(len(at)), 128)]
            weight, top = (np.concatenate(parts) for parts in zip(*found, strict=True))
            for time, (state, ahead) in enumerate(origins(values, season, gains.take(top), horizon, relative=relative)):
                mean = (weight[..., None] * ahead).sum(axis=1)
                level, slope = (weight * state.level).sum(axis=1), (weight * state.slope).sum(axis=1)
                if relative:
                    level = np.maximum(level, 1e-3)
                    mean, slope, level = np.log(np.maximum(mean, 0.02 * level[:, None])), slope / level, np.log(level)
                forecasts[at, time], levels[at, time], slopes[at, time] = mean, level, slope
    return forecasts, levels, slopes


def _parts(places: Places, size: int) -> list[Places]:
    """Stretches of places: what is worked on at once stays in the processor's cache."""
    return [places[first:first + size] for first in range(0, len(places), size)]


def _local_weights(values: Array, season: int, gains: Gains, relative: bool, prior: PoolPrior, logs: Array) -> tuple[Array, Places]:
    """The heaviest columns of each series and their weights, (n_series, n_chosen)."""
    fit = smooth(values, season, gains, relative=relative)
    count = np.maximum(np.isfinite(values).sum(axis=1, keepdims=True), 1)
    likelihood = -np.log(fit.absolute / count + 1e-6) - (fit.log_fitted / count if relative else 0.0)
    odds = sharpness(prior, count) * (likelihood - likelihood.max(axis=1, keepdims=True)) + logs
    top = np.argsort(-odds, axis=1, kind="stable")[:, :_LOCAL]
    odds = np.take_along_axis(odds, top, axis=1)
    weight = np.exp(odds - odds[:, :1])
    return weight / weight.sum(axis=1, keepdims=True), top


def _inner_columns(season: int) -> Places:
    """A coarse part of the smoothing grid: inner levels, no trend to linear, no season to moving."""
    _, places = grid(season)
    inner = (places[:, 0] > 0) & (places[:, 0] < len(LEVELS) - 1) & np.isin(places[:, 1], (0, 1, 3, 4, 7, 10))
    return np.flatnonzero(inner & np.isin(places[:, 2], (0, 2, 3, 5)))


def _lag_view(values: Array, n_lags: int) -> Array:
    """View (n_series, n_time, n_lags) of the values up to each time, the latest last; missing before the start."""
    padded = np.hstack([np.full((len(values), n_lags - 1), np.nan), values])
    return np.lib.stride_tricks.sliding_window_view(padded, n_lags, axis=1)


def _trailing_mean(values: Array, width: int, otherwise: Array) -> Array:
    """Mean of the finite values among the last ``width``, at each time."""
    seen = np.isfinite(values)
    sums, counts = np.cumsum(np.where(seen, values, 0.0), axis=1), np.cumsum(seen, axis=1)
    sums[:, width:], counts[:, width:] = sums[:, width:] - sums[:, :-width], counts[:, width:] - counts[:, :-width]
    return np.where(counts > 0, sums / np.maximum(counts, 1), otherwise)
