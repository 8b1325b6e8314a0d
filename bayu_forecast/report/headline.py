"""Which targets the report is about: those of the document that set most of them, in its own words.

Floor F7. It chooses by issue date and source, which are data; it must never know a target by name.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from bayu_forecast.data.archive import REGIONS
from bayu_forecast.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bayu_forecast.specs import Target

#: the row of all headline targets together
JOINT = "all jointly"


def headline_targets(issued: Iterable[Target]) -> tuple[Target, ...]:
    """Targets of the document that set most of them; the earlier document where two set as many.

    Parameters
    ----------
    issued : iterable of Target
        Targets issued by the date.

    Returns
    -------
    tuple of Target
        In the order in which the region's table has them.

    Raises
    ------
    TargetError
        When none was issued by the date.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> [t.period for t in headline_targets(load_region("chongqing").as_of("2025-01-31").targets_issued)]
    [2025, 2025, 2025]
    """
    ordered = sorted(issued, key=lambda t: (t.issued, t.source))
    documents = [tuple(group) for _, group in groupby(ordered, key=lambda t: (t.issued, t.source))]
    if not documents:
        raise TargetError(
            "no target of this region was issued by the date: choose a later date, or ask bayu_forecast.assess with a Target of your own"
        )
    return max(documents, key=len)


def default_region() -> str:
    """The bundled region for which most targets are recorded; the first by name where several are."""
    tables = sorted(REGIONS.glob("*/targets.csv"))
    return max(tables, key=lambda path: path.read_text(encoding="utf-8").count("\n")).parent.name
