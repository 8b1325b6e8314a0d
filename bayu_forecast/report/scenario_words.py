"""Scenarios in words: what each says, targets, years, what rests on priors, the dose, and the small print.

Floor F7. It lays out what the tables hold; it must never compute a figure that no table holds.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from bayu_forecast.report.layout import DASH, chance, chance_and_error, grid, money, percent, quantity, whole, wrapped
from bayu_forecast.report.scenario import ScenarioReport
from bayu_forecast.report.tables import PRIOR_DRIVEN
from bayu_forecast.schema.names import BASELINE, SERIES, TARGET, UNIT_MONEY

Row = dict[str, Any]
_SIGNS = {">=": "≥", "<=": "≤", "about": "about"}


def as_text(told: ScenarioReport, *, command: str = "") -> str:
    """Write what scenarios answered for a terminal of 100 columns.

    Parameters
    ----------
    told : ScenarioReport
        From :func:`scenario_report`.
    command : str
        The command that asked, for the footer.

    Returns
    -------
    str
        Lines of text; money in 亿元, probabilities in whole per cent with their Monte-Carlo error, differences paired.

    Examples
    --------
    >>> from bayu_forecast.report.scenario import scenario_report
    >>> from bayu_forecast.scenarios import Scenario, ScenarioSet, stop
    >>> plans = ScenarioSet((Scenario("no trade-in", [stop("trade_in", start="2025-02")], as_of="2025-01-31"),))
    >>> print(as_text(scenario_report(plans, horizon="2025-12", samples=300)).splitlines()[0])
    重庆 Chongqing: what if? With what was published by 2025-01-31
    """
    names = {name: f"({i})" for i, name in enumerate(told.scenarios["scenario"])}
    parts = [_title(told, names), _targets(told, names), _years(told, names), _unpaid(told), _effects(told, names), _dose(told),
             _small_print(told), _footer(told, command)]  # fmt: skip
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _records(table: pd.DataFrame) -> list[Row]:
    """Rows as mappings."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _title(told: ScenarioReport, names: dict[str, str]) -> list[str]:
    """Each scenario with its number, titles, statements and flags."""
    lines = [f"{told.region.name_zh} {told.region.name_en}: what if? With what was published by {told.as_of}", ""]
    for row in _records(told.scenarios):
        plan = None if row["scenario"] == BASELINE and BASELINE not in told.plans.names else told.plans[row["scenario"]]
        words = " · ".join(w for w in (row["title_zh"], row["title_en"]) if w) or row["scenario"]
        words = "baseline: as known and announced by the date" if row["scenario"] == BASELINE else words
        lines += wrapped(f"{names[row['scenario']]} {words}", "")
        for verb, statement in [] if plan is None else [*(("do", a) for a in plan.assumptions),
                                                        *((type(c).__name__.lower(), c) for c in plan.conditions)]:  # fmt: skip
            lines += wrapped(f"{verb} {statement}", "      ")
        if row["plausibility_nats"] > 0.0:
            far = math.sqrt(2.0 * row["plausibility_nats"])
            lines += wrapped(f"how far-fetched: {row['plausibility_nats']:.2f} nats, as far as a normal figure {far:.1f} standard "
                             "deviations from its mean", "      ")  # fmt: skip
        lines += [line for flag in filter(None, row["flags"].split("; ")) for line in wrapped(f"! {flag}", "      ")]
    return lines


