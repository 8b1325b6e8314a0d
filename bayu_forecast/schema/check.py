"""Checks that hold arrays to the schema: sample paths, and the observations that a model reads.

Floor F1. It names what is missing or wrong by label and says what was expected; it repairs nothing and guesses nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayu_forecast.errors import BasisError, DataError, PeriodError, SchemaError, UnitsError
from bayu_forecast.schema.names import LEVEL, MEASURES, PATH_DIMS, ROW, SAMPLE, SERIES, TIME, UNIT_MONEY

_BY_SERIES = ("resolution", "last_total", "last_year")
_NUMBERS = ("value", "half_width", "noise", "basis_rank", "basis_month_sd", "taper_start", "taper_end")
_DATES = ("period_start", "period_end", "release_date")
_WORDS = ("region", "series", "measure", "unit", "basis")


def assert_sample_paths(paths: xr.Dataset) -> None:
    """Hold sample paths to their schema.

    Parameters
    ----------
    paths : Dataset
        ``value`` (scenario, sample, series, time), float64, 1e8 CNY a month, finite, consecutive months; ``revision``
        (sample, series, time), log points; ``prior_share`` (series, time); ``resolution``, ``last_total`` and ``last_year`` (series);
        attribute ``as_of``.

    Raises
    ------
    SchemaError
        When a variable, dimension, label, dtype or attribute is missing or wrong, or a value is not finite.
    UnitsError
        When the unit is not 1e8 CNY.

    Examples
    --------
    >>> assert_sample_paths(xr.Dataset({"value": ("time", [1.0])}))
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.SchemaError: sample paths: 'value' has dimensions ('time',), expected ('scenario', 'sample', 'series', 'time')
    """
    _variables(paths, ("value",), "sample paths")
    _dimensions(paths, "value", PATH_DIMS)
    _variables(paths, ("revision", "prior_share", *_BY_SERIES), "sample paths")
    _dimensions(paths, "revision", (SAMPLE, SERIES, TIME))
    _dimensions(paths, "prior_share", (SERIES, TIME))
    for name in _BY_SERIES:
        _dimensions(paths, name, (SERIES,))
    _labels(paths)
    _month_index(paths)
    units = paths["value"].attrs.get("units", paths.attrs.get("units"))
    if units != UNIT_MONEY:
        raise UnitsError(f"sample paths: units are {units!r}, expected {UNIT_MONEY!r} a month", got=units, expected=UNIT_MONEY)
    if "as_of" not in paths.attrs:
        raise SchemaError("sample paths: attribute 'as_of' is missing: a forecast says what was known when", names=["as_of"])
    _finite_paths(paths)


def assert_observations(observations: xr.Dataset) -> None:
    """Hold observations to the schema that a model reads.

    Parameters
    ----------
    observations : Dataset
        Variables over the single dimension ``row``, as ``known.observations(name)`` gives them.

    Raises
    ------
    SchemaError
        When a variable is missing, has another dimension or dtype, a value is not finite or a measure is unknown.
    PeriodError
        When a period ends before it starts.
    BasisError
        When a level has no basis.

    Examples
    --------
    >>> assert_observations(xr.Dataset({"value": ("row", [1.0])}))
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.SchemaError: observations: missing ['half_width', 'noise', ...
    """
    needed = (*_NUMBERS, *_DATES, *_WORDS)
    _variables(observations, needed, "observations")
    for name in needed:
        _dimensions(observations, name, (ROW,), what="observations")
    for names, kinds, expected in ((_NUMBERS, "fiu", "numbers"), (_DATES, "M", "datetime64")):
        wrong = [name for name in names if observations[name].dtype.kind not in kinds]
        if wrong:
            raise SchemaError(f"observations: {wrong} should be {expected}", names=wrong, expected=expected)
    _refuse_rows(observations, ~np.isfinite(observations["value"].values), SchemaError, "value is not a finite number")
    _refuse_rows(observations, ~np.isin(observations["measure"].values, MEASURES), SchemaError, f"measure is none of {MEASURES}")
    backwards = observations["period_end"].values < observations["period_start"].values
    _refuse_rows(observations, backwards, PeriodError, "period ends before it starts")
    no_basis = np.array([measure == LEVEL and not str(basis).strip()
                         for measure, basis in zip(observations["measure"].values, observations["basis"].values, strict=True)], dtype=bool)
    _refuse_rows(observations, no_basis, BasisError, "a level without a basis: name the statistical basis it was published on")


def _variables(data: xr.Dataset, names: tuple[str, ...], what: str) -> None:
    """Refuse anything but a Dataset holding these variables or coordinates."""
    if not isinstance(data, xr.Dataset):
        got = type(data).__name__
        raise SchemaError(f"{what}: expected an xarray.Dataset, got {got}", expected="xarray.Dataset", got=got)
    missing = [name for name in names if name not in data.variables]
    if missing:
        raise SchemaError(f"{what}: missing {missing}, found {sorted(map(str, data.variables))}", names=missing)


def _dimensions(data: xr.Dataset, name: str, expected: tuple[str, ...], *, what: str = "sample paths") -> None:
    """Refuse other dimensions or another order."""
    if data[name].dims != expected:
        got = data[name].dims
        raise SchemaError(f"{what}: {name!r} has dimensions {got}, expected {expected}", names=[name], got=got, expected=expected)


def _labels(paths: xr.Dataset) -> None:
    """Every dimension carries labels, each once."""
    for dim in PATH_DIMS:
        if dim not in paths.indexes:
            raise SchemaError(f"sample paths: dimension {dim!r} has no labels", names=[dim])
        index = paths.indexes[dim]
        if not index.is_unique:
            twice = [str(label) for label in index[index.duplicated()].unique()[:3]]
            raise SchemaError(f"sample paths: {dim} labels occur twice: {twice}", names=[dim], rows=twice)


def _month_index(paths: xr.Dataset) -> None:
    """Time is consecutive first days of months."""
    time = paths.indexes[TIME]
    if not isinstance(time, pd.DatetimeIndex) or not len(time):
        raise SchemaError(f"sample paths: 'time' should be datetime64 months, got {time.dtype}", names=[TIME])
    expected = pd.date_range(time[0].to_period("M").to_timestamp(), periods=len(time), freq="MS")
    if not bool((time == expected).all()):
        wrong = [f"{label:%Y-%m-%d}" for label in time[time != expected][:3]]
        raise SchemaError(f"sample paths: 'time' should be first days of consecutive months; off at {wrong}", names=[TIME], rows=wrong)


def _finite_paths(paths: xr.Dataset) -> None:
    """Values and revisions are finite float64."""
    for name in ("value", "revision"):
        array = paths[name]
        if array.dtype != np.float64:
            raise SchemaError(f"sample paths: {name!r} is {array.dtype}, expected float64", names=[name], got=str(array.dtype))
        wrong = (~np.isfinite(array.values)).sum(axis=tuple(axis for axis, dim in enumerate(array.dims) if dim != SERIES))
        if wrong.any():
            where = {str(label): int(count) for label, count in zip(array[SERIES].values, wrong, strict=True) if count}
            raise SchemaError(f"sample paths: {name!r} is not finite; places by series: {where}", names=[name], rows=list(where))


def _refuse_rows(observations: xr.Dataset, wrong: NDArray[np.bool_], error: type[DataError], what: str) -> None:
    """Name the first offending rows."""
    if wrong.any():
        bad = observations.isel({ROW: wrong})
        rows = [int(label) for label in bad[ROW].values]
        places = ", ".join(f"row {label} ({series} from {start})" for label, series, start in
                           zip(rows[:3], bad["series"].values, np.datetime_as_string(bad["period_start"].values, unit="D"), strict=False))
        raise error(f"observations: {what}: {places}; {len(rows)} rows in all", rows=rows)
