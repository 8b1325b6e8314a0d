"""Shares of a total among players that act together: Shapley and Owen values, exact or by antithetic orders.

Floor F0, arrays only: players are positions. It never knows what is switched on or what the value measures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayu_forecast._numeric.streams import generator

Floats = NDArray[np.float64]
Groups = Sequence[Sequence[int]]
#: which players are on (n,) -> their joint value (...)
Value = Callable[[NDArray[np.bool_]], ArrayLike]


class Shares(NamedTuple):
    """Each player's share (n, ...), its standard error (zero when exact) and how often the value was asked for."""

    values: Floats
    standard_error: Floats
    evaluations: int


def shapley(values: ArrayLike) -> Floats:
    r"""Return exact Shapley values from the value of every coalition.

    .. math:: \phi_i = \sum_{S \not\ni i} \frac{|S|! (n - |S| - 1)!}{n!} \, [v(S \cup i) - v(S)]

    Parameters
    ----------
    values : array_like (2^n, ...)
        ``values[mask]`` is the value with the players of the mask's bits on, player 0 being the lowest bit. Trailing
        axes, such as samples, are kept.

    Returns
    -------
    array (n, ...)
        They sum to ``values[-1] - values[0]``; a player that changes nothing gets exactly zero.

    Raises
    ------
    ValueError
        When the first axis is not a power of two.

    References
    ----------
    Shapley (1953), A value for n-person games. Contributions to the Theory of Games II.

    Examples
    --------
    >>> print(shapley([0.0, 1.0, 2.0, 5.0]))
    [2. 3.]
    """
    v = np.asarray(values, dtype=np.float64)
    n = _players(v)
    masks = np.arange(2**n)
    weight = np.array([1.0 / (n * math.comb(n - 1, size)) for size in range(n)])
    parts = []
    for player in range(n):
        without = masks[(masks >> player) & 1 == 0]
        gain = v[without | (1 << player)] - v[without]
        parts.append(np.tensordot(weight[np.bitwise_count(without)], gain, axes=1))
    return np.asarray(parts, dtype=np.float64).reshape(n, *v.shape[1:])


def interaction(values: ArrayLike) -> Floats:
    """Return what the players do together beyond the sum of what each does alone.

    Parameters
    ----------
    values : array_like (2^n, ...)
        As in :func:`shapley`.

    Returns
    -------
    array (...)
        Total less the sum of solo effects: negative under saturation.

    Raises
    ------
    ValueError
        When the first axis is not a power of two.

    Examples
    --------
    >>> print(interaction([0.0, 1.0, 2.0, 5.0]))
    2.0
    """
    v = np.asarray(values, dtype=np.float64)
    solo = v[[1 << player for player in range(_players(v))]] - v[0]
    return np.asarray(v[-1] - v[0] - solo.sum(axis=0))


def permutation_shapley(value: Value, n: int, pairs: int = 100, seed: int = 0) -> Shares:
    """Return Shapley values averaged over random orders of arrival, each order taken forwards and backwards.

    Parameters
    ----------
    value : callable
        Takes which players are on, a boolean array (n,), and returns their joint value (...); it must answer the same
        question with the same numbers (common random numbers), else noise exceeds the shares.
    n : int
        Players.
    pairs : int
        Orders; each costs ``2 (n - 1)`` evaluations. Fewer pairs are a prefix of more.
    seed : int
        Key of the orders.

    Returns
    -------
    Shares
        They sum to the total to rounding, whatever the number of pairs. The standard error is NaN with one pair.

    Raises
    ------
    ValueError
        When there is no player or no pair.

    References
    ----------
    Castro, Gomez and Tejada (2009), Polynomial calculation of the Shapley value based on sampling. Computers and
    Operations Research 36; Mitchell, Cooper, Frank and Holmes (2022), Sampling permutations for Shapley value estimation.
    Journal of Machine Learning Research 23.

    Examples
    --------
    >>> weights = np.array([1.0, 2.0, 3.0])
    >>> shares = permutation_shapley(lambda on: (weights @ on) ** 2, 3, pairs=4)
    >>> print(shares.values, shares.values.sum())
    [ 6. 12. 18.] 36.0
    """
    return _by_orders(value, [[player] for player in range(n)], pairs, seed)