def _targets(told: ScenarioReport, names: dict[str, str]) -> list[str]:
    """Probability of each target by scenario, with the paired difference to the baseline."""
    if told.targets.empty:
        return []
    lines, silent = [], []
    for _, group in told.targets.groupby(TARGET, sort=False):
        rows = _records(group)
        first = rows[0]
        if all(math.isnan(r["probability"]) for r in rows):
            silent.append(f"{first[TARGET]} ({first['status']})")
            continue
        lines += wrapped(f"{first['text_zh']} ({first[TARGET]}: {_aim(first)})", "  ")
        if first["prior_share"] > PRIOR_DRIVEN:
            lines += wrapped(f"! prior-driven: {100 * first['prior_share']:.0f} % of the variance is prior, not published figures", "    ")
        unit = "亿元" if first["unit"] == UNIT_MONEY else "%"
        table = [["", "probability", "difference, points", f"10 % / median / 90 % ({unit})", *_required_head(first)]]
        for r in rows:
            spread = " / ".join(quantity(r[q], first["unit"]) for q in ("q10", "q50", "q90"))
            met = chance_and_error(r["probability"], r["monte_carlo_error"])
            table.append([names[r["scenario"]], met, _points(r), spread, *_required(r)])
        lines += grid(table, "    ")
    head = ["Probability that a target is met (± Monte-Carlo error in points)"] if lines else []
    return [*head, *lines, *(wrapped(f"No probability: {'; '.join(silent)}.", "  " if lines else "") if silent else [])]


def _aim(row: Row) -> str:
    """What a target asks for."""
    value = f"{money(row['value'])} 亿元" if row["unit"] == UNIT_MONEY else f"{100 * row['value']:g} %"
    return f"{_SIGNS.get(row['op'], row['op'])} {value} in {row['period']}"


def _required_head(row: Row) -> list[str]:
    return [] if math.isnan(row["required_growth_modelled"]) else ["growth required a year"]


def _required(row: Row) -> list[str]:
    """Growth a year required from the modelled last whole year."""
    return [] if math.isnan(row["required_growth_modelled"]) else [percent(row["required_growth_modelled"])]


def _points(row: Row) -> str:
    """A difference of probabilities in points, with its error."""
    if row["scenario"] == BASELINE or math.isnan(row["difference"]):
        return DASH
    return f"{100 * row['difference']:+.1f} ±{max(100 * row['difference_error'], 0.05):.1f}"


def _years(told: ScenarioReport, names: dict[str, str]) -> list[str]:
    """Total and growth by year and scenario, with the paired difference of the total: payback shows in the years after."""
    lines = ["Year by year: total (亿元) and growth, on the basis known at the date"]
    for name, whole_series in told.years.groupby(SERIES, sort=False):
        series = str(name)
        if ":" in series and not whole_series["difference"].abs().gt(0.0).any():
            continue
        table = [["year", "", "total: 10 % / median / 90 %", "growth: 10 % / median / 90 %", "difference to (0)", "80 % of paths"]]
        for _, group in whole_series.groupby("year", sort=False):
            for i, r in enumerate(_records(group)):
                year = str(r["year"]) if i == 0 else ""
                table.append([year, names[r["scenario"]], _spread(r, "total"), _spread(r, "growth"), *_moved(r)])
        lines += ["  " + series, *grid(table, "    ")]
    return lines


def _spread(row: Row, name: str) -> str:
    """Three quantiles."""
    values = [row[f"{name}_{q}"] for q in ("q10", "median", "q90")]
    if math.isnan(values[1]):
        return DASH
    if name == "growth":
        return " / ".join(percent(v).removesuffix(" %") for v in values) + " %"
    return " / ".join(whole(v) for v in values)


def _moved(row: Row) -> list[str]:
    """Mean paired difference with its error, and its range over paths."""
    if row["scenario"] == BASELINE:
        return [DASH]
    ranged = f"{_signed(row['difference_q10'])} to {_signed(row['difference_q90'])}" if row["paired"] else "not paired"
    return [f"{_signed(row['difference'])} ±{row['difference_error']:.1f}", ranged]


def _signed(value: float) -> str:
    """A difference of levels: one decimal where it is small."""
    return f"{value:+,.1f}" if abs(value) < 100.0 else f"{value:+,.0f}"


