"""The readers of users' own figures: what is read, in every notation, comes out as the archive holds it."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bayu_forecast.data import list_regions, read_nbs, read_table
from bayu_forecast.data.check_sums import check_sums
from bayu_forecast.data.read_file import decode, text_grid
from bayu_forecast.data.read_periods import parse_period
from bayu_forecast.data.read_table import read_grid
from bayu_forecast.data.read_tidy import Reading
from bayu_forecast.data.read_words import MONEY, parse_indicator
from bayu_forecast.errors import BasisError, ContradictionError, FileFormatError, PeriodError, SchemaError, UnitsError, UnknownNameError
from bayu_forecast.schema.names import OBSERVATION_COLUMNS

HERE = Path(__file__).resolve().parent
GOOD = HERE / "good"
TODAY = dt.date(2026, 6, 1)


def month_ends(year: int) -> list[pd.Timestamp]:
    return [pd.Timestamp(year, month, 1) + pd.offsets.MonthEnd() for month in range(2, 13)]


def year_table(months: list[float], year: int = 2024, half_width: float = 0.05) -> pd.DataFrame:
    """January to February, ten months, ten years to date; the last is the annual total."""
    ends = month_ends(year)
    starts = [pd.Timestamp(year, 1, 1), *[pd.Timestamp(year, m, 1) for m in range(3, 13)]]
    running = np.round(np.cumsum(months), 1)
    rows = [(a, b, v) for a, b, v in zip(starts, ends, months, strict=True)]
    rows += [(starts[0], b, float(v)) for b, v in zip(ends[1:], running[1:], strict=True)]
    table = pd.DataFrame(rows, columns=["period_start", "period_end", "value"])
    constant = {
        "region": "home", "series": "retail_total", "measure": "level", "unit": "1e8 CNY", "half_width": half_width, "basis": "b4",
        "release_date": pd.Timestamp(2025, 3, 1), "release_status": "exact", "source": "bureau", "confidence": "high", "use": "yes",
        "note": "",
    }
    return table.assign(**constant)[list(OBSERVATION_COLUMNS)]


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    dates = dict.fromkeys(("period_start", "period_end", "release_date"), "datetime64[ns]")
    plain = [table.reset_index(drop=True).astype(dates | {"value": float, "half_width": float}) for table in (one, other)]
    pd.testing.assert_frame_equal(*plain, check_dtype=False)


def read_bytes(body: bytes) -> pd.DataFrame:
    text, encoding = decode(body, "mine.csv")
    return read_grid(text_grid(text, "mine.csv", encoding), Reading("mine.csv", TODAY), {})


# --- properties --------------------------------------------------------------------------------------------------------

tenths = st.integers(25_000, 60_000).map(lambda n: n / 10)
words = st.text("社会消费品零售总额第五次经济普查后重庆abcXYZ019", min_size=1, max_size=8)


@st.composite
def tidy(draw: st.DrawFn) -> pd.DataFrame:
    """A sound table: a year that adds up, some growth, notes in Chinese."""
    levels = year_table(draw(st.lists(tenths, min_size=11, max_size=11)), draw(st.integers(2012, 2024)))
    growth = levels.iloc[draw(st.lists(st.integers(0, 20), unique=True, max_size=5))].assign(measure="growth", unit="1", half_width=0.0005)
    growth["value"] = [draw(st.integers(-900, 900)) / 1000 for _ in range(len(growth))]
    table = pd.concat([levels, growth], ignore_index=True)
    note = draw(words)
    return table.assign(note=note, source=draw(words), basis="b" + draw(words), region="r" + draw(st.sampled_from(["甲", "乙", "x"])))


@settings(max_examples=40)
@given(tidy(), st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]), st.booleans())
def test_round_trip(table: pd.DataFrame, encoding: str, wide: bool) -> None:
    written = table.copy()
    if wide:
        digits = {ord(c): ord(c) + 0xFEE0 for c in "0123456789.-"}
        for name in ("period_start", "period_end", "value", "half_width", "release_date"):
            texts = written[name].map(repr) if name in ("value", "half_width") else written[name].dt.strftime("%Y-%m-%d")
            written[name] = texts.str.translate(digits)
    out = io.StringIO()
    written.to_csv(out, index=False)
    read = read_bytes(out.getvalue().encode(encoding))
    same(read, table)
    same(read_table(table, today=TODAY), table)


@settings(max_examples=25)
@given(tidy(), st.randoms(use_true_random=False))
def test_order_of_printsdoes_not_matter(table: pd.DataFrame, random: object) -> None:
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[attr-defined]
    read = read_table(table.iloc[order], today=TODAY)
    same(read, table.iloc[order])


@settings(max_examples=50)
@given(st.lists(tenths, min_size=11, max_size=11), st.integers(0, 20), st.floats(0.02, 0.5), st.sampled_from([-1, 1]))
def test_one_wrong_level_is_found(months: list[float], place: int, share: float, sign: int) -> None:
    table = year_table(months)
    read_table(table, today=TODAY)
    table.loc[place, "value"] = round(table.loc[place, "value"] * (1 + sign * share), 1)
    # a month far from its neighbours is told as a wrong unit
    with pytest.raises((ContradictionError, UnitsError)):
        read_table(table, today=TODAY)
    # flagged, it may stand
    table.loc[place, "use"] = "no"
    assert len(read_table(table, today=TODAY)) == len(table)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6), st.integers(0, 30), st.integers(1, 4)), min_size=2, max_size=9))
def test_contradictions_are_those_of_a_linear_programme(spans: list[tuple[int, int, int, int]]) -> None:
    spans = [(a, b, v, h) for a, b, v, h in {(a, b): (a, b, v, h) for a, b, v, h in spans if a < b}.values()]
    assume(len(spans) > 1)
    base = pd.Timestamp(2000, 1, 1)
    month = [base + pd.DateOffset(months=n) for n in range(7)]
    one, day = year_table([1.0] * 11).iloc[:1], pd.Timedelta(days=1)
    prints = [one.assign(period_start=month[a], period_end=month[b] - day, value=float(v), half_width=h / 2) for a, b, v, h in spans]
    table = pd.concat(prints, ignore_index=True)
    rows, limits = [], []
    for a, b, v, h in spans:
        difference = np.eye(7)[b] - np.eye(7)[a]
        rows += [difference, -difference]
        limits += [v + h / 2, h / 2 - v]
    rows += [np.eye(7)[n] - np.eye(7)[n + 1] for n in range(6)]
    limits += [0.0] * 6
    feasible = linprog(np.zeros(7), A_ub=np.array(rows), b_ub=np.array(limits), bounds=[(None, None)] * 7).status == 0
    try:
        check_sums(table)
        agreed = True
    except ContradictionError:
        agreed = False
    assert agreed == feasible


# --- published figures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list_regions())
def test_bundled_archives_pass_the_rules_for_users(name: str, root: Path) -> None:
    file = root / "bayu_forecast" / "data" / "regions" / name / "observations.csv"
    same(read_table(file), pd.read_csv(file, keep_default_na=False))


def test_published_growth_across_the_census_is_refused() -> None:
    """16,688.5 is on the basis after the fifth census, 15,677.37 before it: +6.45 % is no growth."""
    names = ["measure", "period", "value", "unit", "basis"]
    levels = [("2024年", 15677.37, "cq4"), ("2024年", 16190.4, "cq5"), ("2025年", 16688.50, "cq5")]
    rows = [("level", period, value, "亿元", basis) for period, value, basis in levels]

    def with_growth(percent: float, measure: str = "growth") -> pd.DataFrame:
        return pd.DataFrame([*rows, (measure, "2025年", percent, "%", "cq5")], columns=names).assign(series="retail_total")

    with pytest.raises(BasisError, match="'cq5' to one on 'cq4'"):
        read_table(with_growth(6.45), region="chongqing", today=TODAY)
    assert read_table(with_growth(3.1), region="chongqing", today=TODAY)["value"].iloc[-1] == 0.031
    assert read_table(with_growth(6.45, "可比增长"), region="chongqing", today=TODAY)["measure"].iloc[-1] == "growth"


def test_national_contradiction_of_march_2011_needs_a_flag() -> None:
    """The bureau's March 2011 and its years to date differ by 315.7: one row must yield (as printed)."""
    rows = [("2011年1-2月", 29018.1), ("2011年1-3月", 42921.8), ("2011年3月", "13588.0")]
    table = pd.DataFrame(rows, columns=["时间", "数值"]).assign(指标="社会消费品零售总额", 单位="亿元", 基期="cn6", use="yes")
    with pytest.raises(ContradictionError, match="at most 42606.2"):
        read_table(table, region="china", today=TODAY)
    assert len(read_table(table.assign(use=["yes", "yes", "no"]), region="china", today=TODAY)) == 3


