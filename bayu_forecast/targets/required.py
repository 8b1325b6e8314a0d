"""What it would still take: the average growth a year from a known total to a target.

Floor F6. It knows two levels and two years; that both stand on one basis is said beside the figure, never assumed silently.
"""

from __future__ import annotations

from bayu_forecast._numeric.growth import cagr
from bayu_forecast.errors import PeriodError, ValueRangeError


def required_growth(last_total: float, last_year: int, value: float, year: int) -> float:
    """Average growth a year from the last annual total to a target's value.

    Parameters
    ----------
    last_total, value : float
        Annual total to start from and level to reach, same unit; positive.
    last_year, year : int
        Their years.

    Returns
    -------
    float
        Ratio a year (0.05 = 5 %); negative when the total already exceeds the value.

    Raises
    ------
    PeriodError
        When the target's year is not after the total's.
    ValueRangeError
        When a level is not positive.

    Examples
    --------
    >>> f"{required_growth(11787.20, 2020, 15500, 2025):.2%}"
    '5.63%'
    """
    if year <= last_year:
        raise PeriodError(f"no growth is left to require: the total of {last_year} is not before {year}", got=last_year)
    if not (last_total > 0.0 and value > 0.0):
        raise ValueRangeError(f"growth needs positive levels, got {last_total} and {value}", got=[last_total, value])
    return float(cagr(last_total, value, year - last_year))
