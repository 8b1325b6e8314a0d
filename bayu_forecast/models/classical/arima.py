"""ARIMA with automatic orders, with and without drivers.

Floor F2. Orders are searched on conditional sums of squares, in milliseconds; the chosen model is fitted exactly by the Kalman filter
of statsmodels, gaps included.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from statsmodels.tsa.statespace.sarimax import SARIMAX as _Model

from bayu_forecast._numeric.arma import Coefficients, Order, difference, fit_conditional, kpss, seasonal_strength
from bayu_forecast.errors import SpecificationError
from bayu_forecast.models.base import ForecasterTags
from bayu_forecast.models.classical.per_series import HARMONICS, LONG_SEASON, Ahead, SeriesForecaster, SeriesModel, filled
from bayu_forecast.models.classical.state_space import StateSpace, from_statsmodels

Array = NDArray[np.float64]

#: 5 % point of the KPSS statistic, and the share of variance above which a season is differenced
_NOT_STATIONARY, _SEASONAL = 0.463, 0.64
_MOST = Order(4, 4, 2, 2)


class Specification(NamedTuple):
    """Differences, orders, and whether the differenced series has a mean (a constant, or a drift)."""

    d: int
    seasonal_d: int
    order: Order
    constant: bool


class _Arima(NamedTuple):
    """A fitted model and how to continue its own regressors (trend, harmonics) beside the drivers."""

    space: StateSpace
    chosen: Specification
    coefficients: Array
    season: int
    length: int
    own: int

    def ahead(self, horizon: int, features: Array | None) -> Ahead:
        """Exact joint distribution; drivers and own regressors add to the mean."""
        own = _own_columns(np.arange(self.length, self.length + horizon), self.season, self.chosen)
        columns = own if features is None else np.column_stack([own, features])
        return self.space.ahead(horizon, columns)


class ARIMA(SeriesForecaster):
    """Seasonal ARIMA, orders chosen by the corrected Akaike criterion in steps.

    Differences first: a seasonal one when the seasonal pattern explains more than 64 % of the detrended variance, regular ones until the
    KPSS statistic accepts. Then orders: from four starting models to the best neighbour while there is a better one. Seasons longer than 24
    steps are told by harmonics. Gaps are part of the likelihood.

    Parameters
    ----------
    order : tuple of int, optional
        (p, d, q); automatic when None.
    seasonal_order : tuple of int, optional
        (P, D, Q); automatic when None and ``order`` is, none when ``order`` is given.
    max_iter : int
        Iterations of the exact fit; 0 keeps the conditional estimates.
    n_jobs : int, optional
        Worker processes; the numbers do not depend on it.

    References
    ----------
    Hyndman and Khandakar (2008), Automatic time series forecasting: the forecast package for R. Journal of Statistical Software 27(3);
    Durbin and Koopman (2012), Time Series Analysis by State Space Methods.

    Examples
    --------
    >>> import numpy as np
    >>> import bayu_forecast as bf
    >>> y = np.random.default_rng(0).standard_normal(80).cumsum() + 50
    >>> model = ARIMA().fit(bf.as_panel([y], season=1))
    >>> model.models_[0].chosen.d
    1
    """

    tags = ForecasterTags(min_length=2)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Few iterations."""
        return [{"max_iter": 5}]

    def __init__(self, *, order: tuple[int, int, int] | None = None, seasonal_order: tuple[int, int, int] | None = None,
                 max_iter: int = 50, n_jobs: int | None = None) -> None:
        self.order = order
        self.seasonal_order = seasonal_order
        self.max_iter = max_iter
        self.n_jobs = n_jobs

    def _fit_series(self, y: Array, season: int, features: Array | None) -> SeriesModel:
        drivers = np.zeros((len(y), 0)) if features is None else features
        used = independent_columns(drivers)
        x = drivers[:, used]
        long_season = season > LONG_SEASON
        rest, cycle = filled(y, season), 1 if long_season else season
        chosen = self._given(rest, cycle) or _search(_without(rest, x, season), cycle, season)
        own = _own_columns(np.arange(len(y)), season, chosen)
        fitted = _exact(y, np.column_stack([own, x]), chosen, cycle, self.max_iter)
        coefficients = np.zeros(own.shape[1] + drivers.shape[1])
        coefficients[: own.shape[1]] = fitted.coefficients[: own.shape[1]]
        coefficients[own.shape[1] + used] = fitted.coefficients[own.shape[1]:]
        return _Arima(fitted._replace(coefficients=coefficients), chosen, coefficients, season, len(y), own.shape[1])

    def _given(self, y: Array, season: int) -> Specification | None:
        """The orders asked for, if any."""
        if self.order is None and self.seasonal_order is None:
            return None
        for name, given in (("order", self.order), ("seasonal_order", self.seasonal_order)):
            if given is not None and len(given) != 3:
                raise SpecificationError(f"{name} is {given}: give three whole numbers; the season is the panel's", names=[name], got=given)
        (p, d, q), (P, D, Q) = self.order or (0, 0, 0), self.seasonal_order or (0, 0, 0)
        if min(p, d, q, P, D, Q) < 0 or (season == 1 and P + D + Q > 0):
            raise SpecificationError(f"orders {(p, d, q)} and {(P, D, Q)} with a season of {season}: give whole numbers from 0, "
                                     "seasonal ones only with a season of 2 to 24", names=["order"])
        return Specification(d, D, Order(p, q, P, Q), d + D <= 1)


