"""Annual figures of an expression, read inside each path.

Floor F2. It evaluates what the grammar has read; it never sees a target, nor reduces over samples.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import xarray as xr

from bayu_forecast.paths.grammar import ABOUT, Call
from bayu_forecast.paths.within_path import annual_growth, annual_sum, increment, share

COMPARE: dict[str, Callable[[xr.DataArray, float], xr.DataArray]] = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, ABOUT: operator.ge,
}


def combine(terms: Sequence[tuple[Call, float]], paths: xr.Dataset, printed: bool) -> xr.DataArray:
    """Linear combination of annual figures, inside each path."""
    (call, weight), *rest = terms
    total = weight * _figure(call, paths, printed)
    for call, weight in rest:
        total = total + weight * _figure(call, paths, printed)
    return total


def _figure(call: Call, paths: xr.Dataset, printed: bool) -> xr.DataArray:
    """One annual figure; only totals are ever read as printed."""
    if call.function == "sum":
        return annual_sum(paths, call.series[0], call.year, printed=printed)
    if call.function == "share":
        return share(paths, call.series[0], call.series[1], call.year)
    return (increment if call.function == "d" else annual_growth)(paths, call.series[0], call.year)
