"""Structural forecasts from prints: one hidden log path a series, every print an equation about it, variances on a grid.

Floor F2 (east): prints and regressor blocks in, sample paths out. It must never know a holiday, a city or a policy.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from bayu_forecast.errors import DataError, HorizonError, NotFittedError, SchemaError
from bayu_forecast.models.prints import drop_repeats, print_table
from bayu_forecast.models.priors import OWN, SeriesPriors, grid_points
from bayu_forecast.models.system import Cell, Structure, System
from bayu_forecast.schema.names import LEVEL, REGRESSOR, SAMPLE, SERIES, TIME, UNIT_MONEY

if TYPE_CHECKING:
    from bayu_forecast.specs import Design

class PrintEngine:
    """Fit hidden monthly log paths to mixed prints, and simulate them on.

    Each path is a damped slope that reverts to a modest growth rate, a level, a seasonal pattern that drifts once a
    year, passing shocks in disturbed months, regressor blocks and noise. A series that leans on another shares all of
    it and adds small deviations of its own. Prints (months, January and February as one sum, year to date, year,
    growth) are rows of one linear-Gaussian system in logs of sums; slope parameters are integrated over a grid.

    Parameters
    ----------
    common, own : SeriesPriors
        Structure of the leading series, and of what a leaning series has of its own.
    basis_sd : float
        Prior standard deviation, in logs, of the unknown step between two bases.

    Attributes
    ----------
    as_of_ : str
        Date at which the observations were known.
    series_ : list of str
        ``region:series``, the leading one first.
    cells_ : tuple of Cell
        The grid with modes and weights.
    steps_ : DataFrame
        Posterior of each step from an older basis to the current one (log).
    coefficients_ : DataFrame
        Prior and posterior of each regressor's coefficient, and its contraction ``1 - posterior variance / prior variance``.
    residuals_ : DataFrame
        Each modelled print with its standardised residual.

    Notes
    -----
    Weights of the grid are the prior's: the likelihood of one-step errors prefers slopes that fail five years ahead
    (docs/decisions/0007).

    References
    ----------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter; Proietti and Moauro (2006),
    Journal of the Royal Statistical Society C 55(2), for logs of sums; Lenza and Primiceri (2022) for COVID shocks.
    """

    #: labels, the leading one first
    series_: Any

    def __init__(self, *, common: SeriesPriors = SeriesPriors(), own: SeriesPriors = OWN, basis_sd: float = 0.15) -> None:  # noqa: B008
        self.common = common
        self.own = own
        self.basis_sd = basis_sd

    def fit_prints(self, observations: xr.Dataset, design: Design) -> Self:
        """Condition the paths on the prints.

        Parameters
        ----------
        observations : Dataset over ``row``
            From a snapshot; attrs ``series``, ``region`` and ``leans_on`` say which series lead.
        design : Design
            Months, regressor blocks and disturbed months; its first month is the first of the paths.

        Returns
        -------
        PrintEngine
            Itself.

        Raises
        ------
        DataError
            When a series has no level print.
        ConvergenceError
            When the iteration for logs of sums does not settle.
        """
        self.origin_ = design.time[0]
        self.as_of_ = str(observations.attrs.get("as_of", ""))
        self.design_ = design
        name = str(observations.attrs["series"])
        leader = str(observations.attrs.get("leans_on", ""))
        own = f"{observations.attrs['region']}:{name}"
        self.series_ = [f"{leader}:{name}", own] if leader else [own]
        self.table_ = drop_repeats(print_table(observations, self.series_, self.origin_))
        self._check_levels()
        self.history_ = int(self.table_["last"].max())
        with threadpool_limits(1):
            system = System(self._structure(), self.history_)
            self.cells_ = self._solve_grid(system)
            self.steps_ = system.basis_steps(self.cells_)
            self.coefficients_ = system.coefficients(self.cells_)
            self.residuals_ = system.residuals(self.cells_)
        best = max(c.loglik for c in self.cells_)
        self.loglik_ = float(np.log(sum(c.weight * np.exp(c.loglik - best) for c in self.cells_)) + best)
        return self

    def _solve_grid(self, system: System) -> tuple[Cell, ...]:
        """The mode at every point of the grid, each started from the one before."""
        own = self.own.cells() if len(self.series_) > 1 else [(1.0, 0.0)]
        cells, start = [], system.first_guess()
        for common, shapes, weight in grid_points(self.common, system.shape_cells()):
            for own_cell in own:
                start, conditioner = system.solve(common, own_cell, shapes, start)
                cells.append(Cell(common, own_cell, shapes, weight / len(own), start, conditioner.loglik))
        return tuple(cells)

    def _structure(self) -> Structure:
        return Structure(self.series_, self.table_, self.design_, self.common, self.own, self.basis_sd)

    def _check_levels(self) -> None:
        with_level = set(self.table_.loc[self.table_["measure"] == LEVEL, "series"])
        missing = [s for s in self.series_ if s not in with_level]
        if missing:
            raise DataError(f"no level print of {missing} since {self.origin_:%Y-%m}: add one with its basis", names=missing)

    def months_until(self, horizon: int | str | pd.Timestamp) -> int:
        """Months from the first to the horizon: a number of months after the last print's, or the last month itself."""
        months = self._month_count(horizon)
        if months > len(self.design_.time):
            raise HorizonError(
                f"horizon {horizon!r} lies beyond the design, which ends {self.design_.time[-1]:%Y-%m}: build it with until=",
                got=str(horizon),
            )
        if months < 1:
            raise HorizonError(f"horizon {horizon!r} lies before the first month {self.origin_:%Y-%m}", got=str(horizon))
        return months

    def _month_count(self, horizon: int | str | pd.Timestamp) -> int:
        """Read a horizon: a number of months (none for the history alone), or a month such as 2027-12."""
        if isinstance(horizon, int | np.integer) and not isinstance(horizon, bool) and horizon >= 0:
            return self.history_ + int(horizon)
        text = f"{horizon:%Y-%m}" if isinstance(horizon, dt.date) else str(horizon)
        if isinstance(horizon, str | dt.date) and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])(-\d{2})?", text):
            return (int(text[:4]) - self.origin_.year) * 12 + int(text[5:7]) - self.origin_.month + 1
        raise HorizonError(f"horizon {horizon!r}: give a number of months, or the last month as '2027-12'", got=str(horizon))

    def simulate_prints(
        self, horizon: int | str, *, samples: int = 4000, rng: int = 0, start: str | None = None
    ) -> xr.Dataset:
        """Joint sample paths of all series, past months conditioned on their prints.

        Parameters
        ----------
        horizon : int or str
            Months after the last print, or the last month (``"2027-12"``).
        samples : int
            Number of paths; fewer are the first of more.
        rng : int
            Seed; the same seed gives the same paths on any machine and chunking.
        start : str, optional
            First month of the paths; the first month after the last print by default.

        Returns
        -------
        Dataset, dims (sample, series, time)
            ``value`` in 1e8 CNY a month; ``coefficient`` (sample, regressor), log points for one unit, of the same draws;
            ``shape`` (sample, block), which point of each block's grid the sample stands on.

        Raises
        ------
        NotFittedError, HorizonError, SchemaError
        """
        if not hasattr(self, "cells_"):
            raise NotFittedError("StructuralForecaster is not fitted: call fit(observations, design) first")
        if samples < 1:
            raise SchemaError(f"samples is {samples}: ask for at least one path", got=samples)
        months = self.months_until(horizon)
        first = self.history_ if start is None else self.months_until(start) - 1
        if first >= months:
            raise HorizonError(f"no month between {start or 'the last print'} and {horizon}", got=str(horizon))
        with threadpool_limits(1):
            system = System(self._structure(), max(months, self.history_))
            z, coefficient, chosen = system.draw(self.cells_, first, months, samples, int(rng))
        shapes = np.array([c.shapes for c in self.cells_], dtype=np.int64).reshape(len(self.cells_), -1)[chosen]
        return xr.Dataset(
            {
                "value": ((SAMPLE, SERIES, TIME), np.exp(z), {"units": UNIT_MONEY, "long_name": "monthly level on the current basis"}),
                "coefficient": ((SAMPLE, REGRESSOR), coefficient, {"units": "1", "long_name": "log points for one unit of the regressor"}),
                "shape": ((SAMPLE, "block"), shapes),
            },
            coords={
                SAMPLE: np.arange(samples),
                SERIES: self.series_,
                TIME: self.design_.time[first:months],
                REGRESSOR: system.regressors,
                "block": [b.name for b in self.design_.blocks],
            },
            attrs={"seed": int(rng), "units": UNIT_MONEY},
        )
