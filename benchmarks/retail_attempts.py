"""Why AutoARIMA on chained months errs less than the prints' model on the nation, and what was tried: prints the blocks of docs/retail.md.

    python benchmarks/retail_attempts.py --peers-venv build/peers

About a quarter of an hour on one core. Attempts run on one grid point of slope, and without the uncertainty about drivers' shapes,
nation and every fourth province alike; origins are named by their last year known. Nothing here is imported by the library.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import growth_contest as growth
import numpy as np
import pandas as pd
import retail_contest as retail
from growth_contest import MIDDLE
from peers_env import run_peers
from threadpoolctl import threadpool_limits

import bayu_forecast as bf
from bayu_forecast._numeric import impulse
from bayu_forecast._numeric.scoring import mean_error
from bayu_forecast.models import SeriesPriors

OURS, PEER = "StructuralForecaster, prints", "AutoARIMA, months"
COLUMNS = ["model", "origin", "horizon", "error", "crps", "covered", "region"]
BLOCKS = {"2004-07": (2004, 2007), "2008-09": (2008, 2009), "2010-14": (2010, 2014), "2015-19": (2015, 2019), "2020-24": (2020, 2024)}
Array = np.ndarray


class LooseJanuary(SeriesPriors):
    """January against February free each year, for the Spring Festival moves between them."""

    def seasonal_covariance(self, n: int, first_month: int) -> Array:
        """The pattern, and an independent shift of 4 % from one of the two months to the other."""
        shift = np.zeros((n, n // 12 + 2))
        month, year = (np.arange(n) + first_month - 1) % 12, (np.arange(n) + first_month - 1) // 12
        for sign, which in ((1.0, 0), (-1.0, 1)):
            rows = np.flatnonzero(month == which)
            shift[rows, year[rows]] = 0.04 * sign
        return SeriesPriors.seasonal_covariance(self, n, first_month) + shift @ shift.T


class TwoSpeeds(SeriesPriors):
    """A second growth deviation of which half is left after a year, as of prices and cycles."""

    def shared_covariance(self, disturbed: np.ndarray) -> Array:
        """Level and passing shocks, and the quick slope with a shock of 2 points a year."""
        n = len(disturbed)
        variances = np.where(disturbed, self.disturbed_slope, 1.0) * 0.02**2 / 12.0**3
        quick = impulse.shock_covariance(impulse.slope_response(n, 0.5 ** (1 / 12)), variances)
        return SeriesPriors.shared_covariance(self, disturbed) + quick


QUICK_PARTS = {"irregular_sd": 0.004, "level_sd": 0.010}
ATTEMPTS: dict[str, tuple[type[SeriesPriors], dict[str, object]]] = {
    "as it is (one grid point)": (SeriesPriors, {}),
    "slope shock x1.2": (SeriesPriors, {"slope_sd": (0.030,)}),
    "slope shock x1.5": (SeriesPriors, {"slope_sd": (0.038,)}),
    "reversion .87, same spread of slopes": (SeriesPriors, {"reversion": (0.87,), "slope_sd": (0.0283,)}),
    "reversion over .80, .90, 1": (SeriesPriors, {"reversion": (0.80, 0.90, 1.0)}),
    "a quick slope beside the slow one": (TwoSpeeds, {}),
    "January against February free": (LooseJanuary, {}),
    "and level, noise at their likelihood": (LooseJanuary, QUICK_PARTS),
    "level, noise alone, the two months tied": (SeriesPriors, QUICK_PARTS),
}


def priors(kind: type[SeriesPriors], change: dict[str, object]) -> SeriesPriors:
    """One attempt's structure, around the middle cell of the grid."""
    middle = {field.name: getattr(MIDDLE, field.name) for field in dataclasses.fields(MIDDLE)}
    return kind(**middle | change)


