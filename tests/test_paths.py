"""Sample paths: their schema, sums inside a path, reductions over samples."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from synthetic import make_paths

from bayu_forecast._numeric.streams import normals
from bayu_forecast.errors import BasisError, HorizonError, PeriodError, SchemaError, UnitsError, UnknownNameError
from bayu_forecast.paths import (
    annual_growth,
    annual_sum,
    as_sample_paths,
    covers,
    fan,
    growth,
    increment,
    mean,
    probability,
    quantile,
    share,
    show_probability,
    window_sum,
    year_to_date,
)
from bayu_forecast.schema.check import assert_observations, assert_sample_paths


@pytest.fixture
def paths(rng):
    """Three whole years and a half, two series by month and one by year."""
    value = rng.uniform(50, 150, size=(2, 40, 3, 42))
    revision = np.concatenate([np.zeros(24), np.full(18, 0.03)])
    return as_sample_paths(
        value, series=["x", "region:x", "y"], start="2023-01", as_of="2025-01-31", scenarios=["baseline", "other"],
        resolution=["month", "month", "year"], revision=revision,
    )


def test_sums_by_hand(paths):
    value = paths["value"].values[:, :, 0]
    np.testing.assert_allclose(annual_sum(paths, "x", 2024), value[:, :, 12:24].sum(-1))
    np.testing.assert_allclose(year_to_date(paths, "x", "2025-02"), value[:, :, 24:26].sum(-1))
    np.testing.assert_allclose(window_sum(paths, "x", "2024-11", "2025-02"), value[:, :, 22:26].sum(-1))
    assert annual_sum(paths, "region:x", 2024).dims == ("scenario", "sample")
    assert annual_sum(paths, "region:x", 2024).attrs["units"] == "1e8 CNY"


def test_only_sums_are_read_as_printed(paths):
    np.testing.assert_allclose(annual_sum(paths, "x", 2025, printed=True), annual_sum(paths, "x", 2025) * math.exp(0.03))
    np.testing.assert_array_equal(annual_sum(paths, "x", 2024, printed=True), annual_sum(paths, "x", 2024))
    # across the step of the basis: growth and increments stay on the path's own basis
    np.testing.assert_allclose(annual_growth(paths, "x", 2025), annual_sum(paths, "x", 2025) / annual_sum(paths, "x", 2024) - 1)
    np.testing.assert_allclose(increment(paths, "x", 2025), annual_sum(paths, "x", 2025) - annual_sum(paths, "x", 2024))
    flat = make_paths({"x": [[100.0, 100.0]]}, revision=np.repeat([0.0, 0.2], 12))
    assert annual_growth(flat, "x", 2025).item() == 0.0


def test_growth_and_share(paths):
    same_months = window_sum(paths, "x", "2025-01", "2025-02") / window_sum(paths, "x", "2024-01", "2024-02") - 1
    np.testing.assert_allclose(growth(paths, "x", "2025-01", "2025-02"), same_months)
    np.testing.assert_allclose(share(paths, "x", "y", 2024), annual_sum(paths, "x", 2024) / annual_sum(paths, "y", 2024))
    assert growth(paths, "x", "2025-01", "2025-02").attrs["units"] == "1"


def test_missing_months_are_named(paths):
    with pytest.raises(HorizonError, match="2026-07, 2026-08, 2026-09, 2026-10, 2026-11, 2026-12") as caught:
        annual_sum(paths, "x", 2026)
    assert caught.value.fields["rows"] == [f"2026-{month:02d}" for month in range(7, 13)]
    with pytest.raises(HorizonError, match="2022-01"):
        annual_growth(paths, "x", 2023)
    with pytest.raises(HorizonError, match=r"2030-01 \.\.\. 2031-12 \(24 months\)"):
        window_sum(paths, "x", "2030-01", "2031-12")
    with pytest.raises(HorizonError, match="ends before it starts"):
        window_sum(paths, "x", "2025-03", "2025-01")
    assert [covers(paths, 2023, year) for year in (2025, 2026)] == [True, False]
    assert not covers(paths, 2022, 2025)


def test_a_yearly_series_has_no_months(paths):
    with pytest.raises(SchemaError, match="published by year"):
        year_to_date(paths, "y", "2025-06")
    with pytest.raises(SchemaError, match="published by year"):
        growth(paths, "y", "2025-03", "2025-03")
    assert window_sum(paths, "y", "2023-01", "2024-12").sizes == {"scenario": 2, "sample": 40}
    with pytest.raises(SchemaError, match="published by year"):
        fan(paths, series=["x", "y"])
    assert fan(paths)["series"].values.tolist() == ["x", "region:x"]
    assert fan(paths, by="year")["series"].values.tolist() == ["x", "region:x", "y"]


def test_unknown_names(paths):
    with pytest.raises(UnknownNameError, match="no series 'xx'"):
        annual_sum(paths, "xx", 2024)
    with pytest.raises(SchemaError, match="no month"):
        window_sum(paths, "x", "spring", "2024-05")
    with pytest.raises(SchemaError, match="by 'month' or by 'year'"):
        fan(paths, by="week")
    with pytest.raises(SchemaError, match="no series"):
        fan(paths, series=["z"])


@given(st.integers(2, 12), st.floats(0.55, 0.99))
def test_sum_inside_a_path_before_quantiles(k, level):
    # k independent standard normals: quantiles add up to k q, the quantile of the sum is sqrt(k) q
    values = normals(5, ("months", k), k, 8_000)
    paths = as_sample_paths(values.T[None, :, None, :], series=["x"], start="2025-01", as_of="2025-01-31")
    q = stats.norm.ppf(level)
    error = math.sqrt(level * (1 - level) / 8_000) / stats.norm.pdf(q)
    right = quantile(window_sum(paths, "x", "2025-01", f"2025-{k:02d}"), level).item()
    wrong = quantile(paths["value"], level).sum().item()
    assert right == pytest.approx(math.sqrt(k) * q, abs=4.5 * math.sqrt(k) * error)
    assert wrong == pytest.approx(k * q, abs=4.5 * k * error)


def test_four_normals_by_the_book():
    values = normals(1, "book", 4, 100_000)
    paths = as_sample_paths(values.T[None, :, None, :], series=["x"], start="2025-01", as_of="2025-01-31")
    assert float(quantile(paths["value"], 0.9).sum()) == pytest.approx(5.13, abs=0.05)
    assert quantile(window_sum(paths, "x", "2025-01", "2025-04"), 0.9).item() == pytest.approx(2.56, abs=0.05)


def test_fan_by_year_and_month(paths):
    by_year = fan(paths, by="year", printed=True)
    assert by_year["year"].values.tolist() == [2023, 2024, 2025]
    np.testing.assert_allclose(
        by_year["value"].sel(quantile=0.9, scenario="other", series="x", year=2025),
        np.quantile(annual_sum(paths, "x", 2025, printed=True).sel(scenario="other"), 0.9),
    )
    by_month = fan(paths)["value"]
    assert by_month.dims == ("quantile", "scenario", "series", "time")
    np.testing.assert_allclose(by_month.sel(quantile=0.05, series="x"), np.quantile(paths["value"].sel(series="x"), 0.05, axis=1))
    assert (by_month.diff("quantile") >= 0).all()
    with pytest.raises(HorizonError, match="no whole year"):
        fan(paths.isel(time=slice(1, 11)), by="year")


@given(k=st.integers(0, 50), n=st.integers(1, 50))
def test_probability_and_its_error(k, n):
    k = min(k, n)
    event = xr.DataArray(np.arange(n) < k, dims="sample")
    result = probability(event)
    p, error = float(result.probability), float(result.monte_carlo_error)
    assert p == k / n
    assert error > 0
    if 0 < k < n:
        assert error == pytest.approx(math.sqrt(p * (1 - p) / n))
    else:
        assert error == pytest.approx(stats.beta.ppf(0.95, 0.5, n + 0.5), rel=1e-9)


def test_a_probability_is_of_an_event(paths):
    total = annual_sum(paths, "x", 2024)
    with pytest.raises(SchemaError, match="compare first"):
        probability(total)
    with pytest.raises(SchemaError, match="no dimension 'sample'"):
        probability(total.isel(sample=0) > 0)
    with pytest.raises(SchemaError, match="no dimension 'sample'"):
        quantile(total.isel(sample=0), 0.5)
    with pytest.raises(SchemaError, match="no dimension 'sample'"):
        mean(total.isel(sample=0))
    assert float(mean(total).isel(scenario=0)) == pytest.approx(float(total.values[0].mean()))


@given(p=st.floats(0, 1), error=st.floats(0, 1))
def test_certainty_is_never_shown(p, error):
    shown = show_probability(p, error)
    assert shown not in ("0 %", "0.0 %", "100 %", "100.0 %")
    if shown[0] not in "<>":
        assert abs(float(shown[:-2]) / 100 - p) <= (0.00051 if error < 0.01 else 0.0051)


def test_shown_probabilities():
    cases = {(0.0, 1e-4): "<1 %", (1.0, 1e-4): ">99 %", (0.998, 0.02): ">99 %", (0.996, 1e-4): "99.6 %", (0.37, 0.03): "37 %"}
    assert {case: show_probability(*case) for case in cases} == cases
    assert show_probability(math.nan, math.nan) == "–"


def _with_a_gap(paths):
    broken = paths.copy(deep=True)
    broken["value"][0, 3, 1, 2] = np.nan
    return broken


FLAWS = {
    "expected an xarray.Dataset, got DataArray": lambda p: p["value"],
    "missing ['revision']": lambda p: p.drop_vars("revision"),
    "missing ['resolution']": lambda p: p.drop_vars("resolution"),
    "expected ('scenario', 'sample', 'series', 'time')": lambda p: p.transpose("sample", "scenario", "series", "time"),
    "'prior_share' has dimensions ()": lambda p: p.assign(prior_share=0.5),
    "'sample' has no labels": lambda p: p.drop_vars("sample"),
    "series labels occur twice: ['x']": lambda p: p.assign_coords(series=["x", "x", "y"]),
    "off at ['2023-04-01']": lambda p: p.isel(time=[0, 1, 3]),
    "should be datetime64": lambda p: p.assign_coords(time=np.arange(42)),
    "'value' is float32": lambda p: p.assign(value=p["value"].astype("float32")),
    "places by series: {'region:x': 1}": _with_a_gap,
    "'as_of' is missing": lambda p: p.drop_attrs(deep=False).assign_attrs(units="1e8 CNY"),
}


@pytest.mark.parametrize("message", FLAWS)
def test_flawed_paths_are_refused(paths, message):
    assert_sample_paths(paths)
    with pytest.raises(SchemaError) as caught:
        assert_sample_paths(FLAWS[message](paths))
    assert message in str(caught.value)


def test_paths_in_another_unit_are_refused(paths):
    with pytest.raises(UnitsError, match="'1e4 CNY', expected '1e8 CNY'"):
        assert_sample_paths(paths.assign(value=paths["value"].assign_attrs(units="1e4 CNY")))


@pytest.fixture
def observations():
    """Two rows as a model reads them."""
    columns = {
        "region": ["r", "r"], "series": ["x", "x"], "measure": ["level", "growth"], "unit": ["1e8 CNY", "1"], "basis": ["b", ""],
        "value": [100.0, 0.05], "half_width": [0.5, 0.0005], "noise": [0.01, 0.01], "basis_rank": [0, 0], "basis_month_sd": [0.0, 0.0],
        "taper_start": [0, 0], "taper_end": [0, 0], "period_start": pd.to_datetime(["2024-01-01", "2024-03-01"]),
        "period_end": pd.to_datetime(["2024-02-29", "2024-03-31"]), "release_date": pd.to_datetime(["2024-03-18", "2024-04-17"]),
    }
    return xr.Dataset({name: ("row", values) for name, values in columns.items()}, coords={"row": [10, 20]})


def test_sound_observations_pass(observations):
    assert_observations(observations)


@pytest.mark.parametrize(("error", "message", "flaw"), [
    (SchemaError, "expected an xarray.Dataset", lambda d: d["value"]),
    (SchemaError, "missing ['noise']", lambda d: d.drop_vars("noise")),
    (SchemaError, "expected ('row',)", lambda d: d.expand_dims("vintage")),
    (SchemaError, "['value'] should be numbers", lambda d: d.assign(value=("row", ["1", "2"]))),
    (SchemaError, "['release_date'] should be datetime64", lambda d: d.assign(release_date=("row", [1, 2]))),
    (SchemaError, "not a finite number: row 20 (x from 2024-03-01); 1 rows", lambda d: d.assign(value=("row", [1.0, np.nan]))),
    (SchemaError, "measure is none of", lambda d: d.assign(measure=("row", ["level", "speed"]))),
    (PeriodError, "ends before it starts: row 10", lambda d: d.assign(period_end=("row", pd.to_datetime(["2023-12-31", "2024-03-31"])))),
    (BasisError, "a level without a basis", lambda d: d.assign(basis=("row", [" ", ""]))),
])
def test_flawed_observations_are_refused(observations, error, message, flaw):
    with pytest.raises(error) as caught:
        assert_observations(flaw(observations))
    assert message in str(caught.value)
