"""Forecasts of the sets of `drivers_contest.py` by other libraries, with known drivers and without.

    python drivers_peers.py FOLDER OUT --every 3

Runs in the peers' environment; FOLDER holds the sets, OUT is a file of arrays (origins, series, horizon) by set, entry and with or without.
ARIMA and LightGBM see logs of gap-filled series; LightGBM is one model over all series, on standardised logs and on their changes.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMean
from mlforecast.target_transforms import Differences, LocalStandardScaler
from statsforecast.models import AutoARIMA

ORIGINS, FEWEST, FEW = 3, 30, 20
LAGS = [1, 2, 3, 4, 8, 13, 26, 52]


def filled(y: np.ndarray) -> tuple[np.ndarray, int]:
    """Logs from the first value on, gaps by straight lines, and where that is; a hundredth of the mean stands for zeros."""
    seen, times = np.isfinite(y), np.arange(len(y))
    logs = np.log(np.maximum(y[seen], 0.01 * y[seen].mean()))
    return np.interp(times, times[seen], logs)[seen.argmax():], int(seen.argmax())


def arima(history: np.ndarray, features: np.ndarray | None, horizon: int) -> np.ndarray:
    """AutoARIMA of each series, drivers as regressors: one that never moved is left out."""
    out = np.empty((len(history), horizon))
    for i, y in enumerate(history):
        logs, first = filled(y)
        known = None if features is None else features[i][:, features[i][first:len(y)].std(axis=0) > 1e-9]
        past, ahead = (None, None) if known is None or not known.shape[1] else (known[first:len(y)], known[len(y):])
        out[i] = np.exp(AutoARIMA(season_length=1).fit(logs, X=past).predict(horizon, X=ahead)["mean"])
    return out


def boosted(transforms: list) -> Callable[[np.ndarray, np.ndarray | None, int], np.ndarray]:
    """LightGBM over all series."""
    def forecast(history: np.ndarray, features: np.ndarray | None, horizon: int) -> np.ndarray:
        end, names = history.shape[1], [] if features is None else [f"x{k}" for k in range(features.shape[2])]
        past, ahead = [], []
        for i, y in enumerate(history):
            logs, first = filled(y)
            past.append(pd.DataFrame({"unique_id": i, "ds": np.arange(first, end), "y": logs}))
            ahead.append(pd.DataFrame({"unique_id": i, "ds": np.arange(end, end + horizon)}))
            if features is not None:
                past[-1][names], ahead[-1][names] = features[i, first:end], features[i, end:]
        trees = lgb.LGBMRegressor(n_estimators=200, learning_rate=0.05, subsample=0.8, subsample_freq=1, colsample_bytree=0.8,
                                  verbosity=-1, n_jobs=1)
        means = {1: [RollingMean(window, min_samples=1) for window in (4, 13, 26)]}
        model = MLForecast(trees, freq=1, lags=LAGS, lag_transforms=means, target_transforms=[each() for each in transforms])
        model.fit(pd.concat(past), static_features=[], dropna=False)
        told = model.predict(horizon, X_df=None if features is None else pd.concat(ahead))
        return np.exp(told["LGBMRegressor"].to_numpy().reshape(len(history), horizon))
    return forecast


ENTRIES = {"AutoARIMA": arima, "LightGBM": boosted([LocalStandardScaler]),
           "LightGBM on changes": boosted([lambda: Differences([1]), LocalStandardScaler])}


def main() -> None:
    """Forecast every set from every origin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=1)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    told = {}
    for path in sorted(args.folder.glob("drivers_*.npz")):
        with np.load(path) as file:
            step = args.every if len(file["values"]) > FEW else 1
            values, features, horizon = file["values"][::step], file["features"][::step], int(file["horizon"])
        for back in range(ORIGINS):
            end = values.shape[1] - horizon * (back + 1)
            usable = np.isfinite(values[:, :end]).sum(axis=1) >= FEWEST
            for entry, forecast in ENTRIES.items():
                for kind, known in (("with", features[usable, :end + horizon]), ("without", None)):
                    told[f"{path.stem}|{entry}|{kind}|{back}"] = forecast(values[usable, :end], known, horizon)
    np.savez(args.out, **told)


if __name__ == "__main__":
    main()
