"""Says what a user's own file holds, or refuses it: the work behind ``bayu check``.

Floor F3: reads a file through the readers and counts. Must never write, nor keep anything of the file.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bayu_forecast.data.check_names import name_notes
from bayu_forecast.data.read_file import load_grid
from bayu_forecast.data.read_nbs import is_wide, read_wide
from bayu_forecast.data.read_places import bases_of
from bayu_forecast.data.read_table import read_grid
from bayu_forecast.data.read_tidy import Reading


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a file holds.

    Attributes
    ----------
    file, layout, encoding : str
        File name, ``long table`` or ``wide table``, encoding of the text.
    rows : int
        Figures read.
    regions, series, measures, bases, units, ignored : dict of str to int
        Rows for each region, series, measure, basis and unit as stated, and rows left out for each kind of row.
    first, last : datetime.date
        First and last day that any figure speaks of.
    notes : tuple of str
        What the user should know of how the file was read.
    """

    file: str
    layout: str
    encoding: str
    rows: int
    regions: dict[str, int]
    series: dict[str, int]
    measures: dict[str, int]
    bases: dict[str, int]
    units: dict[str, int]
    ignored: dict[str, int]
    first: dt.date
    last: dt.date
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """One line for each thing that the file holds."""
        counts = {
            "regions": self.regions, "series": self.series, "measures": self.measures, "bases": self.bases, "units": self.units,
            "left out": self.ignored,
        }
        lines = [
            f"{self.file}: {self.rows} figures, {self.layout}, {self.encoding}, no contradiction found",
            f"  periods   {self.first} to {self.last}",
            *(f"  {name:<9} {_listed(count)}" for name, count in counts.items()),
            *(f"  note      {note}" for note in self.notes),
        ]
        return "\n".join(lines)


def check_file(
    path: str | Path,
    *,
    region: str | None = None,
    basis: str | None = None,
    bases: Sequence[str] | None = None,
    sheet: str | None = None,
    today: dt.date | None = None,
) -> CheckReport:
    r"""Read a user's file and say what it holds.

    Parameters
    ----------
    path : str or Path
        CSV or Excel, a long table or the bureau's wide one.
    region, basis, sheet : str, optional
        As in :func:`read_table`.
    bases : sequence of str, optional
        The bases there are.
    today : datetime.date, optional
        No release is later; the day of the call by default.

    Returns
    -------
    CheckReport
        Counts; ``str()`` gives the lines that ``bayu check`` prints.

    Raises
    ------
    DataError
        What is wrong with the file, as the readers raise it.
    UnknownNameError
        When a region or series is almost one that the library holds.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text("指标,时间,数值,单位,基期\n社会消费品零售总额,2024年,15677.37,亿元,b4\n", encoding="utf-8")
    ...     print(check_file(file, today=dt.date(2025, 2, 1)))
    mine.csv: 1 figures, long table, utf-8, no contradiction found
      periods   2024-01-01 to 2024-12-31
      regions   not named 1
      series    retail_total 1
      measures  level 1
      bases     b4 1
      units     亿元 1
      left out  nothing
      note      no release dates: every figure counts as out by 2025-02-01 (upper_bound)
      note      no region named: any name of a basis was taken
    """
    grid = load_grid(path, sheet=sheet)
    reading = Reading(grid.name, today or dt.date.today(), bases, {})
    stated = {"region": region} if region is not None else {}
    wide = is_wide(grid)
    table = read_wide(grid, reading, stated, basis) if wide else read_grid(grid, reading, stated | ({"basis": basis} if basis else {}))
    return _report(table, "wide table" if wide else "long table", grid.encoding, bases is not None)


def _report(table: pd.DataFrame, layout: str, encoding: str, declared: bool) -> CheckReport:
    """Count the rows of a table."""
    regions = _counts(table["region"], "not named")
    unknown = [name for name in regions if name != "not named" and bases_of(name) is None]
    notes = [*table.attrs["notes"], *name_notes(table["region"], table["series"])]
    if not declared and "not named" in regions:
        notes.append("no region named: any name of a basis was taken")
    if not declared and unknown:
        notes.append(f"any name of a basis was taken for {', '.join(unknown)}")
    return CheckReport(
        file=table.attrs["file"], layout=layout, encoding=encoding, rows=len(table), regions=regions,
        series=_counts(table["series"]), measures=_counts(table["measure"]), bases=_counts(table["basis"], "none"),
        units=table.attrs["units"], ignored={kind: count for kind, count in table.attrs["ignored"].items() if count},
        first=table["period_start"].min().date(), last=table["period_end"].max().date(), notes=tuple(notes),
    )


def _counts(column: pd.Series[str], empty: str = "") -> dict[str, int]:
    """Rows for each value, most frequent first."""
    return {str(value) or empty: int(count) for value, count in column.value_counts().items()}


def _listed(counts: dict[str, int], most: int = 8) -> str:
    """Values with their counts, the first few named."""
    named = ", ".join(f"{name} {count}" for name, count in list(counts.items())[:most])
    return (named or "nothing") + (f", and {len(counts) - most} more" if len(counts) > most else "")
