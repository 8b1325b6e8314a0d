"""What an answer depends on most: Sobol indices of groups of inputs, and one input at a time (METHODS 5.9).

Floor F0, arrays only: inputs are columns. It never knows which driver a column stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import qmc

from bayu_forecast._numeric.streams import generator

Floats = NDArray[np.float64]
#: points (m, d) -> answers (m,)
Model = Callable[[Floats], ArrayLike]


class Indices(NamedTuple):
    """First-order and total indices (groups,), and their standard errors over scrambles."""

    first: Floats
    total: Floats
    first_error: Floats
    total_error: Floats


class Tornado(NamedTuple):
    """Answer with every input at its median; with each input (d,) at its low and high quantile; widest first."""

    base: float
    low: Floats
    high: Floats
    order: NDArray[np.intp]


def sobol_indices(model: Model, groups: Sequence[Sequence[int]], *, log2_points: int = 10, scrambles: int = 8, seed: int = 0) -> Indices:
    r"""Return the shares of the variance of an answer that groups of inputs explain.

    .. math:: S_k = \frac{E[f_B (f_{A_B^k} - f_A)]}{V}, \qquad T_k = \frac{E[(f_A - f_{A_B^k})^2]}{2 V}

    with :math:`A_B^k` the points :math:`A` whose columns of group :math:`k` come from :math:`B`, on scrambled Sobol points.

    Parameters
    ----------
    model : callable
        Takes independent uniforms on (0, 1), an array (m, d), and returns the answers (m,).
    groups : sequence of sequences of int
        Columns of each group; every column 0 to d-1 once.
    log2_points : int
        Base-2 logarithm of the points to a scramble; a scramble costs ``2^log2_points (groups + 2)`` answers.
    scrambles : int
        Independent scrambles, at least two, over which means and errors are taken.
    seed : int
        Key of the scrambles.

    Returns
    -------
    Indices

    Raises
    ------
    ValueError
        When groups do not hold every column once, there are fewer than two scrambles, or the answer does not vary.

    References
    ----------
    Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola (2010), Variance based sensitivity analysis of model output.
    Computer Physics Communications 181; Jansen (1999) for the total.

    Examples
    --------
    >>> indices = sobol_indices(lambda u: u[:, 0] + 2.0 * u[:, 1], [[0], [1]])
    >>> print(indices.first.round(2), indices.total.round(2))
    [0.2 0.8] [0.2 0.8]
    """
    columns = [np.asarray(group, dtype=np.intp) for group in groups]
    d = sum(map(len, columns))
    if not columns or sorted(np.concatenate(columns)) != list(range(d)) or scrambles < 2:
        raise ValueError("groups hold every column 0 to d-1 exactly once, and errors need at least two scrambles")
    keys = [int(generator(seed, "scramble", k).integers(2**63)) for k in range(scrambles)]
    found = np.array([_one_scramble(model, columns, d, log2_points, key) for key in keys])
    mean, error = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(scrambles)
    return Indices(mean[0], mean[1], error[0], error[1])


def tornado(model: Model, inputs: ArrayLike, levels: tuple[float, float] = (0.1, 0.9)) -> Tornado:
    """Return the answer with one input at a time at its low and high quantile, the others at their medians.

    Parameters
    ----------
    model : callable
        Takes points (m, d), returns the answers (m,).
    inputs : array_like (samples, d)
        Draws of the inputs, from which quantiles are taken.
    levels : tuple of float
        The two quantile levels.

    Returns
    -------
    Tornado

    Raises
    ------
    ValueError
        When the levels do not rise inside [0, 1].

    Examples
    --------
    >>> swings = tornado(lambda x: x[:, 0] + 10.0 * x[:, 1], np.linspace([0.0, 0.0], [1.0, 1.0], 11))
    >>> print(swings.base, swings.low, swings.high, swings.order)
    5.5 [5.1 1.5] [5.9 9.5] [1 0]
    """
    if not 0.0 <= levels[0] < levels[1] <= 1.0:
        raise ValueError(f"quantile levels rise inside [0, 1], not {levels}")
    low, median, high = np.quantile(np.asarray(inputs, dtype=np.float64), [levels[0], 0.5, levels[1]], axis=0)
    d = median.size
    points = np.tile(median, (2 * d + 1, 1))
    each = np.arange(d)
    points[1 + each, each], points[1 + d + each, each] = low, high
    answers = np.asarray(model(points), dtype=np.float64)
    at_low, at_high = answers[1 : d + 1], answers[d + 1 :]
    return Tornado(float(answers[0]), at_low, at_high, np.argsort(-np.abs(at_high - at_low), kind="stable"))


def _one_scramble(model: Model, columns: list[NDArray[np.intp]], d: int, log2_points: int, key: int) -> Floats:
    """First-order and total indices (2, groups) on one scramble."""
    # zero is a possible point and no inverse distribution takes it
    points = np.maximum(qmc.Sobol(d=2 * d, scramble=True, seed=key).random_base2(log2_points), 2.0**-32)
    a, b = points[:, :d], points[:, d:]
    answers = np.asarray([model(a), model(b)], dtype=np.float64)
    variance = answers.var()
    if not variance > 0.0:
        raise ValueError("the answer does not vary with the inputs: there is no variance to share out")
    # centred: the product of the first-order estimator loses digits on a large mean
    f_a, f_b = answers - answers.mean()
    out = np.empty((2, len(columns)))
    for k, own in enumerate(columns):
        mixed = a.copy()
        mixed[:, own] = b[:, own]
        f_mixed = np.asarray(model(mixed), dtype=np.float64) - answers.mean()
        out[:, k] = np.mean(f_b * (f_mixed - f_a)) / variance, 0.5 * np.mean((f_a - f_mixed) ** 2) / variance
    return out
