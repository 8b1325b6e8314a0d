"""Drivers: inputs as known at a date, levers, responses against dense convolution, money that balances, honest labels."""

from __future__ import annotations

import dataclasses
import datetime as dt

import hypothesis.extra.numpy as hnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, lognorm, norm

import bayu_forecast as bf
from bayu_forecast import drivers
from bayu_forecast.errors import SchemaError, SpecificationError, UnknownNameError, ValueRangeError
from bayu_forecast.specs import SHAPE_WEIGHTS, DriverShape, DriverSpec

DATES = ("2012-06-30", "2021-04-30", "2024-06-30", "2024-08-31", "2025-01-10", "2025-01-31", "2025-08-31", "2026-09-01")
MONTHS = pd.date_range("2020-01", "2028-12", freq="MS")


@pytest.fixture(scope="module")
def city():
    return bf.load_region("chongqing")


def own_rows(known):
    return drivers.rows_for(known.drivers, known.name, known.region.leans_on, known.driver_specs)


def spec(**changes):
    shapes = tuple(DriverShape(label=s, rho=r, horizon=h) for s, r, h in zip(SHAPE_WEIGHTS, (0.3, 0.5, 0.8), (9, 6, 4), strict=True))
    plain = {"id": "d", "zh": "", "en": "d", "kind": "money", "unit": "1e8 CNY", "nature": "planned", "scope": "own", "theta": 0.3,
             "shapes": shapes, "family": "lognormal", "parameters": (2.0, 0.5), "published": dt.date(2019, 12, 31), "reading": "r",
             "indicator": "i"}
    return DriverSpec(**plain | changes)


# --- specifications ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "parameters", "law"), [
    ("lognormal", (2.6, 0.52), lognorm(0.52, scale=2.6)), ("normal", (0.01, 0.01), norm(0.01, 0.01)),
    ("beta", (2.0, 3.0, 0.25), beta(2, 3, scale=0.25))])
def test_moments_of_a_prior_are_those_of_its_law(family, parameters, law):
    made = spec(family=family, parameters=parameters)
    assert made.mean == pytest.approx(law.mean(), rel=1e-12)
    assert made.sd == pytest.approx(law.std(), rel=1e-12)


@pytest.mark.parametrize(("changes", "message"), [
    ({"kind": "cash"}, "kind 'cash' is none of money"), ({"nature": "sure"}, "nature 'sure'"), ({"after": "stay"}, "after 'stay'"),
    ({"shapes": ()}, "one shape for each of low"), ({"parameters": (1.0,)}, "takes 2 numbers"),
    ({"parameters": (1.0, 0.0)}, "parameters out of range"), ({"theta": 1.0}, "theta out of range"), ({"kappa": 0.0}, "kappa out of range"),
    ({"continuation_probability": 1.1}, "continuation_probability out of range"),
    ({"shapes": tuple(DriverShape(label=s, rho=0.5, horizon=0) for s in SHAPE_WEIGHTS)}, "horizon out of range")])
def test_a_driver_that_cannot_be_is_refused(changes, message):
    with pytest.raises(SpecificationError, match=message):
        spec(**changes)


def test_an_unknown_shape_is_named():
    with pytest.raises(UnknownNameError, match="no shape 'steep', only low, middle, high"):
        spec().shape("steep")


def test_the_grid_of_shapes_carries_the_moments_of_the_share_borrowed(city):
    """Weights .25 .5 .25 on mean and mean +- sd sqrt(2) keep mean and variance; the stored points are rounded."""
    weights = np.array(list(SHAPE_WEIGHTS.values()))
    laws = {"purchase_tax": beta(5, 3), "vouchers": beta(3, 5), "events": beta(2, 6)}
    for made in city.latest().driver_specs:
        rho = np.array([s.rho for s in made.shapes])
        assert [s.rho for s in made.shapes] == sorted(rho)
        if made.id in laws:
            mean = weights @ rho
            assert mean == pytest.approx(laws[made.id].mean(), abs=0.01)
            assert np.sqrt(weights @ (rho - mean) ** 2) == pytest.approx(laws[made.id].std(), abs=0.01)


