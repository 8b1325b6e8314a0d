"""What the checks run on: small panels with drivers, and one forecaster fitted once for all that only read it.

Floor F7.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import clone

from bayu_forecast.models.base import Forecaster, ForecasterTags
from bayu_forecast.schema.panel import as_panel

HORIZON, SAMPLES = 6, 40
NAMES = ("north", "south", "west")


@dataclass(frozen=True)
class Case:
    """A forecaster under test."""

    prototype: Forecaster

    @property
    def tags(self) -> ForecasterTags:
        """What it says it can do."""
        return self.prototype.tags

    def make(self) -> Forecaster:
        """A fresh, unfitted one with the same parameters."""
        fresh: Forecaster = clone(self.prototype)
        return fresh

    @cached_property
    def y(self) -> xr.Dataset:
        """Four years of three monthly series."""
        return as_panel(monthly())

    @cached_property
    def fitted(self) -> Forecaster:
        """Fitted to them; to be read only."""
        return self.fit(self.y)

    @cached_property
    def with_drivers(self) -> Forecaster:
        """Fitted with drivers; to be read only."""
        return self.fit(as_panel(driven()), drivers())

    def fit(self, y: object, X: object = None) -> Forecaster:
        """Fit a fresh one, quietly."""
        with quiet():
            return self.make().fit(y, X)

    def values(self, y: object, horizon: int = HORIZON) -> NDArray[np.float64]:
        """Paths (sample, series, time) of a fresh one fitted to ``y``."""
        return np.asarray(self.fit(y).simulate(horizon, samples=SAMPLES, rng=1)["value"].values)


Applies = Callable[[ForecasterTags], bool]
#: every check under its name, with the tags it applies to, in the order in which the modules of checks define them
CHECKS: dict[str, tuple[Callable[[Case], None], Applies]] = {}


def check(applies: Applies = lambda _: True) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Register a check for forecasters with certain tags."""

    def register(run: Callable[[Case], None]) -> Callable[[Case], None]:
        CHECKS[run.__name__.removeprefix("check_")] = (run, applies)
        return run

    return register


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings about how well an example fits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def monthly(n: int = 48) -> pd.DataFrame:
    """Positive series with level, trend, season and noise, of sizes a hundred apart."""
    rng = np.random.default_rng(11)
    t = np.arange(n)
    columns = {}
    for k, name in enumerate(NAMES):
        season = 8.0 * np.sin(2 * np.pi * (t + 2 * k) / 12)
        columns[name] = 10.0**k * (100.0 + 0.3 * t + season + np.cumsum(rng.standard_normal(n)) + rng.standard_normal(n))
    return pd.DataFrame(columns, index=pd.date_range("2019-01", periods=n, freq="MS"))


def drivers(n: int = 48 + 2 * HORIZON) -> pd.DataFrame:
    """A promotion and a price, reaching past the panel."""
    rng = np.random.default_rng(12)
    index = pd.date_range("2019-01", periods=n, freq="MS")
    return pd.DataFrame({"promotion": rng.integers(0, 2, n).astype(float), "price": 1.0 + 0.1 * rng.standard_normal(n)}, index=index)


def driven() -> pd.DataFrame:
    """Series on which the promotion has a large effect."""
    effect = 20.0 * drivers()["promotion"].to_numpy()[:48]
    return monthly() + np.outer(effect, [1.0, 10.0, 100.0])


def same(a: object, b: object, what: str, tolerance: float = 0.0) -> None:
    """Equal, or equal up to rounding relative to the largest value."""
    x, z = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    assert x.shape == z.shape, f"{what}: shapes {x.shape} and {z.shape}"
    assert bool((np.isnan(x) == np.isnan(z)).all()), f"{what}: missing values differ"
    gap = float(np.nanmax(np.abs(x - z), initial=0.0))
    limit = tolerance * float(np.nanmax(np.abs(x), initial=0.0))
    assert gap <= limit, f"{what}: they differ by up to {gap:.3g}, allowed {limit:.3g}"


def finite(values: object, what: str) -> None:
    """No missing or infinite value."""
    wrong = int((~np.isfinite(np.asarray(values, dtype=np.float64))).sum())
    assert wrong == 0, f"{what}: {wrong} values are missing or infinite"


def plain(value: object) -> object:
    """What an object holds, without the caches that pandas and xarray fill when they are read."""
    if isinstance(value, pd.Index | pd.Series):
        return list(value)
    if isinstance(value, pd.DataFrame):
        return [list(value.columns), value.to_numpy().tolist()]
    if isinstance(value, xr.Dataset | xr.DataArray):
        return value.to_dict()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if type(value).__module__.partition(".")[0] == "bayu_forecast" and hasattr(value, "__dict__"):
        return plain(vars(value))
    return value


def refuses(error: type[Exception] | tuple[type[Exception], ...], naming: str, call: Callable[[], object]) -> None:
    """The call raises this error, and its message holds these words."""
    message = None
    try:
        call()
    except error as raised:
        message = str(raised)
    assert message is not None, f"nothing was raised, expected {error} naming {naming!r}"
    assert naming in message, f"the message does not name {naming!r}: {message}"
