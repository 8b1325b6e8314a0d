"""The verdict in words: one table at a glance, the details of each target, what moved it, the outlook, the small print.

Floor F7. It lays out what the tables hold; it must never compute a figure that no table holds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bayu_forecast.report.headline import JOINT
from bayu_forecast.report.layout import chance, chance_and_error, grid, money, percent, quantity, span, whole, wrapped
from bayu_forecast.report.news import top_causes
from bayu_forecast.schema.names import SERIES, TARGET, UNIT_MONEY

if TYPE_CHECKING:
    import pandas as pd

    from bayu_forecast.report.job import Verdict
    from bayu_forecast.specs import Target

Row = dict[str, Any]
_CAUSES = 2
_SIGNS = {">=": "≥", "<=": "≤", "about": "about"}


def as_text(verdict: Verdict, *, command: str = "") -> str:
    """Write the verdict for a terminal of 100 columns.

    Parameters
    ----------
    verdict : Verdict
        From :func:`bayu_forecast.report.verdict`.
    command : str
        The command that asked, for the footer.

    Returns
    -------
    str
        Lines of text; money in 亿元, dates as YYYY-MM-DD, probabilities in whole per cent with their Monte-Carlo error.

    Examples
    --------
    >>> from bayu_forecast.report import verdict
    >>> print(as_text(verdict(dates=["2025-01-31"], horizon="2025-12", samples=300, jobs=1)).splitlines()[0])
    重庆 Chongqing: the targets of 渝府办发〔2021〕42号 (2021-04-30)
    """
    parts = [_title(verdict), _glance(verdict)]
    parts += [_detail(verdict, place, target) for place, target in enumerate(verdict.targets, 1)]
    parts += [_moves(verdict), _outlook(verdict), _later(verdict), _small_print(verdict), _footer(verdict, command)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def aim(target: Target) -> str:
    """What a target asks for: ``≥ 15,500 亿元``, ``about 40 %``."""
    value = f"{money(target.value)} 亿元" if target.unit == UNIT_MONEY else f"{100 * target.value:g} %"
    return f"{_SIGNS.get(target.op, target.op)} {value}"


def _title(verdict: Verdict) -> list[str]:
    """Whose targets, and each in Chinese with its id."""
    head = f"{verdict.region.name_zh} {verdict.region.name_en}: the targets of {verdict.targets[0].source}"
    rows = [(f"({i})", t.text_zh, f"{t.id}: {aim(t)} in {t.period}") for i, t in enumerate(verdict.targets, 1)]
    return [head, "Each row uses only what had been published, announced or issued by its date.", "", *grid(rows)]


def _records(table: pd.DataFrame) -> list[Row]:
    """Rows as mappings."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _rows(verdict: Verdict, target: str) -> list[Row]:
    """Rows of the verdict table of one target, by date."""
    return _records(verdict.verdict[verdict.verdict[TARGET] == target])


def _glance(verdict: Verdict) -> list[str]:
    """Probability by date and target, all jointly, and what happened."""
    ids = [t.id for t in verdict.targets]
    head = ["as of", *[f"({i})" for i in range(1, len(ids) + 1)], "all jointly", "Fréchet bounds"]
    table = [head]
    for day in verdict.dates:
        cells = [next(r for r in _rows(verdict, t) if r["date"] == day) for t in [*ids, JOINT]]
        shown = [chance_and_error(c["probability"], c["monte_carlo_error"]) + (" *" if c["label"] else "") for c in cells]
        table.append([day, *shown, span(cells[-1]["joint_lower"], cells[-1]["joint_upper"])])
    table.append(["happened", *[_happened(verdict, t) for t in verdict.targets]])
    lines = ["Probability that the target is met (± Monte-Carlo error in points)", *grid(table, "  ")]
    if verdict.verdict["label"].ne("").any():
        lines += _prior_driven(verdict)
    return lines


def _prior_driven(verdict: Verdict) -> list[str]:
    """What the star means, and of each target how much is prior over the dates that have one."""
    marked = verdict.verdict[verdict.verdict["label"].ne("")]
    shares = []
    for place, target in enumerate(verdict.targets, 1):
        own = marked.loc[marked[TARGET] == target.id, "prior_share"]
        if len(own):
            shares.append(f"({place}) {span(own.min(), own.max())}")
    text = f"* prior-driven: more than 80 % of the variance is the model's prior, not published figures: {', '.join(shares)}"
    return wrapped(text, "  ")


def _happened(verdict: Verdict, target: Target) -> str:
    """The print of the target's figure, or that there is none."""
    told = verdict.outcomes[target.id]
    return f"{money(told.value)} 亿元" if told.known else "not published"


