"""Driver inputs as known at a date, for a region and the one it leans on, and the columns a model is given of them.

Floor F4, west: it joins dated tables with driver shapes. It must never see a figure that is forecast.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayu_forecast.data.totals import last_total
from bayu_forecast.drivers import anticipated, ceiling, combine, continuation, contrast_of, input_paths, read_contrast, responses, rows_for
from bayu_forecast.specs import SHAPE_WEIGHTS, DriverSpec, RegressorBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot

#: name of the block that carries every driver on one grid of payback shapes
DRIVERS = "drivers"
_ALL = "all"


@dataclasses.dataclass(frozen=True, slots=True)
class Layer:
    """Inputs of one series: announced paths, what a running programme would add after its end, a month's sales, the first open month."""

    announced: pd.DataFrame
    continued: pd.DataFrame
    sales: float
    kappa: dict[str, float]
    first_open: int

    def expected(self, spec: DriverSpec) -> NDArray[np.float64]:
        """Expected input: announced, and a continuation with its probability."""
        return np.asarray(self.announced[spec.id] + spec.continuation_probability * self.continued[spec.id], dtype=np.float64)

    def anticipated(self, spec: DriverSpec, stated: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Input that the ends and starts of a stated path, the announced one by default, bring forward or hold back."""
        return anticipated(spec, self.announced[spec.id].to_numpy() if stated is None else stated, self.first_open)

    def response(self, spec: DriverSpec, inputs: NDArray[np.float64], moved: NDArray[np.float64], shape: str) -> NDArray[np.float64]:
        """Log response (..., months) to inputs, and to what is moved in time of them, for a coefficient of one."""
        return responses(spec, inputs, spec.shape(shape), self.sales, kappa=self.kappa[spec.id], moved=moved)

    def told(self, spec: DriverSpec, shape: str) -> NDArray[np.float64]:
        """Response to what was expected at the date: the column of the design."""
        return self.response(spec, self.expected(spec), self.anticipated(spec), shape)


@dataclasses.dataclass(frozen=True, slots=True)
class DriverInputs:
    """All that is known of drivers at a date, over the design's months.

    Attributes
    ----------
    specs : tuple of DriverSpec
        The drivers, those that act on the retail total in the order of the block's columns.
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

    @property
    def on_total(self) -> tuple[DriverSpec, ...]:
        """Drivers that act on the retail total; the others act on a series linked to it."""
        return tuple(s for s in self.specs if not s.acts_on)


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
    specs = tuple(s for s in specs_with_evidence(known, series) if not s.acts_on or s.acts_on in known.region.linked)
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


@functools.lru_cache(maxsize=16)
def specs_with_evidence(known: Snapshot, series: str) -> tuple[DriverSpec, ...]:
    """Specifications whose priors have been combined with what the growth of the series paid for says by the date.

    The contrast is the nation's (or of whichever region lists one); it is read once a snapshot.
    """
    return tuple(_with_evidence(known, spec, series) if spec.own_data > 0.0 else spec for spec in known.driver_specs)


def _with_evidence(known: Snapshot, spec: DriverSpec, series: str) -> DriverSpec:
    """One driver and what its contrast says; the driver as it is before any month of its money has been printed."""
    listed = known.contrasts[known.contrasts["driver"].eq(spec.id)]
    if listed.empty:
        return spec
    region, log = str(listed["region"].iloc[0]), known.data_log()
    seen = contrast_of(log[log["table"].eq("observations") & log["region"].eq(region)], listed, total=series)
    if seen is None:
        return spec
    months = pd.date_range(min(seen.starts.values()), seen.panel.growth.index[-1], freq="MS")
    paid = input_paths(known.drivers[known.drivers["region"].eq(region)], known.driver_specs, months, known.as_of)[spec.id]
    text = f"Combined with the growth of the series paid for, printed to {months[-1]:%Y-%m}."
    return combine(spec, read_contrast(seen, spec, paid), text=text)


def _layer(rows: pd.DataFrame, specs: tuple[DriverSpec, ...], time: pd.DatetimeIndex, as_of: pd.Timestamp, sales: float) -> Layer:
    """Inputs of one region."""
    announced, continued = input_paths(rows, specs, time, as_of), continuation(rows, specs, time, as_of)
    seen = announced[time <= as_of]
    kappa = {spec.id: ceiling(spec, seen[spec.id].to_numpy(), sales) for spec in specs}
    return Layer(announced, continued, sales, kappa, int((time <= as_of).sum()))


def driver_block(inputs: DriverInputs) -> RegressorBlock:
    """One column a driver, its unit response on both series, for each point of the shared grid of payback shapes."""
    columns = []
    for shape in SHAPE_WEIGHTS:
        own = [inputs.own.told(s, shape) for s in inputs.on_total]
        leading = [
            inputs.leading.told(s, shape) if s.scope == _ALL else np.zeros(len(inputs.time))
            for s in inputs.on_total
        ]
        columns.append(np.stack([np.column_stack(leading), np.column_stack(own)]))
    return RegressorBlock(
        name=DRIVERS,
        labels=tuple(s.id for s in inputs.on_total),
        columns=tuple(columns),
        weights=tuple(SHAPE_WEIGHTS.values()),
        prior_mean=np.array([s.mean for s in inputs.on_total]),
        prior_sd=np.array([s.sd for s in inputs.on_total]),
        shapes=tuple(SHAPE_WEIGHTS),
        source="driver_specs: " + "; ".join(f"{s.id} ({s.published})" for s in inputs.on_total),
    )
