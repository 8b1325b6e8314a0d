"""What real panels hold: series that ended, shocks of two months, sporadic sales, zeros, columns of mixed kinds, periods by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray

import bayu_forecast as bf
from bayu_forecast.errors import BayuError, ExtrapolationWarning, HierarchyError, HorizonError, SchemaError
from bayu_forecast.models.base import Panel
from bayu_forecast.models.wild_values import tamed

Array = NDArray[np.float64]
MONTHS = pd.date_range("2012-01", periods=108, freq="MS")


def seasonal(n_series: int, n_time: int = 108, noise: float = 0.03, seed: int = 1) -> Array:
    t, rng = np.arange(n_time), np.random.default_rng(seed)
    return np.asarray(100.0 * np.exp(0.2 * np.sin(2 * np.pi * t / 12) + noise * rng.standard_normal((n_series, n_time))))


@pytest.mark.parametrize(
    "model", [bf.ETS(form="AAA"), bf.ETS(form="MAM"), bf.Theta(), bf.SeasonalNaive(), bf.StructuralForecaster()], ids=str
)
def test_a_series_that_ended_at_its_peak_goes_on_in_season(model: bf.Forecaster) -> None:
    whole = seasonal(1, 120, noise=0.005)
    ended = whole[:, :108].copy()
    ended[:, 100:] = np.nan
    y = bf.as_panel(np.vstack([whole[:, :108], ended]), season=12)
    told = model.fit(y).predict(12, coverage=0.8)
    np.testing.assert_allclose(told["median"].values[1], whole[0, 108:], rtol=0.06)
    paths = model.simulate(12, samples=400, rng=3)["value"].values[:, 1]
    np.testing.assert_allclose(np.median(paths, axis=0), told["median"].values[1], rtol=0.02)
    np.testing.assert_allclose(model.simulate(5, samples=50, rng=3)["value"].values[:, 1], paths[:50, :5], rtol=1e-12)


@pytest.mark.parametrize("model", [bf.AutoForecaster(), bf.StructuralForecaster()], ids=str)
def test_two_lost_months_do_not_become_the_season(model: bf.Forecaster) -> None:
    whole = seasonal(4, 120)
    shocked = whole[:, :108].copy()
    shocked[:, 96:98] *= 0.2
    told = model.fit(bf.as_panel(shocked, season=12)).predict(12)["median"].values
    assert ((told / whole[:, 108:]).mean(axis=0)[:2] > 0.88).all()


def test_what_two_latest_values_agree_on_is_believed() -> None:
    y = seasonal(3)
    y[0, -2:] *= 0.2
    y[1, -1] *= 0.2
    found = tamed(Panel(y, 12, ("a", "b", "c"), pd.RangeIndex(108), None, ())).values
    np.testing.assert_array_equal(found[[0, 2]], y[[0, 2]])
    assert found[1, -1] > 2.5 * y[1, -1]


def sporadic(season: int) -> Array:
    rng = np.random.default_rng(1)
    return np.where(rng.random((8, 3 * max(season, 36))) < 0.8, 0, rng.poisson(5, (8, 3 * max(season, 36))) + 1).astype(float)


@pytest.mark.parametrize("season", [12, 52])
def test_sporadic_sales_keep_their_mean_and_size(season: int) -> None:
    y = sporadic(season)
    for model in (bf.AutoForecaster(), bf.StructuralForecaster(), bf.BoostingForecaster(rounds=30)):
        fitted = model.fit(bf.as_panel(y, season=season))
        mean = float(fitted.predict(12)["mean"].mean())
        paths = fitted.simulate(12, samples=1000, rng=1)["value"].values
        assert 0.6 < mean / y.mean() < 2.0, model
        assert 0.6 < paths.mean() / y.mean() < 2.0, model
        assert paths.max() < 20 * y.max(), model


@pytest.mark.parametrize("unit", [1.0, 1e-12])
def test_what_was_never_anything_stays_nothing(unit: float) -> None:
    y = bf.as_panel(np.vstack([seasonal(1)[0], np.zeros(108)]) * unit, season=12)
    for model in (bf.AutoForecaster(), bf.StructuralForecaster(), bf.BoostingForecaster(rounds=20), bf.ETS(form="AAA")):
        told = model.fit(y).predict(6)
        assert all(bool((told[name].isel(series=1) == 0).all()) for name in ("mean", "median", "lower", "upper")), model
        assert not model.simulate(6, samples=20)["value"].isel(series=1).any(), model
        assert bool((told["median"].isel(series=0) > 0).all())


def test_a_driver_that_never_moved_is_said_and_its_unit_is_nothing() -> None:
    y, width = bf.as_panel(pd.DataFrame(seasonal(1).T, index=MONTHS)), []
    index = pd.date_range("2012-01", periods=120, freq="MS")
    for unit in (1.0, 100.0):
        still, moved = (pd.DataFrame({"price": np.where(index < "2021", 1.0, ahead) * unit}, index=index) for ahead in (1.0, 1.2))
        for model in (bf.StructuralForecaster(), bf.AutoForecaster()):
            fitted = model.fit(y, still)
            with pytest.warns(ExtrapolationWarning, match="'price' never moved in history"):
                told = fitted.predict(12, X=moved, coverage=0.8)
            width.append(float(((told["upper"] - told["lower"]) / told["median"]).mean()))
    np.testing.assert_allclose(width[:2], width[2:], rtol=1e-3)
    assert max(width) < 6.0


def test_columns_of_mixed_kinds_are_numbers_and_words_are_named() -> None:
    y = pd.DataFrame({"a": seasonal(1)[0]}, index=MONTHS)
    index = pd.date_range("2012-01", periods=120, freq="MS")
    shops = pd.array([3] * 60 + [4] * 60, dtype="Int64")
    x = pd.DataFrame({"holiday": index.month == 2, "price": np.linspace(1, 2, 120), "shops": shops}, index=index)
    model = bf.StructuralForecaster().fit(y, x)
    same = model.predict(6, X=x.astype(float))
    xr.testing.assert_identical(model.predict(6, X=x), same)
    with pytest.raises(SchemaError, match="'weather'"):
        bf.StructuralForecaster().fit(y, x.assign(weather="rain"))


def test_a_year_or_a_quarter_as_horizon_goes_to_its_end() -> None:
    model = bf.SeasonalNaive().fit(pd.DataFrame({"a": seasonal(1)[0]}, index=MONTHS))
    assert [model.predict(h).sizes["time"] for h in ("2021", "2021Q2", "2021-03", pd.Period("2021", "Y"))] == [12, 6, 3, 12]
    days = bf.Drift().fit(pd.DataFrame({"a": np.arange(40.0)}, index=pd.date_range("2021-03-01", periods=40)))
    assert days.predict("2021-04").sizes["time"] == 21
    with pytest.raises(HorizonError):
        model.predict("2020")


def test_periods_are_paired_by_date() -> None:
    def paths(start: str, n: int, freq: str) -> xr.DataArray:
        return xr.DataArray(np.ones((2, n)), dims=("sample", "time"), coords={"time": pd.date_range(start, periods=n, freq=freq)})

    ends = bf.reconcile_periods({12: paths("2024-01-31", 12, "ME"), 4: paths("2024-03-31", 4, "QE")})
    assert ends[4].sizes["time"] == 4
    for first in ("2024-02", "2031-01"):
        with pytest.raises(HierarchyError, match="2024-01"):
            bf.reconcile_periods({12: paths(first, 12, "MS"), 4: paths("2024-01", 4, "QS")})


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda y: bf.SeasonalNaive().fit(y).predict(3, coverage="80%"), "fractions"),
        (lambda y: bf.CombinedForecaster([bf.Theta(), bf.ETS()]).fit(y), "pairs of a name"),
        (lambda y: bf.CombinedForecaster([("a", bf.Theta)]).fit(y), "pairs of a name"),
        (lambda y: bf.SARIMAX(order=(1, 1)).fit(y), "three whole numbers"),
        (lambda y: bf.SARIMAX(seasonal_order=(1, 0, 0, 12)).fit(y), "three whole numbers"),
        (lambda y: bf.BoostingForecaster(rounds=0).fit(y), "at least one"),
    ],
)
def test_ordinary_mistakes_are_one_clear_error(call: Callable[[object], object], told: str) -> None:
    y = bf.as_panel(seasonal(1), season=12)
    with pytest.raises(BayuError, match=told):
        call(y)