def _detail(verdict: Verdict, place: int, target: Target) -> list[str]:
    """Sensitivity, fan and, for a level, the growth still required."""
    level, unit = target.unit == UNIT_MONEY, "亿元" if target.unit == UNIT_MONEY else "%"
    low, high = verdict.sensitivity["long_run"].min(), verdict.sensitivity["long_run"].max()
    above = ["", "P, long-run", "10 % / median / 90 %", *(["P, known", "growth a year required", ""] if level else ["prior share"])]
    head = [
        "as of",
        f"at {100 * low:g}–{100 * high:g} %",
        f"({unit})",
        *(["basis", "from last print", "modelled"] if level else ["of variance"]),
    ]
    table = [above, head]
    for r in _rows(verdict, target.id):
        printed = level and r["last_print_year"] >= int(target.period)
        fan = f"{money(r['last_print'])} printed" if printed else " / ".join(quantity(r[q], target.unit) for q in ("q10", "median", "q90"))
        row = [r["date"], span(r["sensitivity_low"], r["sensitivity_high"]), fan]
        table.append(row + (_required(r) if level else [chance(r["prior_share"])]))
    lines = [f"({place}) {target.text_zh}", *grid(table, "  ", 2)]
    return lines + _statuses(verdict, target) + _what_happened(verdict, target) + _readings(verdict, target)


def _required(row: Row) -> list[str]:
    """Probability without a revision, and growth from the last print and from the modelled last year."""
    year = row["last_print_year"]
    start = f" ({year:.0f}: {money(row['last_print'])})" if year and not math.isnan(row["required_growth_from_print"]) else ""
    return [
        chance(row["probability_known_basis"]),
        percent(row["required_growth_from_print"]) + start,
        percent(row["required_growth_from_model"]),
    ]


def _statuses(verdict: Verdict, target: Target) -> list[str]:
    """What was known of the target itself, where that is more than that it is open."""
    dates: dict[str, list[str]] = {}
    for row in _rows(verdict, target.id):
        dates.setdefault(str(row["status"]), []).append(str(row["date"]))
    return [line for status, days in dates.items() if status != "open" for line in wrapped(f"As of {', '.join(days)}: {status}.", "  ")]


def _what_happened(verdict: Verdict, target: Target) -> list[str]:
    """The outcome with its basis, and the same on the basis before."""
    told = verdict.outcomes[target.id]
    if not told.known:
        return ["  What happened: not published."]
    said = "meets" if told.met else "misses"
    text = (
        f"What happened: {money(told.value)} 亿元 for {target.period}, printed on {told.released} on basis {told.basis}, {said} the target"
    )
    if told.overlap:
        text += f"; about {whole(told.older)} on the basis before ({told.older_basis}), by {told.overlap}, the last year printed on both"
    return wrapped(text + ".", "  ")


def _readings(verdict: Verdict, target: Target) -> list[str]:
    """Of an 'about', the three readings at the last date."""
    row = _rows(verdict, target.id)[-1]
    if math.isnan(row["probability_within"]):
        return []
    lower = f"{100 * (target.value - target.tolerance):g}"
    upper = f"{100 * (target.value + target.tolerance):g}"
    text = (
        f"'About' is read as at least {lower} %: {chance(row['probability'])} as of {row['date']}; "
        f"read as at least {100 * target.value:g} %: {chance(row['probability_at_least'])}; "
        f"as {lower}–{upper} %: {chance(row['probability_within'])}."
    )
    return wrapped(text, "  ")


def _moves(verdict: Verdict) -> list[str]:
    """For each interval, the releases that moved the first target most."""
    target = verdict.targets[0].id
    causes = top_causes(verdict.changes, target, _CAUSES)
    told = verdict.verdict[verdict.verdict[TARGET] == target].set_index("date")["probability"]
    lines = []
    for start, end in dict.fromkeys(zip(causes["from"], causes["to"], strict=True)):
        group = causes[causes["from"] == start]
        lines.append(f"  {start} to {end}: {chance(told[start])} to {chance(told[end])}")
        lines += [line for r in _records(group) for line in wrapped(_cause(r), "    ")]
    return (
        [f"What moved (1): the {_CAUSES} largest moves of each interval, in points, with the print that came out", *lines] if lines else []
    )


def _cause(row: Row) -> str:
    """One move with its date and prints."""
    also = f" (also out: {row['also']})" if row["also"] and not row["prints"] else ""
    return f"{100 * row['change']:+.1f}  {row['released']}  {row['prints'] or 'no print of the series'}{also}"


