"""What an announcement moves in time: a rush before a known end, and waiting before a known start.

Floor F3 (drivers). It moves input between months and adds none; it must never know what an input achieves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.inputs import rush, wait
from bayu_forecast.specs import DriverSpec

Floats = NDArray[np.float64]
#: months of rush before an end, of the gap after it, of waiting before a start, and of catching up after it
RUSH, GAP, WAIT, CATCH_UP = 2, 3, 1, 2
#: months before a start or an end in which it may already be felt
MONTHS_AHEAD = max(RUSH, WAIT)


def anticipated(spec: DriverSpec, stated: Floats, first_open: int) -> Floats:
    """Return the input that announcements of ends and starts bring forward or hold back, month by month; it sums to zero.

    Before the stated input falls back to the driver's default, ``spec.rush`` months of it are taken from the three months
    after and put into the two before; before it begins, ``spec.wait`` months are held back for one month and made up in
    two. Nobody anticipates what is not known yet: of ends and starts in the future only the months still to come take part.

    Parameters
    ----------
    spec : DriverSpec
        Its ``rush``, ``wait`` and ``default``.
    stated : array (months,)
        The input as announced or assumed, history and future in one piece.
    first_open : int
        Position of the first month after the date.

    Returns
    -------
    array (months,)
        In the unit of the input; zeros for a driver that nobody anticipates.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> spec = load_region("china").as_of("2025-01-31").driver_specs[0]
    >>> stated = np.array([0.0, 12.0, 12.0, 12.0, 0.0, 0.0, 0.0])
    >>> print(anticipated(spec, stated, 0), anticipated(spec, stated, 3))
    [-3.   2.   2.   2.  -1.5 -1.  -0.5] [-3.   2.   1.   1.5 -0.75 -0.5 -0.25]
    """
    moved = np.zeros(len(stated))
    if spec.rush == 0.0 and spec.wait == 0.0:
        return moved
    runs = np.asarray(stated) != spec.default
    turns = 1 + np.flatnonzero(runs[1:] != runs[:-1])
    for month in map(int, turns):
        ends = bool(runs[month - 1])
        usual, after, months = (RUSH, GAP, spec.rush) if ends else (WAIT, CATCH_UP, spec.wait)
        before = usual if month < first_open else min(usual, month - first_open)
        if before == 0 or months == 0.0:
            continue
        amount = (stated[month - 1 if ends else month] - spec.default) * months * before / usual
        moved += amount * (rush if ends else wait)(len(stated), month, before, after)
    return moved
