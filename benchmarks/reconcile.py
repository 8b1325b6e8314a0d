"""Speed of reconciliation against plain dense linear algebra; prints a Markdown table and exits with 1 when the goal is missed."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.linalg
import xarray as xr

import bayu_forecast as bf


def best(run: Callable[[], object], times: int = 15) -> float:
    """Least CPU time, ms."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        run()
        spent.append(time.process_time() - start)
    return 1e3 * min(spent)


def shrunk_covariance(residuals: np.ndarray) -> np.ndarray:
    """The textbook's (Schaefer and Strimmer): every pair's correlation and its variance."""
    n = residuals.shape[1]
    variances = (residuals**2).mean(axis=1)
    unit = residuals / np.sqrt(variances)[:, None]
    gram, squares = unit @ unit.T, unit**2
    spread = (squares @ squares.T - gram**2 / n) / (n * (n - 1))
    correlation = gram / n
    np.fill_diagonal(spread, 0)
    off = correlation**2
    np.fill_diagonal(off, 0)
    correlation *= 1 - min(1, spread.sum() / off.sum())
    np.fill_diagonal(correlation, 1)
    covariance = correlation * np.sqrt(variances)
    covariance *= np.sqrt(variances)[:, None]
    return covariance


def dense(residuals: np.ndarray, base: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """MinT by its definition: one Cholesky factor of the shrunk covariance, normal equations."""
    covariance = shrunk_covariance(residuals)
    weighted = scipy.linalg.cho_solve(scipy.linalg.cho_factor(covariance, check_finite=False), sums, check_finite=False)
    normal = scipy.linalg.cho_factor(sums.T @ weighted, check_finite=False)
    return sums @ scipy.linalg.cho_solve(normal, weighted.T @ base, check_finite=False)


def reconciliation() -> bool:
    """Whether MinT takes more than one and a half times plain dense linear algebra."""
    rng = np.random.default_rng(0)
    tree = bf.Hierarchy.from_labels([f"g{i // 50}/s{i}" for i in range(500)])
    sums = tree.summing_matrix().values
    labels = {"series": list(tree.nodes)}
    missed = False
    print("| residuals a series | dense, ms | `bf.reconcile`, ms | ratio |\n|---|---|---|---|")
    for n in (60, 120, 300):
        errors, base = rng.normal(size=(511, n)), sums @ np.full((500, 12), 50.0) + rng.normal(size=(511, 12))
        residuals, paths = (xr.DataArray(array, dims=("series", "time"), coords=labels) for array in (errors, base))
        ours = bf.reconcile(paths, tree, residuals=residuals)
        assert np.allclose(ours.values, dense(errors, base, sums), rtol=1e-9)
        one, two = best(partial(dense, errors, base, sums)), best(partial(bf.reconcile, paths, tree, residuals=residuals))
        print(f"| {n} | {one:.1f} | {two:.1f} | {two / one:.2f} |")
        missed |= two > 1.5 * one
    draws = xr.DataArray(base + 20 * rng.normal(size=(1000, 511, 12)), dims=("sample", "series", "time"), coords=labels)
    model = bf.Reconciler(tree).fit(residuals)
    print(f"\n1,000 draws of 511 x 12: {best(lambda: model.transform(draws), 3):.0f} ms", end="")
    model.nonnegative = True
    print(f", without negatives {best(lambda: model.transform(draws), 3):.0f} ms ({float((draws < 0).mean()):.2%} of the base draws are)\n")
    return missed


if __name__ == "__main__":
    raise SystemExit(int(reconciliation()))
