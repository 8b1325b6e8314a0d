"""What is known of Gaussian processes of series beforehand, by frequency.

Floor F2 (east). Each is the spread of posterior modes over histories of M1, M3 and tourism series, from a prior half as wide again;
no outcome took part. ``docs/auto.md``.
"""

from __future__ import annotations

from dataclasses import replace

from bayu_forecast._numeric.kernel_process import KernelPrior

_YEARLY = KernelPrior((-1.37, -2.15, -1.92, -0.28, 2.30, -6.00, -2.19), (0.25, 0.45, 0.46, 0.25, 0.25, 0.01, 1.55), damping=0.5)
_QUARTERLY = KernelPrior((-1.33, -1.74, -1.75, -0.05, 2.64, -1.59, -2.74), (0.25, 1.12, 0.49, 0.26, 0.54, 1.68, 1.33), damping=0.8)
_MONTHLY = KernelPrior((-1.23, -1.53, -1.41, -0.28, 2.30, -1.31, -1.33), (0.25, 0.98, 0.69, 0.67, 0.90, 1.20, 1.20), damping=0.9)
_WEEKLY = replace(_MONTHLY, mean=(*_MONTHLY.mean[:3], -2.30, *_MONTHLY.mean[4:]))


def prior_of(season: int) -> KernelPrior:
    """The prior of the nearest frequency: none, a few places to a season (quarters), many (months), or weeks of the year."""
    return _YEARLY if season == 1 else _QUARTERLY if season < 9 else _MONTHLY if season < 40 else _WEEKLY
