"""Paths of one scenario reduced to rows, and compared with the baseline sample by sample.

Floor F7. It keeps per path only events and annual totals, never the paths: memory does not grow with the scenarios.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayu_forecast.drivers import label, lever_table, unpaid_stock
from bayu_forecast.paths import annual_growth, annual_sum, covers, effective_samples
from bayu_forecast.scenarios import Scenario, Tilt
from bayu_forecast.schema.names import REGRESSOR, SERIES, TARGET, UNIT_MONEY
from bayu_forecast.specs import SHAPE_WEIGHTS
from bayu_forecast.targets import assess, evaluate

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from bayu_forecast.design.inputs import DriverInputs
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.simulation import Worlds
    from bayu_forecast.specs import Target

    Array = NDArray[np.float64]

Row = dict[str, Any]
_QUANTILES = {"q10": 0.1, "median": 0.5, "q90": 0.9}
_ASSESSED = (
    "probability", "monte_carlo_error", "required_growth", "required_growth_modelled", "q10", "q50", "q90", "prior_share", "status"
)  # fmt: skip
_STATED = ("region", "text_zh", "text_en", "expression", "op", "value", "unit", "period", "definition", "basis", "source")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What is kept of one scenario's paths.

    Attributes
    ----------
    events : dict of bool array (sample,)
        By target, where the paths say anything of it.
    totals, growth : dict of array (sample,)
        By series and year, on the basis known at the date; 1e8 CNY and ratios.
    assessed : list of dict
        One row a target, as :func:`bayu_forecast.assess` says it.
    nats : float
        How far the conditions moved the paths.
    effective : float
        Independent samples: fewer than the samples where an outside view chose among them.
    """

    events: dict[str, NDArray[np.bool_]]
    totals: dict[tuple[str, int], Array]
    growth: dict[tuple[str, int], Array]
    assessed: list[Row]
    nats: float
    effective: float


def read(paths: xr.Dataset, targets: Sequence[Target], series: Iterable[str], years: Iterable[int]) -> Reading:
    """Events, annual totals and growth of one scenario's paths."""
    events, assessed, totals, growth = {}, [], {}, {}
    for target in targets:
        own = _of_region(paths, target.region)
        one = assess(own, target).isel(scenario=0, target=0)
        assessed.append({TARGET: target.id, **{f: getattr(target, f) for f in _STATED}, **{f: one[f].item() for f in _ASSESSED}})
        if not math.isnan(one["probability"].item()):
            events[target.id] = evaluate(target, own)[0].isel(scenario=0).to_numpy()
    for name in series:
        for year in years:
            totals[name, year] = annual_sum(paths, name, year).isel(scenario=0).to_numpy()
            if covers(paths, year - 1, year):
                growth[name, year] = annual_growth(paths, name, year).isel(scenario=0).to_numpy()
    return Reading(events, totals, growth, assessed, float(paths["plausibility"].item()),
                   float(effective_samples(paths["value"]).item()))  # fmt: skip


def _of_region(paths: xr.Dataset, region: str) -> xr.Dataset:
    """Paths as a target of this region names them; those of the region that is leaned on carry its name before a colon."""
    if region == paths.attrs["region"]:
        return paths
    names = [s for s in paths[SERIES].to_numpy() if str(s).startswith(f"{region}:")]
    return paths.sel({SERIES: names}).assign_coords({SERIES: [str(s).partition(":")[2] for s in names]})


def paired(scenario: Scenario) -> bool:
    """Whether sample i of the scenario is sample i of the baseline: outside views choose among the samples and break the pairs."""
    return not any(isinstance(c, Tilt) for c in scenario.conditions)


def target_rows(scenario: Scenario, mine: Reading, base: Reading) -> list[Row]:
    """One row a target: its assessment, and its probability less the baseline's."""
    rows = []
    for stated in mine.assessed:
        name, pairs = stated[TARGET], paired(scenario)
        difference, error = math.nan, math.nan
        if name in mine.events and name in base.events:
            difference, error = mean_difference(mine.events[name].astype(float), base.events[name].astype(float), pairs, mine.effective)
        rows.append({"scenario": scenario.name, **stated, "difference": difference, "difference_error": error, "paired": pairs})
    return rows


