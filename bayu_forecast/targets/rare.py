"""Probabilities near none or one: what is left of chance is integrated along a line, path by path, instead of counted.

Floor F6. Exact for an annual total with drivers, execution and a census revision; it must never replace a path by its mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logsumexp, ndtr, stdtr

from bayu_forecast.errors import ScenarioError, TargetError
from bayu_forecast.models.system import Structure, System
from bayu_forecast.scenarios import Scenario
from bayu_forecast.schema.names import BASELINE, LEVEL, SERIES, TIME, UNIT_RATIO
from bayu_forecast.simulation import Worlds
from bayu_forecast.simulation.revision import step_distribution
from bayu_forecast.targets.doses import find_target
from bayu_forecast.targets.events import AS_PRINTED, plain_sum, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.specs import Target

    Array = NDArray[np.float64]

ALONG_PATH, ALONG_REVISION = "along the path", "along the revision"
_NEWTON = 60


class Line(NamedTuple):
    """One sample's line: log levels (sample, month), what a unit along it adds to them, where the sample stands, the spread."""

    logs: Array
    direction: Array
    place: Array
    spread: Array


def line_probability(line: Line, log_goal: Array) -> tuple[Array, Array]:
    r"""Return, path by path, the probability that a sum of exponentials reaches a goal, and its complement.

    Along the line :math:`x_i + a (t - t_i)`, :math:`t \sim N(0, s^2)`, all else held, the log of the sum rises; the point where
    it meets the goal is found by Newton's method, and the normal distribution does the rest.

    Parameters
    ----------
    line : Line
        Lines of the samples.
    log_goal : array (sample,)
        Log of the sum to reach.

    Returns
    -------
    reached, missed : array (sample,)

    References
    ----------
    Koutsourelakis, Pradlwarter and Schueller (2004), Reliability of structures in high dimensions, part I. Probabilistic
    Engineering Mechanics 19.

    Examples
    --------
    >>> line = Line(np.zeros((1, 1)), np.ones((1, 1)), np.zeros(1), np.ones(1))
    >>> reached, missed = line_probability(line, np.array([3.0]))
    >>> print(f"{reached[0]:.6f} {missed[0]:.6f}")
    0.001350 0.998650
    """
    t = line.place.copy()
    for _ in range(_NEWTON):
        logs = line.logs + line.direction * (t - line.place)[:, None]
        total = logsumexp(logs, axis=1)
        step = (log_goal - total) / np.sum(np.exp(logs - total[:, None]) * line.direction, axis=1)
        t = t + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-12:
            break
    return ndtr(-t / line.spread), ndtr(t / line.spread)


def rare_probability_of(model: StructuralForecaster, known: Snapshot, target: Target | str, *, scenario: Scenario | None = None,
                        samples: int = 20000, rng: int = 0, horizon: str | None = None) -> xr.Dataset:  # fmt: skip
    """Return the probability of an annual total that is too small, or too near one, to be counted.

    The same samples as elsewhere, but of each one direction of chance is integrated exactly, all else as drawn: the
    common move of the year's months given the drivers' coefficients, or the census revision still to come. Of the two the one
    with the smaller error is reported. Unbiased with drivers, execution, continuation and revision.

    Parameters
    ----------
    model, known, samples, rng, horizon
        As in :func:`bayu_forecast.simulate`; the horizon is the end of the target's year by default.
    target : Target or str
        An annual total of the series that the model was fitted on.
    scenario : Scenario, optional
        Assumptions on levers; nothing by default.

    Returns
    -------
    Dataset
        ``probability``, ``complement`` (each with full precision), ``standard_error``, ``counted`` (plain share of the samples); attribute
        ``method``.

    Raises
    ------
    TargetError
        When the target is no annual total of that series.
    ScenarioError
        When the scenario holds conditions: they move paths after they are drawn.

    Examples
    --------
    >>> import dataclasses
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2025-06-30")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> far = dataclasses.replace(known.targets[0], value=14500.0, expression="sum(retail_total, 2025) >= 14500")
    >>> rare = rare_probability_of(model, known, far, samples=256)
    >>> 0.0 < float(rare.complement) < 1e-3, rare.attrs["method"]
    (True, 'along the path')
    """
    asked = find_target(known, target)
    plan = Scenario(BASELINE) if scenario is None else scenario
    call = plain_sum(read(asked))
    if plan.conditions:
        raise ScenarioError(f"scenario {plan.name!r} holds conditions, which move paths after they are drawn: count its paths",
                            names=[plan.name])  # fmt: skip
    worlds = Worlds(model, known, horizon=horizon or f"{asked.period}-12", samples=samples, rng=rng)
    if call is None or call.series[0] != worlds.name:
        raise TargetError(f"target {asked.id!r} is no annual total of {worlds.name!r}: count its paths with assess()", target=asked.id)
    year = _Year(worlds, plan, call.year, printed=asked.basis == AS_PRINTED)
    return _table(year, asked)


