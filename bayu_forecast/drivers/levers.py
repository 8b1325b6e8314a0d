"""Levers: drivers, measures, actions and safeguards as one table of inputs, and how they act on the inputs of drivers.

Floor F3 (drivers). It multiplies inputs by stated weights; it must never know what a driver achieves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayu_forecast.errors import SchemaError
from bayu_forecast.specs import DriverSpec

INPUT, EXECUTION = "input", "execution"
#: execution is Beta(8, 2), of mean 0.8, and cannot exceed the whole: the most by which safeguards can raise what is paid
EXECUTION_CEILING = 1.0 / 0.8
NEEDED = ("lever", "driver", "weight", "role")


def lever_inputs(paths: pd.DataFrame, levers: pd.DataFrame) -> pd.DataFrame:
    """Return the inputs of all levers by month: drivers in their units, measures, actions and safeguards as intensity 1.

    An action is a lever over its measures: the id of a measure begins with the id of its action.

    Parameters
    ----------
    paths : DataFrame (month, driver)
        From :func:`~bayu_forecast.drivers.input_paths`.
    levers : DataFrame
        Columns ``lever``, ``driver``, ``weight``, ``role``, as in ``known.levers``.

    Returns
    -------
    DataFrame (month, lever)
        The drivers, then actions, measures and safeguards; ``attrs["default"]`` is unchanged intensity.

    Raises
    ------
    SchemaError
        When the table lacks a column or names a driver without path.

    Examples
    --------
    >>> paths = pd.DataFrame({"trade_in": [5.0]}, index=pd.date_range("2025-01", periods=1, freq="MS"))
    >>> table = pd.DataFrame({"lever": ["A3M09"], "driver": ["trade_in"], "weight": [0.1], "role": ["input"]})
    >>> lever_inputs(paths, table).to_dict("records")
    [{'trade_in': 5.0, 'A3': 1.0, 'A3M09': 1.0}]
    """
    _check(paths, levers)
    names = sorted(set(levers["lever"]))
    actions = sorted({action_of(n) for n in names} - {""})
    ones = pd.DataFrame(1.0, index=paths.index, columns=[*actions, *names])
    return pd.concat([paths, ones], axis=1).rename_axis(columns="lever")


def action_of(lever: str) -> str:
    """Return the action of a measure, from its id; empty for what is no measure.

    Parameters
    ----------
    lever : str
        Such as ``A3M09``.

    Returns
    -------
    str
        Such as ``A3``.

    Examples
    --------
    >>> action_of("A3M09"), action_of("S1")
    ('A3', '')
    """
    action, mark, number = lever.partition("M")
    return action if mark and action[1:].isdigit() and number.isdigit() else ""


def apply_intensities(paths: pd.DataFrame, levers: pd.DataFrame, intensities: pd.DataFrame) -> pd.DataFrame:
    r"""Return the inputs of drivers after measures, actions and safeguards were moved.

    A driver's input is multiplied by :math:`\max(0, 1 + \sum_l w_l (i_l - 1))` over the measures that move it and, for
    money, by the same sum over safeguards, which cannot raise execution above the whole. The intensity of an action
    multiplies that of each of its measures. Intensities of one leave every bit as it was.

    Parameters
    ----------
    paths : DataFrame (month, driver)
        Inputs of drivers.
    levers : DataFrame
        As in :func:`lever_inputs`.
    intensities : DataFrame (month, lever)
        Intensities of measures, actions and safeguards; levers left out have 1. Further columns, such as drivers, are not read.

    Returns
    -------
    DataFrame (month, driver)

    Raises
    ------
    SchemaError
        When the months differ or an intensity is negative or not finite.

    Examples
    --------
    >>> months = pd.date_range("2025-01", periods=2, freq="MS")
    >>> paths = pd.DataFrame({"structural": [0.5, 1.0]}, index=months)
    >>> table = pd.DataFrame({"lever": ["A1M01", "A1M02"], "driver": "structural", "weight": [0.25, 0.75], "role": "input"})
    >>> apply_intensities(paths, table, pd.DataFrame({"A1M02": [1.0, 0.0]}, index=months))["structural"].tolist()
    [0.5, 0.25]
    """
    _check(paths, levers)
    names = {*levers["lever"], *(action_of(n) for n in levers["lever"])}
    given = intensities[[c for c in intensities.columns if c in names]]
    if not given.index.equals(paths.index):
        raise SchemaError("intensities and paths are of different months: pass both over the same ones", names=["month"])
    odd = [str(c) for c in given if not np.all(np.isfinite(given[c]) & (given[c] >= 0.0))]
    if odd:
        raise SchemaError(f"intensities of {odd} are negative or missing: 0 is without it, 1 as planned", names=odd)
    moved = paths.copy()
    for driver in sorted(set(levers["driver"])):
        moved[driver] = paths[driver] * _factor(levers, given, driver, INPUT) * _factor(levers, given, driver, EXECUTION)
    return moved


def _factor(levers: pd.DataFrame, given: pd.DataFrame, driver: str, role: str) -> pd.Series:
    """By how much the input of a driver is multiplied."""
    factor = pd.Series(1.0, index=given.index)
    for lever, weight in levers.loc[levers["driver"].eq(driver) & levers["role"].eq(role), ["lever", "weight"]].itertuples(index=False):
        factor = factor + weight * (given.get(lever, 1.0) * given.get(action_of(lever), 1.0) - 1.0)
    return factor.clip(lower=0.0, upper=EXECUTION_CEILING if role == EXECUTION else None)


def lever_table(levers: pd.DataFrame, specs: Sequence[DriverSpec]) -> pd.DataFrame:
    """Return all levers with what each is: id, kind, unit and the drivers it moves.

    Parameters
    ----------
    levers : DataFrame
        As in :func:`lever_inputs`.
    specs : sequence of DriverSpec
        The drivers.

    Returns
    -------
    DataFrame
        ``lever``, ``kind`` (driver, action, measure, safeguard), ``unit``, ``drivers`` (tuple); drivers first.

    Examples
    --------
    >>> table = pd.DataFrame({"lever": ["A3M09", "S1"], "driver": "trade_in", "weight": [0.1, 0.05], "role": ["input", "execution"]})
    >>> lever_table(table, [])["kind"].tolist()
    ['action', 'measure', 'safeguard']
    """
    rows = [(s.id, "driver", s.unit, (s.id,)) for s in specs]
    moved = {str(name): tuple(sorted(set(own))) for name, own in levers.groupby("lever")["driver"]}
    for action in sorted({action_of(n) for n in moved} - {""}):
        under = sorted({d for name, drivers in moved.items() if action_of(name) == action for d in drivers})
        rows.append((action, "action", "1", tuple(under)))
    rows += [(n, "measure" if action_of(n) else "safeguard", "1", d) for n, d in moved.items()]
    return pd.DataFrame(rows, columns=["lever", "kind", "unit", "drivers"])


def _check(paths: pd.DataFrame, levers: pd.DataFrame) -> None:
    """Refuse a table of levers that does not fit the paths."""
    missing = [c for c in NEEDED if c not in levers]
    if missing:
        raise SchemaError(f"the table of levers lacks {missing}; pass known.levers", names=missing, expected=NEEDED)
    odd = sorted(set(levers["driver"]) - set(paths.columns))
    if odd:
        raise SchemaError(f"levers move drivers without an input path: {odd}", names=odd)
