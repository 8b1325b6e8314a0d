"""Driver inputs as known at a date, for a region and the one it leans on, and the columns a model is given of them.

Floor F4, west: it joins dated tables with driver shapes. It must never see a figure that is forecast.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayu_forecast.data.totals import last_total
from bayu_forecast.drivers import ceiling, continuation, input_paths, responses, rows_for
from bayu_forecast.specs import SHAPE_WEIGHTS, DriverSpec, RegressorBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot

#: name of the block that carries every driver on one grid of payback shapes
DRIVERS = "drivers"
_ALL = "all"


@dataclasses.dataclass(frozen=True, slots=True)
class Layer:
    """Inputs of one series: announced paths, what a running programme would add after its end, and a month's sales."""

    announced: pd.DataFrame
    continued: pd.DataFrame
    sales: float
    kappa: dict[str, float]

    def expected(self, spec: DriverSpec) -> NDArray[np.float64]:
        """Expected input: announced, and a continuation with its probability."""
        return np.asarray(self.announced[spec.id] + spec.continuation_probability * self.continued[spec.id], dtype=np.float64)

    def response(self, spec: DriverSpec, inputs: NDArray[np.float64], shape: str) -> NDArray[np.float64]:
        """Log response (..., months) to inputs for a coefficient of one."""
        return responses(spec, inputs, spec.shape(shape), self.sales, kappa=self.kappa[spec.id])


@dataclasses.dataclass(frozen=True, slots=True)
class DriverInputs:
    """All that is known of drivers at a date, over the design's months.

    Attributes
    ----------
    specs : tuple of DriverSpec
        The drivers, in the order of the block's columns.
    levers : DataFrame
        Which driver each measure and safeguard moves.
    own, leading : Layer
        Inputs of the region, and of the one it leans on (the same for the nation).
    time : DatetimeIndex
        Months.
    as_of : Timestamp
        Months that begin later are future.
    """

    specs: tuple[DriverSpec, ...]
    levers: pd.DataFrame
    own: Layer
    leading: Layer
    time: pd.DatetimeIndex
    as_of: pd.Timestamp


def driver_inputs(known: Snapshot, time: pd.DatetimeIndex, *, series: str = "retail_total") -> DriverInputs | None:
    """Inputs of every driver known at the date, or None where none is.

    Parameters
    ----------
    known : Snapshot
        Its drivers, specifications, levers and prints are read.
    time : DatetimeIndex
        Months of the design.
    series : str
        Whose sales money is measured by.

    Returns
    -------
    DriverInputs or None
        None when no driver is specified, or no annual total was published to measure money by.
    """
    specs = known.driver_specs
    prints = known.observations(series).to_dataframe()
    name, leader = known.region.name, known.region.leans_on or known.region.name
    sales = {region: last_total(prints, region)[0] / 12.0 for region in (name, leader)}
    if not specs or not all(np.isfinite(s) for s in sales.values()):
        return None
    share = sales[name] / sales[leader]
    own = rows_for(known.drivers, name, known.region.leans_on, specs, share=share if name != leader else 0.0)
    as_of = pd.Timestamp(known.as_of)
    layers = {
        "own": _layer(own, specs, time, as_of, sales[name]),
        "leading": _layer(known.drivers[known.drivers["region"] == leader], specs, time, as_of, sales[leader]),
    }
    return DriverInputs(specs, known.levers, layers["own"], layers["leading"], time, as_of)


def _layer(rows: pd.DataFrame, specs: tuple[DriverSpec, ...], time: pd.DatetimeIndex, as_of: pd.Timestamp, sales: float) -> Layer:
    """Inputs of one region."""
    announced, continued = input_paths(rows, specs, time, as_of), continuation(rows, specs, time, as_of)
    seen = announced[time <= as_of]
    kappa = {spec.id: ceiling(spec, seen[spec.id].to_numpy(), sales) for spec in specs}
    return Layer(announced, continued, sales, kappa)


def driver_block(inputs: DriverInputs) -> RegressorBlock:
    """One column a driver, its unit response on both series, for each point of the shared grid of payback shapes."""
    columns = []
    for shape in SHAPE_WEIGHTS:
        own = [inputs.own.response(s, inputs.own.expected(s), shape) for s in inputs.specs]
        leading = [
            inputs.leading.response(s, inputs.leading.expected(s), shape) if s.scope == _ALL else np.zeros(len(inputs.time))
            for s in inputs.specs
        ]
        columns.append(np.stack([np.column_stack(leading), np.column_stack(own)]))
    return RegressorBlock(
        name=DRIVERS,
        labels=tuple(s.id for s in inputs.specs),
        columns=tuple(columns),
        weights=tuple(SHAPE_WEIGHTS.values()),
        prior_mean=np.array([s.mean for s in inputs.specs]),
        prior_sd=np.array([s.sd for s in inputs.specs]),
        shapes=tuple(SHAPE_WEIGHTS),
        source="driver_specs: " + "; ".join(f"{s.id} ({s.published})" for s in inputs.specs),
    )
