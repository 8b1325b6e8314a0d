"""Names of dimensions, coordinates, columns and attributes, spelled once.

Floor F1. A name that appears in two modules belongs here; no mathematics lives here.
"""

from __future__ import annotations

from typing import Final

SCENARIO: Final = "scenario"
SAMPLE: Final = "sample"
SERIES: Final = "series"
TIME: Final = "time"
ROW: Final = "row"
TARGET: Final = "target"
REGRESSOR: Final = "regressor"
QUANTILE: Final = "quantile"
FEATURE: Final = "feature"
COVERAGE: Final = "coverage"

#: canonical order of the dimensions of sample paths
PATH_DIMS: Final = (SCENARIO, SAMPLE, SERIES, TIME)

BASELINE: Final = "baseline"
LEVEL: Final = "level"
GROWTH: Final = "growth"
#: figures that are neither: a share, a contribution, a rate (evidence only)
RATIO: Final = "ratio"
MEASURES: Final = (LEVEL, GROWTH, RATIO)

UNIT_MONEY: Final = "1e8 CNY"
UNIT_RATIO: Final = "1"

EXACT: Final = "exact"
ESTIMATED: Final = "estimated"
UPPER_BOUND: Final = "upper_bound"
RELEASE_STATUS: Final = (EXACT, ESTIMATED, UPPER_BOUND)

#: the tidy archive: one row a print; growth and ratios are stored as ratios (0.031 = 3.1 %), levels in 1e8 CNY
OBSERVATION_COLUMNS: Final = (
    "region",
    "series",
    "measure",
    "period_start",
    "period_end",
    "value",
    "unit",
    "half_width",
    "basis",
    "release_date",
    "release_status",
    "source",
    "confidence",
    "use",
    "note",
)

#: how a print may be used: in the model, or only shown
USE_YES: Final = "yes"
USE_NO: Final = "no"
