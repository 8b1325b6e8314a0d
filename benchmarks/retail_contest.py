"""National and provincial retail totals, rolling by vintage: the structural model on the prints against every other forecaster.

    python benchmarks/retail_contest.py --peers-venv build/peers

Origins are 31 January after the years 2004 to 2024; the error is that of the sum of log growth since that year, one to five years
ahead, as in `growth_contest.py`. Models of plain series cannot read prints, so they get the best series an analyst can make of
them: the annual index on the comparable basis, and months chained backwards by published growth, January and February split, a month
that was printed only within its year as the rest of that year. Ours are run both ways: on the prints, and on those panels. Peers'
months give points only (their marginals do not add up to years).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import growth_contest as growth
import numpy as np
import pandas as pd
from competition_peers import BOUNDS, LEVELS
from growth_contest import FIRST, HORIZONS, LAST, SERIES
from peers_env import run_peers
from threadpoolctl import threadpool_limits

import bayu_forecast as bf
from bayu_forecast._numeric.competition import quantile_crps

PEERS = ["AutoETS", "DynamicOptimizedTheta", "AutoCES", "AutoARIMA"]
OURS = ["StructuralForecaster", "AutoForecaster"]
COMBINED = "mean of ETS, DOT, CES, ARIMA"
YEARS = max(HORIZONS)
ORIGINS = range(FIRST, LAST + 1)
Row = tuple[object, ...]


def national_index(origin: int) -> np.ndarray:
    """Annual index from 1989 to the origin on the comparable basis."""
    rates = pd.concat([growth.yearbook_growth(), growth.national_growth()]).sort_index().loc[:origin]
    return np.exp(np.concatenate([[0.0], rates.cumsum()]))


def national_months(origin: int) -> np.ndarray:
    """Months from 2000 to the origin, chained backwards from its last year by the growth printed by then."""
    rows = bf.load_region("china").as_of(f"{origin + 1}-01-31").observations(SERIES).to_dataframe()
    month, year = rows["period_start"].dt.month, rows["period_start"].dt.year
    length = rows["period_end"].dt.month - month + 1
    tables = {}
    for measure in ("level", "growth"):
        mine = rows["measure"] == measure
        table = rows[mine & (length == 1)].groupby([year, month])["value"].last().unstack().reindex(columns=range(1, 13))
        joint = rows[mine & (length == 2) & (month == 1)].groupby(year)["value"].last()
        tables[measure] = (table, joint)
    level, joint = tables["level"]
    share = (level[1] / (level[1] + level[2])).loc[2000:2011].mean()
    level[1] = level[1].fillna(joint * share)
    level[2] = level[2].fillna(joint * (1 - share))
    rate, joint = tables["growth"]
    rate[[1, 2]] = rate[[1, 2]].apply(lambda column: column.fillna(joint))
    year_end = rows[(rows["measure"] == "level") & (length == 12)].groupby(year)["value"].last()
    level = level.apply(lambda column: column.fillna(year_end - level.sum(axis=1)))
    rate = rate.reindex(level.index).fillna(level / level.shift() - 1)
    chained = {origin: level.loc[origin]}
    for y in range(origin, 2000, -1):
        chained[y - 1] = chained[y] / (1 + rate.loc[y])
    return pd.DataFrame(chained).T.sort_index().loc[2000:].to_numpy().ravel()


def provincial_index() -> pd.DataFrame:
    """Log growth (year, province): clean years, gaps filled with national growth plus the last deviation."""
    nation = pd.concat([growth.yearbook_growth(), growth.national_growth()]).sort_index()
    columns = {}
    for name in (n for n in bf.list_regions() if n != "china"):
        clean = growth.province_growth(name)
        columns[name] = clean.reindex(nation.index).fillna((clean - nation).reindex(nation.index).ffill() + nation)
    return pd.DataFrame(columns)


class Problem:
    """Series of all origins, right-aligned, and what came of each: growth by year where it is known."""

    def __init__(self, name: str, season: int, series: list[tuple[int, str, np.ndarray]], actual: dict[str, pd.Series]) -> None:
        self.name, self.season, self.actual = name, season, actual
        self.keys = [(origin, region) for origin, region, _ in series]
        self.values = np.full((len(series), max(len(y) for _, _, y in series)), np.nan)
        for row, (_, _, y) in zip(self.values, series, strict=True):
            row[row.size - len(y) :] = y

    @property
    def last_year(self) -> np.ndarray:
        """Total of the last year known."""
        return self.values[:, -self.season :].sum(axis=1)

    def rows(self, model: str, point: np.ndarray, quantiles: np.ndarray | None) -> Iterator[Row]:
        """Scores of log growth since the origin; ``point`` (series, year), ``quantiles`` (level, series, year) of cumulative growth."""
        for i, (origin, region) in enumerate(self.keys):
            known = self.actual[region]
            steps = np.diff(point[i], prepend=0.0)
            for horizon in HORIZONS:
                years = [y for y in range(origin + 1, origin + horizon + 1) if y in known.index]
                if not years or origin + horizon > LAST + 1:
                    continue
                actual = float(known.loc[years].sum())
                error = float(sum(steps[y - origin - 1] for y in years)) - actual
                crps, covered = np.nan, np.nan
                if quantiles is not None and len(years) == horizon:
                    at = quantiles[:, i, horizon - 1]
                    crps, covered = float(quantile_crps(at[: LEVELS.size], actual, LEVELS)), float(at[-3] <= actual <= at[-2])
                yield (model, origin, horizon, error, crps, covered, region)


def problems(what: str) -> list[Problem]:
    """Annual and monthly nation, or annual provinces."""
    if what == "nation":
        nation = {"china": growth.national_growth()}
        return [
            Problem("years", 1, [(o, "china", national_index(o)) for o in ORIGINS], nation),
            Problem("months", 12, [(o, "china", national_months(o)) for o in ORIGINS], nation),
        ]
    rates = provincial_index()
    series = []
    for origin in ORIGINS:
        for region, each in rates.items():
            log_level = each.dropna().loc[:origin].cumsum()
            if len(log_level) >= 5:
                series.append((origin, str(region), np.exp(np.concatenate([[0.0], log_level]))))
    return [Problem("years", 1, series, {name: growth.province_growth(name) for name in rates})]


def peers(problem: Problem, folder: Path) -> list[Row]:
    """Peers that fit each series alone, and the mean of four."""
    data, rows, parts = Path(tempfile.mkdtemp()) / "data.npz", [], []
    np.savez(data, values=problem.values, season=problem.season, horizon=YEARS * problem.season)
    for entry in PEERS:
        out = data.with_name("out.npz")
        run_peers(folder, "run", str(data), entry, str(out))
        with np.load(out) as file:
            parts.append((np.maximum(file["mean"], 1e-9), np.maximum(file["quantiles"], 1e-9)))
        rows += each_peer(problem, f"{entry}, {problem.name}", *parts[-1])
    mean, quantiles = (np.mean(each, axis=0) for each in zip(*parts, strict=True))
    return rows + each_peer(problem, f"{COMBINED}, {problem.name}", mean, quantiles)


def each_peer(problem: Problem, name: str, mean: np.ndarray, quantiles: np.ndarray) -> list[Row]:
    """Cumulative log growth from forecasts of levels; quantiles only where a step is a year."""
    totals = mean.reshape(len(mean), YEARS, problem.season).sum(axis=2)
    point = np.log(totals / problem.last_year[:, None])
    around = np.log(np.sort(quantiles[: LEVELS.size], axis=0) / problem.last_year[:, None]) if problem.season == 1 else None
    if around is not None:
        around = np.concatenate([around, np.log(quantiles[LEVELS.size :] / problem.last_year[:, None])])
    return list(problem.rows(name, point, around))


def ours_on_panels(problem: Problem, model: str) -> list[Row]:
    """One panel an origin, so that nothing is learned from later years; years are summed within each path."""
    point, around = np.zeros((len(problem.keys), YEARS)), np.zeros((LEVELS.size + BOUNDS.size, len(problem.keys), YEARS))
    for origin in ORIGINS:
        mine = np.array([key[0] == origin for key in problem.keys])
        y = bf.as_panel([row[np.isfinite(row).argmax() :] for row in problem.values[mine]], season=problem.season)
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", UserWarning)
            paths = getattr(bf, model)().fit(y).simulate(YEARS * problem.season, samples=growth.SAMPLES, rng=1)["value"].to_numpy()
        totals = paths.reshape(*paths.shape[:2], YEARS, problem.season).sum(axis=3)
        cumulative = np.log(np.maximum(totals, 1e-9) / problem.last_year[mine][:, None])
        point[mine], around[:, mine] = np.median(cumulative, axis=0), np.quantile(cumulative, np.concatenate([LEVELS, BOUNDS]), axis=0)
    return list(problem.rows(f"{model}, {problem.name}", point, around))


def on_prints(what: str) -> list[Row]:
    """The structural model on the prints themselves, with `growth_contest.py`'s own code."""
    name = "StructuralForecaster, prints"
    if what == "nation":
        return [(*row, "china") for origin in ORIGINS for row in growth.national_origin((name, {}, origin))]
    regions = [n for n in bf.list_regions() if n != "china"]
    return [row for region in regions for origin in ORIGINS for row in growth.province_origin((name, {}, region, origin))]


