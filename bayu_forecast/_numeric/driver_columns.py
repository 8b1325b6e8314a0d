"""What a driver may do to a series, as columns: its own size, its bend over what was seen, and its echo one step later.

Floor F0, arrays only. A cut of thirty per cent may do more, or less, than three of ten; a week after a promotion may sell less because
buyers stocked up. Such columns are few and the same for every driver; how much each counts is left to shrinkage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: share of its size by which a driver must move to say much
STILL = 0.01


@dataclass(frozen=True)
class DriverColumns:
    """How drivers become columns, three of each: sizes, bends, echoes.

    Attributes
    ----------
    centre, low, high : array (n_series, n_features)
        Mean and range of each driver where its series was seen.
    size : array (n_features,)
        Standard deviation about the series' means, over the panel; at least a hundredth of the driver's own size.
    slope : array (n_series, n_features)
        Of the square on the driver, taken off: a driver of two values has no bend.
    mean : array (n_series, 3 x n_features)
        Of the columns, taken off.
    last : array (n_series, n_features)
        Drivers at the end of history, which echo in the first step ahead.
    """

    centre: Array
    low: Array
    high: Array
    size: Array
    slope: Array
    mean: Array
    last: Array

    @classmethod
    def of(cls, features: Array, seen: NDArray[np.bool_]) -> DriverColumns:
        """Learn means, sizes and ranges from drivers (n_series, n_time, n_features) where a series was ``seen``."""
        count = np.maximum(seen.sum(axis=1), 1)[:, None]
        at = seen[..., None]
        centre = np.where(at, features, 0.0).sum(axis=1) / count
        apart = np.where(at, features - centre[:, None], 0.0)
        size = np.sqrt((apart**2).sum(axis=(0, 1)) / max(seen.sum(), 1))
        # from a driver that has hardly moved nothing large is learned: its steps count as shares of its size
        size = np.maximum(size, STILL * np.sqrt((centre**2).mean(axis=0)))
        size = np.where(size > 0, size, 1.0)
        low, high = (pick(np.where(at, features, centre[:, None]), axis=1) for pick in (np.min, np.max))
        squares = (apart**2).sum(axis=1)
        slope = (apart**3).sum(axis=1) / np.where(squares > 0, squares, 1.0) / size
        raw = cls(centre, low, high, size, slope, np.zeros((len(centre), 3 * len(size))), features[:, -1].copy())
        columns = raw.over_history(features, np.logical_or.accumulate(seen, axis=1))
        return replace(raw, mean=np.where(at, columns, 0.0).sum(axis=1) / count)

    def over_history(self, features: Array, started: NDArray[np.bool_]) -> Array:
        """Columns (n_series, n_time, 3 x n_features) over history; drivers count as average before a series starts."""
        features = np.where(started[..., None], features, self.centre[:, None])
        return self._columns(features, self.centre)

    def ahead(self, features: Array) -> Array:
        """Columns (n_series, horizon, 3 x n_features) after the end of history."""
        return self._columns(features, self.last)

    def _columns(self, features: Array, before: Array) -> Array:
        away = (features - self.centre[:, None]) / self.size
        within = (np.clip(features, self.low[:, None], self.high[:, None]) - self.centre[:, None]) / self.size
        echo = np.concatenate([(before - self.centre)[:, None] / self.size, away[:, :-1]], axis=1)
        return np.asarray(np.concatenate([away, within * (within - self.slope[:, None]), echo], axis=2) - self.mean[:, None])
