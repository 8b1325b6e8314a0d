"""Scores free of unit, as forecasting competitions define them: sMAPE, MASE, OWA, MSIS, scaled CRPS.

Floor F2. Scores are scaled by each series' own history, so that series of any size can be averaged.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayu_forecast._numeric import competition, scoring
from bayu_forecast.errors import SchemaError
from bayu_forecast.metrics._labels import Over, averaged, same_labels
from bayu_forecast.schema.names import QUANTILE, TIME, UNIT_RATIO

History = xr.Dataset | xr.DataArray


def smape(forecast: xr.DataArray, observed: xr.DataArray, *, over: Over) -> xr.DataArray:
    """Return the mean symmetric absolute percentage error.

    Parameters
    ----------
    forecast, observed : DataArray
        Same labels and unit.
    over : dimension or dimensions
        Averaged over.

    Returns
    -------
    DataArray
        Per cent, in [0, 200]; a pair of zeros counts 0.

    Raises
    ------
    SchemaError
        When labels differ.

    See Also
    --------
    bayu_forecast._numeric.competition.smape : formula and reference.

    Examples
    --------
    >>> outcome = xr.DataArray([1.0, 1.0], dims="time")
    >>> float(smape(xr.DataArray([1.0, 3.0], dims="time"), outcome, over="time"))
    50.0
    """
    same_labels(forecast, observed)
    score: xr.DataArray = xr.apply_ufunc(competition.smape, forecast, observed, join="exact")
    return averaged(score, over, "percent", "symmetric mean absolute percentage error")


def mase(forecast: xr.DataArray, observed: xr.DataArray, history: History, *, over: Over, season: int | None = None) -> xr.DataArray:
    """Return the mean absolute scaled error: 1 is the in-sample error of the seasonal naive forecast.

    Parameters
    ----------
    forecast, observed : DataArray (..., time)
        Same labels and unit.
    history : Dataset with ``value``, or DataArray (..., time)
        Training values of the same series; NaN takes no part.
    over : dimension or dimensions
        Averaged over. Series whose history has no seasonal difference are NaN and left out.
    season : int, optional
        Steps to a cycle; the attribute ``season`` of ``history`` when None.

    Returns
    -------
    DataArray

    Raises
    ------
    SchemaError
        When labels differ, or no season is known.

    See Also
    --------
    bayu_forecast._numeric.competition.seasonal_scale : the scale, and its reference.

    Examples
    --------
    >>> history = xr.DataArray([1.0, 2.0, 4.0], dims="time", attrs={"season": 1})
    >>> float(mase(xr.DataArray([4.0], dims="time"), xr.DataArray([7.0], dims="time"), history, over="time"))
    2.0
    """
    same_labels(forecast, observed)
    return averaged(abs(forecast - observed) / _scale(history, observed, season), over, UNIT_RATIO, "mean absolute scaled error")


def msis(
    lower: xr.DataArray, upper: xr.DataArray, observed: xr.DataArray, history: History,
    *, over: Over, coverage: float = 0.95, season: int | None = None,
) -> xr.DataArray:
    """Return the mean scaled interval score of central intervals.

    Parameters
    ----------
    lower, upper, observed : DataArray (..., time)
        Ends of the intervals, and outcomes.
    history, over, season
        As in :func:`mase`.
    coverage : float
        Nominal coverage in (0, 1).

    Returns
    -------
    DataArray

    Raises
    ------
    SchemaError
        When labels differ, or no season is known.

    See Also
    --------
    bayu_forecast._numeric.scoring.interval_score : the score before scaling, and its reference.

    Examples
    --------
    >>> history = xr.DataArray([1.0, 2.0, 4.0], dims="time", attrs={"season": 1})
    >>> low, high, outcome = (xr.DataArray([x], dims="time") for x in (0.0, 3.0, 3.3))
    >>> round(float(msis(low, high, outcome, history, over="time")), 6)
    10.0
    """
    same_labels(lower, upper, observed)
    score: xr.DataArray = xr.apply_ufunc(lambda a, b, y: scoring.interval_score(a, b, y, coverage), lower, upper, observed, join="exact")
    return averaged(score / _scale(history, observed, season), over, UNIT_RATIO, f"mean scaled interval score at {coverage:.0%}")


def scaled_crps(
    quantiles: xr.DataArray, observed: xr.DataArray, history: History, *, over: Over, season: int | None = None
) -> xr.DataArray:
    """Return the CRPS by quantiles over the scale of MASE.

    Parameters
    ----------
    quantiles : DataArray (..., quantile)
        Forecast quantiles, their levels as the coordinate ``quantile``.
    observed : DataArray (..., time)
        Outcomes, same labels and unit.
    history, over, season
        As in :func:`mase`.

    Returns
    -------
    DataArray
        Twice the mean pinball loss over the levels, over the scale.

    Raises
    ------
    SchemaError
        When there is no coordinate ``quantile``, labels differ, or no season is known.

    See Also
    --------
    bayu_forecast._numeric.competition.quantile_crps : the score before scaling, and its reference.

    Examples
    --------
    >>> history = xr.DataArray([1.0, 2.0, 4.0], dims="time", attrs={"season": 1})
    >>> forecast = xr.DataArray([[4.0]], dims=("time", "quantile"), coords={"quantile": [0.5]})
    >>> float(scaled_crps(forecast, xr.DataArray([7.0], dims="time"), history, over="time"))
    2.0
    """
    if QUANTILE not in quantiles.coords:
        raise SchemaError(f"scaled_crps needs quantiles: a forecast with a coordinate {QUANTILE!r}", expected=QUANTILE, got=quantiles.dims)
    same_labels(quantiles, observed)
    score: xr.DataArray = xr.apply_ufunc(
        competition.quantile_crps, quantiles, observed, quantiles[QUANTILE],
        input_core_dims=[[QUANTILE], [], [QUANTILE]], join="exact",
    )
    return averaged(score / _scale(history, observed, season), over, UNIT_RATIO, "CRPS by quantiles over the scale of MASE")


def owa(forecast: xr.DataArray, observed: xr.DataArray, history: History, *, season: int | None = None) -> float:
    """Return the overall weighted average of M4: sMAPE and MASE relative to those of Naive2, averaged.

    Parameters
    ----------
    forecast, observed : DataArray (series, time)
        Same labels and unit.
    history, season
        As in :func:`mase`; the values of each series without gaps.

    Returns
    -------
    float
        1 is Naive2; lower is better. Averages are taken over all series before they are divided.

    Raises
    ------
    SchemaError
        When labels differ, or no season is known.

    References
    ----------
    Makridakis, Spiliotis and Assimakopoulos (2020), The M4 Competition. International Journal of Forecasting 36, 54-74.

    Examples
    --------
    >>> history = xr.DataArray([[1.0, 2.0, 4.0]], dims=("series", "time"), attrs={"season": 1})
    >>> outcome = xr.DataArray([[8.0]], dims=("series", "time"))
    >>> owa(outcome * 0 + 4.0, outcome, history), owa(outcome * 0 + 8.0, outcome, history)
    (1.0, 0.0)
    """
    values, season = _values(history, season)
    rows = xr.apply_ufunc(
        lambda y: _each_naive2(y, season, observed.sizes[TIME]), values.rename({TIME: "history"}),
        input_core_dims=[["history"]], output_core_dims=[[TIME]],
    ).transpose(*observed.dims)
    benchmark = observed.copy(data=rows.to_numpy())
    over = observed.dims
    relative = [
        float(smape(forecast, observed, over=over)) / float(smape(benchmark, observed, over=over)),
        float(mase(forecast, observed, history, over=over, season=season))
        / float(mase(benchmark, observed, history, over=over, season=season)),
    ]
    return float(np.mean(relative))


def _each_naive2(history: competition.Floats, season: int, horizon: int) -> competition.Floats:
    """Naive2 of every row, missing values left out."""
    rows = history.reshape(-1, history.shape[-1])
    made = np.array([competition.naive2(row[~np.isnan(row)], season, horizon) for row in rows])
    return made.reshape(*history.shape[:-1], horizon)


def _values(history: History, season: int | None) -> tuple[xr.DataArray, int]:
    """The training values and the season that they carry."""
    season = season if season is not None else history.attrs.get("season")
    if season is None:
        raise SchemaError("the scale of a series needs its season: give season=12 for months, or a panel with one", expected="season")
    return (history["value"] if isinstance(history, xr.Dataset) else history), int(season)


def _scale(history: History, observed: xr.DataArray, season: int | None) -> xr.DataArray:
    """In-sample error of the seasonal naive, on the labels of the outcomes."""
    values, season = _values(history, season)
    scale: xr.DataArray = xr.apply_ufunc(lambda y: competition.seasonal_scale(y, season), values, input_core_dims=[[TIME]])
    same_labels(scale, observed)
    return scale
