"""The verdict: each target's probability, how far, what it still takes, and on what it rests.

Floor F6. It never prints a probability without its definition, basis, unit and source: they travel as coordinates.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayu_forecast._numeric.growth import cagr
from bayu_forecast.errors import SmallSampleWarning
from bayu_forecast.paths import annual_sum, covers, probability
from bayu_forecast.paths.grammar import ABOUT, Condition
from bayu_forecast.schema.check import assert_sample_paths
from bayu_forecast.schema.names import SAMPLE, SCENARIO, SERIES, TARGET, TIME, UNIT_RATIO
from bayu_forecast.specs import Target
from bayu_forecast.targets.events import (
    carriers,
    covered,
    evaluate,
    meets,
    not_modelled,
    plain_sum,
    quantity_unit,
    read,
    require_series,
    series_of,
)
from bayu_forecast.targets.jointly import join_events, joint_summary, listed
from bayu_forecast.targets.required import required_growth

_QUANTILES = {"q10": 0.1, "q50": 0.5, "q90": 0.9}
_RATIOS = {
    "probability": "probability on the basis by which the target will be judged; 'about v' is read as at least v - tolerance",
    "monte_carlo_error": "Monte-Carlo standard error of the probability",
    "probability_known_basis": "probability on the basis known at the date, without a census revision",
    "probability_at_least": "'about v' read as at least v",
    "probability_within": "'about v' read as within the tolerance of v",
    "probability_at_least_lower": "'about v' read as at least v - tolerance: the headline",
    "undefined_share": "share of paths in which the quantity is undefined (no positive increment to contribute to): not met",
    "required_growth": "average growth a year from the last published annual total, on that total's own basis",
    "required_growth_modelled": "average growth a year from the paths' median of the last whole year, on the basis known at the date",
    "prior_share": "share of the quantity's variance in its year that no published figure measures, greatest over its series",
}
_IN_UNIT = {
    "median_gap": "median of the quantity less the target's value",
    "q10": "10 % quantile of the quantity", "q50": "median of the quantity", "q90": "90 % quantile of the quantity",
}
_LARGE_ERROR = 0.02
#: years without a print after which a series counts as no longer published
_STALE = 3
_FIELDS = ("expression", "definition", "basis", "unit", "source", "op", "value", "tolerance", "period")


def assess(paths: xr.Dataset, targets: Target | Iterable[Target]) -> xr.Dataset:
    """Say of each target how probable it is, how far away, and what it would still take.

    The headline is judged on the target's own basis: a target on its print reads annual totals with the census revisions
    still to come. ``about v`` is read as at least ``v - tolerance``; all three readings are given. A target whose years
    the paths do not cover has no probability and says so in its status.

    Parameters
    ----------
    paths : Dataset
        Sample paths.
    targets : Target or iterable of Target
        The questions.

    Returns
    -------
    Dataset (scenario, target)
        ``probability``, ``monte_carlo_error``, ``probability_known_basis``, ``probability_at_least``, ``probability_within``,
        ``probability_at_least_lower`` (the last three for ``about`` only), ``undefined_share``, ``prior_share``: ratios;
        ``median_gap``, ``q10``, ``q50``, ``q90``: in each target's ``quantity_unit``; ``required_growth``,
        ``required_growth_modelled``: ratios a year; ``status``: words. Over scenario: ``joint_probability``,
        ``joint_error``, ``joint_lower``, ``joint_upper``, of the targets within the horizon (attribute ``joint_over``).
        Definition, basis, unit and source are coordinates of ``target``.

    Raises
    ------
    TargetError
        When there is no target, one cannot be read, or one names a series that the paths lack.
    SchemaError
        When the paths are not sample paths.

    Warns
    -----
    SmallSampleWarning
        When a Monte-Carlo error is above 0.02.

    Examples
    --------
    >>> import datetime as dt
    >>> from bayu_forecast._numeric.streams import normals
    >>> from bayu_forecast.paths import as_sample_paths
    >>> levels = 1000.0 * np.exp(0.05 * normals(7, "levels", 1, 4000)).reshape(1, 4000, 1, 1) * np.ones(24)
    >>> paths = as_sample_paths(levels, series=["x"], start="2024-01", as_of="2025-01-31", last_total=11900.0, last_year=2024)
    >>> target = Target(id="t", region="r", expression="sum(x, 2025) >= 12000", value=12000, unit="1e8 CNY", op=">=", period=2025,
    ...                 issued=dt.date(2021, 4, 30), definition="total", basis="as_printed", source="s")
    >>> verdict = assess(paths, target).isel(scenario=0, target=0)
    >>> round(float(verdict.probability), 1), str(verdict.status.item()), round(float(verdict.required_growth), 4)
    (0.5, 'open', 0.0084)
    """
    chosen = listed(targets)
    assert_sample_paths(paths)
    rows, events = [], {}
    for target in chosen:
        conditions = read(target)
        row, event = _row(target, conditions, paths)
        rows.append(row)
        if event is not None:
            events[target.id] = event
    verdict = _table(rows, chosen, paths).assign(_joint(events, paths))
    _warn(verdict)
    return verdict.assign_attrs(paths.attrs, samples=paths.sizes[SAMPLE], joint_over=", ".join(events))


def _row(target: Target, conditions: Sequence[Condition], paths: xr.Dataset) -> tuple[dict[str, object], xr.DataArray | None]:
    """All that is said of one target, and its event where the paths reach that far."""
    row: dict[str, object] = {"status": _status(target, conditions, paths)}
    known = [name for name in carriers(conditions) if name in paths.indexes[SERIES]]
    row["prior_share"] = _prior_share(known, conditions, paths)
    row["required_growth"], row["required_growth_modelled"] = _required(target, conditions, paths)
    if not_modelled(conditions, paths) or not covered(conditions, paths):
        return row, None
    event, quantity, threshold = evaluate(target, paths)
    headline = probability(event)
    row["probability"], row["monte_carlo_error"] = headline["probability"].values, headline["monte_carlo_error"].values
    row["probability_known_basis"] = evaluate(target, paths, printed=False)[0].mean(SAMPLE).values
    row["undefined_share"] = quantity.isnull().mean(SAMPLE).values
    row.update({name: quantity.quantile(q, dim=SAMPLE, skipna=bool(quantity.isnull().any())).values for name, q in _QUANTILES.items()})
    row["median_gap"] = np.asarray(row["q50"]) - threshold
    if conditions[0].op == ABOUT:
        row["probability_at_least"] = (quantity >= threshold).mean(SAMPLE).values
        row["probability_within"] = (abs(quantity - threshold) <= target.tolerance).mean(SAMPLE).values
        row["probability_at_least_lower"] = row["probability"]
    return row, event


def _prior_share(series: Sequence[str], conditions: Sequence[Condition], paths: xr.Dataset) -> float:
    """Greatest prior share over the series, in the last year the event speaks of (the paths' last where that lies beyond)."""
    if not series:
        return math.nan
    years = pd.DatetimeIndex(paths.indexes[TIME]).year
    inside = years == min(max(call.year for condition in conditions for call, _ in condition.terms), years[-1])
    return float(paths["prior_share"].sel({SERIES: list(series)}).isel({TIME: inside}).max()) if inside.any() else math.nan


def _table(rows: Sequence[dict[str, object]], targets: Sequence[Target], paths: xr.Dataset) -> xr.Dataset:
    """Rows as a labelled Dataset, every variable over (scenario, target)."""
    scenarios = paths[SCENARIO].values
    dims = (SCENARIO, TARGET)

    def column(name: str, missing: object) -> NDArray[np.generic]:
        return np.stack([np.broadcast_to(np.asarray(row.get(name, missing)), scenarios.shape) for row in rows], axis=1)

    variables: dict[str, object] = {
        name: (dims, column(name, math.nan), {"units": unit, "long_name": text})
        for group, unit in ((_RATIOS, UNIT_RATIO), (_IN_UNIT, "see coordinate quantity_unit")) for name, text in group.items()
    }
    variables["status"] = (dims, column("status", "").astype(object), {"long_name": "what is known of the target at the date"})
    coords: dict[str, object] = {SCENARIO: scenarios, TARGET: [target.id for target in targets]}
    coords |= {field: (TARGET, [getattr(target, field) for target in targets]) for field in _FIELDS}
    coords["quantity_unit"] = (TARGET, [quantity_unit(target, read(target)) for target in targets])
    coords["issued"] = (TARGET, [target.issued.isoformat() for target in targets])
    return xr.Dataset(variables, coords=coords)


def _joint(events: dict[str, xr.DataArray], paths: xr.Dataset) -> dict[str, xr.DataArray]:
    """Joint figures over scenario; missing when no target lies within the horizon."""
    if events:
        return joint_summary(join_events(list(events.values()), list(events)))
    nothing = xr.full_like(paths[SCENARIO], math.nan, dtype=np.float64)
    return dict.fromkeys(("joint_probability", "joint_error", "joint_lower", "joint_upper"), nothing)


def _required(target: Target, conditions: Sequence[Condition], paths: xr.Dataset) -> tuple[float, NDArray[np.float64] | float]:
    """Growth a year still required, from the last published total and from the modelled last whole year; level targets only."""
    call = plain_sum(conditions)
    if call is None or target.value <= 0.0 or call.series[0] not in paths.indexes[SERIES]:
        return math.nan, math.nan
    total, last_year = _last_print(paths, call.series[0])
    published = required_growth(total, last_year, target.value, call.year) if last_year and last_year < call.year else math.nan
    year = pd.Timestamp(paths.attrs["as_of"]).year - 1
    if year >= call.year or not covers(paths, year, year):
        return published, math.nan
    modelled = annual_sum(paths, call.series[0], year).median(SAMPLE)
    return published, cagr(modelled.where(modelled > 0.0).values, target.value, call.year - year)


def _status(target: Target, conditions: Sequence[Condition], paths: xr.Dataset) -> str:
    """Words: open or closed, beyond the horizon, what is printed already and what is not published at all."""
    time, last = paths.indexes[TIME], max(call.year for condition in conditions for call, _ in condition.terms)
    if time[-1] < pd.Timestamp(last, 12, 1):
        return "beyond horizon"
    if absent := not_modelled(conditions, paths):
        return f"not modelled: no path for {', '.join(absent)}"
    require_series(target, conditions, paths)
    if not covered(conditions, paths):
        return f"not covered: the paths begin in {time[0]:%Y-%m}"
    prints = {name: _last_print(paths, name) for name in series_of(conditions)}
    if pd.Timestamp(paths.attrs["as_of"]).year > last:
        return _closed(target, conditions, prints, last)
    today = pd.Timestamp(paths.attrs["as_of"]).year
    unpublished = [name + (f" since {year}" if year else "") for name, (_, year) in prints.items() if year < today - _STALE]
    if unpublished:
        return f"open; not published: {', '.join(unpublished)}"
    call = plain_sum(conditions)
    total, year = prints[call.series[0]] if call else (math.nan, 0)
    if target.op not in ("<", "<=") and total > target.value:
        return f"open; the {year} print {_show(total)} already exceeds {_show(target.value)}"
    return "open"


def _closed(target: Target, conditions: Sequence[Condition], prints: dict[str, tuple[float, int]], last: int) -> str:
    """Words for a target whose year is over: what was printed, or that nothing was."""
    if any(year < last for _, year in prints.values()):
        return "closed, not published"
    call = plain_sum(conditions)
    total, year = prints[call.series[0]] if call else (math.nan, 0)
    if year != last:
        return "closed"
    met = bool(meets(xr.DataArray(total), conditions[0], target))
    return f"closed; the {year} print {_show(total)} {'meets' if met else 'misses'} {_show(target.value)}"


def _last_print(paths: xr.Dataset, series: str) -> tuple[float, int]:
    """Last published annual total and its year; (NaN, 0) where none."""
    one = paths.sel({SERIES: series})
    return float(one["last_total"]), int(one["last_year"])


def _show(level: float) -> str:
    """A level with thousands separators and no idle zeros."""
    return f"{level:,.2f}".rstrip("0").rstrip(".")


def _warn(verdict: xr.Dataset) -> None:
    """Warn of probabilities that too few samples stand behind."""
    worst = verdict["monte_carlo_error"].max(SCENARIO)
    poor = [str(name) for name in worst[TARGET].values[(worst > _LARGE_ERROR).values]]
    if poor:
        warnings.warn(f"Monte-Carlo error above {_LARGE_ERROR} for {poor}: simulate more samples", SmallSampleWarning, stacklevel=3)
