"""Targets: dated questions about sample paths, and the verdict with everything that it needs to be read.

Floor F6. It never fits, never simulates, and holds no target of its own: targets are data.
"""

from bayu_forecast.paths.grammar import parse_expression
from bayu_forecast.targets.events import evaluate
from bayu_forecast.targets.jointly import joint
from bayu_forecast.targets.required import required_growth
from bayu_forecast.targets.verdict import assess

__all__ = ["assess", "evaluate", "joint", "parse_expression", "required_growth"]
