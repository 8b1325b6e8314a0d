"""Units in which a scenario may be written, and their conversion into the unit of a lever or a figure.

Floor F3 (scenarios). Money is converted into 1e8 CNY, shares and growth into ratios. Must never guess a unit that is not stated.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from bayu_forecast.scenarios.places import Place, nearest, refuse
from bayu_forecast.schema.names import UNIT_MONEY, UNIT_RATIO

#: the lever's own unit, whatever that is
NATIVE: Final = "native"
MONEY: Final = "money"
RATIO: Final = "ratio"
DAYS: Final = "days"
MONTHS: Final = "months"
COUNT: Final = "count"

#: unit -> kind, how many of the kind's base unit it is
UNITS: Final[dict[str, tuple[str, float]]] = {
    UNIT_MONEY: (MONEY, 1.0), "亿元": (MONEY, 1.0), "1e4 CNY": (MONEY, 1e-4), "万元": (MONEY, 1e-4),
    "1e12 CNY": (MONEY, 1e4), "万亿元": (MONEY, 1e4),
    UNIT_RATIO: (RATIO, 1.0), "%": (RATIO, 0.01), "pp": (RATIO, 0.01),
    "days": (DAYS, 1.0), "天": (DAYS, 1.0), "months": (MONTHS, 1.0),
    "persons": (COUNT, 1.0), "人次": (COUNT, 1.0), "1e4 persons": (COUNT, 1e4), "万人次": (COUNT, 1e4), "count": (COUNT, 1.0),
}
_A_MONTH = (" a month", "/month", "/月")


def kind_of(unit: str, place: Place | None = None) -> str:
    """Kind of a unit; ``native`` has none of its own."""
    if unit == NATIVE:
        return NATIVE
    if unit not in UNITS:
        what = f"unknown unit {unit!r}" if unit.strip() else "no unit"
        refuse(what, expected=f"unit: {nearest(unit, (*UNITS, NATIVE))}", step="write the unit beside the number", place=place,
               names=[unit])
    return UNITS[unit][0]


def units_of(kinds: Collection[str]) -> str:
    """The units of some kinds, for a message."""
    return ", ".join([*([NATIVE] if NATIVE in kinds else []), *(unit for unit, (kind, _) in UNITS.items() if kind in kinds)])


def base_amount(value: float, unit: str) -> float:
    """A number in the base unit of its kind: 1e8 CNY, a ratio, days, persons."""
    return value * UNITS[unit][1]


def factor_to(unit: str, native: str | None, lever: str, place: Place | None = None) -> float:
    """How many of a lever's own unit one stated unit is; without a stated unit of the lever, of the base unit of its kind."""
    own = _bare(native) if native is not None else None
    if unit in (NATIVE, own):
        return 1.0
    kind, factor = UNITS[unit]
    if own is None:
        return factor
    if own not in UNITS or UNITS[own][0] != kind:
        refuse(f"lever {lever!r} is stated in {unit!r}", expected=f"its own unit {native!r}, or one that converts into it",
               step="state the assumption in that unit", place=place, names=[lever], got=unit)
    return factor / UNITS[own][1]


def _bare(unit: str) -> str:
    """A unit without the words that say 'each month'."""
    for words in _A_MONTH:
        unit = unit.removesuffix(words)
    return unit
