"""The days off to be expected where no notice is out: the law in force, and breaks of the usual length.

Floor F2. It must never look at the announced calendar, so an expectation cannot borrow from what came later.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Final

from bayu_forecast.calendar._tables import read_table
from bayu_forecast.calendar.lunar import FESTIVALS, check_year, festival
from bayu_forecast.errors import CalendarRangeError

HOLIDAY: Final = "holiday"
IN_LIEU: Final = "holiday_in_lieu"
MAKEUP: Final = "makeup_workday"

_DAY: Final = dt.timedelta(days=1)
_WEEK: Final = 7

#: day -> (kind, holiday): only days that differ from an ordinary weekday or weekend, or bear a holiday's name
Entries = dict[dt.date, tuple[str, str]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HolidayRule:
    """One public holiday under one law.

    Attributes
    ----------
    holiday : str
        Name.
    anchor : str
        A lunar festival, or ``MM-DD``.
    first, days : int
        The statutory days: offset of the first from the anchor, and how many.
    break_days : int
        Length of the break that the notices make of them with weekends and make-up workdays; 1 for none.
    """

    holiday: str
    anchor: str
    first: int
    days: int
    break_days: int

    def statutory(self, year: int) -> list[dt.date]:
        """Days off by law in a year."""
        if self.anchor in FESTIVALS:
            anchor = dt.date.fromisoformat(str(festival(self.anchor, year)))
        else:
            anchor = dt.date.fromisoformat(f"{year}-{self.anchor}")
        return [anchor + (self.first + i) * _DAY for i in range(self.days)]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """The holidays in force from a year on.

    Attributes
    ----------
    code : str
        Such as ``2025``.
    announced, effective : datetime.date
        When it was published and from when it holds.
    rules : tuple of HolidayRule
        Its holidays.
    """

    code: str
    announced: dt.date
    effective: dt.date
    rules: tuple[HolidayRule, ...]


@functools.cache
def laws() -> tuple[Law, ...]:
    """Every law of the bundled table, oldest first.

    Returns
    -------
    tuple of Law
        In order of effect.

    Examples
    --------
    >>> [law.code for law in laws()]
    ['1999', '2008', '2014', '2020', '2025']
    """
    found: dict[str, Law] = {}
    for row in read_table("statutory_rules.csv"):
        numbers = {name: int(row[name]) for name in ("first", "days", "break_days")}
        rule = HolidayRule(holiday=row["holiday"], anchor=row["anchor"], **numbers)
        dates = {name: dt.date.fromisoformat(row[name]) for name in ("announced", "effective")}
        before = found[row["law"]].rules if row["law"] in found else ()
        found[row["law"]] = Law(code=row["law"], rules=(*before, rule), **dates)
    return tuple(sorted(found.values(), key=lambda law: law.effective))


def law_for(year: int, as_of: dt.date) -> Law:
    """The law that, on a date, is expected to hold in a year.

    Parameters
    ----------
    year : int
        Year asked about.
    as_of : datetime.date
        Laws announced later are not known.

    Returns
    -------
    Law
        The last announced by ``as_of`` that is in effect from 1 January of ``year``.

    Raises
    ------
    CalendarRangeError
        When no law of the table had been announced or was in effect.

    Examples
    --------
    >>> law_for(2025, dt.date(2021, 4, 30)).code, law_for(2025, dt.date(2024, 12, 1)).code
    ('2020', '2025')
    """
    known = [law for law in laws() if law.announced <= as_of and law.effective <= dt.date(year, 1, 1)]
    if not known:
        first = laws()[0]
        message = (f"no holiday law in the table covers {year} as known on {as_of}: the first was announced on {first.announced} "
                   f"and holds from {first.effective.year + 1}; ask for a later year or date")  # fmt: skip
        raise CalendarRangeError(message, year=year, as_of=as_of.isoformat(), expected=f">= {first.effective.year + 1}")
    return known[-1]


def _ordinary_weekend(day: dt.date) -> bool:
    """Saturday or Sunday."""
    return day.weekday() >= 5


def _block(rule: HolidayRule, days: list[dt.date]) -> list[dt.date]:
    """The break around a holiday's days; one shorter than a week slides back to take in the weekend before it."""
    slides = range(rule.break_days - rule.days + 1) if rule.break_days < _WEEK else range(1)
    candidates = [[days[0] + (i - back) * _DAY for i in range(rule.break_days)] for back in slides]
    return min(candidates, key=lambda block: sum(not _ordinary_weekend(day) for day in block))


