"""What announcements move in time: net zero, only in months still open, and nothing for drivers that nobody anticipates."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayu_forecast as bf
from bayu_forecast.drivers import anticipated, responses
from bayu_forecast.specs import DriverSpec

MONTHS = 60


@functools.cache
def trade_in() -> DriverSpec:
    return bf.load_region("china").as_of("2025-01-31").driver_specs[0]


@pytest.fixture
def spec() -> DriverSpec:
    return trade_in()


@given(start=st.integers(3, 20), length=st.integers(2, 20), level=st.floats(0.1, 500.0), first_open=st.integers(0, MONTHS))
def test_what_is_moved_sums_to_zero_and_months_gone_by_cannot_be_moved(start: int, length: int, level: float, first_open: int) -> None:
    spec, end = trade_in(), start + length
    stated = np.where((np.arange(MONTHS) >= start) & (np.arange(MONTHS) < end), level, 0.0)
    moved = anticipated(spec, stated, first_open)
    assert moved.sum() == pytest.approx(0.0, abs=1e-9 * level)
    if start >= first_open:
        assert not moved[:first_open].any(), "a start that is still to come is not waited for in months gone by"
    elif end < first_open:
        assert moved[start - 1] == pytest.approx(-spec.wait * level, abs=1e-9 * level), "what was announced in time was waited for"


def test_an_end_announced_for_next_month_cannot_be_rushed_for(spec: DriverSpec) -> None:
    stated = np.where(np.arange(MONTHS) < 30, 10.0, 0.0)
    assert not anticipated(spec, stated, 30).any()
    later = anticipated(spec, stated, 29)
    assert later[29] == pytest.approx(10.0 * spec.rush / 2)
    assert later[30:33] == pytest.approx(-10.0 * spec.rush / 2 * np.array([3, 2, 1]) / 6)


def test_a_driver_that_nobody_anticipates_moves_nothing(spec: DriverSpec) -> None:
    calm = dataclasses.replace(spec, rush=0.0, wait=0.0)
    assert not anticipated(calm, np.where(np.arange(MONTHS) < 30, 10.0, 0.0), 0).any()


def test_money_moved_in_time_comes_back_in_full_even_where_money_saturates(spec: DriverSpec) -> None:
    """The response to moved money sums to zero over the programme and its payback: saturation does not act on it."""
    stated = np.where((np.arange(MONTHS) >= 10) & (np.arange(MONTHS) < 20), 200.0, 0.0)
    with_it, without = (responses(spec, stated, spec.shape("middle"), 1000.0, moved=m) for m in (anticipated(spec, stated, 0), 0.0))
    assert np.abs(with_it - without).max() > 1e-3
    assert (with_it - without).sum() == pytest.approx(0.0, abs=1e-12)


def test_a_rise_of_a_tax_is_rushed_for_before_it_comes() -> None:
    """The tax on new-energy cars came back in January 2026: its coefficient is negative, so waiting turned round is a rush."""
    known = bf.load_region("china").as_of("2025-06-30")
    block = next(b for b in bf.design(known).blocks if b.name == "drivers")
    time = bf.design(known).time
    column = block.columns[1][1][:, block.labels.index("nev_purchase_tax")] * block.prior_mean[block.labels.index("nev_purchase_tax")]
    at = {f"{m:%Y-%m}": v for m, v in zip(time, column, strict=True)}
    assert at["2025-12"] > 0.0 > at["2026-01"]
    assert at["2026-01"] < at["2026-06"] < 0.0, "the gap after a rush closes"
