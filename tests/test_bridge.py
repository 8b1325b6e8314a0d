"""Scenarios in the bridge: other inputs to the same worlds, conditions met exactly, nothing known too early, money that adds up."""

from __future__ import annotations

import dataclasses
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest

import bayu_forecast as bf
from bayu_forecast._numeric.streams import normals
from bayu_forecast.data import RegionData
from bayu_forecast.errors import ExtrapolationWarning, HorizonError, UnknownNameError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.paths import annual_growth, annual_sum, window_sum
from bayu_forecast.report.scenario_tables import unpaid_rows
from bayu_forecast.simulation import Worlds
from bayu_forecast.specs import SHAPE_WEIGHTS

pytestmark = pytest.mark.filterwarnings("ignore::bayu_forecast.errors.ExtrapolationWarning")
DATE, SEED, SAMPLES = "2025-01-31", 7, 2000
BASELINE = bf.Scenario("baseline")
STOP = bf.Scenario("stop", [bf.stop("trade_in", start="2025-02")])


@cache
def worlds(date: str = DATE, horizon: str = "2027-12", samples: int = SAMPLES) -> Worlds:
    return made(bf.load_region("chongqing"), date, horizon, samples)


def made(data: RegionData, date: str, horizon: str, samples: int) -> Worlds:
    known = data.as_of(date)
    one_cell = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))
    model = bf.StructuralForecaster(common=one_cell).fit(known.observations("retail_total"), bf.design(known))
    return Worlds(model, known, horizon=horizon, samples=samples, rng=SEED)


def retail(plan: bf.Scenario, year: int) -> np.ndarray:
    return annual_sum(worlds().run(plan), "retail_total", year).isel(scenario=0).to_numpy()


def spread(values: np.ndarray) -> float:
    return float(np.subtract(*np.quantile(values, [0.9, 0.1])))


@pytest.mark.parametrize(
    "statement",
    [
        bf.scale("trade_in", 1.0, start="2025-02"),
        bf.add("vouchers", 0.0, start="2025-02"),
        bf.set_to("A1M01", 1.0, start="2025-02"),
        bf.set_to("S4", 1.0, start="2025-02"),
        bf.holiday("none", 0.0, start="2025-05"),
    ],
    ids=str,
)
def test_a_scenario_that_changes_nothing_is_the_baseline_to_the_last_bit(statement: object) -> None:
    same = worlds().run(bf.Scenario("nothing", [statement]))
    np.testing.assert_array_equal(same["value"].to_numpy(), worlds().run(BASELINE)["value"].to_numpy())


def test_adding_a_scenario_changes_no_other() -> None:
    more = bf.Scenario("vouchers", [bf.set_to("vouchers", 2.0, start="2025-03")])
    w = worlds()
    alone = bf.simulate(w.model, w.known, STOP, horizon="2026-12", samples=300, rng=SEED)
    plans = bf.ScenarioSet.baseline() | more | STOP
    together = bf.simulate(w.model, w.known, plans, horizon="2026-12", samples=300, rng=SEED)
    np.testing.assert_array_equal(alone["value"].sel(scenario="stop"), together["value"].sel(scenario="stop"))
    baseline = bf.simulate(w.model, w.known, horizon="2026-12", samples=300, rng=SEED)
    np.testing.assert_array_equal(baseline["value"].sel(scenario="baseline"), together["value"].sel(scenario="baseline"))


def test_the_order_of_asking_does_not_matter() -> None:
    first = worlds().run(STOP)["value"].to_numpy()
    for plan in ([bf.add("income", -1.0, start="2025-02", unit="pp")], [bf.stop("A4", start="2025-02")]):
        worlds().run(bf.Scenario("other", plan))
    np.testing.assert_array_equal(worlds().run(STOP)["value"].to_numpy(), first)


