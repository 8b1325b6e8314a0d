"""Series by label: the array inside a Dataset, and where its nodes stand.

Floor F2. It finds and checks; it must never guess a label from its place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayu_forecast.errors import HierarchyError
from bayu_forecast.schema.names import SERIES


def value_of(data: xr.Dataset | xr.DataArray, what: str) -> xr.DataArray:
    """The array inside, with labelled series."""
    array = data["value"] if isinstance(data, xr.Dataset) and "value" in data else data
    if not isinstance(array, xr.DataArray) or SERIES not in array.dims or SERIES not in array.indexes:
        raise HierarchyError(f"{what} should be a DataArray, or a Dataset with 'value', that has a labelled dimension 'series'")
    return array


def places_of(array: xr.DataArray, nodes: Sequence[str], what: str) -> NDArray[np.intp]:
    """Positions of the nodes among the series."""
    index = pd.Index([str(label) for label in array[SERIES].values])
    if not index.is_unique:
        twice = index[index.duplicated()].unique()[:3].tolist()
        raise HierarchyError(f"{what}: series {twice} stand twice: keep one of each", names=twice)
    places = index.get_indexer(pd.Index(nodes))
    absent = [name for name, place in zip(nodes, places, strict=True) if place < 0]
    if absent:
        raise HierarchyError(f"{what} lack {len(absent)} of {len(nodes)} nodes of the hierarchy: {absent[:5]}; they hold "
                             f"{index[:5].tolist()}: add them, or use method='bottom_up' when only uppers are missing", names=absent)
    return np.asarray(places, dtype=np.intp)
