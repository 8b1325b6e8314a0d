"""Forecast thousands of series in chunks of bounded memory: here, in processes, or through anything that maps.

Floor F7. It cuts, sends and collects in order; it must never change a number.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import xarray as xr

from bayu_forecast.distributed.chunk import REASON, Chunk, Job, Reduce, answer, cut
from bayu_forecast.errors import DataError, FailedSeriesWarning, SchemaError
from bayu_forecast.models.base import Forecaster
from bayu_forecast.schema.names import SERIES, TIME
from bayu_forecast.schema.panel import as_panel
from bayu_forecast.schema.time_index import future_labels

#: anything that maps as the builtin does: a function and what to call it with, results in order
Mapper = Callable[[Callable[[Chunk], xr.Dataset], Iterable[Chunk]], Iterable[xr.Dataset]]


def forecast_panel(
    forecaster: Forecaster, y: object, horizon: int | str, *, X: object = None, answers: str | Reduce = "predict",
    coverage: Sequence[float] = (0.8, 0.95), samples: int = 1000, rng: int = 0, chunk: int = 500, n_jobs: int | None = 1,
    map: Mapper | None = None, progress: bool = False,
) -> Iterator[xr.Dataset]:
    """Fit and forecast a large panel chunk by chunk, the answers as a stream.

    Arguments are checked and work is sent out at once; answers come in the order of the series, and only those under way are in
    memory. The numbers are the same on one process and on many, to the last bit.

    Parameters
    ----------
    forecaster : Forecaster
        Not fitted; each chunk fits a clone. One that has ``prepare(y)`` (what it learns from all series together, returned as a
        forecaster that still is not fitted) is prepared once on the whole panel. Any other is fitted on each chunk alone, so that one
        which learns across series learns across those of a chunk.
    y : anything :func:`bayu_forecast.as_panel` reads
        The panel.
    horizon : int or str
        Steps ahead, or the last date.
    X : optional
        Drivers, as in ``fit``, reaching to the horizon.
    answers : ``"predict"``, ``"simulate"`` or callable
        Means and intervals; sample paths; or a function of a chunk's sample paths (a Dataset with ``value`` over sample, series, time)
        that returns a Dataset over series: it runs where the paths are, so that they need not travel. For processes it must be a
        function of a module.
    coverage : sequence of float
        Of ``predict``.
    samples, rng : int
        Of the paths.
    chunk : int
        Series to a chunk.
    n_jobs : int or None
        Processes: 1 stays in this one, -1 takes every core. None asks joblib, so that ``joblib.parallel_config`` decides on
        backend and number.
    map : callable, optional
        In place of ``n_jobs``: anything that maps like the builtin, in order, such as ``pool.imap``, ``executor.map`` or
        :func:`bayu_forecast.dask_map`.
    progress : bool
        Show a bar, in series.

    Yields
    ------
    Dataset
        The answer to each chunk, with ``reason`` (series): why a series has no answer, empty where all is well.

    Raises
    ------
    SchemaError, PeriodError, HorizonError
        When the question is wrong.
    DataError
        At the end, when no series of the panel could be used.

    Warns
    -----
    FailedSeriesWarning
        At the end, naming the series that have no answer. All others have theirs.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[1.0, 2, 3, 4] * 3 for _ in range(5)], season=4)
    >>> sizes = [part.sizes["series"] for part in forecast_panel(bf.SeasonalNaive(), y, 4, chunk=2)]
    >>> sizes
    [2, 2, 1]
    """
    size = operator.index(chunk)
    if size < 1:
        raise SchemaError(f"chunk is {chunk}: give the number of series to a chunk, at least 1", names=["chunk"], got=chunk)
    if answers not in ("predict", "simulate") and not callable(answers):
        raise SchemaError(f"answers is {answers!r}: give 'predict', 'simulate' or a function of sample paths", names=["answers"])
    if not isinstance(forecaster, Forecaster):
        raise SchemaError(f"forecaster is {forecaster!r}: give one that is not fitted yet, such as SeasonalNaive()", names=["forecaster"])
    panel = as_panel(y)
    future_labels(panel.indexes[TIME], horizon)
    prepare = getattr(forecaster, "prepare", None)
    job = Job(
        forecaster=forecaster if prepare is None else prepare(panel), horizon=horizon, samples=samples, rng=rng, coverage=tuple(coverage),
        reduce=None if answers == "predict" else as_they_are if isinstance(answers, str) else answers,
    )
    chunks = cut(job, panel, X, size)
    sent = _with_joblib(chunks, n_jobs) if map is None else map(answer, chunks)
    return _collected(iter(sent), panel.sizes[SERIES], progress)


def as_they_are(paths: xr.Dataset) -> xr.Dataset:
    """Return sample paths unreduced."""
    return paths


def _with_joblib(chunks: Sequence[Chunk], n_jobs: int | None) -> Iterable[xr.Dataset]:
    """Results in order; with processes, two chunks a process are under way."""
    if n_jobs == 1:
        return (answer(chunk) for chunk in chunks)
    from joblib import Parallel, delayed

    made: Iterable[xr.Dataset] = Parallel(n_jobs=n_jobs, return_as="generator", pre_dispatch="2*n_jobs")(delayed(answer)(c) for c in chunks)
    return made


def _collected(sent: Iterator[xr.Dataset], n_series: int, progress: bool) -> Iterator[xr.Dataset]:
    """Hand on each answer; at the end say what failed."""
    failed: dict[str, str] = {}
    with _bar(n_series, progress) as bar:
        for made in sent:
            reasons = zip(made[SERIES].values, made[REASON].values, strict=True)
            failed |= {str(label): str(why) for label, why in reasons if why}
            bar.update(made.sizes[SERIES])
            yield made
    if not failed:
        return
    shown = ", ".join(f"{name!r} ({why})" for name, why in list(failed.items())[:3]) + (", ..." if len(failed) > 3 else "")
    if len(failed) == n_series:
        raise DataError(f"no series can be used: {shown}", names=list(failed))
    warnings.warn(f"{len(failed)} of {n_series} series have no answer: {shown}; 'reason' names each", FailedSeriesWarning, stacklevel=2)


def _bar(n_series: int, progress: bool) -> Any:
    """A progress bar, or one that shows nothing."""
    from tqdm.auto import tqdm

    return tqdm(total=n_series, unit="series", disable=not progress)