def test_months_before_the_start_do_not_move() -> None:
    inside = worlds().baseline["time"] < np.datetime64("2025-02-01")
    stopped, base = (worlds().run(p)["value"].sel(series="retail_total").to_numpy()[..., inside.to_numpy()] for p in (STOP, BASELINE))
    np.testing.assert_array_equal(stopped, base)


def test_holidays_are_counted_in_days() -> None:
    more = bf.Scenario("bridge day", [bf.holiday("bridge day", 1.0, start="2025-05", end="2025-05")])
    moved = np.log(worlds().run(more)["value"] / worlds().run(BASELINE)["value"].to_numpy()).sel(series="retail_total").isel(scenario=0)
    assert float(abs(moved.sel(time="2025-05-01")).max()) > 1e-4
    assert float(abs(moved.drop_sel(time=pd.Timestamp("2025-05-01"))).max()) == pytest.approx(0.0, abs=1e-14)


def test_the_interval_widens_with_the_dose() -> None:
    doses = (0.0, 10.0, 40.0, 160.0)
    totals = [retail(bf.Scenario("dose", [bf.set_to("vouchers", d, start="2025-02")]), 2025) for d in doses]
    widths = [spread(t) for t in totals]
    gaps = [spread(t - totals[0]) for t in totals]
    assert gaps == sorted(gaps)
    assert gaps[0] == 0.0 < gaps[1]
    assert widths[3] > widths[2] > widths[0]


def test_a_driver_beyond_its_history_is_flagged() -> None:
    with pytest.warns(ExtrapolationWarning, match="'dear' takes trade_in beyond its history"):
        worlds().run(bf.Scenario("dear", [bf.set_to("trade_in", 50.0, start="2025-02")]))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ExtrapolationWarning)
        worlds().run(bf.Scenario("less", [bf.scale("trade_in", 0.9, start="2025-02")]))


@pytest.mark.parametrize(
    ("period", "measure", "value", "unit"),
    [
        ("2025", "level", 16500.0, "亿元"),
        ("2025-03", "level", 1400.0, "亿元"),
        ("2026", "growth", 2.0, "%"),
        ("2025-01..2025-06", "growth", 4.0, "%"),
    ],
)
def test_a_pin_is_met_by_every_path(period: str, measure: str, value: float, unit: str) -> None:
    plan = bf.Scenario("pinned", conditions=[bf.given("retail_total", period, value, measure=measure, unit=unit)])
    seen, wanted = figure(worlds().run(plan), period, measure), value / 100 if measure == "growth" else value
    np.testing.assert_allclose(seen, wanted, rtol=1e-10, atol=1e-11)
    assert seen.std() < 1e-9 * max(wanted, 1.0)


def figure(paths: object, period: str, measure: str) -> np.ndarray:
    """The figure of each path."""
    first, last = {4: (f"{period}-01", f"{period}-12"), 7: (period, period)}.get(len(period)) or tuple(period.split(".."))
    now = window_sum(paths, "retail_total", first, last).isel(scenario=0).to_numpy()
    if measure == "level":
        return now
    before = [f"{int(m[:4]) - 1}{m[4:]}" for m in (first, last)]
    return now / window_sum(paths, "retail_total", *before).isel(scenario=0).to_numpy() - 1.0


def test_two_pins_hold_together_beside_a_lever() -> None:
    pins = [bf.given("retail_total", "2025", 16500.0, unit="亿元"), bf.given("china:retail_total", "2026", 52.0, unit="万亿元")]
    paths = worlds().run(bf.Scenario("both", [bf.stop("trade_in", start="2025-02")], conditions=pins))
    np.testing.assert_allclose(annual_sum(paths, "retail_total", 2025), 16500.0, rtol=1e-10)
    np.testing.assert_allclose(annual_sum(paths, "china:retail_total", 2026), 520_000.0, rtol=1e-10)


