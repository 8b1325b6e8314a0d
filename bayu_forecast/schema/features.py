"""Drivers beside a panel, aligned by the labels of series, time and feature, never by position.

Floor F1. It selects and checks; it fills nothing except before a series has begun.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from pandas.api.types import is_complex_dtype, is_numeric_dtype

from bayu_forecast.errors import AlignmentError, SchemaError, UnknownNameError
from bayu_forecast.schema.names import FEATURE, SERIES, TIME
from bayu_forecast.schema.time_index import read_labels, refuse_duplicates, show_label

Array = NDArray[np.float64]


def as_features(X: object) -> xr.DataArray:
    """Drivers in any accepted form as one array (feature, time) or (series, feature, time).

    Parameters
    ----------
    X : DataFrame, DataArray or Dataset
        A DataFrame (index time, columns features) is shared by all series. A DataArray has dimensions (feature, time), or
        (series, feature, time), in any order. A Dataset holds one as ``value``, or each feature as a variable over (time) or
        (series, time).

    Returns
    -------
    DataArray
        Time as integers or dates, each label once, sorted.

    Raises
    ------
    SchemaError
        When it is none of these or holds something other than numbers.
    PeriodError
        When a time occurs twice.

    Examples
    --------
    >>> as_features(pd.DataFrame({"price": [1.0, 2.0]})).dims
    ('feature', 'time')
    """
    if isinstance(X, pd.Series):
        X = X.to_frame(X.name if X.name is not None else "x")
    if isinstance(X, pd.DataFrame):
        words = [str(name) for name, kind in X.dtypes.items() if not is_numeric_dtype(kind) or is_complex_dtype(kind)]
        if words:
            raise SchemaError(f"X: columns {words[:3]} hold no numbers: encode words as columns of 0 and 1, dates as counts", names=words)
        numbers = X.to_numpy(dtype=np.float64, na_value=np.nan)
        array = xr.DataArray(numbers, dims=(TIME, FEATURE), coords={TIME: read_labels(X.index), FEATURE: [str(c) for c in X.columns]})
    elif isinstance(X, xr.Dataset):
        array = X["value"] if "value" in X.data_vars and FEATURE in X["value"].dims else X.to_array(FEATURE)
    elif isinstance(X, xr.DataArray):
        array = X
    else:
        raise SchemaError(f"X: cannot read a {type(X).__name__}: give a DataFrame (index time, columns features), a DataArray or a Dataset "
                          "with dimensions (feature, time) or (series, feature, time)", got=type(X).__name__)
    if set(array.dims) not in ({FEATURE, TIME}, {SERIES, FEATURE, TIME}):
        raise SchemaError(f"X: dimensions {array.dims}, expected (feature, time) or (series, feature, time)", got=array.dims)
    if array.dtype.kind not in "fiub":
        raise SchemaError(f"X: holds {array.dtype}, expected numbers: encode words as columns of 0 and 1", got=str(array.dtype))
    return _labelled(array.astype(np.float64))


def _labelled(array: xr.DataArray) -> xr.DataArray:
    """Labels of their kinds, features each once, time sorted."""
    for dim in array.dims:
        if dim not in array.indexes and dim == FEATURE:
            raise SchemaError("X: features have no names: give the dimension 'feature' labels", names=[FEATURE])
    labels = read_labels(array.indexes[TIME] if TIME in array.indexes else pd.RangeIndex(array.sizes[TIME]), what="X: time")
    refuse_duplicates(labels, "X: times")
    array = array.assign_coords({TIME: labels, FEATURE: [str(name) for name in array.indexes[FEATURE]]})
    if SERIES in array.dims:
        owners = array.indexes[SERIES] if SERIES in array.indexes else pd.RangeIndex(array.sizes[SERIES])
        array = array.assign_coords({SERIES: [str(label) for label in owners]})
    for dim in (FEATURE, SERIES):
        if dim in array.dims and not array.indexes[dim].is_unique:
            twice = [str(label) for label in array.indexes[dim][array.indexes[dim].duplicated()].unique()[:3]]
            raise SchemaError(f"X: {dim} labels occur more than once: {twice}", names=twice)
    return array.sortby(TIME).transpose(..., FEATURE, TIME)


def select_features(
    X: object, *, series: Sequence[str], time: pd.Index, names: Sequence[str] | None = None, started: NDArray[np.bool_] | None = None
) -> tuple[Array, tuple[str, ...]]:
    """Drivers at given labels, as one array beside the panel.

    Parameters
    ----------
    X : DataFrame, DataArray or Dataset
        As :func:`as_features` reads it.
    series : sequence of str
        Series wanted, in this order; drivers without series are shared by all.
    time : Index
        Times wanted.
    names : sequence of str, optional
        Features wanted, in this order: exactly these must be there. All, in the order of ``X``, when None.
    started : array of bool (series, time), optional
        Where the series has begun. Missing values before are zeros; elsewhere they are refused.

    Returns
    -------
    values : array (series, time, feature)
        A read-only view, not a copy, where drivers are shared.
    names : tuple of str

    Raises
    ------
    UnknownNameError
        When a feature is missing or was not fitted.
    AlignmentError
        When times or series are missing.
    SchemaError
        When a value is missing or infinite.
    """
    array = as_features(X)
    found = tuple(str(name) for name in array.indexes[FEATURE])
    names = found if names is None else tuple(names)
    _refuse_other_names(found, names)
    place = _places(array.indexes[TIME], time)
    if SERIES in array.dims:
        absent = [name for name in series if name not in array.indexes[SERIES]]
        if absent:
            raise AlignmentError(f"X: no drivers of series {absent[:3]} ({len(absent)} in all)", names=absent)
        array = array.sel({SERIES: list(series)})
        values = array.transpose(SERIES, TIME, FEATURE).sel({FEATURE: list(names)}).values[:, place]
    else:
        shared = array.transpose(TIME, FEATURE).sel({FEATURE: list(names)}).values[place]
        values = np.broadcast_to(shared, (len(series), *shared.shape))
    return _finite(values, series, time, names, started), names


def _refuse_other_names(found: Sequence[str], wanted: Sequence[str]) -> None:
    """Exactly the features that were fitted."""
    absent, extra = [n for n in wanted if n not in found], [n for n in found if n not in wanted]
    if absent or extra:
        parts = [f"{what} {names}" for what, names in (("missing", absent), ("not fitted", extra)) if names]
        raise UnknownNameError(f"X: features {'; '.join(parts)}: the model was fitted with {list(wanted)}", names=[*absent, *extra],
                               expected=list(wanted), got=list(found))


def _places(have: pd.Index, want: pd.Index) -> NDArray[np.intp]:
    """Where each wanted time stands in X."""
    if isinstance(have, pd.DatetimeIndex) != isinstance(want, pd.DatetimeIndex):
        kinds = ["dates" if isinstance(index, pd.DatetimeIndex) else "integers" for index in (have, want)]
        raise AlignmentError(f"X: its time is {kinds[0]}, that of y is {kinds[1]}: label both alike", got=kinds[0], expected=kinds[1])
    exact = have.get_indexer(want)
    absent = want[exact < 0]
    if len(absent):
        shown = [show_label(label) for label in absent]
        held = f"{show_label(have.min())} to {show_label(have.max())}"
        first = ", ".join(shown[:6]) + (", ..." if len(shown) > 6 else "")
        raise AlignmentError(f"X: {len(shown)} times are missing: {first} (X holds {held}): "
                             "drivers must cover every time of y and of the horizon", rows=shown)
    return np.asarray(exact, dtype=np.intp)


def _finite(values: Array, series: Sequence[str], time: pd.Index, names: Sequence[str], started: NDArray[np.bool_] | None) -> Array:
    """No missing or infinite driver once the series has begun."""
    wrong = ~np.isfinite(values)
    if not wrong.any():
        return values
    early = np.zeros(values.shape[:2], dtype=bool) if started is None else ~started
    late = wrong & ~early[:, :, None]
    if late.any():
        i, t, k = np.argwhere(late)[0]
        where = f"feature {names[k]!r} for series {series[i]!r} at {show_label(time[t])}"
        raise SchemaError(f"X: {int(late.sum())} values are missing or infinite, the first of {where}: fill them or leave the feature out",
                          names=[names[k]], rows=[show_label(time[t])])
    return np.where(wrong, 0.0, values)
