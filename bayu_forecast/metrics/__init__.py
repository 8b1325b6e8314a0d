"""Labelled scores: the kernels of ``_numeric.scoring`` over named dimensions.

Floor F2. It never knows which model made a forecast; labels must agree exactly, nothing is aligned by guessing.
"""

from __future__ import annotations

import xarray as xr

from bayu_forecast._numeric import scoring
from bayu_forecast.errors import SchemaError
from bayu_forecast.metrics._labels import Over, averaged, same_labels
from bayu_forecast.metrics.scaled import mase, msis, owa, scaled_crps, smape
from bayu_forecast.schema.names import SAMPLE

__all__ = ["coverage", "crps", "mae", "mase", "msis", "owa", "scaled_crps", "smape"]


def crps(forecast: xr.DataArray, observed: xr.DataArray, *, over: Over = (), fair: bool = True) -> xr.DataArray:
    """Return the continuous ranked probability score of samples.

    Parameters
    ----------
    forecast : DataArray (..., sample)
        Samples.
    observed : DataArray (...)
        Outcomes, same labels and unit.
    over : dimension or dimensions
        Averaged over; none by default.
    fair : bool
        Unbiased in the number of samples (see :func:`bayu_forecast._numeric.scoring.crps_ensemble`).

    Returns
    -------
    DataArray
        Unit of the outcomes; lower is better.

    Raises
    ------
    SchemaError
        When there is no dimension ``sample``, or labels differ.

    Examples
    --------
    >>> samples = xr.DataArray([[0.0, 2.0], [0.0, 2.0]], dims=("origin", "sample"))
    >>> float(crps(samples, xr.DataArray([1.0, 2.0], dims="origin"), over="origin", fair=False))
    0.5
    """
    if SAMPLE not in forecast.dims:
        got = forecast.dims
        raise SchemaError(f"crps needs samples: a forecast with a dimension {SAMPLE!r}, got {got}", expected=SAMPLE, got=got)
    same_labels(forecast, observed)
    score: xr.DataArray = xr.apply_ufunc(
        lambda x, y: scoring.crps_ensemble(x, y, fair=fair),
        *xr.broadcast(forecast, observed, exclude=[SAMPLE]), input_core_dims=[[SAMPLE], []], join="exact",
    )
    return averaged(score, over, _units(observed), "continuous ranked probability score")


def coverage(lower: xr.DataArray, upper: xr.DataArray, observed: xr.DataArray, *, over: Over) -> xr.DataArray:
    """Return the share of outcomes that lie in their intervals, ends included.

    Parameters
    ----------
    lower, upper, observed : DataArray
        Same labels and unit.
    over : dimension or dimensions
        Averaged over.

    Returns
    -------
    DataArray
        In [0, 1].

    Raises
    ------
    SchemaError
        When labels differ.

    Examples
    --------
    >>> outcome = xr.DataArray([0.5, 2.0], dims="origin")
    >>> float(coverage(outcome * 0, outcome * 0 + 1, outcome, over="origin"))
    0.5
    """
    same_labels(lower, upper, observed)
    inside: xr.DataArray = xr.apply_ufunc(scoring.covered, lower, upper, observed, join="exact")
    return averaged(inside, over, "1", "share of outcomes inside")


def mae(forecast: xr.DataArray, observed: xr.DataArray, *, over: Over) -> xr.DataArray:
    """Return the mean absolute error.

    Parameters
    ----------
    forecast, observed : DataArray
        Same labels and unit.
    over : dimension or dimensions
        Averaged over.

    Returns
    -------
    DataArray
        Unit of the outcomes.

    Raises
    ------
    SchemaError
        When labels differ.

    Examples
    --------
    >>> outcome = xr.DataArray([1.0, 2.0], dims="origin")
    >>> float(mae(outcome + 0.5, outcome, over="origin"))
    0.5
    """
    same_labels(forecast, observed)
    return averaged(abs(forecast - observed), over, _units(observed), "mean absolute error")


def _units(observed: xr.DataArray) -> str:
    """The unit that the outcomes carry."""
    return str(observed.attrs.get("units", "1"))
