"""Evidence beside retail sales: shares, contributions, GDP by vintage, population, income, prices.

Floor F3 (data, build only). It knows how each table dates itself; it must never know what the evidence is used for.
"""

from __future__ import annotations

import re

import pandas as pd

from bayu_forecast.data.building.figures import facts, has_figures, read_figures, records
from bayu_forecast.data.building.rows import ABOUT, corrected, dated_release, national_release, percent, row, table, tidy, undated_unused
from bayu_forecast.schema.names import ESTIMATED, GROWTH, LEVEL, RATIO, UNIT_RATIO, UPPER_BOUND, USE_NO, USE_YES

SEEN = {"vintage 2018: before the 4th census": ("2018-12-31", "gdp_v2018"),
        "vintage 2020/21: after the 4th census": ("2021-12-31", "gdp_v2021"),
        "after the 4th, before the 5th census": ("", "gdp_v2024"),
        "after the 5th census": ("2026-05-01", "gdp_v2026"),
        "NBS database": ("2026-05-01", "database_2026"),
        "household survey, all residents; NBS database as of 2026-05": ("2026-05-01", "database_2026")}
UNITS = {"亿元": "1e8 CNY", "元": "CNY", "万人": "1e4 persons", "%": UNIT_RATIO}
INDICES = {"cpi_index": "cpi", "gdp_volume_index": "gdp_real"}


def decimals(value: str) -> int:
    """Digits printed after the point."""
    return len(value.partition(".")[2])


def rounding(value: str, unit: str, note: str) -> float:
    """Half a unit of the last digit printed, in the unit of the archive; a computed or rounded figure a whole unit."""
    half = 0.5 * 10.0 ** -decimals(value)
    if re.search(r"computed|rounded|about", ABOUT.sub("", note)):
        half *= 2.0
    return half / 100.0 if unit == "%" else half


def measure_of(series: str, unit: str) -> str:
    """Level, growth or ratio, from the name and the unit."""
    if unit != "%":
        return LEVEL
    return GROWTH if re.search(r"growth$|growth_avg$|^cpi", series) and "contribution" not in series else RATIO


def evidence_row(region: str, cells: dict[str, str], series: str, **extra: str) -> dict[str, str]:
    """One figure as an evidence row."""
    unit, value = cells["unit"], cells["value"]
    measure = extra.pop("measure", measure_of(series, unit))
    use = USE_NO if cells["confidence"] == "low" and "rounded" not in cells["note"] else USE_YES
    return row(**{"use": use} | extra, region=region, series=series, measure=measure, period_start=cells["period_start"],
               period_end=cells["period_end"], value=percent(value) if unit == "%" else float(value), unit=UNITS[unit],
               half_width=rounding(value, unit, cells["note"]), source=cells["source"], confidence=cells["confidence"], note=cells["note"])


def shares() -> list[dict[str, str]]:
    """Services share and contribution of consumption, of the nation and of the regions that print a table, with their dates."""
    names = {fact["en"]: name for name, fact in facts()["regions"].items()}
    rows = []
    for cells in records(read_figures("services_share_and_contribution.csv")):
        released, status = dated_release(cells["published_on"], cells["note"])
        if "release estimated" in cells["note"]:
            status = ESTIMATED
        name = "consumption_contribution" if cells["series"].startswith("consumption") else cells["series"]
        rows.append(evidence_row(names[cells["region"]], cells, name, measure=RATIO, basis="printed", release_date=released,
                                 release_status=status, use=USE_YES))
    return rows


def dated_by_vintage(region: str, name_en: str) -> list[dict[str, str]]:
    """GDP by vintage, population, income and consumption per head, each visible from the date its vintage was seen."""
    rows = []
    for name in ("province_gdp_population.csv", "province_income_consumption.csv"):
        frame = read_figures(name)
        for cells in records(frame[frame["region"] == name_en]):
            seen, basis = SEEN[cells["note"]]
            series = cells["series"].removesuffix("_level")
            rows.append(evidence_row(region, cells, series, basis=basis, release_date=seen, release_status=UPPER_BOUND))
    return rows


def expenditure(region: str, name_en: str) -> list[dict[str, str]]:
    """Expenditure GDP of 2007 and 2008; the impossible table is kept and not used."""
    frame = read_figures("province_expenditure_gdp.csv")
    rows = []
    for cells in records(frame[frame["region"] == name_en]):
        year = int(cells["period_start"][:4])
        use = USE_NO if "WARNING" in cells["note"] else USE_YES
        rows.append(evidence_row(region, cells, cells["series"], basis="before_2nd_census", release_date=f"{year + 1}-09-30",
                                 release_status=ESTIMATED, use=use))
    return rows


def indices(region: str, name_en: str) -> list[dict[str, str]]:
    """Consumer prices and GDP volume, previous year = 100, as growth; the database copy has no date of its own."""
    frame = read_figures("province_price_volume_indices.csv")
    rows = []
    for cells in records(frame[frame["region"] == name_en]):
        as_growth = cells | {"unit": "%", "value": f"{float(cells['value']) - 100.0:.1f}"}
        rows.append(evidence_row(region, as_growth, INDICES[cells["series"]], measure=GROWTH, basis="database_2026",
                                 release_date="2026-05-01", release_status=UPPER_BOUND))
    return rows


def finds(region: str) -> list[dict[str, str]]:
    """The region's own annual finds that are not retail prints, dated as they say."""
    rows = []
    for cells in records(read_figures(f"{region}_annual.csv")):
        if cells["series"].startswith(tuple(facts()["not_evidence"])):
            continue
        released, status = dated_release(cells["published_on"], cells["note"])
        series = re.sub(r"_level|_growth", "", cells["series"]) if cells["series"].startswith("gdp") else cells["series"]
        measure = measure_of(cells["series"], cells["unit"])
        rows.append(evidence_row(region, cells, series, measure=measure, basis="first", release_date=released, release_status=status))
    return rows


def consumer_prices(region: str) -> list[dict[str, str]]:
    """Monthly consumer prices of the nation against the year before."""
    rows = []
    for cells in records(read_figures("national_cpi.csv")):
        released, status = national_release(cells["period_start"], cells["period_end"], cells["published_on"])
        rows.append(evidence_row(region, cells | {"note": ""}, "cpi", measure=GROWTH, basis="first", release_date=released,
                                 release_status=status))
    return rows


def evidence(region: str, name_en: str, *, nation: bool) -> pd.DataFrame:
    """All evidence of a region; the nation's holds the contribution tables of every region, so that all can learn from their spread."""
    if nation:
        rows = shares() + consumer_prices(region)
    else:
        rows = dated_by_vintage(region, name_en) + expenditure(region, name_en) + indices(region, name_en)
    if has_figures(f"{region}_annual.csv"):
        rows += finds(region)
    return tidy(undated_unused(corrected(table(rows), region, "evidence")))
