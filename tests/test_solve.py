"""What it would take: a closed form, piecewise paths, and the model's own answer plugged back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq
from synthetic import level_target, make_paths, make_target

import bayu_forecast as bf
from bayu_forecast.data.snapshot import Snapshot
from bayu_forecast.errors import HorizonError, ScenarioError, SpecificationError, UnknownNameError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.targets import evaluate
from bayu_forecast.targets.doses import margin
from bayu_forecast.targets.solve import least_dose, met_curve

ONE_CELL = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))
MU, SIGMA, GOAL, M, TAU = 15000.0, 600.0, 15500.0, 1.0, 0.4


def closed_form(b: float) -> float:
    """P(N(mu + m b, sigma^2 + tau^2 b^2) >= K)."""
    return float(stats.norm.sf((GOAL - MU - M * b) / np.hypot(SIGMA, TAU * b)))


def linear_paths(doses: np.ndarray, seed: int, *, tau: float = TAU, n: int = 20_000) -> np.ndarray:
    z = np.random.default_rng(seed).standard_normal((2, n))
    return MU + SIGMA * z[0] + (M + tau * z[1]) * doses[:, None] - GOAL


Fitted = tuple[Snapshot, bf.StructuralForecaster]


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    known = bf.load_region("chongqing").as_of("2023-01-31")
    return known, bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))


# ---- closed forms


def test_inverse_of_a_normal_response() -> None:
    doses = np.array([0.0, 5000.0])
    exact = brentq(lambda b: closed_form(b) - 0.8, 0.0, 5000.0)
    assert exact == pytest.approx(1132.8, abs=0.1)
    answers = [least_dose(doses, linear_paths(doses, seed), 0.8) for seed in range(8)]
    found = np.array([a.dose for a in answers])
    assert np.abs(found - exact).max() < 27.0
    assert found.mean() == pytest.approx(exact, abs=3 * 9.0 / np.sqrt(8))
    assert np.mean([a.standard_error for a in answers]) == pytest.approx(9.0, rel=0.2)
    for answer in answers:
        assert closed_form(answer.dose) == pytest.approx(0.8, abs=2.8 * np.sqrt(0.16 / 20_000))


def test_a_multiplier_taken_as_known_promises_too_much() -> None:
    doses = np.array([0.0, 5000.0])
    assert least_dose(doses, linear_paths(doses, 1, tau=0.0), 0.8).dose == pytest.approx(1005.0, abs=27.0)


def test_above_the_ceiling_there_is_no_dose() -> None:
    doses = np.array([0.0, 1e6])
    ceiling = stats.norm.cdf(M / TAU)
    answer = least_dose(doses, linear_paths(doses, 2), 0.999)
    assert not answer.reachable
    assert np.isnan(answer.dose)
    assert answer.ceiling == pytest.approx(ceiling, abs=3 * np.sqrt(ceiling * (1 - ceiling) / 20_000))
    assert least_dose(doses, linear_paths(doses, 2), 0.99).reachable


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 9.0))
def test_the_curve_counts_paths_that_come_and_go(seed: int, dose: float) -> None:
    doses, margins = np.arange(10.0), np.random.default_rng(seed).standard_normal((10, 37))
    at, share = met_curve(doses, margins)
    counted = np.mean([np.interp(dose, doses, m) >= 0.0 for m in margins.T])
    assert share[np.searchsorted(at, dose, side="right") - 1] == pytest.approx(counted)


def test_what_is_met_already_needs_no_dose() -> None:
    answer = least_dose([2.0, 3.0], [[1.0, 1.0, -1.0], [2.0, 2.0, 1.0]], 0.6)
    assert (answer.dose, answer.standard_error, answer.ceiling) == (2.0, 0.0, 1.0)


def test_a_margin_is_not_negative_exactly_where_the_target_is_met() -> None:
    rng = np.random.default_rng(5)
    paths = make_paths({"x": 100 + rng.standard_normal((500, 2)), "y": 50 + rng.standard_normal((500, 2))})
    share = make_target("share(y, x, 2025) about 0.5", 0.5, op="about", unit="1", tolerance=0.001, basis="survey")
    both = make_target("d(x, 2025) - 0.5 * d(y, 2025) > 0 and d(y, 2025) > 0", 0.5, op=">", unit="1", basis="constant_prices")
    below = make_target("sum(x, 2025) <= 100", 100, op="<=")
    for target in (level_target(100.5), share, both, below):
        event = evaluate(target, paths)[0]
        assert 0.1 < float(event.mean()) < 0.9
        np.testing.assert_array_equal(margin(target, paths) >= 0.0, event)


# ---- on the model


def test_plugging_the_answer_back_gives_the_probability(fitted: Fitted) -> None:
    known, model = fitted
    answer = bf.solve(model, known, lever="vouchers", probability=0.71, bounds=(0.0, 400.0), samples=1500, rng=3)
    assert bool(answer.reachable)
    error = np.sqrt(0.71 * 0.29 / 1500)
    assert float(answer.achieved) == pytest.approx(0.71, abs=2 * error)
    plan = answer["plan"].sel(lever="vouchers")
    assert float(plan.sum()) == pytest.approx(float(answer.dose))
    assert list(plan["month"].values[[0, -1]]) == ["2023-02", "2025-12"]
    steps = [bf.add("vouchers", float(v), start=str(m), end=str(m)) for m, v in zip(plan["month"].values, plan.values, strict=True)]
    with pytest.warns(bf.errors.ExtrapolationWarning):
        paths = bf.simulate(model, known, bf.Scenario("more", steps), horizon="2025-12", samples=1500, rng=3)
    again = bf.assess(paths, known.targets[0])["probability"].item()
    assert again == float(answer.achieved)
    assert answer.sizes["grid"] >= 25
    assert float(answer.curve.max()) == pytest.approx(float(answer.ceiling), abs=2 / 1500)
    assert (np.diff(answer.curve) >= 0).all()
    assert answer["dose"].attrs["units"] == "1e8 CNY"


def test_out_of_reach_is_said_with_the_ceiling(fitted: Fitted) -> None:
    known, model = fitted
    answer = bf.solve(model, known, probability=0.97, bounds=(0.0, 50.0), samples=300)
    assert not bool(answer.reachable)
    assert np.isnan(answer.dose)
    assert np.isnan(answer.achieved)
    assert float(answer.probability_without) <= float(answer.ceiling) < 0.97
    easy = bf.solve(model, known, probability=0.2, bounds=(5.0, 50.0), samples=300)
    assert float(easy.dose) == 5.0


def test_an_intensity_is_a_level_in_every_month(fitted: Fitted) -> None:
    known, model = fitted
    answer = bf.solve(model, known, lever="A2M06", probability=0.2, bounds=(0.5, 1.0), samples=300, start="2024-01")
    np.testing.assert_array_equal(answer["plan"].sel(lever="A2M06"), np.full(24, 0.5))
    assert answer["dose"].attrs["units"] == "1"


def test_a_dose_comes_on_top_of_a_scenario(fitted: Fitted) -> None:
    known, model = fitted
    shock = bf.Scenario("income falls", [bf.add("income", -0.05, start="2023-02", end="2024-01")])
    worse, plain = (bf.solve(model, known, probability=0.9, samples=300, scenario=s) for s in (shock, None))
    assert float(worse.probability_without) < float(plain.probability_without)
    assert worse.attrs["scenario"] == "income falls"


def test_several_levers_at_least_cost(fitted: Fitted) -> None:
    known, model = fitted
    ask = {"probability": 0.70, "samples": 600, "rng": 3}
    mixed = bf.solve(model, known, levers={"trade_in": 1.0, "vouchers": 1.0}, bounds={"trade_in": (0, 300), "vouchers": (0, 400)}, **ask)
    alone = bf.solve(model, known, lever="vouchers", bounds=(0, 400), **ask)
    assert float(mixed.achieved) == pytest.approx(0.70, abs=2 * np.sqrt(0.70 * 0.30 / 600))
    assert bool(alone.reachable)
    assert float(mixed.dose) == pytest.approx(float(mixed.allocation.sum()))
    assert float(mixed.dose) <= float(alone.dose) + 2 * float(alone.standard_error)
    dear = bf.solve(model, known, levers={"trade_in": 100.0, "vouchers": 1.0}, bounds=(0, 400), **ask)
    assert float(dear.allocation.sel(lever="trade_in")) < 1.0


@pytest.mark.parametrize(("change", "error", "match"), [
    ({"probability": 1.0}, SpecificationError, "strictly between 0 and 1"),
    ({"probability": float("nan")}, SpecificationError, "strictly between 0 and 1"),
    ({"bounds": (5.0, 5.0)}, SpecificationError, "lowest and the highest"),
    ({"bounds": {"vouchers": (0.0, 1.0)}}, SpecificationError, "trade_in"),
    ({"bounds": 7.0}, SpecificationError, "two numbers"),
    ({"lever": "trade-in"}, UnknownNameError, "trade_in"),
    ({"target": "retail_2025"}, UnknownNameError, "retail_total_2025"),
    ({"levers": {"trade_in": 0.0, "vouchers": 1.0}}, SpecificationError, "positive number"),
    ({"start": "2022-06"}, HorizonError, "after the date"),
    ({"start": "June"}, ScenarioError, "YYYY-MM"),
])
def test_errors(fitted: Fitted, change: dict[str, object], error: type[Exception], match: str) -> None:
    known, model = fitted
    with pytest.raises(error, match=match):
        bf.solve(model, known, **{"samples": 300, **change})


def test_no_month_left_and_no_drivers() -> None:
    known = bf.load_region("chongqing").as_of("2025-12-31")
    whole = bf.design(known)
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), whole)
    with pytest.raises(HorizonError, match="open"):
        bf.solve(model, known, samples=300)
    bare = dataclasses.replace(whole, blocks=tuple(b for b in whole.blocks if b.name != "drivers"))
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bare)
    with pytest.raises(ScenarioError, match="no drivers"):
        bf.solve(model, known, samples=300)
