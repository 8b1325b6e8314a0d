"""Learned weights of the smoothing pool, by frequency.

Floor F2 (east). Learned by gradient descent on the scaled absolute error of the pool's forecasts, with a quadratic pull towards equal
weights; ``docs/auto.md`` says on which series, and how far they carry over to others.
"""

from __future__ import annotations

from bayu_forecast._numeric.smoothing_pool import PoolPrior
from bayu_forecast.models.frequency import nearest

YEARLY = PoolPrior(
    sharpness=(0, 11.66),
    form=(-0.39, 0.19, -1.01, 1.2),
    level=(-0.33, 0.05, -0.35, -0.17, 0.25, 0.56),
    trend=(0, -0.3, 0.51, 0.15, 0.09, -0.28, 0.05, -0.05, -0.35, -0.48, 0.29, 0.36),
    season=(0, 0, 0, 0, 0, 0),
    form_trend=(-0.02, -0.05, -0.2, -0.03, -0.08, 0.14, -0.1, -0.24, 0.51, -0.12, 0.03, 0.05, 0.01, -0.32, -0.77, -0.14, -0.2, 0.94,
        -0.55, 1.15),
)
QUARTERLY = PoolPrior(
    sharpness=(0.7, 11),
    form=(0, 0.39, -0.77, 0.38),
    level=(-0.06, -0.02, 0.33, 0.02, -0.42, 0.14),
    trend=(0.1, 0.08, 1.13, -0.04, -0.18, -0.11, -0.06, -0.27, -0.32, -0.02, -0.11, -0.18),
    season=(0.27, -0.08, -0.49, -0.44, -0.32, 1.06),
    form_trend=(-0.04, -0.01, 0.12, -0.22, 0.14, 0.13, 0.08, 0.61, -0.2, -0.23, 0.03, -0.01, -0.31, -0.24, -0.24, -0.03, 0.02, 0.7,
        -0.33, 0.01),
)
MONTHLY = PoolPrior(
    sharpness=(0, 3.94),
    form=(-0.07, 0.12, -0.25, 0.2),
    level=(1.35, 0.69, -0.19, -0.52, -0.61, -0.71),
    trend=(0.69, 0.36, 0.94, 0.13, -0.05, -0.12, -0.05, -0.31, -0.42, -0.12, -0.5, -0.55),
    season=(0.92, -0.28, -0.63, -0.56, -0.35, 0.9),
    form_trend=(0.14, 0.07, 0.01, -0.08, -0.22, 0.28, 0.12, 0.26, -0.16, -0.38, 0.07, 0.03, 0.27, -0.34, -0.28, 0.2, 0.14, 0.39, -0.23,
        -0.3),
)


def prior_of(season: int) -> PoolPrior:
    """The prior of the nearest frequency that was learned."""
    return nearest(season, yearly=YEARLY, quarterly=QUARTERLY, monthly=MONTHLY, weekly=MONTHLY)
