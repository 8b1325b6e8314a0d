"""The shape of the code: floors, sizes, no region in Python, a light face, a wheel with the data and nothing else."""

from __future__ import annotations

import ast
import inspect
import io
import re
import shutil
import subprocess
import sys
import tokenize
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import bayu_forecast

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bayu_forecast"
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERY_FILE = sorted(p for part in ("bayu_forecast", "tests", "examples", "benchmarks") for p in (ROOT / part).rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

PINYIN = (
    "beijing|tianjin|hebei|shanxi|neimenggu|inner[ _]?mongolia|liaoning|jilin|heilongjiang|shanghai|jiangsu|zhejiang|anhui|fujian|jiangxi|"
    "shandong|henan|hubei|hunan|guangdong|guangxi|hainan|chongqing|sichuan|guizhou|yunnan|tibet|xizang|shaanxi|gansu|qinghai|ningxia|xinjiang"
)
CHINESE = (
    "北京|天津|河北|山西|内蒙古|辽宁|吉林|黑龙江|上海|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西|海南|重庆|四川|贵州|云南|西藏|"
    "陕西|甘肃|青海|宁夏|新疆"
)
ADCODE = "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]"
REGION = re.compile(rf"(?<![a-z])({PINYIN})(?![a-z])|{CHINESE}|(?<!\d)({ADCODE})0000(?!\d)", re.IGNORECASE)

UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
UNSAFE_METHODS = {"eval", "read_pickle", "to_pickle"}
UNSAFE_YAML = {"load", "load_all", "unsafe_load", "full_load", "unsafe_load_all", "full_load_all"}
HEAVY = ("numpy", "pandas", "xarray", "scipy", "matplotlib", "sklearn", "statsmodels", "lightgbm", "yaml", "openpyxl")


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=short(path))


def docstring_of(node: ast.AST) -> ast.Expr | None:
    """The statement that holds a node's docstring."""
    body = getattr(node, "body", None)
    if not isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) or not body or ast.get_docstring(node) is None:
        return None
    return body[0]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    doc = docstring_of(function)
    body = function.body[1:] if doc is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


# --- floors ------------------------------------------------------------------------------------------------------------


def test_imports_only_go_down() -> None:
    answer = lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [("models/planted.py", "import bayu_forecast.calendar"), ("_numeric/planted.py", "import pandas"), ("stray.py", "import json")],
)
def test_contract_notices_a_planted_breach(tmp_path: Path, module: str, line: str) -> None:
    shutil.copytree(PACKAGE, tmp_path / "bayu_forecast", ignore=lambda _, names: [n for n in names if n in ("regions", "__pycache__")])
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    (tmp_path / "bayu_forecast" / module).write_text(line + "\n", encoding="utf-8")
    answer = lint_imports(tmp_path)
    assert answer.returncode != 0, answer.stdout
    assert Path(module).stem in answer.stdout + answer.stderr


# --- sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVERY_FILE, ids=short)
def test_files_stay_below_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, "split by noun"


def test_function_bodies_are_short() -> None:
    sizes = {
        f"{short(path)}:{node.lineno} {node.name}": body_lines(node)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, FUNCTIONS)
    }
    assert sizes
    assert {name: n for name, n in sizes.items() if n > 60} == {}
    assert np.percentile(list(sizes.values()), 90) <= 30


# --- a region is data --------------------------------------------------------------------------------------------------


