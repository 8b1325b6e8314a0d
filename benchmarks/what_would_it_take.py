"""Figures of docs/what_would_it_take.md: growth still needed, the dose for a probability, and what an answer depends on.

Run ``python benchmarks/what_would_it_take.py`` (about a minute).
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import warnings

import bayu_forecast as bf
from bayu_forecast.data.snapshot import Snapshot
from bayu_forecast.models import StructuralForecaster

DRAWS = {"samples": 20_000, "rng": 7}


def fitted(as_of: str) -> tuple[StructuralForecaster, Snapshot]:
    """The model as of a date, and what was known."""
    known = bf.load_region("chongqing").as_of(as_of)
    return bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known)), known


def main() -> None:
    """Print every figure of the page."""
    warnings.simplefilter("ignore", bf.errors.BayuWarning)
    model, known = fitted("2025-08-31")
    left = bf.required_path(bf.simulate(model, known, horizon="2025-12", **DRAWS), known.targets[0], known)
    needed, months = 100 * float(left.required_printed.squeeze()), left.attrs["months_left"]
    print(f"as of 2025-08-31: 15,500 needs {needed:+.1f} % in the {months} months left")
    model, known = fitted("2023-01-31")
    dose = bf.solve(model, known, lever="trade_in", target="retail_total_2025", probability=0.9, bounds=(0, 100), **DRAWS)
    print(f"as of 2023-01-31: {float(dose.probability_without):.3f} without, {float(dose.ceiling):.3f} with 100 of trade-in money; "
          f".9 reachable: {bool(dose.reachable)}")  # fmt: skip
    model, known = fitted("2025-01-31")
    found = bf.sensitivity(model, known, long_run=False, **DRAWS)
    for name in ("trade_in", "census revision"):
        place = next(i for i in found["input"].values if i.startswith(name.split()[-1]) or i == name)
        one = found.sel(input=place)
        print(f"as of 2025-01-31: {place} at its 10 and 90 % quantile: {float(one.low):,.0f} and {float(one.high):,.0f}")
    print("shares of the variance, alone: " + ", ".join(f"{s} {float(found['first'].sel(source=s)):.2f}" for s in found["source"].values))


if __name__ == "__main__":
    main()
