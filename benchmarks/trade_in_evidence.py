"""What the growth of categories says of the trade-in programme of 2024 to 2026, as known on three dates.

Run ``python benchmarks/trade_in_evidence.py`` (some seconds); it prints the tables of docs/trade_in_evidence.md.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys

import numpy as np
import pandas as pd

import bayu_forecast as bf
from bayu_forecast.data.snapshot import Snapshot
from bayu_forecast.drivers import combine, contrast_of, input_paths, read_contrast
from bayu_forecast.drivers.contrast import Contrast, by_sales
from bayu_forecast.drivers.evidence import BASES, Estimate, Panel, estimate, leave_one_out, placebos, randomisation
from bayu_forecast.drivers.reading import Reading

DATES = ("2025-01-31", "2025-07-31", "2026-10-31")
CARS = "retail_autos"


def seen_on(known: Snapshot) -> Contrast:
    """Categories paid for and the others, as far as printed by the date."""
    log = known.data_log()
    seen = contrast_of(log[log["table"].eq("observations")], known.contrasts, total="retail_total")
    assert seen is not None, "no month of the programme was printed by the date"
    return seen


def money(known: Snapshot, seen: Contrast) -> pd.Series:
    """Money a month from the launch on, as stated by the date."""
    months = pd.date_range(min(seen.starts.values()), seen.panel.growth.index[-1], freq="MS")
    own = known.drivers[known.drivers["region"].eq(known.name)]
    return input_paths(own, known.driver_specs, months, known.as_of)["trade_in"]


def percent(log_points: float) -> str:
    """Log points as per cent."""
    return f"{100.0 * np.expm1(log_points):+.1f}"


def mean(frame: pd.DataFrame | pd.Series, months: pd.Series) -> float:
    """Mean over months, and over categories with equal weights."""
    values = frame.mean(axis=1) if isinstance(frame, pd.DataFrame) else frame
    return float(np.average(values, weights=months.loc[values.index]))


def main_rows(known: Snapshot) -> tuple[Contrast, Estimate, Estimate, Reading]:
    """The estimate with equal weights, the one weighted by sales, and the reading of it."""
    seen = seen_on(known)
    spec = next(s for s in known.driver_specs if s.id == "trade_in")
    return seen, estimate(seen.panel, seen.starts), by_sales(seen), read_contrast(seen, spec, money(known, seen))


def table(as_of: str) -> None:
    """Everything that was known on a date."""
    known = bf.load_region("china").as_of(as_of)
    (panel, starts, _, _), equal, weighted, read = main_rows(known)
    launch = min(starts.values())
    before = int((panel.growth.index < launch).sum())
    print(f"as of {as_of}: prints to {panel.growth.index[-1]:%Y-%m}, the last released {equal.published:%Y-%m-%d}; "
          f"{before} cells before the launch, {len(equal.months)} after")  # fmt: skip
    until, later = equal.growth.index <= equal.peak, equal.growth.index > equal.peak
    print(f"  peak of growth {equal.peak:%Y-%m}: growth {percent(mean(equal.growth[until], equal.months))} % until it"
          + (f", {percent(mean(equal.growth[later], equal.months))} % after it" if later.any() else ""))  # fmt: skip
    goods = {c: d for c, d in starts.items() if c != CARS}
    share = weighted.weights[list(goods)].to_dict()
    no_cars = Panel(panel.growth.drop(columns=CARS), panel.released)
    for label, one in (("equal weights", equal), ("sales weights", weighted), ("sales weights, no cars", estimate(no_cars, goods, share))):
        print(f"  {label}: launch to peak {one.rush:+.2f}, after it {one.after:+.2f}, net {one.net:+.2f} +- {one.standard_error:.2f} "
              "months of normal sales")  # fmt: skip
    print(f"  other categories as if paid for: p = {randomisation(panel, starts):.3f}")
    never(placebos(panel, starts), "equal weights")
    never(placebos(panel, starts, weighted.weights.to_dict()), "sales weights")
    never(placebos(no_cars, goods, share), "sales weights, no cars")
    outs = leave_one_out(panel, starts)
    print(f"  leaving one category out: net {outs.min():+.2f} without {outs.idxmin()[7:]} to {outs.max():+.2f} without {outs.idxmax()[7:]}")
    lengths = ", ".join(f"{b}: {estimate(panel, starts, weighted.weights.to_dict(), bases=(b,)).net:+.2f}" for b in BASES)
    print(f"  sales weights, by cells of the base: {lengths}")
    words(known, read)


def never(launches: pd.Series, label: str) -> None:
    """The true launch among launches that never were."""
    true, false = float(launches.iloc[-1]), launches.iloc[:-1]
    print(f"  {label}: level of the first year {percent(true)} %; {len(false)} launches that never were: {percent(false.min())} to "
          f"{percent(false.max())} %, mean {percent(false.mean())} %, {int((false.abs() >= abs(true)).sum())} as large")  # fmt: skip


def words(known: Snapshot, read: Reading) -> None:
    """The reading and what it does to the prior."""
    spec = next(s for s in known.driver_specs if s.id == "trade_in")
    after = combine(spec, read)
    kept = ", ".join(f"{k:.2f}" for k in read.kept)
    print(f"  yuan for a yuan, net inside the window: {read.value:.2f} +- {read.standard_error:.2f}; left of a coefficient by then "
          f"under low, middle, high payback: {kept}")  # fmt: skip
    print(f"  coefficient of trade_in, median and log sd: prior {spec.parameters[0]:.2f}, {spec.parameters[1]:.2f}; "
          f"with the reading {after.parameters[0]:.2f}, {after.parameters[1]:.2f}")  # fmt: skip


def by_category(as_of: str) -> None:
    """What a late growth rate is made of: the level reached less the base it is compared with."""
    seen, equal, weighted, _ = main_rows(bf.load_region("china").as_of(as_of))
    second = equal.level.index >= min(seen.starts.values()) + pd.DateOffset(years=1)
    print(f"by category as of {as_of}, against the others, %: first year, then from month 13 on")
    print("  category        share  level, year 1   growth = level now - base")
    for name in equal.level:
        one, late, growth = equal.level[name][~second], equal.level[name][second], equal.growth[name][second]
        now, rate = mean(late, equal.months), mean(growth, equal.months)
        print(f"  {name[7:]:<14} {weighted.weights[name]:6.2f} {percent(mean(one, equal.months)):>14}   "
              f"{100 * rate:+6.1f} = {100 * now:+6.1f} - {100 * (now - rate):+6.1f}  (log points)")  # fmt: skip


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for date in DATES:
        table(date)
    by_category(DATES[-1])
