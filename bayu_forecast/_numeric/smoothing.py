"""Exponential smoothing of many series by many parameter sets at once: one pass over time, arrays of series by columns.

Floor F0, arrays only. A column is one set of gains; nothing is optimised here. Additive form, with level l, slope b and seasonal
pattern s,

    y_t = l + d b + s_{t-m} + e,   l' = l + d b + a e,   b' = d b + a c e,   s' = s + g (1 - a) e,

and the relative form, where the pattern multiplies and e is the relative error (Hyndman, Koehler, Ord and Snyder 2008, ch. 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: level below which a relative recursion would divide by nothing (values are scaled to a mean near one)
_FLOOR = 1e-3


class Gains(NamedTuple):
    """Columns of parameters, each (n_columns,) or (n_series, n_columns).

    ``level`` a, ``slope`` c (as a share of a), ``damping`` d, ``season`` g (as a share of 1 - a), ``pattern`` the share of the starting
    pattern that is kept, ``drift`` the share of the least-squares slope that a column with ``slope`` zero carries.
    """

    level: Array
    slope: Array
    damping: Array
    season: Array
    pattern: Array
    drift: Array

    def take(self, columns: NDArray[np.intp]) -> Gains:
        """Chosen columns for each series, ``columns`` (n_series, n_chosen)."""
        return Gains(*(np.asarray(gain)[columns] for gain in self))


class State(NamedTuple):
    """Level and slope (n_series, n_columns) after a step; the pattern, one such array for each time modulo season, is renewed in place."""

    level: Array
    slope: Array
    pattern: list[Array]


class Fit(NamedTuple):
    """State at the end; sums of absolute and squared one-step errors and of log fitted values (relative form), (n_series, n_columns)."""

    state: State
    absolute: Array
    squared: Array
    log_fitted: Array


def moving_pattern(values: Array, season: int) -> Array:
    """Mean deviation from a centred moving average at each place of the season, centred; zero where a place was never seen.

    Parameters
    ----------
    values : array (n_series, n_time)
        Missing values allowed; places are time modulo ``season``.
    season : int

    Returns
    -------
    array (n_series, season)
    """
    n_series, n_time = values.shape
    width = season + 1 - season % 2
    if season == 1 or n_time < width:
        return np.zeros((n_series, season))
    weights = np.full(width, 1.0 / season)
    if season % 2 == 0:
        weights[[0, -1]] /= 2
    trend = np.full((n_series, -(-n_time // season) * season), np.nan)
    trend[:, width // 2:n_time - width // 2] = np.lib.stride_tricks.sliding_window_view(values, width, axis=1) @ weights
    padded = np.full_like(trend, np.nan)
    padded[:, :n_time] = values
    away = (padded - trend).reshape(n_series, -1, season)
    seen = np.isfinite(away)
    count = seen.sum(axis=1)
    pattern = np.where(seen, away, 0.0).sum(axis=1) / np.maximum(count, 1)
    pattern[count.min(axis=1) == 0] = 0.0
    if season > 12:  # few years and many places: neighbours lend each other strength
        pattern = sum(np.roll(pattern, shift, axis=1) * share for shift, share in zip(range(-2, 3), (1, 2, 3, 2, 1), strict=True)) / 9.0
    return np.asarray(pattern - pattern.mean(axis=1, keepdims=True))


def trend_slope(values: Array) -> Array:
    """Least-squares slope of each row on time, (n_series,); zero with fewer than two values."""
    seen = np.isfinite(values)
    count = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    time = np.where(seen, np.arange(values.shape[1]), 0.0)
    filled = np.where(seen, values, 0.0)
    time = np.where(seen, time - time.sum(axis=1, keepdims=True) / count, 0.0)
    filled = np.where(seen, filled - filled.sum(axis=1, keepdims=True) / count, 0.0)
    spread = (time * time).sum(axis=1)
    return np.asarray((time * filled).sum(axis=1) / np.where(spread > 0, spread, 1.0))


def smooth(values: Array, season: int, gains: Gains, *, relative: bool = False) -> Fit:
    """Run all columns over all series and return where they end.

    The states are started from the end of the series: a backward pass from the last season's mean, then the forward pass that counts.

    Parameters
    ----------
    values : array (n_series, n_time)
        Missing before the start and in gaps; scaled so that errors are of order one (additive) or values of order one (relative).
    season : int
    gains : Gains
    relative : bool
        Multiplicative errors and pattern; values are positive.

    Returns
    -------
    Fit
    """
    start = _start(values, season, gains, relative)
    state = start
    absolute, squared, logs = (np.zeros_like(start.level) for _ in range(3))
    seen, whole = _seen(values)
    for time, (state, error, fitted) in enumerate(_pass(values, gains, start, relative)):  # noqa: B007 (the last state is the answer)
        absolute += np.abs(error)
        squared += error * error
        if relative:
            logs += np.log(fitted) if whole[time] else np.where(seen[:, time:time + 1], np.log(fitted), 0.0)
    return Fit(state, absolute, squared, logs)


def origins(values: Array, season: int, gains: Gains, horizon: int, *, relative: bool = False) -> Iterator[tuple[State, Array]]:
    """The state and the forecasts (n_series, n_columns, horizon) after each time, from the same passes as :func:`smooth`."""
    start = _start(values, season, gains, relative)
    for time, (state, _, _) in enumerate(_pass(values, gains, start, relative)):
        yield state, project(state, season, gains, time + 1, horizon, relative=relative)


def project(state: State, season: int, gains: Gains, start: int, horizon: int, *, relative: bool = False) -> Array:
    """Point forecasts for times ``start`` to ``start + horizon``, (n_series, n_columns, horizon)."""
    out = np.empty((*state.level.shape, horizon))
    level, slope = state.level, state.slope
    for step in range(horizon):
        slope = slope * gains.damping
        level = level + slope
        pattern = state.pattern[(start + step) % season]
        out[..., step] = np.maximum(level, 0.0) * pattern if relative else level + pattern
    return out


def growth_of_error(gains: Gains, season: int, horizon: int) -> Array:
    """Variance of the forecast error at each step over that of one step, (..., n_columns, horizon): one plus the squared responses."""
    ahead = np.arange(1, horizon)
    level, slope, damping = (np.asarray(gain)[..., None] for gain in (gains.level, gains.slope, gains.damping))
    near = np.where(damping >= 1.0, ahead, damping * (1.0 - damping ** ahead) / np.maximum(1.0 - damping, 1e-9))
    response = level * (1.0 + slope * near)
    if season > 1:
        response = response + (np.asarray(gains.season) * (1.0 - np.asarray(gains.level)))[..., None] * (ahead % season == 0)
    ones = np.ones((*response.shape[:-1], 1))
    return np.concatenate([ones, 1.0 + np.cumsum(response**2, axis=-1)], axis=-1)


def _start(values: Array, season: int, gains: Gains, relative: bool) -> State:
    """State before the first value, by a pass backward from the end."""
    pattern = moving_pattern(np.log(values) if relative else values, season)
    place = np.arange(values.shape[1]) % season
    flat = values / np.exp(pattern[:, place]) if relative else values - pattern[:, place]
    slope = trend_slope(flat)
    recent = flat[:, -max(season, 4):]
    level = _row_mean(recent, _row_mean(flat, np.zeros(len(flat))))
    share = np.asarray(gains.pattern)[None] * np.moveaxis(pattern[..., None], 1, 0)  # (season, n_series, n_columns)
    width = np.broadcast_shapes((len(values), 1), np.shape(gains.level))
    end = State(np.broadcast_to(level[:, None], width), np.broadcast_to(-slope[:, None] * gains.drift, width),
                list(np.exp(share) if relative else share))
    state = end
    for state, _, _ in _pass(values, gains, end, relative, backward=True):  # noqa: B007 (the last state is the answer)
        pass
    return State(state.level, np.where(gains.slope > 0, -state.slope, slope[:, None] * gains.drift), state.pattern)


def _row_mean(values: Array, otherwise: Array) -> Array:
    """Mean of the finite values of each row, or another number where there is none."""
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    return np.where(count > 0, np.where(seen, values, 0.0).sum(axis=1) / np.maximum(count, 1), otherwise)


def _seen(values: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where values are finite, and the times at which all are."""
    seen = np.isfinite(values)
    return seen, np.asarray(seen.all(axis=0))


