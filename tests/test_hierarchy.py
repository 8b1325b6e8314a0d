"""Hierarchies as specifications: what is built, what is refused, and the bundled trees against the bundled figures."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayu_forecast as bf
from bayu_forecast.data.tables import BUNDLED, RegionTables, read_tables
from bayu_forecast.errors import HierarchyError, UnknownNameError


def table(*links: tuple[str | float | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame(links, columns=["parent", "child"])


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Links (parent, child) of a random tree, in random order."""
    size = draw(st.integers(2, 14))
    links = [(f"n{draw(st.integers(0, i - 1))}", f"n{i}") for i in range(1, size)]
    return draw(st.permutations(links))


@given(links=trees())
def test_a_node_is_the_sum_of_its_children(links):
    tree = bf.Hierarchy.from_table(table(*links))
    sums = tree.summing_matrix()
    children: dict[str, list[str]] = {}
    for parent, child in links:
        children.setdefault(parent, []).append(child)
    assert set(tree.uppers) == set(children)
    assert set(tree.nodes) == {f"n{i}" for i in range(len(links) + 1)}
    for parent, below in children.items():
        assert np.array_equal(sums.sel(node=parent), sums.sel(node=below).sum("node"))
    assert all(tree.uppers.index(parent) < tree.uppers.index(child) for parent, child in links if child in children)


def test_labels_and_links_give_the_same_tree():
    links = table(("all", "all/n"), ("all", "all/s"), ("all/n", "all/n/a"), ("all/n", "all/n/b"), ("all/s", "all/s/c"))
    tree = bf.Hierarchy.from_labels(["all/n/a", "all/n/b", "all/s/c"])
    assert (tree.uppers, tree.leaves, tree.members) == (
        ("all", "all/n", "all/s"), ("all/n/a", "all/n/b", "all/s/c"), ((0, 1, 2), (0, 1), (2,)))
    other = bf.Hierarchy.from_table(links)
    assert (other.uppers, other.leaves, other.members) == (tree.uppers, tree.leaves, tree.members)


def test_a_root_may_have_a_row_of_its_own_and_a_forest_two():
    tree = bf.Hierarchy.from_table(table(("", "one"), ("one", "a"), (None, "two"), ("two", "b"), ("two", "c")))
    assert tree.uppers == ("one", "two")
    assert tree.members == ((0,), (1, 2))


def test_leaves_of_unequal_depth():
    tree = bf.Hierarchy.from_labels(["n/a/x", "n/a/y", "n/b"])
    assert tree.leaves == ("n/a/x", "n/a/y", "n/b")
    assert tree.members == ((0, 1, 2), (0, 1))


def test_crossed_trees_have_a_node_for_every_pair():
    one, two = bf.Hierarchy.from_labels(["a", "b"], total="A"), bf.Hierarchy.from_labels(["x", "y", "z"], total="X")
    crossed = one.cross(two)
    assert set(crossed.nodes) == {f"{i}/{j}" for i, j in itertools.product(one.nodes, two.nodes)}
    both = np.kron(one.summing_matrix(), two.summing_matrix())
    order = [f"{i}/{j}" for i, j in itertools.product(one.nodes, two.nodes)]
    assert np.array_equal(crossed.summing_matrix().sel(node=order), both)


def test_periods_of_a_year():
    year = bf.Hierarchy.temporal(12)
    assert year.uppers[:6] == ("1:0", "2:0", "2:1", "3:0", "3:1", "3:2")
    assert len(year.uppers) == 1 + 2 + 3 + 4 + 6
    assert year.summing_matrix().sel(node="4:1").values.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    assert bf.Hierarchy.of_periods([1, 4, 12]).uppers == ("1:0", "4:0", "4:1", "4:2", "4:3")


