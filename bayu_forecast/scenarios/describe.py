"""Says in lines what a set of scenarios assumes: the words behind ``bayu check FILE.yml``.

Floor F3 (scenarios). Must never read a file, nor compute anything from an input.
"""

from __future__ import annotations

from collections.abc import Iterator

from bayu_forecast.scenarios.conditions import Condition, Given, Impose
from bayu_forecast.scenarios.spec import Question, Scenario, ScenarioSet


def describe(plans: ScenarioSet) -> str:
    """List scenarios with every statement they make.

    Parameters
    ----------
    plans : ScenarioSet
        Any set.

    Returns
    -------
    str
        Lines without an end of line; the first counts.

    Examples
    --------
    >>> from bayu_forecast.scenarios import given, stop
    >>> pin = given("retail_total", "2025", 4.0, measure="growth", unit="%")
    >>> print(describe(ScenarioSet((Scenario("no subsidy", [stop("trade_in", start="2025-02")], conditions=[pin]),))))
    1 scenario, no contradiction found
      no subsidy
        do     stop trade_in (2025-02 to the end)
        given  retail_total 2025 growth 4 %
      levers are held against the known ones when the scenarios meet a region
    """
    lines = [f"{len(plans)} scenario{'s' if len(plans) != 1 else ''}, no contradiction found"]
    lines += [f"  asks   {line}" for line in (_asked(plans.question) if plans.question else ())]
    lines += [f"  {line}" for scenario in plans for line in _scenario(scenario)]
    return "\n".join([*lines, "  levers are held against the known ones when the scenarios meet a region"])


def _asked(question: Question) -> Iterator[str]:
    """What a file asks."""
    where = [question.region, f"to {question.horizon}" if question.horizon else "", ", ".join(question.targets)]
    if any(where):
        yield "; ".join(word for word in where if word)
    if question.lever:
        low, high = question.bounds
        yield f"dose of {question.lever} between {low:g} and {high:g} {question.unit} for {question.probability:g} of {question.target}"


def _scenario(scenario: Scenario) -> Iterator[str]:
    """Name, date and weight, then a line for each statement."""
    weight = f"weight {scenario.weight:g}" if scenario.weight is not None else ""
    yield ", ".join(word for word in (scenario.name, f"as of {scenario.as_of}" if scenario.as_of else "", weight) if word)
    for assumption in scenario.assumptions:
        yield f"  do     {assumption}"
    for condition in scenario.conditions:
        yield f"  {_verb(condition):<6} {condition}"


def _verb(condition: Condition) -> str:
    return "impose" if isinstance(condition, Impose) else "given" if isinstance(condition, Given) else "tilt"
