"""Panels from every common form, and the inputs that are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import bayu_forecast as bf
from bayu_forecast.errors import AlignmentError, HorizonError, PeriodError, SchemaError, UnknownNameError
from bayu_forecast.schema.features import as_features, select_features
from bayu_forecast.schema.time_index import future_labels, read_grid

MONTHS = pd.date_range("2020-01", periods=6, freq="MS")


def values(data: object, **named: object) -> list[list[float]]:
    return bf.as_panel(data, **named)["value"].values.tolist()


# --- forms -----------------------------------------------------------------------------------------------------------------


def test_a_list_is_right_aligned_on_integers() -> None:
    y = bf.as_panel([np.arange(4), [7, 8]], season=12)
    assert y["value"].dims == ("series", "time")
    assert y["value"].dtype == np.float64
    np.testing.assert_array_equal(y["value"], [[0, 1, 2, 3], [np.nan, np.nan, 7, 8]])
    assert y["time"].values.tolist() == [0, 1, 2, 3]
    assert y.attrs["season"] == 12


def test_all_forms_of_one_panel_agree() -> None:
    wide = pd.DataFrame({"a": np.arange(6.0), "b": np.arange(6.0) * 2}, index=MONTHS)
    long = wide.rename_axis(index="month", columns="shop").stack().rename("sales").reset_index()
    array = xr.DataArray(wide.to_numpy(), dims=("time", "series"), coords={"time": MONTHS, "series": ["a", "b"]})
    expected = bf.as_panel(wide)
    assert expected.attrs["season"] == 12
    for other in (
        bf.as_panel(long, series="shop", time="month", value="sales"), bf.as_panel(array), bf.as_panel(array.to_dataset(name="value")),
        bf.as_panel(expected), bf.as_panel({"a": wide["a"], "b": wide["b"]}), bf.as_panel(wide.to_period("M")),
        bf.as_panel(wide.set_axis(wide.index.strftime("%Y-%m"))), bf.as_panel(wide.sample(frac=1, random_state=1)),
    ):
        xr.testing.assert_identical(other, expected)


def test_a_dict_names_the_series_and_one_series_needs_no_name() -> None:
    assert bf.as_panel({"x": [1, 2], "y": [3]}, season=1).indexes["series"].tolist() == ["x", "y"]
    assert values(np.array([1, 2, 3]), season=1) == values([1, 2, 3], season=1) == values([[1, 2, 3]], season=1)
    assert bf.as_panel(pd.Series([1.0, 2.0], index=MONTHS[:2], name="total")).indexes["series"].tolist() == ["total"]
    frame = pd.DataFrame({"month": MONTHS, "sales": range(6)})
    assert bf.as_panel(frame, time="month", value="sales").indexes["series"].tolist() == ["sales"]


def test_absent_periods_become_missing_and_rows_are_sorted() -> None:
    y = bf.as_panel(pd.Series([3.0, 1.0, 4.0], index=pd.to_datetime(["2020-04-01", "2020-01-01", "2020-06-01"])))
    np.testing.assert_array_equal(y["value"][0], [1, np.nan, np.nan, 3, np.nan, 4])


@pytest.mark.parametrize(("freq", "season"), [
    ("MS", 12), ("ME", 12), ("QS", 4), ("QE", 4), ("YS", 1), ("YE", 1), ("W", 52), ("W-WED", 52), ("D", 7), ("h", 24), ("6MS", 2),
])
def test_the_season_follows_from_dates(freq: str, season: int) -> None:
    time = pd.date_range("2019-01-15", periods=30, freq=freq)
    y = bf.as_panel(pd.DataFrame({"a": np.arange(30.0)}, index=time).drop(time[[3, 4, 17]]))
    assert y.attrs["season"] == season
    assert (y.indexes["time"] == time).all()
    assert (future_labels(time, 5) == pd.date_range("2019-01-15", periods=35, freq=freq)[30:]).all()


def test_types_of_numbers() -> None:
    whole = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [None, 2, 3.5]}, dtype=object)
    np.testing.assert_array_equal(bf.as_panel(whole, season=1)["value"], [[1, np.nan, 3], [np.nan, 2, 3.5]])
    assert values([np.array([1, 2], dtype=np.int8), np.array([3, 4], dtype=np.float32)], season=1) == [[1, 2], [3, 4]]


def test_what_was_given_is_left_alone() -> None:
    frame = pd.DataFrame({"a": [2.0, 1.0]}, index=pd.to_datetime(["2020-02-01", "2020-01-01"]))
    kept = frame.copy(deep=True)
    bf.as_panel(frame)["value"][:] = 0.0
    pd.testing.assert_frame_equal(frame, kept)


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9), min_size=1, max_size=5))
def test_right_alignment_keeps_every_value(arrays: list[list[float]]) -> None:
    y = bf.as_panel([np.array(a) for a in arrays], season=4)["value"].values
    for row, array in zip(y, arrays, strict=True):
        assert row[len(row) - len(array):].tolist() == array
        assert np.isnan(row[: len(row) - len(array)]).all()


# --- refused ---------------------------------------------------------------------------------------------------------------


def test_duplicated_dates_name_the_rows() -> None:
    frame = pd.DataFrame({"shop": ["a", "b", "a"], "month": ["2024-01"] * 3, "sales": [1, 2, 3]})
    with pytest.raises(PeriodError, match="a at 2024-01-01") as told:
        bf.as_panel(frame, series="shop", time="month", value="sales")
    assert told.value.fields["rows"] == [0, 2]
    with pytest.raises(PeriodError, match="2020-01-01"):
        bf.as_panel(pd.DataFrame({"a": [1.0, 2.0]}, index=MONTHS[[0, 0]]))


@pytest.mark.parametrize(("data", "named", "told"), [
    ([[1, 2]], {}, "season=12"),
    ([[1, 2]], {"season": 0}, "season is 0"),
    ([], {"season": 1}, "no series"),
    ([[1, 2], [[1], [2]]], {"season": 1}, "one-dimensional"),
    ([["x", "y"]], {"season": 1}, "numbers"),
    ([[True, False]], {"season": 1}, "numbers"),
    ("text", {"season": 1}, "cannot read a str"),
    (pd.DataFrame({"shop": ["a"], "sales": [1.0]}), {"season": 1}, "long frame"),
    (pd.DataFrame({"m": ["2024-01"], "y": [1.0]}), {"time": "m"}, "value"),
    (pd.DataFrame({"m": ["soon", "later"], "y": [1.0, 2.0]}), {"time": "m", "value": "y"}, "neither whole numbers nor dates"),
    (pd.DataFrame({"m": ["2024-01", None], "y": [1.0, 2.0]}), {"time": "m", "value": "y"}, r"missing at rows \[1\]"),
    (pd.DataFrame({"m": ["2024-01"], "y": [1.0]}), {"time": "m", "value": "y"}, "no frequency"),
    (pd.DataFrame({"m": range(202001, 202013), "y": 1.0}).iloc[[0, 11]], {"time": "m", "value": "y"}, "season"),
    (pd.DataFrame({"m": [*range(202001, 202013), *range(202101, 202113)], "y": 1.0}), {"time": "m", "value": "y"}, "regular grid"),
    (xr.DataArray(np.zeros((2, 2)), dims=("shop", "time")), {"season": 1}, "dimensions"),
    (xr.Dataset({"sales": ("time", [1.0])}), {"season": 1}, "value"),
    (pd.DataFrame({"a": [1.0, 2.0]}, index=MONTHS[:2].tz_localize("UTC")), {}, "time zone"),
])
def test_unreadable_panels_are_refused(data: object, named: dict[str, object], told: str) -> None:
    with pytest.raises(SchemaError, match=told):
        bf.as_panel(data, **named)


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(UnknownNameError, match="shops"):
        bf.as_panel(pd.DataFrame({"shop": [1], "m": [1], "y": [1]}), series="shops", time="m", value="y")


# --- time ahead -------------------------------------------------------------------------------------------------------------


def test_horizons() -> None:
    ends = pd.date_range("2020-01", periods=6, freq="ME")
    for horizon in (2, np.int64(2), "2020-08", "2020-08-31", pd.Timestamp("2020-08-31"), pd.Period("2020-08")):
        assert (future_labels(ends, horizon) == pd.to_datetime(["2020-07-31", "2020-08-31"])).all()
    assert future_labels(pd.RangeIndex(3, 9), 2).tolist() == [9, 10]


@pytest.mark.parametrize("horizon", [0, -1, True, 2.5, "2020-06", "soon", None, [3]])
def test_impossible_horizons(horizon: object) -> None:
    with pytest.raises(HorizonError):
        future_labels(MONTHS, horizon)


def test_a_date_off_the_grid() -> None:
    with pytest.raises(HorizonError, match="nearest"):
        future_labels(pd.date_range("2020-01", periods=6, freq="QS"), "2021-08")
    with pytest.raises(HorizonError, match="number of steps"):
        future_labels(pd.RangeIndex(5), "2021-08")


def test_grid_of_one_step() -> None:
    assert read_grid(pd.RangeIndex(1)).step == 1


# --- drivers ----------------------------------------------------------------------------------------------------------------


def test_drivers_are_aligned_by_label() -> None:
    shared = pd.DataFrame({"price": np.arange(6.0), "promo": [0, 1, 0, 1, 0, 1]}, index=MONTHS)
    want = MONTHS[[1, 2]]
    got, names = select_features(shared.sample(frac=1, random_state=2), series=["a", "b"], time=want)
    assert names == ("price", "promo")
    assert got.shape == (2, 2, 2)
    np.testing.assert_array_equal(got[1], [[1, 1], [2, 0]])
    turned, _ = select_features(shared[["promo", "price"]], series=["a", "b"], time=want, names=names)
    np.testing.assert_array_equal(turned, got)
    forms = (as_features(shared), as_features(shared).transpose("time", "feature"), as_features(shared).to_dataset(name="value"),
             as_features(shared).to_dataset("feature"))
    for form in forms:
        np.testing.assert_array_equal(select_features(form, series=["a", "b"], time=want, names=names)[0], got)


def test_drivers_by_series_are_taken_by_their_series() -> None:
    array = xr.DataArray(np.arange(12.0).reshape(2, 1, 6), dims=("series", "feature", "time"),
                         coords={"series": ["b", "a"], "feature": ["x"], "time": MONTHS})
    got, _ = select_features(array.transpose("time", "series", "feature"), series=["a", "b"], time=MONTHS)
    np.testing.assert_array_equal(got[:, :, 0], [np.arange(6.0, 12), np.arange(6.0)])
    with pytest.raises(AlignmentError, match="'c'"):
        select_features(array, series=["a", "c"], time=MONTHS)


def test_refused_drivers_are_named() -> None:
    X = pd.DataFrame({"price": np.arange(6.0)}, index=MONTHS)
    ahead = pd.date_range("2020-05", periods=4, freq="MS")
    with pytest.raises(AlignmentError, match="2020-07-01, 2020-08-01"):
        select_features(X, series=["a"], time=ahead)
    with pytest.raises(UnknownNameError, match="promo"):
        select_features(X, series=["a"], time=MONTHS, names=["promo"])
    with pytest.raises(AlignmentError, match="integers"):
        select_features(X.reset_index(drop=True), series=["a"], time=MONTHS)
    with pytest.raises(SchemaError, match="'price' for series 'a' at 2020-03-01"):
        select_features(X.where(X["price"] != 2), series=["a"], time=MONTHS)
    with pytest.raises(PeriodError):
        as_features(pd.concat([X, X]))
    for wrong in ([1, 2], X.to_numpy(), xr.DataArray(np.zeros(3), dims="time"), X.astype(str)):
        with pytest.raises(SchemaError):
            as_features(wrong)


def test_drivers_may_be_missing_before_a_series_starts() -> None:
    X = pd.DataFrame({"price": [np.nan, 1.0, 2.0]}, index=MONTHS[:3])
    started = np.array([[False, True, True]])
    got, _ = select_features(X, series=["a"], time=MONTHS[:3], started=started)
    assert got[0, :, 0].tolist() == [0.0, 1.0, 2.0]
