"""The contract of every forecaster: a panel in, sample paths and their summaries out.

Floor F2 (east). The base reads and names, aligns drivers, sets broken series aside and labels results; a subclass learns and draws on
plain arrays. It never knows a holiday, a city or a policy.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from bayu_forecast._numeric.summaries import summarise
from bayu_forecast.errors import DataError, ExtrapolationWarning, FailedSeriesWarning, NotFittedError, SchemaError
from bayu_forecast.schema.features import select_features
from bayu_forecast.schema.names import COVERAGE, FEATURE, SAMPLE, SERIES, TIME
from bayu_forecast.schema.panel import as_panel
from bayu_forecast.schema.time_index import future_labels

Array = NDArray[np.float64]

#: a number above it cannot be summed or squared
_LARGEST = 1e150


@dataclass(frozen=True)
class Panel:
    """What a forecaster learns from: usable series only, on one regular time axis.

    Attributes
    ----------
    values : array (n_series, n_time)
        Finite where observed, missing (NaN) before the start and in gaps.
    season : int
        Steps to a seasonal cycle.
    series : tuple of str
        Labels; a series' random numbers are keyed by its label.
    time : Index
        Integers or dates, complete.
    features : array (n_series, n_time, n_features) or None
        Drivers, finite; zeros before a series starts.
    feature_names : tuple of str
        In the order of the last axis.
    """

    values: Array
    season: int
    series: tuple[str, ...]
    time: pd.Index
    features: Array | None = None
    feature_names: tuple[str, ...] = ()

    def until(self, cut: int, rows: NDArray[np.intp]) -> Panel:
        """The first ``cut`` times of some series: what was there before an end was withheld."""
        features = None if self.features is None else self.features[rows, :cut]
        series = tuple(self.series[r] for r in rows)
        return replace(self, values=self.values[rows, :cut], series=series, time=self.time[:cut], features=features)

    def labelled(self) -> tuple[xr.Dataset, xr.DataArray | None]:
        """Values and drivers with their labels, as ``fit`` takes them: what a forecaster made of others hands on."""
        coords = {SERIES: list(self.series), TIME: self.time}
        y = xr.Dataset({"value": ((SERIES, TIME), self.values)}, coords=coords, attrs={"season": self.season})
        if self.features is None:
            return y, None
        return y, xr.DataArray(self.features, dims=(SERIES, TIME, FEATURE), coords=coords | {FEATURE: list(self.feature_names)})


@dataclass(frozen=True)
class ForecasterTags:
    """What a forecaster can do; the conformance suite reads it.

    Attributes
    ----------
    drivers : bool
        ``fit`` and ``simulate`` accept ``X``.
    missing : bool
        Gaps inside a series are part of the model; otherwise the model itself says how it fills them.
    min_length : int
        Observed values that a series needs; shorter ones are named and left out.
    extrapolates : bool
        Answers move on when a driver leaves its history (trees' do not).
    scale_equivariant : bool
        Multiplying a series by a positive number multiplies its paths by it.
    positive : bool
        Paths of positive series are positive.
    panel : bool
        Learns from the series together: leaving one out changes the others.
    """

    drivers: bool = False
    missing: bool = True
    min_length: int = 1
    extrapolates: bool = True
    scale_equivariant: bool = True
    positive: bool = False
    panel: bool = False


class Forecaster(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of all forecasters: ``fit`` a panel, ``simulate`` sample paths, ``predict`` their summaries.

    A subclass stores its parameters in ``__init__`` and writes ``_fit(panel)`` and ``_simulate(horizon, samples, rng, features)``;
    when it has a cheaper way to means and quantiles than drawing paths it also writes ``_summary(horizon, levels, features)``.

    Attributes
    ----------
    series_ : Index
        Labels as given, the failed ones included.
    time_ : Index
        Times of the panel; forecasts start after the last.
    season_ : int
        Steps to a seasonal cycle.
    feature_names_ : tuple of str
        Drivers that the model was fitted with, in its own order.
    failed_ : DataFrame (series, reason)
        Series that could not be used. Their paths are missing; all others are there.

    Examples
    --------
    >>> import numpy as np
    >>> class Last(Forecaster):
    ...     def _fit(self, panel):
    ...         self.last_ = panel.values[:, -1]
    ...     def _simulate(self, horizon, samples, rng, features):
    ...         return np.broadcast_to(self.last_[:, None], (samples, len(self.last_), horizon))
    >>> Last().fit(as_panel([[1, 2, 3]], season=1)).predict(2)["mean"].values
    array([[3., 3.]])
    """

    tags: ClassVar[ForecasterTags] = ForecasterTags()
    #: paths behind ``predict`` where a model has nothing better
    _summary_samples: ClassVar[int] = 1000

    # --- what a subclass writes -------------------------------------------------------------------------------------------

    def _fit(self, panel: Panel) -> None:
        """Learn into attributes that end in an underscore; name a series that cannot be fitted with :meth:`_fail`."""
        raise NotImplementedError

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        """Paths (samples, n_series, horizon) of the fitted panel; ``features`` (n_series, horizon, n_features) are the drivers ahead."""
        raise NotImplementedError

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        """Mean (n_series, horizon) and quantiles (len(levels), n_series, horizon)."""
        return summarise(self._simulate(horizon, self._summary_samples, 0, features), levels)

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets, quick to fit, on which the conformance suite tries the class."""
        return [{}]

    @classmethod
    def expected_failures(cls) -> dict[str, str]:
        """Checks of the conformance suite that the class is known to fail, each with its reason."""
        return {}

    def _fail(self, series: str, reason: str) -> None:
        """Set a series of the panel aside during ``_fit``: its rows of the answers may hold anything."""
        self._reasons[series] = reason

    def _recent(self, panel: Panel, count: int) -> Array:
        """Latest ``count`` values (n_series, n) of a panel, latest first; series that hold none there are set aside, and are zero."""
        latest = panel.values[:, :-count - 1:-1]
        alive = np.isfinite(latest).any(axis=1, keepdims=True)
        for s in np.flatnonzero(~alive).tolist():
            self._fail(panel.series[s], f"no value in the last {latest.shape[1]} times: forecast it in a panel that ends where it does")
        return np.where(alive, latest, 0.0)

    # --- what a user calls ------------------------------------------------------------------------------------------------

    def fit(self, y: object, X: object = None) -> Self:
        """Learn from a panel.

        Parameters
        ----------
        y : anything :func:`bayu_forecast.as_panel` reads
            The season is in its attributes or follows from its dates.
        X : DataFrame, DataArray or Dataset, optional
            Drivers, shared (feature, time) or by series (series, feature, time), labelled; they cover every time of ``y`` and may reach on.

        Returns
        -------
        Forecaster
            Itself.

        Raises
        ------
        SchemaError, PeriodError, AlignmentError
            When the panel or its drivers cannot be read.
        DataError
            When no series can be used.

        Warns
        -----
        FailedSeriesWarning
            When some cannot; ``failed_`` names them all.
        """
        data = as_panel(y)
        self.series_ = data.indexes[SERIES]
        self.time_, self.season_ = data.indexes[TIME], int(data.attrs["season"])
        values, names = data["value"].values, tuple(str(label) for label in self.series_)
        self._reasons = _unusable(values, names, self.tags.min_length)
        self._nothing = np.array([bool((row[np.isfinite(row)] == 0).all()) for row in values])
        self._kept = np.array([name not in self._reasons for name in names])
        self._labels = tuple(name for name, kept in zip(names, self._kept, strict=True) if kept)
        if not self._labels:
            raise DataError(f"no series can be used: {_told(self._reasons)}", names=list(self._reasons))
        features, self.feature_names_ = self._fitted_features(X, values)
        with threadpool_limits(1):
            self._fit(Panel(values[self._kept], self.season_, self._labels, self.time_, features, self.feature_names_))
        self.failed_ = pd.DataFrame(sorted(self._reasons.items()), columns=["series", "reason"])
        if len(self._reasons) == len(names):
            raise DataError(f"no series can be used: {_told(self._reasons)}", names=list(self._reasons))
        if self._reasons:
            warnings.warn(f"{len(self._reasons)} of {len(names)} series are left out: {_told(self._reasons)}; see failed_",
                          FailedSeriesWarning, stacklevel=2)
        return self

    def simulate(self, horizon: int | str, *, samples: int = 1000, rng: int = 0, X: object = None) -> xr.Dataset:
        """Draw sample paths, joint over the horizon.

        Parameters
        ----------
        horizon : int or str
            Steps after the panel, or the last date (``"2027-12"``; a year or a quarter goes to its end).
        samples : int
            Number of paths; fewer are the first of more.
        rng : int
            Seed. A series' draws depend on it and on the series' label only, not on which others are there.
        X : DataFrame, DataArray or Dataset, optional
            Drivers by name, reaching from the end of ``y`` to the horizon; needed when the model was fitted with them.

        Returns
        -------
        Dataset, dims (sample, series, time)
            ``value`` in the unit of ``y``; missing for the series of ``failed_``.

        Raises
        ------
        NotFittedError, HorizonError, SchemaError
        UnknownNameError, AlignmentError
            When a driver, or a time of one, is not there.

        Warns
        -----
        ExtrapolationWarning
            When a driver that never moved in history does ahead.
        """
        time, features = self._asked(horizon, X)
        samples, rng = _whole(samples, "samples", 1), _whole(rng, "rng", None)
        with threadpool_limits(1):
            drawn = self._simulate(len(time), samples, rng, features)
        full = self._with_failed(drawn, axis=1)
        coords = {SAMPLE: np.arange(samples), SERIES: self.series_, TIME: time}
        return xr.Dataset({"value": ((SAMPLE, SERIES, TIME), full)}, coords=coords, attrs={"seed": rng, "season": self.season_})

    def predict(self, horizon: int | str, *, coverage: float | Sequence[float] = (0.8, 0.95), X: object = None) -> xr.Dataset:
        """Summarise the predictive distribution at each time.

        Parameters
        ----------
        horizon : int or str
            Steps after the panel, or the last date.
        coverage : float or sequence of float
            Probability inside each central interval, as a fraction.
        X : DataFrame, DataArray or Dataset, optional
            As in :meth:`simulate`.

        Returns
        -------
        Dataset
            ``mean``, ``median`` (series, time); ``lower``, ``upper`` (coverage, series, time). Intervals are of single times: for sums
            over time reduce the paths.

        Raises
        ------
        NotFittedError, HorizonError, SchemaError
        UnknownNameError, AlignmentError
            When a driver, or a time of one, is not there.

        Warns
        -----
        ExtrapolationWarning
            As in :meth:`simulate`.
        """
        try:
            inside = np.atleast_1d(np.asarray(coverage, dtype=np.float64))
        except (TypeError, ValueError):
            inside = np.zeros(0)
        if inside.ndim != 1 or not inside.size or not bool(((inside > 0) & (inside < 1)).all()):
            raise SchemaError(f"coverage {coverage!r}: give fractions between 0 and 1, such as [0.8, 0.95]", got=coverage)
        time, features = self._asked(horizon, X)
        levels = [0.5, *(0.5 - inside / 2), *(0.5 + inside / 2)]
        with threadpool_limits(1):
            mean, quantiles = self._summary(len(time), levels, features)
        mean, quantiles = self._with_failed(mean, axis=0), self._with_failed(quantiles, axis=1)
        k, at, each = len(inside), (SERIES, TIME), (COVERAGE, SERIES, TIME)
        variables = {"mean": (at, mean), "median": (at, quantiles[0]),
                     "lower": (each, quantiles[1:k + 1]), "upper": (each, quantiles[k + 1:])}
        return xr.Dataset(variables, coords={COVERAGE: inside, SERIES: self.series_, TIME: time}, attrs={"season": self.season_})

    # --- the base's own ---------------------------------------------------------------------------------------------------

    def _fitted_features(self, X: object, values: Array) -> tuple[Array | None, tuple[str, ...]]:
        """Drivers of the usable series over the panel's time."""
        if X is None:
            return None, ()
        if not self.tags.drivers:
            raise SchemaError(f"{type(self).__name__} takes no drivers: leave X out, or use a forecaster that does", names=["X"])
        started = np.logical_or.accumulate(np.isfinite(values), axis=1)[self._kept]
        features, names = select_features(X, series=self._labels, time=self.time_, started=started)
        first = [features[..., k][started][0] for k in range(len(names))]
        still = [bool((features[..., k][started] == one).all()) for k, one in enumerate(first)]
        self._unmoved = {name: one for name, one, kept in zip(names, first, still, strict=True) if kept}
        return features, names

    def _asked(self, horizon: object, X: object) -> tuple[pd.Index, Array | None]:
        """Times and drivers ahead."""
        if not hasattr(self, "failed_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted: call fit(y) first")
        time = future_labels(self.time_, horizon)
        if not self.feature_names_:
            if X is not None:
                raise SchemaError(f"{type(self).__name__} was fitted without drivers: fit(y, X), or leave X out here", names=["X"])
            return time, None
        if X is None:
            raise SchemaError(f"X is missing: the model was fitted with {list(self.feature_names_)}; give them from the end of y "
                              "to the horizon", names=list(self.feature_names_))
        features = select_features(X, series=self._labels, time=time, names=self.feature_names_)[0]
        for name, was in self._unmoved.items():
            if (features[..., self.feature_names_.index(name)] != was).any():
                warnings.warn(f"driver {name!r} never moved in history (always {was:g}) and does ahead: nothing was learned of its effect, "
                              "which is a prior about none", ExtrapolationWarning, stacklevel=3)
        return time, features

    def _with_failed(self, answers: Array, axis: int) -> Array:
        """Spread the fitted rows over all series; failed ones are missing."""
        failed = np.array([label in self._reasons for label in self._labels])
        spoiled = ~np.isfinite(np.sum(answers, axis=tuple(i for i in range(answers.ndim) if i != axis))) & ~failed
        if spoiled.any():
            names = [label for label, bad in zip(self._labels, spoiled, strict=True) if bad]
            warnings.warn(f"{len(names)} series have forecasts that are not finite: {names[:3]}; they overflow at this horizon",
                          FailedSeriesWarning, stacklevel=3)
        nothing = self._nothing[self._kept] & ~failed
        if nothing.any():  # of what was never anything nothing is known but that
            answers = np.where(np.expand_dims(nothing, tuple(i for i in range(answers.ndim) if i != axis)), 0.0, answers)
        if self._kept.all() and not failed.any():
            return np.asarray(answers, dtype=np.float64)
        shape = [*answers.shape]
        shape[axis] = len(self._kept)
        full = np.full(shape, np.nan)
        at: list[Any] = [slice(None)] * len(shape)
        at[axis] = np.flatnonzero(self._kept)[~failed]
        full[tuple(at)] = np.compress(~failed, answers, axis=axis)
        return full


def _unusable(values: Array, names: Sequence[str], min_length: int) -> dict[str, str]:
    """Reasons why series cannot be used, by label."""
    reasons: dict[str, str] = {}
    counts = np.isfinite(values).sum(axis=1).tolist()
    infinite, huge = (wrong.sum(axis=1).tolist() for wrong in (np.isinf(values), np.abs(values) > _LARGEST))
    for at, (name, count) in enumerate(zip(names, counts, strict=True)):
        if infinite[at]:
            reasons[name] = f"{infinite[at]} infinite values"
        elif huge[at]:
            reasons[name] = f"{huge[at]} values above {_LARGEST:g}: codes for missing? give them as missing"
        elif count < max(min_length, 1):
            reasons[name] = f"{count} observed values, at least {min_length} are needed" if count else "no observed value"
    return reasons


def _told(reasons: Mapping[str, str]) -> str:
    """The first reasons, for a message."""
    return ", ".join(f"{name!r} ({reason})" for name, reason in list(reasons.items())[:3]) + (", ..." if len(reasons) > 3 else "")


def _whole(number: object, name: str, least: int | None) -> int:
    """An integer, at least so large."""
    try:
        whole = operator.index(number)  # type: ignore[arg-type]  # whether it is one is what is asked
    except TypeError:
        raise SchemaError(f"{name} is {number!r}: give a whole number", names=[name], got=number) from None
    if isinstance(number, bool) or (least is not None and whole < least):
        limit = "" if least is None else f" of at least {least}"
        raise SchemaError(f"{name} is {number!r}: give a whole number{limit}", names=[name], got=number)
    return whole
