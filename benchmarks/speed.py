"""Speed of the forecasters as ratios that travel: against peers in the same run, numpy's normals, plain linear algebra.

    python benchmarks/speed.py --peers-venv build/peers               all
    python benchmarks/speed.py --only draws summaries

Every figure is CPU time of one thread, the best of several turns, except `stream`: wall time of two processes. Exits with 1 when a
goal is missed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # also of libraries that are loaded after the limit below is set

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
from peers_env import run_peers
from reconcile import shrunk_covariance
from threadpoolctl import threadpool_limits

import bayu_forecast as bf

Row = tuple[str, float, float]
"""What is measured, its value, the highest value that passes."""


def monthly_panel(n_series: int, n_time: int, seed: int = 1) -> np.ndarray:
    """Positive monthly series with trend, season, moving level and noise."""
    rng, t = np.random.default_rng(seed), np.arange(n_time)
    level = rng.normal(0, 0.02, (n_series, n_time)).cumsum(axis=1) + rng.normal(0.003, 0.003, (n_series, 1)) * t
    season = rng.uniform(0.05, 0.3, (n_series, 1)) * np.sin(2 * np.pi * (t + rng.integers(0, 12, (n_series, 1))) / 12)
    return np.exp(rng.uniform(4, 9, (n_series, 1)) + level + season + rng.normal(0, 0.03, (n_series, n_time)))


def cpu(work: Callable[[], object], turns: int = 5) -> float:
    """Least CPU time of several turns."""
    best = np.inf
    for _ in range(turns):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def fit_and_forecast(args: argparse.Namespace) -> list[Row]:
    """40 series of 120 months together, per series, against AutoETS and DynamicOptimizedTheta, intervals included on both sides."""
    values = monthly_panel(40, 120)
    peers = {}
    with tempfile.TemporaryDirectory() as folder:
        data, out = Path(folder) / "data.npz", Path(folder) / "out.npz"
        np.savez(data, values=values, season=12, horizon=18)
        for entry in ("AutoETS", "DynamicOptimizedTheta"):
            run_peers(args.peers_venv, "run", str(data), entry, str(out))
            with np.load(out) as file:
                peers[entry] = float(np.median(file["seconds"]))
    y = bf.as_panel(list(values), season=12)
    rows = []
    for name, goals in (("StructuralForecaster", (0.1, 1.0)), ("AutoForecaster", (2.0, np.inf))):
        forecaster = getattr(bf, name)()
        ours = cpu(partial(fit_and_predict, forecaster, y), 3 if name == "StructuralForecaster" else 1) / len(values)
        rows += [(f"{name} over {peer}", ours / peers[peer], goal) for peer, goal in zip(peers, goals, strict=True)]
    return rows


def fit_and_predict(forecaster: bf.Forecaster, y: xr.Dataset) -> xr.Dataset:
    """From a panel to its intervals."""
    return forecaster.fit(y).predict(18)


def stream(args: argparse.Namespace) -> list[Row]:
    """10,000 series of 120 months with 1,000 paths of 18 months each, in chunks, two processes."""
    seconds, peak = {}, 0.0
    for n in (args.series // 4, args.series):
        chunks = [(i, min(500, n - i)) for i in range(0, n, 500)]
        start = time.perf_counter()
        with ProcessPoolExecutor(2) as pool:
            memory = [megabytes for _, megabytes in pool.map(one_chunk, chunks)]
        seconds[n], peak = time.perf_counter() - start, 2 * max(memory)
    few, many = sorted(seconds)
    return [
        (f"{many} series, minutes", seconds[many] / 60, 5.0 * many / 10_000),
        ("peak memory of both processes, GB", peak / 1024, 3.0),
        ("time a series over that of a quarter of them", seconds[many] / many / (seconds[few] / few), 1.15),
    ]


def one_chunk(job: tuple[int, int]) -> tuple[float, float]:
    """Fit and simulate some series; give the mean path's end and the peak memory of this process in MB."""
    import resource

    first, n = job
    model = bf.StructuralForecaster().fit(bf.as_panel(list(monthly_panel(n, 120, seed=first)), season=12))
    total = float(model.simulate(horizon=18, samples=1000, rng=7)["value"].mean())
    return total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def draws(_: argparse.Namespace) -> list[Row]:
    """Joint draws of one series, 50,000 x 60, against as many normals of numpy."""
    model = bf.StructuralForecaster().fit(bf.as_panel(list(monthly_panel(1, 120)), season=12))
    rng = np.random.default_rng(1)
    normal = cpu(lambda: rng.standard_normal((50_000, 60)))
    return [("time of 50,000 x 60 draws over numpy's normals", cpu(lambda: model.simulate(60, samples=50_000, rng=1)) / normal, 2.0)]