def year_rows(scenario: Scenario, mine: Reading, base: Reading) -> list[Row]:
    """One row a series and year: total, growth, and the total less the baseline's."""
    rows = []
    for (name, year), total in mine.totals.items():
        pairs, other = paired(scenario), base.totals[name, year]
        difference, error = mean_difference(total, other, pairs, mine.effective)
        spread = total - other if pairs else np.full(1, math.nan)
        grown = mine.growth.get((name, year), np.full(1, math.nan))
        rows.append({
            "scenario": scenario.name, SERIES: name, "year": year, **_three("total", total), **_three("growth", grown),
            "difference": difference, "difference_error": error, **_three("difference", spread), "paired": pairs, "unit": UNIT_MONEY,
        })  # fmt: skip
    return rows


def mean_difference(one: Array, other: Array, pairs: bool, effective: float) -> tuple[float, float]:
    """Mean of a difference and its standard error: of the pairs where samples are pairs, of ``effective`` samples of one where not."""
    n = len(one)
    variance = np.var(one - other, ddof=1) / n if pairs else np.var(one, ddof=1) / effective + np.var(other, ddof=1) / n
    return float(one.mean() - other.mean()), float(np.sqrt(variance))


def _three(name: str, values: Array) -> dict[str, float]:
    """The 10 %, 50 % and 90 % quantiles under their names."""
    told = np.quantile(values, list(_QUANTILES.values()))
    return {f"{name}_{q}": float(v) for q, v in zip(_QUANTILES, told, strict=True)}


def effect_rows(scenario: Scenario, worlds: Worlds, model: StructuralForecaster) -> list[Row]:
    """One row a driver that the scenario moves: what figures said of its coefficient, and whether it is the prior."""
    if not scenario.levers or worlds.shifts is None:
        return []
    told = {str(r[REGRESSOR]): r for r in model.coefficients_.to_dict("records")}
    specs = {spec.id: spec for spec in worlds.shifts.inputs.specs}
    rows = []
    for name, levers in _moved(scenario, worlds.shifts.inputs).items():
        if name in told:
            mean, sd, learned = (float(told[name][key]) for key in ("prior_mean", "prior_sd", "contraction"))
        else:
            # it acts on a series of which no figure is in the model: all prior
            mean, sd, learned = specs[name].mean, specs[name].sd, 0.0
        draws = worlds.shifts.multiplier[name] if name in specs else worlds.shifts.drawn.sel({REGRESSOR: name}).to_numpy()
        rows.append({
            "scenario": scenario.name, "driver": name, "levers": ", ".join(levers), "prior_mean": mean, "prior_sd": sd,
            **_three("coefficient", draws), "contraction": learned, "label": label(learned),
        })  # fmt: skip
    return rows


def idle(scenario: Scenario, worlds: Worlds) -> list[str]:
    """What measures cannot move: drivers of which nothing is stated for the months to come, such as vouchers never published."""
    if worlds.shifts is None:
        return []
    own, future = worlds.shifts.inputs.own, worlds.shifts.future
    planned = own.announced + own.continued
    said = []
    for driver, levers in _moved(scenario, worlds.shifts.inputs).items():
        through = [lever for lever in levers if lever != driver]
        if through and driver in planned and driver not in scenario.levers and not planned.loc[future, driver].any():
            said.append(f"{', '.join(through)}: no {driver} are stated for the months to come, so none move: state an amount on {driver}")
    return said


def _moved(scenario: Scenario, inputs: DriverInputs) -> dict[str, list[str]]:
    """Drivers that a scenario moves, each with the levers by which it does."""
    known = lever_table(inputs.levers, inputs.specs).set_index("lever")["drivers"]
    moved: dict[str, list[str]] = {}
    for lever in scenario.levers:
        for driver in known.get(lever, (lever,)):
            moved.setdefault(driver, []).append(lever)
    return moved


def unpaid_rows(worlds: Worlds) -> list[Row]:
    """Sales that programmes of money borrowed from the months after the date, one row a driver that borrowed any."""
    if worlds.shifts is None:
        return []
    shifts, rows = worlds.shifts, []
    layer = shifts.inputs.own
    for spec in shifts.inputs.specs:
        if spec.kind != "money" or not layer.announced.loc[~shifts.future, spec.id].any():
            continue
        stock = np.zeros(shifts.samples)
        for i, shape in enumerate(SHAPE_WEIGHTS):
            mine = shifts.shape == i
            stock[mine] = unpaid_stock(spec, layer.announced[spec.id], spec.shape(shape), shifts.inputs.as_of,
                                       shifts.multiplier[spec.id][mine], layer.sales, kappa=layer.kappa[spec.id])  # fmt: skip
        rows.append({"driver": spec.id, "zh": spec.zh, "mean": float(stock.mean()), **_three("stock", stock), "unit": UNIT_MONEY})
    return rows


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as a table."""
    return pd.DataFrame(list(rows))
