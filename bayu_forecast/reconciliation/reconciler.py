"""Reconciliation of sample paths: every draw of every node is moved as little as its errors say, until parts add up to wholes.

Floor F2 (east). It knows a hierarchy and paths by label; it must never know which forecaster drew them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self, TypeVar

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from bayu_forecast._numeric.project import BLOCK, Errors
from bayu_forecast.errors import HierarchyError, NotFittedError
from bayu_forecast.reconciliation.hierarchy import Hierarchy
from bayu_forecast.reconciliation.labels import places_of, value_of
from bayu_forecast.reconciliation.projection import BOTTOM_UP, PROJECTIONS, TOP_DOWN, Array, build_projection, errors_of, split_down
from bayu_forecast.schema.names import SAMPLE, SERIES, TIME

Paths = TypeVar("Paths", xr.Dataset, xr.DataArray)
Fixed = Sequence[str] | Mapping[str, ArrayLike | xr.DataArray | pd.Series]


class Reconciler(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    r"""Make sample paths of a hierarchy add up, draw by draw.

    With uppers :math:`u`, leaves :math:`b`, :math:`C = [I, -A]` such that coherent paths have :math:`Cy = 0`, a projection takes
    each draw to :math:`\hat y - WC'(CWC')^{-1}C\hat y`. The methods differ in :math:`W`, the covariance of the base errors.

    Parameters
    ----------
    hierarchy : Hierarchy
        What adds up to what.
    method : str
        ``bottom_up`` (leaves as they are), ``top_down`` (the root split by the forecasts' own proportions), ``ols`` (all errors
        alike), ``wls_struct`` (variance by number of leaves), ``wls_var`` (by the residuals' mean squares), ``mint`` (their whole
        covariance, correlations shrunk).
    nonnegative : bool
        Also take each draw to the nearest one without a negative leaf.

    Attributes
    ----------
    errors_ : Errors or None
        Covariance of base errors, uppers first; None for methods that do not project.

    Examples
    --------
    >>> tree = Hierarchy.from_labels(["goods", "catering"], total="retail")
    >>> base = xr.DataArray([[10.0, 7.0, 6.0]], dims=("sample", "series"), coords={"series": ["retail", "goods", "catering"]})
    >>> Reconciler(tree, method="ols").fit().transform(base).values
    array([[11.,  6.,  5.]])
    """

    def __init__(self, hierarchy: Hierarchy, method: str = "mint", *, nonnegative: bool = False) -> None:
        self.hierarchy = hierarchy
        self.method = method
        self.nonnegative = nonnegative

    def fit(self, residuals: xr.Dataset | xr.DataArray | None = None) -> Self:
        """Learn how large the base errors are and how they move together.

        Parameters
        ----------
        residuals : DataArray or Dataset (series, time), optional
            One-step errors of every node, as ``value`` when a Dataset; missing where there are none. Needed by ``wls_var`` and ``mint``.

        Returns
        -------
        Reconciler
            Itself.

        Raises
        ------
        HierarchyError
            When the method is unknown or needs residuals that are not there.
        """
        self.errors_: Errors | None = errors_of(self.method, self.hierarchy, self._residuals(residuals))
        return self

    def _residuals(self, residuals: xr.Dataset | xr.DataArray | None) -> Array | None:
        """Rows in the order of the nodes."""
        if residuals is None:
            return None
        array = value_of(residuals, "residuals").transpose(SERIES, ...)
        rows = places_of(array, self.hierarchy.nodes, "residuals")
        return np.asarray(array.values[rows], dtype=np.float64)

    def transform(self, paths: Paths, *, fixed: Fixed = ()) -> Paths:
        """Return paths in which every draw adds up.

        Parameters
        ----------
        paths : Dataset or DataArray
            ``value`` with a dimension ``series`` that holds every node (``bottom_up``: every leaf) and any others, such as sample
            and time. Series outside the hierarchy stay as they are.
        fixed : sequence of str, or mapping of str to number, array (time,), Series or DataArray
            Immutable nodes: those named keep their base paths; values given, such as a published total, take the place of the base
            path in every draw. Times without a value (NaN, or not among a Series' labels) stay free.

        Returns
        -------
        Dataset or DataArray
            Like ``paths``. Where ``bottom_up`` adds nodes, a Dataset keeps ``value`` alone.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        HierarchyError
            When nodes are not in the paths, a path is missing, or fixed nodes contradict each other or the method.
        """
        if not hasattr(self, "errors_"):
            raise NotFittedError("Reconciler is not fitted: call fit(residuals) first")
        value = value_of(paths, "paths")
        present = set(map(str, value[SERIES].values))
        absent = [name for name in self.hierarchy.uppers if name not in present] if self.method == BOTTOM_UP else []
        if absent:
            empty = xr.full_like(value.isel({SERIES: [0] * len(absent)}), 0.0).assign_coords({SERIES: absent})
            value = xr.concat([empty, value], dim=SERIES, coords="minimal", compat="override")
        coherent = value.copy(data=self._coherent(value, fixed))
        if isinstance(paths, xr.DataArray):
            return coherent
        return coherent.to_dataset(name="value").assign_attrs(paths.attrs) if absent else paths.assign(value=coherent)

    def _coherent(self, value: xr.DataArray, fixed: Fixed) -> Array:
        """The array of the same dimensions, with the hierarchy's nodes reconciled."""
        places = places_of(value, self.hierarchy.nodes, "paths")
        others = [dim for dim in value.dims if dim not in (SAMPLE, SERIES, TIME)]
        order = [*others, *(dim for dim in (SAMPLE, SERIES, TIME) if dim in value.dims)]
        whole = value.transpose(*order).values.astype(np.float64)
        n_time = value.sizes.get(TIME, 1)
        cube = whole.reshape(-1, value.sizes.get(SAMPLE, 1), value.sizes[SERIES], n_time)
        pins = _pins(fixed, self.hierarchy.nodes, value.indexes.get(TIME, pd.RangeIndex(n_time)))
        if len(fixed) and self.method not in PROJECTIONS:
            raise HierarchyError(f"{self.method!r} moves no node for the sake of a fixed one: use one of {list(PROJECTIONS)}",
                                 names=list(fixed))
        for scenario in cube:
            if self.method == TOP_DOWN:
                _refuse_missing(scenario[:, places], self.hierarchy.nodes)
                self._split(scenario, places)
            else:
                self._project(scenario, places, pins)
        return np.asarray(xr.DataArray(whole, dims=order).transpose(*value.dims).values)

    def _split(self, cube: Array, places: NDArray[np.intp]) -> None:
        """Share out each root, draw by draw, by the mean forecasts' proportions; changes ``cube`` (sample, series, time)."""
        base = cube[:, places]
        means = base.mean(axis=0)
        shares = split_down(self.hierarchy, np.maximum(means, 0.0) if self.nonnegative else means)
        below = {child for child, _ in self.hierarchy.parents}
        n_uppers = len(self.hierarchy.uppers)
        for i, members in enumerate(self.hierarchy.members):
            if self.hierarchy.uppers[i] not in below:
                root = np.maximum(base[:, [i]], 0.0) if self.nonnegative else base[:, [i]]
                base[:, n_uppers + np.array(members)] = root * shares[list(members)]
        for i, members in enumerate(self.hierarchy.members):
            base[:, i] = base[:, n_uppers + np.array(members)].sum(axis=1)
        cube[:, places] = base

    def _project(self, cube: Array, places: NDArray[np.intp], pins: tuple[NDArray[np.bool_], Array]) -> None:
        """Project a few samples at a time, times with the same fixed nodes together; changes ``cube`` (sample, series, time)."""
        held, values = pins
        names = self.hierarchy.nodes
        patterns, which = np.unique(held, axis=1, return_inverse=True)
        projections = [
            (build_projection(self.hierarchy, self.errors_, fixed=pattern, nonnegative=self.nonnegative),
             np.flatnonzero(which.ravel() == number) if patterns.shape[1] > 1 else slice(None))
            for number, pattern in enumerate(patterns.T)
        ]  # fmt: skip
        # as many samples as fill a product: they stay in the processor's cache from end to end
        step = max(1, BLOCK // max(1, cube.shape[2]))
        for start in range(0, len(cube), step):
            series = cube[start : start + step].transpose(1, 0, 2)
            block = series[places]
            if not np.isfinite(block).all():
                _refuse_missing(cube[:, places], names)
            np.copyto(block, values[:, None], where=~np.isnan(values[:, None]))
            for projection, times in projections:
                base = block[:, :, times]
                block[:, :, times] = projection.apply(base.reshape(len(places), -1), names).reshape(base.shape)
            series[places] = block


def reconcile(
    paths: Paths, hierarchy: Hierarchy, *, method: str = "mint", residuals: xr.Dataset | xr.DataArray | None = None, fixed: Fixed = (),
    nonnegative: bool = False,
) -> Paths:
    """Make sample paths of a hierarchy add up, draw by draw: :class:`Reconciler` in one call.

    Parameters
    ----------
    paths, fixed
        As in :meth:`Reconciler.transform`.
    hierarchy, method, nonnegative
        As in :class:`Reconciler`.
    residuals : DataArray or Dataset (series, time), optional
        As in :meth:`Reconciler.fit`.

    Returns
    -------
    Dataset or DataArray
        Like ``paths``.

    Raises
    ------
    HierarchyError
        As in :class:`Reconciler`.

    Examples
    --------
    >>> tree = Hierarchy.from_labels(["goods", "catering"], total="retail")
    >>> leaves = xr.DataArray([[7.0, 6.0]], dims=("sample", "series"), coords={"series": ["goods", "catering"]})
    >>> reconcile(leaves, tree, method="bottom_up").sel(series="retail").values
    array([13.])
    """
    return Reconciler(hierarchy, method, nonnegative=nonnegative).fit(residuals).transform(paths, fixed=fixed)


def _refuse_missing(cube: Array, nodes: Sequence[str]) -> None:
    """Every node takes part in every draw."""
    whole = np.asarray(np.isfinite(cube).all(axis=(0, 2)))
    bad = [name for name, usable in zip(nodes, whole, strict=True) if not usable]
    if bad:
        raise HierarchyError(f"paths of {bad[:5]} are missing or not finite: forecast these nodes otherwise, or take them out of the "
                             "hierarchy", names=bad)


def _pins(fixed: Fixed, nodes: Sequence[str], time: pd.Index) -> tuple[NDArray[np.bool_], Array]:
    """Which nodes are held at which times, and the values they are held to (NaN: their base path)."""
    place = {name: i for i, name in enumerate(nodes)}
    wanted = [fixed] if isinstance(fixed, str) else list(fixed)
    unknown = [str(name) for name in wanted if name not in place]
    if unknown:
        raise HierarchyError(f"fixed nodes {unknown[:5]} are not in the hierarchy of {list(nodes)[:5]} ...: name its nodes", names=unknown)
    held = np.zeros((len(nodes), len(time)), dtype=bool)
    values = np.full((len(nodes), len(time)), np.nan)
    for name in wanted:
        if isinstance(fixed, Mapping):
            values[place[name]] = _over_time(fixed[name], name, time)
            held[place[name]] = ~np.isnan(values[place[name]])
        else:
            held[place[name]] = True
    return held, values


def _over_time(given: object, name: str, time: pd.Index) -> Array:
    """Fixed values at each time: a labelled array by its labels, others one for all or one each."""
    if isinstance(given, xr.DataArray):
        given = given.to_series()
    if isinstance(given, pd.Series):
        outside = given.index.difference(time)
        if len(outside):
            raise HierarchyError(f"fixed values of {name!r} are for {outside[:3].tolist()}, which the paths do not reach: "
                                 f"they run from {time[0]} to {time[-1]}", names=[name])
        given = given.reindex(time).to_numpy()
    values = np.asarray(given, dtype=np.float64)
    if values.shape not in ((), (1,), time.shape):
        raise HierarchyError(f"fixed values of {name!r} have shape {values.shape}: give one number, or one for each of {len(time)} times",
                             names=[name])
    return np.broadcast_to(values, time.shape)
