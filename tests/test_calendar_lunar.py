"""The lunar table: rebuilt from the sky, equal to dates found elsewhere, closed at both ends."""

from __future__ import annotations

import csv
import datetime as dt
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from bayu_forecast.calendar import festival, festival_dates, lunar_table
from bayu_forecast.calendar._tables import FOLDER, read_table
from bayu_forecast.calendar.astronomy import lunar_months, new_moon, solar_longitude
from bayu_forecast.calendar.build import build
from bayu_forecast.calendar.lunar import FESTIVALS
from bayu_forecast.errors import CalendarRangeError, IntegrityError, UnknownNameError

#: dates on which five calendar programs agree
INDEPENDENT = list(csv.DictReader((Path(__file__).parent / "data" / "lunar_1990_2035.csv").open(encoding="utf-8")))
#: the published dates of 2015 to 2031
SPRING_FESTIVALS = (
    "02-19 02-08 01-28 02-16 02-05 01-25 02-12 02-01 01-22 02-10 01-29 02-17 02-06 01-26 02-13 02-03 01-23"
)  # fmt: skip


def test_the_build_writes_the_bundled_tables_byte_for_byte(tmp_path: Path) -> None:
    for name in ("statutory.csv", "statutory_rules.csv"):
        shutil.copy(FOLDER / name, tmp_path / name)
    build(tmp_path)
    for name in ("lunar.csv", "manifest.csv"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("name", FESTIVALS)
def test_equals_independent_dates(name: str) -> None:
    assert [str(festival(name, int(row["year"]))) for row in INDEPENDENT] == [row[name] for row in INDEPENDENT]


def test_spring_festivals_as_published_and_their_range() -> None:
    assert [str(festival("spring_festival", 2015 + i))[5:] for i in range(17)] == SPRING_FESTIVALS.split()
    days = sorted(str(day)[5:] for day in festival_dates("spring_festival"))
    assert (len(days), days[0], days[-1]) == (199, "01-21", "02-20")


def test_a_year_with_two_terms_in_its_eleventh_month() -> None:
    # 2033: the leap month follows the eleventh, although the month after the seventh has no principal term either
    months = lunar_months(2033)
    assert (months[8] - months[7]).days in (29, 30)
    assert lunar_months(2034)[1] == dt.date(2034, 2, 19)


def test_months_are_lunations_and_leap_years_seven_in_nineteen() -> None:
    years = range(1901, 2100)
    for year in years:
        months = lunar_months(year)
        lengths = [(months[i + 1] - months[i]).days for i in range(1, 10)]
        assert set(lengths) <= {29, 30, 58, 59, 60}
        assert sum(length > 30 for length in lengths) <= 1
    new_years = festival_dates("spring_festival").astype(int)
    leap = np.diff(new_years) > 380
    assert leap.mean() == pytest.approx(7 / 19, abs=0.01)


def test_instants_against_published_ones() -> None:
    # Meeus, example 49.a: new moon of February 1977 at JDE 2443192.65118
    assert new_moon(-283) == pytest.approx(2443192.65118, abs=1e-5)
    # March equinox of 2025 at 09:01 UTC, 17:01 in China, the Sun moving by 0.9933 degrees a day
    assert solar_longitude(dt.date(2025, 3, 20)) == pytest.approx(360.0 - 0.9933 * (17 + 1 / 60) / 24, abs=0.01)


def test_dataset_is_labelled() -> None:
    table = lunar_table()
    assert dict(table.sizes) == {"year": 199}
    assert all(table[name].attrs["long_name"] for name in FESTIVALS)
    assert np.issubdtype(table["lantern"].dtype, np.datetime64)
    assert math.isclose(float((table["lantern"] - table["spring_festival"]).dt.days.mean()), 14.0)


@pytest.mark.parametrize("year", [1900, 2100])
def test_beyond_the_table_is_an_error(year: int) -> None:
    with pytest.raises(CalendarRangeError, match=str(year)) as caught:
        festival("spring_festival", year)
    assert caught.value.fields["expected"] == "1901-2099"


def test_unknown_festival() -> None:
    with pytest.raises(UnknownNameError, match="spring_festival"):
        festival("easter", 2020)


def test_returned_dates_are_a_copy() -> None:
    festival_dates("lantern")[:] = np.datetime64("2000-01-01")
    assert str(festival("lantern", 2025)) == "2025-02-12"


def test_a_changed_table_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "tables")
    path = tmp_path / "tables" / "lunar.csv"
    path.write_bytes(path.read_bytes().replace(b"2025-01-29", b"2025-01-30"))
    with pytest.raises(IntegrityError) as caught:
        read_table("lunar.csv", tmp_path / "tables")
    assert caught.value.fields["file"] == "lunar.csv"
