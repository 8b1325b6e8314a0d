"""Shares of a moving-holiday window, centred regressors and month counts, against published numbers."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayu_forecast.calendar import DURING, POST, PRE, centred_share, festival_dates, mean_days_off, month_features, window_share
from bayu_forecast.errors import CalendarRangeError, PeriodError

MONTHS = list(csv.DictReader((Path(__file__).parent / "data" / "calendar_months_2004_2026.csv").open(encoding="utf-8")))


def months(start: str, end: str) -> pd.DatetimeIndex:
    """First days of months."""
    return pd.date_range(start, end, freq="MS")


def easter(year: int) -> dt.date:
    """Gregorian Easter Sunday (the anonymous algorithm of 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * ell) // 433
    month, _ = divmod(h + ell - 7 * m + 90, 25)
    return dt.date(year, month, (h + ell - 7 * m + 33 * month + 19) % 32)


def test_easter_regressor_of_the_census_bureau() -> None:
    dates = [easter(year) for year in range(1600, 2100)]
    time = pd.DatetimeIndex(["1990-03-01", "1990-04-01", "1991-03-01"])
    column = centred_share(np.array(dates, dtype="datetime64[D]"), (-8, -1), time, span=(1600, 2099))
    assert column.round(3).tolist() == [-0.382, 0.382, 0.618]


@given(
    year=st.integers(1902, 2098),
    first=st.integers(-60, 60),
    length=st.integers(1, 40),
)
def test_shares_of_one_window_sum_to_one(year: int, first: int, length: int) -> None:
    date = festival_dates("spring_festival")[[year - 1901]]
    share = window_share(date, (first, first + length - 1), months(f"{year - 1}-01-01", f"{year + 1}-12-01"))
    assert share.sum() == pytest.approx(1.0, abs=1e-12)
    assert share.min() >= 0.0


def test_shares_sum_to_one_in_every_year() -> None:
    share = window_share(festival_dates("spring_festival"), POST, months("1901-01-01", "2099-12-01"))
    np.testing.assert_allclose(share.reshape(-1, 12).sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize("window", [PRE, DURING, POST])
def test_centred_regressor_has_mean_zero_over_the_span(window: tuple[int, int]) -> None:
    column = centred_share(festival_dates("spring_festival"), window, months("1902-01-01", "2098-12-01"))
    np.testing.assert_allclose(column.reshape(-1, 12).mean(axis=0), 0.0, atol=1e-13)


@pytest.mark.parametrize(
    ("window", "january", "february", "sum_of_both", "march"),
    [((-20, -1), 0.310, 0.310, 0.0, 0.0), ((-15, -1), 0.386, 0.386, 0.0, 0.0), ((-10, -1), 0.440, 0.440, 0.0, 0.0),
     ((0, 6), 0.392, 0.392, 0.0, 0.0), ((7, 21), 0.050, 0.252, 0.259, 0.259), ((7, 26), 0.037, 0.279, 0.289, 0.289)],
)  # fmt: skip
def test_what_january_and_february_as_one_sum_can_tell(
    window: tuple[int, int], january: float, february: float, sum_of_both: float, march: float
) -> None:
    column = centred_share(festival_dates("spring_festival"), window, months("1990-01-01", "2040-12-01")).reshape(-1, 12)
    got = [column[:, 0].std(), column[:, 1].std(), (column[:, 0] + column[:, 1]).std(), column[:, 2].std()]
    np.testing.assert_allclose(got, [january, february, sum_of_both, march], atol=6e-4)
    assert column[:, 3:].std(axis=0).max() < 1e-15


def test_days_workdays_and_days_off_of_2004_to_2026() -> None:
    features = month_features("2004-01", "2026-12", as_of="2026-11-23")
    assert [str(stamp)[:7] for stamp in features["time"].values] == [row["month"] for row in MONTHS]
    for name in ("days", "workdays", "days_off"):
        assert features[name].values.tolist() == [int(row[name]) for row in MONTHS], name
    assert set(features["status"].values) == {"confirmed"}


def test_by_default_the_window_after_the_festival_is_days_7_to_21() -> None:
    column = month_features("2000-01", "2040-12", as_of="2026-11-23")["post_festival"]
    assert column.sel(time="2025-03-01") - column.sel(time="2015-03-01") == pytest.approx(0.0 - 12 / 15)
    time = pd.DatetimeIndex(column["time"].values)
    np.testing.assert_array_equal(column, centred_share(festival_dates("spring_festival"), (7, 21), time))


def test_leap_day_and_labels() -> None:
    features = month_features("2020-01", "2021-03", as_of="2021-04-30", windows={"pre": PRE, "during": DURING, "post": POST})
    leap = features["leap_day"].to_series()
    assert leap["2020-02-01"] - leap["2021-02-01"] == pytest.approx(np.log(29 / 28))
    assert not leap[leap.index.month != 2].any()
    np.testing.assert_allclose(features["pre"][0:2].sum(), 0.0, atol=1e-15)
    assert {"pre", "during", "post"} <= set(features.data_vars)
    assert all({"units", "long_name"} <= set(features[name].attrs) for name in features.data_vars)


def test_history_does_not_move_when_months_are_added() -> None:
    short = month_features("2010-03", "2012-05", as_of="2025-01-31")
    long = month_features("2004-01", "2037-12", as_of="2025-01-31").sel(time=short["time"])
    assert short.equals(long)


def test_mean_days_off_follow_the_law_in_force() -> None:
    years = (("2007-06-30", 10), ("2012-01-31", 11), ("2024-12-31", 11), ("2025-01-31", 13))
    weekends = 104.36
    for as_of, statutory in years:
        assert mean_days_off(as_of).sum() == pytest.approx(weekends + statutory, abs=0.01)
    # the third reform of the golden weeks took three days from May
    assert mean_days_off("2007-06-30")[4] - mean_days_off("2012-01-31")[4] > 2.0


@pytest.mark.parametrize(("start", "end"), [("1999-12", "2001-01"), ("1900-01", "1901-01"), ("2098-01", "2100-01")])
def test_months_beyond_the_tables(start: str, end: str) -> None:
    with pytest.raises(CalendarRangeError):
        month_features(start, end, as_of="2025-01-31")


def test_the_tables_reach_their_last_year() -> None:
    assert month_features("2099-01", "2099-12", as_of="2025-01-31").sizes["time"] == 12
    with pytest.raises(CalendarRangeError, match="reaches in"):
        month_features("2099-01", "2099-12", as_of="2025-01-31", windows={"pre": (-25, -1)})


def test_a_year_without_a_date() -> None:
    with pytest.raises(CalendarRangeError) as caught:
        centred_share(["2025-01-29"], POST, months("2025-01-01", "2026-01-01"), span=(2025, 2025))
    assert caught.value.fields["years"] == [2026]


@pytest.mark.parametrize(
    ("start", "end", "as_of"), [("2025-02", "2025-01", "2025-01-31"), ("2025-13", "2026-01", "2025-01-31"), ("2025-01", "2026-01", "NaT")]
)
def test_dates_that_are_none(start: str, end: str, as_of: str) -> None:
    with pytest.raises(PeriodError):
        month_features(start, end, as_of=as_of)


def test_a_window_that_ends_before_it_begins() -> None:
    with pytest.raises(PeriodError, match="ends before it begins"):
        window_share(["2025-01-29"], (3, 1), months("2025-01-01", "2025-02-01"))
