"""Regions, their published figures with vintages, ``as_of``, and readers for a user's own files.

Floor F3. It knows what was published and when; it must never know a model.
"""

from __future__ import annotations

from bayu_forecast.data.archive import RegionData, list_regions, load_region
from bayu_forecast.data.arithmetic import chain_growth, comparable_growth, implied_base

__all__ = ["RegionData", "chain_growth", "comparable_growth", "implied_base", "list_regions", "load_region"]
