"""Answers of many dates as tidy tables, one concept a table.

Floor F7. It renames, joins and orders; it must never compute a probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bayu_forecast.models.priors import SeriesPriors
from bayu_forecast.report.ask import Answer
from bayu_forecast.report.headline import JOINT
from bayu_forecast.report.outcome import Outcome
from bayu_forecast.schema.names import SERIES, TARGET

if TYPE_CHECKING:
    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.specs import Target

PRIOR_DRIVEN = 0.8
_VERDICT = [
    "date", TARGET, "text_zh", "text_en", "value", "unit", "period", "probability", "monte_carlo_error", "sensitivity_low",
    "sensitivity_high", "joint_lower", "joint_upper", "probability_known_basis", "probability_at_least", "probability_within",
    "probability_at_least_lower", "q10", "median", "q90", "last_print", "last_print_year", "required_growth_from_print",
    "required_growth_from_model", "revision_location", "revision_scale", "revision_df", "census_steps", "undefined_share",
    "prior_share", "label", "status", "outcome", "outcome_released",
    "outcome_basis", "definition", "basis", "vintage", "source", "issued",
]  # fmt: skip
_PRINTS = [
    "region", "series", "measure", "period_start", "period_end", "value", "unit", "half_width", "basis", "basis_rank", "release_date",
    "release_status", "source", "confidence", "note",
]  # fmt: skip
_KEYS = {"q50": "median", "required_growth": "required_growth_from_print", "required_growth_modelled": "required_growth_from_model"}


def by_date(answers: Sequence[Answer]) -> pd.DataFrame:
    """Probability and error by date and target."""
    parts = [a.targets[[TARGET, "probability", "monte_carlo_error"]].assign(date=a.question.date) for a in answers]
    return pd.concat(parts, ignore_index=True)[["date", TARGET, "probability", "monte_carlo_error"]]


def over_time(probability: pd.DataFrame, known: Snapshot) -> pd.DataFrame:
    """Probabilities after each release, with the day on which the last release that they see came out."""
    return probability.sort_values(["date", TARGET], kind="stable").assign(region=known.region.name).reset_index(drop=True)


def sensitivity(answers: Sequence[Answer]) -> pd.DataFrame:
    """Probability by date, target and prior of long-run growth."""
    own = SeriesPriors().long_run[0]
    parts = [
        by_date([a]).assign(long_run=own if (rate := a.question.long_run) is None else rate, samples=a.question.samples) for a in answers
    ]
    return pd.concat(parts, ignore_index=True).sort_values(["date", TARGET, "long_run"], kind="stable").reset_index(drop=True)


def verdict_table(told: Sequence[Answer], targets: Sequence[Target], sensitive: pd.DataFrame, outcomes: dict[str, Outcome]) -> pd.DataFrame:
    """One row a date and target, with all that a probability must never be printed without."""
    frame = pd.concat([a.targets.assign(date=a.question.date) for a in told], ignore_index=True).rename(columns=_KEYS)
    spread = sensitive.groupby(["date", TARGET])["probability"].agg(sensitivity_low="min", sensitivity_high="max")
    frame = frame.merge(spread, on=["date", TARGET], how="left")
    words = {t.id: (t.text_zh, t.text_en) for t in targets}
    frame["text_zh"] = [words.get(t, ("全部目标同时实现", ""))[0] for t in frame[TARGET]]
    frame["text_en"] = [words.get(t, ("", "all targets met together"))[1] for t in frame[TARGET]]
    frame["label"] = ["prior-driven" if share > PRIOR_DRIVEN else "" for share in frame["prior_share"]]
    seen = [outcomes.get(t, Outcome()) for t in frame[TARGET]]
    frame["outcome"] = [o.value for o in seen]
    frame["outcome_released"] = [
        o.released if o.known else "" if t == JOINT else "not published" for o, t in zip(seen, frame[TARGET], strict=True)
    ]
    frame["outcome_basis"] = [o.basis for o in seen]
    return frame[_VERDICT]


def outlook(last: Answer, other: Sequence[Answer]) -> pd.DataFrame:
    """Growth and level by year as of the last date: the model's own prior, then each other prior of long-run growth."""
    own = last.outlook.assign(long_run="model")
    rest = [a.outlook.assign(long_run=f"{a.question.long_run:g}") for a in other if len(a.outlook)]
    return pd.concat([own, *rest], ignore_index=True).assign(date=last.question.date)


def later(last: Answer) -> pd.DataFrame:
    """Targets beside the headline as of the last date."""
    columns = [
        "region",
        TARGET,
        "text_zh",
        "period",
        "issued",
        "probability",
        "monte_carlo_error",
        "q10",
        "q50",
        "q90",
        "status",
        "definition",
        "basis",
        "unit",
        "source",
    ]
    frame = last.later.reindex(columns=columns).rename(columns=_KEYS)
    return frame.assign(date=last.question.date).sort_values(["period", TARGET], kind="stable").reset_index(drop=True)


def path(told: Sequence[Answer]) -> pd.DataFrame:
    """Annual fan by date, series, year and basis."""
    frame = pd.concat([a.path.assign(date=a.question.date) for a in told], ignore_index=True)
    return frame[["date", SERIES, "year", "basis", "q10", "q25", "median", "q75", "q90", "unit"]]


def prints(known: Snapshot, series: str) -> pd.DataFrame:
    """Every print of the region's series, on the basis it was printed on."""
    frame = known.observations(series).to_dataframe()
    return frame.loc[frame["region"] == known.region.name, _PRINTS].reset_index(drop=True)


def residuals(model: StructuralForecaster | None) -> pd.DataFrame:
    """Prints as the model of the last date read them, with residuals over their stated noise."""
    columns = ["series", "measure", "period_start", "period_end", "value", "basis", "noise", "gap", "standardised", "release_date"]
    return pd.DataFrame(columns=columns) if model is None else model.residuals_[columns].reset_index(drop=True)
