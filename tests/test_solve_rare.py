"""Probabilities too small to count: closed forms, importance sampling as oracle, and counting where counting works."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

import bayu_forecast as bf
from bayu_forecast._numeric.rare import rare_probability
from bayu_forecast.data.snapshot import Snapshot
from bayu_forecast.errors import ScenarioError, TargetError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.specs import Target
from bayu_forecast.targets.rare import Line, line_probability

ONE_CELL = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))


def fit(date: str) -> tuple[Snapshot, bf.StructuralForecaster]:
    known = bf.load_region("chongqing").as_of(date)
    return known, bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))


def total(known: Snapshot, value: float, op: str = ">=") -> Target:
    return dataclasses.replace(known.targets[0], value=value, op=op, expression=f"sum(retail_total, 2025) {op} {value}")


def test_one_month_is_the_normal_tail_from_any_sample() -> None:
    here = np.array([-1.0, 0.0, 2.5])
    line = Line(here[:, None], np.ones((3, 1)), here, np.ones(3))
    reached, missed = line_probability(line, np.full(3, 6.0))
    np.testing.assert_allclose(reached, stats.norm.sf(6.0), rtol=1e-9)
    np.testing.assert_allclose(missed, stats.norm.cdf(6.0), rtol=1e-9)


def test_a_sum_of_months_agrees_with_importance_sampling() -> None:
    """Twelve correlated log-normal months, p about 3e-5: against shifted draws at the most probable point."""
    cov = 0.05**2 * (0.7 * np.ones((12, 12)) + 0.3 * np.eye(12))
    root, goal, n = np.linalg.cholesky(cov), np.log(12.0 * 1.19), 20_000
    oracle = rare_probability(lambda e: np.log(np.exp(e @ root.T).sum(axis=1)) - goal, 12, 20_000)
    assert 1e-5 < oracle.probability < 1e-4
    logs = np.random.default_rng(3).standard_normal((n, 12)) @ root.T
    weight = np.full(12, 1 / 12)
    variance = weight @ cov @ weight
    line = Line(logs, np.tile(cov @ weight / variance, (n, 1)), logs @ weight, np.full(n, np.sqrt(variance)))
    reached = line_probability(line, np.full(n, goal))[0]
    error = np.hypot(reached.std() / np.sqrt(n), oracle.standard_error)
    assert error < 0.02 * oracle.probability
    assert reached.mean() == pytest.approx(oracle.probability, abs=4 * error)


@pytest.mark.parametrize("date", ["2023-01-31", "2025-01-31", "2025-08-31"])
def test_it_is_the_counted_probability_where_counting_works(date: str) -> None:
    known, model = fit(date)
    for value in (16_000.0, 17_000.0):
        rare = bf.rare_probability_of(model, known, total(known, value), samples=3000, rng=5)
        paths = bf.simulate(model, known, horizon="2025-12", samples=3000, rng=5)
        verdict = bf.assess(paths, total(known, value)).isel(scenario=0, target=0)
        assert float(rare.counted) == float(verdict.probability)
        assert float(rare.probability) == pytest.approx(float(verdict.probability), abs=4 * float(verdict.monte_carlo_error))
        assert float(rare.standard_error) < float(verdict.monte_carlo_error)
        assert float(rare.probability + rare.complement) == pytest.approx(1.0)


def test_small_probabilities_have_an_error_and_a_complement() -> None:
    known, model = fit("2025-08-31")
    rare = bf.rare_probability_of(model, known, total(known, 17_800.0), samples=2000)
    assert 0.0 < float(rare.probability) < 1e-5
    assert float(rare.standard_error) < 0.2 * float(rare.probability)
    assert float(rare.counted) == 0.0
    other = bf.rare_probability_of(model, known, total(known, 17_800.0, "<="), samples=2000)
    assert float(other.complement) == pytest.approx(float(rare.probability))


def test_levers_move_it_and_a_census_is_integrated() -> None:
    known, model = fit("2025-01-31")
    ended = bf.Scenario("stop trade-in", [bf.stop("trade_in", start="2025-02")])
    with_it, without = (bf.rare_probability_of(model, known, total(known, 19_000.0), scenario=s, samples=2000) for s in (None, ended))
    assert float(without.probability) < float(with_it.probability) < 0.06
    assert with_it.attrs["method"] == "along the revision"


def test_errors() -> None:
    known, model = fit("2025-01-31")
    pinned = bf.Scenario("pinned", conditions=[bf.given("retail_total", "2025-01..2025-06", 8500.0, unit="1e8 CNY")])
    with pytest.raises(ScenarioError, match="conditions"):
        bf.rare_probability_of(model, known, known.targets[0], scenario=pinned, samples=300)
    with pytest.raises(TargetError, match="no annual total"):
        bf.rare_probability_of(model, known, "services_share_2025", samples=300)
