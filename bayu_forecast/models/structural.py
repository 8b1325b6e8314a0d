"""The structural forecaster: one hidden log path a series, every print an equation about it, variances on a grid.

Floor F2 (east): prints and regressor blocks in, sample paths out. It must never know a holiday, a city or a policy.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from bayu_forecast._numeric.gaussian import Conditioner, safe_cholesky
from bayu_forecast._numeric.streams import normals, uniforms
from bayu_forecast.errors import ConvergenceError, DataError, HorizonError, NotFittedError, SchemaError
from bayu_forecast.models.prints import PrintRows, build_rows, drop_repeats, linearise, print_table
from bayu_forecast.models.priors import OWN, SeriesPriors
from bayu_forecast.schema.names import LEVEL, SAMPLE, SERIES, TIME, UNIT_MONEY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.specs import Design

    Array = NDArray[np.float64]

_TOLERANCE = 1e-9
_MAX_STEPS = 40


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One point of the grid: its structure, its weight, and the mode of the history under it."""

    common: tuple[float, float]
    own: tuple[float, float]
    shapes: tuple[int, ...]
    weight: float
    mode: Array
    loglik: float


class StructuralForecaster(BaseEstimator):  # type: ignore[misc]
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
    series_ : list of str
        ``region:series``, the leading one first.
    cells_ : tuple of Cell
        The grid with modes and weights.
    steps_ : DataFrame
        Posterior of each step from an older basis to the current one (log).
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

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("china").as_of("2020-01-31")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> paths = model.simulate(horizon="2020-12", samples=50, rng=7)
    >>> dict(paths.sizes)["sample"], bool((paths["value"] > 0).all())
    (50, True)
    """

    def __init__(self, *, common: SeriesPriors = SeriesPriors(), own: SeriesPriors = OWN, basis_sd: float = 0.15) -> None:  # noqa: B008
        self.common = common
        self.own = own
        self.basis_sd = basis_sd

    def fit(self, observations: xr.Dataset, design: Design) -> Self:
        """Condition the paths on the prints.

        Parameters
        ----------
        observations : Dataset over ``row``
            From a snapshot; attrs ``series``, ``region`` and ``leans_on`` say which series lead.
        design : Design
            Months, regressor blocks and disturbed months; its first month is the first of the paths.

        Returns
        -------
        StructuralForecaster
            Itself.

        Raises
        ------
        DataError
            When a series has no level print.
        ConvergenceError
            When the iteration for logs of sums does not settle.
        """
        self.origin_ = design.time[0]
        self.design_ = design
        name = str(observations.attrs["series"])
        leader = str(observations.attrs.get("leans_on", ""))
        own = f"{observations.attrs['region']}:{name}"
        self.series_ = [f"{leader}:{name}", own] if leader else [own]
        self.table_ = drop_repeats(print_table(observations, self.series_, self.origin_))
        self._check_levels()
        self.history_ = int(self.table_["last"].max())
        system = _System(self, self.history_)
        start = system.first_guess()
        grid = list(itertools.product(self.common.cells(), self.own.cells() if leader else [(1.0, 0.0)], system.shape_cells()))
        cells = []
        for common, own_cell, (shapes, shape_weight) in grid:
            mode, conditioner = system.solve(common, own_cell, shapes, start)
            weight = shape_weight / (len(grid) / len(system.shape_cells()))
            cells.append(Cell(common, own_cell, shapes, weight, mode, conditioner.loglik))
            start = mode
        self.cells_ = tuple(cells)
        self.loglik_ = float(np.log(sum(c.weight * np.exp(c.loglik - cells[0].loglik) for c in cells)) + cells[0].loglik)
        self.steps_ = system.basis_steps(self.cells_)
        self.residuals_ = system.residuals(self.cells_)
        return self

    def _check_levels(self) -> None:
        with_level = set(self.table_.loc[self.table_["measure"] == LEVEL, "series"])
        missing = [s for s in self.series_ if s not in with_level]
        if missing:
            raise DataError(f"no level print of {missing} since {self.origin_:%Y-%m}: add one with its basis", names=missing)

    def months_until(self, horizon: int | str | pd.Timestamp) -> int:
        """Months from the first to the horizon: a number of months after the last print's, or the last month itself."""
        if isinstance(horizon, int | np.integer):
            months = self.history_ + int(horizon)
        else:
            end = pd.Timestamp(horizon)
            months = (end.year - self.origin_.year) * 12 + end.month - self.origin_.month + 1
        if months > len(self.design_.time):
            raise HorizonError(
                f"horizon {horizon!r} lies beyond the design, which ends {self.design_.time[-1]:%Y-%m}: build it with until=",
                got=str(horizon),
            )
        if months < 1:
            raise HorizonError(f"horizon {horizon!r} lies before the first month {self.origin_:%Y-%m}", got=str(horizon))
        return months

    def simulate(
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
            ``value`` in 1e8 CNY a month.

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
        system = _System(self, max(months, self.history_))
        value = np.exp(system.draw(self.cells_, first, months, samples, int(rng)))
        return xr.Dataset(
            {"value": ((SAMPLE, SERIES, TIME), value, {"units": UNIT_MONEY, "long_name": "monthly level on the current basis"})},
            coords={SAMPLE: np.arange(samples), SERIES: self.series_, TIME: self.design_.time[first:months]},
            attrs={"seed": int(rng), "units": UNIT_MONEY},
        )


class _System:
    """Prior covariance and print rows over a number of months, for one fitted or fitting forecaster."""

    def __init__(self, model: StructuralForecaster, months: int) -> None:
        self.model, self.months = model, months
        self.K = len(model.series_)
        self.rows: PrintRows = build_rows(model.table_, model.series_, months, model.origin_, model.basis_sd)
        scaled = self.rows.step.multiply(self.rows.step_sd[None, :]).tocsr()
        self.noise: Array = np.diag(np.maximum(self.rows.noise**2, 1e-18)) + (scaled @ scaled.T).toarray()
        self.flat: Array = np.kron(np.eye(self.K), np.ones((months, 1))).astype(np.float64)
        self.disturbed = np.zeros(months, dtype=bool)
        covered = min(months, len(model.design_.disturbed))
        self.disturbed[:covered] = model.design_.disturbed[:covered]
        self._fixed = self._fixed_covariances()
        self._growth: dict[tuple[int, float], tuple[Array, Array]] = {}

    def shape_cells(self) -> list[tuple[tuple[int, ...], float]]:
        """Every combination of the blocks' shapes with its prior weight."""
        grids = [range(len(b.weights)) for b in self.model.design_.blocks]
        return [
            (shapes, float(np.prod([b.weights[i] for b, i in zip(self.model.design_.blocks, shapes, strict=True)])))
            for shapes in itertools.product(*grids)
        ]

    def _fixed_covariances(self) -> list[Array]:
        first_month = self.model.origin_.month
        out = []
        for priors in (self.model.common, self.model.own)[: min(self.K, 2)]:
            out.append(priors.shared_covariance(self.disturbed) + priors.seasonal_covariance(self.months, first_month))
        return out

    def _growth_part(self, which: int, cell: tuple[float, float]) -> Array:
        priors = (self.model.common, self.model.own)[which]
        key = (which, cell[0])
        if key not in self._growth:
            self._growth[key] = priors.growth_covariance(self.disturbed, cell[0])
        coefficients, slope = self._growth[key]
        return coefficients + cell[1] ** 2 * slope

    def prior(self, common: tuple[float, float], own: tuple[float, float], shapes: tuple[int, ...]) -> tuple[Array, Array]:
        """Prior mean and covariance of the stacked paths around their flat levels."""
        shared = self._fixed[0] + self._growth_part(0, common)
        mean = self.model.common.mean(self.months, common[0])
        for block, shape in zip(self.model.design_.blocks, shapes, strict=True):
            columns = block.columns[shape][: self.months]
            mean = mean + columns @ block.prior_mean
            shared = shared + (columns * block.prior_sd**2) @ columns.T
        S = np.tile(shared, (self.K, self.K))
        means = np.tile(mean, self.K)
        n = self.months
        S[np.arange(n), np.arange(n)] += self.model.common.irregular_sd**2
        for k in range(1, self.K):
            part = slice(k * n, (k + 1) * n)
            S[part, part] += self._fixed[1] + self._growth_part(1, own) + self.model.own.irregular_sd**2 * np.eye(n)
            means[part] += self.model.own.mean(n, own[0])
        return means, S

    def first_guess(self) -> Array:
        """A sensible path: each series' average print spread over its months, its prior growth on top."""
        table, z = self.rows.table, np.zeros(self.K * self.months)
        drift = self.model.common.mean(self.months, self.model.common.reversion[0])
        for k, name in enumerate(self.model.series_):
            level = table[(table["series"] == name) & (table["measure"] == LEVEL)]
            middle = ((level["first"] + level["last"] - 1) // 2).to_numpy()
            gap = np.log(level["value"].to_numpy(dtype=float) / (level["last"] - level["first"]).to_numpy()) - drift[middle]
            known = pd.Series(gap).groupby(middle).mean()
            z[k * self.months : (k + 1) * self.months] = drift + np.interp(np.arange(self.months), known.index, known.to_numpy())
        return z

    def system(self, means: Array, S: Array, z: Array) -> tuple[Conditioner, Array]:
        """The factored system linearised at ``z``, and the covariance of the paths with the prints."""
        J, c = linearise(self.rows, z)
        JS = np.asarray(J @ S)
        V = np.asarray(J @ JS.T) + self.noise
        return Conditioner(V, np.asarray(J @ self.flat), c - J @ means), JS.T

    def solve(
        self, common: tuple[float, float], own: tuple[float, float], shapes: tuple[int, ...], start: Array
    ) -> tuple[Array, Conditioner]:
        """Mode of the paths by Gauss-Newton, steps halved when they grow (METHODS eq. 2)."""
        means, S = self.prior(common, own, shapes)
        z, last, share = start, np.inf, 1.0
        with threadpool_limits(1), np.errstate(all="ignore"):
            for _ in range(_MAX_STEPS):
                conditioner, SJt = self.system(means, S, z)
                change = means + conditioner.mean(self.flat, SJt) - z
                size = float(np.abs(change).max())
                if size < _TOLERANCE:
                    return z + change, conditioner
                if not np.isfinite(size):
                    break
                share = share / 2 if size > last else min(1.0, 2 * share)
                z, last = z + share * change, size
        raise ConvergenceError(
            f"logs of sums did not settle after {_MAX_STEPS} steps (last change {last:.1e}) for {self.model.series_}: "
            "look for a print with a wrong unit or period",
            names=self.model.series_,
        )

    def draw(self, cells: tuple[Cell, ...], first: int, last: int, samples: int, seed: int) -> Array:
        """Draws (sample, series, month) of the months ``first..last``: a cell for each sample, then its normal."""
        months = last - first
        place = (np.arange(first, last)[:, None] + np.arange(self.K)[None, :] * self.months).ravel()
        xi = normals(seed, "paths", len(place), samples)
        edges = np.cumsum([c.weight for c in cells])
        chosen = np.searchsorted(edges / edges[-1], uniforms(seed, "cell", 1, samples)[0], side="right").clip(max=len(cells) - 1)
        out = np.empty((len(place), samples))
        with threadpool_limits(1):
            for i, cell in enumerate(cells):
                mine = np.flatnonzero(chosen == i)
                if len(mine):
                    mean, cov = self.posterior(cell, place)
                    out[:, mine] = mean[:, None] + safe_cholesky(cov) @ xi[:, mine]
        return np.ascontiguousarray(out.reshape(months, self.K, samples).transpose(2, 1, 0))

    def posterior(self, cell: Cell, place: NDArray[np.int64]) -> tuple[Array, Array]:
        """Posterior mean and covariance of the log paths at stacked positions ``place``."""
        means, S = self.prior(cell.common, cell.own, cell.shapes)
        conditioner, SJt = self.system(means, S, self._extend(cell.mode))
        mean = means[place] + conditioner.mean(self.flat[place], SJt[place])
        return mean, conditioner.covariance(self.flat[place], SJt[place], S[np.ix_(place, place)])

    def _extend(self, mode: Array) -> Array:
        """The stored mode, months after the last print repeated: no print depends on them."""
        history = mode.reshape(self.K, -1)
        return np.pad(history, ((0, 0), (0, self.months - history.shape[1])), mode="edge").ravel()

    def basis_steps(self, cells: tuple[Cell, ...]) -> pd.DataFrame:
        """Posterior mean and standard deviation of each basis' step to the current one, mixed over the grid."""
        bases = list(dict.fromkeys((series, basis) for series, basis, _ in self.rows.step_names))
        if not bases:
            return pd.DataFrame(columns=["series", "basis", "step", "sd"])
        whole, parts = self._steps(cells)
        # a basis' step is its common part plus the average of its twelve calendar months' own parts
        total = np.zeros((len(bases), len(whole)))
        for j, (series, basis, month) in enumerate(self.rows.step_names):
            total[bases.index((series, basis)), j] = 1.0 if month == 0 else 1 / 12
        frame = pd.DataFrame(bases, columns=["series", "basis"])
        return frame.assign(step=total @ whole, sd=np.sqrt(np.diag(total @ parts @ total.T).clip(min=0.0)))

    def _steps(self, cells: tuple[Cell, ...]) -> tuple[Array, Array]:
        """Posterior mean and covariance of all parts of the steps."""
        prior = np.diag(self.rows.step_sd**2)
        cross = -(self.rows.step.multiply(self.rows.step_sd[None, :] ** 2)).T.toarray()
        nothing = np.zeros((len(prior), self.K))
        first, second = np.zeros(len(prior)), np.zeros_like(prior)
        for cell in cells:
            means, S = self.prior(cell.common, cell.own, cell.shapes)
            conditioner, _ = self.system(means, S, cell.mode)
            mean = conditioner.mean(nothing, cross)
            first += cell.weight * mean
            second += cell.weight * (conditioner.covariance(nothing, cross, prior) + np.outer(mean, mean))
        return first, second - np.outer(first, first)

    def residuals(self, cells: tuple[Cell, ...]) -> pd.DataFrame:
        """Each print, what the path says of it on its own basis, and the difference over its stated noise."""
        steps = self._steps(cells)[0]
        centre = sum(c.weight * c.mode for c in cells) / sum(c.weight for c in cells)
        J, c = linearise(self.rows, np.asarray(centre))
        gap = c - J @ centre + (self.rows.step @ steps if len(steps) else 0.0)
        return self.rows.table.assign(gap=gap, standardised=gap / np.maximum(self.rows.noise, 1e-9))




__all__ = ["Cell", "StructuralForecaster"]