# --- what was known when -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("date", DATES)
def test_nothing_about_drivers_is_known_before_its_date(city, date):
    known, day = city.as_of(date), pd.Timestamp(date)
    assert known.drivers["announced"].le(day).all()
    assert known.effects["published"].le(day).all()
    assert all(pd.Timestamp(s.published) <= day for s in known.driver_specs)
    studies = set(known.effects["id"])
    assert all(set(s.evidence) <= studies for s in known.driver_specs), "a prior rests on a study that was not out"
    assert len(known.policy) == (30 if day >= pd.Timestamp("2021-04-30") else 0)


def test_rows_poisoned_after_the_date_change_nothing(city):
    tables = []
    for own in city.tables:
        late, unheard = own.drivers["announced"].gt("2025-01-31"), own.driver_specs["published"].gt("2025-01-31")
        poisoned = own.drivers.assign(value=own.drivers["value"].where(~late, 1e9))
        specs = own.driver_specs.assign(parameters=own.driver_specs["parameters"].where(~unheard, "99 9"))
        tables.append(dataclasses.replace(own, drivers=poisoned, driver_specs=specs))
    clean, known = city.as_of("2025-01-31"), dataclasses.replace(city, tables=tuple(tables)).as_of("2025-01-31")
    pd.testing.assert_frame_equal(known.drivers, clean.drivers)
    assert known.driver_specs == clean.driver_specs
    assert any(t.drivers["value"].eq(1e9).any() for t in tables)


def test_every_dated_prior_narrows_or_stays_as_evidence_comes(city):
    for name in {s.id for s in city.latest().driver_specs} - {"nev_purchase_tax"}:
        relative = []
        for date in DATES:
            made = next(s for s in city.as_of(date).driver_specs if s.id == name)
            relative.append(made.sd / abs(made.mean))
        assert relative == sorted(relative, reverse=True), name


def test_the_tranches_of_2025_add_up_to_what_was_known(city):
    """Announced: 810 by January, 3000 for the year by March, all of it by the end of September."""
    for date, total in (("2025-01-31", 4 * 810), ("2025-03-31", 3000), ("2025-04-30", 3000), ("2025-09-30", 3000), ("2026-09-01", 3000)):
        known = city.as_of(date).drivers
        year = known[known["region"].eq("china") & known["driver"].eq("trade_in") & known["programme"].eq("2025")]
        assert year["value"].sum() == pytest.approx(total, abs=1e-4), date
    known = city.as_of("2025-01-31").drivers
    stated = known[known["region"].eq("china") & known["programme"].eq("2025")].set_index("month")["status"]
    assert stated["2025-03-01"] == "announced"
    assert stated["2025-04-01"] == "assumed"


def test_statements_repeat_the_figures_they_name():
    from bayu_forecast.data.building.figures import read_figures
    timeline, finds = read_figures("policy_timeline.csv"), read_figures("chongqing_drivers.csv")
    printed = pd.concat([timeline.rename(columns={"event_id": "event"})[["event", "value"]],
                         finds.rename(columns={"series": "event"})[["event", "value"]]])
    stated = read_figures("driver_statements.csv")
    money = stated[stated["driver"].isin(["trade_in", "vouchers", "events"]) & stated["status"].ne("assumed")]
    checked = 0
    for row in money[money["event"].isin(printed["event"])].itertuples():
        values = [float(v) for v in printed.loc[printed["event"].eq(row.event), "value"]]
        if "less" not in row.note:
            assert float(row.amount) in values, row
            checked += 1
    assert checked >= 12
    tax = stated[stated["driver"].eq("purchase_tax")]
    rates = timeline.set_index("event_id").loc[tax["event"], "value"].replace("", np.nan).astype(float).groupby(level=0).last()
    assert {e: 1 - r / 10 for e, r in rates.items()} == pytest.approx(dict(zip(tax["event"], tax["amount"].astype(float), strict=True)))


def test_the_citys_money_is_what_it_paid_and_a_labelled_share_of_the_rest(city):
    known = city.as_of("2025-01-31").drivers
    own = known[known["region"].eq("chongqing") & known["driver"].eq("trade_in")]
    assert own.loc[own["programme"].eq("2024"), "value"].sum() == pytest.approx(36.4)
    later = own[own["programme"].eq("2025")]
    assert later["status"].eq("assumed").all()
    assert later["half_width"].gt(0.3 * later["value"]).all()
    assert later["value"].sum() == pytest.approx(36.4 / 1500 * 3240, rel=2e-3)
    before = city.as_of("2025-01-10").drivers
    assert before.loc[before["region"].eq("chongqing") & before["programme"].eq("2025"), "value"].iloc[0] == pytest.approx(270 * 0.0321)


