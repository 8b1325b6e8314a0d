"""The archive: what was known when, and nothing later."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import bayu_forecast as bf
from bayu_forecast.data.archive import RegionData
from bayu_forecast.errors import BasisError, PeriodError, UnknownNameError
from bayu_forecast.schema.names import MEASURES, OBSERVATION_COLUMNS, RELEASE_STATUS

CITY, NATION = "chongqing", "china"
DATES = st.dates(dt.date(2000, 1, 1), dt.date(2026, 12, 31))
TARGETS_2021 = ["retail_total_2025", "services_share_2025", "consumption_contribution_2025"]


@pytest.fixture(scope="module")
def city() -> RegionData:
    return bf.load_region(CITY)


def year_rows(known, year, measure="level", region=CITY):
    rows = known.observations("retail_total").to_dataframe()
    whole = (rows.period_start == f"{year}-01-01") & (rows.period_end == f"{year}-12-31")
    return rows[whole & (rows.measure == measure) & (rows.region == region)]


def test_the_april_2021_run_sees_the_first_print_of_2020_and_nothing_of_2021(city):
    known = city.as_of("2021-04-30")
    assert year_rows(known, 2020)["value"].tolist() == [11787.20]
    assert year_rows(known, 2020)["basis"].tolist() == ["cq4"]
    assert year_rows(known, 2021).empty
    assert 11954.4 not in known.data_log()["value"].to_numpy()
    assert 11954.4 in city.latest().data_log()["value"].to_numpy()


def test_january_2025_already_holds_a_print_above_the_target(city):
    known = city.as_of("2025-01-31")
    assert year_rows(known, 2024)["value"].tolist() == [15677.37]
    assert year_rows(known, 2024)["basis"].tolist() == ["cq4"]


def test_official_growth_bridges_the_second_census(city):
    growth = year_rows(city.latest(), 2008, "growth")
    assert growth["value"].tolist() == [0.255]
    levels = {y: year_rows(city.latest(), y) for y in (2007, 2008)}
    assert levels[2008]["value"].iloc[0] / levels[2007]["value"].iloc[0] - 1 == pytest.approx(0.292, abs=5e-4)
    assert (levels[2007]["basis"].iloc[0], levels[2008]["basis"].iloc[0], growth["basis"].iloc[0]) == ("cq1", "cq2", "cq2")


def test_a_revised_level_is_not_visible_before_the_yearbook_that_prints_it(city):
    assert year_rows(city.as_of("2009-12-31"), 2008).empty
    assert year_rows(city.as_of("2010-12-31"), 2008)["value"].tolist() == [2147.1]


def test_targets_wait_for_their_issue_and_end_with_their_period(city):
    assert [t.id for t in city.as_of("2021-04-29").targets] == []
    assert [t.id for t in city.as_of("2021-04-30").targets] == TARGETS_2021
    assert set(TARGETS_2021) <= {t.id for t in city.as_of("2025-12-31").targets}
    late = city.as_of("2026-01-01")
    assert not set(TARGETS_2021) & {t.id for t in late.targets}
    assert set(TARGETS_2021) <= {t.id for t in late.targets_issued}
    assert "retail_total_2020_growth" in {t.id for t in city.as_of("2020-01-11").targets}


def known_frames(known):
    """Every table that a snapshot hands out, with the column that says from when it is visible."""
    for series in known.series:
        yield known.observations(series).to_dataframe(), "release_date"
    yield known.evidence.to_dataframe(), "release_date"
    yield known.data_log(), "release_date"
    yield known.censuses, "announced"
    yield known.revision_steps, "released"
    yield known.definitions, "released"
    yield known.definitions, "announced"


@settings(max_examples=40, deadline=None)
@given(DATES)
def test_nothing_later_than_the_date_is_visible(date):
    known = bf.load_region(CITY).as_of(date)
    limit = pd.Timestamp(date)
    for frame, column in known_frames(known):
        assert not (frame[column].dropna() > limit).any()
        assert column == "released" or frame[column].notna().all()
    assert all(t.issued <= date for t in known.targets_issued)
    assert not known.disturbances.size or known.disturbances.max() <= limit


@settings(max_examples=20, deadline=None)
@given(DATES, DATES)
def test_what_was_known_stays_known(one, other):
    early, late = sorted((one, other))
    data = bf.load_region(CITY)
    keys = ["table", "region", "series", "measure", "period_end", "basis", "release_date", "value"]
    old, new = (set(data.as_of(d).data_log()[keys].itertuples(index=False, name=None)) for d in (early, late))
    assert old <= new


def poisoned(data: RegionData, date: pd.Timestamp) -> RegionData:
    """The region with everything released after the date made absurd."""
    def spoil(frame, when, column):
        frame = frame.copy()
        frame.loc[~(frame[when] <= date), column] *= 1e9
        return frame

    tables = tuple(dataclasses.replace(t, observations=spoil(t.observations, "release_date", "value"),
                                       evidence=spoil(t.evidence, "release_date", "value"),
                                       revisions=spoil(t.revisions, "released", "step")) for t in data.tables)
    return RegionData(tables)


@pytest.mark.parametrize("date", pd.date_range("2004-01-31", "2026-06-30", periods=20).strftime("%Y-%m-%d"))
def test_poison_after_the_date_changes_nothing(city, date):
    spoilt = poisoned(city, pd.Timestamp(date))
    clean, known = city.as_of(date), spoilt.as_of(date)
    assert known.series == clean.series
    for series in clean.series:
        xr.testing.assert_identical(known.observations(series), clean.observations(series))
    xr.testing.assert_identical(known.evidence, clean.evidence)
    pd.testing.assert_frame_equal(known.revision_steps, clean.revision_steps)
    pd.testing.assert_frame_equal(known.definitions, clean.definitions)
    assert not spoilt.latest().observations("retail_total").identical(city.latest().observations("retail_total"))


def test_there_are_the_nation_and_31_provinces():
    names = bf.list_regions()
    assert len(names) == 32
    assert NATION in names
    codes = {bf.load_region(n).region.adcode for n in names}
    assert len(codes) == 32


@pytest.mark.parametrize("name", bf.list_regions())
def test_every_figure_has_a_source_a_stated_basis_and_its_rounding(name):
    data = bf.load_region(name)
    own = data.tables[0]
    for frame in (own.observations, own.evidence):
        assert tuple(frame.columns) == OBSERVATION_COLUMNS
        assert frame["source"].str.len().gt(5).all()
        assert frame["measure"].isin(MEASURES).all()
        assert frame["release_status"].isin(RELEASE_STATUS).all()
        assert frame["half_width"].gt(0).all()
        assert (frame["period_end"] > frame["period_start"]).all()
        assert (frame["release_date"].dropna() > frame.loc[frame["release_date"].notna(), "period_start"]).all()
        unused = frame[frame["use"].eq("no")]
        assert unused["note"].str.len().gt(5).all()
        assert frame.loc[frame["release_date"].isna(), "use"].eq("no").all()
    stated = {b.code for b in data.region.bases}
    assert set(own.observations["basis"]) <= stated
    assert own.observations.loc[own.observations["measure"].eq("level"), "unit"].eq("1e8 CNY").all()
    growth = own.observations[own.observations["measure"].eq("growth")]
    assert growth["value"].between(-0.5, 1.2).all()  # catering of March 2021 stood 115 % above the year before
    assert all(t.source and t.definition for t in own.targets)


@pytest.mark.parametrize("name", bf.list_regions())
def test_a_print_is_in_the_years_of_its_basis(name):
    data = bf.load_region(name)
    for row in data.archive.itertuples():
        basis = data.region.basis(row.basis)
        first = 2021 if row.basis == "cn11" and row.release_status == "upper_bound" else basis.first_year
        assert first <= row.period_start.year <= basis.last_year, row


def test_the_five_national_contradictions_are_flagged_and_no_other_is_left():
    rows = bf.load_region(NATION).archive
    total = rows[rows.series.eq("retail_total") & rows.measure.eq("level") & ~rows.basis.str.contains("yb|pre")]
    flagged = total[total.use.eq("no")]
    spans = [f"{a:%Y-%m}..{b:%Y-%m}" for a, b in zip(flagged.period_start, flagged.period_end, strict=True)]
    assert spans == ["2005-01..2005-12", "2011-03..2011-03", "2016-12..2016-12", "2024-01..2024-06", "2025-01..2025-12"]
    used = total[total.use.eq("yes") & total.release_status.ne("upper_bound")]
    to_date = {(r.period_end.year, r.period_end.month): r for r in used.itertuples() if r.period_start.month == 1}
    checked = 0
    for month in used.itertuples():
        year, m = month.period_end.year, month.period_end.month
        if month.period_start.month != m or m == 1 or (year, m) not in to_date or (year, m - 1) not in to_date:
            continue
        now, before = to_date[year, m], to_date[year, m - 1]
        rounding = now.half_width + before.half_width + month.half_width
        assert abs(now.value - before.value - month.value) <= rounding + 1e-6, month
        checked += 1
    assert checked > 270


def test_no_january_since_2012():
    rows = bf.load_region(NATION).archive
    january = (rows.period_end.dt.month == 1) & (rows.period_end.dt.year >= 2012)
    assert not january.any()


def test_noise_is_rounding_and_print_noise_in_quadrature(city):
    rows = city.latest().observations("retail_total").to_dataframe()
    first = rows[(rows.region == CITY) & (rows.period_start == "2023-01-01") & (rows.value == 15130)].iloc[0]
    assert first["noise"] == pytest.approx(np.hypot(5 / np.sqrt(3) / 15130, 0.0015))
    growth = rows[(rows.region == CITY) & (rows.value == 0.013)].iloc[0]
    assert growth["noise"] == pytest.approx(np.hypot(0.0005 / np.sqrt(3), 0.004) / 1.013)
    late = rows[(rows.region == CITY) & (rows.value == 0.095) & (rows.basis == "cq0")].iloc[0]
    assert late["noise"] == pytest.approx(np.hypot(0.0005 / np.sqrt(3), 0.007) / 1.095)
    nation = rows[(rows.region == NATION) & (rows.measure == "level")]
    revised = nation["release_date"] - nation["period_end"] > pd.Timedelta(days=366)
    assert nation.loc[~revised, "noise"].between(0.0003, 0.00035).all()
    assert revised.sum() == 4, "2021 to 2024 in the annual database of 2026, whose growth was revised too"
    assert nation.loc[revised, "noise"].to_numpy() == pytest.approx(0.002, abs=1e-5)


def test_evidence_holds_the_contribution_tables_of_two_provinces_once_printed(city):
    def regions(date):
        rows = city.as_of(date).evidence.to_dataframe()
        return set(rows.loc[rows.series == "consumption_contribution", "region"])

    assert regions("2020-12-30") == {NATION}
    assert regions("2021-04-30") == {NATION, "qinghai"}
    assert regions("2025-01-31") == {NATION, "qinghai", "guangdong"}
    rows = city.as_of("2021-04-30").evidence.to_dataframe()
    share = rows[rows.series == "services_share_hh_survey"]
    assert share["value"].tolist() == [0.442, 0.459]
    assert share["noise"].tolist() == pytest.approx([0.001 / np.sqrt(3), 0.0005 / np.sqrt(3)])
    assert rows["noise"].gt(0).all()


def test_before_the_first_print_there_is_nothing(city):
    known = city.as_of("1990-01-01")
    assert known.evidence.sizes["row"] == 0
    assert known.series == ()
    with pytest.raises(UnknownNameError, match="retail_catering"):
        known.observations("retail_catering")


def test_rows_carry_what_their_basis_says(city):
    known = city.latest().observations("retail_total")
    assert known.sizes == {"row": known.sizes["row"]}
    rows = known.to_dataframe()
    assert set(rows.loc[rows.basis == "cq4", "taper_start"]) == {2018}
    assert set(rows.loc[rows.basis == "cq4", "taper_end"]) == {2023}
    assert set(rows.loc[rows.basis != "cq4", "taper_end"]) == {0}
    assert set(rows.loc[rows.region == NATION, "basis_month_sd"]) == {0.03}
    assert set(rows.loc[rows.region == CITY, "basis_month_sd"]) == {0.0}
    ranks = rows[rows.region == CITY].groupby("basis")["basis_rank"].agg(["min", "max"])
    assert ranks["min"].to_dict() == {f"cq{n}": n for n in range(6)} == ranks["max"].to_dict()
    assert known.attrs == {"region": CITY, "series": "retail_total", "as_of": "2026-09-17", "leans_on": NATION, "units": "1e8 CNY"}
    order = rows[["region", "period_start", "period_end", "measure", "basis_rank", "release_date"]]
    assert order.equals(order.sort_values(list(order.columns), kind="stable"))


def test_revisions_differ_only_inside_one_basis(city):
    table = city.revisions("retail_total")
    last = table[(table.period_start == "2023-01-01") & (table.period_end == "2023-12-31") & (table.measure == "level")]
    assert last["value"].tolist() == [15130.0, 15130.3, 15629.6]
    assert last["release_number"].tolist() == [1, 2, 3]
    assert last["difference"].fillna(-1).round(6).tolist() == [-1, 0.3, -1]


def test_nth_release(city):
    first, second = city.nth_release("retail_total", 1), city.nth_release("retail_total", 2)
    pick = lambda t: t[(t.period_start == "2024-01-01") & (t.period_end == "2024-12-31") & (t.measure == "level")]["value"].tolist()  # noqa: E731
    assert (pick(first), pick(second)) == ([15677.37], [16190.4])
    assert not first.duplicated(["measure", "period_start", "period_end"]).any()
    with pytest.raises(PeriodError, match="counted from 1"):
        city.nth_release("retail_total", 0)


def test_revision_steps_known_by_date(city):
    own = lambda date: city.as_of(date).revision_steps.query("region == 'chongqing' and basis_to == 'cq5'")  # noqa: E731
    assert own("2025-08-05").empty
    assert own("2025-08-06")["step"].tolist() == [pytest.approx(np.log(16190.4 / 15677.37), abs=1e-5)]
    nation = city.as_of("2021-04-30").revision_steps.query("region == 'china'").set_index(["basis_to", "reference_year"])["step"]
    assert nation["cn_yb2007", 2003] == pytest.approx(np.log(52516.3 / 45842.0), abs=1e-5)
    assert nation["cn8", 2015] == pytest.approx(0.035, abs=0.001)


def test_censuses_and_disturbances_are_dated(city):
    known = city.as_of("2021-04-30")
    assert known.censuses["reference_year"].tolist() == [2004, 2008, 2013, 2018, 2023]
    assert known.censuses["first_year"].tolist() == [2006, 2010, 2015, 2020, 2025]
    assert known.disturbances[0] == pd.Timestamp("2020-01-01")
    assert known.disturbances[-1] == pd.Timestamp("2021-04-01")
    assert len(city.latest().disturbances) == 36
    assert len(city.as_of("2020-01-30").disturbances) == 0


def test_definitions_say_what_was_printed(city):
    table = city.as_of("2021-04-30").definitions
    survey = table[table.id == "hh_survey"]
    assert survey["value"].tolist() == [0.459]
    assert "retail_services" not in set(table.id)
    later = city.as_of("2023-12-31").definitions
    assert later.loc[later.id == "retail_services", "source"].tolist() == ["not published"]
    catering = later[(later.id == "trscg_catering") & (later.region == CITY)]
    assert catering["value"].tolist() == [pytest.approx(751.29 / 5641.41)]


def test_bad_dates_are_one_clear_error(city):
    for bad in ("2021-13-01", "yesterday", "2021/04/30", 20210430, None, float("nan")):
        with pytest.raises(PeriodError, match="as_of needs a date such as"):
            city.as_of(bad)
    for far in ("1066-10-14", "3000-01-01"):
        with pytest.raises(PeriodError, match="between 1990 and 2100"):
            city.as_of(far)
    assert city.as_of(dt.date(2021, 4, 30)).as_of == city.as_of(pd.Timestamp("2021-04-30 18:00")).as_of == "2021-04-30"


def test_unknown_names_come_with_the_nearest(city):
    with pytest.raises(UnknownNameError, match="nearest: chongqing") as caught:
        bf.load_region("chongqin")
    assert "chongqing" in caught.value.fields["expected"]
    with pytest.raises(UnknownNameError, match="nearest: retail_total"):
        city.latest().observations("retail_totl")
    with pytest.raises(UnknownNameError, match="retail_catering"):
        city.revisions("retail_catring")
    with pytest.raises(BasisError, match="has no basis 'cq9'"):
        city.region.basis("cq9")


def test_no_yearbook_value_dated_by_the_rule_counts_as_exact():
    rows = bf.load_region(NATION).archive
    yearbook = rows[rows.basis.str.startswith("cn_yb")]
    assert set(yearbook.release_date.dt.strftime("%m-%d")) == {"09-30"}
    assert set(yearbook.release_status) == {"estimated"}


def test_the_year_2025_of_the_nation_counts_once():
    rows = bf.load_region(NATION).archive
    year = rows[rows.period_start.eq("2025-01-01") & rows.period_end.eq("2025-12-31") & rows.measure.eq("level")
                & rows.series.eq("retail_total") & rows.basis.eq("cn11")]
    assert sorted(zip(year.value, year.use, strict=True)) == [(501202.0, "no"), (501202.4, "yes")]
