"""Recognises the regions that a user's table names, and which bases they have.

Floor F3: names and codes from the ``region.yml`` of each folder. Must never read a figure, nor name a region in code.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable
from pathlib import Path

from bayu_forecast.data.read_file import clean
from bayu_forecast.data.region import read_region
from bayu_forecast.errors import UnknownNameError

_FOLDER = Path(__file__).parent / "regions"
_ENDINGS = ("", "市", "省")


@functools.cache
def _codes() -> tuple[str, ...]:
    """Names of the folders."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob("*/region.yml")))


def bundled() -> tuple[str, ...]:
    """Names of the regions that the library holds."""
    return _codes()


@functools.cache
def bundled_series() -> tuple[str, ...]:
    """Names of the series that any of these regions has."""
    regions = [read_region(_FOLDER / code / "region.yml") for code in _codes()]
    return tuple(sorted({series.id for region in regions for series in region.series}))


@functools.cache
def _chinese_names() -> dict[str, str]:
    """Chinese name to folder; the region above all others is the whole country."""
    regions = [read_region(_FOLDER / code / "region.yml") for code in _codes()]
    return {"全国" if not r.parent else r.name_zh: r.name for r in regions} | {r.name_zh: r.name for r in regions}


def place_of(text: str) -> str:
    """The library's name of a region, or the text as it stands.

    Parameters
    ----------
    text : str
        Such as ``chongqing``, ``重庆`` or ``重庆市``.

    Returns
    -------
    str
        Folder name where there is one.

    Examples
    --------
    >>> place_of("重庆市"), place_of("全国"), place_of("Atlantis")
    ('chongqing', 'china', 'Atlantis')
    """
    word = clean(text)
    if word.isascii():
        return word.lower() if word.lower() in _codes() else word
    for name, code in _chinese_names().items():
        rest = word.removeprefix(name)
        if word.startswith(name) and (rest in _ENDINGS or rest.endswith("自治区")):
            return code
    return word


@functools.cache
def bases_of(region: str) -> tuple[str, ...] | None:
    """Codes of a region's bases in their order, or None for a region that the library does not hold."""
    if region not in _codes():
        return None
    return tuple(basis.code for basis in read_region(_FOLDER / region / "region.yml").bases)


def known_bases(regions: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Codes of the bases of each region that the library holds."""
    return {region: codes for region in regions if (codes := bases_of(region)) is not None}


def known_place(text: str) -> str:
    """The library's name of a region that must be one.

    Parameters
    ----------
    text : str
        A name.

    Returns
    -------
    str
        Folder name.

    Raises
    ------
    UnknownNameError
        With the nearest names.

    Examples
    --------
    >>> known_place("chongqin")
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.UnknownNameError: no region 'chongqin', nearest: chongqing, ... Next step: ...
    """
    place = place_of(text)
    if place not in _codes():
        near = ", ".join(difflib.get_close_matches(place.lower(), _codes(), n=3)) or "none"
        raise UnknownNameError(
            f"no region {text!r}, nearest: {near}. Next step: take one of these, or declare your own region with bases=[...] (--bases)",
            got=text, names=_codes(),
        )
    return place
