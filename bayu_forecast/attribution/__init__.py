"""Whose part it is: scenarios compared in the same samples, a policy's parts by Shapley, and what moved a probability.

Floor F6. It asks the same worlds with other inputs; it must never fit a structure of its own, nor average storylines.
"""

from bayu_forecast.attribution.comparing import compare
from bayu_forecast.attribution.parts import attribute
from bayu_forecast.attribution.releases import news

__all__ = ["attribute", "compare", "news"]
