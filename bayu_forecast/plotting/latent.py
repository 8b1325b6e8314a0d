"""The hidden path under its prints: level on every basis, and growth against the growth that was printed.

Floor F7. It draws a fitted model; it must never fit one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayu_forecast.plotting import style
from bayu_forecast.plotting.data import growth_bars, latent_data, print_bars

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bayu_forecast.models import StructuralForecaster


def plot_latent(model: StructuralForecaster, *, prints: pd.DataFrame | None = None, language: str = "en", ax: Axes | None = None) -> Axes:
    """Draw the hidden monthly path of a fitted model with every print of its series on the print's own basis.

    A level print is a bar over its months at its monthly mean: it must touch the path's mean over those months once it is
    brought to the current basis (thin bars); as printed on an older basis it stands apart by that basis' step.

    Parameters
    ----------
    model : StructuralForecaster
        Fitted.
    prints : DataFrame, optional
        All prints of the series, such as ``bf.verdict().prints``; those that the model reads by default.
    language : str
        ``en``, or ``zh`` where a font can show it.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        Log scale, 1e8 CNY a month.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2021-04-30")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> plot_latent(model, ax=Figure().add_subplot()).get_yscale()
    'log'
    """
    ax = style.axes(ax, (10.0, 5.4))
    path, bars = latent_data(model), print_bars(model, prints)
    x: Any = path.index
    ax.plot(x, path["level_median"], color=style.PALE, linewidth=0.8, label="hidden month (median)", zorder=2)
    ax.plot(
        x - pd.DateOffset(months=5), path["smooth_median"], color=style.INK, linewidth=1.8, label="mean over 12 months, centred", zorder=3
    )
    style.band(ax, x, path["level_q10"], path["level_q90"], "10–90 %")
    _level_bars(ax, bars)
    ax.set_yscale("log")
    _plain_log_ticks(ax)
    style.legend(ax, loc="upper left", ncols=2)
    return style.finish(ax, ylabel=style.words(language)["month_axis"])


def _level_bars(ax: Axes, bars: pd.DataFrame) -> None:
    """Level prints as bars over their months: thick as printed, thin on the current basis."""
    levels = bars[bars["measure"] == "level"]
    for rank, group in levels.groupby("basis_rank"):
        ink = style.basis_ink(rank)
        years = group["end"].dt.year
        label = f"prints on {group['basis'].iloc[0]} ({years.min()}–{years.max()})"
        ax.hlines(group["height"], group["start"], group["end"], color=ink, linewidth=3.0, label=label, zorder=4)
        moved = group[(group["comparable"] / group["height"] - 1.0).abs() > 1e-9]
        ax.hlines(moved["comparable"], moved["start"], moved["end"], color=ink, linewidth=1.0, zorder=4)


def _plain_log_ticks(ax: Axes) -> None:
    """1, 2, 5 times a power of ten, written out."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.yaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_minor_formatter(NullFormatter())


def draw_growth(ax: Axes, model: StructuralForecaster, prints: pd.DataFrame | None = None) -> Axes:
    """Growth of the last twelve months over the twelve before, with the growth printed for whole years."""
    path, bars = latent_data(model), print_bars(model, prints)
    x: Any = path.index
    style.band(ax, x, 100 * path["growth_q10"], 100 * path["growth_q90"], "10–90 %")
    ax.plot(x, 100 * path["growth_median"], color=style.INK, linewidth=1.6, label="last 12 months over the 12 before (median)")
    printed = growth_bars(bars)
    for rank, group in printed.groupby("basis_rank"):
        ax.scatter(
            group["end"],
            100 * group["value"],
            s=34,
            color=style.basis_ink(rank),
            zorder=5,
            label=f"printed for the year, {group['basis'].iloc[0]}",
        )
    ax.axhline(0.0, color=style.PALE, linewidth=0.8)
    style.legend(ax, loc="upper right", ncols=3)
    top = float(np.nanmax(100 * path["growth_q90"]))
    ax.set_ylim(None, 1.35 * top)
    return style.finish(ax, ylabel="growth, %", title="Growth, on a comparable basis")
