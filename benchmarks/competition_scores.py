"""Scores and tables of `competition.py`: arrays in, one row an entry and a set out.

A forecast is a mapping of ``mean`` (series, horizon), ``quantiles`` (level, series, horizon) at LEVELS and then BOUNDS, and
``seconds`` (series,) of CPU. All entries are treated alike: quantiles are sorted, forecasts of non-negative series clipped at zero.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from competition_peers import BOUNDS, LEVELS

from bayu_forecast._numeric.competition import naive2, quantile_crps, seasonal_scale, smape
from bayu_forecast._numeric.scoring import covered, interval_score, mean_error

Forecast = Mapping[str, np.ndarray]
SCORES = ("sMAPE", "MASE", "cover80", "cover95", "MSIS", "sCRPS")

COMBINATIONS = {
    "mean of ETS, DOT, CES": (np.mean, ("AutoETS", "DynamicOptimizedTheta", "AutoCES")),
    "mean of ETS, DOT, LightGBM": (np.mean, ("AutoETS", "DynamicOptimizedTheta", "LightGBM")),
    "mean of ETS, ARIMA, DOT, CES": (np.mean, ("AutoETS", "AutoARIMA", "DynamicOptimizedTheta", "AutoCES")),
    "median of ETS, ARIMA, DOT, CES": (np.median, ("AutoETS", "AutoARIMA", "DynamicOptimizedTheta", "AutoCES")),
    "mean of ETS, ARIMA, DOT, LightGBM": (np.mean, ("AutoETS", "AutoARIMA", "DynamicOptimizedTheta", "LightGBM")),
    "mean of ETS, DOT, CES, LightGBM": (np.mean, ("AutoETS", "DynamicOptimizedTheta", "AutoCES", "LightGBM")),
    "mean of ETS, DOT, CES, LightGBM two forms": (np.mean, ("AutoETS", "DynamicOptimizedTheta", "AutoCES", "LightGBM two forms")),
    "mean of ETS, ARIMA, DOT, LightGBM two forms": (np.mean, ("AutoETS", "AutoARIMA", "DynamicOptimizedTheta", "LightGBM two forms")),
}


def combine(forecasts: Mapping[str, Forecast], name: str) -> Forecast | None:
    """Average points and quantiles of the members; None while a member is missing."""
    average, members = COMBINATIONS[name]
    if not set(members) <= set(forecasts):
        return None
    parts = [tidy(forecasts[m], None) for m in members]
    return {
        "mean": average([p["mean"] for p in parts], axis=0),
        "quantiles": average([p["quantiles"] for p in parts], axis=0),
        "seconds": np.sum([p["seconds"] for p in parts], axis=0),
    }


def tidy(forecast: Forecast, non_negative: np.ndarray | None) -> dict[str, np.ndarray]:
    """Sort the quantiles; clip at zero where a series has never been below."""
    q = forecast["quantiles"]
    out = {**forecast, "quantiles": np.concatenate([np.sort(q[: LEVELS.size], axis=0), np.sort(q[LEVELS.size :], axis=0)])}
    if non_negative is not None:
        floor = np.where(non_negative, 0.0, -np.inf)[:, None]
        out["mean"], out["quantiles"] = np.maximum(out["mean"], floor), np.maximum(out["quantiles"], floor)
    return out


class Judge:
    """Scores forecasts of one set, a value a series."""

    def __init__(self, values: np.ndarray, actual: np.ndarray, season: int) -> None:
        self.actual, self.scale = actual, seasonal_scale(values, season)
        self.non_negative = np.nanmin(values, axis=1) >= 0
        made = np.array([naive2(row[~np.isnan(row)], season, actual.shape[1]) for row in values])
        self.naive2 = self.points(made)

    def points(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        """SMAPE and MASE of every series; outcomes that are missing are left out."""
        return {
            "sMAPE": np.nanmean(smape(mean, self.actual), axis=1),
            "MASE": np.nanmean(np.abs(self.actual - mean), axis=1) / self.scale,
        }

    def each(self, forecast: Forecast) -> dict[str, np.ndarray]:
        """All scores of every series."""
        made = tidy(forecast, self.non_negative)
        quantiles, (lowest, low, high, highest) = made["quantiles"][: LEVELS.size], made["quantiles"][LEVELS.size :]
        seen = ~np.isnan(self.actual)
        crps = quantile_crps(np.moveaxis(quantiles, 0, -1), self.actual, LEVELS)
        inside = {name: np.where(seen, covered(a, b, self.actual), np.nan) for name, a, b in
                  (("cover80", low, high), ("cover95", lowest, highest))}
        return {
            **self.points(made["mean"]),
            **{name: np.nanmean(share, axis=1) for name, share in inside.items()},
            "MSIS": np.nanmean(interval_score(lowest, highest, self.actual, 0.95), axis=1) / self.scale,
            "sCRPS": np.nanmean(crps, axis=1) / self.scale,
        }

    def owa(self, scores: Mapping[str, np.ndarray]) -> float:
        """M4's overall weighted average."""
        return float(np.mean([np.nanmean(scores[name]) / np.nanmean(self.naive2[name]) for name in ("sMAPE", "MASE")]))


