"""Shapes of drivers: mass balance, causality, what is moved in time, and the arithmetic of a dated target."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayu_forecast._numeric.inputs import hill, pulse, ramp, rush, step, tanh_saturation, temporary_step, wait
from bayu_forecast._numeric.kernels import (
    delayed,
    geometric,
    induced_flows,
    payback,
    policy_kernel,
    respond,
    unpaid_stock,
    weibull,
)


def random_carry_over(rng):
    length = int(rng.integers(0, 25))
    kind = rng.integers(3)
    if kind == 0:
        return geometric(rng.uniform(0, 1), length)
    if kind == 1:
        return delayed(rng.uniform(0.01, 0.99), rng.uniform(0, length), length)
    return weibull(rng.uniform(0.2, 5), rng.uniform(0.05, 20), length)


def random_kernel(rng):
    a, rho, horizon = random_carry_over(rng), rng.uniform(), int(rng.integers(1, 37))
    return policy_kernel(a, rho, horizon), rho


# --- inputs ------------------------------------------------------------------------------------------------------------


@given(n=st.integers(0, 40), start=st.integers(-50, 50), more=st.integers(0, 50))
def test_inputs_are_cut_windows_of_longer_ones(n, start, more):
    shift = 60
    for shape in (pulse, step, lambda m, s: ramp(m, s, 7), lambda m, s: temporary_step(m, s, s + more), lambda m, s: rush(m, s, 3, 5)):
        assert np.array_equal(shape(n, start), shape(n + shift, start + shift)[shift:])


def test_ramp_reaches_one_after_its_length():
    shape = ramp(80, 10, 60)
    assert shape[10] == 0.0
    assert shape[40] == 0.5
    assert shape[69] < 1.0 == shape[70]
    assert np.allclose(np.diff(shape[10:71]), 1 / 60)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ramp(5, 0, 0),
        lambda: temporary_step(5, 3, 2),
        lambda: geometric(1.1, 3),
        lambda: geometric(0.5, -1),
        lambda: delayed(0.5, 4, 3),
        lambda: delayed(1.0, 1, 3),
        lambda: weibull(0.0, 1.0, 3),
        lambda: tanh_saturation(1.0, 0.0),
        lambda: hill(-1.0, 1.0, 1.0),
        lambda: payback(0),
        lambda: policy_kernel([1.0], 0.5, 0),
        lambda: policy_kernel([1.0], 1.5, 3),
        lambda: policy_kernel([0.6, 0.6], 0.5, 3),
        lambda: rush(5, 2, 0, 1),
    ],
)
def test_impossible_parameters_are_refused(call):
    with pytest.raises(ValueError, match=r"not|outside|cannot|needs|takes"):
        call()


# --- saturation --------------------------------------------------------------------------------------------------------


def test_saturation_has_slope_one_at_zero_and_the_ceiling_far_out():
    assert (tanh_saturation(1e-6, 0.02) - tanh_saturation(-1e-6, 0.02)) / 2e-6 == pytest.approx(1.0, abs=1e-8)
    assert tanh_saturation(1e3, 0.02) == pytest.approx(0.02)
    assert np.array_equal(tanh_saturation([0.3, 5.0], np.inf), [0.3, 5.0])


@given(w=st.floats(0, 10), kappa=st.floats(0.01, 10), more=st.floats(0, 10))
def test_saturation_bends_down_and_never_turns(w, kappa, more):
    low, high = tanh_saturation([w, w + more], kappa)
    assert 0.0 <= low <= high <= kappa
    assert high - low <= more + 1e-12


@given(w=st.floats(1e-3, 1e3), kappa=st.floats(1e-2, 1e2), eta=st.floats(0.2, 5))
def test_hill_is_its_formula(w, kappa, eta):
    assert hill(w, kappa, eta) == pytest.approx(w**eta / (kappa**eta + w**eta), rel=1e-9)


# --- carry-over and mass balance ---------------------------------------------------------------------------------------


def test_geometric_half_life():
    weights = geometric(0.5 ** (1 / 3), 60)
    assert weights[3] / weights[0] == pytest.approx(0.5)
    assert np.array_equal(geometric(0.0, 2), [1.0, 0.0, 0.0])


def test_delayed_peaks_where_asked():
    assert np.argmax(delayed(0.7, 3, 10)) == 3


def test_weibull_of_shape_one_is_geometric():
    assert np.allclose(weibull(1.0, 4.0, 12), geometric(np.exp(-0.25), 12))


def test_thousand_kernels_balance(rng):
    for _ in range(1000):
        a = random_carry_over(rng)
        assert np.all(a >= 0)
        assert abs(a.sum() - 1.0) < 1e-12
        kernel, rho = random_kernel(rng)
        assert abs(kernel.sum() - (1.0 - rho)) < 1e-12


def test_kernel_without_borrowing_is_the_carry_over():
    a = geometric(0.6, 5)
    assert np.array_equal(policy_kernel(a, 0.0, 0), a)
    assert np.array_equal(policy_kernel(a, 0.0, 4)[:6], a)


def test_money_balances(rng):
    for _ in range(200):
        kernel, rho = random_kernel(rng)
        budget, m = rng.gamma(0.5, 50.0, size=(4, 36)), rng.normal(2.0, 1.0, size=4)
        flows = induced_flows(budget, m, kernel)
        assert np.allclose(flows.sum(axis=-1), m * (1.0 - rho) * budget.sum(axis=-1), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("horizon", "even", "late", "drag"), [(6, 0.53, 0.84, 0.13), (12, 0.63, 0.91, 0.23), (24, 0.77, 0.95, 0.37)])
def test_share_of_the_target_year(horizon, even, late, drag):
    kernel = policy_kernel([1.0], 0.6, horizon)
    flat, fourth_quarter = np.full(12, 1 / 12), np.repeat([0.0, 1 / 3], [9, 3])
    assert respond(flat, kernel).sum() == pytest.approx(even, abs=0.0051)
    assert respond(fourth_quarter, kernel).sum() == pytest.approx(late, abs=0.0051)
    assert -induced_flows(flat, 1.0, kernel)[12:].sum() == pytest.approx(drag, abs=0.0051)


# --- anticipation ------------------------------------------------------------------------------------------------------


@given(before=st.integers(1, 12), after=st.integers(1, 12))
def test_anticipation_moves_one_unit_and_makes_none(before, after):
    early, late = rush(40, 20, before, after), wait(40, 20, before, after)
    for shape in (early, late):
        assert abs(shape.sum()) < 1e-14
        assert np.abs(shape).sum() == pytest.approx(2.0)
        assert not shape[: 20 - before].any()
        assert not shape[20 + after :].any()
    assert early[19] > 0 > early[20]
    assert late[19] < 0 < late[20]
    assert np.all(early.cumsum() > -1e-14), "nothing is repaid before it is borrowed"


# --- response ----------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000))
def test_response_is_the_convolution(seed):
    rng = np.random.default_rng(seed)
    w, (kernel, _) = rng.standard_normal((3, int(rng.integers(1, 50)))), random_kernel(rng)
    expected = [np.convolve(row, kernel)[: w.shape[1]] for row in w]
    assert np.allclose(respond(w, kernel), expected, atol=1e-13)


@given(seed=st.integers(0, 10_000), cut=st.integers(0, 30))
def test_state_carried_from_history_equals_the_whole(seed, cut):
    rng = np.random.default_rng(seed)
    w, (kernel, _) = rng.standard_normal(30), random_kernel(rng)
    past, future = np.where(np.arange(30) < cut, w, 0.0), w[cut:]
    carried = respond(past, kernel)[cut:]
    assert np.allclose(carried + respond(future, kernel), respond(w, kernel)[cut:], atol=1e-13)


def test_rows_do_not_touch_each_other_and_kernels_may_differ(rng):
    w, kernels = rng.standard_normal((6, 20)), rng.standard_normal((6, 4))
    whole = respond(w, kernels)
    for row in range(6):
        assert np.array_equal(respond(w[row], kernels[row]), whole[row])
    w[3, 10] += 1.0
    changed = respond(w, kernels) != whole
    assert np.flatnonzero(changed.any(axis=1)).tolist() == [3]
    assert not changed[:, :10].any()


def test_twenty_thousand_paths_are_fast(rng):
    w, kernel = rng.random((20_000, 100)), policy_kernel(geometric(0.3, 12), 0.6, 12)
    respond(w[:10], kernel)
    start = time.process_time()
    respond(w, kernel)
    assert time.process_time() - start < 2.0


# --- unpaid stock ------------------------------------------------------------------------------------------------------


def test_stock_is_borrowed_less_repaid(rng):
    sales, rho, horizon = rng.gamma(1.0, 10.0, size=(3, 40)), np.array([0.2, 0.6, 1.0]), 9
    borrowed = rho[:, None] * sales
    repaid = respond(borrowed, payback(horizon))
    stock = unpaid_stock(sales, rho, horizon)
    assert np.allclose(stock, np.cumsum(borrowed - repaid, axis=-1), atol=1e-10)
    assert np.all(stock >= 0)


def test_stock_is_what_later_months_lose():
    a = geometric(0.4, 6)
    spent = np.append(np.full(12, 10.0), np.zeros(30))
    sales = 2.0 * respond(spent, a)
    net = induced_flows(spent, 2.0, policy_kernel(a, 0.6, 12))[: spent.size]
    owed = unpaid_stock(sales, 0.6, 12)
    assert owed[20] == pytest.approx(-(net[21:]).sum()), "with nothing new after month 18, the future repays the stock"
