"""Gaps and drivers of the series of a panel, as columns of their own.

Floor F2 (east).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.driver_columns import STILL
from bayu_forecast._numeric.evidence import Columns, prior_precision
from bayu_forecast._numeric.latest_first import factor
from bayu_forecast._numeric.outliers import pull_in
from bayu_forecast._numeric.scales import SHIFTS, Scaled

Array = NDArray[np.float64]

#: first guess of a standardised driver's precision: an effect of a third of the series' standard deviation
_FIRST_PRECISION = 10.0
#: share of its size that stands for the spread of a driver that never moved
_UNMOVED = 0.1


@dataclass(frozen=True)
class SeriesColumns:
    """Columns of one series: first one for each gap, then the drivers, standardised.

    Attributes
    ----------
    values : array (n, n_columns)
        Latest first.
    precision : array (n_scales, n_columns)
        Of the coefficients; zero for gaps.
    centre, spread : array (n_drivers,)
        What was taken off the drivers and divided by.
    """

    values: Array
    precision: Array
    centre: Array
    spread: Array

    def on(self, scale: int) -> Columns:
        """The columns with their priors on one scale."""
        return Columns(self.values, self.precision[scale])

    @property
    def still(self) -> Array:
        """Least precision (n_columns,) of the coefficients: one shock for each step of the least share of a driver's size, at most."""
        gaps = np.zeros(self.values.shape[1] - len(self.centre))
        return np.append(gaps, (STILL * self.centre / self.spread) ** 2)

    def ahead(self, features: Array) -> Array:
        """Columns (horizon, n_columns) over the horizon, from drivers (horizon, n_drivers): nothing is missing there."""
        gaps = np.zeros((len(features), self.values.shape[1] - len(self.centre)))
        return np.hstack([gaps, (features - self.centre) / self.spread])


def columns_of(
    scaled: Scaled, seen: NDArray[np.bool_], lengths: NDArray[np.intp], features: Array | None, typical: Array
) -> tuple[Scaled, dict[int, SeriesColumns]]:
    """Columns of the series that have gaps or drivers, and all series with their outliers pulled in.

    Parameters
    ----------
    scaled : Scaled
    seen : array (n_series, n) of bool
    lengths : array (n_series,) of int
    features : array (n_series, n, n_drivers) or None
        Latest first.
    typical : array (n,)
        Variogram of a typical structure, under which outliers are told and priors of drivers learned.

    Returns
    -------
    Scaled
    dict of int to SeriesColumns
    """
    columns: dict[int, SeriesColumns] = {}
    for s, length in enumerate(lengths.tolist()):
        at = seen[s, :length]
        drivers = np.zeros((length, 0)) if features is None else features[s, :length]
        if drivers.shape[1] or not at.all():
            columns[s] = _columns(at, drivers)
    values = scaled.values if features is not None else pull_in(scaled.values, seen, lengths, typical)
    if features is not None:
        structure = factor(typical, values.shape[2], 0)
        for s, own in columns.items():
            precision = np.array([prior_precision(structure, values[s, k], own.on(k)) for k in range(len(SHIFTS))])
            columns[s] = replace(own, precision=np.maximum(precision, own.still))
    return replace(scaled, values=values), columns


def _columns(seen: NDArray[np.bool_], drivers: Array) -> SeriesColumns:
    """Columns of one series."""
    missing = np.flatnonzero(~seen)
    gaps = np.zeros((len(seen), len(missing)))
    gaps[missing, np.arange(len(missing))] = 1.0
    centre = drivers[seen].mean(axis=0) if drivers.size else np.zeros(drivers.shape[1])
    spread = drivers[seen].std(axis=0) if drivers.size else np.ones(drivers.shape[1])
    own = np.where(centre != 0, _UNMOVED * np.abs(centre), 1.0)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(centre), 1e-300), spread, own)
    standard = np.where(seen[:, None], (drivers - centre) / spread, 0.0)
    precision = np.append(np.zeros(len(missing)), np.full(drivers.shape[1], _FIRST_PRECISION))
    return SeriesColumns(np.hstack([gaps, standard]), np.tile(precision, (len(SHIFTS), 1)), centre, spread)
