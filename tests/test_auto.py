"""Combination and AutoForecaster: the pool's arithmetic, calibration, drivers, awkward panels, invariances."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

import bayu_forecast as bf
from bayu_forecast._numeric.dynamic_theta import fit_theta
from bayu_forecast._numeric.kernel_process import Geometry, covariance, negative_log_posterior, predict
from bayu_forecast._numeric.pooling import allocate, pool_quantiles
from bayu_forecast.errors import SchemaError
from bayu_forecast.models.base import Panel
from bayu_forecast.models.combination import LEVELS
from bayu_forecast.models.kernel_prior import prior_of
from bayu_forecast.models.wild_values import tamed

Array = NDArray[np.float64]


class Normal(bf.Forecaster):
    """Independent normals about a constant."""

    def __init__(self, *, mean: float = 0.0, least: int = 1) -> None:
        self.mean = mean
        self.least = least

    def _fit(self, panel: Panel) -> None:
        self._panel = panel
        for name, row in zip(panel.series, panel.values, strict=True):
            if np.isfinite(row).sum() < self.least:
                self._fail(name, "too short")

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        drawn = np.random.default_rng(rng).normal(size=(8192, len(self._panel.series), 64))
        return self.mean + drawn[:samples, :, :horizon]

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        shape = (len(self._panel.series), horizon)
        quantiles = np.broadcast_to(norm.ppf(levels)[:, None, None] + self.mean, (len(levels), *shape))
        return np.full(shape, self.mean), np.array(quantiles)


def seasonal(n_series: int = 12, n_time: int = 72, season: int = 12, seed: int = 0) -> dict[str, Array]:
    rng, t = np.random.default_rng(seed), np.arange(n_time)
    return {f"s{i:02d}": np.exp(3 + i / 10 + 0.003 * t + 0.2 * np.sin(2 * np.pi * (t + i) / season) + rng.normal(0, 0.05, n_time))
            for i in range(n_series)}


def test_variance_of_the_pool_of_two_normals() -> None:
    """Two normals at -1 and 1: the pool's variance is 2 and it exceeds 2 with probability .0799 (averaged quantiles: 1 and .0228)."""
    model = bf.CombinedForecaster([("low", Normal(mean=-1.0)), ("high", Normal(mean=1.0))]).fit(bf.as_panel([[1.0, 2.0]], season=1))
    drawn = model.simulate(8, samples=8000, rng=1)["value"].values
    assert drawn.var() == pytest.approx(2.0, rel=0.03)
    assert (drawn > 2).mean() == pytest.approx((norm.sf(1) + norm.sf(3)) / 2, abs=0.006)
    told = model.predict(1, coverage=0.9)
    exact = np.linspace(-6, 6, 24001)
    cdf = (norm.cdf(exact + 1) + norm.cdf(exact - 1)) / 2
    np.testing.assert_allclose(told["upper"].values.ravel(), exact[np.searchsorted(cdf, 0.95)], atol=0.03)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=5).filter(lambda each: sum(each) > 0.1))
@settings(max_examples=20, deadline=None)
def test_samples_are_allocated_in_proportion(raw: list[float]) -> None:
    weights = np.array(raw)[:, None] / sum(raw)
    chosen = allocate(weights, 1000)[0]
    np.testing.assert_allclose(np.bincount(chosen, minlength=len(raw)) / 1000, weights[:, 0], atol=0.006)
    np.testing.assert_array_equal(allocate(weights, 100)[0], chosen[:100])


def test_pooled_quantiles_of_one_member_are_its_own() -> None:
    values = norm.ppf(LEVELS)[None, :, None, None] * np.ones((1, 1, 3, 2))
    wanted = np.array([0.05, 0.1, 0.5, 0.9, 0.95])
    pooled = pool_quantiles(values, LEVELS, np.ones((1, 3)), wanted)
    np.testing.assert_allclose(pooled[:, 0, 0], norm.ppf(wanted), atol=0.02)


def test_weights_and_members_that_cannot_answer() -> None:
    y = bf.as_panel({"long": [1.0, 2.0, 3.0], "short": [1.0]}, season=1)
    model = bf.CombinedForecaster([("a", Normal()), ("b", Normal(mean=10.0, least=2))], weights={"a": 1.0, "b": 3.0}).fit(y)
    np.testing.assert_allclose(model.weights_, [[0.25, 1.0], [0.75, 0.0]])
    assert float(model.simulate(1, samples=400)["value"].sel(series="short").max()) < 6
    with pytest.raises(SchemaError, match="weights"):
        bf.CombinedForecaster([("a", Normal())], weights={"b": 1.0}).fit(y)
    with pytest.raises(SchemaError, match="members"):
        bf.CombinedForecaster([("a", Normal()), ("a", Normal())]).fit(y)


