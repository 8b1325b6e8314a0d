"""The layer of drivers: least squares and statsmodels as oracles, bends and echoes, what is shut off, what lies outside of history."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from bayu_forecast._numeric.driver_layer import DriverLayer
from bayu_forecast._numeric.latest_first import factor
from bayu_forecast._numeric.pooled_effects import _moments
from bayu_forecast.models.base import Panel
from bayu_forecast.models.driver_effects import driver_layer_of

Array = NDArray[np.float64]


def fitted(y: Array, x: Array, season: int = 1) -> DriverLayer:
    labels = tuple(str(i) for i in range(len(y)))
    return driver_layer_of(Panel(y, season, labels, pd.RangeIndex(y.shape[1]), x, tuple(str(k) for k in range(x.shape[2]))))


def put(layer: DriverLayer, values: Array, x: Array) -> Array:
    """Values (n_series, horizon) with the central effects."""
    middle = np.array([0.5])
    return layer.onto_quantiles(values[None], middle, x, middle)[0]


def test_against_least_squares() -> None:
    """With a level that does not move the structure hardly matters: effects are those of plain regression with a prior."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 120, 2))
    y = np.exp(3 + x @ np.array([0.2, -0.1]) + rng.normal(0, 0.05, (30, 120)))
    layer = fitted(y, x)
    plain = np.stack([np.linalg.lstsq(np.column_stack([np.ones(120), each]), np.log(row), rcond=None)[0][1:]
                      for each, row in zip(x, y, strict=True)])
    np.testing.assert_allclose(layer.effects[:, :2] / layer.columns.size, plain, atol=0.025)


def test_moments_with_gaps_are_those_of_generalised_least_squares() -> None:
    rng, n = np.random.default_rng(1), 40
    variogram = np.arange(n + 1) / 10.0
    variogram[1:] += 0.3
    structure, values, columns = factor(variogram[:n], n, 0), rng.normal(size=(3, n)), rng.normal(size=(3, n, 2))
    seen = np.ones((3, n), dtype=bool)
    seen[1, [0, 7, 8, 20]], seen[2, 30:] = False, False
    found = _moments(structure, np.where(seen, values, 0.0), columns, seen)
    covariance = structure.lower @ structure.lower.T
    for s in range(3):
        at = seen[s]
        oracle = sm.GLS(values[s, at], columns[s, at], sigma=covariance[np.ix_(at, at)]).fit()
        np.testing.assert_allclose(np.linalg.solve(found.inner[s], found.cross[s]), oracle.params, rtol=1e-6)
        np.testing.assert_allclose(np.linalg.inv(found.inner[s]), oracle.normalized_cov_params, rtol=1e-6)
        assert found.count[s] == at.sum()
        assert found.log_det[s] == pytest.approx(np.linalg.slogdet(covariance[np.ix_(at, at)])[1] / 2)


def test_a_driver_that_carries_nothing_is_shrunk_away() -> None:
    rng = np.random.default_rng(0)
    y = np.exp(rng.normal(0, 0.1, (20, 100)).cumsum(axis=1))
    layer = fitted(y, rng.normal(size=(20, 100, 1)))
    assert np.abs(layer.effects).mean() < 0.01
    assert np.abs(fitted(y, np.ones((20, 100, 1))).effects).max() < 1e-9  # and one that never moved does nothing


def test_bend_and_echo_are_found_and_end_with_history() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (20, 120, 1))
    before = np.concatenate([np.zeros((20, 1)), x[:, :-1, 0]], axis=1)
    y = np.exp(4 + 0.8 * x[..., 0] + 0.5 * x[..., 0] ** 2 - 0.3 * before + rng.normal(0, 0.05, (20, 120)))
    layer = fitted(y, x)

    def answer(driver: float) -> Array:
        return np.asarray(np.log(put(layer, np.ones((20, 2)), np.full((20, 2, 1), driver))).mean(axis=0))

    zero, half, one, two, three = (answer(driver) for driver in (0.0, 0.5, 1.0, 2.0, 3.0))
    np.testing.assert_allclose([half[0] - zero[0], one[0] - zero[0]], [0.4 + 0.125, 0.8 + 0.5], atol=0.06)
    np.testing.assert_allclose((one - zero)[1] - (one - zero)[0], -0.3, atol=0.03)
    np.testing.assert_allclose(three - two, two - one, atol=0.02)  # straight beyond what was seen


