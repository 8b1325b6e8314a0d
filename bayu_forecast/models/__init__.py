"""Forecasters: what learns from prints and regressor blocks and answers with sample paths (floor F2, east)."""

from bayu_forecast.models.priors import OWN, SeriesPriors
from bayu_forecast.models.structural import StructuralForecaster

__all__ = ["OWN", "SeriesPriors", "StructuralForecaster"]
