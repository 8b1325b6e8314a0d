"""What a quantity becomes with some parts of a policy on and the others off, in the same samples.

Floor F6 (attribution). A part is off when its input is nought in every month that begins after the date; only what drivers
do differs between coalitions, so their shifts are kept and used again.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from bayu_forecast.attribution.asked import answer, series_of
from bayu_forecast.drivers import MONTHS_AHEAD, apply_intensities
from bayu_forecast.errors import ScenarioError, UnknownNameError
from bayu_forecast.scenarios import Scenario, apply, decided
from bayu_forecast.schema.names import BASELINE, PATH_DIMS, SCENARIO, SERIES
from bayu_forecast.simulation.linked import moved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.simulation import Worlds
    from bayu_forecast.specs import DriverSpec, Target

    Array = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: digits of a factor below which two coalitions have the same inputs: sums of weights in another order
_DIGITS = 12
#: answers that are worked out together
_TOGETHER = 16


class Game(Protocol):
    """Coalitions of players, and the answer of each."""

    def answers(self, on: Bools) -> tuple[Array, NDArray[np.intp]]:
        """Distinct answers (answer, 2, sample) and which of them each coalition (row of ``on``) has."""
        ...


class Judge:
    """Quantity and event of a target for shifts of the region's retail total and of the series linked to it.

    Parameters
    ----------
    worlds : Worlds
        The samples.
    target : Target
        What is asked.
    """

    def __init__(self, worlds: Worlds, target: Target) -> None:
        template = worlds.run(Scenario(BASELINE))
        held, wanted = [str(s) for s in template.indexes[SERIES]], series_of(target)
        if missing := [s for s in wanted if s not in held]:
            raise UnknownNameError(f"target {target.id!r} speaks of {missing}, the paths hold {held}: ask of another target",
                                   names=missing, expected=held)
        self.worlds, self.target = worlds, target
        self.template = template.sel({SERIES: wanted})
        self.linked = worlds.linked if worlds.linked is not None and set(wanted) & set(worlds.linked[SERIES].values) else None

    def __call__(self, shifts: Iterable[Array]) -> Array:
        """Quantity and event (answer, 2, sample) under each of the shifts (series, sample, month), as ``DriverShifts.of`` gives them."""
        todo, out = iter(shifts), []
        while some := list(itertools.islice(todo, _TOGETHER)):
            out.append(self._answers(some))
        return np.concatenate(out)

    def _answers(self, shifts: list[Array]) -> Array:
        """As if each shift were a scenario of one set of paths."""
        value = np.repeat(self.template["value"].transpose(*PATH_DIMS).to_numpy(), len(shifts), axis=0)
        places = {str(name): place for place, name in enumerate(self.template.indexes[SERIES])}
        for own, paths in zip(shifts, value, strict=True):
            for name, path in self._series(own).items():
                if name in places:
                    paths[:, places[name]] = path[: self.worlds.samples]
        asked = self.template.isel({SCENARIO: [0] * len(shifts)}).assign_coords({SCENARIO: np.arange(len(shifts))})
        quantity, event = answer(self.target, asked.assign(value=(PATH_DIMS, value)))
        return np.stack([quantity.to_numpy(), event.to_numpy().astype(np.float64)], axis=1)

    def _series(self, own: Array) -> dict[str, Array]:
        """Paths (sample, month) of the retail total, and of the series linked to it where they are asked for."""
        worlds = self.worlds
        retail = worlds.drawn["value"].sel({SERIES: worlds.name}) * np.exp(own[0])
        if self.linked is None:
            return {worlds.name: retail.to_numpy()}
        before = worlds.baseline.sel({SERIES: worlds.name})
        linked = moved(self.linked, before, retail, worlds.known.region.linked, worlds.linked_shifts(own))
        return {worlds.name: retail.to_numpy()} | {str(s): linked.sel({SERIES: s}).to_numpy() for s in linked[SERIES].values}


class LeverGame:
    """Players are actions, measures or drivers, over the inputs of one scenario.

    Parameters
    ----------
    judge : Judge
        The answers.
    scenario : Scenario
        What the players that are on do.
    players : list of str
        Ids of actions or measures, or of drivers.
    """

    def __init__(self, judge: Judge, scenario: Scenario, players: list[str]) -> None:
        shifts = judge.worlds.shifts
        if shifts is None:
            raise ScenarioError("the design has no drivers, so nothing can be attributed to them: fit on design(known)", names=players)
        self.judge, self.players, self.shifts = judge, players, shifts
        ended, self.asked = (apply(scenario, frame) for frame in shifts.frames)
        self.ended = ended.where(~decided(scenario, shifts.frames[1]), self.asked)
        self.own = shifts.of(scenario)[0]
        self.specs = {spec.id: spec for spec in shifts.inputs.specs}
        levers = shifts.inputs.levers
        self.given = self.asked[[c for c in self.asked if c not in self.specs]]
        self.full = self._factor(self.given.reset_index(drop=True))
        # months of the future in which every lever is as in another one need no row of their own
        rows, self.month = np.unique(self.given[shifts.future], axis=0, return_inverse=True)
        self.rows = pd.DataFrame(rows, columns=self.given.columns)
        # a driver without any input to come, or soon to begin, is nothing, whatever it is multiplied by
        near = shifts.future & (np.arange(len(shifts.future)) < shifts.last + MONTHS_AHEAD)
        later = ((self.ended != 0.0) | (self.asked != 0.0))[near].any()
        self.moved = [d for d in self.specs if later[d] and (d in players or d in set(levers["driver"]))]
        self._kept: dict[tuple[str, bytes], Array] = {}

    def _factor(self, intensities: pd.DataFrame) -> pd.DataFrame:
        """By how much each driver's input is multiplied under rows of intensities."""
        ones = pd.DataFrame(1.0, index=intensities.index, columns=list(self.specs))
        return apply_intensities(ones, self.shifts.inputs.levers, intensities)

    def answers(self, on: Bools) -> tuple[Array, NDArray[np.intp]]:
        """Distinct answers (answer, 2, sample) and which of them each coalition (row of ``on``) has."""
        factor = self._factors(on)
        keys = [one.tobytes() for one in factor]
        first = {key: i for i, key in reversed(list(enumerate(keys)))}
        order = {key: place for place, key in enumerate(first)}
        answers = self.judge(self._shift(factor[i]) for i in first.values())
        return answers, np.array([order[key] for key in keys], dtype=np.intp)

    def _factors(self, on: Bools) -> Array:
        """Factor (coalition, driver, row) of the input of each driver that can move."""
        n, r = len(on), len(self.rows)
        frame = self.rows.iloc[np.tile(np.arange(r), n)].reset_index(drop=True)
        for place, player in enumerate(self.players):
            if player in frame:
                frame[player] = frame[player] * np.repeat(on[:, place], r)
        factor = self._factor(frame)[self.moved].to_numpy(copy=True).reshape(n, r, len(self.moved))
        for place, player in enumerate(self.players):
            if player in self.moved:
                factor[:, :, self.moved.index(player)] *= on[:, None, place]
        return np.ascontiguousarray(np.round(factor.transpose(0, 2, 1), _DIGITS))

    def _shift(self, factor: Array) -> Array:
        """Shifts (series, sample, month): the scenario's, and what changes where a driver's factor differs from the scenario's."""
        own = self.own.copy()
        for driver, rows in zip(self.moved, factor, strict=True):
            change = self._change(self.specs[driver], rows)
            if change is not None:
                own[self.shifts.moves.index(self.specs[driver].acts_on)] += change
        return own

    def _change(self, spec: DriverSpec, rows: Array) -> Array | None:
        """What another factor of one driver's future input does to the shift; None where its input stays what it is."""
        full = self.full[spec.id].to_numpy()
        factor = full.copy()
        factor[self.shifts.future] = rows[self.month.reshape(-1)]
        if np.array_equal(np.round(factor, _DIGITS), np.round(full, _DIGITS)):
            return None
        ended, asked = self.ended[spec.id].to_numpy(), self.asked[spec.id].to_numpy()
        key = (spec.id, rows.tobytes())
        if key not in self._kept:
            own = self.shifts.inputs.own
            now, before = (self.shifts.shift(spec, own, ended * f, asked * f) for f in (factor, full))
            self._kept[key] = now - before
        return self._kept[key]


class AssumptionGame:
    """Players are the assumptions of one scenario; with none on it is the baseline.

    Parameters
    ----------
    judge : Judge
        The answers.
    scenario : Scenario
        The assumptions, which act in its order.
    """

    def __init__(self, judge: Judge, scenario: Scenario) -> None:
        if judge.worlds.shifts is None:
            raise ScenarioError(f"scenario {scenario.name!r} moves levers and the design has no drivers: fit on design(known)",
                                names=[scenario.name])
        self.judge, self.scenario, self.shifts = judge, scenario, judge.worlds.shifts

    def answers(self, on: Bools) -> tuple[Array, NDArray[np.intp]]:
        """One answer (2, sample) a coalition."""
        return self.judge(self.shifts.of(self._part(row))[0] for row in on), np.arange(len(on))

    def _part(self, on: Bools) -> Scenario:
        """The scenario with the assumptions that are on alone."""
        kept = tuple(a for a, is_on in zip(self.scenario.assumptions, on, strict=True) if is_on)
        return Scenario(BASELINE) if not kept else dataclasses.replace(self.scenario, assumptions=kept, conditions=())
