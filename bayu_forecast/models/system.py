"""Prior covariance, print rows and posterior of stacked log paths, for one point of the grid or all.

Floor F2 (east): the linear algebra between a forecaster and its answers. It must never know what a regressor stands for.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayu_forecast._numeric.gaussian import Conditioner, safe_cholesky
from bayu_forecast._numeric.streams import BLOCK, normals, uniforms
from bayu_forecast.errors import ConvergenceError
from bayu_forecast.models.prints import PrintRows, build_rows, linearise
from bayu_forecast.models.priors import SeriesPriors
from bayu_forecast.schema.names import LEVEL

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


@dataclasses.dataclass(frozen=True, slots=True)
class Structure:
    """What a system is built from: the series, their prints, their priors and the design."""

    series: list[str]
    table: pd.DataFrame
    design: Design
    common: SeriesPriors
    own: SeriesPriors
    basis_sd: float

    @property
    def origin(self) -> pd.Timestamp:
        """First month of the paths."""
        return self.design.time[0]


class System:
    """Prior covariance and print rows over a number of months, for one fitted or fitting forecaster."""

    def __init__(self, structure: Structure, months: int) -> None:
        self.structure, self.months = structure, months
        self.K = len(structure.series)
        self.rows: PrintRows = build_rows(structure.table, structure.series, months, structure.origin, structure.basis_sd)
        scaled = self.rows.step.multiply(self.rows.step_sd[None, :]).tocsr()
        self.noise: Array = np.diag(np.maximum(self.rows.noise**2, 1e-18)) + (scaled @ scaled.T).toarray()
        self.flat: Array = np.kron(np.eye(self.K), np.ones((months, 1))).astype(np.float64)
        self.disturbed = np.zeros(months, dtype=bool)
        covered = min(months, len(structure.design.disturbed))
        self.disturbed[:covered] = structure.design.disturbed[:covered]
        self._fixed = self._fixed_covariances()
        self.regressors = [label for b in structure.design.blocks for label in b.labels]
        self._growth: dict[tuple[int, float], tuple[Array, Array]] = {}

    def shape_cells(self) -> list[tuple[tuple[int, ...], float]]:
        """Every combination of the blocks' shapes with its prior weight."""
        grids = [range(len(b.weights)) for b in self.structure.design.blocks]
        return [
            (shapes, float(np.prod([b.weights[i] for b, i in zip(self.structure.design.blocks, shapes, strict=True)])))
            for shapes in itertools.product(*grids)
        ]

    def _fixed_covariances(self) -> list[Array]:
        first_month = self.structure.origin.month
        out = []
        for priors in (self.structure.common, self.structure.own)[: min(self.K, 2)]:
            out.append(priors.shared_covariance(self.disturbed) + priors.seasonal_covariance(self.months, first_month))
        return out

    def _growth_part(self, which: int, cell: tuple[float, float]) -> Array:
        priors = (self.structure.common, self.structure.own)[which]
        key = (which, cell[0])
        if key not in self._growth:
            self._growth[key] = priors.growth_covariance(self.disturbed, cell[0])
        coefficients, slope = self._growth[key]
        return coefficients + cell[1] ** 2 * slope

    def prior(self, common: tuple[float, float], own: tuple[float, float], shapes: tuple[int, ...]) -> tuple[Array, Array]:
        """Prior mean and covariance of the stacked paths around their flat levels."""
        shared = self._fixed[0] + self._growth_part(0, common)
        mean = self.structure.common.mean(self.months, common[0])
        S = np.tile(shared, (self.K, self.K))
        loadings, prior_mean, prior_sd = self.regression(shapes)
        S += (loadings * prior_sd**2) @ loadings.T
        means = np.tile(mean, self.K) + loadings @ prior_mean
        n = self.months
        S[np.arange(n), np.arange(n)] += self.structure.common.irregular_sd**2
        for k in range(1, self.K):
            part = slice(k * n, (k + 1) * n)
            S[part, part] += self._fixed[1] + self._growth_part(1, own) + self.structure.own.irregular_sd**2 * np.eye(n)
            means[part] += self.structure.own.mean(n, own[0])
        return means, S

    def regression(self, shapes: tuple[int, ...]) -> tuple[Array, Array, Array]:
        """Loadings of the stacked paths on every coefficient, and the coefficients' prior means and standard deviations."""
        columns, means, sds = [np.zeros((self.K * self.months, 0))], [np.zeros(0)], [np.zeros(0)]
        for block, shape in zip(self.structure.design.blocks, shapes, strict=True):
            layers = np.broadcast_to(block.columns[shape], (2, *block.columns[shape].shape[-2:]))[:, : self.months]
            columns.append(np.concatenate([*[layers[0]] * (self.K - 1), layers[1]]))
            means.append(block.prior_mean)
            sds.append(block.prior_sd)
        return np.hstack(columns), np.concatenate(means), np.concatenate(sds)

    def first_guess(self) -> Array:
        """A sensible path: each series' average print spread over its months, its prior growth on top."""
        table, z = self.rows.table, np.zeros(self.K * self.months)
        drift = self.structure.common.mean(self.months, self.structure.common.reversion[0])
        for k, name in enumerate(self.structure.series):
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
        with np.errstate(all="ignore"):
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
            f"logs of sums did not settle after {_MAX_STEPS} steps (last change {last:.1e}) for {self.structure.series}: "
            "look for a print with a wrong unit or period",
            names=self.structure.series,
        )

    def draw(self, cells: tuple[Cell, ...], first: int, last: int, samples: int, seed: int) -> tuple[Array, Array, NDArray[np.int64]]:
        """Draws (sample, series, month) of the months ``first..last``, the coefficients (sample, regressor), and each one's cell.

        Coefficients stand before the months, months before later months: a longer horizon leaves earlier numbers alone.
        """
        months, k = last - first, len(self.regressors)
        place = (np.arange(first, last)[:, None] + np.arange(self.K)[None, :] * self.months).ravel()
        whole = -(-samples // BLOCK) * BLOCK
        xi = np.vstack([normals(seed, "coefficients", k, whole), normals(seed, "paths", len(place), whole)])
        edges = np.cumsum([c.weight for c in cells])
        chosen = np.searchsorted(edges / edges[-1], uniforms(seed, "cell", 1, whole)[0], side="right").clip(max=len(cells) - 1)
        out = np.empty((k + len(place), whole))
        laws: dict[int, tuple[Array, Array]] = {}
        # one product a cell and block of samples: the last bits of a product move with its width, and must not move with ``samples``
        for begin in range(0, whole, BLOCK):
            for i in np.unique(chosen[begin : begin + BLOCK]):
                if i not in laws:
                    mean, cov = self.posterior(cells[i], place)
                    laws[i] = mean[:, None], safe_cholesky(cov)
                mine = begin + np.flatnonzero(chosen[begin : begin + BLOCK] == i)
                out[:, mine] = laws[i][0] + laws[i][1] @ xi[:, mine]
        out, chosen = out[:, :samples], chosen[:samples]
        paths = np.ascontiguousarray(out[k:].reshape(months, self.K, samples).transpose(2, 1, 0))
        return paths, np.ascontiguousarray(out[:k].T), chosen

    def posterior(self, cell: Cell, place: NDArray[np.int64]) -> tuple[Array, Array]:
        """Posterior mean and covariance of the coefficients, then of the log paths at stacked positions ``place``."""
        means, S = self.prior(cell.common, cell.own, cell.shapes)
        loadings, prior_mean, prior_sd = self.regression(cell.shapes)
        conditioner, SJt = self.system(means, S, self._extend(cell.mode))
        J = linearise(self.rows, self._extend(cell.mode))[0]
        with_coefficients = (loadings * prior_sd**2).T
        cross = np.vstack([np.asarray(J @ with_coefficients.T).T, SJt[place]])
        flat = np.vstack([np.zeros((len(prior_sd), self.K)), self.flat[place]])
        prior = np.block([[np.diag(prior_sd**2), with_coefficients[:, place]], [with_coefficients[:, place].T, S[np.ix_(place, place)]]])
        mean = np.concatenate([prior_mean, means[place]]) + conditioner.mean(flat, cross)
        return mean, conditioner.covariance(flat, cross, prior)

    def coefficients(self, cells: tuple[Cell, ...]) -> pd.DataFrame:
        """Prior and posterior moments of every coefficient, mixed over the grid, with the contraction of its variance."""
        nowhere = np.zeros(0, dtype=np.int64)
        moments = [(c.weight, *self.posterior(c, nowhere)) for c in cells]
        mean = sum(w * m for w, m, _ in moments)
        variance = sum(w * (np.diag(v) + m**2) for w, m, v in moments) - mean**2
        _, prior_mean, prior_sd = self.regression(cells[0].shapes)
        frame = pd.DataFrame({"regressor": self.regressors, "prior_mean": prior_mean, "prior_sd": prior_sd, "mean": mean})
        return frame.assign(sd=np.sqrt(np.maximum(variance, 0.0)), contraction=1.0 - variance / prior_sd**2)

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