@pytest.mark.parametrize(("build", "message"), [
    (lambda: bf.Hierarchy.from_table(table(("a", "b"), ("b", "c"), ("c", "b"))), "'b' has two parents, 'a' and 'c'"),
    (lambda: bf.Hierarchy.from_table(table(("a", "b"), ("a", "b"))), "'b' stands twice below 'a'"),
    (lambda: bf.Hierarchy.from_table(table(("all", "x"), ("c", "a"), ("a", "b"), ("b", "c"))), r"circle through \['a', 'b', 'c'\]"),
    (lambda: bf.Hierarchy.from_table(table(("a", "a"))), r"circle through \['a'\]"),
    (lambda: bf.Hierarchy.from_table(table(("a", None))), r"a child without a label below \['a'\]"),
    (lambda: bf.Hierarchy.from_table(table(("a", "b")), child="kid"), r"no column \['kid'\], only \['parent', 'child'\]"),
    (lambda: bf.Hierarchy.from_labels(["n/a", "n/a"]), r"labels stand twice: \['n/a'\]"),
    (lambda: bf.Hierarchy.from_labels(["n/a", "n/a/b"]), r"\['n/a'\] are leaves and have leaves below"),
    (lambda: bf.Hierarchy.from_labels(["n//a"]), "a name in each part"),
    (lambda: bf.Hierarchy.from_labels([]), "no labels at all"),
    (lambda: bf.Hierarchy.from_labels(["total", "a"]), r"\['total'\] are leaves and have leaves below"),
    (lambda: bf.Hierarchy.temporal(1), "two or more parts"),
    (lambda: bf.Hierarchy.of_periods([5, 12]), "each dividing the largest"),
    (lambda: bf.Hierarchy(uppers=("a",), leaves=("a",), members=((0,),)), r"stand twice: \['a'\]"),
    (lambda: bf.Hierarchy(uppers=("a",), leaves=("b",), members=((),)), "members of 'a'"),
    (lambda: bf.Hierarchy(uppers=("a",), leaves=("b",), members=()), "as many sets"),
    (lambda: bf.Hierarchy.from_labels(["a", "a/b"]), r"\['a'\] are leaves and have leaves below"),
    (lambda: bf.Hierarchy.from_labels(["a", "b"], sep=":", total="a/b").cross(bf.Hierarchy.from_labels(["b/c", "c"], sep=":", total="t")),
     "run together with '/'"),
])
def test_what_is_no_hierarchy_is_told(build, message):
    with pytest.raises(HierarchyError, match=message):
        build()


@pytest.fixture(scope="module")
def regions() -> dict[str, RegionTables]:
    return {name: read_tables(BUNDLED / name) for name in bf.list_regions()}


def test_bundled_tree_of_regions_is_what_the_regions_say(regions):
    links = bf.load_tree("regions")
    parents = {name: tables.region.parent for name, tables in regions.items()}
    assert dict(zip(links["child"], links["parent"], strict=True)) == {name: parent for name, parent in parents.items() if parent}


@pytest.mark.parametrize(("tree", "tolerance"), [("regions", 2e-6), ("retail", 1e-12)])
def test_published_figures_add_up_along_the_bundled_trees(tree, tolerance, regions):
    hierarchy = bf.Hierarchy.from_table(bf.load_tree(tree))
    if tree == "regions":
        value = {name: annual_total(regions[name].observations, 2023) for name in hierarchy.nodes}
    else:
        archive = regions["china"].observations
        march = (archive["period_start"] == "2024-03-01") & (archive["period_end"] == "2024-03-31")
        months = archive[march & (archive["measure"] == "level")]
        value = months.set_index("series")["value"].to_dict()
    leaves = np.array([value[name] for name in hierarchy.leaves])
    assert hierarchy.sums @ leaves == pytest.approx([value[name] for name in hierarchy.uppers], rel=tolerance)


def annual_total(archive: pd.DataFrame, year: int) -> float:
    """Retail sales of a year on the latest basis."""
    whole = (archive["period_start"] == f"{year}-01-01") & (archive["period_end"] == f"{year}-12-31")
    frame = archive[whole & (archive["series"] == "retail_total") & (archive["measure"] == "level")]
    return float(frame.sort_values("release_date")["value"].iloc[-1])


def test_every_category_is_a_published_series_or_says_why_not(regions):
    links = bf.load_tree("categories")
    published = {series.id for series in regions["china"].region.series}
    assert set(links.loc[~links["child"].isin(published), "child"]) == {"retail_other_above_quota"}
    assert links.loc[~links["child"].isin(published), "note"].str.len().min() > 0
    assert set(links["parent"]) <= published


def test_an_unknown_tree_is_told():
    with pytest.raises(UnknownNameError, match="regions"):
        bf.load_tree("region")
