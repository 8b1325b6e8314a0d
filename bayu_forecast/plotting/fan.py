"""The fan chart: past prints on their bases, the fan of the paths, a target and what happened.

Floor F7. It draws what it is given; it must never read the archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from bayu_forecast.plotting import style
from bayu_forecast.plotting.data import fan_data

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: least distance of two labels beside the axes, of the axes' height: three lines of small print and a blank
_LABEL_GAP = 0.115


def plot_fan(
    paths: xr.Dataset,
    *,
    series: str | None = None,
    frequency: str = "year",
    scenario: str | None = None,
    printed: bool = False,
    language: str = "en",
    ax: Axes | None = None,
) -> Axes:
    """Draw the fan of one series of any sample paths.

    Parameters
    ----------
    paths : Dataset
        Sample paths.
    series, scenario : str, optional
        The region's first series and the first scenario by default.
    frequency : str
        ``year`` (annual totals) or ``month``.
    printed : bool
        As it will be printed, with census revisions still to come; otherwise on the basis known at the date.
    language : str
        ``en``, or ``zh`` where a font can show it.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        With the fan: median, 25-75 % and 10-90 % over samples.

    Raises
    ------
    SchemaError, UnknownNameError, HorizonError
        When the paths hold no such series, scenario or whole year.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from bayu_forecast.paths import as_sample_paths
    >>> paths = as_sample_paths(np.ones((1, 5, 1, 36)), series=["x"], start="2024-01", as_of="2025-01-31")
    >>> ax = plot_fan(paths, ax=Figure().add_subplot())
    >>> ax.lines[0].get_ydata().tolist()
    [12.0, 12.0, 12.0]
    """
    table = fan_data(paths, series=series, frequency=frequency, scenario=scenario, printed=printed)
    said = style.words(language)
    ax = style.axes(ax, (8.0, 4.8))
    draw_fan(ax, table, said)
    # above the axes: whatever the caller draws into them later meets no words
    style.legend(ax, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3)
    if frequency == "year":
        whole_years(ax)
    return style.finish(
        ax,
        ylabel=said[f"{frequency}_axis"],
        title=series or "",
        note=f"as of {paths.attrs.get('as_of', '')}; "
        f"{'as printed, with census revisions to come' if printed else 'basis known at the date'}",
    )


def draw_fan(ax: Axes, table: pd.DataFrame, said: dict[str, str]) -> None:
    """Median and two bands over the table's index."""
    x: Any = table.index
    ax.plot(x, table["median"], color=style.FAN_INK, linewidth=1.8, label=said["median"])
    ax.fill_between(x, table["q25"], table["q75"], color=style.FAN_INK, alpha=0.30, linewidth=0, label=said["inner"])
    ax.fill_between(x, table["q10"], table["q90"], color=style.FAN_INK, alpha=0.14, linewidth=0, label=said["outer"])


def whole_years(ax: Axes) -> None:
    """Ticks on whole years only, and no separator in them."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")


def draw_verdict_fan(ax: Axes, told: Any, target: Any, first_year: int = 2012) -> Axes:
    """Fan as of the first date, with past and later prints, the target and what happened."""
    day, said, year = told.dates[0], style.words("en"), target.period
    series = told.path["series"].iloc[0]
    mine = told.path[(told.path["date"] == day) & (told.path["series"] == series) & (told.path["year"] <= year)].set_index("year")
    known, printed = mine[mine["basis"] == "known at the date"], mine[mine["basis"] == "as printed"]
    draw_fan(ax, known[known.index >= int(day[:4]) - 1], said)
    inks = _prints(ax, told.prints, day, first_year)
    due = abs(printed.loc[year, "median"] / known.loc[year, "median"] - 1.0) > 1e-9
    labels = [_as_printed(ax, printed.loc[year], year, due), _target(ax, target, year), *_outcome(ax, told.outcomes[target.id], year, inks)]
    ax.set_xlim(first_year - 0.6, year + 0.9)
    ax.set_ylim(0, None)
    whole_years(ax)
    ax.set_xticks(range(first_year + (year - first_year) % 2, year + 1, 2))
    style.side_labels(ax, labels, _LABEL_GAP)
    style.legend(ax, loc="upper left", bbox_to_anchor=(-0.01, -0.07), ncols=4)
    return style.finish(
        ax, ylabel=said["year_axis"], title=f"{told.region.name_en}: total retail sales, and what was expected of it on {day}"
    )


def _prints(ax: Axes, rows: pd.DataFrame, day: str, first_year: int) -> dict[str, str]:
    """Annual totals as printed, one colour a basis; hollow where printed after the date."""
    inks: dict[str, str] = {}
    whole = (rows["period_start"].dt.month == 1) & (rows["period_end"].dt.month == 12) & (rows["measure"] == "level")
    rows = rows[whole & (rows["period_end"].dt.year >= first_year)].drop_duplicates(["period_end", "basis"], keep="last")
    for rank, group in rows.groupby("basis_rank"):
        ink, code, year = style.basis_ink(rank), group["basis"].iloc[0], group["period_end"].dt.year
        span = f"{year.min()}–{year.max()}" if year.nunique() > 1 else f"{year.min()}"
        late = group["release_date"] > pd.Timestamp(day)
        ax.scatter(year[~late], group["value"][~late], s=26, color=ink, zorder=4)
        ax.scatter(year[late], group["value"][late], s=26, facecolors="white", edgecolors=ink, linewidths=1.4, zorder=4)
        ax.scatter([], [], s=26, color=ink, label=f"printed on basis {code} ({span})")
        inks[code] = ink
    return inks


def _as_printed(ax: Axes, row: pd.Series[float], year: int, due: bool) -> style.Label:
    """Beside the fan, the target year as it will be printed: with a census revision where one is still to come."""
    x = year + 0.4
    ax.vlines(x, row["q10"], row["q90"], color=style.FAN_INK, linewidth=1.6)
    ax.hlines([row["q10"], row["median"], row["q90"]], x - 0.08, x + 0.08, color=style.FAN_INK, linewidth=1.6)
    words = f"{year} as printed, with the\ncensus revision to come" if due else f"{year} as printed"
    return style.Label(f"{words}:\n10 %, median, 90 %", style.FAN_INK, x, row["q90"])


def _target(ax: Axes, target: Any, year: int) -> style.Label:
    """The level asked for."""
    ax.axhline(target.value, color=style.INK, linewidth=1.2, linestyle=(0, (5, 3)))
    return style.Label(f"target for {target.period}: {target.value:,.0f}", style.INK, year + 0.9, target.value)


def _outcome(ax: Axes, outcome: Any, year: int, inks: dict[str, str]) -> list[style.Label]:
    """What was printed for the target year, and the same on the basis before, in the colours of their bases."""
    if not outcome.known:
        return []
    ink = inks.get(outcome.basis, style.INK)
    ax.scatter([year], [outcome.value], s=70, marker="D", color=ink, zorder=6)
    labels = [style.Label(f"printed {outcome.released}:\n{outcome.value:,.1f} on basis {outcome.basis}", ink, year, outcome.value)]
    if outcome.overlap:
        ink = inks.get(outcome.older_basis, style.INK)
        ax.scatter([year], [outcome.older], s=60, marker="D", facecolors="white", edgecolors=ink, linewidths=1.6, zorder=5)
        labels.append(style.Label(f"the same on basis {outcome.older_basis}:\nabout {outcome.older:,.0f}", ink, year, outcome.older))
    return labels
