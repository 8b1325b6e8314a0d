"""The bridge: a fitted model and what was known, into sample paths of every series a target speaks of.

Floor F5: sees the west (snapshot, design) and the east (models). It must never reduce over samples: that is for
targets and reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from bayu_forecast.scenarios import Scenario, ScenarioSet
from bayu_forecast.schema.names import SCENARIO
from bayu_forecast.simulation.worlds import Worlds

if TYPE_CHECKING:
    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster

__all__ = ["Worlds", "simulate"]


def simulate(
    model: StructuralForecaster,
    known: Snapshot,
    scenarios: ScenarioSet | Scenario | None = None,
    *,
    horizon: int | str,
    samples: int = 4000,
    rng: int = 0,
) -> xr.Dataset:
    """Draw joint sample paths of a region's series, from two Januaries before the date to the horizon.

    The retail total comes from the model; the other series a target needs (services, consumption, GDP) from the
    evidence known at the date, in the same samples: before anything of a series is published its level is a wide prior, to
    be read as a share only. Months already printed vary only by what is uncertain about them.
    A scenario is other inputs to the same worlds: every scenario sees the same shocks, coefficients and executions. Unless it
    says otherwise, a running programme goes on after its announced end with its stated probability.

    Parameters
    ----------
    model : StructuralForecaster
        Fitted on ``known.observations(...)`` and ``design(known)``.
    known : Snapshot
        What was published by the date.
    scenarios : ScenarioSet or Scenario, optional
        What to assume; the baseline alone by default.
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
        factor of a census revision still to come; ``plausibility`` (scenario), how far its conditions move the paths, in
        nats; ``prior_share``, ``last_total``, ``last_year`` and ``resolution`` over series.

    Raises
    ------
    SchemaError
        When the model was fitted on another region or as of another date, or ``samples`` is no positive whole number.
    HorizonError
        When the horizon is not after the start.
    ScenarioError
        When a scenario moves levers and the model's design has no drivers.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2025-01-31")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> plans = bf.ScenarioSet.baseline() | bf.Scenario("stop trade-in", [bf.set_to("trade_in", 0.0, start="2025-02")])
    >>> paths = bf.simulate(model, known, plans, horizon="2025-12", samples=100, rng=7)
    >>> paths["value"].dims
    ('scenario', 'sample', 'series', 'time')
    >>> sorted(paths["series"].to_numpy().tolist())
    ['china:retail_total', 'consumption', 'final_consumption', 'gdp', 'retail_total', 'services']
    """
    worlds = Worlds(model, known, horizon=horizon, samples=samples, rng=rng)
    plans = ScenarioSet.baseline() if scenarios is None else scenarios if isinstance(scenarios, ScenarioSet) else ScenarioSet((scenarios,))
    runs = [worlds.run(scenario) for scenario in plans]
    return xr.concat(runs, dim=SCENARIO, data_vars="minimal", combine_attrs="override") if len(runs) > 1 else runs[0]