def _pass(values: Array, gains: Gains, state: State, relative: bool, *, backward: bool = False) -> Iterator[tuple[State, Array, Array]]:
    """Walk over time; yield the state after each step, the one-step error (zero where missing) and the fitted value."""
    n_time, season = values.shape[1], len(state.pattern)
    seen, whole = _seen(values)
    begin = np.where(seen.any(axis=1), seen.argmax(axis=1), n_time)
    level, slope = state.level, state.slope
    pattern = list(state.pattern)
    seasonal = np.asarray(gains.season) * (1.0 - np.asarray(gains.level))
    trend_gain = np.asarray(gains.level) * np.asarray(gains.slope)
    for time in range(n_time - 1, -1, -1) if backward else range(n_time):
        place, there = time % season, seen[:, time:time + 1]
        ahead_slope = gains.damping * slope
        ahead = level + ahead_slope
        if relative:
            ahead = np.maximum(ahead, _FLOOR)
            fitted = ahead * pattern[place]
            error = values[:, time:time + 1] / fitted - 1.0
        else:
            fitted = ahead + pattern[place]
            error = values[:, time:time + 1] - fitted
        error = error if whole[time] else np.where(there, error, 0.0)
        move = error * ahead if relative else error
        new_level, new_slope = ahead + gains.level * move, ahead_slope + trend_gain * move
        if season > 1:
            pattern[place] = pattern[place] * (1.0 + seasonal * error) if relative else pattern[place] + seasonal * error
        if whole[time]:
            level, slope = new_level, new_slope
        else:
            live = (time >= begin)[:, None]
            level, slope = np.where(live, new_level, level), np.where(live, new_slope, slope)
        yield State(level, slope, pattern), error, fitted
