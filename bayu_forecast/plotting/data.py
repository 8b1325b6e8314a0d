"""What the charts draw, as tables: fans, prints as bars over their months, the hidden path and its growth.

Floor F7. It computes and draws nothing; no matplotlib here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayu_forecast.errors import SchemaError
from bayu_forecast.paths import fan
from bayu_forecast.schema.names import GROWTH, LEVEL, QUANTILE, SAMPLE, SCENARIO, SERIES, TIME

if TYPE_CHECKING:
    import xarray as xr

    from bayu_forecast.models import StructuralForecaster

QUANTILES = {"q10": 0.10, "q25": 0.25, "median": 0.50, "q75": 0.75, "q90": 0.90}
_LATENT_SAMPLES, _SEED = 600, 20210430


def fan_data(
    paths: xr.Dataset, *, series: str | None = None, frequency: str = "year", scenario: str | None = None, printed: bool = False
) -> pd.DataFrame:
    """Quantiles of one series of any sample paths, by year or month.

    Parameters
    ----------
    paths : Dataset
        Sample paths.
    series, scenario : str, optional
        The first series that is not another region's, and the first scenario, by default.
    frequency : str
        ``year`` or ``month``.
    printed : bool
        As it will be printed, with census revisions still to come.

    Returns
    -------
    DataFrame
        Index ``year`` or ``time``; columns q10, q25, median, q75, q90; 1e8 CNY.

    Raises
    ------
    SchemaError
        When there is no such scenario, or the series is not known at this frequency.
    UnknownNameError, HorizonError
        As in :func:`bayu_forecast.paths.fan`.
    """
    scenarios = [str(s) for s in paths[SCENARIO].values]
    if scenario is not None and scenario not in scenarios:
        raise SchemaError(f"no scenario {scenario!r} in these paths, which hold {scenarios}", names=[scenario], expected=scenarios)
    name = series or next((str(s) for s in paths[SERIES].values if ":" not in str(s)), str(paths[SERIES].values[0]))
    table = fan(paths, by=frequency, series=[name], printed=printed, q=tuple(QUANTILES.values()))["value"]
    wide = table.sel({SCENARIO: scenario or scenarios[0], SERIES: name}).transpose(..., QUANTILE)
    return pd.DataFrame(wide.values, index=wide.indexes["year" if frequency == "year" else TIME], columns=list(QUANTILES))


def latent_data(model: StructuralForecaster) -> pd.DataFrame:
    """The hidden monthly path of a fitted model's own series, history only.

    Returns
    -------
    DataFrame
        Index month; ``level_*`` (1e8 CNY a month), ``smooth_*`` (mean of the last twelve months) and ``growth_*`` (of the last
        twelve months over the twelve before, ratio), each q10, median, q90 over paths, on the basis current at the date.
    """
    origin = model.design_.time[0]
    drawn = model.simulate(0, samples=_LATENT_SAMPLES, rng=_SEED, start=f"{origin:%Y-%m}")
    value = drawn["value"].sel({SERIES: model.series_[-1]}).transpose(SAMPLE, TIME)
    months, levels = value.indexes[TIME], value.values
    sums = np.cumsum(np.pad(levels, ((0, 0), (1, 0))), axis=1)
    year = np.full_like(levels, np.nan)
    year[:, 11:] = (sums[:, 12:] - sums[:, :-12]) / 12.0
    growth = np.full_like(levels, np.nan)
    growth[:, 23:] = year[:, 23:] / year[:, 11:-12] - 1.0
    out = pd.DataFrame(index=months)
    for name, values in (("level", levels), ("smooth", year), ("growth", growth)):
        seen = ~np.isnan(values).any(axis=0)
        for label in ("q10", "median", "q90"):
            out.loc[seen, f"{name}_{label}"] = np.quantile(values[:, seen], QUANTILES[label], axis=0)
    return out


def print_bars(model: StructuralForecaster, prints: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every print of the own series as a bar over its months.

    Parameters
    ----------
    model : StructuralForecaster
        Fitted.
    prints : DataFrame, optional
        All prints of the series, such as ``bf.verdict().prints``; those that the model reads by default (it leaves out what others repeat).

    Returns
    -------
    DataFrame
        ``start``, ``end`` (first day of the first month, last day of the last), ``months``, ``measure``, ``value``, ``basis``,
        ``basis_rank``; for levels ``height`` (1e8 CNY a month as printed) and ``comparable`` (the same on the current basis, by the
        posterior step of its basis; equal to ``height`` on the current one).
    """
    own = model.series_[-1]
    read = model.table_[model.table_["series"] == own]
    rows = read if prints is None else prints[prints["period_start"] >= model.design_.time[0]]
    start, end = rows["period_start"], rows["period_end"]
    months = (end.dt.year - start.dt.year) * 12 + end.dt.month - start.dt.month + 1
    height = np.where(rows["measure"] == LEVEL, rows["value"] / months, np.nan)
    steps = model.steps_[model.steps_["series"] == own].set_index("basis")["step"]
    step = rows["basis"].map(steps.astype(float)).fillna(0.0).to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "start": start.to_numpy(),
            "end": end.to_numpy(),
            "months": months.to_numpy(),
            "measure": rows["measure"].to_numpy(),
            "value": rows["value"].to_numpy(),
            "basis": rows["basis"].to_numpy(),
            "basis_rank": rows["basis_rank"].to_numpy(),
            "height": height,
            "comparable": height * np.exp(step * _taper(read, rows["basis"], end.dt.year)),
        }
    )


def growth_bars(bars: pd.DataFrame) -> pd.DataFrame:
    """Growth prints of whole years: what can stand beside the growth of twelve months."""
    return bars[(bars["measure"] == GROWTH) & (bars["months"] == 12)]


def _taper(read: pd.DataFrame, basis: pd.Series[str], year: pd.Series[int]) -> np.ndarray:
    """Share of its basis' step that a year carries: none at the start of a taper, whole at its end, whole without one."""
    stated = read.drop_duplicates("basis").set_index("basis")
    start, end = (basis.map(stated[name]).fillna(0.0).to_numpy(dtype=float) for name in ("taper_start", "taper_end"))
    share = np.divide(year.to_numpy() - start, end - start, out=np.ones(len(basis)), where=end > start)
    return np.asarray(share.clip(0.0, 1.0))
