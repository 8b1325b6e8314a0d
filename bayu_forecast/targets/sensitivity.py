"""What an answer depends on most: one uncertain input at a time between its tenths, and shares of variance by group.

Floor F6. It reads how the paths answer to inputs that were drawn with them; it must never draw its own.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from scipy.special import ndtri
from sklearn.base import clone

from bayu_forecast._numeric.sensitivity import Tornado, sobol_indices, tornado
from bayu_forecast.design import design
from bayu_forecast.errors import ScenarioError, TargetError
from bayu_forecast.paths import annual_sum
from bayu_forecast.scenarios import Scenario
from bayu_forecast.schema.names import BASELINE, SCENARIO, UNIT_MONEY, UNIT_RATIO
from bayu_forecast.simulation import Worlds
from bayu_forecast.targets.doses import find_target
from bayu_forecast.targets.events import AS_PRINTED, plain_sum, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.specs import Target

    Array = NDArray[np.float64]

EFFECT, EXECUTION, CONTINUATION, REVISION, LONG_RUN = "effect", "execution", "continuation", "revision", "long-run growth"
#: what no named input explains: the shocks to growth, level and season
SHOCKS = "shocks"
_LEVELS = (0.1, 0.9)


class Surface(NamedTuple):
    """Log total as a quadratic in each input: centre and spread of the inputs, coefficients and covariance, the rest of each sample."""

    centre: Array
    spread: Array
    beta: Array
    covariance: Array
    left: Array

    def at(self, points: Array) -> Array:
        """Log total (m,) at points (m, d)."""
        return np.asarray(_columns((points - self.centre) / self.spread) @ self.beta)

    def error(self, ends: Array) -> Array:
        """Standard error (d,) of the difference that each input makes between its two ends (2, d), the others held."""
        low, high = _columns((ends - self.centre) / self.spread)
        d, move = len(self.centre), high - low
        # of an input's move only its own two columns change
        each = np.array([np.where(np.isin(np.arange(len(move)), (1 + j, 1 + d + j)), move, 0.0) for j in range(d)])
        return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", each, self.covariance, each)))


def fit_surface(inputs: Array, answers: Array) -> Surface:
    """Regress answers on inputs drawn with them, and on their squares.

    Parameters
    ----------
    inputs : array (sample, d)
        None constant.
    answers : array (sample,)
        What the model made of each draw.

    Returns
    -------
    Surface

    Examples
    --------
    >>> x = np.linspace(-1.0, 1.0, 101)[:, None]
    >>> surface = fit_surface(x, 3.0 + 2.0 * x[:, 0] - x[:, 0] ** 2)
    >>> print(surface.at(np.array([[0.5]])).round(9), abs(surface.left).max() < 1e-9)
    [3.75] True
    """
    centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
    columns = _columns((inputs - centre) / spread)
    beta = np.asarray(np.linalg.lstsq(columns, answers, rcond=None)[0], dtype=np.float64)
    left = answers - columns @ beta
    # the least-norm inverse: an input of two values has a square that says nothing new
    covariance = np.linalg.pinv(columns.T @ columns) * float(left @ left) / max(1, len(left) - columns.shape[1])
    return Surface(centre, spread, beta, covariance, left)


def sensitivity(model: StructuralForecaster, known: Snapshot, target: Target | str = "retail_total_2025", *,
                scenario: Scenario | None = None, samples: int = 4000, rng: int = 0, horizon: str | None = None,
                long_run: bool = True, log2_points: int = 10) -> xr.Dataset:  # fmt: skip
    """Say what an annual total and its probability depend on most.

    The inputs are those drawn with the paths: each driver's coefficient, how much of its money is paid, whether its programme goes
    on, and the census revision. The log total is regressed on them and their squares over the samples, so an effect that history
    has tied to the level is moved together with it. Long-run growth is a prior: the model is fitted anew with it at its tenths,
    in the same samples, at the centre of the grid.

    Parameters
    ----------
    model, known, scenario, samples, rng, horizon
        As in :func:`bayu_forecast.solve`.
    target : Target or str
        An annual total.
    long_run : bool
        Also move long-run growth: three fits.
    log2_points : int
        Base-2 logarithm of the Sobol points to a scramble.

    Returns
    -------
    Dataset
        Over ``input`` (widest first), with coordinate ``group``: ``low_input``, ``high_input``, its 10 % and 90 % quantiles; ``low``,
        ``high``, the total with the others at their medians; ``swing_error``, the sampling error of ``high - low`` (missing for the
        refits); ``probability_low``, ``probability_high``, with the other inputs at their medians and shocks as drawn. Scalars ``base``,
        ``probability_base``, ``explained`` (share of the log total's variance that inputs explain). Over ``source`` (groups, and the
        shocks that no input explains): Sobol indices ``first``, ``total`` and their errors, the inputs taken as independent.

    Raises
    ------
    TargetError
        When the target is no annual total.
    ScenarioError
        When the model's design has no drivers.

    References
    ----------
    Sudret (2008), Global sensitivity analysis using polynomial chaos expansions. Reliability Engineering and System Safety 93;
    Saltelli et al. (2010) for the indices.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2025-01-31")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> found = bf.sensitivity(model, known, samples=400, long_run=False)
    >>> str(found["input"].values[0])
    'revision'
    """
    asked, plan = find_target(known, target), Scenario(BASELINE) if scenario is None else scenario
    if plain_sum(read(asked)) is None:
        raise TargetError(f"target {asked.id!r} is no annual total: sensitivity is of totals", target=asked.id)
    worlds = Worlds(model, known, horizon=horizon or f"{asked.period}-12", samples=samples, rng=rng)
    answers, revision = _answers(worlds, plan, asked)
    names, groups, inputs = _inputs(worlds, plan, asked.period, revision)
    surface = fit_surface(inputs, answers)
    swings = tornado(surface.at, inputs, _LEVELS)
    rows = _rows(names, groups, surface.error(np.quantile(inputs, _LEVELS, axis=0)), inputs, swings)
    if long_run:
        rows.append(_long_run(model, known, asked, plan, samples=samples, rng=rng, horizon=horizon, base=swings.base))
    shares = _shares(surface, inputs, groups, log2_points, rng)
    return _table(rows, shares, surface, swings.base, 1.0 - float(surface.left.var() / answers.var()), asked, worlds)


class _Row(NamedTuple):
    """One input's swing: its name, group, quantiles, the log totals there, and the error of their difference."""

    name: str
    group: str
    inputs: tuple[float, float]
    logs: tuple[float, float]
    error: float


