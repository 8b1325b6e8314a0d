"""``bayu scenario``, ``bayu policy`` and ``bayu data`` as they are typed: tables, JSON, a folder whole or not at all, clear refusals."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import bayu_forecast as bf
from bayu_forecast.cli import main
from bayu_forecast.errors import ExtrapolationWarning
from bayu_forecast.models import SeriesPriors
from bayu_forecast.report import scenario as job
from bayu_forecast.report.layout import width
from bayu_forecast.report.scenario_dose import dose_rows
from bayu_forecast.report.scenario_tables import mean_difference
from bayu_forecast.scenarios import read_scenarios

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))
ONE_CELL = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))
HEAD = "scenarios:\n  less money:\n    as_of: 2025-01-31\n"
STOP = "    assumptions:\n      - {lever: trade_in, operation: stop, start: 2025-02}\n"


def do(assumption: str) -> str:
    """A file with one assumption."""
    return f"{HEAD}    assumptions:\n      - {{{assumption}}}\n"


def seen(condition: str) -> str:
    """A file with one condition."""
    return f"{HEAD}    conditions:\n      - {{condition: {condition}}}\n"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One cell of the grid instead of nine: the command, not the model, is under test."""
    monkeypatch.setattr(job, "StructuralForecaster", partial(bf.StructuralForecaster, common=ONE_CELL))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yml"
    path.write_text(f"question: {{region: chongqing, horizon: 2026-12, targets: [retail_total_2025]}}\n{HEAD}{STOP}", encoding="utf-8")
    return path


def test_the_command_as_it_is_typed(file: Path, tmp_path: Path) -> None:
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    words = [sys.executable, "-m", "bayu_forecast", "scenario", file.name, "--samples", "400", "--csv", "tables"]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    for said in ("what if? With what was published by 2025-01-31", "do stop trade_in (2025-02 to the end)", "≥ 15,500 亿元 in 2025",
                 "difference to (0)", "Borrowed and not yet repaid on 2025-01-31", "data-informed", "Basis: as_printed", "7, 400 paths",
                 "command: bayu scenario mine.yml --samples 400 --csv tables"):  # fmt: skip
        assert said in done.stdout
    assert "steps done (fitting the model)" in done.stderr
    assert "steps done" not in done.stdout
    made = {p.name for p in (tmp_path / "tables").iterdir()}
    assert made == {"scenarios.csv", "targets.csv", "years.csv", "effects.csv", "unpaid_stock.csv", "scenario.txt", "meta.json"}
    assert (tmp_path / "tables" / "scenario.txt").read_text(encoding="utf-8").strip() in done.stdout
    assert all(width(line) <= 130 for line in done.stdout.splitlines())


