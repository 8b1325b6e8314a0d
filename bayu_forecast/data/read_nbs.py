"""Reads the wide table that the statistics bureau's database exports: indicator rows, period columns, footers.

Floor F3: a wide table to the rows of the long one. Must never take a cumulative figure for a month, nor drop a row unread.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from bayu_forecast.data.read_file import Grid, clean, load_grid
from bayu_forecast.data.read_periods import Period, parse_period
from bayu_forecast.data.read_problems import refuse
from bayu_forecast.data.read_table import finish, is_footer
from bayu_forecast.data.read_tidy import Columns, Reading
from bayu_forecast.data.read_words import Indicator, parse_indicator
from bayu_forecast.errors import FileFormatError, SchemaError, UnitsError

_HEADS = ("指标", "指标名称")
_TOP = 20
#: title rows that state something of every figure: ``地区：全国``
_TITLES = {"地区": "region", "口径": "basis", "基期": "basis", "发布日期": "release_date"}
_FIELDS = ("series", "measure", "period", "value", "unit")

Basis = str | Mapping[int, str]


def read_nbs(
    path: str | Path,
    *,
    basis: Basis | None = None,
    region: str | None = None,
    bases: Sequence[str] | None = None,
    release_date: str | None = None,
    sheet: str | None = None,
    today: dt.date | None = None,
) -> pd.DataFrame:
    r"""Read the bureau's wide table into the tidy form of the archive.

    Rows such as ``社会消费品零售总额_当期值(亿元)``, ``…_累计值(亿元)``, ``…_同比增长(%)`` and ``…_累计增长(%)``; columns such as
    ``2024年12月``, in any order. A cumulative figure counts from January, so that of February is January and February as
    one figure. Empty cells are figures that were not published.

    Parameters
    ----------
    path : str or Path
        CSV (UTF-8 or GB18030) or Excel.
    basis : str or mapping of int to str, optional
        The basis of the levels, or that of each year. A title row ``口径：…`` states it as well. The database shows each
        year on its own basis, so it must be said.
    region : str, optional
        Whose figures; a title row ``地区：…`` states it as well.
    bases : sequence of str, optional
        The bases there are. Without it those of the region, if the library holds it.
    release_date : str, optional
        When the table was fetched. Without it the figures count as out by ``today``, an upper bound: an export is a
        vintage of its own, not the first print of its months.
    sheet : str, optional
        Sheet of a workbook.
    today : datetime.date, optional
        No release is later; the day of the call by default.

    Returns
    -------
    pandas.DataFrame
        As from :func:`read_table`; ``attrs["ignored"]`` counts titles, footers, blank rows, empty cells, and cumulative
        figures that repeat the month or quarter which opens the year.

    Raises
    ------
    FileFormatError, SchemaError, UnitsError, BasisError, PeriodError, ValueRangeError, ContradictionError
        One error for all rows with the same fault.

    Examples
    --------
    >>> import tempfile
    >>> text = "指标,2024年3月,2024年2月\n社会消费品零售总额_当期值(亿元),39020,\n社会消费品零售总额_累计值(亿元),120327,81307\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "export.csv")
    ...     _ = file.write_text(text, encoding="gb18030")
    ...     table = read_nbs(file, basis="2020-2024", today=dt.date(2024, 5, 1))
    >>> table[["period_start", "period_end", "value"]]
      period_start period_end     value
    0   2024-03-01 2024-03-31   39020.0
    1   2024-01-01 2024-03-31  120327.0
    2   2024-01-01 2024-02-29   81307.0
    """
    grid = load_grid(path, sheet=sheet)
    stated = {name: text for name, text in (("region", region), ("release_date", release_date)) if text is not None}
    return read_wide(grid, Reading(grid.name, today or dt.date.today(), bases, {}), stated, basis)


def is_wide(grid: Grid) -> bool:
    """Whether a grid is a wide table: a row that starts with 指标 and goes on with periods."""
    return _head(grid) is not None


def read_wide(grid: Grid, reading: Reading, stated: dict[str, str], basis: Basis | None) -> pd.DataFrame:
    """Tidy table of the cells of a wide table, with what was stated for all of its figures."""
    top = _head(grid)
    if top is None:
        refuse(SchemaError, grid.name, "has no row that starts with 指标 and goes on with periods",
               [f"{label} reads {', '.join(cells)[:80]}" for label, cells in grid.rows[:1]], expected="the bureau's wide table",
               step="export it again, or read a long table with read_table")
    _refuse_merged(grid, top)
    titles = _titles(grid, top)
    basis = titles.pop("basis", None) if basis is None else basis
    periods = _periods(grid.name, *grid.rows[top])
    body = _body(grid, top, len(grid.rows[top][1]))
    reading.ignored.update({"title": top, "footer": len(grid.rows) - _end(grid), "blank": grid.blank})
    columns, labels = _melt(body, _indicators(grid.name, body), periods, reading)
    columns |= _bases(columns, basis)
    stated = {**titles, **stated}
    return finish(columns, labels, reading, stated)


def _head(grid: Grid) -> int | None:
    """Place of the row of periods."""
    for top, (_, cells) in enumerate(grid.rows[:_TOP]):
        if cells and clean(cells[0]) in _HEADS and any(_period(cell) for cell in cells[1:]):
            return top
    return None


def _period(cell: str) -> Period | None:
    """The period that a cell names, or None."""
    try:
        return parse_period(cell)
    except ValueError:
        return None


def _end(grid: Grid) -> int:
    """Place of the first of the footers that close the table."""
    end = len(grid.rows)
    while end and is_footer(grid.rows[end - 1][1]):
        end -= 1
    return end


def _refuse_merged(grid: Grid, top: int) -> None:
    """Merged titles and footers do no harm; a merged heading or figure hides which cell it fills."""
    first, last = (int(grid.rows[place][0].split()[1]) for place in (top, _end(grid) - 1))
    merged = [f"row {a} ({name})" for a, b, name in grid.merged if a <= last and b >= first]
    if merged:
        refuse(FileFormatError, grid.name, "has merged cells", merged, expected="one value in each cell",
               step="unmerge them in the spreadsheet and fill every cell")


def _titles(grid: Grid, top: int) -> dict[str, str]:
    """What the title rows state of every figure."""
    crowded = [label for label, cells in grid.rows[:top] if sum(bool(cell.strip()) for cell in cells) > 1]
    if crowded:
        refuse(SchemaError, grid.name, "rows with several cells stand above the periods", crowded, expected="titles in one cell",
               step="delete these rows, or split the file")
    found = [re.fullmatch(r"([^:]+?)\s*:\s*(.+)", clean(next(c for c in cells if c.strip()))) for _, cells in grid.rows[:top]]
    return {_TITLES[m[1]]: m[2] for m in found if m and m[1] in _TITLES}


def _periods(file: str, label: str, cells: list[str]) -> list[str]:
    """Texts of the period columns, each a period and none twice."""
    texts = [cell.strip() for cell in cells[1:]]
    while texts and not texts[-1]:
        texts.pop()
    wrong = [f"{label} column {i + 2} reads {text!r}" for i, text in enumerate(texts) if _period(text) is None]
    if wrong:
        refuse(SchemaError, file, "a column heading is no period", wrong, expected="2024年12月 and the like in every column after 指标",
               step="correct or delete the column")
    spans = [_period(text) for text in texts]
    twice = [f"{label} column {i + 2} reads {text!r}" for i, text in enumerate(texts) if spans.count(spans[i]) > 1]
    if twice:
        refuse(SchemaError, file, "a period has two columns", twice, expected="each period once", step="delete one of the columns")
    return texts


def _body(grid: Grid, top: int, width: int) -> list[tuple[str, list[str]]]:
    """Indicator rows; a second table and ragged rows are refused."""
    body = grid.rows[top + 1 : _end(grid)]
    if not body:
        refuse(SchemaError, grid.name, "has periods but no rows", expected="at least one indicator", step="export the table again")
    second = [label for label, cells in body if clean(cells[0]) in _HEADS]
    if second:
        refuse(SchemaError, grid.name, "the headings stand again below: two tables in one file", second, expected="one table a file",
               step="split the file")
    ragged = [f"{label} has {len(cells)} cells" for label, cells in body if len(cells) < width or any(c.strip() for c in cells[width:])]
    if ragged:
        refuse(SchemaError, grid.name, f"rows have more or fewer cells than the {width} columns", ragged, expected=f"{width} in each row",
               step="put figures with commas in quotation marks, and split other tables off")
    return body


def _indicators(file: str, body: list[tuple[str, list[str]]]) -> list[Indicator]:
    """Series, kind and unit of each row; a name without a kind is a total for the period that its column names."""
    parts = [parse_indicator(cells[0]) for _, cells in body]
    bare = [f"{label} reads {cells[0].strip()!r}" for (label, cells), part in zip(body, parts, strict=True) if not part.unit]
    if bare:
        refuse(UnitsError, file, "an indicator states no unit that is known", bare, expected="a unit in brackets: (亿元), (万元), (%)",
               step="write the unit of the source behind the name, or delete the row")
    loose = [f"{label} reads {cells[0].strip()!r}" for (label, cells), part in zip(body, parts, strict=True)
             if not part.kind and part.unit == "%"]
    if loose:
        refuse(SchemaError, file, "an indicator does not say which growth or share it is", loose,
               expected="_同比增长, _累计增长 or _比重 before the unit", step="complete the name, or delete the row")
    return parts


def _melt(
    body: list[tuple[str, list[str]]], parts: list[Indicator], periods: list[str], reading: Reading
) -> tuple[Columns, list[str]]:
    """One long row for each filled cell; a cumulative opening that repeats its period is counted, not kept."""
    columns: Columns = {name: [] for name in _FIELDS}
    labels: list[str] = []
    seen: dict[tuple[str, str, str], str] = {}
    empty = repeated = 0
    for (label, cells), part in zip(body, parts, strict=True):
        for period, value in zip(periods, cells[1:], strict=False):
            # in a January or a first quarter the cumulative figure is the figure itself
            opening = parse_period(period)[0].month == 1
            key = (part.series, part.unit, period)
            if not value.strip():
                empty += 1
            elif opening and seen.get(key) == value.strip():
                repeated += 1
            else:
                seen[key] = value.strip()
                labels.append(f"{label} column {period}")
                for name, text in zip(_FIELDS, (part.series, part.kind or "level", period, value, part.unit), strict=True):
                    columns[name].append(text)
    reading.ignored.update({"empty cell": empty, "repeated opening": repeated})
    return columns, labels


def _bases(columns: Columns, basis: Basis | None) -> Columns:
    """The basis of each row: of its year, or of all; growth states none when none is given."""
    if basis is None:
        return {}
    if isinstance(basis, str):
        return {"basis": [basis] * len(columns["period"])}
    return {"basis": [basis.get(parse_period(period)[1].year, "") for period in columns["period"]]}
