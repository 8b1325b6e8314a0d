"""The structural forecaster: prints met on their own basis, future-blind, keyed, never written to by simulate."""

from __future__ import annotations

import dataclasses

import joblib
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import bayu_forecast as bf
from bayu_forecast.errors import ConvergenceError, DataError, HorizonError, NotFittedError, PeriodError, SchemaError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.models.prints import build_rows, drop_repeats, linearise, print_table
from bayu_forecast.models.priors import grid_points
from bayu_forecast.models.system import System
from bayu_forecast.specs import Design

ONE_CELL = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))
TIME = pd.date_range("2015-01-01", "2022-12-01", freq="MS")


def plain_design() -> Design:
    return Design(time=TIME, blocks=(), disturbed=np.zeros(len(TIME), dtype=bool), as_of=pd.Timestamp("2020-12-31"))


def rows_of(prints: list[tuple[str, str, str, float, str, int]], noise: float = 0.0) -> xr.Dataset:
    """(measure, first month, last month, value, basis, rank) as observations of one series."""
    frame = pd.DataFrame(prints, columns=["measure", "a", "b", "value", "basis", "basis_rank"])
    frame = frame.assign(
        region="x", series="s", period_start=pd.to_datetime(frame["a"]), period_end=pd.to_datetime(frame["b"]) + pd.offsets.MonthEnd(0),
        half_width=0.0, taper_start=0, taper_end=0, basis_month_sd=0.0, noise=noise, release_date=pd.Timestamp("2021-01-20"),
    )
    return xr.Dataset.from_dataframe(frame.drop(columns=["a", "b"]).rename_axis("row")).assign_attrs(region="x", series="s", leans_on="")


def true_path() -> np.ndarray:
    rng = np.random.default_rng(5)
    season = np.tile([0.1, 0.1, -0.05, 0, 0, 0, 0.02, 0, 0, -0.02, 0.03, 0.12], 6)
    return np.exp(5 + 0.006 * np.arange(72) + season + 0.01 * rng.standard_normal(72))


def mixed_prints(level: np.ndarray) -> list[tuple[str, str, str, float, str, int]]:
    """Jan-Feb sums, some months, year-to-date and annual totals, and one growth."""
    months, out = TIME[:72].strftime("%Y-%m"), []
    for year in range(6):
        t = 12 * year
        out.append(("level", months[t], months[t + 1], level[t : t + 2].sum(), "b", 0))
        out += [("level", months[t + m], months[t + m], level[t + m], "b", 0) for m in (2, 4, 5, 8)]
        out.append(("level", months[t], months[t + 5], level[t : t + 6].sum(), "b", 0))
        out.append(("level", months[t], months[t + 11], level[t : t + 12].sum(), "b", 0))
    growth = level[67] / level[55] - 1
    return [*out, ("growth", months[67], months[67], growth, "b", 0)]


@pytest.fixture(scope="module")
def chongqing() -> tuple[bf.StructuralForecaster, xr.Dataset, Design]:
    known = bf.load_region("chongqing").as_of("2025-01-31")
    observations, design = known.observations("retail_total"), bf.design(known)
    return bf.StructuralForecaster().fit(observations, design), observations, design


def test_noise_free_prints_are_met_in_logs() -> None:
    level = true_path()
    model = bf.StructuralForecaster(common=ONE_CELL).fit(rows_of(mixed_prints(level)), plain_design())
    path = np.exp(model.cells_[0].mode)
    for _, first, last, value, _, _ in (p for p in mixed_prints(level) if p[0] == "level"):
        inside = (TIME[:72] >= first) & (TIME[:72] <= last)
        assert abs(np.log(path[inside].sum()) - np.log(value)) < 1e-6
    assert abs(np.log(path[67] / path[55]) - np.log(level[67] / level[55])) < 1e-6
    assert model.residuals_["gap"].abs().max() < 1e-6


def test_every_real_print_lies_within_its_noise_on_its_own_basis(chongqing: tuple[bf.StructuralForecaster, xr.Dataset, Design]) -> None:
    residuals = chongqing[0].residuals_
    assert len(residuals) > 450
    assert residuals["standardised"].abs().max() < 3.0


