"""Who forecasts annual retail growth best, one to five years ahead: the structural model or a simple rule?

Run ``python benchmarks/growth_contest.py`` (about ten minutes on two cores); it prints the tables of docs/growth.md.
Origins are 31 January; the error is that of the sum of log growth since the last year.
The nation is judged with the figures published by each origin. Provinces are judged inside one basis with figures dated as
if first printed each January (no first prints of 31 provinces exist): pseudo-real-time, flagged as such.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import dataclasses
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import bayu_forecast as bf
from bayu_forecast._numeric.scoring import crps_ensemble, crps_normal, mean_error
from bayu_forecast.models import OWN, SeriesPriors

FIRST, LAST, HORIZONS, SAMPLES = 2004, 2024, range(1, 6), 2000
SERIES, HALF = "retail_total", 1.2815515594600038
#: the middle cell of the grid, so that 3,255 provincial fits take minutes
MIDDLE = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))
#: candidates of the long-run prior and structure; choices are made on origins that are not scored
CANDIDATES = {
    "default": {},
    "long run 0 %": {"long_run": (0.0, 0.015)},
    "long run 3.5 %": {"long_run": (0.035, 0.015)},
    "long run 5 %": {"long_run": (0.05, 0.015)},
    "reversion .83": {"reversion": (0.80, 0.83, 0.86)},
    "no reversion": {"reversion": (1.0,)},
    "slope sd x1.5": {"slope_sd": (0.030, 0.038, 0.048)},
    "season drift .006": {"seasonal_drift": 0.006},
    "season fixed": {"seasonal_drift": 0.0},
    "no disturbances": {"disturbed_irregular": 0.0, "disturbed_passing": 0.0, "disturbed_level": 0.0, "disturbed_slope": 1.0},
}


@lru_cache
def national_growth() -> pd.Series:
    """Official annual log growth: the December year-to-date print, or the total over what it says of the year before."""
    rows = bf.load_region("china").latest().observations(SERIES).to_dataframe()
    year, months = rows["period_end"].dt.year, rows["period_end"].dt.month - rows["period_start"].dt.month + 1
    growth = rows["measure"] == "growth"
    whole = rows[growth & (months == 12)].groupby(year)["value"].last()
    single = rows[(months == 1) & year.between(2000, 2007)]
    level = single[single["measure"] == "level"].set_index("period_start")["value"]
    rate = single[single["measure"] == "growth"].set_index("period_start")["value"]
    early = level.groupby(level.index.year).sum() / (level / (1 + rate)).groupby(level.index.year).sum()
    return np.log(pd.concat([early, 1 + whole]).groupby(level=0).last())


def yearbook_growth() -> pd.Series:
    """Growth 1990-1999 inside the yearbook of 2004, for the rules' memory only."""
    rows = bf.load_region("china").archive
    book = rows[(rows["basis"] == "cn_yb2004") & (rows["series"] == SERIES) & (rows["region"] == "china")]
    level = book.set_index(book["period_start"].dt.year)["value"].sort_index()
    return np.log(level).diff().dropna().loc[:1999]


def rule_forecasts(growth: pd.Series, horizon: int) -> dict[str, float]:
    """The simple rules: sums of log growth over ``horizon`` years."""
    three = float(growth.iloc[-3:].mean())
    return {
        "last growth": horizon * float(growth.iloc[-1]),
        "mean of three": horizon * three,
        "mean of all years": horizon * float(growth.mean()),
        "mean of three damped .9": sum(three * 0.9**i for i in range(1, horizon + 1)),
    }


def score_rule(errors: pd.DataFrame) -> pd.DataFrame:
    """CRPS and coverage of a rule as a normal with the root mean square of its own errors ended before the origin."""
    rows = []
    for (name, horizon), group in errors.groupby(["model", "horizon"]):
        for origin, here in group[group["origin"] >= FIRST].groupby("origin"):
            past = group.loc[group["origin"] + horizon <= origin, "error"]
            sd = float(np.sqrt((past**2).mean())) if len(past) else np.nan
            for error in here["error"]:
                crps = float(crps_normal(error, sd, 0.0)) if sd > 0 else np.nan
                rows.append((name, origin, horizon, error, crps, abs(error) <= HALF * sd))
    return pd.DataFrame(rows, columns=["model", "origin", "horizon", "error", "crps", "covered"])


