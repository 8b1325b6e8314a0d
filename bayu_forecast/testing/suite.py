"""Run the checks: one by one under a test runner, or all at once with a table of results.

Floor F7.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import cast

import pandas as pd

from bayu_forecast.models.base import Forecaster
from bayu_forecast.testing import contract_checks, input_checks  # noqa: F401 (importing them registers their checks)
from bayu_forecast.testing.cases import CHECKS, Case


@dataclass(frozen=True)
class Check:
    """One check of one forecaster: call it; it raises ``AssertionError`` or says nothing.

    Attributes
    ----------
    name : str
        Of the check, such as ``fewer_samples_are_a_prefix``.
    case : Case
        The forecaster under test.
    expected_failure : str
        Why it is known to fail; then passing is the failure.
    """

    name: str
    case: Case
    expected_failure: str = ""

    def __str__(self) -> str:
        """Id under a test runner."""
        return f"{self.case.prototype}-{self.name}".replace("\n", "").replace(" ", "")

    def __call__(self) -> None:
        """Run it."""
        run, _ = CHECKS[self.name]
        if not self.expected_failure:
            run(self.case)
            return
        try:
            run(self.case)
        except Exception:  # any way of failing is the one that was announced
            return
        raise AssertionError(f"{self} passes: take it out of expected_failures ({self.expected_failure!r})")


def checks_for(forecaster: Forecaster | type[Forecaster]) -> list[Check]:
    """List the checks that apply to a forecaster, for a test runner's parametrisation.

    Parameters
    ----------
    forecaster : Forecaster or class
        An unfitted forecaster; a class stands for one of each set of its ``example_params()``.

    Returns
    -------
    list of Check
        Those that its tags call for, with its ``expected_failures()`` marked.

    Raises
    ------
    AssertionError
        When an expected failure names no check.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> checks = checks_for(bf.Drift)
    >>> len(checks) > 25, str(checks[0])
    (True, 'Drift()-constructor_only_stores')

    With pytest: ``@pytest.mark.parametrize("check", bf.testing.checks_for(bf.Drift), ids=str)`` over ``def test(check): check()``.
    """
    if isinstance(forecaster, type):
        return [check for params in forecaster.example_params() for check in checks_for(forecaster(**params))]
    return _checks_of(cast("Forecaster", forecaster))  # scikit-learn is untyped: the question above narrows nothing


def _checks_of(forecaster: Forecaster) -> list[Check]:
    """The same for an instance."""
    known = forecaster.expected_failures()
    unknown = sorted(set(known) - set(CHECKS))
    assert not unknown, f"expected_failures of {type(forecaster).__name__} names no check: {unknown}; there are {sorted(CHECKS)}"
    case = Case(forecaster)
    return [Check(name, case, known.get(name, "")) for name, (_, applies) in CHECKS.items() if applies(forecaster.tags)]


def check_forecaster(forecaster: Forecaster | type[Forecaster]) -> pd.DataFrame:
    """Hold a forecaster to the contract.

    Parameters
    ----------
    forecaster : Forecaster or class
        As for :func:`checks_for`.

    Returns
    -------
    DataFrame (check, result, reason, seconds)
        ``result`` is ``passed`` or ``expected failure``.

    Raises
    ------
    AssertionError
        When a check fails, or an expected failure passes; the message names each with its reason.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> table = check_forecaster(bf.SeasonalNaive())
    >>> set(table["result"])
    {'passed'}
    """
    rows, failures = [], []
    for check in checks_for(forecaster):
        start = time.perf_counter()
        try:
            check()
        except Exception as error:  # every check is run, whatever the others do
            failures.append(f"{check}: {type(error).__name__}: {error}")
            continue
        result = "expected failure" if check.expected_failure else "passed"
        rows.append((check.name, result, check.expected_failure, time.perf_counter() - start))
    if failures:
        raise AssertionError(f"{len(failures)} of {len(failures) + len(rows)} checks failed\n" + "\n".join(failures))
    return pd.DataFrame(rows, columns=["check", "result", "reason", "seconds"])
