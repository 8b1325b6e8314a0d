"""Series that a target needs and the region hardly publishes, drawn in the same samples as its retail total.

Floor F5. Which series, of which kind and from which evidence is data (``linked`` in a region's file); each kind is one
annual model of the east floor. Annual totals are carried as twelfths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from bayu_forecast._numeric.streams import normals
from bayu_forecast.data.totals import annual_totals
from bayu_forecast.models.annual import AnnualFigures, ContributionModel, GrowthModel, RatioModel, ShareModel, correlate, draw_years
from bayu_forecast.schema.names import SAMPLE, SERIES, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot

    Array = NDArray[np.float64]

#: correlation of the region's yearly shocks with its retail growth: retail is most of consumption, less of GDP
_RHO = 0.5
#: below this spread (log points) a year's retail growth is printed: its noise is rounding and tells nothing of GDP
_CERTAIN = 4e-3
#: logit noise of a share that covers a part of the year only
_PART_YEAR = 0.05
#: samples that standardise retail growth, a whole first block so that more samples change nothing
_REFERENCE = 256


class Tables(NamedTuple):
    """Prints of the main series and evidence known at the date, read once."""

    prints: pd.DataFrame
    evidence: pd.DataFrame


def linked_series(retail: xr.DataArray, known: Snapshot, tables: Tables, seed: int) -> tuple[xr.DataArray | None, dict[str, Array]]:
    """Draw the linked series (sample, series, time) and say how much of each is prior."""
    if not known.region.linked:
        return None, {}
    context = _Context(retail, known, tables, seed)
    for name, spec in known.region.linked.items():
        _KINDS[spec["kind"]](context, name, spec)
    months = pd.DatetimeIndex(retail[TIME].to_numpy())
    place = months.year.to_numpy() - context.years[0]
    values = np.stack([context.annual[name][:, place] / 12.0 for name in context.annual], axis=1)
    coords = {SAMPLE: retail[SAMPLE], SERIES: list(context.annual), TIME: retail[TIME]}
    return xr.DataArray(values, dims=(SAMPLE, SERIES, TIME), coords=coords), {k: v[place] for k, v in context.prior_share.items()}


def moved(linked: xr.DataArray, before: xr.DataArray, after: xr.DataArray, specs: Mapping[str, Mapping[str, Any]],
          shifts: Mapping[str, Array]) -> xr.DataArray:  # fmt: skip
    """Linked series when the retail total moves from ``before`` to ``after`` in the same samples.

    What is a ratio or a share of retail moves with it in proportion; a level at constant prices takes the stated part of the
    year's change (``moves``), since retail sales hold imports from elsewhere and goods made elsewhere. ``shifts`` (sample, month)
    then move a share in logits, the whole staying what it is, and a level in logs.
    """
    year = pd.DatetimeIndex(before[TIME].to_numpy()).year.to_numpy()
    old, new = (_by_year(x.to_numpy(), year) for x in (before, after))
    shifts = {name: shift for name, shift in shifts.items() if shift.any()}
    if np.array_equal(old, new) and not shifts:
        return linked
    out = linked.copy(deep=True)
    for name, spec in specs.items():
        part = out.sel({SERIES: name}).to_numpy()
        change = part * (new / old - 1.0) if spec["kind"] in ("ratio", "share") else float(spec["moves"]) * (new - old) / 12.0
        out.loc[{SERIES: name}] = part + change
    for name, shift in shifts.items():
        part, change = out.sel({SERIES: name}).to_numpy(), _by_year(shift, year) / 12.0
        if specs[name]["kind"] == "share":
            whole = out.sel({SERIES: specs[name]["of"]}).to_numpy()
            out.loc[{SERIES: name}] = whole * expit(logit(part / whole) + change)
        else:
            out.loc[{SERIES: name}] = part * np.exp(change)
    return out


def _by_year(value: Array, year: NDArray[np.int64]) -> Array:
    """Annual totals (sample, month) repeated in each month, a year that is not whole at the rate of its months."""
    out = np.empty_like(value)
    for y in np.unique(year):
        here = year == y
        out[:, here] = value[:, here].mean(axis=1, keepdims=True) * 12.0
    return out


class _Context:
    """Years, retail growth and evidence shared by the kinds, and the annual draws they leave."""

    def __init__(self, retail: xr.DataArray, known: Snapshot, tables: Tables, seed: int) -> None:
        self.known, self.tables, self.seed = known, tables, seed
        months = pd.DatetimeIndex(retail[TIME].to_numpy())
        self.years = np.unique(months.year.to_numpy())
        totals = np.stack([retail.to_numpy()[:, months.year == y].sum(axis=1) for y in self.years], axis=1)
        # a last year that is not whole counts as if the rest ran at the same rate: only its draws' spread is used
        share = np.array([(months.year == y).sum() / 12.0 for y in self.years])
        self.totals = totals / share
        self.samples = len(totals)
        self.evidence = tables.evidence
        first = int(min(self.years[0], self.evidence["period_end"].dt.year.min() if len(self.evidence) else self.years[0]))
        self.all_years = np.arange(first, self.years[-1] + 1)
        self.in_paths = self.all_years >= self.years[0]
        self.disturbed = np.isin(self.all_years, known.disturbances.year)
        self.annual: dict[str, Array] = {}
        self.prior_share: dict[str, Array] = {}

    def shock(self, name: str, rows: int) -> Array:
        return normals(self.seed, ("linked", name), rows, self.samples)

    def tied(self, shocks: Array) -> Array:
        """Correlate the yearly shocks (year, sample) of the paths' years with retail growth of the same year."""
        growth = np.diff(np.log(self.totals), axis=1)
        out = shocks.copy()
        for i in range(growth.shape[1]):
            row = len(shocks) - growth.shape[1] + i
            reference = growth[:_REFERENCE, i]
            spread = float(reference.std())
            if spread > _CERTAIN:
                out[row] = correlate(shocks[row], (growth[:, i] - reference.mean()) / spread, _RHO)
        return out

    def figures(self, series: str, region: str | None = None) -> pd.DataFrame:
        """Latest print of each year (whole years before parts), by region."""
        rows = self.evidence[(self.evidence["series"] == series)]
        if region is not None:
            rows = rows[rows["region"] == region]
        rows = rows.assign(
            year=rows["period_end"].dt.year,
            months=(rows["period_end"].dt.month - rows["period_start"].dt.month + 1),
        )
        rows = rows[rows["period_start"].dt.year == rows["year"]]
        latest: pd.DataFrame = rows.sort_values(["months", "release_date"]).drop_duplicates(["region", "year"], keep="last")
        return latest.sort_values("year")


