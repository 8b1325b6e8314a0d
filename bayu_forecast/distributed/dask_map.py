"""A map on a Dask cluster: a few chunks under way, results in order, lost work done again.

Floor F7. The only door to Dask; it must never know what it maps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from bayu_forecast._optional import require

Item = TypeVar("Item")
Made = TypeVar("Made")


def dask_map(
    client: Any = None, *, ahead: int | None = None, retries: int = 2
) -> Callable[[Callable[[Item], Made], Iterable[Item]], Iterator[Made]]:
    """Make a map-like callable of a Dask client, for :func:`bayu_forecast.forecast_panel`.

    What a worker was doing when it dies is given to another, with the argument it had: as numbers are keyed by seed and label,
    the second answer is the first.

    Parameters
    ----------
    client : distributed.Client, optional
        The cluster; the current client when left out.
    ahead : int, optional
        Chunks under way at a time; twice the cluster's threads when left out, so that memory stays bounded.
    retries : int
        Times that a chunk is tried again when it raises an error on a worker.

    Returns
    -------
    callable
        ``map(function, items)``; yields results in order.

    Raises
    ------
    MissingDependencyError
        When Dask is not installed.

    Examples
    --------
    >>> from distributed import Client                                                   # doctest: +SKIP
    >>> for part in forecast_panel(model, y, 12, map=dask_map(Client("scheduler:8786"))):  # doctest: +SKIP
    ...     ...
    """
    distributed = require("distributed", extra="dask")
    chosen = distributed.get_client() if client is None else client

    def mapped(function: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
        waiting: deque[Any] = deque()
        limit = ahead or max(2, 2 * sum(chosen.nthreads().values()))
        try:
            for item in items:
                if len(waiting) >= limit:
                    yield waiting.popleft().result()
                waiting.append(chosen.submit(function, item, pure=False, retries=retries))
            while waiting:
                yield waiting.popleft().result()
        finally:
            # a reader that stops early leaves nothing running
            for future in waiting:
                future.cancel()

    return mapped
