"""Driver inputs by month: dated statements spread over their months, and a region's share of money stated for the nation.

Floor F3 (data, build only). It spreads what was stated by the rule that the statement names; it must never know an effect.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayu_forecast.data.building.figures import read_figures, records
from bayu_forecast.data.building.rows import joined, text
from bayu_forecast.errors import SchemaError
from bayu_forecast.schema.names import USE_YES

COLUMNS = ("region", "driver", "programme", "month", "value", "unit", "half_width", "status", "announced", "use", "source", "note")
KEY = ["driver", "programme", "month"]
ACTUAL, ASSUMED = "actual", "assumed"


def spread_over(cells: dict[str, str], months: int) -> tuple[list[float], float]:
    """Values of the months of a statement, and the half-width of each."""
    amount, width, rule = float(cells["amount"]), float(cells["half_width"]), cells["spread"]
    if rule == "evenly":
        return [amount / months] * months, width / months
    if rule == "each":
        return [amount] * months, width
    if rule == "ramp":
        return [float(v) for v in np.linspace(0.0, amount, months + 1)[1:]], width
    raise SchemaError(f"driver statement: spread {rule!r} is none of evenly, each, ramp", rows=[cells])


def stated(region: str) -> list[dict[str, str]]:
    """One row a month of every statement about a region, all vintages."""
    frame = read_figures("driver_statements.csv")
    rows = []
    for cells in records(frame[frame["region"] == region]):
        months = pd.date_range(cells["first_month"], cells["last_month"], freq="MS")
        values, width = spread_over(cells, len(months))
        kept = {k: cells[k] for k in ("region", "driver", "programme", "unit", "status", "announced", "use", "source", "note")}
        rows += [kept | {"month": f"{m:%Y-%m-%d}", "value": text(v), "half_width": text(width)}
                 for m, v in zip(months, values, strict=True)]
    return rows


def known_by(rows: list[dict[str, str]], date: str) -> dict[tuple[str, ...], dict[str, str]]:
    """The last row announced by a date of each driver, programme and month."""
    known = {}
    for cells in sorted(rows, key=lambda r: r["announced"]):
        if cells["announced"] <= date:
            known[tuple(cells[k] for k in KEY)] = cells
    return known


def shared(region: str) -> list[dict[str, str]]:
    """A region's assumed part of money stated for another: renewed when the money or the share is; what was paid is never overwritten."""
    listed = read_figures("driver_shares.csv")
    own, rows = stated(region), []
    for driver, shares in listed[listed["region"] == region].groupby("driver"):
        of = shares["of"].iloc[0]
        money = [r for r in stated(of) if r["driver"] == driver]
        last: dict[tuple[str, ...], str] = {}
        for date in sorted({*shares["announced"], *(r["announced"] for r in money)}):
            share = records(shares[shares["announced"].le(date)])[-1:]
            paid = {key for key, r in known_by(own, date).items() if r["status"] == ACTUAL}
            for key, cells in known_by(money, date).items():
                if key in paid or not share:
                    continue
                made = part_of(cells, share[0], region, date)
                rows += [made] if last.get(key) != made["value"] else []
                last[key] = made["value"]
    return rows


def part_of(cells: dict[str, str], share: dict[str, str], region: str, date: str) -> dict[str, str]:
    """One month of money as a region's assumed part of it."""
    value, part = float(cells["value"]), float(share["share"])
    width = value * float(share["half_width"]) + part * float(cells["half_width"])
    note = joined(f"{share['source']}: {share['share']} of the money stated for the nation ({share['note']})", cells["note"])
    return cells | {"region": region, "value": text(round(value * part, 4)), "half_width": text(round(width, 4)), "status": ASSUMED,
                    "announced": date, "note": note}


def drivers(region: str) -> pd.DataFrame:
    """Every dated driver input of a region, all vintages, oldest announcement first within a month."""
    frame = pd.DataFrame([*stated(region), *shared(region)], columns=list(COLUMNS), dtype=str)
    if frame.duplicated([*KEY, "announced"]).any():
        odd = frame[frame.duplicated([*KEY, "announced"], keep=False)]
        raise SchemaError(f"driver inputs of {region}: two values announced on one day for one month", rows=records(odd))
    if not frame["use"].isin([USE_YES, "no"]).all():
        raise SchemaError(f"driver inputs of {region}: use is yes or no", rows=records(frame))
    return frame.sort_values([*KEY, "announced"], kind="stable").reset_index(drop=True)