class _Year:
    """One year's months of the series under a scenario, sample by sample, with what moves them together."""

    def __init__(self, worlds: Worlds, scenario: Scenario, year: int, *, printed: bool) -> None:
        self.worlds = worlds
        self.time = pd.DatetimeIndex(worlds.drawn[TIME].to_numpy())
        self.inside = np.flatnonzero(self.time.year == year)
        self.drawn = np.log(worlds.drawn["value"].sel({SERIES: worlds.name}).to_numpy()[:, self.inside])
        shift = worlds.shifts.of(scenario)[0][0][:, self.inside] if worlds.shifts is not None else 0.0
        self.logs = self.drawn + shift
        revision = worlds.revision.sel({SERIES: worlds.name}).to_numpy()[:, self.inside[-1]]
        self.revision = revision if printed else np.zeros_like(revision)
        censuses = [first for first in worlds.known.censuses["first_year"] if first <= year] if self.revision.any() else []
        levels = worlds.known.observations(worlds.name).to_dataframe()
        own = levels[(levels["region"] == worlds.known.region.name) & (levels["measure"] == LEVEL)]
        self.pending = [first for first in censuses if first > own["period_end"].dt.year.max()]

    def along_path(self, log_goal: float) -> tuple[Array, Array]:
        """Integrate the months' common move, given coefficients, execution and revision."""
        model = self.worlds.model
        structure = Structure(model.series_, model.table_, model.design_, model.common, model.own, model.basis_sd)
        months = len(model.design_.time[model.design_.time <= self.time[-1]])
        system = System(structure, max(months, model.history_))
        first = months - len(self.time)
        _, coefficient, cell = system.draw(model.cells_, first, months, len(self.logs), self.worlds.seed)
        place = (len(model.series_) - 1) * system.months + first + self.inside
        direction, stand, spread = np.empty_like(self.logs), *np.empty((2, len(self.logs)))
        for i in np.unique(cell):
            mine = np.flatnonzero(cell == i)
            mean, cov = system.posterior(model.cells_[i], place)
            direction[mine], stand[mine], spread[mine] = _common_move(mean, cov, coefficient[mine], self.drawn[mine])
        return line_probability(Line(self.logs, direction, stand, spread), log_goal - self.revision)

    def along_revision(self, log_goal: float) -> tuple[Array, Array]:
        """Integrate the one census revision still to come, given the path."""
        location, scale, df = step_distribution(self.worlds.known.census_steps["step"].to_numpy(dtype=float))
        z = (log_goal - logsumexp(self.logs, axis=1) - location) / scale
        return stdtr(df, -z), stdtr(df, z)


def _common_move(mean: Array, cov: Array, coefficient: Array, logs: Array) -> tuple[Array, Array, float]:
    """Direction (month,) in which the year's total moves most, given the coefficients; where each sample stands on it; its spread."""
    k = coefficient.shape[1]
    gain = np.linalg.solve(cov[:k, :k], cov[:k, k:]).T
    left = cov[k:, k:] - gain @ cov[:k, k:]
    weight = np.exp(mean[k:] - logsumexp(mean[k:]))
    variance = float(weight @ left @ weight)
    residual = logs - mean[k:] - (coefficient - mean[:k]) @ gain.T
    return left @ weight / variance, residual @ weight, float(np.sqrt(variance))


def _table(year: _Year, target: Target) -> xr.Dataset:
    """The better of the two ways, with its error."""
    log_goal = float(np.log(target.value - target.tolerance))
    ways = {ALONG_PATH: year.along_path(log_goal)}
    if len(year.pending) == 1:
        ways[ALONG_REVISION] = year.along_revision(log_goal)
    method = min(ways, key=lambda name: float(ways[name][0].std()))
    reached, missed = ways[method][:: -1 if target.op in ("<", "<=") else 1]
    total = logsumexp(year.logs, axis=1) + year.revision
    hit = total < log_goal if target.op in ("<", "<=") else total >= log_goal
    values = {
        "probability": (reached.mean(), "probability, one direction of chance integrated in every sample"),
        "complement": (missed.mean(), "probability of the contrary"),
        "standard_error": (reached.std(ddof=1) / np.sqrt(len(reached)), "Monte-Carlo standard error of both"),
        "counted": (hit.mean(), "plain share of the samples"),
    }
    variables = {name: ((), value, {"units": UNIT_RATIO, "long_name": words}) for name, (value, words) in values.items()}
    return xr.Dataset(variables, attrs={"method": method, "target": target.id, "samples": len(reached), "seed": year.worlds.seed,
                                        "as_of": str(year.worlds.known.as_of)[:10], "region": year.worlds.known.region.name})  # fmt: skip
