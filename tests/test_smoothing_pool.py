"""Pooled exponential smoothing: recursions against statsmodels, forms against each other, invariances of the panel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.holtwinters import ExponentialSmoothing

import bayu_forecast as bf
from bayu_forecast._numeric.smoothing import Gains, State, _pass, growth_of_error, moving_pattern, project, smooth
from bayu_forecast._numeric.smoothing_pool import design, grid
from bayu_forecast.models.smoothing_prior import MONTHLY, QUARTERLY, YEARLY

Array = NDArray[np.float64]


def gains(level: float, slope: float = 0.0, damping: float = 1.0, season: float = 0.0, pattern: float = 1.0, drift: float = 0.0) -> Gains:
    return Gains(*(np.array([each]) for each in (level, slope, damping, season, pattern, drift)))


def monthly(seed: int = 0, n: int = 84) -> Array:
    rng, t = np.random.default_rng(seed), np.arange(n)
    return np.asarray(100 + 0.4 * t + 12 * np.sin(2 * np.pi * t / 12) + rng.normal(0, 3, n))


def test_additive_recursion_is_that_of_statsmodels() -> None:
    y = monthly() / 50
    start = State(np.array([[1.9]]), np.array([[0.01]]), [np.array([[each]]) for each in np.sin(2 * np.pi * np.arange(12) / 12) * 0.2])
    a, b, g, damping = 0.3, 0.2, 0.25, 0.9
    mine = gains(a, b, damping, g)
    *_, (end, _, _) = _pass(y[None], mine, State(start.level, start.slope, list(start.pattern)), False)
    theirs = ExponentialSmoothing(y, trend="add", damped_trend=True, seasonal="add", seasonal_periods=12, initialization_method="known",
                                  initial_level=1.9, initial_trend=0.01, initial_seasonal=[float(each[0, 0]) for each in start.pattern])
    result = theirs.fit(smoothing_level=a, smoothing_trend=b, smoothing_seasonal=g * (1 - a), damping_trend=damping, optimized=False)
    # its twelfth step repeats a season that the last value has already renewed
    np.testing.assert_allclose(project(end, 12, mine, len(y), 11)[0, 0], result.forecast(11), rtol=1e-8)
    np.testing.assert_allclose([end.level[0, 0], end.slope[0, 0]], [result.level[-1], result.trend[-1]], rtol=1e-8)


def test_relative_form_is_the_additive_one_on_logs_for_small_errors() -> None:
    rng = np.random.default_rng(1)
    y = np.exp(0.001 * rng.normal(size=(1, 60)).cumsum(axis=1))
    same = gains(0.4)
    relative, logs = smooth(y, 1, same, relative=True).state.level, smooth(np.log(y), 1, same).state.level
    np.testing.assert_allclose(np.log(relative), logs, atol=1e-5)


def test_pattern_and_gaps() -> None:
    t = np.arange(48)
    y = 5 + np.array([1.0, -1.0, 2.0, -2.0])[t % 4] + 0.1 * t
    np.testing.assert_allclose(moving_pattern(y[None], 4)[0], [1, -1, 2, -2], atol=1e-9)
    holed = y.copy()
    holed[[7, 20, 21]] = np.nan
    end = smooth(np.stack([y, holed]), 4, gains(0.3, drift=1.0))
    np.testing.assert_allclose(end.state.level[0], end.state.level[1], atol=0.3)
    assert np.isfinite(end.absolute).all()


def test_missing_before_the_start_changes_nothing() -> None:
    y, both = monthly(2), gains(0.3, 0.1, 0.9, 0.2)
    padded = np.concatenate([np.full(24, np.nan), y])
    long, short = smooth(padded[None] / 100, 12, both), smooth(y[None] / 100, 12, both)
    np.testing.assert_allclose(long.state.level, short.state.level, rtol=1e-12)
    np.testing.assert_allclose(long.absolute, short.absolute, rtol=1e-12)


def test_analytic_variance_is_that_of_simulated_paths() -> None:
    mine = gains(0.4, 0.2, 0.9, 0.3)
    rng, horizon, n = np.random.default_rng(3), 10, 40_000
    level, slope = np.zeros(n), np.zeros(n)
    pattern = [np.zeros(n) for _ in range(4)]
    out = np.empty((horizon, n))
    for step in range(horizon):
        error = rng.normal(size=n)
        ahead = level + 0.9 * slope
        out[step] = ahead + pattern[step % 4] + error
        level, slope = ahead + 0.4 * error, 0.9 * slope + 0.4 * 0.2 * error
        pattern[step % 4] = pattern[step % 4] + 0.3 * 0.6 * error
    np.testing.assert_allclose(out.var(axis=1), growth_of_error(mine, 4, horizon)[0], rtol=0.03)


def test_prior_terms_fit_the_grid() -> None:
    for season, prior in ((1, YEARLY), (4, QUARTERLY), (12, MONTHLY)):
        assert design(season).shape == (4 * len(grid(season)[1]), len(prior.terms()))
        assert (design(season).sum(axis=1) == 5).all()


def test_the_pool_is_near_theta_on_a_drifting_walk() -> None:
    """On its own ground the oracle is the better one; the pool, which knows no model, stays close."""
    rng = np.random.default_rng(5)
    y = 200 + (0.5 + rng.normal(0, 2, (30, 90))).cumsum(axis=1)
    past, future = y[:, :-12], y[:, -12:]
    mine = bf.SmoothingForecaster().fit(bf.as_panel(list(past), season=1)).predict(12)["median"].values
    theirs = np.stack([ThetaModel(row, period=1, deseasonalize=False).fit().forecast(12).to_numpy() for row in past])
    assert np.abs(mine - future).mean() < 1.1 * np.abs(theirs - future).mean()


def test_paths_and_summaries_agree_and_prefixes_hold() -> None:
    model = bf.SmoothingForecaster().fit(bf.as_panel({"a": monthly(0), "b": monthly(1, 40), "c": -monthly(2)}, season=12))
    paths = model.simulate(12, samples=3000, rng=7)["value"]
    told = model.predict(12, coverage=0.8)
    np.testing.assert_allclose(paths.mean("sample"), told["mean"], rtol=0.02)
    inside = ((paths >= told["lower"]) & (paths <= told["upper"])).mean()
    assert abs(float(inside) - 0.8) < 0.04
    few = model.simulate(6, samples=100, rng=7)["value"]
    np.testing.assert_array_equal(few, paths[:100, :, :6])


def test_order_and_company_of_series_change_nothing() -> None:
    rows = {"a": monthly(0), "b": monthly(1), "c": monthly(2, 30)}
    together = bf.SmoothingForecaster().fit(bf.as_panel(rows, season=12)).simulate(6, samples=50, rng=1)["value"]
    alone = bf.SmoothingForecaster().fit(bf.as_panel({"c": rows["c"], "a": rows["a"]}, season=12)).simulate(6, samples=50, rng=1)["value"]
    np.testing.assert_allclose(alone.sel(series=["a", "c"]), together.sel(series=["a", "c"]), rtol=1e-10)


@pytest.mark.parametrize("row", [[3.0] * 30, [0.0] * 30, [1.0, 2.0], [5.0], [0.0, 0, 3, 0, 0, 1, 0, 0, 0, 2] * 4, [1e15, 2e15, 3e15] * 8,
                                 [1e-12, 2e-12, 3e-12] * 8, [-5.0, 3, -1, 4] * 8, [1.0, np.nan, 3.0, np.nan, np.nan, 4.0] * 6])
@pytest.mark.parametrize("season", [1, 4, 12, 52])
def test_awkward_series(row: list[float], season: int) -> None:
    model = bf.SmoothingForecaster().fit(bf.as_panel([row], season=season))
    told = model.predict(8)
    assert np.isfinite(told["mean"]).all()
    assert (told["lower"] <= told["upper"]).all()
    assert np.isfinite(model.simulate(8, samples=20, rng=1)["value"]).all()
    if min(np.nan_to_num(row)) >= 0:
        assert (told["lower"] >= 0).all()


@given(st.floats(1e-6, 1e9))
@settings(max_examples=8, deadline=None)
def test_scale_equivariance(factor: float) -> None:
    y = monthly(4, 40)
    one = bf.SmoothingForecaster(n_kept=16).fit(bf.as_panel([y], season=4)).predict(4)["median"].values
    other = bf.SmoothingForecaster(n_kept=16).fit(bf.as_panel([y * factor], season=4)).predict(4)["median"].values
    np.testing.assert_allclose(other, one * factor, rtol=1e-6)
