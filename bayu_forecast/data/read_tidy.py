"""Turns columns of text into the tidy table of the archive, then holds it to the rules.

Floor F3: shared by the readers of long and of wide tables. Must never fill a cell that the user left empty.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pandas as pd

from bayu_forecast.data.check_rules import check_table
from bayu_forecast.data.check_scale import check_scale
from bayu_forecast.data.read_file import clean
from bayu_forecast.data.read_periods import Period, parse_date, parse_period, parse_release, whole_months
from bayu_forecast.data.read_problems import Problems, refuse
from bayu_forecast.data.read_words import (
    COMPARABLE,
    MONEY,
    SHARE,
    STATUS_WORDS,
    USE_WORDS,
    one_of,
    parse_measure,
    parse_number,
    parse_unit,
    series_of,
)
from bayu_forecast.errors import PeriodError, SchemaError, UnitsError, ValueRangeError
from bayu_forecast.schema.names import EXACT, LEVEL, OBSERVATION_COLUMNS, UNIT_MONEY, UNIT_RATIO, UPPER_BOUND, USE_YES

Columns = dict[str, list[str]]

_EPOCH = dt.date(1900, 1, 1)
_UNITS = "元, 万元, 亿元 (1e8 CNY), 万亿元, %, or 1 for a ratio"
_PERIODS = "periods of whole months such as 2024-03, 2024年1-2月, 2024年前三季度, 2024年 or 2024-01-01..2024-03-31"


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What the reader was told about a table beside its cells.

    Attributes
    ----------
    file : str
        Name in messages.
    today : datetime.date
        No print is later; also the release date where the table states none.
    bases : mapping or sequence of str, optional
        Known bases, of all rows or per region.
    ignored : dict of str to int
        Rows left out on purpose, by kind, with their number.
    """

    file: str
    today: dt.date
    bases: Mapping[str, Sequence[str]] | Sequence[str] | None = None
    ignored: dict[str, int] = dataclasses.field(default_factory=dict)