# --- notations ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-03", "2024-03-01", "2024-03-31"), ("2024/3", "2024-03-01", "2024-03-31"), ("202403", "2024-03-01", "2024-03-31"),
        ("２０２４年３月份", "2024-03-01", "2024-03-31"), ("2024年1-2月", "2024-01-01", "2024-02-29"),
        ("2023年1—2月", "2023-01-01", "2023-02-28"),
        ("2024年1月至3月", None, None), ("2024年1月-3月", "2024-01-01", "2024-03-31"), ("2024年", "2024-01-01", "2024-12-31"),
        ("2024", "2024-01-01", "2024-12-31"), ("2024Q1", "2024-01-01", "2024-03-31"), ("2024年第四季度", "2024-10-01", "2024-12-31"),
        ("2024年前三季度", "2024-01-01", "2024-09-30"), ("2024年上半年", "2024-01-01", "2024-06-30"),
        ("2024年12月", "2024-12-01", "2024-12-31"),
        ("2024-01-01..2024-03-31", "2024-01-01", "2024-03-31"), ("2024年1月至2024年3月", "2024-01-01", "2024-03-31"),
        ("2024-00", None, None), ("2024年3-2月", None, None), ("1824年", None, None), ("2024-", None, None), ("24-03", None, None),
    ],
)
def test_periods(text: str, start: str | None, end: str | None) -> None:
    if start is None:
        with pytest.raises(ValueError):  # noqa: PT011
            parse_period(text)
    else:
        assert [str(day) for day in parse_period(text)] == [start, end]


