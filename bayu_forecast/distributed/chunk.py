"""One chunk of a panel, start to end: fit, answer, and say which series could not be used.

Floor F7. It runs wherever the engine sends it and reads nothing but its argument; it must never know how it was sent.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.base import clone

from bayu_forecast.errors import BayuError, ConvergenceError, DataError, FailedSeriesWarning
from bayu_forecast.models.base import Forecaster
from bayu_forecast.schema.names import COVERAGE, SAMPLE, SERIES, TIME
from bayu_forecast.schema.time_index import future_labels

#: what is made of a chunk's sample paths, on the worker
Reduce = Callable[[xr.Dataset], xr.Dataset]
REASON = "reason"


@dataclass(frozen=True)
class Job:
    """What is asked of every chunk.

    Attributes
    ----------
    forecaster : Forecaster
        Not fitted; cloned for each chunk.
    horizon : int or str
        Steps ahead or the last date.
    reduce : callable or None
        Takes sample paths to the answer; None for ``predict``.
    samples, rng : int
        Of the paths.
    coverage : tuple of float
        Of the intervals.
    """

    forecaster: Forecaster
    horizon: int | str
    reduce: Reduce | None
    samples: int
    rng: int
    coverage: tuple[float, ...]


@dataclass(frozen=True)
class Chunk:
    """A job and the series it is for."""

    job: Job
    y: xr.Dataset
    X: object


def answer(chunk: Chunk) -> xr.Dataset:
    """Fit and answer one chunk.

    Returns
    -------
    Dataset
        The answer; ``reason`` (series) says why a series has none, and is empty where all is well.
    """
    made, reasons = _answer(chunk, chunk.y)
    why = xr.DataArray([reasons.get(str(label), "") for label in made[SERIES].values], dims=SERIES, coords={SERIES: made[SERIES]})
    if reasons:
        # a function of missing paths may well return a number (their sum is zero): there is no answer all the same
        made = made.map(lambda array: array.where(why == "") if SERIES in array.dims else array, keep_attrs=True)
    return made.assign({REASON: (SERIES, why.values)})


def _answer(chunk: Chunk, y: xr.Dataset) -> tuple[xr.Dataset, dict[str, str]]:
    """Answer, and reasons by series. Where a fit fails as a whole, halve it until the culprits stand alone."""
    job = chunk.job
    model = clone(job.forecaster)
    labels = y[SERIES].values
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FailedSeriesWarning)
            drawn = _ask(model.fit(y, chunk.X), job, chunk.X)
    except Exception as error:  # whatever a model dies of on one series must not cost the others
        # what is wrong with the question is wrong for every series; anything else may be one series' fault
        if isinstance(error, BayuError) and type(error) not in (DataError, ConvergenceError):
            raise
        reasons = {str(labels[0]): _told(error)} if len(labels) == 1 else {}
        if type(error) is DataError:
            reasons |= getattr(model, "_reasons", {})
        if len(reasons) == len(labels):
            return _finish(job, _nothing(job, y)), reasons
        halves = [_answer(chunk, y.isel({SERIES: part})) for part in np.array_split(np.arange(len(labels)), 2)]
        return xr.concat([half for half, _ in halves], dim=SERIES), {name: why for _, half in halves for name, why in half.items()}
    return _finish(job, drawn), dict(zip(map(str, model.failed_["series"]), model.failed_["reason"], strict=True))


def _ask(model: Forecaster, job: Job, X: object) -> xr.Dataset:
    """Summaries, or paths to be reduced."""
    drivers = {} if X is None else {"X": X}
    if job.reduce is None:
        return model.predict(job.horizon, coverage=job.coverage, **drivers)
    return model.simulate(job.horizon, samples=job.samples, rng=job.rng, **drivers)


def _finish(job: Job, drawn: xr.Dataset) -> xr.Dataset:
    """Reduce outside of what catches errors: a mistake in a user's function is theirs to see."""
    return drawn if job.reduce is None else job.reduce(drawn)


def _nothing(job: Job, y: xr.Dataset) -> xr.Dataset:
    """Answer in form, with missing values only."""
    time = future_labels(y.indexes[TIME], job.horizon)
    sizes = {COVERAGE: len(job.coverage), SAMPLE: job.samples, SERIES: y.sizes[SERIES], TIME: len(time)}
    labels = {COVERAGE: np.array(job.coverage), SAMPLE: np.arange(job.samples), SERIES: y[SERIES].values, TIME: time}
    each: Sequence[str] = (SERIES, TIME)
    forms = ({"mean": each, "median": each, "lower": (COVERAGE, *each), "upper": (COVERAGE, *each)} if job.reduce is None
             else {"value": (SAMPLE, *each)})
    variables = {name: (dims, np.full([sizes[dim] for dim in dims], np.nan)) for name, dims in forms.items()}
    used = {dim for dims in forms.values() for dim in dims}
    attrs = {"season": int(y.attrs["season"])} | ({} if job.reduce is None else {"seed": job.rng})
    return xr.Dataset(variables, coords={dim: label for dim, label in labels.items() if dim in used}, attrs=attrs)


def _told(error: Exception) -> str:
    """A reason in one line."""
    text = str(error).splitlines()[0] if str(error) else ""
    return text if isinstance(error, BayuError) else f"{type(error).__name__}: {text}"


def cut(job: Job, y: xr.Dataset, X: object, size: int) -> list[Chunk]:
    """Cut a panel into chunks of series, and with it drivers that differ by series."""
    n = y.sizes[SERIES]
    labels = pd.Index([str(label) for label in y[SERIES].values])
    chunks = []
    for start in range(0, n, size):
        part = y.isel({SERIES: slice(start, start + size)})
        drivers = X
        if isinstance(X, xr.Dataset | xr.DataArray) and SERIES in X.dims and SERIES in X.indexes:
            own = pd.Index([str(label) for label in X[SERIES].values]).isin(labels[start : start + size])
            drivers = X.isel({SERIES: np.flatnonzero(own)})
        chunks.append(Chunk(job, part, drivers))
    return chunks