def build_table(columns: Columns, labels: Sequence[str], reading: Reading) -> pd.DataFrame:
    """Parse columns of text into the tidy table and check it.

    Parameters
    ----------
    columns : dict of str to list of str
        Canonical column name to its cells, all of one length.
    labels : sequence of str
        Name of each row in messages.
    reading : Reading
        File name, today, bases.

    Returns
    -------
    pandas.DataFrame
        Columns ``OBSERVATION_COLUMNS``, levels in ``1e8 CNY``, growth as ratio. ``attrs`` holds ``file``, ``ignored`` (rows
        left out, by kind), ``units`` (rows, by unit as stated) and ``notes``.

    Raises
    ------
    DataError
        The subclass says which kind of fault; the message names every row that has it.

    Examples
    --------
    >>> cells = {"series": ["retail_total"], "period": ["2024年"], "value": ["15677.37"], "unit": ["亿元"], "basis": ["b4"]}
    >>> table = build_table(cells, ["row 2"], Reading("mine.csv", dt.date(2025, 2, 1)))
    >>> table[["measure", "period_end", "value", "unit", "half_width"]].to_dict("records")
    [{'measure': 'level', 'period_end': Timestamp('2024-12-31 00:00:00'), 'value': 15677.37, 'unit': '1e8 CNY', 'half_width': 0.005}]
    """
    _require(columns, reading.file)
    named = _row_names(columns, labels)
    units = _units(columns, named, reading.file)
    measures, running = _measures(columns, units, named, reading.file)
    values, widths = _values(columns, units, named, reading.file)
    periods = _periods(columns, running, named, reading.file)
    release, status, notes = _release(columns, named, reading)
    count = len(named)
    table = pd.DataFrame({
        "region": [clean(text) for text in _plain(columns, "region", "", count)],
        "series": [series_of(text) for text in columns["series"]],
        "measure": measures,
        "period_start": [start for start, _ in periods],
        "period_end": [end for _, end in periods],
        "value": values,
        "unit": [UNIT_MONEY if unit in MONEY else UNIT_RATIO for unit in units],
        "half_width": widths,
        "basis": [clean(text) for text in _plain(columns, "basis", "", count)],
        "release_date": release,
        "release_status": status,
        "source": _plain(columns, "source", reading.file, count),
        "confidence": _plain(columns, "confidence", "user", count),
        "use": _words(columns, "use", USE_WORDS, USE_YES, named, reading.file),
        "note": _plain(columns, "note", "", count),
        "label": named,
        "comparable": [clean(text).lower() in COMPARABLE for text in columns.get("measure", [""] * count)],
        "stated": [text.strip() for text in columns["unit"]],
        "said": [f"{value.strip()} {unit.strip()}" for value, unit in zip(columns["value"], columns["unit"], strict=True)],
    })
    for name in ("period_start", "period_end", "release_date"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[ns]")
    check_table(table, file=reading.file, bases=reading.bases, today=reading.today)
    check_scale(table, file=reading.file)
    tidy = table[list(OBSERVATION_COLUMNS)].copy()
    tidy.attrs = {"file": reading.file, "ignored": dict(reading.ignored), "units": table["stated"].value_counts().to_dict(), "notes": notes}
    return tidy


def _require(columns: Columns, file: str) -> None:
    """Refuse a table that lacks what every row needs."""
    spans = ("period_start", "period_end") if "period_start" in columns else ("period",)
    lacking = [name for name in ("series", "value", *spans) if name not in columns]
    if lacking:
        refuse(SchemaError, file, "lacks columns", lacking,
               expected="series (指标), period (时间), value (数值), unit (单位), basis (基期)",
               step="add the columns, or rename those that hold them")
    if {"period", "period_start"} <= columns.keys():
        refuse(SchemaError, file, "states the period twice", ["columns period and period_start"], expected="one of them",
               step="delete one")
    if "unit" not in columns:
        refuse(UnitsError, file, "no row states its unit", expected=f"a column unit (单位) with {_UNITS}",
               step="add the column, or say unit=... if one unit holds for the whole file")
    if not columns["value"]:
        refuse(SchemaError, file, "has headings but no rows", expected="at least one figure", step="export the table again")


def _row_names(columns: Columns, labels: Sequence[str]) -> list[str]:
    """Labels with the series and the period, so that a row is found without counting."""
    spans = columns.get("period") or [f"{a}..{b}" for a, b in zip(columns["period_start"], columns.get("period_end", []), strict=True)]
    return [f"{label} ({series.strip()} {span.strip()})" for label, series, span in zip(labels, columns["series"], spans, strict=True)]


def _units(columns: Columns, named: list[str], file: str) -> list[str]:
    """Key of each row's unit."""
    problems = Problems(file)
    units = problems.parse(columns["unit"], named, parse_unit, "1")
    problems.refuse(UnitsError, "unknown unit", expected=_UNITS, step="write the unit of the source in the column unit (单位)")
    problems.rows = [f"{label} says {value.strip()!r} in {unit}" for label, value, unit in zip(named, columns["value"], units, strict=True)
                     if clean(value).endswith("%") and SHARE.get(unit) != Decimal("0.01")]
    problems.refuse(UnitsError, "a percentage stands in another unit", expected="unit %", step="correct the unit or the value")
    return units


def _measures(columns: Columns, units: list[str], named: list[str], file: str) -> tuple[list[str], list[bool]]:
    """Measure of each row, and whether it counts from January; money needs no word to be a level."""
    if "measure" not in columns:
        unclear = [label for label, unit in zip(named, units, strict=True) if unit in SHARE]
        if unclear:
            refuse(SchemaError, file, "does not say whether a share is growth or a ratio", unclear,
                   expected="a column measure (类型) with level, growth or ratio", step="add the column")
        return [LEVEL] * len(named), [False] * len(named)
    problems = Problems(file)
    meanings = problems.parse(columns["measure"], named, parse_measure, (LEVEL, False))
    problems.refuse(SchemaError, "unknown measure", expected="level, growth or ratio", step="correct the column measure (类型)")
    return [measure for measure, _ in meanings], [running for _, running in meanings]


def _values(columns: Columns, units: list[str], named: list[str], file: str) -> tuple[list[float], list[float]]:
    """Values and half-widths in the archive's units; the printed decimals give a half-width that is not stated."""
    problems = Problems(file)
    expected, step = "plain numbers such as 1234.5 or 1,234.5", "correct the cell, or delete the row if nothing was published"
    numbers = problems.parse([clean(text).removesuffix("%") for text in columns["value"]], named, parse_number, Decimal(0))
    stated = columns.get("half_width", [""] * len(named))
    halves = problems.parse(stated, named, lambda text: parse_number(text) if text.strip() else None, None)
    problems.refuse(ValueRangeError, "text or nothing in a number column", expected=expected, step=step)
    values, widths = [], []
    for number, half, unit in zip(numbers, halves, units, strict=True):
        scale = MONEY.get(unit) or SHARE[unit]
        exponent = number.as_tuple().exponent
        rounding = Decimal(5).scaleb(int(exponent) - 1) if half is None else half
        values.append(float(number * scale))
        widths.append(float(rounding * scale))
    return values, widths


def _periods(columns: Columns, running: list[bool], named: list[str], file: str) -> list[Period]:
    """First and last day of each row; a cumulative figure counts from January."""
    problems = Problems(file)
    if "period" in columns:
        periods = problems.parse(columns["period"], named, parse_period, (_EPOCH, _EPOCH))
    else:
        starts = problems.parse(columns["period_start"], named, parse_date, _EPOCH)
        ends = problems.parse(columns["period_end"], named, parse_date, _EPOCH)
        periods = list(zip(starts, ends, strict=True))
    problems.refuse(PeriodError, "no such period", expected=_PERIODS, step="correct the period")
    periods = [(start.replace(month=1), end) if total and _closing(start, end) else (start, end)
               for (start, end), total in zip(periods, running, strict=True)]
    problems.rows = [f"{label} runs {start} to {end}" for label, (start, end) in zip(named, periods, strict=True)
                     if not whole_months((start, end))]
    problems.refuse(PeriodError, "a period is reversed or does not hold whole months", expected=_PERIODS, step="correct the period")
    problems.rows = [f"{label} runs {start} to {end}" for label, (start, end), total in zip(named, periods, running, strict=True)
                     if total and start.month != 1]
    problems.refuse(PeriodError, "a cumulative figure does not start in January", expected="a period from January",
                    step="correct the period or the measure")
    return periods


def _closing(start: dt.date, end: dt.date) -> bool:
    """Whether a period is one month or one quarter, by which cumulative figures are named."""
    months = end.month - start.month + 1
    return start.year == end.year and (months == 1 or (months == 3 and end.month % 3 == 0))


def _release(columns: Columns, named: list[str], reading: Reading) -> tuple[list[dt.date], list[str], list[str]]:
    """Release dates, how sure they are, and what to tell the user about them."""
    if "release_date" not in columns:
        if "release_status" in columns:
            refuse(SchemaError, reading.file, "states how sure release dates are, but no dates", expected="a column release_date",
                   step="add the dates, or delete the column release_status")
        note = f"no release dates: every figure counts as out by {reading.today} (upper_bound)"
        return [reading.today] * len(named), [UPPER_BOUND] * len(named), [note]
    problems = Problems(reading.file)
    dates = problems.parse(columns["release_date"], named, parse_release, (_EPOCH, True))
    problems.refuse(PeriodError, "no such release date", expected="dates such as 2025-01-20, or a month or year",
                    step="correct the column release_date (发布日期)")
    # a month or year alone is only a latest day
    default = [EXACT if whole else UPPER_BOUND for _, whole in dates]
    status = default
    if "release_status" in columns:
        status = _words(columns, "release_status", STATUS_WORDS, EXACT, named, reading.file)
    return [date for date, _ in dates], status, []


def _plain(columns: Columns, name: str, default: str, count: int) -> list[str]:
    """A column of words, or a constant."""
    return [text.strip() for text in columns[name]] if name in columns else [default] * count


def _words(columns: Columns, name: str, words: dict[str, str], default: str, named: list[str], file: str) -> list[str]:
    """A column whose words are from a short list."""
    if name not in columns:
        return [default] * len(named)
    problems = Problems(file)
    meanings = problems.parse(columns[name], named, lambda text: one_of(words, text), default)
    problems.refuse(SchemaError, f"unknown word in column {name}", expected=", ".join(dict.fromkeys(words.values())),
                    step="correct the word")
    return meanings
