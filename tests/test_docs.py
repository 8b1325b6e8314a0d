"""README and docs are code: snippets run as printed, shell blocks marked ``<!-- check -->`` run, links lead somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import bayu_forecast
from bayu_forecast.report.headline import JOINT

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<before>[^\n]*)\n```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<to>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")
CODE_SPAN = re.compile(r"^```.*?^```\s*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its first line in the page, its text and the line before the fence."""

    language: str
    line: int
    code: str
    before: str


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    text = "\n" + text  # so that a fence on the first line has a line before it
    return [Block(m["language"], text.count("\n", 0, m.start("code")), m["code"], m["before"].strip()) for m in FENCE.finditer(text)]


def python_of(text: str) -> str:
    """All python blocks of a page as one program in which every line keeps its number in the page."""
    lines = [""] * (text.count("\n") + 1)
    for block in blocks(text):
        if block.language == "python":
            code = block.code.splitlines()
            lines[block.line - 1 : block.line - 1 + len(code)] = code
    return "\n".join(lines)


def slug(heading: str) -> str:
    """The anchor that a heading gets on the common hosts."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    return {slug(m[1]) for m in re.finditer(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """An empty folder from which the repository's own folders can be reached by the paths that the pages print."""
    for name in ("examples", "tests", "docs", "benchmarks"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"MPLBACKEND": "Agg", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize("page", [p for p in PAGES if python_of(read(p)).strip()], ids=short)
def test_python_blocks_run(page: Path, workshop: Path) -> None:
    program = workshop / page.name.replace(".md", ".py")
    program.write_text(python_of(read(page)), encoding="utf-8")
    answer = run([sys.executable, "-W", "error::DeprecationWarning:__main__", program.name], workshop)
    assert answer.returncode == 0, f"{short(page)}\n{answer.stderr[-3000:]}"


SHELL = [(p, b) for p in PAGES for b in blocks(read(p)) if b.language in ("bash", "sh", "console") and b.before == "<!-- check -->"]


@pytest.mark.parametrize(("page", "block"), SHELL, ids=[f"{short(p)}:{b.line}" for p, b in SHELL])
def test_marked_shell_blocks_run(page: Path, block: Block, workshop: Path) -> None:
    answer = run(["bash", "-euo", "pipefail", "-c", block.code], workshop)
    assert answer.returncode == 0, f"{short(page)} line {block.line}\n{answer.stdout[-1500:]}\n{answer.stderr[-1500:]}"


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_internal_links_lead_somewhere(page: Path) -> None:
    broken = []
    for match in LINK.finditer(CODE_SPAN.sub("", read(page))):
        target = match["to"] or match["image"]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(read(file))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("name", ["verdict", "tests"])
def test_readme_prints_each_command_once(name: str) -> None:
    found = [b for b in blocks(read(ROOT / "README.md")) if b.before == f"<!-- command: {name} -->"]
    assert len(found) == 1, f"exactly one block marked {name}, which .ci/run runs as printed"
    assert len(found[0].code.strip().splitlines()) == 1, "one command"


def test_front_page_lists_every_public_name() -> None:
    text = read(ROOT / "docs" / "index.md")
    assert [n for n in bayu_forecast.__all__ if n != "__version__" and f"`{n}`" not in text] == []


def test_every_decision_is_one_page_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(folder.glob("[0-9][0-9][0-9][0-9]-*.md"))
    assert [p.name[:4] for p in pages] == [f"{i:04d}" for i in range(1, len(pages) + 1)]
    index = read(ROOT / "docs" / "index.md")
    for page in pages:
        assert f"decisions/{page.name}" in index
        assert len(read(page).splitlines()) <= 60
        assert [h for h in ("## Context", "## Options", "## Choice", "## Cost") if h not in read(page)] == [], page.name


# --- the verdict on the front page -----------------------------------------------------------------------------------------

SHOWN_DATES = ("2025-01-31",)
PERCENT = re.compile(r"[<>]?([+-]?[\d.]+)(?:–[<>]?([\d.]+))? %")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def percents(text: str) -> list[tuple[float, ...]]:
    """Every percentage or range of percentages."""
    return [tuple(float(part) for part in match if part) for match in PERCENT.findall(text)]


def shown_verdict(text: str) -> dict[str, list[tuple[float, ...]]]:
    """Percentages of each date's row: the targets, all jointly, the bounds."""
    rows = re.findall(r"^ +(\d{4}-\d{2}-\d{2}) +(.*)$", text, re.MULTILINE)
    return {date: percents(cells) for date, cells in rows}


def shown_line(text: str, start: str) -> list[str]:
    """Values of a line about the first target, one a date."""
    return next(line for line in text.splitlines() if line.strip().startswith(start)).split("   ")[-1].split(", ")


def test_front_page_shows_what_the_command_answers() -> None:
    readme_verdict = script("readme_verdict")
    page = read(ROOT / "README.md")
    shown = page.partition(readme_verdict.OPEN)[2].partition(readme_verdict.CLOSE)[0]
    rows = shown_verdict(shown)
    last = bayu_forecast.load_region("chongqing").latest().as_of
    assert list(rows) == ["2021-04-30", *(f"{year}-01-31" for year in range(2022, 2026)), last]
    required, band = (shown_line(shown, start) for start in ("growth a year required", "P with long-run growth"))
    for date in SHOWN_DATES:
        told = bayu_forecast.verdict(dates=[date])
        fresh = told.verdict.set_index("target")
        place = list(rows).index(date)
        chances = [100 * fresh.loc[name, "probability"] for name in [*(t.id for t in told.targets), JOINT]]
        assert [p[0] for p in rows[date][:4]] == pytest.approx(chances, abs=1.0), date
        first = fresh.iloc[0]
        assert percents(required[place])[0][0] == pytest.approx(100 * first["required_growth_from_print"], abs=0.06)
        ends = percents(band[place])[0]
        assert (ends[0], ends[-1]) == pytest.approx((100 * first["sensitivity_low"], 100 * first["sensitivity_high"]), abs=1.0)
        assert shown_verdict(readme_verdict.block(told)).keys() == {date}
    for target, told_of in told.outcomes.items():
        assert (f"{told_of.value:,.1f} 亿元" if told_of.known else "not published") in shown.partition("happened")[2], target


def test_block_is_put_between_its_marks() -> None:
    placed = script("readme_verdict").placed
    once = placed("a\n<!-- verdict -->\nold\n<!-- /verdict -->\nb\n", "new\n")
    assert once == "a\n<!-- verdict -->\nnew\n<!-- /verdict -->\nb\n"
    assert placed(once, "new\n") == once
    with pytest.raises(SystemExit, match="put both marks"):
        placed("no marks", "new\n")


def test_block_reader_keeps_line_numbers() -> None:
    text = "# t\n\n<!-- check -->\n```bash\ntrue\n```\n\n```python\nx = 1\n\ny = 2\n```\n"
    assert [(b.language, b.before) for b in blocks(text)] == [("bash", "<!-- check -->"), ("python", "")]
    assert python_of(text).splitlines()[8:11] == ["x = 1", "", "y = 2"]
