"""Means and quantiles over samples, fast: one sort of each place along contiguous memory.

Floor F0, arrays only. A sort of float64 on a contiguous axis is vectorised by NumPy and gives all levels at once; ``np.quantile``
partitions with strides and pays for each level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: numbers sorted at a time: a few places by all samples, so that the copy stays in the cache
_CHUNK = 1 << 18


def summarise(samples: Array, levels: Sequence[float]) -> tuple[Array, Array]:
    """Return the mean and quantiles over the first axis.

    Quantiles interpolate linearly between order statistics (type 7 of Hyndman and Fan 1996), as NumPy's default does.

    Parameters
    ----------
    samples : array (n_samples, ...)
        Places with a missing sample give missing results.
    levels : sequence of float
        In [0, 1].

    Returns
    -------
    mean : array (...)
    quantiles : array (len(levels), ...)

    References
    ----------
    Hyndman and Fan (1996), Sample quantiles in statistical packages. The American Statistician 50.

    Examples
    --------
    >>> mean, quantiles = summarise(np.arange(5.0)[:, None], [0.5, 0.9])
    >>> mean.tolist(), quantiles[:, 0].tolist()
    ([2.0], [2.0, 3.6])
    """
    n = samples.shape[0]
    if n < 1:
        raise ValueError("no samples to summarise")
    flat = samples.reshape(n, -1) if samples.flags.c_contiguous else np.moveaxis(samples, 0, -1).reshape(-1, n).T
    position = np.asarray(levels, dtype=np.float64) * (n - 1)
    low = np.minimum(position.astype(np.intp), n - 1)
    high, weight = np.minimum(low + 1, n - 1), position - np.floor(position)
    mean, quantiles = np.empty(flat.shape[1]), np.empty((len(low), flat.shape[1]))
    width = max(1, _CHUNK // n)
    for start in range(0, flat.shape[1], width):
        chunk = np.array(flat[:, start:start + width].T, order="C")
        mean[start:start + width] = chunk.mean(axis=1)
        chunk.sort(axis=1)
        below = chunk[:, low]
        part = below + weight * (chunk[:, high] - below)
        part[np.isnan(chunk[:, -1])] = np.nan  # missing values sort last
        quantiles[:, start:start + width] = part.T
    shape = samples.shape[1:]
    return mean.reshape(shape), quantiles.reshape(len(low), *shape)
