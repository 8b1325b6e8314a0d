"""One question, one answer: what was known on a date, the model on it, and everything a report reads off its paths.

Floor F7. It reduces paths to small tables, in whatever process it runs; it must never look at another date.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from bayu_forecast.data import RegionData, load_region
from bayu_forecast.design import design
from bayu_forecast.errors import SmallSampleWarning
from bayu_forecast.models import StructuralForecaster
from bayu_forecast.models.priors import SeriesPriors
from bayu_forecast.paths import annual_growth, covers, fan, probability
from bayu_forecast.report.headline import JOINT
from bayu_forecast.schema.names import QUANTILE, SAMPLE, SERIES, TARGET, TIME
from bayu_forecast.simulation import simulate
from bayu_forecast.simulation.revision import step_distribution
from bayu_forecast.targets import assess, evaluate
from bayu_forecast.targets.events import plain_sum, read, series_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.specs import Design, Target

#: the series that the model is fitted on
MAIN = "retail_total"
FAN = (0.10, 0.25, 0.50, 0.75, 0.90)
FAN_NAMES = ("q10", "q25", "median", "q75", "q90")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask as of one date.

    Attributes
    ----------
    region, date : str
        Region (a bundled name or a folder) and date of knowledge, YYYY-MM-DD.
    targets : tuple of str
        Headline targets, by id.
    horizon : str
        Last month of the paths.
    samples, rng : int
        Number of paths and seed.
    long_run : float or None
        Prior mean of long-run growth a year; the model's own when None.
    centre : bool
        Only the centre of the grids over growth shocks and payback: one fit instead of nine, for comparisons between many dates.
    whole : bool
        With outlook, fan, later targets and the fitted model, not the probabilities alone.
    """

    region: str
    date: str
    targets: tuple[str, ...]
    horizon: str
    samples: int
    rng: int
    long_run: float | None = None
    centre: bool = False
    whole: bool = False


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one question gave: small tables, and the model where all was asked.

    Attributes
    ----------
    question : Question
        What was asked.
    targets : DataFrame
        One row a headline target and one for all jointly.
    path, outlook, later : DataFrame
        Annual fan, growth and level by year, and targets beside the headline; empty unless all was asked.
    model : StructuralForecaster or None
        Fitted; only where all was asked.
    """

    question: Question
    targets: pd.DataFrame
    path: pd.DataFrame
    outlook: pd.DataFrame
    later: pd.DataFrame
    model: StructuralForecaster | None


@functools.lru_cache(maxsize=4)
def region_data(region: str) -> RegionData:
    """The region, read once a process; a folder of one's own is given by a path with a separator in it."""
    return load_region(Path(region) if Path(region).name != region else region)


@functools.lru_cache(maxsize=8)
def snapshot(region: str, date: str) -> Snapshot:
    """What was known of the region on the date: the questions of one date share it, and with it what is read once a snapshot."""
    return region_data(region).as_of(date)


@functools.lru_cache(maxsize=8)
def _design(known: Snapshot) -> Design:
    """What a model is told, made once a snapshot."""
    return design(known)


def answer(question: Question) -> Answer:
    """Fit and simulate as of the date, on one thread, and reduce to tables."""
    known = snapshot(question.region, question.date)
    targets = [t for t in known.targets_issued if t.id in question.targets]
    with threadpool_limits(1), warnings.catch_warnings():
        # the error stands beside every probability: a warning for each of many dates would only hide it
        warnings.simplefilter("ignore", SmallSampleWarning)
        prints = known.observations(MAIN)
        told = _design(known).centre() if question.centre else _design(known)
        model = StructuralForecaster(common=_priors(question)).fit(prints, told)
        paths = simulate(model, known, horizon=question.horizon, samples=question.samples, rng=question.rng)
        if not question.whole:
            nothing = pd.DataFrame()
            return Answer(question, probabilities(paths, targets), nothing, nothing, nothing, None)
        rows = with_vintage(target_rows(assess(paths, targets)), paths, targets, prints)
        rows = with_revision(rows, paths, targets, known)
        later = later_rows(paths, [t for t in known.targets_issued if t not in targets], "")
        later += [row for lead in leaders(paths) for row in later_rows(paths, _targets_of(lead, question.date), lead)]
        return Answer(question, rows, path_table(paths), outlook_table(paths), pd.DataFrame(later), model)