class SARIMAX(ARIMA):
    """Regression on drivers with seasonal ARIMA errors, orders chosen as in :class:`ARIMA` on the regression's residuals.

    Coefficients and orders are then fitted together, exactly. A driver that is constant or a combination of others gets no
    coefficient.

    Parameters
    ----------
    order, seasonal_order, max_iter, n_jobs
        As in :class:`ARIMA`.

    References
    ----------
    Hyndman and Athanasopoulos (2021), Forecasting: Principles and Practice, 3rd edition, chapter 10.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import bayu_forecast as bf
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"promotion": rng.integers(0, 2, 84)})
    >>> y = 5 + 3 * X["promotion"][:80] + 0.1 * rng.standard_normal(80)
    >>> model = SARIMAX().fit(bf.as_panel([y.to_numpy()], season=1), X)
    >>> bool(np.allclose(model.predict(4, X=X)["mean"], 5 + 3 * X["promotion"][80:], atol=0.2))
    True
    """

    tags = ForecasterTags(min_length=2, drivers=True)


def _own_columns(t: NDArray[np.int64], season: int, chosen: Specification) -> Array:
    """The model's regressors of time: a constant or a drift, and harmonics of a long season."""
    columns = []
    if chosen.constant:
        columns.append(np.ones(len(t)) if chosen.d + chosen.seasonal_d == 0 else t / 100.0)
    if season > LONG_SEASON:
        columns.append(_harmonics(t, season))
    return np.column_stack(columns) if columns else np.zeros((len(t), 0))


def _harmonics(t: NDArray[np.int64], season: int) -> Array:
    """Sines and cosines of the first multiples of the seasonal frequency."""
    angle = 2.0 * np.pi * np.outer(t, np.arange(1, HARMONICS + 1)) / season
    return np.column_stack([np.sin(angle), np.cos(angle)])


def independent_columns(x: Array) -> NDArray[np.intp]:
    """Columns, in order, that are neither constant nor combinations of earlier ones."""
    kept: list[int] = []
    basis = np.ones((len(x), 1)) / np.sqrt(max(len(x), 1))
    for k in range(x.shape[1]):
        rest = x[:, k] - basis @ (basis.T @ x[:, k])
        rest = rest - basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        if size > 1e-7 * float(np.linalg.norm(x[:, k])) and basis.shape[1] + 2 < len(x):
            kept.append(k)
            basis = np.column_stack([basis, rest / size])
    return np.array(kept, dtype=np.intp)


def _without(y: Array, x: Array, season: int) -> Array:
    """Residuals of a least-squares regression in differences, which a trend cannot mislead; levels when the season is long."""
    if season > LONG_SEASON:
        x = np.column_stack([x, _harmonics(np.arange(len(y)), season)])
    if not x.shape[1] or len(y) < x.shape[1] + 4:
        return y
    beta = np.linalg.lstsq(np.diff(x, axis=0), np.diff(y), rcond=None)[0]
    return y - x @ beta