def national_rules() -> pd.DataFrame:
    """Scores of the rules on the nation; their memory starts in 1993."""
    growth = pd.concat([yearbook_growth(), national_growth()]).sort_index()
    errors = []
    for origin in range(1993, LAST + 1):
        for horizon in HORIZONS:
            if origin + horizon in growth.index:
                actual = growth.loc[origin + 1 : origin + horizon].sum()
                for name, forecast in rule_forecasts(growth.loc[:origin], horizon).items():
                    errors.append((name, origin, horizon, forecast - actual))
    return score_rule(pd.DataFrame(errors, columns=["model", "origin", "horizon", "error"]))


def annual_growth_draws(model: bf.StructuralForecaster, origin: int) -> np.ndarray:
    """Draws (sample, series, horizon) of log growth a year after ``origin``."""
    paths = model.simulate(f"{origin + max(HORIZONS)}-12", samples=SAMPLES, rng=1, start=f"{origin}-01")["value"].to_numpy()
    annual = np.log(paths.reshape(*paths.shape[:2], -1, 12).sum(axis=3))
    return np.diff(annual, axis=2)


def national_origin(job: tuple[str, dict[str, object], int]) -> list[tuple[object, ...]]:
    """Scores of one candidate at one origin."""
    name, change, origin = job
    known = bf.load_region("china").as_of(f"{origin + 1}-01-31")
    model = bf.StructuralForecaster(common=dataclasses.replace(SeriesPriors(), **change)).fit(known.observations(SERIES), bf.design(known))
    return score_draws(name, origin, annual_growth_draws(model, origin)[:, 0])


def score_draws(name: str, origin: int, draws: np.ndarray) -> list[tuple[object, ...]]:
    """Scores of draws (sample, year) of national growth after the origin."""
    growth, rows = national_growth(), []
    for horizon in HORIZONS:
        if origin + horizon in growth.index:
            error = draws[:, :horizon].sum(axis=1) - growth.loc[origin + 1 : origin + horizon].sum()
            low, high = np.quantile(error, [0.1, 0.9])
            rows.append((name, origin, horizon, float(np.median(error)), float(crps_ensemble(error, 0.0)), bool(low <= 0 <= high)))
    return rows


@lru_cache
def known_nation(date: pd.Timestamp) -> tuple[pd.DataFrame, bf.Design]:
    """The nation's prints and the design, as known at a date, with the heaviest shape of each driver alone."""
    known = bf.load_region("china").as_of(date)
    return known.observations(SERIES).to_dataframe(), bf.design(known).centre()


@lru_cache
def province_rows(name: str) -> pd.DataFrame:
    """A province's usable annual levels dated as if first printed the next January; the newest basis only from 2018 on."""
    rows = bf.load_region(name).latest().observations(SERIES).to_dataframe()
    whole = (rows["period_end"].dt.month - rows["period_start"].dt.month) == 11
    rows = rows[(rows["region"] == name) & whole]
    year = rows["period_end"].dt.year
    newest = rows["basis_rank"] == rows["basis_rank"].max()
    seen = np.where(newest, np.maximum(year, 2018), year)
    rows = rows.assign(year=year, release_date=pd.to_datetime([f"{y + 1}-01-20" for y in seen]))
    alone = rows.groupby("basis")["year"].transform("nunique") == 1
    return rows[~alone | (rows["measure"] == "growth")]


