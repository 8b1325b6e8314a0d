"""Rare events against closed forms and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from bayu_forecast._numeric.rare import most_probable_point, rare_probability
from bayu_forecast.errors import ConvergenceError

MONTHS = 57


def linear(beta):
    return lambda e: e.sum(axis=1) / np.sqrt(MONTHS) - beta


def annual_total(e):
    """Log of the mean of the last twelve levels of a random walk: smooth, not linear."""
    return np.log(np.exp(0.012 * np.cumsum(e, axis=1)[:, -12:]).mean(axis=1))


@pytest.mark.parametrize("beta", [2.33, 3.09, 4.264890793922602])
def test_linear_event_within_five_percent_from_ten_thousand_draws(beta):
    p = stats.norm.sf(beta)
    for seed in range(5):
        rare = rare_probability(linear(beta), MONTHS, 10_000, seed)
        assert rare.probability == pytest.approx(p, rel=0.05)
        assert rare.standard_error < 0.02 * p
        assert abs(rare.probability - p) < 4 * rare.standard_error
        assert np.allclose(rare.point, beta / np.sqrt(MONTHS), atol=1e-6)


def test_smooth_event_agrees_with_thirty_million_draws():
    gap = 4 * 0.012 * np.sqrt(50)
    rare = rare_probability(lambda e: annual_total(e) - gap, MONTHS, 20_000)
    assert abs(rare.probability - 3.06e-5) < 4 * np.hypot(rare.standard_error, 1.0e-6), "brute force: 3.06e-5 +- 0.10e-5"
    assert annual_total(rare.point[None])[0] == pytest.approx(gap, abs=1e-9)


def test_smooth_event_agrees_with_plain_counting_where_counting_works(rng):
    gap = 0.12
    rare = rare_probability(lambda e: annual_total(e) - gap, MONTHS, 20_000)
    counted = np.mean(annual_total(rng.standard_normal((200_000, MONTHS))) >= gap)
    assert abs(rare.probability - counted) < 4 * np.hypot(rare.standard_error, np.sqrt(counted / 200_000))


def test_point_is_the_nearest_on_the_boundary(rng):
    gap = 0.3
    point = most_probable_point(lambda e: annual_total(e) - gap, MONTHS)
    for direction in rng.standard_normal((20, MONTHS)):
        other = point + 0.05 * direction
        for _ in range(30):
            other = other * (1.0 + 2.0 * (gap - annual_total(other[None])[0]))
        assert annual_total(other[None])[0] == pytest.approx(gap, abs=1e-9)
        assert np.linalg.norm(other) >= np.linalg.norm(point)


def test_near_certain_event_is_counted_by_its_complement():
    rare = rare_probability(linear(-4.0), MONTHS, 10_000)
    assert rare.complement == pytest.approx(stats.norm.sf(4.0), rel=0.05)
    assert rare.probability == 1.0 - rare.complement
    assert rare.standard_error < 0.02 * rare.complement


def test_error_said_is_the_error_found_on_a_curved_boundary():
    """Given the sum of squares of five shocks the event is linear in the sixth: one integral gives its probability."""
    exact = integrate.quad(lambda q: stats.norm.sf(3.0 - 0.05 * q) * stats.chi2.pdf(q, 5), 0, np.inf)[0]
    runs = [rare_probability(lambda e: e[:, 0] - 3.0 + 0.05 * np.sum(e[:, 1:] ** 2, axis=1), 6, 2000, seed) for seed in range(100)]
    found = np.array([run.probability for run in runs])
    said = np.sqrt(np.mean([run.standard_error**2 for run in runs]))
    assert 0.7 < found.std() / said < 1.2
    assert abs(found.mean() - exact) < 4 * found.std() / 10


def test_event_on_the_edge_is_an_even_chance():
    rare = rare_probability(linear(0.0), MONTHS, 4000)
    assert rare.probability == pytest.approx(0.5, abs=4 * rare.standard_error)
    with pytest.raises(ValueError, match="at least two draws"):
        rare_probability(linear(3.0), MONTHS, 1)


def test_draws_are_keyed():
    first, again, other = (rare_probability(linear(3.0), MONTHS, 500, seed).probability for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    "margin", [lambda e: np.full(len(e), -1.0), lambda e: np.tanh(e[:, 0]) - 2.0, lambda e: e[:, 0] - 50.0, lambda e: e[:, 0] + np.nan]
)
def test_event_that_never_happens_is_reported(margin):
    with pytest.raises(ConvergenceError, match="never or always happens"):
        rare_probability(margin, 3, 100)
