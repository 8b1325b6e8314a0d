"""KernelForecaster: each series a Gaussian process at its posterior mode, on two scales.

Floor F2 (east). The covariance is in ``_numeric.kernel_process``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.evidence import tempered_shares
from bayu_forecast._numeric.kernel_process import fit, predict
from bayu_forecast._numeric.latest_first import lengths_of, root_of
from bayu_forecast._numeric.mixture import Mixture
from bayu_forecast._numeric.outliers import pull_in
from bayu_forecast._numeric.scales import standardise
from bayu_forecast._numeric.variogram import variograms
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel
from bayu_forecast.models.kernel_prior import prior_of
from bayu_forecast.models.structure_prior import typical_structure

Array = NDArray[np.float64]

#: steps ahead computed together
_BLOCK = 36
#: scales that a series is modelled on, and the share of the likelier one below which the other counts for nothing
_SCALES, _LEAST = (0.5, np.inf), 2e-3
#: robust standard deviations beyond which a value is pulled in
_LIMIT = 6.0


class KernelForecaster(Forecaster):
    """Trend, level, slope, a smooth and slowly changing pattern and noise as one Gaussian process.

    Seven parameters at the mode of their posterior, one series at a time, on a scale near the log and on the level (on the level alone
    where a series is ever negative); the two are mixed by how likely each is. Its pattern is smooth over neighbouring places of the
    season, which exponential smoothers and dummy variables are not: it errs differently from both.

    Parameters
    ----------
    n_recent : int
        Most recent times that are used.

    Attributes
    ----------
    parameters_ : array (n_series, n_scales, 7)
        Logs, at the posterior mode; missing on scales that cannot hold a series.
    weights_ : array (n_series, n_scales)

    References
    ----------
    Rasmussen and Williams (2006), Gaussian processes for machine learning, section 5.4.3.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[12.0, 20, 31, 40] * 6], season=4)
    >>> bf.KernelForecaster().fit(y).predict(4)["median"].values.round()
    array([[12., 20., 31., 40.]])
    """

    tags = ForecasterTags(drivers=False, missing=True, min_length=1, positive=False)

    def __init__(self, *, n_recent: int = 144) -> None:
        self.n_recent = n_recent

    def _fit(self, panel: Panel) -> None:
        self._names, self._season, self._prior = panel.series, panel.season, prior_of(panel.season)
        latest = self._recent(panel, self.n_recent)
        self._seen, n = np.isfinite(latest), latest.shape[1]
        typical = variograms(typical_structure(self._season), n, float(self._season))[0]
        self._scaled = standardise(latest, _SCALES)
        self._values = pull_in(self._scaled.values, self._seen, lengths_of(self._seen), typical, _LIMIT)
        shape = self._scaled.fits.shape
        self.parameters_, log = np.full((*shape, 7), np.nan), np.full(shape, -np.inf)
        for s, scale in np.argwhere(self._scaled.fits).tolist():
            self.parameters_[s, scale], log[s, scale] = fit(*self._history(s, scale), self._season, self._prior)
        self.weights_ = tempered_shares(log + self._scaled.log_jacobian, _LEAST)

    def _history(self, s: int, scale: int) -> tuple[Array, Array]:
        """Standardised values of a series, earliest first, and their times."""
        seen = self._seen[s, ::-1]
        return self._values[s, scale, ::-1][seen], np.flatnonzero(seen).astype(np.float64)

    def _mixture(self, s: int, horizon: int) -> Mixture:
        """Forecast of one series."""
        scales = np.flatnonzero(self.weights_[s])
        mean, root = (np.stack(each) for each in zip(*(self._ahead(s, scale, horizon) for scale in scales.tolist()), strict=True))
        spread, centre = self._scaled.spread[s, scales, None], self._scaled.centre[s, scales, None]
        sd = np.sqrt((root**2).sum(axis=2)) * spread
        return Mixture(self.weights_[s, scales], scales, mean * spread + centre, sd, list(root), spread[:, 0], float(self._scaled.unit[s]),
                       bool(self._scaled.non_negative[s]), np.inf, float(self._scaled.top[s]))

    def _ahead(self, s: int, scale: int, horizon: int) -> tuple[Array, Array]:
        """Mean and lower root of the covariance of the next values, standardised; in whole blocks: shorter horizons repeat longer ones."""
        values, time = self._history(s, scale)
        skipped = self._seen.shape[1] - 1 - int(time[-1])
        whole = -(-horizon // _BLOCK) * _BLOCK
        mean, variance = predict(self.parameters_[s, scale], values, time, self._season, whole + skipped, self._prior)
        ahead = slice(skipped, skipped + horizon)
        return mean[ahead], root_of(variance[skipped:, skipped:])[:horizon, :horizon]

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        out = np.empty((samples, len(self._names), horizon))
        for s, name in enumerate(self._names):
            self._mixture(s, horizon).paths(samples, rng, name, out[:, s])
        return out

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        mean, quantiles = zip(*(self._mixture(s, horizon).summary(levels) for s in range(len(self._names))), strict=True)
        return np.stack(mean), np.stack(quantiles, axis=1)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        return [{}, {"n_recent": 60}]
