"""Panels: many series on one regular time axis, from whatever a user holds.

Floor F1. It aligns by labels, sorts what is labelled, and refuses what is ambiguous; it never fills a gap or repairs a value.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayu_forecast.errors import PeriodError, SchemaError, UnknownNameError
from bayu_forecast.schema.names import SERIES, TIME
from bayu_forecast.schema.time_index import read_grid, read_labels, refuse_duplicates, show_label

Array = NDArray[np.float64]

#: a frame as it is read: labels of the series, labels of time, values (series, time)
_Read = tuple[pd.Index, pd.Index, Array]


def as_panel(
    data: object, *, season: int | None = None, series: Hashable | None = None, time: Hashable | None = None, value: Hashable | None = None
) -> xr.Dataset:
    """Bring series in any common form onto one regular time axis.

    Parameters
    ----------
    data : list of arrays, dict of arrays, DataFrame, Series, DataArray or Dataset
        A list or dict of one-dimensional arrays is right-aligned on an integer time: all end together, with missing values before
        the start. A DataFrame is in long form when its columns are named, and wide (columns are series, index is time) otherwise.
        A DataArray has dimensions (series, time) in either order; a Dataset holds one as ``value``.
    season : int, optional
        Steps to a seasonal cycle: 12 for months. From ``data.attrs``, or from the spacing of dates, when None: 12 for months, 4 for
        quarters, 1 for years, 52 for weeks, 7 for days.
    series, time, value : column names, optional
        Of a DataFrame in long form; without ``series`` it holds a single one.

    Returns
    -------
    Dataset
        ``value`` (series, time), float64, missing where nothing was observed; attribute ``season``. Rows out of order are sorted by
        label; periods that no row mentions become missing values.

    Raises
    ------
    SchemaError
        When the form, a column, a label or a type cannot be read, or no season is given or implied.
    PeriodError
        When a series has two values for one time.
    UnknownNameError
        When a named column is not there.

    Notes
    -----
    Labels of series stay as they are when they are whole numbers or strings; others become strings. Infinite values are kept:
    a forecaster names the series that hold them and goes on with the rest.

    Examples
    --------
    >>> y = as_panel([[1, 2, 3, 4], [10, 20]], season=4)
    >>> y["value"].values
    array([[ 1.,  2.,  3.,  4.],
           [nan, nan, 10., 20.]])
    >>> frame = pd.DataFrame({"shop": ["a", "a", "b"], "month": ["2024-01", "2024-03", "2024-02"], "sales": [5, 6, 7]})
    >>> y = as_panel(frame, series="shop", time="month", value="sales")
    >>> y.attrs["season"], y["value"].values.tolist()
    (12, [[5.0, nan, 6.0], [nan, 7.0, nan]])
    """
    named = {"series": series, "time": time, "value": value}
    if season is None:
        season = getattr(data, "attrs", {}).get("season")
    if any(name is not None for name in named.values()):
        labels, index, values = _from_long(data, named)
    else:
        labels, index, values = _read(data)
    return _regular(_series_labels(labels), index, values, season)


def _read(data: object) -> _Read:
    """Dispatch on the form; long frames are told apart by their named columns before."""
    if isinstance(data, xr.Dataset):
        if "value" not in data.data_vars:
            raise SchemaError(f"panel: a Dataset holds its series as 'value', found {sorted(map(str, data.data_vars))}", names=["value"])
        data = data["value"]
    if isinstance(data, xr.DataArray):
        return _from_array(data)
    if isinstance(data, pd.Series):
        data = data.to_frame(data.name if data.name is not None else "y")
    if isinstance(data, pd.DataFrame):
        return _from_wide(data)
    if isinstance(data, Mapping):
        return _from_columns(pd.Index(list(data)), list(data.values()))
    if isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype != object:
        data = [data]
    if isinstance(data, np.ndarray | Sequence) and not isinstance(data, str | bytes):
        arrays = list(data)
        single = bool(arrays) and all(isinstance(x, int | float | np.number) for x in arrays)
        arrays = [np.asarray(arrays)] if single else arrays
        return _from_columns(pd.RangeIndex(len(arrays)), arrays)
    raise SchemaError(f"panel: cannot read a {type(data).__name__}: give a list or dict of arrays, a DataFrame, or a DataArray "
                      "(series, time)", got=type(data).__name__)


def _from_columns(labels: pd.Index, arrays: list[object]) -> _Read:
    """Right-align arrays on an integer time; join Series by their own labels when all are dated."""
    if not arrays:
        raise SchemaError("panel: no series: give at least one array", names=[])
    if all(isinstance(array, pd.Series) and isinstance(array.index, pd.DatetimeIndex | pd.PeriodIndex) for array in arrays):
        dated = [array for array in arrays if isinstance(array, pd.Series)]
        for label, array in zip(labels, dated, strict=True):
            refuse_duplicates(array.index, f"series {label!r}")
        return _from_wide(pd.concat(dated, axis=1, keys=list(labels)))
    columns = [_numbers(array, f"series {label!r}") for label, array in zip(labels, arrays, strict=True)]
    wrong = [str(label) for label, column in zip(labels, columns, strict=True) if column.ndim != 1]
    if wrong:
        raise SchemaError(f"panel: series {wrong[:3]} are not one-dimensional: give one array a series", names=wrong)
    n_time = max(len(column) for column in columns)
    values = np.full((len(columns), n_time), np.nan)
    for row, column in zip(values, columns, strict=True):
        row[n_time - len(column):] = column
    return labels, pd.RangeIndex(n_time), values


def _from_wide(frame: pd.DataFrame) -> _Read:
    """Columns are series, the index is time."""
    if isinstance(frame.columns, pd.MultiIndex) or isinstance(frame.index, pd.MultiIndex):
        raise SchemaError("panel: a frame with several levels of labels: reset_index() and name the columns with series=, time=, value=")
    text = [str(name) for name, dtype in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(dtype) and str(dtype) != "object"]
    if text:
        raise SchemaError(f"panel: columns {text[:3]} hold no numbers: is this a long frame? name its columns with series=, time=, value=",
                          names=text)
    columns = [_numbers(frame.iloc[:, place], f"column {name!r}") for place, name in enumerate(frame.columns)]
    if not columns or not len(frame):
        raise SchemaError(f"panel: the frame is empty ({frame.shape[0]} rows, {frame.shape[1]} columns)", got=frame.shape)
    index = read_labels(frame.index)
    refuse_duplicates(index, "panel: times")
    return pd.Index(frame.columns), index, np.array(columns)


def _from_array(array: xr.DataArray) -> _Read:
    """Dimensions (series, time) in either order; a single series may lack its dimension."""
    if set(array.dims) == {TIME}:
        array = array.expand_dims({SERIES: [str(array.name) if array.name is not None else "y"]})
    if set(array.dims) != {SERIES, TIME}:
        raise SchemaError(f"panel: dimensions {array.dims}, expected ('series', 'time'): rename or select", got=array.dims,
                          expected=(SERIES, TIME))
    array = array.transpose(SERIES, TIME)
    if not array.size:
        raise SchemaError(f"panel: the array is empty: {dict(array.sizes)}", got=dict(array.sizes))
    index = read_labels(array.indexes[TIME]) if TIME in array.indexes else pd.RangeIndex(array.sizes[TIME])
    refuse_duplicates(index, "panel: times")
    labels = array.indexes[SERIES] if SERIES in array.indexes else pd.RangeIndex(array.sizes[SERIES])
    return labels, index, _numbers(array.values, "panel")


def _from_long(data: object, named: dict[str, Hashable | None]) -> _Read:
    """One row an observation, in named columns."""
    if not isinstance(data, pd.DataFrame):
        got = type(data).__name__
        raise SchemaError(f"panel: series=, time= and value= name columns of a DataFrame, got a {got}", got=got)
    missing = [key for key in ("time", "value") if named[key] is None]
    if missing:
        raise SchemaError(f"panel: a long frame needs its columns named with time= and value=; not given: {missing}", names=missing)
    unknown = [str(name) for name in named.values() if name is not None and name not in data.columns]
    if unknown:
        raise UnknownNameError(f"panel: no columns {unknown}, found {[str(name) for name in data.columns]}", names=unknown)
    if not len(data):
        raise SchemaError("panel: the frame has no rows", got=data.shape)
    index = read_labels(pd.Index(data[named["time"]]), what=str(named["time"]))
    numbers = _numbers(data[named["value"]], f"column {named['value']!r}")
    owner = data[named["series"]] if named["series"] is not None else pd.Series(str(named["value"]), index=data.index)
    if bool(owner.isna().any()):
        rows = np.flatnonzero(owner.isna())[:3].tolist()
        raise SchemaError(f"panel: column {named['series']!r} is missing at rows {rows}", rows=rows)
    row, labels = pd.factorize(owner)
    column, times = pd.factorize(index)
    _refuse_twice(row, column, pd.Index(labels), times)
    values = np.full((len(labels), len(times)), np.nan)
    values[row, column] = numbers
    return pd.Index(labels), pd.Index(times), values


def _refuse_twice(row: NDArray[np.intp], column: NDArray[np.intp], labels: pd.Index, times: pd.Index) -> None:
    """One value for a series and a time."""
    key = row.astype(np.int64) * len(times) + column
    twice = np.flatnonzero(pd.Index(key).duplicated(keep=False))
    if len(twice):
        pairs = dict.fromkeys(f"{labels[row[i]]} at {show_label(times[column[i]])}" for i in twice)
        raise PeriodError(f"panel: {list(pairs)[:3]} have more than one value (rows {twice[:6].tolist()}): keep one for each",
                          rows=twice.tolist(), names=list(pairs))


def _numbers(raw: object, what: str) -> Array:
    """Float64 from any numbers; missing stays missing, text and truth values are refused."""
    try:
        array = raw.to_numpy(dtype=np.float64, na_value=np.nan) if isinstance(raw, pd.Series) and raw.dtype != bool else np.asarray(raw)
        if array.dtype.kind not in "fiuO":
            raise TypeError(f"{array.dtype} values")
        numbers = [np.nan if x is None or x is pd.NA else float(x) for x in array] if array.dtype == object else array
        return np.array(numbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"panel: {what} does not hold numbers ({error}): convert it with pandas.to_numeric", names=[what]) from error


def _series_labels(labels: pd.Index) -> pd.Index:
    """Whole numbers and strings as they are, anything else as strings; each once."""
    if labels.dtype.kind not in "iu":
        labels = pd.Index(np.array([str(label) for label in labels], dtype=object))
    if not labels.is_unique:
        twice = [str(label) for label in labels[labels.duplicated()].unique()[:3]]
        raise SchemaError(f"panel: series {twice} occur more than once: give each its own name", names=twice)
    return labels


def _regular(labels: pd.Index, index: pd.Index, values: Array, season: object) -> xr.Dataset:
    """Sort by time, put what no row mentions as missing, and settle the season."""
    grid = read_grid(index)
    ordinals = grid.ordinals(index)
    if len(np.unique(ordinals)) < len(ordinals):
        raise PeriodError("panel: two dates fall into one month: give one date a period", names=["time"])
    place = (ordinals - ordinals.min()) // grid.step
    full = np.full((len(labels), int(place.max()) + 1), np.nan)
    full[:, place] = values
    time = grid.between(int(ordinals.min()), int(ordinals.max()))
    if season is None:
        season = grid.season
    if not isinstance(season, int | np.integer) or isinstance(season, bool) or season < 1:
        raise SchemaError(f"panel: season is {season!r}: give the number of steps to a seasonal cycle, such as season=12 for months "
                          "or season=1 for years", names=["season"], got=season)
    names = labels.to_numpy() if labels.dtype.kind in "iu" else np.array(labels, dtype=str)
    attrs = {"season": int(season)}
    return xr.Dataset({"value": ((SERIES, TIME), full, attrs)}, coords={SERIES: names, TIME: time}, attrs=attrs)