def national(name: str, common: SeriesPriors) -> tuple[list[retail.Row], float]:
    """Scores of one attempt on the nation, and its mean log likelihood."""
    rows, fits = [], []
    for origin in retail.ORIGINS:
        known = bf.load_region("china").as_of(f"{origin + 1}-01-31")
        model = bf.StructuralForecaster(common=common).fit(known.observations(growth.SERIES), bf.design(known).centre())
        fits.append(model.loglik_)
        rows += growth.score_draws(name, origin, growth.annual_growth_draws(model, origin)[:, 0])
    return [(*row, "china") for row in rows], float(np.mean(fits))


def provincial(name: str, common: SeriesPriors) -> list[retail.Row]:
    """Scores of one attempt on every fourth province."""
    growth.MIDDLE = common
    regions = [n for n in bf.list_regions() if n != "china"][::4]
    rows = [row for region in regions for origin in retail.ORIGINS for row in growth.province_origin((name, {}, region, origin))]
    growth.MIDDLE = MIDDLE
    return rows


def arima(name: str, values: Array, back: Callable[[Array], Array], folder: Path) -> list[retail.Row]:
    """AutoARIMA on one form of the chained months; ``back`` takes its forecasts to levels."""
    problem = retail.problems("nation")[1]
    data = Path(tempfile.mkdtemp()) / "data.npz"
    np.savez(data, values=values, season=12, horizon=retail.YEARS * 12)
    run_peers(folder, "run", str(data), "AutoARIMA", str(data.with_name("out.npz")))
    with np.load(data.with_name("out.npz")) as file:
        return retail.each_peer(problem, name, np.maximum(back(file["mean"]), 1e-9), file["quantiles"])


def months_forms(folder: Path) -> list[retail.Row]:
    """The peer on the months as the contest gives them, on their logs, and on those from 2001."""
    months = retail.problems("nation")[1].values
    later = np.where(np.isfinite(months).cumsum(axis=1) > 12, months, np.nan)
    forms = [
        (PEER, months, np.asarray),
        ("AutoARIMA, months in logs", np.log(months), np.exp),
        ("AutoARIMA, months from 2001", later, np.asarray),
    ]
    return [row for form in forms for row in arima(*form, folder)]


def pooled(table: pd.DataFrame, name: str, members: list[str]) -> pd.DataFrame:
    """The mean of several models' points as rows of a model of its own."""
    points = table[table["model"].isin(members)].pivot(index=["origin", "horizon"], columns="model", values="error").mean(axis=1)
    return points.rename("error").reset_index().assign(model=name, region="china")


def mean_of(scores: pd.DataFrame, column: str) -> float:
    """Mean over origins of each horizon, then over horizons, per cent."""
    return 100 * float(scores.groupby("horizon")[column].mean().mean())


def line(scores: pd.DataFrame) -> dict[str, float]:
    """Error, CRPS and coverage of one model."""
    scores = scores.assign(size=scores["error"].abs())
    return {"error": mean_of(scores, "size"), "crps": mean_of(scores, "crps"), "cover": 100 * float(scores["covered"].astype(float).mean())}


