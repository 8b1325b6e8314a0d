"""How long one question takes: snapshot, fit and 4,000 paths as of a date, and where the time goes.

Run ``python benchmarks/refit.py``. It prints seconds and, as a machine-free figure, their ratio to a dense Cholesky
factorisation of the same number of prints repeated once a grid point and Gauss-Newton step.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import time

import numpy as np

import bayu_forecast as bf


def refit(date: str, samples: int = 4000) -> dict[str, float]:
    """Seconds of each step of one answer."""
    data = bf.load_region("chongqing")
    marks = [time.perf_counter()]
    known = data.as_of(date)
    observations, design = known.observations("retail_total"), bf.design(known)
    marks.append(time.perf_counter())
    model = bf.StructuralForecaster().fit(observations, design)
    marks.append(time.perf_counter())
    paths = bf.simulate(model, known, horizon="2030-12", samples=samples, rng=7)
    marks.append(time.perf_counter())
    bf.assess(paths, known.targets_issued)
    marks.append(time.perf_counter())
    names = ("snapshot and design", "fit", "simulate", "assess")
    return dict(zip(names, np.diff(marks), strict=True)) | {"prints": float(len(model.table_)), "cells": float(len(model.cells_))}


def cholesky_seconds(n: int, repeats: int = 60) -> float:
    """Median seconds of one factorisation of an n by n covariance."""
    A = np.random.default_rng(1).standard_normal((n, n))
    V, times = A @ A.T + n * np.eye(n), []
    for _ in range(repeats):
        start = time.perf_counter()
        np.linalg.cholesky(V)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    refit("2025-01-31")
    runs = [refit(date) for date in ("2021-04-30", "2023-01-31", "2025-01-31", "2026-10-31")]
    for name in ("snapshot and design", "fit", "simulate", "assess"):
        print(f"{name:20s} {statistics.median(r[name] for r in runs):.2f} s")
    total = [sum(r[name] for name in ("snapshot and design", "fit", "simulate")) for r in runs]
    print(f"{'refit, 4,000 paths':20s} {statistics.median(total):.2f} s, slowest {max(total):.2f} s (goal: under 3 s)")
    n, cells = int(runs[-1]["prints"]), int(runs[-1]["cells"])
    one = cholesky_seconds(n)
    print(f"fit over {cells} grid points = {runs[-1]['fit'] / one:.0f} Cholesky factorisations of {n} prints ({1000 * one:.1f} ms each)")


if __name__ == "__main__":
    main()
