"""One budget over levers: against brute force on known responses, and on the model beside the proportional split."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

import bayu_forecast as bf
from bayu_forecast.errors import SpecificationError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.targets.allocate import Mix, Smoothed, best_split

NODES = np.linspace(0.0, 10.0, 17)
ONE_CELL = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))


def smoothed(*responses, n: int = 4000) -> Smoothed:
    """Normal paths three short of the goal, and what each lever adds."""
    paths = 2.0 * np.random.default_rng(4).standard_normal(n) - 3.0
    return Smoothed([NODES] * len(responses), [paths + r(NODES)[:, None] for r in responses])


def split(smooth: Smoothed, budget: float = 10.0, ranges=((0.0, 10.0), (0.0, 10.0)), costs=(1.0, 1.0)) -> np.ndarray:
    ranges = np.array(ranges)
    starts = [ranges[:, 0] + 0.1, np.array([ranges[0, 1], ranges[1, 0]])]
    return best_split(smooth, np.array(costs), ranges, budget, [s for s in starts if np.dot(costs, s) <= budget])


def test_slopes_are_those_of_the_smoothed_probability() -> None:
    smooth = smoothed(lambda b: 3 * np.tanh(b / 4), lambda b: 0.4 * b)
    here = np.array([3.3, 6.1])
    np.testing.assert_allclose(smooth(here)[1], approx_fprime(here, lambda b: smooth(b)[0], 1e-6), rtol=1e-4)


def test_the_smoothed_probability_is_near_the_counted_one() -> None:
    smooth = smoothed(lambda b: 0.4 * b, n=20_000)
    counted = (smooth.none + 0.4 * 5.0 >= 0.0).mean()
    assert smooth(np.array([5.0]))[0] == pytest.approx(counted, abs=0.01)


def test_the_split_is_that_of_brute_force() -> None:
    smooth = smoothed(lambda b: 3 * np.tanh(b / 4), lambda b: 4 * np.tanh(b / 9))
    best = split(smooth)
    grid = np.linspace(0.0, 10.0, 401)
    brute = grid[np.argmax([smooth(np.array([b, 10.0 - b]))[0] for b in grid])]
    assert best.sum() == pytest.approx(10.0)
    assert best[0] == pytest.approx(brute, abs=0.05)


def test_equal_levers_share_equally_and_a_harmful_one_gets_nothing() -> None:
    same = lambda b: 3 * np.tanh(b / 4)  # noqa: E731
    np.testing.assert_allclose(split(smoothed(same, same)), [5.0, 5.0], atol=0.05)
    best = split(smoothed(same, lambda b: -0.2 * b))
    assert best[1] == pytest.approx(0.0, abs=1e-6)


def test_bounds_and_costs_hold() -> None:
    better = smoothed(lambda b: 0.2 * b, lambda b: 0.3 * b)
    best = split(better, ranges=((1.0, 10.0), (0.0, 4.0)))
    np.testing.assert_allclose(best, [6.0, 4.0], atol=1e-4)
    np.testing.assert_allclose(split(better, costs=(1.0, 2.0)), [10.0, 0.0], atol=1e-4)


def test_a_mix_is_straight_between_knots() -> None:
    mix = Mix(np.array([0.0, 2.0, 10.0]), np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]]))
    np.testing.assert_allclose(mix.doses(6.0), [3.5, 2.5])
    assert np.isnan(mix.doses(np.nan)).all()


def test_on_the_model_the_best_split_is_no_worse_than_the_proportional() -> None:
    known = bf.load_region("chongqing").as_of("2025-01-31")
    model = bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))
    found = bf.allocate(model, known, budget=150.0, levers=["trade_in", "vouchers"], samples=600, bounds={"trade_in": (20.0, 100.0)})
    best, proportional = (found.allocation.sel(split=s) for s in ("best", "proportional"))
    for doses in (best, proportional):
        assert float(doses.sum()) <= 150.0 + 1e-6
        assert 20.0 - 1e-9 <= float(doses.sel(lever="trade_in")) <= 100.0 + 1e-9
    assert float(found.gain) >= 0.0
    assert float(found.probability.sel(split="best")) >= float(found.probability.sel(split="nothing"))
    p = found.probability
    np.testing.assert_allclose(found.standard_error, np.sqrt(p * (1 - p) / 600))
    plan = [bf.add("trade_in", 20.0 / 11, start="2025-02", end="2025-12")]
    paths = bf.simulate(model, known, bf.Scenario("least", plan), horizon="2025-12", samples=600)
    assert float(p.sel(split="nothing")) == pytest.approx(float(bf.assess(paths, known.targets[0])["probability"].item()), abs=0.005)


@pytest.mark.parametrize(("change", "match"), [
    ({"budget": 0.0}, "positive budget"),
    ({"levers": []}, "positive budget"),
    ({"levers": {"trade_in": -1.0}}, "positive costs"),
    ({"bounds": {"trade_in": (20.0, 30.0)}}, "lowest doses cost 20"),
    ({"bounds": {"vouchers": (0.0, 1.0)}}, "none of the levers"),
])
def test_errors(change: dict[str, object], match: str) -> None:
    known = bf.load_region("chongqing").as_of("2025-01-31")
    with pytest.raises(SpecificationError, match=match):
        bf.allocate(bf.StructuralForecaster(), known, **{"budget": 10.0, "levers": ["trade_in"], **change})