@pytest.mark.parametrize(("unit", "size"), [("元", 1e-8), ("万元", 1e-4), ("亿元", 1.0), ("万亿元", 1e4), ("1e8 CNY", 1.0)])
def test_money_units(unit: str, size: float) -> None:
    frame = pd.DataFrame({"series": ["s"], "period": ["2024年"], "value": ["123.40"], "unit": [unit], "basis": ["b"]})
    row = read_table(frame, today=TODAY).iloc[0]
    assert row["value"] == pytest.approx(123.4 * size, rel=1e-15)
    assert row["half_width"] == pytest.approx(0.005 * size, rel=1e-15)
    assert row["unit"] == "1e8 CNY"


def test_every_money_unit_is_a_power_of_ten() -> None:
    assert all(float(np.log10(float(size))).is_integer() for size in MONEY.values())


def test_indicator_names() -> None:
    assert parse_indicator("社会消费品零售总额(亿元)").series == "retail_total"
    assert parse_indicator("社会消费品零售总额同比增长（%）").kind == "同比增长"
    assert parse_indicator("商品零售(限额以上)_累计值(亿元)").series == "商品零售(限额以上)"


# --- sources -----------------------------------------------------------------------------------------------------------


def test_good_files_hold_the_same_figures() -> None:
    first = read_table(GOOD / "long_utf8.csv", today=TODAY)
    for name in ("long_bom.csv", "long_gb18030.csv", "long_full_width.csv"):
        same(read_table(GOOD / name, today=TODAY).drop(columns="source"), first.drop(columns="source"))
    book = read_table(GOOD / "long.xlsx", today=TODAY)
    np.testing.assert_array_equal(book["value"], first["value"][:11])


def test_mixed_units_stand_beside_each_other() -> None:
    table = read_table(GOOD / "mixed_units.csv", today=TODAY)
    assert table["value"].tolist() == [8130.7, 3902.0, 0.031]
    assert table["half_width"].tolist() == [5e-5, 0.05, 0.0005]


