"""The base of all forecasters: labels, horizons, drivers and broken series are handled once."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import bayu_forecast as bf
from bayu_forecast._numeric.streams import normals
from bayu_forecast._numeric.summaries import summarise
from bayu_forecast.errors import DataError, FailedSeriesWarning, NotFittedError, SchemaError, UnknownNameError
from bayu_forecast.models.base import ForecasterTags

Array = NDArray[np.float64]


class Walk(bf.Forecaster):
    """A random walk with drivers, the smallest forecaster there is."""

    tags = ForecasterTags(drivers=True, min_length=2)

    def __init__(self, *, effect: float = 1.0) -> None:
        self.effect = effect

    def _fit(self, panel: bf.Panel) -> None:
        self.panel_ = panel
        for name, row in zip(panel.series, panel.values, strict=True):
            if row[-1] == 13.0:
                self._fail(name, "unlucky")

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        shocks = [normals(rng, ("innovation", name), horizon, samples).T for name in self.panel_.series]
        paths = self.panel_.values[:, -1:] + np.cumsum(shocks, axis=2).transpose(1, 0, 2)
        return paths if features is None else paths + self.effect * features.sum(axis=2)


Y = {"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0], "c": [7.0, 8.0]}


def test_paths_and_summaries_carry_labels() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6]}, index=pd.date_range("2020-10", periods=3, freq="MS"))
    model = Walk().fit(frame)
    paths = model.simulate("2021-03", samples=300, rng=7)
    assert paths["value"].dims == ("sample", "series", "time")
    assert dict(paths.sizes) == {"sample": 300, "series": 2, "time": 3}
    assert [f"{t:%Y-%m}" for t in paths.indexes["time"]] == ["2021-01", "2021-02", "2021-03"]
    told = model.predict(3, coverage=[0.8, 0.95])
    assert told["lower"].dims == told["upper"].dims == ("coverage", "series", "time")
    assert told["mean"].dims == told["median"].dims == ("series", "time")
    assert (told["lower"].sel(coverage=0.95) < told["lower"].sel(coverage=0.8)).all()
    assert (told["upper"].sel(coverage=0.95) > told["upper"].sel(coverage=0.8)).all()
    assert model.predict(3, coverage=0.5).sizes["coverage"] == 1


def test_broken_series_are_named_and_the_others_finish() -> None:
    broken = Y | {"wild": [1.0, np.inf, 2.0], "empty": [], "nothing": [np.nan] * 3, "short": [1.0], "unlucky": [1.0, 13.0]}
    with pytest.warns(FailedSeriesWarning, match="5 of 8 series"):
        model = Walk().fit(bf.as_panel(broken, season=1))
    assert set(model.failed_["series"]) == {"wild", "empty", "nothing", "short", "unlucky"}
    assert model.failed_.set_index("series")["reason"]["wild"] == "1 infinite values"
    with pytest.warns(FailedSeriesWarning, match="coded"):
        coded = Walk().fit(bf.as_panel(Y | {"coded": [1.0, 1.7e308, 2.0]}, season=1)).failed_
    assert "codes for missing" in coded["reason"].iloc[0]
    value = model.simulate(4, samples=5)["value"]
    assert value.isel(sample=0, time=0).isnull().values.tolist() == [False] * 3 + [True] * 5
    whole = Walk().fit(bf.as_panel(Y, season=1)).simulate(4, samples=5)["value"]
    xr.testing.assert_equal(value.sel(series=["a", "b", "c"]), whole)
    told = model.predict(2)
    assert bool(told["lower"].sel(series="unlucky").isnull().all())
    assert bool(told["upper"].sel(series="c").notnull().all())


def test_nothing_usable_is_an_error() -> None:
    with pytest.raises(DataError, match="no observed value"):
        Walk().fit(bf.as_panel({"x": [np.nan, np.nan]}, season=1))
    with pytest.raises(DataError, match="unlucky"):
        Walk().fit(bf.as_panel({"x": [1.0, 13.0]}, season=1))


def test_drivers_reach_the_model_by_name() -> None:
    X = pd.DataFrame({"p": np.arange(5.0), "q": np.ones(5)})
    model = Walk().fit(bf.as_panel(Y, season=1), X)
    assert model.feature_names_ == ("p", "q")
    assert model.panel_.features.shape == (3, 3, 2)
    base = model.simulate(2, samples=3, X=X)["value"]
    xr.testing.assert_identical(model.simulate(2, samples=3, X=X[["q", "p"]])["value"], base)
    moved = model.simulate(2, samples=3, X=X.assign(p=X["p"] + 10))["value"]
    np.testing.assert_allclose(moved - base, 10.0)
    with pytest.raises(UnknownNameError, match="'q'"):
        model.simulate(2, X=X[["p"]])
    with pytest.raises(UnknownNameError, match="'r'"):
        model.predict(2, X=X.assign(r=1.0))
    with pytest.raises(SchemaError, match="X is missing"):
        model.simulate(2)
    with pytest.raises(SchemaError, match="without drivers"):
        Walk().fit(bf.as_panel(Y, season=1)).simulate(2, X=X)


def test_a_forecaster_without_drivers_refuses_them() -> None:
    class Bare(Walk):
        tags = ForecasterTags()

    with pytest.raises(SchemaError, match="takes no drivers"):
        Bare().fit(bf.as_panel(Y, season=1), pd.DataFrame({"p": np.arange(5.0)}))


def test_questions_that_cannot_be_answered() -> None:
    with pytest.raises(NotFittedError):
        Walk().simulate(3)
    model = Walk().fit(bf.as_panel(Y, season=1))
    for wrong in ({"samples": 0}, {"samples": 2.5}, {"rng": "seven"}, {"samples": True}):
        with pytest.raises(SchemaError, match="whole number"):
            model.simulate(3, **wrong)
    for coverage in (0, 1, 95, [], [0.5, 2.0]):
        with pytest.raises(SchemaError, match="coverage"):
            model.predict(3, coverage=coverage)


def test_no_warning_when_all_is_well() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = Walk().fit(bf.as_panel(Y, season=1))
    assert model.failed_.empty


# --- summaries --------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 400), st.integers(1, 4), st.integers(1, 5), st.integers(0, 99))
def test_summaries_are_numpys(n: int, rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((n, rows, columns)).round(rng.integers(1, 9))
    levels = [0.0, 0.025, 0.5, *rng.random(3), 1.0]
    for given_ in (samples, np.asfortranarray(samples), np.moveaxis(np.ascontiguousarray(np.moveaxis(samples, 0, -1)), -1, 0)):
        mean, quantiles = summarise(given_, levels)
        np.testing.assert_allclose(mean, samples.mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(quantiles, np.quantile(samples, levels, axis=0), atol=1e-12)


def test_summaries_leave_the_samples_alone_and_show_what_is_missing(rng: np.random.Generator) -> None:
    samples = rng.standard_normal((50, 3))
    samples[7, 1] = np.nan
    kept = samples.copy()
    mean, quantiles = summarise(samples, [0.1, 0.9])
    np.testing.assert_array_equal(samples, kept)
    assert np.isnan(mean).tolist() == np.isnan(quantiles[0]).tolist() == [False, True, False]
    with pytest.raises(ValueError, match="no samples"):
        summarise(np.empty((0, 3)), [0.5])
