"""Structures with their weights, learned beforehand and shipped as text: one table for months and finer, quarters, and years.

Floor F2 (east).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.scales import SHIFTS
from bayu_forecast._numeric.variogram import FIELDS

Array = NDArray[np.float64]

#: shortest season of each table
_TABLES = ((6, "monthly"), (2, "quarterly"), (1, "yearly"))


@dataclass(frozen=True)
class StructureTable:
    """Structures and how common each is on each scale.

    Attributes
    ----------
    structures : array (n_structures, len(FIELDS))
    weights : array (n_structures, n_scales)
        Sum to one.
    """

    structures: Array
    weights: Array


@cache
def structure_table(season: int) -> StructureTable:
    """Return the shipped table for a season.

    Examples
    --------
    >>> table = structure_table(12)
    >>> bool(abs(table.weights.sum() - 1) < 1e-9)
    True
    """
    name = next(name for least, name in _TABLES if season >= least)
    text = resources.files("bayu_forecast.models").joinpath(f"panel_structures/{name}.csv").read_text(encoding="utf-8")
    rows = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1, ndmin=2)
    structures, weights = rows[:, :len(FIELDS)], rows[:, len(FIELDS):len(FIELDS) + len(SHIFTS)]
    weights = weights / weights.sum()
    for array in (structures, weights):
        array.flags.writeable = False
    return StructureTable(structures, weights)
