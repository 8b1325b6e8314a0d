"""LightGBM through mlforecast, for the peers' side of `competition.py`: global models over a set.

Recursive on differenced logs with lags of two cycles and rolling means: the best single one of some forty recipes tried on M3 and
tourism. Its mean with a second form, on seasonal differences, is better still and stands as an entry of its own. mlforecast's own
intervals need longer series than most here, so that quantiles come from errors of a held-out horizon, scaled by each series'
seasonal naive error and pooled over the set: split conformal.
"""

from __future__ import annotations

import time

import lightgbm
import numpy as np
import pandas as pd
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMean
from mlforecast.target_transforms import Differences, GlobalSklearnTransformer
from sklearn.preprocessing import FunctionTransformer

MODEL = {"n_estimators": 300, "learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 30, "subsample": 0.8, "subsample_freq": 1,
         "colsample_bytree": 0.8, "random_state": 1, "deterministic": True, "n_jobs": 1, "verbosity": -1}


def panel_forecast(values: np.ndarray, season: int, horizon: int, levels: np.ndarray, *, both: bool) -> dict[str, np.ndarray]:
    """Means, quantiles and CPU seconds (a series' share of the whole) of a panel right-aligned with NaN before the start."""
    start = time.process_time()
    mean = _point(values, season, horizon, both)
    held = values[:, :-horizon]
    long = (~np.isnan(held)).sum(axis=1) >= 2 * season + 3
    error = (values[long, -horizon:] - _point(held[long], season, horizon, both)) / _scale(held[long], season)[:, None]
    spread = np.nanquantile(error, levels, axis=0)[:, None, :] * _scale(values, season)[:, None]
    seconds = np.full(len(values), (time.process_time() - start) / len(values))
    return {"mean": mean, "quantiles": mean + spread, "seconds": seconds, "failed": np.zeros(len(values), bool)}


def _point(values: np.ndarray, season: int, horizon: int, both: bool) -> np.ndarray:
    """The form on growth, or its mean with the one on seasonal growth."""
    few = max(2, season // 4)
    rolling = {1: [RollingMean(max(season, 3), min_samples=1), RollingMean(few, min_samples=1)], season: [RollingMean(few, min_samples=1)]}
    growth = _one(values, horizon, 1, range(1, 2 * max(season, 2) + 1), rolling if season > 1 else None, {**MODEL, "objective": "l1"})
    if not both:
        return growth
    seasonal = _one(values, horizon, season, range(1, max(season, 3) + 2), None, MODEL)
    return (growth + seasonal) / 2


def _one(values: np.ndarray, horizon: int, difference: int, lags: range, rolling: dict | None, settings: dict) -> np.ndarray:
    """Point forecasts of one global model on differenced logs (levels where there are negative values)."""
    rows, steps = np.nonzero(~np.isnan(values))
    frame = pd.DataFrame({"unique_id": rows, "ds": steps, "y": values[rows, steps]})
    change = [Differences([difference])]
    if np.nanmin(values) >= 0:
        change.insert(0, GlobalSklearnTransformer(FunctionTransformer(np.log1p, np.expm1)))
    model = MLForecast(lightgbm.LGBMRegressor(**settings), freq=1, lags=list(lags), lag_transforms=rolling, target_transforms=change)
    made = model.fit(frame).predict(horizon).sort_values(["unique_id", "ds"])
    return made["LGBMRegressor"].to_numpy().reshape(len(values), horizon)


def _scale(values: np.ndarray, season: int) -> np.ndarray:
    """In-sample error of the seasonal naive; the level where it is zero."""
    scale = np.nanmean(np.abs(values[:, season:] - values[:, :-season]), axis=1)
    return np.where(scale > 0, scale, np.maximum(np.nanmean(np.abs(values), axis=1), 1e-12))
