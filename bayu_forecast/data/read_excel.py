"""Opens an Excel workbook (.xlsx) and hands out the cells of one sheet as text, as they are shown.

Floor F3: workbooks only; openpyxl is imported when one is opened. Must never evaluate a formula nor guess a sheet.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayu_forecast.data.read_file import LARGEST, Grid
from bayu_forecast.data.read_problems import refuse
from bayu_forecast.errors import FileFormatError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_WHOLE = "a whole Excel workbook (.xlsx)"
#: what a damaged workbook makes the parsers raise
_DAMAGE = (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, OSError, SyntaxError)


def excel_grid(path: Path, data: bytes, sheet: str | None) -> Grid:
    """Cells of the one sheet that holds any, or of the sheet asked for; formulas and damage are refused."""
    _check_archive(path.name, data)
    # a workbook of 10 ms is no reason to load openpyxl with every CSV
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=False)
    except _DAMAGE as error:
        refuse(FileFormatError, path.name, f"is a damaged workbook ({type(error).__name__})", expected=_WHOLE,
               step="open it in a spreadsheet, repair it and save it again")
    chosen = _sheet(path.name, {s.title: s for s in book.worksheets}, sheet)
    _refuse_formulas(path.name, chosen)
    rows: list[tuple[str, list[str]]] = []
    blank = 0
    for number, cells in enumerate(chosen.iter_rows(), start=1):
        texts = [cell_text(cell.value, getattr(cell, "number_format", "General")) for cell in cells]
        if any(text.strip() for text in texts):
            rows.append((f"row {number}", texts))
        else:
            blank += 1
    merged = tuple((r.min_row, r.max_row, str(r)) for r in chosen.merged_cells.ranges)
    return Grid(path.name, rows, "Excel", "xlsx", blank, merged)


def _check_archive(name: str, data: bytes) -> None:
    """Refuse a truncated zip, a zip that is no workbook, and one that unpacks to far too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {info.filename: info.file_size for info in archive.infolist()}
    except zipfile.BadZipFile:
        refuse(FileFormatError, name, "is a truncated or damaged workbook", expected=_WHOLE,
               step="fetch the file again, or open it in a spreadsheet and save it again")
    if "xl/workbook.xml" not in parts:
        refuse(FileFormatError, name, "is a zip archive that holds no workbook", expected=_WHOLE,
               step="unpack it and name the table inside")
    if sum(parts.values()) > 3 * LARGEST:
        refuse(FileFormatError, name, f"unpacks to {sum(parts.values()) / 1e6:.0f} MB", expected=f"at most {3 * LARGEST / 1e6:.0f} MB",
               step="keep only the sheet with the figures")


def _sheet(name: str, sheets: dict[str, Worksheet], wanted: str | None) -> Worksheet:
    """The sheet wanted, or the only one that holds cells."""
    held = [title for title, sheet in sheets.items() if any(c is not None for row in sheet.iter_rows(values_only=True) for c in row)]
    if not held:
        refuse(FileFormatError, name, "is an empty workbook", expected="one sheet with the table", step="export the table again")
    if wanted is None and len(held) > 1:
        refuse(FileFormatError, name, "holds cells on several sheets", held, expected="one sheet with the table",
               step="say which with sheet=..., or keep one")
    if wanted is not None and wanted not in held:
        refuse(FileFormatError, name, f"has no filled sheet named {wanted!r}", held, expected="one of these sheets",
               step="name one of them")
    return sheets[wanted or held[0]]


def _refuse_formulas(name: str, sheet: Worksheet) -> None:
    """A formula's value is not in the cell that a person reads; it may be stale or missing."""
    found = [f"row {c.row} (cell {c.coordinate})" for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    if found:
        refuse(FileFormatError, name, "holds formulas", found, expected="values only",
               step="copy the sheet and paste it as values, then save")


def cell_text(value: Any, number_format: str) -> str:
    """The text of a cell as it is shown: percentages with their sign, months as months, decimals as formatted.

    Parameters
    ----------
    value : object
        What the workbook stores.
    number_format : str
        How it is shown, such as ``0.0%``.

    Returns
    -------
    str
        Text from which the number of printed decimals can be read.

    Examples
    --------
    >>> cell_text(0.031, "0.0%"), cell_text(46379, "0.0"), cell_text(dt.datetime(2024, 3, 1), "yyyy-mm")
    ('3.1%', '46379.0', '2024-03')
    """
    if value is None:
        return ""
    if isinstance(value, dt.datetime | dt.date):
        shown = re.sub(r'"[^"]*"|\[[^\]]*\]', "", number_format).lower()
        return value.strftime("%Y-%m-%d" if "d" in shown or shown == "general" else "%Y-%m")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if "%" in number_format:
        return f"{(Decimal(number_text(value)) * 100).normalize():f}%"
    decimals = re.fullmatch(r"(?:#,##)?0(?:\.(0+))?_?\s?", number_format)
    text = number_text(value)
    printed = len(text.partition(".")[2])
    wanted = len(decimals.group(1) or "") if decimals else printed
    return f"{value:.{wanted}f}" if wanted > printed and "e" not in text else text


def number_text(value: float) -> str:
    """Shortest text that reads back as the same number; a whole float has no decimals to show."""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
