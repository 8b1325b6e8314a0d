"""The charts of the main job, as PNG files in a folder.

Floor F7. It composes figures from the tables of a verdict; it must never change one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayu_forecast.plotting import style
from bayu_forecast.plotting.fan import draw_verdict_fan
from bayu_forecast.plotting.latent import draw_growth, plot_latent
from bayu_forecast.plotting.probability import jump_words, largest_jumps, plot_probability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_JUMPS = 6


def save_charts(told: Any, folder: Path) -> list[Path]:
    """Draw the fan, the probabilities over time and the hidden path.

    Parameters
    ----------
    told : Verdict
        From :func:`bayu_forecast.report.verdict`.
    folder : Path
        Existing folder.

    Returns
    -------
    list of Path
        ``fan.png`` (when a headline target is a level), ``probability.png`` (when there are at least two dates), ``latent.png``.

    Examples
    --------
    >>> import tempfile
    >>> import bayu_forecast as bf
    >>> told = bf.verdict(dates=["2025-01-31"], horizon="2025-12", samples=300, jobs=1)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     [path.name for path in save_charts(told, Path(place))]
    ['fan.png', 'latent.png']
    """
    figures: dict[str, Figure] = {}
    level = next((t for t in told.targets if t.unit == "1e8 CNY"), None)
    if level is not None:
        figures["fan"] = fan_figure(told, level)
    if len(told.dates) > 1:
        figures["probability"] = probability_figure(told)
    figures["latent"] = latent_figure(told)
    for name, figure in figures.items():
        style.save(figure, folder / f"{name}.png")
    return [folder / f"{name}.png" for name in figures]


def _figure(width: float, height: float) -> Figure:
    """A figure of its own canvas: no screen, no state shared with the user's."""
    from matplotlib.figure import Figure as Drawn

    return Drawn(figsize=(width, height))


def fan_figure(told: Any, target: Any) -> Figure:
    """Fan as of the first date."""
    figure = _figure(9.6, 6.0)
    draw_verdict_fan(figure.add_axes((0.085, 0.22, 0.69, 0.71)), told, target)
    note = (
        f"Fan: annual totals of the paths as of {told.dates[0]}, on the basis known then. "
        "Circles: annual totals as printed, hollow if printed after that date;\n"
        "a level on one basis does not compare with one on another. Sources of every print: prints.csv. "
        f"bayu_forecast {told.meta['library_version']}, seed {told.meta['seed']}."
    )
    style.footnote(figure, 0.085, note)
    return figure


def probability_figure(told: Any) -> Figure:
    """Probabilities over time, with the largest jumps of the first target named below."""
    labels = {t.id: f"({i}) {t.id}" for i, t in enumerate(told.targets, 1)}
    prior = set(told.verdict.loc[told.verdict["label"].ne(""), "target"])
    labels = {name: text + ("\n      prior-driven" if name in prior else "") for name, text in labels.items()}
    joint = told.verdict["target"].iloc[len(told.targets)]
    jumps = largest_jumps(told.changes, told.targets[0].id, _JUMPS)
    figure = _figure(10.4, 6.4)
    ax = figure.add_axes((0.07, 0.33, 0.70, 0.59))
    plot_probability(told.probability, labels={**labels, joint: joint}, jumps=jumps, ax=ax)
    lines = [
        "Largest moves of (1), with the print that came out that day (100 million yuan; growth on the year before):",
        *jump_words(jumps),
    ]
    note = (
        f"Each step is a day on which a retail figure of {told.region.name_en} or of what it leans on came out; "
        f"up to {told.sensitivity['samples'].max():,} paths a day. "
        f"bayu_forecast {told.meta['library_version']}, seed {told.meta['seed']}."
    )
    figure.text(0.07, 0.265, "\n".join(lines), fontsize=8.5, va="top", color=style.INK, linespacing=1.5)
    style.footnote(figure, 0.07, note)
    style.finish(
        ax,
        title=f"{told.region.name_en}: probability of the {told.targets[0].period} targets, as each day's prints allowed",
        ylabel="probability, %",
    )
    return figure


def latent_figure(told: Any) -> Figure:
    """Hidden level under its prints, and its growth."""
    figure = _figure(10.4, 8.6)
    top, low = figure.add_axes((0.075, 0.44, 0.905, 0.51)), figure.add_axes((0.075, 0.10, 0.905, 0.25))
    plot_latent(told.model, prints=told.prints, ax=top)
    draw_growth(low, told.model, told.prints)
    low.set_xlim(top.get_xlim())
    style.finish(
        top,
        title=f"{told.region.name_en}: hidden monthly retail sales under every print, as of {told.dates[-1]}",
        ylabel=style.words("en")["month_axis"],
    )
    note = (
        "Thick bars: prints at their monthly mean, on their own basis. Thin bars: the same on the current basis, by the model's step.\n"
        f"Months between prints follow the national pattern and are less certain. bayu_forecast {told.meta['library_version']}."
    )
    style.footnote(figure, 0.075, note)
    return figure
