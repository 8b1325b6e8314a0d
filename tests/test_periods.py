"""Months, quarters and years of the same series: coherent in every draw, with the machinery of hierarchies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayu_forecast as bf
from bayu_forecast.errors import HierarchyError

CUTS = (12, 4, 1)


def by_period(rng: np.random.Generator, years: int, scale: float, lead: tuple[int, ...], dims: tuple[str, ...]) -> dict[int, xr.DataArray]:
    coords = {"series": ["x", "y"]} if "series" in dims else {}
    freq = {12: "MS", 4: "QS", 1: "YS"}
    return {cut: xr.DataArray(rng.normal(120 / cut, scale, (*lead, years * cut)), dims=(*dims, "time"),
                              coords=coords | {"time": pd.date_range("2025-01", periods=years * cut, freq=freq[cut])}) for cut in CUTS}


@pytest.fixture
def paths(rng: np.random.Generator) -> dict[int, xr.DataArray]:
    return by_period(rng, 3, 6.0, (30, 2), ("sample", "series"))


@pytest.fixture
def residuals(rng: np.random.Generator) -> dict[int, xr.DataArray]:
    return by_period(rng, 9, 5.0, (2,), ("series",)) | {}


def sums(months: xr.DataArray, cut: int) -> np.ndarray:
    return months.values.reshape(*months.shape[:-1], -1, 12 // cut).sum(axis=-1)


@pytest.mark.parametrize("method", ["bottom_up", "ols", "wls_struct", "wls_var", "mint"])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_periods_add_up_in_every_draw(method, nonnegative, paths, residuals):
    coherent = bf.reconcile_periods(paths, method=method, residuals=residuals, nonnegative=nonnegative)
    assert list(coherent) == [1, 4, 12]
    for cut in (1, 4):
        assert coherent[cut].values == pytest.approx(sums(coherent[12], cut), abs=1e-9)
        assert coherent[cut].coords.identical(paths[cut].coords)
    if nonnegative:
        assert min(float(array.min()) for array in coherent.values()) >= 0
    if method == "bottom_up":
        assert np.array_equal(coherent[12], np.maximum(paths[12], 0) if nonnegative else paths[12])


def test_weights_by_structure_are_least_squares(paths):
    tree = bf.Hierarchy.of_periods(CUTS)
    matrix = tree.summing_matrix().values
    weight = np.diag(1 / matrix.sum(axis=1))
    project = matrix @ np.linalg.solve(matrix.T @ weight @ matrix, matrix.T @ weight)
    base = np.concatenate([paths[cut].values[0, 1, cut : 2 * cut] for cut in (1, 4, 12)])
    coherent = bf.reconcile_periods(paths)
    assert np.concatenate([coherent[cut].values[0, 1, cut : 2 * cut] for cut in (1, 4, 12)]) == pytest.approx(project @ base, abs=1e-10)


def test_precise_frequencies_move_least(paths, residuals):
    exact = {cut: array * (0.001 if cut == 1 else 1.0) for cut, array in residuals.items()}
    coherent = bf.reconcile_periods(paths, method="wls_var", residuals=exact)
    assert np.abs(coherent[1] - paths[1]).max() < 0.01 * np.abs(coherent[4] - paths[4]).max()


def test_fixed_years_stay(paths):
    coherent = bf.reconcile_periods(paths, fixed=[1])
    assert np.array_equal(coherent[1], paths[1])
    assert sums(coherent[12], 1) == pytest.approx(paths[1].values, abs=1e-9)


def test_sums_over_series_survive(rng):
    leaves = by_period(rng, 2, 4.0, (10, 2), ("sample", "series"))
    tree = bf.Hierarchy.from_labels(["x", "y"])
    regions = {cut: bf.reconcile(array, tree, method="bottom_up") for cut, array in leaves.items()}
    coherent = bf.reconcile_periods(regions)
    for array in coherent.values():
        assert array.sel(series="total").values == pytest.approx(array.sel(series=["x", "y"]).sum("series").values, abs=1e-9)


def test_one_series_needs_no_dimension(paths, residuals):
    one = {cut: array.sel(series="y", drop=True) for cut, array in paths.items()}
    errors = {cut: array.sel(series="y", drop=True) for cut, array in residuals.items()}
    both = bf.reconcile_periods(paths, method="mint", residuals=residuals)
    alone = bf.reconcile_periods(one, method="mint", residuals=errors)
    for cut in CUTS:
        assert alone[cut].values == pytest.approx(both[cut].sel(series="y").values, abs=1e-10)


@pytest.mark.parametrize(("change", "options", "message"), [
    ({1: None}, {}, None),
    ({5: 15}, {}, "each dividing the largest"),
    ({4: 8}, {}, "same whole years"),
    ({}, {"method": "top_down"}, "reconciled by one of"),
    ({}, {"fixed": [2]}, "fixed frequencies"),
    ({}, {"fixed": [1], "method": "bottom_up"}, "fixed frequencies"),
    ({}, {"method": "mint"}, "give residuals"),
    ({}, {"method": "mint", "residuals": {12: 24}}, "lack the frequencies"),
    ({}, {"method": "mint", "residuals": {12: 7, 4: 8, 1: 2}}, "a whole year at least"),
    ({}, {"method": "mint", "residuals": {12: 24, 4: 8, 1: 2}}, "at least three residuals"),
])
def test_misuse_is_told(change, options, message, paths):
    def made(sizes: dict[int, int | None]) -> dict[int, xr.DataArray]:
        return {cut: xr.DataArray(np.ones((2, n)), dims=("series", "time"), coords={"series": ["x", "y"]}) for cut, n in sizes.items() if n}

    whole = {cut: array.isel(sample=0) for cut, array in paths.items()} | made(change)
    given = {name: made(value) if name == "residuals" else value for name, value in options.items()}
    if message is None:
        bf.reconcile_periods({cut: array for cut, array in whole.items() if cut not in change})
        return
    with pytest.raises(HierarchyError, match=message):
        bf.reconcile_periods(whole, **given)


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda a: a.isel(sample=slice(0, 3)), "have dimensions"),
    (lambda a: a.assign_coords(series=["y", "x"]), "other labels of"),
    (lambda a: a.where(a["series"] == "x"), "not finite"),
    (lambda a: a.rename(time="t"), "need a dimension 'time'"),
])
def test_paths_that_do_not_match_are_told(spoil, message, paths):
    with pytest.raises(HierarchyError, match=message):
        bf.reconcile_periods(paths | {4: spoil(paths[4])})
