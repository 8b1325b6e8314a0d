"""The calendar of China: lunar festivals, official days off, and what a month holds of either.

Floor F2: ``errors``, NumPy, pandas, xarray and its own tables. It must never know a figure, a region or a model.
"""

from bayu_forecast.calendar.lunar import festival, festival_dates, lunar_table
from bayu_forecast.calendar.months import DURING, POST, PRE, centred_share, mean_days_off, month_features, window_share
from bayu_forecast.calendar.statutory import CONFIRMED, EXPECTED, statutory_calendar

__all__ = [
    "CONFIRMED",
    "DURING",
    "EXPECTED",
    "POST",
    "PRE",
    "centred_share",
    "festival",
    "festival_dates",
    "lunar_table",
    "mean_days_off",
    "month_features",
    "statutory_calendar",
    "window_share",
]
