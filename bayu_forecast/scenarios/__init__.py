"""Scenarios: what somebody assumes of levers and figures, in Python and in YAML.

Floor F3. A scenario is an axis of the inputs: it changes what levers do from a month on (`do`) and states figures to
condition on (`given`, `impose`, `tilt`). Must never know which levers there are, nor see a path.
"""

from __future__ import annotations

from bayu_forecast.scenarios.algebra import apply, decided
from bayu_forecast.scenarios.assumption import Assumption
from bayu_forecast.scenarios.conditions import Given, Impose, Tilt
from bayu_forecast.scenarios.describe import describe
from bayu_forecast.scenarios.pins import given, impose, tilt
from bayu_forecast.scenarios.read import read_scenarios
from bayu_forecast.scenarios.spec import Question, Scenario, ScenarioSet
from bayu_forecast.scenarios.verbs import add, delay, hold, holiday, new_event, ramp, scale, set_to, stop, tranches
from bayu_forecast.scenarios.write import write_scenarios

__all__ = [
    "Assumption", "Given", "Impose", "Question", "Scenario", "ScenarioSet", "Tilt", "add", "apply", "decided", "delay", "describe", "given",
    "hold", "holiday", "impose", "new_event", "ramp", "read_scenarios", "scale", "set_to", "stop", "tilt", "tranches", "write_scenarios",
]
