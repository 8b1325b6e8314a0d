"""The main job: what the tables hold, that they add up, that nothing later leaks, and that a folder is written whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import level_target

import bayu_forecast as bf
from bayu_forecast.errors import OutputError, PeriodError, TargetError
from bayu_forecast.report import Verdict, as_text, folder, write_folder
from bayu_forecast.report.ask import Question, answer
from bayu_forecast.report.headline import JOINT, default_region, headline_targets
from bayu_forecast.report.layout import WIDTH, chance, grid, money, span, width
from bayu_forecast.report.news import period_words
from bayu_forecast.report.parallel import answer_all
from bayu_forecast.report.provenance import git_state

DATES = ["2024-12-31", "2025-01-31"]
SMALL = {"horizon": "2026-12", "samples": 400, "rng": 7}
PAPERS = ["definition", "basis", "vintage", "source", "unit", "status", "text_zh"]


@pytest.fixture(scope="module")
def told() -> Verdict:
    return bf.verdict(dates=DATES, jobs=1, **SMALL)


def row(told: Verdict, date: str, target: str) -> pd.Series:
    table = told.verdict
    return table[(table["date"] == date) & (table["target"] == target)].iloc[0]


# --- what is asked -------------------------------------------------------------------------------------------------------


def test_headline_is_the_document_that_sets_most_targets() -> None:
    def made(name: str, issued: dt.date, source: str) -> object:
        return level_target(1.0, id=name, issued=issued, source=source)

    first, second, third = dt.date(2013, 2, 28), dt.date(2021, 4, 30), dt.date(2025, 3, 2)
    late, old = [made(name, third, "c") for name in ("late 1", "late 2")], made("old", first, "a")
    issued = [late[0], made("a", second, "b"), old, made("b", second, "b"), late[1]]
    assert [t.id for t in headline_targets(issued)] == ["a", "b"]
    assert [t.id for t in headline_targets([made("old", first, "a")])] == ["old"]
    with pytest.raises(TargetError, match="no target of this region was issued by the date"):
        headline_targets([])


def test_usual_dates_are_issue_each_january_and_the_last_release() -> None:
    from bayu_forecast.report.job import _what_and_when

    data = bf.load_region(default_region())
    targets, dates = _what_and_when(data, None)
    assert dates[:5] == ("2021-04-30", "2022-01-31", "2023-01-31", "2024-01-31", "2025-01-31")
    assert dates[5:] == (data.latest().as_of,)
    assert {t.period for t in targets} == {2025}
    assert len(targets) == 3


def test_dates_before_the_targets_are_refused() -> None:
    with pytest.raises(PeriodError, match="issued on 2021-04-30: no answer as of 2021-04-29"):
        bf.verdict(dates=["2021-04-29", "2025-01-31"], jobs=1)
    with pytest.raises(TargetError, match="no target of this region"):
        bf.verdict("anhui", dates=["2025-01-31"], jobs=1)


def test_dates_after_the_last_release_are_refused_before_any_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_fit(*_: object, **__: object) -> None:
        raise AssertionError("a fit was started")

    monkeypatch.setattr("bayu_forecast.report.job.answer_all", no_fit)
    last = bf.load_region(default_region()).latest().as_of
    after = f"{pd.Timestamp(last) + pd.Timedelta(days=1):%Y-%m-%d}"
    with pytest.raises(PeriodError, match=f"is of {last}: no answer as of {after}, 2031-01-01; choose dates until then"):
        bf.verdict(dates=["2025-01-31", after, "2031-01-01"], jobs=1)
    with pytest.raises(AssertionError, match="a fit was started"):
        bf.verdict(dates=[last], jobs=1)


# --- what the tables hold ------------------------------------------------------------------------------------------------


def test_no_probability_without_its_papers(told: Verdict) -> None:
    table = told.verdict
    assert len(table) == len(DATES) * (len(told.targets) + 1)
    assert table["probability"].between(0, 1).all()
    assert (table["monte_carlo_error"] > 0).all()
    single = table[table["target"] != JOINT]
    assert [name for name in PAPERS if single[name].eq("").any() or single[name].isna().any()] == []
    assert set(single["label"]) <= {"", "prior-driven"}
    assert (single["label"].eq("prior-driven") == (single["prior_share"] > 0.8)).all()


def test_joint_lies_within_its_frechet_bounds(told: Verdict) -> None:
    for date in DATES:
        together = row(told, date, JOINT)
        alone = told.verdict[(told.verdict["date"] == date) & (told.verdict["target"] != JOINT)]["probability"]
        assert together["joint_lower"] == pytest.approx(max(0.0, alone.sum() - len(alone) + 1))
        assert together["joint_upper"] == pytest.approx(alone.min())
        assert together["joint_lower"] <= together["probability"] <= together["joint_upper"]


def test_required_growth_starts_at_the_last_print() -> None:
    asked = Question(region=default_region(), date="2021-04-30", targets=("retail_total_2025",), horizon="2025-12", samples=300, rng=7,
                     centre=True, whole=True)  # fmt: skip
    got = answer(asked).targets.iloc[0]
    assert (got["last_print"], got["last_print_year"]) == (11787.20, 2020)
    assert got["required_growth"] == pytest.approx((15500 / 11787.20) ** (1 / 5) - 1)


def test_a_print_above_the_target_is_told(told: Verdict) -> None:
    assert row(told, "2025-01-31", "retail_total_2025")["status"] == "open; the 2024 print 15,677.37 already exceeds 15,500"
    assert row(told, "2024-12-31", "retail_total_2025")["last_print_year"] == 2023
    assert "15,677.37 already exceeds 15,500" in as_text(told)


def test_what_happened_comes_from_the_archive(told: Verdict) -> None:
    seen = told.outcomes["retail_total_2025"]
    assert (seen.value, seen.released, seen.basis, seen.met) == (16688.50, "2026-01-26", "cq5", True)
    assert (seen.older_basis, seen.overlap) == ("cq4", 2024)
    assert seen.older == pytest.approx(16688.50 * 15677.37 / 16190.40)
    assert [t.id for t in told.targets if not told.outcomes[t.id].known] == ["services_share_2025", "consumption_contribution_2025"]
    assert set(told.verdict.loc[told.verdict["target"] == "services_share_2025", "outcome_released"]) == {"not published"}


def test_moves_add_up_to_what_is_reported(told: Verdict) -> None:
    reported = told.verdict.pivot(index="date", columns="target", values="probability")
    for target, group in told.changes.groupby("target"):
        assert group["change"].sum() == pytest.approx(reported.loc[DATES[1], target] - reported.loc[DATES[0], target])
        assert sorted(group["rank"]) == list(range(1, len(group) + 1))
    moves = told.changes[told.changes["target"] == "retail_total_2025"].set_index("released")
    assert "Chongqing 2024 15,677.37 (+3.6%)" in moves.loc["2025-01-20", "prints"]
    assert moves.loc["2025-01-17", "prints"].startswith("China 2024-12")
    assert moves.loc["2025-01-17", "after"] == moves.loc["2025-01-20", "before"]


def test_later_dates_change_no_earlier_answer(told: Verdict) -> None:
    alone = bf.verdict(dates=DATES[:1], jobs=1, **SMALL)
    columns = ["target", "probability", "q10", "median", "q90", "required_growth_from_print", "status"]
    both = told.verdict[told.verdict["date"] == DATES[0]][columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.verdict[columns], both)
    assert alone.changes.empty


def test_sensitivity_brackets_its_own_middle(told: Verdict) -> None:
    table = told.sensitivity
    assert sorted(table["long_run"].unique()) == [0.0, 0.02, 0.035, 0.05]
    far = table[(table["target"] == "retail_total_2025") & (table["date"] == DATES[0])].sort_values("long_run")["probability"]
    assert far.iloc[-1] >= far.iloc[0]
    rates = told.outlook[(told.outlook["year"] == 2026) & (told.outlook["series"] == "retail_total")].set_index("long_run")["growth_median"]
    assert rates["0"] < rates["0.035"] < rates["0.05"]


def test_prior_of_a_revision_stands_where_one_is_due(told: Verdict) -> None:
    """Normal-inverse-gamma by hand: one census at zero and four of 5 % before the steps that the archive had published."""
    known = bf.load_region(default_region()).as_of(DATES[-1])
    steps = known.census_steps["step"].to_numpy()
    got = row(told, DATES[-1], "retail_total_2025")
    n, mean = len(steps), steps.mean()
    squares = 4 * 0.05**2 + ((steps - mean) ** 2).sum() + n / (1 + n) * mean**2
    assert (got["census_steps"], got["revision_df"]) == (n, 4 + n)
    assert got["revision_location"] == pytest.approx(n * mean / (1 + n))
    assert got["revision_scale"] == pytest.approx(np.sqrt(squares / (4 + n) * (1 + 1 / (1 + n))))
    assert np.isnan(row(told, DATES[-1], "services_share_2025")["revision_location"])
    text = " ".join(as_text(told).split())
    assert f"location {100 * got['revision_location']:+.1f}, scale {100 * got['revision_scale']:.1f}, {4 + n} degrees" in text
    assert f"as of {', '.join(DATES)}: location" in text
    assert f"from {n} published census steps" in text
    assert "None is due" not in text


def test_no_revision_is_told_once_the_year_is_printed() -> None:
    after = bf.verdict(dates=["2026-01-31"], jobs=1, **SMALL)
    assert after.verdict["revision_location"].isna().all()
    assert after.verdict["census_steps"].eq(0).all()
    assert "Census revision" not in as_text(after)
    row = next(line for line in as_text(after).splitlines() if "printed  " in line)
    assert "16,688.5 printed" in row, "what is printed has no interval"
    assert " / " not in row


def test_share_of_prior_is_told_beside_the_mark(told: Verdict) -> None:
    text = " ".join(as_text(told).split())
    for place, target in enumerate(told.targets, 1):
        shares = told.verdict.loc[(told.verdict["target"] == target.id) & told.verdict["label"].ne(""), "prior_share"]
        shown = f"({place}) {span(shares.min(), shares.max())}"
        assert (shown in text.partition("prior-driven:")[2].partition("(1) 社")[0]) == (len(shares) > 0)
    assert chance(0.9996) == ">99 %"
    assert chance(0.874) == "87 %"


def test_targets_beside_the_headline(told: Verdict) -> None:
    later = told.later_targets.set_index("target")
    assert not set(later.index) & {t.id for t in told.targets}
    assert (pd.to_datetime(later["issued"]) <= pd.Timestamp(DATES[-1])).all()


def test_number_of_processes_changes_nothing() -> None:
    more = {"targets": ("retail_total_2025",), "horizon": "2025-12", "samples": 300, "rng": 7, "centre": True}
    questions = [Question(region=default_region(), date=date, **more) for date in ("2025-01-31", "2024-12-31")]
    seen: list[tuple[int, int]] = []
    one = answer_all(questions, jobs=1, progress=lambda done, total, _: seen.append((done, total)))
    two = answer_all(questions, jobs=2)
    assert seen == [(1, 2), (2, 2)]
    for a, b in zip(one, two, strict=True):
        assert a.question == b.question
        pd.testing.assert_frame_equal(a.targets, b.targets, check_exact=True)


# --- words ---------------------------------------------------------------------------------------------------------------


def test_text_fits_the_terminal_and_never_claims_certainty(told: Verdict) -> None:
    text = as_text(told, command="bayu verdict")
    assert [line for line in text.splitlines() if width(line) > 100] == []
    assert re.findall(r"(?<![\d.–])(?:0|100) % ±", text) == []
    for needed in ("≥ 15,500 亿元 in 2025", "2025-01-31", "16,688.5 亿元", "not published", "Fréchet", "command: bayu verdict", "seed 7"):
        assert needed in text
    assert "nan" not in text.lower().replace("finance", "")


@given(st.floats(0, 1))
def test_chance_is_never_certain(p: float) -> None:
    shown = chance(p)
    assert shown not in ("0 %", "100 %")
    assert abs(float(shown.strip("<>% ")) - 100 * p) <= 1.0


@given(st.lists(st.lists(st.text("aé亿", max_size=6), min_size=3, max_size=3), min_size=1, max_size=5))
def test_columns_line_up_whatever_the_letters(rows: list[list[str]]) -> None:
    marked = [[*cells, "|"] for cells in rows]
    assert len({width(line) for line in grid(marked)}) == 1


def test_numbers_as_printed() -> None:
    assert (money(15500.0), money(16688.5), money(15677.37)) == ("15,500", "16,688.5", "15,677.37")
    assert (span(0.5, 0.503), span(0.5, 0.61)) == ("50 %", "50–61 %")
    assert period_words(pd.Timestamp("2022-01-01"), pd.Timestamp("2022-04-30")) == "2022 Jan-Apr"
    assert period_words(pd.Timestamp("2022-04-01"), pd.Timestamp("2022-04-30")) == "2022-04"
    assert WIDTH <= 100


# --- the folder ----------------------------------------------------------------------------------------------------------


def names(path: Path) -> set[str]:
    return {p.name for p in path.iterdir()}


def test_folder_holds_every_table_for_excel(told: Verdict, tmp_path: Path) -> None:
    made = write_folder(told, tmp_path / "out", command="bayu verdict")
    assert {f"{name}.csv" for name in told.tables} | {"meta.json", "verdict.txt"} == names(made)
    assert (made / "verdict.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(made / "verdict.csv", encoding="utf-8-sig")
    assert back["text_zh"].tolist() == told.verdict["text_zh"].tolist()
    np.testing.assert_allclose(back["probability"], told.verdict["probability"], rtol=1e-7)
    meta = json.loads((made / "meta.json").read_text(encoding="utf-8"))
    assert meta["seed"] == 7
    assert set(meta["files"]) == names(made)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in meta["data_sha256"].values())


def test_folder_is_replaced_as_a_whole(told: Verdict, tmp_path: Path) -> None:
    out = write_folder(told, tmp_path / "out", charts=lambda place: (place / "old.png").write_bytes(b"old"))
    write_folder(told, out, charts=lambda place: (place / "new.png").write_bytes(b"new"))
    assert "new.png" in names(out)
    assert "old.png" not in names(out)
    assert names(tmp_path) == {"out"}


@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt(), ValueError("a chart")])
def test_failure_keeps_what_was_there(told: Verdict, tmp_path: Path, failure: BaseException) -> None:
    out = write_folder(told, tmp_path / "out")
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def charts(_: Path) -> None:
        raise failure

    with pytest.raises(OutputError if isinstance(failure, OSError) else type(failure)):
        write_folder(told, out, charts=charts)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert names(tmp_path) == {"out"}


def test_failed_swap_brings_the_old_folder_back(told: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = write_folder(told, tmp_path / "out")
    before, rename = names(out), Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if target == out and not self.name.endswith("-old"):
            raise OSError("refused")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="what was there stays"):
        write_folder(told, out)
    assert names(out) == before
    assert names(tmp_path) == {"out"}


def test_what_others_wrote_is_never_removed(told: Verdict, tmp_path: Path) -> None:
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter.txt").write_text("years of work")
    with pytest.raises(OutputError, match=r"not written by this command \(chapter.txt\)"):
        write_folder(told, mine)
    out = write_folder(told, tmp_path / "out")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="notes.txt"):
        write_folder(told, out)
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "no" / "such"):
        with pytest.raises(OutputError):
            folder.check_place(place)
    assert (mine / "chapter.txt").read_text() == "years of work"


def test_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.check_place(tmp_path / "out")
    assert names(tmp_path) == set()

    def refuse(**_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bayu_forecast.report.folder.tempfile.mkdtemp", refuse)
    with pytest.raises(OutputError, match="Permission denied; choose another folder with --out"):
        folder.check_place(tmp_path / "out")


def test_empty_folder_may_be_filled(told: Verdict, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert "verdict.csv" in names(write_folder(told, tmp_path / "out"))


def test_state_of_the_source_is_empty_outside_a_checkout(tmp_path: Path, root: Path) -> None:
    assert git_state(tmp_path) == ""
    if (root / ".git").exists():
        assert git_state(root)
