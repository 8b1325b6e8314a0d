"""Targets: the language, events against closed forms, the verdict and the joint table."""

from __future__ import annotations

import math
import string

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats
from synthetic import level_target, make_paths, make_target

import bayu_forecast as bf
from bayu_forecast._numeric.streams import normals
from bayu_forecast.errors import HorizonError, PeriodError, SchemaError, SmallSampleWarning, TargetError, ValueRangeError
from bayu_forecast.paths import annual_sum
from bayu_forecast.paths.grammar import Call
from bayu_forecast.targets import assess, evaluate, joint, parse_expression, required_growth

N = 20_000


def contribution(value: float = 0.5, **more):
    """Consumption's increment above a share of a positive increment of output."""
    return make_target(f"d(c, 2025) - {value} * d(y, 2025) > 0 and d(y, 2025) > 0", value, id="contribution", op=">", unit="1",
                       basis="constant_prices", **more)


def share_target(value: float = 0.4, **more):
    """A share of about a value."""
    return make_target(f"share(s, c, 2025) about {value}", value, id="share", op="about", unit="1", tolerance=0.01, basis="survey", **more)


@pytest.fixture(scope="module")
def lognormal():
    """One series, log-normal annual total 2025 with median 100 and log standard deviation 0.1."""
    z = normals(11, "lognormal", 1, N)[0]
    return make_paths({"x": np.stack([np.full(N, 95.0), 100 * np.exp(0.1 * z)], axis=1)}, last_total=94.0, last_year=2024)


# ---- the language


def test_expressions_are_linear():
    (condition,) = parse_expression("2 * (sum(a, 2025) - sum(b, 2024)) + 3 >= -(4 - 1) + 0.5 * sum(a, 2025)")
    assert dict(condition.terms) == {Call("sum", ("a",), 2025): 1.5, Call("sum", ("b",), 2024): -2.0}
    assert (condition.op, condition.threshold) == (">=", -6.0)
    first, second = parse_expression("d(c, 2025) - 0.5*d(y, 2025) > 0 and d(y, 2025) > 0")
    assert dict(first.terms)[Call("d", ("y",), 2025)] == -0.5
    assert second.threshold == 0.0
    assert parse_expression("growth(x, 2025) - growth(region:x, 2025) >= 0")[0].terms[1][0].series == ("region:x",)
    assert parse_expression("share(a, about_b, 2025) about 4e-1")[0].op == "about"


@given(a=st.floats(-1e6, 1e6), b=st.floats(-1e6, 1e6), k=st.floats(-1e3, 1e3).filter(bool))
def test_rearranged_expressions_say_the_same(a, b, k):
    left = parse_expression(f"{k!r} * sum(x, 2025) + {a!r} > {b!r}")[0]
    right = parse_expression(f"0 - {b!r} + {k!r} * sum(x, 2025) > -({a!r})")[0]
    assert left == right
    assert left.threshold == pytest.approx(b - a)


REFUSED = {
    "sum(x, 2025) >= 1 and": 22,
    "sum(x.y, 2025) >= 1": 6,
    "open(x, 2025) >= 1": 1,
    "sum(x, 2025) ** 2 > 1": 14,
    "sum('x', 2025) > 1": 5,
    "sum(x, 2025) == 1": 14,
    "sum(x, 2025)": 1,
    "1 > 0": 1,
    "sum(x, 2025) - sum(x, 2025) > 0": 1,
    "x >= 1": 1,
    "sum(x, 2025) / 2 > 1": 14,
    "sum(x, 2025) * sum(y, 2025) > 1": 1,
    "0 < sum(x, 2025) < 1": 1,
    "sum(x, 2025) > 1 or sum(x, 2025) < 0": 1,
    "not sum(x, 2025) > 1": 1,
    "sum(x) > 1": 1,
    "share(x, 2025) > 1": 1,
    "sum(x, y, 2025) > 1": 1,
    "sum(x, 20.25) > 1": 1,
    "sum(x, 25) > 1": 1,
    "sum(x, True) > 1": 1,
    "1 + sum(1, 2025) > 1": 5,
    "sum(x, 2025) > True": 16,
    "sum(*x, 2025) > 1": 1,
    "sum(x, 2025) + growth(x, 2025) > 1": 1,
    "sum(x, 2025) > 1e999": 1,
    "sum(x, 2025) about 1 and sum(x, 2025) > 0": 1,
    "sum(region:x, 2025) + (y) > 1": 24,
    "sum(x, 2025) > " + "9" * 400: 16,
    "sum(x, 2025) > " + "(" * 90 + "1" + ")" * 90 + "+": None,
    "sum(x, 2025) > " + "-" * 450 + "1": 1,
    "sum(x, 2025) > " + "1+" * 60 + "1": 1,
    "sum(x, 2025) > " + "1" * 500: 501,
    "": 1,
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_not_in_the_language_is_refused_at_its_column(expression):
    with pytest.raises(TargetError, match="column") as caught:
        parse_expression(expression)
    assert caught.value.fields["expression"] == expression
    if REFUSED[expression]:
        assert caught.value.fields["column"] == REFUSED[expression]


WORDS = ["sum", "d", "growth", "share", "about", "and", "or", "not", "lambda", "if", "else", "x", "region:x", "__import__", "True", "None",
         "2025", "0.5", "1e309", ">=", ">", "==", "+", "-", "*", "**", "/", "(", ")", ",", ".", "[", "]", "'", ":", "\\", "\n", "\0", "零"]


@given(st.one_of(st.text(max_size=80), st.text(string.printable, max_size=80), st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)))
@example("(" * 250 + ")" * 249)
@example("sum(x, 2025) > 1" + " " * 10_000)
@example("-" * 499)
def test_nothing_but_a_target_error_ever_comes_out(text):
    try:
        conditions = parse_expression(text)
    except TargetError:
        return
    assert all(condition.terms and math.isfinite(condition.threshold) for condition in conditions)