# --- input paths -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("date", DATES)
def test_paths_are_history_and_announcements_in_one_piece(city, date):
    known = city.as_of(date)
    paths = drivers.input_paths(own_rows(known), known.driver_specs, MONTHS, date)
    assert paths.shape == (len(MONTHS), len(known.driver_specs))
    assert np.isfinite(paths.to_numpy()).all()
    end = drivers.announced_end(own_rows(known), known.driver_specs[0], date)
    more = drivers.continuation(own_rows(known), known.driver_specs, MONTHS, date)
    if end is None:
        assert (more["trade_in"] == 0).all()
    else:
        assert (paths.loc[paths.index > end, "trade_in"] == 0).all()
        assert (more.loc[more.index <= end, "trade_in"] == 0).all()
        assert (more.loc[more.index > end, "trade_in"] > 0).all()


def test_a_programme_that_ended_long_ago_does_not_go_on(city):
    known = city.as_of("2021-04-30")
    tax = next(s for s in known.driver_specs if s.id == "purchase_tax")
    assert drivers.announced_end(own_rows(known), tax, known.as_of) is None
    path = drivers.input_paths(own_rows(known), known.driver_specs, pd.date_range("2015-09", "2018-01", freq="MS"), known.as_of)
    assert path["purchase_tax"].tolist() == [0.0] + [0.5] * 15 + [0.25] * 12 + [0.0]


def test_structural_measures_rise_over_five_years_and_stay(city):
    known = city.as_of("2021-04-30")
    path = drivers.input_paths(own_rows(known), known.driver_specs, MONTHS, known.as_of)["structural"]
    assert path["2021-04-01"] == 0.0
    assert path["2021-05-01"] == pytest.approx(1 / 60)
    assert path["2026-04-01"] == 1.0
    assert (path["2026-04-01":] == 1.0).all()
    assert (np.diff(path) >= 0).all()


def test_rows_that_are_only_shown_enter_on_request(city):
    known = city.as_of("2026-09-01")
    hidden, shown = (drivers.input_paths(own_rows(known), known.driver_specs, MONTHS, known.as_of, shown=s) for s in (False, True))
    assert (hidden["events"] == 0).all()
    assert shown["events"].sum() == pytest.approx(167.0)


def test_inputs_of_two_regions_or_of_the_future_are_refused(city):
    known = city.as_of("2025-01-31")
    with pytest.raises(SchemaError, match="several regions"):
        drivers.input_paths(known.drivers, known.driver_specs, MONTHS, known.as_of)
    with pytest.raises(SchemaError, match=r"announced after 2024-12-31: trade_in of 20\d\d-\d\d on 2025-01"):
        drivers.input_paths(own_rows(known).sort_values("announced", ascending=False), known.driver_specs, MONTHS, "2024-12-31")
    with pytest.raises(SchemaError, match="without a specification: .*'trade_in'"):
        drivers.input_paths(own_rows(known), known.driver_specs[1:], MONTHS, known.as_of)
    with pytest.raises(SchemaError, match=r"lack \['use'\]"):
        drivers.input_paths(own_rows(known).drop(columns="use"), known.driver_specs, MONTHS, known.as_of)


def test_a_region_without_money_of_its_own_takes_a_share_of_the_nations():
    known = bf.load_region("sichuan").as_of("2025-01-31")
    with_share = drivers.rows_for(known.drivers, known.name, "china", known.driver_specs, share=0.06)
    assert set(with_share["region"]) == {"sichuan"}
    path = drivers.input_paths(with_share, known.driver_specs, MONTHS, known.as_of)["trade_in"]
    assert path["2024-09-01"] == pytest.approx(18.0)
    without = drivers.rows_for(known.drivers, known.name, "china", known.driver_specs)
    assert set(without["driver"]) == {"purchase_tax", "nev_purchase_tax"}


# --- levers ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(city):
    known = city.as_of("2025-01-31")
    paths = drivers.input_paths(own_rows(known), known.driver_specs, MONTHS, known.as_of)
    return paths, known.levers, drivers.lever_inputs(paths, known.levers), known.driver_specs


