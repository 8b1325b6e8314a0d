"""Forecasters: what learns from panels, prints and regressor blocks and answers with sample paths (floor F2, east)."""

from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel
from bayu_forecast.models.priors import OWN, SeriesPriors
from bayu_forecast.models.structural import StructuralForecaster

__all__ = ["OWN", "Forecaster", "ForecasterTags", "Panel", "SeriesPriors", "StructuralForecaster"]