@pytest.mark.parametrize(("target", "message"), [
    (make_target("sum(x, 2025) >= 12", 13.0), "make them agree"),
    (make_target("sum(x, 2025) > 12", 12.0), "make them agree"),
    (make_target("sum(x, 2025) >= 12", 12.0, unit="1"), "expression is in '1e8 CNY'"),
    (make_target("growth(x, 2025) >= 0.05", 0.05), "expression is in '1'"),
    (make_target("growth(x, 2025) about 0.05", 0.05, op="about", unit="1"), "needs a tolerance"),
    (make_target("d(x, 2025) - 0.4 * d(y, 2025) > 0 and d(y, 2025) > 0", 0.5, op=">"), "make them agree"),
    (make_target("sum(nobody, 2025) >= 12", 12.0), r"series \['nobody'\]; these paths hold \['x'\]"),
])
def test_a_target_that_contradicts_itself_is_refused(lognormal, target, message):
    with pytest.raises(TargetError, match=message):
        evaluate(target, lognormal)
    with pytest.raises(TargetError, match=message):
        assess(lognormal, [target])


# ---- events against closed forms


def test_level_probability_against_the_lognormal(lognormal):
    for value in (85.0, 100.0, 112.0):
        verdict = assess(lognormal, level_target(value)).isel(scenario=0, target=0)
        truth = stats.norm.sf(math.log(value / 100) / 0.1)
        assert abs(float(verdict.probability) - truth) < 4 * float(verdict.monte_carlo_error)
        assert float(verdict.median_gap) == pytest.approx(100 - value, abs=0.5)
        assert float(verdict.q90) == pytest.approx(100 * math.exp(0.1 * stats.norm.ppf(0.9)), rel=0.01)


@given(st.floats(60, 150), st.floats(60, 150))
def test_probability_falls_with_the_threshold_and_complements(a, b):
    paths = make_paths({"x": np.stack([np.full(200, 95.0), np.linspace(70, 140, 200)], axis=1)})
    low, high = (evaluate(level_target(value), paths)[0].mean().item() for value in sorted((a, b)))
    assert low >= high
    below = evaluate(make_target(f"sum(x, 2025) < {a!r}", a, op="<"), paths)[0].mean().item()
    assert evaluate(level_target(a), paths)[0].mean().item() + below == pytest.approx(1.0)


def test_share_against_its_closed_form():
    # with S and G log-normal, P(S / (S + G) >= 0.4) = P(log S - log G >= log(2/3))
    z = normals(3, "share", 2, N)
    services = 39.0 * np.exp(0.05 * z[0])
    goods = 60.0 * np.exp(0.05 * (0.5 * z[0] + math.sqrt(0.75) * z[1]))
    paths = make_paths({"s": services[:, None] * np.ones(2), "c": (services + goods)[:, None] * np.ones(2)})
    verdict = assess(paths, share_target()).isel(scenario=0, target=0)
    ratio_sd = 0.05  # of log S - log G: two unit shocks with correlation one half

    def above(share):
        return stats.norm.sf((math.log(share / (1 - share)) - math.log(39 / 60)) / ratio_sd)

    for name, truth in (("probability_at_least", above(0.4)), ("probability_within", above(0.39) - above(0.41)),
                        ("probability_at_least_lower", above(0.39)), ("probability", above(0.39))):
        assert abs(float(verdict[name]) - truth) < 4 * math.sqrt(truth * (1 - truth) / N), name
    assert "at least v - tolerance" in verdict["probability"].attrs["long_name"]


