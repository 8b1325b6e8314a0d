"""The main job: the headline targets as they would have been judged on each date, and what moved the judgement.

Floor F7. It asks, gathers tables and says what happened; it must never hold a date, a figure or a target of its own.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayu_forecast.errors import PeriodError
from bayu_forecast.report import news, tables
from bayu_forecast.report.ask import MAIN, Answer, Question, region_data
from bayu_forecast.report.headline import default_region, headline_targets
from bayu_forecast.report.outcome import Outcome, outcome
from bayu_forecast.report.parallel import Progress, answer_all
from bayu_forecast.report.provenance import footer

if TYPE_CHECKING:
    from bayu_forecast.data import RegionData
    from bayu_forecast.data.region import Region
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.specs import Target

#: long-run growth a year under which the answer is repeated beside the model's own: none, and two that a convergence view would take
LONG_RUN = (0.0, 0.035, 0.05)
#: paths of the many answers between the dates and under other priors
FEWER = 4000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """Tables of the main job; see docs/verdict.md for every column.

    Attributes
    ----------
    region : Region
        Whose targets they are.
    targets : tuple of Target
        The headline targets.
    outcomes : dict of Outcome
        What was printed of each, by id.
    dates : tuple of str
        Dates of knowledge, the last one the end of the archive unless dates were given.
    verdict, sensitivity, changes, probability, outlook, later_targets, path, prints, residuals : DataFrame
        Tidy tables.
    model : StructuralForecaster or None
        Fitted as of the last date.
    meta : dict
        What it takes to get the same numbers again.
    """

    region: Region
    targets: tuple[Target, ...]
    outcomes: dict[str, Outcome]
    dates: tuple[str, ...]
    verdict: pd.DataFrame
    sensitivity: pd.DataFrame
    changes: pd.DataFrame
    probability: pd.DataFrame
    outlook: pd.DataFrame
    later_targets: pd.DataFrame
    path: pd.DataFrame
    prints: pd.DataFrame
    residuals: pd.DataFrame
    model: StructuralForecaster | None
    meta: dict[str, Any]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name."""
        return {field.name: value for field in dataclasses.fields(self) if isinstance(value := getattr(self, field.name), pd.DataFrame)}


def verdict(
    region: str | None = None,
    *,
    dates: Sequence[str] | None = None,
    horizon: str = "2030-12",
    samples: int = 20_000,
    rng: int = 7,
    jobs: int = 2,
    progress: Progress | None = None,
) -> Verdict:
    """Judge a region's headline targets as of several dates, each with what was published by then and nothing later.

    Parameters
    ----------
    region : str, optional
        A bundled region with targets, or the path of a region folder; the bundled region with the most targets by default.
    dates : sequence of str, optional
        Dates of knowledge (YYYY-MM-DD). By default the day of issue, every 31 January until the targets' year, and the
        last release in the archive.
    horizon : str
        Last month of the outlook.
    samples : int
        Paths a date; comparisons between dates and priors use at most 4,000.
    rng : int
        Seed.
    jobs : int
        Processes; the numbers do not depend on it.
    progress : callable, optional
        Called with (done, total, date) after each answer.

    Returns
    -------
    Verdict
        Tables, targets, outcomes, the last fitted model, and what it takes to repeat it.

    Raises
    ------
    TargetError
        When the region has no target issued by the last date.
    PeriodError
        When a date lies before the targets were issued, or after the last release.
    UnknownNameError
        When there is no such region.

    Examples
    --------
    >>> told = verdict(dates=["2025-01-31"], horizon="2025-12", samples=300, jobs=1)
    >>> told.verdict["target"].tolist()[:2], told.outcomes["retail_total_2025"].released
    (['retail_total_2025', 'services_share_2025'], '2026-01-26')
    """
    region = region or default_region()
    data = region_data(region)
    targets, days = _what_and_when(data, dates)
    base = Question(
        region=region, date=days[-1], targets=tuple(t.id for t in targets), horizon=horizon, samples=samples, rng=rng, whole=True
    )
    told = [dataclasses.replace(base, date=day) for day in days]
    light = dataclasses.replace(base, samples=min(samples, FEWER), centre=True, whole=False)
    releases = [d for a, b in itertools.pairwise(days) for d in news.release_dates(data.as_of(days[-1]), MAIN, a, b)]
    along = [_short(light, day, targets) for day in news.dates_between(days, releases)]
    other = [dataclasses.replace(light, date=day, long_run=rate, whole=day == days[-1]) for day in days for rate in LONG_RUN]
    answers = answer_all([*told, *other, *along], jobs=jobs, progress=progress)
    split = (len(told), len(told) + len(other))
    return _gather(data, targets, answers[: split[0]], answers[split[0] : split[1]], answers[split[1] :])


