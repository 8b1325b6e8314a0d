"""Pins, imposed densities and outside views, against closed forms and the shock formula of Waggoner and Zha."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayu_forecast._numeric.conditioning import impose, independent_pins, pin, pin_draws, plausibility
from bayu_forecast._numeric.gaussian import condition
from bayu_forecast._numeric.tilting import quantile_views, tilt
from bayu_forecast.errors import ContradictionError, ConvergenceError

K, H = 3, 8


@pytest.fixture(scope="module")
def var():
    """Mean and shock loadings of eight steps of a VAR(2) in three variables; the path of the first one is pinned."""
    A1 = np.array([[0.5, 0.1, 0], [0.2, 0.3, 0.1], [0, 0.1, 0.4]])
    A2 = np.array([[0.1, 0, 0], [0, 0.1, 0], [0.05, 0, 0.1]])
    B = np.linalg.cholesky(np.array([[1, 0.4, 0.2], [0.4, 1.2, 0.3], [0.2, 0.3, 0.8]]))
    path = [np.array([1.0, 0.5, 0.2]), np.array([1.2, 0.4, 0.6])]
    psi = [np.zeros((K, K)), np.eye(K)]
    for _ in range(H):
        path.append(np.array([0.3, 0.2, 0.1]) + A1 @ path[-1] + A2 @ path[-2])
        psi.append(A1 @ psi[-1] + A2 @ psi[-2])
    M = np.block([[psi[1 + i - j] @ B if i >= j else np.zeros((K, K)) for j in range(H)] for i in range(H)])
    C = np.zeros((H, K * H))
    C[np.arange(H), K * np.arange(H)] = 1.0
    return np.concatenate(path[2:]), M, C, np.linspace(1.5, 3.0, H)


# --- pins --------------------------------------------------------------------------------------------------------------


def test_pins_equal_waggoner_and_zha(var):
    mu, M, C, f = var
    D, r = C @ M, f - C @ mu
    shocks = D.T @ np.linalg.solve(D @ D.T, r)
    free = np.eye(K * H) - D.T @ np.linalg.solve(D @ D.T, D)
    law = pin(mu, M @ M.T, C, f)
    assert np.abs(law.mean - (mu + M @ shocks)).max() < 1e-10
    assert np.abs(law.covariance - M @ free @ M.T).max() < 1e-10
    assert np.abs(C @ law.mean - f).max() < 1e-12
    assert np.abs(C @ law.covariance).max() < 1e-12


def test_pins_equal_the_engines_conditioning(var):
    mu, M, C, f = var
    S = M @ M.T
    dense = condition(S, np.zeros((K * H, 0)), C, f - C @ mu, np.zeros((H, H)))
    law = pin(mu, S, C, f)
    assert np.abs(law.mean - mu - dense.mean).max() < 1e-10
    assert np.abs(law.covariance - dense.covariance).max() < 1e-10


def test_annual_sum_and_its_repetitions(var):
    mu, M, _, _ = var
    total = np.zeros((1, K * H))
    total[0, ::3] = 1.0
    once, S = pin(mu, M @ M.T, total, [20.0]), M @ M.T
    thrice = pin(mu, S, np.vstack([total, 2 * total, total]), [20.0, 40.0, 20.0])
    assert np.allclose(once.mean, thrice.mean, atol=1e-10)
    assert np.allclose(once.covariance, thrice.covariance, atol=1e-10)
    assert once.covariance.diagonal().min() > -1e-12


def test_contradictory_pins_are_named(var):
    mu, M, C, _ = var
    rows = np.vstack([C[1], C[5], C[2], C[1] + C[2]])
    with pytest.raises(ContradictionError, match="pin 3 contradicts pins \\[0, 2\\]") as caught:
        pin(mu, M @ M.T, rows, [1.0, 7.0, 1.0, 3.0])
    assert caught.value.fields["rows"] == [0, 2, 3]
    with pytest.raises(ContradictionError, match="already known"):
        pin([1.0, 2.0], np.diag([0.0, 1.0]), [[1.0, 0.0]], [1.1])
    assert independent_pins(np.diag([0.0, 1.0]), np.eye(2), np.zeros(2)).tolist() == [1]


# --- imposed densities -------------------------------------------------------------------------------------------------


def test_imposed_variance_is_exact_and_not_that_of_a_noisy_figure(var):
    mu, M, C, f = var
    S, Omega = M @ M.T, 0.25 * np.eye(H)
    law = impose(mu, S, C, f, Omega)
    assert np.abs(C @ law.covariance @ C.T - Omega).max() < 1e-10
    assert np.abs(C @ law.mean - f).max() < 1e-10
    noisy = condition(S, np.zeros((K * H, 0)), C, f - C @ mu, Omega)
    assert (C @ noisy.covariance @ C.T)[0, 0] == pytest.approx(0.19, abs=0.005)


def test_imposing_the_forecast_changes_nothing_and_zero_variance_pins(var):
    mu, M, C, f = var
    S = M @ M.T
    same = impose(mu, S, C, C @ mu, C @ S @ C.T)
    assert np.allclose(same.mean, mu, atol=1e-12)
    assert np.allclose(same.covariance, S, atol=1e-10)
    assert np.allclose(impose(mu, S, C, f, np.zeros((H, H))).covariance, pin(mu, S, C, f).covariance, atol=1e-12)


def test_variance_of_a_repeated_row_cannot_be_imposed(var):
    mu, M, C, f = var
    with pytest.raises(ContradictionError, match="rows \\[1\\] repeat"):
        impose(mu, M @ M.T, C[[0, 0]], f[[0, 0]], np.eye(2))


# --- draws -------------------------------------------------------------------------------------------------------------


def test_moved_draws_meet_the_pins_and_have_the_conditional_law(var, rng):
    mu, M, C, f = var
    draws = mu + rng.standard_normal((40_000, K * H)) @ M.T
    law = pin(mu, M @ M.T, C, f)
    for covariance in (M @ M.T, None):
        moved = pin_draws(draws, C, f, covariance)
        assert np.abs(moved @ C.T - f).max() < 1e-13
        error = np.sqrt(law.covariance.diagonal() / len(draws)) + 1e-9
        assert np.abs((moved.mean(axis=0) - law.mean) / error).max() < (5 if covariance is not None else 12), "noise of the map's own"
        assert np.abs(np.cov(moved.T) - law.covariance).max() < 0.05


def test_draws_with_random_values_have_the_imposed_variance(var, rng):
    mu, M, C, f = var
    draws = mu + rng.standard_normal((40_000, K * H)) @ M.T
    moved = pin_draws(draws, C, f + 0.5 * rng.standard_normal((40_000, H)), M @ M.T)
    law = impose(mu, M @ M.T, C, f, 0.25 * np.eye(H))
    assert np.abs(np.cov(moved.T) - law.covariance).max() < 0.05


def test_shocks_that_pins_do_not_touch_stay(rng):
    draws = rng.standard_normal((50, 3))
    moved = pin_draws(draws, [[1.0, 0.0, 0.0]], [2.0], np.eye(3))
    assert np.array_equal(moved[:, 1:], draws[:, 1:])
    with pytest.raises(ContradictionError, match="pin 1 contradicts pins \\[0\\]"):
        pin_draws(draws, [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [2.0, 3.0])


# --- plausibility ------------------------------------------------------------------------------------------------------


def test_published_divergence(var):
    mu, M, C, f = var
    far = plausibility(mu, M @ M.T, C, f, 0.25 * np.eye(H), flips=K * H)
    assert far.nats == pytest.approx(4.51, abs=0.005)
    by_coin = K * H * -0.5 * np.log(4 * far.coin * (1 - far.coin))
    assert by_coin == pytest.approx(far.nats, rel=1e-10), "that many flips of the coin are as far from fair flips"


def test_the_forecast_itself_is_no_news_and_divergence_is_positive(var, rng):
    mu, M, C, _ = var
    S = M @ M.T
    for Omega in (None, C @ S @ C.T):
        far = plausibility(mu, S, C, C @ mu, Omega)
        assert far.nats == pytest.approx(0.0, abs=1e-12)
        assert far.coin == pytest.approx(0.5, abs=1e-6)
        assert far.tail == 1.0
    for _ in range(50):
        half = rng.standard_normal((H, H))
        assert plausibility(mu, S, C, C @ mu + rng.standard_normal(H), half @ half.T).nats > 0


def test_tail_and_nats_of_a_single_pin():
    far = plausibility([1.0], [[4.0]], [[1.0]], [5.0])
    assert far.tail == pytest.approx(2 * stats.norm.sf(2.0))
    assert far.nats == pytest.approx(2.0)
    assert plausibility([1.0], [[4.0]], [[1.0]], [5.0], [[0.0]]).nats == np.inf
    assert plausibility([1.0], [[4.0]], [[1.0], [2.0]], [5.0, 10.0]) == far
    assert plausibility([1.0], [[0.0]], [[1.0]], [1.0]) == (0.0, 0.5, 1.0)


# --- outside views -----------------------------------------------------------------------------------------------------


def test_tilting_the_mean_of_a_sum_shifts_a_normal_and_keeps_its_variance(var, rng):
    mu, M, C, _ = var
    w, S = C.sum(axis=0), M @ M.T
    draws = mu + rng.standard_normal((400_000, K * H)) @ M.T
    tilted = tilt(draws @ w, w @ mu + 3.0)
    expected = mu + S @ w * 3.0 / (w @ S @ w)
    assert np.abs(tilted.weights @ draws - expected).max() < 0.01
    assert tilted.weights @ (draws @ w - w @ mu - 3.0) ** 2 == pytest.approx(w @ S @ w, rel=0.02)
    assert tilted.nats == pytest.approx(0.5 * 9.0 / (w @ S @ w), rel=0.03)
    assert tilted.effective_size / 400_000 == pytest.approx(np.exp(-9.0 / (w @ S @ w)), rel=0.02)


def test_several_views_are_met_together_and_weights_are_carried(rng):
    x = rng.standard_normal((5000, 2))
    before = rng.uniform(0.5, 1.5, 5000)
    quantiles, levels = quantile_views(x[:, 0], [-0.5, 0.8], [0.25, 0.7])
    moments, targets = np.column_stack([quantiles, x[:, 1], x[:, 1] ** 2]), np.append(levels, [0.2, 0.9])
    tilted = tilt(moments, targets, before)
    assert np.allclose(tilted.weights @ moments, targets, atol=1e-8)
    assert tilted.weights.sum() == pytest.approx(1.0)
    base = before / before.sum()
    assert tilted.nats == pytest.approx(tilted.weights @ np.log(tilted.weights / base), abs=1e-8)


def test_view_that_already_holds_and_repeated_views(rng):
    x = rng.standard_normal(1000)
    same = tilt(x, x.mean())
    assert np.allclose(same.weights, 1e-3)
    assert same.nats == pytest.approx(0.0, abs=1e-12)
    assert np.allclose(tilt(np.column_stack([x, x]), [0.3, 0.3]).weights, tilt(x, 0.3).weights)


def test_impossible_views_are_refused(rng):
    x = rng.standard_normal((2000, 2))
    with pytest.raises(ConvergenceError, match="view 0 asks for a mean of 9"):
        tilt(x[:, 0], 9.0)
    with pytest.raises(ConvergenceError, match="effective draws"):
        tilt(x[:, 0], 2.5)
    with pytest.raises(ConvergenceError, match="together"):
        tilt(np.column_stack([x[:, 0], x[:, 0] + 1e-3 * x[:, 1]]), [0.5, 0.0])
    with pytest.raises(ValueError, match="quantiles rise"):
        quantile_views(x[:, 0], [1.0, 0.0], [0.2, 0.5])
