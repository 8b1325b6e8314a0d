"""Over samples: quantiles, means and probabilities, always the last step and always with their Monte-Carlo error.

Floor F2. It never looks inside a path: what is reduced here was summed, grown or compared there before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.special import betaincinv

from bayu_forecast.errors import HorizonError, SchemaError
from bayu_forecast.paths.within_path import annual_sum, covers, monthly
from bayu_forecast.schema.names import EFFECTIVE, QUANTILE, SAMPLE, SERIES, TIME, UNIT_MONEY, UNIT_RATIO

#: the quantiles of a fan
FAN = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)


def quantile(values: xr.DataArray, q: float | Sequence[float]) -> xr.DataArray:
    """Quantiles over samples.

    Parameters
    ----------
    values : DataArray (..., sample)
        A quantity of each path. Sum inside the path first: the quantile of a sum is not the sum of quantiles.
    q : float or sequence of float
        In [0, 1].

    Returns
    -------
    DataArray
        With a dimension ``quantile`` for a sequence; missing where a sample is missing. Unit of the values.

    Raises
    ------
    SchemaError
        When there is no dimension ``sample``.

    Examples
    --------
    >>> float(quantile(xr.DataArray([1.0, 2.0, 4.0], dims="sample"), 0.5))
    2.0
    """
    _require_samples(values)
    return values.quantile(q, dim=SAMPLE, keep_attrs=True, skipna=False)


def mean(values: xr.DataArray) -> xr.DataArray:
    """Mean over samples. A ratio of increments has none: read its quantiles.

    Parameters
    ----------
    values : DataArray (..., sample)
        A quantity of each path.

    Returns
    -------
    DataArray
        Unit of the values.

    Raises
    ------
    SchemaError
        When there is no dimension ``sample``.

    Examples
    --------
    >>> float(mean(xr.DataArray([1.0, 2.0, 6.0], dims="sample")))
    3.0
    """
    _require_samples(values)
    return values.mean(SAMPLE, keep_attrs=True, skipna=False)


def effective_samples(paths: xr.DataArray) -> xr.DataArray:
    """Independent samples of paths: their number, or by scenario what the coordinate ``effective_samples`` states.

    Parameters
    ----------
    paths : DataArray (..., sample)
        Anything read off sample paths.

    Returns
    -------
    DataArray () or (scenario,)

    Examples
    --------
    >>> float(effective_samples(xr.DataArray([1.0, 2.0], dims="sample")))
    2.0
    """
    if EFFECTIVE in paths.coords:
        stated: xr.DataArray = paths.coords[EFFECTIVE].drop_vars(EFFECTIVE)
        return stated
    return xr.DataArray(float(paths.sizes[SAMPLE]))


def probability(event: xr.DataArray) -> xr.Dataset:
    """Probability of an event, with its Monte-Carlo error.

    The error is ``sqrt(p (1 - p) / n)``, ``n`` the samples or, where paths were resampled to an outside view, the effective number
    that the coordinate ``effective_samples`` states. With no hit, or nothing but hits, that would be zero: there the upper 95 % limit of
    the Jeffreys interval stands instead (about 1.9 / n), so that no certainty is ever claimed from samples.

    Parameters
    ----------
    event : DataArray of bool (..., sample)
        Whether it happened in each path.

    Returns
    -------
    Dataset
        ``probability`` and ``monte_carlo_error``, both ratios.

    Raises
    ------
    SchemaError
        When the values are not booleans or there is no dimension ``sample``.

    References
    ----------
    Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion. Statistical Science 16.

    Examples
    --------
    >>> result = probability(xr.DataArray([True, True, False, False], dims="sample"))
    >>> float(result.probability), float(result.monte_carlo_error)
    (0.5, 0.25)
    """
    _require_samples(event)
    if event.dtype != np.bool_:
        raise SchemaError(f"a probability is of an event (true or false), not of {event.dtype}: compare first", got=str(event.dtype))
    n, event = effective_samples(event), event.drop_vars(EFFECTIVE, errors="ignore")
    p = event.mean(SAMPLE)
    limit = xr.apply_ufunc(betaincinv, 0.5, n + 0.5, 0.95)
    error = ((p * (1.0 - p) / n) ** 0.5).where((p > 0.0) & (p < 1.0), limit)
    return xr.Dataset({
        "probability": p.assign_attrs(units=UNIT_RATIO, long_name="probability"),
        "monte_carlo_error": error.assign_attrs(units=UNIT_RATIO, long_name="Monte-Carlo standard error of the probability"),
    })


def fan(
    paths: xr.Dataset, *, by: str = "month", series: Sequence[str] | None = None, printed: bool = False, q: Sequence[float] = FAN
) -> xr.Dataset:
    """Fan table: quantiles over samples, by month or by whole year.

    Parameters
    ----------
    paths : Dataset
        Sample paths.
    by : str
        ``month`` or ``year``; years that the paths do not wholly cover are left out.
    series : sequence of str or None
        All that can be read so when None: a series known by year only has no months.
    printed : bool
        As it will be printed, with census revisions still to come.
    q : sequence of float
        Quantiles.

    Returns
    -------
    Dataset
        ``value`` (quantile, scenario, series, time or year), 1e8 CNY a month or a year.

    Raises
    ------
    SchemaError
        When months are asked of a series known by year only, or ``by`` is unknown.
    HorizonError
        When no whole year is covered.

    Examples
    --------
    >>> from bayu_forecast.paths import as_sample_paths
    >>> paths = as_sample_paths(np.ones((1, 5, 1, 24)), series=["x"], start="2024-01", as_of="2025-01-31")
    >>> fan(paths, by="year").value.sel(quantile=0.5, scenario="baseline", series="x").values
    array([12., 12.])
    """
    if by not in ("month", "year"):
        raise SchemaError(f"a fan is by 'month' or by 'year', not by {by!r}", got=by, expected=("month", "year"))
    chosen = _readable(paths, by, series)
    reduced = [quantile(monthly(paths, name, printed=printed) if by == "month" else _by_year(paths, name, printed), q) for name in chosen]
    value = xr.concat(reduced, dim=xr.Variable(SERIES, list(chosen)), coords="minimal", compat="override", join="exact")
    value = value.transpose(QUANTILE, "scenario", SERIES, TIME if by == "month" else "year")
    label = f"quantiles over samples, a {by}{', as printed' if printed else ''}"
    return xr.Dataset({"value": value.assign_attrs(units=UNIT_MONEY, long_name=label)}, attrs=paths.attrs)


def show_probability(p: float, error: float) -> str:
    """Write a probability with as many digits as its error carries; never 0 % nor 100 %.

    Parameters
    ----------
    p, error : float
        Probability and its Monte-Carlo error, ratios. NaN (nothing to say) is shown as a dash.

    Returns
    -------
    str

    Examples
    --------
    >>> show_probability(0.8642, 0.0024), show_probability(0.8642, 0.03), show_probability(0.0, 0.0001), show_probability(0.9999, 0.0001)
    ('86.4 %', '86 %', '<1 %', '>99 %')
    """
    if math.isnan(p):
        return "–"
    digits = 1 if error < 0.01 else 0
    shown = f"{100.0 * p:.{digits}f}"
    if float(shown) <= 0.0:
        return "<1 %"
    return ">99 %" if float(shown) >= 100.0 else f"{shown} %"


def _require_samples(values: xr.DataArray) -> None:
    """Refuse what has no samples to reduce over."""
    if SAMPLE not in values.dims:
        raise SchemaError(f"no dimension {SAMPLE!r} to reduce over, got {values.dims}", expected=SAMPLE, got=values.dims)


def _readable(paths: xr.Dataset, by: str, series: Sequence[str] | None) -> list[str]:
    """Series of a fan; months of a yearly series are refused when asked for by name and left out otherwise."""
    resolution = {str(name): str(paths["resolution"].sel({SERIES: name}).item()) for name in paths.indexes[SERIES]}
    if series is None:
        return [name for name, held in resolution.items() if by == "year" or held == "month"]
    yearly = [name for name in series if by == "month" and resolution.get(name) == "year"]
    if yearly:
        raise SchemaError(f"{yearly} are published by year and have no months: ask for the fan by year", names=yearly)
    unknown = [name for name in series if name not in resolution]
    if unknown:
        raise SchemaError(f"no series {unknown} in these paths, which hold {list(resolution)}", names=unknown, expected=list(resolution))
    return list(series)


def _by_year(paths: xr.Dataset, series: str, printed: bool) -> xr.DataArray:
    """Annual totals (year, scenario, sample) of the years wholly covered."""
    time = paths.indexes[TIME]
    years = [year for year in range(time[0].year, time[-1].year + 1) if covers(paths, year, year)]
    if not years:
        raise HorizonError(f"the paths, {time[0]:%Y-%m} to {time[-1]:%Y-%m}, cover no whole year: simulate with a longer horizon")
    totals = [annual_sum(paths, series, year, printed=printed) for year in years]
    return xr.concat(totals, dim=xr.Variable("year", years), coords="minimal", compat="override", join="exact")