def test_effects_come_off_and_on_again() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6, 80, 2))
    y = np.concatenate([np.exp(2 + 0.3 * x[:3, :, 0]), 5 * x[3:, :, 0] + rng.normal(size=(3, 80))])  # shares, and series that are negative
    y[:, :3], y[0, 40] = np.nan, np.nan
    layer = fitted(y[:, :72], x[:, :72])
    bare = layer.without(y[:, :72], x[:, :72])
    assert np.nanstd(bare, axis=1).max() < 0.5 * np.nanstd(y, axis=1).max()
    assert (np.isnan(bare) == np.isnan(y[:, :72])).all()
    effect = y[:3, 72:] / put(layer, np.exp(np.full((6, 8), 2.0)), x[:, 72:])[:3]
    np.testing.assert_allclose(effect, 1.0, atol=0.1)


@pytest.mark.parametrize("amount", [0.0, 1e-6, 1e-3, 1e-2])
def test_a_driver_that_has_hardly_moved_does_little_when_it_moves(amount: float) -> None:
    rng = np.random.default_rng(3)
    y = 100 * np.exp(0.05 * rng.normal(size=(4, 96)))
    x = 12345.6 * (1 + amount * rng.normal(size=(4, 96, 1)))
    layer = fitted(y, x, season=12)
    moved = put(layer, np.ones((4, 12)), np.full((4, 12, 1), 0.9 * 12345.6))
    assert np.abs(np.log(moved)).max() < 0.35


@pytest.mark.parametrize("unit", [1e-13, 1.0, 1e12])
def test_the_unit_of_a_driver_is_nothing(unit: float) -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(0, 2, (4, 96, 1)).astype(float)
    y = np.exp(3 + 0.3 * x[..., 0] + 0.02 * rng.normal(size=(4, 96)))
    layer = fitted(y, unit * x, season=12)
    gain = put(layer, np.ones((4, 2)), np.full((4, 2, 1), unit)) / put(layer, np.ones((4, 2)), np.zeros((4, 2, 1)))
    np.testing.assert_allclose(np.log(gain[:, 0]), 0.3, atol=0.03)


@pytest.mark.parametrize(("n_series", "most"), [(60, 1.3), (5, 1.6)])  # of few, the panel's variances are not as sure as is assumed
def test_effects_are_as_sure_as_they_say(n_series: int, most: float) -> None:
    rng, z = np.random.default_rng(5), []
    for _ in range(200 // n_series):
        x, truth = rng.normal(size=(n_series, 60, 1)), rng.normal(0.15, 0.03, n_series)
        layer = fitted(np.exp(truth[:, None] * x[..., 0] + rng.normal(0, 0.3, (n_series, 60))), x)
        z.append((layer.effects[:, 0] - truth * layer.columns.size[0]) / np.sqrt((layer.root[:, 0] ** 2).sum(axis=1)))
    assert 0.75 < np.mean(np.square(z)) < most


def test_paths_are_drawn_from_what_quantiles_say() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(3, 60, 2))
    y = np.exp(3 + 0.2 * x[..., 0] + 0.2 * rng.normal(size=(3, 60)))
    layer, levels, ahead = fitted(y, x), np.linspace(0.05, 0.95, 19), np.array([[[0.0, 0.0], [4.0, -4.0]]] * 3)
    before = np.exp(0.1 * rng.normal(size=(3, 20_000, 2)))
    paths = layer.onto_paths(before, ahead, 7, ["a", "b", "c"])
    told = layer.onto_quantiles(np.quantile(before, levels, axis=1), levels, ahead, levels)
    np.testing.assert_allclose(told[2:-2], np.quantile(paths, levels, axis=1)[2:-2], rtol=0.02)
    width = np.log(told[-3] / told[2])
    assert (width[:, 1] > 1.5 * width[:, 0]).all()  # wider dose, wider interval
