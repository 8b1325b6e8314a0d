"""The competition's own arithmetic: seasonal naive, tidying, combinations and paired differences, on toy sets."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from competition_peers import BOUNDS, LEVELS, each_series, seasonal_naive
from competition_scores import COMBINATIONS, Judge, combine, markdown, table, tidy

SEASON, HORIZON, N_SERIES = 4, 6, 12


@pytest.fixture
def judge(rng: np.random.Generator) -> Judge:
    values = 50 + np.tile([0.0, 5, 10, 5], 6) + rng.normal(size=(N_SERIES, 24)).cumsum(axis=1)
    values[0, :5] = np.nan
    return Judge(values, 55 + rng.normal(size=(N_SERIES, HORIZON)), SEASON)


def flat(mean: np.ndarray, width: float = 0.0) -> dict[str, np.ndarray]:
    """The same spread around a point at every step, linear in the level."""
    offsets = width * (np.concatenate([LEVELS, BOUNDS]) - 0.5)
    return {"mean": mean, "quantiles": mean + offsets[:, None, None], "seconds": np.full(len(mean), 0.01)}


def test_seasonal_naive_repeats_the_last_year() -> None:
    mean, quantiles = seasonal_naive(np.arange(12.0), 4, 6)
    np.testing.assert_allclose(mean, [8, 9, 10, 11, 8, 9])
    assert quantiles.shape == (23, 6)
    np.testing.assert_allclose(quantiles[9], mean, atol=1e-12)
    np.testing.assert_allclose((quantiles[22] - mean) / (quantiles[21] - mean), 1.959964 / 1.281552, rtol=1e-6)


def test_a_peer_that_breaks_is_replaced_and_counted() -> None:
    def breaks(y: np.ndarray, season: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        if y.size < 10:
            raise RuntimeError("too short")
        return np.full(horizon, np.nan), np.zeros((23, horizon))

    values = np.array([np.arange(12.0), [np.nan] * 4 + list(range(8))])
    made = each_series(values, 4, 3, breaks)
    assert made["failed"].tolist() == [True, True]
    np.testing.assert_allclose(made["mean"], [[8, 9, 10], [4, 5, 6]])


def test_a_perfect_forecast_scores_zero_and_a_wrong_one_its_error(judge: Judge) -> None:
    best = judge.each(flat(judge.actual))
    assert all(np.allclose(best[name], 0) for name in ("sMAPE", "MASE", "MSIS", "sCRPS"))
    assert np.allclose(best["cover80"], 1)
    off = judge.each(flat(judge.actual + 3))
    np.testing.assert_allclose(off["MASE"], 3 / judge.scale)
    np.testing.assert_allclose(off["sCRPS"], 3 / judge.scale)
    np.testing.assert_allclose(off["MSIS"], 40 * 3 / judge.scale)
    assert judge.owa(judge.naive2) == pytest.approx(1.0)


def test_tidy_sorts_and_clips() -> None:
    crossed = {"mean": np.array([[-1.0]]), "quantiles": np.linspace(2, -2, 23)[:, None, None], "seconds": np.ones(1)}
    made = tidy(crossed, np.array([True]))
    assert made["mean"].min() == 0
    assert (np.diff(made["quantiles"][: LEVELS.size], axis=0) >= 0).all()
    assert made["quantiles"].min() == 0
    assert tidy(crossed, np.array([False]))["mean"].item() == -1


def test_combinations_average_and_wait_for_their_members(judge: Judge) -> None:
    name = "mean of ETS, DOT, CES"
    parts = {member: flat(judge.actual + i) for i, member in enumerate(COMBINATIONS[name][1])}
    made = combine(parts, name)
    assert made is not None
    np.testing.assert_allclose(made["mean"], judge.actual + 1)
    np.testing.assert_allclose(made["seconds"], 0.03)
    assert combine(parts, "median of ETS, ARIMA, DOT, CES") is None


def test_differences_are_paired_against_the_best_peer(judge: Judge) -> None:
    forecasts = {"AutoETS": flat(judge.actual + 1), "worse": flat(judge.actual + 2), "mine": flat(judge.actual + 0.5)}
    frame = table(judge, forecasts, {"mine"}).set_index("entry")
    assert set(frame["best peer MASE"]) == {"AutoETS"}
    assert frame.loc["AutoETS", "MASE - best"] == 0
    assert frame.loc["mine", "MASE - best"] == pytest.approx(float(np.mean(-0.5 / judge.scale)))
    assert frame.loc["worse", "MASE se"] == pytest.approx(float(np.std(1 / judge.scale) / np.sqrt(N_SERIES)))
    assert frame.loc["worse", "time / AutoETS"] == 1
    assert "**mine**" in markdown(frame.reset_index())