def table(judge: Judge, forecasts: Mapping[str, Forecast], ours: set[str]) -> pd.DataFrame:
    """One row an entry: scores, milliseconds and ratio to AutoETS, differences from the best peer with their standard errors."""
    scores = {name: judge.each(forecast) for name, forecast in forecasts.items()}
    rows = []
    for name, score in scores.items():
        row: dict[str, object] = {"entry": name, "whose": "ours" if name in ours else "peer"}
        row |= {what: float(np.nanmean(score[what])) for what in SCORES} | {"OWA": judge.owa(score)}
        row["failed"] = int(np.sum(forecasts[name].get("failed", 0)))
        row["ms"] = 1e3 * float(np.mean(forecasts[name]["seconds"]))
        rows.append(row)
    frame = pd.DataFrame(rows).set_index("entry")
    if "AutoETS" in frame.index:
        frame["time / AutoETS"] = frame["ms"] / frame.loc["AutoETS", "ms"]
    peers = frame[frame["whose"] == "peer"]
    for what in ("MASE", "sCRPS"):
        best = peers[what].idxmin()
        frame[f"best peer {what}"] = best
        gap = {name: (score[what] - scores[best][what])[~np.isnan(score[what])] for name, score in scores.items()}
        frame[f"{what} - best"] = {name: float(g.mean()) for name, g in gap.items()}
        frame[f"{what} se"] = {name: mean_error(g) for name, g in gap.items()}
    return frame.sort_values("MASE").reset_index()


def markdown(frame: pd.DataFrame) -> str:
    """The rows of one set as a table of the documentation."""
    heads = ["entry", "sMAPE", "MASE", "OWA", "cover 80 / 95", "MSIS", "sCRPS", "CPU", "MASE less the best peer's (se)",
             "sCRPS less the best peer's (se)"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in frame.to_dict("records"):
        name = f"**{row['entry']}**" if row["whose"] == "ours" else row["entry"]
        gaps = [f"{row[f'{w} - best']:+.3f} ({row[f'{w} se']:.3f})" for w in ("MASE", "sCRPS")]
        lines.append(
            f"| {name} | {row['sMAPE']:.2f} | {row['MASE']:.3f} | {row['OWA']:.3f} | {row['cover80']:.3f} / {row['cover95']:.3f} "
            f"| {row['MSIS']:.2f} | {row['sCRPS']:.3f} | {row.get('time / AutoETS', np.nan):.2f} | {gaps[0]} | {gaps[1]} |"
        )
    return "\n".join(lines)


__all__ = ["BOUNDS", "COMBINATIONS", "LEVELS", "Judge", "combine", "markdown", "table", "tidy"]