def _priors(question: Question) -> SeriesPriors:
    """The model's own priors, with the question's long-run growth and grid."""
    priors = SeriesPriors()
    if question.long_run is not None:
        priors = dataclasses.replace(priors, long_run=(question.long_run, priors.long_run[1]))
    if question.centre:
        middle = [(grid[len(grid) // 2],) for grid in (priors.reversion, priors.slope_sd)]
        priors = dataclasses.replace(priors, reversion=middle[0], slope_sd=middle[1])
    return priors


def _targets_of(region: str, date: str) -> tuple[Target, ...]:
    """Targets of the region that is leaned on, issued by the date."""
    return snapshot(region, date).targets_issued


def probabilities(paths: xr.Dataset, targets: Sequence[Target]) -> pd.DataFrame:
    """Probability and error of each target and of all jointly, without anything else that an assessment says."""
    events = [evaluate(target, paths)[0].isel(scenario=0) for target in targets]
    together = functools.reduce(operator.and_, events)
    told = [probability(event) for event in (*events, together)]
    return pd.DataFrame(
        {
            TARGET: [*(t.id for t in targets), JOINT],
            **{name: [float(one[name]) for one in told] for name in ("probability", "monte_carlo_error")},
        }
    )


def target_rows(assessed: xr.Dataset) -> pd.DataFrame:
    """Assessment as one row a target, the joint event last."""
    one = assessed.isel(scenario=0)
    rows = one.drop_vars([name for name in one.data_vars if TARGET not in one[name].dims]).to_dataframe().reset_index()
    joint = {
        TARGET: JOINT,
        "probability": float(one["joint_probability"]),
        "monte_carlo_error": float(one["joint_error"]),
        "joint_lower": float(one["joint_lower"]),
        "joint_upper": float(one["joint_upper"]),
        "prior_share": float(rows["prior_share"].max()),
        "definition": f"all of: {assessed.attrs['joint_over']}; in the same paths",
        "basis": "each target's own",
        "unit": "1",
        "source": rows["source"].iloc[0],
        "status": "",
    }
    return pd.concat([rows, pd.DataFrame([joint])], ignore_index=True).drop(columns="scenario")


def with_vintage(rows: pd.DataFrame, paths: xr.Dataset, targets: Sequence[Target], used: xr.Dataset) -> pd.DataFrame:
    """Rows with the print from which growth is required, and the last release that was used."""
    prints = {}
    for target in targets:
        call = plain_sum(read(target))
        if call is not None:
            one = paths.sel({SERIES: call.series[0]})
            prints[target.id] = (float(one["last_total"]), int(one["last_year"]))
    nothing = (float("nan"), 0)
    last = pd.Timestamp(used["release_date"].to_numpy().max())
    return rows.assign(
        last_print=[prints.get(t, nothing)[0] for t in rows[TARGET]],
        last_print_year=[prints.get(t, nothing)[1] for t in rows[TARGET]],
        vintage=f"prints released by {last:%Y-%m-%d}",
    )


def with_revision(rows: pd.DataFrame, paths: xr.Dataset, targets: Sequence[Target], known: Snapshot) -> pd.DataFrame:
    """Rows with the prior of a census revision still to come, where the target's print carries one."""
    steps = known.census_steps["step"].to_numpy(dtype=float)
    prior = dict(zip(("revision_location", "revision_scale", "revision_df"), step_distribution(steps), strict=True))
    due = rows[TARGET].isin([target.id for target in targets if _carries_revision(target, paths)])
    return rows.assign(**{name: due.map({True: value, False: np.nan}) for name, value in prior.items()}, census_steps=due * len(steps))


def _carries_revision(target: Target, paths: xr.Dataset) -> bool:
    """Whether a census changes the basis of the year that a level target speaks of."""
    call = plain_sum(read(target))
    return call is not None and bool((paths["revision"].sel({SERIES: call.series[0], TIME: str(call.year)}) != 0).any())


def leaders(paths: xr.Dataset) -> list[str]:
    """Regions whose series the paths carry besides their own."""
    return list(dict.fromkeys(str(s).partition(":")[0] for s in paths[SERIES].values if ":" in str(s)))


def later_rows(paths: xr.Dataset, targets: Sequence[Target], lead: str) -> list[dict[str, object]]:
    """Every other target with its probability; one on a series that the paths lack says so."""
    own = paths
    if lead:
        names = [s for s in paths[SERIES].values if str(s).startswith(f"{lead}:")]
        own = paths.sel({SERIES: names}).assign_coords({SERIES: [str(s).partition(":")[2] for s in names]})
    out = []
    for target in targets:
        row = {"region": target.region, TARGET: target.id, "text_zh": target.text_zh, "period": target.period, "issued": target.issued}
        row |= _assessed(own, target)
        out.append(row | {name: getattr(target, name) for name in ("definition", "basis", "unit", "source")})
    return out


def _assessed(paths: xr.Dataset, target: Target) -> dict[str, object]:
    """Probability of one target with its error and status."""
    if missing := [s for s in series_of(read(target)) if s not in paths[SERIES].values]:
        return {"probability": np.nan, "monte_carlo_error": np.nan, "status": f"not modelled: {', '.join(missing)}"}
    one = assess(paths, target).isel(scenario=0, target=0)
    return {name: one[name].item() for name in ("probability", "monte_carlo_error", "q10", "q50", "q90", "status")}


def path_table(paths: xr.Dataset) -> pd.DataFrame:
    """Annual fan of the monthly series, on the basis known at the date and as they will be printed."""
    names = _monthly(paths)
    parts = []
    for printed in (False, True):
        value = fan(paths, by="year", series=names, printed=printed, q=FAN)["value"].isel(scenario=0)
        wide = value.assign_coords({QUANTILE: list(FAN_NAMES)}).to_series().unstack(QUANTILE)[list(FAN_NAMES)]
        parts.append(wide.reset_index().assign(basis="as printed" if printed else "known at the date", unit="1e8 CNY"))
    return pd.concat(parts, ignore_index=True)


def outlook_table(paths: xr.Dataset) -> pd.DataFrame:
    """Growth and level by year from the year of the date on, for the monthly series, on the basis known at the date."""
    rows = []
    first = pd.Timestamp(paths.attrs["as_of"]).year
    years = [y for y in range(first, pd.Timestamp(paths[TIME].values[-1]).year + 1) if covers(paths, y - 1, y)]
    level = fan(paths, by="year", series=_monthly(paths), q=(0.1, 0.5, 0.9))["value"].isel(scenario=0)
    for name in _monthly(paths):
        for year in years:
            grown = annual_growth(paths, name, year).isel(scenario=0).quantile([0.1, 0.5, 0.9], dim=SAMPLE).values
            at = level.sel({SERIES: name, "year": year}).values
            rows.append({SERIES: name, "year": year, **_three("growth", grown), **_three("level", at), "unit": "1e8 CNY"})
    return pd.DataFrame(rows)


def _three(name: str, values: np.ndarray) -> dict[str, float]:
    """Quantiles under their names."""
    return {f"{name}_{q}": float(v) for q, v in zip(("q10", "median", "q90"), values, strict=True)}


def _monthly(paths: xr.Dataset) -> list[str]:
    """Series that come from the fitted model, the region's own first."""
    names = [str(s) for s in paths[SERIES].values if str(paths["resolution"].sel({SERIES: s}).item()) == "month"]
    return sorted(names, key=lambda s: ":" in s)
