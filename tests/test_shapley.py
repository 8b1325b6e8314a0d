"""Shares of a total: efficiency, dummies, symmetry, groups, and the example where simple sums miss."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bayu_forecast._numeric.shapley import interaction, owen, permutation_shapley, shapley


def all_values(value, n):
    return np.array([value(np.array([(mask >> i) & 1 == 1 for i in range(n)])) for mask in range(2**n)])


def by_orders(value, n, orders):
    """Average gain over explicit orders: the definition."""
    out, count = np.zeros(n), 0
    for order in orders:
        on, count = np.zeros(n, bool), count + 1
        for player in order:
            before = value(on)
            on = on.copy()
            on[player] = True
            out[player] += value(on) - before
    return out / count


@pytest.fixture
def published_weights():
    """Weights of the published example: the 84,254 normals before them belong to its earlier parts."""
    source = np.random.default_rng(7)
    source.standard_normal(84_254)
    weights = source.uniform(10, 100, 8)
    weights[7] = 0.0
    return weights


@pytest.fixture
def game(rng):
    """A saturating value on 6 players with some interaction of its own."""
    weights, pull = rng.uniform(1, 10, 6), rng.standard_normal((6, 6))
    return lambda on: float(20 * np.tanh(weights @ on / 20) + on @ pull @ on)


def test_published_example_under_saturation(published_weights):
    w = published_weights
    values = all_values(lambda on: 300 * np.tanh(w @ on / 300), 8)
    shares, total = shapley(values), values[-1] - values[0]
    alone = sum(values[1 << i] for i in range(8))
    left_out = sum(values[-1] - values[255 ^ (1 << i)] for i in range(8))
    assert (round(alone, 1), round(left_out, 1), round(total, 1)) == (336.0, 135.6, 243.9)
    assert shares.sum() == pytest.approx(total, abs=1e-12)
    assert shares[7] == 0.0
    assert interaction(values) == pytest.approx(total - alone, abs=1e-12)


def test_exact_equals_the_definition(game):
    expected = by_orders(game, 6, itertools.permutations(range(6)))
    assert np.allclose(shapley(all_values(game, 6)), expected, atol=1e-12)


def test_samples_are_kept(rng):
    values = rng.standard_normal((16, 50, 3))
    shares = shapley(values)
    assert shares.shape == (4, 50, 3)
    assert np.allclose(shares[:, 7, 2], shapley(values[:, 7, 2]), atol=1e-14)
    assert np.abs(shares.sum(axis=0) - (values[-1] - values[0])).max() < 1e-12


def test_equal_players_share_equally(rng):
    weights = np.array([3.0, 5.0, 3.0, 1.0])
    shares = shapley(all_values(lambda on: np.sqrt(weights @ on), 4))
    assert shares[0] == pytest.approx(shares[2], abs=1e-14)
    assert shares[1] > shares[0] > shares[3] > 0


def test_additive_game_has_no_interaction(rng):
    weights = rng.standard_normal(5)
    values = all_values(lambda on: weights @ on, 5)
    assert np.allclose(shapley(values), weights, atol=1e-13)
    assert abs(interaction(values)) < 1e-13


@pytest.mark.parametrize("shape", [(0,), (1,), (3,), (), (6, 2)])
def test_wrong_number_of_coalitions_is_refused(shape):
    with pytest.raises(ValueError, match="2\\^n"):
        shapley(np.zeros(shape))


# --- orders ------------------------------------------------------------------------------------------------------------


def test_orders_are_efficient_unbiased_and_keep_dummies_at_zero(rng):
    weights = rng.uniform(2, 30, 23)
    weights[4] = 0.0
    value = lambda on: 300 * np.tanh(weights @ on / 300)  # noqa: E731
    shares = permutation_shapley(value, 23, pairs=100, seed=9)
    reference = permutation_shapley(value, 23, pairs=3000, seed=1).values
    moving = np.arange(23) != 4
    assert shares.values.sum() == pytest.approx(300 * np.tanh(weights.sum() / 300), abs=1e-12)
    assert shares.values[4] == 0.0 == shares.standard_error[4]
    assert np.max(np.abs(shares.values[moving] / reference[moving] - 1.0)) < 0.01
    assert shares.evaluations == 2 + 2 * 100 * 22


def test_error_of_orders_is_the_error_found(game):
    exact = shapley(all_values(game, 6))
    runs = [permutation_shapley(game, 6, pairs=20, seed=seed) for seed in range(60)]
    found = np.sqrt(np.mean([(run.values - exact) ** 2 for run in runs], axis=0))
    said = np.sqrt(np.mean([run.standard_error**2 for run in runs], axis=0))
    assert np.all(found / said < 1.4)
    assert np.all(found / said > 0.7)


def test_orders_are_keyed(game):
    first, again, other = (permutation_shapley(game, 6, pairs=5, seed=seed).values for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_one_pair_has_no_error_and_none_is_refused(game):
    assert np.isnan(permutation_shapley(game, 6, pairs=1).standard_error).all()
    with pytest.raises(ValueError, match="one pair"):
        permutation_shapley(game, 6, pairs=0)


# --- groups ------------------------------------------------------------------------------------------------------------

GROUPS = [[0, 3], [1], [2, 4, 5]]


def group_orders(groups):
    for outer in itertools.permutations(groups):
        for inner in itertools.product(*(itertools.permutations(group) for group in outer)):
            yield [player for group in inner for player in group]


def test_owen_equals_the_definition(game):
    assert np.allclose(owen(game, GROUPS).values, by_orders(game, 6, group_orders(GROUPS)), atol=1e-12)


def test_members_sum_to_their_groups_share(game):
    def as_groups(on):
        members = np.zeros(6, bool)
        for group, inside in zip(GROUPS, on, strict=True):
            members[group] = inside
        return game(members)

    shares, groups = owen(game, GROUPS).values, shapley(all_values(as_groups, 3))
    assert np.allclose([shares[group].sum() for group in GROUPS], groups, atol=1e-12)


@pytest.mark.parametrize("groups", [[[i] for i in range(6)], [list(range(6))]])
def test_trivial_groups_give_shapley(game, groups):
    assert np.allclose(owen(game, groups).values, shapley(all_values(game, 6)), atol=1e-12)


def test_evaluations_are_counted(game):
    calls = []
    shares = owen(lambda on: calls.append(1) or game(on), GROUPS)
    assert len(calls) == shares.evaluations == 8 + 4 * (2 + 0 + 6)
    assert not shares.standard_error.any()


def test_owen_beyond_the_limit_draws_orders(game):
    exact = owen(game, GROUPS).values
    drawn = owen(game, GROUPS, limit=10, pairs=400)
    assert np.all(np.abs(drawn.values - exact) < 5 * drawn.standard_error + 1e-12)
    assert drawn.standard_error.any()
    assert drawn.values.sum() == pytest.approx(exact.sum(), abs=1e-12)


def test_owen_keeps_samples_and_dummies(rng):
    weights = rng.uniform(1, 3, (7, 40))
    weights[5] = 0.0
    shares = owen(lambda on: np.tanh(on @ weights), [[0, 1, 2], [3, 4], [5, 6]]).values
    assert shares.shape == (7, 40)
    assert not shares[5].any()
    assert np.abs(shares.sum(axis=0) - np.tanh(weights.sum(axis=0))).max() < 1e-12


@pytest.mark.parametrize("groups", [[], [[0], []], [[0, 1], [1]], [[0], [2]]])
def test_groups_hold_every_player_once(game, groups):
    with pytest.raises(ValueError, match="exactly once"):
        owen(game, groups)


def test_exact_owen_of_23_measures_is_affordable():
    groups = [list(range(3 * k, min(3 * k + 3, 23))) for k in range(8)]
    weights = np.linspace(1, 3, 23)
    shares = owen(lambda on: math.tanh(weights @ on / 50), groups)
    assert shares.evaluations < 6000
    assert shares.values.sum() == pytest.approx(math.tanh(weights.sum() / 50), abs=1e-12)
