"""Ours against the best peer entry on two halves of each set: even series, whose outcomes took part in some priors, and odd ones.

    python benchmarks/competition_halves.py --store build/competition        (after competition.py; seconds)

A prior fitted to one half would show as a lead there that the other half does not have.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from competition_scores import COMBINATIONS, Forecast, Judge, combine, table

OURS = ("AutoForecaster", "StructuralForecaster")


def stored(store: Path, name: str, half: int) -> tuple[Judge, dict[str, Forecast]]:
    """Outcomes of every other series, and all stored forecasts of them."""
    with np.load(store / f"data_{name}.npz") as file:
        judge = Judge(file["values"][half::2], file["actual"][half::2], int(file["season"]))
    forecasts = {}
    for path in sorted(store.glob(f"{name}_*_every1.npz")):
        with np.load(path) as file:
            parts = {key: file[key] for key in file.files}
        entry = path.name.removeprefix(f"{name}_").removesuffix("_every1.npz").replace("_", " ")
        forecasts[entry] = {k: v[:, half::2] if k == "quantiles" else v[half::2] if v.ndim else v for k, v in parts.items()}
    forecasts |= {each: made for each in COMBINATIONS if (made := combine(forecasts, each)) is not None}
    return judge, forecasts


def main() -> None:
    """Print one line a set and half."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("build/competition"))
    store = parser.parse_args().store
    for path in sorted(store.glob("data_*.npz")):
        name = path.stem.removeprefix("data_")
        for half, label in enumerate(("even", "odd")):
            judge, forecasts = stored(store, name, half)
            frame = table(judge, forecasts, set(OURS) & set(forecasts))
            best = frame[frame["whose"] == "peer"].nsmallest(1, "MASE").iloc[0]
            ours = frame.set_index("entry").reindex(OURS)
            told = ", ".join(f"{e} {r.MASE:.3f} ({r.MASE / best.MASE - 1:+.1%})" for e, r in ours.iterrows())
            print(f"{name:<18} {label:<5} {told}; {best.entry} {best.MASE:.3f}")


if __name__ == "__main__":
    main()
