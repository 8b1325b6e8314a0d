"""Reconciled paths: coherent in every draw, equal to independent solvers, and one clear error for each misuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone

import bayu_forecast as bf
from bayu_forecast._numeric import project
from bayu_forecast.errors import HierarchyError, NotFittedError

TREE = bf.Hierarchy.from_labels(["a/1", "a/2", "b/1", "b/2"])
SUMS = TREE.summing_matrix().values
STEPS = np.arange(24)
RESIDUALS = np.array([np.sin((i + 1) * STEPS * 1.7 + i) * (1 + i % 3) + np.cos(STEPS * (2 + i % 2)) * 1.5 for i in range(7)])
RESIDUALS -= RESIDUALS.mean(axis=1, keepdims=True)
BASE = np.array([[100, 52.0], [61, -3], [30, 40], [22, 1], [35, -6], [14, 25], [20, 18]])
PROJECTIONS = ["ols", "wls_struct", "wls_var", "mint"]
#: hierarchicalforecast 1.5.3, MinTrace(method).fit_predict(S, y_hat=BASE, y_insample=100+R, y_hat_insample=100) with R = RESIDUALS + 1e-5
#: (it refuses means of zero); TopDown("forecast_proportions") of abs(BASE)
PEER = {
    "ols": [[96.1428571429, 45.7142857143], [62.2380952381, 0.5238095238], [33.9047619048, 45.1904761905], [24.619047619, 3.7619047619],
            [37.619047619, -3.2380952381], [13.9523809524, 26.0952380952], [19.9523809524, 19.0952380952]],
    "wls_struct": [[94.0, 42.3333333333], [60.5, -1.5833333333], [33.5, 43.9166666667], [23.75, 2.7083333333], [36.75, -4.2916666667],
                   [13.75, 25.4583333333], [19.75, 18.4583333333]],
    "wls_var": [[98.0310022787, 48.8659397841], [62.2238497928, 1.1364263546], [35.8071524859, 47.7295134295],
                [23.8164999733, 3.1338320878], [38.4073498194, -1.9974057332], [15.3905433292, 28.6392022262],
                [20.4166091567, 19.0903112033]],
    "mint": [[99.8470651721, 51.3131301132], [63.6346813168, 3.2413182479], [36.2123838553, 48.0718118653], [24.5419607384, 4.8331139365],
             [39.0927205783, -1.5917956886], [15.0561670203, 28.5217367918], [21.156216835, 19.5500750735]],
    "top_down": [[100.0, 52.0], [67.032967033, 3.6279069767], [32.967032967, 48.3720930233], [25.8723732408, 0.5182724252],
                 [41.1605937922, 3.1096345515], [13.5746606335, 28.1233098972], [19.3923723335, 20.248783126]],
}


def nodes(values: np.ndarray, *dims: str) -> xr.DataArray:
    return xr.DataArray(values, dims=dims, coords={"series": list(TREE.nodes)})


@pytest.fixture
def residuals() -> xr.DataArray:
    return nodes(RESIDUALS, "series", "time")


@pytest.fixture
def draws(rng: np.random.Generator) -> xr.Dataset:
    value = np.moveaxis(BASE, -1, 0).mean(axis=0)[:, None] * rng.lognormal(0, 0.4, (3, 70, 7, 5)) + rng.normal(0, 4, (3, 70, 7, 5))
    variables = {"value": nodes(value, "scenario", "sample", "series", "time"), "prior_share": nodes(np.ones(7), "series")}
    return xr.Dataset(variables, attrs={"seed": 7})


def gap(paths: xr.DataArray) -> float:
    whole = SUMS @ np.moveaxis(paths.sel(series=list(TREE.leaves)).values, paths.dims.index("series"), -2)
    return float(np.abs(whole - np.moveaxis(paths.sel(series=list(TREE.nodes)).values, paths.dims.index("series"), -2)).max())


def covariance(errors: project.Errors) -> np.ndarray:
    return np.diag(errors.diagonal) + errors.factor @ errors.factor.T


# --- against others -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", PROJECTIONS)
def test_points_are_those_of_a_peer(method, residuals):
    ours = bf.reconcile(nodes(BASE, "series", "time"), TREE, method=method, residuals=residuals)
    assert ours.values == pytest.approx(np.array(PEER[method]), abs=2e-7)


def test_top_down_is_that_of_a_peer():
    ours = bf.reconcile(nodes(np.abs(BASE), "series", "time"), TREE, method="top_down")
    assert ours.values == pytest.approx(np.array(PEER["top_down"]), abs=1e-9)


@pytest.mark.parametrize("method", PROJECTIONS)
def test_projection_is_generalised_least_squares(method, residuals, draws):
    weight = np.linalg.inv(covariance(bf.Reconciler(TREE, method).fit(residuals).errors_))
    gls = SUMS @ np.linalg.solve(SUMS.T @ weight @ SUMS, SUMS.T @ weight)
    ours = bf.reconcile(draws, TREE, method=method, residuals=residuals)["value"].values
    assert ours == pytest.approx(np.einsum("ij,abjt->abit", gls, draws["value"].values), abs=1e-10)


def test_shrunk_covariance_is_its_definition():
    n, variances = RESIDUALS.shape[1], (RESIDUALS**2).mean(axis=1)
    unit = RESIDUALS / np.sqrt(variances)[:, None]
    correlation = unit @ unit.T / n
    spread = ((unit**2) @ (unit**2).T - (unit @ unit.T) ** 2 / n) / (n * (n - 1))
    off = ~np.eye(7, dtype=bool)
    weight = spread[off].sum() / (correlation[off] ** 2).sum()
    assert project.intensity(RESIDUALS) == pytest.approx(weight, abs=1e-12)
    whole = ((1 - weight) * correlation + weight * np.eye(7)) * np.sqrt(np.outer(variances, variances))
    assert covariance(project.shrunk(RESIDUALS)) == pytest.approx(whole, abs=1e-12)
    assert project.intensity(RESIDUALS[:, :5]) == 1.0 or 0 <= project.intensity(RESIDUALS[:, :5]) < 1


def test_residuals_with_holes_keep_a_covariance(residuals):
    holed = RESIDUALS.copy()
    holed[0, :10] = np.nan
    holed[3, 20:] = np.nan
    errors = project.shrunk(holed)
    assert np.diag(covariance(errors)) == pytest.approx(np.nanmean(holed**2, axis=1))
    assert np.linalg.eigvalsh(covariance(errors)).min() > 0


@pytest.mark.parametrize("method", PROJECTIONS)
def test_non_negative_leaves_are_those_of_nnls(method, residuals, draws):
    weight = np.linalg.cholesky(np.linalg.inv(covariance(bf.Reconciler(TREE, method).fit(residuals).errors_))).T
    base = draws.isel(scenario=0, time=[0, 1], sample=slice(0, 20)) - 32.0
    ours = bf.reconcile(base, TREE, method=method, residuals=residuals, nonnegative=True)["value"]
    assert gap(ours) < 1e-9
    assert float(ours.min()) >= 0
    assert float((ours == 0).mean()) > 0.1
    columns, answers = (array.transpose("sample", "time", "series").values.reshape(-1, 7) for array in (base["value"], ours))
    for draw, answer in zip(columns, answers, strict=True):
        assert answer[3:] == pytest.approx(scipy.optimize.nnls(weight @ SUMS, weight @ draw)[0], abs=1e-8)


@given(seed=st.integers(0, 10**6), n=st.integers(2, 12))
def test_lifting_meets_the_conditions_of_optimality(seed, n):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n + 1))
    metric, start = root @ root.T, rng.normal(size=(n, 6)) - 0.5
    lifted = project.lift_negatives(start.copy(), metric)
    force = np.linalg.solve(metric, lifted - start)
    assert lifted.min() >= 0
    assert force.min() > -1e-6
    assert np.abs(force * lifted).max() < 1e-6


def test_block_pivoting_and_one_by_one_agree(rng):
    root = rng.normal(size=(40, 45))
    metric, leaf = root @ root.T, rng.normal(size=40)
    held, force = project._active_set(metric, leaf, 1e-12)
    lifted = project.lift_negatives(leaf[:, None].copy(), metric)[:, 0]
    assert np.maximum(leaf + metric[:, held] @ force, 0) == pytest.approx(lifted, abs=1e-9)


# --- every draw adds up -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("method", ["bottom_up", "top_down", *PROJECTIONS])
def test_every_draw_adds_up(method, nonnegative, residuals, draws):
    coherent = bf.reconcile(draws, TREE, method=method, residuals=residuals, nonnegative=nonnegative)
    assert gap(coherent["value"]) < 1e-9
    assert coherent.sizes == draws.sizes
    assert coherent["value"].dims == draws["value"].dims
    assert coherent.attrs == draws.attrs
    assert coherent["prior_share"].equals(draws["prior_share"])
    if nonnegative:
        assert float(coherent["value"].min()) >= 0
    again = bf.reconcile(coherent, TREE, method=method, residuals=residuals, nonnegative=nonnegative)
    assert again["value"].values == pytest.approx(coherent["value"].values, abs=1e-8)


@pytest.mark.parametrize("method", [*PROJECTIONS])
def test_draws_do_not_see_each_other(method, residuals, draws):
    whole = bf.reconcile(draws, TREE, method=method, residuals=residuals)["value"]
    part = draws.isel(scenario=[1], sample=slice(11, 33), time=slice(0, 3))
    assert np.array_equal(bf.reconcile(part, TREE, method=method, residuals=residuals)["value"],
                          whole.isel(scenario=[1], sample=slice(11, 33), time=slice(0, 3)))


@pytest.mark.parametrize("method", ["top_down", *PROJECTIONS])
def test_order_of_dimensions_and_series_does_not_matter(method, residuals, draws):
    whole = bf.reconcile(draws["value"], TREE, method=method, residuals=residuals)
    turned = draws["value"].transpose("time", "series", "sample", "scenario").isel(series=[3, 0, 6, 1, 5, 2, 4])
    other = bf.reconcile(turned, TREE, method=method, residuals=residuals.isel(series=slice(None, None, -1)).T)
    assert other.dims == turned.dims
    xr.testing.assert_allclose(other.sel(series=whole["series"]).transpose(*whole.dims), whole, rtol=1e-12)


def test_series_outside_the_tree_stay(residuals, draws):
    other = draws["value"].isel(series=[0]).assign_coords(series=["gdp"])
    both = xr.concat([draws["value"], other], dim="series")
    coherent = bf.reconcile(both, TREE, residuals=residuals)
    assert np.array_equal(coherent.sel(series="gdp"), other.isel(series=0))
    assert gap(coherent) < 1e-9


def test_chunks_of_memory_change_no_bit(residuals, draws, monkeypatch):
    whole = bf.reconcile(draws, TREE, residuals=residuals)
    monkeypatch.setattr("bayu_forecast.reconciliation.reconciler.BLOCK", 24)
    assert bf.reconcile(draws, TREE, residuals=residuals).identical(whole)


def test_bottom_up_needs_the_leaves_only(draws):
    leaves = draws.sel(series=list(TREE.leaves))
    coherent = bf.reconcile(leaves, TREE, method="bottom_up")
    assert gap(coherent["value"]) < 1e-9
    assert list(coherent) == ["value"]
    assert np.array_equal(coherent["value"].sel(series=list(TREE.leaves)), leaves["value"])


def test_crossed_trees_add_up_both_ways(rng):
    crossed = bf.Hierarchy.from_labels(["e", "w"], total="n").cross(bf.Hierarchy.from_labels(["goods", "catering"], total="all"))
    paths = xr.DataArray(rng.normal(50, 9, (20, 9)), dims=("sample", "series"), coords={"series": list(crossed.nodes)})
    coherent = bf.reconcile(paths, crossed, method="wls_struct")
    for whole, parts in {"n/all": ["e/all", "w/all"], "n/goods": ["e/goods", "w/goods"], "e/all": ["e/goods", "e/catering"]}.items():
        assert coherent.sel(series=whole).values == pytest.approx(coherent.sel(series=parts).sum("series").values, abs=1e-9)


def test_a_forest_goes_down_from_each_root():
    forest = bf.Hierarchy.from_table(pd.DataFrame({"parent": ["p", "p", "q", "q"], "child": ["a", "b", "c", "d"]}))
    base = xr.DataArray([[10.0, 40, 1, 3, 2, 2]], dims=("sample", "series"), coords={"series": list(forest.nodes)})
    assert bf.reconcile(base, forest, method="top_down").values.tolist() == [[10, 40, 2.5, 7.5, 20, 20]]


# --- fixed nodes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("method", PROJECTIONS)
@pytest.mark.parametrize("fixed", [["total"], ["a", "a/1"], ["b/2"], ["a", "b"], ["total", "a/1", "b/1"]])
def test_fixed_nodes_keep_their_paths(method, fixed, nonnegative, residuals, rng):
    level = np.array([240, 120, 120, 60, 60, 60, 60.0])
    draws = nodes(level[:, None] + rng.normal(0, 3, (40, 7, 4)), "sample", "series", "time")
    coherent = bf.reconcile(draws, TREE, method=method, residuals=residuals, fixed=fixed, nonnegative=nonnegative)
    assert gap(coherent) < 1e-9
    assert np.array_equal(coherent.sel(series=fixed), draws.sel(series=fixed))


def test_fixed_nodes_are_constrained_least_squares(residuals, draws):
    weight = np.linalg.inv(covariance(bf.Reconciler(TREE).fit(residuals).errors_))
    base = draws["value"].isel(scenario=0, sample=0, time=0)
    kept = [0, 4]
    normal = SUMS.T @ weight @ SUMS
    kkt = np.block([[normal, SUMS[kept].T], [SUMS[kept], np.zeros((2, 2))]])
    leaves = np.linalg.solve(kkt, np.r_[SUMS.T @ weight @ base.values, base.values[kept]])[:4]
    ours = bf.reconcile(base, TREE, residuals=residuals, fixed=["total", "a/2"])
    assert ours.values == pytest.approx(SUMS @ leaves, abs=1e-9)


def test_a_published_total_takes_the_place_of_its_paths(residuals, draws):
    times = pd.date_range("2025-01", periods=5, freq="MS")
    dated = draws.assign_coords(time=times)
    published = pd.Series([120.0, 130.0], index=times[:2])
    coherent = bf.reconcile(dated, TREE, residuals=residuals, fixed={"total": published})["value"]
    assert gap(coherent) < 1e-9
    assert (coherent.sel(series="total").isel(time=[0, 1]) == published.to_xarray().rename(index="time")).all()
    free = bf.reconcile(dated, TREE, residuals=residuals)["value"]
    assert np.array_equal(coherent.isel(time=slice(2, None)), free.isel(time=slice(2, None)))
    array = bf.reconcile(dated, TREE, residuals=residuals, fixed={"total": [120.0, 130.0, np.nan, np.nan, np.nan]})["value"]
    assert array.equals(coherent)
    assert (bf.reconcile(draws, TREE, residuals=residuals, fixed={"a": 70.0})["value"].sel(series="a") == 70.0).all()


def test_all_nodes_fixed_and_coherent_stay(residuals, draws):
    coherent = bf.reconcile(draws, TREE, residuals=residuals)
    assert bf.reconcile(coherent, TREE, residuals=residuals, fixed=list(TREE.nodes)).equals(coherent)


# --- pairing ------------------------------------------------------------------------------------------------------------------


def test_coupled_draws_keep_their_paths_and_gain_the_correlations(rng):
    mix = np.array([[1, 0, 0], [0.8, 0.6, 0], [-0.5, 0.2, 0.8]])
    names = {"series": ["x", "y", "z"]}
    errors = xr.DataArray(mix @ rng.normal(size=(3, 4000)), dims=("series", "time"), coords=names)
    paths = xr.DataArray(rng.normal(size=(2, 3, 2048, 5)).cumsum(axis=-1), dims=("scenario", "series", "sample", "time"), coords=names)
    paired = bf.couple(paths, errors, rng=3)
    assert paired.dims == paths.dims
    sums = paired.sum("time").isel(scenario=0).transpose("series", "sample").values
    assert np.corrcoef(sums) == pytest.approx(np.corrcoef(errors.values), abs=0.06)
    rows = np.moveaxis(np.stack([paths.values, paired.values]), 1, -1).reshape(2, 3, 2048, -1)
    assert all(np.array_equal(*(np.unique(one[i], axis=0) for one in rows)) for i in range(3))
    assert bf.couple(paths.isel(sample=slice(0, 1024)), errors, rng=3).equals(paired.isel(sample=slice(0, 1024)))


def test_pairing_leaves_other_series_and_refuses_what_it_cannot_read(rng, draws, residuals):
    few = residuals.isel(series=[1, 2])
    paired = bf.couple(draws, few)
    rest = [name for name in TREE.nodes if name not in ("a", "b")]
    assert paired["value"].sel(series=rest).equals(draws["value"].sel(series=rest))
    assert not paired["value"].sel(series="a").equals(draws["value"].sel(series="a"))
    with pytest.raises(HierarchyError, match="at least three residuals"):
        bf.couple(draws, few.isel(time=[0, 1]))
    with pytest.raises(HierarchyError, match="no dimension 'sample'"):
        bf.couple(draws["value"].isel(sample=0), few)
    with pytest.raises(HierarchyError, match="paths lack 1 of 2"):
        bf.couple(draws.sel(series=["a"]), few)


# --- errors -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "message"), [
    (lambda p, r: bf.reconcile(p.isel(series=slice(1, None)), TREE, residuals=r), r"paths lack 1 of 7 nodes of the hierarchy: \['total'\]"),
    (lambda p, r: bf.reconcile(p.isel(series=slice(0, 5)), TREE, method="bottom_up"), r"paths lack 2 of 7 nodes.*'b/1', 'b/2'"),
    (lambda p, r: bf.reconcile(p, TREE, residuals=r.isel(series=slice(0, 5))), "residuals lack 2 of 7"),
    (lambda p, r: bf.reconcile(p.isel(series=[0, 0, 1, 2, 3, 4, 5, 6]), TREE, residuals=r), r"series \['total'\] stand twice"),
    (lambda p, r: bf.reconcile(p, TREE), "give residuals"),
    (lambda p, r: bf.reconcile(p, TREE, residuals=r.where(r["series"] != "a")), r"three residuals of each node; fewer for \['a'\]"),
    (lambda p, r: bf.reconcile(p, TREE, method="magic"), "no method 'magic'"),
    (lambda p, r: bf.reconcile(p.where(p["series"] != "b/1"), TREE, residuals=r), r"paths of \['b/1'\] are missing"),
    (lambda p, r: bf.reconcile(p.rename(series="node"), TREE, residuals=r), "labelled dimension 'series'"),
    (lambda p, r: bf.reconcile(p, TREE, method="bottom_up", fixed=["a"]), "moves no node for the sake of a fixed one"),
    (lambda p, r: bf.reconcile(p, TREE, residuals=r, fixed=["c"]), r"fixed nodes \['c'\] are not in the hierarchy"),
    (lambda p, r: bf.reconcile(p, TREE, residuals=r, fixed={"a": [1.0, 2.0]}), "have shape"),
    (lambda p, r: bf.reconcile(p, TREE, residuals=r, fixed={"a": pd.Series([1.0], index=[99])}), "which the paths do not reach"),
    (lambda p, r: bf.reconcile(p, TREE, residuals=r, fixed=["total", "a", "b"]), "fixed nodes contradict each other"),
    (lambda p, r: bf.reconcile(p, TREE, residuals=r, fixed={"a": 5.0, "a/1": 9.0}, nonnegative=True), "would have to be negative"),
    (lambda p, r: bf.reconcile(p * 0, TREE, method="top_down"), "sum to nothing"),
    (lambda p, r: bf.reconcile(p, TREE.cross(bf.Hierarchy.from_labels(["x", "y"])), method="top_down"), "paths lack"),
])
def test_misuse_is_told(call, message, residuals, draws):
    with pytest.raises(HierarchyError, match=message):
        call(draws["value"], residuals)


def test_crossed_trees_have_no_way_down():
    crossed = bf.Hierarchy.from_labels(["e", "w"]).cross(bf.Hierarchy.from_labels(["x", "y"]))
    paths = xr.DataArray(np.ones((2, 9)), dims=("sample", "series"), coords={"series": list(crossed.nodes)})
    with pytest.raises(HierarchyError, match="no one way down"):
        bf.reconcile(paths, crossed, method="top_down")


def test_reconciler_is_an_estimator(residuals, draws):
    model = bf.Reconciler(TREE, "wls_var", nonnegative=True)
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(NotFittedError, match="fit"):
        model.transform(draws)
    assert model.fit(residuals) is model
    before = draws.copy(deep=True)
    model.transform(draws)
    assert draws.identical(before)


def test_redundant_equations_take_the_smallest_gain():
    errors = project.uncorrelated(np.zeros(3))
    assert np.array_equal(project.leaf_gain(sparse.csr_array([[1.0, 1.0]]), errors), np.zeros((2, 1)))
