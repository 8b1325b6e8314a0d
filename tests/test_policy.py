"""The policy as data: counts, ids, departments as the annex lists them, weights that add up."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

import bayu_forecast as bf
from bayu_forecast.data.building.figures import read_figures
from bayu_forecast.errors import UnknownNameError

#: names of departments, row by row, as the annex of the document prints them: number|names (facts, no sentence)
ANNEX = Path(__file__).parent / "data" / "policy_annex.txt"
#: measures under each action, as numbered in the document
UNDER = {"A1": (1, 4), "A2": (5, 7), "A3": (8, 9), "A4": (10, 12), "A5": (13, 15), "A6": (16, 19), "A7": (20, 21), "A8": (22, 23)}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return bf.policy_table()


@pytest.fixture(scope="module")
def levers() -> pd.DataFrame:
    return bf.load_region("chongqing").latest().levers


def annex() -> dict[int, tuple[tuple[str, ...], str]]:
    """Departments of each responsibility, and whether the list is left open."""
    found = {}
    for line in ANNEX.read_text(encoding="utf-8").splitlines():
        number, _, names = line.partition("|")
        together = re.sub(r"([^、，]+)、([^、，]+)、([^、，]+区)政府", r"\1政府、\2政府、\3政府", names) if "区政府，" in names else names
        listed = [n for n in re.split("[、，]", together.replace("等，", "，")) if n]
        found[int(number)] = (tuple(listed), "yes" if "等，" in names else "no")
    return found


def test_counts(table):
    assert len(table) == 30
    assert table["kind"].value_counts().to_dict() == {"measure": 23, "safeguard": 7}
    assert table.loc[table["kind"].eq("measure"), "action"].nunique() == 8
    assert len(bf.load_region("chongqing").latest()._table("actions")) == 8


def test_ids_follow_the_numbers_of_the_document(table):
    expected = [f"{a}M{n:02d}" for a, (first, last) in UNDER.items() for n in range(first, last + 1)] + [f"S{i}" for i in range(1, 8)]
    assert table["id"].tolist() == expected
    assert table["number"].tolist() == list(range(1, 31))


def test_departments_are_those_of_the_annex_in_its_order(table):
    printed = annex()
    assert set(printed) == set(range(1, 31))
    for row in table.itertuples():
        assert (row.departments, row.others) == printed[row.number], row.id
    names = {d for departments in table["departments"] for d in departments}
    assert len(names) == 43
    assert all(len(d) <= 8 or d.endswith("成员单位") for d in names), "a department is a name, not a sentence"
    last = [d[-1] for d in table["departments"]]
    assert last.count("各区县政府") == 28
    assert table.loc[~table["departments"].map(lambda d: d[-1]).eq("各区县政府"), "number"].tolist() == [7, 16]


def test_every_responsibility_is_described_in_both_languages(table):
    for column in ("title_zh", "title_en", "indicator", "status", "source"):
        assert table[column].str.len().gt(3).all(), column
    measures = table[table["kind"].eq("measure")]
    assert measures[["action_zh", "action_en"]].map(len).gt(4).all(axis=None)
    assert table["evidence_grade"].isin(["A", "B", "C"]).all()
    assert table["title_zh"].map(len).max() <= 20
    assert table["id"].is_unique
    assert table["title_zh"].is_unique
    assert table["title_en"].is_unique


def test_every_responsibility_moves_a_driver_that_is_specified(table, levers):
    known = {s.id for s in bf.load_region("chongqing").latest().driver_specs}
    assert table["drivers"].map(len).gt(0).all()
    assert {d for drivers in table["drivers"] for d in drivers} <= known
    assert set(levers["lever"]) == set(table["id"])
    assert levers["weight"].between(0.0, 1.0).all()


def test_weights_add_up(levers):
    measures = levers[levers["role"].eq("input")].groupby("driver")["weight"].sum()
    assert measures["structural"] == pytest.approx(1.0, abs=1e-12)
    assert measures["vouchers"] == pytest.approx(1.0)
    assert measures["events"] == pytest.approx(1.0)
    assert measures["trade_in"] == pytest.approx(0.1)
    safeguards = levers[levers["role"].eq("execution")].groupby("driver")["weight"].sum()
    assert set(safeguards.index) == {"trade_in", "vouchers", "events"}
    np.testing.assert_allclose(safeguards, 1.0 - beta(8, 2).ppf(0.05) / beta(8, 2).mean(), atol=0.005)


def test_grade_c_means_no_study_behind_any_of_its_drivers(table):
    evidence = {s.id: s.evidence for s in bf.load_region("chongqing").latest().driver_specs}
    for row in table[table["kind"].eq("measure")].itertuples():
        studied = any(evidence[d] for d in row.drivers)
        assert studied == (row.evidence_grade != "C"), row.id


def test_no_sentence_of_the_document_is_kept():
    for name in ("chongqing_policy.csv", "chongqing_actions.csv"):
        text = read_figures(name).drop(columns=["departments"], errors="ignore")
        assert not text.map(lambda c: bool(re.search("[。；，]", c))).any(axis=None), name


def test_the_policy_is_not_known_before_it_was_issued():
    data = bf.load_region("chongqing")
    before = data.as_of("2021-04-29")
    assert before.policy.empty
    assert before.levers.empty
    assert len(data.as_of("2021-04-30").policy) == 30


def test_a_region_without_a_policy_says_so():
    with pytest.raises(UnknownNameError, match="'sichuan' has no policy, only chongqing"):
        bf.policy_table("sichuan")
    with pytest.raises(UnknownNameError, match="nearest"):
        bf.policy_table("chongqin")
