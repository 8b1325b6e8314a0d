"""The engine's posterior of a planted effect: closed forms, calibration and recovery, in small; benchmarks run them in full."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bayu_forecast._numeric.gaussian import condition

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def load(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module(name)


planted, sbc, recovery = load("planted"), load("sbc"), load("recovery")
ROWS, S = planted.prints_until(96), planted.world()


def published(region: int) -> tuple[np.ndarray, np.ndarray]:
    """Money and log prints of a region with a coefficient of 2 under the middle shape."""
    money = 2.0 * planted.budget("test", region)
    engine = planted.Engine(S, ROWS, money)
    z = planted.path(planted.safe_cholesky(S), engine.responses[1], 2.0, "test", region)
    return money, planted.publish(z, 0.0325, ROWS)


@pytest.mark.parametrize(("more_noise", "tolerance"), [(0.003, 1e-10), (0.0, 1e-7)])
def test_the_conjugate_posterior_is_its_closed_form(more_noise: float, tolerance: float) -> None:
    # with rounding alone the prints' covariance has a condition number near 1e8, and the inverse below is the inexact side
    money, y = published(0)
    rows = ROWS._replace(R=ROWS.R + more_noise**2 * np.eye(len(y)))
    for shape in range(3):
        engine = planted.Engine(S, rows, money)
        d, X = ROWS.J @ engine.responses[shape], ROWS.J @ planted.FLAT
        V = ROWS.J @ S @ ROWS.J.T + rows.R + planted.STEP_SD**2 * np.outer(ROWS.old, ROWS.old)
        inverse = np.linalg.inv(V)
        M = inverse - inverse @ X @ np.linalg.solve(X.T @ inverse @ X, X.T @ inverse)
        precision = planted.PRIOR_SD**-2 + d @ M @ d
        mean = (planted.PRIOR_MEAN / planted.PRIOR_SD**2 + d @ M @ (y - ROWS.offset)) / precision
        got, whole = engine.posterior(y, shape), planted.dense(S, rows, money, y, shape)
        assert got.mean[-1] == pytest.approx(mean, abs=tolerance)
        assert got.covariance[-1, -1] == pytest.approx(1.0 / precision, abs=tolerance)
        assert whole.mean[planted.MONTHS] == pytest.approx(mean, abs=tolerance)
        assert whole.covariance[planted.MONTHS, planted.MONTHS] == pytest.approx(1.0 / precision, abs=tolerance)
        assert got.loglik == pytest.approx(whole.loglik, abs=1e-6)


def test_rows_asked_for_are_those_of_the_whole_vector() -> None:
    money, y = published(0)
    year = slice(84, 96)
    got, whole = planted.Engine(S, ROWS, money, year).posterior(y, 1, year), planted.dense(S, ROWS, money, y, 1)
    rows = [*range(84, 96), planted.MONTHS]
    assert np.allclose(got.mean, whole.mean[rows], atol=1e-8)
    assert np.allclose(got.covariance, whole.covariance[np.ix_(rows, rows)], atol=1e-9)


def test_pooling_regions_equals_stacking_them() -> None:
    n, data = planted.MONTHS, [published(region) for region in range(3)]
    engines = [planted.Engine(S, ROWS, money) for money, _ in data]
    weight, mean, variance = planted.pooled([[e.posterior(y, g) for g in range(3)] for e, (_, y) in zip(engines, data, strict=True)])
    loglik = np.zeros(3)
    for shape in range(3):
        load_m = np.concatenate([e.responses[shape] for e in engines] + [np.ones(1)])
        prior = np.zeros((3 * n + 1, 3 * n + 1))
        prior[:-1, :-1] = np.kron(np.eye(3), S)
        prior += planted.PRIOR_SD**2 * np.outer(load_m, load_m)
        J = np.hstack([np.kron(np.eye(3), ROWS.J), np.zeros((3 * len(ROWS.J), 1))])
        X = np.vstack([np.kron(np.eye(3), planted.FLAT), np.zeros((1, 3 * planted.FLAT.shape[1]))])
        R = np.kron(np.eye(3), ROWS.R + planted.STEP_SD**2 * np.outer(ROWS.old, ROWS.old))
        y = np.concatenate([y - ROWS.offset for _, y in data])
        done = condition(prior, X, J, y - planted.PRIOR_MEAN * J @ load_m, R)
        assert mean[shape] == pytest.approx(done.mean[-1] + planted.PRIOR_MEAN, abs=1e-7)
        assert variance[shape] == pytest.approx(done.covariance[-1, -1], abs=1e-8)
        loglik[shape] = done.loglik
    stacked = planted.WEIGHTS * np.exp(loglik - loglik.max())
    assert np.allclose(weight, stacked / stacked.sum(), atol=1e-6)


def test_linearising_january_february_costs_less_than_a_thousandth() -> None:
    half = planted.safe_cholesky(S)
    pairs = np.array([first != last for first, last in ROWS.cells])
    for i in range(20):
        z = planted.path(half, np.zeros(planted.MONTHS), 0.0, "linear", i)
        exact = np.array([np.logaddexp(z[a], z[b]) if a != b else z[a] for a, b in ROWS.cells])
        missed = np.abs(exact - (ROWS.J @ z + ROWS.offset)[: len(exact)])
        assert missed.max() < 1e-3
        assert missed[pairs].mean() < planted.IRREGULAR_SD / 60


def test_ranks_are_uniform_and_an_error_believed_half_as_large_shows() -> None:
    right, wrong = sbc.ranks(400), sbc.ranks(400, 0.5)
    assert all(sbc.chi_square(right[:, i])[1] > 0.01 for i in range(3))
    assert all(sbc.chi_square(wrong[:, i])[1] < 1e-6 for i in range(3))


def test_planted_effects_are_recovered_and_labelled() -> None:
    error, below, removed = recovery.study(1, 60).T
    assert np.sqrt(np.mean(error**2)) <= recovery.GOALS[1]
    assert 0.8 <= np.mean((below >= 0.05) & (below <= 0.95)) <= 0.98
    assert np.mean(removed < 0.2) >= recovery.PRIOR_ONLY
    error, _, removed = recovery.study(31, 12).T
    assert np.sqrt(np.mean(error**2)) <= recovery.GOALS[31]
    assert removed.min() >= 0.2
