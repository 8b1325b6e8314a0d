"""Builds the lunar table and the manifest: ``python -m bayu_forecast.calendar.build [folder]``.

Floor F2: the sky (``astronomy``) and the standard library. Run by maintainers, never at run time; the tables of the
statutory calendar are transcribed from notices by hand and only hashed here.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from bayu_forecast.calendar._tables import FOLDER, MANIFEST
from bayu_forecast.calendar.astronomy import lunar_months, solar_longitude

YEARS: Final = range(1901, 2100)
COLUMNS: Final = ("year", "spring_festival", "lantern", "qingming", "dragon_boat", "mid_autumn")

_SOURCES: Final = (
    ("lunar.csv", "computed", "Rules of GB/T 33661-2017 and series of Meeus, Astronomical Algorithms (2nd ed.), chapters 25 and 49",
     "equal to five independent calendar programs for 1990-2035 and to a full ephemeris for 1901-2099"),
    ("statutory.csv", "General Office of the State Council", "Notices on the arrangement of holidays of 2004-2026, and their amendments",
     "checked day by day against two independent calendars; a year counts as announced on 31 December before it, amendments on their day"),
    ("statutory_rules.csv", "State Council", "Regulation on Public Holidays: revisions of 1999, 2007, 2013 and 2024; notices of 2020, 2025",
     "days off by law; break_days is the length of the break as the notices arrange it, make-up workdays included"),
)  # fmt: skip


def _qingming(year: int) -> dt.date:
    """Day on which the Sun reaches 15 degrees of longitude."""
    days = (dt.date(year, 4, 3) + dt.timedelta(days=i) for i in range(6))
    return next(day for day in days if solar_longitude(day + dt.timedelta(days=1)) >= 15.0)


def lunar_row(year: int) -> tuple[str, ...]:
    """One row of the lunar table.

    Parameters
    ----------
    year : int
        Year, 1901-2099.

    Returns
    -------
    tuple of str
        The cells of ``COLUMNS``, dates in ISO form.

    Examples
    --------
    >>> lunar_row(2025)
    ('2025', '2025-01-29', '2025-02-12', '2025-04-04', '2025-05-31', '2025-10-06')
    """
    months = lunar_months(year)
    day = dt.timedelta(days=1)
    dates = (months[1], months[1] + 14 * day, _qingming(year), months[5] + 4 * day, months[8] + 14 * day)
    return (str(year), *(date.isoformat() for date in dates))


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV with line feeds."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def build(folder: Path = FOLDER) -> None:
    """Write ``lunar.csv`` and the manifest of all tables into a folder.

    Parameters
    ----------
    folder : Path
        Holds ``statutory.csv`` and ``statutory_rules.csv`` already.
    """
    (folder / "lunar.csv").write_bytes(_csv([COLUMNS, *(lunar_row(year) for year in YEARS)]))
    rows = [("file", "sha256", "publisher", "document", "note")]
    rows += [(source[0], hashlib.sha256((folder / source[0]).read_bytes()).hexdigest(), *source[1:]) for source in _SOURCES]
    (folder / MANIFEST).write_bytes(_csv(rows))


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
