"""Structural forecasts of panels: a mixture of structures for each series, weighted by how well each explains it.

Floor F2 (east): plain series in, sample paths out. It must never know a holiday, a city or a policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.evidence import Columns, ahead_with_columns, log_evidence, means_ahead
from bayu_forecast._numeric.latest_first import Factor, factor, root_of
from bayu_forecast._numeric.mixture import Mixture
from bayu_forecast._numeric.scales import SHIFTS, Scaled, standardise
from bayu_forecast._numeric.variogram import variograms
from bayu_forecast.models.base import Array, Forecaster, ForecasterTags, Panel
from bayu_forecast.models.structure_table import StructureTable, structure_table

#: series at a time
_CHUNK = 256
#: pairs of structure and scale kept for a series, and the least share of one
_MOST, _LEAST = 40, 2e-3


@dataclass(frozen=True)
class _Series:
    """What is kept of the series of a panel."""

    scaled: Scaled
    lengths: NDArray[np.intp]
    columns: tuple[Columns | None, ...]
    pairs: NDArray[np.intp]
    weights: Array


class PanelStructural(Forecaster):
    """Forecast each series of a panel by a mixture of structural models.

    A structure is a trend (a drift, slopes of two memories, a level), a passing cycle, a seasonal pattern (one that never changes, one that
    moves) and noise. Some hundreds of structures are fixed beforehand with their weights, learned from public collections of series; a
    series re-weights them by their marginal likelihoods, on the log, the level and a scale between. Nothing is optimised and nothing is
    chosen, so that the uncertainty about structure is part of the forecast.

    Parameters
    ----------
    cycles : int
        Most recent seasonal cycles (years) that are used; at least 60 values are.

    References
    ----------
    Kiefer and Wolfowitz (1956), Annals of Mathematical Statistics 27, for the weights; Harvey (1989), Forecasting, Structural Time Series
    Models and the Kalman Filter, for the parts.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[10, 20, 30, 40] * 6], season=4)
    >>> model = PanelStructural().fit(y)
    >>> model.predict(4)["median"].values.round(-1)
    array([[10., 20., 30., 40.]])
    """

    tags = ForecasterTags(drivers=False, missing=True, min_length=1)

    def __init__(self, *, cycles: int = 12) -> None:
        self.cycles = cycles

    def _fit(self, panel: Panel) -> None:
        self._season = panel.season
        self._names = panel.series
        self._table = structure_table(panel.season)
        kept = min(panel.values.shape[1], max(self.cycles * panel.season, 60))
        latest_first = panel.values[:, ::-1][:, :kept]
        self._panel = _learn(latest_first, self._table, panel.season)

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        out = np.empty((samples, len(self._names), horizon))
        for s, mixture in self._mixtures(horizon, joint=True):
            out[:, s] = mixture.paths(samples, rng, self._names[s])
        return out

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        mean, quantiles = np.empty((len(self._names), horizon)), np.empty((len(levels), len(self._names), horizon))
        for s, mixture in self._mixtures(horizon, joint=False):
            mean[s], quantiles[:, s] = mixture.summary(levels)
        return mean, quantiles

    def _mixtures(self, horizon: int, *, joint: bool) -> Iterator[tuple[int, Mixture]]:
        """Forecast of each series, a chunk of series at a time."""
        kept = self._panel
        g = variograms(self._table.structures, kept.scaled.values.shape[2] + horizon, self._season)
        for first in range(0, len(self._names), _CHUNK):
            members = np.arange(first, min(first + _CHUNK, len(self._names)))
            yield from _forecast(kept, g, members, horizon, joint)


def _forecast(kept: _Series, g: Array, members: NDArray[np.intp], horizon: int, joint: bool) -> Iterator[tuple[int, Mixture]]:
    """Go through the structures once, and give each its part in the mixtures of the series that keep it."""
    n_most = kept.pairs.shape[1]
    mean, sd = np.zeros((2, len(members), n_most, horizon))
    size, roots = np.zeros((len(members), n_most)), np.empty((len(members), n_most), dtype=object)
    structure_of, scale_of = np.divmod(kept.pairs[members], len(SHIFTS))
    alive = kept.weights[members] > 0
    for place in np.unique(structure_of[alive]):
        structure = factor(g[place], kept.scaled.values.shape[2], horizon)
        row, slot = np.nonzero(alive & (structure_of == place))
        at = _ahead(kept, structure, members[row], scale_of[row, slot], joint)
        mean[row, slot], sd[row, slot], size[row, slot] = at.mean, at.sd, at.size
        roots[row, slot] = at.roots
    for i, s in enumerate(members):
        use = alive[i]
        yield int(s), Mixture(kept.weights[s, use], scale_of[i, use], mean[i, use], sd[i, use], roots[i, use], size[i, use],
                              float(kept.scaled.unit[s]), bool(kept.scaled.non_negative[s]))


@dataclass(frozen=True)
class _Ahead:
    """One structure's forecasts of some series, each on one scale."""

    mean: Array
    sd: Array
    size: Array
    roots: NDArray[np.object_]