def code_text(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every name, number, string and comment that is not a docstring (documentation may name places)."""
    tree = ast.parse(source)
    documented = [doc for node in ast.walk(tree) if (doc := docstring_of(node)) is not None]
    lines = {line for doc in documented for line in range(doc.lineno, (doc.end_lineno or doc.lineno) + 1)}
    kinds = {tokenize.NAME, tokenize.NUMBER, tokenize.STRING, tokenize.COMMENT}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds and token.start[0] not in lines:
            yield token.start[0], token.string


def names_of_places(source: str) -> list[str]:
    return [f"line {line}: {text}" for line, text in code_text(source) if REGION.search(text)]


@pytest.mark.parametrize("path", [p for p in SOURCES if not {"build.py", "building"} & set(p.parts)], ids=short)
def test_no_province_in_python(path: Path) -> None:
    assert names_of_places(path.read_text(encoding="utf-8")) == [], "a region is a folder of data, not a line of code"


def test_search_for_places_finds_them() -> None:
    assert len(names_of_places('a = "chongqing"\nhubei_total = 1\nb = 500000\n# 重庆\n')) == 4
    assert names_of_places('"""For chongqing."""\nchina = "hainanese"\nn = 5000000\n') == []


# --- the face ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in bayu_forecast.__all__ if n != "__version__"])
def test_public_names_are_described(name: str) -> None:
    value = getattr(bayu_forecast, name)
    text = inspect.getdoc(value) or ""
    assert len(text) > 20, f"{name} has no docstring"
    assert not text.startswith(f"{name}("), f"{name} has only the docstring that dataclasses write"
    if inspect.isfunction(value):
        assert ">>>" in text.partition("Examples\n--------")[2], f"{name} has no Examples section that runs"


def test_face_is_light() -> None:
    code = f"import sys, bayu_forecast; print([m for m in {HEAVY!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.strip() == "[]"


def test_submodule_never_hides_a_public_name() -> None:
    """The import system sets ``bayu_forecast.design`` to the module as soon as anything imports it."""
    code = (
        "import importlib, types, bayu_forecast as bf\n"
        "for module in sorted(set(bf._FACE.values())): importlib.import_module(module)\n"
        "print([n for n in bf._FACE if n not in bf._MODULES and isinstance(getattr(bf, n), types.ModuleType)])"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.strip() == "[]"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = bayu_forecast.no_such_name
    assert set(bayu_forecast.__all__) <= set(dir(bayu_forecast))


# --- loading runs no code ----------------------------------------------------------------------------------------------


def unsafe_lines(tree: ast.Module) -> list[str]:
    """Imports and calls that could run what a file says."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            roots = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found += [f"line {node.lineno}: imports {r}" for r in roots if r.partition(".")[0] in UNSAFE_MODULES]
        elif isinstance(node, ast.Call):
            found += _unsafe_call(node)
    return found


def _unsafe_call(node: ast.Call) -> list[str]:
    function = node.func
    unsafe = isinstance(function, ast.Name) and function.id in UNSAFE_CALLS
    if isinstance(function, ast.Attribute):
        of_yaml = isinstance(function.value, ast.Name) and function.value.id in ("yaml", "joblib")
        unsafe = function.attr in UNSAFE_METHODS or (of_yaml and function.attr in UNSAFE_YAML)
    allowed = [k for k in node.keywords if k.arg == "allow_pickle" and not (isinstance(k.value, ast.Constant) and k.value.value is False)]
    return [f"line {node.lineno}: {ast.unparse(function)}"] if unsafe or allowed else []


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_nothing_loads_code(path: Path) -> None:
    assert unsafe_lines(parse(path)) == []


@pytest.mark.parametrize(
    "line", ["import pickle", "from dill import load", "eval('1')", "yaml.load(f)", "np.load(f, allow_pickle=True)", "frame.eval('a')"]
)
def test_search_for_unsafe_lines_finds_them(line: str) -> None:
    assert unsafe_lines(ast.parse(line)) != []
    assert unsafe_lines(ast.parse("yaml.safe_load(f)\nre.compile('x')\nnp.load(f, allow_pickle=False)")) == []


# --- the wheel ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names inside a wheel built from a copy, so that no stale ``build`` folder takes part."""
    copy = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for folder in ("bayu_forecast", "tests", "docs"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "bad"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "out", "."]
    answer = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
    with zipfile.ZipFile(next((copy / "out").glob("*.whl"))) as archive:
        return set(archive.namelist())


def test_wheel_carries_the_regions(wheel: set[str]) -> None:
    shipped = {p.relative_to(ROOT).as_posix() for folder in ("data/regions", "calendar/tables") for p in (PACKAGE / folder).rglob("*.*")}
    assert {"bayu_forecast/data/regions/chongqing/observations.csv", "bayu_forecast/data/regions/china/observations.csv"} <= wheel
    assert shipped <= wheel
    assert "bayu_forecast/py.typed" in wheel


def test_wheel_carries_code_licence_and_nothing_else(wheel: set[str]) -> None:
    assert {short(p) for p in SOURCES} <= wheel
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
    assert {name.partition("/")[0] for name in wheel if ".dist-info/" not in name} == {"bayu_forecast"}
    assert [name for name in wheel if "/figures/" in name] == []
