"""Reads files of scenarios: schema, lines, `extends`.

Floor F3 (scenarios). Every refusal names the file and the line. Must never guess a unit, nor run what a file says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, Final

from bayu_forecast.errors import UnknownNameError
from bayu_forecast.scenarios.assumption import HOLD, OPERATIONS, RAMP, STOP, TRANCHES, Assumption
from bayu_forecast.scenarios.conditions import Condition, Given, Impose, Tilt
from bayu_forecast.scenarios.nodes import SUFFIXES, Node, Source
from bayu_forecast.scenarios.places import check_date, check_month, check_period, nearest, refuse
from bayu_forecast.scenarios.spec import MOST, Question, Scenario, ScenarioSet
from bayu_forecast.scenarios.units import NATIVE, UNITS, kind_of

_TOP: Final = ("question", "scenarios")
_SCENARIO: Final = ("title_zh", "title_en", "extends", "as_of", "weight", "source", "note", "assumptions", "conditions")
_ASSUMPTION: Final = ("lever", "operation", "value", "values", "unit", "start", "end", "name", "source", "note")
_FIGURE: Final = ("condition", "series", "period", "measure", "value", "unit", "source", "note")
_CONDITIONS: Final[dict[str, tuple[type[Condition], tuple[str, ...], tuple[str, ...]]]] = {
    "given": (Given, _FIGURE, ("series", "period", "measure", "value", "unit")),
    "impose": (Impose, (*_FIGURE, "sd"), ("series", "period", "measure", "value", "sd", "unit")),
    "tilt": (Tilt, ("condition", "expression", "probability", "mean", "unit", "source", "note"), ("expression",)),
}
_QUESTION: Final = ("region", "horizon", "targets", "lever", "target", "probability", "bounds", "unit")
_NUMBERS: Final = ("value", "sd", "probability", "mean")
#: scenarios that take over one another in a row
_LONGEST_CHAIN: Final = 16
_Key = tuple[Path, str]


def read_scenarios(path: str | Path) -> ScenarioSet:
    r"""Read a file of scenarios.

    Parameters
    ----------
    path : str or Path
        YAML in UTF-8, at most 1 MB; its form is described in ``docs/scenarios.md``.

    Returns
    -------
    ScenarioSet
        In the order of the file, with what the file asks.

    Raises
    ------
    ScenarioError
        When the file is not plain YAML, misses a unit, a date or a key, contradicts itself, or extends in a circle.
    UnknownNameError
        When an operation, a condition or a scenario that is extended is not known; with the nearest names.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.yml")
    ...     _ = file.write_text("scenarios:\n  no subsidy:\n    assumptions:\n    - {lever: trade_in, operation: stop, start: 2025-02}\n")
    ...     print(read_scenarios(file)["no subsidy"].assumptions[0])
    stop trade_in (2025-02 to the end)
    """
    return _Reader().read(Path(path))


class _File:
    """One file with its scenarios as nodes."""

    def __init__(self, path: Path) -> None:
        self.source = Source(path)
        self.top = self.source.mapping(self.source.root, "the file", _TOP, ("scenarios",))
        node = self.top["scenarios"]
        self.scenarios = self.source.mapping(node, "scenarios")
        if not 1 <= len(self.scenarios) <= MOST:
            refuse(f"{len(self.scenarios)} scenarios", expected=f"1 to {MOST} scenarios", step="add one, or split the file",
                   place=self.source.place(node))


class _Reader:
    """Reads one file and those it extends; each file and each scenario once."""

    def __init__(self) -> None:
        self.files: dict[Path, _File] = {}
        self.done: dict[_Key, Scenario] = {}
        self.lengths: dict[_Key, int] = {}

    def read(self, path: Path) -> ScenarioSet:
        """Every scenario of a file."""
        file = self._file(path)
        scenarios = tuple(self._scenario(file, name, ()) for name in file.scenarios)
        question = file.top.get("question")
        plans = ScenarioSet(scenarios, None if question is None else _question(file.source, question))
        if any(scenario.weight is not None for scenario in scenarios):
            # the weights check themselves when they are asked for
            _ = plans.weights
        return plans

    def _file(self, path: Path) -> _File:
        known = path.resolve()
        if known not in self.files:
            self.files[known] = _File(path)
        return self.files[known]

    def _scenario(self, file: _File, name: str, chain: tuple[_Key, ...]) -> Scenario:
        """One scenario, after the one it extends."""
        key = (file.source.path.resolve(), name)
        if key not in self.done:
            source = file.source
            fields = source.mapping(file.scenarios[name], f"scenario {name!r}", _SCENARIO)
            parent = self._parent(file, fields["extends"], (*chain, key)) if "extends" in fields else None
            self.done[key] = _build(source, name, fields, parent, file.scenarios[name])
        return self.done[key]

    def _parent(self, file: _File, node: Node, chain: tuple[_Key, ...]) -> Scenario:
        """The scenario that `extends` names: ``name``, ``file.yml#name``, or ``file.yml`` if it holds only one."""
        source = file.source
        stated = source.text(node, "extends")
        place = source.place(node)
        if stated in file.scenarios:
            other, name = "", stated
        else:
            other, _, name = stated.rpartition("#") if "#" in stated else (stated, "", "") if _is_file(stated) else ("", "", stated)
        target = self._other_file(source, other, node) if other else file
        if not name and len(target.scenarios) == 1:
            name = next(iter(target.scenarios))
        if name not in target.scenarios:
            refuse(f"extends {stated!r}, and {target.source.name} has no such scenario", expected=nearest(name, target.scenarios),
                   step="write name, or file.yml#name", place=place, error=UnknownNameError, names=[name])
        key = (target.source.path.resolve(), name)
        self._check_chain(chain, key)
        parent = self._scenario(target, name, chain)
        self.lengths[chain[-1]] = self.lengths.get(key, 0) + 1
        return parent

    def _check_chain(self, chain: tuple[_Key, ...], key: _Key) -> None:
        """Refuse a circle, and a chain longer than anybody could follow, at the scenario that was asked for."""
        links = [f"{path.name}#{name}" if len({path for path, _ in (*chain, key)}) > 1 else name for path, name in (*chain, key)]
        length = len(chain) + self.lengths.get(key, 0)
        if key in chain or length > _LONGEST_CHAIN:
            first = self.files[chain[0][0]]
            node = first.source.mapping(first.scenarios[chain[0][1]], "scenario")["extends"]
            refuse(f"extends in a circle: {' -> '.join(links)}" if key in chain else f"extends {length} scenarios in a row",
                   expected=f"a chain that ends, of at most {_LONGEST_CHAIN}", step="let one of them stand alone",
                   place=first.source.place(node), names=links)

    def _other_file(self, source: Source, stated: str, node: Node) -> _File:
        """A file beside this one or below; never one elsewhere on the machine."""
        path = PurePosixPath(stated)
        if path.is_absolute() or ".." in path.parts or not (source.path.parent / path).is_file():
            refuse(f"extends the file {stated!r}, which is not there", expected="a file beside this one or in a folder below",
                   step="copy it there, or correct the name", place=source.place(node), names=[stated])
        return self._file(source.path.parent / path)


