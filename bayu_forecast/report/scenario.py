"""The job of a file of scenarios: one fit, one set of samples, each scenario asked in turn, and what is said of them.

Floor F7. It calls and gathers; every figure is computed below. It must never hold the paths of two scenarios.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from threadpoolctl import threadpool_limits

from bayu_forecast.design import design
from bayu_forecast.errors import BayuError, ExtrapolationWarning, SmallSampleWarning, UnknownNameError
from bayu_forecast.models import StructuralForecaster
from bayu_forecast.report.ask import MAIN, region_data
from bayu_forecast.report.headline import default_region
from bayu_forecast.report.provenance import footer
from bayu_forecast.report.scenario_dose import dose_rows
from bayu_forecast.report.scenario_tables import Reading, effect_rows, frame, idle, read, target_rows, unpaid_rows, year_rows
from bayu_forecast.scenarios import Question, Scenario, ScenarioSet
from bayu_forecast.scenarios.places import nearest, refuse
from bayu_forecast.schema.names import BASELINE, SERIES, TIME
from bayu_forecast.simulation import Worlds

if TYPE_CHECKING:
    from bayu_forecast.data.region import Region
    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.specs import Target

Progress = Callable[[int, int, str], None]


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScenarioReport:
    """What a set of scenarios answered, as tidy tables.

    Attributes
    ----------
    region : Region
        Whose figures.
    as_of, horizon : str
        Date of knowledge, and last month.
    plans : ScenarioSet
        The scenarios, the baseline first.
    scenarios : DataFrame
        One row a scenario: titles, statements, flags, ``plausibility_nats``.
    targets : DataFrame
        One row a scenario and target: probability and error, difference to the baseline and its error, required growth.
    years : DataFrame
        One row a scenario, series and year: total and growth by quantile, difference to the baseline.
    effects : DataFrame
        One row a scenario and driver it moves: coefficient, contraction, label.
    unpaid_stock : DataFrame
        Sales borrowed from the months after the date, by driver; the same in every scenario.
    dose : DataFrame
        The dose that the file asks for; empty where none is asked.
    meta : dict
        What it takes to repeat it.
    """

    region: Region
    as_of: str
    horizon: str
    plans: ScenarioSet
    scenarios: pd.DataFrame
    targets: pd.DataFrame
    years: pd.DataFrame
    effects: pd.DataFrame
    unpaid_stock: pd.DataFrame
    dose: pd.DataFrame
    meta: dict[str, Any]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name, without empty ones."""
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, pd.DataFrame) and len(value)}


def scenario_report(
    plans: ScenarioSet,
    *,
    region: str | None = None,
    as_of: str | None = None,
    horizon: str | None = None,
    samples: int = 20_000,
    rng: int = 7,
    progress: Progress | None = None,
) -> ScenarioReport:
    """Ask every scenario of the same samples, and compare each with the baseline.

    Parameters
    ----------
    plans : ScenarioSet
        Such as :func:`bayu_forecast.read_scenarios` returns; a baseline is put first where there is none.
    region, as_of, horizon : str, optional
        What the set's question and the scenarios' own date say by default; else the region with the most targets, its last
        release, and December of the year after the targets' (or the date's).
    samples, rng : int
        Paths and seed.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    ScenarioReport

    Raises
    ------
    ScenarioError
        When scenarios are of several dates and none is chosen, or one cannot be met; with its file and line.
    UnknownNameError
        When there is no such region, target or lever; with the nearest names.

    Examples
    --------
    >>> from bayu_forecast.scenarios import stop
    >>> plans = ScenarioSet((Scenario("no trade-in", [stop("trade_in", start="2025-02")], as_of="2025-01-31"),))
    >>> told = scenario_report(plans, horizon="2025-12", samples=300)
    >>> bool(told.years.set_index(["scenario", "series"]).loc[("no trade-in", "retail_total"), "difference"].item() < 0)
    True
    """
    question = plans.question or Question()
    name = region or question.region or default_region()
    data = region_data(name)
    known = data.as_of(as_of or _date(plans) or f"{data.last_release:%Y-%m-%d}")
    chosen = _targets(question, known)
    last = horizon or question.horizon or f"{max([known.calendar_date.year, *(t.period for t in chosen if question.targets)]) + 1}-12"
    both = plans if BASELINE in plans.names else ScenarioSet((Scenario(BASELINE), *plans.scenarios), plans.question)
    steps = _Steps(len(both) + 2 + bool(question.lever), progress)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallSampleWarning)
        steps.say("fitting the model")
        model = StructuralForecaster().fit(known.observations(MAIN), design(known))
        steps.say(f"drawing {samples:,} paths")
        worlds = Worlds(model, known, horizon=last, samples=samples, rng=rng)
        rows = _run(both, worlds, model, chosen, steps)
        rows["unpaid_stock"] = unpaid_rows(worlds)
        if question.lever:
            steps.say(f"looking for the dose of {question.lever}")
        rows["dose"] = dose_rows(question, model, known, samples=samples, rng=rng)
    steps.end()
    settings = {"region": data.name, "as_of": known.as_of, "horizon": last, "samples": samples, "seed": rng}
    tables = {key: frame(value) for key, value in rows.items()}
    return ScenarioReport(region=data.region, as_of=known.as_of, horizon=last, plans=both, **tables,
                          meta=footer(name, list(known.regions), settings))  # fmt: skip


