"""Algebra of sample paths: sums and growth inside a path first, quantiles and probabilities over samples last.

Floor F2. It knows the schema of paths only: no model that made them, no target that reads them.
"""

from bayu_forecast.paths.build import as_sample_paths
from bayu_forecast.paths.over_samples import effective_samples, fan, mean, probability, quantile, show_probability
from bayu_forecast.paths.within_path import (
    annual_growth,
    annual_sum,
    covers,
    growth,
    increment,
    share,
    window_sum,
    year_to_date,
)

__all__ = [
    "annual_growth", "annual_sum", "as_sample_paths", "covers", "effective_samples", "fan", "growth", "increment", "mean", "probability",
    "quantile", "share", "show_probability", "window_sum", "year_to_date",
]