def _is_file(stated: str) -> bool:
    return stated.endswith(SUFFIXES)


def _build(source: Source, name: str, fields: dict[str, Node], parent: Scenario | None, node: Node) -> Scenario:
    """A scenario from its nodes; statements of the one it extends come first."""
    own = {key: source.text(fields[key], key) for key in ("title_zh", "title_en", "source", "note") if key in fields}
    as_of = parent.as_of if parent else ""
    if "as_of" in fields:
        as_of = check_date(source.text(fields["as_of"], "as_of"), "as_of", source.place(fields["as_of"]))
    assumptions = [_assumption(source, item) for item in _listed(source, fields, "assumptions")]
    conditions = [_condition(source, item) for item in _listed(source, fields, "conditions")]
    return Scenario(
        name, (*(parent.assumptions if parent else ()), *assumptions), conditions=(*(parent.conditions if parent else ()), *conditions),
        weight=source.number(fields["weight"], "weight") if "weight" in fields else None, as_of=as_of, place=source.place(node), **own,
    )


def _listed(source: Source, fields: dict[str, Node], key: str) -> list[Node]:
    """Items of a list that may be left out."""
    return source.items(fields[key], key) if key in fields else []


def _assumption(source: Source, node: Node) -> Assumption:
    """One item of `assumptions`."""
    fields = source.mapping(node, "an assumption", _ASSUMPTION, ("lever", "operation"))
    operation = source.text(fields["operation"], "operation")
    if operation not in OPERATIONS:
        refuse(f"unknown operation {operation!r}", expected=nearest(operation, OPERATIONS), step="see docs/scenarios.md for what each does",
               place=source.place(fields["operation"]), error=UnknownNameError, names=[operation])
    what = f"{operation} of {source.text(fields['lever'], 'lever')!r}"
    given: dict[str, Any] = {key: source.text(fields[key], key) for key in ("lever", "name", "source", "note") if key in fields}
    for key in ("start", "end"):
        if key in fields:
            given[key] = check_month(source.text(fields[key], key), key, source.place(fields[key]))
    if operation not in (HOLD, STOP):
        given["unit"] = _unit(source, fields, what, node)
    given |= _values(source, operation, fields, what, node)
    return Assumption(operation=operation, place=source.place(node), **given)


