"""Unobserved components: level, slope, season and noise, each with its own shocks, and drivers.

Floor F2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from statsmodels.tsa.statespace.structural import UnobservedComponents as _Model

from bayu_forecast.errors import SpecificationError
from bayu_forecast.models.base import ForecasterTags
from bayu_forecast.models.classical.arima import independent_columns
from bayu_forecast.models.classical.per_series import HARMONICS, LONG_SEASON, SeriesForecaster, SeriesModel
from bayu_forecast.models.classical.state_space import from_statsmodels

Array = NDArray[np.float64]

#: trends tried, with the states each needs
TRENDS = {"local level": 1, "smooth trend": 2, "local linear trend": 2}


class _Fit(NamedTuple):
    """A statsmodels result and the size of its model."""

    result: Any
    size: int

    @property
    def aicc(self) -> float:
        """Corrected Akaike criterion; diffuse states count as parameters."""
        n, k = self.result.nobs, self.size
        return float(-2.0 * self.result.llf + 2.0 * k * n / max(n - k - 1, 0.5))


class UnobservedComponents(SeriesForecaster):
    """Structural time series model by maximum likelihood: trend, stochastic season, noise, and a regression on drivers.

    Parameters
    ----------
    trend : str
        ``"auto"`` (corrected Akaike criterion), ``"local level"``, ``"smooth trend"`` or ``"local linear trend"``.
    max_iter : int
        Iterations of each fit.
    n_jobs : int, optional
        Worker processes; the numbers do not depend on it.

    Notes
    -----
    Seasons longer than 24 steps are four harmonics. The season is left out of series shorter than two of them. Gaps are part of the
    likelihood.

    References
    ----------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter.

    Examples
    --------
    >>> import numpy as np
    >>> import bayu_forecast as bf
    >>> y = 10 + np.tile([0.0, 2.0, -2.0, 0.0], 10) + 0.1 * np.random.default_rng(0).standard_normal(40)
    >>> UnobservedComponents(trend="local level").fit(bf.as_panel([y], season=4)).predict(4)["mean"].values.round(0)
    array([[10., 12.,  8., 10.]])
    """

    tags = ForecasterTags(min_length=3, drivers=True)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """One trend, to be quick."""
        return [{"trend": "local level"}]

    def __init__(self, *, trend: str = "auto", max_iter: int = 50, n_jobs: int | None = None) -> None:
        self.trend = trend
        self.max_iter = max_iter
        self.n_jobs = n_jobs

    def _fit_series(self, y: Array, season: int, features: Array | None) -> SeriesModel:
        if self.trend != "auto" and self.trend not in TRENDS:
            known = list(TRENDS)
            raise SpecificationError(f"trend is {self.trend!r}: give 'auto' or one of {known}", names=["trend"], expected=known)
        drivers = np.zeros((len(y), 0)) if features is None else features
        used = independent_columns(drivers)
        spread = drivers[:, used].std(axis=0)
        x = drivers[:, used] / spread
        seen = int(np.isfinite(y).sum())
        trends = [name for name in TRENDS if self.trend in ("auto", name) and (self.trend == name or seen >= 5 * TRENDS[name])]
        fits = [self._fit_trend(y, season, x, name) for name in trends or ["local level"]]
        best = min(fits, key=lambda fit: fit.aicc).result
        beta = np.zeros(drivers.shape[1])
        if len(used):
            beta[used] = np.asarray(best.params)[-len(used):] / spread
        return from_statsmodels(best, beta)

    def _fit_trend(self, y: Array, season: int, x: Array, trend: str) -> _Fit:
        """One trend, with the season that the length allows."""
        seasonal = season > 1 and int(np.isfinite(y).sum()) >= 2 * min(season, LONG_SEASON) + 4 and len(y) >= 2 * season
        long_season = seasonal and season > LONG_SEASON
        model = _Model(
            y, level=trend, exog=x if x.shape[1] else None, seasonal=season if seasonal and not long_season else None,
            freq_seasonal=[{"period": season, "harmonics": HARMONICS}] if long_season else None, mle_regression=True,
        )
        result = model.fit(disp=False, maxiter=self.max_iter, cov_type="none")
        states = TRENDS[trend] + (0 if not seasonal else 2 * HARMONICS if long_season else season - 1)
        return _Fit(result, len(np.asarray(result.params)) + states)
