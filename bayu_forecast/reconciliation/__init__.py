"""Coherent forecasts: what adds up to what, and sample paths that do so in every draw.

Floor F2 (east). It knows sums and paths; it must never know a forecaster, a region or a target.
"""

from bayu_forecast.reconciliation.coupling import couple
from bayu_forecast.reconciliation.hierarchy import Hierarchy
from bayu_forecast.reconciliation.periods import reconcile_periods
from bayu_forecast.reconciliation.reconciler import Reconciler, reconcile

__all__ = ["Hierarchy", "Reconciler", "couple", "reconcile", "reconcile_periods"]
