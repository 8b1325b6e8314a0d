"""From a method's name to coherent arrays: the covariance each method assumes, and its projection of nodes by draws.

Floor F2. It sees arrays and a hierarchy; it must never know labels of time or what a node stands for.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bayu_forecast._numeric.project import (
    Errors,
    leaf_covariance,
    leaf_gain,
    lift_negatives,
    mean_squares,
    move_leaves,
    shrunk,
    uncorrelated,
)
from bayu_forecast.errors import HierarchyError
from bayu_forecast.reconciliation.hierarchy import Hierarchy

Array = NDArray[np.float64]

BOTTOM_UP: Final = "bottom_up"
TOP_DOWN: Final = "top_down"
#: methods that project, from the least asked of the data to the most
PROJECTIONS: Final = ("ols", "wls_struct", "wls_var", "mint")
METHODS: Final = (BOTTOM_UP, TOP_DOWN, *PROJECTIONS)
NEED_RESIDUALS: Final = ("wls_var", "mint")


@dataclasses.dataclass(frozen=True, slots=True)
class Projection:
    """The map from base paths to coherent paths, for one set of fixed nodes.

    Attributes
    ----------
    sums : sparse array (upper, leaf)
    gain : array (leaf, upper) or None
        None leaves the leaves as they are.
    covariance : array (leaf, leaf) or None
        Of the projected leaves, when negative ones are to be lifted.
    fixed : array (node,) of bool
        Nodes that keep their base paths.
    """

    sums: sparse.csr_array
    gain: Array | None
    covariance: Array | None
    fixed: NDArray[np.bool_]

    def apply(self, base: Array, names: tuple[str, ...]) -> Array:
        """Return coherent nodes by columns.

        Parameters
        ----------
        base : array (node, column)
            Base paths, uppers first; fixed nodes hold what they are fixed to.
        names : tuple of str
            Labels of the nodes, for messages.

        Returns
        -------
        array (node, column)

        Raises
        ------
        HierarchyError
            When fixed nodes contradict each other.
        """
        uppers, leaves = base[: self.sums.shape[0]], base[self.sums.shape[0] :].copy()
        if self.gain is not None:
            leaves = move_leaves(leaves, uppers, self.sums, self.gain)
        if self.covariance is not None:
            leaves = lift_negatives(leaves, self.covariance)
        whole = np.concatenate([self.sums @ leaves, leaves])
        self._keep(whole, base, names)
        return whole

    def _keep(self, whole: Array, base: Array, names: tuple[str, ...]) -> None:
        """Put the fixed nodes back to the last bit; they may differ by rounding only."""
        if not self.fixed.any():
            return
        off = np.abs(whole[self.fixed] - base[self.fixed]).max(axis=1, initial=0.0)
        scale = np.abs(base[self.fixed]).max(initial=1e-300)
        if off.max() > 1e-9 * scale:
            wrong = [name for name, far in zip(np.array(names)[self.fixed].tolist(), off, strict=True) if far > 1e-9 * scale]
            raise HierarchyError(f"fixed nodes contradict each other: {wrong[:5]} would move by up to {off.max():.6g} (sums disagree, or "
                                 "a part would have to be negative): fix fewer of them, or make their values add up", names=wrong)
        whole[self.fixed] = base[self.fixed]


def build_projection(hierarchy: Hierarchy, errors: Errors | None, *, fixed: NDArray[np.bool_], nonnegative: bool) -> Projection:
    """Return the projection in the metric of the errors; ``None`` adds the leaves up."""
    sums = hierarchy.sums
    if errors is None:
        return Projection(sums, None, np.eye(sums.shape[1]) if nonnegative else None, fixed)
    errors = errors.given(fixed)
    gain = leaf_gain(sums, errors)
    return Projection(sums, gain, leaf_covariance(sums, errors, gain) if nonnegative else None, fixed)


def errors_of(method: str, hierarchy: Hierarchy, residuals: Array | None) -> Errors | None:
    """Return the covariance of base errors that a method assumes.

    Parameters
    ----------
    method : str
        One of :data:`METHODS`.
    hierarchy : Hierarchy
        Its structure is what ``wls_struct`` goes by.
    residuals : array (node, time) or None
        One-step errors; NaN where there are none.

    Returns
    -------
    Errors or None
        None for methods that do not project.

    Raises
    ------
    HierarchyError
        When the method is unknown, or needs residuals that are not there.
    """
    if method not in METHODS:
        raise HierarchyError(f"there is no method {method!r}: choose one of {list(METHODS)}", names=[method], expected=list(METHODS))
    if method not in PROJECTIONS:
        return None
    if method == "ols":
        return uncorrelated(np.ones(len(hierarchy.nodes)))
    if method == "wls_struct":
        return uncorrelated(np.array([*map(len, hierarchy.members), *([1] * len(hierarchy.leaves))], dtype=np.float64))
    if residuals is None:
        raise HierarchyError(f"method {method!r} weighs nodes by their one-step errors: give residuals (series, time), or use 'wls_struct'")
    few = [name for name, n in zip(hierarchy.nodes, np.isfinite(residuals).sum(axis=1), strict=True) if n < 3]
    if few:
        raise HierarchyError(f"method {method!r} needs at least three residuals of each node; fewer for {few[:5]}: use 'wls_struct'",
                             names=few)
    return uncorrelated(mean_squares(residuals)) if method == "wls_var" else shrunk(residuals)


def split_down(hierarchy: Hierarchy, means: Array) -> Array:
    """Return each leaf's share of its root, from the forecasts' own proportions at every split on the way down.

    Parameters
    ----------
    hierarchy : Hierarchy
        A tree.
    means : array (node, column)
        Mean forecasts, uppers first.

    Returns
    -------
    array (leaf, column)

    Raises
    ------
    HierarchyError
        When trees are crossed, or forecasts of a node's children sum to nothing.

    References
    ----------
    Athanasopoulos, Ahmed and Hyndman (2009), Hierarchical forecasts for Australian domestic tourism. Int. J. Forecasting 25.
    """
    if not hierarchy.parents:
        raise HierarchyError("in crossed trees a node has several parents, so there is no one way down: use 'bottom_up', 'wls_struct' or "
                             "'mint'")
    place = {name: i for i, name in enumerate(hierarchy.nodes)}
    children: dict[str, list[str]] = {}
    for child, parent in hierarchy.parents:
        children.setdefault(parent, []).append(child)
    share = np.ones_like(means)
    for parent in hierarchy.uppers:
        below = [place[child] for child in children[parent]]
        total = means[below].sum(axis=0)
        if (total <= 0).any():
            raise HierarchyError(f"forecasts of what lies below {parent!r} sum to nothing or less, so it cannot be split by them: use "
                                 "another method", names=[parent])
        share[below] = share[place[parent]] * means[below] / total
    return share[len(hierarchy.uppers) :]
