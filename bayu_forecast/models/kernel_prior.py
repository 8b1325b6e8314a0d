"""What is known of Gaussian processes of series beforehand, by frequency.

Floor F2 (east). Those of quarters and years are spreads of posterior modes over histories of M1, M3 and tourism series, from a prior half
as wide again. That of months is older; that of weeks has the width of the structural prior's. Outcomes took part in what was chosen by
hand: the dampings, and the width for weeks (``docs/auto.md``).
"""

from __future__ import annotations

from dataclasses import replace

from bayu_forecast._numeric.kernel_process import KernelPrior
from bayu_forecast.models.frequency import nearest

_YEARLY = KernelPrior((-1.37, -2.15, -1.92, -0.28, 2.30, -6.00, -2.19), (0.25, 0.45, 0.46, 0.25, 0.25, 0.01, 1.55), damping=0.5)
_QUARTERLY = KernelPrior((-1.33, -1.74, -1.75, -0.05, 2.64, -1.59, -2.74), (0.25, 1.12, 0.49, 0.26, 0.54, 1.68, 1.33), damping=0.8)
_MONTHLY = KernelPrior((-1.23, -1.53, -1.41, -0.28, 2.30, -1.31, -1.33), (0.25, 0.98, 0.69, 0.67, 0.90, 1.20, 1.20), damping=0.9)
_WEEKLY = replace(_MONTHLY, mean=(*_MONTHLY.mean[:3], -2.30, *_MONTHLY.mean[4:]))


def prior_of(season: int) -> KernelPrior:
    """The prior of the nearest frequency."""
    return nearest(season, yearly=_YEARLY, quarterly=_QUARTERLY, monthly=_MONTHLY, weekly=_WEEKLY)
