"""Scenarios in Python: what is refused, what contradicts, and the algebra of assumptions on inputs."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import bayu_forecast as bf
from bayu_forecast.errors import ScenarioError, SchemaError, UnknownNameError
from bayu_forecast.scenarios import apply, decided, describe
from bayu_forecast.scenarios.places import month_label, month_number
from bayu_forecast.scenarios.units import UNITS, base_amount, factor_to

MONTHS = pd.date_range("2024-01-01", periods=36, freq="MS")
UNITS_OF = {"trade_in": "1e8 CNY a month", "income": "1", "A4M11": "1", "days_off": "days"}


def table(seed: int = 1) -> pd.DataFrame:
    frame = pd.DataFrame(np.random.default_rng(seed).uniform(0, 9, (36, 4)), index=MONTHS, columns=list(UNITS_OF))
    frame.attrs["units"] = UNITS_OF
    return frame


def after(*assumptions: object, frame: pd.DataFrame | None = None, lever: str = "trade_in", **more: object) -> np.ndarray:
    return apply(bf.Scenario("s", assumptions, **more), table() if frame is None else frame)[lever].to_numpy()


# --- the forms that the README prints ---------------------------------------------------------------------------------


def test_sets_are_joined_in_order() -> None:
    plans = bf.ScenarioSet.baseline() | bf.Scenario("stop trade-in", [bf.set_to("trade_in", 0.0, start="2025-02")])
    assert plans.names == ("baseline", "stop trade-in")
    assert (bf.Scenario("a") | bf.Scenario("b") | plans).names == ("a", "b", "baseline", "stop trade-in")
    assert plans["stop trade-in"].levers == ("trade_in",)
    with pytest.raises(KeyError):
        plans["no such"]


def test_statements_are_frozen_and_hashable() -> None:
    plans = bf.ScenarioSet.baseline() | bf.Scenario("a", [bf.hold("x", start="2025-02")], conditions=[bf.given("r", "2025", 1.0)])
    with pytest.raises(dataclasses.FrozenInstanceError):
        plans["a"].assumptions[0].lever = "y"  # type: ignore[misc]
    twin = copy.deepcopy(plans)
    assert twin == plans
    assert hash(twin) == hash(plans)


# --- algebra ----------------------------------------------------------------------------------------------------------


def test_each_operation_does_what_it_says() -> None:
    x = table()["trade_in"].to_numpy()
    future = np.arange(36) >= 13
    window = future & (np.arange(36) <= 18)
    assert (after(bf.set_to("trade_in", 2.5, start="2025-02")) == np.where(future, 2.5, x)).all()
    assert (after(bf.add("trade_in", 2.5, start="2025-02", end="2025-07")) == np.where(window, x + 2.5, x)).all()
    assert (after(bf.scale("trade_in", 1.5, start="2025-02", end="2025-07")) == np.where(window, x * 1.5, x)).all()
    assert (after(bf.hold("trade_in", start="2025-02", end="2025-07")) == np.where(window, x[12], x)).all()
    assert (after(bf.stop("trade_in", start="2025-02", end="2025-07")) == np.where(window, 0.0, x)).all()
    ramp = after(bf.ramp("trade_in", 1.0, 6.0, start="2025-02", end="2025-07"))
    np.testing.assert_allclose(ramp[window], [1, 2, 3, 4, 5, 6], rtol=1e-15)
    assert (ramp[~window] == x[~window]).all()
    paid = after(bf.tranches("trade_in", {"2025-12": 7.0, "2025-10": 5.0}, start="2025-02", end="2025-12"))
    assert (np.delete(paid, range(13, 24)) == np.delete(x, range(13, 24))).all()
    assert paid[13:24].tolist() == [0.0] * 8 + [5.0, 0.0, 7.0]
    assert (after(bf.tranches("trade_in", {"2025-10": 5.0}))[[20, 21, 22]] == [x[20], 5.0, x[22]]).all()
    event = after(bf.new_event("fair", 3.0, start="2025-10", unit="亿元", lever="trade_in"))
    assert (event == np.where(np.arange(36) == 21, x + 3.0, x)).all()
    days = table()["days_off"].to_numpy()
    assert (after(bf.holiday("National Day", -1, start="2025-10"), lever="days_off") == np.where(np.arange(36) == 21, days - 1, days)).all()


def test_delay_moves_the_plan_and_loses_no_money() -> None:
    x = table()["trade_in"].to_numpy()
    late = after(bf.delay("trade_in", 3, start="2025-02"))
    assert (late[:13] == x[:13]).all()
    assert (late[13:16] == 0.0).all()
    assert (late[16:] == x[13:33]).all()
    block = after(bf.delay("trade_in", 3, start="2025-02", end="2025-07"))
    np.testing.assert_allclose(block.sum(), x.sum(), rtol=1e-14)
    np.testing.assert_allclose(block[19:22], x[19:22] + x[16:19], rtol=1e-15)
    assert (block[22:] == x[22:]).all()


def test_start_is_the_month_after_the_date() -> None:
    assert (after(bf.stop("trade_in"), as_of="2025-12-31")[24:] == 0.0).all()
    assert (after(bf.stop("trade_in"), as_of="2025-12-31")[:24] == table()["trade_in"].to_numpy()[:24]).all()
    with pytest.raises(ScenarioError, match="has no start"):
        after(bf.stop("trade_in"))


def test_a_ramp_keeps_its_slope_behind_the_horizon() -> None:
    ramp = after(bf.ramp("trade_in", 0.0, 23.0, start="2026-01", end="2027-12"))
    np.testing.assert_allclose(ramp[24:], np.arange(12.0), rtol=1e-14)


def test_a_window_behind_the_horizon_changes_nothing() -> None:
    pd.testing.assert_frame_equal(apply(bf.Scenario("s", [bf.stop("trade_in", start="2031-01")]), table()), table(), check_exact=True)


def test_operations_compose_in_order() -> None:
    x = table()["trade_in"].to_numpy()[20]
    assert after(bf.set_to("trade_in", 4.0, start="2025-02"), bf.add("trade_in", 1.0, start="2025-02"),
                 bf.scale("trade_in", 3.0, start="2025-02"))[20] == 15.0
    assert after(bf.add("trade_in", 1.0, start="2025-02"), bf.scale("trade_in", 3.0, start="2025-02"))[20] == (x + 1.0) * 3.0
    assert after(bf.scale("trade_in", 3.0, start="2025-02"), bf.add("trade_in", 1.0, start="2025-02"))[20] == x * 3.0 + 1.0
    assert after(bf.stop("trade_in", start="2025-02", end="2025-04"), bf.hold("trade_in", start="2025-05"))[20] == 0.0


def test_units_are_converted_and_mismatches_refused() -> None:
    # 3,000 万元 = 0.3 亿元
    assert after(bf.set_to("trade_in", 3000.0, unit="万元", start="2025-02"))[20] == pytest.approx(0.3, rel=1e-15)
    income = table()["income"].to_numpy()[20]
    assert after(bf.add("income", -2.0, unit="pp", start="2025-02"), lever="income")[20] == pytest.approx(income - 0.02, rel=1e-15)
    assert after(bf.scale("trade_in", 80, unit="%", start="2025-02"))[20] == pytest.approx(table()["trade_in"].iloc[20] * 0.8, rel=1e-15)
    with pytest.raises(ScenarioError, match="lever 'income' is stated in '亿元'"):
        after(bf.add("income", 1.0, unit="亿元", start="2025-02"), lever="income")
    assert factor_to("万人次", "persons", "x") == 1e4
    assert factor_to("亿元", None, "x") == 1.0
    assert factor_to("boxes", "boxes", "x") == 1.0
    assert base_amount(1.55, "万亿元") == 15500.0
    assert base_amount(15500.0, "亿元") == 15500.0
    assert all(factor_to(unit, unit, "x") == 1.0 for unit in UNITS)


numbers = st.floats(-1e6, 1e6, allow_nan=False)
months = st.integers(month_number("2024-02"), month_number("2027-06")).map(month_label)
RELATIVE = {"add": lambda v, s, e: bf.add("trade_in", v, start=s, end=e),
            "scale": lambda v, s, e: bf.scale("trade_in", abs(v), start=s, end=e),
            "delay": lambda v, s, e: bf.delay("trade_in", 1 + int(abs(v)) % 9, start=s, end=e)}
FIRST = {"set": lambda v, s, e: bf.set_to("trade_in", v, start=s, end=e), "stop": lambda v, s, e: bf.stop("trade_in", start=s, end=e),
         "hold": lambda v, s, e: bf.hold("trade_in", start=s, end=e)}


@st.composite
def statements(draw: st.DrawFn, kinds: dict[str, object]) -> object:
    first, last = sorted([draw(months), draw(months)])
    return kinds[draw(st.sampled_from(sorted(kinds)))](draw(numbers), first, last)  # type: ignore[operator]


@settings(max_examples=200)
@given(statements({**FIRST, **RELATIVE}), st.lists(statements(RELATIVE), max_size=4))
def test_history_and_other_levers_never_change(first: object, rest: list[object]) -> None:
    inputs = table()
    result = apply(bf.Scenario("s", [first, *rest]), inputs)
    starts = min(month_number(a.start) for a in [first, *rest]) - month_number("2024-01")  # type: ignore[attr-defined]
    assert (result.to_numpy()[:starts] == inputs.to_numpy()[:starts]).all()
    pd.testing.assert_frame_equal(result.drop(columns="trade_in"), inputs.drop(columns="trade_in"), check_exact=True)
    pd.testing.assert_frame_equal(inputs, table(), check_exact=True)
    assert result.attrs == inputs.attrs


@settings(max_examples=100)
@given(statements({**FIRST, **RELATIVE}), st.lists(statements(RELATIVE), max_size=3), st.lists(statements(RELATIVE), max_size=3))
def test_one_scenario_is_its_parts_one_after_the_other(first: object, some: list[object], more: list[object]) -> None:
    whole = apply(bf.Scenario("s", [first, *some, *more]), table())
    parts = apply(bf.Scenario("b", more), apply(bf.Scenario("a", [first, *some]), table()))
    pd.testing.assert_frame_equal(whole, parts, check_exact=True)


@given(months, numbers)
def test_identities(start: str, value: float) -> None:
    same = table()
    for nothing in ([], [bf.scale("trade_in", 1.0, start=start)], [bf.add("trade_in", 0.0, start=start)],
                    [bf.add("income", 0.0, unit="%", start=start)], [bf.scale("trade_in", 100, unit="%", start=start)]):
        result = apply(bf.Scenario("s", nothing), same)
        assert result.to_numpy().tobytes() == same.to_numpy().tobytes()
        assert result is not same
    stopped = after(bf.stop("trade_in", start=start), bf.add("trade_in", value, start=start))
    assert (stopped == after(bf.set_to("trade_in", value, start=start))).all()
    assert (after(bf.set_to("trade_in", 0.0, start=start)) == after(bf.scale("trade_in", 0.0, start=start))).all()


def test_conditions_change_no_input() -> None:
    scenario = bf.Scenario("s", conditions=[bf.given("retail_total", "2025", 5.0, measure="growth", unit="%")])
    pd.testing.assert_frame_equal(apply(scenario, table()), table(), check_exact=True)


def test_decided_months_are_those_of_what_is_set() -> None:
    window = (np.arange(36) >= 13) & (np.arange(36) <= 18)
    for word, months in [(bf.set_to("trade_in", 1.0, start="2025-02", end="2025-07"), window),
                         (bf.stop("trade_in", start="2025-02"), np.arange(36) >= 13), (bf.stop("trade_in"), np.arange(36) >= 24),
                         (bf.tranches("trade_in", {"2025-02": 1.0, "2025-07": 1.0}), window),
                         (bf.scale("trade_in", 2.0, start="2025-02"), np.zeros(36, bool)),
                         (bf.delay("trade_in", 2, start="2025-02"), np.zeros(36, bool))]:
        mask = decided(bf.Scenario("s", [word], as_of="2025-12-31"), table())
        assert (mask["trade_in"].to_numpy() == months).all()
        assert not mask.drop(columns="trade_in").to_numpy().any()
    with pytest.raises(UnknownNameError):
        decided(bf.Scenario("s", [bf.stop("tradein", start="2025-02")]), table())


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_unknown_lever_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown lever 'tradein'. Expected a known name; nearest: trade_in") as caught:
        after(bf.stop("tradein", start="2025-02"))
    assert caught.value.fields["names"] == ["tradein"]


@pytest.mark.parametrize("early", [bf.stop("trade_in", start="2023-12"), bf.hold("trade_in", start="2024-01")])
def test_date_before_the_data(early: object) -> None:
    with pytest.raises(ScenarioError, match="starts before the data. Expected a start from 2024-0[12] on"):
        after(early)


def test_numbers_beyond_the_largest() -> None:
    with pytest.raises(ScenarioError, match="beyond the largest number"), np.errstate(over="ignore"):
        after(bf.set_to("trade_in", 1e300, start="2025-02"), bf.scale("trade_in", 1e300, start="2025-02"))


@pytest.mark.parametrize("frame", [
    table().reset_index(drop=True), table().iloc[::2], table().iloc[:0], pd.concat([table(), table()], axis=1), table().astype(int),
    table().replace(table().iloc[3, 0], np.nan),
])
def test_inputs_that_are_no_inputs(frame: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="inputs of a scenario"):
        apply(bf.Scenario("s"), frame)


SECOND = [bf.set_to("a", 1.0, start="2025-03"), bf.stop("a", start="2025-03"), bf.hold("a", start="2025-03"),
          bf.ramp("a", 0.0, 1.0, start="2025-03", end="2025-09"), bf.tranches("a", {"2025-03": 1.0})]


@pytest.mark.parametrize("second", SECOND, ids=str)
@pytest.mark.parametrize("first", [*SECOND, bf.add("a", 1.0, start="2025-03"), bf.scale("a", 2.0, start="2025-03"),
                                   bf.delay("a", 6, start="2024-10", end="2024-12")], ids=str)
def test_nothing_is_erased_in_silence(first: object, second: object) -> None:
    with pytest.raises(ScenarioError) as caught:
        bf.Scenario("s", [first, second])
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_what_does_not_meet_does_not_contradict() -> None:
    bf.Scenario("s", [bf.stop("a", start="2025-03", end="2025-05"), bf.set_to("a", 1.0, start="2025-06"), bf.stop("b", start="2025-03")])
    bf.Scenario("s", [bf.new_event(name, 1.0, start=start) for name, start in (("x", "2025-03"), ("x", "2026-03"), ("y", "2025-03"))])
    with pytest.raises(ScenarioError, match="repeats"):
        bf.Scenario("s", [bf.new_event("x", 1.0, start="2025-03"), bf.new_event("x", 2.0, start="2025-02", end="2025-04")])


@pytest.mark.parametrize("make", [
    lambda: bf.set_to("a", float("nan"), start="2025-01"), lambda: bf.set_to("a", "5", start="2025-01"), lambda: bf.set_to("", 1.0),
    lambda: bf.set_to("a", True, start="2025-01"), lambda: bf.set_to("a\nb", 1.0), lambda: bf.set_to("a", 1.0, start="2025-1"),
    lambda: bf.set_to("a", 1.0, start="２０２５-01"), lambda: bf.scale("a", -1.0), lambda: bf.delay("a", 0), lambda: bf.delay("a", 700),
    lambda: bf.tranches("a", {}), lambda: bf.new_event("", 1.0, start="2025-01"), lambda: bf.new_event("x", 1.0, start=""),
    lambda: bf.set_to("a", 1.0, unit="months"), lambda: bf.set_to("a", 1.0, note="x" * 500), lambda: bf.given("r", "2025-13", 1.0),
    lambda: bf.given("r", "2025-01..2026-02", 1.0), lambda: bf.given("r", "2025", -1.0), lambda: bf.given("r", "2025", 1.0, unit="%"),
    lambda: bf.given("r", "2025", -100, measure="growth", unit="%"), lambda: bf.impose("r", "2025", 1.0, sd=-1.0),
    lambda: bf.tilt("x"), lambda: bf.tilt("x", probability=0.0), lambda: bf.tilt("x", probability=1.0), lambda: bf.tilt("x", mean=1.0),
    lambda: bf.tilt("x", probability=0.5, unit="%"), lambda: bf.Scenario(" "), lambda: bf.Scenario("s", [bf.given("r", "2025", 1.0)]),
    lambda: bf.Scenario("s", 5), lambda: bf.Scenario("s", as_of="2025-02"), lambda: bf.Scenario("s", weight=0.0),
    lambda: bf.Scenario("s", weight=1.5), lambda: bf.Scenario("baseline", [bf.stop("a")]), lambda: bf.Scenario("s") | bf.Scenario("s"),
    lambda: bf.ScenarioSet.baseline() | bf.ScenarioSet.baseline(), lambda: bf.Question(lever="a"), lambda: bf.Question(horizon="2025"),
    lambda: bf.Question(lever="a", target="t", probability=0.5, bounds=(3.0, 1.0)),
])
def test_one_clear_error(make: object) -> None:
    with pytest.raises(ScenarioError, match=r"(?s)Expected .*\. Next step: .*\.$"):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("make", [lambda: bf.given("r", "2025", 1.0, measure="levels")])
def test_unknown_words(make: object) -> None:
    with pytest.raises(UnknownNameError, match="nearest: level"):
        make()  # type: ignore[operator]


# --- weights and questions --------------------------------------------------------------------------------------------


def test_storylines_without_weights_are_never_averaged() -> None:
    weighted = bf.Scenario("a", weight=0.25) | bf.Scenario("b", weight=0.75)
    assert weighted.average({"a": 4.0, "b": 8.0}) == 7.0
    assert (bf.ScenarioSet.baseline() | weighted).weights == {"baseline": 0.0, "a": 0.25, "b": 0.75}
    for plans in (bf.Scenario("a") | bf.Scenario("b"), weighted | bf.Scenario("c"), bf.ScenarioSet(()), bf.ScenarioSet.baseline()):
        with pytest.raises(ScenarioError, match="without a weight"):
            plans.average({"a": 1.0, "b": 1.0, "c": 1.0, "baseline": 1.0})
    with pytest.raises(ScenarioError, match=r"weights sum to 1\.25"):
        (weighted | bf.Scenario("c", weight=0.25)).average({"a": 1.0, "b": 1.0, "c": 1.0})


def test_two_questions_do_not_mix() -> None:
    asks = bf.ScenarioSet((bf.Scenario("a"),), bf.Question(region="home"))
    assert (bf.ScenarioSet.baseline() | asks | bf.Scenario("b")).question == bf.Question(region="home")
    with pytest.raises(ScenarioError, match="different questions"):
        asks | bf.ScenarioSet((bf.Scenario("b"),), bf.Question(region="elsewhere"))


def test_description_lists_every_statement() -> None:
    scenario = bf.Scenario("s", [bf.stop("a", start="2025-02")], weight=1.0, conditions=[bf.tilt("x > 1", probability=0.5)])
    text = describe(bf.ScenarioSet((scenario,), bf.Question(lever="a", target="t", probability=0.5, bounds=(0.0, 9.0))))
    for words in ("stop a (2025-02 to the end)", "x > 1 with probability 0.5", "weight 1", "dose of a between 0 and 9 native for 0.5 of t"):
        assert words in text


# --- pins -------------------------------------------------------------------------------------------------------------

spans = st.one_of(st.just((1, 12)), st.integers(1, 12).map(lambda m: (m, m)), st.integers(2, 12).map(lambda m: (1, m)))


@settings(max_examples=300)
@given(st.dictionaries(spans, st.integers(1, 14).map(lambda v: 100.0 * v), min_size=1, max_size=5))
def test_pins_are_refused_exactly_if_no_months_meet_them(stated: dict[tuple[int, int], float]) -> None:
    pins = [bf.given("r", f"2025-{a:02d}" if a == b else "2025" if (a, b) == (1, 12) else f"2025-{a:02d}..2025-{b:02d}", value)
            for (a, b), value in stated.items()]
    rows = [[float(a <= month <= b) for month in range(1, 13)] for a, b in stated]
    feasible = linprog(np.zeros(12), A_eq=rows, b_eq=list(stated.values()), bounds=(0, None)).status == 0
    if feasible:
        assert bf.Scenario("s", conditions=pins).conditions == tuple(pins)
        return
    with pytest.raises(ScenarioError, match="cannot hold together") as caught:
        bf.Scenario("s", conditions=pins)
    # those named cannot hold together even without the others
    named = [str(pin) in str(caught.value) for pin in pins]
    blamed = [row for row, guilty in zip(rows, named, strict=True) if guilty]
    values = [value for value, guilty in zip(stated.values(), named, strict=True) if guilty]
    assert linprog(np.zeros(12), A_eq=blamed, b_eq=values, bounds=(0, None)).status == 2


def test_growth_between_two_pinned_levels() -> None:
    levels = [bf.given("r", "2024", 100.0), bf.given("r", "2025", 105.0)]
    bf.Scenario("s", conditions=[*levels, bf.given("r", "2025", 5.0, measure="growth", unit="%")])
    bf.Scenario("s", conditions=[*levels, bf.given("other", "2025", 6.0, measure="growth", unit="%")])
    with pytest.raises(ScenarioError, match="not that of the levels"):
        bf.Scenario("s", conditions=[*levels, bf.given("r", "2025", 6.0, measure="growth", unit="%")])


@pytest.mark.parametrize("pair", [
    (bf.given("r", "2025", 1.0), bf.given("r", "2025-01..2025-12", 1.0)), (bf.given("r", "2025", 1.0), bf.impose("r", "2025", 1.0, sd=1.0)),
    (bf.tilt("x > 1", probability=0.2), bf.tilt("x > 1", probability=0.3)),
])
def test_one_condition_a_figure(pair: tuple[object, object]) -> None:
    with pytest.raises(ScenarioError, match="speak of the same figure"):
        bf.Scenario("s", conditions=pair)
