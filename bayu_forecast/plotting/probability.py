"""Probabilities over time: steps on the days on which something was published, with the largest jumps named.

Floor F7. It draws a table of probabilities; it must never compute one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayu_forecast.plotting import style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes


def plot_probability(
    table: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    jumps: pd.DataFrame | None = None,
    language: str = "en",
    ax: Axes | None = None,
) -> Axes:
    """Draw the probability of each target over the dates of knowledge.

    Parameters
    ----------
    table : DataFrame
        Columns ``date``, ``target``, ``probability`` (ratio), such as ``bf.verdict().probability``.
    labels : mapping, optional
        Target to label; targets that it lacks are left out. All, by id, when None.
    jumps : DataFrame, optional
        Columns ``released``, ``after``, ``number``: points to mark with a number.
    language : str
        ``en``, or ``zh`` where a font can show it.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        One stepped line a target, in per cent, labelled at its end.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"date": ["2021-04-30", "2022-01-31"], "target": "t", "probability": [0.5, 0.75]})
    >>> plot_probability(table, ax=Figure().add_subplot()).lines[0].get_ydata().tolist()
    [50.0, 75.0]
    """
    ax = style.axes(ax, (9.0, 5.0))
    wide = table.pivot(index="date", columns="target", values="probability").sort_index() * 100.0
    wide.index = pd.DatetimeIndex(wide.index)
    named = dict(labels) if labels is not None else {str(name): str(name) for name in wide.columns}
    places = style.spread([float(wide[name].iloc[-1]) for name in named], 9.0)
    for ink, (name, label), place in zip(style.SERIES_INKS * 2, named.items(), places, strict=False):
        ax.step(wide.index, wide[name], where="post", color=ink, linewidth=1.9)
        ax.annotate(label, (1.01, place), xycoords=("axes fraction", "data"), color=ink, fontsize=8.5, va="center")
    if jumps is not None:
        _mark(ax, jumps)
    ax.set_ylim(0, 104)
    ax.margins(x=0.0)
    return style.finish(ax, ylabel=style.words(language)["probability_axis"])


def _mark(ax: Axes, jumps: pd.DataFrame) -> None:
    """Numbered discs on the points after the jumps."""
    points = zip(pd.DatetimeIndex(jumps["released"]), 100.0 * jumps["after"], jumps["number"], strict=True)
    for day, height, number in points:
        ax.annotate(
            str(number),
            (day, height),
            ha="center",
            va="center",
            fontsize=8,
            color="white",
            zorder=6,
            fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.22", "facecolor": style.SERIES_INKS[0], "edgecolor": "white"},
        )


def largest_jumps(changes: pd.DataFrame, target: str, most: int) -> pd.DataFrame:
    """The largest named moves of a target, numbered in the order of their dates."""
    named = changes[(changes["target"] == target) & changes["released"].ne("") & changes["prints"].ne("")]
    top = named.reindex(named["change"].abs().sort_values(ascending=False, kind="stable").index).head(most).sort_values("released")
    return top.assign(number=range(1, len(top) + 1))


def jump_words(jumps: pd.DataFrame) -> list[str]:
    """One line a numbered jump: date, points, prints."""
    columns = (jumps[name].tolist() for name in ("number", "released", "change", "prints"))
    return [f"{number}  {day}  {100 * change:+.0f} points   {prints}" for number, day, change, prints in zip(*columns, strict=True)]
