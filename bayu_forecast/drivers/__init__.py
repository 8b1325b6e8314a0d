"""Drivers: input paths from dated rows, levers that move them, responses for a coefficient of one, and how honest they are.

Floor F3. Pure functions on tables and specifications; it must never import data, nor know a region or a model.
"""

from __future__ import annotations

from bayu_forecast.drivers.anticipation import MONTHS_AHEAD, anticipated
from bayu_forecast.drivers.contrast import contrast_of, read_contrast
from bayu_forecast.drivers.honesty import beyond_history, contraction, label
from bayu_forecast.drivers.levers import apply_intensities, lever_inputs, lever_table
from bayu_forecast.drivers.paths import announced_end, continuation, input_paths, rows_for
from bayu_forecast.drivers.reading import combine
from bayu_forecast.drivers.responses import carry_over, ceiling, intensity, responses, unpaid_stock

__all__ = [
    "MONTHS_AHEAD",
    "announced_end",
    "anticipated",
    "apply_intensities",
    "beyond_history",
    "carry_over",
    "ceiling",
    "combine",
    "continuation",
    "contraction",
    "contrast_of",
    "input_paths",
    "intensity",
    "label",
    "lever_inputs",
    "lever_table",
    "read_contrast",
    "responses",
    "rows_for",
    "unpaid_stock",
]