def _ratio(context: _Context, name: str, spec: Mapping[str, Any]) -> None:
    """A level as a log ratio to retail: evidence is the product of two figures (per head times heads), where published."""
    region = context.known.region.name
    heads, per_head = (context.figures(s, region).set_index("year")["value"] for s in spec["evidence"])
    known = (heads * per_head * float(spec["scale"])).dropna()
    ratio = (known / annual_totals(context.tables.prints, region)).dropna()
    log_ratio = ratio.map(np.log)
    figures = AnnualFigures(log_ratio.index.to_numpy(dtype=np.int64), log_ratio.to_numpy(dtype=float), np.full(len(log_ratio), 0.01))
    model = RatioModel()
    mean, cov = model.posterior(context.all_years, figures)
    draws = draw_years(mean, cov, context.shock(name, len(mean)))[:, context.in_paths]
    context.annual[name] = context.totals * np.exp(draws)
    context.prior_share[name] = np.minimum(1.0, np.diag(cov) / model.start[1] ** 2)[context.in_paths]


def _share(context: _Context, name: str, spec: Mapping[str, Any]) -> None:
    """A share of another linked series: the nation's path plus the region's own deviation, which nothing measures."""
    rows = context.figures(spec["evidence"])
    value = rows["value"].to_numpy(dtype=float)
    logit, slope = np.log(value / (1 - value)), 1 / (value * (1 - value))
    noise = np.hypot(rows["half_width"].to_numpy(dtype=float) / np.sqrt(3) * slope, np.where(rows["months"] < 12, _PART_YEAR, 1e-4))
    figures = AnnualFigures(rows["year"].to_numpy(dtype=np.int64), logit, noise)
    model = ShareModel(spread=float(spec["spread"]))
    mean, cov = model.posterior(context.all_years, figures, context.disturbed)
    shocks = context.shock(name, len(mean) + 1)
    draws = draw_years(mean, cov, shocks[1:])[:, context.in_paths] + model.spread * shocks[0][:, None]
    context.annual[name] = context.annual[spec["of"]] / (1 + np.exp(-draws))
    # what published figures leave open is their own noise, seen where they stand; deviation and later steps are assumed spreads
    variance = np.diag(cov)
    measured = np.minimum(variance, variance[np.isin(context.all_years, figures.year)].min(initial=np.inf))
    context.prior_share[name] = (1.0 - measured / (model.spread**2 + variance))[context.in_paths]


