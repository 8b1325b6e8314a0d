"""Sizes and names of a user's table: a slip is named, a season or a new name is none."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayu_forecast.data import read_table
from bayu_forecast.data.check_neighbours import check_neighbours
from bayu_forecast.errors import UnitsError, UnknownNameError

TODAY = dt.date(2026, 6, 1)
PRINT = {"region": "home", "series": "retail_total", "measure": "level", "unit": "1e8 CNY", "half_width": 0.05, "basis": "b4",
         "release_date": pd.Timestamp(2026, 3, 1), "release_status": "exact", "source": "bureau", "confidence": "high", "use": "yes",
         "note": ""}


def monthly(values: list[float], start: str = "2006-01-01", **cells: object) -> pd.DataFrame:
    first = pd.date_range(start, periods=len(values), freq="MS")
    return pd.DataFrame({"period_start": first, "period_end": first + pd.offsets.MonthEnd(), "value": values}).assign(**PRINT | cells)


@given(st.integers(0, 23), st.sampled_from([0.01, 0.1, 10.0, 100.0]))
def test_a_month_off_by_a_power_of_ten_is_named(place: int, factor: float) -> None:
    table = monthly([1200.0 + n for n in range(24)])
    check_neighbours(table)
    table.loc[place, "value"] *= factor
    with pytest.raises(UnitsError) as caught:
        check_neighbours(table)
    assert caught.value.fields["rows"] == [f"row {place} says {table.loc[place, 'value']:.10g}"]


def test_season_is_no_wrong_unit_and_a_flag_settles_the_rest() -> None:
    winter = [100.0 if n % 12 in (0, 1, 11) else 8.0 for n in range(36)]
    check_neighbours(monthly(winter))
    with pytest.raises(UnitsError):
        check_neighbours(monthly(winter[:12]))
    check_neighbours(monthly(winter[:12], use="no"))
    # on another basis there are no neighbours
    check_neighbours(monthly([1200.0] * 3).assign(value=[1.0, 1200.0, 1201.0], basis=["a", "b", "b"]))


def test_years_to_date_and_years_are_compared_with_those_beside_them() -> None:
    months = monthly([3000.0 + 10 * n for n in range(12)], "2024-01-01")
    to_date = months.assign(period_start=pd.Timestamp(2024, 1, 1), value=months["value"].cumsum()).iloc[4:].reset_index(drop=True)
    years = pd.DataFrame({"period_start": pd.to_datetime(["2022-01-01", "2023-01-01"]),
                          "period_end": pd.to_datetime(["2022-12-31", "2023-12-31"]), "value": [35000.0, 35500.0]}).assign(**PRINT)
    table = pd.concat([years, to_date], ignore_index=True)
    check_neighbours(table)
    for place in (0, 1, 9):
        wrong = table.assign(value=table["value"].where(table.index != place, table["value"] / 100))
        with pytest.raises(UnitsError, match=f"row {place} says"):
            check_neighbours(wrong)


def test_names_with_words_added_are_names_of_their_own() -> None:
    for series in ("限额以上社会消费品零售总额", "实物商品零售额", "retail_total_real", "consumption_pc", "高技术产业增加值"):
        assert read_table(monthly([3000.0] * 3, "2024-03-01").assign(series=series), today=TODAY)["series"].iloc[0] == series
    with pytest.raises(UnknownNameError, match="nearest: 社会消费品零售总额"):
        read_table(monthly([3000.0] * 3, "2024-03-01").assign(series="社会消费品零售额"), today=TODAY)
    with pytest.raises(UnknownNameError, match="nearest: guangdong"):
        read_table(monthly([3000.0] * 3, "2024-03-01").assign(region="Guangdon"), today=TODAY)
