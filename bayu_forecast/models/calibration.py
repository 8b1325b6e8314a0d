"""CalibratedForecaster: any forecaster, its width corrected by what sums over withheld ends did.

Floor F2 (east). It sees the forecaster through the contract; it must never look beyond the panel it was given.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t
from sklearn.base import clone

from bayu_forecast.errors import DataError, FailedSeriesWarning, HorizonError
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel

Array = NDArray[np.float64]

#: prior degrees of freedom of a factor of one
_PRIOR = 4
_ENDS, _STAY, _SAMPLES = 4, 3, 400
_EVEN = (np.arange(64) + 0.5) / 64
#: from a median absolute deviation to a standard deviation
_NORMAL_MAD = 1.4826


class CalibratedForecaster(Forecaster):
    r"""Widen or narrow a forecaster's paths until sums over time have been as far out as they said.

    Single months can be perfectly calibrated and the year's total far off, because the dependence between months is wrong. So the sum
    over ``over`` steps is scored at up to four withheld ends of each series, :math:`z = (F - \text{median}) / \text{sd}`, and all paths are
    moved about their median path by

    .. math:: \kappa = \sqrt{\frac{\sum z^2 + \nu_0}{K + \nu_0}} \cdot \frac{t^{-1}_{K + \nu_0}(.9)}{\Phi^{-1}(.9)}, \quad \nu_0 = 4

    on the log where the series is positive. K counts pairs of series and end; one factor serves the panel.

    Parameters
    ----------
    forecaster : Forecaster
        It is cloned.
    over : int, optional
        Steps of the sum; a seasonal cycle when None, four steps where there is no season.

    Attributes
    ----------
    factor_ : float
        :math:`\kappa`.
    n_scored_ : int
        K; with none the factor is that of the prior.

    References
    ----------
    Gneiting, Balabdaoui and Raftery (2007), Probabilistic forecasts, calibration and sharpness. JRSS B 69.

    Examples
    --------
    >>> import numpy as np
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel(list(np.random.default_rng(7).normal(100, 5, (20, 60))), season=12)
    >>> model = bf.CalibratedForecaster(bf.SeasonalNaive()).fit(y)
    >>> 0.6 < model.factor_ < 1.4, model.n_scored_
    (True, 40)
    """

    tags = ForecasterTags(drivers=True, missing=True, min_length=1, panel=True)

    def __init__(self, forecaster: Forecaster, *, over: int | None = None) -> None:
        self.forecaster = forecaster
        self.over = over

    def _fit(self, panel: Panel) -> None:
        over = self.over if self.over is not None else panel.season if panel.season > 1 else _PRIOR
        if over < 1:
            raise HorizonError(f"over={over}: a sum takes one step or more", got=over)
        self._fitted = self._member(panel)
        for name, reason in self._fitted.failed_.itertuples(index=False):
            self._fail(str(name), str(reason))
        self._positive = np.nanmin(panel.values, axis=1) > 0
        scores = [z for end in range(1, _ENDS + 1) for z in self._scores(panel, end, over)]
        k = len(scores)
        self.n_scored_ = k
        self.factor_ = float(np.sqrt((np.sum(np.square(scores)) + _PRIOR) / (k + _PRIOR)) * t.ppf(0.9, k + _PRIOR) / norm.ppf(0.9))

    def _member(self, panel: Panel) -> Forecaster:
        """A clone fitted on the panel as it stands."""
        member: Forecaster = clone(self.forecaster)
        y, drivers = panel.labelled()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FailedSeriesWarning)
            return member.fit(y, drivers if member.tags.drivers else None)

    def _scores(self, panel: Panel, end: int, over: int) -> Array:
        """Distances of withheld sums from their medians, in standard deviations, one a series that is long enough."""
        cut = panel.values.shape[1] - end * over
        if cut <= 0:
            return np.empty(0)
        happened = panel.values[:, cut:cut + over].sum(axis=1)
        rows = np.flatnonzero((np.isfinite(panel.values[:, :cut]).sum(axis=1) >= _STAY * over) & np.isfinite(happened))
        if not len(rows):
            return np.empty(0)
        try:
            member = self._member(panel.until(cut, rows))
        except DataError:
            return np.empty(0)
        ahead = None if panel.features is None or not member.tags.drivers else panel.features[rows, cut:cut + over][member._kept]
        sums = member._with_failed(member._simulate(over, _SAMPLES, 0, ahead).sum(axis=2), axis=1)
        middle = np.median(sums, axis=0)
        spread = _NORMAL_MAD * np.median(np.abs(sums - middle), axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (happened[rows] - middle) / spread
        return np.asarray(z[np.isfinite(z)])

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        own = self._own(features)
        middle = self._fitted._with_failed(self._fitted._summary(horizon, [0.5], own)[1][0], axis=0)
        return self._moved(self._fitted._with_failed(self._fitted._simulate(horizon, samples, rng, own), axis=1), middle)

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        quantiles = self._fitted._summary(horizon, [0.5, *levels, *_EVEN], self._own(features))[1]
        quantiles = self._fitted._with_failed(quantiles, axis=1)
        moved = self._moved(quantiles[1:], quantiles[0])
        return moved[len(levels):].mean(axis=0), moved[: len(levels)]

    def _own(self, features: Array | None) -> Array | None:
        """Drivers of the series that the forecaster uses, when it takes drivers."""
        return features[self._fitted._kept] if features is not None and self._fitted.tags.drivers else None

    def _moved(self, values: Array, middle: Array) -> Array:
        """Values (n, n_series, horizon) about their median path by the factor, on the log where both are positive."""
        plain = middle + self.factor_ * (values - middle)
        logs = self._positive[:, None] & (middle > 0) & (values > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(logs, values / middle, 1.0)
        return np.where(logs, middle * ratio**self.factor_, plain)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        from bayu_forecast.models.panel import PanelStructural
        return [{"forecaster": PanelStructural()}]
