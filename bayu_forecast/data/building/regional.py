"""Observations of a province or a city: its own prints where collected, else the yearbook panel and the database vintages.

Floor F3 (data, build only). Which province is which stands in the figures; it must never be named here.
"""

from __future__ import annotations

import pandas as pd

from bayu_forecast.data.building.figures import has_figures, read_figures, records
from bayu_forecast.data.building.rows import (
    MEASURE_OF_UNIT,
    corrected,
    dated_release,
    percent,
    regional_release,
    row,
    table,
    tidy,
    yearbook_release,
)
from bayu_forecast.errors import UnitsError
from bayu_forecast.schema.names import ESTIMATED, GROWTH, LEVEL, UNIT_MONEY, UNIT_RATIO, UPPER_BOUND, USE_NO, USE_YES
from bayu_forecast.specs import Basis

TOTAL = "retail_total"
#: the yearbook in which the levels of 2008 and their official growth first stood
YEARBOOK_2010 = "2010-09-30"
DATABASE_SEEN = "2026-05-01"
QUOTED = "2025-08-06"
FIRST_MODERN_YEAR = 1993
ALONE = "alone on its basis after a jump in the panel: says nothing about growth"


def own_basis(year: int, bases: list[Basis]) -> Basis:
    """The basis on which a year was first printed: the first in the list that holds it and is not a later revision."""
    return next(b for b in bases if b.first_year <= year <= b.last_year)


def common(cells: dict[str, str], region: str) -> dict[str, str]:
    """Cells that go through unchanged."""
    return {"region": region, **{k: cells[k] for k in ("period_start", "period_end", "source", "confidence", "note")}}


def prints(region: str) -> pd.DataFrame:
    """The collected prints of a region, ratios in place of percentages."""
    frame = corrected(read_figures(f"{region}_prints.csv"), region, "prints")
    odd = frame["measure"].ne(frame["unit"].map(MEASURE_OF_UNIT))
    if odd.any():
        raise UnitsError(f"{region}_prints.csv: unit and measure disagree in {records(frame[odd])}; state it in corrections.csv",
                         rows=list(frame.index[odd]))
    growth = frame["measure"].eq(GROWTH)
    for column in ("value", "half_width"):
        frame.loc[growth, column] = [f"{percent(v):.10g}" for v in frame.loc[growth, column]]
    frame["unit"] = growth.map({True: UNIT_RATIO, False: UNIT_MONEY})
    return frame


def later_growth(region: str, bases: list[Basis], known: pd.DataFrame) -> pd.DataFrame:
    """Annual official growth that the collected prints lack, from the raw annual finds."""
    have = set(known.loc[known["measure"].eq(GROWTH) & known["series"].eq(TOTAL), "period_start"].str[:4]
               + known.loc[known["measure"].eq(GROWTH) & known["series"].eq(TOTAL), "period_end"])
    rows = []
    for cells in records(read_figures(f"{region}_annual.csv")):
        key = cells["period_start"][:4] + cells["period_end"]
        if cells["series"] != "trscg_growth" or key in have:
            continue
        released, status = dated_release(cells["published_on"], cells["note"])
        computed = cells["confidence"] == "low"
        rows.append(row(**common(cells, region), series=TOTAL, measure=GROWTH, value=percent(cells["value"]), half_width=0.0005,
                        basis=own_basis(int(key[:4]), bases).code, release_date=released, release_status=status,
                        use=USE_NO if computed or not released else USE_YES))
    return table(rows)


def panel_release(cells: dict[str, str]) -> tuple[str, str]:
    """Release date and status of a panel value: a revision is never dated by the rule for first prints."""
    if "equals China Statistical Yearbook 2010" in cells["note"]:
        return YEARBOOK_2010, ESTIMATED
    return yearbook_release(cells["period_end"])


def panel(region: str, name_en: str, bases: list[Basis]) -> pd.DataFrame:
    """Yearbook values since 1993; the older concept stays out."""
    frame = read_figures("province_retail_1978_2017.csv")
    rows = []
    for cells in records(frame[frame["region"] == name_en]):
        year = int(cells["period_start"][:4])
        if year < FIRST_MODERN_YEAR:
            continue
        released, status = panel_release(cells)
        rows.append(row(**common(cells, region), series=TOTAL, value=float(cells["value"]), half_width=0.05,
                        basis=own_basis(year, bases).code, release_date=released, release_status=status))
    return table(rows)


def database(region: str, name_en: str, bases: list[Basis]) -> pd.DataFrame:
    """The database after the 5th economic census and the last yearbook before it."""
    frame = read_figures("province_retail_vintages.csv")
    first_print = next(b for b in bases if b.taper)
    rows = []
    for cells in records(frame[frame["region"] == name_en]):
        if cells["note"].startswith("before the 4th"):  # the panel's last two years once more
            continue
        revised = cells["note"].startswith("NBS database")
        released, status = (DATABASE_SEEN, UPPER_BOUND) if revised else yearbook_release(cells["period_end"])
        rows.append(row(**common(cells, region), series=TOTAL, value=float(cells["value"]), half_width=0.05,
                        basis=bases[-1].code if revised else first_print.code, release_date=released, release_status=status))
    return table(rows)


def yearbook_growth(region: str, name_en: str, bases: list[Basis]) -> pd.DataFrame:
    """Official growth of 2008 and 2009 and whatever a bureau or the press printed since; levels of the panel are not repeated."""
    frame = read_figures("province_retail_yearbooks.csv")
    rows = []
    for cells in records(frame[frame["region"] == name_en]):
        year = int(cells["period_start"][:4])
        annual, growth = cells["series"].startswith("retail_total_annual"), cells["unit"] == "%"
        if annual and not growth:
            continue
        if annual and year < 2010:
            released, status = YEARBOOK_2010, ESTIMATED
        else:
            released, status = regional_release(cells["period_start"], cells["period_end"], cells["published_on"])
        basis = own_basis(year, bases) if year < 2025 else bases[-1]
        rows.append(row(**common(cells, region), series=TOTAL, measure=GROWTH if growth else LEVEL,
                        value=percent(cells["value"]) if growth else float(cells["value"]), half_width=0.0005 if growth else 0.005,
                        basis=basis.code, release_date=released, release_status=status))
    return table(rows)


def lonely_unused(frame: pd.DataFrame, breaks: list[str]) -> pd.DataFrame:
    """A level alone on a basis cut off by a jump is kept and not used."""
    levels = frame["measure"].eq(LEVEL) & frame["basis"].isin(breaks)
    used = levels & frame["use"].eq(USE_YES)
    alone = used & used.groupby(frame["basis"]).transform("sum").eq(1)
    frame.loc[alone, "use"] = USE_NO
    frame.loc[alone, "note"] = [f"{n}; {ALONE}" for n in frame.loc[alone, "note"]]
    return frame


def observations(region: str, name_en: str, bases: list[Basis], cut: list[str]) -> pd.DataFrame:
    """The region's archive; ``cut`` names the bases that a jump in the panel has split."""
    bridging = yearbook_growth(region, name_en, bases)
    if has_figures(f"{region}_prints.csv"):
        own = pd.concat([prints(region), bridging], ignore_index=True)
        frame = pd.concat([own, later_growth(region, bases, own)], ignore_index=True)
    else:
        frame = pd.concat([panel(region, name_en, bases), database(region, name_en, bases), bridging], ignore_index=True)
    return tidy(lonely_unused(corrected(frame, region, "observations"), cut))