def where_and_luck(table: pd.DataFrame) -> None:
    """The difference in error by block of origins and by horizon, and three standard errors of its mean."""
    size = table.assign(error=100 * table["error"].abs()).pivot(index=["origin", "horizon"], columns="model", values="error")
    gap = (size[OURS] - size[PEER]).unstack()
    by = pd.DataFrame({name: gap.loc[first:last].mean() for name, (first, last) in BLOCKS.items()}).T
    both = {model: size[model].unstack().mean() for model in (OURS, PEER)}
    print(f"\nabsolute error, per cent\n{pd.DataFrame(both).T.assign(mean=lambda t: t.mean(axis=1)).round(2).to_string()}")
    print(f"\nerror less that of {PEER}\n{by.assign(mean=gap.mean(axis=1).groupby(label).mean()).round(1).to_string()}")
    each = gap.mean(axis=1)
    share = len(each), 5 / len(each)
    critical = 1.96 + 2.9694 * share[1] + 0.4160 * share[1] ** 2 - 0.5324 * share[1] ** 3
    bartlett = mean_error(each.to_numpy(), lags=4)
    blocks = np.array([part.mean() for part in np.array_split(each.to_numpy(), 4)])
    print(f"mean over {share[0]} origins {each.mean():+.2f}: Bartlett with four lags, se {bartlett:.2f}, t {each.mean() / bartlett:.1f} "
          f"(5 % when the bandwidth is a fixed share: {critical:.1f});")  # fmt: skip
    print(f"four blocks {', '.join(f'{b:+.1f}' for b in blocks)}: se {blocks.std(ddof=1) / 2:.2f}, "
          f"t {each.mean() / (blocks.std(ddof=1) / 2):.1f} (5 %: 3.2)")  # fmt: skip
    worst = each.idxmax()
    print(f"without the origin {worst}: {each.drop(worst).mean():+.2f}; without 2004 to 2007: {each.loc[2008:].mean():+.2f}")


def label(origin: int) -> str:
    """The block an origin is in."""
    return next(name for name, (first, last) in BLOCKS.items() if first <= origin <= last)


def against(table: pd.DataFrame) -> pd.DataFrame:
    """Each model of the nation: error, on odd and on even origins, and its difference from the peer with its standard error."""
    rows = {}
    for name, scores in table.groupby("model", sort=False):
        odd = scores["origin"] % 2 == 1
        gap, error = growth.paired(table, str(name), PEER, "error") if name != PEER else (np.nan, np.nan)
        here = line(scores)
        rows[name] = {"error": here["error"], "odd": line(scores[odd])["error"], "even": line(scores[~odd])["error"],
                      "crps": here["crps"], "cover": here["cover"], "less peer": gap, "se": error}  # fmt: skip
    return pd.DataFrame(rows).T


def decades(reversion: float, noise: float) -> float:
    """Correlation of growth averaged over adjacent decades; persistent growth has a spread of one, a year's ``noise`` is beside it."""
    lag = np.abs(np.subtract.outer(np.arange(20), np.arange(20)))
    growth_covariance = reversion**lag + noise**2 * np.eye(20)
    first = np.repeat([0.1, 0.0], 10)
    own = first @ growth_covariance @ first
    return float(first @ growth_covariance @ first[::-1] / own)


def main() -> None:
    """Print where the two differ, how the peer does in other forms, and the attempts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-venv", type=Path, default=Path("build/peers"))
    folder = parser.parse_args().peers_venv
    warnings.simplefilter("ignore", UserWarning)
    rows = retail.on_prints("nation") + months_forms(folder) + retail.ours_on_panels(retail.problems("nation")[1], "AutoForecaster")
    fits, provinces = {}, {}
    with threadpool_limits(1):
        for name, attempt in ATTEMPTS.items():
            more, fits[name] = national(name, priors(*attempt))
            rows += more
            provinces[name] = line(pd.DataFrame(provincial(name, priors(*attempt)), columns=COLUMNS))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"error": float})
    pools = [pooled(table, f"mean of ours and {other}", [OURS, other]) for other in ("AutoForecaster, months", PEER)]
    table = pd.concat([table, *pools], ignore_index=True)
    where_and_luck(table[table["model"].isin([OURS, PEER])])
    extra = pd.DataFrame(provinces).T.add_prefix("prov. ").assign(loglik=fits)
    print(f"\nnation, and every fourth province, per cent\n{against(table).join(extra).round(2).to_string(na_rep='')}")
    for noise in (0.0, 1.6):
        each = ", ".join(f"{decades(phi, noise):.2f} at {phi:.2f}" for phi in (0.80, 0.83, 0.87, 0.90))
        print(f"correlation of adjacent decades, a year's noise {noise:.1f} of the spread of persistent growth: {each}")


if __name__ == "__main__":
    main()
