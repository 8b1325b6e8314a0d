"""Scales on which a series may be additive: its log, its level, and between.

Floor F0, arrays only. A scale is a shift: ``log(y / unit + shift)`` with the unit the series' mean size. Zero would be the log and infinity
is the level; between, growth tapers from compound to straight, and zeros need no case of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: the log, scales between, and the level
SHIFTS = (0.0, 0.5, 2.0, 4.0, np.inf)

#: keeps exponentials finite
LARGEST_LOG = 50.0


@dataclass(frozen=True)
class Scaled:
    """Series on every scale, standardised.

    Attributes
    ----------
    values : array (n_series, n_scales, n)
        Standardised; zero where nothing was observed.
    centre, spread : array (n_series, n_scales)
        What was taken off and divided by.
    log_jacobian : array (n_series, n_scales)
        Of the standardised values with respect to the observed; minus infinity where a scale cannot hold the series.
    unit : array (n_series,)
        Mean absolute value.
    non_negative : array (n_series,) of bool
    top : array (n_series,)
        Far above what was seen: more is no forecast unless much of its distribution is there.
    """

    values: Array
    centre: Array
    spread: Array
    log_jacobian: Array
    unit: Array
    non_negative: NDArray[np.bool_]
    top: Array

    @property
    def fits(self) -> NDArray[np.bool_]:
        """Which scales (n_series, n_scales) can hold which series."""
        return np.isfinite(self.log_jacobian)


def standardise(values: Array, shifts: Collection[float] = SHIFTS[:-1]) -> Scaled:
    """Put series (n_series, n), missing as NaN, on some scales of ``SHIFTS``; those that are ever negative on the level, asked for or not.

    Examples
    --------
    >>> scaled = standardise(np.array([[1.0, 10.0, 100.0]]))
    >>> scaled.values[0, 1].round(3).tolist(), scaled.fits.tolist()
    ([-0.937, -0.449, 1.386], [[True, True, True, True, False]])
    """
    seen = np.isfinite(values)
    count = np.maximum(seen.sum(axis=1), 1)
    unit = np.where(seen, np.abs(values), 0.0).sum(axis=1) / count
    unit = np.where(unit > 0, unit, 1.0)
    lowest = np.where(seen, values, np.inf).min(axis=1)
    shape = (len(values), len(SHIFTS))
    z, centre, spread, jacobian = np.zeros((*shape, values.shape[1])), np.zeros(shape), np.ones(shape), np.full(shape, -np.inf)
    for scale, shift in enumerate(SHIFTS):
        fits = (lowest / unit + shift > 0) & (lowest >= 0) & (shift in shifts)
        if np.isinf(shift):
            fits = (lowest < 0) | (shift in shifts)
        raw = np.where(seen & fits[:, None], values, unit[:, None])
        scaled = np.where(seen, to_scale(raw, shift, unit[:, None]), 0.0)
        centre[:, scale] = scaled.sum(axis=1) / count
        apart = np.where(seen, scaled - centre[:, scale, None], 0.0)
        # a constant has no spread of its own: a hundredth of its size stands for it; a single value tells nothing of its spread
        least = np.where(count == 1, 0.3, 1e-2) * (unit if np.isinf(shift) else np.ones(len(unit)))
        own = np.sqrt((apart**2).sum(axis=1) / count)
        spread[:, scale] = np.where(own > 1e-6 * least, own, least)
        z[:, scale] = apart / spread[:, scale, None]
        slope = 0.0 if np.isinf(shift) else np.where(seen, scaled, 0.0).sum(axis=1) + count * np.log(unit)
        jacobian[:, scale] = np.where(fits, -slope - count * np.log(spread[:, scale]), -np.inf)
    with np.errstate(invalid="ignore"):  # of series without a value
        _, top = belt(lowest, np.where(seen, values, -np.inf).max(axis=1))
    return Scaled(z, centre, spread, jacobian, unit, lowest >= 0, top)


def belt(lowest: Array, highest: Array) -> tuple[Array, Array]:
    """Lowest and highest value that a forecast may take, from what was seen: far beyond it, but not anywhere.

    Examples
    --------
    >>> [float(end) for end in belt(np.float64(1.0), np.float64(3.0))]
    [-6.0, 10.0]
    """
    room = 2.0 * (highest - lowest) + np.maximum(np.abs(highest), np.abs(lowest))
    return lowest - room, highest + room


def to_scale(values: Array, shift: float, unit: Array | float) -> Array:
    """Scale of a shift from observed values."""
    return np.asarray(values if np.isinf(shift) else np.log(values / unit + shift))


def from_scale(scaled: Array, shift: float, unit: float) -> Array:
    """Observed values from the scale of a shift."""
    return np.asarray(scaled if np.isinf(shift) else (np.exp(np.minimum(scaled, LARGEST_LOG)) - shift) * unit)
