"""Where a statement of a scenario stands, months as its files write them, and the one form of a refusal.

Floor F3 (scenarios). Months are texts ``YYYY-MM``, so they sort as they follow. Must never know a lever or a figure.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import re
from collections.abc import Iterable
from typing import NoReturn

from bayu_forecast.errors import ScenarioError, SpecificationError

#: years that a scenario may speak of; anything else is a slip of the pen
YEARS = range(1990, 2101)
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A line of a file.

    Attributes
    ----------
    file : str
        Its name.
    line : int
        Counted from one.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


def refuse(
    what: str, *, expected: str, step: str, place: Place | None = None, error: type[SpecificationError] | None = None, **fields: object
) -> NoReturn:
    """Raise, a ScenarioError if nothing else is asked for, with the place, what is wrong, what was expected and the next step."""
    where = f"{place}: " if place else ""
    if place:
        fields |= {"file": place.file, "line": place.line}
    message = f"{where}{what}. Expected {expected}. Next step: {step}."
    fields |= {"expected": expected, "step": step}
    if error is None:
        raise ScenarioError(message, **fields)
    raise error(message, **fields)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names most like this one, or all of them when none is like it."""
    names = sorted(known)
    found = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if not found:
        return f"one of {', '.join(names[:12])}{' and others' if len(names) > 12 else ''}" if names else "no name at all: there are none"
    return f"a known name; nearest: {', '.join(found)}"


def month_number(month: str) -> int:
    """Months since the year 0."""
    year, _, rest = month.partition("-")
    return int(year) * 12 + int(rest) - 1


def month_label(number: int) -> str:
    """The month of a number, ``YYYY-MM``."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def check_month(text: object, what: str, place: Place | None = None) -> str:
    """The month as written, or a refusal."""
    found = _MONTH.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[1]) not in YEARS:
        refuse(f"{what} {text!r} is not a month", expected=f"YYYY-MM between {YEARS[0]}-01 and {YEARS[-1]}-12, such as 2025-02",
               step="write the year with four digits, a hyphen and the month with two", place=place)
    return found[0]


def check_date(text: object, what: str, place: Place | None = None) -> str:
    """The date as written, or a refusal."""
    try:
        if isinstance(text, str) and len(text) == 10 and dt.date.fromisoformat(text).year in YEARS:
            return text
    except ValueError:
        pass
    refuse(f"{what} {text!r} is not a date", expected="YYYY-MM-DD, such as 2025-01-31", step="write the day of the run", place=place)


def check_period(text: object, place: Place | None = None) -> tuple[str, str]:
    """First and last month of a year, of a month, or of the months of a year from January on."""
    first, dots, last = text.partition("..") if isinstance(text, str) else ("", "", "")
    if not dots and _YEAR.fullmatch(first) and int(first) in YEARS:
        return f"{first}-01", f"{first}-12"
    if _MONTH.fullmatch(first) and int(first[:4]) in YEARS and (not dots or _MONTH.fullmatch(last)):
        if not dots:
            return first, first
        if first.endswith("-01") and last > first and last[:4] == first[:4]:
            return first, last
    refuse(f"{text!r} is not a period that is published", place=place,
           expected="a year (2025), a month (2025-03) or the year to date (2025-01..2025-06)",
           step="name the figure by the months that its release speaks of")
