"""What a forecaster errs by: its forecasts of ends of a panel that it was not shown.

Floor F2 (east). It fits clones and compares; it must never write to the forecaster it is given.
"""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from sklearn.base import clone

from bayu_forecast.errors import DataError, FailedSeriesWarning, SchemaError
from bayu_forecast.models.base import Forecaster
from bayu_forecast.schema.names import SERIES, TIME
from bayu_forecast.schema.panel import as_panel


def withheld_errors(forecaster: Forecaster, y: object, X: object = None, *, step: int = 1, ends: int = 12) -> xr.Dataset:
    """Refit on the panel without its last times and compare the mean forecast with what happened, end by end.

    These are the errors that ``bf.reconcile`` and ``bf.couple`` ask for. Unlike residuals inside the sample they are as large as those
    of real forecasts, whatever the forecaster; they cost one fit an end.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted or not; clones of it are fitted.
    y, X
        As in :meth:`Forecaster.fit`.
    step : int
        Times in an end. With one, errors are of one step; with a season, of one step to a season, at a fit a season.
    ends : int
        How many ends, one before the other, as far as the panel reaches.

    Returns
    -------
    Dataset (series, time)
        ``value``, what happened less the forecast, in the unit of ``y`` over its times; missing before the ends, in gaps, and where a
        series was too short.

    Raises
    ------
    SchemaError
        When ``step`` or ``ends`` is less than one.
    DataError
        When no series is long enough for a single end.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> errors = withheld_errors(bf.Drift(), bf.as_panel([[1.0, 2, 3, 4, 5, 9], [2, 2, 2, 2, 2, 2]], season=1), ends=2)
    >>> errors["value"].values.round(3)
    array([[nan, nan, nan, nan,  0.,  3.],
           [nan, nan, nan, nan,  0.,  0.]])
    """
    if min(step, ends) < 1 or int(step) != step or int(ends) != ends:
        raise SchemaError(f"step {step}, ends {ends}: give whole numbers of at least one", got=(step, ends))
    data = as_panel(y)
    value = data["value"].transpose(SERIES, TIME)
    off = np.full(value.shape, np.nan)
    for cut in range(value.sizes[TIME] - step, 0, -step)[:ends]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FailedSeriesWarning)
                ahead = clone(forecaster).fit(data.isel({TIME: slice(cut)}), X).predict(step, X=X)["mean"]
        except DataError:  # no series reaches further back
            break
        off[:, cut : cut + step] = value.values[:, cut : cut + step] - ahead.values
    if np.isnan(off).all():
        raise DataError(f"no series is long enough to withhold {step} times and fit on the rest: give a shorter step, or longer series",
                        names=[str(label) for label in value[SERIES].values[:5]])
    return data.assign(value=((SERIES, TIME), off)).assign_attrs(data.attrs)