def _outlook(verdict: Verdict) -> list[str]:
    """Growth and level by year, and how the long-run prior moves the median."""
    table, own = verdict.outlook, verdict.outlook[verdict.outlook["long_run"] == "model"]
    if own.empty:
        return []
    names = list(dict.fromkeys(own[SERIES]))
    head = ["year", *[cell for n in names for cell in (f"{_label(verdict, n)}: growth (80 % range)", "亿元")]]
    rows = [head]
    for year, group in own.groupby("year"):
        cells = [f"{year}"]
        for r in _records(group.set_index(SERIES).loc[names]):
            cells += [f"{percent(r['growth_median'])} ({percent(r['growth_q10'])} to {percent(r['growth_q90'])})", whole(r["level_median"])]
        rows.append(cells)
    last, other = own["year"].max(), table[table["long_run"] != "model"]
    there = other[(other["year"] == last) & (other[SERIES] == names[0])]
    sums = [f"{100 * float(r['long_run']):g} %: {percent(r['growth_median'])}" for r in _records(there)]
    lines = [f"Outlook as of {verdict.dates[-1]}: medians, on the basis known then", *grid(rows, "  ")]
    return lines + wrapped(f"Median growth of {last}, {_label(verdict, names[0])}, if long-run growth is set at {'; '.join(sums)}.", "  ")


def _label(verdict: Verdict, series: str) -> str:
    """Region of a series."""
    return series.partition(":")[0].capitalize() if ":" in series else verdict.region.name_en


def _later(verdict: Verdict) -> list[str]:
    """Other targets that were open at the last date."""
    table = verdict.later_targets
    rows = [["year", "target", "P", "status"]]
    for r in _records(table[table["period"] >= int(verdict.dates[-1][:4])]):
        status = str(r["status"]).partition(":")[0]
        rows.append([str(r["period"]), r["text_zh"], chance_and_error(r["probability"], r["monte_carlo_error"]), status])
    return [f"Other targets still open on {verdict.dates[-1]}", *grid(rows, "  ")] if len(rows) > 1 else []


def _small_print(verdict: Verdict) -> list[str]:
    """What each probability is a probability of."""
    lines = ["Definitions"]
    for place, t in enumerate(verdict.targets, 1):
        row = _rows(verdict, t.id)[-1]
        lines += wrapped(
            f"({place}) {t.definition}. Basis: {t.basis}. Unit: {'亿元' if t.unit == UNIT_MONEY else 'ratio'}. {row['source']}.", "  "
        )
    days = "; ".join(f"{r['date']}: {r['vintage']}" for r in _rows(verdict, verdict.targets[0].id))
    lines += wrapped(f"Vintages: {days}.", "  ")
    lines += [line for place, t in enumerate(verdict.targets, 1) for line in _revision(verdict, place, t)]
    lines += wrapped(
        "A target on its print is judged on whatever basis that print is released, with a census revision due before then drawn from past "
        "ones; 'known basis' is the same without a revision. All jointly: the same paths meet every target; the bounds are what the "
        "separate probabilities alone allow. Required growth from the print stays on that print's basis; from the model it starts at the "
        "modelled median of the last whole year. 'long-run' repeats the answer with long-run growth set otherwise, on a coarser grid.",
        "  ",
    )
    return lines


def _revision(verdict: Verdict, place: int, target: Target) -> list[str]:
    """The prior of the census revision behind a level target, by dates that share it."""
    same: dict[str, list[str]] = {}
    for row in _rows(verdict, target.id):
        if not math.isnan(row["revision_location"]):
            prior = (
                f"location {100 * row['revision_location']:+.1f}, scale {100 * row['revision_scale']:.1f}, "
                f"{row['revision_df']:.0f} degrees of freedom, from {row['census_steps']} published census steps"
            )
            same.setdefault(prior, []).append(str(row["date"]))
    if not same:
        return []
    said = "; ".join(f"as of {', '.join(days)}: {prior}" for prior, days in same.items())
    what = f"what parts ({place}) from its 'known basis' is the revision due before the print, Student t in log points"
    none = [day for day in verdict.dates if day not in {d for days in same.values() for d in days}]
    rest = f" None is due as of {', '.join(none)}." if none else ""
    return wrapped(f"Census revision: {what}: {said}.{rest}", "  ")


def _footer(verdict: Verdict, command: str) -> list[str]:
    """What it takes to get the same numbers again."""
    m = verdict.meta
    hashes = "; ".join(f"{name} {digest[:16]}" for name, digest in m["data_sha256"].items())
    packages = ", ".join(f"{name} {m[name]}" for name in ("python", "numpy", "scipy", "pandas", "xarray"))
    source = f" ({m['source']})" if m["source"] else ""
    lines = [
        f"To repeat: bayu_forecast {m['library_version']}{source}, seed {m['seed']}, {m['samples']:,} paths, horizon {m['horizon']}",
        f"  data (sha256 of manifest): {hashes}",
        f"  {packages}",
    ]
    return [*lines, f"  command: {command}"] if command else lines
