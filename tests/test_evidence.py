"""Evidence from categories: two-way fixed effects, base effects undone, dates kept, and readings that combine with a prior."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import bayu_forecast as bf
from bayu_forecast.drivers.evidence import Panel, estimate, growth_panel, leave_one_out, placebos, randomisation
from bayu_forecast.drivers.reading import Reading, combine, kept_shares, reading
from bayu_forecast.errors import SchemaError, SpecificationError, ValueRangeError

ROOT = Path(__file__).resolve().parents[1]
LAUNCH = pd.Timestamp("2024-08-01")
PAID = ("retail_appliances", "retail_furniture", "retail_autos")
OTHERS = ("retail_grain_food", "retail_beverages", "retail_tobacco_liquor", "retail_gold_jewellery", "retail_catering_above_quota")


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    rows = bf.load_region("china").as_of("2026-10-31").data_log()
    return rows[rows["table"].eq("observations") & rows["series"].isin([*PAID, *OTHERS]) & rows["period_start"].ge("2021-01-01")]


def noise_panel(seed: int, cells: int = 44, categories: int = 9) -> Panel:
    rng = np.random.default_rng(seed)
    months = pd.date_range("2021-01", periods=cells, freq="MS")
    effects = 0.05 + 0.03 * rng.standard_normal(categories) + 0.04 * rng.standard_normal((cells, 1))
    growth = effects + 0.02 * rng.standard_normal((cells, categories))
    return Panel(pd.DataFrame(growth, index=months, columns=list("abcdefghi")[:categories]), pd.Series(months, index=months))


def test_first_year_equals_two_way_fixed_effects() -> None:
    panel = noise_panel(1)
    launch = panel.growth.index[32]
    done = estimate(panel, {"a": launch, "b": launch}, bases=(32,))
    long = panel.growth.stack().rename("y").reset_index().set_axis(["month", "category", "y"], axis=1)
    dummies = pd.get_dummies(long[["category"]].assign(month=long["month"].astype(str)), drop_first=True, dtype=float)
    treated = (long["category"].isin(["a", "b"]) & long["month"].ge(launch)).astype(float).rename("effect")
    ols = sm.OLS(long["y"], sm.add_constant(pd.concat([treated, dummies], axis=1))).fit()
    assert done.growth.mean(axis=None) == pytest.approx(ols.params["effect"], abs=1e-12)


def test_base_effects_are_undone_and_the_split_adds_up() -> None:
    months = pd.date_range("2021-03", periods=64, freq="MS")
    level = pd.DataFrame(0.0, index=months, columns=list("abcdef"))
    level.loc["2024-08":"2025-07", "a"], level.loc["2025-08":, "a"] = 0.2, -0.05
    growth = (level - level.shift(12)).iloc[12:] + 0.03
    done = estimate(Panel(growth, pd.Series(growth.index, index=growth.index)), {"a": LAUNCH})
    assert np.allclose(done.level["a"], level.loc[done.level.index, "a"], atol=1e-12)
    assert (done.growth.loc["2025-08":, "a"] < 0).all()
    assert done.growth["a"].min() == pytest.approx(-0.25)
    assert done.rush + done.after == pytest.approx(done.net) == pytest.approx(done.level["a"] @ done.months)
    assert done.standard_error < 1e-12


def test_january_february_follows_from_march_within_rounding(log: pd.DataFrame) -> None:
    printed = growth_panel(log).growth
    hidden = log[~(log["period_end"].dt.month.eq(2))]
    implied = growth_panel(hidden).growth
    cells = [m for m in printed.index if m.month == 2 and m >= pd.Timestamp("2023-01-01")]
    names = ["retail_grain_food", "retail_gold_jewellery", "retail_catering_above_quota", "retail_autos"]
    assert len(cells) == 4
    assert (printed.loc[cells, names] - implied.loc[cells, names]).abs().max(axis=None) < 0.0025


def test_an_estimate_knows_nothing_released_later(log: pd.DataFrame) -> None:
    known = log[log["release_date"].le("2025-07-31")]
    later = log["release_date"].gt("2025-07-31")
    starts = dict.fromkeys(PAID, LAUNCH)
    poisoned = log.assign(value=log["value"].mask(later, 0.9))
    one, two = (estimate(growth_panel(rows[rows["release_date"].le("2025-07-31")]), starts) for rows in (known, poisoned))
    assert one.net == two.net
    assert one.published <= pd.Timestamp("2025-07-31")
    assert estimate(growth_panel(poisoned), starts).net != one.net


def test_size_of_the_standard_error_and_of_randomisation() -> None:
    small, p, covered = 0, [], 0
    for seed in range(200):
        panel = noise_panel(100 + seed, cells=40)
        starts = {"a": panel.growth.index[32], "b": panel.growth.index[32]}
        done = estimate(panel, starts, bases=(32,))
        covered += abs(done.net) < 1.645 * done.standard_error
        p.append(randomisation(panel, starts, base=32))
        small += p[-1] <= 0.05
    assert covered >= 170
    assert small <= 22
    assert 0.4 < np.mean(p) < 0.65


def test_placebos_lie_before_the_launch_and_outs_cover_every_category(log: pd.DataFrame) -> None:
    panel = growth_panel(log)
    panel = Panel(panel.growth[panel.growth.index >= "2021-06-01"], panel.released)
    starts = dict.fromkeys(PAID, LAUNCH)
    never = placebos(panel, starts)
    assert len(never) >= 13
    assert never.index[-1] == LAUNCH
    assert never.index[-2] + pd.DateOffset(months=10) < LAUNCH
    assert set(leave_one_out(panel, starts).index) == {*PAID, *OTHERS}


@pytest.fixture(scope="module")
def spec() -> bf.specs.DriverSpec:
    found = next(s for s in bf.load_region("china").as_of("2026-10-31").driver_specs if s.id == "trade_in")
    return dataclasses.replace(found, own_data=1.0)


def test_a_precise_reading_is_weighted_by_precision_in_logs(spec: bf.specs.DriverSpec) -> None:
    median, sd = spec.parameters
    error = 0.002
    got = combine(spec, Reading(value=3.0, standard_error=3.0 * error, kept=(1.0, 1.0, 1.0), published=pd.Timestamp("2026-06-16")))
    precision = 1.0 / sd**2 + 1.0 / error**2
    assert np.log(got.parameters[0]) == pytest.approx((np.log(median) / sd**2 + np.log(3.0) / error**2) / precision, abs=3e-5)
    assert got.parameters[1] == pytest.approx(precision**-0.5, rel=0.01)
    assert got.published.isoformat() == "2026-06-16"
    half = combine(dataclasses.replace(spec, own_data=0.5), Reading(value=3.0, standard_error=3.0 * error, kept=(1.0, 1.0, 1.0),
                                                                     published=pd.Timestamp("2026-06-16")))  # fmt: skip
    assert half.parameters[1] == pytest.approx((1.0 / sd**2 + 0.5 / error**2) ** -0.5, rel=0.01), "a likelihood to the power one half"


def test_a_reading_that_says_nothing_leaves_the_prior_and_a_negative_one_lowers_it(spec: bf.specs.DriverSpec) -> None:
    def read(value: float, error: float) -> Reading:
        return Reading(value=value, standard_error=error, kept=(0.7, 0.5, 0.3), published=pd.Timestamp("2025-01-17"))

    same = combine(spec, read(2.0, 1e6))
    assert np.allclose(same.parameters, spec.parameters, atol=1e-5)
    assert same.published == spec.published
    assert combine(spec, read(-1.0, 0.5)).parameters[0] < 0.7 * spec.parameters[0]
    with pytest.raises(SpecificationError, match="lognormal"):
        combine(dataclasses.replace(spec, family="normal"), read(1.0, 1.0))


def test_what_is_kept_after_all_is_repaid_is_one_less_what_was_borrowed(spec: bf.specs.DriverSpec) -> None:
    money = pd.Series([100.0, 50.0] + [0.0] * 60, index=pd.date_range("2024-08", periods=62, freq="MS"))
    assert kept_shares(spec, money, money.index[-1]) == pytest.approx([1.0 - s.rho for s in spec.shapes], abs=1e-12)


def test_launches_that_never_were_bound_the_error_and_bad_input_is_refused() -> None:
    panel = noise_panel(3)
    starts = {"a": panel.growth.index[30]}
    done = estimate(panel, starts)
    money = pd.Series(10.0, index=panel.growth.index)
    loose = reading(done, money, 0.1, monthly_sales=1e3, never=pd.Series([1.0, -1.0, 5.0]))
    assert loose.standard_error == pytest.approx(done.months.sum() * 100.0 / money.iloc[30:].sum())
    with pytest.raises(ValueRangeError, match="money paid"):
        reading(done, money.iloc[:5], 0.1, monthly_sales=1e3)
    with pytest.raises(SchemaError, match="no growth"):
        estimate(panel, {"z": LAUNCH})
    with pytest.raises(ValueRangeError, match="at least four"):
        estimate(Panel(panel.growth[["a", "b", "c"]], panel.released), starts)


def test_the_page_quotes_its_script() -> None:
    page = (ROOT / "docs" / "trade_in_evidence.md").read_text(encoding="utf-8")
    ((script, quoted),) = re.findall(r"<!-- output: (\S+) -->\n```text\n(.*?)```", page, flags=re.DOTALL)
    assert subprocess.run([sys.executable, str(ROOT / script)], capture_output=True, text=True, check=True).stdout == quoted
