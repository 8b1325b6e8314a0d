"""One look for all charts: fonts that exist, thousands separators, a footnote with source and vintage.

Floor F7. It knows matplotlib and words; it must never know what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, PALE, FAN_INK = "#22303c", "#8a97a3", "#1f5fa8"
SERIES_INKS = ("#1f5fa8", "#2e7d32", "#b26a00", "#22303c", "#7b3fa0", "#0b7a75")
BASIS_INKS = ("#9e9e9e", "#8d6e63", "#6a51a3", "#0b7a75", "#d97706", "#b3261e", "#1f5fa8", "#2e7d32")
_CJK = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei", "PingFang SC")
_PLAIN = "DejaVu Sans"
_WORDS = {
    "year_axis": ("100 million yuan a year", "亿元/年"),
    "month_axis": ("100 million yuan a month", "亿元/月"),
    "median": ("median", "中位数"),
    "inner": ("25–75 %", "25–75 %"),
    "outer": ("10–90 %", "10–90 %"),
    "probability_axis": ("probability, %", "概率, %"),
}


class Label(NamedTuple):
    """Words beside the axes about a point in them."""

    text: str
    ink: str
    x: float
    y: float


@lru_cache(maxsize=1)
def cjk_font() -> str:
    """The first installed font that shows Chinese; empty when there is none."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in _CJK if name in installed), "")


def words(language: str) -> dict[str, str]:
    """Labels in Chinese where asked for and a font can show them; English otherwise."""
    place = 1 if language == "zh" and cjk_font() else 0
    return {key: both[place] for key, both in _WORDS.items()}


def basis_ink(rank: Any) -> str:
    """One colour a basis, the same in every chart."""
    return BASIS_INKS[int(rank) % len(BASIS_INKS)]


def axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """The axes given, or new ones of the caller's own backend."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def finish(ax: Axes, *, title: str = "", ylabel: str = "", note: str = "") -> Axes:
    """Title, axis, thousands separators, quiet frame, footnote, fonts."""
    from matplotlib.ticker import FuncFormatter

    ax.set_title(title, loc="left", fontsize=11, color=INK, fontweight="bold")
    ax.set_ylabel(ylabel, color=INK, fontsize=9)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.grid(axis="y", color="#e3e7ea", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.tick_params(colors=INK, labelsize=9)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if note:
        ax.annotate(note, (0, 0), (0, -30), xycoords="axes fraction", textcoords="offset points", va="top", fontsize=7.5, color=PALE)
    apply_fonts(ax)
    return ax


def legend(ax: Axes, **place: Any) -> None:
    """One look for all legends."""
    ax.legend(frameon=False, fontsize=8, **place)


def band(ax: Axes, x: Any, low: Any, high: Any, label: str) -> None:
    """The 10 to 90 % band under a hidden path."""
    ax.fill_between(x, low, high, color=PALE, alpha=0.27, linewidth=0, label=label)


def footnote(figure: Any, left: float, text: str) -> None:
    """Small print at the foot of a page."""
    figure.text(left, 0.015, text, fontsize=7.5, va="bottom", color=PALE)


def side_labels(ax: Axes, labels: Sequence[Label], gap: float) -> None:
    """Labels in a column right of the axes, at least ``gap`` of its height apart, each tied to its point by a thin line."""
    low, high = ax.get_ylim()
    places = spread([(label.y - low) / (high - low) for label in labels], gap)
    # the column slides as a whole where its ends would leave the axes
    slide = max(gap / 2 - min(places), 0.0) + min(1.0 - gap / 2 - max(places), 0.0)
    for label, place in zip(labels, places, strict=True):
        ax.annotate(
            label.text, (label.x, label.y), (1.05, place + slide), textcoords="axes fraction", fontsize=8, color=label.ink, va="center",
            arrowprops={"arrowstyle": "-", "color": label.ink, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 3, "relpos": (0.0, 0.5)},
            annotation_clip=False,
        )  # fmt: skip


def apply_fonts(ax: Axes) -> None:
    """Name on every text only fonts that are installed, so that nothing is missing when it is drawn."""
    from matplotlib.text import Text

    family = [font for font in (cjk_font(), _PLAIN) if font]
    for text in ax.findobj(Text):
        text.set_fontfamily(family)


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Positions of labels moved apart to at least ``gap``, in the same order, each as near as that allows."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    moved = [positions[i] for i in order]
    for _ in range(100):
        tight = [i for i in range(len(moved) - 1) if moved[i + 1] - moved[i] < gap - 1e-9]
        if not tight:
            break
        for i in tight:
            middle = (moved[i] + moved[i + 1]) / 2
            moved[i], moved[i + 1] = middle - gap / 2, middle + gap / 2
    out = [0.0] * len(positions)
    for place, i in enumerate(order):
        out[i] = moved[place]
    return out


def save(figure: Any, path: Any) -> None:
    """Write a PNG without the software and date that would differ from run to run."""
    figure.savefig(path, dpi=160, metadata={"Software": None}, facecolor="white")
