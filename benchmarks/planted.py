"""A world with a planted effect, seen through prints, and the engine's posterior of it: used by sbc.py, recovery.py and tests.

Eight years of a region: level, slope, season and irregular of the structural covariances, a programme of the last years acting by
the mass-balanced kernel, January and February printed as one, levels rounded to .1, a census after five years that lifts them, and
growth to .1 point over its year.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric import impulse
from bayu_forecast._numeric.gaussian import Conditioner, condition, safe_cholesky
from bayu_forecast._numeric.kernels import policy_kernel, respond
from bayu_forecast._numeric.streams import generator
from bayu_forecast.drivers.responses import carry_over
from bayu_forecast.specs import SHAPE_WEIGHTS

Array = NDArray[np.float64]

MONTHS, CENSUS = 96, 60
#: share borrowed and months to repay: low, middle and high payback of the trade-in driver, and its carry-over
SHAPES, THETA = ((0.34, 18), (0.58, 12), (0.81, 6)), 0.3
WEIGHTS = np.array(list(SHAPE_WEIGHTS.values()))
KERNELS = [policy_kernel(carry_over(THETA), rho, horizon) for rho, horizon in SHAPES]
#: normal prior of the coefficient; sd of level, irregular, season at the start and its drift; prior sd of the census step
PRIOR_MEAN, PRIOR_SD = 1.5, 0.7
LEVEL_SD, IRREGULAR_SD, SEASON_SD, DRIFT_SD, STEP_SD = 0.010, 0.015, 0.05, 0.004, 0.15
DAMPING, UNIT, GROWTH_UNIT = 0.985, 0.1, 0.001
FLAT = np.column_stack([np.ones(MONTHS), impulse.growth_columns(MONTHS, DAMPING)])
#: level of some 1,000 a month, growth of 5 % in the long run and 8 % at the start
BETA = np.array([np.log(1000.0), 0.05, 0.08])


class Prints(NamedTuple):
    """Rows of prints: log sums over ``cells``, growth of the year after the census, and which levels are on the old basis."""

    J: Array
    offset: Array
    old: Array
    R: Array
    cells: tuple[tuple[int, int], ...]
    grown: tuple[int, ...]


class Posterior(NamedTuple):
    """Of one shape: mean and covariance of the asked rows and the coefficient (last), log likelihood."""

    mean: Array
    covariance: Array
    loglik: float


def world(slope_sd: float = 0.0) -> Array:
    """Covariance of the log path around its flat part."""
    slope = impulse.shock_covariance(impulse.slope_response(MONTHS, DAMPING), np.full(MONTHS, slope_sd**2))
    season = impulse.seasonal_covariance(MONTHS, 1, SEASON_SD, DRIFT_SD)
    return impulse.level_covariance(np.full(MONTHS, LEVEL_SD**2)) + slope + season + IRREGULAR_SD**2 * np.eye(MONTHS)


def prints_until(months: int) -> Prints:
    """What is printed of the first months; a sum of two months is linearised where they are equal (off by 1e-4 in the mean)."""
    cells = [(t - 1, t) if t % 12 == 1 else (t, t) for t in range(months) if t % 12 != 0]
    grown = [i for i, (first, _) in enumerate(cells) if CENSUS <= first < CENSUS + 12]
    J, offset = np.zeros((len(cells), MONTHS)), np.zeros(len(cells))
    for i, (first, last) in enumerate(cells):
        J[i, first : last + 1] = 1.0 / (last - first + 1)
        offset[i] = np.log(last - first + 1)
    old = np.array([float(last < CENSUS) for _, last in cells])
    growth = J[grown] - J[[i - 11 for i in grown]]
    level_noise = UNIT / np.sqrt(12.0) / np.exp(BETA[0] + offset)
    noise = np.concatenate([level_noise, np.full(len(grown), GROWTH_UNIT / np.sqrt(12.0) / 1.05)])
    return Prints(np.vstack([J, growth]), np.append(offset, np.zeros(len(grown))), np.append(old, np.zeros(len(grown))),
                  np.diag(noise**2), tuple(cells), tuple(grown))  # fmt: skip


def publish(z: Array, step: float, rows: Prints) -> Array:
    """Log of what is printed of a log path: sums, rounded, on the basis of their day."""
    x = np.exp(z)
    sums = np.array([x[first : last + 1].sum() for first, last in rows.cells])
    levels = np.round(sums * np.exp(-step * rows.old[: len(sums)]) / UNIT) * UNIT
    grown = np.array(rows.grown)
    growth = np.round((sums[grown] / sums[grown - 11] - 1.0) / GROWTH_UNIT) * GROWTH_UNIT
    return np.append(np.log(levels), np.log1p(growth))


def budget(*key: str | int) -> Array:
    """Money as a share of monthly sales: two short voucher rounds, then stop-and-go trade-in from month 68 to 83."""
    money = np.zeros(MONTHS)
    money[MONTHS - 28 : MONTHS - 12] = 0.006 * (1.0 + 0.5 * generator(0, "budget", *key).standard_normal(16))
    money[MONTHS - 70 : MONTHS - 66], money[MONTHS - 45 : MONTHS - 42] = 0.003, 0.004
    return np.clip(money, 0.0, None)


class Engine:
    """Posteriors of one region and one budget under each shape, by the package's conditioning."""

    def __init__(self, S: Array, rows: Prints, money: Array, asked: slice = slice(0, 0)) -> None:
        self.rows = rows
        self.responses = [respond(money, kernel) for kernel in KERNELS]
        self.kept = np.array([r.sum() / money.sum() for r in self.responses])
        SJt, self._X = S @ rows.J.T, np.vstack([FLAT[asked], np.zeros((1, FLAT.shape[1]))])
        self._JX = rows.J @ FLAT
        V = rows.J @ SJt + rows.R + STEP_SD**2 * np.outer(rows.old, rows.old)
        self._systems = [self._of(S, SJt, V, response, asked) for response in self.responses]

    def _of(self, S: Array, SJt: Array, V: Array, response: Array, asked: slice) -> tuple[Array, Array, Array, Array]:
        """Seen response, covariance of the prints, of asked rows and prints, and of asked rows, with the coefficient in them."""
        full = np.append(response[asked], 1.0)
        seen = self.rows.J @ response
        cross = np.vstack([SJt[asked], np.zeros((1, len(seen)))]) + PRIOR_SD**2 * np.outer(full, seen)
        own = PRIOR_SD**2 * np.outer(full, full)
        own[:-1, :-1] += S[asked, asked]
        return seen, V + PRIOR_SD**2 * np.outer(seen, seen), cross, own

    def posterior(self, y: Array, shape: int, asked: slice = slice(0, 0), *, spread: bool = True) -> Posterior:
        """Posterior under one shape; the covariance, which no figure moves, only on request."""
        seen, V, cross, own = self._systems[shape]
        system = Conditioner(V, self._JX, y - self.rows.offset - PRIOR_MEAN * seen)
        mean = system.mean(self._X, cross) + PRIOR_MEAN * np.append(self.responses[shape][asked], 1.0)
        return Posterior(mean, system.covariance(self._X, cross, own) if spread else np.empty(0), system.loglik)


