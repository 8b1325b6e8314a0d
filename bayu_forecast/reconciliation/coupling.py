"""Pair the draws of series that were simulated one by one, as their errors move together.

Floor F2 (east). It permutes whole paths; it must never change one.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayu_forecast._numeric.project import shrunk
from bayu_forecast._numeric.streams import normals
from bayu_forecast.errors import HierarchyError
from bayu_forecast.reconciliation.labels import places_of, value_of
from bayu_forecast.schema.names import SAMPLE, SERIES, TIME

Paths = TypeVar("Paths", xr.Dataset, xr.DataArray)
#: samples to a permutation; part of the numbers
BLOCK = 512


def couple(paths: Paths, residuals: xr.Dataset | xr.DataArray, *, rng: int = 0) -> Paths:
    """Permute each series' sample paths so that series move together as their residuals do.

    Forecasters draw every series on its own, so the sum of many series is too sure of itself where all err together. Here the paths of
    each series are put in the order of a Gaussian copula with the residuals' shrunk correlations, by the path's sum over time. Each
    series keeps its paths, every one of them once; only which draw they belong to changes.

    Parameters
    ----------
    paths : Dataset or DataArray
        ``value`` with dimensions sample and series and any others. Scenarios keep their pairs: all take the order of the first.
    residuals : DataArray or Dataset (series, time)
        One-step errors of the series to be paired; missing where there are none. Other series stay as they are.
    rng : int
        Seed.

    Returns
    -------
    Dataset or DataArray
        Like ``paths``. Whole blocks of 512 samples do not depend on how many follow.

    Raises
    ------
    HierarchyError
        When a series of the residuals is not in the paths, or has fewer than three.

    References
    ----------
    Clark, Gangopadhyay, Hay, Rajagopalan and Wilby (2004), The Schaake shuffle. J. Hydrometeorology 5.
    Ben Taieb, Taylor and Hyndman (2021), Hierarchical probabilistic forecasting of electricity demand. JASA 116.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> names = {"series": ["a", "b"]}
    >>> alone = xr.DataArray(rng.normal(size=(512, 2)), dims=("sample", "series"), coords=names)
    >>> shared = rng.normal(size=200)
    >>> errors = xr.DataArray([shared, shared + 0.1 * rng.normal(size=200)], dims=("series", "time"), coords=names)
    >>> together = couple(alone, errors)
    >>> print(np.corrcoef(alone.T)[0, 1].round(1), np.corrcoef(together.T)[0, 1].round(1))
    -0.0 1.0
    """
    value = value_of(paths, "paths")
    if SAMPLE not in value.dims:
        raise HierarchyError(f"paths of dimensions {value.dims} have no dimension 'sample': there are no draws to pair", got=value.dims)
    errors = value_of(residuals, "residuals").transpose(SERIES, ...)
    names = [str(label) for label in errors[SERIES].values]
    few = [name for name, n in zip(names, np.isfinite(errors.values).sum(axis=1), strict=True) if n < 3]
    if few:
        raise HierarchyError(f"pairing needs at least three residuals of each series; fewer for {few[:5]}: leave these out", names=few)
    places = places_of(value, names, "paths")
    wanted = _joint_scores(np.asarray(errors.values, dtype=np.float64), value.sizes[SAMPLE], rng)
    others = [dim for dim in value.dims if dim not in (SAMPLE, SERIES, TIME)]
    cube = value.transpose(SAMPLE, SERIES, ..., *([TIME] if TIME in value.dims else []))
    whole = cube.values.copy()
    sums = value.isel(dict.fromkeys(others, 0)).transpose(SAMPLE, SERIES, ...).values.reshape(*whole.shape[:2], -1).sum(axis=2)
    for start in range(0, len(whole), BLOCK):
        block = slice(start, start + BLOCK)
        for place, score in zip(places, wanted[:, block], strict=True):
            order = np.empty(len(score), dtype=np.intp)
            order[score.argsort(kind="stable")] = sums[block, place].argsort(kind="stable")
            whole[block, place] = whole[block, place][order]
    coupled = cube.copy(data=whole).transpose(*value.dims)
    return coupled if isinstance(paths, xr.DataArray) else paths.assign(value=coupled)


def _joint_scores(residuals: NDArray[np.float64], n_samples: int, rng: int) -> NDArray[np.float64]:
    """Normal scores (series, sample) with the residuals' shrunk covariance; no matrix over all pairs is formed."""
    errors = shrunk(residuals)
    own = normals(rng, ("couple", "own"), len(residuals), n_samples)
    common = normals(rng, ("couple", "common"), errors.factor.shape[1], n_samples)
    return np.sqrt(errors.diagonal)[:, None] * own + errors.factor @ common