def _what_and_when(data: RegionData, dates: Sequence[str] | None) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Headline targets and the dates to judge them on, in order."""
    latest = data.latest()
    asked = sorted({f"{data.as_of(day).calendar_date:%Y-%m-%d}" for day in dates}) if dates else []
    late = [day for day in asked if day > latest.as_of]
    if late:
        raise PeriodError(
            f"the last release known for {data.name} is of {latest.as_of}: no answer as of {', '.join(late)}; choose dates until then",
            rows=late,
        )
    targets = headline_targets(latest.targets_issued)
    issued = f"{targets[0].issued:%Y-%m-%d}"
    early = [day for day in asked if day < issued]
    if early:
        raise PeriodError(
            f"the targets of {data.name} were issued on {issued}: no answer as of {', '.join(early)}; choose later dates", rows=early
        )
    return targets, tuple(asked or _usual_dates(targets, latest.calendar_date))


def _usual_dates(targets: Sequence[Target], latest: pd.Timestamp) -> list[str]:
    """Day of issue, every 31 January until the targets' year, the end of the archive."""
    issued, last = targets[0].issued, max(t.period for t in targets)
    januaries = [dt.date(year, 1, 31) for year in range(issued.year, last + 1)]
    days = [issued, *(day for day in januaries if issued < day < latest.date()), latest.date()]
    return [f"{day:%Y-%m-%d}" for day in days]


def _short(light: Question, day: str, targets: Sequence[Target]) -> Question:
    """The question for one release day, no further than the targets reach."""
    last = max(*(t.period for t in targets), int(day[:4]))
    return dataclasses.replace(light, date=day, horizon=f"{last}-12")


def _gather(data: RegionData, targets: tuple[Target, ...], told: list[Answer], other: list[Answer], along: list[Answer]) -> Verdict:
    """All answers as one set of tables."""
    last, question, days = told[-1], told[-1].question, {a.question.date for a in told}
    known = data.as_of(question.date)
    # what happened is told beside each date from the whole archive; no probability ever sees it
    outcomes = {t.id: outcome(t, data.latest()) for t in targets}
    sensitivity = tables.sensitivity([*other, *(a for a in along if a.question.date in days)])
    headline = tables.by_date(told)
    probability = tables.by_date(along)
    settings: dict[str, object] = {
        "region": data.name,
        "dates": [a.question.date for a in told],
        "horizon": question.horizon,
        "samples": question.samples,
        "seed": question.rng,
    }
    return Verdict(
        region=data.region, targets=targets, outcomes=outcomes, dates=tuple(a.question.date for a in told),
        verdict=tables.verdict_table(told, targets, sensitivity, outcomes), sensitivity=sensitivity,
        changes=news.changes(probability, headline, known, MAIN), probability=tables.over_time(probability, known),
        outlook=tables.outlook(last, other), later_targets=tables.later(last), path=tables.path(told),
        prints=tables.prints(known, MAIN), residuals=tables.residuals(last.model), model=last.model,
        meta=footer(question.region, list(known.regions), settings),
    )  # fmt: skip
