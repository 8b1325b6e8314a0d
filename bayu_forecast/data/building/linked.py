"""How far a hardly published series may differ between regions, computed from figures that every province published.

Floor F3 (data, build only). It knows which categories stand for services; it must never know a region or what a model does with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from bayu_forecast.data.building.figures import facts, read_figures

CATEGORIES = "province_urban_consumption_2007.csv"
PREFIX = "consumption_pc_urban_"
#: categories of consumption that are mostly services
SERVICES = ["residence", "transport_communication", "education_culture_recreation", "health"]
DECIMALS = 3


@cache
def services_spread() -> float:
    """Standard deviation over the provinces of the logit of the share of :data:`SERVICES` in urban consumption per head."""
    figures = read_figures(CATEGORIES)
    wide = figures.assign(series=figures["series"].str.removeprefix(PREFIX), value=pd.to_numeric(figures["value"]))
    spent = wide.pivot(index="region", columns="series", values="value")
    share = spent[SERVICES].sum(axis=1) / spent["total"]
    return round(float(np.log(share / (1.0 - share)).std(ddof=1)), DECIMALS)


def linked() -> dict[str, dict[str, Any]]:
    """Linked series of a region below the nation, the spread of services filled in."""
    stated: Mapping[str, Mapping[str, Any]] = facts()["linked"]
    made = {name: dict(fact) for name, fact in stated.items()}
    made["services"]["spread"] = services_spread()
    return made