def test_auto_paths_agree_with_summaries_and_prefixes_hold() -> None:
    model = bf.AutoForecaster().fit(bf.as_panel(seasonal(), season=12))
    paths = model.simulate(18, samples=2000, rng=7)["value"]
    told = model.predict(18, coverage=[0.8, 0.95])
    for coverage in (0.8, 0.95):
        at = told.sel(coverage=coverage)
        inside = ((paths >= at["lower"]) & (paths <= at["upper"])).mean()
        assert abs(float(inside) - coverage) < 0.04
    np.testing.assert_allclose(paths.median("sample"), told["median"], rtol=0.03)
    np.testing.assert_allclose(model.simulate(6, samples=60, rng=7)["value"], paths[:60, :, :6], rtol=1e-7)


def test_auto_does_not_depend_on_the_order_of_series() -> None:
    rows = seasonal(6)
    one, other = (bf.AutoForecaster().fit(bf.as_panel(each, season=12)).predict(4)["median"]
                  for each in (rows, dict(reversed(rows.items()))))
    np.testing.assert_allclose(other.sel(series=one["series"]), one, rtol=1e-9)


def test_auto_beats_the_seasonal_naive_where_there_is_a_trend() -> None:
    rows = seasonal(16, 96)
    past, future = {name: row[:-12] for name, row in rows.items()}, np.stack([row[-12:] for row in rows.values()])
    mine = bf.AutoForecaster().fit(bf.as_panel(past, season=12)).predict(12)["median"].values
    naive = np.stack([row[-12:] for row in past.values()])
    assert np.abs(mine - future).mean() < 0.85 * np.abs(naive - future).mean()


def test_drivers_halve_the_error_and_noise_costs_nothing() -> None:
    rng, horizon = np.random.default_rng(0), 8
    rows = seasonal(12, 100, season=52)
    x = rng.normal(size=(12, 100, 1))
    told = {name: row * np.exp(0.5 * x[i, :, 0]) for i, (name, row) in enumerate(rows.items())}
    coords = {"series": list(rows), "time": np.arange(100), "feature": ["price"]}
    array = xr.DataArray(x, dims=("series", "time", "feature"), coords=coords)
    noise = array.copy(data=rng.normal(size=x.shape))
    past, future = {name: row[:-horizon] for name, row in told.items()}, np.stack([row[-horizon:] for row in told.values()])
    y = bf.as_panel(past, season=52)
    without = np.abs(bf.AutoForecaster().fit(y).predict(horizon)["median"].values - future).mean()
    model = bf.AutoForecaster().fit(y, X=array)
    with_driver = np.abs(model.predict(horizon, X=array)["median"].values - future).mean()
    with_noise = np.abs(bf.AutoForecaster().fit(y, X=noise).predict(horizon, X=noise)["median"].values - future).mean()
    assert with_driver < 0.5 * without
    assert with_noise < 1.03 * without
    assert all(model.drivers_.values())


@pytest.mark.parametrize("season", [1, 4, 12, 52])
def test_auto_on_awkward_panels(season: int) -> None:
    rows = {"one": [2.0], "short": [1.0, 2.0, 3.0], "constant": [4.0] * 60, "zero": [0.0] * 60, "gaps": [1.0, np.nan, 3.0, 2.0] * 15,
            "negative": list(np.sin(np.arange(60.0))), "huge": list(1e15 * (2 + np.sin(np.arange(60.0)))),
            "tiny": list(1e-12 * (2 + np.sin(np.arange(60.0)))), "rare": [0.0, 0, 0, 5, 0, 0] * 10}
    model = bf.AutoForecaster().fit(bf.as_panel(rows, season=season))
    told = model.predict(8)
    assert not len(model.failed_)
    assert np.isfinite(told["mean"]).all()
    assert (told["lower"] <= told["upper"]).all()
    assert (told["lower"].sel(series=["zero", "rare", "constant"]) >= 0).all()
    assert np.isfinite(model.simulate(8, samples=8, rng=1)["value"]).all()


def test_kernel_gradient_and_conditioning() -> None:
    rng = np.random.default_rng(0)
    time, theta = np.arange(30.0), np.array([-1.0, -1.2, -1.5, -0.3, 2.0, -0.5, -1.0])
    x = rng.normal(size=30)
    prior = prior_of(4)
    at = Geometry.of(time, 4, prior.damping)
    value = partial(negative_log_posterior, x=x, at=at, prior=prior)
    _, gradient = value(theta)
    steps = 1e-5 * np.eye(7)
    numeric = [(value(theta + e)[0] - value(theta - e)[0]) / 2e-5 for e in steps]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-5)
    signal, pattern = covariance(theta, at)
    assert np.linalg.eigvalsh(signal).min() > -1e-8
    assert (pattern > 0).all()
    short, long = predict(theta, x, time, 4, 5, prior), predict(theta, x, time, 4, 9, prior)
    np.testing.assert_allclose(long[0][:5], short[0], rtol=1e-9)
    np.testing.assert_allclose(long[1][:5, :5], short[1], rtol=1e-7, atol=1e-10)


