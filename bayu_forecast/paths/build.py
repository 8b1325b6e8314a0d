"""Sample paths from plain arrays: the door for any forecast that did not come from this library's own model.

Floor F2. It labels and checks; it never changes a number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from bayu_forecast.schema.check import assert_sample_paths
from bayu_forecast.schema.names import BASELINE, PATH_DIMS, SAMPLE, SCENARIO, SERIES, TIME, UNIT_MONEY, UNIT_RATIO


def as_sample_paths(
    value: ArrayLike,
    *,
    series: Sequence[str],
    start: str,
    as_of: str,
    scenarios: Sequence[str] = (BASELINE,),
    resolution: str | Sequence[str] = "month",
    revision: ArrayLike = 0.0,
    prior_share: ArrayLike = 0.0,
    last_total: ArrayLike = np.nan,
    last_year: ArrayLike = 0,
    **attrs: str | int | float,
) -> xr.Dataset:
    """Label an array as sample paths.

    Parameters
    ----------
    value : array_like (scenario, sample, series, time)
        Levels, 1e8 CNY a month; a series known by year only as a twelfth of its year in each month.
    series, scenarios : sequence of str
        Labels.
    start, as_of : str
        First month (``2024-01``), and the date at which all of it was known.
    resolution : str or sequence of str
        ``month``, or ``year`` for a series that may only be read by whole years; one for all, or one a series.
    revision : array_like, broadcast to (sample, series, time)
        Log factor by which the print will stand above the path's basis.
    prior_share : array_like, broadcast to (series, time)
        Share of the variance that is prior.
    last_total, last_year : array_like, broadcast to (series,)
        Last published annual total (1e8 CNY; NaN if none) and its year (0 if none).
    **attrs
        Further attributes, such as ``region`` and ``seed``.

    Returns
    -------
    Dataset
        Sample paths that pass :func:`bayu_forecast.schema.check.assert_sample_paths`.

    Raises
    ------
    SchemaError
        When labels and shape disagree or a value is not finite.

    Examples
    --------
    >>> paths = as_sample_paths(np.ones((1, 3, 1, 12)), series=["retail_total"], start="2025-01", as_of="2025-01-31")
    >>> dict(paths.sizes)
    {'scenario': 1, 'sample': 3, 'series': 1, 'time': 12}
    """
    levels = np.asarray(value, dtype=np.float64)
    n_sample, n_time = levels.shape[1], levels.shape[3]

    def by_series(what: ArrayLike, dtype: type) -> tuple[str, np.typing.NDArray[np.generic]]:
        return SERIES, np.broadcast_to(np.asarray(what, dtype=dtype), (len(series),)).copy()

    share = np.asarray(prior_share, dtype=np.float64)
    prior = np.broadcast_to(share[:, None] if share.ndim == 1 else share, (len(series), n_time)).copy()
    steps = np.broadcast_to(np.asarray(revision, dtype=np.float64), (n_sample, len(series), n_time)).copy()
    paths = xr.Dataset(
        {
            "value": (PATH_DIMS, levels, {"units": UNIT_MONEY, "long_name": "level a month"}),
            "revision": (PATH_DIMS[1:], steps, {"units": UNIT_RATIO, "long_name": "log factor from the path's basis to the print"}),
            "prior_share": ((SERIES, TIME), prior, {"units": UNIT_RATIO, "long_name": "share of the variance that is prior"}),
            "last_total": (*by_series(last_total, float), {"units": UNIT_MONEY, "long_name": "last published annual total"}),
            "last_year": (*by_series(last_year, int), {"units": "year", "long_name": "year of the last published annual total"}),
        },
        coords={
            SCENARIO: list(scenarios), SAMPLE: np.arange(n_sample), SERIES: list(series),
            TIME: pd.date_range(start, periods=n_time, freq="MS"), "resolution": by_series(resolution, object),
        },
        attrs={"as_of": as_of, "units": UNIT_MONEY, **attrs},
    )
    assert_sample_paths(paths)
    return paths
