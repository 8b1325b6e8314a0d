"""Sobol indices against Ishigami's function, groups, and one input at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayu_forecast._numeric.sensitivity import sobol_indices, tornado


def ishigami(u):
    x = np.pi * (2.0 * u - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigami():
    indices = sobol_indices(ishigami, [[0], [1], [2]], log2_points=11)
    assert np.allclose(indices.first, [0.3139, 0.4424, 0.0], atol=0.005)
    assert np.allclose(indices.total, [0.5576, 0.4424, 0.2437], atol=0.005)
    assert np.all(indices.first_error < 0.003)
    assert np.all(indices.total_error < 0.003)


def test_a_group_takes_its_interactions_in():
    indices = sobol_indices(ishigami, [[0, 2], [1]], log2_points=11)
    assert np.allclose(indices.first, [0.5576, 0.4424], atol=0.005)
    assert np.allclose(indices.total, [0.5576, 0.4424], atol=0.005)


def test_normal_inputs_far_from_zero_mean():
    weights = np.array([1.0, 2.0, 3.0, 0.0])
    indices = sobol_indices(lambda u: 1e4 + stats.norm.ppf(u) @ weights, [[0], [1], [2], [3]])
    assert np.allclose(indices.first, weights**2 / 14.0, atol=0.01)
    assert indices.total[3] == 0.0
    assert indices.first[3] == 0.0


def test_scrambles_are_keyed_and_counted():
    rows = []
    groups = [[0], [1], [2]]
    first = sobol_indices(lambda u: rows.append(len(u)) or ishigami(u), groups, log2_points=5, scrambles=2, seed=3)
    assert sum(rows) == 2 * 2**5 * (3 + 2)
    assert np.array_equal(first.first, sobol_indices(ishigami, groups, log2_points=5, scrambles=2, seed=3).first)
    assert not np.array_equal(first.first, sobol_indices(ishigami, groups, log2_points=5, scrambles=2, seed=4).first)


@pytest.mark.parametrize(("groups", "scrambles"), [([[0], [2]], 8), ([], 8), ([[0], [0, 1]], 8), ([[0], [1], [2]], 1)])
def test_wrong_groups_are_refused(groups, scrambles):
    with pytest.raises(ValueError, match="exactly once"):
        sobol_indices(ishigami, groups, scrambles=scrambles)


def test_answer_that_does_not_vary_is_refused():
    with pytest.raises(ValueError, match="does not vary"):
        sobol_indices(lambda u: np.ones(len(u)), [[0], [1]])


def test_tornado_of_a_known_function(rng):
    inputs = rng.normal([1.0, 0.0, 5.0], [1.0, 3.0, 0.0], size=(200_000, 3))
    swings = tornado(lambda x: 2.0 * x[:, 0] - x[:, 1] + x[:, 2], inputs)
    z = stats.norm.ppf(0.9)
    assert swings.base == pytest.approx(7.0, abs=0.03)
    assert np.allclose(swings.low - swings.base, [-2.0 * z, 3.0 * z, 0.0], atol=0.05)
    assert np.allclose(swings.high - swings.base, [2.0 * z, -3.0 * z, 0.0], atol=0.05)
    assert swings.order.tolist() == [1, 0, 2]


@pytest.mark.parametrize("levels", [(0.9, 0.1), (-0.1, 0.5), (0.5, 0.5)])
def test_levels_must_rise(levels):
    with pytest.raises(ValueError, match="levels rise"):
        tornado(lambda x: x[:, 0], np.zeros((3, 1)), levels)