@lru_cache
def province_growth(name: str) -> pd.Series:
    """Log growth of years whose two levels stand on one basis, or which a growth print bridges."""
    rows = province_rows(name)
    out: dict[int, float] = {}
    for _, group in rows[rows["measure"] == "level"].groupby("basis_rank"):
        level = np.log(group.set_index("year")["value"]).sort_index()
        step = level.diff()[np.diff(level.index, prepend=level.index[0] - 2) == 1]
        out.update(step.dropna().to_dict())
    for row in rows[rows["measure"] == "growth"].itertuples():
        out.setdefault(row.year, float(np.log1p(row.value)))
    return pd.Series(out).sort_index()


def province_origin(job: tuple[str, dict[str, object], str, int]) -> list[tuple[object, ...]]:
    """Scores of one candidate for one province at one origin, over the clean years of each window."""
    label, change, name, origin = job
    date = pd.Timestamp(f"{origin + 1}-01-31")
    nation, design = known_nation(date)
    own = province_rows(name)
    own = own[own["release_date"] <= date].drop(columns="year")
    clean = province_growth(name)
    wanted = clean[(clean.index > origin) & (clean.index <= origin + max(HORIZONS))]
    if own.empty or wanted.empty:
        return []
    both = pd.concat([nation, own], ignore_index=True).rename_axis("row")
    observations = xr.Dataset.from_dataframe(both).assign_attrs(region=name, series=SERIES, leans_on="china")
    model = bf.StructuralForecaster(common=MIDDLE, own=dataclasses.replace(OWN, **change)).fit(observations, design)
    draws = annual_growth_draws(model, origin)[:, 1]
    rows = []
    for horizon in HORIZONS:
        years = [y for y in wanted.index if y <= origin + horizon]
        if years and origin + horizon <= 2025:
            error = draws[:, [y - origin - 1 for y in years]].sum(axis=1) - wanted.loc[years].sum()
            low, high = np.quantile(error, [0.1, 0.9])
            rows.append((label, origin, horizon, float(np.median(error)), float(crps_ensemble(error, 0.0)), bool(low <= 0 <= high), name))
    return rows


