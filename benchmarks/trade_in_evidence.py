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
from bayu_forecast.drivers.evidence import BASES, Estimate, Panel, estimate, growth_panel, leave_one_out, placebos, randomisation
from bayu_forecast.drivers.paths import input_paths
from bayu_forecast.drivers.reading import Reading, combine, kept_shares, reading

DATES = ("2025-01-31", "2025-07-31", "2026-10-31")
#: first month of money; phones joined in January 2025
STARTS = {"retail_appliances": pd.Timestamp("2024-08-01"), "retail_furniture": pd.Timestamp("2024-08-01"),
          "retail_autos": pd.Timestamp("2024-08-01"), "retail_communication": pd.Timestamp("2025-01-01")}
CARS = "retail_autos"
OTHERS = ("retail_grain_food", "retail_beverages", "retail_tobacco_liquor", "retail_gold_jewellery", "retail_catering_above_quota",
          "retail_petroleum")
#: the last full year before the programme: its levels give shares, never growth
BEFORE = 2023
#: appliances, furniture, phones and petroleum are printed month by month from here on
FIRST = pd.Timestamp("2021-06-01")


def prints(known: Snapshot) -> pd.DataFrame:
    """Prints of the categories known by the date, of the nation."""
    log = known.data_log()
    return log[log["table"].eq("observations") & log["series"].isin([*STARTS, *OTHERS]) & log["period_start"].ge("2021-01-01")]


def sales(known: Snapshot) -> tuple[pd.Series, float]:
    """Sales above quota of the categories paid for, and all retail sales, of the year before the programme as known by the date."""
    log = known.data_log()
    year = log[log["measure"].eq("level") & log["period_start"].eq(f"{BEFORE}-01-01") & log["period_end"].eq(f"{BEFORE}-12-31")]
    last = year.sort_values("release_date").groupby("series")["value"].last()
    return last[list(STARTS)], float(last["retail_total"])


def begun(panel: Panel) -> dict[str, pd.Timestamp]:
    """Categories whose programme is in the panel; a category that has not begun is left out."""
    return {c: d for c, d in STARTS.items() if d <= panel.growth.index[-1]}


def panel_of(known: Snapshot) -> Panel:
    """Growth of the categories that have begun and of the others."""
    whole = growth_panel(prints(known))
    growth = whole.growth[whole.growth.index >= FIRST]
    waiting = [c for c in STARTS if c not in begun(whole)]
    return Panel(growth.drop(columns=waiting), whole.released.loc[growth.index])


def money(known: Snapshot) -> pd.Series:
    """Money a month from the launch on, as stated by the date."""
    months = pd.date_range(min(STARTS.values()), "2026-12", freq="MS")
    own = known.drivers[known.drivers["region"].eq(known.name)]
    return input_paths(own, known.driver_specs, months, known.as_of)["trade_in"]


def percent(log_points: float) -> str:
    """Log points as per cent."""
    return f"{100.0 * np.expm1(log_points):+.1f}"


def mean(frame: pd.DataFrame | pd.Series, months: pd.Series) -> float:
    """Mean over months, and over categories with equal weights."""
    values = frame.mean(axis=1) if isinstance(frame, pd.DataFrame) else frame
    return float(np.average(values, weights=months.loc[values.index]))


def main_rows(known: Snapshot) -> tuple[Panel, Estimate, Estimate, Reading]:
    """The estimate with equal weights, the one weighted by sales, and the reading of it."""
    panel = panel_of(known)
    starts, (weights, total) = begun(panel), sales(known)
    weighted = estimate(panel, starts, {str(c): float(weights[c]) for c in starts})
    spec = next(s for s in known.driver_specs if s.id == "trade_in")
    paid = money(known)
    read = reading(weighted, paid, float(weights[list(starts)].sum()) / total, monthly_sales=total / 12.0,
                   kept=kept_shares(spec, paid, weighted.months.index[-1]),
                   never=placebos(panel, starts, weighted.weights.to_dict()))  # fmt: skip
    return panel, estimate(panel, starts), weighted, read


def table(as_of: str) -> None:
    """Everything that was known on a date."""
    known = bf.load_region("china").as_of(as_of)
    panel, equal, weighted, read = main_rows(known)
    starts, launch = begun(panel), min(STARTS.values())
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
    _, equal, weighted, _ = main_rows(bf.load_region("china").as_of(as_of))
    second = equal.level.index >= min(STARTS.values()) + pd.DateOffset(years=1)
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
