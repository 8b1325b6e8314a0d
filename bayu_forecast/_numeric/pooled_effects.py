"""Effects of columns on many series, each leaning on the panel: least squares under several structures, pooled by shrinkage.

Floor F0, arrays only. Under a structure (a variogram) a series and its columns are whitened, so that ordinary least squares is
generalised least squares: trend, level and season move at the same time as the effects are learned. Effects are normal about the panel's
mean, with a variance for each column learned from the panel; the mean's own prior variance is learned as well (automatic relevance), so
that a column that carries nothing is shut off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.evidence import tempered_shares
from bayu_forecast._numeric.latest_first import Factor, factor, lengths_of, whiten

Array = NDArray[np.float64]

#: prior size and degrees of freedom of an effect's spread over series, per standard deviation of its column
_SIZE, _STRENGTH = 0.02, 2.0
#: first guesses of an effect's spread over series and of the panel's mean effect
_FIRST_SPREAD, _FIRST_MEAN = 0.05, 0.3
#: rounds of expectation-maximisation, twice: the second time each series has the structure that explains it best
_ROUNDS = 20
#: sum of squares, of a standardised series, that the prior adds to the shocks
_LEAST_SQUARES = 0.01


@dataclass(frozen=True)
class _Moments:
    """Whitened columns' products with themselves (n, k, k) and the values (n, k), the values' squares, half log determinants, counts."""

    inner: Array
    cross: Array
    squares: Array
    log_det: Array
    count: Array

    def at(self, rows: tuple[NDArray[np.intp], ...]) -> _Moments:
        """Some of stacked moments."""
        return _Moments(self.inner[rows], self.cross[rows], self.squares[rows], self.log_det[rows], self.count[rows])


@dataclass(frozen=True)
class _Population:
    """Normal distribution of effects over series: mean and variance of each, and the prior variance of the mean about nil."""

    mean: Array
    variance: Array
    shared: Array

    def unsure(self, within: Array) -> Array:
        """What not knowing the mean adds to the covariances (n, k, k) of effects given it."""
        pull = within / self.variance  # of the mean on each series' effects
        known = np.diag(1.0 / self.shared) + (np.diag(1.0 / self.variance) - pull / self.variance[:, None]).sum(axis=0)
        return np.asarray(pull @ np.linalg.inv(known) @ pull.transpose(0, 2, 1))


def pooled_effects(values: Array, columns: Array, seen: NDArray[np.bool_], spread: Array, variograms: Array) -> tuple[Array, Array]:
    """Posterior means and covariances of the effects of columns on each series, over structures.

    Parameters
    ----------
    values : array (n_series, n)
        Standardised, latest first.
    columns : array (n_series, n, k)
    seen : array (n_series, n) of bool
    spread : array (n_series,)
        What the values were divided by: effects are in the unit before.
    variograms : array (n_structures, n)
        The first is the most typical.

    Returns
    -------
    array (n_series, k)
    array (n_series, k, k)
        Within structures, between them, and from the panel's mean; the panel's variances count as known.
    """
    each = [_moments(factor(variogram, values.shape[1], 0), values, columns / spread[:, None, None], seen) for variogram in variograms]
    stacked = _Moments(*(np.stack(parts) for parts in zip(*((m.inner, m.cross, m.squares, m.log_det, m.count) for m in each), strict=True)))
    series, best = np.arange(len(values)), np.zeros(len(values), dtype=np.intp)
    for _ in range(2):
        people = _learned(stacked.at((best, series)))
        answers = [_posterior(m, people) for m in each]
        log = np.stack([evidence for *_, evidence in answers], axis=1)
        best = log.argmax(axis=1)
    share, effects = tempered_shares(log), np.stack([effects for effects, *_ in answers])
    mean = np.einsum("sj,jsk->sk", share, effects)
    within = np.einsum("sj,jskl->skl", share, np.stack([covariance + people.unsure(covariance) for _, covariance, *_ in answers]))
    away = effects - mean
    return np.asarray(mean), np.asarray(within + np.einsum("sj,jsk,jsl->skl", share, away, away))


def _moments(structure: Factor, values: Array, columns: Array, seen: NDArray[np.bool_]) -> _Moments:
    """Whiten all series and columns under a structure; a gap is a column with a flat coefficient."""
    n_series, n, k = columns.shape
    both = np.where(seen[..., None], np.concatenate([columns, values[..., None]], axis=2), 0.0)
    white = whiten(structure, np.asfortranarray(both.transpose(1, 0, 2).reshape(n, -1))).reshape(n, n_series, k + 1).transpose(1, 0, 2)
    lengths = lengths_of(seen)
    inside = np.arange(n) < lengths[:, None]
    white = np.where(inside[..., None], white, 0.0)
    log_det, gaps = structure.log_det[lengths - 1], (inside & ~seen).sum(axis=1)
    for s in np.flatnonzero(gaps).tolist():
        holes = np.zeros((n, gaps[s]), order="F")
        holes[np.flatnonzero(inside[s] & ~seen[s]), np.arange(gaps[s])] = 1.0
        across, root = np.linalg.qr(whiten(structure, holes)[:lengths[s]])
        white[s, :lengths[s]] -= across @ (across.T @ white[s, :lengths[s]])
        log_det[s] += np.log(np.abs(np.diagonal(root))).sum()
    products = white.transpose(0, 2, 1) @ white
    return _Moments(products[:, :k, :k], products[:, :k, k], products[:, k, k], log_det, np.maximum(lengths - gaps, 1.0))


def _posterior(m: _Moments, people: _Population, shocks: Array | None = None) -> tuple[Array, Array, Array, Array]:
    """Effects (n, k), their covariance, the variance of the shocks (by fixed-point rounds) and the log evidence."""
    shocks = (m.squares + _LEAST_SQUARES) / m.count if shocks is None else shocks
    prior = np.diag(1.0 / people.variance)
    for _ in range(3):
        within = m.inner / shocks[:, None, None] + prior
        covariance = np.linalg.inv(within)
        effects = np.einsum("skl,sl->sk", covariance, m.cross / shocks[:, None] + people.mean / people.variance)
        second = covariance + effects[:, :, None] * effects[:, None, :]
        squares = m.squares - 2 * (m.cross * effects).sum(axis=1) + (m.inner * second).sum(axis=(1, 2))
        shocks = (np.maximum(squares, 0.0) + _LEAST_SQUARES) / m.count
    away = effects - people.mean
    plain = m.squares - 2 * (m.cross * effects).sum(axis=1) + np.einsum("sk,skl,sl->s", effects, m.inner, effects)
    quadratic = np.maximum(plain, 0.0) / shocks + (away**2 / people.variance).sum(axis=1)
    evidence = -0.5 * (m.count * np.log(shocks) + quadratic + np.linalg.slogdet(within)[1] + np.log(people.variance).sum()) - m.log_det
    return effects, np.asarray(covariance), np.asarray(shocks), np.asarray(evidence)


def _learned(m: _Moments) -> _Population:
    """Mean and variance of each effect over series, by expectation-maximisation."""
    n_series, k = m.cross.shape
    people, shocks = _Population(np.zeros(k), np.full(k, _FIRST_SPREAD**2), np.full(k, _FIRST_MEAN**2)), None
    for _ in range(_ROUNDS):
        effects, covariance, shocks, _ = _posterior(m, people, shocks)
        precision = n_series / people.variance + 1.0 / people.shared
        mean = effects.sum(axis=0) / people.variance / precision
        squares = ((effects - mean)**2 + np.diagonal(covariance, axis1=1, axis2=2)).sum(axis=0)
        people = _Population(mean, (squares + _STRENGTH * _SIZE**2) / (n_series + _STRENGTH), mean**2 + 1.0 / precision)
    return people