def test_an_imposed_density_has_its_mean_and_spread() -> None:
    """On the log scale, which is the model's: to 1e-10."""
    level = bf.impose("retail_total", "2025", 16500.0, sd=100.0, unit="亿元")
    seen = np.log(annual_sum(worlds().run(bf.Scenario("level", conditions=[level])), "retail_total", 2025))
    assert float(seen.mean()) == pytest.approx(np.log(16500.0), abs=1e-10)
    assert float(seen.std()) == pytest.approx(100.0 / 16500.0, abs=1e-10)
    growth = bf.impose("retail_total", "2026", 3.0, sd=0.5, measure="growth", unit="%")
    seen = np.log1p(annual_growth(worlds().run(bf.Scenario("growth", conditions=[growth])), "retail_total", 2026))
    assert float(seen.mean()) == pytest.approx(np.log(1.03), abs=1e-10)
    assert float(seen.std()) == pytest.approx(0.005 / 1.03, abs=1e-10)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.93])
def test_an_outside_view_is_met_to_one_sample(probability: float) -> None:
    view = bf.tilt("sum(retail_total, 2025) >= 16300", probability=probability)
    seen = annual_sum(worlds().run(bf.Scenario("view", conditions=[view])), "retail_total", 2025) >= 16300.0
    assert float(seen.mean()) == pytest.approx(probability, abs=1.0 / SAMPLES + 1e-12)


def test_plausibility_is_zero_without_conditions_and_grows_with_distance() -> None:
    pins = ([], *([bf.given("retail_total", "2025", level, unit="亿元")] for level in (16500.0, 19000.0)))
    nats = [float(worlds().run(bf.Scenario("s", conditions=c))["plausibility"].item()) for c in pins]
    assert nats[0] == 0.0 < nats[1] < nats[2]
    assert float(worlds().run(STOP)["plausibility"].item()) == 0.0


def test_conditions_on_what_is_not_there_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="pin one of those"):
        worlds().run(bf.Scenario("s", conditions=[bf.given("catering", "2025", 1.0, unit="亿元")]))
    with pytest.raises(HorizonError, match="ask for a longer horizon"):
        worlds().run(bf.Scenario("s", conditions=[bf.given("retail_total", "2029", 20000.0, unit="亿元")]))


def test_a_baseline_never_knows_a_later_announcement() -> None:
    """Inputs and priors announced after the date multiplied: the same paths, with and without a scenario."""
    data, date = bf.load_region("chongqing"), pd.Timestamp("2025-03-31")
    tables, poisoned = [], 0
    for table in data.tables:
        late = table.drivers["announced"] > date
        poisoned += int(late.sum())
        tables.append(dataclasses.replace(table, drivers=table.drivers.assign(value=table.drivers["value"].where(~late, 1e6))))
    assert poisoned > 10
    for plan in (BASELINE, bf.Scenario("half", [bf.scale("trade_in", 0.5, start="2025-05")])):
        clean, dirty = (made(d, f"{date:%Y-%m-%d}", "2026-12", 300).run(plan) for d in (data, RegionData(tuple(tables))))
        np.testing.assert_array_equal(clean["value"].to_numpy(), dirty["value"].to_numpy())


def test_a_programme_goes_on_with_its_stated_probability() -> None:
    """Money of 2025 ends in December; the samples in which 2026 has some are those that an end for certain moves."""
    spec = next(s for s in worlds().shifts.inputs.specs if s.id == "trade_in")
    ends = bf.Scenario("ends", [bf.stop("trade_in", start="2026-01")])
    moved = retail(ends, 2026) != retail(BASELINE, 2026)
    error = np.sqrt(spec.continuation_probability * (1 - spec.continuation_probability) / SAMPLES)
    assert moved.mean() == pytest.approx(spec.continuation_probability, abs=3.5 * error)
    np.testing.assert_array_equal(retail(ends, 2025), retail(BASELINE, 2025))


