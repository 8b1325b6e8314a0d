"""Which weights the automatic pool could have had: its members alone, without each, and with more of one, at two origins.

    python benchmarks/pool_weights.py --store build/competition

Reads the series that `competition.py` stored. Every member is fitted once on the histories of the competition and once on those that end a
horizon earlier; pools are weighted means of members' medians. A weight that gains at one origin and loses at the other is luck of
the period: series of one collection share their calendar.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import bayu_forecast as bf
from bayu_forecast.models.auto_defaults import defaults_of
from bayu_forecast.models.base import Panel
from bayu_forecast.models.wild_values import tamed

SETS = {"monthly": ("m3_monthly", "tourism_monthly", "m1_monthly"), "quarterly": ("m3_quarterly", "tourism_quarterly", "m1_quarterly"),
        "yearly": ("m3_yearly", "tourism_yearly", "m1_yearly")}  # fmt: skip
MEMBERS = {
    "smoothing": bf.SmoothingForecaster(),
    "structural": bf.StructuralForecaster(),
    "kernel": bf.KernelForecaster(),
    "theta": bf.DynamicThetaForecaster(),
    "residual": bf.BoostingForecaster(),
    "growth": bf.BoostingForecaster(mode="growth"),
}
#: fewest seasonal cycles (values, where there is no season) before an origin
STAY = 3


def at_origin(store: Path, name: str, back: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Histories, what followed, and the season, ``back`` horizons before the competition's origin."""
    with np.load(store / f"data_{name}.npz") as file:
        values, actual, season, horizon = file["values"], file["actual"], int(file["season"]), int(file["horizon"])
    if back:
        cut = values.shape[1] - back * horizon
        values, actual = values[:, :cut], values[:, cut : cut + horizon]
    kept = np.isfinite(values).sum(axis=1) >= max(STAY * season, 8)
    return values[kept], actual[kept], season


def medians(values: np.ndarray, season: int, horizon: int) -> dict[str, np.ndarray]:
    """Every member's median forecast (series, horizon)."""
    labels = tuple(str(i) for i in range(len(values)))
    values = tamed(Panel(values, season, labels, pd.RangeIndex(values.shape[1]), None, ())).values
    y = bf.as_panel([row[np.isfinite(row).argmax() :] for row in values], season=season)
    return {name: member.fit(y).predict(horizon, coverage=[0.8])["median"].to_numpy() for name, member in MEMBERS.items()}


def candidates(shipped: dict[str, float]) -> dict[str, dict[str, float]]:
    """Weights to compare, by name."""
    out = {"shipped": shipped, "all equal": dict.fromkeys(MEMBERS, 1.0)}
    out |= {f"{name} alone": {name: 1.0} for name in MEMBERS}
    out |= {f"without {name}": {k: w for k, w in shipped.items() if k != name} for name in shipped}
    for name in MEMBERS:
        more = (2 * shipped[name], 4 * shipped[name]) if name in shipped else (1.0, 2.0)
        out |= {f"{name} at {weight:g}": shipped | {name: weight} for weight in more}
    return out


def error(weights: dict[str, float], made: dict[str, np.ndarray], values: np.ndarray, actual: np.ndarray, season: int) -> float:
    """Mean MASE of the weighted mean of medians."""
    point = sum(weight * made[name] for name, weight in weights.items()) / sum(weights.values())
    scale = np.nanmean(np.abs(values[:, season:] - values[:, :-season]), axis=1)
    return float(np.nanmean(np.nanmean(np.abs(actual - point), axis=1) / np.where(scale > 0, scale, np.nan)))


def main() -> None:
    """Fit, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=Path("build/competition"))
    parser.add_argument("--only", choices=list(SETS), nargs="+", default=list(SETS))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    for frequency in args.only:
        columns = {}
        for name in SETS[frequency]:
            for back in (0, 1):
                values, actual, season = at_origin(args.store, name, back)
                with threadpool_limits(1):
                    made = medians(values, season, actual.shape[1])
                pools = candidates(dict(defaults_of(season).weights))
                columns[f"{name}{', earlier' * back}"] = {pool: error(w, made, values, actual, season) for pool, w in pools.items()}
        frame = pd.DataFrame(columns)
        against = np.log(frame / frame.loc["shipped"])
        origin = [against.columns.str.endswith("earlier") == earlier for earlier in (False, True)]
        for title, mine in zip(("change, %", "earlier, %"), origin, strict=True):
            frame[title] = (100 * against.loc[:, mine].mean(axis=1)).round(2)
        print(f"\n{frequency}: MASE\n{frame.round(3).to_string()}", flush=True)


if __name__ == "__main__":
    main()