def _unit(source: Source, fields: dict[str, Node], what: str, node: Node) -> str:
    """The unit, stated and known."""
    if "unit" not in fields:
        refuse(f"{what} has no unit", expected=f"one of {', '.join((*UNITS, NATIVE))}", place=source.place(node),
               step="add the line 'unit: ...' beside the number", names=["unit"])
    unit = source.text(fields["unit"], "unit")
    kind_of(unit, source.place(fields["unit"]))
    return unit


def _values(source: Source, operation: str, fields: dict[str, Node], what: str, node: Node) -> dict[str, Any]:
    """The numbers of an operation: ``value``, two ``values``, or ``values`` by month."""
    asked = "" if operation in (HOLD, STOP) else "values" if operation in (RAMP, TRANCHES) else "value"
    stated = [key for key in ("value", "values", "unit") if key in fields and (key != "unit" or not asked)]
    if stated != ([asked] if asked else []):
        refuse(f"{what} states {' and '.join(stated) or 'no number'}", expected=f"the key '{asked}'" if asked else "no number and no unit",
               step="see docs/scenarios.md for what each operation takes", place=source.place(node))
    if operation == TRANCHES:
        by_month = source.mapping(fields["values"], what)
        months = sorted(check_month(month, "month", source.place(at)) for month, at in by_month.items())
        return {"months": tuple(months), "values": tuple(source.number(by_month[month], month) for month in months)}
    if operation == RAMP:
        return {"values": tuple(source.number(item, "value") for item in source.items(fields["values"], "values"))}
    return {"values": (source.number(fields["value"], "value"),)} if asked else {}


def _condition(source: Source, node: Node) -> Condition:
    """One item of `conditions`."""
    every = {key for _, keys, _ in _CONDITIONS.values() for key in keys}
    fields = source.mapping(node, "a condition", every, ("condition",))
    kind = source.text(fields["condition"], "condition")
    if kind not in _CONDITIONS:
        refuse(f"unknown condition {kind!r}", expected=nearest(kind, _CONDITIONS), step="see docs/scenarios.md for what each does",
               place=source.place(fields["condition"]), error=UnknownNameError, names=[kind])
    cls, known, needed = _CONDITIONS[kind]
    source.mapping(node, f"a condition '{kind}'", known, needed)
    given: dict[str, Any] = {}
    for key, value in fields.items():
        if key != "condition":
            given[key] = source.number(value, key) if key in _NUMBERS else source.text(value, key)
    if "mean" in fields or cls is not Tilt:
        given["unit"] = _unit(source, fields, f"condition '{kind}'", node)
    if "period" in fields:
        check_period(given["period"], source.place(fields["period"]))
    build: Callable[..., Condition] = cls
    return build(place=source.place(node), **given)


def _question(source: Source, node: Node) -> Question:
    """What the file asks."""
    fields = source.mapping(node, "question", _QUESTION)
    given: dict[str, Any] = {key: source.text(fields[key], key) for key in ("region", "horizon", "lever", "target") if key in fields}
    if "targets" in fields:
        given["targets"] = tuple(source.text(item, "target") for item in source.items(fields["targets"], "targets"))
    if "probability" in fields:
        given["probability"] = source.number(fields["probability"], "probability")
    if "bounds" in fields:
        given["bounds"] = tuple(source.number(item, "bound") for item in source.items(fields["bounds"], "bounds"))
        given["unit"] = _unit(source, fields, "question", node)
    return Question(place=source.place(node), **given)
