"""Doses of levers: how more of an input is spread over months, and what each path then says of a target.

Floor F6. Every dose is asked of the same samples; it must never reduce over them, nor decide which dose is wanted.
"""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayu_forecast.errors import ExtrapolationWarning, HorizonError, ScenarioError, SpecificationError, UnknownNameError
from bayu_forecast.paths.figures import combine
from bayu_forecast.paths.grammar import ABOUT
from bayu_forecast.scenarios import Scenario, add
from bayu_forecast.scenarios.places import check_month, nearest
from bayu_forecast.schema.names import BASELINE, SCENARIO, UNIT_RATIO
from bayu_forecast.simulation import Worlds
from bayu_forecast.specs import Target
from bayu_forecast.targets.events import AS_PRINTED, read, require_series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster

    Array = NDArray[np.float64]

#: exact runs a lever, from which the paths in between are read
NODES = 7
_RISING = (">=", ">", ABOUT)


def find_target(known: Snapshot, target: Target | str) -> Target:
    """Return a target by its id among those issued by the date; a target itself is taken as it is."""
    if isinstance(target, Target):
        return target
    issued = {t.id: t for t in known.targets_issued}
    if target not in issued:
        raise UnknownNameError(f"no target {target!r} was issued by {known.as_of}: expected {nearest(str(target), issued)}", names=[target])
    return issued[target]


def margin(target: Target, paths: xr.Dataset) -> xr.DataArray:
    """Return by how much each path meets a target, the least of its conditions: not negative where it is met."""
    conditions = read(target)
    require_series(target, conditions, paths)
    parts = []
    for condition in conditions:
        slack = target.tolerance if condition.op == ABOUT else 0.0
        above = combine(condition.terms, paths, target.basis == AS_PRINTED) - (condition.threshold - slack)
        parts.append(above if condition.op in _RISING else -above)
    return functools.reduce(xr.ufuncs.minimum, parts)


@dataclasses.dataclass(frozen=True, slots=True)
class Dosing:
    """A lever and how one unit of its dose is spread over months.

    Attributes
    ----------
    lever, unit : str
        Identity, and the unit of the dose.
    months : tuple of str
        Months that take part.
    weights : array (month,)
        Input of each month for a dose of one: summing to one where inputs add up (money, counts, days), all one where they are a
        level held in every month (an intensity, a status, growth).
    """

    lever: str
    unit: str
    months: tuple[str, ...]
    weights: Array

    def plan(self, dose: float) -> Array:
        """Additional input by month."""
        return self.weights * dose


def dosing(worlds: Worlds, lever: str, last_year: int, start: str | None = None) -> Dosing:
    """Spread a lever's dose over the months from the start to the end of a year, as its programme was announced.

    Parameters
    ----------
    worlds : Worlds
        Of a model fitted on a design with drivers.
    lever : str
        Id of a driver, measure, action or safeguard.
    last_year : int
        Its December is the last month.
    start : str, optional
        First month, ``YYYY-MM``; the month after the date by default.

    Returns
    -------
    Dosing
        Evenly where nothing is announced of the lever in these months.

    Raises
    ------
    ScenarioError
        When the design has no drivers, or the start is no month.
    UnknownNameError
        When there is no such lever.
    HorizonError
        When no month is left.
    """
    if worlds.shifts is None:
        raise ScenarioError("the model's design has no drivers, so no lever has a dose: fit on design(known)", names=[lever])
    announced = worlds.shifts.frames[0]
    if lever not in announced:
        raise UnknownNameError(f"unknown lever {lever!r}: expected {nearest(lever, map(str, announced.columns))}", names=[lever])
    next_month = pd.Timestamp(worlds.known.as_of).to_period("M") + 1
    first = pd.Period(check_month(start, "start"), "M") if start is not None else next_month
    months = pd.period_range(first, pd.Period(f"{last_year}-12", "M"), freq="M")
    if first < next_month or len(months) == 0:
        raise HorizonError(f"a dose of {lever!r} cannot be given from {first} to {last_year}-12: the months after the date, up to the end "
                           "of the target's year, are open", got=str(first))  # fmt: skip
    spec = next((s for s in worlds.shifts.inputs.specs if s.id == lever), None)
    unit = announced.attrs["units"].get(lever, UNIT_RATIO)
    if unit == UNIT_RATIO or (spec is not None and spec.kind in ("intensity", "growth")):
        return Dosing(lever, unit, tuple(map(str, months)), np.ones(len(months)))
    plan = announced[lever].reindex(months.to_timestamp()).to_numpy(dtype=np.float64)
    weights = plan if (plan >= 0.0).all() and plan.sum() > 0.0 else np.ones(len(months))
    return Dosing(lever, unit, tuple(map(str, months)), weights / weights.sum())


class DoseRuns:
    """Exact answers of the same samples to doses of some levers on top of a scenario.

    Parameters
    ----------
    model, known, target, scenario, samples, rng, horizon, start
        As in :func:`bayu_forecast.solve`.
    levers : sequence of str
        In the order of the doses.
    """

    def __init__(self, model: StructuralForecaster, known: Snapshot, levers: Sequence[str], target: Target | str, *,
                 start: str | None = None, scenario: Scenario | None = None, samples: int = 20000, rng: int = 0,
                 horizon: str | None = None) -> None:  # fmt: skip
        self.target = find_target(known, target)
        self.scenario = Scenario(BASELINE) if scenario is None else scenario
        self.worlds = Worlds(model, known, horizon=horizon or f"{self.target.period}-12", samples=samples, rng=rng)
        self.dosings = [dosing(self.worlds, lever, self.target.period, start) for lever in levers]
        self.samples = samples

    def at(self, doses: Sequence[float] | Array, *, quiet: bool = True) -> Array:
        """Margins (sample,) under doses, one a lever; ``quiet`` keeps back the warning of inputs beyond history."""
        with warnings.catch_warnings():
            if quiet:
                warnings.simplefilter("ignore", ExtrapolationWarning)
            paths = self.worlds.run(self._with(doses))
        return margin(self.target, paths).isel({SCENARIO: 0}).to_numpy()

    def along(self, lever: int, doses: Array, others: Array) -> Array:
        """Margins (dose, sample) of one lever's doses, the others held."""
        points = np.tile(others, (len(doses), 1))
        points[:, lever] = doses
        return np.stack([self.at(point) for point in points])

    def _with(self, doses: Sequence[float] | Array) -> Scenario:
        """The scenario and the doses, as assumptions by month."""
        more = [
            add(d.lever, float(amount), start=month, end=month)
            for d, dose in zip(self.dosings, doses, strict=True) for month, amount in zip(d.months, d.plan(float(dose)), strict=True)
            if amount != 0.0
        ]  # fmt: skip
        if not more:
            return self.scenario
        name = f"{self.scenario.name} and {', '.join(d.lever for d in self.dosings)}"
        return dataclasses.replace(self.scenario, name=name, assumptions=self.scenario.assumptions + tuple(more))


def limits(bounds: object, lever: str) -> tuple[float, float]:
    """Read a lever's lowest and highest dose."""
    try:
        low, high = (float(b) for b in bounds)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        low, high = np.nan, np.nan
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise SpecificationError(f"bounds {bounds!r} of lever {lever!r}: expected the lowest and the highest dose, two numbers in order",
                                 names=[lever], got=bounds)  # fmt: skip
    return low, high
