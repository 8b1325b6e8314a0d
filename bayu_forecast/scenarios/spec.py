"""Scenarios: named bundles of assumptions and conditions, and ordered sets of them.

Floor F3 (scenarios). A scenario is an axis of the inputs, never a step after the forecast. Must never hold a path.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY
from typing import Final

from bayu_forecast.scenarios.assumption import Assumption
from bayu_forecast.scenarios.checks import check_number, check_text
from bayu_forecast.scenarios.conditions import Condition, Given, Impose, Tilt
from bayu_forecast.scenarios.contradictions import check_assumptions, check_conditions
from bayu_forecast.scenarios.places import Place, check_date, check_month, refuse
from bayu_forecast.scenarios.units import NATIVE, kind_of
from bayu_forecast.schema.names import BASELINE

#: more would be a mistake, and makes a hostile file cheap to refuse
MOST: Final = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Scenario:
    """A named bundle of assumptions on levers, applied in order, and of conditions on figures.

    Attributes
    ----------
    name : str
        Its label on the axis ``scenario``; ``baseline`` is kept for the one without changes.
    assumptions : tuple of Assumption
        Interventions; a later one sees what the earlier ones left.
    title_zh, title_en : str
        What tables and charts call it.
    weight : float or None
        Probability of the storyline, above 0 and at most 1; without one it is never averaged.
    conditions : tuple of Given, Impose or Tilt
        What the paths are conditioned on.
    as_of : str
        Date ``YYYY-MM-DD`` it was written for; assumptions without a start begin in the month after it.
    source, note : str
        Where it comes from, what to know of it.
    place : Place or None
        Line of the file; no part of equality.

    Raises
    ------
    ScenarioError
        When statements contradict each other (both are named), or something is missing or impossible.

    Examples
    --------
    >>> from bayu_forecast.scenarios import scale, set_to
    >>> Scenario("stop trade-in", [set_to("trade_in", 0.0, start="2025-02")]).levers
    ('trade_in',)
    >>> Scenario("both", [set_to("trade_in", 0.0, start="2025-02"), set_to("trade_in", 9.0, start="2025-06")])
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.ScenarioError: scenario 'both' contradicts itself from 2025-06 on: 'set trade_in 9 ...' erases 'set trade_in 0 ...
    """

    name: str
    assumptions: tuple[Assumption, ...] = ()
    _: KW_ONLY
    title_zh: str = ""
    title_en: str = ""
    weight: float | None = None
    conditions: tuple[Condition, ...] = ()
    as_of: str = ""
    source: str = ""
    note: str = ""
    place: Place | None = dataclasses.field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_text(self.name, "scenario name", self.place)
        for words in ("title_zh", "title_en", "source", "note"):
            check_text(getattr(self, words), words, self.place, empty=True)
        if self.as_of:
            check_date(self.as_of, "as_of", self.place)
        self._keep("assumptions", (Assumption,), "set_to, add, scale and the like")
        self._keep("conditions", (Given, Impose, Tilt), "given, impose and tilt")
        self._check_weight()
        if self.name == BASELINE and (self.assumptions or self.conditions):
            refuse("scenario 'baseline' changes something", expected="nothing in it: it is what the others are compared with",
                   step="give the scenario another name", place=self.place, names=[self.name])
        check_assumptions(self.name, self.assumptions, self.as_of)
        check_conditions(self.name, self.conditions)

    def _keep(self, field: str, kinds: tuple[type, ...], verbs: str) -> None:
        """Keep a sequence as a tuple of statements of the right kind."""
        given: object = getattr(self, field)
        items = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
        if len(items) > MOST or not all(isinstance(item, kinds) for item in items):
            refuse(f"{field} of scenario {self.name!r} are not usable", expected=f"a list of at most {MOST}, as made by {verbs}",
                   step="interventions belong into assumptions, pins and views into conditions", place=self.place, names=[self.name])
        object.__setattr__(self, field, items)

    def _check_weight(self) -> None:
        if self.weight is None:
            return
        object.__setattr__(self, "weight", check_number(self.weight, "weight", self.place))
        if not 0.0 < self.weight <= 1.0:
            refuse(f"weight {self.weight:g} of scenario {self.name!r}", expected="a probability above 0 and at most 1",
                   step="leave weights out where nobody can state them", place=self.place, names=[self.name])

    @property
    def levers(self) -> tuple[str, ...]:
        """The levers it moves, each once, in order."""
        return tuple(dict.fromkeys(assumption.lever for assumption in self.assumptions))

    def __or__(self, other: Scenario | ScenarioSet) -> ScenarioSet:
        """A set of this scenario and others, in order."""
        return ScenarioSet((self,)) | other


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a file of scenarios asks: of which region, how far, of which targets, and the dose it looks for.

    Attributes
    ----------
    region, horizon : str
        Such as ``chongqing`` and the last month ``2027-12``; empty where the file leaves it to the reader.
    targets : tuple of str
        Ids; empty for all that are known at the date.
    lever, target : str
        What :func:`solve` may move, and for which target; both empty when nothing is to be solved.
    probability : float or None
        That the dose shall reach, strictly between 0 and 1.
    bounds : tuple of float
        Lowest and highest dose, in ``unit``.
    unit : str
        Of the bounds; ``native`` for the lever's own.
    place : Place or None
        Line of the file; no part of equality.

    Examples
    --------
    >>> Question(lever="trade_in", target="retail_total_2025", probability=0.8, bounds=(0.0, 100.0), unit="亿元").bounds
    (0.0, 100.0)
    """

    region: str = ""
    horizon: str = ""
    targets: tuple[str, ...] = ()
    lever: str = ""
    target: str = ""
    probability: float | None = None
    bounds: tuple[float, ...] = ()
    unit: str = NATIVE
    place: Place | None = dataclasses.field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for words in ("region", "lever", "target"):
            check_text(getattr(self, words), words, self.place, empty=True)
        for target in self.targets:
            check_text(target, "target", self.place)
        object.__setattr__(self, "targets", tuple(self.targets))
        if self.horizon:
            check_month(self.horizon, "horizon", self.place)
        kind_of(self.unit, self.place)
        self._check_dose()

    def _check_dose(self) -> None:
        object.__setattr__(self, "bounds", tuple(check_number(bound, "bound", self.place) for bound in self.bounds))
        stated = [bool(self.lever), bool(self.target), self.probability is not None, bool(self.bounds)]
        if any(stated) and not all(stated):
            refuse("a dose is asked for in part", expected="lever, target, probability and bounds together", place=self.place,
                   step="add what is missing, or leave all four out")
        if self.probability is not None:
            object.__setattr__(self, "probability", check_number(self.probability, "probability", self.place))
            if not 0.0 < self.probability < 1.0:
                refuse(f"probability {self.probability:g} of target {self.target!r}", expected="a probability strictly between 0 and 1",
                       step="no dose makes a target certain", place=self.place, names=[self.target])
        if self.bounds and not (len(self.bounds) == 2 and self.bounds[0] < self.bounds[1]):
            refuse(f"bounds {list(self.bounds)} of lever {self.lever!r}", expected="the lowest and the highest dose, in this order",
                   step="write [lowest, highest]", place=self.place, names=[self.lever])


