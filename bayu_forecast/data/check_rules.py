"""The rules that a tidy table of published figures must keep: units, bases, periods, values, sums.

Floor F3: rows against one another and against the names of bases. Must never read a file nor know a region by name.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayu_forecast.data.check_neighbours import check_neighbours
from bayu_forecast.data.check_sums import check_sums
from bayu_forecast.data.read_problems import refuse
from bayu_forecast.errors import BasisError, PeriodError, SchemaError, UnitsError, ValueRangeError
from bayu_forecast.schema.names import GROWTH, LEVEL, OBSERVATION_COLUMNS, UNIT_MONEY, UNIT_RATIO, USE_YES

#: a code or a name; punctuation alone and words for "not known" are no basis
_BASIS = re.compile(r"(?=.*[^\W_])[\w.\-()/年月 ]+")
_NO_BASIS = {"unknown", "none", "nan", "na", "null", "tbd", "todo", "不详", "未知", "待定", "无", "其他"}
#: since this year January and February are published as one figure
_JOINED = 2012
#: log10 of a jump that only a wrong unit explains, and what growth may add to it in a year without figures
JUMP, JUMP_PER_YEAR = 3.0, 0.15


def check_table(
    table: pd.DataFrame,
    *,
    file: str = "table",
    bases: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
    today: dt.date | None = None,
) -> None:
    """Refuse a tidy table whose rows cannot all be what was published.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows with the columns ``OBSERVATION_COLUMNS``, levels in ``1e8 CNY``, growth as ratio; an optional column
        ``label`` names the rows in messages.
    file : str
        Name in messages.
    bases : mapping or sequence of str, optional
        The codes of the bases there are, or these per region. Without it any name of a basis passes.
    today : datetime.date, optional
        No figure is released later than this; the day of the call by default.

    Raises
    ------
    SchemaError, ValueRangeError, PeriodError, UnitsError, BasisError, ContradictionError
        The first kind of fault found, with every row that has it.

    Examples
    --------
    >>> row = {"region": "r", "series": "retail_total", "measure": "level", "period_start": "2024-01-01",
    ...        "period_end": "2024-12-31", "value": -5.0, "unit": "1e8 CNY", "half_width": 0.05, "basis": "b1",
    ...        "release_date": "2025-01-20", "release_status": "exact", "source": "bureau", "confidence": "high",
    ...        "use": "yes", "note": ""}
    >>> dates = dict.fromkeys(("period_start", "period_end", "release_date"), "datetime64[ns]")
    >>> check_table(pd.DataFrame([row]).astype(dates), file="mine.csv")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.ValueRangeError: mine.csv: a level cannot be negative: row 0 says -5. Expected ...
    """
    missing = [name for name in OBSERVATION_COLUMNS if name not in table]
    if missing:
        refuse(SchemaError, file, "lacks columns", missing, expected=", ".join(OBSERVATION_COLUMNS), step="add them")
    if "label" not in table:
        table = table.assign(label=[f"row {i}" for i in table.index])
    _check_values(table, file)
    _check_periods(table, file, today or dt.date.today())
    _check_units(table, file)
    _check_bases(table, file, bases)
    _check_jumps(table, file)
    _check_crossings(table, file)
    check_neighbours(table, file=file)
    check_sums(table, file=file)


def _said(rows: pd.DataFrame) -> list[str]:
    """Label and value of rows."""
    said = rows["said"] if "said" in rows else [f"{value:.10g}" for value in rows["value"]]
    return [f"{label} says {value}" for label, value in zip(rows["label"], said, strict=True)]


def _check_values(table: pd.DataFrame, file: str) -> None:
    """No infinity, no level of zero or below, no growth of minus one hundred per cent."""
    finite = np.isfinite(table["value"]) & np.isfinite(table["half_width"]) & (table["half_width"] >= 0)
    level, growth = table["measure"] == LEVEL, table["measure"] == GROWTH
    for wrong, what, expected in (
        (~finite, "a value or its half-width is not finite", "finite numbers, half-widths from zero"),
        (level & (table["value"] < 0), "a level cannot be negative", "levels above zero"),
        (growth & (table["value"] <= -1), "growth cannot be -100 % or less", "growth above -100 %"),
    ):
        if wrong.any():
            refuse(ValueRangeError, file, what, _said(table[wrong]), expected=expected, step="correct the figure from its source")
    zero = level & (table["value"] == 0)
    if zero.any():
        refuse(ValueRangeError, file, "a level is zero", _said(table[zero]), expected="levels above zero",
               step="correct the figure from its source; if nothing was published, delete the row")


def _check_periods(table: pd.DataFrame, file: str, today: dt.date) -> None:
    """No lone January, nothing released before its period ended or after today, nothing twice."""
    start, end, release = table["period_start"], table["period_end"], table["release_date"]
    one_month = (start.dt.month == end.dt.month) & (start.dt.year == end.dt.year)
    lone = one_month & (start.dt.month <= 2) & (start.dt.year >= _JOINED) & (table["measure"] == LEVEL)
    if lone.any():
        refuse(PeriodError, file, f"January and February are published as one figure since {_JOINED}", table.loc[lone, "label"],
               expected="the sum of both months", step="write the period as 1-2月 (January to February) with the joint figure")
    for wrong, what, step in (
        (release > pd.Timestamp(today), f"a release date lies after {today}", "correct the date, or wait for the figure"),
        (release < end, "a figure is released before its period has ended", "correct period or release date; forecasts are no figures"),
    ):
        if wrong.any():
            rows = [f"{label} released {date:%Y-%m-%d}" for label, date in zip(table.loc[wrong, "label"], release[wrong], strict=True)]
            refuse(PeriodError, file, what, rows, expected="figures that were out by now, after their period", step=step)
    key = ["region", "series", "measure", "period_start", "period_end", "basis", "release_date", "use"]
    twice = table.duplicated(key, keep=False)
    if twice.any():
        rows = _said(table[twice].sort_values(key, kind="stable"))
        refuse(PeriodError, file, "a period stands twice", rows, expected="one row a period, basis and release date",
               step="delete one, or give a revision its own release date")


def _check_units(table: pd.DataFrame, file: str) -> None:
    """Levels are money, growth and shares are ratios."""
    wrong = table["unit"] != np.where(table["measure"] == LEVEL, UNIT_MONEY, UNIT_RATIO)
    if wrong.any():
        unit = table["stated"] if "stated" in table else table["unit"]
        rows = list(table["label"] + " is a " + table["measure"] + " in " + unit)
        refuse(UnitsError, file, "unit and measure do not fit", [row for row, odd in zip(rows, wrong, strict=True) if odd],
               expected="levels in 元, 万元, 亿元 or 万亿元; growth and shares in % or 1", step="correct the unit or the measure")


def _check_bases(table: pd.DataFrame, file: str, bases: Mapping[str, Sequence[str]] | Sequence[str] | None) -> None:
    """Every level has a basis, and every basis is one that there is."""
    bare = (table["measure"] == LEVEL) & (table["basis"] == "")
    if bare.any():
        refuse(BasisError, file, "a level has no basis", table.loc[bare, "label"],
               expected="the statistical basis of every level, such as the census it follows",
               step="fill the column basis (基期/口径), or say basis=... (--basis) for the whole file")
    found: list[str] = []
    for region, rows in table[table["basis"] != ""].groupby("region", sort=False):
        known = bases.get(str(region)) if isinstance(bases, Mapping) else bases
        for basis, same in rows.groupby("basis", sort=False):
            if not _is_basis(str(basis), known):
                near = difflib.get_close_matches(str(basis), known or (), n=1)
                hint = f", nearest is {near[0]!r}" if near else ""
                found += [f"{label} is on {str(basis)!r}{hint}" for label in same["label"]]
    if found:
        listed = sorted({code for codes in (bases.values() if isinstance(bases, Mapping) else [bases or ()]) for code in codes})
        refuse(BasisError, file, "unknown basis", found, expected=f"one of {', '.join(listed)}" if listed else "the name of a basis",
               step="correct the code, or declare the bases with bases=[...]")


def _is_basis(basis: str, known: Sequence[str] | None) -> bool:
    """Whether a basis is among those known, or, where none are, at least a name."""
    if known is not None:
        return basis in known
    return _BASIS.fullmatch(basis) is not None and basis.lower() not in _NO_BASIS


def _check_jumps(table: pd.DataFrame, file: str) -> None:
    """A monthly average a thousand times its neighbour's is a wrong unit."""
    levels = table[(table["measure"] == LEVEL) & (table["value"] > 0)].sort_values(["region", "series", "period_start", "period_end"])
    months = (levels["period_end"] - levels["period_start"]).dt.days / 30.4
    size = np.log10(levels["value"] / months)
    same = levels.groupby(["region", "series"], sort=False)
    years = same["period_start"].diff().dt.days / 365.25
    jump = size.groupby([levels["region"], levels["series"]], sort=False).diff().abs() > JUMP + JUMP_PER_YEAR * years
    if not jump.any():
        return
    touched = jump.groupby([levels["region"], levels["series"]], sort=False).transform("any")
    middle = size.groupby([levels["region"], levels["series"]], sort=False).transform("median")
    odd = touched & ((size - middle).abs() > JUMP - 0.5)
    rows = levels[odd if odd.any() else jump]
    refuse(UnitsError, file, "the size jumps about ten thousand times against the neighbours", _said(rows),
           expected="figures of one size in the unit that each row states",
           step="check whether 元, 万元, 亿元 or 万亿元 is meant in these rows")


