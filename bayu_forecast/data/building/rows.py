"""Tidy rows: release-date rules, rounding, units, corrections. One figure in, one row of the archive out.

Floor F3 (data, build only). It knows how a print becomes a row; it must never know which region it serves.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from bayu_forecast.data.building.figures import read_figures, records
from bayu_forecast.errors import SchemaError
from bayu_forecast.schema.names import (
    ESTIMATED,
    EXACT,
    GROWTH,
    LEVEL,
    OBSERVATION_COLUMNS,
    UNIT_MONEY,
    UNIT_RATIO,
    UPPER_BOUND,
    USE_NO,
    USE_YES,
)

ABOUT = re.compile(r"published about (\d{4})(?:-(\d{2}))?")
#: rows printed twice with the same value say nothing new
SAME_PRINT = ["region", "series", "measure", "period_start", "period_end", "value", "basis"]
ORDER = ["region", "series", "period_start", "period_end", "measure", "basis", "release_date", "value", "source", "note"]
#: ends a note written by the build beside the note of the source
SEPARATOR = "; "


def text(number: float) -> str:
    """Shortest decimal text of a figure, free of binary dust."""
    return f"{round(number, 8):.12g}"


def joined(*notes: str) -> str:
    """Notes put together, empty ones left out."""
    return SEPARATOR.join(n for n in notes if n)


def row(**cells: Any) -> dict[str, str]:
    """A row of the archive from its cells; what is not given takes the usual value."""
    usual = {"measure": LEVEL, "unit": UNIT_MONEY, "use": USE_YES, "note": "", "release_status": EXACT, "confidence": "medium"}
    if cells.get("measure", LEVEL) != LEVEL:
        usual["unit"] = UNIT_RATIO
    full = usual | {k: (text(v) if isinstance(v, float) else str(v)) for k, v in cells.items()}
    missing = set(OBSERVATION_COLUMNS) - set(full)
    if missing:
        raise SchemaError(f"a built row lacks {sorted(missing)}", names=sorted(missing))
    return full


def table(rows: list[dict[str, str]]) -> pd.DataFrame:
    """Rows as a frame with the columns of the archive."""
    return pd.DataFrame(rows, columns=list(OBSERVATION_COLUMNS), dtype=str)


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Sorted, each print once: of equal prints the earliest release stays."""
    frame = frame.sort_values(ORDER, kind="stable")
    dated = frame["release_date"].ne("")
    frame = pd.concat([frame[dated], frame[~dated]]).drop_duplicates(SAME_PRINT)
    return frame.sort_values(ORDER, kind="stable").reset_index(drop=True)


def whole_year(start: str, end: str) -> bool:
    """Whether the reference period is a calendar year."""
    return start[5:] == "01-01" and end[5:] == "12-31" and start[:4] == end[:4]


def national_release(start: str, end: str, published: str) -> tuple[str, str]:
    """Release date and status of a monthly national figure: as published, else the 17th of the next month (16 March for Jan-Feb)."""
    if published:
        return published, EXACT
    following = pd.Timestamp(end) + pd.Timedelta(days=1)
    joint = start[5:7] == "01" and end[5:7] == "02"
    return f"{following:%Y-%m}-{16 if joint else 17}", ESTIMATED


def regional_release(start: str, end: str, published: str) -> tuple[str, str]:
    """Release date and status of a region's first print: as published, else the 20 January or the 22nd of the next month."""
    if published:
        return published, EXACT
    following = pd.Timestamp(end) + pd.Timedelta(days=1)
    return f"{following:%Y-%m}-{20 if whole_year(start, end) else 22}", ESTIMATED


def yearbook_release(end: str) -> tuple[str, str]:
    """Release date and status of a yearbook value: 30 September of the next year."""
    return f"{int(end[:4]) + 1}-09-30", ESTIMATED


def dated_release(published: str, note: str) -> tuple[str, str]:
    """Release date and status of a figure with a date or an 'about' date; empty when there is neither."""
    if published:
        return published, UPPER_BOUND if "upper bound" in note or "as quoted" in note else EXACT
    about = ABOUT.search(note)
    if not about:
        return "", UPPER_BOUND
    last = pd.Timestamp(int(about[1]), int(about[2] or 12), 1) + pd.offsets.MonthEnd(0)
    return f"{last:%Y-%m-%d}", UPPER_BOUND


def percent(value: str) -> float:
    """A printed percentage as a ratio."""
    return round(float(value) / 100.0, 8)


def corrected(frame: pd.DataFrame, region: str, stage: str) -> pd.DataFrame:
    """The frame after the listed corrections; one that meets no row is an error."""
    listed = read_figures("corrections.csv")
    frame = frame.copy()
    for rule in records(listed[(listed["region"] == region) & (listed["stage"] == stage)]):
        keys = [c for c in ("series", "measure", "period_start", "period_end", "basis", "value") if rule[c]]
        hit = frame[keys].eq(pd.Series({k: rule[k] for k in keys})).all(axis=1)
        if not hit.any():
            raise SchemaError(f"correction meets no row: {rule}", rows=[rule])
        frame.loc[hit, rule["field"]] = rule["to"]
        frame.loc[hit, "note"] = [joined(n, rule["reason"]) for n in frame.loc[hit, "note"]]
    return frame


def undated_unused(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows without a release date are kept and not used: nobody can say from when they were known."""
    undated = frame["release_date"].eq("")
    frame.loc[undated, "use"] = USE_NO
    frame.loc[undated, "note"] = [joined(n, "no date of publication: not visible") for n in frame.loc[undated, "note"]]
    return frame


MEASURE_OF_UNIT = {"%": GROWTH, "percent": GROWTH, "100M CNY": LEVEL, "亿元": LEVEL, UNIT_MONEY: LEVEL}
