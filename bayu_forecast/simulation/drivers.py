"""What drivers do to sample paths under a scenario: the same worlds, other inputs.

Floor F5. A driver's shift is its drawn coefficient times the response to the scenario's input less the response the design
was given, so a scenario that changes nothing gives the baseline bit for bit.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betaincinv, ndtr

from bayu_forecast._numeric.streams import normals, uniforms
from bayu_forecast.design.inputs import DRIVERS, DriverInputs, Layer
from bayu_forecast.drivers import apply_intensities, beyond_history, lever_inputs
from bayu_forecast.errors import ExtrapolationWarning
from bayu_forecast.scenarios import Scenario, apply, decided
from bayu_forecast.schema.names import REGRESSOR
from bayu_forecast.specs import DriverSpec

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

UNCERTAIN, ALL = "uncertain", "all"
#: calendar regressors that a scenario may move, in their own unit, beside what the calendar says
CALENDAR_LEVERS = {"days_off": "days"}


def positive(spec: DriverSpec, normal: Array) -> Array:
    """Carry normal draws of a coefficient to its prior's own law, quantile to quantile.

    The engine's posterior is normal; where figures say nothing it is the prior's normal twin, and this gives the prior itself.
    """
    z = (normal - spec.mean) / spec.sd
    if spec.family == "lognormal":
        return np.asarray(spec.parameters[0] * np.exp(spec.parameters[1] * z))
    if spec.family == "beta":
        return np.asarray(spec.parameters[2] * betaincinv(spec.parameters[0], spec.parameters[1], ndtr(z)))
    return normal


class DriverShifts:
    """Log shifts (sample, month) of the paths' months under any scenario, in the same samples.

    Parameters
    ----------
    inputs : DriverInputs
        What was known of drivers.
    drawn : Dataset
        Draws of a model fitted on ``design(known)``: ``coefficient`` and ``shape``.
    shapes : tuple of str
        Names of the points of the design's grid of payback shapes.
    first, last : int
        Months of the paths, counted from the design's first.
    seed : int
        Seed of execution and continuation.
    """

    def __init__(self, inputs: DriverInputs, drawn: xr.Dataset, shapes: tuple[str, ...], first: int, last: int, seed: int) -> None:
        self.inputs, self.shapes, self.first, self.last, self.seed = inputs, shapes, first, last, seed
        self.samples = drawn.sizes["sample"]
        self.drawn = drawn["coefficient"]
        self.shape = drawn["shape"].sel(block=DRIVERS).to_numpy()
        self.moves = ("", *dict.fromkeys(s.acts_on for s in inputs.specs if s.acts_on))
        self.multiplier = {s.id: positive(s, self._coefficient(s)) for s in inputs.specs}
        self.future = np.asarray(inputs.time > inputs.as_of)
        self.frames = tuple(self._frame(f) for f in (inputs.own.announced, inputs.own.announced + inputs.own.continued))
        years = inputs.time.year.to_numpy()
        self.year = years - years[0]
        self._leading: dict[str, Array] = {}
        self._as_planned: dict[str, Array] = {}

    def _coefficient(self, spec: DriverSpec) -> Array:
        """Normal draws of a coefficient: the model's, or the prior's where no figure of the series it moves is in the model."""
        if not spec.acts_on:
            return np.asarray(self.drawn.sel({REGRESSOR: spec.id}).to_numpy())
        return np.asarray(spec.mean + spec.sd * normals(self.seed, ("coefficient", spec.id), 1, self.samples)[0])

    def _frame(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """Inputs of all levers with their units, for a scenario to edit."""
        frame = lever_inputs(inputs, self.inputs.levers).assign(**dict.fromkeys(CALENDAR_LEVERS, 0.0))
        frame.attrs["units"] = {s.id: s.unit for s in self.inputs.specs} | CALENDAR_LEVERS
        return frame

    def of(self, scenario: Scenario) -> tuple[Array, Array]:
        """Shifts of the region's series and of the one it leans on; levers move the region's inputs alone.

        The region's are (series, sample, month), the series as in ``moves``: the retail total first, then linked ones.
        """
        ended, asked = (apply(scenario, frame) for frame in self.frames)
        factor = pd.DataFrame(1.0, index=asked.index, columns=[s.id for s in self.inputs.specs])
        fixed = pd.DataFrame(False, index=asked.index, columns=asked.columns)
        if scenario.assumptions:
            factor, fixed = apply_intensities(factor, self.inputs.levers, asked[list(scenario.levers)]), decided(scenario, self.frames[1])
        own, leading = np.zeros((len(self.moves), self.samples, self.last - self.first)), np.zeros((self.samples, self.last - self.first))
        for spec in self.inputs.specs:
            if_ended = np.where(fixed[spec.id], asked[spec.id], ended[spec.id]) * factor[spec.id].to_numpy()
            own[self.moves.index(spec.acts_on)] += self._own(spec, if_ended, (asked[spec.id] * factor[spec.id]).to_numpy())
            if spec.scope == ALL:
                leading += self._unchanged(spec)
        for lever in CALENDAR_LEVERS:
            change = asked[lever].to_numpy()[self.first : self.last]
            if change.any():
                own[0] += self.drawn.sel({REGRESSOR: lever}).to_numpy()[:, None] * change[None, :]
        self._warn(scenario, asked)
        return own, leading

    def _own(self, spec: DriverSpec, if_ended: Array, if_going_on: Array) -> Array:
        """Shift of the region's series; of a driver that a scenario leaves as planned it is computed once for all scenarios."""
        plan = tuple(frame[spec.id].to_numpy() for frame in self.frames)
        if not (np.array_equal(if_ended, plan[0]) and np.array_equal(if_going_on, plan[1])):
            return self.shift(spec, self.inputs.own, if_ended, if_going_on)
        if spec.id not in self._as_planned:
            self._as_planned[spec.id] = self.shift(spec, self.inputs.own, *plan)
        return self._as_planned[spec.id]

    def _unchanged(self, spec: DriverSpec) -> Array:
        """Shift of the leading series, the same in every scenario."""
        if spec.id not in self._leading:
            layer = self.inputs.leading
            announced = layer.announced[spec.id].to_numpy()
            self._leading[spec.id] = self.shift(spec, layer, announced, announced + layer.continued[spec.id].to_numpy())
        return self._leading[spec.id]

    def shift(self, spec: DriverSpec, layer: Layer, if_ended: Array, if_going_on: Array) -> Array:
        """Shift in log of a layer's series, samples by months: coefficient times the response to the input, less the design's.

        The inputs are by month from the start of the layer, one if the driver ends as announced and one if it goes on.
        """
        out = np.zeros((self.samples, self.last - self.first))
        given, as_given, moved = layer.expected(spec), layer.anticipated(spec), layer.anticipated(spec, if_ended)
        window = self._window(spec, given, if_ended, if_going_on, moved, as_given)
        inputs = self._inputs(spec, if_ended, if_going_on, window)
        if inputs.shape[0] == 1 and np.array_equal(inputs[0], given[window]) and np.array_equal(moved, as_given):
            return out
        here = slice(self.first - window.start, None)
        for i, shape in enumerate(self.shapes):
            mine = np.flatnonzero(self.shape == i)
            if len(mine):
                rows = inputs[mine] if len(inputs) > 1 else inputs
                told = layer.response(spec, given[None, window], as_given[window], shape)
                change = layer.response(spec, rows, moved[window], shape) - told
                out[mine] = self.multiplier[spec.id][mine, None] * change[:, here]
        return out

    def _window(self, spec: DriverSpec, *inputs: Array) -> slice:
        """Months from the first input to the paths' last, so that memory is whole and no month is carried for nothing."""
        some = np.logical_or.reduce([x != 0.0 for x in inputs])
        if spec.nature == UNCERTAIN:
            some |= self.future
        return slice(min(int(np.argmax(some)) if some.any() else self.first, self.first), self.last)

    def _inputs(self, spec: DriverSpec, if_ended: Array, if_going_on: Array, window: slice) -> Array:
        """Inputs (sample or 1, month): whether a programme goes on, and how much of the money is paid, drawn for each sample."""
        stated, more = if_ended[window], (if_going_on - if_ended)[window]
        rows = stated[None, :]
        if more.any():
            rows = rows + self.goes_on(spec)[:, None] * more[None, :]
        noisy = self.future[window] & (spec.execution_sd > 0.0)
        if spec.nature == UNCERTAIN and noisy.any():
            # what a scenario states of it is what happens; elsewhere it deviates year by year
            return np.asarray(rows + np.where(noisy & (stated == spec.default), spec.execution_sd * self._by_year(spec, window), 0.0))
        if (rows[:, noisy] != 0.0).any():
            executed = np.exp(spec.execution_sd * self._by_year(spec, window) - 0.5 * spec.execution_sd**2)
            return np.asarray(rows * np.where(noisy, executed, 1.0))
        return np.asarray(rows)

    def _by_year(self, spec: DriverSpec, window: slice) -> Array:
        """One standard normal a sample and year, spread over its months."""
        return np.asarray(self.execution(spec).T[:, self.year[window]])

    def execution(self, spec: DriverSpec) -> Array:
        """Standard normals (year, sample) of how much of the money is paid, the years counted from the design's first."""
        return normals(self.seed, ("execution", spec.id), int(self.year[-1]) + 1, self.samples)

    def goes_on(self, spec: DriverSpec) -> NDArray[np.bool_]:
        """Whether a running programme goes on after its announced end, (sample,)."""
        return np.asarray(uniforms(self.seed, ("continuation", spec.id), 1, self.samples)[0] < spec.continuation_probability)

    def _warn(self, scenario: Scenario, asked: pd.DataFrame) -> None:
        """Say which inputs leave what was ever seen: there the answer is the assumed shape."""
        if not scenario.assumptions:
            return
        ids = [s.id for s in self.inputs.specs if s.id in scenario.levers]
        seen, later = self.frames[1].loc[~self.future, ids], asked.loc[self.future, ids]
        flags = beyond_history(seen, later) if ids and len(seen) and len(later) else None
        if flags is not None and flags["beyond"].any():
            names = ", ".join(flags.index[flags["beyond"]])
            warnings.warn(
                f"scenario {scenario.name!r} takes {names} beyond its history: the response there is the assumed shape, not evidence",
                ExtrapolationWarning,
                stacklevel=4,
            )