def test_contribution_is_a_linear_event():
    # base-year consumption 45, output 100; increments jointly normal, mean growth 1 % with sd 1 %: the ratio is noise, the event is not
    z = normals(4, "contribution", 2, N)
    d_y = 1.0 + 1.0 * z[0]
    d_c = 0.45 * (1.1 + 1.2 * (0.6 * z[0] + 0.8 * z[1]))
    paths = make_paths({"c": np.stack([np.full(N, 45.0), 45 + d_c], axis=1), "y": np.stack([np.full(N, 100.0), 100 + d_y], axis=1)})
    verdict = assess(paths, contribution()).isel(scenario=0, target=0)
    # (dC - dY / 2, dY): closed form by the bivariate normal
    sd_c = 0.45 * 1.2
    mean = np.array([0.45 * 1.1 - 0.5, 1.0])
    cov_cy = 0.6 * sd_c
    cov = np.array([[sd_c**2 + 0.25 - cov_cy, cov_cy - 0.5], [cov_cy - 0.5, 1.0]])
    truth = stats.multivariate_normal(-mean, cov).cdf(np.zeros(2))
    assert abs(float(verdict.probability) - truth) < 4 * float(verdict.monte_carlo_error)
    undefined = stats.norm.cdf(-1.0)
    assert abs(float(verdict.undefined_share) - undefined) < 4 * math.sqrt(undefined * (1 - undefined) / N)
    # a naive ratio counts falling output with faster falling consumption as met
    naive = (d_c / d_y > 0.5).mean()
    assert naive > float(verdict.probability) + 0.02
    assert verdict["quantity_unit"].item() == "1"
    assert float(verdict.q50) == pytest.approx(np.median((d_c / d_y)[d_y > 0]))
    assert float(verdict.median_gap) == pytest.approx(float(verdict.q50) - 0.5)


def test_a_share_of_totals_without_division_is_shown_in_money():
    paths = make_paths({"s": [[39.0, 41.0], [39.0, 43.0]], "g": [[60.0, 61.5], [60.0, 62.0]]})
    target = make_target("sum(s, 2025) - 0.4 * (sum(g, 2025) + sum(s, 2025)) > 0", 0.4, op=">", unit="1")
    with pytest.warns(SmallSampleWarning):
        verdict = assess(paths, target).isel(scenario=0, target=0)
    assert float(verdict.probability) == 0.5
    assert verdict["quantity_unit"].item() == "1e8 CNY"
    assert float(verdict.median_gap) == pytest.approx(np.mean([41 * 0.6 - 0.4 * 61.5, 43 * 0.6 - 0.4 * 62.0]))


# ---- bases


def test_the_headline_is_the_print_and_the_known_basis_stands_beside_it():
    revision = np.repeat([0.0, 0.033], 12)
    z = normals(5, "basis", 1, N)[0]
    paths = make_paths({"x": np.stack([np.full(N, 97.0), 100 * np.exp(0.05 * z)], axis=1)}, revision=revision)
    target = level_target(102.0)
    printed, known = assess(paths, target), assess(paths, level_target(102.0, basis="known"))
    for verdict, name, shift in ((printed, "probability", 0.033), (printed, "probability_known_basis", 0.0), (known, "probability", 0.0)):
        truth = stats.norm.sf((math.log(1.02) - shift) / 0.05)
        assert abs(verdict[name].item() - truth) < 4 * math.sqrt(truth * (1 - truth) / N)
    growth_target = make_target("growth(x, 2025) >= 0.03", 0.03, unit="1")
    verdict = assess(paths, growth_target)
    assert verdict.probability.item() == verdict.probability_known_basis.item()
    assert evaluate(target, paths, printed=False)[0].mean().item() == printed.probability_known_basis.item()


# ---- the verdict


def test_required_growth_ledger():
    assert f"{required_growth(11787.20, 2020, 15500, 2025):.3%}" == "5.629%"
    for year, level, expected in ((2021, 13967.67, "2.64"), (2022, 13926.08, "3.63"), (2023, 15130.25, "1.21"), (2024, 15677.37, "-1.13")):
        assert f"{100 * required_growth(level, year, 15500, 2025):.2f}" == expected
    with pytest.raises(PeriodError, match="2025 is not before 2025"):
        required_growth(1.0, 2025, 2.0, 2025)
    with pytest.raises(ValueRangeError, match="positive levels"):
        required_growth(0.0, 2024, 2.0, 2025)