def owen(value: Value, groups: Groups, *, limit: int = 20_000, pairs: int = 100, seed: int = 0) -> Shares:
    r"""Return Owen values: members share what their group earns, other groups being in or out as a whole.

    .. math:: \phi_i = \sum_{R \not\ni k} w_R \sum_{T \subseteq B_k \setminus i} w_T \,
              [v(Q_R \cup T \cup i) - v(Q_R \cup T)]

    with :math:`k` the group of :math:`i`, :math:`B_k` its members, :math:`Q_R` all members of the groups in :math:`R`
    and :math:`w` the weights of :func:`shapley`. A group's members sum to the Shapley value of the group.

    Parameters
    ----------
    value : callable
        As in :func:`permutation_shapley`.
    groups : sequence of sequences of int
        Members of each group; every player 0 to n-1 once.
    limit : int
        Most evaluations the exact sum may take; beyond it orders that keep groups together are drawn.
    pairs, seed : int
        Of those orders.

    Returns
    -------
    Shares
        By player, not by group.

    Raises
    ------
    ValueError
        When the groups are empty or do not hold every player once, or there is no pair.

    References
    ----------
    Owen (1977), Values of games with a priori unions. Essays in Mathematical Economics and Game Theory.

    Examples
    --------
    >>> print(owen(lambda on: float(on.all()), [[0, 1], [2]]).values)
    [0.25 0.25 0.5 ]
    """
    members = [np.asarray(group, dtype=np.intp) for group in groups]
    if not members or sorted(np.concatenate(members)) != list(range(sum(map(len, members)))) or not all(map(len, members)):
        raise ValueError("groups hold every player 0 to n-1 exactly once and none is empty")
    if _exact_cost(members) > limit:
        return _by_orders(value, groups, pairs, seed)
    return _owen_exact(value, members)


def _players(v: Floats) -> int:
    """Number of players behind the values of all coalitions."""
    n = v.shape[0].bit_length() - 1 if v.ndim else -1
    if n < 1 or v.shape[0] != 1 << n:
        raise ValueError(f"values of all coalitions of n players have 2^n rows, n >= 1, not the shape {v.shape}")
    return n


def _exact_cost(members: list[NDArray[np.intp]]) -> int:
    """Evaluations of the exact sum: whole groups once, inner coalitions of each group beside every set of the others."""
    k = len(members)
    return int(2**k + sum(2 ** (k - 1) * (2 ** len(group) - 2) for group in members))


def _owen_exact(value: Value, members: list[NDArray[np.intp]]) -> Shares:
    """For each group, the members' Shapley values in the mean game beside the sets of other groups: they are linear in the game."""
    k, n = len(members), sum(map(len, members))
    unions = [_switched(n, members, mask) for mask in range(2**k)]
    whole = [np.asarray(value(on), dtype=np.float64) for on in unions]
    out = np.zeros((n, *whole[0].shape))
    for group, own in enumerate(members):
        game = np.zeros((2 ** len(own), *whole[0].shape))
        for mask in (m for m in range(2**k) if not (m >> group) & 1):
            weight = 1.0 / (k * math.comb(k - 1, mask.bit_count()))
            inner = [np.asarray(value(_with(unions[mask], own, t)), dtype=np.float64) for t in range(1, 2 ** len(own) - 1)]
            for coalition, one in enumerate([whole[mask], *inner, whole[mask | (1 << group)]]):
                game[coalition] += weight * one
        out[own] = shapley(game)
    return Shares(out, np.zeros_like(out), _exact_cost(members))


def _switched(n: int, members: list[NDArray[np.intp]], mask: int) -> NDArray[np.bool_]:
    """All members of the groups in the mask."""
    on = np.zeros(n, dtype=np.bool_)
    for group, own in enumerate(members):
        on[own] = bool((mask >> group) & 1)
    return on


def _with(on: NDArray[np.bool_], own: NDArray[np.intp], mask: int) -> NDArray[np.bool_]:
    """The players on, and those of a group's members in the mask."""
    on = on.copy()
    on[own] = [(mask >> position) & 1 == 1 for position in range(len(own))]
    return on


def _by_orders(value: Value, groups: Groups, pairs: int, seed: int) -> Shares:
    """Mean gains over antithetic orders that keep each group together, with the error of the mean over pairs."""
    if not groups or pairs < 1:
        raise ValueError("orders need at least one player and one pair")
    n = sum(map(len, groups))
    ends = (np.asarray(value(np.zeros(n, np.bool_)), np.float64), np.asarray(value(np.ones(n, np.bool_)), np.float64))
    mean, squares = np.zeros((2, n, *ends[0].shape))
    for pair in range(pairs):
        rng = generator(seed, "order of arrival", pair)
        order = np.concatenate([rng.permutation(groups[g]) for g in rng.permutation(len(groups))])
        gain = 0.5 * (_gains(value, order, ends) + _gains(value, order[::-1], ends))
        step = gain - mean
        mean += step / (pair + 1)
        squares += step * (gain - mean)
    error = np.sqrt(squares / (pairs * (pairs - 1))) if pairs > 1 else np.full_like(mean, np.nan)
    return Shares(mean, error, 2 + 2 * pairs * (n - 1))


def _gains(value: Value, order: NDArray[np.intp], ends: tuple[Floats, Floats]) -> Floats:
    """What each player adds on arrival."""
    on = np.zeros(order.size, dtype=np.bool_)
    out = np.empty((order.size, *ends[0].shape))
    before = ends[0]
    for player in order[:-1]:
        on[player] = True
        after = np.asarray(value(on.copy()), dtype=np.float64)
        out[player] = after - before
        before = after
    out[order[-1]] = ends[1] - before
    return out
