"""Are the names of regions and series those that the library holds, others, or slips of the pen.

Floor F3: names against the ``region.yml`` of each folder. Must never refuse a name that is only new.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from bayu_forecast.data.read_places import bundled, bundled_series
from bayu_forecast.data.read_problems import refuse
from bayu_forecast.data.read_words import SERIES_WORDS
from bayu_forecast.errors import UnknownNameError

#: likeness from which a name that is not known is a known one misspelt
MISSPELT = 0.8
#: likeness from which a known name is worth mentioning
NEAR = 0.4


def check_names(file: str, regions: Iterable[str], series: Iterable[str], *, own_region: bool) -> None:
    """Refuse names that are misspelt ones of the library.

    Parameters
    ----------
    file : str
        Name in the message.
    regions, series : iterable of str
        Names as the archive has them; empty names pass.
    own_region : bool
        Whether the user has declared the bases of the regions: they are then the user's own, whatever they are called.

    Raises
    ------
    UnknownNameError
        With the nearest names.

    Examples
    --------
    >>> check_names("mine.csv", ["atlantis"], ["online_sales"], own_region=False)
    >>> check_names("mine.csv", ["atlantis"], ["retial_total"], own_region=False)
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.UnknownNameError: mine.csv: unknown series: 'retial_total', nearest: retail_total... Next step: ...
    """
    wrong = [] if own_region else _misspelt(regions, bundled())
    if wrong:
        refuse(UnknownNameError, file, "unknown region", wrong, expected="the name of a bundled region, or one that is not almost one",
               step="correct the name; if it is another place, write its Chinese name or declare its bases with bases=[...] (--bases)")
    wrong = _misspelt(series, (*bundled_series(), *SERIES_WORDS))
    if wrong:
        refuse(UnknownNameError, file, "unknown series", wrong, expected="the name of a known series, or one that is not almost one",
               step="correct the name, or call a series of your own less like a known one")


def name_notes(regions: Iterable[str], series: Iterable[str]) -> list[str]:
    """What a user should know of names that the library does not hold."""
    kinds = (("region not bundled", regions, bundled()), ("series that no bundled region has", series, bundled_series()))
    return [f"{what}: {name!r}{_hint(name, known)}" for what, names, known in kinds for name in sorted(set(names) - {"", *known})]


def _hint(name: str, known: Sequence[str], cutoff: float = NEAR) -> str:
    """The nearest known names, or nothing."""
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=cutoff)
    return f", nearest: {', '.join(near)}" if near else ""


def _misspelt(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Names that are almost a known one, with it; a known name with words added is a name of its own."""
    return [f"{name!r}{hint}" for name in sorted(set(names) - set(known))
            if not any(_adds_to(name, word) for word in known) and (hint := _hint(name, known, MISSPELT))]


def _adds_to(name: str, known: str) -> bool:
    """Whether a name is a known one with words around it: whole words between underscores, or Chinese ones."""
    return f"_{known}_" in f"_{name.lower()}_" if known.isascii() else known in name