def _ahead(kept: _Series, structure: Factor, series: NDArray[np.intp], scale: NDArray[np.intp], joint: bool) -> _Ahead:
    """Forecast series, each on one scale, by a structure."""
    lengths = kept.lengths[series]
    values = kept.scaled.values[series, scale]
    mean, variance_of_shocks = means_ahead(structure, values, lengths)
    variance = structure.variances(lengths)
    shared = {n: root_of(structure.covariance(n)) for n in np.unique(lengths).tolist()} if joint else {}
    roots = np.empty(len(series), dtype=object)
    for i, n in enumerate(lengths.tolist()):
        columns = kept.columns[series[i]]
        if columns is not None:
            mean[i], variance_of_shocks[i], covariance = ahead_with_columns(structure, values[i], n, columns)
            variance[i] = np.diagonal(covariance)
            roots[i] = root_of(covariance) if joint else None
        else:
            roots[i] = shared.get(n)
    spread, centre = kept.scaled.spread[series, scale], kept.scaled.centre[series, scale]
    size = np.sqrt(variance_of_shocks) * spread
    sd = np.sqrt(np.maximum(variance, 1e-12)) * size[:, None]
    return _Ahead(mean * spread[:, None] + centre[:, None], sd, size, roots)


def _learn(latest_first: Array, table: StructureTable, season: int) -> _Series:
    """Weigh every structure and scale for each series, and keep those that matter."""
    seen = np.isfinite(latest_first)
    scaled = standardise(latest_first)
    lengths = latest_first.shape[1] - seen[:, ::-1].argmax(axis=1)
    columns = tuple(_gaps(s[:n]) for s, n in zip(seen, lengths, strict=True))
    g = variograms(table.structures, latest_first.shape[1], season)
    with np.errstate(divide="ignore"):
        prior = np.log(table.weights)
    pairs, weights = [], []
    for first in range(0, len(seen), _CHUNK):
        part = slice(first, first + _CHUNK)
        log = log_evidence(g, scaled.values[part], lengths[part], columns[part]) + scaled.log_jacobian[part, None] + prior
        best, share = _largest(log.reshape(len(log), -1))
        pairs.append(best)
        weights.append(share)
    return _Series(scaled, lengths, columns, np.concatenate(pairs), np.concatenate(weights))


def _largest(log: Array) -> tuple[NDArray[np.intp], Array]:
    """Places and shares of the largest weights of each row."""
    most = min(_MOST, log.shape[1])
    places = np.argpartition(-log, most - 1, axis=1)[:, :most]
    share = np.exp(np.take_along_axis(log, places, axis=1) - log.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    share[share < _LEAST * share.max(axis=1, keepdims=True)] = 0.0
    return places, share / share.sum(axis=1, keepdims=True)


def _gaps(seen: NDArray[np.bool_]) -> Columns | None:
    """One flat column for each value that is missing."""
    missing = np.flatnonzero(~seen)
    if not len(missing):
        return None
    past = np.zeros((len(seen), len(missing)))
    past[missing, np.arange(len(missing))] = 1.0
    return Columns(past, np.zeros((0, len(missing))), np.zeros(len(missing)))
