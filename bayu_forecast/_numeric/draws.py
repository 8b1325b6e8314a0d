"""Joint Gaussian paths by blocks of samples: normals times a Cholesky factor plus a mean, in buffers that are used again.

Floor F0, arrays only. Every number is a function of its seed, its stream, its sample and its step: fewer samples are a prefix
of more, a shorter horizon (leading rows of mean and factor) a prefix of a longer one, and chunks change nothing, to the last bit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayu_forecast._numeric.streams import Stream, digest

Floats = NDArray[np.float64]
#: in place, on the steps by samples that belong to one component
Transform = Callable[[int, Floats], object]

#: part of the numbers: samples to a generator; the normals and the product of a block stay in the second cache
BLOCK = 512
#: steps to a matrix product: products of fixed shape give the same bits whatever the horizon
_STEPS = 8


def gaussian_paths(
    seed: int, stream: Stream, mean: ArrayLike, factor: ArrayLike, n_samples: int, *, weights: ArrayLike | None = None,
    freedom: float | None = None, transform: Transform | None = None, first: int = 0, count: int | None = None, out: Floats | None = None,
    block: int = BLOCK,
) -> Floats:
    r"""Draw joint paths of one series from a Gaussian or from a mixture of them.

    .. math:: x_i = m_{k_i} + \sqrt{\nu / g_i}\, L_{k_i} z_i, \quad z_i \sim N(0, I), \quad k_i \sim w, \quad g_i \sim \chi^2_\nu

    Parameters
    ----------
    seed : int
        The user's seed.
    stream : str or tuple of str or int
        Name of the stream; put the series' label into it.
    mean : array (n_steps,) or (n_components, n_steps)
        :math:`m`.
    factor : array (n_steps, n_steps) or (n_components, n_steps, n_steps)
        :math:`L`, lower triangular. The leading rows and columns give the leading steps of the same paths.
    n_samples : int
        Samples in all.
    weights : array (n_components,), optional
        :math:`w`, not negative; equal when left out. Made to sum to one.
    freedom : float, optional
        :math:`\nu`: multivariate Student paths instead of Gaussian ones; one :math:`g` to a path.
    transform : callable, optional
        ``transform(component, values)`` changes ``values`` (n_steps, n) in place, number by number, such as an exponential.
    first, count : int, int or None
        Only the samples ``first`` to ``first + count`` of the whole; to the end when ``count`` is None.
    out : array (count, n_steps), optional
        Where to put the paths; need not be contiguous.
    block : int
        Samples to a generator; part of the numbers. Larger ones suit many components.

    Returns
    -------
    array (count, n_steps)

    Raises
    ------
    ValueError
        When shapes disagree, a weight is negative or the chunk reaches beyond ``n_samples``.

    Examples
    --------
    >>> mean, factor = np.zeros(3), np.linalg.cholesky(np.minimum.outer([1.0, 2, 3], [1.0, 2, 3]))
    >>> whole = gaussian_paths(7, "retail", mean, factor, 1000)
    >>> part = gaussian_paths(7, "retail", mean[:2], factor[:2, :2], 600, first=500, count=50)
    >>> bool((part == whole[500:550, :2]).all())
    True
    """
    means, factors = _components(mean, factor)
    count = n_samples - first if count is None else count
    n_steps = means.shape[1]
    if min(first, count) < 0 or first + count > n_samples:
        raise ValueError(f"no chunk of {count} samples from {first} in {n_samples}")
    if out is None:
        out = np.empty((count, n_steps))
    elif out.shape != (count, n_steps):
        raise ValueError(f"paths of shape {(count, n_steps)} do not fit an array of shape {out.shape}")
    shares = _shares(weights, len(means))
    key = (stream,) if isinstance(stream, str) else stream
    normals = np.zeros((factors.shape[1], block))
    values, turned = np.empty_like(normals), np.empty((block, n_steps))
    for index in range(first // block, -(-(first + count) // block)):
        start = index * block
        low, high = max(first, start), min(first + count, start + block)
        stream_of_block = _generator(seed, *key, index)
        # what does not depend on the horizon comes first, so that a shorter one reads the same numbers
        ends, places = _picked(stream_of_block, shares, block)
        scale = None if freedom is None else np.sqrt(freedom / stream_of_block.chisquare(freedom, block))
        stream_of_block.standard_normal(out=normals[:n_steps])
        if scale is not None:
            normals[:n_steps] *= scale
        for component, (begin, end) in enumerate(itertools.pairwise(ends)):
            if begin < end:
                _place(values[:, begin:end], normals[:, begin:end], means[component], factors[component])
                if transform is not None:
                    transform(component, values[:n_steps, begin:end])
        wanted, here = slice(low - start, high - start), out[low - first : high - first]
        if places is None:
            here[:] = values[:n_steps, wanted].T
        else:
            turned[:] = values[:n_steps].T
            np.take(turned, places[wanted], axis=0, out=here, mode="clip")
    return out


def _generator(seed: int, *key: str | int) -> np.random.Generator:
    """Return the generator of a block. SFC64 because it is NumPy's fastest: 132 million normals a second against Philox's 87."""
    return np.random.Generator(np.random.SFC64(digest(seed, *key)))


def _components(mean: ArrayLike, factor: ArrayLike) -> tuple[Floats, Floats]:
    """Return means (components, steps) and factors (components, padded steps, padded steps), padded with zeros to whole products."""
    means = np.atleast_2d(np.asarray(mean, dtype=np.float64))
    given = np.asarray(factor, dtype=np.float64)
    given = given[None] if given.ndim == 2 else given
    n_components, n_steps = means.shape
    if given.shape != (n_components, n_steps, n_steps):
        raise ValueError(f"factors of shape {given.shape} do not belong to means of shape {means.shape}")
    padded = -(-n_steps // _STEPS) * _STEPS
    factors = np.zeros((n_components, padded, padded))
    factors[:, :n_steps, :n_steps] = given
    return means, factors


def _shares(weights: ArrayLike | None, n_components: int) -> Floats:
    """Return weights that sum to one."""
    shares: Floats = np.ones(n_components) if weights is None else np.asarray(weights, dtype=np.float64)
    if shares.shape != (n_components,) or not (shares >= 0).all() or not 0 < shares.sum() < np.inf:
        raise ValueError(f"weights of {n_components} components are not negative and sum to more than zero, not {shares}")
    whole: float = shares.sum()
    return shares / whole


def _picked(block: np.random.Generator, shares: Floats, size: int) -> tuple[list[int], NDArray[np.int64] | None]:
    """Return where each component's samples end when a block is sorted by component, and the sorted place of each sample.

    Counts and a permutation have the law of independent picks, and nothing need be gathered before the products.
    """
    if len(shares) == 1:
        return [0, size], None
    return [0, *np.cumsum(block.multinomial(size, shares)).tolist()], block.permutation(size)


def _place(values: Floats, normals: Floats, mean: Floats, factor: Floats) -> None:
    """Fill ``values`` with mean plus factor times normals; the factor is triangular, so each product stops at its own steps."""
    for start in range(0, len(factor), _STEPS):
        stop = start + _STEPS
        np.matmul(factor[start:stop, :stop], normals[:stop], out=values[start:stop])
    values[: len(mean)] += mean[:, None]
