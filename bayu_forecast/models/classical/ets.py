"""Exponential smoothing in state space form, the form chosen by the corrected Akaike criterion.

Floor F2. statsmodels smooths and fits; paths come from the equations themselves, vectorised over samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from bayu_forecast.errors import SpecificationError
from bayu_forecast.models.base import ForecasterTags
from bayu_forecast.models.classical.per_series import LONG_SEASON, Ahead, SeriesForecaster, SeriesModel, filled, toeplitz_factor

Array = NDArray[np.float64]

#: forms with and without a season whose initial states are estimated: a heuristic start holds seasons back
_FINALISTS = 2


class Form(NamedTuple):
    """Error, trend and season, each ``A`` (additive), ``M`` (multiplicative), ``Ad`` (damped) or ``N`` (none)."""

    error: str
    trend: str
    season: str


#: additive errors with additive seasons, multiplicative ones with multiplicative seasons: the mixed forms are unstable
FORMS = (*(Form("A", trend, season) for season in "NA" for trend in ("N", "A", "Ad")),
         *(Form("M", trend, season) for season in "NM" for trend in ("N", "A", "Ad")))


@dataclass(frozen=True)
class _Smoothed:
    """Last states and weights of one series; ``seasons`` are those ahead, in order."""

    form: Form
    level: float
    slope: float
    seasons: Array
    alpha: float
    beta: float
    gamma: float
    damping: float
    sd: float

    def ahead(self, horizon: int, features: Array | None) -> Ahead:
        """Point forecasts and responses to a shock: ``c[j] = alpha + beta (phi + ... + phi^j) + gamma [m divides j]``."""
        h = np.arange(horizon)
        growth = np.cumsum(self.damping ** (h + 1.0))
        season = self.seasons[h % len(self.seasons)]
        trend = self.level + self.slope * growth
        mean = trend * season if self.form.error == "M" else trend + season
        earlier = np.concatenate([[0.0], growth[:-1]])
        response = self.alpha + self.beta * earlier + self.gamma * (h % len(self.seasons) == 0)
        response[0] = 1.0
        return Ahead(mean, toeplitz_factor(response, self.sd))


class _Multiplicative(_Smoothed):
    """Errors in proportion to the expected value: the paths are not Gaussian."""

    def paths(self, shocks: Array) -> Array:
        """Run the states on: one step of the horizon at a time, all samples at once."""
        horizon, samples = shocks.shape
        paths = np.empty_like(shocks)
        level, slope = np.full(samples, self.level), np.full(samples, self.slope)
        seasons = np.repeat(self.seasons[:, None], samples, axis=1)
        for h in range(horizon):
            error = self.sd * shocks[h]
            place = h % len(seasons)
            base = level + self.damping * slope
            paths[h] = base * seasons[place] * (1.0 + error)
            slope = self.damping * slope + self.beta * base * error
            level = base * (1.0 + self.alpha * error)
            seasons[place] *= 1.0 + self.gamma * error
        return paths


class ETS(SeriesForecaster):
    """Exponential smoothing: error, trend and season in the form that the corrected Akaike criterion prefers.

    Twelve forms are tried (six for series that are not positive, fewer for short ones): none, additive or damped trend, with an additive
    error and no or an additive season, or with a multiplicative error and no or a multiplicative season. All are fitted from a
    heuristic start; the best two with and without a season are fitted again with their initial states. Gaps are filled first.

    Parameters
    ----------
    form : str
        ``"auto"``, or one form such as ``"AAdA"`` or ``"MAM"``.
    n_jobs : int, optional
        Worker processes; the numbers do not depend on it.

    References
    ----------
    Hyndman, Koehler, Ord and Snyder (2008), Forecasting with Exponential Smoothing: the State Space Approach.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[10, 20, 30, 12, 22, 32, 14, 24, 34, 16, 26, 36, 18, 28, 38]], season=3)
    >>> ETS().fit(y).predict(3)["mean"].values.round(0)
    array([[20., 30., 40.]])
    """

    tags = ForecasterTags(missing=False, min_length=2)

    def __init__(self, *, form: str = "auto", n_jobs: int | None = None) -> None:
        self.form = form
        self.n_jobs = n_jobs

    def _fit_series(self, y: Array, season: int, features: Array | None) -> SeriesModel:
        asked = FORMS if self.form == "auto" else tuple(f for f in FORMS if "".join(f) == self.form)
        if not asked:
            known = ["".join(f) for f in FORMS]
            raise SpecificationError(f"form is {self.form!r}: give 'auto' or one of {known}", names=["form"], expected=known)
        y = filled(y, season)
        able = [f for f in asked if _possible(f, y, season)]
        fits = [(f, r) for f in able if (r := fitted_form(y, f, season, _start(y, season))) is not None]
        if not fits:
            return _last_value(y)
        fits.sort(key=lambda fit: _aicc(fit[0], fit[1], season))
        flat, seasonal = ([fit for fit in fits if (fit[0].season == "N") is kind][:_FINALISTS] for kind in (True, False))
        finals = [(form, _refined(y, form, season, result)) for form, result in flat + seasonal]
        form, result = min(finals, key=lambda fit: _aicc(fit[0], fit[1], season))
        return last_states(form, result, season)


def _possible(form: Form, y: Array, season: int) -> bool:
    """Enough values for its parameters, two seasons for a season, positive values for anything multiplicative."""
    if form.season != "N" and (season == 1 or len(y) < 2 * season + 2):
        return False
    return len(y) >= _size(form, season) + 2 and ("M" not in form or bool(y.min() > 0.0))


def _size(form: Form, season: int) -> int:
    """Weights, initial states and the variance."""
    trend = {"N": 0, "A": 2, "Ad": 3}[form.trend]
    return 3 + trend + (season if form.season != "N" else 0)


def _start(y: Array, season: int) -> str:
    """How the states begin: by rule where there are values enough for the rule."""
    return "heuristic" if len(y) >= 10 + 2 * (season // 2) else "estimated"


def fitted_form(y: Array, form: Form, season: int, start: str) -> Any:
    """The statsmodels result, None where it cannot be fitted."""
    word = {"A": "add", "Ad": "add", "M": "mul", "N": None}
    try:
        model = ETSModel(y, error=word[form.error], trend=word[form.trend], damped_trend=form.trend == "Ad", seasonal=word[form.season],
                         seasonal_periods=season if form.season != "N" else None, initialization_method=start)
        result = model.fit(disp=False, maxiter=200)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None
    return result if np.isfinite(result.llf) else None


def _refined(y: Array, form: Form, season: int, result: Any) -> Any:
    """The form with its initial states estimated too, where that is better; not with long seasons, to be fair to fifty states."""
    if season > LONG_SEASON:
        return result
    again = fitted_form(y, form, season, "estimated")
    return again if again is not None and again.llf > result.llf else result


def _aicc(form: Form, result: Any, season: int) -> float:
    """Initial states count as parameters whether estimated or found by rule."""
    n, k = result.nobs, _size(form, season)
    return float(-2.0 * result.llf + 2.0 * k * n / max(n - k - 1, 0.5))


def last_states(form: Form, result: Any, season: int) -> SeriesModel:
    """Take the last states and weights out of a result."""
    weights = dict(zip(result.model.param_names, np.asarray(result.params, dtype=float), strict=True))
    errors = np.asarray(result.resid, dtype=float)
    sd = float(np.sqrt(np.sum(errors**2) / max(len(errors) - _size(form, season) + 1, 1)))
    neutral = np.ones(1) if form.error == "M" else np.zeros(1)
    seasons = neutral if form.season == "N" else np.asarray(result.season, dtype=float)[-season:]
    kind = _Multiplicative if form.error == "M" else _Smoothed
    return kind(
        form, float(np.asarray(result.level)[-1]), 0.0 if form.trend == "N" else float(np.asarray(result.slope)[-1]), seasons,
        weights["smoothing_level"], weights.get("smoothing_trend", 0.0), weights.get("smoothing_seasonal", 0.0),
        weights.get("damping_trend", 1.0), sd,
    )


def _last_value(y: Array) -> SeriesModel:
    """A random walk, for a handful of values."""
    sd = float(np.sqrt(np.mean(np.diff(y) ** 2)))
    return _Smoothed(Form("A", "N", "N"), float(y[-1]), 0.0, np.zeros(1), 1.0, 0.0, 0.0, 1.0, sd)