def _growth(context: _Context, name: str, spec: Mapping[str, Any]) -> None:
    """A level at constant prices, chained by growth from the last published level."""
    rows = context.figures(spec["evidence"], context.known.region.name)
    noise = rows["half_width"].to_numpy(dtype=float) / np.sqrt(3) + 1e-4
    figures = AnnualFigures(rows["year"].to_numpy(dtype=np.int64), np.log1p(rows["value"].to_numpy(dtype=float)), noise)
    mean, cov = GrowthModel().posterior(context.all_years, figures, context.disturbed)
    growth = np.cumsum(draw_years(mean, cov, context.tied(context.shock(name, len(mean)))), axis=1)
    base = context.figures(spec["level"], context.known.region.name)
    base = base[base["year"].isin(context.all_years)]
    # in prices of the last printed level's year, so that the path meets that print
    level, place = (float(base["value"].iloc[-1]), int(base["year"].iloc[-1]) - context.all_years[0]) if len(base) else (1.0, 0)
    context.annual[name] = level * np.exp(growth - growth[:, [place]])[:, context.in_paths]
    context.prior_share[name] = np.full(context.in_paths.sum(), 0.0 if len(rows) else 1.0)


def _contribution(context: _Context, name: str, spec: Mapping[str, Any]) -> None:
    """A part of another linked series whose increments follow other regions' contribution tables."""
    rows = context.figures(spec["evidence"])
    rows = rows[rows["months"] == 12]
    own = context.known.region.name
    regions = [group["value"].to_numpy(dtype=float) for region, group in rows.groupby("region") if region != own]
    total = context.annual[spec["of"]]
    increments = np.diff(total, axis=1)
    usual = np.abs(np.median(increments[:_REFERENCE], axis=0))[None, :] * np.ones_like(increments)
    shocks = context.shock(name, 2 + increments.shape[1])
    shocks[2:] = context.tied(shocks[2:])
    part = ContributionModel().draw(regions, increments, usual, shocks)
    start = float(spec["start_share"]) * total[:, :1]
    context.annual[name] = np.concatenate([start, start + np.cumsum(part, axis=1)], axis=1)
    # of the event's quantity, what the total's own growth explains is not prior
    gap, mean = (part - 0.5 * increments)[:_REFERENCE], ContributionModel().posterior(regions)[0]
    explained = ((mean - 0.5) * increments[:_REFERENCE]).var(axis=0) / gap.var(axis=0)
    context.prior_share[name] = np.concatenate([[1.0], np.clip(1.0 - explained, 0.0, 1.0)])


_KINDS = {"ratio": _ratio, "share": _share, "growth": _growth, "contribution": _contribution}
