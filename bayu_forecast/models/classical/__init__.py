"""Classical forecasters, one series at a time, on statsmodels (floor F2, east)."""

from bayu_forecast.models.classical.arima import ARIMA, SARIMAX
from bayu_forecast.models.classical.components import UnobservedComponents
from bayu_forecast.models.classical.ets import ETS
from bayu_forecast.models.classical.naive import Drift, SeasonalNaive
from bayu_forecast.models.classical.theta import Theta

__all__ = ["ARIMA", "ETS", "SARIMAX", "Drift", "SeasonalNaive", "Theta", "UnobservedComponents"]
