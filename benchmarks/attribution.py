"""How long it takes to say whose part it is, and how much the same samples are worth.

Run ``python benchmarks/attribution.py``. It prints seconds of attribution by action, measure and driver (4,000 samples, the
draws included), how far their parts are from the total, by how much pairing divides the variance of a mean difference, and what
moved a probability in a quarter. It exits with code 1 when 8 actions take 5 seconds of processor time or 23 measures 30.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
import warnings

import bayu_forecast as bf

DATE, START = "2025-01-31", "2025-02"
GOALS = {"action": 5.0, "measure": 30.0, "driver": 30.0}


def attribution(model: bf.StructuralForecaster, known: object) -> bool:
    """Seconds, sums and dummies of each kind of player; whether all goals are met."""
    met = True
    for by, goal in GOALS.items():
        start, busy = time.perf_counter(), time.process_time()
        parts = bf.attribute(model, known, by=by).isel(scenario=0)
        wall, cpu = time.perf_counter() - start, time.process_time() - busy
        gap = max(abs(float(parts[f"{p}share"].sum() - parts[f"{p}total"])) for p in ("", "probability_"))
        nought = int((parts["share"] == 0.0).sum())
        print(f"by {by:8s} {parts.sizes['player']:3d} players  {cpu:5.1f} s of processor, {wall:5.1f} s on the clock (goal {goal:.0f} s)  "
              f"parts less total {gap:.0e}  exactly nought {nought}")  # fmt: skip
        print(f"   total {float(parts['total']):.1f} +- {float(parts['total_error']):.1f} (1e8 CNY), interaction "
              f"{float(parts['interaction']):+.2f}; probability {float(parts['probability_total']):+.4f} +- "
              f"{float(parts['probability_total_error']):.4f}")  # fmt: skip
        met &= cpu < goal
    return met


def pairing(model: bf.StructuralForecaster, known: object) -> None:
    """Variance of the mean difference of the year 2025 from two separate runs, over that of the same samples."""
    plans = (bf.ScenarioSet.baseline() | bf.Scenario("trade-in stopped", [bf.set_to("trade_in", 0.0, start=START)])
             | bf.Scenario("a tenth less trade-in", [bf.scale("trade_in", 0.9, start=START)])
             | bf.Scenario("one day off more", [bf.add("days_off", 1.0, start="2025-05", end="2025-05")])
             | bf.Scenario("one measure less", [bf.set_to("A1M01", 0.0, start=START)]))  # fmt: skip
    runs = bf.simulate(model, known, plans, horizon="2025-12")
    told = bf.compare(runs, targets=known.targets).sel(series="retail_total", year=2025, target="retail_total_2025")
    for name in told.scenario.values:
        one = told.sel(scenario=name)
        print(f"{name:24s} {float(one.difference):8.2f} +- {float(one.difference_error):.2f}, unpaired +- "
              f"{float(one.difference_error_unpaired):.2f}: variance divided by {float(one.variance_ratio):,.0f}; of the probability by "
              f"{float(one.probability_variance_ratio):,.0f}")  # fmt: skip


def between(data: bf.data.RegionData) -> None:
    """What moved the probability in a quarter."""
    busy = time.process_time()
    told = bf.news(data.as_of(DATE), data.as_of("2025-04-30"), rng=7)
    for part in told.part.values:
        one = told.sel(part=part)
        moved = f"{float(one.change):+.4f} {float(one.median_change):+8.1f}"
        print(f"{one.kind.item():9s} {one.released.item():10s} {moved}  {one.label.item()}")
    print(f"sum {float(told.change.sum()):+.4f} of {float(told.total):+.4f}; {time.process_time() - busy:.0f} s of processor")


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    data = bf.load_region("chongqing")
    known = data.as_of(DATE)
    model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    met = attribution(model, known)
    pairing(model, known)
    between(data)
    sys.exit(not met)


if __name__ == "__main__":
    main()
