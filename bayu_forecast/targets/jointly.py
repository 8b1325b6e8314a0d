"""Several targets at once, always in the same draws: joint table, conditionals, and which one binds.

Floor F6. It never multiplies marginal probabilities: what is shared between targets is in the paths.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr

from bayu_forecast.errors import TargetError
from bayu_forecast.paths import probability
from bayu_forecast.schema.check import assert_sample_paths
from bayu_forecast.schema.names import SAMPLE, SCENARIO, TARGET, UNIT_RATIO
from bayu_forecast.specs import Target
from bayu_forecast.targets.events import covered, evaluate, read

MOST = 8


def joint(paths: xr.Dataset, targets: Target | Iterable[Target]) -> xr.Dataset:
    """Tabulate which targets are met together, for those within the horizon.

    Parameters
    ----------
    paths : Dataset
        Sample paths.
    targets : Target or iterable of Target
        At most eight within the horizon.

    Returns
    -------
    Dataset
        ``probability`` and ``monte_carlo_error`` (scenario, outcome) of each of the 2^k outcomes, with ``met`` (outcome, target);
        ``joint_probability``, ``joint_error`` and the Frechet bounds ``joint_lower``, ``joint_upper`` (scenario);
        ``conditional`` (scenario, target, given), missing where the condition never happens; ``binds`` (scenario, target), the
        share of the paths that miss something in which this target alone is missed.

    Raises
    ------
    TargetError
        When none, or more than eight, of the targets lie within the horizon, or one cannot be read.

    References
    ----------
    Frechet (1935), Generalisation du theoreme des probabilites totales. Fundamenta Mathematicae 25.

    Examples
    --------
    >>> import datetime as dt
    >>> from bayu_forecast.paths import as_sample_paths
    >>> paths = as_sample_paths(np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1) * np.ones(12), series=["x"], start="2025-01",
    ...                         as_of="2025-01-31")
    >>> ask = [Target(id=f"above {v}", region="r", expression=f"sum(x, 2025) >= {v}", value=v, unit="1e8 CNY", op=">=", period=2025,
    ...               issued=dt.date(2021, 4, 30), definition="total", basis="known", source="s") for v in (20, 40)]
    >>> table = joint(paths, ask)
    >>> float(table.joint_probability.sel(scenario="baseline"))
    0.25
    >>> table.outcome.values.tolist(), table.probability.sel(scenario="baseline").values
    (['+ +', '+ -', '- +', '- -'], array([0.25, 0.5 , 0.  , 0.25]))
    """
    assert_sample_paths(paths)
    chosen = [target for target in listed(targets) if covered(read(target), paths)]
    if not 0 < len(chosen) <= MOST:
        raise TargetError(f"a joint table takes one to {MOST} targets within the horizon, got {len(chosen)}: choose which to read together")
    names = [target.id for target in chosen]
    events = join_events([evaluate(target, paths)[0] for target in chosen], names)
    combinations = list(itertools.product((True, False), repeat=len(chosen)))
    met = xr.DataArray(np.array(combinations), dims=("outcome", TARGET), coords={
        "outcome": [" ".join("+" if hit else "-" for hit in row) for row in combinations], TARGET: names})
    table = probability((events == met).all(TARGET)).transpose(SCENARIO, "outcome")
    more = {"met": met, **joint_summary(events), "conditional": _conditional(events), "binds": _binds(events)}
    return table.assign(more).assign_attrs(paths.attrs)


def listed(targets: Target | Iterable[Target]) -> list[Target]:
    """Targets as a list: at least one, each id once."""
    chosen = [targets] if isinstance(targets, Target) else list(targets)
    names = [target.id for target in chosen]
    if not chosen:
        raise TargetError("no target to assess: none was issued by this date and still open, or none was given")
    if len(set(names)) < len(names):
        raise TargetError(f"targets occur twice: {sorted({name for name in names if names.count(name) > 1})}", names=names)
    return chosen


def joint_summary(events: xr.DataArray) -> dict[str, xr.DataArray]:
    """Joint probability of events (target, scenario, sample), its error, and the Frechet bounds of the marginals."""
    together = probability(events.all(TARGET))
    alone = events.mean(SAMPLE)
    long_names = {"joint_probability": "probability that all targets within the horizon are met, in the same draws",
                  "joint_error": "Monte-Carlo standard error of the joint probability",
                  "joint_lower": "least joint probability that the marginals allow",
                  "joint_upper": "greatest joint probability that the marginals allow"}
    values = (together["probability"], together["monte_carlo_error"],
              (alone.sum(TARGET) - (events.sizes[TARGET] - 1)).clip(min=0.0), alone.min(TARGET))
    named = zip(long_names.items(), values, strict=True)
    return {name: value.assign_attrs(units=UNIT_RATIO, long_name=text) for (name, text), value in named}


def _conditional(events: xr.DataArray) -> xr.DataArray:
    """P(target | given), missing where the condition never happens."""
    given = events.rename({TARGET: "given"})
    hits = given.sum(SAMPLE)
    both = (events & given).sum(SAMPLE)
    rate = (both / hits.where(hits > 0)).transpose(SCENARIO, TARGET, "given")
    return rate.assign_attrs(units=UNIT_RATIO, long_name="probability given that another is met")


def _binds(events: xr.DataArray) -> xr.DataArray:
    """Share of failing paths in which a target alone is missed."""
    failing = (~events).any(TARGET).sum(SAMPLE)
    alone = (~events & ((~events).sum(TARGET) == 1)).sum(SAMPLE)
    return (alone / failing.where(failing > 0)).transpose(SCENARIO, TARGET).assign_attrs(
        units=UNIT_RATIO, long_name="share of the paths that miss something in which this target alone is missed")


def join_events(events: Sequence[xr.DataArray], names: Sequence[str]) -> xr.DataArray:
    """Events as one array (target, scenario, sample)."""
    return xr.concat(list(events), dim=xr.Variable(TARGET, list(names)), coords="minimal", compat="override", join="exact")