def _columns(z: Array) -> Array:
    """One, each input, and its square."""
    return np.column_stack([np.ones(len(z)), z, z * z])


def _answers(worlds: Worlds, scenario: Scenario, target: Target) -> tuple[Array, Array]:
    """Log of the total (sample,) as the target reads it, and the revision within it."""
    paths = worlds.run(scenario)
    call = plain_sum(read(target))
    assert call is not None
    plain, printed = (annual_sum(paths, call.series[0], call.year, printed=p).isel({SCENARIO: 0}).to_numpy() for p in (False, True))
    return np.log(printed if target.basis == AS_PRINTED else plain), np.log(printed / plain) * (target.basis == AS_PRINTED)


def _inputs(worlds: Worlds, scenario: Scenario, year: int, revision: Array) -> tuple[list[str], list[str], Array]:
    """Names, groups and draws (sample, d) of the inputs that act on a year and vary."""
    shifts = worlds.shifts
    if shifts is None:
        raise ScenarioError("the model's design has no drivers to be sensitive to: fit on design(known)", names=[scenario.name])
    n, months = worlds.samples, shifts.inputs.time
    until = months.year <= year
    ended, going_on = (frame[until] for frame in shifts.frames)
    found: list[tuple[str, str, Array]] = []
    for spec in shifts.inputs.specs:
        found.append((spec.id, EFFECT, shifts.multiplier[spec.id][:n]))
        later = going_on.loc[(months[until] > shifts.inputs.as_of) & (months[until].year == year), spec.id]
        if spec.execution_sd > 0.0 and (spec.nature == "uncertain" or bool((later != 0.0).any())):
            drawn = shifts.execution(spec)[year - months[0].year, :n]
            found.append((f"{spec.id} {EXECUTION}", EXECUTION, spec.execution_sd * drawn))
        if not ended[spec.id].equals(going_on[spec.id]):
            found.append((f"{spec.id} {CONTINUATION}", CONTINUATION, shifts.goes_on(spec)[:n].astype(np.float64)))
    found.append((REVISION, REVISION, revision))
    kept = [f for f in found if f[2].std() > 0.0]
    return [k[0] for k in kept], [k[1] for k in kept], np.column_stack([k[2] for k in kept])


def _rows(names: list[str], groups: list[str], errors: Array, inputs: Array, swings: Tornado) -> list[_Row]:
    """One row an input."""
    low, high = np.quantile(inputs, _LEVELS, axis=0)
    return [
        _Row(name, group, (float(low[i]), float(high[i])), (float(swings.low[i]), float(swings.high[i])), float(errors[i]))
        for i, (name, group) in enumerate(zip(names, groups, strict=True))
    ]


