"""Pools of predictive distributions: quantiles of a weighted mixture, and which member each sample comes from.

Floor F0, arrays only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: fractional part of the golden ratio: multiples of it fill [0, 1) evenly, whatever their number
_GOLDEN = 0.6180339887498949
#: numbers sorted at a time
_CHUNK = 1 << 20


def pool_quantiles(values: Array, levels: Array, weights: Array, wanted: Array) -> Array:
    """Quantiles of the linear pool of members that are given by quantiles of their own.

    Parameters
    ----------
    values : array (n_members, n_levels, n_series, horizon)
        Members' quantiles at ``levels``; a member without an answer holds missing values and has weight zero.
    levels : array (n_levels,)
        Increasing, each the middle of its share of probability.
    weights : array (n_members, n_series)
        Sum to one over the members.
    wanted : array (n_wanted,)
        Levels asked for.

    Returns
    -------
    array (n_wanted, n_series, horizon)
    """
    n_members, n_levels, n_series, horizon = values.shape
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    share = np.diff(edges)
    out = np.empty((len(wanted), n_series, horizon))
    step = max(1, _CHUNK // (n_members * n_levels * horizon))
    for first in range(0, n_series, step):
        part = values[:, :, first:first + step].transpose(2, 3, 0, 1).reshape(-1, horizon, n_members * n_levels)
        mass = (weights[:, first:first + step].T[:, :, None] * share).reshape(len(part), 1, -1)
        part = np.where(mass > 0, part, np.inf)
        order = np.argsort(part, axis=2)
        heap = np.take_along_axis(np.broadcast_to(mass, part.shape), order, axis=2)
        middle = np.cumsum(heap, axis=2) - heap / 2
        ordered = np.take_along_axis(part, order, axis=2)
        ordered = np.where(np.isfinite(ordered), ordered, np.nanmax(np.where(np.isfinite(ordered), ordered, np.nan), axis=2, keepdims=True))
        for at, level in enumerate(wanted):
            out[at, first:first + step] = _between(ordered, middle, float(level))
    return out


def _between(ordered: Array, middle: Array, level: float) -> Array:
    """Linear interpolation of each row's values at a level."""
    above = np.minimum((middle < level).sum(axis=2), middle.shape[2] - 1)[..., None]
    below = np.maximum(above - 1, 0)
    high, low = np.take_along_axis(middle, above, axis=2), np.take_along_axis(middle, below, axis=2)
    top, bottom = np.take_along_axis(ordered, above, axis=2), np.take_along_axis(ordered, below, axis=2)
    share = np.clip((level - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    return np.asarray((bottom + share * (top - bottom))[..., 0])


def allocate(weights: Array, n_samples: int) -> NDArray[np.intp]:
    """Member of each sample, (n_series, n_samples), in proportion to ``weights`` (n_members, n_series); fewer samples are a prefix."""
    place = ((np.arange(n_samples) + 0.5) * _GOLDEN) % 1.0
    heap = np.cumsum(weights, axis=0)
    return np.asarray((place[None, None, :] >= heap[:-1, :, None]).sum(axis=0), dtype=np.intp)
