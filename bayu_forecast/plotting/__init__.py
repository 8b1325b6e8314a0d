"""Charts: a fan of paths, probabilities over time, the hidden path under its prints. Data first, ink second.

Floor F7. It draws tables and paths; it never computes a verdict (the report is its sibling) and loads matplotlib on first use.
"""

from bayu_forecast.plotting.fan import plot_fan
from bayu_forecast.plotting.latent import plot_latent
from bayu_forecast.plotting.probability import plot_probability
from bayu_forecast.plotting.save import save_charts

__all__ = ["plot_fan", "plot_latent", "plot_probability", "save_charts"]