class _Steps:
    """Counts what is done and tells who listens."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def say(self, what: str) -> None:
        """What begins now."""
        if self.progress is not None:
            self.progress(self.done, self.total, what)
        self.done += 1

    def end(self) -> None:
        """All is done."""
        if self.progress is not None:
            self.progress(self.total, self.total, "done")


def _date(plans: ScenarioSet) -> str:
    """The one date that the scenarios state; empty where none does."""
    dates = {scenario.as_of: scenario for scenario in reversed(plans.scenarios) if scenario.as_of}
    if len(dates) > 1:
        last = next(iter(dates.values()))
        refuse(f"scenarios of several dates: {', '.join(sorted(dates))}", expected="one date of knowledge for all that are compared",
               step="choose one with --as-of, or split the file", place=last.place, names=sorted(dates))
    return next(iter(dates), "")


def _targets(question: Question, known: Snapshot) -> tuple[Target, ...]:
    """Targets asked for, of the region or of the one it leans on; those still open at the date where none is named."""
    leaders = [t for r in known.regions if r != known.name for t in region_data(r).as_of(known.as_of).targets_issued]
    issued = {t.id: t for t in (*leaders, *known.targets_issued)}
    names = dict.fromkeys((*question.targets, *((question.target,) if question.target else ())))
    for name in names:
        if name not in issued:
            refuse(f"unknown target {name!r} of {known.name} as of {known.as_of}", expected=nearest(name, issued),
                   step="name a target that was issued by the date", place=question.place, error=UnknownNameError, names=[name])
    if question.targets:
        return tuple(issued[name] for name in names)
    return (*known.targets, *(t for t in leaders if t.period >= known.calendar_date.year))


def _run(plans: ScenarioSet, worlds: Worlds, model: StructuralForecaster, targets: Sequence[Target], steps: _Steps) -> dict[str, list[Any]]:
    """Rows of every scenario; the baseline first, whose reading is kept."""
    rows: dict[str, list[Any]] = {"scenarios": [], "targets": [], "years": [], "effects": []}
    base: Reading | None = None
    for scenario in sorted(plans, key=lambda s: s.name != BASELINE):
        steps.say(f"scenario {scenario.name!r}")
        mine, flags = _ask(scenario, worlds, targets)
        base = base or mine
        rows["scenarios"].append(_scenario_row(scenario, mine, flags))
        rows["targets"] += target_rows(scenario, mine, base)
        rows["years"] += year_rows(scenario, mine, base)
        rows["effects"] += effect_rows(scenario, worlds, model)
    return rows


def _ask(scenario: Scenario, worlds: Worlds, targets: Sequence[Target]) -> tuple[Reading, list[str]]:
    """The reading of one scenario, and what it was warned of; errors say where the scenario stands."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore", SmallSampleWarning)
        warnings.simplefilter("always", ExtrapolationWarning)
        try:
            paths = worlds.run(scenario)
        except BayuError as error:
            if scenario.place is None or str(scenario.place.file) in str(error):
                raise
            raise type(error)(f"{scenario.place}: {error}", **error.fields) from error
        series = [str(s) for s in paths[SERIES].to_numpy() if paths["resolution"].sel({SERIES: s}).item() == "month"]
        end = pd.Timestamp(paths[TIME].to_numpy()[-1])
        years = range(pd.Timestamp(worlds.known.as_of).year, end.year + (end.month == 12))
        mine = read(paths, targets, sorted(series, key=lambda s: ":" in s), years)
    said = [str(w.message).removeprefix(f"scenario {scenario.name!r} ") for w in caught if issubclass(w.category, ExtrapolationWarning)]
    return mine, [*said, *idle(scenario, worlds)]


def _scenario_row(scenario: Scenario, mine: Reading, flags: list[str]) -> dict[str, Any]:
    """What a scenario says, and how far-fetched its conditions are."""
    statements = [*(f"do {a}" for a in scenario.assumptions),
                  *(f"{type(c).__name__.lower()} {c}" for c in scenario.conditions)]  # fmt: skip
    return {
        "scenario": scenario.name, "title_zh": scenario.title_zh, "title_en": scenario.title_en, "weight": scenario.weight,
        "statements": "; ".join(statements), "plausibility_nats": mine.nats, "flags": "; ".join(flags), "note": scenario.note,
    }  # fmt: skip
