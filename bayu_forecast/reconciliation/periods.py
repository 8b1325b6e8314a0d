"""Coherence in time: months, quarters and years of the same series, each forecast on its own, made to add up draw by draw.

Floor F2 (east). A year is a tree of its periods, so the projection is the one that regions and categories have.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from bayu_forecast.errors import HierarchyError
from bayu_forecast.reconciliation.hierarchy import Hierarchy
from bayu_forecast.reconciliation.projection import BOTTOM_UP, PROJECTIONS, Array, build_projection, errors_of
from bayu_forecast.schema.names import SERIES, TIME

#: by steps to a year
ByPeriod = Mapping[int, xr.Dataset | xr.DataArray]


def reconcile_periods(
    paths: ByPeriod, *, method: str = "wls_struct", residuals: ByPeriod | None = None, fixed: Sequence[int] = (), nonnegative: bool = False
) -> dict[int, xr.DataArray]:
    """Make paths of months, quarters and years add up, draw by draw.

    Parameters
    ----------
    paths : mapping of int to Dataset or DataArray
        By steps to a year, such as ``{12: months, 4: quarters, 1: years}``: ``value`` with dimensions time and any others, alike in
        all. Each must cover the same whole years, beginning with the same first step.
    method : str
        ``bottom_up``, ``ols``, ``wls_struct``, ``wls_var`` (one variance to a frequency) or ``mint``, as in :class:`Reconciler`.
    residuals : mapping of int to Dataset or DataArray (series, time), optional
        One-step errors, as ``paths``; the last whole years are used. Needed by ``wls_var`` and ``mint``, and then by each series.
    fixed : sequence of int
        Frequencies that keep their paths, such as ``[1]`` for the years.
    nonnegative : bool
        Also take each draw to the nearest one without a negative value.

    Returns
    -------
    dict of int to DataArray
        Like ``paths``.

    Raises
    ------
    HierarchyError
        When the frequencies do not divide each other, cover different years or have other labels.

    Notes
    -----
    ``ols`` and ``wls_struct`` move every series alike, so paths that add up over series still do afterwards. Draws of different
    frequencies are paired by their number.

    Examples
    --------
    >>> quarters = xr.DataArray([[1.0, 1.0, 1.0, 1.0]], dims=("sample", "time"))
    >>> years = xr.DataArray([[9.0]], dims=("sample", "time"))
    >>> coherent = reconcile_periods({4: quarters, 1: years}, method="ols")
    >>> coherent[1].values, coherent[4].values
    (array([[8.]]), array([[2., 2., 2., 2.]]))
    """
    tree = Hierarchy.of_periods(list(paths))
    cuts = sorted(paths)
    if method not in (BOTTOM_UP, *PROJECTIONS):
        raise HierarchyError(f"periods are reconciled by one of {[BOTTOM_UP, *PROJECTIONS]}, not {method!r}", names=[method])
    unknown = [cut for cut in fixed if cut not in paths]
    if unknown or (fixed and method == BOTTOM_UP):
        raise HierarchyError(f"fixed frequencies {list(fixed)} should be among {cuts}, and the method one of {list(PROJECTIONS)}",
                             names=list(fixed))
    arrays = {cut: _last_axis(paths[cut]) for cut in cuts}
    _refuse_unlike(arrays)
    shape = arrays[cuts[-1]].shape[:-1]
    n_years = arrays[cuts[-1]].sizes[TIME] // cuts[-1]
    base = np.concatenate([arrays[cut].values.reshape(-1, n_years, cut) for cut in cuts], axis=2)
    held = np.concatenate([np.full(cut, cut in fixed) for cut in cuts])
    done = np.empty(base.shape)
    for rows, errors in _residual_groups(arrays[cuts[-1]], residuals, cuts):
        learned = errors_of(method, tree, _pooled(errors, cuts) if method == "wls_var" and errors is not None else errors)
        projection = build_projection(tree, learned, fixed=held, nonnegative=nonnegative)
        part = projection.apply(base[rows].reshape(-1, base.shape[2]).T, tree.nodes)
        done[rows] = part.T.reshape(base[rows].shape)
    parts = np.split(done, np.cumsum(cuts)[:-1], axis=2)
    return {cut: arrays[cut].copy(data=part.reshape(*shape, -1)).transpose(*_array(paths[cut]).dims)
            for cut, part in zip(cuts, parts, strict=True)}


def _array(data: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """The values inside."""
    return data["value"] if isinstance(data, xr.Dataset) else data


def _last_axis(data: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """Values with time last."""
    array = _array(data)
    if TIME not in array.dims:
        raise HierarchyError(f"paths of periods need a dimension 'time', got {array.dims}", got=array.dims)
    return array.transpose(..., TIME).astype(np.float64)


def _refuse_unlike(arrays: Mapping[int, xr.DataArray]) -> None:
    """All cover the same whole years, of the same draws and series."""
    years = {cut: array.sizes[TIME] / cut for cut, array in arrays.items()}
    if len(set(years.values())) > 1 or not all(n == int(n) and n > 0 for n in years.values()):
        raise HierarchyError(f"paths should cover the same whole years; they cover, by steps to a year: {years}", names=list(years))
    first, *others = (array.isel({TIME: 0}, drop=True) for array in arrays.values())
    for cut, other in zip(list(arrays)[1:], others, strict=True):
        if other.dims != first.dims or other.shape != first.shape or not other.indexes.keys() == first.indexes.keys():
            raise HierarchyError(f"paths of {cut} steps to a year have dimensions {dict(other.sizes)}, others {dict(first.sizes)}",
                                 names=[cut])
        unlike = [str(name) for name in first.indexes if not first.indexes[name].equals(other.indexes[name])]
        if unlike:
            raise HierarchyError(f"paths of {cut} steps to a year have other labels of {unlike}: select the same, in the same order",
                                 names=unlike)
    _refuse_other_times(arrays)
    if not all(bool(np.isfinite(array.values).all()) for array in arrays.values()):
        raise HierarchyError("paths of periods are missing or not finite in places: leave these series out")


def _refuse_other_times(arrays: Mapping[int, xr.DataArray]) -> None:
    """Where all have dates, each longer step's lies among the months of the shorter ones that it holds."""
    fine = max(arrays)
    dates = {cut: index for cut, array in arrays.items() if isinstance(index := array.indexes.get(TIME), pd.DatetimeIndex)}
    if len(dates) < len(arrays):
        return
    months = {cut: (index.year * 12 + index.month).to_numpy() for cut, index in dates.items()}
    for cut in sorted(arrays):
        held = months[fine].reshape(len(months[cut]), -1)
        wrong = np.flatnonzero((months[cut] < held.min(axis=1)) | (months[cut] > held.max(axis=1)))
        if len(wrong):
            at, first = dates[cut][wrong[0]], dates[fine][wrong[0] * (fine // cut)]
            raise HierarchyError(f"{cut} steps to a year: {at:%Y-%m-%d} is paired with {fine} steps to a year from {first:%Y-%m-%d}: "
                                 "let all cover the same whole years, beginning with the same first step", names=[cut])


def _residual_groups(
    like: xr.DataArray, residuals: ByPeriod | None, cuts: Sequence[int]
) -> list[tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Array | None]]:
    """Rows of the flattened paths that share residuals (node, year), and those residuals."""
    lead = like.shape[:-1]
    every = np.arange(int(np.prod(lead)), dtype=np.intp)
    if residuals is None:
        return [(every, None)]
    absent = [cut for cut in cuts if cut not in residuals]
    if absent:
        raise HierarchyError(f"residuals lack the frequencies {absent}", names=absent)
    arrays = {cut: _last_axis(residuals[cut]) for cut in cuts}
    n_years = min(array.sizes[TIME] // cut for cut, array in arrays.items())
    if not n_years:
        raise HierarchyError("residuals should cover a whole year at least in every frequency")
    if SERIES not in like.dims:
        return [(every, np.concatenate([_years(arrays[cut], cut, n_years) for cut in cuts], axis=1).T)]
    owner = np.broadcast_to(np.arange(like.sizes[SERIES]).reshape([-1 if dim == SERIES else 1 for dim in like.dims[:-1]]), lead).ravel()
    return [(every[owner == i], np.concatenate([_years(_of(arrays[cut], label), cut, n_years) for cut in cuts], axis=1).T)
            for i, label in enumerate(like.indexes[SERIES])]


def _of(array: xr.DataArray, label: object) -> xr.DataArray:
    """Residuals of one series."""
    if SERIES not in array.indexes or label not in array.indexes[SERIES]:
        raise HierarchyError(f"residuals lack the series {label!r}", names=[str(label)])
    return array.sel({SERIES: label})


def _years(array: xr.DataArray, cut: int, n_years: int) -> Array:
    """The last whole years (year, step)."""
    return np.asarray(array.values[..., -n_years * cut:].reshape(n_years, cut))


def _pooled(residuals: Array, cuts: Sequence[int]) -> Array:
    """Residuals in which every node of a frequency has all of that frequency's."""
    n_years = residuals.shape[1]
    longest = cuts[-1] * n_years
    whole = np.full((len(residuals), longest), np.nan)
    starts = np.cumsum([0, *cuts])
    for start, stop in itertools.pairwise(starts):
        whole[start:stop, : (stop - start) * n_years] = residuals[start:stop].ravel()
    return whole