def _unpaid(told: ScenarioReport) -> list[str]:
    """What programmes have borrowed from the months after the date."""
    lines = []
    for r in _records(told.unpaid_stock):
        lines += wrapped(
            f"Borrowed and not yet repaid on {told.as_of}: {r['zh']} ({r['driver']}) took {whole(r['mean'])} 亿元 of sales from the months "
            f"after it (80 % range {whole(r['stock_q10'])} to {whole(r['stock_q90'])}). Every scenario carries it.", "")  # fmt: skip
    return lines


def _effects(told: ScenarioReport, names: dict[str, str]) -> list[str]:
    """What the answers rest on: effect of one unit, and how much of it figures have said."""
    if told.effects.empty:
        return []
    table = [["", "driver", "moved by", "coefficient: 10 % / median / 90 %", "contraction", "label"]]
    for r in _records(told.effects):
        spread = " / ".join(f"{r[f'coefficient_{q}']:.3g}" for q in ("q10", "median", "q90"))
        table.append([names[r["scenario"]], r["driver"], r["levers"], spread, f"{round(r['contraction'], 2) + 0.0:.2f}", r["label"]])
    return ["What the answers rest on", *grid(table, "  ")]


def _dose(told: ScenarioReport) -> list[str]:
    """The dose that was looked for."""
    if told.dose.empty:
        return []
    r = _records(told.dose)[0]
    head = f"Dose of {r['lever']} for {100 * r['probability']:g} % of {r['target']}: "
    if "dose" not in r:
        return wrapped(head + str(r["status"]) + ".", "")
    within = f"within the bounds the probability goes from {chance(r['probability_without'])} to {chance(r['ceiling'])}"
    flag = [f"! {r['lever']} {r['flag']}"] if r["flag"] else []
    if not r["reachable"]:
        return [*wrapped(f"{head}not reachable; {within}.", ""), *flag]
    return [*wrapped(f"{head}{r['dose']:,.1f} {r['unit']} ±{r['standard_error']:.1f} on top of what is announced; {within}.", ""), *flag]


def _small_print(told: ScenarioReport) -> list[str]:
    """What each number is."""
    lines = ["Definitions"]
    for r in _records(told.targets.drop_duplicates(TARGET)) if len(told.targets) else []:
        lines += wrapped(f"{r[TARGET]}: {r['definition']}. Basis: {r['basis']}. {r['source']}.", "  ")
    texts = (
        "Differences are paired: the same samples with and without the scenario; ± is the standard error of the mean difference, the "
        "80 % range is that of single paths. Outside views (tilt) choose among the samples: their differences are not paired.",
        "A target on its print is judged on the basis on which it is released, with a census revision due before then drawn from past "
        "ones; years and conditions are on the basis known at the date. Growth required runs from the modelled median of the last whole "
        "year.",
        "'do' sets a lever and leaves the rest of the world; 'given', 'impose' and 'tilt' say what was seen and cause nothing. "
        "Contraction is the share of a coefficient's prior variance that figures removed; below 0.2 the effect is prior-driven. "
        "A running programme goes on after its announced end with a stated probability unless a scenario decides it.",
    )
    return lines + [line for text in texts for line in wrapped(text, "  ")]


def _footer(told: ScenarioReport, command: str) -> list[str]:
    """What it takes to get the same numbers again."""
    m = told.meta
    hashes = "; ".join(f"{name} {digest[:16]}" for name, digest in m["data_sha256"].items())
    packages = ", ".join(f"{name} {m[name]}" for name in ("python", "numpy", "scipy", "pandas", "xarray"))
    source = f" ({m['source']})" if m["source"] else ""
    lines = [
        f"To repeat: bayu_forecast {m['library_version']}{source}, seed {m['seed']}, {m['samples']:,} paths, horizon {m['horizon']}",
        f"  data (sha256 of manifest): {hashes}",
        f"  {packages}",
    ]
    return [*lines, f"  command: {command}"] if command else lines
