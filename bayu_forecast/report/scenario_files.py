"""Scenarios as one JSON document, or as a folder of tables that is replaced as a whole or not at all.

Floor F7. It writes what the tables hold; it must never compute.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from bayu_forecast.report.folder import META, replaced
from bayu_forecast.report.scenario import ScenarioReport
from bayu_forecast.report.scenario_words import as_text

TEXT = "scenario.txt"
_OWN = ("targets", "years", "effects")


def as_json(told: ScenarioReport, *, command: str = "") -> str:
    """Return everything as one JSON document; its form is described in ``docs/scenarios.md``.

    Parameters
    ----------
    told : ScenarioReport
        From :func:`scenario_report`.
    command : str
        The command that asked.

    Returns
    -------
    str
        Keys ``region``, ``as_of``, ``horizon``, ``scenarios`` (each with its ``targets``, ``years`` and ``effects``),
        ``unpaid_stock``, ``dose``, ``meta``; what is missing is null.

    Examples
    --------
    >>> from bayu_forecast.report.scenario import scenario_report
    >>> from bayu_forecast.scenarios import Scenario, ScenarioSet, stop
    >>> plans = ScenarioSet((Scenario("no trade-in", [stop("trade_in", start="2025-02")], as_of="2025-01-31"),))
    >>> [s["scenario"] for s in json.loads(as_json(scenario_report(plans, horizon="2025-12", samples=300)))["scenarios"]]
    ['baseline', 'no trade-in']
    """
    plans = {plan.name: plan for plan in told.plans}
    scenarios = []
    for row in _rows(told.scenarios):
        name = row["scenario"]
        own = {table: _rows(_without(getattr(told, table), name)) for table in _OWN}
        statements = [str(s) for s in (*plans[name].assumptions, *plans[name].conditions)]
        flags = [flag for flag in row["flags"].split("; ") if flag]
        scenarios.append(row | {"statements": statements, "flags": flags} | own)
    dose = _rows(told.dose)
    whole = {
        "region": told.region.name, "as_of": told.as_of, "horizon": told.horizon, "scenarios": scenarios,
        "unpaid_stock": _rows(told.unpaid_stock), "dose": dose[0] if dose else None, "meta": {"command": command, **told.meta},
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False)


def _without(table: pd.DataFrame, scenario: str) -> pd.DataFrame:
    """Rows of one scenario, without the column that names it."""
    return table[table["scenario"] == scenario].drop(columns="scenario") if len(table) else table


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values; missing numbers are null."""
    return [{str(k): _plain(v) for k, v in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    """A value that JSON knows."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_scenario_folder(told: ScenarioReport, out: str | Path, *, command: str = "") -> Path:
    """Write the tables, the words and what it takes to repeat them into a folder, all of them or nothing.

    Parameters
    ----------
    told : ScenarioReport
        From :func:`scenario_report`.
    out : str or Path
        The folder; its parent must exist.
    command : str
        The command to state.

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    OutputError
        When ``out`` holds files of somebody else or cannot be written; what was there stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> from bayu_forecast.report.scenario import scenario_report
    >>> from bayu_forecast.scenarios import Scenario, ScenarioSet, stop
    >>> plans = ScenarioSet((Scenario("no trade-in", [stop("trade_in", start="2025-02")], as_of="2025-01-31"),))
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = write_scenario_folder(scenario_report(plans, horizon="2025-12", samples=300), Path(place) / "tables")
    ...     sorted(path.name for path in made.iterdir())[:3]
    ['effects.csv', 'meta.json', 'scenario.txt']
    """
    target = Path(out).absolute()
    with replaced(target) as fresh:
        for name, table in told.tables.items():
            table.to_csv(fresh / f"{name}.csv", index=False, encoding="utf-8-sig", float_format="%.8g", lineterminator="\n")
        (fresh / TEXT).write_text(as_text(told, command=command) + "\n", encoding="utf-8")
        files = sorted(path.name for path in fresh.iterdir())
        meta = {"command": command, **told.meta, "files": [*files, META]}
        (fresh / META).write_text(json.dumps(meta, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return target