def _search(y: Array, cycle: int, season: int) -> Specification:
    """Differences by strength and test, orders in steps by AICc on conditional sums of squares."""
    seasonal_d = int(cycle > 1 and len(y) >= 2 * cycle + 5 and seasonal_strength(y, cycle) > _SEASONAL)
    w = difference(y, 0, seasonal_d, cycle)
    d = 0
    while d < 2 - seasonal_d and len(w) > 10 and kpss(w) > _NOT_STATIONARY:
        w, d = np.diff(w), d + 1
    if len(w) < 10:
        return Specification(1, 0, Order(0, 0, 0, 0), False)
    cycles = len(w) // (3 * cycle) if cycle > 1 else 0
    most = Order(min(_MOST.p, len(w) // 8), min(_MOST.q, len(w) // 8), min(_MOST.P, cycles), min(_MOST.Q, cycles))
    tried: dict[tuple[Order, bool], float] = {}

    def score(order: Order, constant: bool) -> float:
        key = order, constant
        if key not in tried:
            tried[key] = _criterion(w, order, constant, cycle)
        return tried[key]

    allowed = d + seasonal_d <= 1
    starts = [Order(*(min(a, b) for a, b in zip(o, most, strict=True))) for o in
              (Order(2, 2, 1, 1), Order(0, 0, 0, 0), Order(1, 0, 1, 0), Order(0, 1, 0, 1))]
    best = min(((o, allowed) for o in starts), key=lambda key: score(*key))
    while True:
        near = min(_neighbours(*best, most, allowed), key=lambda key: score(*key))
        if score(*near) >= score(*best):
            return Specification(d, seasonal_d, *best)
        best = near


def _neighbours(order: Order, constant: bool, most: Order, allowed: bool) -> list[tuple[Order, bool]]:
    """One order up or down, or a regular or a seasonal pair together, or the constant in or out."""
    moves = [m for m in itertools.product((-1, 0, 1), repeat=4) if sum(map(abs, m)) == 1 or (m[0] == m[1] != 0 and m[2] == m[3] == 0)
             or (m[2] == m[3] != 0 and m[0] == m[1] == 0)]
    near = [Order(*(a + b for a, b in zip(order, move, strict=True))) for move in moves]
    kept = [(o, constant) for o in near if all(0 <= a <= top for a, top in zip(o, most, strict=True))]
    return [*kept, (order, not constant)] if allowed else kept


def _criterion(w: Array, order: Order, constant: bool, cycle: int) -> float:
    """AICc of a conditional fit; near a unit root it is infinite."""
    n, k = len(w), order.size + int(constant) + 1
    if n <= k + 2:
        return np.inf
    coefficients, squares = fit_conditional(w - w.mean() if constant else w, order, cycle)
    if _near_unit_root(coefficients):
        return np.inf
    return n * float(np.log(max(squares, 1e-300) / n)) + 2.0 * k * n / (n - k - 1)


def _near_unit_root(coefficients: Coefficients) -> bool:
    """Whether a root lies within 1 % of the unit circle."""
    for c in (-coefficients.ar, -coefficients.seasonal_ar, coefficients.ma, coefficients.seasonal_ma):
        if len(c) and np.max(np.abs(np.roots(np.concatenate([[1.0], c])))) > 0.99:
            return True
    return False


def _exact(y: Array, x: Array, chosen: Specification, cycle: int, max_iter: int) -> StateSpace:
    """Exact Gaussian likelihood from conditional starting values; the coefficients of ``x`` are fitted with the rest."""
    d, seasonal_d, order, _ = chosen
    size = x.std(axis=0)
    scale = np.where(size > 0, size, np.abs(x).max(axis=0, initial=0.0)) if x.shape[1] else np.ones(0)
    scaled = x / np.where(scale > 0, scale, 1.0)
    model = _Model(y, exog=scaled if x.shape[1] else None, order=(order.p, d, order.q), concentrate_scale=True,
                   seasonal_order=(order.P, seasonal_d, order.Q, cycle if cycle > 1 else 0))
    start = _starting_values(filled(y, cycle), scaled, chosen, cycle)
    params = start
    if max_iter and len(start):
        fit = model.fit(start_params=start, method="lbfgs", maxiter=max_iter, disp=False, cov_type="none")
        params = np.asarray(fit.params) if fit.llf >= model.loglike(start) else start
    result = model.filter(params, cov_type="none")
    beta = params[: x.shape[1]] / np.where(scale > 0, scale, 1.0)
    return from_statsmodels(result, beta)


def _starting_values(y: Array, x: Array, chosen: Specification, cycle: int) -> Array:
    """Regression in differences, then a conditional fit of what it leaves; in the order of statsmodels' parameters."""
    d, seasonal_d, order, _ = chosen
    w, v = difference(y, d, seasonal_d, cycle), difference(x, d, seasonal_d, cycle)
    beta = np.linalg.lstsq(v, w, rcond=None)[0] if x.shape[1] else np.zeros(0)
    c, _ = fit_conditional(w - v @ beta, order, cycle)
    return np.concatenate([beta, c.ar, c.ma, c.seasonal_ar, c.seasonal_ma])
