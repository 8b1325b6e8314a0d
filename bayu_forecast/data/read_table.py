"""Reads a user's long table of figures: one row a print, from CSV, Excel, a DataFrame or xarray.

Floor F3: headings to canonical columns. Must never fill a cell, drop a figure or take a column it does not know.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

from bayu_forecast.data.check_names import check_names
from bayu_forecast.data.read_file import Grid, clean, load_grid
from bayu_forecast.data.read_frames import array_grid, frame_grid
from bayu_forecast.data.read_places import known_bases, known_place, place_of
from bayu_forecast.data.read_problems import refuse
from bayu_forecast.data.read_tidy import Columns, Reading, build_table
from bayu_forecast.data.read_words import column_of, nearest_heading, parse_indicator, series_of
from bayu_forecast.errors import FileFormatError, SchemaError

_FOOTER = re.compile(r"(数据来源|资料来源|来源|注|备注|说明|source|note)s?\s*[::0-9.]", re.IGNORECASE)
#: a heading stands within so many rows of the top
_TOP = 20


def read_table(
    source: str | Path | pd.DataFrame | xr.DataArray | xr.Dataset,
    *,
    region: str | None = None,
    series: str | None = None,
    measure: str | None = None,
    unit: str | None = None,
    basis: str | None = None,
    bases: Sequence[str] | None = None,
    release_date: str | None = None,
    sheet: str | None = None,
    today: dt.date | None = None,
) -> pd.DataFrame:
    """Read a long table of published figures into the tidy form of the archive.

    Parameters
    ----------
    source : path, DataFrame, DataArray or Dataset
        One row a print. Headings may be Chinese: 地区, 指标, 类型, 时间, 数值, 单位, 基期, 发布日期, 备注. Text is UTF-8
        (with or without mark) or GB18030; full-width digits are read.
    region, series, measure, unit, basis, release_date : str, optional
        What holds for every row where the table has no such column; where it has one, every row must agree.
    bases : sequence of str, optional
        The bases there are. Without it those of the region, if the library holds it; else any name of a basis passes.
    sheet : str, optional
        Sheet of a workbook.
    today : datetime.date, optional
        No release is later; also the release date (an upper bound) of a table that states none. The day of the call by
        default.

    Returns
    -------
    pandas.DataFrame
        Columns ``OBSERVATION_COLUMNS``; levels in ``1e8 CNY``, growth as ratio, half-widths from the printed decimals
        where not stated. ``attrs["ignored"]`` counts title, footer and blank rows.

    Raises
    ------
    FileFormatError, SchemaError, UnitsError, BasisError, PeriodError, ValueRangeError, ContradictionError
        One error for all rows with the same fault, naming file, rows, what was expected and the next step.
    UnknownNameError
        When ``region`` is none that the library holds and no ``bases`` are declared, or a name in the table is almost a known one.

    Examples
    --------
    >>> frame = pd.DataFrame({"指标": ["社会消费品零售总额"] * 2, "时间": ["2024年1-2月", "2024年3月"], "数值": [8130.7, 3902.0],
    ...                       "单位": "亿元", "基期": "2020-2024"})
    >>> read_table(frame, today=dt.date(2024, 5, 1))[["series", "period_end", "value", "half_width"]]
             series period_end   value  half_width
    0  retail_total 2024-02-29  8130.7        0.05
    1  retail_total 2024-03-31  3902.0        0.50
    """
    grid = as_grid(source, sheet)
    reading = Reading(grid.name, today or dt.date.today(), bases, {})
    stated = {"region": region, "series": series, "measure": measure, "unit": unit, "basis": basis, "release_date": release_date}
    return read_grid(grid, reading, {name: text for name, text in stated.items() if text is not None})


def as_grid(source: str | Path | pd.DataFrame | xr.DataArray | xr.Dataset, sheet: str | None = None) -> Grid:
    """Cells of any source as text."""
    if isinstance(source, pd.DataFrame):
        return frame_grid(source)
    if isinstance(source, xr.DataArray | xr.Dataset):
        return array_grid(source)
    return load_grid(source, sheet=sheet)


def read_grid(grid: Grid, reading: Reading, stated: dict[str, str]) -> pd.DataFrame:
    """Tidy table of the cells of a long table, with what was stated for all of its rows."""
    if grid.merged:
        refuse(FileFormatError, grid.name, "has merged cells", [f"row {first} ({name})" for first, _, name in grid.merged],
               expected="one value in each cell", step="unmerge them in the spreadsheet and fill every cell")
    top, headings, unit = _heading(grid)
    body, feet = _body(grid, top)
    reading.ignored.update({"title": top, "footer": feet, "blank": grid.blank})
    columns: Columns = {name: [cells[i] for _, cells in body] for i, name in headings.items()}
    stated = {"unit": unit, **stated} if unit and "unit" not in columns else stated
    return finish(columns, [label for label, _ in body], reading, stated)


def finish(columns: Columns, labels: list[str], reading: Reading, stated: dict[str, str]) -> pd.DataFrame:
    """Add what was stated for all rows, look up the bases of the regions, build and check."""
    if "region" in stated and reading.bases is None:
        stated = stated | {"region": known_place(stated["region"])}
    if "region" in columns:
        places = {text: place_of(text) for text in set(columns["region"])}
        columns = columns | {"region": [places[text] for text in columns["region"]]}
    for name, text in stated.items():
        odd = [f"{label} says {cell.strip()!r}" for label, cell in zip(labels, columns.get(name, []), strict=False)
               if clean(cell) != clean(text)]
        if odd:
            refuse(SchemaError, reading.file, f"{name} is given as {text!r}, but rows say otherwise", odd, expected="one or the other",
                   step=f"drop the option {name}, or delete the column")
        columns.setdefault(name, [text] * len(labels))
    _refuse_kinds(columns, labels, reading.file)
    check_names(reading.file, columns.get("region", []), map(series_of, columns.get("series", [])), own_region=reading.bases is not None)
    if reading.bases is None:
        reading = dataclasses.replace(reading, bases=known_bases(set(columns.get("region", []))))
    return build_table(columns, labels, reading)


def _heading(grid: Grid) -> tuple[int, dict[int, str], str]:
    """How many title rows stand above the heading, its columns by place, and a unit stated in the heading of the values."""
    for top, (label, cells) in enumerate(grid.rows[:_TOP]):
        names = [_column(cell) for cell in cells]
        if len({name for name, _ in names if name}) < 2:
            continue
        titles = [title for title, above in grid.rows[:top] if sum(bool(c.strip()) for c in above) > 1]
        if titles:
            refuse(SchemaError, grid.name, "rows with several cells stand above the headings", titles, expected="titles in one cell",
                   step="delete these rows, or split the file")
        _refuse_headings(grid.name, label, cells, [name for name, _ in names])
        unit = next((unit for name, unit in names if name == "value" and unit), "")
        return top, {i: name for i, (name, _) in enumerate(names) if name}, unit
    refuse(SchemaError, grid.name, "has no row of headings that is understood", [f"{label} reads {', '.join(cells)[:80]}"
           for label, cells in grid.rows[:1]], expected="series (指标), period (时间), value (数值), unit (单位), basis (基期)",
           step="rename the columns so, one table a file")


def _column(cell: str) -> tuple[str | None, str]:
    """Column that a heading means and the unit in its brackets: ``数值(亿元)``."""
    found = re.fullmatch(r"(.+?)\((.+)\)", clean(cell))
    if found and column_of(found[1]) == "value":
        return "value", found[2]
    return column_of(cell), ""


def _refuse_headings(file: str, label: str, cells: list[str], names: list[str | None]) -> None:
    """A column without a known heading would be dropped, one that stands twice would hide another."""
    unknown = [f"{label} column {i + 1} reads {cell.strip()!r}{nearest_heading(cell)}"
               for i, (cell, name) in enumerate(zip(cells, names, strict=True)) if name is None and cell.strip()]
    if unknown:
        refuse(SchemaError, file, "unknown columns", unknown, expected="headings of figures, periods, units, bases and sources",
               step="rename the column, or delete it if it is no part of the figures")
    twice = [f"{label} column {i + 1} reads {cell.strip()!r}" for i, (cell, name) in enumerate(zip(cells, names, strict=True))
             if name is not None and names.count(name) > 1]
    if twice:
        refuse(SchemaError, file, "columns that mean the same", twice, expected="each column once", step="delete or rename one")


def _body(grid: Grid, top: int) -> tuple[list[tuple[str, list[str]]], int]:
    """Rows below the heading without the footers at the end, and how many footers there are."""
    heading = [clean(cell) for cell in grid.rows[top][1]]
    rows = grid.rows[top + 1:]
    end = len(rows)
    while end and is_footer(rows[end - 1][1]):
        end -= 1
    places = len(heading)
    ragged, second = [], []
    for label, cells in rows[:end]:
        if len(cells) < places or any(cell.strip() for cell in cells[places:]):
            ragged.append(f"{label} has {len(cells)} cells")
        elif [clean(cell) for cell in cells[:places]] == heading:
            second.append(label)
    if second:
        refuse(SchemaError, grid.name, "the headings stand again below: two tables in one file", second, expected="one table a file",
               step="split the file")
    if ragged:
        refuse(SchemaError, grid.name, f"rows have more or fewer cells than the {places} headings", ragged,
               expected=f"{places} cells in each row", step="put figures with commas in quotation marks, and split other tables off")
    stray = [label for label, cells in rows[:end] if any(c.strip() and not h for c, h in zip(cells, heading, strict=False))]
    if stray:
        refuse(SchemaError, grid.name, "cells stand under no heading", stray, expected="a heading above every cell",
               step="name the column, or clear it")
    return rows[:end], len(rows) - end


def is_footer(cells: list[str]) -> bool:
    """Whether a row holds one cell that names a source or a note."""
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) == 1 and filled[0] == cells[0] and _FOOTER.match(clean(filled[0])) is not None


def _refuse_kinds(columns: Columns, labels: list[str], file: str) -> None:
    """``…_累计值(亿元)`` in the column of series says what the other columns must say."""
    texts = columns.get("series", [])
    parts = {text: parse_indicator(text) for text in set(texts)}
    odd = [f"{label} reads {text.strip()!r}" for label, text in zip(labels, texts, strict=True)
           if parts[text].kind or parts[text].unit or not text.strip()]
    if odd:
        refuse(SchemaError, file, "the name of a series is empty or carries a kind or unit", odd,
               expected="the bare name, such as 社会消费品零售总额",
               step="move kind and unit to the columns 类型 and 单位, or read the bureau's wide table with read_nbs")
