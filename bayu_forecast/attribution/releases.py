"""What moved a probability between two dates: revisions, prints, drivers and the model, one release at a time.

Floor F6 (attribution). Every step asks the same question of more rows with the same parameters and random numbers; it must
never read a row that the later snapshot does not hold.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.base import clone

from bayu_forecast.attribution.asked import answer, find, last_month, unit_of
from bayu_forecast.data.tables import RegionTables
from bayu_forecast.design import design
from bayu_forecast.design.inputs import DRIVERS
from bayu_forecast.errors import SchemaError
from bayu_forecast.models import StructuralForecaster
from bayu_forecast.paths import probability
from bayu_forecast.scenarios import Scenario
from bayu_forecast.schema.names import BASELINE, GROWTH, SAMPLE, UNIT_RATIO, USE_YES
from bayu_forecast.simulation import Worlds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.specs import Design, Target

PART = "part"
REVISION, PRINT, DRIVER, MODEL, REMAINDER = "revision", "print", "driver", "model", "remainder"
#: tables that say what drivers are and do
_DRIVER_TABLES = ("drivers", "driver_specs", "effects", "contrasts", "policy", "actions", "levers")
_MOST_WORDS = 4
_PERIOD = ["region", "series", "measure", "period_start", "period_end"]


class _Step(NamedTuple):
    """One step: what it is, when it came out, and the world after it."""

    kind: str
    label: str
    released: str
    known: Snapshot
    design: Design | None


class _Answer(NamedTuple):
    """Probability with its error, and median, after a step."""

    probability: float
    error: float
    median: float


def news(
    before: Snapshot,
    after: Snapshot,
    *,
    of: str | Target = "retail_total_2025",
    model: StructuralForecaster | None = None,
    series: str = "retail_total",
    horizon: int | str | None = None,
    samples: int = 4000,
    rng: int = 0,
) -> xr.Dataset:
    """Split the change of a target's probability and median between two dates over what was learned in between.

    The steps are taken in this order, each on top of the ones before it, with the same structure, priors and random numbers:
    figures revised (another print of a period that had been printed by the first date), new prints release by release, evidence
    beside them, the news of drivers (announcements, priors and their evidence; the date moves with them), and what is left of the
    model (disturbed months, census steps, the calendar in force). A step is worth what it changes after the ones before it, so another
    order gives other parts; the sum is the same.

    Parameters
    ----------
    before, after : Snapshot
        The same region, at an earlier and a later date.
    of : str or Target
        The target, or its id.
    model : StructuralForecaster, optional
        Its parameters are used, fitted anew after each step; the default structure when None.
    series : str
        Series that the model is fitted on.
    horizon : int or str, optional
        December of the target's last year by default.
    samples, rng : int
        Paths and seed, the same in every step.

    Returns
    -------
    Dataset over part
        ``change`` (of the probability, ratio), ``median_change`` (in the quantity's unit), ``probability`` and ``median`` after the part;
        coordinates ``kind`` (revision, print, driver, model, remainder) and ``released``. Without dimension: ``probability_before``,
        ``probability_after``, ``error_before``, ``error_after`` (Monte-Carlo errors), ``median_before``, ``median_after``,
        ``total``, ``median_total``. The parts sum to the total; the ``remainder`` is what rounding leaves.

    Raises
    ------
    SchemaError
        When the snapshots are of two regions or not in order of time.
    UnknownNameError
        When the target had not been issued by the later date.

    Notes
    -----
    Each step that changes a table refits the model, a few seconds with the default structure.

    References
    ----------
    Banbura and Modugno (2014), Maximum likelihood estimation of factor models on datasets with arbitrary pattern of missing
    data. Journal of Applied Econometrics 29, on news and revisions.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> data = bf.load_region("chongqing")
    >>> from bayu_forecast.models import SeriesPriors
    >>> quick = bf.StructuralForecaster(common=SeriesPriors(reversion=(0.90,), slope_sd=(0.025,)))
    >>> told = bf.news(data.as_of("2025-02-15"), data.as_of("2025-03-20"), model=quick, samples=300)
    >>> sorted(set(told.kind.values.tolist())), bool(abs(told.change.sum() - told.total) < 1e-9)
    (['driver', 'model', 'print', 'remainder', 'revision'], True)
    """
    if before.name != after.name or pd.Timestamp(before.as_of) > pd.Timestamp(after.as_of):
        raise SchemaError(f"news go from one date of a region to a later one, got {before.name} {before.as_of} and {after.name} "
                          f"{after.as_of}: pass two snapshots of one region in order", names=[before.name, after.name])
    target = find(of, after.targets_issued)
    ask = _Asker(target, model or StructuralForecaster(), series, last_month(target) if horizon is None else horizon, samples, rng)
    start = ask(before, None)
    steps, answers, reached = _steps(before, after, series), [start], before
    for step in steps:
        # a step that adds no row is the same question
        answers.append(answers[-1] if step.known is reached else ask(step.known, step.design))
        reached = step.known
    return _table(steps, answers, target).assign_attrs(
        of=target.id, expression=target.expression, basis=target.basis, region=after.name, before=before.as_of, after=after.as_of,
        samples=samples, seed=rng)


class _Asker:
    """The question, asked of any state of knowledge with the same parameters and random numbers."""

    def __init__(self, target: Target, model: StructuralForecaster, series: str, horizon: int | str, samples: int, rng: int) -> None:
        self.target, self.model, self.series, self.horizon, self.samples, self.rng = target, model, series, horizon, samples, rng

    def __call__(self, known: Snapshot, told: Design | None) -> _Answer:
        fitted = clone(self.model).fit(known.observations(self.series), design(known) if told is None else told)
        worlds = Worlds(fitted, known, horizon=self.horizon, samples=self.samples, rng=self.rng)
        quantity, event = answer(self.target, worlds.run(Scenario(BASELINE)))
        said = probability(event)
        return _Answer(float(said["probability"].item()), float(said["monte_carlo_error"].item()), float(quantity.median(SAMPLE).item()))


def _steps(before: Snapshot, after: Snapshot, series: str) -> list[_Step]:
    """States of knowledge from one snapshot to the other."""
    old, new = before.tables, after.tables
    fresh = [n.observations[n.observations["release_date"] > before.calendar_date] for n in new]
    printed = pd.concat([t.observations[_PERIOD] for t in old]).drop_duplicates()
    again = [rows[rows[_PERIOD].merge(printed, how="left", indicator=True)["_merge"].eq("both").to_numpy()] for rows in fresh]
    first = [rows.drop(rows_again.index) for rows, rows_again in zip(fresh, again, strict=True)]
    used = [rows[rows["series"].eq(series) & rows["use"].eq(USE_YES)] for rows in first]
    known = _with_rows(before, again)
    days = sorted({day for rows in again for day in rows["release_date"]})
    steps = [_Step(REVISION, _count([r[r["series"].eq(series)] for r in again]), f"{days[-1]:%Y-%m-%d}" if days else "", known, None)]
    for day in sorted({day for rows in used for day in rows["release_date"]}):
        now = [rows[rows["release_date"] == day] for rows in used]
        known = _with_rows(known, now)
        steps.append(_Step(PRINT, _words(now), f"{day:%Y-%m-%d}", known, None))
    known = _beside(known, new)
    steps.append(_Step(PRINT, "figures of other series and evidence", "", known, None))
    tables = tuple(dataclasses.replace(k, targets=n.targets, **{name: getattr(n, name) for name in _DRIVER_TABLES})
                   for k, n in zip(known.tables, new, strict=True))
    known = dataclasses.replace(known, calendar_date=after.calendar_date, tables=tables)
    words = "announcements, priors and their evidence, and the months that have passed"
    steps.append(_Step(DRIVER, words, "", known, _old_calendar(before, known)))
    return [*steps, _Step(MODEL, "disturbed months, census steps, the calendar in force", "", after, None)]


def _with_rows(known: Snapshot, more: list[pd.DataFrame]) -> Snapshot:
    """The snapshot with more prints; itself when there are none."""
    if not any(len(rows) for rows in more):
        return known
    tables = tuple(_more(t, rows) for t, rows in zip(known.tables, more, strict=True))
    return dataclasses.replace(known, tables=tables)


def _more(table: RegionTables, rows: pd.DataFrame) -> RegionTables:
    """A region's tables with more prints."""
    return dataclasses.replace(table, observations=pd.concat([table.observations, rows], ignore_index=True)) if len(rows) else table


def _beside(known: Snapshot, new: tuple[RegionTables, ...]) -> Snapshot:
    """The snapshot with all prints of the later date and the evidence beside them; itself when nothing came."""
    def came(k: RegionTables, n: RegionTables) -> bool:
        return any(len(getattr(k, name)) != len(getattr(n, name)) for name in ("observations", "evidence", "definitions"))

    if not any(came(k, n) for k, n in zip(known.tables, new, strict=True)):
        return known
    tables = tuple(dataclasses.replace(k, observations=n.observations, evidence=n.evidence, definitions=n.definitions)
                   for k, n in zip(known.tables, new, strict=True))
    return dataclasses.replace(known, tables=tables)


def _old_calendar(before: Snapshot, known: Snapshot) -> Design:
    """The later drivers beside the calendar as it was known at the earlier date."""
    told = design(known)
    calendar = design(before, until=told.time[-1], drivers=False)
    return dataclasses.replace(told, blocks=(*calendar.blocks, *(b for b in told.blocks if b.name == DRIVERS)))


def _count(rows: list[pd.DataFrame]) -> str:
    """How many figures were printed again."""
    n = sum(map(len, rows))
    return f"{n} figures of periods already printed" if n else "no figure printed again"


def _words(rows: list[pd.DataFrame]) -> str:
    """Prints of one day in words: region, period and figure, the shortest periods first."""
    together = pd.concat(rows)
    together = together.assign(length=together["period_end"] - together["period_start"]).sort_values("length", kind="stable")
    said = [_print(row) for row in together.head(_MOST_WORDS).to_dict("records")]
    left = len(together) - len(said)
    return "; ".join([*said, *([f"{left} more"] if left else [])])


def _print(row: Mapping[Any, Any]) -> str:
    """One print in words."""
    figure = f"{row['value']:+.1%}" if row["measure"] == GROWTH else f"{row['value']:,.10g}"
    return f"{row['region']} {row['period_start']:%Y-%m} to {row['period_end']:%Y-%m} {figure}"


def _table(steps: list[_Step], answers: list[_Answer], target: Target) -> xr.Dataset:
    """Parts and totals; what rounding leaves is the remainder."""
    unit, (start, *after) = unit_of(target), answers
    made: dict[str, tuple[object, NDArray[np.float64] | float, str, str]] = {}
    asked = (("probability", "", UNIT_RATIO, "probability"), ("median", "median_", unit, "median of the quantity"))
    for name, prefix, units, words in asked:
        values = np.array([getattr(a, name) for a in answers])
        change, total = np.diff(values), float(values[-1] - values[0])
        made |= {f"{prefix}change": (PART, np.append(change, total - change.sum()), units, f"change of the {words} by this part"),
                 name: (PART, np.append(values[1:], values[-1]), units, f"{words} after this part"),
                 f"{prefix}total": ((), total, units, f"change of the {words} between the dates"),
                 f"{name}_before": ((), values[0], units, f"{words} at the earlier date"),
                 f"{name}_after": ((), values[-1], units, f"{words} at the later date")}
    for name, which in (("error_before", start), ("error_after", after[-1])):
        made[name] = ((), which.error, UNIT_RATIO, "Monte-Carlo standard error of the probability")
    variables = {key: (dims, value, {"units": units, "long_name": words}) for key, (dims, value, units, words) in made.items()}
    labels = [*(step.label for step in steps), "what rounding leaves"]
    coords = {PART: np.arange(len(labels)), "label": (PART, labels), "kind": (PART, [*(s.kind for s in steps), REMAINDER]),
              "released": (PART, [*(s.released for s in steps), ""])}
    return xr.Dataset(variables, coords=coords)