def _check_crossings(table: pd.DataFrame, file: str) -> None:
    """Growth that equals the ratio of two levels on different bases was computed across them."""
    used = table[table["use"] == USE_YES]
    growth = used[used["measure"] == GROWTH]
    if growth.empty:
        return
    levels: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    key = ["region", "series", "period_start", "period_end"]
    parts = used[used["measure"] == LEVEL]
    for where, level in zip(_rows(parts, key), _rows(parts, ["basis", "value", "half_width"]), strict=True):
        levels[where].append(level)
    if "comparable" in growth:
        growth = growth[~growth["comparable"]]
    year, day = pd.DateOffset(years=1), pd.Timedelta(days=1)
    before = growth.assign(period_start=growth["period_start"] - year, period_end=growth["period_end"] + day - year - day)
    pairs: dict[tuple[Any, ...], list[tuple[str, bool]]] = defaultdict(list)
    for now, then, (label, value, width) in zip(
        _rows(growth, key), _rows(before, key), _rows(growth, ["label", "value", "half_width"]), strict=True
    ):
        for bases, fits in _crossings(value, width, levels.get(now, []), levels.get(then, [])).items():
            pairs[now[:2] + bases].append((f"{label} says {value:.4%}, the ratio of a level on {bases[0]!r} to one on {bases[1]!r}", fits))
    # official growth may meet such a ratio by chance; that most rows across a break do is no chance
    found = [said for rows in pairs.values() for said, fits in rows if fits and 2 * sum(f for _, f in rows) > len(rows)]
    if found:
        refuse(BasisError, file, "growth crosses two bases", found, expected="official growth on a comparable basis",
               step="give the published growth, compare levels on one basis, or, if it is the official growth, name the measure 可比增长")


def _rows(table: pd.DataFrame, names: list[str]) -> list[tuple[Any, ...]]:
    """Rows of some columns as tuples."""
    return list(zip(*(table[name].tolist() for name in names), strict=True))


def _crossings(growth: float, width: float, now: list[tuple[Any, ...]], then: list[tuple[Any, ...]]) -> dict[tuple[str, str], bool]:
    """Pairs of bases of (basis, level, half-width) and whether their ratio is the growth; none if one basis explains it."""
    fits: dict[tuple[str, str], bool] = {}
    for basis, value, half in now:
        for older, base, base_half in then:
            slack = width + (half + (1 + growth) * base_half) / base if base > 0 else 0.0
            fits[basis, older] = base > 0 and abs(value / base - 1 - growth) <= slack + 1e-12
    explained = any(fit for (a, b), fit in fits.items() if a == b)
    return {} if explained else {pair: fit for pair, fit in fits.items() if pair[0] != pair[1]}