@pytest.mark.parametrize("name", ["wide_utf8.csv", "wide_gb18030.csv", "wide.xlsx"])
def test_wide_table(name: str) -> None:
    table = read_nbs(GOOD / name, region="home", bases=["b4"], release_date="2024-05-20", today=TODAY)
    assert set(table["basis"]) == {"b4"}
    assert set(table["release_status"]) == {"exact"}
    joint = table[(table["period_end"] == "2024-02-29") & (table["measure"] == "level")]
    assert joint[["period_start", "value"]].to_numpy().tolist() == [[pd.Timestamp("2024-01-01"), 81307.0]]
    assert table[table["measure"] == "growth"]["value"].tolist() == [0.023, 0.031, 0.041, 0.047, 0.055]
    assert table.attrs["ignored"] == {"title": 3, "footer": 2, "blank": 0, "empty cell": 6, "repeated opening": 0}


def test_wide_january_before_2012_is_counted_once(tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    name = "社会消费品零售总额"
    text = f"指标,2008年2月,2008年1月\n{name}_当期值(亿元),8354.7,9077.3\n{name}_累计值(亿元),17432.0,9077.3\n"
    file.write_text(text, encoding="utf-8")
    table = read_nbs(file, basis="cn5", today=TODAY)
    assert len(table) == 3
    assert table.attrs["ignored"]["repeated opening"] == 1
    file.write_text(text.replace("17432.0,9077.3", "17432.0,9077.9"), encoding="utf-8")
    with pytest.raises(PeriodError, match="stands twice"):
        read_nbs(file, basis="cn5", today=TODAY)


def test_wide_quarters_and_years(tmp_path: Path) -> None:
    file = tmp_path / "quarters.csv"
    name = "居民消费支出"
    text = f"指标,2024年第二季度,2024年第一季度\n{name}_当季值(亿元),110.0,100.0\n{name}_累计值(亿元),210.0,100.0\n"
    file.write_text(text, encoding="utf-8")
    table = read_nbs(file, basis="b", today=TODAY)
    spans = table[["period_start", "period_end"]].to_numpy().astype("datetime64[D]").astype(str).tolist()
    assert spans == [["2024-04-01", "2024-06-30"], ["2024-01-01", "2024-03-31"], ["2024-01-01", "2024-06-30"]]
    assert table.attrs["ignored"]["repeated opening"] == 1
    file.write_text(f"指标,2023年,2022年\n{name}(亿元),400.0,390.0\n", encoding="utf-8")
    assert read_nbs(file, basis="b", today=TODAY)["period_start"].dt.year.tolist() == [2023, 2022]


def test_wide_basis_by_year(tmp_path: Path) -> None:
    file = tmp_path / "bare.csv"
    file.write_text((GOOD / "wide_utf8.csv").read_text(encoding="utf-8").replace("口径：b4\n", ""), encoding="utf-8")
    assert set(read_nbs(file, basis={2024: "cn10"}, region="china", today=TODAY)["basis"]) == {"cn10"}
    with pytest.raises(BasisError, match="no basis"):
        read_nbs(file, basis={2023: "cn10"}, today=TODAY)
    with pytest.raises(SchemaError, match="basis is given as 'b4'"):
        read_nbs(GOOD / "wide_utf8.csv", basis="cn10", today=TODAY)
    with pytest.raises(SchemaError, match="指标"):
        read_nbs(GOOD / "long_utf8.csv", basis="b", today=TODAY)


def test_xarray_in() -> None:
    months = pd.date_range("2024-03-01", periods=4, freq="MS")
    array = xr.DataArray([[3902.0, np.nan, 3921.1, 4073.2]], dims=("series", "time"), coords={"series": ["retail_total"], "time": months},
                         attrs={"units": "亿元"})
    table = read_table(array, basis="b4", today=TODAY)
    assert table["value"].tolist() == [3902.0, 3921.1, 4073.2]
    assert table.attrs["ignored"]["blank"] == 1
    same(read_table(xr.Dataset.from_dataframe(table.rename_axis("row")), today=TODAY), table)
    with pytest.raises(SchemaError, match="first day of a month"):
        read_table(array.assign_coords(time=months + pd.Timedelta(days=3)), basis="b4", today=TODAY)


def test_nameless_index_of_a_frame_is_no_column() -> None:
    table = year_table([3000.0] * 11)
    same(read_table(table.to_xarray(), today=TODAY), table)
    same(read_table(table.iloc[3:9].to_xarray(), today=TODAY), table.iloc[3:9])
    with pytest.raises(SchemaError, match="'place'"):
        read_table(table.rename_axis("place").to_xarray(), today=TODAY)


def test_growth_alone_says_nothing_about_sums() -> None:
    growth = year_table([3000.0] * 11).assign(measure="growth", value=0.03, unit="1")
    check_sums(growth)
    assert len(read_table(growth, today=TODAY)) == len(growth)


def test_what_is_stated_for_all_printsmust_hold_for_each() -> None:
    table = year_table([3000.0] * 11)
    with pytest.raises(SchemaError, match="basis is given as 'b5'"):
        read_table(table, basis="b5", today=TODAY)
    with pytest.raises(BasisError, match="Expected one of b3, b5"):
        read_table(table, bases=["b3", "b5"], today=TODAY)
    with pytest.raises(UnknownNameError, match="nearest: china"):
        read_table(table.drop(columns="region"), region="chin", today=TODAY)


def test_unit_in_the_heading_of_the_values() -> None:
    frame = pd.DataFrame({"指标": ["社会消费品零售总额"], "时间": ["2024年"], "数值（万元）": ["156773700"], "口径": ["b4"]})
    assert read_table(frame, today=TODAY)["value"].tolist() == [15677.37]


def test_release_dates() -> None:
    frame = pd.DataFrame({"series": "s", "period": ["2022年", "2023年"], "value": [1.0, 2.0], "unit": "亿元", "basis": "b",
                          "发布日期": ["2023-01", "2024-01-20"]})
    table = read_table(frame, today=TODAY)
    assert table["release_date"].dt.strftime("%Y-%m-%d").tolist() == ["2023-01-31", "2024-01-20"]
    assert table["release_status"].tolist() == ["upper_bound", "exact"]
    unstated = read_table(frame.drop(columns="发布日期"), today=TODAY)
    assert set(unstated["release_date"]) == {pd.Timestamp(TODAY)}
    assert set(unstated["release_status"]) == {"upper_bound"}


def test_revisions_on_one_basis_are_no_contradiction() -> None:
    table = year_table([3000.0] * 11)
    revised = table.iloc[3:4].assign(value=3000.4, release_date=pd.Timestamp(2024, 9, 1))
    # the figure of 2025 stands, the older print is kept
    assert len(read_table(pd.concat([revised, table], ignore_index=True), today=TODAY)) == len(table) + 1


def test_long_history_is_no_jump_but_a_wrong_seam_is() -> None:
    frame = pd.DataFrame({"series": "s", "period": ["1952年", "2024年"], "value": [276.8, 487895.0], "unit": "亿元", "basis": ["a", "b"]})
    assert len(read_table(frame, today=TODAY)) == 2
    years = pd.DataFrame({"series": "s", "period": [f"{y}年" for y in range(2010, 2020)], "unit": "亿元", "basis": "b",
                          "value": [5000.0 + y if y < 2015 else 1e4 * y for y in range(2010, 2020)]})
    years.loc[years.index >= 5, "value"] *= 10
    with pytest.raises(UnitsError, match="ten thousand times"):
        read_table(years, today=TODAY)


def test_titles_and_footers_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("某市零售额,,,,\n指标,时间,数值,单位,基期\ns,2024年,5.0,亿元,b\n\n注：初步数,,,,\n", encoding="utf-8")
    assert read_table(file, today=TODAY).attrs["ignored"] == {"title": 1, "footer": 1, "blank": 1}


def test_workbook_shows_what_it_means(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["series", "measure", "period", "value", "unit", "basis"])
    sheet.append(["s", "growth", dt.datetime(2024, 3, 1), 0.031, "%", "b"])
    sheet.append(["s", "level", dt.datetime(2024, 3, 1), 46379, "亿元", "b"])
    sheet["C2"].number_format = sheet["C3"].number_format = 'yyyy"年"m"月"'
    sheet["D2"].number_format, sheet["D3"].number_format = "0.0%", "#,##0.0"
    book.save(tmp_path / "mine.xlsx")
    table = read_table(tmp_path / "mine.xlsx", today=TODAY)
    assert table["value"].tolist() == [0.031, 46379.0]
    assert table["half_width"].tolist() == [0.0005, 0.05]
    with pytest.raises(FileFormatError, match="no filled sheet"):
        read_table(tmp_path / "mine.xlsx", sheet="other")