def test_the_step_to_the_newest_basis_is_found_from_the_prints_alone() -> None:
    """Without any revised level: growth prints and levels on both sides say 3.2 %, the revised figures 3.27 %."""
    known = bf.load_region("chongqing").as_of("2026-03-31")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    step = model.steps_.set_index(["series", "basis"]).loc[("chongqing:retail_total", "cq4")]
    assert step["step"] == pytest.approx(np.log(1.0327), abs=0.004)


def test_repeats_are_left_out_and_nothing_else() -> None:
    level = true_path()
    prints = mixed_prints(level)
    months = TIME[:72].strftime("%Y-%m")
    extra = [("level", months[2], months[2], level[2], "b", 0), ("level", months[0], months[2], level[:3].sum(), "b", 0)]
    table = print_table(rows_of([*prints, *extra]), ["x:s"], TIME[0])
    kept = drop_repeats(table)
    assert len(table) == len(prints) + 1
    assert len(kept) == len(prints), "January-March repeats January-February and March; the growth is kept: no level of month 67"


def test_growth_between_two_printed_months_is_a_repeat() -> None:
    before, after = ("level", "2015-03", "2015-03", 10.0, "b", 0), ("level", "2016-03", "2016-03", 11.0, "b", 0)
    prints = [before, after, ("growth", "2016-03", "2016-03", 0.1, "b", 0)]
    assert len(drop_repeats(print_table(rows_of(prints), ["x:s"], TIME[0]))) == 2
    other_basis = [prints[0], ("level", "2016-03", "2016-03", 12.0, "c", 1), prints[2]]
    assert len(drop_repeats(print_table(rows_of(other_basis), ["x:s"], TIME[0]))) == 3


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_linearisation_is_the_derivative(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = build_rows(print_table(rows_of(mixed_prints(true_path())), ["x:s"], TIME[0]), ["x:s"], 72, TIME[0], 0.15)
    z, step = rng.normal(5, 0.3, 72), 1e-6 * rng.standard_normal(72)
    J, c = linearise(rows, z)
    exact = lambda at: rows.value - linearise(rows, at)[1] + linearise(rows, at)[0] @ at  # noqa: E731
    np.testing.assert_allclose(exact(z + step) - exact(z), J @ step, atol=1e-10)
    np.testing.assert_allclose(c, rows.value - exact(z) + J @ z, atol=1e-12)


DATES = [f"{year}-{month:02d}-28" for year in range(2006, 2026, 2) for month in (2, 9)]


@pytest.mark.parametrize("date", DATES)
def test_future_blind(date: str) -> None:
    """Every row released later multiplied by 1e9: bit-identical paths."""
    data = bf.load_region("chongqing")
    poisoned = poison(data, pd.Timestamp(date))
    value = [
        bf.StructuralForecaster(common=ONE_CELL)
        .fit(known.observations("retail_total"), bf.design(known))
        .simulate(12, samples=20, rng=1)["value"]
        .to_numpy()
        for known in (data.as_of(date), poisoned.as_of(date))
    ]
    np.testing.assert_array_equal(*value)


def poison(data: object, date: pd.Timestamp) -> object:
    """The archive with every figure released after the date made absurd."""
    tables = []
    for table in data.tables:
        rows = table.observations
        value = rows["value"].where(rows["release_date"] <= date, rows["value"] * 1e9)
        tables.append(dataclasses.replace(table, observations=rows.assign(value=value)))
    changed = sum(int((new.observations["value"] != old.observations["value"]).sum()) for new, old in zip(tables, data.tables, strict=True))
    assert changed > 50
    return dataclasses.replace(data, tables=tuple(tables))


def test_prefix_horizon_and_repeat(chongqing: tuple[bf.StructuralForecaster, xr.Dataset, Design]) -> None:
    model = chongqing[0]
    few, many = (model.simulate("2025-12", samples=n, rng=3)["value"] for n in (37, 1100))
    np.testing.assert_array_equal(few, many.isel(sample=slice(37)))
    longer = model.simulate("2026-06", samples=37, rng=3)["value"].sel(time=few["time"])
    np.testing.assert_allclose(few, longer, rtol=1e-9)
    assert not np.array_equal(few, model.simulate("2025-12", samples=37, rng=4)["value"])


def test_simulate_writes_nothing(chongqing: tuple[bf.StructuralForecaster, xr.Dataset, Design]) -> None:
    model = chongqing[0]
    before = {k: joblib.hash(v) for k, v in vars(model).items() if k != "design_"}
    model.simulate(6, samples=10, rng=0)
    assert {k: joblib.hash(v) for k, v in vars(model).items() if k != "design_"} == before


def test_simulated_spread_equals_the_analytic_one() -> None:
    model = bf.StructuralForecaster(common=ONE_CELL).fit(rows_of(mixed_prints(true_path()), noise=0.002), plain_design())
    months = model.months_until(24)
    place = np.arange(model.history_, months)
    mean, cov = System(model._structure(), months).posterior(model.cells_[0], place)
    assert len(mean) == 24, "no regressor in front of the months"
    drawn = np.log(model.simulate(24, samples=40_000, rng=2)["value"].to_numpy()[:, 0])
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=5 * np.sqrt(np.diag(cov)).max() / 200)
    np.testing.assert_allclose(drawn.std(axis=0), np.sqrt(np.diag(cov)), rtol=0.02)


