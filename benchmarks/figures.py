"""Prints the small figures that the documentation quotes; docs/figures.md holds its output, and a test compares the two."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import bayu_forecast as bf
from bayu_forecast.errors import BasisError


def annual(known: object, region: str, basis: str) -> dict[int, float]:
    """Annual levels of one region on one basis."""
    rows = known.observations("retail_total").to_dataframe()
    whole = (rows["period_end"].dt.month == 12) & (rows["period_start"].dt.month == 1)
    rows = rows[whole & (rows["measure"] == "level") & (rows["region"] == region) & (rows["basis"] == basis)]
    return dict(zip(rows["period_end"].dt.year, rows["value"], strict=True))


def known_at_the_issue() -> None:
    """What 2021-04-30 sees, and the growth required from there."""
    known = bf.load_region("chongqing").as_of("2021-04-30")
    levels = annual(known, "chongqing", "cq4")
    print(f"as of 2021-04-30: 2020 = {levels[2020]:,.2f}; total of 2021 known: {2021 in levels}; "
          f"revised 2020 known: {bool(annual(known, 'chongqing', 'cq5'))}; "
          f"required growth {100 * bf.required_growth(levels[2020], 2020, 15500, 2025):.2f} % a year")


def known_before_the_year() -> None:
    """What 2025-01-31 says of the target."""
    known = bf.load_region("chongqing").as_of("2025-01-31")
    model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    verdict = bf.assess(bf.simulate(model, known, horizon="2025-12", samples=4000, rng=7), known.targets)
    print("as of 2025-01-31:", verdict["status"].sel(target="retail_total_2025").item())


def base_from_parts() -> None:
    """The 2025 oracle, with the rounding that its parts carry."""
    base, base_half, growth, growth_half = bf.implied_base(
        16688.50, [(2470.34, 0.046, 0.0005), (float("nan"), 0.028, 0.001)], level_half_width=0.005
    )
    print(f"from 16,688.50, goods +2.8 %, catering 2,470.34 at +4.6 %: base {base:,.1f} +- {base_half:.0f}, "
          f"growth {100 * growth:.2f} % +- {100 * growth_half:.2f} points")
    rows = bf.load_region("chongqing").latest().observations("retail_total").to_dataframe()
    pick = lambda year, basis: rows[(rows["value"] > 0) & (rows["measure"] == "level") & (rows["basis"] == basis)  # noqa: E731
                                    & (rows["period_start"] == f"{year}-01-01") & (rows["period_end"] == f"{year}-12-31")].iloc[0]
    try:
        bf.comparable_growth(pick(2024, "cq4"), pick(2025, "cq5"))
    except BasisError as error:
        print("growth across bases raises:", str(error).split(":")[0])


def chained() -> None:
    """Official national growth chained back from 2025 against the revised totals."""
    known = bf.load_region("china").latest()
    revised = annual(known, "china", "cn11")
    rows = known.observations("retail_total").to_dataframe()
    growth = rows[(rows["measure"] == "growth") & (rows["period_end"].dt.month == 12) & (rows["period_start"].dt.month == 1)]
    rate = dict(zip(growth["period_end"].dt.year, growth["value"], strict=True))
    back = revised[2025]
    for year in (2024, 2023):
        back /= 1 + rate[year + 1]
        print(f"official growth chained from 2025 to {year}: {100 * (back / revised[year] - 1):+.3f} % from the revised total")


def step_found() -> None:
    """The step to the newest basis from prints alone, before any revised level was out."""
    known = bf.load_region("chongqing").as_of("2025-07-31")
    model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    row = model.steps_.set_index(["series", "basis"]).loc[("chongqing:retail_total", "cq4")]
    print(f"step cq4 to cq5 as of 2025-07-31, no revised level published: {100 * row['step']:+.2f} % +- {100 * row['sd']:.2f} "
          f"(revised levels of 2024, out later: {100 * np.log(16190.4 / 15677.37):+.2f} %, log points)")


def main() -> None:
    """Print every figure."""
    known_at_the_issue()
    known_before_the_year()
    base_from_parts()
    chained()
    step_found()


if __name__ == "__main__":
    main()
