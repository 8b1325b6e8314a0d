"""Structural forecasts of panels: a mixture of structures for each series, weighted by how well each explains it.

Floor F2 (east): plain series and drivers in, sample paths out. It must never know a holiday, a city or a policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.evidence import ahead_with_columns, log_evidence, means_ahead, tempered_shares
from bayu_forecast._numeric.latest_first import Factor, factor, lengths_of, root_of
from bayu_forecast._numeric.mixture import Mixture
from bayu_forecast._numeric.scales import SHIFTS, Scaled, standardise
from bayu_forecast._numeric.variogram import variograms
from bayu_forecast.models.base import Array, Forecaster, ForecasterTags, Panel
from bayu_forecast.models.frequency import cycle_of, values_used
from bayu_forecast.models.panel_columns import SeriesColumns, columns_of
from bayu_forecast.models.structure_prior import scales_of, structures_of, tails_of, typical_structure
from bayu_forecast.models.wild_values import tamed

#: series at a time
_CHUNK = 256
#: pairs of structure and scale kept for a series, and the least share of one
_MOST, _LEAST = 16, 2e-3


@dataclass(frozen=True)
class _Learned:
    """What is kept of the series of a panel, latest first.

    Attributes
    ----------
    scaled : Scaled
    lengths : array (n_series,) of int
    columns : dict of int to SeriesColumns
        Of the series that have gaps or drivers.
    pairs : array (n_series, n_pairs) of int
        Structure and scale of each component, as one number.
    weights : array (n_series, n_pairs)
    widening, df : float
        Factor on the size of all shocks, and the degrees of freedom of their distribution.
    """

    scaled: Scaled
    lengths: NDArray[np.intp]
    columns: dict[int, SeriesColumns]
    pairs: NDArray[np.intp]
    weights: Array
    widening: float
    df: float


class PanelStructural(Forecaster):
    """Forecast each series of a panel by a mixture of structural models.

    A structure is a trend (a drift, a slope that is forgotten, a level), a passing cycle, a seasonal pattern (one that never changes, one
    that moves), noise and the effects of drivers. Some hundreds of structures stand for the prior; a series weighs them by their marginal
    likelihoods, on two scales between log and level (the level, if it is ever negative). Nothing is optimised and nothing is chosen, so
    that the uncertainty about structure is part of the forecast. Values that the rest of a series does not expect are pulled in first.

    Parameters
    ----------
    cycles : int
        Most recent seasonal cycles (years) that are used; at least 100 values are, and at most 420.

    References
    ----------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter; Hoeting, Madigan, Raftery and Volinsky (1999),
    Bayesian model averaging, Statistical Science 14.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[10, 20, 30, 40] * 6], season=4)
    >>> PanelStructural().fit(y).predict(4)["median"].values.round()
    array([[10., 20., 30., 40.]])
    """

    tags = ForecasterTags(drivers=True, missing=True, min_length=1)

    def __init__(self, *, cycles: int = 12) -> None:
        self.cycles = cycles

    def _fit(self, panel: Panel) -> None:
        self._names, self._season, self._cycle = panel.series, panel.season, cycle_of(panel.season)
        panel = tamed(panel) if panel.features is None else panel  # which may be why a value is wild
        wanted = values_used(panel.season, self.cycles)
        features = None if panel.features is None else panel.features[:, :-wanted - 1:-1]
        self._learned = self._learn(self._recent(panel, wanted), features)

    def _learn(self, latest_first: Array, features: Array | None) -> _Learned:
        """Weigh every structure and scale for each series, and keep those that matter."""
        seen = np.isfinite(latest_first)
        lengths = lengths_of(seen)
        n = latest_first.shape[1]
        typical = variograms(typical_structure(self._season), n, self._cycle)[0]
        scaled = standardise(latest_first, scales_of(self._season, drivers=features is not None))
        scaled, columns = columns_of(scaled, seen, lengths, features, typical)
        g = variograms(structures_of(self._season), n, self._cycle)
        pairs, weights = [], []
        for first in range(0, len(seen), _CHUNK):
            part = np.arange(first, min(first + _CHUNK, len(seen)))
            best, share = _largest(_log_evidence(g, scaled, lengths, columns, part).reshape(len(part), -1))
            pairs.append(best)
            weights.append(share)
        return _Learned(scaled, lengths, columns, np.concatenate(pairs), np.concatenate(weights), *tails_of(self._season))

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        out = np.empty((samples, len(self._names), horizon))
        for s, mixture in self._mixtures(horizon, features, joint=True):
            mixture.paths(samples, rng, self._names[s], out[:, s])
        return out

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        mean, quantiles = np.empty((len(self._names), horizon)), np.empty((len(levels), len(self._names), horizon))
        for s, mixture in self._mixtures(horizon, features, joint=False):
            mean[s], quantiles[:, s] = mixture.summary(levels)
        return mean, quantiles

    def _mixtures(self, horizon: int, features: Array | None, *, joint: bool) -> Iterator[tuple[int, Mixture]]:
        """Forecast of each series, a chunk of series at a time."""
        kept = self._learned
        used = np.unique(kept.pairs[kept.weights > 0] // len(SHIFTS))
        n_lags = kept.scaled.values.shape[2] + horizon
        g = dict(zip(used.tolist(), variograms(structures_of(self._season)[used], n_lags, self._cycle), strict=True))
        for first in range(0, len(self._names), _CHUNK):
            members = np.arange(first, min(first + _CHUNK, len(self._names)))
            yield from _forecast(kept, g, members, horizon, features, joint)


def _log_evidence(
    g: Array, scaled: Scaled, lengths: NDArray[np.intp], columns: dict[int, SeriesColumns], part: NDArray[np.intp]
) -> Array:
    """Log evidence (n_series, n_structures, n_scales) of some series; there is none for scales that cannot hold a series."""
    row, scale = np.nonzero(scaled.fits[part])
    series = part[row]
    own = {i: columns[s].on(k) for i, (s, k) in enumerate(zip(series.tolist(), scale.tolist(), strict=True)) if s in columns}
    out = np.full((len(part), len(g), len(SHIFTS)), -np.inf)
    log = log_evidence(g, scaled.values[series, scale], lengths[series], own) + scaled.log_jacobian[series, scale, None]
    out[row, :, scale] = log
    return out


def _forecast(
    kept: _Learned, g: dict[int, Array], members: NDArray[np.intp], horizon: int, features: Array | None, joint: bool
) -> Iterator[tuple[int, Mixture]]:
    """Go through the structures once, and give each its part in the mixtures of the series that keep it."""
    n_most = kept.pairs.shape[1]
    mean, sd = np.zeros((2, len(members), n_most, horizon))
    size, roots = np.zeros((len(members), n_most)), np.empty((len(members), n_most), dtype=object)
    structure_of, scale_of = np.divmod(kept.pairs[members], len(SHIFTS))
    alive = kept.weights[members] > 0
    for place in np.unique(structure_of[alive]).tolist():
        structure = factor(g[place], kept.scaled.values.shape[2], horizon)
        row, slot = np.nonzero(alive & (structure_of == place))
        at = _ahead(kept, structure, members[row], scale_of[row, slot], features, joint)
        mean[row, slot], sd[row, slot], size[row, slot] = at.mean, at.sd, at.size
        roots[row, slot] = at.roots
    for i, s in enumerate(members):
        use = alive[i]
        yield int(s), Mixture(kept.weights[s, use], scale_of[i, use], mean[i, use], sd[i, use], roots[i, use], size[i, use],
                              float(kept.scaled.unit[s]), bool(kept.scaled.non_negative[s]), kept.df, float(kept.scaled.top[s]))


@dataclass(frozen=True)
class _Ahead:
    """One structure's forecasts of some series, each on one scale."""

    mean: Array
    sd: Array
    size: Array
    roots: NDArray[np.object_]