def _long_run(model: StructuralForecaster, known: Snapshot, target: Target, scenario: Scenario, *, samples: int, rng: int,
              horizon: str | None, base: float) -> _Row:  # fmt: skip
    """The median total with long-run growth fixed at its tenths, against its median, in the same samples."""
    mean, sd = model.common.long_run
    at = tuple(float(mean + sd * ndtri(level)) for level in _LEVELS)
    observations, months = known.observations(known.region.series[0].id), design(known)
    logs = []
    common = model.common
    reversion, slope_sd = (sorted(grid)[len(grid) // 2] for grid in (common.reversion, common.slope_sd))
    for growth in (at[0], mean, at[1]):
        priors = dataclasses.replace(common, long_run=(growth, 0.0), reversion=(reversion,), slope_sd=(slope_sd,))
        fixed = clone(model).set_params(common=priors).fit(observations, months)
        worlds = Worlds(fixed, known, horizon=horizon or f"{target.period}-12", samples=samples, rng=rng)
        logs.append(float(np.median(_answers(worlds, scenario, target)[0])))
    return _Row(LONG_RUN, LONG_RUN, (at[0], at[1]), (base + logs[0] - logs[1], base + logs[2] - logs[1]), np.nan)


def _shares(surface: Surface, inputs: Array, groups: list[str], log2_points: int, seed: int) -> xr.Dataset:
    """Sobol indices by group on the surface, shocks as one more input that adds to the log total."""
    labels = [*dict.fromkeys(groups), SHOCKS]
    columns = [[i for i, group in enumerate(groups) if group == label] for label in labels[:-1]]
    ordered, d = np.sort(np.column_stack([inputs, surface.left]), axis=0), inputs.shape[1]

    def total(u: Array) -> Array:
        place = np.minimum((u * len(ordered)).astype(np.intp), len(ordered) - 1)
        draws = np.take_along_axis(ordered, place, axis=0)
        return surface.at(draws[:, :d]) + draws[:, d]

    indices = sobol_indices(total, [*columns, [d]], log2_points=log2_points, seed=seed)
    words = {"first": "share of the log total's variance that the group explains alone",
             "total": "share that stays while the group alone is open",
             "first_error": "its standard error", "total_error": "its standard error"}  # fmt: skip
    return xr.Dataset({name: ("source", getattr(indices, name), {"units": UNIT_RATIO, "long_name": text}) for name, text in words.items()},
                      coords={"source": labels})  # fmt: skip


def _table(rows: list[_Row], shares: xr.Dataset, surface: Surface, base: float, explained: float, target: Target,
           worlds: Worlds) -> xr.Dataset:  # fmt: skip
    """Swings, widest first, with probabilities, and the shares beside them."""
    rows = sorted(rows, key=lambda row: -abs(row.logs[1] - row.logs[0]))
    falls, goal = target.op in ("<", "<="), float(np.log(target.value - target.tolerance))

    def chance(log_total: float) -> float:
        share = float((log_total + surface.left >= goal).mean())
        return 1.0 - share if falls else share

    out = {}
    for i, end in enumerate(("low", "high")):
        which = "10 %" if i == 0 else "90 %"
        out[f"{end}_input"] = ("input", [r.inputs[i] for r in rows], {"long_name": f"{which} quantile of the input"})
        out[end] = ("input", [np.exp(r.logs[i]) for r in rows], {"units": UNIT_MONEY, "long_name": f"total with the input there ({which})"})
        out[f"probability_{end}"] = ("input", [chance(r.logs[i]) for r in rows], {"units": UNIT_RATIO, "long_name": "probability there"})
    out["swing_error"] = ("input", [r.error * np.exp(base) for r in rows], {"units": UNIT_MONEY, "long_name": "error of high less low"})
    swings = xr.Dataset(out, coords={"input": [r.name for r in rows], "group": ("input", [r.group for r in rows])})
    return xr.merge([swings, shares]).assign(
        base=((), float(np.exp(base)), {"units": UNIT_MONEY, "long_name": "total with every input at its median"}),
        probability_base=((), chance(base), {"units": UNIT_RATIO, "long_name": "probability with every input at its median"}),
        explained=((), explained, {"units": UNIT_RATIO, "long_name": "share of the log total's variance that inputs explain"}),
    ).assign_attrs(target=target.id, as_of=str(worlds.known.as_of)[:10], region=worlds.known.region.name, samples=worlds.samples,
                   seed=worlds.seed)  # fmt: skip
