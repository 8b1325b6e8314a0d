"""The public conformance suite: whether a forecaster keeps the contract (floor F7).

Needs no test runner; each check has a name that pytest shows as an id.
"""

from bayu_forecast.testing.suite import Check, check_forecaster, checks_for

__all__ = ["Check", "check_forecaster", "checks_for"]
