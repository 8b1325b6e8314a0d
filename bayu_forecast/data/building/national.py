"""Observations of the nation: months, year-to-date figures, growth, annual vintages, catering and goods.

Floor F3 (data, build only). It knows the national tables and their traps; it must never know a model.
"""

from __future__ import annotations

import pandas as pd

from bayu_forecast.data.building.figures import read_figures, records
from bayu_forecast.data.building.rows import corrected, joined, national_release, percent, row, table, tidy
from bayu_forecast.schema.names import ESTIMATED, EXACT, GROWTH, LEVEL, UPPER_BOUND, USE_NO, USE_YES
from bayu_forecast.specs import Basis

SERIES = {"cn_retail_total": "retail_total", "cn_catering": "retail_catering", "cn_goods": "retail_goods",
          "cn_services_retail": "services_retail", "cn_retail_ex_auto": "retail_ex_autos",
          "cn_retail_above_quota": "retail_above_quota", "cn_goods_above_quota": "retail_goods_above_quota",
          "cn_catering_above_quota": "retail_catering_above_quota", "cn_cat_appliances_av": "retail_appliances",
          "cn_cat_communication": "retail_communication", "cn_cat_furniture": "retail_furniture"}
KINDS = {"_month_yoy": GROWTH, "_ytd_yoy": GROWTH, "_month": LEVEL, "_ytd": LEVEL}
SHOWN = "shown, not modelled"
#: the other categories keep their names behind ``retail_``
CATEGORY = "cn_cat_"
ABOVE_QUOTA = ("retail_above_quota", "retail_goods_above_quota", "retail_catering_above_quota")
#: levels whose months and years to date do not add up within a year: each print revises those before it, growth alone compares
REVISED_WITHIN = ("retail_ex_autos",)
NOT_ADDING = "months and years to date do not add up within the year: growth only"
PANEL = "units above quota: the panel changes every year, no growth from levels"


def split_name(name: str) -> tuple[str, str] | None:
    """Series and measure of a column name, None when the archive does not carry it."""
    for ending, measure in KINDS.items():
        if name.endswith(ending):
            stem = name.removesuffix(ending)
            series = SERIES.get(stem) or (f"retail_{stem.removeprefix(CATEGORY)}" if stem.startswith(CATEGORY) else None)
            return (series, measure) if series else None
    return None


def basis_of(year: int, bases: list[Basis], vintages: dict[str, str]) -> Basis:
    """The basis of a figure printed in its own year."""
    yearbooks = {code for vintage, code in vintages.items() if vintage.startswith("yearbook")}
    return next(b for b in bases if b.code not in yearbooks and b.first_year <= year <= b.last_year)


def half_width(value: str, measure: str, note: str) -> float:
    """Half a unit of the last digit printed."""
    if measure == GROWTH:
        return 0.0005
    return 0.5 if "rounded to 100M CNY" in note else 0.05


def monthly(region: str, bases: list[Basis], vintages: dict[str, str]) -> pd.DataFrame:
    """Every monthly and year-to-date print; finer prints stand before rounded copies of the same figure."""
    names = ("national_retail_monthly.csv", "national_retail_categories.csv", "national_services_retail.csv")
    rows = []
    for cells in records(pd.concat([read_figures(n) for n in names], ignore_index=True)):
        found = split_name(cells["series"])
        if found is None:
            continue
        series, measure = found
        start, end, note = cells["period_start"], cells["period_end"], cells["note"]
        basis = basis_of(int(start[:4]), bases, vintages)
        released, status = national_release(start, end, cells["published_on"])
        panel = measure == LEVEL and (cells["series"].startswith(CATEGORY) or series in ABOVE_QUOTA)
        revised = measure == LEVEL and series in REVISED_WITHIN
        shown = SHOWN in basis.note or cells["source"].startswith("implied") or panel or revised
        note = joined(note, PANEL) if panel and "above-quota" not in note else note
        note = joined(note, NOT_ADDING) if revised else note
        rows.append(row(region=region, series=series, measure=measure, period_start=start, period_end=end,
                        value=percent(cells["value"]) if measure == GROWTH else float(cells["value"]),
                        half_width=half_width(cells["value"], measure, note), basis=basis.code, release_date=released,
                        release_status=status, source=cells["source"], confidence=cells["confidence"],
                        use=USE_NO if shown else USE_YES, note=note))
    return finest(table(rows))


def finest(frame: pd.DataFrame) -> pd.DataFrame:
    """Of several copies of one first print the most precise one, the dated one before the estimated."""
    width = pd.to_numeric(frame["half_width"])
    frame = frame.assign(width=width, estimated=frame["release_status"].ne(EXACT))
    frame = frame.sort_values(["width", "estimated", "release_date", "source"], kind="stable")
    kept = frame.drop_duplicates(["series", "measure", "period_start", "period_end", "basis"])
    return kept.drop(columns=["width", "estimated"])


def annual_vintages(region: str, vintages: dict[str, str]) -> pd.DataFrame:
    """Annual totals by yearbook or database vintage; those on a basis of their own are shown only."""
    rows = []
    for cells in records(read_figures("national_retail_annual_vintages.csv")):
        code = vintages.get(cells["series"].partition("@")[2])
        if code is None:  # the December year-to-date figure once more
            continue
        bound = "upper bound" in cells["note"]
        rows.append(row(region=region, series="retail_total", period_start=cells["period_start"], period_end=cells["period_end"],
                        value=float(cells["value"]), half_width=0.05, basis=code, release_date=cells["published_on"],
                        # yearbooks carry the rule's 30 September, not a day that was printed
                        release_status=UPPER_BOUND if bound else ESTIMATED, source=cells["source"], confidence=cells["confidence"],
                        use=USE_YES if bound else USE_NO, note=joined(cells["note"], "" if bound else SHOWN)))
    return table(rows)


def observations(region: str, bases: list[Basis], vintages: dict[str, str]) -> pd.DataFrame:
    """The nation's archive."""
    frame = pd.concat([monthly(region, bases, vintages), annual_vintages(region, vintages)], ignore_index=True)
    return tidy(corrected(frame, region, "observations"))
