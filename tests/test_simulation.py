"""The bridge: joint paths of a region's series, future-blind, in the same samples, with revisions and linked series."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import bayu_forecast as bf
from bayu_forecast.data import RegionData
from bayu_forecast.data.totals import annual_totals, last_total
from bayu_forecast.errors import HorizonError, SchemaError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.models.annual import AnnualFigures, ContributionModel, GrowthModel, RatioModel, ShareModel, condition_years, correlate
from bayu_forecast.simulation.revision import step_distribution

ONE_CELL = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))


def run(date: str, *, samples: int = 600, horizon: str = "2025-12", data: RegionData | None = None) -> xr.Dataset:
    known = (data or bf.load_region("chongqing")).as_of(date)
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    return bf.simulate(model, known, horizon=horizon, samples=samples, rng=7)


@pytest.fixture(scope="module")
def paths() -> xr.Dataset:
    return run("2021-04-30")


def annual(paths: xr.Dataset, series: str, year: int) -> np.ndarray:
    inside = paths["time"].dt.year == year
    return paths["value"].sel(series=series, scenario="baseline").isel(time=inside.to_numpy()).sum("time").to_numpy()


def test_all_series_in_the_same_samples(paths: xr.Dataset) -> None:
    assert list(paths["value"].dims) == ["scenario", "sample", "series", "time"]
    assert set(paths["series"].to_numpy()) == {"china:retail_total", "retail_total", "services", "consumption", "gdp", "final_consumption"}
    growth = np.diff([np.log(annual(paths, "retail_total", y)) for y in (2022, 2023)], axis=0)[0]
    gdp = np.diff([np.log(annual(paths, "gdp", y)) for y in (2022, 2023)], axis=0)[0]
    assert 0.3 < np.corrcoef(growth, gdp)[0, 1] < 0.7


def test_shares_lie_inside_and_increments_add(paths: xr.Dataset) -> None:
    share = annual(paths, "services", 2025) / annual(paths, "consumption", 2025)
    assert (share > 0).all()
    assert (share < 1).all()
    assert np.median(share) == pytest.approx(0.46, abs=0.03)


def test_more_samples_leave_the_first_ones_alone(paths: xr.Dataset) -> None:
    few = run("2021-04-30", samples=40)
    for name in ("value", "revision"):
        np.testing.assert_array_equal(few[name], paths[name].isel(sample=slice(40)))


def test_known_growth_of_gdp_is_met(paths: xr.Dataset) -> None:
    growth = annual(paths, "gdp", 2020) / annual(paths, "gdp", 2019) - 1
    assert growth.mean() == pytest.approx(0.039, abs=0.001)


def test_revision_only_where_a_census_is_still_to_come(paths: xr.Dataset) -> None:
    year = paths["time"].dt.year.to_numpy()
    for series in ("retail_total", "china:retail_total"):
        revision = paths["revision"].sel(series=series).to_numpy()
        assert (revision[:, year < 2025] == 0).all()
        assert revision[:, year == 2025].std() > 0.03
        assert (revision[:, year == 2025] == revision[:, year == 2025][:, :1]).all()
    assert (paths["revision"].sel(series="gdp") == 0).all()
    printed = run("2025-04-30", samples=20)
    assert (printed["revision"] == 0).all(), "figures of 2025 on the new basis are out: nothing is to come before 2030"


def test_required_growth_and_probability_are_what_was_known() -> None:
    known = bf.load_region("chongqing").as_of("2021-04-30")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    verdict = bf.assess(bf.simulate(model, known, horizon="2025-12", samples=2000, rng=1), known.targets).isel(scenario=0)
    retail = verdict.sel(target="retail_total_2025")
    assert float(retail["required_growth"]) == pytest.approx(0.0563, abs=5e-5)
    assert 0.6 < float(retail["probability"]) < 0.9
    assert float(verdict["prior_share"].sel(target="consumption_contribution_2025")) > 0.8
    assert float(verdict["prior_share"].sel(target="services_share_2025")) > 0.8
    assert "not published" in str(verdict["status"].sel(target="services_share_2025").item())


def test_a_target_on_series_without_a_path_says_so() -> None:
    known = bf.load_region("chongqing").as_of("2025-06-30")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    verdict = bf.assess(bf.simulate(model, known, horizon="2027-12", samples=2000, rng=1), known.targets).isel(scenario=0)
    assert str(verdict["status"].sel(target="services_retail_share_2027").item()).startswith("not modelled")
    assert str(verdict["status"].sel(target="services_retail_share_2035").item()) == "beyond horizon"
    assert np.isnan(float(verdict["probability"].sel(target="services_retail_share_2027")))


def test_future_blind_with_evidence() -> None:
    """Figures and evidence released later multiplied by 1e9: the same paths."""
    data = bf.load_region("chongqing")
    date = pd.Timestamp("2023-09-30")
    tables = []
    for table in data.tables:
        late = {name: getattr(table, name) for name in ("observations", "evidence")}
        late = {k: v.assign(value=v["value"].where(v["release_date"] <= date, v["value"] * 1e9)) for k, v in late.items()}
        steps = table.revisions.assign(step=table.revisions["step"].where(table.revisions["released"] <= date, 9.0))
        tables.append(dataclasses.replace(table, **late, revisions=steps))
    assert sum(int((t.evidence["value"] > 1e12).sum()) for t in tables) > 10
    xr.testing.assert_identical(run(f"{date:%Y-%m-%d}", samples=30), run(f"{date:%Y-%m-%d}", samples=30, data=RegionData(tuple(tables))))


def test_other_regions_need_no_code() -> None:
    known = bf.load_region("guangdong").as_of("2026-06-30")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    paths = bf.simulate(model, known, horizon="2030-12", samples=100, rng=1)
    assert paths.attrs["region"] == "guangdong"
    nation = bf.load_region("china").as_of("2026-10-31")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(nation.observations("retail_total"), bf.design(nation))
    verdict = bf.assess(bf.simulate(model, nation, horizon="2030-12", samples=2000, rng=1), nation.targets)
    assert 0.0 < float(verdict["probability"].sel(target="china_retail_total_2030").item()) < 1.0


def test_errors(paths: xr.Dataset) -> None:
    known = bf.load_region("chongqing").as_of("2021-04-30")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    with pytest.raises(SchemaError, match="fit it on this snapshot"):
        bf.simulate(model, bf.load_region("china").as_of("2021-04-30"), horizon="2022-12")
    with pytest.raises(HorizonError, match="ends before"):
        bf.simulate(model, known, horizon="2018-12")


def test_last_totals_are_the_printed_ones() -> None:
    known = bf.load_region("chongqing").as_of("2025-01-31")
    prints = known.observations("retail_total").to_dataframe()
    assert last_total(prints, "chongqing") == (15677.37, 2024)
    assert last_total(prints, "china") == (487894.8, 2024)
    assert annual_totals(prints, "chongqing").loc[2020] == 11787.2


def test_step_distribution_is_the_normal_inverse_gamma_predictive() -> None:
    """Against a brute-force posterior predictive on a grid of mean and variance."""
    steps = np.array([0.098, 0.041, 0.037, -0.056])
    location, scale, df = step_distribution(steps)
    variance = np.exp(np.linspace(np.log(1e-5), np.log(1.0), 1500))[:, None]
    mean = np.linspace(-0.6, 0.6, 1501)[None, :]
    log = stats.invgamma.logpdf(variance, 2.0, scale=4 * 0.05**2 / 2) + np.log(variance) + stats.norm.logpdf(mean, 0.0, np.sqrt(variance))
    log = log + stats.norm.logpdf(steps[:, None, None], mean, np.sqrt(variance)).sum(axis=0)
    weight = np.exp(log - log.max())
    below = (weight * stats.norm.cdf(0.1, mean, np.sqrt(variance))).sum() / weight.sum()
    assert stats.t.cdf((0.1 - location) / scale, df) == pytest.approx(below, abs=2e-4)
    assert step_distribution(np.zeros(0)) == (0.0, pytest.approx(0.05 * np.sqrt(2)), 4.0)


def test_annual_models_without_figures_are_their_priors() -> None:
    years, nothing = np.arange(2019, 2026), AnnualFigures(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    calm = np.zeros(len(years), dtype=bool)
    mean, cov = RatioModel().posterior(years, nothing)
    assert (mean == 0).all()
    assert cov[3, 3] == pytest.approx(0.5**2 + 3 * 0.03**2)
    mean, cov = GrowthModel().posterior(years, nothing, calm)
    assert mean == pytest.approx(np.full(7, 0.03))
    assert cov[0, 0] == pytest.approx(0.05**2 + 0.015**2)
    _, cov = ShareModel(spread=0.1).posterior(years, nothing, calm)
    assert cov[2, 2] == pytest.approx(1.0 + 3 * 0.06**2 + 4 * 0.04**2)


def test_conditioning_years_meets_an_exact_figure() -> None:
    years = np.arange(2000, 2005)
    figures = AnnualFigures(np.array([2002, 1990]), np.array([0.7, 9.9]), np.array([1e-9, 1e-9]))
    mean, cov = condition_years(np.zeros(5), np.minimum.outer(np.arange(1, 6), np.arange(1, 6)).astype(float), years, figures)
    assert mean[2] == pytest.approx(0.7)
    assert mean[4] == pytest.approx(0.7), "a random walk stays where it was last seen"
    assert cov[2, 2] == pytest.approx(0.0, abs=1e-12)


def test_contribution_is_linear_in_levels_and_pooled() -> None:
    model = ContributionModel(common=(0.5, 0.2), between_sd=0.1)
    mean, sd, _, _ = model.posterior([])
    assert (mean, sd) == (pytest.approx(0.5), pytest.approx(np.hypot(0.2, 0.1)))
    many = [np.full(200, 0.6) + 0.01 * np.arange(200) % 0.02 for _ in range(50)]
    mean, sd, _, _ = model.posterior(many)
    assert mean == pytest.approx(0.605, abs=0.01)
    assert sd == pytest.approx(0.1, abs=0.005)
    increments = np.array([[10.0, -5.0]])
    part = model.draw([], increments, np.abs(increments), np.zeros((4, 1)))
    np.testing.assert_allclose(part, 0.5 * increments)


def test_correlated_normals_keep_their_spread() -> None:
    rng = np.random.default_rng(1)
    own, other = rng.standard_normal((2, 20_000))
    mixed = correlate(own, other, 0.5)
    assert mixed.std() == pytest.approx(1.0, abs=0.02)
    assert np.corrcoef(mixed, other)[0, 1] == pytest.approx(0.5, abs=0.02)


def test_gdp_meets_its_last_print() -> None:
    paths = run("2025-01-31", samples=300)
    assert annual(paths, "gdp", 2024).mean() == pytest.approx(32193.15, rel=2e-3)


def test_prior_share_does_not_move_with_the_horizon() -> None:
    near, far = (run("2025-01-31", samples=300, horizon=h)["prior_share"].sel(time="2025-06-01") for h in ("2025-12", "2028-12"))
    xr.testing.assert_allclose(near, far)


def test_a_model_of_another_date_is_refused() -> None:
    data = bf.load_region("chongqing")
    later, earlier = data.as_of("2026-01-10"), data.as_of("2025-01-31")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(later.observations("retail_total"), bf.design(later))
    with pytest.raises(SchemaError, match="known at 2026-01-10"):
        bf.simulate(model, earlier, horizon="2025-12")


@pytest.mark.parametrize("samples", [0, -1, 2.5, "x", None])
def test_samples_are_a_positive_whole_number(samples: object) -> None:
    known = bf.load_region("china").as_of("2010-01-31")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    with pytest.raises(SchemaError, match="whole number"):
        bf.simulate(model, known, horizon=3, samples=samples)


@pytest.mark.parametrize("horizon", ["garbage", "2025-13", "2026", None, 12.0, True, 0, -5, ""])
def test_horizons_that_mean_nothing_are_refused(horizon: object) -> None:
    known = bf.load_region("china").as_of("2010-01-31")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    with pytest.raises(HorizonError, match="number of months"):
        model.simulate(horizon)
