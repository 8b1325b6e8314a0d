"""A region: its name, what it leans on, its bases, series and print noise, read from ``region.yml``.

Floor F3 (data). It holds facts that the folder states; it must never hold a figure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bayu_forecast.errors import BasisError, SpecificationError
from bayu_forecast.specs import Basis


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrintNoise:
    """Log standard deviation of a print beyond its rounding.

    Attributes
    ----------
    level, level_other : float
        Of a level as first printed, and of one seen in a later vintage, whose growth was revised too.
    growth_first, growth_other : float
        Of a growth rate as first printed, and of one seen in a later vintage (before division by one plus growth).
    """

    level: float
    level_other: float
    growth_first: float
    growth_other: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series that a region publishes.

    Attributes
    ----------
    id, zh, en : str
        Identity and names.
    unit : str
        Unit of its levels.
    resolution : str
        ``month`` or ``year``: the finest period it is published for.
    """

    id: str
    zh: str
    en: str
    unit: str
    resolution: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What ``region.yml`` says of a region.

    Attributes
    ----------
    name, name_zh, name_en, adcode : str
        Identity.
    parent, leans_on : str
        The region above it, and the region whose prints help to read its own; empty for the nation.
    bases : tuple of Basis
        In order of time.
    series : tuple of Series
        What is published of it.
    print_noise : PrintNoise
        How far a print may stand from the path beyond its rounding.
    linked : mapping
        Series that a target needs and the region hardly publishes: for each its kind, the series it hangs on, its evidence.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> region = load_region("chongqing").region
    >>> region.leans_on, region.basis("cq4").taper
    ('china', (2018, 2023))
    """

    name: str
    name_zh: str
    name_en: str
    adcode: str
    parent: str
    leans_on: str
    bases: tuple[Basis, ...]
    series: tuple[Series, ...]
    print_noise: PrintNoise
    linked: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)

    def basis(self, code: str) -> Basis:
        """The basis of this code.

        Parameters
        ----------
        code : str
            Such as ``cq4``.

        Returns
        -------
        Basis
            Its specification.

        Raises
        ------
        BasisError
            When the region states no such basis.
        """
        for basis in self.bases:
            if basis.code == code:
                return basis
        codes = [b.code for b in self.bases]
        raise BasisError(f"region {self.name!r} has no basis {code!r}, only {codes}: add it to region.yml", names=[code], expected=codes)


def _facts(text: str) -> Mapping[str, Any]:
    """What YAML text states, by the safe loader in C where there is one: ten times faster, and every region is read to learn of one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        stated: Mapping[str, Any] = loader.get_single_data()
        return stated
    finally:
        loader.dispose()


def read_region(path: Path) -> Region:
    """Read ``region.yml``.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Region
        Its facts, checked for completeness.

    Raises
    ------
    SpecificationError
        When a field is missing, unknown or wrong.
    """
    stated = _facts(path.read_text(encoding="utf-8"))
    try:
        bases = tuple(Basis(**b | {"taper": tuple(b["taper"]) if b["taper"] else None}) for b in stated["bases"])
        series = tuple(Series(**s) for s in stated["series"])
        rest = {k: v for k, v in stated.items() if k not in ("bases", "series", "print_noise")}
        return Region(bases=bases, series=series, print_noise=PrintNoise(**stated["print_noise"]), **rest)
    except (TypeError, KeyError) as error:
        raise SpecificationError(f"{path.name} of region {stated.get('name', '?')!r} is not well formed: {error}; see docs/data.md",
                                 file=str(path)) from error
