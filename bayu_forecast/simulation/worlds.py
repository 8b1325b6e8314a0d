"""The samples of one question, drawn once, and each scenario asked of the same ones.

Floor F5. It joins a fitted model, driver inputs, conditions and the linked series; it must never reduce over samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

import bayu_forecast
from bayu_forecast.data.totals import last_level, last_total
from bayu_forecast.design.inputs import DRIVERS, DriverInputs
from bayu_forecast.errors import HorizonError, ScenarioError, SchemaError
from bayu_forecast.paths import as_sample_paths
from bayu_forecast.scenarios import Scenario
from bayu_forecast.schema.names import BASELINE, PATH_DIMS, SAMPLE, SCENARIO, SERIES, TIME
from bayu_forecast.simulation.conditions import meet, tilted
from bayu_forecast.simulation.drivers import DriverShifts
from bayu_forecast.simulation.linked import Tables, linked_series, moved
from bayu_forecast.simulation.revision import revision_paths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster

    Array = NDArray[np.float64]

#: paths are always drawn in whole first blocks, so that few samples are the first of many
_LEAST = 256


class Worlds:
    """The samples of one question, drawn once; each scenario is asked of the same ones.

    Memory does not grow with the number of scenarios: :meth:`run` makes the paths of one and keeps none.

    Parameters
    ----------
    model, known, horizon, samples, rng
        As in :func:`simulate`.
    """

    def __init__(self, model: StructuralForecaster, known: Snapshot, *, horizon: int | str, samples: int = 4000, rng: int = 0) -> None:
        own = model.series_[-1]
        region, _, self.name = own.partition(":")
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
        self.model, self.known, self.samples, self.seed = model, known, samples, int(rng)
        drawn = model.simulate(horizon, samples=max(samples, _LEAST), rng=self.seed, start=f"{start:%Y-%m}")
        self.tables = Tables(known.observations(self.name).to_dataframe(), known.evidence.to_dataframe())
        self.drawn = drawn.assign_coords({SERIES: [self.name if s == own else s for s in model.series_]})
        self.printed_as = {self.name: own} | {s: s for s in model.series_[:-1]}
        shapes = {block.name: block.shapes for block in model.design_.blocks}.get(DRIVERS, ())
        inputs = model.design_.inputs
        first = months - drawn.sizes[TIME]
        self.shifts = DriverShifts(inputs, drawn, shapes, first, months, self.seed) if shapes and isinstance(inputs, DriverInputs) else None
        self.baseline, self.planned = self._retail(Scenario(BASELINE))
        linked, self.prior_share = linked_series(self.baseline.sel({SERIES: self.name}), known, self.tables, self.seed)
        self.linked = linked
        full = xr.concat([self.baseline, linked], dim=SERIES) if linked is not None else self.baseline
        self.revision = revision_paths(full, known, self.printed_as, model.table_, self.seed)

    def _retail(self, scenario: Scenario) -> tuple[xr.DataArray, dict[str, Array]]:
        """Retail totals of the region and of the one it leans on under a scenario's inputs, and shifts of linked series."""
        value = self.drawn["value"]
        if self.shifts is None:
            if scenario.assumptions:
                raise ScenarioError(
                    f"scenario {scenario.name!r} moves levers and the design has no drivers: fit on design(known)", names=[scenario.name]
                )
            return value, {}
        own, leading = self.shifts.of(scenario)
        shift = np.stack([leading] * (len(self.printed_as) - 1) + [own[0]], axis=1)
        return value * np.exp(shift), self.linked_shifts(own)

    def linked_shifts(self, own: Array) -> dict[str, Array]:
        """Shifts of linked series by name, from those of every series that drivers move."""
        assert self.shifts is not None
        return dict(zip(self.shifts.moves[1:], own[1:], strict=True))

    def run(self, scenario: Scenario) -> xr.Dataset:
        """Sample paths of one scenario, all samples, every series."""
        retail, linked = (self.baseline, self.planned) if not scenario.assumptions else self._retail(scenario)
        retail, nats = meet(retail, scenario, self.seed)
        parts = [retail]
        if self.linked is not None:
            before, after = (x.sel({SERIES: self.name}) for x in (self.baseline, retail))
            parts.append(moved(self.linked, before, after, self.known.region.linked, linked))
        value = xr.concat(parts, dim=SERIES).isel({SAMPLE: slice(self.samples)})
        paths, more = tilted(self._assemble(value, scenario.name), scenario, self.seed)
        distance = {"units": "nat", "long_name": "distance of the conditions from the paths"}
        return paths.assign(plausibility=(SCENARIO, [nats + more], distance))

    def _assemble(self, value: xr.DataArray, name: str) -> xr.Dataset:
        """The dataset of paths with everything a verdict needs beside them."""
        own = self.known.region.name
        series = [str(s) for s in value[SERIES].to_numpy()]
        prints, evidence, printed_as = self.tables.prints, self.tables.evidence, self.printed_as
        totals = [
            last_total(prints, printed_as[s].partition(":")[0]) if s in printed_as else last_level(evidence, own, s) for s in series
        ]
        return as_sample_paths(
            value.expand_dims({SCENARIO: [name]}).transpose(*PATH_DIMS).to_numpy(),
            scenarios=[name],
            series=series,
            start=f"{pd.Timestamp(value[TIME].to_numpy()[0]):%Y-%m}",
            as_of=f"{pd.Timestamp(self.known.as_of):%Y-%m-%d}",
            resolution=["month" if s in printed_as else "year" for s in series],
            revision=self.revision.isel({SAMPLE: slice(self.samples)}).transpose(*PATH_DIMS[1:]).to_numpy(),
            prior_share=np.stack([self.prior_share.get(s, np.zeros(value.sizes[TIME])) for s in series]),
            last_total=[t[0] for t in totals],
            last_year=[t[1] for t in totals],
            region=own,
            seed=self.seed,
            library_version=bayu_forecast.__version__,
            not_modelled=", ".join(sorted({s.id for r in self.known.regions.values() for s in r.series} - set(series))),
        )
