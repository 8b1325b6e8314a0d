"""Conditioning sample paths on figures: pins, imposed densities and outside views, each with how far-fetched it is.

Floor F5. A condition says what is seen, never what is done: levers are set in :mod:`bayu_forecast.simulation.drivers`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayu_forecast._numeric.conditioning import plausibility
from bayu_forecast._numeric.streams import normals, uniforms
from bayu_forecast._numeric.tilting import tilt
from bayu_forecast.errors import ConvergenceError, HorizonError, UnknownNameError
from bayu_forecast.paths.figures import COMPARE, combine
from bayu_forecast.paths.grammar import parse_expression
from bayu_forecast.scenarios import Impose, Scenario, Tilt
from bayu_forecast.scenarios.units import base_amount
from bayu_forecast.schema.names import EFFECTIVE, GROWTH, SAMPLE, SCENARIO, SERIES, TIME

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from bayu_forecast.scenarios.conditions import Figure

    Array = NDArray[np.float64]

_MAX_STEPS, _TOLERANCE = 50, 1e-12


def meet(retail: xr.DataArray, scenario: Scenario, seed: int) -> tuple[xr.DataArray, float]:
    """Retail paths (sample, series, time) that meet a scenario's pins and imposed densities, and their distance in nats.

    Every path is moved by the regression of its logs on the figures' logs, repeated until the figures are met to 1e-12
    (Waggoner and Zha 1999; Antolin-Diaz, Petrella and Rubio-Ramirez 2021).
    """
    figures = [c for c in scenario.conditions if not isinstance(c, Tilt)]
    if not figures:
        return retail, 0.0
    logs = np.log(retail.to_numpy())
    read = [_reader(retail, figure) for figure in figures]
    seen = np.column_stack([r(logs) for r in read])
    wanted, spread = _wanted(figures, len(logs), seed)
    centre, cov = seen.mean(axis=0), np.atleast_2d(np.cov(seen, rowvar=False))
    flat = logs.reshape(len(logs), -1)
    gain = np.linalg.solve(cov, np.atleast_2d(np.cov(seen, flat, rowvar=False))[: seen.shape[1], seen.shape[1] :]).T
    for _ in range(_MAX_STEPS):
        gap = wanted - np.column_stack([r(logs) for r in read])
        if np.abs(gap).max() < _TOLERANCE:
            answer = plausibility(centre, cov, np.eye(len(figures)), wanted.mean(axis=0), np.diag(spread**2) if spread.all() else None)
            return retail.copy(data=np.exp(logs)), float(answer.nats)
        logs = logs + (gap @ gain.T).reshape(logs.shape)
    raise ConvergenceError(
        f"scenario {scenario.name!r}: the paths do not reach {', '.join(map(str, figures))} together; look for pins that contradict",
        names=[str(f) for f in figures],
    )


def _wanted(figures: Sequence[Figure], samples: int, seed: int) -> tuple[Array, Array]:
    """Figures' logs asked of each path, and their spreads (zero for a pin)."""
    centre, spread = np.empty(len(figures)), np.zeros(len(figures))
    for i, figure in enumerate(figures):
        centre[i] = np.log1p(figure.amount) if figure.measure == GROWTH else np.log(figure.amount)
        if isinstance(figure, Impose):
            spread[i] = figure.spread / (1.0 + figure.amount if figure.measure == GROWTH else figure.amount)
    drawn = normals(seed, "impose", len(figures), samples).T
    drawn = (drawn - drawn.mean(axis=0)) / drawn.std(axis=0)
    return centre + spread * drawn, spread


def _reader(retail: xr.DataArray, figure: Figure) -> Callable[[Array], Array]:
    """A function from log paths to the log of a figure, path by path."""
    names = [str(s) for s in retail[SERIES].to_numpy()]
    if figure.series not in names:
        raise UnknownNameError(f"a condition speaks of {figure.series!r}, the paths hold {names}: pin one of those", names=[figure.series])
    place, time = names.index(figure.series), pd.DatetimeIndex(retail[TIME].to_numpy())

    def window(years: int) -> NDArray[np.int64]:
        first, last = (pd.Timestamp(d) - pd.DateOffset(years=years) for d in (figure.first, figure.last))
        inside = np.flatnonzero((time >= first) & (time <= last))
        if len(inside) != (last.year - first.year) * 12 + last.month - first.month + 1:
            raise HorizonError(f"{figure} is not within the paths, {time[0]:%Y-%m} to {time[-1]:%Y-%m}: ask for a longer horizon")
        return inside

    now = window(0)
    before = window(1) if figure.measure == GROWTH else None

    def read(logs: Array) -> Array:
        total = np.log(np.exp(logs[:, place, now]).sum(axis=1))
        return np.asarray(total if before is None else total - np.log(np.exp(logs[:, place, before]).sum(axis=1)))

    return read


def tilted(paths: xr.Dataset, scenario: Scenario, seed: int) -> tuple[xr.Dataset, float]:
    """Paths resampled, keyed, under the weights nearest to equal ones that satisfy a scenario's outside views; the distance in nats.

    The coordinate ``effective_samples`` says how many independent paths the weights leave.

    Robertson, Tallman and Whiteman (2005), Forecasting using relative entropy.
    """
    views = [c for c in scenario.conditions if isinstance(c, Tilt)]
    if not views:
        return paths.assign_coords({EFFECTIVE: (SCENARIO, [float(paths.sizes[SAMPLE])])}), 0.0
    moments = np.column_stack([_moment(paths, view) for view in views])
    targets = np.array([view.probability if view.mean is None else base_amount(view.mean, view.unit) for view in views], dtype=np.float64)
    answer = tilt(moments, targets)
    weights = np.asarray(answer.weights, dtype=np.float64) / np.sum(answer.weights)
    place = (np.arange(len(weights)) + uniforms(seed, "tilt", 1, 1)[0, 0]) / len(weights)
    # in the order of what the views speak of, so that the resampled share is the asked one to a sample
    order = np.lexsort(moments.T)
    chosen = order[np.searchsorted(np.cumsum(weights[order]), place).clip(max=len(weights) - 1)]
    value = paths["value"].isel({SAMPLE: chosen}).assign_coords({SAMPLE: paths[SAMPLE]})
    return paths.assign(value=value).assign_coords({EFFECTIVE: (SCENARIO, [float(answer.effective_size)])}), float(answer.nats)


def _moment(paths: xr.Dataset, view: Tilt) -> Array:
    """What a view speaks of, path by path: an event as 0 or 1, or a figure."""
    if view.mean is not None:
        terms = parse_expression(f"{view.expression} >= 0")[0].terms
        return combine(terms, paths, printed=False).isel({SCENARIO: 0}).to_numpy()
    met = np.ones(paths.sizes[SAMPLE], dtype=bool)
    for part in parse_expression(view.expression):
        met &= COMPARE[part.op](combine(part.terms, paths, printed=False), part.threshold).isel({SCENARIO: 0}).to_numpy()
    return met.astype(np.float64)
