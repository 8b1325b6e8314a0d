"""One budget over several levers: the split that makes a target most probable, beside the proportional one.

Floor F6. The split is searched on smoothed single-lever responses and judged by exact runs; it must never report the former.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize
from scipy.special import ndtr

from bayu_forecast.errors import SpecificationError
from bayu_forecast.schema.names import UNIT_RATIO
from bayu_forecast.targets.doses import NODES, DoseRuns, limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.scenarios import Scenario
    from bayu_forecast.specs import Target

    Array = NDArray[np.float64]

_SQRT_2PI = float(np.sqrt(2.0 * np.pi))
_EXACT = 1e-9


class Mix(NamedTuple):
    """Doses (knot, lever) that rising costs (knot,) buy, straight in between."""

    cost: Array
    knots: Array

    def doses(self, cost: float) -> Array:
        """Doses of a cost."""
        return np.array([np.interp(cost, self.cost, column) if cost == cost else np.nan for column in self.knots.T])


class Smoothed:
    """A smooth stand-in for the probability: single-lever responses added up, each path's event blurred by a normal kernel.

    Parameters
    ----------
    nodes : sequence of array (node,)
        Doses of each lever, rising; the first is its lowest.
    margins : sequence of array (node, sample)
        Margins at these doses, the other levers at their lowest.

    Examples
    --------
    >>> paths = np.linspace(-1.0, 1.0, 2001)
    >>> smooth = Smoothed([np.array([0.0, 1.0, 2.0])], [paths + np.array([[0.0], [0.5], [1.0]])])
    >>> value, slope = smooth(np.array([1.0]))
    >>> print(round(value, 2), slope.round(2))
    0.75 [0.25]
    """

    def __init__(self, nodes: Sequence[Array], margins: Sequence[Array]) -> None:
        self.none = margins[0][0]
        self.parts = [PchipInterpolator(x, m) for x, m in zip(nodes, margins, strict=True)]
        self.slopes = [part.derivative() for part in self.parts]
        # Silverman's rule
        self.width = float(1.06 * self.none.std() * self.none.size**-0.2) or 1.0

    def __call__(self, doses: Array) -> tuple[float, Array]:
        """Probability and its slope by dose."""
        total = self.none + sum(part(b) - self.none for part, b in zip(self.parts, doses, strict=True))
        z = total / self.width
        density = np.exp(-0.5 * z * z) / (_SQRT_2PI * self.width)
        return float(ndtr(z).mean()), np.array([(density * slope(b)).mean() for slope, b in zip(self.slopes, doses, strict=True)])


def best_split(smooth: Smoothed, costs: Array, ranges: Array, budget: float, starts: Sequence[Array]) -> Array:
    """Return the doses (lever,) of highest smoothed probability that a budget buys, searched from several starts.

    Parameters
    ----------
    smooth : Smoothed
        The stand-in.
    costs, ranges : array (lever,), array (lever, 2)
        Cost of one unit; lowest and highest dose.
    budget : float
        Not less than the lowest doses cost.
    starts : sequence of array (lever,)
        Where to begin.

    Returns
    -------
    array (lever,)

    Examples
    --------
    >>> nodes, paths = np.linspace(0.0, 10.0, 9), np.linspace(-5.0, 5.0, 101)
    >>> smooth = Smoothed([nodes, nodes], [paths + 2.0 * np.tanh(nodes)[:, None] - 3.0, paths + 0.3 * nodes[:, None] - 3.0])
    >>> print(best_split(smooth, np.ones(2), np.array([[0.0, 10.0]] * 2), 10.0, [np.array([5.0, 5.0])]).round(0))
    [2. 8.]
    """
    rule = {"type": "ineq", "fun": lambda b: (budget - costs @ b) / budget, "jac": lambda b: -costs / budget}
    found = [_search(lambda b: (-smooth(b)[0], -smooth(b)[1]), start, ranges, rule) for start in starts]
    inside = [*(np.clip(b, *ranges.T) for b in found), *starts]
    return max((b for b in inside if costs @ b <= budget * (1.0 + _EXACT)), key=lambda b: smooth(b)[0])


def cheapest(runs: DoseRuns, costs: Array, ranges: Array, probability: float) -> Mix:
    """Return the way from the lowest doses through the cheapest mix for a probability to the highest doses.

    Parameters
    ----------
    runs : DoseRuns
        Exact answers.
    costs, ranges : array (lever,), array (lever, 2)
        As in :func:`best_split`.
    probability : float
        Asked for.

    Returns
    -------
    Mix
        Where the probability is out of reach, straight to the highest doses.
    """
    smooth = smoothed(runs, ranges)
    low, high = ranges.T
    ends = Mix(np.array([costs @ low, costs @ high]), np.stack([low, high]))
    if smooth(high)[0] <= probability:
        return ends
    scale = float(costs @ high)
    rule = {"type": "ineq", "fun": lambda b: smooth(b)[0] - probability, "jac": lambda b: smooth(b)[1]}
    starts = [high, *_corners(ranges)]
    found = [_search(lambda b: (costs @ b / scale, costs / scale), start, ranges, rule) for start in starts]
    enough = [b for b in (np.clip(b, low, high) for b in found) if smooth(b)[0] >= probability - 1e-4]
    best = min([*enough, high], key=lambda b: float(costs @ b))
    cost = np.array([ends.cost[0], costs @ best, ends.cost[1]])
    return Mix(cost, np.stack([low, best, high])) if (np.diff(cost) > _EXACT * scale).all() else ends


def smoothed(runs: DoseRuns, ranges: Array) -> Smoothed:
    """Run every lever alone at a few doses, and smooth."""
    nodes = [np.linspace(low, high, NODES) for low, high in ranges]
    return Smoothed(nodes, [runs.along(j, x, ranges[:, 0]) for j, x in enumerate(nodes)])


def allocate(model: StructuralForecaster, known: Snapshot, *, budget: float, levers: Sequence[str] | Mapping[str, float],
             target: Target | str = "retail_total_2025", bounds: Mapping[str, Sequence[float]] | None = None, start: str | None = None,
             scenario: Scenario | None = None, samples: int = 4000, rng: int = 0, horizon: str | None = None) -> xr.Dataset:  # fmt: skip
    """Split one budget over levers for the highest probability of a target.

    Doses come on top of the scenario's inputs, spread over months as in :func:`bayu_forecast.solve`. The budget need not be
    spent whole: a lever that harms is left alone.

    Parameters
    ----------
    model, known, target, start, scenario, samples, rng, horizon
        As in :func:`bayu_forecast.solve`.
    budget : float
        In 1e8 CNY, or in the unit of the costs.
    levers : sequence of str, or mapping of str to float
        Levers whose dose is money, or levers with the cost of one unit of dose.
    bounds : mapping of lever to pair of float, optional
        Lowest and highest dose; from 0 to what the budget buys by default.

    Returns
    -------
    Dataset
        Over ``split`` ("best", "proportional", "nothing"): ``allocation`` (split, lever), the doses, ``probability`` and
        ``standard_error``, run exactly; ``gain`` and ``gain_error``, the probability above the proportional split in the same samples.
        Proportional is to the announced inputs of the levers in these months, and equal parts where one of them has none.

    Raises
    ------
    SpecificationError
        When the budget or a cost is not positive, bounds are not two rising numbers, or the lowest doses cost more than the budget.
    UnknownNameError, ScenarioError, HorizonError
        As in :func:`bayu_forecast.solve`.

    References
    ----------
    Kraft (1988), A software package for sequential quadratic programming; Shapiro, Dentcheva and Ruszczynski (2009), Lectures on
    stochastic programming, chapter 5, on the same samples at every point.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2024-09-30")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> split = bf.allocate(model, known, budget=50.0, levers=["trade_in", "vouchers"], samples=100)
    >>> float(split.allocation.sel(split="best").sum()) <= 50.0 + 1e-6, split.sizes["split"]
    (True, 3)
    """
    prices = dict(levers) if isinstance(levers, Mapping) else dict.fromkeys(levers, 1.0)
    costs, ranges = _bounded(prices, budget, bounds or {})
    runs = DoseRuns(model, known, list(prices), target, start=start, scenario=scenario, samples=samples, rng=rng, horizon=horizon)
    proportional = _feasible(_shares(runs) * budget / costs, costs, ranges, budget)
    starts = [_feasible(b, costs, ranges, budget) for b in (proportional, budget / len(costs) / costs, *_corners(ranges))]
    best = best_split(smoothed(runs, ranges), costs, ranges, budget, starts)
    splits = np.stack([best, proportional, ranges[:, 0]])
    met = np.stack([runs.at(b, quiet=i > 0) >= 0.0 for i, b in enumerate(splits)])
    # what the smooth stand-in prefers must hold in exact runs
    if met[0].mean() < met[1].mean():
        splits[0], met[0] = splits[1], met[1]
    return _table(runs, splits, met, budget)


def _search(objective: object, start: Array, ranges: Array, rule: Mapping[str, object]) -> Array:
    """One run of sequential quadratic programming; where it stops short, its last point."""
    # SLSQP steps best on numbers near one
    scale = np.maximum(np.abs(ranges).max(axis=1), 1e-12)
    scaled = {"type": rule["type"], "fun": lambda u: rule["fun"](u * scale), "jac": lambda u: rule["jac"](u * scale) * scale}  # type: ignore[operator]

    def value(u: Array) -> tuple[float, Array]:
        f, slope = objective(u * scale)  # type: ignore[operator]
        return float(f), np.asarray(slope * scale)

    found = minimize(value, start / scale, jac=True, bounds=ranges / scale[:, None], constraints=[scaled], method="SLSQP",
                     options={"maxiter": 100, "ftol": 1e-10})  # fmt: skip
    return np.asarray(found.x * scale)


def _bounded(prices: Mapping[str, float], budget: float, bounds: Mapping[str, Sequence[float]]) -> tuple[Array, Array]:
    """Costs and bounds, checked against the budget."""
    costs = np.array([float(c) for c in prices.values()])
    if not (len(costs) and np.isfinite(budget) and budget > 0.0 and np.isfinite(costs).all() and (costs > 0.0).all()):
        raise SpecificationError(f"budget {budget!r} over {dict(prices)}: expected a positive budget and levers with positive costs",
                                 got=budget)  # fmt: skip
    strangers = [name for name in bounds if name not in prices]
    if strangers:
        raise SpecificationError(f"bounds for {strangers}, which are none of the levers {list(prices)}", names=strangers)
    ranges = np.array([limits(bounds.get(name, (0.0, budget / c)), name) for name, c in zip(prices, costs, strict=True)])
    if costs @ ranges[:, 0] > budget * (1.0 + _EXACT):
        raise SpecificationError(f"the lowest doses cost {costs @ ranges[:, 0]:g}, the budget is {budget:g}: lower the bounds or raise it",
                                 got=budget)  # fmt: skip
    return costs, ranges


def _feasible(doses: Array, costs: Array, ranges: Array, budget: float) -> Array:
    """Doses within bounds and budget, drawn towards the lowest doses as far as needed."""
    low, high = ranges.T
    inside = np.clip(doses, low, high)
    spare, asked = budget - costs @ low, costs @ (inside - low)
    return np.asarray(low + (inside - low) * min(1.0, spare / asked if asked > 0.0 else 1.0))


def _corners(ranges: Array) -> list[Array]:
    """One lever at its highest dose, the others at their lowest."""
    return [np.where(np.arange(len(ranges)) == j, ranges[:, 1], ranges[:, 0]) for j in range(len(ranges))]


def _shares(runs: DoseRuns) -> Array:
    """Parts of the levers in what is announced of them, equal ones where one of them has nothing."""
    assert runs.worlds.shifts is not None
    frame = runs.worlds.shifts.frames[0]
    announced = np.array([frame.loc[list(d.months), d.lever].sum() for d in runs.dosings], dtype=np.float64)
    return announced / announced.sum() if (announced > 0.0).all() else np.full(len(announced), 1.0 / len(announced))


def _table(runs: DoseRuns, splits: Array, met: NDArray[np.bool_], budget: float) -> xr.Dataset:
    """The splits with their probabilities and units."""
    n = met.shape[1]
    p = met.mean(axis=1)
    gain = met[0].astype(np.float64) - met[1]
    return xr.Dataset(
        {
            "allocation": (("split", "lever"), splits, {"long_name": "dose of each lever, in its unit"}),
            "probability": ("split", p, {"units": UNIT_RATIO, "long_name": f"probability of {runs.target.id}, run exactly"}),
            "standard_error": ("split", np.sqrt(p * (1.0 - p) / n), {"units": UNIT_RATIO, "long_name": "its Monte-Carlo standard error"}),
            "gain": ((), gain.mean(), {"units": UNIT_RATIO, "long_name": "probability above the proportional split, in the same samples"}),
            "gain_error": ((), gain.std(ddof=1) / np.sqrt(n), {"units": UNIT_RATIO, "long_name": "Monte-Carlo standard error of the gain"}),
        },
        coords={"split": ["best", "proportional", "nothing"], "lever": [d.lever for d in runs.dosings],
                "unit": ("lever", [d.unit for d in runs.dosings])},
        attrs={"target": runs.target.id, "scenario": runs.scenario.name, "budget": budget, "as_of": str(runs.worlds.known.as_of)[:10],
               "region": runs.worlds.known.region.name, "samples": n, "seed": runs.worlds.seed},
    )  # fmt: skip