def province_rules(names: list[str]) -> pd.DataFrame:
    """Scores of the rules on the provinces: their own clean growth, gaps filled with national growth plus the last deviation."""
    nation = pd.concat([yearbook_growth(), national_growth()]).sort_index()
    errors = []
    for name in names:
        clean = province_growth(name)
        filled = (clean - nation).reindex(nation.index).ffill() + nation
        filled = clean.reindex(nation.index).fillna(filled).dropna()
        for origin in range(1998, LAST + 1):
            history = filled.loc[:origin]
            for horizon in HORIZONS:
                years = [y for y in clean.index if origin < y <= origin + horizon]
                if years and origin + horizon <= 2025 and len(history) >= 3:
                    actual = clean.loc[years].sum()
                    for rule in rule_forecasts(history, 1):
                        each = [rule_forecasts(history, h)[rule] for h in range(horizon + 1)]
                        steps = np.diff(each)
                        errors.append((rule, origin, horizon, sum(steps[y - origin - 1] for y in years) - actual))
    return score_rule(pd.DataFrame(errors, columns=["model", "origin", "horizon", "error"]))


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute error by horizon, bias at five, CRPS, coverage; in per cent."""
    absolute = scores.assign(error=scores["error"].abs()).groupby(["model", "horizon"])["error"].mean().unstack()
    out = (100 * absolute).round(2)
    out["mean"] = out.mean(axis=1).round(2)
    by = scores.groupby("model")
    five = scores[scores["horizon"] == max(HORIZONS)].groupby("model")["error"].mean()
    crps = scores.groupby(["model", "horizon"])["crps"].mean().groupby("model").mean()
    return out.assign(bias5=(100 * five).round(1), crps=(100 * crps).round(2), cover80=(100 * by["covered"].mean()).round(0))


def paired(scores: pd.DataFrame, model: str, rule: str, what: str) -> tuple[float, float]:
    """Mean difference of ``model`` from ``rule`` over origins and its standard error (Bartlett, four lags), per cent."""
    value = scores.assign(error=scores["error"].abs())
    table = value.groupby(["model", "origin", "horizon"])[what].mean().groupby(["model", "origin"]).mean().unstack(0)
    gap = (table[model] - table[rule]).dropna().to_numpy()
    return 100 * float(gap.mean()), 100 * mean_error(gap, lags=4)


def chosen_elsewhere(scores: pd.DataFrame, blocks: int = 4) -> pd.DataFrame:
    """Each block of origins scored with the candidate that did best (CRPS) on the other blocks."""
    origins = np.array(sorted(scores["origin"].unique()))
    picked = []
    for block in np.array_split(origins, blocks):
        others = scores[~scores["origin"].isin(block)]
        best = others.groupby(["model", "horizon"])["crps"].mean().groupby("model").mean().idxmin()
        picked.append(scores[scores["origin"].isin(block) & (scores["model"] == best)].assign(model="chosen on other origins", choice=best))
    return pd.concat(picked)


def report(title: str, models: pd.DataFrame, rules: pd.DataFrame) -> bool:
    """Print a table and the pass marks; True when all hold."""
    picked = chosen_elsewhere(models)
    both = pd.concat([models, picked, rules])
    table = summary(both)
    print(f"\n{title}\n{table.to_string()}")
    print("chosen on other origins:", {k: sorted(int(o) for o in set(v)) for k, v in picked.groupby("choice")["origin"]})
    best = table.loc[rules["model"].unique(), "mean"].idxmin()
    passed = True
    for model in ("default", "chosen on other origins"):
        gap, error = paired(both, model, best, "error")
        crps_ok = all(table.loc[model, "crps"] < table.loc[rule, "crps"] for rule in rules["model"].unique())
        cover = table.loc[model, "cover80"]
        ok = gap <= error and crps_ok and 70 <= cover <= 90
        passed &= ok
        print(f"{model}: error against '{best}' {gap:+.2f} (se {error:.2f}), CRPS better than every rule: {crps_ok}, cover {cover:.0f} %: "
              + ("holds" if ok else "FAILS"))
        for rule in rules["model"].unique():
            gap, error = paired(both, model, rule, "crps")
            print(f"    CRPS less that of '{rule}': {gap:+.2f} (se {error:.2f})")
    return passed


OWN_CANDIDATES = {
    "default": {},
    "own slope sd x.6": {"slope_sd": (0.0042,), "start": (0.003, 0.008)},
    "own slope sd x1.5": {"slope_sd": (0.0105,), "start": (0.003, 0.018)},
    "own level sd x.6": {"level_sd": 0.0088},
    "own level sd x1.5": {"level_sd": 0.022},
}


def main() -> None:
    """Run both contests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["nation", "provinces"])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--csv", type=Path, help="write every score there")
    args = parser.parse_args()
    columns = ["model", "origin", "horizon", "error", "crps", "covered"]
    kept = []
    with ProcessPoolExecutor(args.jobs) as pool:
        if args.only != "provinces":
            jobs = [(name, change, origin) for name, change in CANDIDATES.items() for origin in range(FIRST, LAST + 1)]
            rows = [row for rows in pool.map(national_origin, jobs, chunksize=3) for row in rows]
            nation = pd.DataFrame(rows, columns=columns)
            title = "National total, last years known 2004-2024, asked on 31 January, published figures only (per cent)"
            report(title, nation, national_rules())
            kept.append(nation.assign(region="china"))
        if args.only != "nation":
            names = [n for n in bf.list_regions() if n != "china"]
            own = [(label, change, n, o) for label, change in OWN_CANDIDATES.items() for n in names for o in range(FIRST, LAST + 1)]
            rows = [row for rows in pool.map(province_origin, own, chunksize=21) for row in rows]
            provinces = pd.DataFrame(rows, columns=[*columns, "region"])
            report("31 provinces, pseudo-real-time inside one basis (per cent)", provinces, province_rules(names))
            kept.append(provinces)
    if args.csv:
        pd.concat(kept).round(6).to_csv(args.csv, index=False)


if __name__ == "__main__":
    main()
