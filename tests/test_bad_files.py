"""Every file of ``tests/bad`` gets one clear error and exit code 2; every file of ``tests/good`` is read."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayu_forecast import errors
from bayu_forecast.cli import main
from bayu_forecast.data import check_file
from bayu_forecast.scenarios import read_scenarios

HERE = Path(__file__).resolve().parent
BAD, GOOD = HERE / "bad", HERE / "good"
EXPECTED = list(csv.DictReader((BAD / "expected.csv").open(encoding="utf-8")))
#: the errors that a file of figures can deserve
OF_SCENARIOS = {"ScenarioError", "UnknownNameError"}
OF_READING = {"FileFormatError", "SchemaError", "UnitsError", "BasisError", "PeriodError", "ContradictionError", "ValueRangeError",
              "UnknownNameError"}
#: one of each kind goes through a process of its own
IN_A_PROCESS = ["utf16_says_utf8.csv", "formula.xlsx", "swapped_months.csv", "a_january.csv", "wan_labelled_yi.csv", "empty_basis.csv",
                "scenario_bomb.yml"]


def read(path: Path) -> object:
    return read_scenarios(path) if path.suffix == ".yml" else check_file(path)


def by_name(case: dict[str, str]) -> str:
    return case["file"]


@pytest.mark.parametrize("case", EXPECTED, ids=by_name)
def test_bad_file_is_refused(case: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(getattr(errors, case["error"])) as caught:
        read(BAD / case["file"])
    assert type(caught.value).__name__ == case["error"]
    assert main(["check", str(BAD / case["file"])]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"bayu: {caught.value}\n"
    for words in (case["file"], case["must_mention"], "Expected ", "Next step: "):
        assert words in said.err
    assert caught.value.fields["file"] == case["file"]


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_command_prints_one_line_and_writes_nothing(name: str, tmp_path: Path) -> None:
    mention = next(case["must_mention"] for case in EXPECTED if case["file"] == name)
    command = [sys.executable, "-m", "bayu_forecast", "check", str(BAD / name)]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False, env={**os.environ, "PYTHONUTF8": "1"})
    said = answer.stderr.decode()
    assert answer.returncode == 2
    assert answer.stdout == b""
    assert said.count("\n") == 1
    assert name in said
    assert mention in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_manifest_and_folder_agree() -> None:
    files = {path.name for path in BAD.iterdir()} - {"expected.csv"}
    assert {case["file"] for case in EXPECTED} == files
    assert len(EXPECTED) >= 28
    assert all(case["must_mention"] for case in EXPECTED)


def test_every_error_of_reading_has_a_file() -> None:
    data_errors = {name for name, cls in vars(errors).items() if isinstance(cls, type) and errors.DataError in cls.__bases__}
    # a calendar, the bundled archive and a forecaster's drivers are no user's file
    assert data_errors - OF_READING == {"AlignmentError", "CalendarRangeError", "IntegrityError"}
    for suffix, deserved in ((".yml", OF_SCENARIOS), ("", OF_READING)):
        assert {case["error"] for case in EXPECTED if case["file"].endswith(".yml") == bool(suffix)} == deserved


@pytest.mark.parametrize("path", sorted(GOOD.iterdir()), ids=lambda path: path.name)
def test_good_file_is_read(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(f"{path.name}: {check_file(path).rows} figures")


def test_files_are_what_their_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)
    import make_bad_files

    monkeypatch.setattr(make_bad_files, "HERE", tmp_path)
    make_bad_files.main()
    for folder in (BAD, GOOD):
        assert {p.name for p in (tmp_path / folder.name).iterdir()} == {p.name for p in folder.iterdir()}
        for path in folder.iterdir():
            # a workbook depends on the version of the library that wrote it
            if path.suffix != ".xlsx":
                assert (tmp_path / folder.name / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_row_at_fault_is_counted(tmp_path: Path) -> None:
    rows = [f"retail_total,2024-{m:02d},n/a,亿元,b" for m in range(3, 13)]
    file = tmp_path / "many.csv"
    file.write_text("\n".join(["series,period,value,unit,basis", *rows]), encoding="utf-8")
    with pytest.raises(errors.ValueRangeError, match="and 5 more \\(10 in all\\)") as caught:
        check_file(file)
    assert len(caught.value.fields["rows"]) == 10


def test_huge_file_is_read_in_time(tmp_path: Path) -> None:
    lines = ["series,period,value,unit,basis,release_date,note"]
    months = [f"{1950 + m // 12}-{m % 12 + 1:02d},{100 + m / 10:.1f},亿元,b,2020-01" for m in range(720)]
    lines += [f"s{s},{month},{'x' * 16}" for s in range(278) for month in months]
    file = tmp_path / "huge.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    assert file.stat().st_size > 10_000_000
    began = time.process_time()
    assert check_file(file).rows == len(lines) - 1 > 200_000
    assert time.process_time() - began < 60


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "sparse.csv"
    with file.open("wb") as out:
        out.truncate(100_000_001)
    with pytest.raises(errors.FileFormatError, match="at most 100 MB"):
        check_file(file)


@settings(max_examples=150)
@given(st.sampled_from(sorted(GOOD.iterdir())), st.data())
def test_damage_never_ends_in_a_traceback(path: Path, data: st.DataObject) -> None:
    body = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    folder = Path(os.environ["PYTEST_DAMAGE"])
    file = folder / path.name
    file.write_bytes(bytes(body[: data.draw(st.integers(1, len(body)))] if data.draw(st.booleans()) else body))
    assert main(["check", str(file)]) in (0, 2)


@pytest.fixture(autouse=True, scope="module")
def _damage(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["PYTEST_DAMAGE"] = str(tmp_path_factory.mktemp("damage"))


# --- the command line --------------------------------------------------------------------------------------------------


def test_region_makes_its_bases_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(GOOD / "wide_utf8.csv"), "--region", "china"]) == 2
    assert "unknown basis" in capsys.readouterr().err
    bare = tmp_path / "bare.csv"
    bare.write_text((GOOD / "wide_utf8.csv").read_text(encoding="utf-8").replace("口径：b4\n", ""), encoding="utf-8")
    assert main(["check", str(bare), "--region", "china", "--basis", "cn10"]) == 0
    assert "cn10 10" in capsys.readouterr().out
    assert main(["check", str(GOOD / "wide_utf8.csv"), "--region", "chian"]) == 2
    assert "nearest: china" in capsys.readouterr().err


def test_names_that_are_only_new_get_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(GOOD / "names_of_ones_own.csv")]) == 0
    said = capsys.readouterr().out
    assert "note      region not bundled: 'atlantis'" in said
    assert "note      series that no bundled region has: 'online_sales'" in said


def test_declared_bases_make_a_region_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hefei is a city of its own, for all that it is almost Hebei."""
    file = tmp_path / "city.csv"
    file.write_text("region,series,period,value,unit,basis\nhefei,retail_total,2024年,5380.1,亿元,b2\n", encoding="utf-8")
    assert main(["check", str(file)]) == 2
    assert "'hefei', nearest: hebei" in capsys.readouterr().err
    assert main(["check", str(file), "--bases", "b1,b2"]) == 0
    assert "region not bundled: 'hefei'" in capsys.readouterr().out
    assert main(["check", str(file), "--bases", "b1,b3"]) == 2
    assert "unknown basis" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["check"], ["check", "a.csv", "--nonsense"], ["nonsense"], ["--nonsense"]])
def test_unknown_arguments_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "usage: bayu" in capsys.readouterr().err


def test_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "no_such_file.csv"]) == 2
    assert "no_such_file.csv: cannot be opened" in capsys.readouterr().err


def test_a_fault_of_the_library_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a column\nthat nobody foresaw")

    monkeypatch.setattr("bayu_forecast.data.check_file", broken)
    monkeypatch.delenv("BAYU_DEBUG", raising=False)
    assert main(["check", "mine.csv"]) == 70
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for words in ("bayu check mine.csv", "KeyError", "fault of the library, please report it"):
        assert words in said
    monkeypatch.setenv("BAYU_DEBUG", "1")
    with pytest.raises(KeyError):
        main(["check", "mine.csv"])


def test_interrupt_exits_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bayu_forecast.data.check_file", interrupted)
    assert main(["check", "a.csv"]) == 130
    assert capsys.readouterr().err == "bayu: interrupted\n"
