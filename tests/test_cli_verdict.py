"""``bayu verdict`` as it is typed: one table, one folder, clear refusals, a clean end when interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

QUICK = ["--dates", "2025-01-31", "--samples", "300", "--horizon", "2025-12", "--jobs", "1"]


@pytest.fixture(autouse=True, scope="module")
def _interrupts_are_heeded() -> Iterator[None]:
    """A shell that runs the tests in the background has interrupts ignored, and what they start would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(words: list[str], folder: Path) -> subprocess.Popen[str]:
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "bayu_forecast", *words]
    return subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def bayu(words: list[str], folder: Path) -> tuple[int, str, str]:
    process = start(words, folder)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_command_prints_and_writes(tmp_path: Path) -> None:
    code, out, err = bayu(["verdict", *QUICK, "--out", "x"], tmp_path)
    assert code == 0, err
    assert "2025-01-31" in out
    assert "≥ 15,500 亿元" in out
    assert "command: bayu verdict --dates 2025-01-31" in out
    assert "fits done" in err
    assert "fits done" not in out
    made = {p.name for p in (tmp_path / "x").iterdir()}
    assert {"verdict.csv", "outlook.csv", "changes.csv", "sensitivity.csv", "fan.png", "latent.png", "meta.json", "verdict.txt"} <= made
    assert (tmp_path / "x" / "verdict.txt").read_text(encoding="utf-8").strip() in out


def test_verdict_is_the_default_and_goes_where_the_readme_says(tmp_path: Path) -> None:
    code, _, err = bayu([*QUICK, "--no-charts"], tmp_path)
    assert code == 0, err
    made = {p.name for p in (tmp_path / "bayu-verdict").iterdir()}
    assert "verdict.csv" in made
    assert not [name for name in made if name.endswith(".png")]
    assert [p.name for p in tmp_path.iterdir()] == ["bayu-verdict"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dates", "2025-02-30"], "as_of needs a date"),
        (["--dates", "2020-01-31"], "were issued on 2021-04-30: no answer as of 2020-01-31"),
        (["--dates", "2031-01-01"], "the last release known for chongqing is of 20"),
        (["--out", "no/such"], "is no folder: make it first"),
        (["--region", "nowhere"], "no region 'nowhere'"),
        (["--out", "mine"], "not written by this command (chapter.txt)"),
        (["--samples", "0"], "at least 1 expected"),
        (["--horizon", "2099-12", *QUICK[:4], "--jobs", "1"], "beyond the design"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "chapter.txt").write_text("years of work")
    code, out, err = bayu(["verdict", *words], tmp_path)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert "fits done" not in err
    assert out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["chapter.txt"]


@pytest.mark.skipif(os.name == "nt", reason="process groups of POSIX")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interrupt_leaves_nothing(tmp_path: Path, jobs: str) -> None:
    process = start(["--samples", "2000", "--jobs", jobs], tmp_path)
    time.sleep(6)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.strip().endswith("bayu: interrupted")
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []
