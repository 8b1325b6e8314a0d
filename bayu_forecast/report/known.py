"""What is known before anything is modelled, in words: a policy's levers, and a region's data on a date.

Floor F7. It lays out tables of the data; it must never fit nor simulate.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from bayu_forecast.data.region import Region, Series
from bayu_forecast.report.ask import MAIN, region_data
from bayu_forecast.report.layout import grid, money, percent, wrapped
from bayu_forecast.schema.names import LEVEL, USE_YES

if TYPE_CHECKING:
    from bayu_forecast.data.snapshot import Snapshot

_SHOWN = 12


def policy_text(table: pd.DataFrame) -> str:
    r"""Write a policy as one row a responsibility, under its actions.

    Parameters
    ----------
    table : DataFrame
        From :func:`bayu_forecast.policy_table`.

    Returns
    -------
    str
        Lines of text.

    Examples
    --------
    >>> from bayu_forecast.data import policy_table
    >>> policy_text(policy_table()).count("\n") > 30
    True
    """
    region = region_data(str(table["region"].iloc[0])).region
    first = table.iloc[0]
    head = f"{region.name_zh} {region.name_en}: the levers of {first['source']} ({pd.Timestamp(first['issued']):%Y-%m-%d})"
    rows = [["id", "", "title", "moves (weight)", "evidence", "status"]]
    for _, row in table.iterrows():
        drivers = ", ".join(f"{name} {weight:g}" for name, weight in row["drivers"].items()) or "nothing"
        rows.append([row["id"], row["title_zh"], row["title_en"], drivers, row["evidence_grade"], row["status"].removeprefix("lever; ")])
    actions = table.loc[table["action"].ne(""), ["action", "action_zh", "action_en"]].drop_duplicates()
    over = [[a, zh, en] for a, zh, en in actions.itertuples(index=False)]
    lines = [head, "", *grid(rows, gap=2), "", "An action is a lever over its measures:", *grid(over, "  ", 2), ""]
    lines += wrapped("Evidence: A studied here, B studied elsewhere, C prior only. Intensity 1 is as planned, 0 without it; safeguards act "
                     "on how much of announced money is paid.", "")  # fmt: skip
    return "\n".join(lines)


def policy_json(table: pd.DataFrame) -> str:
    """Return a policy as a JSON list of rows.

    Parameters
    ----------
    table : DataFrame
        From :func:`bayu_forecast.policy_table`.

    Returns
    -------
    str

    Examples
    --------
    >>> from bayu_forecast.data import policy_table
    >>> len(json.loads(policy_json(policy_table())))
    30
    """
    rows = table.assign(issued=table["issued"].dt.strftime("%Y-%m-%d")).to_dict("records")
    return json.dumps(rows, ensure_ascii=False, indent=1, default=list)


def data_text(known: Snapshot) -> str:
    """Write what is known of a region on a date.

    Parameters
    ----------
    known : Snapshot
        From ``load_region(...).as_of(...)``.

    Returns
    -------
    str
        Series with their last prints, bases, drivers, targets.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> print(data_text(load_region("chongqing").as_of("2025-01-31")).splitlines()[0])
    重庆 Chongqing: known by 2025-01-31
    """
    region, log = known.region, known.data_log()
    lines = [f"{region.name_zh} {region.name_en}: known by {known.as_of}", "", "Series: rows, and the last print"]
    for name, other in known.regions.items():
        lines += _series(name, other, log[log["region"].eq(name) & log["table"].eq("observations")], own=name == region.name)
    beside = log[log["table"].eq("evidence") & log["region"].eq(region.name)]
    if len(beside):
        names = ", ".join(f"{s} {n}" for s, n in beside["series"].value_counts().head(_SHOWN).items())
        lines += wrapped(f"evidence beside: {len(beside)} rows: {names}", "  ")
    return "\n".join([*lines, *_bases(region), *_drivers(known), *_targets(known)])


def _series(name: str, region: Region, log: pd.DataFrame, *, own: bool) -> list[str]:
    """A line a series; of the region that is leaned on only the main one."""
    named = {s.id: s for s in region.series}
    rows = []
    for series, group in log.groupby("series"):
        if own or series == MAIN:
            rows.append([name, str(series), _name(named.get(str(series))), f"{len(group)} rows", _last(group)])
    more = 0 if own else log["series"].nunique() - len(rows)
    return [*grid(rows, "  "), *([f"  {name}: and {more} more series"] if more > 0 else [])] if rows else []


def _name(series: Series | None) -> str:
    return series.zh if series is not None else ""


def _last(rows: pd.DataFrame) -> str:
    """The last print: period, figure, basis, release, and how its date is known."""
    used = rows[rows["use"].eq(USE_YES)]
    row = (used if len(used) else rows).sort_values(["period_end", "release_date", "measure"], kind="stable").iloc[-1]
    figure = f"{money(row['value'])} 亿元" if row["measure"] == LEVEL else percent(row["value"])
    start, end = pd.Timestamp(row["period_start"]), pd.Timestamp(row["period_end"])
    period = f"{start:%Y-%m}" if start.to_period("M") == end.to_period("M") else f"{start:%Y-%m}..{end:%Y-%m}"
    released = f"{pd.Timestamp(row['release_date']):%Y-%m-%d}, {str(row['release_status']).replace('_', ' ')}"
    return f"{period}: {figure} ({row['basis']}; {released})"


def _bases(region: Region) -> list[str]:
    """Bases in order of time."""
    rows = [[b.code, f"{b.first_year}–{b.last_year}", b.note] for b in region.bases]
    return ["", "Bases of the levels, as documented", *[line for r in rows for line in wrapped(" ".join(r), "  ")]]


def _drivers(known: Snapshot) -> list[str]:
    """A line a driver: its kind, what is stated of it by the date, its prior."""
    rows = [["driver", "", "kind", "stated months", "programmes", "prior held since"]]
    for spec in known.driver_specs:
        own = known.drivers[known.drivers["driver"].eq(spec.id)]
        months = f"{own['month'].min():%Y-%m} to {own['month'].max():%Y-%m}" if len(own) else "none"
        programmes = "; ".join(f"{r}: {', '.join(sorted(set(g['programme'])))}" for r, g in own.groupby("region")) if len(own) else ""
        rows.append([spec.id, spec.zh, spec.kind, months, programmes, f"{spec.published}"])
    return ["", "Drivers", *grid(rows, "  ")] if len(rows) > 1 else []


def _targets(known: Snapshot) -> list[str]:
    """Targets issued by the date."""
    still = {t.id for t in known.targets}
    rows = [[t.id, t.text_zh, f"{t.period}", f"issued {t.issued}", "open" if t.id in still else "closed"] for t in known.targets_issued]
    return ["", "Targets", *grid(rows, "  ")] if rows else ["", "No target was issued by the date."]
