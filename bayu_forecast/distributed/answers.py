"""Answers on disk: a CSV table, or a folder of arrays, written chunk by chunk as they come.

Floor F7. Files hold numbers and labels and run no code when read; it must never hold more than a chunk.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayu_forecast.errors import FileFormatError, OutputError
from bayu_forecast.schema.names import SERIES, TIME

_FORM = "__form__"


def write_answers(answers: Iterable[xr.Dataset], to: str | Path) -> int:
    """Write a stream of answers as they come.

    Parameters
    ----------
    answers : iterable of Dataset
        As :func:`bayu_forecast.forecast_panel` yields them.
    to : str or Path
        A file that ends in ``.csv`` (one row a series and time, other dimensions as columns such as ``lower_0.8``), or a folder for
        one ``.npz`` a chunk, which keeps all dimensions and every bit.

    Returns
    -------
    int
        Number of series written.

    Raises
    ------
    OutputError
        When the file or folder holds something already, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> answer = xr.Dataset({"mean": (("series", "time"), [[1.0, 2.0]])}, coords={"series": ["a"], "time": [8, 9]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mean.csv")
    ...     print(write_answers([answer], path), path.read_text().split())
    1 ['series,time,mean', 'a,8,1.0', 'a,9,2.0']
    """
    path = Path(to)
    if path.exists() and (path.is_file() or any(path.iterdir())):
        raise OutputError(f"{path} is there already: remove it, or write somewhere else", file=str(path))
    try:
        return _write_csv(answers, path) if path.suffix == ".csv" else _write_arrays(answers, path)
    except OSError as error:
        raise OutputError(f"answers could not be written to {path}: {error}", file=str(path)) from error


def read_answers(folder: str | Path) -> Iterator[xr.Dataset]:
    """Read answers back from a folder, chunk by chunk.

    Parameters
    ----------
    folder : str or Path
        As :func:`write_answers` filled it.

    Yields
    ------
    Dataset
        What was written, in the same order.

    Raises
    ------
    FileFormatError
        When the folder holds no answers or one cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> answer = xr.Dataset({"mean": ("series", [1.0, 2.0])}, coords={"series": ["a", "b"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     count = write_answers([answer, answer], folder)
    ...     print(count, [back.identical(answer) for back in read_answers(folder)])
    4 [True, True]
    """
    files = sorted(Path(folder).glob("*.npz"))
    if not files:
        raise FileFormatError(f"{folder} holds no answers (*.npz)", file=str(folder))
    return (_read_arrays(file) for file in files)


def _write_csv(answers: Iterable[xr.Dataset], path: Path) -> int:
    """Append each chunk to a file that gets its name when it is whole."""
    unfinished = path.with_name(path.name + ".unfinished")
    done = 0
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            for answer in answers:
                _table(answer).to_csv(file, index=False, header=not done, lineterminator="\n")
                done += answer.sizes[SERIES]
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return done


def _table(answer: xr.Dataset) -> pd.DataFrame:
    """One row a series and time; other dimensions become columns, and what has no time repeats."""
    rows = [dim for dim in (SERIES, TIME) if dim in answer.dims]
    like = xr.DataArray(0.0, coords={dim: answer[dim] for dim in rows}, dims=rows)
    columns: dict[str, NDArray[Any]] = {}
    for name, array in answer.data_vars.items():
        others = [dim for dim in array.dims if dim not in rows]
        for at in np.ndindex(*(array.sizes[dim] for dim in others)):
            one = array.isel(dict(zip(others, at, strict=True)))
            where = [str(one[dim].values) if dim in one.coords else str(i) for dim, i in zip(others, at, strict=True)]
            columns["_".join([str(name), *where])] = one.broadcast_like(like).transpose(*rows).values.ravel()
    grid = pd.MultiIndex.from_product([answer.indexes[dim] for dim in rows], names=rows)
    return pd.concat([grid.to_frame(index=False), pd.DataFrame(columns)], axis=1)


def _write_arrays(answers: Iterable[xr.Dataset], folder: Path) -> int:
    """One file a chunk; its form (dimensions, attributes) beside the arrays as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    done = 0
    for number, answer in enumerate(answers):
        form = {"dims": {str(name): list(map(str, array.dims)) for name, array in answer.variables.items()},
                "coords": list(map(str, answer.coords)), "attrs": answer.attrs}
        arrays = {str(name): _plain(array.values) for name, array in answer.variables.items()}
        unfinished = folder / f"{number:06d}.unfinished"
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays, **{_FORM: np.array(json.dumps(form))})
        os.replace(unfinished, folder / f"{number:06d}.npz")
        done += answer.sizes[SERIES]
    return done


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Text as fixed-width text: an object array would need code to read."""
    return values.astype(str) if values.dtype.kind not in "biufM" else values


def _read_arrays(file: Path) -> xr.Dataset:
    """One chunk."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            form = json.loads(str(stored[_FORM]))
            variables = {name: (dims, stored[name]) for name, dims in form["dims"].items()}
    except (ValueError, KeyError, OSError) as error:
        raise FileFormatError(f"{file} holds no answers that can be read: {error}", file=str(file)) from error
    whole = xr.Dataset(variables, attrs=form["attrs"])
    return whole.set_coords(form["coords"])
