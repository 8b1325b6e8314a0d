"""Weights of a pool learned by its score: the quadratic form against the score itself, the pull to equal weights, the way from a panel."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules as sr
from scipy.stats import norm

import bayu_forecast as bf
from bayu_forecast._numeric.stacking import FEWEST_ORIGINS, pool_terms, stacked_weights
from bayu_forecast.errors import SchemaError

LEVELS = (np.arange(200) + 0.5) / 200


def planted(n: int, centres: tuple[float, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Normal members about these centres, and outcomes of a standard normal."""
    outcomes = np.random.default_rng(seed).standard_normal(n)
    draws = np.stack([np.repeat((c + norm.ppf(LEVELS))[:, None], n, axis=1) for c in centres])
    return draws, outcomes


def test_the_quadratic_form_is_the_mean_score_of_the_pool() -> None:
    draws, outcomes = planted(7, (0.0, 1.0))
    first, second = pool_terms(draws, outcomes)
    for share in (0.0, 0.3, 1.0):
        weights = np.array([share, 1.0 - share])
        pooled = np.concatenate([draws[0], draws[1]])
        at = np.concatenate([np.full(len(LEVELS), share / len(LEVELS)), np.full(len(LEVELS), (1 - share) / len(LEVELS))])
        score = np.mean([at @ np.abs(pooled[:, i] - outcomes[i]) - 0.5 * at @ np.abs(pooled[:, i][:, None] - pooled[:, i]) @ at
                         for i in range(7)])  # fmt: skip
        assert weights @ first - 0.5 * weights @ second @ weights == pytest.approx(score, abs=1e-12)
    closed = np.mean([sr.crps_normal(y, 0.0, 1.0) for y in outcomes])
    assert first[0] - 0.5 * second[0, 0] == pytest.approx(closed, abs=2e-3)


def test_weights_are_the_minimum_and_go_to_the_member_that_is_right() -> None:
    first, second = pool_terms(*planted(3000, (0.0, 3.0)))
    weights = stacked_weights(first, second, 3000)
    grid = np.linspace(0, 1, 2001)
    scores = [np.array([g, 1 - g]) @ first - 0.5 * np.array([g, 1 - g]) @ second @ np.array([g, 1 - g])
              + 2 / 3000 * ((g - 0.5) ** 2 + (0.5 - g) ** 2) for g in grid]  # fmt: skip
    assert weights[0] == pytest.approx(grid[int(np.argmin(scores))], abs=1e-3)
    assert weights[0] > 0.97


def test_few_origins_leave_weights_equal_and_some_pull_them_there() -> None:
    first, second = pool_terms(*planted(30, (0.0, 1.0)))
    assert stacked_weights(first, second, FEWEST_ORIGINS - 1).tolist() == [0.5, 0.5]
    few, many = (stacked_weights(first, second, k)[0] for k in (20, 2000))
    assert 0.5 < few <= many


def shops(n: int, length: int = 72) -> object:
    rng, t = np.random.default_rng(3), np.arange(length)
    return bf.as_panel([100 + 20 * np.sin(2 * np.pi * (t + i) / 12) + rng.standard_normal(length) for i in range(n)], season=12)


def test_a_panel_gives_the_seasonal_member_its_weight_and_keeps_the_others_answers() -> None:
    members = [("season", bf.SeasonalNaive()), ("line", bf.Drift())]
    learned = bf.CombinedForecaster(members, weights="stacked").fit(shops(12))
    assert learned.weights_.sel(member="season").values.min() > 0.9
    assert learned.weights_.sum("member").values == pytest.approx(1.0)
    alone = bf.CombinedForecaster(members, weights="stacked").fit(shops(3))
    assert alone.weights_.values.ravel().tolist() == [0.5] * 6, "three series with four ends are twelve pairs: too few"
    with pytest.raises(SchemaError, match="'stacked' to learn them"):
        bf.CombinedForecaster(members, weights="best").fit(shops(3))


def test_short_and_annual_panels_are_stacked_where_they_can() -> None:
    members = [("drift", bf.Drift()), ("naive", bf.SeasonalNaive())]
    short = bf.CombinedForecaster(members, weights="stacked").fit(bf.as_panel([[1.0, 2.0, 3.0]], season=12))
    assert short.weights_.values.ravel().tolist() == [0.5, 0.5]
    annual = bf.as_panel([np.arange(40.0) * (1 + i) for i in range(8)], season=1)
    learned = bf.CombinedForecaster(members, weights="stacked").fit(annual)
    assert learned.weights_.sel(member="drift").values.min() > 0.9
