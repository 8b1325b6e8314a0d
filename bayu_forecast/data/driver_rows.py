"""Rows about drivers: of all that was announced the last word of each month, and specifications from their table.

Floor F3 (data). It picks what stood at a date among rows already cut at it; it must never see a later row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bayu_forecast.specs import SHAPE_WEIGHTS, DriverShape, DriverSpec

DRIVER_COLUMNS = ("region", "driver", "programme", "month", "value", "unit", "half_width", "status", "announced", "use", "source", "note")
SPEC_COLUMNS = ("id", "zh", "en", "kind", "unit", "nature", "scope", "theta",
                *(f"{part}_{label}" for label in SHAPE_WEIGHTS for part in ("rho", "horizon")), "kappa", "kappa_multiple", "kappa_sd",
                "acts_on", "rush", "wait", "family", "parameters", "continuation_probability", "execution_sd", "default", "after",
                "own_data", "evidence", "published", "reading", "indicator")
WORDS = ("id", "zh", "en", "kind", "unit", "nature", "scope", "acts_on", "family", "after", "reading", "indicator")
NUMBERS = ("theta", "kappa", "kappa_multiple", "kappa_sd", "rush", "wait", "continuation_probability", "execution_sd", "default",
           "own_data")
KEY = ["region", "driver", "programme", "month"]


def last_word(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each driver, programme and month the row announced last, sorted."""
    ordered = frame.sort_values([*KEY, "announced"], kind="stable")
    return ordered.drop_duplicates(KEY, keep="last").reset_index(drop=True)


def spec_of(cells: Mapping[str, Any]) -> DriverSpec:
    """A specification from one row of the table."""
    shapes = tuple(DriverShape(label=s, rho=float(cells[f"rho_{s}"]), horizon=int(cells[f"horizon_{s}"])) for s in SHAPE_WEIGHTS)
    published: dt.date = pd.Timestamp(cells["published"]).date()
    plain: dict[str, Any] = {name: cells[name] for name in WORDS} | {name: float(cells[name]) for name in NUMBERS}
    return DriverSpec(**plain, shapes=shapes, parameters=tuple(float(p) for p in cells["parameters"].split()),
                      evidence=tuple(cells["evidence"].split()), published=published)


def last_specs(frame: pd.DataFrame) -> tuple[DriverSpec, ...]:
    """Of each driver the specification published last, in the order in which the table first names them."""
    last = frame.sort_values("published", kind="stable").drop_duplicates("id", keep="last").set_index("id", drop=False)
    return tuple(spec_of(last.loc[name].to_dict()) for name in dict.fromkeys(frame["id"]))