def test_published_months_vary_only_by_their_noise(chongqing: tuple[bf.StructuralForecaster, xr.Dataset, Design]) -> None:
    value = chongqing[0].simulate("2024-12", samples=500, rng=1, start="2024-01")["value"]
    nation = value.sel(series="china:retail_total").sum("time")
    assert float(nation.mean()) == pytest.approx(487894.8, rel=1e-3)
    assert float(nation.std() / nation.mean()) < 1e-3
    city = value.sel(series="chongqing:retail_total").sum("time")
    assert float(city.mean()) == pytest.approx(15677.37, rel=2e-3)


def test_scikit_learn_manners() -> None:
    model = bf.StructuralForecaster(basis_sd=0.2)
    assert clone(model).get_params()["basis_sd"] == 0.2
    with pytest.raises(NotFittedError, match="fit"):
        model.simulate(3)


def test_errors_name_what_is_wrong(chongqing: tuple[bf.StructuralForecaster, xr.Dataset, Design]) -> None:
    model, _, _ = chongqing
    with pytest.raises(HorizonError, match="until="):
        model.simulate("2060-01")
    with pytest.raises(HorizonError, match="no month between"):
        model.simulate("2020-01")
    with pytest.raises(HorizonError, match="before the first"):
        model.simulate("1990-01")
    with pytest.raises(SchemaError, match="at least one"):
        model.simulate(3, samples=0)
    with pytest.raises(DataError, match="no level print"):
        bf.StructuralForecaster().fit(rows_of([("growth", "2016-03", "2016-03", 0.1, "b", 0)]), plain_design())
    with pytest.raises(PeriodError, match="ends before"):
        bf.StructuralForecaster().fit(rows_of([("level", "2016-03", "2016-01", 10.0, "b", 0)]), plain_design())


def test_prints_that_no_path_can_meet_do_not_settle_silently() -> None:
    prints = mixed_prints(true_path())
    prints[3] = (*prints[3][:3], 1e-290, "b", 0)
    with pytest.raises(ConvergenceError, match="wrong unit"):
        bf.StructuralForecaster(common=ONE_CELL).fit(rows_of(prints, noise=1e-8), plain_design())


def regressor_design(prior_sd: float = 0.05) -> Design:
    """One known pulse a year with a coefficient to find, on every series."""
    column = np.where(np.arange(len(TIME)) % 12 == 8, 1.0, 0.0)[:, None] * np.linspace(-1, 1, len(TIME))[:, None]
    block = bf.RegressorBlock(
        name="pulse", labels=("pulse",), columns=(column,), weights=(1.0,), source="test",
        prior_mean=np.zeros(1), prior_sd=np.array([prior_sd]),
    )
    return Design(time=TIME, blocks=(block,), disturbed=np.zeros(len(TIME), dtype=bool), as_of=pd.Timestamp("2020-12-31"))


