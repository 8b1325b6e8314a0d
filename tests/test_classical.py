"""Classical forecasters against statsmodels and closed forms: means, variances at every step, and the spread of their paths."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import lfilter
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.statespace.sarimax import SARIMAX as PeerSarimax
from statsmodels.tsa.statespace.structural import UnobservedComponents as PeerComponents
from statsmodels.tsa.stattools import kpss as peer_kpss

import bayu_forecast as bf
from bayu_forecast._numeric.arma import Order, difference, fit_conditional, innovations, kpss, seasonal_strength, stationary, unpack
from bayu_forecast.errors import SpecificationError
from bayu_forecast.models.classical.ets import FORMS, Form, fitted_form, last_states
from bayu_forecast.models.classical.per_series import filled, toeplitz_factor
from bayu_forecast.models.classical.state_space import from_statsmodels

pytestmark = pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.ModelWarning")

Array = NDArray[np.float64]
H = 24


def monthly(n: int = 96, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    return 100 + np.cumsum(rng.standard_normal(n) * 2) + 10 * np.sin(2 * np.pi * t / 12) + rng.standard_normal(n)


def gappy(y: Array) -> Array:
    y = y.copy()
    y[[20, 21, 22, 50]] = np.nan
    return y


def spread(model: bf.Forecaster) -> Array:
    """Analytic standard deviations of the first series, in the unit of the series."""
    factor = model.models_[0].ahead(H, None).factor
    return model.scales_[0] * np.sqrt((factor**2).sum(axis=1))


MODELS = [bf.SeasonalNaive(), bf.Drift(), bf.Theta(), bf.ETS(form="AAdA"), bf.ETS(form="AAN"), bf.ARIMA(max_iter=5),
          bf.ARIMA(order=(1, 1, 1), seasonal_order=(0, 1, 1), max_iter=5), bf.UnobservedComponents(trend="local linear trend", max_iter=5)]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_paths_have_the_analytic_spread_at_every_step(model: bf.Forecaster) -> None:
    model.fit(bf.as_panel([monthly()], season=12))
    paths = model.simulate(H, samples=20_000, rng=3)["value"].values[:, 0]
    told = model.predict(H, coverage=0.8)
    sd = spread(model)
    # five standard errors of a standard deviation, and of a mean, from 20,000 samples
    np.testing.assert_allclose(paths.std(axis=0), sd, rtol=5 / np.sqrt(2 * 20_000))
    assert (np.abs(paths.mean(axis=0) - told["mean"].values[0]) < 5 * sd / np.sqrt(20_000)).all()
    np.testing.assert_allclose((told["upper"] - told["lower"]).values[0, 0], 2 * 1.2815515655446 * sd, rtol=1e-9)
    # over a sum of months too, which single months' intervals cannot tell
    whole = model.models_[0].ahead(H, None).factor.sum(axis=0)
    np.testing.assert_allclose(paths.sum(axis=1).std(), model.scales_[0] * np.sqrt(whole @ whole), rtol=0.03)


# --- closed forms ------------------------------------------------------------------------------------------------------------


def test_seasonal_naive_by_hand() -> None:
    y = monthly()
    model = bf.SeasonalNaive().fit(bf.as_panel([y], season=12))
    np.testing.assert_allclose(model.predict(H)["mean"][0], np.tile(y[-12:], 2))
    step = np.sqrt(np.mean((y[12:] - y[:-12]) ** 2))
    np.testing.assert_allclose(spread(model), np.repeat([step, step * np.sqrt(2)], 12))


def test_seasonal_naive_goes_around_gaps() -> None:
    y = np.array([1.0, 5.0, 2.0, 6.0, np.nan, 8.0])
    model = bf.SeasonalNaive().fit(bf.as_panel([y], season=2))
    assert model.predict(2)["mean"].values[0].tolist() == [2.0, 8.0]
    step = np.sqrt(np.mean([1.0, 1.0, 4.0]))
    np.testing.assert_allclose(spread(model)[:4], step * np.sqrt([2, 1, 3, 2]))


def test_drift_by_hand() -> None:
    y = monthly()
    model = bf.Drift().fit(bf.as_panel([y], season=12))
    h, n = np.arange(1, H + 1), len(y) - 1
    steps = np.diff(y)
    np.testing.assert_allclose(model.predict(H)["mean"][0], y[-1] + h * steps.mean())
    np.testing.assert_allclose(spread(model), steps.std(ddof=1) * np.sqrt(h + h**2 / n))


def test_drift_is_the_same_walk_through_a_gap() -> None:
    y = np.array([0.0, 1.0, np.nan, 3.0, 4.0, np.nan])
    told = bf.Drift().fit(bf.as_panel([y], season=1)).predict(2)
    assert told["mean"].values[0].tolist() == [6.0, 7.0]
    np.testing.assert_allclose(told["upper"], told["lower"], atol=1e-6)


# --- against statsmodels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_theta_is_statsmodels(seed: int) -> None:
    y = monthly(seed=seed)
    peer = ThetaModel(y, period=12).fit().forecast(H)
    ours = bf.Theta().fit(bf.as_panel([y], season=12)).predict(H)["mean"].values[0]
    np.testing.assert_allclose(ours, peer, rtol=1e-5)


@pytest.mark.parametrize("data", [monthly(), gappy(monthly())], ids=["whole", "gappy"])
@pytest.mark.parametrize(("order", "seasonal"), [
    ((1, 1, 1), (0, 1, 1)), ((2, 0, 1), (1, 0, 0)), ((0, 2, 1), (0, 0, 0)), ((0, 1, 0), (1, 1, 0)),
])
def test_arima_moments_are_statsmodels(data: Array, order: tuple[int, int, int], seasonal: tuple[int, int, int]) -> None:
    result = PeerSarimax(data / 100, order=order, seasonal_order=(*seasonal, 12)).fit(disp=False, maxiter=3)
    peer = result.get_forecast(H)
    ours = from_statsmodels(result, np.zeros(0)).ahead(H, None)
    np.testing.assert_allclose(ours.mean, peer.predicted_mean, rtol=1e-8)
    np.testing.assert_allclose((ours.factor**2).sum(axis=1), peer.var_pred_mean, rtol=1e-8)


@pytest.mark.parametrize("data", [monthly(), gappy(monthly())], ids=["whole", "gappy"])
@pytest.mark.parametrize("trend", ["local level", "smooth trend", "local linear trend"])
def test_component_moments_are_statsmodels(data: Array, trend: str) -> None:
    result = PeerComponents(data / 100, trend, seasonal=12).fit(disp=False, maxiter=5)
    peer = result.get_forecast(H)
    ours = from_statsmodels(result, np.zeros(0)).ahead(H, None)
    np.testing.assert_allclose(ours.mean, peer.predicted_mean, rtol=1e-8)
    np.testing.assert_allclose((ours.factor**2).sum(axis=1), peer.var_pred_mean, rtol=1e-8)


def test_arima_factor_is_its_impulse_response() -> None:
    """(1 - .5 B)(1 - B)(1 - B^12) y = (1 + .3 B)(1 - .4 B^12) e, after a history long enough for the filter to settle."""
    result = PeerSarimax(monthly(240), order=(1, 1, 1), seasonal_order=(0, 1, 1, 12)).filter(np.array([0.5, 0.3, -0.4, 2.25]))
    season = np.eye(13)[12]
    ar = np.convolve(np.convolve([1, -0.5], [1, -1]), np.eye(13)[0] - season)
    response = lfilter(np.convolve([1, 0.3], np.eye(13)[0] - 0.4 * season), ar, np.eye(H)[0])
    np.testing.assert_allclose(from_statsmodels(result, np.zeros(0)).ahead(H, None).factor, toeplitz_factor(response, 1.5), atol=1e-6)


@pytest.mark.parametrize("form", FORMS, ids="".join)
def test_ets_points_are_statsmodels(form: Form) -> None:
    peer = fitted_form(pd.Series(monthly()), form, 12, "heuristic")
    ours = last_states(form, peer, 12)
    np.testing.assert_allclose(ours.ahead(H, None).mean, np.asarray(peer.forecast(H)), rtol=1e-9)
    if form.error == "A":
        variance = np.asarray(peer.get_prediction(start=96, end=96 + H - 1).forecast_variance)
        np.testing.assert_allclose((ours.ahead(H, None).factor**2).sum(axis=1) / ours.sd**2, variance / peer.scale, rtol=1e-9)


@pytest.mark.parametrize("form", ["MNN", "MAdN"])
def test_multiplicative_errors_have_their_analytic_spread(form: str) -> None:
    """Second moments of class 2 by their recursion (Hyndman et al. 2008, section 6.4)."""
    model = bf.ETS(form=form).fit(bf.as_panel([np.exp(monthly() / 40)], season=12))
    fitted = model.models_[0]
    mean = fitted.ahead(H, None).mean
    c = np.array([fitted.alpha + fitted.beta * sum(fitted.damping**k for k in range(1, j + 1)) for j in range(1, H + 1)])
    theta = np.empty(H)
    for h in range(H):
        theta[h] = mean[h] ** 2 + fitted.sd**2 * sum(c[j - 1] ** 2 * theta[h - j] for j in range(1, h + 1))
    sd = model.scales_[0] * np.sqrt((1 + fitted.sd**2) * theta - mean**2)
    paths = model.simulate(H, samples=40_000, rng=1)["value"].values[:, 0]
    np.testing.assert_allclose(paths.std(axis=0), sd, rtol=0.04)
    np.testing.assert_allclose(paths.mean(axis=0), model.scales_[0] * mean, atol=5 * sd.max() / 200)


def test_ets_chooses_what_the_data_are() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(96)
    flat = 50 + rng.standard_normal(96)
    seasonal = 50 + 10 * np.sin(2 * np.pi * t / 12) + 0.5 * rng.standard_normal(96)
    swelling = np.exp(3 + 0.02 * t + 0.3 * np.sin(2 * np.pi * t / 12) + 0.02 * rng.standard_normal(96))
    model = bf.ETS().fit(bf.as_panel([flat, seasonal, swelling], season=12))
    assert [m.form.season for m in model.models_] == ["N", "A", "M"]
    assert model.models_[2].form.trend != "N"


# --- ARIMA's parts -------------------------------------------------------------------------------------------------------------


def test_orders_are_found() -> None:
    rng = np.random.default_rng(5)
    e = rng.standard_normal(400)
    walk, white = np.cumsum(e), e + 20
    ar = unpack(np.arctanh([0.7]), Order(1, 0, 0, 0))
    persistent = np.zeros(400)
    for i in range(1, 400):
        persistent[i] = ar.ar[0] * persistent[i - 1] + e[i]
    chosen = [m.chosen for m in bf.ARIMA(max_iter=0).fit(bf.as_panel([walk + 90, white, persistent + 40], season=1)).models_]
    assert [c.d for c in chosen] == [1, 0, 0]
    assert chosen[2].order.p >= 1
    airline = bf.ARIMA(max_iter=0).fit(bf.as_panel([monthly(120)], season=12)).models_[0].chosen
    assert airline.seasonal_d == 1


def test_kpss_is_statsmodels() -> None:
    for seed in range(3):
        y = np.random.default_rng(seed).standard_normal(100).cumsum()
        lags = int(4 * (len(y) / 100) ** 0.25)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = peer_kpss(y, nlags=lags)[0]
        assert kpss(y) == pytest.approx(expected)


def test_seasonal_strength_is_between_noise_and_pattern(rng: np.random.Generator) -> None:
    noise = rng.standard_normal(240)
    assert seasonal_strength(noise, 12) < 0.3
    assert seasonal_strength(noise + 10 * np.sin(np.arange(240) * np.pi / 6), 12) > 0.9


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5))
def test_every_point_is_stationary(x: list[float]) -> None:
    coefficients = stationary(np.array(x))
    assert np.max(np.abs(np.roots(np.concatenate([[1.0], -coefficients])))) < 1.0


@settings(max_examples=20)
@given(st.integers(0, 2), st.integers(0, 2), st.integers(0, 999))
def test_conditional_fit_improves_on_nothing(p: int, q: int, seed: int) -> None:
    w = np.random.default_rng(seed).standard_normal(60)
    coefficients, squares = fit_conditional(w, Order(p, q, 0, 0), 1)
    assert squares <= 1.001 * (w @ w)
    errors = innovations(w, coefficients, 1)
    assert errors @ errors == pytest.approx(squares)


def test_differences() -> None:
    y = np.arange(30.0) ** 2
    np.testing.assert_allclose(difference(y, 1, 1, 4), 8.0)


# --- drivers and gaps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [bf.SARIMAX(max_iter=20), bf.UnobservedComponents(trend="local level", max_iter=20)], ids=str)
def test_a_driver_is_worth_its_coefficient(model: bf.Forecaster, rng: np.random.Generator) -> None:
    X = pd.DataFrame({"promotion": rng.integers(0, 2, 108).astype(float), "flat": np.ones(108), "twice": np.nan})
    X["twice"] = 2 * X["promotion"]
    y = monthly() + 8 * X["promotion"].to_numpy()[:96]
    model.fit(bf.as_panel([y], season=12), X)
    on, off = (model.predict(12, X=X.assign(promotion=v, twice=2 * v))["mean"] for v in (1.0, 0.0))
    np.testing.assert_allclose(on - off, 8.0, atol=2.0)
    paths = [model.simulate(12, samples=5, X=X.assign(promotion=v, twice=2 * v))["value"] for v in (1.0, 0.0)]
    np.testing.assert_allclose(paths[0] - paths[1], np.broadcast_to(on - off, (5, 1, 12)), rtol=1e-6)


def test_gaps_are_filled_by_season_and_level() -> None:
    y = np.tile([0.0, 10.0, 20.0, 30.0], 8) + np.arange(32)
    holes = y.copy()
    holes[[9, 10, 22]] = np.nan
    np.testing.assert_allclose(filled(holes, 4)[[9, 10, 22]], y[[9, 10, 22]], atol=4.0)
    assert filled(np.array([1.0, np.nan, 3.0]), 4).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("model", "told"), [
    (bf.ETS(form="XYZ"), "form"), (bf.UnobservedComponents(trend="up"), "trend"), (bf.Theta(theta=1.0), "theta"),
    (bf.ARIMA(order=(1, -1, 0)), "orders"), (bf.ARIMA(seasonal_order=(1, 0, 0)), "orders"),
])
def test_wrong_parameters_are_an_error_not_a_failed_series(model: bf.Forecaster, told: str) -> None:
    with pytest.raises(SpecificationError, match=told):
        model.fit(bf.as_panel([monthly()], season=1))


def test_worker_processes_change_nothing() -> None:
    y = bf.as_panel([monthly(48, seed) for seed in range(3)], season=12)
    one, two = (bf.ETS(form="ANN", n_jobs=n).fit(y).simulate(3, samples=4)["value"] for n in (None, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("model", [bf.ARIMA(max_iter=5), bf.ETS(), bf.UnobservedComponents(max_iter=5)], ids=str)
def test_weekly_series_are_affordable(model: bf.Forecaster) -> None:
    rng = np.random.default_rng(2)
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(200) / 52) + rng.standard_normal(200)
    told = model.fit(bf.as_panel([y], season=52)).predict(26)["mean"].values[0]
    truth = 50 + 10 * np.sin(2 * np.pi * np.arange(200, 226) / 52)
    assert np.abs(told - truth).mean() < 3.0
