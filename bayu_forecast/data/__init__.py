"""Regions, their published figures with vintages, ``as_of``, and readers for a user's own files.

Floor F3. It knows what was published and when; it must never know a model.
"""

from __future__ import annotations

from bayu_forecast.data.archive import RegionData, list_regions, load_region
from bayu_forecast.data.arithmetic import chain_growth, comparable_growth, implied_base
from bayu_forecast.data.check import CheckReport, check_file
from bayu_forecast.data.policy import policy_table
from bayu_forecast.data.read_nbs import read_nbs
from bayu_forecast.data.read_table import read_table
from bayu_forecast.data.trees import load_tree

__all__ = [
    "CheckReport",
    "RegionData",
    "chain_growth",
    "check_file",
    "comparable_growth",
    "implied_base",
    "list_regions",
    "load_region",
    "load_tree",
    "policy_table",
    "read_nbs",
    "read_table",
]