def _ahead(
    kept: _Learned, structure: Factor, series: NDArray[np.intp], scale: NDArray[np.intp], features: Array | None, joint: bool
) -> _Ahead:
    """Forecast series, each on one scale, by a structure."""
    lengths = kept.lengths[series]
    values = kept.scaled.values[series, scale]
    mean, variance_of_shocks = means_ahead(structure, values, lengths)
    variance = structure.variances(lengths)
    shared = {n: root_of(structure.covariance(n)) for n in np.unique(lengths).tolist()} if joint else {}
    roots = np.empty(len(series), dtype=object)
    for i, (s, n) in enumerate(zip(series.tolist(), lengths.tolist(), strict=True)):
        if s in kept.columns:
            own = kept.columns[s]
            ahead = own.ahead(features[s] if features is not None else np.zeros((mean.shape[1], 0)))
            mean[i], variance_of_shocks[i], covariance = ahead_with_columns(structure, values[i], n, own.on(int(scale[i])), ahead)
            variance[i] = np.diagonal(covariance)
            roots[i] = root_of(covariance) if joint else None
        else:
            roots[i] = shared.get(n)
    spread, centre = kept.scaled.spread[series, scale], kept.scaled.centre[series, scale]
    size = kept.widening * np.sqrt(variance_of_shocks) * spread
    sd = np.sqrt(np.maximum(variance, 1e-12)) * size[:, None]
    return _Ahead(mean * spread[:, None] + centre[:, None], sd, size, roots)


def _largest(log: Array) -> tuple[NDArray[np.intp], Array]:
    """Places and shares of the largest log evidences of each row."""
    most = min(_MOST, log.shape[1])
    places = np.argpartition(-log, most - 1, axis=1)[:, :most]
    return places, tempered_shares(np.take_along_axis(log, places, axis=1), _LEAST)
