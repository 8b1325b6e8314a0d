"""Checks of a single word or number, shared by every statement of a scenario.

Floor F3 (scenarios). Refuses with the place and the next step. Must never know what the word or number is for.
"""

from __future__ import annotations

import math
import numbers
import unicodedata
from typing import Final

from bayu_forecast.scenarios.places import Place, refuse

#: characters of a name, a source or a note
LONGEST: Final = 400


def _unprintable(text: str) -> bool:
    """Whether it holds control characters, halves of characters or line breaks."""
    return any(unicodedata.category(letter) in ("Cc", "Cs", "Cn", "Zl", "Zp") for letter in text)


def check_text(value: object, what: str, place: Place | None, *, empty: bool = False) -> None:
    """Refuse what is no text of one line."""
    if not isinstance(value, str) or (not empty and not value.strip()) or len(value) > LONGEST or _unprintable(value):
        refuse(f"{what} {value!r:.60} is not usable", expected=f"one line of text, at most {LONGEST} characters",
               step=f"state the {what} in a few words", place=place)


def check_number(value: object, what: str, place: Place | None) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        refuse(f"{what} {value!r:.60} is not a number", expected="a finite number", step="state the amount in figures", place=place)
    return float(value)