def _join(block: list[dt.date], days: list[dt.date]) -> list[dt.date]:
    """A break lengthened by another holiday's days that fall in it or within a day of it; otherwise as it was."""
    if not all(block[0] - 2 * _DAY <= day <= block[-1] + 2 * _DAY for day in days):
        return block
    start = min(block[0], *days)
    return [start + i * _DAY for i in range(len(block) + len(days))]


def _make_up(block: list[dt.date], due: int, taken: Entries) -> list[dt.date]:
    """Weekend days worked for a break: the nearest on either side in turn, the closer side first."""
    before, after = ([edge + sign * i * _DAY for i in range(1, 22)] for edge, sign in ((block[0], -1), (block[-1], 1)))
    free = [[day for day in side if _ordinary_weekend(day) and day not in taken] for side in (before, after)]
    free.sort(key=lambda side: min(abs(side[0] - block[0]), abs(side[0] - block[-1])))
    return [free[i % 2][i // 2] for i in range(due)]


def _add_break(entries: Entries, holiday: str, block: list[dt.date], statutory: set[dt.date], due: int) -> None:
    """Enter a break and the workdays that make up for it."""
    for day in block:
        entries[day] = (HOLIDAY if day in statutory or _ordinary_weekend(day) else IN_LIEU, holiday)
    for day in _make_up(block, due, entries):
        entries[day] = (MAKEUP, holiday)


@functools.lru_cache(maxsize=2048)
def _expected(code: str, year: int) -> Entries:
    """Entries of a year under the law of a code."""
    law = next(law for law in laws() if law.code == code)
    days = {rule.holiday: rule.statutory(year) for rule in law.rules}
    entries: Entries = {day: (HOLIDAY, name) for name, dates in days.items() for day in dates}
    single = [rule.holiday for rule in law.rules if rule.break_days == 1]
    for rule in (rule for rule in law.rules if rule.break_days > 1):
        block, statutory = _block(rule, days[rule.holiday]), list(days[rule.holiday])
        for name in [name for name in single if _join(block, days[name]) != block]:
            block = _join(block, days[name])
            statutory += days[name]
            single.remove(name)
        due = sum(not _ordinary_weekend(day) for day in block) - len(statutory)
        _add_break(entries, rule.holiday, block, set(statutory), due)
    for name in single:
        for day in filter(_ordinary_weekend, days[name]):
            lieu = next(d for d in (day + i * _DAY for i in range(1, 9)) if not _ordinary_weekend(d) and d not in entries)
            entries[lieu] = (IN_LIEU, name)
    return entries


def expected_entries(year: int, law: Law) -> Entries:
    """Days off and make-up workdays that a law leads one to expect in a year.

    Every statutory day is off; one that falls on a weekend moves to the next workday, or into its break. A break of
    ``break_days`` is off as a whole and made up for on the nearest weekend days, so that a year holds as many days off
    as its weekends and statutory days. A festival that touches a break lengthens it. Bridges around single days, made
    up for within the week, are not foreseen.

    Parameters
    ----------
    year : int
        Year, inside the lunar table.
    law : Law
        The law expected to hold.

    Returns
    -------
    dict of date to (kind, holiday)
        A copy.

    Raises
    ------
    CalendarRangeError
        Outside the lunar table.

    Examples
    --------
    >>> days = expected_entries(2030, laws()[-1])
    >>> sum(kind == MAKEUP for kind, _ in days.values()), days[dt.date(2030, 10, 1)]
    (4, ('holiday', 'national_day'))
    """
    check_year(year)
    return dict(_expected(law.code, year))
