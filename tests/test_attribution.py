"""Paired comparison and shares of a policy's parts: closed forms, the scenario run as an oracle, sums, dummies, symmetry."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from synthetic import level_target, make_paths

import bayu_forecast as bf
from bayu_forecast.attribution.games import Judge, LeverGame
from bayu_forecast.attribution.parts import KINDS
from bayu_forecast.errors import ScenarioError, SchemaError, SpecificationError, UnknownNameError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.simulation import Worlds
from bayu_forecast.targets import evaluate

QUICK = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))
SAMPLES = 400
START = "2025-02"
STOP = bf.Scenario("stop trade-in", [bf.set_to("trade_in", 0.0, start=START)])
LESS = bf.Scenario("a tenth less", [bf.scale("trade_in", 0.9, start=START)])
MORE = bf.Scenario("two", [bf.set_to("trade_in", 0.0, start=START), bf.add("vouchers", 5.0, start=START)])
PLANS = bf.ScenarioSet.baseline() | STOP | LESS | MORE

pytestmark = pytest.mark.filterwarnings("ignore::bayu_forecast.errors.BayuWarning")


@pytest.fixture(scope="module")
def asked() -> tuple[bf.StructuralForecaster, object]:
    known = bf.load_region("chongqing").as_of("2025-01-31")
    return bf.StructuralForecaster(common=QUICK).fit(known.observations("retail_total"), bf.design(known)), known


@pytest.fixture(scope="module")
def worlds(asked) -> Worlds:
    return Worlds(*asked, horizon="2025-12", samples=SAMPLES, rng=0)


def target(known, name: str = "retail_total_2025"):
    return next(t for t in known.targets_issued if t.id == name)


# --- compare -----------------------------------------------------------------------------------------------------------


def test_difference_is_that_of_each_sample(rng: np.random.Generator) -> None:
    level = rng.lognormal(9.0, 0.1, (300, 2))
    effect = rng.normal(50.0, 10.0, (300, 1)) * np.array([0.0, 1.0])
    paths = make_paths({"x": np.stack([level, level + effect])}, scenarios=("baseline", "more"))
    told = bf.compare(paths, targets=level_target(float(np.median(level[:, 1])))).sel(scenario="more")
    year = told.sel(series="x", year=2025)
    gap = effect[:, 1]
    assert float(year.difference) == pytest.approx(gap.mean(), rel=1e-9)
    assert float(year.difference_error) == pytest.approx(gap.std(ddof=1) / np.sqrt(300), rel=1e-6)
    assert float(year.difference_q10) == pytest.approx(np.quantile(gap, 0.1), rel=1e-6)
    assert float(year.percent) == pytest.approx((gap / level[:, 1]).mean(), rel=1e-9)
    growth = (level[:, 1] + gap) / level[:, 0] - level[:, 1] / level[:, 0]
    assert float(year.growth_difference) == pytest.approx(growth.mean(), rel=1e-9)
    assert float(told.sel(series="x", year=2024).difference) == 0.0
    assert np.isnan(float(told.sel(series="x", year=2024).variance_ratio))
    crossed = (level[:, 1] + gap >= np.median(level[:, 1])).mean() - (level[:, 1] >= np.median(level[:, 1])).mean()
    assert float(told.probability_difference.isel(target=0)) == pytest.approx(crossed, abs=1e-12)
    assert float(told.probability_error.isel(target=0)) < float(told.probability_error_unpaired.isel(target=0))


def test_no_change_of_side_is_not_certainty() -> None:
    paths = make_paths({"x": np.full((2, 100, 2), 12.0)}, scenarios=("baseline", "same"))
    told = bf.compare(paths, targets=level_target(10.0)).isel(scenario=0, target=0)
    assert float(told.probability_difference) == 0.0
    assert 0.01 < float(told.probability_error) < 0.03


def test_pairing_divides_the_variance(asked) -> None:
    """More than 1,000 times for a small change; stopping a programme of uncertain effect keeps that uncertainty, paired or not."""
    model, known = asked
    small = bf.Scenario("a day off more", [bf.add("days_off", 1.0, start="2025-05", end="2025-05")])
    runs = bf.simulate(model, known, PLANS | small, horizon="2025-12", samples=SAMPLES)
    told = bf.compare(runs, targets=known.targets)
    ratio = told.variance_ratio.sel(series="retail_total", year=2025)
    print({str(s): round(float(ratio.sel(scenario=s))) for s in told.scenario.values})
    assert float(ratio.sel(scenario="a tenth less")) > 1000.0
    assert float(ratio.sel(scenario="a day off more")) > 1000.0
    assert float(ratio.sel(scenario="stop trade-in")) > 20.0
    assert "baseline" not in told.scenario.values
    assert (told.probability_variance_ratio.sel(target="retail_total_2025", scenario="stop trade-in") > 1.0).all()


def test_compare_refuses(rng: np.random.Generator) -> None:
    paths = make_paths({"x": rng.lognormal(size=(1, 5, 2))})
    with pytest.raises(UnknownNameError, match="no scenario 'base'"):
        bf.compare(paths, to="base")
    with pytest.raises(SchemaError, match="nothing to compare"):
        bf.compare(paths)


# --- attribute ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [k for k in KINDS if k != "assumption"])
def test_parts_sum_to_the_total(asked, by: str) -> None:
    parts = bf.attribute(*asked, PLANS, by=by, samples=SAMPLES)
    for prefix in ("", "probability_"):
        gap = parts[f"{prefix}share"].sum("player") - parts[f"{prefix}total"]
        assert float(abs(gap).max()) < 1e-9
        solo = parts[f"{prefix}solo"].sum("player") + parts[f"{prefix}interaction"] - parts[f"{prefix}total"]
        assert float(abs(solo).max()) < 1e-9
        ends = parts[f"{prefix}with_policy"] - parts[f"{prefix}without_policy"] - parts[f"{prefix}total"]
        assert float(abs(ends).max()) < 1e-9
    assert float(parts.total.sel(scenario="baseline")) > 50.0
    assert all(v.attrs["units"] and v.attrs["long_name"] for v in parts.values())


def test_dummy_and_symmetry_and_groups(asked) -> None:
    measures = bf.attribute(*asked, by="measure", samples=SAMPLES).isel(scenario=0)
    actions = bf.attribute(*asked, by="action", samples=SAMPLES).isel(scenario=0)
    assert (measures.sizes["player"], actions.sizes["player"]) == (23, 8)
    for dummy in ("A5M13", "A5M14"):  # no vouchers and no events are announced for the months to come
        assert float(measures.share.sel(player=dummy)) == 0.0
        assert float(measures.probability_share.sel(player=dummy)) == 0.0
    for name in ("share", "probability_share", "solo"):
        assert float(measures[name].sel(player="A1M01")) == pytest.approx(float(measures[name].sel(player="A1M04")), abs=1e-12)
        assert float(actions[name].sel(player="A2")) == pytest.approx(float(actions[name].sel(player="A4")), abs=1e-12)
    by_action = measures[["share", "probability_share"]].groupby("action").sum()
    for action in actions.player.values:
        for name in ("share", "probability_share"):
            assert float(by_action[name].sel(action=action)) == pytest.approx(float(actions[name].sel(player=action)), abs=1e-9)
    assert "".join(measures.title.sel(player="A3M09").item()) == "Promote green and smart consumption"


def test_coalitions_are_scenario_runs(asked, worlds: Worlds, rng: np.random.Generator) -> None:
    """Any coalition equals the scenario that sets the others to nought, run by the bridge."""
    known = asked[1]
    players = ["A1", "A3", "A4", "A5", "A6"]
    for plan in (bf.Scenario("baseline"), MORE, bf.Scenario("half", [bf.ramp("A3", 0.5, 1.5, start=START, end="2025-12")])):
        on = rng.random((4, len(players))) < 0.5
        answers, place = LeverGame(Judge(worlds, target(known)), plan, players).answers(on)
        for row, i in zip(on, place, strict=True):
            off = [bf.scale(p, 0.0, start=START) for p, is_on in zip(players, row, strict=True) if not is_on]
            paths = worlds.run(bf.Scenario("oracle", [*plan.assumptions, *off]))
            event, quantity, _ = evaluate(target(known), paths)
            np.testing.assert_allclose(answers[i, 0], quantity.to_numpy()[0], rtol=1e-12)
            np.testing.assert_array_equal(answers[i, 1].astype(bool), event.to_numpy()[0])


def test_linked_targets_move_with_retail(asked, worlds: Worlds) -> None:
    known = asked[1]
    wanted = target(known, "consumption_contribution_2025")
    answers, _ = LeverGame(Judge(worlds, wanted), bf.Scenario("baseline"), ["trade_in"]).answers(np.array([[False]]))
    stopped = worlds.run(bf.Scenario("oracle", [bf.scale("trade_in", 0.0, start=START)]))
    # the programme that goes on after 2025 does not reach the year: the two ways of stopping it are the same
    np.testing.assert_array_equal(answers[0, 1].astype(bool), evaluate(wanted, stopped)[0].to_numpy()[0])


def test_one_linear_driver_gets_its_effect(asked, worlds: Worlds) -> None:
    """Nothing but the structural path at work: its share is the closed form, x (1 - exp(-m w)) month by month, and others get nought."""
    known = asked[1]
    # the tax that returns in 2026 is rushed for in December: without it nothing but the structural path is left
    plan = bf.Scenario("nothing else", [*STOP.assumptions, bf.stop("nev_purchase_tax", start=START)])
    parts = bf.attribute(*asked, plan, by="driver", samples=SAMPLES).isel(scenario=0)
    paths = worlds.run(plan)
    inside = (paths.time.dt.year == 2025).to_numpy()
    own = paths.sel(series="retail_total").isel(scenario=0)
    printed = (own.value * np.exp(own.revision)).to_numpy()[:, inside]
    path = worlds.shifts.inputs.own.announced["structural"].loc["2025"].to_numpy() * (np.arange(12) >= 1)
    effect = (printed * -np.expm1(-worlds.shifts.multiplier["structural"][: len(printed), None] * path)).sum(axis=1)
    assert float(parts.share.sel(player="structural")) == pytest.approx(effect.mean(), rel=1e-9)
    assert float(parts.share_error.sel(player="structural")) == pytest.approx(effect.std(ddof=1) / np.sqrt(SAMPLES), rel=1e-6)
    assert float(abs(parts.share.drop_sel(player="structural")).max()) == 0.0
    assert float(parts.interaction) == pytest.approx(0.0, abs=1e-9)
    assert known.as_of == "2025-01-31"


def test_assumptions_of_each_scenario(asked, worlds: Worlds) -> None:
    known = asked[1]
    parts = bf.attribute(*asked, PLANS, by="assumption", samples=SAMPLES)
    assert parts.scenario.values.tolist() == ["stop trade-in", "a tenth less", "two"]
    assert float(abs(parts.share.sum("player") - parts.total).max()) < 1e-9
    base, stopped = (evaluate(target(known), worlds.run(s))[1].to_numpy()[0] for s in (bf.Scenario("baseline"), STOP))
    one = parts.sel(scenario="stop trade-in", player=str(STOP.assumptions[0]))
    assert float(one.share) == pytest.approx((stopped - base).mean(), rel=1e-9)
    assert float(parts.share.sel(scenario="stop trade-in", player=str(MORE.assumptions[1]))) == 0.0


def test_attribute_refuses(asked) -> None:
    model, known = asked
    with pytest.raises(SpecificationError, match="expected one of measure"):
        bf.attribute(model, known, by="department")
    with pytest.raises(UnknownNameError, match="nearest: retail_total_2025"):
        bf.attribute(model, known, of="retail_2025")
    with pytest.raises(UnknownNameError, match="no scenario 'none'"):
        bf.attribute(model, known, PLANS, scenario="none")
    with pytest.raises(ScenarioError, match="no scenario with assumptions"):
        bf.attribute(model, known, by="assumption")
    many = bf.Scenario("many", [bf.scale("trade_in", 0.9, start=START)] * 11)
    with pytest.raises(ScenarioError, match="11 assumptions"):
        bf.attribute(model, known, many, by="assumption", samples=10)
    plain = bf.StructuralForecaster(common=QUICK).fit(known.observations("retail_total"), bf.design(known, drivers=False))
    with pytest.raises(SpecificationError, match="no measure to attribute to"):
        bf.attribute(plain, known, samples=10)
    with pytest.raises(ScenarioError, match="moves levers and the design has no drivers"):
        bf.attribute(plain, known, STOP, by="assumption", samples=10)


def test_units_and_papers_travel(asked) -> None:
    parts = bf.attribute(*asked, by="action", samples=50)
    assert isinstance(parts, xr.Dataset)
    assert parts.attrs["basis"] == "as_printed"
    assert parts.attrs["definition"]
    assert parts.share.attrs["units"] == "1e8 CNY"
    assert parts.probability_share.attrs["units"] == "1"
