"""The conditioning engine against statsmodels' smoother and exact-diffuse likelihood, and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.tsa.statespace.initialization import Initialization
from statsmodels.tsa.statespace.mlemodel import MLEModel

from bayu_forecast._numeric import impulse
from bayu_forecast._numeric.gaussian import Conditioner, Posterior, condition, safe_cholesky

MONTHS, LAGS, CORE = 120, 12, 11
SD_LEVEL, SD_IRREGULAR, PRIOR_SD = 0.7, 1.1, 60.0


def month_dummies(n: int) -> np.ndarray:
    """Level and ten seasonal effects: December is the reference, January and February share one (only their sum is seen)."""
    X = np.zeros((n, CORE))
    X[:, 0] = 1.0
    for t in range(n):
        if t % 12 < 11:
            X[t, max(t % 12, 1)] = 1.0
    return X


def mixed_prints(n: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """(slot, first, last) of months, January-February sums and year-to-date totals, with gaps."""
    rows = []
    for t in range(n):
        month, january = t % 12, t - t % 12
        if month == 1:
            rows.append((1, january, t + 1))
        elif month > 1 and rng.random() < 0.8:
            rows.append((0, t, t + 1))
        if month in (5, 11) and rng.random() < 0.7:
            rows.append((2, january, t + 1))
    return rows


@pytest.fixture(scope="module")
def case() -> dict[str, object]:
    rng = np.random.default_rng(20210430)
    X = month_dummies(MONTHS)
    S = impulse.level_covariance(np.full(MONTHS, SD_LEVEL**2)) + SD_IRREGULAR**2 * np.eye(MONTHS)
    x = X @ np.concatenate([[100.0], rng.normal(0, 3, CORE - 1)]) + safe_cholesky(S) @ rng.standard_normal(MONTHS)
    rows = mixed_prints(MONTHS, rng)
    J = np.zeros((len(rows), MONTHS))
    for i, (_, first, last) in enumerate(rows):
        J[i, first:last] = 1.0
    noise = np.where([r[0] == 2 for r in rows], 0.3, 0.05)
    c = J @ x + noise * rng.standard_normal(len(rows))
    return {"X": X, "S": S, "J": J, "c": c, "noise": noise, "rows": rows}


def statsmodels_twin(case: dict[str, object], *, diffuse: bool) -> MLEModel:
    """State: level, ten fixed effects, and the twelve latest months; one empty month in front."""
    X, rows, noise, c = case["X"], case["rows"], case["noise"], case["c"]
    n, k = MONTHS + 1, CORE + LAGS
    endog = np.full((n, 3), np.nan)
    model = MLEModel(endog, k_states=k, k_posdef=2)
    transition, design, obs_cov = np.zeros((k, k, n)), np.zeros((3, k, n)), np.zeros((3, 3, n))
    for t in range(n):
        transition[:CORE, :CORE, t] = np.eye(CORE)
        transition[CORE, :CORE, t] = X[min(t, MONTHS - 1)]
        transition[CORE + 1 :, CORE : k - 1, t] = np.eye(LAGS - 1)
        obs_cov[:, :, t] = np.eye(3)
    for (slot, first, last), sd, value in zip(rows, noise, c, strict=True):
        endog[last, slot] = value
        design[slot, CORE : CORE + last - first, last] = 1.0
        obs_cov[slot, slot, last] = sd**2
    model = MLEModel(endog, k_states=k, k_posdef=2)
    model["transition"], model["design"], model["obs_cov"] = transition, design, obs_cov
    selection = np.zeros((k, 2))
    selection[0, 0] = 1.0
    selection[CORE] = 1.0
    model["selection"] = selection
    model["state_cov"] = np.diag([SD_LEVEL**2, SD_IRREGULAR**2])
    start = Initialization(k)
    if diffuse:
        start.set((0, CORE), "diffuse")
    else:
        start.set((0, CORE), "known", constant=np.zeros(CORE), stationary_cov=PRIOR_SD**2 * np.eye(CORE))
    start.set((CORE, k), "known", constant=np.zeros(LAGS), stationary_cov=np.zeros((LAGS, LAGS)))
    model.ssm.initialize(start)
    return model


def gaps_to_the_smoother(ours: Posterior, twin: MLEModel, first: int = 0) -> tuple[float, float]:
    """Largest differences of mean and variance from month ``first`` on."""
    theirs = twin.ssm.smooth()
    mean, variance = theirs.smoothed_state[CORE, 1:], theirs.smoothed_state_cov[CORE, CORE, 1:]
    return float(np.abs(ours.mean - mean)[first:].max()), float(np.abs(np.diag(ours.covariance) - variance)[first:].max())


def test_equals_the_smoother_with_a_known_start(case: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    R, X = np.diag(case["noise"] ** 2), case["X"]
    ours = condition(case["S"] + PRIOR_SD**2 * X @ X.T, np.zeros((MONTHS, 0)), case["J"], case["c"], R)
    twin = statsmodels_twin(case, diffuse=False)
    mean, variance = gaps_to_the_smoother(ours, twin)
    loglik = abs(ours.loglik - twin.ssm.loglike())
    with capsys.disabled():
        print(f"\nagainst the smoother, known start: mean {mean:.1e}, variance {variance:.1e}, log likelihood {loglik:.1e}")
    assert max(mean, variance, loglik) < 1e-8


def test_equals_the_exact_diffuse_likelihood_and_smoother(case: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    """Mean and variance are compared after the diffuse phase.

    Inside it statsmodels 0.15 gives one month several values, one for each lag of the state it is read from, when a
    print leaves part of the diffuse state unseen; the likelihood and every later month agree.
    """
    ours = condition(case["S"], case["X"], case["J"], case["c"], np.diag(case["noise"] ** 2))
    twin = statsmodels_twin(case, diffuse=True)
    filtered = twin.ssm.filter()
    mean, variance = gaps_to_the_smoother(ours, twin, first=filtered.nobs_diffuse)
    loglik = abs(ours.loglik - 0.5 * CORE * np.log(2 * np.pi) - filtered.llf_obs.sum())
    with capsys.disabled():
        print(f"\nagainst the exact-diffuse filter: mean {mean:.1e}, variance {variance:.1e}, log likelihood {loglik:.1e}")
    assert max(mean, variance, loglik) < 1e-8


def test_proper_prior_equals_the_multivariate_normal() -> None:
    rng = np.random.default_rng(1)
    A = rng.normal(size=(4, 4))
    S, J, R = A @ A.T, rng.normal(size=(2, 4)), 0.3 * np.eye(2)
    c = rng.normal(size=2)
    ours = condition(S, np.zeros((4, 0)), J, c, R)
    V = J @ S @ J.T + R
    np.testing.assert_allclose(ours.mean, S @ J.T @ np.linalg.solve(V, c), atol=1e-12)
    np.testing.assert_allclose(ours.covariance, S - S @ J.T @ np.linalg.solve(V, J @ S), atol=1e-12)
    assert ours.loglik == pytest.approx(stats.multivariate_normal(cov=V).logpdf(c), abs=1e-12)


def test_flat_coefficients_equal_a_very_wide_prior() -> None:
    rng = np.random.default_rng(2)
    S, X = np.eye(6), np.column_stack([np.ones(6), np.arange(6.0)])
    J, c, R = np.eye(6)[:4], rng.normal(size=4), 0.1 * np.eye(4)
    flat = condition(S, X, J, c, R)
    wide = condition(S + 1e7 * X @ X.T, np.zeros((6, 0)), J, c, R)
    np.testing.assert_allclose(flat.mean, wide.mean, atol=1e-5)
    np.testing.assert_allclose(flat.covariance, wide.covariance, atol=1e-5)


def test_parts_of_the_vector_can_be_asked_alone(case: dict[str, object]) -> None:
    S, X, J, c = case["S"], case["X"], case["J"], case["c"]
    R = np.diag(case["noise"] ** 2)
    whole = condition(S, X, J, c, R)
    SJt = S @ J.T
    system = Conditioner(J @ SJt + R, J @ X, c)
    some = np.array([3, 50, 119])
    np.testing.assert_allclose(system.mean(X[some], SJt[some]), whole.mean[some], atol=1e-12)
    part = np.ix_(some, some)
    np.testing.assert_allclose(system.covariance(X[some], SJt[some], S[part]), whole.covariance[part], atol=1e-10)


def test_covariances_equal_their_impulse_responses() -> None:
    n, f, rho = 30, 0.97, 0.8
    variances = np.random.default_rng(3).random(n)
    L = np.tril(np.ones((n, n)))
    np.testing.assert_allclose(impulse.level_covariance(variances), L @ np.diag(variances) @ L.T, atol=1e-12)
    slope = impulse.slope_response(n, f)
    assert slope[10, 4] == pytest.approx(sum(f**i for i in range(6)))
    assert impulse.slope_response(n, 1.0)[10, 4] == 6
    decay = impulse.decay_response(n, rho)
    np.testing.assert_allclose(impulse.shock_covariance(decay, variances), decay @ np.diag(variances) @ decay.T, atol=1e-12)


def test_growth_columns_follow_the_recursion_of_a_reverting_slope() -> None:
    n, f, long_run, start = 25, 0.95, 0.03, 0.12
    path, slope = [0.0], start / 12
    for _ in range(n - 1):
        path.append(path[-1] + slope)
        slope = long_run / 12 + f * (slope - long_run / 12)
    np.testing.assert_allclose(impulse.growth_columns(n, f) @ [long_run, start], path, atol=1e-12)


def test_seasonal_pattern_sums_to_zero_and_ties_the_first_two_months() -> None:
    S = impulse.seasonal_covariance(36, 1, 0.3, 0.01)
    year = np.kron(np.eye(3), np.ones(12))
    np.testing.assert_allclose(year @ S @ year.T, 0.0, atol=1e-12)
    assert S[0, 0] + S[1, 1] - 2 * S[0, 1] == pytest.approx(0.0, abs=1e-14)
    assert S[35, 35] > S[11, 11]


def test_cholesky_of_a_singular_covariance_reproduces_it() -> None:
    ones = np.ones((5, 5))
    factor = safe_cholesky(ones)
    np.testing.assert_allclose(factor @ factor.T, ones, atol=1e-6)
    with pytest.raises(np.linalg.LinAlgError):
        safe_cholesky(-np.eye(3))