def dense(S: Array, rows: Prints, money: Array, y: Array, shape: int) -> Posterior:
    """The same by the whole vector at once: path, coefficient and census step."""
    response = respond(money, KERNELS[shape])
    load = np.vstack([np.eye(MONTHS), np.zeros((2, MONTHS))])
    both = np.column_stack([np.append(response, [1.0, 0.0]), np.append(np.zeros(MONTHS + 1), 1.0)])
    prior = load @ S @ load.T + both @ np.diag([PRIOR_SD**2, STEP_SD**2]) @ both.T
    J = np.column_stack([rows.J, np.zeros(len(y)), -rows.old])
    X = np.vstack([FLAT, np.zeros((2, FLAT.shape[1]))])
    shift = PRIOR_MEAN * both[:, 0]
    done = condition(prior, X, J, y - rows.offset - J @ shift, rows.R)
    return Posterior(done.mean + shift, done.covariance, done.loglik)


def truth(*key: str | int) -> tuple[int, float, float]:
    """A shape, a coefficient and a census step from their priors."""
    draw = generator(0, "truth", *key)
    shape = int(draw.choice(len(WEIGHTS), p=WEIGHTS))
    return shape, PRIOR_MEAN + PRIOR_SD * draw.standard_normal(), STEP_SD * draw.standard_normal()


def path(half: Array, response: Array, m: float, *key: str | int) -> Array:
    """A log path with a planted effect."""
    return FLAT @ BETA + m * response + half @ generator(0, "path", *key).standard_normal(MONTHS)


def pooled(parts: list[list[Posterior]]) -> tuple[Array, Array, Array]:
    """Weights, means and variances by shape of a coefficient that regions share: information adds up.

    ``parts[region][shape]``; each region's likelihood in the coefficient is exp(a + b m - p m^2 / 2), read off its posterior.
    """
    prior = 1.0 / PRIOR_SD**2
    log_weight, mean, variance = np.log(WEIGHTS), np.zeros(len(WEIGHTS)), np.zeros(len(WEIGHTS))
    for shape in range(len(WEIGHTS)):
        p = b = a = 0.0
        for region in parts:
            m, v, loglik = region[shape].mean[-1], region[shape].covariance[-1, -1], region[shape].loglik
            p, b = p + 1.0 / v - prior, b + m / v - prior * PRIOR_MEAN
            a += loglik - evidence(m / v, 1.0 / v)
        mean[shape], variance[shape] = (b + prior * PRIOR_MEAN) / (p + prior), 1.0 / (p + prior)
        log_weight[shape] += a + evidence(b + prior * PRIOR_MEAN, p + prior)
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum(), mean, variance


def evidence(b: float, p: float) -> float:
    """Log integral of the prior times exp(b' m - p' m^2 / 2), ``b`` and ``p`` with the prior's part in them."""
    return float(0.5 * (b**2 / p - PRIOR_MEAN**2 / PRIOR_SD**2 - np.log(p * PRIOR_SD**2)))


__all__ = ["MONTHS", "WEIGHTS", "Engine", "Posterior", "budget", "dense", "path", "pooled", "prints_until", "publish", "safe_cholesky",
           "truth", "world"]  # fmt: skip
