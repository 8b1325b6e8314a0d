"""The official calendar as it stood on a date: notices on their day, and the expectation before them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayu_forecast.calendar import month_features, statutory_calendar
from bayu_forecast.calendar._tables import read_table
from bayu_forecast.calendar.rules import MAKEUP, expected_entries, law_for, laws
from bayu_forecast.calendar.statutory import OFF
from bayu_forecast.errors import CalendarRangeError, PeriodError


def kind(day: str, as_of: str) -> str:
    """Kind of a day as known on a date."""
    return str(statutory_calendar(int(day[:4]), as_of)["kind"].sel(time=day).values)


@pytest.mark.parametrize(
    ("day", "before", "as_of", "after"),
    [("2020-01-31", "2020-01-26", "2020-01-27", ("workday", "holiday")),
     ("2020-02-01", "2020-01-26", "2020-01-27", ("makeup_workday", "holiday")),
     ("2019-05-02", "2019-03-21", "2019-03-22", ("workday", "holiday_in_lieu")),
     ("2019-04-28", "2019-03-21", "2019-03-22", ("weekend", "makeup_workday")),
     ("2015-09-03", "2015-05-12", "2015-05-13", ("workday", "holiday")),
     ("2015-09-06", "2015-05-12", "2015-05-13", ("weekend", "makeup_workday")),
     ("2018-12-31", "2018-12-30", "2018-12-31", ("workday", "holiday_in_lieu"))],
)  # fmt: skip
def test_changes_within_a_year_are_seen_on_their_day(day: str, before: str, as_of: str, after: tuple[str, str]) -> None:
    assert (kind(day, before), kind(day, as_of)) == after


@pytest.mark.parametrize("year", [2004, 2015, 2026])
def test_a_year_is_confirmed_from_the_last_day_before_it(year: int) -> None:
    assert statutory_calendar(year, f"{year - 1}-12-30").attrs["status"] == "estimated"
    assert statutory_calendar(year, f"{year - 1}-12-31").attrs["status"] == "confirmed"


def test_years_without_record_stay_estimated() -> None:
    for year in (2000, 2003, 2027, 2099):
        assert statutory_calendar(year, "2026-11-23").attrs["status"] == "estimated"


def test_the_laws_change_what_is_expected_of_2025() -> None:
    before, after = statutory_calendar(2025, "2021-04-30"), statutory_calendar(2025, "2024-11-12")
    assert int(after["off"].sum() - before["off"].sum()) == 2
    assert before["kind"].sel(time="2025-01-28").values == "workday"
    assert after["holiday"].sel(time="2025-01-28").values == "spring_festival"


def test_every_announced_day_fits_its_weekday() -> None:
    rows = read_table("statutory.csv")
    for row in rows:
        weekend = dt.date.fromisoformat(row["date"]).weekday() >= 5
        assert row["kind"] != MAKEUP or weekend, row
        assert row["kind"] != "holiday_in_lieu" or not weekend, row
    assert len({(row["date"], row["announced"]) for row in rows}) == len(rows)


@given(year=st.integers(2000, 2099), index=st.integers(0, 4))
def test_an_expected_year_has_its_weekends_and_statutory_days(year: int, index: int) -> None:
    law = laws()[index]
    entries = expected_entries(year, law)
    gained = sum(state in OFF and day.weekday() < 5 for day, (state, _) in entries.items())
    worked = sum(state == MAKEUP for state, _ in entries.values())
    assert gained - worked == sum(rule.days for rule in law.rules)
    assert all(day.weekday() >= 5 for day, (state, _) in entries.items() if state == MAKEUP)
    for rule in law.rules:
        assert all(entries[day][0] in OFF for day in rule.statutory(year)), rule


@pytest.mark.parametrize("year", [2005, 2009, 2016, 2017, 2021, 2023, 2024, 2025, 2026])
def test_the_expectation_meets_the_days_off_then_announced(year: int) -> None:
    expected = month_features(f"{year}-01", f"{year}-12", f"{year - 1}-12-30")["days_off"]
    announced = month_features(f"{year}-01", f"{year}-12", "2026-11-23")["days_off"]
    assert int(expected.sum()) == int(announced.sum())
    assert int(np.abs(expected - announced).max()) <= 1


def test_the_expectation_errs_by_a_tenth_of_a_day_a_month() -> None:
    announced = month_features("2008-01", "2026-12", "2026-11-23")["days_off"].values
    years = [month_features(f"{year}-01", f"{year}-12", f"{year - 1}-12-30")["days_off"].values for year in range(2008, 2027)]
    assert np.abs(np.concatenate(years) - announced).mean() == pytest.approx(0.10, abs=0.005)


def test_a_festival_that_touches_a_break_lengthens_it() -> None:
    # Mid-Autumn 2028 falls on 3 October
    week = statutory_calendar(2028, "2026-11-23")["off"].sel(time=slice("2028-10-01", "2028-10-08"))
    assert bool(week.all())


@given(
    as_of=st.dates(dt.date(2004, 1, 1), dt.date(2026, 12, 31)),
    later=st.integers(0, 4000),
)
def test_knowledge_only_grows(as_of: dt.date, later: int) -> None:
    """A confirmed year changes only by the three amendments, and what is past is never unlearnt."""
    amended = {dt.date(2015, 5, 13), dt.date(2019, 3, 22), dt.date(2020, 1, 27)}
    first, second = statutory_calendar(as_of.year, as_of), statutory_calendar(as_of.year, as_of + dt.timedelta(days=later))
    assert first.attrs["status"] == second.attrs["status"] == "confirmed"
    between = any(as_of < day <= as_of + dt.timedelta(days=later) and day.year == as_of.year for day in amended)
    new_year = slice(f"{as_of.year}-01-01", f"{as_of.year}-12-27")
    same = bool((first["off"].sel(time=new_year) == second["off"].sel(time=new_year)).all())
    assert same is not between


def test_nothing_announced_later_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    as_of = "2019-03-21"
    clean = month_features("2000-01", "2031-12", as_of)

    def poisoned(name: str) -> tuple[dict[str, str], ...]:
        rows = read_table(name)
        if name != "statutory.csv":
            return tuple(row for row in rows if row.get("announced", "") <= as_of)
        return tuple({**row, "kind": MAKEUP} if row["announced"] > as_of else row for row in rows)

    from bayu_forecast.calendar import rules, statutory

    monkeypatch.setattr(rules, "read_table", poisoned)
    monkeypatch.setattr(statutory, "read_table", poisoned)
    caches = (rules.laws, rules._expected, statutory._announced)
    for cache in caches:
        cache.cache_clear()
    try:
        assert [law.code for law in rules.laws()] == ["1999", "2008", "2014"]
        assert month_features("2000-01", "2031-12", as_of).identical(clean)
        assert not month_features("2019-01", "2019-12", "2026-01-01").identical(month_features("2019-01", "2019-12", as_of))
    finally:
        monkeypatch.undo()
        for cache in caches:
            cache.cache_clear()


def test_before_the_first_law() -> None:
    with pytest.raises(CalendarRangeError, match="1999-09-18"):
        law_for(2010, dt.date(1998, 1, 1))
    with pytest.raises(CalendarRangeError, match="2000"):
        statutory_calendar(1999, "2025-01-31")


def test_as_of_must_be_a_date() -> None:
    with pytest.raises(PeriodError, match="as_of"):
        statutory_calendar(2025, "soon")
    with pytest.raises(PeriodError):
        statutory_calendar(2025, pd.NaT)
