"""Scores against closed forms, scoringrules, statsmodels and stored R values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules
import statsmodels.api as sm
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats

from bayu_forecast import metrics
from bayu_forecast._numeric import growth, scoring
from bayu_forecast.errors import SchemaError

numbers = st.floats(-1e4, 1e4).map(lambda x: round(x, 6))


def test_crps_of_the_standard_normal_at_zero():
    assert scoring.crps_normal(0.0, 1.0, 0.0) == pytest.approx((math.sqrt(2) - 1) / math.sqrt(math.pi), abs=1e-12)
    assert round(float(scoring.crps_normal(0.0, 1.0, 0.0)), 10) == 0.2336949773


def test_crps_normal_against_scoringrules_and_without_spread(rng):
    y, mu, sd = rng.normal(size=50), rng.normal(size=50), rng.uniform(0.1, 3, size=50)
    np.testing.assert_allclose(scoring.crps_normal(mu, sd, y), scoringrules.crps_normal(y, mu, sd), atol=1e-12)
    np.testing.assert_allclose(scoring.crps_normal(mu, 0.0, y), np.abs(y - mu))


@pytest.mark.parametrize(("fair", "estimator"), [(True, "fair"), (False, "nrg")])
def test_crps_ensemble_against_scoringrules(rng, fair, estimator):
    x, y = rng.normal(size=(20, 50)), rng.normal(size=20)
    np.testing.assert_allclose(scoring.crps_ensemble(x, y, fair=fair), scoringrules.crps_ensemble(y, x, estimator=estimator), atol=1e-8)


def test_fair_crps_is_unbiased_and_the_other_is_not(rng):
    x, y = rng.normal(size=(40_000, 20)), rng.normal(size=40_000)
    expected = 1 / math.sqrt(math.pi)
    for fair, factor in ((True, 1.0), (False, 1 + 1 / 20)):
        scores = scoring.crps_ensemble(x, y, fair=fair)
        assert abs(scores.mean() - factor * expected) < 4 * scores.std() / math.sqrt(scores.size)


@given(x=arrays(float, st.integers(1, 30), elements=numbers), y=numbers, shift=numbers)
def test_crps_properties(x, y, shift):
    score = float(scoring.crps_ensemble(x, y, fair=False))
    assert score >= -1e-9
    assert score == pytest.approx(float(scoring.crps_ensemble(x + shift, y + shift, fair=False)), abs=1e-7)
    assert float(scoring.crps_ensemble(x[:1], y, fair=False)) == pytest.approx(abs(x[0] - y))


def test_fair_crps_of_one_sample_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        scoring.crps_ensemble([1.0], 1.0)


def test_crps_of_a_mixture_against_its_integral():
    w, mu, sd = np.array([0.3, 0.7]), np.array([-1.0, 2.0]), np.array([0.5, 1.5])
    y = 0.4

    def cdf(t):
        return float(w @ stats.norm.cdf(t, mu, sd))

    below = integrate.quad(lambda t: cdf(t) ** 2, -30, y, limit=200)[0]
    above = integrate.quad(lambda t: (1 - cdf(t)) ** 2, y, 30, limit=200)[0]
    assert float(scoring.crps_mixture(w, mu, sd, y)) == pytest.approx(below + above, abs=1e-7)
    both = scoring.crps_mixture(np.stack([w, [1.0, 0.0]]), np.stack([mu, mu]), np.stack([sd, sd]), np.array([y, y]))
    assert both[1] == pytest.approx(float(scoring.crps_normal(-1.0, 0.5, y)), abs=1e-12)


def test_interval_score_and_pinball(rng):
    y, low = rng.normal(size=100), rng.normal(size=100) - 1
    high = low + rng.uniform(0, 3, size=100)
    np.testing.assert_allclose(scoring.interval_score(low, high, y, 0.8), scoringrules.interval_score(y, low, high, 0.2))
    np.testing.assert_allclose(scoring.pinball(low, y, 0.3), scoringrules.quantile_score(y, low, 0.3))
    # the interval score is the sum of the two pinball losses, scaled
    total = (scoring.pinball(low, y, 0.1) + scoring.pinball(high, y, 0.9)) * 2 / 0.2
    np.testing.assert_allclose(scoring.interval_score(low, high, y, 0.8), total)


def test_pit_is_uniform_also_with_ties(rng):
    for x in (rng.normal(size=(4000, 9)), rng.integers(0, 3, size=(4000, 9)).astype(float)):
        value = scoring.pit(x[:, 1:], x[:, 0], rng.random(4000))
        assert stats.kstest(value, "uniform").pvalue > 0.001
    narrow = scoring.pit(0.3 * rng.normal(size=(4000, 9)), rng.normal(size=4000), rng.random(4000))
    assert stats.kstest(narrow, "uniform").pvalue < 1e-6


def test_brier_decomposes(rng):
    p = np.round(rng.beta(2, 2, 3000), 1)
    event = rng.random(3000) < p**1.3
    base = event.mean()
    parts = [((k - event[p == k].mean()) ** 2 - (event[p == k].mean() - base) ** 2) * (p == k).sum() for k in np.unique(p)]
    assert scoring.brier(p, event).mean() == pytest.approx(sum(parts) / p.size + base * (1 - base), abs=1e-12)


@pytest.mark.parametrize("lags", [0, 1, 4])
def test_standard_error_against_statsmodels(rng, lags):
    x = np.convolve(rng.normal(size=63), [1, 0.8, 0.4], "valid") + 2
    fit = sm.OLS(x, np.ones(61)).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    assert scoring.mean_error(x, lags=lags) == pytest.approx(float(fit.bse[0]), rel=1e-10)


def test_clustered_standard_error_against_statsmodels(rng):
    origin = np.repeat(np.arange(21), 5)
    x = rng.normal(size=105) + np.repeat(rng.normal(size=21), 5)
    fit = sm.OLS(x, np.ones(105)).fit(cov_type="cluster", cov_kwds={"groups": origin, "use_correction": False})
    assert scoring.mean_error(x, clusters=origin) == pytest.approx(float(fit.bse[0]), rel=1e-10)
    assert scoring.mean_error(x, clusters=origin) > 1.3 * scoring.mean_error(x)
    kraay = sm.OLS(x, np.ones(105)).fit(cov_type="hac-groupsum", cov_kwds={"time": origin, "maxlags": 2, "use_correction": False})
    assert scoring.mean_error(x, clusters=origin, lags=2) == pytest.approx(float(kraay.bse[0]), rel=1e-10)
    order = rng.permutation(105)
    assert scoring.mean_error(x[order], clusters=origin[order], lags=2) == pytest.approx(float(kraay.bse[0]), rel=1e-10)


def test_diebold_mariano_against_r():
    # R 'forecast' dm.test(e1, e2, h = 3, power = 2) printed 1.6425316955 and 0.1085199153 for these errors
    rng = np.random.default_rng(7)
    first, second = rng.standard_normal(40) * 1.2, rng.standard_normal(40)
    for i in range(2, 40):
        first[i] += 0.5 * first[i - 1]
        second[i] += 0.4 * second[i - 1]
    statistic, p = scoring.diebold_mariano(first**2, second**2, 3)
    assert statistic == pytest.approx(1.6425316955, abs=5e-11)
    assert p == pytest.approx(0.1085199153, abs=5e-11)
    assert scoring.diebold_mariano(second**2, first**2, 3) == pytest.approx((-statistic, p))


def test_diebold_mariano_falls_back_and_stays_honest():
    alternating = np.array([1.0, -1.0] * 10) + 0.01
    statistic, p = scoring.diebold_mariano(alternating, np.zeros(20), 2)
    assert math.isfinite(statistic)
    assert 0 < p <= 1
    assert all(math.isnan(v) for v in scoring.diebold_mariano(np.ones(5), np.zeros(5)))


def test_required_growth_ledger():
    assert f"{float(growth.cagr(11787.20, 15500, 5)):.3%}" == "5.629%"
    ledger = ((2021, 13967.67, "2.64%"), (2022, 13926.08, "3.63%"), (2023, 15130.25, "1.21%"), (2024, 15677.37, "-1.13%"))
    for year, level, expected in ledger:
        assert f"{float(growth.cagr(level, 15500, 2025 - year)):.2%}" == expected


@given(start=st.floats(1, 1e5), rate=st.floats(-0.5, 0.5), years=st.integers(1, 10))
def test_growth_round_trip(start, rate, years):
    assert float(growth.cagr(start, start * (1 + rate) ** years, years)) == pytest.approx(rate, abs=1e-9)
    assert float(growth.log_growth(start, start * (1 + rate))) == pytest.approx(math.log1p(rate), abs=1e-9)


@given(ytd=st.floats(1, 90), last=st.floats(100, 200), last_ytd=st.floats(1, 90), rate=st.floats(-0.5, 0.5))
def test_remaining_growth_closes_the_year(ytd, last, last_ytd, rate):
    target = ytd + (last - last_ytd) * (1 + rate)
    assert float(growth.remaining_growth(target, ytd, last, last_ytd)) == pytest.approx(rate, abs=1e-9)


def test_labelled_scores(rng):
    coords = {"origin": range(6), "horizon": [1, 2, 3]}
    samples = xr.DataArray(rng.normal(size=(6, 3, 40)), dims=("origin", "horizon", "sample"), coords=coords)
    outcome = xr.DataArray(rng.normal(size=(6, 3)), dims=("origin", "horizon"), coords=coords, attrs={"units": "1e8 CNY"})
    score = metrics.crps(samples, outcome, over="origin")
    assert score.dims == ("horizon",)
    assert score.attrs["units"] == "1e8 CNY"
    np.testing.assert_allclose(score, scoringrules.crps_ensemble(outcome.values, samples.values, estimator="fair").mean(axis=0), atol=1e-8)
    assert metrics.crps(samples, outcome).dims == ("origin", "horizon")
    assert float(metrics.coverage(outcome - 1, outcome + 1, outcome, over=("origin", "horizon"))) == 1.0
    assert metrics.mae(outcome + 2, outcome, over="origin").values == pytest.approx([2, 2, 2])


def test_labelled_scores_refuse_other_labels(rng):
    samples = xr.DataArray(rng.normal(size=(2, 4)), dims=("origin", "sample"), coords={"origin": [2020, 2021]})
    outcome = xr.DataArray([1.0, 2.0], dims="origin", coords={"origin": [2020, 2022]})
    with pytest.raises(SchemaError, match="different labels"):
        metrics.crps(samples, outcome)
    with pytest.raises(SchemaError, match="different labels"):
        metrics.mae(samples.mean("sample"), outcome, over="origin")
    with pytest.raises(SchemaError, match="needs samples"):
        metrics.crps(outcome, outcome)
