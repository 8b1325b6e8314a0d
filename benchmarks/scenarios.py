"""Prints what a further scenario costs against the first, and whether memory grows with their number."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource
import statistics
import subprocess
import sys
import time
import warnings

import bayu_forecast as bf
from bayu_forecast.paths import annual_sum
from bayu_forecast.simulation import Worlds

SCENARIOS, SAMPLES, HORIZON = 100, 20_000, "2027-12"
GOAL = 0.25
FEW, MANY, GROWTH = 2, 20, 1.1


def plan(number: int) -> bf.Scenario:
    """A scenario unlike the others: money, a measure, income or vouchers by turns."""
    moves = (
        [bf.scale("trade_in", 0.5 + number / 100, start="2025-02")],
        [bf.set_to("A2M06", 1 + number / 100, start="2025-02"), bf.stop("trade_in", start="2025-10")],
        [bf.add("income", -number / 100, start="2025-02", end="2025-12", unit="pp")],
        [bf.set_to("vouchers", number / 50, start="2025-03", end="2025-06"), bf.delay("trade_in", 3, start="2025-02", end="2025-12")],
    )
    return bf.Scenario(f"scenario {number}", moves[number % len(moves)])


def ask(scenarios: int) -> list[float]:
    """Seconds of each answer; that of the first holds the drawing of the samples. Of each only the totals' mean is kept."""
    warnings.simplefilter("ignore")
    known = bf.load_region("chongqing").as_of("2025-01-31")
    model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    seconds, start = [], time.perf_counter()
    worlds = Worlds(model, known, horizon=HORIZON, samples=SAMPLES, rng=7)
    for number in range(scenarios):
        paths = worlds.run(plan(number))
        for year in (2025, 2026, 2027):
            annual_sum(paths, "retail_total", year).mean()
        if not number:
            print(f"{scenarios} scenarios, {paths.sizes['sample']:,} paths, {paths.sizes['time']} months, {paths.sizes['series']} series")
        seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
    return seconds


def peak(scenarios: int) -> float:
    """Largest resident memory (MB) of a fresh process that asks so many scenarios."""
    done = subprocess.run([sys.executable, __file__, str(scenarios)], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> int:
    """Print both figures; 1 when a goal is missed."""
    if len(sys.argv) > 1:
        ask(int(sys.argv[1]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return 0
    first, *others = ask(SCENARIOS)
    cost = statistics.median(others) / first
    few, many = peak(FEW), peak(MANY)
    print(f"a further scenario costs {cost:.2f} of the first (goal: at most {GOAL}; median of {len(others)})")
    print(f"peak memory of {MANY} scenarios over that of {FEW}: {many / few:.2f} (goal: below {GROWTH})")
    return 0 if cost <= GOAL and many / few < GROWTH else 1


if __name__ == "__main__":
    raise SystemExit(main())
