"""What every labelled score shares: equal labels, means over named dimensions, units.

Floor F2.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import xarray as xr

from bayu_forecast.errors import SchemaError
from bayu_forecast.schema.names import QUANTILE, SAMPLE

Over = Hashable | Iterable[Hashable]


def same_labels(*arrays: xr.DataArray) -> None:
    """Refuse arrays whose shared dimensions carry other labels or lengths."""
    try:
        xr.align(*arrays, join="exact", exclude=[SAMPLE, QUANTILE])
    except ValueError as error:
        raise SchemaError(f"forecast and outcome carry different labels ({error}): select the same ones on both sides") from error


def averaged(score: xr.DataArray, over: Over, units: str, name: str) -> xr.DataArray:
    """Average over dimensions, missing scores left out, and label."""
    mean: xr.DataArray = score.mean(over)  # type: ignore[arg-type]  # an iterable of dimensions is fine; the stubs ask for a collection
    return mean.assign_attrs(units=units, long_name=name)
