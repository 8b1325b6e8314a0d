"""Small sample paths and targets for tests, on plain numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayu_forecast.paths import as_sample_paths
from bayu_forecast.specs import Target


def make_paths(
    annual: Mapping[str, Any], *, first_year: int = 2024, as_of: str = "2025-01-31", scenarios: Sequence[str] = ("baseline",), **more: Any
) -> xr.Dataset:
    """Sample paths whose annual totals are given: series -> array (sample, year) or (scenario, sample, year)."""
    blocks = [np.asarray(totals, dtype=float) for totals in annual.values()]
    blocks = [np.broadcast_to(block, (len(scenarios), *block.shape[-2:])) for block in blocks]
    monthly = np.repeat(np.stack(blocks, axis=2) / 12.0, 12, axis=3)
    return as_sample_paths(monthly, series=list(annual), start=f"{first_year}-01", as_of=as_of, scenarios=scenarios, **more)


def make_target(expression: str, value: float, **more: Any) -> Target:
    """A target with its papers in order."""
    fields: dict[str, Any] = {
        "id": "t", "region": "r", "unit": "1e8 CNY", "op": ">=", "period": 2025, "issued": dt.date(2021, 4, 30),
        "definition": "what is measured", "basis": "as_printed", "source": "a document",
    }
    return Target(expression=expression, value=value, **{**fields, **more})


def level_target(value: float, **more: Any) -> Target:
    """An annual total to reach in 2025."""
    return make_target(f"sum(x, 2025) >= {value!r}", value, **more)