def verdict_as_of(as_of, last_total, last_year, *, first_year, value=15500.0, until=2025):
    """A flat world as of a date."""
    years = until - first_year + 1
    totals = np.geomspace(12000, 16000, years) * np.array([0.99, 1.0, 1.01])[:, None]
    known = {"as_of": as_of, "last_total": last_total, "last_year": last_year}
    paths = make_paths({"x": np.repeat(totals, 500, axis=0)}, first_year=first_year, **known)
    return assess(paths, level_target(value)).isel(scenario=0, target=0), paths


def test_what_it_still_takes_and_what_is_known_already():
    early, paths = verdict_as_of("2021-04-30", 11787.20, 2020, first_year=2019)
    assert f"{float(early.required_growth):.2%}" == "5.63%"
    modelled = annual_sum(paths, "x", 2020).median().item()
    assert float(early.required_growth_modelled) == pytest.approx((15500 / modelled) ** 0.2 - 1)
    assert early.status.item() == "open"
    late, _ = verdict_as_of("2025-01-31", 15677.37, 2024, first_year=2023)
    assert late.status.item() == "open; the 2024 print 15,677.37 already exceeds 15,500"
    assert f"{float(late.required_growth):.2%}" == "-1.13%"


def test_a_year_that_is_over():
    over, _ = verdict_as_of("2026-05-01", 16688.50, 2025, first_year=2024)
    assert over.status.item() == "closed; the 2025 print 16,688.5 meets 15,500"
    assert np.isnan(over.required_growth)
    assert np.isnan(over.required_growth_modelled)
    missed, _ = verdict_as_of("2026-05-01", 16688.50, 2025, first_year=2024, value=17000.0)
    assert missed.status.item().endswith("misses 17,000")
    waiting, _ = verdict_as_of("2026-01-10", 15677.37, 2024, first_year=2024)
    assert waiting.status.item() == "closed, not published"
    later, _ = verdict_as_of("2027-05-01", 17000.0, 2026, first_year=2025, until=2027)
    assert later.status.item() == "closed"


def test_beyond_the_horizon_is_no_error(lognormal):
    far = make_target("sum(x, 2030) >= 200", 200.0, id="far", period=2030)
    verdict = assess(lognormal, [level_target(100.0), far]).isel(scenario=0)
    assert verdict.status.values.tolist() == ["open", "beyond horizon"]
    assert np.isnan(verdict.probability.sel(target="far"))
    assert verdict.required_growth.sel(target="far").item() == pytest.approx((200 / 94) ** (1 / 6) - 1)
    assert verdict.joint_probability.item() == verdict.probability.sel(target="t").item()
    assert verdict.attrs["joint_over"] == "t"
    assert np.isnan(assess(lognormal, far).joint_probability.item())
    early = make_target("growth(x, 2024) >= 0.01", 0.01, id="early", unit="1", period=2024)
    assert assess(lognormal, early).status.item() == "not covered: the paths begin in 2024-01"
    with pytest.raises(HorizonError, match="2030-12"):
        evaluate(far, lognormal)


def test_a_series_that_nobody_prints():
    known = {"prior_share": [0.9, 0.4], "last_year": [0, 2024], "last_total": [np.nan, 99]}
    paths = make_paths({"s": [[39.0, 40.0]] * 3000, "c": [[99.0, 100.0]] * 3000}, **known)
    verdict = assess(paths, share_target()).isel(scenario=0, target=0)
    assert verdict.status.item() == "open; not published: s"
    assert verdict.prior_share.item() == 0.9
    assert np.isnan(verdict.required_growth)


def test_the_papers_travel_with_the_probability():
    totals = np.broadcast_to([[[100.0, 101.0]], [[90.0, 91.0]]], (2, 4000, 2))
    verdict = assess(make_paths({"x": totals}, scenarios=["baseline", "worse"]), level_target(95.0))
    assert verdict.probability.dims == ("scenario", "target")
    assert verdict.probability.values.tolist() == [[1.0], [0.0]]
    assert (verdict.monte_carlo_error > 0).all()
    assert verdict.probability.definition.item() == "what is measured"
    assert {"basis", "unit", "source", "issued", "expression", "value"} <= set(verdict.probability.coords)
    assert verdict.attrs["as_of"] == "2025-01-31"
    assert verdict.attrs["samples"] == 4000
    for name in ("median_gap", "required_growth", "status"):
        assert verdict[name].dims == ("scenario", "target")
    assert all("units" in verdict[name].attrs or name == "status" for name in verdict.data_vars)
    assert bf.assess is assess


