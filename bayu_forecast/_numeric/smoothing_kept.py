"""What is kept of a pool of smoothers: each series' heaviest columns with their states, their forecasts, errors and paths.

Floor F0, arrays only. The columns of a series may be of different forms, so every step works on all forms by masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.panel_units import PanelUnits
from bayu_forecast._numeric.smoothing import Gains, State, growth_of_error, project, smooth
from bayu_forecast._numeric.smoothing_pool import FORMS, PoolPrior, chunks, grid, mean_likelihood, weights

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kept:
    """The heaviest columns; arrays (n_series, n_kept) unless said otherwise.

    Attributes
    ----------
    weight : array
        Sum to one over a series' columns.
    form : array of int
        Place in FORMS.
    gains : Gains
    level, slope, sigma : array
        State and standard deviation of the one-step error, in the units of the form.
    pattern : array (season, n_series, n_kept)
    centre, spread : array
        Of the form's standardisation.
    scaled : PanelUnits
        The panel's shift and scale, with its values for the belt around forecasts.
    """

    weight: Array
    form: NDArray[np.intp]
    gains: Gains
    level: Array
    slope: Array
    sigma: Array
    pattern: Array
    centre: Array
    spread: Array
    scaled: PanelUnits

    def rows(self, at: slice) -> Kept:
        """Some series."""
        gains = Gains(*(gain[at] for gain in self.gains))
        return Kept(self.weight[at], self.form[at], gains, self.level[at], self.slope[at], self.sigma[at], self.pattern[:, at],
                    self.centre[at], self.spread[at], self.scaled.rows(at))


def keep(values: Array, season: int, prior: PoolPrior, n_kept: int) -> Kept:
    """Run the whole pool over a panel and keep each series' heaviest columns.

    Parameters
    ----------
    values : array (n_series, n_time)
        Missing before the start and in gaps.
    season : int
    prior : PoolPrior
    n_kept : int
    """
    parts = [_keep_some(part, season, prior, n_kept) for part in chunks(values, season)]
    joined = {name: np.concatenate([part[name] for part in parts], axis=1 if name == "pattern" else 0) for name in parts[0]}
    gains, _ = grid(season)
    column = joined.pop("column") % len(gains.level)
    return Kept(gains=gains.take(column), scaled=PanelUnits.of(values), **joined)


def _keep_some(part: PanelUnits, season: int, prior: PoolPrior, n_kept: int) -> dict[str, NDArray[Any]]:
    """The heaviest columns of a few series."""
    gains, places = grid(season)
    n_columns = len(places)
    count = np.maximum(np.isfinite(part.values).sum(axis=1, keepdims=True), 1)
    fits, likelihood = [], []
    for form in FORMS:
        moved, centre, spread = part.to(form)
        fit = smooth(moved, season, gains, relative=form == "relative")
        fits.append((fit, centre, spread))
        likelihood.append(mean_likelihood(part, form, fit, spread, count))
    weight = weights(np.concatenate(likelihood, axis=1), count[:, 0], prior, season)
    column = np.argsort(-weight, axis=1, kind="stable")[:, :n_kept]
    weight = np.take_along_axis(weight, column, axis=1)
    which, place = column // n_columns, column % n_columns

    def chosen(arrays: list[Array]) -> Array:
        stacked = np.stack([np.broadcast_to(array, (len(weight), n_columns)) for array in arrays])
        return np.asarray(stacked[which, np.arange(len(weight))[:, None], place])

    sigma = np.sqrt(chosen([fit.squared for fit, _, _ in fits]) / np.maximum(count - 1.0, 1.0))
    pattern = np.stack([chosen([fit.state.pattern[at] for fit, _, _ in fits]) for at in range(season)])
    return {"weight": weight / weight.sum(axis=1, keepdims=True), "form": which, "column": column, "sigma": sigma, "pattern": pattern,
            "level": chosen([fit.state.level for fit, _, _ in fits]), "slope": chosen([fit.state.slope for fit, _, _ in fits]),
            "centre": chosen([centre for _, centre, _ in fits]), "spread": chosen([spread for _, _, spread in fits])}


def forecast(kept: Kept, start: int, horizon: int) -> tuple[Array, Array]:
    """Mean and standard deviation of the pool, each (n_series, horizon), in the unit of the panel.

    The variance is the columns' own (first order through the transformation) plus the variance between them.
    """
    season = len(kept.pattern)
    state = State(kept.level, kept.slope, list(kept.pattern))
    additive = project(state, season, kept.gains, start, horizon)
    relative = project(state, season, kept.gains, start, horizon, relative=True)
    own = to_unit(kept, np.where((kept.form == 1)[..., None], relative, additive))
    deviation = kept.sigma[..., None] * np.sqrt(growth_of_error(kept.gains, season, horizon)) * _derivative(kept, own)
    weight = kept.weight[..., None]
    mean = (weight * own).sum(axis=1)
    variance = (weight * (deviation**2 + (own - mean[:, None])**2)).sum(axis=1)
    return mean, np.sqrt(variance)


def paths(kept: Kept, start: int, columns: NDArray[np.intp], shocks: Array) -> Array:
    """Sample paths: each sample runs the recursion of one column with its own shocks.

    Parameters
    ----------
    kept : Kept
    start : int
        First time of the forecast.
    columns : array of int (n_series, n_samples)
        Which of the kept columns each sample runs.
    shocks : array (horizon, n_series, n_samples)
        Standardised.

    Returns
    -------
    array (n_series, n_samples, horizon)
    """
    def own(array: NDArray[Any]) -> NDArray[Any]:
        return np.take_along_axis(array, columns, axis=1)

    season, horizon = len(kept.pattern), len(shocks)
    gains = Gains(*(own(gain) for gain in kept.gains))
    relative, sigma = own(kept.form) == 1, own(kept.sigma)
    level, slope, pattern = own(kept.level), own(kept.slope), [own(each) for each in kept.pattern]
    out = np.empty((*columns.shape, horizon))
    for step in range(horizon):
        place = (start + step) % season
        move = sigma * shocks[step]
        ahead_slope = gains.damping * slope
        ahead = level + ahead_slope
        ahead = np.where(relative, np.maximum(ahead, 1e-3), ahead)
        factor = np.where(relative, np.maximum(1.0 + move, 0.05), 1.0)
        out[..., step] = np.where(relative, ahead * pattern[place] * factor, ahead + pattern[place] + move)
        jump = np.where(relative, (factor - 1.0) * ahead, move)
        level, slope = ahead + gains.level * jump, ahead_slope + gains.level * gains.slope * jump
        gain = gains.season * (1.0 - gains.level)
        pattern[place] = np.where(relative, pattern[place] * (1.0 + gain * (factor - 1.0)), pattern[place] + gain * move)
    return to_unit(Kept(own(kept.weight), own(kept.form), gains, level, slope, sigma, kept.pattern, own(kept.centre), own(kept.spread),
                        kept.scaled), out)


def to_unit(kept: Kept, moved: Array) -> Array:
    """From the units of the forms, (n_series, n_columns, horizon), to the unit of the panel, within a wide belt around what was seen."""
    form = kept.form[..., None]
    moved = moved * kept.spread[..., None] + kept.centre[..., None]
    low, top = kept.scaled.belt()
    with np.errstate(over="ignore", invalid="ignore"):
        moved = np.where(form == 2, np.exp(np.minimum(moved, 50.0)), np.where(form == 3, np.maximum(moved, 0.0)**2, moved))
    moved = np.clip(moved, low[:, None, None], top[:, None, None])
    unit = moved * kept.scaled.scale[..., None] - kept.scaled.shift[..., None]
    return np.where(kept.scaled.positive[:, None, None], np.maximum(unit, 0.0), unit)


def _derivative(kept: Kept, unit: Array) -> Array:
    """Derivative of the value in the unit of the panel by one standardised unit of the form."""
    size = np.abs(unit + kept.scaled.shift[..., None])
    form = kept.form[..., None]
    scale = kept.scaled.scale[..., None]
    spread = kept.spread[..., None]
    root = 2 * spread * np.sqrt(size * scale)
    return np.select([form == 0, form == 1, form == 2], [spread * scale, size, spread * size], root)