def test_coefficient_draws_equal_the_conjugate_posterior() -> None:
    """Posterior precision of one coefficient without nuisance is 1/tau^2 + x' V^-1 x (generalised least squares)."""
    design, months = regressor_design(), 72
    effect = 0.08 * design.blocks[0].columns[0][:months, 0]
    prints = [("level", m, m, v, "b", 0) for m, v in zip(TIME[:months].strftime("%Y-%m"), np.exp(5 + effect), strict=True)]
    model = bf.StructuralForecaster(common=ONE_CELL).fit(rows_of(prints, noise=0.002), design)
    system = System(model._structure(), months)
    J = linearise(system.rows, model.cells_[0].mode)[0].toarray()
    x = J @ design.blocks[0].columns[0][:months, 0]
    S = system.prior(*dataclasses.astuple(model.cells_[0])[:3])[1] - 0.05**2 * np.outer(*[design.blocks[0].columns[0][:months, 0]] * 2)
    V = J @ S @ J.T + system.noise
    flat = J @ system.flat
    P = np.linalg.inv(V) - np.linalg.inv(V) @ flat @ np.linalg.inv(flat.T @ np.linalg.inv(V) @ flat) @ flat.T @ np.linalg.inv(V)
    row = model.coefficients_.iloc[0]
    assert row["sd"] ** -2 == pytest.approx(0.05**-2 + x @ P @ x, rel=1e-8)
    assert row["mean"] == pytest.approx(0.08, abs=3 * row["sd"])
    drawn = model.simulate(6, samples=20_000, rng=4)["coefficient"].to_numpy()[:, 0]
    assert drawn.mean() == pytest.approx(row["mean"], abs=5 * row["sd"] / 140)
    assert drawn.std() == pytest.approx(row["sd"], rel=0.02)


def test_a_coefficient_nothing_speaks_of_keeps_its_prior(chongqing: tuple[bf.StructuralForecaster, xr.Dataset, Design]) -> None:
    contraction = chongqing[0].coefficients_.set_index("regressor")["contraction"]
    assert ((contraction > -1e-9) & (contraction < 1)).all()
    assert contraction["days_off"] > 0.2


def test_a_column_may_act_on_the_leaning_series_alone(chongqing: tuple[bf.StructuralForecaster, xr.Dataset, Design]) -> None:
    _, observations, design = chongqing
    column = (np.arange(len(design.time)) % 12 == 5).astype(float)[:, None]
    block = bf.RegressorBlock(
        name="own", labels=("own",), columns=(np.stack([0.0 * column, column]),), weights=(1.0,), source="test",
        prior_mean=np.zeros(1), prior_sd=np.full(1, 0.05),
    )
    model = bf.StructuralForecaster(common=ONE_CELL).fit(observations, dataclasses.replace(design, blocks=(block,)))
    loadings, _, _ = System(model._structure(), 300).regression((0,))
    assert not loadings[:300].any()
    assert loadings[300:].sum() == 25


@pytest.mark.parametrize("shapes", [[((0,), 1.0)], [((0,), 0.25), ((1,), 0.5), ((2,), 0.25)], [((0,), 0.4), ((1,), 0.6)]])
def test_grid_keeps_every_weight_of_two_factors(shapes: list[tuple[tuple[int, ...], float]]) -> None:
    """A third of the full grid, and each pair of values still weighs what the product of its weights says."""
    points = grid_points(SeriesPriors(), shapes)
    assert len(points) == 9 * (1 if len(shapes) == 3 else len(shapes))
    frame = pd.DataFrame([(r, s, shape, w) for (r, s), shape, w in points], columns=["reversion", "slope", "shape", "weight"])
    assert frame["weight"].sum() == pytest.approx(1.0)
    weight = dict(shapes)
    for factor in ("reversion", "slope"):
        for (_, shape), total in frame.groupby([factor, "shape"])["weight"].sum().items():
            assert total == pytest.approx(weight[shape] / 3)
    if len(shapes) != 3:
        assert frame.groupby(["reversion", "slope"])["weight"].sum().to_numpy() == pytest.approx(1 / 9)


def test_prints_are_asked_by_paths_not_by_single_months() -> None:
    known = bf.load_region("china").as_of("2020-01-31")
    quick = bf.StructuralForecaster(common=SeriesPriors(reversion=(0.90,), slope_sd=(0.025,)))
    model = quick.fit(known.observations("retail_total"), bf.design(known))
    with pytest.raises(SchemaError, match="predict is for panels"):
        model.predict(3)