def test_money_balances_over_the_year_and_the_months_of_payback() -> None:
    """What eight months of money move until the last of it is repaid is (1 - rho) of what it induced, sample by sample."""
    w = worlds()
    after = bf.stop("trade_in", start="2025-10")
    paid, nothing = (bf.Scenario("s", [bf.set_to("trade_in", v, start="2025-02", end="2025-09"), after]) for v in (5.0, 0.0))
    one, other = (w.shifts.of(plan)[0] for plan in (paid, nothing))
    spec = next(s for s in w.shifts.inputs.specs if s.id == "trade_in")
    layer = w.shifts.inputs.own
    year = 2025 - w.shifts.inputs.time[0].year
    noise = normals(SEED, ("execution", "trade_in"), w.shifts.year[-1] + 1, SAMPLES)[year]
    money = 5.0 * np.exp(spec.execution_sd * noise - 0.5 * spec.execution_sd**2) / layer.sales
    induced = 8 * w.shifts.multiplier["trade_in"] * layer.kappa["trade_in"] * np.tanh(money / layer.kappa["trade_in"])
    kept = 1.0 - np.array([spec.shape(s).rho for s in SHAPE_WEIGHTS])[w.shifts.shape]
    np.testing.assert_allclose(layer.sales * (one - other)[0].sum(axis=1), layer.sales * kept * induced, rtol=0, atol=1e-9)
    borrowed = (one - other)[0][:, w.baseline["time"].to_numpy() > np.datetime64("2026-02-01")]
    assert (borrowed.sum(axis=1) < 0).all(), "after the money comes the payback"


def test_unpaid_stock_is_what_the_past_still_owes() -> None:
    """Against the sum of repayments to come, month by month and sample by sample."""
    w = worlds()
    told = unpaid_rows(w)
    assert [r["driver"] for r in told] == ["trade_in"]
    spec, layer = next(s for s in w.shifts.inputs.specs if s.id == "trade_in"), w.shifts.inputs.own
    money = layer.announced["trade_in"].to_numpy()[~w.shifts.future]
    kappa = layer.kappa["trade_in"]
    stay = spec.theta ** np.arange(60)
    stay = stay[: int(np.ceil(np.log(0.01) / np.log(spec.theta))) + 1]
    gross = np.convolve(kappa * np.tanh(money / layer.sales / kappa), stay / stay.sum())[: len(money)] * layer.sales
    by_shape = []
    for shape in spec.shapes:
        repay = np.arange(shape.horizon, 0, -1.0) / np.arange(1, shape.horizon + 1).sum()
        by_shape.append(shape.rho * sum(e * repay[len(money) - 1 - t :].sum() for t, e in enumerate(gross)))
    stock = np.array(by_shape)[w.shifts.shape] * w.shifts.multiplier["trade_in"]
    assert told[0]["mean"] == pytest.approx(stock.mean(), rel=1e-9)
    assert told[0]["stock_q90"] == pytest.approx(np.quantile(stock, 0.9), rel=1e-9)
    assert 5.0 < told[0]["mean"] < 80.0


def test_an_outside_view_is_counted_by_its_effective_samples() -> None:
    """The error of a probability under a tilt, against its spread over seeds and against the error of as many plain samples."""
    known = bf.load_region("chongqing").as_of("2025-01-31")
    view = bf.Scenario("view", [], conditions=[bf.tilt("sum(retail_total, 2025) >= 16400", probability=0.9)])
    errors, found = [], []
    for seed in range(6):
        run = bf.simulate(worlds().model, known, bf.ScenarioSet.baseline() | view, horizon="2025-12", samples=1000, rng=seed)
        effective = run["effective_samples"].sel(scenario="view").item()
        assert effective < 0.9 * run["effective_samples"].sel(scenario="baseline").item() == 900.0
        asked = bf.assess(run, next(t for t in known.targets if t.id == "retail_total_2025")).sel(scenario="view").isel(target=0)
        p = asked["probability"].item()
        assert asked["monte_carlo_error"].item() == pytest.approx(np.sqrt(p * (1 - p) / effective))
        errors.append(asked["monte_carlo_error"].item())
        found.append(p)
    assert np.std(found, ddof=1) < 2.5 * np.mean(errors)