def test_all_levers_are_inputs(table):
    paths, levers, inputs, specs = table
    assert inputs.shape[1] == len(specs) + 8 + 30
    assert (inputs.drop(columns=paths.columns) == 1.0).all(axis=None)
    kinds = drivers.lever_table(levers, specs)
    assert kinds["kind"].value_counts().to_dict() == {"driver": len(specs), "action": 8, "measure": 23, "safeguard": 7}
    assert set(kinds["lever"]) == set(inputs.columns)


def test_levers_as_planned_leave_every_bit(table):
    paths, levers, inputs, _ = table
    pd.testing.assert_frame_equal(drivers.apply_intensities(paths, levers, inputs), paths, check_exact=True)


def test_every_responsibility_moves_something(table):
    paths, levers, inputs, _ = table
    full = paths.assign(vouchers=1.0, events=1.0)
    for name in inputs.columns.drop(paths.columns):
        moved = drivers.apply_intensities(full, levers, inputs.assign(**{name: 0.0}))
        assert (moved <= full).all(axis=None), name
        assert (moved < full).any(axis=None), name


def test_an_action_is_its_measures_together(table):
    paths, levers, inputs, _ = table
    measures = [c for c in inputs if c.startswith("A4M")]
    by_action = drivers.apply_intensities(paths, levers, inputs.assign(A4=0.3))
    by_measure = drivers.apply_intensities(paths, levers, inputs.assign(**dict.fromkeys(measures, 0.3)))
    pd.testing.assert_frame_equal(by_action, by_measure, rtol=1e-12)


def test_without_any_measure_nothing_structural_is_left_and_money_of_the_nation_stays(table):
    paths, levers, inputs, _ = table
    none = drivers.apply_intensities(paths, levers, inputs.assign(**{f"A{i}": 0.0 for i in range(1, 9)}))
    assert np.abs(none["structural"]).max() < 1e-12
    np.testing.assert_allclose(none["trade_in"], 0.9 * paths["trade_in"], rtol=1e-12)


def test_safeguards_cannot_pay_more_than_the_whole(table):
    paths, levers, inputs, _ = table
    strong = drivers.apply_intensities(paths, levers, inputs.assign(**{f"S{i}": 50.0 for i in range(1, 8)}))
    np.testing.assert_allclose(strong["trade_in"], 1.25 * paths["trade_in"], rtol=1e-12)
    weak = drivers.apply_intensities(paths, levers, inputs.assign(**{f"S{i}": 0.0 for i in range(1, 8)}))
    np.testing.assert_allclose(weak["trade_in"], beta(8, 2).ppf(0.05) / 0.8 * paths["trade_in"], rtol=0.01)


def test_impossible_intensities_are_refused(table):
    paths, levers, inputs, _ = table
    for bad in (-0.1, np.nan):
        with pytest.raises(SchemaError, match=r"intensities of \['A1M01'\] are negative or missing"):
            drivers.apply_intensities(paths, levers, inputs.assign(A1M01=bad))
    with pytest.raises(SchemaError, match="different months"):
        drivers.apply_intensities(paths, levers, inputs.iloc[1:])
    with pytest.raises(SchemaError, match="drivers without an input path"):
        drivers.lever_inputs(paths.drop(columns="events"), levers)
    with pytest.raises(SchemaError, match=r"lacks \['role'\]"):
        drivers.lever_inputs(paths, levers.drop(columns="role"))


# --- responses ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(money=hnp.arrays(float, 30, elements=st.floats(0, 50)), rho=st.floats(0, 1), horizon=st.integers(1, 24), theta=st.floats(0, 0.9))
def test_the_response_is_the_dense_convolution_and_balances(money, rho, horizon, theta):
    made, sales = spec(theta=theta), 1300.0
    shape = DriverShape(label="low", rho=rho, horizon=horizon)
    padded = np.concatenate([money, np.zeros(200)])
    got = drivers.responses(made, padded, shape, sales)
    a, p = drivers.carry_over(theta), np.append(0.0, 2.0 * np.arange(horizon, 0, -1) / (horizon * (horizon + 1)))
    borrowed = rho * np.convolve(a, p)
    kernel = np.append(a, np.zeros(borrowed.size - a.size)) - borrowed
    np.testing.assert_allclose(got, np.convolve(padded / sales, kernel)[: padded.size], atol=1e-13)
    assert got.sum() * sales == pytest.approx((1 - rho) * money.sum(), abs=1e-9)