def test_bad_calls(lognormal):
    with pytest.raises(TargetError, match="no target to assess"):
        assess(lognormal, [])
    with pytest.raises(TargetError, match=r"occur twice: \['t'\]"):
        assess(lognormal, [level_target(1.0), level_target(2.0)])
    with pytest.raises(SchemaError, match="expected an xarray.Dataset"):
        assess(lognormal["value"], [level_target(1.0)])
    with pytest.raises(SchemaError, match="not finite"):
        assess(lognormal.assign(value=lognormal["value"] * np.inf), [level_target(1.0)])
    with pytest.warns(SmallSampleWarning, match="above 0.02"):
        assess(lognormal.isel(sample=slice(100)), [level_target(100.0)])


# ---- several at once


def gaussian_three(n):
    """Three correlated normals as increments of three series."""
    correlation = np.array([[1, 0.3, 0.5], [0.3, 1, 0.4], [0.5, 0.4, 1]])
    z = np.linalg.cholesky(correlation) @ normals(9, "joint", 3, n)
    paths = make_paths({name: np.stack([np.full(n, 100.0), 100 + row], axis=1) for name, row in zip("abc", z, strict=True)})
    thresholds = (-0.2, 0.3, 0.1)
    targets = [make_target(f"d({name}, 2025) >= {v}", v, id=name) for name, v in zip("abc", thresholds, strict=True)]
    return correlation, thresholds, paths, targets


def test_joint_probability_against_the_orthant():
    correlation, thresholds, paths, targets = gaussian_three(N)
    verdict, table = assess(paths, targets), joint(paths, targets)
    truth = stats.multivariate_normal(np.zeros(3), correlation).cdf(-np.array(thresholds))
    assert abs(verdict.joint_probability.item() - truth) < 3 * verdict.joint_error.item()
    marginal = stats.norm.sf(thresholds)
    assert verdict.joint_probability.item() > np.prod(marginal) + 0.05
    assert verdict.joint_upper.item() == pytest.approx(marginal.min(), abs=0.01)
    assert verdict.joint_lower.item() == 0.0
    assert table.joint_probability.item() == verdict.joint_probability.item()
    both = stats.multivariate_normal(np.zeros(2), correlation[:2, :2]).cdf(-np.array(thresholds[:2]))
    assert table.conditional.sel(target="a", given="b").item() == pytest.approx(both / marginal[1], abs=0.015)


def test_the_joint_table_adds_up():
    _, _, paths, targets = gaussian_three(4000)
    table = joint(paths, targets).isel(scenario=0)
    assert table.sizes["outcome"] == 8
    assert table.probability.sum().item() == pytest.approx(1.0)
    for target in targets:
        share = evaluate(target, paths)[0].mean().item()
        assert table.probability.where(table.met.sel(target=target.id)).sum().item() == pytest.approx(share)
        assert table.conditional.sel(target=target.id, given=target.id).item() == 1.0
    failing = 1 - table.joint_probability
    np.testing.assert_allclose(table.binds.sel(target="b"), table.probability.sel(outcome="+ - +") / failing)


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=2, max_size=4))
def test_frechet_bounds_hold_the_joint(hits):
    names = [f"s{i}" for i in range(len(hits))]
    paths = make_paths({name: [[1.0, 2.0 if hit else 0.5] for hit in row] for name, row in zip(names, hits, strict=True)})
    table = joint(paths, [make_target(f"d({name}, 2025) > 0", 0.0, id=name, op=">") for name in names]).isel(scenario=0)
    assert table.joint_lower.item() - 1e-12 <= table.joint_probability.item() <= table.joint_upper.item() + 1e-12
    assert table.joint_probability.item() == np.all(hits, axis=0).mean()
    never = [name for name, row in zip(names, hits, strict=True) if not any(row)]
    assert all(np.isnan(table.conditional.sel(given=name)).all() for name in never)


def test_a_joint_table_has_its_limits(lognormal):
    far = make_target("sum(x, 2030) >= 200", 200.0, id="far", period=2030)
    with pytest.raises(TargetError, match="got 0"):
        joint(lognormal, far)
    with pytest.raises(TargetError, match="got 9"):
        joint(lognormal, [level_target(float(value), id=str(value)) for value in range(9)])
    with pytest.raises(SchemaError, match="expected an xarray.Dataset"):
        joint(lognormal["value"], far)
    assert joint(lognormal, [far, level_target(100.0)])["target"].values.tolist() == ["t"]
