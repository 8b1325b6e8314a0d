"""Every error class earns its place: raised by the package, raised by a test, caught by its builtin twin."""

from __future__ import annotations

import ast
import builtins
import inspect
from pathlib import Path

import pytest

from bayu_forecast import errors
from bayu_forecast._optional import require

ROOT = Path(__file__).resolve().parents[1]
CLASSES = {name: cls for name, cls in vars(errors).items() if inspect.isclass(cls) and cls.__module__ == errors.__name__}
#: a class with children is a handle to catch by; its children are what is raised
HANDLES = {base.__name__ for cls in CLASSES.values() for base in cls.__bases__} & CLASSES.keys()
LEAVES = sorted(CLASSES.keys() - HANDLES)
TYPE_QUESTIONS = {"isinstance", "issubclass", "except"}


def _name(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def classes_used(tree: ast.AST) -> set[str]:
    """Classes that a module builds, raises bare, or hands to a function that raises them (``warnings.warn``)."""
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            used.add(_name(node.exc))
        elif isinstance(node, ast.Call) and _name(node.func) not in TYPE_QUESTIONS:
            used |= {_name(node.func), *map(_name, node.args), *(_name(k.value) for k in node.keywords)}
    return used & CLASSES.keys()


def _used_in(files: list[Path]) -> set[str]:
    return set().union(*(classes_used(ast.parse(path.read_text(encoding="utf-8"))) for path in files))


@pytest.fixture(scope="module")
def raised() -> set[str]:
    sources = [p for p in (ROOT / "bayu_forecast").rglob("*.py") if p.name != "errors.py"]
    return _used_in(sources)


@pytest.fixture(scope="module")
def expected_by_tests() -> set[str]:
    return _used_in(list((ROOT / "tests").rglob("*.py")))


@pytest.mark.parametrize("name", LEAVES)
def test_every_class_is_raised_by_the_package(name: str, raised: set[str]) -> None:
    assert name in raised, f"{name} is raised nowhere in bayu_forecast: raise it where it belongs, or delete it"


@pytest.mark.parametrize("name", LEAVES)
def test_every_class_is_expected_by_a_test(name: str, expected_by_tests: set[str]) -> None:
    assert name in expected_by_tests, f"no test feeds an input that raises {name}: add one with pytest.raises or pytest.warns"


@pytest.mark.parametrize("name", sorted(CLASSES.keys() - {"BayuError", "BayuWarning"}))
def test_every_class_has_a_root_and_a_builtin_twin(name: str) -> None:
    ancestors = set(CLASSES[name].__mro__)
    assert ancestors & {errors.BayuError, errors.BayuWarning}
    twins = {getattr(builtins, twin) for twin in ("ValueError", "RuntimeError", "OSError", "ImportError", "UserWarning")}
    assert ancestors & twins, f"{name}: `except ValueError` and its like should work"


@pytest.mark.parametrize("name", sorted(n for n in CLASSES if issubclass(CLASSES[n], errors.BayuError)))
def test_message_and_fields_survive(name: str) -> None:
    error = CLASSES[name]("what is wrong: do this next", rows=[3, 4])
    assert "do this next" in str(error)
    assert error.fields == {"rows": [3, 4]}


def test_search_tells_raising_from_asking() -> None:
    tree = ast.parse("try:\n  f()\nexcept BasisError as e:\n  isinstance(e, UnitsError)\nraise DataError('x')\nwarn('m', BayuWarning)")
    assert classes_used(tree) == {"DataError", "BayuWarning"}


def test_missing_package_names_the_extra() -> None:
    with pytest.raises(errors.MissingDependencyError, match="bayu-forecast\\[dask\\]") as caught:
        require("no_such_package.inner", extra="dask")
    assert caught.value.fields == {"module": "no_such_package.inner", "extra": "dask"}


def test_broken_package_is_reported_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("import a_package_it_lacks\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="a_package_it_lacks") as caught:
        require("broken_package", extra="dask")
    assert not isinstance(caught.value, errors.MissingDependencyError)
