"""Arithmetic of published figures against printed results."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayu_forecast as bf
from bayu_forecast.errors import BasisError, PeriodError, SchemaError, ValueRangeError

RATES = st.lists(st.floats(-0.5, 1.0), min_size=1, max_size=30)
REST = float("nan")


def annual(region, year, *, measure="level", basis=None):
    rows = bf.load_region(region).archive
    whole = (rows.period_start == f"{year}-01-01") & (rows.period_end == f"{year}-12-31")
    found = rows[whole & rows.series.eq("retail_total") & rows.measure.eq(measure)]
    return (found if basis is None else found[found.basis.eq(basis)]).iloc[-1]


def test_chaining_official_growth_reproduces_the_revised_totals():
    growth = {y: annual("china", y, measure="growth")["value"] for y in (2024, 2025)}
    printed_2025 = annual("china", 2025, basis="cn11")["value"]
    index = bf.chain_growth(1.0, [growth[2024], growth[2025]])
    for year, chained in ((2023, printed_2025 / index[1]), (2024, printed_2025 / (1 + growth[2025]))):
        assert chained == pytest.approx(annual("china", year, basis="cn11")["value"], rel=3e-4)
    assert annual("china", 2023, basis="cn11")["value"] == 467098.0


def test_the_2025_oracle_with_the_rounding_it_carries():
    made = bf.implied_base(16688.50, [(2470.34, 0.046, 0.0005), (REST, 0.028, 0.001)], 0.005)
    assert made.base == pytest.approx(16192.6, abs=0.05)
    assert made.growth == pytest.approx(0.0306, abs=5e-5)
    assert made.base_half_width == pytest.approx(15, abs=0.5)
    assert made.growth_half_width == pytest.approx(0.0009, abs=5e-5)
    assert abs(annual("chongqing", 2024, basis="cq5")["value"] - made.base) < made.base_half_width


def test_the_interval_holds_every_corner_of_the_rounding():
    made = bf.implied_base(16688.50, [(2470.34, 0.046, 0.0005), (REST, 0.028, 0.001)], 0.005)
    for first in (-1, 1):
        for second in (-1, 1):
            corner = bf.implied_base(16688.50, [(2470.34, 0.046 + first * 0.0005), (REST, 0.028 + second * 0.001)])
            assert abs(corner.base - made.base) < 1.01 * made.base_half_width
            assert abs(corner.growth - made.growth) < 1.01 * made.growth_half_width


def test_growth_across_bases_raises():
    first_print, revised, after = (annual("chongqing", y, basis=b) for y, b in ((2024, "cq4"), (2024, "cq5"), (2025, "cq5")))
    with pytest.raises(BasisError, match="cross the bases 'cq4' and 'cq5'"):
        bf.comparable_growth(first_print, after)
    assert bf.comparable_growth(revised, after) == pytest.approx(0.0308, abs=5e-5)


def test_growth_needs_the_same_months_and_one_series():
    old, new = annual("chongqing", 2024, basis="cq5"), annual("chongqing", 2025, basis="cq5")
    with pytest.raises(PeriodError, match="same months"):
        bf.comparable_growth(new, old)
    with pytest.raises(PeriodError, match="same months"):
        bf.comparable_growth(old, {**new, "period_end": "2025-06-30"})
    with pytest.raises(SchemaError, match="series"):
        bf.comparable_growth(old, {**new, "series": "retail_goods"})
    with pytest.raises(SchemaError, match="measure"):
        bf.comparable_growth({**old, "measure": "growth"}, {**new, "measure": "growth"})


@given(st.floats(1.0, 1e6), RATES)
def test_chained_growth_is_the_running_product(level, rates):
    np.testing.assert_allclose(bf.chain_growth(level, rates), level * np.cumprod(1 + np.asarray(rates)), rtol=1e-12)


@given(st.lists(st.floats(1.0, 1e4), min_size=12, max_size=12), RATES)
def test_growth_against_the_same_month_keeps_every_month_apart(levels, rates):
    chained = np.concatenate([levels, bf.chain_growth(levels, rates)])
    np.testing.assert_allclose(chained[12:] / chained[:-12] - 1, rates, atol=1e-9)


@given(st.lists(st.tuples(st.floats(1.0, 1e5), st.floats(-0.5, 1.0)), min_size=1, max_size=5))
def test_implied_base_adds_the_parts(parts):
    total = math.fsum(p for p, _ in parts)
    made = bf.implied_base(total, parts)
    assert made.base == pytest.approx(sum(p / (1 + g) for p, g in parts), rel=1e-9)
    assert made.base * (1 + made.growth) == pytest.approx(total, rel=1e-9)
    assert made.base_half_width == 0


@pytest.mark.parametrize("parts", [[], [(REST, 0.1), (REST, 0.1)], [(60.0, 0.1), (60.0, 0.1)], [(120.0, 0.1), (REST, 0.1)],
                                   [(50.0, -1.0), (REST, 0.0)]])
def test_parts_that_cannot_be_are_refused(parts):
    with pytest.raises(ValueRangeError):
        bf.implied_base(100.0, parts)


@pytest.mark.parametrize(("levels", "growths"), [(0.0, [0.1]), (-5.0, [0.1]), ([], [0.1]), (1.0, [-1.0]), (1.0, [float("nan")])])
def test_levels_and_growth_that_cannot_be_are_refused(levels, growths):
    with pytest.raises(ValueRangeError):
        bf.chain_growth(levels, growths)
