"""Forecasters: what learns from panels, prints and regressor blocks and answers with sample paths (floor F2, east)."""

from bayu_forecast.models.auto import AutoForecaster
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel
from bayu_forecast.models.boosting import BoostingForecaster
from bayu_forecast.models.calibration import CalibratedForecaster
from bayu_forecast.models.combination import CombinedForecaster
from bayu_forecast.models.dynamic_theta import DynamicThetaForecaster
from bayu_forecast.models.kernel import KernelForecaster
from bayu_forecast.models.priors import OWN, SeriesPriors
from bayu_forecast.models.smoothing import SmoothingForecaster
from bayu_forecast.models.structural import StructuralForecaster
from bayu_forecast.models.withheld import withheld_errors

__all__ = [
    "OWN",
    "AutoForecaster",
    "BoostingForecaster",
    "CalibratedForecaster",
    "CombinedForecaster",
    "DynamicThetaForecaster",
    "Forecaster",
    "ForecasterTags",
    "KernelForecaster",
    "Panel",
    "SeriesPriors",
    "SmoothingForecaster",
    "StructuralForecaster",
    "withheld_errors",
]