def test_dynamic_theta_of_a_line_is_the_line() -> None:
    fit = fit_theta(np.vstack([2.0 + 3.0 * np.arange(20.0), np.r_[np.full(10, np.nan), np.arange(10.0)]]), 4)
    best = (fit.weight[..., None] * fit.ahead).sum(axis=1)
    np.testing.assert_allclose(best[0], 2.0 + 3.0 * np.arange(20, 24), rtol=0.01)
    np.testing.assert_allclose(best[1], np.arange(10, 14), rtol=0.03)


@pytest.mark.parametrize("kind", [bf.SmoothingForecaster, bf.KernelForecaster, bf.DynamicThetaForecaster, bf.BoostingForecaster,
                                  bf.CombinedForecaster, bf.CalibratedForecaster, bf.AutoForecaster])
def test_the_contract(kind: type[bf.Forecaster]) -> None:
    assert set(bf.testing.check_forecaster(kind)["result"]) <= {"passed", "expected failure"}


@pytest.mark.parametrize(("rate", "used"), [(0.7, slice(None)), (2.5, slice(400, 3600))])
def test_mean_is_that_of_the_middle_of_the_paths_or_all_where_zeros_are_many(rate: float, used: slice) -> None:
    counts = np.random.default_rng(5).poisson(rate, (3, 96)).astype(float)
    model = bf.AutoForecaster().fit(bf.as_panel(list(counts), season=12))
    paths = np.sort(model.simulate(6, samples=4000, rng=1)["value"].values, axis=0)
    told = model.predict(6)["mean"].values
    np.testing.assert_allclose(told, paths[used].mean(axis=0), atol=0.1)
    assert told.mean() == pytest.approx(paths[used].mean(), rel=0.05)
    assert told.mean() == pytest.approx(counts.mean(), rel=0.25), "half of what is sold is not in the median"
    assert (paths == 0).mean() > 0.02, "zeros stay"


def test_gaps_and_few_values_leave_residuals_of_their_own_size() -> None:
    t, rng = np.arange(120), np.random.default_rng(3)
    whole = 100 * np.exp(0.004 * t) * (1 + 0.2 * np.sin(2 * np.pi * t / 12)) * np.exp(0.03 * rng.normal(size=120))
    gappy = np.where(t % 12 == 0, np.nan, whole)  # no January is ever published
    width = {}
    for name, y in (("whole", whole), ("gappy", gappy), ("five", whole[:5])):
        told = bf.BoostingForecaster().fit(bf.as_panel([y], season=12)).predict(12)
        width[name] = float((told["upper"] - told["lower"]).isel(coverage=1).mean() / told["median"].mean())
    assert 0.5 < width["gappy"] / width["whole"] < 2.0
    assert width["five"] > 0.01


@pytest.mark.parametrize("factor", [0.0, 1000.0])
def test_a_wild_last_value_is_not_the_level(factor: float) -> None:
    """A slip of the decimal point in the last value, or a zero: the series goes on about where it was, and the others as they are."""
    rng, t = np.random.default_rng(1), np.arange(72)
    y = 100.0 * (1.0 + 0.2 * np.sin(2 * np.pi * t / 12)) * np.exp(0.03 * rng.normal(size=(14, 72)))
    wild = y.copy()
    wild[0, -1] *= factor
    for model in (bf.AutoForecaster(), bf.BoostingForecaster(rounds=30)):
        before, after = (model.fit(bf.as_panel(each, season=12)).predict(12)["median"].to_numpy() for each in (y, wild))
        away = np.abs(np.log(after / before))
        assert away[0].max() < (0.25 if isinstance(model, bf.AutoForecaster) else 0.4), (model, away[0])
        assert away[1:].max() < 0.1, model


def test_only_wild_values_are_tamed() -> None:
    rng = np.random.default_rng(2)
    y = np.vstack([np.exp(rng.normal(0, 0.1, (3, 60)).cumsum(axis=1)), rng.normal(0, 1, (1, 60)), np.maximum(rng.normal(1, 1, (1, 60)), 0)])
    y[:, :7], y[1, 30] = np.nan, np.nan
    names = tuple("abcde")
    plain = Panel(y, 12, names, pd.RangeIndex(60), None, ())
    np.testing.assert_array_equal(tamed(plain).values, y)
    wild = y.copy()
    wild[0, 40], wild[3, 59] = 1e6, -500.0
    found = tamed(Panel(wild, 12, names, pd.RangeIndex(60), None, ())).values
    assert {(int(s), int(t)) for s, t in np.argwhere(~np.isclose(found, wild, equal_nan=True))} == {(0, 40), (3, 59)}
    assert found[0, 40] < 1e3
    assert found[3, 59] > -100
