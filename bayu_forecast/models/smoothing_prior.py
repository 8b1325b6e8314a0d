"""Learned weights of the smoothing pool, by frequency.

Floor F2 (east). Learned by gradient descent on the scaled absolute error of the pool's forecasts, with a quadratic pull towards equal
weights; ``docs/auto.md`` says on which series, and how far they carry over to others.
"""

from __future__ import annotations

from bayu_forecast._numeric.smoothing_pool import PoolPrior

# fmt: off
YEARLY = PoolPrior(
    sharpness=(0, 8),
    form=(0, 0, 0, 0),
    level=(0, 0, 0, 0, 0, 0),
    trend=(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    season=(0, 0, 0, 0, 0, 0),
    form_trend=(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
)
QUARTERLY = PoolPrior(
    sharpness=(1.3, 10.6),
    form=(0.03, 0.02, -0.46, 0.41),
    level=(0.1, 0.18, 0.31, -0.09, -0.45, -0.05),
    trend=(0.07, 0.05, 0.78, -0.02, -0.15, -0.34, -0.03, -0.19, -0.33, 0.06, 0.13, -0.05),
    season=(0.13, 0.01, -0.25, -0.21, -0.07, 0.39),
    form_trend=(-0.03, -0.02, 0.07, -0.18, 0.19, 0.05, 0.02, 0.18, -0.21, -0.03, 0.04, 0.02, 0, -0.33, -0.19, 0, 0.03, 0.52, -0.32, 0.18),
)
MONTHLY = PoolPrior(
    sharpness=(0, 8),
    form=(0, 0, 0, 0),
    level=(0, 0, 0, 0, 0, 0),
    trend=(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    season=(0, 0, 0, 0, 0, 0),
    form_trend=(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
)


def prior_of(season: int) -> PoolPrior:
    """The prior of the nearest frequency that was learned: none, a few places to a season (quarters), or many (months, weeks)."""
    if season == 1:
        return YEARLY
    return QUARTERLY if season < 9 else MONTHLY
