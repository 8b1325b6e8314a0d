"""What adds up to what: trees of regions, categories or periods, and crossed trees, as a frozen specification.

Floor F2. It knows labels and sums only; it must never know a forecast.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from bayu_forecast.errors import HierarchyError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """Nodes and the leaves each of them is the sum of.

    Build one with :meth:`from_table`, :meth:`from_labels`, :meth:`cross` or :meth:`temporal`.

    Attributes
    ----------
    uppers : tuple of str
        Nodes above the leaves, the widest first.
    leaves : tuple of str
        Nodes that nothing is below.
    members : tuple of tuple of int
        Positions of each upper node's leaves.
    parents : tuple of (str, str)
        Child and parent, where each node has one parent; empty when trees are crossed.

    Raises
    ------
    HierarchyError
        When a label stands twice, an upper node has no leaf, or positions and labels disagree.

    Examples
    --------
    >>> tree = Hierarchy.from_labels(["east/a", "east/b", "west/c"], total="nation")
    >>> tree.nodes
    ('nation', 'east', 'west', 'east/a', 'east/b', 'west/c')
    >>> tree.summing_matrix().sel(node="east").values.tolist()
    [1.0, 1.0, 0.0]
    """

    uppers: tuple[str, ...]
    leaves: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    parents: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        twice = _twice(self.nodes)
        if twice:
            raise HierarchyError(f"a label names one node; these stand twice: {twice}: rename one of each", names=twice)
        if len(self.members) != len(self.uppers):
            raise HierarchyError(f"{len(self.uppers)} upper nodes need as many sets of members, got {len(self.members)}")
        for node, below in zip(self.uppers, self.members, strict=True):
            if not below or len(set(below)) < len(below) or not 0 <= min(below) <= max(below) < len(self.leaves):
                raise HierarchyError(f"members of {node!r} should be positions of {len(self.leaves)} leaves, each once, got {below}",
                                     names=[node])

    @property
    def nodes(self) -> tuple[str, ...]:
        """All labels, uppers first."""
        return self.uppers + self.leaves

    @property
    def sums(self) -> sparse.csr_array:
        """Sparse matrix (upper, leaf) of ones and zeros."""
        sizes = [len(below) for below in self.members]
        columns = np.concatenate([*(np.array(below, dtype=np.intp) for below in self.members), np.empty(0, dtype=np.intp)])
        return sparse.csr_array((np.ones(len(columns)), columns, np.cumsum([0, *sizes])), shape=(len(self.uppers), len(self.leaves)))

    def summing_matrix(self) -> xr.DataArray:
        """Matrix (node, leaf) that takes leaves to all nodes.

        Returns
        -------
        DataArray (node, leaf)
            Ones and zeros.
        """
        whole = np.vstack([self.sums.toarray(), np.eye(len(self.leaves))])
        return xr.DataArray(whole, dims=("node", "leaf"), coords={"node": list(self.nodes), "leaf": list(self.leaves)}, name="sums")

    @classmethod
    def from_table(cls, table: pd.DataFrame, *, parent: str = "parent", child: str = "child") -> Hierarchy:
        """Build a tree from one row a link.

        Parameters
        ----------
        table : DataFrame
            A row for each child with its parent; a child with an empty parent is a root and needs no row.
        parent, child : str
            Names of the columns.

        Returns
        -------
        Hierarchy
            Leaves in the order of the table.

        Raises
        ------
        HierarchyError
            When a column or a label is missing, a child stands twice, has two parents, or links run in a circle.

        Examples
        --------
        >>> Hierarchy.from_table(pd.DataFrame({"parent": ["all", "all"], "child": ["goods", "catering"]})).leaves
        ('goods', 'catering')
        """
        absent = [name for name in (parent, child) if name not in table.columns]
        if absent:
            raise HierarchyError(f"the table of links has no column {absent}, only {list(map(str, table.columns))}", names=absent)
        links = table[[child, parent]].astype(object).where(table[[child, parent]].notna(), "")
        rows = [(str(below), str(above)) for below, above in links.itertuples(index=False)]
        unnamed = [above for below, above in rows if not below]
        if unnamed:
            raise HierarchyError(f"a child without a label below {unnamed[:3]}: give it a name or drop the row", names=unnamed)
        return cls._tree(rows)

    @classmethod
    def from_labels(cls, labels: Iterable[str], *, sep: str = "/", total: str = "total") -> Hierarchy:
        """Build a tree from leaves whose labels say what they lie in, such as ``"nation/east/a"``.

        Parameters
        ----------
        labels : iterable of str
            One a leaf. The part before each separator names the node above.
        sep : str
            Separator.
        total : str
            Name of the node above all, added when the labels do not begin alike.

        Returns
        -------
        Hierarchy

        Raises
        ------
        HierarchyError
            When a label stands twice, is empty, has an empty part, or is also the part of another.

        Examples
        --------
        >>> Hierarchy.from_labels(["china/east", "china/west"]).uppers
        ('china',)
        """
        leaves = [str(label) for label in labels]
        empty = [label for label in leaves if not all(label.split(sep))]
        if empty or not leaves:
            raise HierarchyError(f"labels need a name in each part between {sep!r}; empty: {empty[:3] or 'no labels at all'}", names=empty)
        twice = _twice(leaves)
        if twice:
            raise HierarchyError(f"a leaf stands once; these labels stand twice: {twice}", names=twice)
        tops = {label.split(sep)[0] for label in leaves}
        above = "" if len(tops) == 1 and sep in leaves[0] else total
        rows: dict[str, str] = {}
        for label in leaves:
            parts = label.split(sep)
            prefixes = [sep.join(parts[:length]) for length in range(1, len(parts) + 1)]
            rows |= dict(zip(prefixes, [above, *prefixes[:-1]], strict=True))
        within = sorted(set(leaves) & set(rows.values()))
        if within:
            raise HierarchyError(f"{within[:3]} are leaves and have leaves below them: drop them, or name what else they hold",
                                 names=within)
        return cls._tree(list(rows.items()))

    @classmethod
    def temporal(cls, season: int) -> Hierarchy:
        """Build the tree of one year's periods: every way to cut ``season`` steps into equal whole parts.

        Parameters
        ----------
        season : int
            Steps to a year: 12 gives the year, halves, thirds, quarters, pairs of months and months.

        Returns
        -------
        Hierarchy
            Labels ``"1:0"`` (the year), ``"4:0"`` (first quarter), ``"12:0"`` (first month).

        Raises
        ------
        HierarchyError
            When there are not at least two steps.

        Examples
        --------
        >>> Hierarchy.temporal(4).nodes
        ('1:0', '2:0', '2:1', '4:0', '4:1', '4:2', '4:3')
        """
        return cls.of_periods([parts for parts in range(1, season + 1) if season % parts == 0])

    @classmethod
    def of_periods(cls, parts: Sequence[int]) -> Hierarchy:
        """Build the tree of one year cut into these numbers of parts, as :meth:`temporal` with some of them only.

        Parameters
        ----------
        parts : sequence of int
            Such as ``[1, 4, 12]``; each must divide the largest.

        Returns
        -------
        Hierarchy

        Raises
        ------
        HierarchyError
            When fewer than two are given or one does not divide the largest.

        Examples
        --------
        >>> Hierarchy.of_periods([1, 4]).nodes
        ('1:0', '4:0', '4:1', '4:2', '4:3')
        """
        cuts = sorted(set(parts))
        odd = [cut for cut in cuts if cut < 1 or cuts[-1] % cut]
        if len(cuts) < 2 or odd:
            raise HierarchyError(f"periods that add up need two or more parts of a year, each dividing the largest, got {list(parts)}",
                                 names=odd)
        season = cuts[-1]
        uppers = [(f"{cut}:{i}", tuple(range(i * season // cut, (i + 1) * season // cut))) for cut in cuts[:-1] for i in range(cut)]
        return cls(uppers=tuple(label for label, _ in uppers), members=tuple(below for _, below in uppers),
                   leaves=tuple(f"{season}:{i}" for i in range(season)))

    def cross(self, other: Hierarchy, *, sep: str = "/") -> Hierarchy:
        """Cross two trees: a node for every pair, such as a province's catering.

        Parameters
        ----------
        other : Hierarchy
            The second tree.
        sep : str
            Put between the two labels.

        Returns
        -------
        Hierarchy
            Leaves are pairs of leaves.

        Examples
        --------
        >>> regions = Hierarchy.from_labels(["east", "west"], total="nation")
        >>> kinds = Hierarchy.from_labels(["goods", "catering"], total="all")
        >>> crossed = regions.cross(kinds)
        >>> len(crossed.uppers), crossed.uppers[:2], crossed.leaves[0]
        (5, ('nation/all', 'nation/goods'), 'east/goods')
        """
        width = len(other.leaves)
        pairs = {f"{one}{sep}{two}": tuple(i * width + j for i in first for j in second)
                 for one, first in self._below() for two, second in other._below()}
        leaves = tuple(f"{one}{sep}{two}" for one in self.leaves for two in other.leaves)
        if len(pairs) < len(self.nodes) * len(other.nodes):
            raise HierarchyError(f"pairs of labels run together with {sep!r} between them: choose another separator")
        uppers = {label: below for label, below in pairs.items() if label not in leaves}
        return Hierarchy(uppers=tuple(uppers), leaves=leaves, members=tuple(uppers.values()))

    def _below(self) -> list[tuple[str, tuple[int, ...]]]:
        """Every node with the positions of its leaves; a leaf has itself."""
        return [*zip(self.uppers, self.members, strict=True), *((leaf, (i,)) for i, leaf in enumerate(self.leaves))]

    @classmethod
    def _tree(cls, rows: Sequence[tuple[str, str]]) -> Hierarchy:
        """Build from (child, parent) rows, parent empty for a root."""
        above = _one_parent(rows)
        children: dict[str, list[str]] = {}
        for below, parent in above.items():
            children.setdefault(parent, []).append(below)
        roots = [node for node in children if node and not above.get(node)]
        order, queue = [], roots + [node for node in children.get("", []) if node not in children]
        while queue:
            order.append(queue.pop(0))
            queue.extend(children.get(order[-1], []))
        circle = sorted(set(above) - set(order))
        if circle:
            raise HierarchyError(f"links run in a circle through {circle[:5]}: no node may lie below itself", names=circle)
        leaves = [node for node in above if node not in children]
        place = {leaf: i for i, leaf in enumerate(leaves)}
        below_of: dict[str, tuple[int, ...]] = {}
        for node in reversed(order):
            parts = [below_of[part] for part in children.get(node, [])]
            below_of[node] = tuple(sorted(i for part in parts for i in part)) if parts else (place[node],)
        uppers = tuple(node for node in order if node in children)
        links = tuple((below, parent) for below, parent in above.items() if parent)
        return cls(uppers=uppers, leaves=tuple(leaves), members=tuple(below_of[node] for node in uppers), parents=links)


def _one_parent(rows: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Each child's only parent."""
    above: dict[str, str] = {}
    for below, parent in rows:
        if below in above:
            known = above[below]
            wrong = f"stands twice below {parent!r}" if known == parent else f"has two parents, {known!r} and {parent!r}"
            raise HierarchyError(f"{below!r} {wrong}: a tree allows one row a child; cross two trees where both are meant", names=[below])
        above[below] = parent
    return above


def _twice(labels: Sequence[str]) -> list[str]:
    """The first labels that stand more than once."""
    index = pd.Index(labels)
    return [str(label) for label in index[index.duplicated()].unique()[:3]]
