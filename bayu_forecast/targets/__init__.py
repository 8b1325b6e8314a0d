"""Targets: dated questions about sample paths, and the verdict with everything that it needs to be read.

Floor F6. A verdict never fits nor simulates; what it would take asks the same worlds again. No target is kept here: targets are data.
"""

from bayu_forecast.paths.grammar import parse_expression
from bayu_forecast.targets.allocate import allocate
from bayu_forecast.targets.events import evaluate
from bayu_forecast.targets.jointly import joint
from bayu_forecast.targets.rare import rare_probability_of
from bayu_forecast.targets.required import required_growth
from bayu_forecast.targets.required_path import required_path
from bayu_forecast.targets.sensitivity import sensitivity
from bayu_forecast.targets.solve import solve
from bayu_forecast.targets.verdict import assess

__all__ = ["allocate", "assess", "evaluate", "joint", "parse_expression", "rare_probability_of", "required_growth", "required_path",
           "sensitivity", "solve"]
