"""Writes scenarios to a file that reads back as the same scenarios.

Floor F3 (scenarios). What was taken over by `extends` is written out, so the file stands alone. Must never leave a file
half-written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from bayu_forecast.errors import OutputError
from bayu_forecast.scenarios.assumption import HOLD, OPERATIONS, STOP, TRANCHES, Assumption
from bayu_forecast.scenarios.conditions import Condition, Impose, Tilt
from bayu_forecast.scenarios.nodes import SUFFIXES
from bayu_forecast.scenarios.places import refuse
from bayu_forecast.scenarios.spec import Question, Scenario, ScenarioSet


def write_scenarios(plans: ScenarioSet, path: str | Path) -> None:
    """Write a set of scenarios; :func:`read_scenarios` gives the same set back.

    Parameters
    ----------
    plans : ScenarioSet
        At least one scenario; weights for all or for none.
    path : str or Path
        Ends in ``.yml`` or ``.yaml``; replaced if it exists.

    Raises
    ------
    ScenarioError
        When the set is empty, its weights are not complete, or the name has another ending.
    OutputError
        When the file cannot be written; an older one is then untouched.

    Examples
    --------
    >>> import tempfile
    >>> from bayu_forecast.scenarios import read_scenarios, scale
    >>> plans = ScenarioSet.baseline() | Scenario("more vouchers", [scale("vouchers", 1.5, start="2025-05")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_scenarios(plans, Path(folder, "plans.yml"))
    ...     read_scenarios(Path(folder, "plans.yml")) == plans
    True
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        refuse(f"{path.name} does not end like a file of scenarios", expected=" or ".join(SUFFIXES), step="give it that ending")
    if not len(plans) or any(scenario.weight is not None for scenario in plans):
        # an empty set and weights for some only are refused here: the file could not be read back
        _ = plans.weights
    tree: dict[str, Any] = {"question": _question(plans.question)} if plans.question else {}
    tree["scenarios"] = {scenario.name: _scenario(scenario) for scenario in plans}
    _replace(path, yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, default_flow_style=None, width=10_000))


def _replace(path: Path, text: str) -> None:
    """Write beside the file, then exchange the two."""
    beside = ""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=path.parent, suffix=".part", delete=False) as file:
            beside = file.name
            file.write(text)
        os.replace(beside, path)
    except OSError as error:
        if beside:
            with contextlib.suppress(OSError):
                os.unlink(beside)
        raise OutputError(f"{path} could not be written: {error.strerror}; choose a folder that can be written to",
                          file=str(path)) from error


def _stated(**fields: object) -> dict[str, Any]:
    """Fields that say something."""
    return {key: value for key, value in fields.items() if value not in ("", None, (), [], {})}


def _question(question: Question) -> dict[str, Any]:
    unit = question.unit if question.bounds else ""
    return _stated(region=question.region, horizon=question.horizon, targets=list(question.targets), lever=question.lever,
                   target=question.target, probability=question.probability, bounds=list(question.bounds), unit=unit)


def _scenario(scenario: Scenario) -> dict[str, Any]:
    return _stated(
        title_zh=scenario.title_zh, title_en=scenario.title_en, as_of=scenario.as_of, weight=scenario.weight, source=scenario.source,
        note=scenario.note, assumptions=[_assumption(item) for item in scenario.assumptions],
        conditions=[_condition(item) for item in scenario.conditions],
    )


def _assumption(item: Assumption) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if item.operation == TRANCHES:
        values = {"values": dict(zip(item.months, item.values, strict=True))}
    elif item.values:
        values = {"value": item.values[0]} if OPERATIONS[item.operation][0] == 1 else {"values": list(item.values)}
    unit = "" if item.operation in (HOLD, STOP) else item.unit
    return {"lever": item.lever, "operation": item.operation, **values,
            **_stated(unit=unit, start=item.start, end=item.end, name=item.name, source=item.source, note=item.note)}


def _condition(item: Condition) -> dict[str, Any]:
    if isinstance(item, Tilt):
        said = _stated(probability=item.probability, mean=item.mean, unit=item.unit, source=item.source, note=item.note)
        return {"condition": "tilt", "expression": item.expression, **said}
    spread = {"sd": item.sd} if isinstance(item, Impose) else {}
    return {"condition": "impose" if spread else "given", "series": item.series, "period": item.period, "measure": item.measure,
            "value": item.value, **spread, **_stated(unit=item.unit, source=item.source, note=item.note)}
