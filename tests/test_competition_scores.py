"""Scores of competitions against hand-computed values, closed forms, statsmodels' decomposition and scoringrules."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import acf

from bayu_forecast import metrics
from bayu_forecast._numeric import competition, scoring
from bayu_forecast.errors import SchemaError

LEVELS = np.arange(1, 20) / 20
BOTH = ("series", "time")
positive = st.floats(0.01, 1e4).map(lambda x: round(x, 4))


def panel(values: list[list[float]], season: int = 1) -> xr.Dataset:
    return xr.Dataset({"value": (("series", "time"), np.asarray(values, dtype=float))}, attrs={"season": season})


def future(values: object) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, dtype=float), dims=("series", "time"))


# --- sMAPE -----------------------------------------------------------------------------------------------------------------


def test_smape_by_hand():
    np.testing.assert_allclose(competition.smape([110.0, 50.0, 0.0, -1.0], [90.0, 150.0, 0.0, 1.0]), [20.0, 100.0, 0.0, 200.0])
    assert np.isnan(competition.smape(np.nan, 1.0))


@given(f=arrays(float, 5, elements=positive), y=arrays(float, 5, elements=positive), k=positive)
def test_smape_is_symmetric_bounded_and_free_of_unit(f, y, k):
    score = competition.smape(f, y)
    assert ((score >= 0) & (score <= 200)).all()
    np.testing.assert_allclose(score, competition.smape(y, f))
    np.testing.assert_allclose(score, competition.smape(k * f, k * y), rtol=1e-9, atol=1e-9)


# --- MASE and its scale ----------------------------------------------------------------------------------------------------


def test_scale_by_hand_with_gaps_and_padding():
    rows = [[np.nan, np.nan, 1.0, 2.0, 4.0, 4.0], [1.0, np.nan, 3.0, 7.0, 4.0, np.nan], [2.0] * 6, [np.nan] * 6]
    np.testing.assert_allclose(competition.seasonal_scale(rows, 2), [2.5, 1.5, np.nan, np.nan])
    assert np.isnan(competition.seasonal_scale([1.0, 2.0], 4))


def test_mase_of_the_naive_on_a_line_and_its_own_history():
    """On a straight line the naive forecast errs by 1, 2, 3 slopes; the scale is one slope."""
    line = np.arange(10.0) * 5 + 3
    score = metrics.mase(future([[line[6]] * 3]), future([line[7:]]), panel([line[:7]]), over=BOTH)
    assert float(score) == pytest.approx(2.0)
    assert score.attrs["units"] == "1"


def test_mase_means_over_series_not_over_sums():
    history = panel([[0.0, 1.0, 2.0], [0.0, 100.0, 200.0]])
    point, outcome = future([[1.0], [0.0]]), future([[0.0], [300.0]])
    np.testing.assert_allclose(metrics.mase(point, outcome, history, over="time"), [1.0, 3.0])
    assert float(metrics.mase(point, outcome, history, over=BOTH)) == pytest.approx(2.0)


def test_constant_history_is_left_out():
    history = panel([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0]])
    assert float(metrics.mase(future([[5.0], [3.0]]), future([[1.0], [1.0]]), history, over=BOTH)) == pytest.approx(2.0)


# --- Naive2 and OWA --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("season", [4, 12, 7])
@pytest.mark.parametrize("tail", [0, 1, 3])
def test_naive2_against_the_classical_decomposition(rng, season, tail):
    """The seasonally adjusted last value times the factors that statsmodels (as R's decompose) finds."""
    n = 6 * season + tail
    t = np.arange(n)
    y = (100 + t) * (1 + 0.4 * np.sin(2 * np.pi * t / season)) * rng.uniform(0.97, 1.03, n)
    factors = seasonal_decompose(y, model="multiplicative", period=season).seasonal
    expected = y[-1] / factors[-1] * np.array([factors[(n + h) % season] for h in range(season + 2)])
    np.testing.assert_allclose(competition.naive2(y, season, season + 2), expected, rtol=1e-12)


def test_naive2_is_the_last_value_without_a_season(rng):
    noise = rng.uniform(1, 2, 60)
    for y, season in ((noise, 1), (noise[:20], 12), (np.full(40, 3.0), 4), (np.zeros(40), 4)):
        np.testing.assert_allclose(competition.naive2(y, season, 3), y[-1])


@pytest.mark.parametrize("strength", [0.0, 0.15, 0.3, 0.6, 1.0])
def test_seasonality_test_is_the_bartlett_one(rng, strength):
    t = np.arange(72)
    y = 10 + strength * np.sin(2 * np.pi * t / 12) + rng.normal(size=72)
    correlation = acf(y, nlags=12, fft=False)[1:]
    limit = 1.645 / math.sqrt(72) * math.sqrt(1 + 2 * (correlation[:-1] ** 2).sum())
    assert competition._is_seasonal(y, 12) == (abs(correlation[-1]) > limit)


def test_owa_of_naive2_is_one_and_of_half_its_errors_a_half():
    rng = np.random.default_rng(5)
    t = np.arange(48)
    history = panel([(50 + 3 * i + t) * (1.5 + np.sin(2 * np.pi * t / 12)) * rng.uniform(0.98, 1.02, 48) for i in range(3)], season=12)
    outcome = future(np.full((3, 6), 100.0))
    naive = future([competition.naive2(row, 12, 6) for row in history["value"].to_numpy()])
    assert metrics.owa(naive, outcome, history) == pytest.approx(1.0)
    half = outcome + 0.5 * (naive - outcome)
    relative_smape = float(metrics.smape(half, outcome, over=BOTH) / metrics.smape(naive, outcome, over=BOTH))
    assert metrics.owa(half, outcome, history) == pytest.approx((relative_smape + 0.5) / 2)
    assert metrics.owa(outcome, outcome, history) == 0.0


# --- intervals and quantiles -----------------------------------------------------------------------------------------------


def test_msis_by_hand_as_in_m4():
    """Width 4, one outcome 1 above: (4 + 40 * 1) / scale 2, the other inside: 4 / 2."""
    history = panel([[0.0, 2.0, 4.0]])
    score = metrics.msis(future([[0.0, 0.0]]), future([[4.0, 4.0]]), future([[5.0, 3.0]]), history, over="time")
    assert float(score.item()) == pytest.approx((22.0 + 2.0) / 2)


def test_quantile_crps_against_scoringrules_and_the_closed_form(rng):
    y, mean, sd = rng.normal(size=40), rng.normal(size=40), rng.uniform(0.5, 2, 40)
    quantiles = mean[:, None] + sd[:, None] * stats.norm.ppf(LEVELS)
    expected = scoringrules.crps_quantile(y, quantiles, LEVELS)
    np.testing.assert_allclose(competition.quantile_crps(quantiles, y, LEVELS), expected, atol=1e-12)
    fine = (np.arange(4000) + 0.5) / 4000
    np.testing.assert_allclose(
        competition.quantile_crps(mean[:, None] + sd[:, None] * stats.norm.ppf(fine), y, fine), scoring.crps_normal(mean, sd, y), atol=2e-4
    )


def test_scaled_crps_of_a_point_is_mase(rng):
    history = panel(rng.normal(size=(3, 30)), season=4)
    outcome, point = future(rng.normal(size=(3, 5))), future(rng.normal(size=(3, 5)))
    everywhere = point.expand_dims(quantile=LEVELS)
    expected = float(metrics.mase(point, outcome, history, over=BOTH))
    assert float(metrics.scaled_crps(everywhere, outcome, history, over=BOTH)) == pytest.approx(expected)


@given(k=positive)
def test_scaled_scores_are_free_of_unit(k):
    rng = np.random.default_rng(3)
    history, outcome, point = rng.normal(size=(2, 20)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    for score in (
        lambda s: metrics.mase(future(s * point), future(s * outcome), panel(s * history), over=BOTH),
        lambda s: metrics.msis(future(s * (point - 1)), future(s * (point + 1)), future(s * outcome), panel(s * history), over=BOTH),
    ):
        assert float(score(k)) == pytest.approx(float(score(1.0)), rel=1e-9)


# --- labels ----------------------------------------------------------------------------------------------------------------


def test_other_labels_and_a_missing_season_are_named():
    history = panel([[0.0, 1.0, 3.0]])
    outcome = future([[1.0, 2.0]]).assign_coords(series=["a"])
    with pytest.raises(SchemaError, match="different labels"):
        metrics.mase(outcome.assign_coords(series=["b"]), outcome, history, over="time")
    with pytest.raises(SchemaError, match="different labels"):
        metrics.mase(outcome, outcome, history.assign_coords(series=["b"]), over="time")
    with pytest.raises(SchemaError, match="season"):
        metrics.mase(outcome, outcome, history["value"], over="time")
    with pytest.raises(SchemaError, match="quantile"):
        metrics.scaled_crps(outcome, outcome, history, over="time")
    assert float(metrics.mase(outcome, outcome, history["value"], over=BOTH, season=1)) == 0.0
