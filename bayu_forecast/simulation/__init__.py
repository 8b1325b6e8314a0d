"""The bridge: a fitted model and what was known, into sample paths of every series a target speaks of.

Floor F5: sees the west (snapshot, design) and the east (models). It must never reduce over samples: that is for
targets and reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

import bayu_forecast
from bayu_forecast.errors import HorizonError, SchemaError
from bayu_forecast.paths import as_sample_paths
from bayu_forecast.schema.names import PATH_DIMS, SAMPLE, SCENARIO, SERIES, TIME
from bayu_forecast.simulation.linked import Tables, linked_series
from bayu_forecast.simulation.revision import revision_paths
from bayu_forecast.simulation.totals import last_level, last_total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster

#: paths are always drawn in whole first blocks, so that few samples are the first of many
_LEAST = 256

__all__ = ["simulate"]


def simulate(
    model: StructuralForecaster, known: Snapshot, *, horizon: int | str, samples: int = 4000, rng: int = 0
) -> xr.Dataset:
    """Draw joint sample paths of a region's series, from two Januaries before the date to the horizon.

    The retail total comes from the model; the other series a target needs (services, consumption, GDP) from the
    evidence known at the date, in the same samples: before anything of a series is published its level is a wide prior, to
    be read as a share only. Months already printed vary only by what is uncertain about them.

    Parameters
    ----------
    model : StructuralForecaster
        Fitted on ``known.observations(...)``.
    known : Snapshot
        What was published by the date.
    horizon : int or str
        Months after the last print, or the last month, such as ``"2027-12"``.
    samples : int
        Number of paths; the same seed gives the first of more.
    rng : int
        Seed.

    Returns
    -------
    Dataset, dims (scenario, sample, series, time)
        ``value`` in 1e8 CNY a month on the basis current at the date; ``revision`` (sample, series, time), the log
        factor of a census revision still to come; ``prior_share``, ``last_total``, ``last_year`` and ``resolution``
        over series.

    Raises
    ------
    SchemaError
        When the model was fitted on another region or as of another date, or ``samples`` is no positive whole number.
    HorizonError
        When the horizon is not after the start.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2025-01-31")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> paths = bf.simulate(model, known, horizon="2025-12", samples=100, rng=7)
    >>> paths["value"].dims
    ('scenario', 'sample', 'series', 'time')
    >>> sorted(paths["series"].to_numpy().tolist())
    ['china:retail_total', 'consumption', 'final_consumption', 'gdp', 'retail_total', 'services']
    """
    own = model.series_[-1]
    region, _, name = own.partition(":")
    if region != known.region.name:
        raise SchemaError(f"the model was fitted on {region!r} and the snapshot is of {known.region.name!r}: fit it on this snapshot")
    if model.as_of_ and pd.Timestamp(model.as_of_) != pd.Timestamp(known.as_of):
        raise SchemaError(f"the model knows figures known at {model.as_of_}, the snapshot is of {known.as_of}: fit it on this snapshot")
    if not isinstance(samples, int | np.integer) or samples < 1:
        raise SchemaError(f"samples is {samples!r}: ask for a whole number of paths, one or more", got=samples)
    start = pd.Timestamp(year=pd.Timestamp(known.as_of).year - 2, month=1, day=1)
    months = model.months_until(horizon)
    if model.design_.time[months - 1] < start:
        raise HorizonError(f"horizon {horizon!r} ends before the paths start, {start:%Y-%m}", got=str(horizon))
    drawn = model.simulate(horizon, samples=max(samples, _LEAST), rng=rng, start=f"{start:%Y-%m}")
    drawn = drawn.assign_coords({SERIES: [name if s == own else s for s in model.series_]})
    tables = Tables(known.observations(name).to_dataframe(), known.evidence.to_dataframe())
    linked, prior_share = linked_series(drawn["value"].sel({SERIES: name}), known, tables, int(rng))
    value = xr.concat([drawn["value"], linked], dim=SERIES) if linked is not None else drawn["value"]
    return _assemble(value.isel({SAMPLE: slice(samples)}), prior_share, known, tables, model, int(rng))


def _assemble(
    value: xr.DataArray,
    prior_share: dict[str, NDArray[np.float64]],
    known: Snapshot,
    tables: Tables,
    model: StructuralForecaster,
    seed: int,
) -> xr.Dataset:
    """The dataset of paths with everything a verdict needs beside them."""
    own, name = known.region.name, model.series_[-1].partition(":")[2]
    series = [str(s) for s in value[SERIES].to_numpy()]
    printed_as = {name: model.series_[-1]} | {s: s for s in model.series_[:-1]}
    revision = revision_paths(value, known, printed_as, model.table_, seed)
    totals = [
        last_total(tables.prints, printed_as[s].partition(":")[0]) if s in printed_as else last_level(tables.evidence, own, s)
        for s in series
    ]
    return as_sample_paths(
        value.expand_dims(SCENARIO).transpose(*PATH_DIMS).to_numpy(),
        series=series,
        start=f"{pd.Timestamp(value[TIME].to_numpy()[0]):%Y-%m}",
        as_of=f"{pd.Timestamp(known.as_of):%Y-%m-%d}",
        resolution=["month" if s in printed_as else "year" for s in series],
        revision=revision.transpose(*PATH_DIMS[1:]).to_numpy(),
        prior_share=np.stack([prior_share.get(s, np.zeros(value.sizes[TIME])) for s in series]),
        last_total=[t[0] for t in totals],
        last_year=[t[1] for t in totals],
        region=own,
        seed=seed,
        library_version=bayu_forecast.__version__,
        not_modelled=", ".join(sorted({s.id for r in known.regions.values() for s in r.series} - set(series))),
    )
