"""Scenarios against one of them, path by path: what common random numbers make exact.

Floor F6 (attribution). It reads paths that were drawn in the same samples; it must never average storylines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd
import xarray as xr
from scipy.special import betaincinv

from bayu_forecast.attribution.asked import answer
from bayu_forecast.errors import HorizonError, SchemaError, UnknownNameError
from bayu_forecast.paths import annual_growth, annual_sum, covers, effective_samples
from bayu_forecast.schema.check import assert_sample_paths
from bayu_forecast.schema.names import BASELINE, EFFECTIVE, SAMPLE, SCENARIO, SERIES, TARGET, TIME, UNIT_MONEY, UNIT_RATIO
from bayu_forecast.specs import Target

_QUANTILES = {"q10": 0.1, "q50": 0.5, "q90": 0.9}
_DIMS = (SCENARIO, SERIES, "year")


def compare(runs: xr.Dataset, to: str = BASELINE, *, targets: Target | Iterable[Target] | None = None) -> xr.Dataset:
    r"""Compare every scenario with one of them, sample by sample.

    Scenarios are other inputs to the same worlds, so the difference is taken inside each sample first and summed up last:
    the standard error of a mean difference is :math:`s(x_1 - x_0) / \sqrt{n}`, not that of two separate runs,
    :math:`\sqrt{(s_1^2 + s_0^2) / n}`, which stands beside it. Each scenario is a row of its own: storylines are not averaged.

    Parameters
    ----------
    runs : Dataset
        Sample paths of several scenarios from one call of :func:`bayu_forecast.simulate`.
    to : str
        The scenario that the others are compared with.
    targets : Target or iterable of Target, optional
        Whose probabilities are compared, such as ``known.targets``; those that the paths cannot answer are missing.

    Returns
    -------
    Dataset
        Over (scenario, series, year), for calendar years wholly covered and on the paths' own basis: ``difference`` and its
        ``_sd``, ``_q10``, ``_q50``, ``_q90``, ``_error`` (paired Monte-Carlo standard error of the mean) and
        ``_error_unpaired``, 1e8 CNY; ``percent`` likewise, as a ratio (0.01 = 1 %); ``growth_difference`` likewise, from the second
        year on; ``variance_ratio``, unpaired over paired variance of the mean difference (missing where nothing differs).
        Over (scenario, target): ``probability``, ``probability_to``, ``probability_difference``, ``probability_error`` (paired),
        ``probability_error_unpaired``, ``probability_variance_ratio``.

    Raises
    ------
    UnknownNameError
        When no scenario is called ``to``.
    SchemaError
        When these are no sample paths, or there is nothing to compare with.
    HorizonError
        When the paths cover no whole year.

    Notes
    -----
    A tilted scenario (an outside view) resamples its paths: its samples are no longer the baseline's, and the paired error is
    then that of two separate runs, each counted by its effective samples.

    References
    ----------
    Glasserman and Yao (1992), Some guidelines and guarantees for common random numbers. Management Science 38.

    Examples
    --------
    >>> import numpy as np
    >>> from bayu_forecast._numeric.streams import normals
    >>> from bayu_forecast.paths import as_sample_paths
    >>> level = 1000.0 * np.exp(0.05 * normals(7, "levels", 1, 500)).reshape(1, 500, 1, 1) * np.ones(24)
    >>> paths = as_sample_paths(np.concatenate([level, 1.01 * level]), series=["x"], start="2024-01", as_of="2025-01-31",
    ...                         scenarios=["baseline", "more"])
    >>> against = compare(paths).sel(scenario="more", series="x", year=2025)
    >>> round(float(against.percent), 6), float(against.variance_ratio) > 1000
    (0.01, True)
    """
    assert_sample_paths(runs)
    names = [str(name) for name in runs.indexes[SCENARIO]]
    if to not in names:
        raise UnknownNameError(f"no scenario {to!r} in these runs, which hold {names}: name one of them", names=[to], expected=names)
    others = [name for name in names if name != to]
    if not others or runs.sizes[SAMPLE] < 2:
        raise SchemaError(f"nothing to compare with {to!r}: simulate other scenarios in the same call, two samples or more", names=[to])
    base, rest = runs.sel({SCENARIO: to}), runs.sel({SCENARIO: others})
    chosen = () if targets is None else (targets,) if isinstance(targets, Target) else tuple(targets)
    result = _levels(base, rest, runs).assign(_targets(runs, to, others, chosen) if chosen else {})
    return result.assign_attrs(runs.attrs, compared_with=to, samples=runs.sizes[SAMPLE])


def _levels(base: xr.Dataset, rest: xr.Dataset, runs: xr.Dataset) -> xr.Dataset:
    """Differences of annual totals, in money and as a ratio, and of growth."""
    time = runs.indexes[TIME]
    years = [year for year in range(time[0].year, time[-1].year + 1) if covers(runs, year, year)]
    if not years:
        raise HorizonError(f"the paths, {time[0]:%Y-%m} to {time[-1]:%Y-%m}, cover no whole year: simulate with a longer horizon")
    series = [str(name) for name in runs.indexes[SERIES]]
    before, after = (_stack([[annual_sum(x, s, y) for y in years] for s in series], series, years) for x in (base, rest))
    result = _summary("difference", after - before, effective_samples(after), UNIT_MONEY, "annual total less that of the other scenario")
    result |= _summary("percent", after / before - 1.0, effective_samples(after), UNIT_RATIO,
                       "annual total relative to that of the other scenario, less one")
    unpaired = _unpaired(before, after)
    result["difference_error_unpaired"] = unpaired.assign_attrs(units=UNIT_MONEY, long_name="error of the mean from two separate runs")
    result["variance_ratio"] = _ratio(unpaired, result["difference_error"])
    if len(years) > 1:
        both = (_stack([[annual_growth(x, s, y) for y in years[1:]] for s in series], series, years[1:]) for x in (base, rest))
        before, after = both
        growth = _summary("growth_difference", after - before, effective_samples(after), UNIT_RATIO,
                          "growth over the year before less that of the other scenario")
        growth["growth_difference_error_unpaired"] = _unpaired(before, after).assign_attrs(
            units=UNIT_RATIO, long_name="error of the mean difference of growth from two separate runs")
        result |= growth
    return xr.Dataset(result).transpose(*_DIMS)


def _stack(rows: list[list[xr.DataArray]], series: list[str], years: list[int]) -> xr.DataArray:
    """Annual figures by series and year in one array."""
    by_series = [_along([figure.drop_vars(SERIES, errors="ignore") for figure in row], pd.Index(years, name="year")) for row in rows]
    return _along(by_series, pd.Index(series, name=SERIES))


def _along(parts: list[xr.DataArray], index: pd.Index) -> xr.DataArray:
    """Parts along a new dimension, without the coordinates of one series."""
    return xr.concat([part.drop_vars("resolution", errors="ignore") for part in parts], dim=index, coords="minimal", compat="override")


def _summary(name: str, values: xr.DataArray, n: xr.DataArray, unit: str, words: str) -> dict[str, xr.DataArray]:
    """Mean, spread and paired error of a difference over samples, n of which are independent."""
    values = values.drop_vars(EFFECTIVE, errors="ignore")
    spread = values.std(SAMPLE, ddof=1)
    made = {name: (values.mean(SAMPLE), "mean"), f"{name}_sd": (spread, "standard deviation"),
            f"{name}_error": (spread / n**0.5, "Monte-Carlo standard error of the mean, paired")}
    made |= {f"{name}_{q}": (values.quantile(p, dim=SAMPLE).drop_vars("quantile"), f"{p:.0%} quantile") for q, p in _QUANTILES.items()}
    return {key: what.drop_attrs().assign_attrs(units=unit, long_name=f"{words}: {how}") for key, (what, how) in made.items()}


def _unpaired(before: xr.DataArray, after: xr.DataArray) -> xr.DataArray:
    """Standard error of the difference of two means, had the runs not shared their samples."""
    return (_variance_of_mean(before) + _variance_of_mean(after)) ** 0.5


def _variance_of_mean(values: xr.DataArray) -> xr.DataArray:
    """Variance of a mean over samples."""
    return values.drop_vars(EFFECTIVE, errors="ignore").var(SAMPLE, ddof=1) / effective_samples(values)


def _ratio(unpaired: xr.DataArray, paired: xr.DataArray) -> xr.DataArray:
    """By how much pairing divides the variance; missing where nothing differs."""
    ratio = (unpaired / paired.where(paired > 0.0)) ** 2
    return ratio.drop_attrs().assign_attrs(units=UNIT_RATIO, long_name="unpaired over paired variance of the mean difference")


def _targets(runs: xr.Dataset, to: str, others: list[str], targets: tuple[Target, ...]) -> dict[str, xr.DataArray]:
    """Differences of probabilities of the targets that these paths can answer."""
    events = []
    for target in targets:
        try:
            events.append(answer(target, runs)[1].drop_vars(SERIES, errors="ignore").astype(float))
        except (HorizonError, UnknownNameError):
            events.append(xr.full_like(runs["value"].isel({SERIES: 0, TIME: 0}, drop=True), math.nan))
    ids = pd.Index([target.id for target in targets], name=TARGET)
    met = _along(events, ids)
    before, after = met.sel({SCENARIO: to}, drop=True), met.sel({SCENARIO: others})
    change, n = (after - before).drop_vars(EFFECTIVE, errors="ignore"), effective_samples(after)
    # no path that changes sides is no proof of no effect: there the upper 95 % limit of the share of such paths stands
    limit = xr.apply_ufunc(betaincinv, 0.5, n + 0.5, 0.95)
    spread = change.std(SAMPLE, ddof=1) / n**0.5
    paired, unpaired = spread.where(~(spread == 0.0), limit), _unpaired(before, after)
    made = {"probability": (after.mean(SAMPLE, skipna=False), "probability"),
            "probability_to": (before.mean(SAMPLE, skipna=False), "probability in the scenario compared with"),
            "probability_difference": (change.mean(SAMPLE, skipna=False), "difference of probability"),
            "probability_error": (paired, "Monte-Carlo standard error of the difference, paired"),
            "probability_error_unpaired": (unpaired, "the same from two separate runs"),
            "probability_variance_ratio": ((unpaired / spread.where(spread > 0.0)) ** 2, "unpaired over paired variance of the difference")}
    return {name: what.drop_attrs().assign_attrs(units=UNIT_RATIO, long_name=words) for name, (what, words) in made.items()}