@pytest.mark.usefixtures("quick")
def test_json_alone_on_stdout_and_equal_to_the_tables(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", str(file), "--json", "--samples", "500", "--seed", "3", "--csv", str(tmp_path / "t")]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert set(told) == {"region", "as_of", "horizon", "scenarios", "unpaid_stock", "dose", "meta"}
    assert (told["region"], told["as_of"], told["horizon"], told["dose"]) == ("chongqing", "2025-01-31", "2026-12", None)
    assert (told["meta"]["samples"], told["meta"]["seed"]) == (500, 3)
    base, less = told["scenarios"]
    assert (base["scenario"], less["scenario"]) == ("baseline", "less money")
    assert less["statements"] == ["stop trade_in (2025-02 to the end)"]
    year = {(y["series"], y["year"]): y for y in less["years"]}["retail_total", 2025]
    assert year["difference"] + 5 * year["difference_error"] < 0 < year["difference_error"]
    assert base["targets"][0]["difference"] == 0.0 == base["targets"][0]["difference_error"]
    assert less["targets"][0]["probability"] <= base["targets"][0]["probability"]
    assert less["effects"][0]["label"] == "data-informed"
    with (tmp_path / "t" / "years.csv").open(encoding="utf-8-sig") as stream:
        rows = [r for r in csv.DictReader(stream) if (r["scenario"], r["series"], r["year"]) == ("less money", "retail_total", "2025")]
    assert float(rows[0]["difference"]) == pytest.approx(year["difference"], rel=1e-7)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_runs_as_it_is(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", str(path), "--samples", "300", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    plans = read_scenarios(path)
    assert [s["scenario"] for s in told["scenarios"]] == ["baseline", *plans.names]
    for plan, said in zip(plans, told["scenarios"][1:], strict=True):
        assert said["title_zh"]
        assert (said["plausibility_nats"] > 0.0) == bool(plan.conditions)
        assert any(y["difference"] != 0.0 for y in said["years"]), f"{plan.name} changes nothing"
    assert (told["dose"] is not None) == bool(plans.question and plans.question.lever)


def test_there_are_eight_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (do("lever: trade_inn, operation: stop, start: 2025-02"), "mine.yml, line 5: scenario 'less money': unknown lever 'trade_inn'"),
        (do("lever: trade_in, operation: scale, value: 2, start: 2025-02"), "mine.yml, line 5: scale of 'trade_in' has no unit"),
        ("question: {targets: [retail_2025]}\n" + HEAD + STOP, "mine.yml, line 1: unknown target 'retail_2025'"),
        (HEAD + STOP + "  other:\n    as_of: 2025-06-30\n" + STOP.replace("02}", "07}"), "several dates: 2025-01-31, 2025-06-30"),
        (seen("given, series: services, period: 2025, measure: level, value: 1, unit: 亿元"), "mine.yml, line 3: a condition speaks of"),
        (seen("tilt, expression: 'sum(retail_total, 2025) >= 15500', probability: 1.5"), "mine.yml, line 5: probability 1.5"),
        ("question: {horizon: 2099-12}\n" + HEAD + STOP, "beyond the design"),
        ("question: {region: nowhere}\n" + HEAD + STOP, "no region 'nowhere'"),
    ],
    ids=["lever", "unit", "target", "dates", "series", "probability", "horizon", "region"],
)  # fmt: skip
def test_bad_input_is_one_line_with_file_and_line(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(text, encoding="utf-8")
    assert main(["scenario", str(path), "--samples", "300"]) == 2
    out, err = capsys.readouterr()
    refusals = [line for line in err.splitlines() if "steps done" not in line]
    assert len(refusals) == 1
    assert said in refusals[0]
    assert out == ""


def test_a_folder_of_somebody_else_is_refused_before_the_work(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "chapter.txt").write_text("years of work")
    assert main(["scenario", str(file), "--csv", str(tmp_path / "mine")]) == 2
    out, err = capsys.readouterr()
    assert "not written by this command (chapter.txt)" in err
    assert "fitting" not in err
    assert out == ""
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["chapter.txt"]


@pytest.mark.usefixtures("quick")
def test_the_command_line_overrules_the_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["scenario", str(file), "--json", "--samples", "300", "--as-of", "2024-12-31", "--horizon", "2025-12"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["as_of"], told["horizon"]) == ("2024-12-31", "2025-12")
    assert main([*words[:-1], "2024-13"]) == 2


@pytest.mark.usefixtures("quick")
def test_a_measure_that_moves_nothing_stated_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(do("lever: A5M13, operation: set, value: 2, unit: 1, start: 2025-02"), encoding="utf-8")
    assert main(["scenario", str(path), "--samples", "300", "--horizon", "2025-12"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "! A5M13: no events are stated for the months to come, so none move: state an amount on events" in said


def test_paired_errors_are_those_of_the_pairs() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(100.0, 10.0, 4000)
    moved = base + rng.normal(-1.0, 0.1, 4000)
    difference, error = mean_difference(moved, base, True, 4000.0)
    assert difference == pytest.approx(-1.0, abs=5 * error)
    assert error == pytest.approx(0.1 / np.sqrt(4000), rel=0.05)
    assert mean_difference(moved, base, False, 4000.0)[1] == pytest.approx(10.0 * np.sqrt(2 / 4000), rel=0.05)


@pytest.mark.parametrize("reachable", [True, False])
def test_a_dose_is_handed_on_in_the_lever_unit_and_back_in_that_of_the_file(reachable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def solver(model: object, known: object, **words: object) -> xr.Dataset:
        asked.update(words)
        warnings.warn("far", ExtrapolationWarning, stacklevel=1)
        dose = 12.0 if reachable else np.nan
        return xr.Dataset({"dose": dose, "standard_error": 0.5, "reachable": reachable, "ceiling": 0.9, "probability_without": 0.4})

    monkeypatch.setattr(bf, "solve", solver, raising=False)
    question = bf.Question(lever="trade_in", target="retail_total_2025", probability=0.8, bounds=(0.0, 1e6), unit="1e4 CNY")
    (row,) = dose_rows(question, None, bf.load_region("chongqing").as_of("2025-01-31"), samples=10, rng=1)
    assert asked["bounds"] == pytest.approx((0.0, 100.0))
    assert (row["status"], row["ceiling"]) == ("reachable" if reachable else "not reachable", 0.9)
    assert row["standard_error"] == pytest.approx(5000.0)
    assert np.isnan(row["dose"]) != reachable
    assert "beyond its history" in row["flag"]


def test_policy_lists_thirty_aligned_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy"]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = bf.policy_table()
    rows = [line for line in lines if line.split("  ")[0] in set(table["id"])]
    assert len(rows) == 30
    starts = {width(line[: line.index(title)]) for line, title in zip(rows, table["title_en"], strict=True)}
    assert len(starts) == 1, "English titles begin in one column although the Chinese ones are wide"
    assert main(["policy", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [r["id"] for r in told] == table["id"].tolist()
    assert told[8]["drivers"] == {"trade_in": 0.1}
    assert main(["policy", "--region", "guangdong"]) == 2


def test_data_says_what_was_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "--region", "chongqing", "--as-of", "2025-01-31"]) == 0
    out = capsys.readouterr().out
    assert "2024-01..2024-12: 15,677.37 亿元 (cq4; 2025-01-20, estimated)" in out
    assert "retail_total_2025" in out
    assert "16,688.5" not in out, "the print of 2025 came a year later"
    assert len(out.splitlines()) < 60
    assert main(["data", "--as-of", "2021-04-29"]) == 0
    assert "retail_total_2025" not in capsys.readouterr().out
    assert main(["data", "--region", "nowhere"]) == 2