def report(what: str, rows: list[Row], rules: pd.DataFrame) -> bool:
    """Print the table; True when the prints' model has neither a larger error nor a larger CRPS than any other, within one error."""
    scores = pd.DataFrame(rows, columns=["model", "origin", "horizon", "error", "crps", "covered", "region"])
    both = pd.concat([scores, rules.assign(region="rules")]).astype({"covered": float})
    print(f"\n{what}: log growth since the origin, per cent\n{growth.summary(both).sort_values('mean').to_string()}")
    name, passed = "StructuralForecaster, prints", True
    for other in both["model"].unique():
        if other == name:
            continue
        for score in ("error", "crps"):
            if both.loc[both["model"] == other, score].notna().any():
                gap, error = growth.paired(both.dropna(subset=[score]), name, other, score)
                passed &= gap <= error
                print(f"    {score} less that of {other}: {gap:+.2f} (se {error:.2f})")
    return passed


def main() -> int:
    """Run both contests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-venv", type=Path, default=Path("build/peers"))
    parser.add_argument("--only", choices=["nation", "provinces"])
    args = parser.parse_args()
    passed = True
    for what in ["nation", "provinces"] if args.only is None else [args.only]:
        rows = on_prints(what)
        for problem in problems(what):
            rows += peers(problem, args.peers_venv)
            for model in OURS:
                rows += ours_on_panels(problem, model)
        names = [n for n in bf.list_regions() if n != "china"]
        passed &= report(what, rows, growth.national_rules() if what == "nation" else growth.province_rules(names))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
