"""BoostingForecaster: trends go on, fits repeat, drivers act, paths and intervals agree; oracle for its features."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray

import bayu_forecast as bf
from bayu_forecast._numeric.boosting_table import GrowthTable
from bayu_forecast.errors import SchemaError

Array = NDArray[np.float64]


def growing(n_series: int = 24, n_time: int = 84, seed: int = 0) -> dict[str, Array]:
    """Months that grow by 5 % a year, with a season."""
    rng, t = np.random.default_rng(seed), np.arange(n_time)
    trend = 0.05 * t / 12 + 0.1 * np.sin(2 * np.pi * t / 12)
    return {f"s{i:02d}": 100 * np.exp(trend + rng.normal(0, 0.01, n_time)) for i in range(n_series)}


def quick(**more: object) -> bf.BoostingForecaster:
    return bf.BoostingForecaster(rounds=30, max_examples=8000, **more)


@pytest.mark.parametrize("mode", ["residual", "growth"])
def test_raw_trees_turn_flat_and_ours_go_on(mode: str) -> None:
    rows, horizon = growing(n_time=108), 24
    past = {name: row[:-horizon] for name, row in rows.items()}
    future = np.stack([row[-horizon:] for row in rows.values()])
    model = bf.BoostingForecaster(mode=mode, rounds=100, max_examples=20_000).fit(bf.as_panel(past, season=12))
    mine = model.predict(horizon)["median"].values
    logs = np.log(np.stack(list(past.values())))
    windows = np.lib.stride_tricks.sliding_window_view(logs, 13, axis=1).reshape(-1, 13)
    raw = lgb.train({"verbosity": -1, "num_threads": 1, "deterministic": True, "seed": 1},
                    lgb.Dataset(windows[:, :12], windows[:, 12]), 100)
    lags = logs[:, -12:]
    for _ in range(horizon):
        lags = np.column_stack([lags, raw.predict(lags[:, -12:])])
    flat = np.exp(lags[:, 12:])
    growth = np.log(mine[:, 12:].sum() / mine[:, :12].sum())
    assert abs(growth - 0.05) < 0.015
    assert np.log(flat[:, 12:].sum() / flat[:, :12].sum()) < 0.03
    assert np.abs(mine - future).mean() < 0.6 * np.abs(flat - future).mean()


def test_fits_repeat_and_do_not_depend_on_order() -> None:
    rows = growing(20, 60)
    one, other = (quick().fit(bf.as_panel(each, season=12)).simulate(30, samples=40, rng=3)["value"]
                  for each in (rows, dict(reversed(rows.items()))))
    np.testing.assert_array_equal(one.sel(series="s03"), other.sel(series="s03"))
    np.testing.assert_array_equal(one, other.sel(series=one["series"]))


def test_prefixes_and_agreement_of_paths_and_summaries() -> None:
    model = quick().fit(bf.as_panel(growing(20, 60), season=12))
    paths = model.simulate(30, samples=2000, rng=1)["value"]
    np.testing.assert_array_equal(model.simulate(10, samples=50, rng=1)["value"], paths[:50, :, :10])
    told = model.predict(24, coverage=0.8)
    inside = ((paths[..., :24] >= told["lower"]) & (paths[..., :24] <= told["upper"])).mean()
    assert abs(float(inside) - 0.8) < 0.04
    np.testing.assert_allclose(paths[..., :24].median("sample"), told["median"], rtol=0.02)


def drivers(rows: dict[str, Array], horizon: int, effect: float, seed: int = 1) -> tuple[dict[str, Array], xr.DataArray]:
    rng = np.random.default_rng(seed)
    n_time = len(next(iter(rows.values())))
    x = rng.normal(size=(len(rows), n_time + horizon, 1))
    told = {name: row * np.exp(effect * x[i, :n_time, 0]) for i, (name, row) in enumerate(rows.items())}
    coords = {"series": list(rows), "time": np.arange(n_time + horizon), "feature": ["promotion"]}
    return told, xr.DataArray(x, dims=("series", "time", "feature"), coords=coords)


def test_structural_effects_pass_through_scenarios() -> None:
    """Each path has an effect of its own, the same in every scenario: as sure as the panel makes it."""
    rows, x = drivers(growing(20, 60), 6, 0.3)
    model = quick().fit(bf.as_panel(rows, season=12), X=x)
    as_is = model.simulate(6, samples=20, rng=1, X=x)["value"]
    more = model.simulate(6, samples=20, rng=1, X=x + xr.zeros_like(x) + 1.0)["value"]
    ratio = np.log(more / as_is)
    assert 0.0 < float(ratio.std("sample").max()) < 0.05
    assert abs(float(ratio.mean()) - 0.3) < 0.03
    np.testing.assert_array_equal(model.simulate(6, samples=20, rng=1, X=x)["value"], as_is)


def test_monotone_drivers_in_the_trees() -> None:
    rows, x = drivers(growing(20, 60), 6, 0.3)
    model = quick(driver_mode="features", monotone={"promotion": 1}).fit(bf.as_panel(rows, season=12), X=x)
    low, high = (model.predict(6, X=x + step)["median"].values for step in (0.0, 1.0))
    assert (high >= low - 1e-9).all()
    assert (high > low).any()
    assert model.predict(6, X=x + 50)["median"].equals(model.predict(6, X=x + 90)["median"])  # frozen at what history held


def test_growth_features_by_hand() -> None:
    y = np.arange(1.0, 41.0)[None] ** 1.5
    table = GrowthTable(y, 4, 8)
    at = np.array([0])
    logs = np.log(y[0] / y.mean())
    assert table.base(at, np.array([19]), np.array([5])) == pytest.approx(logs[17])
    assert table.base(at, np.array([19]), np.array([0])) == pytest.approx(logs[16])
    row = table.rows(at, np.array([19]), np.array([0]))[0]
    level, scale = logs[16:20].mean(), np.abs(logs[12:20] - logs[8:16]).mean()
    np.testing.assert_allclose(row[:12], (logs[8:20] - level) / scale)


@pytest.mark.parametrize("season", [1, 4, 12, 52])
def test_small_and_awkward_panels(season: int) -> None:
    rows = {"short": [1.0, 2.0, 3.0], "constant": [4.0] * 40, "zero": [0.0] * 40, "gaps": [1.0, np.nan, 3.0, 2.0] * 10,
            "negative": list(np.sin(np.arange(40.0)))}
    for mode in ("residual", "growth"):
        model = quick(mode=mode).fit(bf.as_panel(rows, season=season))
        assert np.isfinite(model.simulate(40, samples=5, rng=1)["value"]).all()
        told = model.predict(5)
        assert (told["lower"] <= told["upper"]).all()


def test_static_features_and_bad_parameters() -> None:
    rows = growing(20, 40)
    y = bf.as_panel(rows, season=12)
    quick(static={name: [float(i)] for i, name in enumerate(rows)}).fit(y)
    with pytest.raises(SchemaError, match="static"):
        quick(static={"s00": [1.0]}).fit(y)
    with pytest.raises(SchemaError, match="monotone"):
        quick(monotone={"price": -1}).fit(y)
    with pytest.raises(SchemaError, match="mode"):
        quick(mode="flat").fit(y)


def test_dates_and_shared_drivers() -> None:
    time = pd.period_range("2018-01", periods=72, freq="M").to_timestamp()
    frame = pd.DataFrame({name: row[:66] for name, row in growing(4, 72).items()}, index=time[:66])
    x = pd.DataFrame({"rate": np.sin(np.arange(72.0))}, index=time)
    told = quick().fit(frame, X=x).predict("2023-12", X=x)
    assert np.isfinite(told["median"]).all()
