"""Seasonal naive and drift: the bench every forecaster has to beat.

Floor F2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayu_forecast.models.base import ForecasterTags
from bayu_forecast.models.classical.per_series import Ahead, SeriesForecaster, SeriesModel, covariance_factor

Array = NDArray[np.float64]


class _Seasons(NamedTuple):
    """Last value of each season, how many cycles ago it was seen, and the standard deviation of a yearly step."""

    last: Array
    age: NDArray[np.int64]
    sd: float

    def ahead(self, horizon: int, features: Array | None) -> Ahead:
        """Each season walks from its last value; seasons are independent."""
        season = len(self.last)
        h = np.arange(horizon)
        cycles = h // season + 1 + self.age[h % season]
        same = (h[:, None] - h) % season == 0
        return Ahead(self.last[h % season], covariance_factor(self.sd**2 * np.where(same, np.minimum.outer(cycles, cycles), 0.0)))


class SeasonalNaive(SeriesForecaster):
    """Repeat the last season; each season's value walks at random from year to year.

    ``y[t + m] = y[t] + e[t + m]``, so the variance grows by one step a cycle. Gaps count as cycles not seen. A series without two values
    of any one season, or with a season never seen, falls back to the last value (``m = 1``).

    References
    ----------
    Hyndman and Athanasopoulos (2021), Forecasting: Principles and Practice, 3rd edition, section 5.2.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> model = SeasonalNaive().fit(bf.as_panel([[1, 2, 3, 4, 2, 3, 4, 5]], season=4))
    >>> model.predict(5)["mean"].values
    array([[2., 3., 4., 5., 2.]])
    """

    tags = ForecasterTags(min_length=2)

    def _fit_series(self, y: Array, season: int, features: Array | None) -> SeriesModel:
        last, age, steps = _phases(y, season)
        if not len(steps) or not np.isfinite(last).all():
            last, age, steps = _phases(y, 1)
        return _Seasons(last, age, float(np.sqrt(np.mean(steps**2))))


def _phases(y: Array, season: int) -> tuple[Array, NDArray[np.int64], Array]:
    """Of each season, in the order of the horizon: last value, its age in cycles; of all: steps, per square root of cycles."""
    last, age, steps = np.full(season, np.nan), np.zeros(season, dtype=np.int64), []
    for place in range(season):
        column = y[::-1][season - 1 - place::season]  # newest first
        seen = np.flatnonzero(np.isfinite(column))
        if len(seen):
            last[place], age[place] = column[seen[0]], seen[0]
            steps.append(np.diff(column[seen]) / np.sqrt(np.diff(seen)))
    return last, age, np.concatenate(steps) if steps else np.zeros(0)


class _Walk(NamedTuple):
    """Last value, steps since, slope, its span, and the standard deviation of a step."""

    last: float
    since: int
    slope: float
    span: int
    sd: float

    def ahead(self, horizon: int, features: Array | None) -> Ahead:
        """A random walk whose drift is estimated: ``Var = sd^2 (h + h^2 / span)``."""
        h = np.arange(1, horizon + 1, dtype=float) + self.since
        spread = np.minimum.outer(h, h) + np.outer(h, h) / self.span
        return Ahead(self.last + self.slope * h, covariance_factor(self.sd**2 * spread))


class Drift(SeriesForecaster):
    """Random walk with drift, the drift's own uncertainty included.

    ``Var(y[T + h]) = s^2 (h + h^2 / (T - 1))``. Two values give no residual: the one step is then the standard deviation.

    References
    ----------
    Hyndman and Athanasopoulos (2021), Forecasting: Principles and Practice, 3rd edition, section 5.2.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> Drift().fit(bf.as_panel([[1, 2, 4, 7]], season=1)).predict(2)["mean"].values
    array([[ 9., 11.]])
    """

    tags = ForecasterTags(min_length=2)

    def _fit_series(self, y: Array, season: int, features: Array | None) -> SeriesModel:
        seen = np.flatnonzero(np.isfinite(y))
        gaps, steps = np.diff(seen), np.diff(y[seen])
        span = int(gaps.sum())
        slope = float(steps.sum()) / span
        if len(steps) > 1:
            variance = float(np.sum((steps - slope * gaps) ** 2 / gaps)) / (len(steps) - 1)
        else:
            variance = float(steps[0] ** 2 / gaps[0])
        return _Walk(float(y[seen[-1]]), len(y) - 1 - int(seen[-1]), slope, span, float(np.sqrt(variance)))