def summaries(_: argparse.Namespace) -> list[Row]:
    """Means and 19 quantiles of 50,000 x 60 paths against their simulation and np.quantile."""
    from bayu_forecast._numeric.summaries import summarise

    model, levels = bf.StructuralForecaster().fit(bf.as_panel(list(monthly_panel(1, 120)), season=12)), np.arange(1, 20) / 20
    paths = model.simulate(60, samples=50_000, rng=1)["value"].to_numpy()
    ours = cpu(lambda: summarise(paths, list(levels)))
    return [
        ("summaries over their simulation", ours / cpu(lambda: model.simulate(60, samples=50_000, rng=1)), 2.0),
        ("summaries over np.quantile", ours / cpu(lambda: np.quantile(paths, levels, axis=0), 3), 1.0),
    ]


def boosting(_: argparse.Namespace) -> list[Row]:
    """Features and fit on 1,000 x 120 against LightGBM alone on the same two tables, each with a data set of its own."""
    import lightgbm

    y, train, dataset, tables, calls = bf.as_panel(list(monthly_panel(1000, 120)), season=12), lightgbm.train, lightgbm.Dataset, [], []
    try:
        lightgbm.Dataset = lambda *data, **named: tables.append((data, named)) or dataset(*data, **named)
        lightgbm.train = lambda parameters, data, rounds: calls.append((parameters, rounds)) or train(parameters, data, rounds)
        bf.BoostingForecaster().fit(y)
    finally:
        lightgbm.train, lightgbm.Dataset = train, dataset

    def bare() -> None:
        for (data, named), (parameters, rounds) in zip(tables, calls, strict=True):
            train(parameters, dataset(*data, **{**named, "reference": None}), rounds)

    turns = [(cpu(lambda: bf.BoostingForecaster().fit(y), 1), cpu(bare, 1)) for _ in range(3)]
    whole, alone = (min(turn) for turn in zip(*turns, strict=True))
    return [("features and fit over bare LightGBM fit", whole / alone, 1.1)]


def mint(_: argparse.Namespace) -> list[Row]:
    """MinT with shrinkage on a binary tree of 511 nodes against plain dense linear algebra on the same arrays."""
    labels = ["/".join(f"{leaf:08b}") for leaf in range(256)]
    tree = bf.Hierarchy.from_labels(labels)
    sums = tree.summing_matrix().values
    rng = np.random.default_rng(1)
    residuals = sums @ rng.normal(size=(256, 120)) + rng.normal(size=(511, 120))
    errors = xr.DataArray(residuals, dims=("series", "time"), coords={"series": list(tree.nodes)})
    rows = []
    for samples in (1, 1000):
        paths = np.einsum("nl,slt->snt", sums, rng.normal(10, 1, (samples, 256, 12))) + rng.normal(size=(samples, 511, 12))
        base = xr.DataArray(paths, dims=("sample", "series", "time"), coords={"series": list(tree.nodes)})
        ours = cpu(partial(fit_and_reconcile, tree, errors, base), 3)
        plain = cpu(partial(plain_mint, sums, residuals, paths), 3)
        rows.append((f"MinT on 511 series, {samples} x 12, over plain dense algebra", ours / plain, 1.5))
    coherent = bf.Reconciler(tree, method="mint").fit(errors).transform(base).to_numpy()
    gap = np.abs(coherent - np.einsum("nl,slt->snt", sums, coherent[:, 255:])).max() / np.abs(coherent).max()
    return [*rows, ("largest incoherence of any draw, relative", float(gap), 1e-9)]


def fit_and_reconcile(tree: bf.Hierarchy, errors: xr.DataArray, base: xr.DataArray) -> xr.DataArray:
    """The library's way, from errors to coherent paths."""
    return bf.Reconciler(tree, method="mint").fit(errors).transform(base)


def plain_mint(sums: np.ndarray, residuals: np.ndarray, base: np.ndarray) -> np.ndarray:
    """The textbook: S (S'W^-1 S)^-1 S'W^-1, once for all draws."""
    weighed = np.linalg.solve(shrunk_covariance(residuals), sums)
    gain = sums @ np.linalg.solve(sums.T @ weighed, weighed.T)
    columns = base.transpose(1, 0, 2).reshape(len(sums), -1)
    return (gain @ columns).reshape(len(sums), base.shape[0], -1).transpose(1, 0, 2)


ENTRIES = {"fit": fit_and_forecast, "draws": draws, "summaries": summaries, "boosting": boosting, "mint": mint, "stream": stream}


def main() -> int:
    """Print every ratio and say which goals hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(ENTRIES), default=list(ENTRIES))
    parser.add_argument("--peers-venv", type=Path, default=Path("build/peers"))
    parser.add_argument("--series", type=int, default=10_000, help="of the entry `stream`")
    args = parser.parse_args()
    missed = 0
    for name in args.only:
        with threadpool_limits(1):
            rows = ENTRIES[name](args)
        for what, value, goal in rows:
            missed += value > goal
            print(f"{name:10} {what:55} {value:10.4g}   goal {goal:g}{'   MISSED' if value > goal else ''}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