def test_a_saturated_response_bends_and_its_ceiling_is_set_once():
    made = spec(kappa=0.02, theta=0.0)
    shape = DriverShape(label="low", rho=0.0, horizon=0)
    small, large = (drivers.responses(made, [m], shape, 1000.0)[0] for m in (0.1, 100.0))
    assert small == pytest.approx(0.0001, rel=1e-4)
    assert large == pytest.approx(0.02 * np.tanh(5.0))
    assert drivers.ceiling(made, [0.0, 7.0], 1400.0) == pytest.approx(0.015)
    assert drivers.ceiling(made, [0.0], 1400.0) == 0.02
    assert drivers.ceiling(made, [], 1400.0) == 0.02
    assert drivers.ceiling(spec(), [7.0], 1400.0) == np.inf


def test_income_growth_becomes_a_level_at_the_stated_speed():
    income = next(s for s in bf.load_region("chongqing").latest().driver_specs if s.id == "income")
    shock = np.r_[np.full(12, -0.03), np.zeros(240)]
    response = drivers.responses(income, shock, income.shape("middle"), 1.0)
    assert response[-1] == pytest.approx(-0.03, rel=1e-9)
    gap = response + 0.03
    assert gap[36] / gap[24] == pytest.approx(0.7, abs=0.02)


def test_a_response_needs_numbers_and_sales():
    shape = DriverShape(label="low", rho=0.0, horizon=0)
    with pytest.raises(ValueRangeError, match="not all numbers"):
        drivers.responses(spec(), [1.0, np.nan], shape, 1000.0)
    with pytest.raises(ValueRangeError, match="must be positive"):
        drivers.responses(spec(), [1.0], shape, 0.0)


def test_the_unpaid_stock_is_what_later_months_repay():
    """Everything borrowed by the date shows up, with the sign turned, as the payback of the months after it."""
    made, sales, m = spec(theta=0.0), 1200.0, 2.5
    shape = made.shape("middle")
    paid = pd.Series(np.r_[np.full(8, 6.0), np.zeros(30)], index=pd.date_range("2024-08", periods=38, freq="MS"))
    stock = drivers.unpaid_stock(made, paid, shape, "2025-03-31", m, sales)
    future = m * sales * drivers.responses(made, paid.to_numpy(), shape, sales)[8:]
    assert stock == pytest.approx(-future.sum(), rel=1e-12)
    assert drivers.unpaid_stock(made, paid, shape, "2024-08-30", m, sales) == 0.0
    assert drivers.unpaid_stock(made, paid, shape, "2024-08-31", m, sales) == pytest.approx(0.5 * m * 6.0)
    np.testing.assert_allclose(drivers.unpaid_stock(made, paid, shape, "2025-03-31", [1.0, m], sales), [stock / m, stock])
    with pytest.raises(ValueRangeError, match="not money"):
        drivers.unpaid_stock(spec(kind="intensity"), paid, shape, "2025-03-31", m, sales)


# --- honesty -----------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None, derandomize=True)
@given(prior=st.floats(0.1, 10), noise=st.floats(0.1, 10), information=st.floats(0, 100))
def test_contraction_is_that_of_the_conjugate_normal(prior, noise, information):
    posterior = (1 / prior**2 + information / noise**2) ** -0.5
    share = information * prior**2 / (information * prior**2 + noise**2)
    assert drivers.contraction(prior, posterior) == pytest.approx(share, abs=1e-9)
    assert drivers.label(share) == ("prior-driven" if share < 0.2 else "data-informed")


def test_contraction_of_an_impossible_spread_is_refused():
    with pytest.raises(ValueRangeError, match="positive prior"):
        drivers.contraction(0.0, 1.0)


def test_an_input_beyond_history_is_flagged_and_one_inside_is_not():
    months = pd.date_range("2025-01", periods=3, freq="MS")
    seen = pd.DataFrame({"a": [0.0, 5.0, 2.0], "b": [1.0, 1.0, 1.0]}, index=months)
    asked = pd.DataFrame({"a": [5.0, 0.0, 1.0], "b": [1.0, 0.5, 1.0]}, index=months)
    assert drivers.beyond_history(seen, asked)["beyond"].to_dict() == {"a": False, "b": True}
    with pytest.raises(ValueRangeError, match="at least one month"):
        drivers.beyond_history(seen.iloc[:0], asked)
