"""The theta method as simple exponential smoothing with drift on seasonally adjusted data.

Floor F2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.signal import lfilter
from statsmodels.tsa.seasonal import seasonal_decompose

from bayu_forecast.errors import SpecificationError
from bayu_forecast.models.base import ForecasterTags
from bayu_forecast.models.classical.per_series import Ahead, SeriesForecaster, SeriesModel, filled, toeplitz_factor

Array = NDArray[np.float64]

#: 10 % point of a chi-squared with one degree of freedom, the usual test of the theta method's seasonality
_SIGNIFICANT = 2.705543454095404


class _Theta(NamedTuple):
    """First point ahead, slope, weight of smoothing, standard deviation of a step, and the seasons ahead."""

    first: float
    slope: float
    alpha: float
    sd: float
    seasons: Array
    multiplicative: bool

    def ahead(self, horizon: int, features: Array | None) -> Ahead:
        """Local level with drift: a shock leaves ``alpha`` of itself for ever. Multiplicative seasons scale the paths whole."""
        h = np.arange(horizon)
        mean, factor = self.first + self.slope * h, toeplitz_factor(np.where(h == 0, 1.0, self.alpha), self.sd)
        seasons = self.seasons[h % len(self.seasons)]
        return Ahead(mean * seasons, factor * seasons[:, None]) if self.multiplicative else Ahead(mean + seasons, factor)


class Theta(SeriesForecaster):
    """Theta method: half the trend of the seasonally adjusted series, added to its simple exponential smoothing.

    On data adjusted by a classical decomposition when their autocorrelation at the season is significant (multiplicative for positive
    series, additive otherwise): ``y[T+h] = l[T] + w b (h - 1 + (1 - (1-a)^T) / a)`` with the level ``l`` and weight ``a`` of simple
    exponential smoothing, the slope ``b`` of the whole series and ``w = 1 - 1 / theta``. Paths follow the state space form of Hyndman
    and Billah, so ``Var(y[T+h]) = s^2 (1 + (h - 1) a^2)`` before the seasons are put back. Gaps are filled first.

    Parameters
    ----------
    theta : float
        Above one; 2 is the method that won M3.

    References
    ----------
    Assimakopoulos and Nikolopoulos (2000), International Journal of Forecasting 16(4); Hyndman and Billah (2003), Unmasking the theta
    method, International Journal of Forecasting 19(2).

    Examples
    --------
    >>> import numpy as np
    >>> import bayu_forecast as bf
    >>> model = Theta().fit(bf.as_panel([np.arange(30.0)], season=1))
    >>> bool(29 < model.predict(1)["mean"].item() < 30)
    True
    """

    tags = ForecasterTags(missing=False, min_length=3)

    def __init__(self, *, theta: float = 2.0) -> None:
        self.theta = theta

    def _fit_series(self, y: Array, season: int, features: Array | None) -> SeriesModel:
        if self.theta <= 1.0:
            raise SpecificationError(f"theta is {self.theta}: give a number above one", names=["theta"], got=self.theta)
        y = filled(y, season)
        pattern, multiplicative = _seasons(y, season)
        adjusted = y / pattern[: len(y)] if multiplicative else y - pattern[: len(y)]
        slope = (1.0 - 1.0 / self.theta) * float(np.polynomial.polynomial.polyfit(np.arange(len(y)), adjusted, 1)[1])
        best = minimize_scalar(lambda a: float(np.sum(_errors(adjusted, a, 0.0)[0] ** 2)), bounds=(1e-3, 1.0), method="bounded",
                               options={"xatol": 1e-5})
        alpha = float(best.x)
        errors, first = _errors(adjusted, alpha, slope)
        sd = float(np.sqrt(np.sum(errors**2) / max(len(errors) - 2, 1)))
        return _Theta(first, slope, alpha, sd, pattern[len(y):], multiplicative)


def _errors(y: Array, alpha: float, slope: float) -> tuple[Array, float]:
    """One-step errors of smoothing plus its share of the trend line, and the first point ahead."""
    level = lfilter([alpha], [1.0, alpha - 1.0], y, zi=[(1.0 - alpha) * y[0]])[0]
    ahead = level + slope * (1.0 - (1.0 - alpha) ** np.arange(1, len(y) + 1)) / alpha
    return y[1:] - ahead[:-1], float(ahead[-1])


def _seasons(y: Array, season: int) -> tuple[Array, bool]:
    """Seasonal indices over the series and one season ahead, and whether they multiply."""
    none = np.zeros(len(y) + season)
    if season == 1 or len(y) <= 2 * season or not _is_seasonal(y, season):
        return none, False
    place = np.arange(len(none)) % season
    if y.min() > 0:
        pattern = np.asarray(seasonal_decompose(y, model="multiplicative", period=season).seasonal)[:season]
        if pattern.min() > 0.0:
            return pattern[place], True
    return np.asarray(seasonal_decompose(y, model="additive", period=season).seasonal)[:season][place], False


def _is_seasonal(y: Array, season: int) -> bool:
    """Whether the autocorrelation at the season stands out from its Bartlett variance."""
    x = y - y.mean()
    rho = np.array([x[lag:] @ x[: len(x) - lag] for lag in range(season + 1)]) / (x @ x)
    return bool(len(y) * rho[-1] ** 2 / (1.0 + 2.0 * np.sum(rho[1:-1] ** 2)) > _SIGNIFICANT)
