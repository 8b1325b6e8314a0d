"""Numbers and columns as an economist prints them, in widths that count a Chinese character as two.

Floor F7. It formats; it must never know what it formats.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

from bayu_forecast.paths import show_probability

WIDTH = 98
DASH = "–"
_WHOLE = 0.01


def width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, columns: int) -> str:
    """Fill up with blanks on the right."""
    return text + " " * (columns - width(text))


def grid(rows: Sequence[Sequence[str]], indent: str = "", gap: int = 3) -> list[str]:
    """Rows with aligned columns; short rows end early."""
    columns = max(len(row) for row in rows)
    widths = [max((width(row[i]) for row in rows if len(row) > i), default=0) for i in range(columns)]
    return [(indent + (" " * gap).join(pad(cell, w) for cell, w in zip(row, widths, strict=False))).rstrip() for row in rows]


def wrapped(text: str, indent: str) -> list[str]:
    """A paragraph within the width, later lines indented further."""
    lines, line = [], indent
    for word in text.split():
        if line.strip() and width(line) + 1 + width(word) > WIDTH:
            lines.append(line)
            line = f"{indent}    "
        line += word if not line.strip() else f" {word}"
    return [*lines, line]


def chance(p: float) -> str:
    """Probability in whole per cent, never 0 % nor 100 %."""
    return show_probability(p, _WHOLE)


def chance_and_error(p: float, error: float) -> str:
    """Probability with its Monte-Carlo error in points."""
    return DASH if math.isnan(p) else f"{chance(p)} ±{max(100 * error, 0.1):.1f}"


def span(low: float, high: float) -> str:
    """Two probabilities as a range."""
    if math.isnan(low):
        return DASH
    first, second = chance(low), chance(high)
    return first if first == second else f"{first.removesuffix(' %')}–{second}"


def money(level: float) -> str:
    """A level with thousands separators, no more decimals than it has."""
    return DASH if math.isnan(level) else f"{level:,.2f}".rstrip("0").rstrip(".")


def whole(level: float) -> str:
    """A modelled level: no decimals, they would claim too much."""
    return DASH if math.isnan(level) else f"{level:,.0f}"


def percent(ratio: float) -> str:
    """A growth rate with its sign and one decimal."""
    return DASH if math.isnan(ratio) else f"{100 * ratio:+.1f} %"


def quantity(value: float, unit: str) -> str:
    """A modelled quantity in its unit: a level, or a share in per cent."""
    if math.isnan(value):
        return DASH
    return f"{100 * value:.0f}" if unit in ("1", "ratio") else whole(value)
