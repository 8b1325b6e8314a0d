"""How fast panels are forecast: against peers on the same series, paths against numpy's normals, and the growth with the panel's size.

Run ``python benchmarks/panel_speed.py [--peers PYTHON]``, PYTHON being an interpreter that has statsforecast (it may need an environment
of its own). All times are CPU times of one thread; ratios are what counts.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")

import argparse
import subprocess
import time
from collections.abc import Callable

import numpy as np

import bayu_forecast as bf

SERIES, MONTHS, HORIZON = 40, 120, 18

PEERS = """
import time, numpy as np
from statsforecast.models import AutoETS, DynamicOptimizedTheta
y = np.load({file!r})
for model in (DynamicOptimizedTheta(season_length=12), AutoETS(season_length=12)):
    model.forecast(y[0], {horizon}, level=[80, 95])
    start = time.process_time()
    for series in y:
        model.forecast(series, {horizon}, level=[80, 95])
    print(type(model).__name__, (time.process_time() - start) / len(y) * 1e3)
"""


def panel(n_series: int) -> np.ndarray:
    """Trending, seasonal, noisy months."""
    rng, t = np.random.default_rng(0), np.arange(MONTHS)
    shocks = np.cumsum(rng.normal(0, 0.02, (n_series, MONTHS)), axis=1) + rng.normal(0, 0.05, (n_series, MONTHS))
    return np.asarray(np.exp(5 + 0.002 * t + 0.2 * np.sin(2 * np.pi * t / 12) + shocks))


def least(work: Callable[[], object], repeats: int = 5) -> float:
    """Least CPU seconds of a few runs."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def peers(python: str, values: np.ndarray, folder: str = "/tmp") -> dict[str, float]:
    """Milliseconds a series of each peer."""
    file = os.path.join(folder, f"panel_speed_{os.getpid()}.npy")
    np.save(file, values)
    try:
        told = subprocess.run([python, "-c", PEERS.format(file=file, horizon=HORIZON)], capture_output=True, text=True, check=True).stdout
    finally:
        os.remove(file)
    return {name: float(ms) for name, ms in (line.split() for line in told.splitlines() if line)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", help="interpreter that has statsforecast")
    python = parser.parse_args().peers
    values = panel(SERIES)
    y = bf.as_panel(list(values), season=12)
    ours = least(lambda: bf.StructuralForecaster().fit(y).predict(HORIZON)) / SERIES * 1e3
    print(f"fit and predict, {SERIES} series of {MONTHS} months together: {ours:.2f} ms a series")
    for name, ms in (peers(python, values) if python else {}).items():
        print(f"  {name}: {ms:.2f} ms, {ms / ours:.1f} times ours")
    one = bf.StructuralForecaster().fit(y.isel(series=[0]))
    drawn, normals = (least(work) for work in (lambda: one.simulate(60, samples=50_000),
                                               lambda: np.random.default_rng(0).standard_normal((50_000, 60))))
    print(f"50,000 joint paths of 60 months: {normals / drawn:.2f} of the rate of numpy's normals alone")
    for size in (1000, 4000):
        many = bf.as_panel(list(panel(size)), season=12)
        taken = least(lambda many=many: bf.StructuralForecaster().fit(many).simulate(HORIZON, samples=1000), 1)
        print(f"{size} series, 1,000 paths each: {taken / size * 1e3:.2f} ms a series")


if __name__ == "__main__":
    main()
