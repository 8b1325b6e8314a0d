"""A pool of exponential smoothers: every combination of form, gains, trend and pattern, weighted by fit and by a learned prior.

Floor F0, arrays only. Four forms (on the level, relative, on logs, on square roots) times one grid of gains. Nothing is selected: the
weight of a column is exp(prior + sharpness x mean log-likelihood under Laplace errors), which averages structure and parameters.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.panel_units import PanelUnits
from bayu_forecast._numeric.smoothing import Fit, Gains

Array = NDArray[np.float64]

FORMS = ("level", "relative", "log", "root")
LEVELS = (0.03, 0.1, 0.22, 0.4, 0.65, 0.95)
#: (slope gain, damping, drift)
TRENDS = ((0.0, 1.0, 0.0), (0.0, 1.0, 0.5), (0.0, 1.0, 1.0), (0.1, 0.8, 0.0), (0.3, 0.8, 0.0), (0.7, 0.8, 0.0), (0.05, 0.92, 0.0),
          (0.15, 0.92, 0.0), (0.4, 0.92, 0.0), (0.03, 1.0, 0.5), (0.1, 1.0, 0.5), (0.3, 1.0, 0.5))
#: coarse kinds of trend, for terms that depend on the form too: none, half drift, drift, damped, linear
KINDS = (0, 1, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4)
#: (season gain, share of the starting pattern)
SEASONS = ((0.0, 0.0), (0.0, 0.6), (0.0, 1.0), (0.05, 1.0), (0.15, 1.0), (0.4, 1.0))
#: columns by series that are run together, so that a step's arrays stay in the cache
_CHUNK = 24_000
#: worst mean log-likelihood, below the best column's, that still counts
_WORST = 1.5


@dataclass(frozen=True)
class PoolPrior:
    """Learned log weights of a frequency: sharpness of the likelihood (per 50 values and per root of it) and a term for each choice.

    ``form`` (4), ``level`` (6), ``trend`` (12), ``season`` (6), ``form_trend`` (4 forms x 5 kinds of trend, row by row).
    """

    sharpness: tuple[float, float]
    form: tuple[float, ...]
    level: tuple[float, ...]
    trend: tuple[float, ...]
    season: tuple[float, ...]
    form_trend: tuple[float, ...]

    def terms(self) -> Array:
        """The terms in the order of :func:`design`."""
        return np.concatenate([self.form, self.level, self.trend, self.season, self.form_trend])


def sharpness(prior: PoolPrior, count: Array) -> Array:
    """How much a unit of mean log-likelihood counts, given the number of values."""
    return np.asarray(prior.sharpness[0] * count / 50 + prior.sharpness[1] * np.sqrt(count / 50))


def grid(season: int) -> tuple[Gains, NDArray[np.intp]]:
    """The gains of one form's columns, and the places (n_columns, 3) of each in LEVELS, TRENDS and SEASONS."""
    seasons = range(len(SEASONS)) if season > 1 else range(1)
    places = np.array(list(itertools.product(range(len(LEVELS)), range(len(TRENDS)), seasons)), dtype=np.intp)
    level = np.array(LEVELS)[places[:, 0]]
    slope, damping, drift = np.array(TRENDS)[places[:, 1]].T
    gain, pattern = np.array(SEASONS)[places[:, 2]].T
    return Gains(level, slope, damping, gain, pattern, drift), places


def design(season: int) -> Array:
    """Indicator of each term of a :class:`PoolPrior` for each column of the whole pool, (4 x n_columns, n_terms)."""
    _, places = grid(season)
    rows = []
    kinds = np.array(KINDS)[places[:, 1]]
    for form in range(len(FORMS)):
        own = np.broadcast_to(np.eye(len(FORMS))[form], (len(places), len(FORMS)))
        cross = np.eye(len(FORMS) * 5)[form * 5 + kinds]
        rows.append(np.hstack([own, np.eye(len(LEVELS))[places[:, 0]], np.eye(len(TRENDS))[places[:, 1]],
                               np.eye(len(SEASONS))[places[:, 2]], cross]))
    return np.vstack(rows)


def chunks(values: Array, season: int) -> Iterator[PanelUnits]:
    """The panel, scaled, a few series at a time so that a step of all columns stays in the cache."""
    whole = PanelUnits.of(values)
    step = max(1, _CHUNK // len(grid(season)[1]))
    for first in range(0, len(values), step):
        yield whole.rows(slice(first, first + step))


def mean_likelihood(part: PanelUnits, form: str, fit: Fit, spread: Array, count: Array) -> Array:
    """Mean log-likelihood of each column under Laplace errors, up to a constant, (n_series, n_columns)."""
    each = -np.log(fit.absolute / count + 1e-6) + part.jacobian(form, spread, fit.log_fitted, count)
    return np.where(part.positive[:, None] | (form == "level"), each, -np.inf)


def weights(likelihood: Array, count: Array, prior: PoolPrior, season: int) -> Array:
    """Weights of the columns of each series, (n_series, n_columns); they sum to one."""
    behind = np.maximum(likelihood - likelihood.max(axis=1, keepdims=True), -_WORST)
    behind = np.where(np.isfinite(likelihood), behind, -np.inf)
    logs = sharpness(prior, count)[:, None] * behind + design(season) @ prior.terms()
    odds = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