@dataclasses.dataclass(frozen=True, slots=True)
class ScenarioSet:
    """Scenarios in order, each name once, and what they are to be asked.

    Attributes
    ----------
    scenarios : tuple of Scenario
        In the order of the axis ``scenario``.
    question : Question or None
        What a file asks of them.

    Raises
    ------
    ScenarioError
        When a name occurs twice.

    Examples
    --------
    >>> from bayu_forecast.scenarios import stop
    >>> plans = ScenarioSet.baseline() | Scenario("no subsidy", [stop("trade_in", start="2025-02")])
    >>> plans.names
    ('baseline', 'no subsidy')
    >>> plans.average({"baseline": 1.0, "no subsidy": 0.5})
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.ScenarioError: scenarios without a weight cannot be averaged: baseline, no subsidy. ...
    """

    scenarios: tuple[Scenario, ...]
    question: Question | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scenarios", tuple(self.scenarios))
        first: dict[str, Scenario] = {}
        for scenario in self.scenarios:
            earlier = first.setdefault(scenario.name, scenario)
            # the baseline says nothing, so saying it twice in one set is still a slip
            if earlier is not scenario or self.names.count(scenario.name) > 1:
                refuse(f"two scenarios are called {scenario.name!r}{_and_at(earlier, scenario)}", expected="every name once",
                       step="give one of them another name", place=scenario.place, names=[scenario.name])

    @classmethod
    def baseline(cls) -> ScenarioSet:
        """The set of the one scenario without changes.

        Returns
        -------
        ScenarioSet
            To be joined with others by ``|``.

        Examples
        --------
        >>> len(ScenarioSet.baseline())
        1
        """
        return cls((Scenario(BASELINE),))

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(scenario.name for scenario in self.scenarios)

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each scenario; a baseline without one beside weighted storylines is the yardstick and weighs nothing.

        Raises
        ------
        ScenarioError
            When some have no weight, or the weights do not sum to one.
        """
        weighted = any(scenario.weight is not None for scenario in self.scenarios)
        stated = {s.name: 0.0 if weighted and s.name == BASELINE and s.weight is None else s.weight for s in self.scenarios}
        without = [name for name, weight in stated.items() if weight is None]
        if without or not stated:
            refuse(f"scenarios without a weight cannot be averaged: {', '.join(without) or 'the set is empty'}",
                   expected="a weight for every one, summing to 1", step="compare them side by side, or state their probabilities",
                   names=without, place=next((s.place for s in self.scenarios if s.name in without), None))
        weights = {name: weight for name, weight in stated.items() if weight is not None}
        if abs(math.fsum(weights.values()) - 1.0) > 1e-9:
            refuse(f"weights sum to {math.fsum(weights.values()):g}", expected="weights that sum to 1", names=list(weights),
                   step="add the storyline that is missing, or scale them", place=self.scenarios[-1].place)
        return weights

    def average(self, values: Mapping[str, float]) -> float:
        """Mean of one number a scenario under the weights; storylines without weights are never averaged.

        Parameters
        ----------
        values : mapping of str to float
            One number for each scenario.

        Returns
        -------
        float
            The weighted mean.

        Raises
        ------
        ScenarioError
            When weights are missing or do not sum to one.

        Examples
        --------
        >>> (Scenario("a", weight=0.25) | Scenario("b", weight=0.75)).average({"a": 1.0, "b": 3.0})
        2.5
        """
        return math.fsum(weight * values[name] for name, weight in self.weights.items())

    def __or__(self, other: Scenario | ScenarioSet) -> ScenarioSet:
        """Both, in order; a name may occur once, and only one of them may ask a question."""
        more = other if isinstance(other, ScenarioSet) else ScenarioSet((other,))
        if self.question and more.question and self.question != more.question:
            refuse("two sets ask different questions", expected="one question for all scenarios of a run",
                   step="join the scenarios only: ScenarioSet(tuple(one) + tuple(other))", place=more.question.place)
        return ScenarioSet(self.scenarios + more.scenarios, self.question or more.question)

    def __iter__(self) -> Iterator[Scenario]:
        return iter(self.scenarios)

    def __len__(self) -> int:
        return len(self.scenarios)

    def __getitem__(self, name: str) -> Scenario:
        for scenario in self.scenarios:
            if scenario.name == name:
                return scenario
        raise KeyError(name)


def _and_at(first: Scenario, second: Scenario) -> str:
    """Where the first of two stands, if both were read from files."""
    return f", the first at {first.place}" if first.place and second.place else ""
