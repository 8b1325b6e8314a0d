"""Hands out the cells of a pandas or xarray object as text, as the reader of files does.

Floor F3: labelled arrays to text. Must never know what a column means; an empty cell of a regular array is counted.
"""

from __future__ import annotations

import datetime as dt
import numbers
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayu_forecast.data.read_excel import number_text
from bayu_forecast.data.read_file import Grid
from bayu_forecast.data.read_problems import refuse
from bayu_forecast.errors import SchemaError
from bayu_forecast.schema.names import ROW, TIME


def frame_grid(frame: pd.DataFrame, name: str = "DataFrame", blank: int = 0) -> Grid:
    """Heading and rows of a DataFrame as text; its index names the rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a print.
    name : str
        Name in messages.
    blank : int
        Empty cells already left out.

    Returns
    -------
    Grid
        Numbers with the shortest text that reads back the same, dates as ``YYYY-MM-DD``.

    Examples
    --------
    >>> frame_grid(pd.DataFrame({"value": [1.5, None]})).rows
    [('heading', ['value']), ('row 0', ['1.5']), ('row 1', [''])]
    """
    columns = [[_text(value) for value in frame.iloc[:, i].tolist()] for i in range(frame.shape[1])]
    cells = zip(*columns, strict=True)
    rows = [(f"row {index}", list(row)) for index, row in zip(frame.index, cells, strict=True)]
    return Grid(name, [("heading", [str(column) for column in frame.columns]), *rows], "DataFrame", blank=blank)


def array_grid(array: xr.DataArray | xr.Dataset) -> Grid:
    """Heading and rows of an xarray object; dimensions become columns, a monthly ``time`` the period.

    Parameters
    ----------
    array : xarray.DataArray or xarray.Dataset
        Values with ``attrs["units"]`` or a variable ``unit``; ``time`` holds first days of months.

    Returns
    -------
    Grid
        One row a cell that is not missing.

    Raises
    ------
    SchemaError
        When a ``time`` is no first day of a month.

    Examples
    --------
    >>> month = pd.date_range("2024-03-01", periods=2, freq="MS")
    >>> array_grid(xr.DataArray([1.0, np.nan], dims="time", coords={"time": month}, attrs={"units": "亿元"})).rows
    [('heading', ['period', 'value', 'unit']), ('row 0', ['2024-03', '1', '亿元'])]
    """
    units = array.attrs.get("units", "")
    if isinstance(array, xr.DataArray):
        units, array = array.attrs.get("units", ""), array.to_dataset(name="value")
    elif "value" in array:
        units = array["value"].attrs.get("units", units)
    frame = array.to_dataframe().reset_index()
    if TIME in frame and "period" not in frame and "period_start" not in frame:
        days = pd.to_datetime(frame[TIME])
        odd = days[days != days.dt.to_period("M").dt.start_time]
        if len(odd):
            refuse(SchemaError, type(array).__name__, "a time is no first day of a month", [str(d) for d in odd.unique()],
                   expected="months, named by their first day", step="give period_start and period_end instead")
        frame = frame.assign(period=days.dt.strftime("%Y-%m")).drop(columns=TIME)[["period", *frame.columns.drop(TIME)]]
    # numbers that only count the rows say nothing
    frame = frame.drop(columns=[name for name in array.dims if name in frame and _counts_rows(array, str(name))])
    whole = frame[frame["value"].notna()] if "value" in frame else frame
    if "unit" not in frame and units:
        whole = whole.assign(unit=units)
    return frame_grid(whole, "xarray", blank=len(frame) - len(whole))


def _counts_rows(array: xr.Dataset, name: str) -> bool:
    """Whether a dimension is only the number of the row: ``row``, without coordinate, or what a nameless pandas index becomes."""
    return name == ROW or name not in array.coords or (name == "index" and np.issubdtype(array[name].dtype, np.integer))


def _text(value: Any) -> str:
    """A cell as text."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d") if value == pd.Timestamp(value).normalize() else str(value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return number_text(float(value)) if np.isfinite(float(value)) else str(value)
    return str(value)
