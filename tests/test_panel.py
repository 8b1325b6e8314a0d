"""Panels by structural mixtures: the algebra against dense Gaussians and statsmodels, the mixture against its paths, what a user meets."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy import integrate, stats

import bayu_forecast as bf
from bayu_forecast._numeric.evidence import PRIOR_DF, Columns, ahead_with_columns, log_evidence, means_ahead, prior_precision
from bayu_forecast._numeric.latest_first import FLAT, factor
from bayu_forecast._numeric.mixture import Mixture
from bayu_forecast._numeric.outliers import pull_in
from bayu_forecast._numeric.scales import SHIFTS, from_scale, standardise, to_scale
from bayu_forecast._numeric.variogram import FIELDS, variograms
from bayu_forecast.errors import SchemaError
from bayu_forecast.models.structure_prior import structures_of

Array = NDArray[np.float64]


def structure(**fields: float) -> Array:
    plain = dict.fromkeys(FIELDS, 0.0) | dict.fromkeys(("slope_rate", "cycle_rate", "season_memory", "season_width"), 1.0)
    return np.array([list((plain | fields).values())])


def dense(variogram: Array, times: Array) -> Array:
    """Covariance at any whole times, zero being the latest value."""
    g = variogram
    lag = np.abs(times[:, None] - times[None, :])
    return np.asarray(FLAT + g[np.abs(times)][:, None] + g[np.abs(times)] - g[lag])


@pytest.fixture
def variogram() -> Array:
    return np.asarray(variograms(structures_of(12)[5:6], 80, 12.0)[0])


# --- structures --------------------------------------------------------------------------------------------------------------


def test_a_remembered_slope_is_an_integrated_process() -> None:
    rate, size, years = 1.7, 0.6, 2.5
    got = 2 * variograms(structure(slope=size, slope_rate=rate), 31, 12.0)[0, 30]
    want, _ = integrate.quad(lambda lag: 2 * (years - lag) * size**2 * np.exp(-rate * lag), 0, years)
    assert got - 2e-5 == pytest.approx(want, rel=1e-6)


def test_a_slope_never_forgotten_is_a_drift_and_one_forgotten_at_once_a_level() -> None:
    lags = np.arange(24) / 12
    drift = variograms(structure(slope=1.0, slope_rate=1e-4), 24, 12.0)[0]
    level = variograms(structure(slope=100.0, slope_rate=1e4), 24, 12.0)[0]
    assert np.allclose(drift[1:], lags[1:] ** 2 / 2 + 1e-5, rtol=1e-3)
    assert np.allclose(level[1:], lags[1:] + 1e-5, rtol=1e-2)


@pytest.mark.parametrize("season", [4.0, 7.0, 12.0])
def test_a_seasonal_pattern_sums_to_nothing(season: float) -> None:
    g = variograms(structure(fixed=1.0, season_width=0.7), int(season) + 1, season)[0]
    correlation = 1 - (g[1:int(season) + 1] - 1e-5)
    assert abs(correlation.sum()) < 1e-9
    assert correlation[-1] == pytest.approx(1.0)


# --- evidence and forecasts: dense Gaussians are the oracle -------------------------------------------------------------------


def test_one_factor_serves_every_length(variogram: Array) -> None:
    whole, part = factor(variogram, 50, 6), factor(variogram, 20, 6)
    assert np.allclose(np.tril(whole.lower[:20, :20]), np.tril(part.lower), atol=1e-10)
    assert np.allclose(whole.ahead[:20], part.ahead, atol=1e-10)
    assert np.allclose(whole.covariance(20), part.covariance(20), atol=1e-9)


def student(x: Array, covariance: Array, df: float) -> float:
    """Log evidence of a Gaussian whose variance is integrated out, up to a constant."""
    quadratic = x @ np.linalg.solve(covariance, x) + PRIOR_DF
    return float(-0.5 * df * np.log(quadratic) - 0.5 * np.linalg.slogdet(covariance)[1])


def test_evidence_equals_the_dense_one(variogram: Array, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 40))
    x[1, 25:] = 0.0
    got = log_evidence(variogram[None], x, np.array([40, 25]), {})
    for row, n in enumerate((40, 25)):
        want = student(x[row, :n], dense(variogram, -np.arange(n)), n - 1 + PRIOR_DF)
        assert got[row, 0] == pytest.approx(want, abs=1e-8)


def test_a_gap_leaves_the_evidence_of_what_was_seen(variogram: Array, rng: np.random.Generator) -> None:
    x, missing = rng.standard_normal(30), np.array([3, 4, 17])
    x[missing] = 0.0
    columns = Columns(np.eye(30)[:, missing], np.zeros(3))
    seen = np.setdiff1d(np.arange(30), missing)
    others = [variogram, variogram * 1.7 + 0.2 * (np.arange(80) > 0)]
    got = log_evidence(np.array(others), x[None], np.array([30]), {0: columns})[0]
    want = [student(x[seen], dense(g, -seen), 27 - 1 + PRIOR_DF) for g in others]
    assert got[1] - got[0] == pytest.approx(want[1] - want[0], abs=1e-8)
    structure_ = factor(variogram, 30, 5)
    mean, _, covariance = ahead_with_columns(structure_, x, 30, columns, np.zeros((5, 3)))
    both = dense(variogram, np.concatenate([-seen, np.arange(1, 6)]))
    gain = np.linalg.solve(both[:27, :27], both[:27, 27:]).T
    assert np.allclose(mean, gain @ x[seen], atol=1e-8)
    assert np.allclose(covariance, both[27:, 27:] - gain @ both[:27, 27:], atol=1e-7)


def test_drivers_are_a_part_of_the_covariance(variogram: Array, rng: np.random.Generator) -> None:
    x, columns = rng.standard_normal(30), rng.standard_normal((36, 2))
    precision = np.array([2.0, 9.0])
    past, ahead = Columns(columns[:30], precision), columns[30:]
    times = np.concatenate([-np.arange(30), np.arange(1, 7)])
    both = dense(variogram, times) + columns / precision @ columns.T
    got = log_evidence(variogram[None], x[None], np.array([30]), {0: past})[0, 0]
    assert got == pytest.approx(student(x, both[:30, :30], 29 + PRIOR_DF), abs=1e-8)
    mean, size, covariance = ahead_with_columns(factor(variogram, 30, 6), x, 30, past, ahead)
    gain = np.linalg.solve(both[:30, :30], both[:30, 30:]).T
    assert np.allclose(mean, gain @ x, atol=1e-8)
    assert np.allclose(covariance, both[30:, 30:] - gain @ both[:30, 30:], atol=1e-7)
    assert size == pytest.approx((x @ np.linalg.solve(both[:30, :30], x) + PRIOR_DF) / (29 + PRIOR_DF))


def test_forecasts_equal_statsmodels(rng: np.random.Generator) -> None:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    x = np.cumsum(rng.normal(0, 0.3, 40)) + rng.normal(0, 0.5, 40)
    g = variograms(structure(level=0.3, noise=0.5), 50, 1.0)[0]
    found = factor(g, 40, 6)
    mean, size = means_ahead(found, x[None, ::-1], np.array([40]))
    oracle = UnobservedComponents(x, "local level", use_exact_diffuse=True).smooth([0.25 + 1e-5, 0.09]).get_forecast(6)
    # the flat prior of today's level is 1000 here, infinite there
    assert np.allclose(mean[0], oracle.predicted_mean, atol=2e-3)
    assert np.allclose(found.variances(np.array([40]))[0], oracle.var_pred_mean, atol=2e-3)
    assert size[0] > 0


def test_a_driver_that_carries_nothing_is_shut_off(variogram: Array, rng: np.random.Generator) -> None:
    columns = rng.standard_normal((60, 2))
    g = np.asarray(variograms(structure(level=0.2, noise=0.3), 60, 12.0)[0])
    x = 0.8 * columns[:, 0] + 0.3 * rng.standard_normal(60)
    precision = prior_precision(factor(g, 60, 0), x, Columns(columns, np.full(2, 10.0)))
    assert precision[0] < 2.0
    assert precision[1] > 20 * precision[0]


# --- scales and outliers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", SHIFTS)
def test_scales_go_there_and_back(shift: float) -> None:
    values = np.array([0.1, 3.0, 500.0])
    assert np.allclose(from_scale(to_scale(values, shift, 2.0), shift, 2.0), values)


def test_jacobian_of_a_scale_is_the_slope_of_the_standardised_values() -> None:
    y = np.array([[3.0, 8.0, 5.0, 9.0]])
    scaled = standardise(y)
    for scale in (1, 3):
        slope = 1 / (y[0] / scaled.unit[0] + SHIFTS[scale]) / scaled.unit[0] / scaled.spread[0, scale]
        assert scaled.log_jacobian[0, scale] == pytest.approx(np.log(slope).sum())


def test_negative_series_stay_on_the_level_and_zeros_off_the_log() -> None:
    fits = standardise(np.array([[-1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [1.0, 2.0, 3.0]])).fits
    assert fits[:, [0, 1, -1]].tolist() == [[False, False, True], [False, True, False], [True, True, False]]


def test_outliers_are_told_from_the_rest_of_their_series(rng: np.random.Generator) -> None:
    g = np.asarray(variograms(structure(level=0.2, noise=0.3), 60, 12.0)[0])
    x = rng.normal(0, 0.3, (2, 1, 60))
    x[0, 0, 30] = x[1, 0, 30] = 6.0
    x[1, 0, 10] = 0.0
    seen = np.ones((2, 60), bool)
    seen[1, 10] = False
    got = pull_in(x, seen, np.array([60, 60]), g)
    assert (np.abs(got[:, 0, 30]) < 2.0).all()
    calm = np.abs(np.arange(60) - 30) > 1
    assert np.allclose(got[:, 0, calm], x[:, 0, calm], atol=1e-9)


# --- mixtures -----------------------------------------------------------------------------------------------------------------


def mixture(*components: tuple[float, int, float, float], horizon: int = 3, df: float = np.inf) -> Mixture:
    """Components as weight, scale, mean, standard deviation; independent over time."""
    weight, scale, mean, sd = (np.array(part) for part in zip(*components, strict=True))
    level = np.repeat(mean[:, None], horizon, axis=1)
    spread, roots = np.repeat(sd[:, None], horizon, axis=1), [np.eye(horizon)] * len(weight)
    return Mixture(weight, scale.astype(np.intp), level, spread, roots, sd, 10.0, True, df)


def test_one_log_component_has_the_quantiles_of_a_lognormal() -> None:
    _, quantiles = mixture((1.0, 0, 0.0, 0.5)).summary([0.025, 0.5, 0.9])
    want = stats.lognorm(0.5, scale=10.0).ppf([0.025, 0.5, 0.9])
    assert np.allclose(quantiles[:, 0], want, rtol=1e-4)


def test_one_level_component_has_the_quantiles_of_a_t() -> None:
    levels, whole = [0.005, 0.1, 0.5, 0.975], mixture((1.0, 4, 1000.0, 20.0), df=7.0)
    want = stats.t(7.0, 1000.0, 20.0).ppf(levels)
    assert np.allclose(whole.summary(levels)[1][:, 0], want, atol=0.5)  # Wallace approximation: 3e-4 in probability
    paths = whole.paths(200_000, 7, "a")
    assert np.allclose(np.quantile(paths[:, 1], levels, method="hazen"), want, atol=0.6)
    # one size of shock to a path: the steps of a path are large together, though they are not correlated
    away = (paths - 1000) / 20
    assert abs(np.corrcoef(away[:, 0], away[:, 1])[0, 1]) < 0.01
    assert np.corrcoef(away[:, 0] ** 2, away[:, 1] ** 2)[0, 1] > 0.1


@pytest.mark.parametrize("df", [np.inf, 7.0])
def test_summary_and_paths_tell_the_same(df: float) -> None:
    mixed = mixture((0.5, 0, 0.0, 0.2), (0.3, 2, 1.2, 0.1), (0.2, 1, 0.6, 0.3), df=df)
    mean, quantiles = mixed.summary([0.05, 0.5, 0.95])
    paths = mixed.paths(100_000, 7, "a")
    assert np.allclose(paths.mean(axis=0), mean, rtol=5e-3)
    assert np.allclose(np.quantile(paths, [0.05, 0.5, 0.95], axis=0), quantiles, rtol=2e-2)


def test_far_below_the_scales_the_mean_is_finite() -> None:
    mean, quantiles = mixture((0.6, 1, -40.0, 0.1), (0.4, 0, -20.0, 0.1)).summary([0.1, 0.9])
    assert np.isfinite(mean).all()
    assert (mean < 0.1).all()
    assert (np.diff(quantiles, axis=0) >= 0).all()


def test_paths_are_prefixes() -> None:
    mixed = mixture((0.6, 0, 0.0, 0.2), (0.4, 2, 1.2, 0.1))
    assert np.array_equal(mixed.paths(5000, 7, "a")[:300], mixed.paths(300, 7, "a"))
    assert not np.array_equal(mixed.paths(10, 7, "a"), mixed.paths(10, 7, "b"))


# --- the forecaster -----------------------------------------------------------------------------------------------------------


def monthly(n: int, rng: np.random.Generator, noise: float = 0.04) -> Array:
    t = np.arange(n)
    return np.asarray(np.exp(5 + 0.003 * t + 0.25 * np.sin(2 * np.pi * t / 12) + noise * rng.standard_normal(n)))


def test_simulated_and_analytic_spread_agree(rng: np.random.Generator) -> None:
    model = bf.StructuralForecaster().fit(bf.as_panel([monthly(96, rng)], season=12))
    told = model.predict(12, coverage=[0.8])
    paths = model.simulate(12, samples=40_000, rng=1)["value"].quantile([0.1, 0.9], dim="sample")
    width = (told["upper"] - told["lower"]).values[0, 0]
    assert np.allclose(paths.diff("quantile").values[0, 0], width, rtol=0.03)


def test_company_changes_nothing(rng: np.random.Generator) -> None:
    lengths = (120, 61, 30, 9)
    together = {f"s{i}": monthly(n, rng) for i, n in enumerate(lengths)}
    model = bf.StructuralForecaster().fit(bf.as_panel(together, season=12))
    alone = bf.StructuralForecaster().fit(bf.as_panel({"s2": together["s2"]}, season=12))
    first, second = (m.simulate(6, samples=50, rng=3)["value"].sel(series="s2") for m in (model, alone))
    assert np.allclose(first, second, rtol=1e-7)


def test_a_gap_hardly_moves_a_forecast(rng: np.random.Generator) -> None:
    whole = monthly(120, rng, noise=0.02)
    gappy = whole.copy()
    gappy[[40, 41, 90, 119]] = np.nan
    told = bf.StructuralForecaster().fit(bf.as_panel([whole, gappy], season=12)).predict(12)["median"].values
    assert np.allclose(told[0], told[1], rtol=0.03)


def test_intervals_cover_what_they_say(rng: np.random.Generator) -> None:
    series = []
    for _ in range(150):
        level = np.cumsum(rng.normal(0, 0.03, 108))
        pattern = np.tile(rng.normal(0, 0.2, 12), 9)
        series.append(np.exp(4 + level + pattern + rng.normal(0, 0.06, 108)))
    told = bf.StructuralForecaster().fit(bf.as_panel([s[:96] for s in series], season=12)).predict(12, coverage=[0.8, 0.95])
    ahead = np.array([s[96:] for s in series])
    inside = ((told["lower"].values <= ahead) & (ahead <= told["upper"].values)).mean(axis=(1, 2))
    assert 0.74 < inside[0] < 0.88
    assert 0.91 < inside[1] < 0.985


@pytest.mark.parametrize("season", [1, 4, 7, 12, 52])
def test_every_season(season: int, rng: np.random.Generator) -> None:
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(130) / max(season, 6)) + rng.standard_normal(130)
    told = bf.StructuralForecaster().fit(bf.as_panel([y], season=season)).predict(8)
    assert np.isfinite(told["median"].values).all()
    assert np.abs(told["median"].values - 50).max() < 40


def drivers(values: Array) -> xr.DataArray:
    names = [f"d{i}" for i in range(len(values))]
    return xr.DataArray(values, dims=("feature", "time"), coords={"feature": names, "time": np.arange(values.shape[1])})


def test_drivers_halve_the_error_and_junk_costs_little(rng: np.random.Generator) -> None:
    promotions, junk = (rng.random((1, 150)) < 0.2).astype(float), rng.standard_normal((2, 150))
    series = [monthly(150, rng) * np.exp(0.6 * promotions[0]) for _ in range(6)]
    y = bf.as_panel([s[:138] for s in series], season=12)
    ahead = np.array([s[138:] for s in series])

    def error(X: xr.DataArray | None) -> float:
        told = bf.StructuralForecaster().fit(y, X).predict(12, X=X)["median"].values
        return float(np.abs(told - ahead).mean())

    plain, helped, both = error(None), error(drivers(promotions)), error(drivers(np.vstack([promotions, junk])))
    assert helped < 0.5 * plain
    assert both < 1.03 * helped


def test_a_driver_that_hardly_moved_does_nothing_large(rng: np.random.Generator) -> None:
    """A price that was all but fixed and then moves by two per cent: noise in the past must not become an elasticity of hundreds."""
    price = 0.87 + 0.0002 * rng.standard_normal((1, 68))
    price[0, 60:] -= 0.02
    y = bf.as_panel([np.exp(5 + 0.3 * rng.standard_normal(60)) for _ in range(8)], season=52)
    told = bf.StructuralForecaster().fit(y, drivers(price)).predict(8, X=drivers(price))["median"].values
    assert (np.abs(np.log(told) - 5) < 0.7).all()


def test_what_never_was_negative_never_is(rng: np.random.Generator) -> None:
    y = rng.poisson(1.0, 60).astype(float)
    paths = bf.StructuralForecaster().fit(bf.as_panel([y], season=12)).simulate(12, samples=500)["value"]
    assert float(paths.min()) >= 0


def test_prints_and_designs_come_together(rng: np.random.Generator) -> None:
    known = bf.load_region("china").as_of("2020-01-31")
    with pytest.raises(SchemaError, match="prints and a design come together"):
        bf.StructuralForecaster().fit(known.observations("retail_total"))
    with pytest.raises(SchemaError, match="prints and a design come together"):
        bf.StructuralForecaster().fit(bf.as_panel([monthly(40, rng)], season=12), bf.design(known))


def test_a_panel_has_no_start(rng: np.random.Generator) -> None:
    model = bf.StructuralForecaster().fit(bf.as_panel([monthly(40, rng)], season=12))
    with pytest.raises(SchemaError, match="begin after its last time"):
        model.simulate(3, start="2024-01")
