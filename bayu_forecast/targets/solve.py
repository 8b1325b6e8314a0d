"""What would it take: the least dose of a lever, or the cheapest mix of several, for a probability.

Floor F6. The same samples answer every dose, so the curve has no noise of its own; above its ceiling nothing is promised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from scipy.interpolate import PchipInterpolator

from bayu_forecast.errors import SpecificationError
from bayu_forecast.schema.names import UNIT_RATIO
from bayu_forecast.targets.allocate import Mix, cheapest
from bayu_forecast.targets.doses import NODES, DoseRuns, limits

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.scenarios import Scenario
    from bayu_forecast.specs import Target

    Array = NDArray[np.float64]

_POINTS = 33
_REFINEMENTS = 1


class LeastDose(NamedTuple):
    """Least dose and its sampling error (NaN when out of reach), and the highest probability within the bounds."""

    dose: float
    standard_error: float
    ceiling: float

    @property
    def reachable(self) -> bool:
        """Whether any dose within the bounds gives the probability."""
        return not np.isnan(self.dose)


def met_curve(doses: ArrayLike, margins: ArrayLike) -> tuple[Array, Array]:
    """Return the doses at which a path begins or ceases to meet the target, in order, and the share that meets it from there on.

    Parameters
    ----------
    doses : array_like (dose,)
        Rising.
    margins : array_like (dose, sample)
        By how much each path meets the target; read as straight lines between doses.

    Returns
    -------
    at : array (k + 1,)
        The lowest dose, then every crossing.
    share : array (k + 1,)
        Share of the paths that meet it.

    Examples
    --------
    >>> met_curve([0.0, 10.0], [[-1.0, -3.0, 1.0], [1.0, 1.0, 1.0]])
    (array([0. , 5. , 7.5]), array([0.33333333, 0.66666667, 1.        ]))
    """
    x, m = np.asarray(doses, dtype=np.float64), np.asarray(margins, dtype=np.float64)
    met = m >= 0.0
    k, i = np.nonzero(met[1:] != met[:-1])
    before, after = m[k, i], m[k + 1, i]
    at = x[k] + (x[k + 1] - x[k]) * before / (before - after)
    order = np.argsort(at, kind="stable")
    count = met[0].sum() + np.concatenate([[0], np.cumsum(np.where(met[k + 1, i], 1, -1)[order])])
    return np.concatenate([x[:1], at[order]]), count / m.shape[1]


def least_dose(doses: ArrayLike, margins: ArrayLike, probability: float) -> LeastDose:
    r"""Return the least dose at which the share of the paths that meet a target is a probability.

    Each path has its own threshold dose; where all of them rise, the answer is the quantile of the thresholds, and a path that a
    dose leads away from the target is counted out where it leaves. The error is :math:`\sqrt{p (1 - p) / n} / P'(b^*)`, with
    the slope over the neighbouring two per cent of probability.

    Parameters
    ----------
    doses : array_like (dose,)
        Rising.
    margins : array_like (dose, sample)
        By how much each path meets the target.
    probability : float
        In (0, 1).

    Returns
    -------
    LeastDose
        The lowest dose, without error, where that is enough.

    References
    ----------
    Serfling (1980), Approximation theorems of mathematical statistics, section 2.3, for the error of a quantile.

    Examples
    --------
    >>> answer = least_dose([0.0, 10.0], np.stack([-np.arange(1.0, 101.0), 100.0 - np.arange(1.0, 101.0)]), 0.5)
    >>> answer.dose, answer.ceiling
    (5.0, 1.0)
    >>> least_dose([0.0, 1.0], [[-2.0, -1.0], [-1.0, 1.0]], 0.8)
    LeastDose(dose=nan, standard_error=nan, ceiling=0.5)
    """
    at, share = met_curve(doses, margins)
    n = np.shape(margins)[1]
    ceiling = float(share.max())
    # counts are whole numbers of paths: .8 of 5 is 4, whatever the last bit of .8 says
    first = _first(share, probability - 1e-9)
    if first is None:
        return LeastDose(np.nan, np.nan, ceiling)
    if first == 0:
        return LeastDose(float(at[0]), 0.0, ceiling)
    near = max(0.02, n**-0.5)
    low, high = _first(share, probability - near) or 0, _first(share, min(probability + near, ceiling)) or first
    rise, run = share[high] - share[low], at[high] - at[low]
    error = float(np.sqrt(probability * (1.0 - probability) / n) * run / rise) if rise > 0.0 else np.inf
    return LeastDose(float(at[first]), error, ceiling)


def solve(model: StructuralForecaster, known: Snapshot, *, lever: str = "trade_in", levers: Mapping[str, float] | None = None,
          target: Target | str = "retail_total_2025", probability: float = 0.8,
          bounds: Sequence[float] | Mapping[str, Sequence[float]] = (0.0, 100.0), start: str | None = None,
          scenario: Scenario | None = None, samples: int = 20000, rng: int = 0, horizon: str | None = None) -> xr.Dataset:  # fmt: skip
    """Find the least dose of a lever that makes a target as probable as asked.

    The dose comes on top of the scenario's inputs, from the month after the date (or ``start``) to the end of the target's
    year. Money, counts and days: the total of these months, spread as the lever's announced inputs are, or evenly where nothing
    is announced. Intensities, statuses and growth: a level added in each month. Nothing that is uncertain is left out: the
    effect, how much is paid, whether programmes go on, and a census revision still to come.

    Parameters
    ----------
    model : StructuralForecaster
        Fitted on ``design(known)``.
    known : Snapshot
        What was published by the date.
    lever : str
        Id of a driver, measure, action or safeguard.
    levers : mapping of str to float, optional
        Several levers with the cost of one unit of dose; then the answer is the least total cost.
    target : Target or str
        The question, or its id.
    probability : float
        Asked for, strictly between 0 and 1.
    bounds : pair of float, or mapping of lever to pair
        Lowest and highest dose; one pair holds for every lever.
    start : str, optional
        First month, ``YYYY-MM``.
    scenario : Scenario, optional
        What else is assumed; nothing by default.
    samples, rng, horizon
        As in :func:`bayu_forecast.simulate`; the horizon is the end of the target's year by default.

    Returns
    -------
    Dataset
        ``dose`` (NaN when out of reach; the total cost for several levers), ``standard_error``, ``reachable``, ``ceiling`` (the
        highest probability within the bounds), ``achieved`` (probability at the dose, run exactly), ``probability`` (asked),
        ``probability_without`` (at the lower bound); ``curve`` over ``grid``, P(dose); ``allocation`` (lever), the doses;
        ``plan`` (lever, month), the additional input by month.

    Raises
    ------
    SpecificationError
        When the probability is outside (0, 1), bounds are not two rising numbers, or a cost is not positive.
    UnknownNameError
        When a lever or target is unknown.
    ScenarioError
        When the model's design has no drivers.
    HorizonError
        When no month of the target's year is left.

    Warns
    -----
    ExtrapolationWarning
        When the answer takes the lever beyond its history.

    References
    ----------
    Calafiore and Campi (2006), The scenario approach to robust control design. IEEE Transactions on Automatic Control 51.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2023-01-31")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> answer = bf.solve(model, known, lever="structural", probability=0.999, bounds=(0.0, 0.1), samples=100)
    >>> bool(answer.reachable), bool(answer.ceiling < 0.999), answer.dose.item()
    (False, True, nan)
    """
    if not 0.0 < probability < 1.0:
        raise SpecificationError(f"probability {probability!r}: expected one strictly between 0 and 1, no dose makes a target certain",
                                 got=probability)  # fmt: skip
    costs = {lever: 1.0} if levers is None else dict(levers)
    ranges = np.array([limits(bounds.get(name) if isinstance(bounds, Mapping) else bounds, name) for name in costs])
    runs = DoseRuns(model, known, list(costs), target, start=start, scenario=scenario, samples=samples, rng=rng, horizon=horizon)
    course = _course(runs, list(costs.values()), ranges, probability, single=levers is None)
    answer, nodes, margins = _answer(runs, course, probability)
    grid = np.linspace(course.cost[0], course.cost[-1], _POINTS)
    curve = (PchipInterpolator(nodes, margins)(grid) >= 0.0).mean(axis=1)
    achieved = (runs.at(course.doses(answer.dose), quiet=False) >= 0.0).mean() if answer.reachable else np.nan
    found = _table(runs, course, answer, single=levers is None)
    return found.assign(
        probability=((), probability, {"units": UNIT_RATIO, "long_name": "probability asked for"}),
        achieved=((), achieved, {"units": UNIT_RATIO, "long_name": "probability at the dose, run exactly"}),
        probability_without=((), (margins[0] >= 0.0).mean(), {"units": UNIT_RATIO, "long_name": "probability at the lower bound"}),
        curve=("grid", curve, {"units": UNIT_RATIO, "long_name": "probability by dose"}),
    ).assign_coords(grid=("grid", grid, found["dose"].attrs))


def _first(share: Array, level: float) -> int | None:
    """Place of the first share that is at least a level."""
    found = np.flatnonzero(share >= level)
    return int(found[0]) if len(found) else None


def _course(runs: DoseRuns, costs: Sequence[float], ranges: Array, probability: float, *, single: bool) -> Mix:
    """The doses that a rising cost buys: one lever's own dose, or the way through the cheapest mix to every upper bound."""
    if single:
        return Mix(ranges[0], ranges.T)
    if not all(np.isfinite(c) and c > 0.0 for c in costs):
        raise SpecificationError(f"costs {list(costs)}: expected a positive number for one unit of each lever", got=list(costs))
    return cheapest(runs, np.asarray(costs, dtype=np.float64), ranges, probability)


def _answer(runs: DoseRuns, course: Mix, probability: float) -> tuple[LeastDose, Array, Array]:
    """Least dose along a course, from exact runs at nodes that gather about the answer; the nodes and their margins."""
    nodes = np.union1d(np.linspace(course.cost[0], course.cost[-1], NODES), course.cost)
    margins = np.stack([runs.at(course.doses(c)) for c in nodes])
    for step in range(_REFINEMENTS + 1):
        fine = np.union1d(np.linspace(nodes[0], nodes[-1], _POINTS), nodes)
        answer = least_dose(fine, PchipInterpolator(nodes, margins)(fine), probability)
        if step == _REFINEMENTS or not answer.reachable or np.abs(nodes - answer.dose).min() <= 1e-6 * (nodes[-1] - nodes[0]):
            break
        place = int(np.searchsorted(nodes, answer.dose))
        nodes = np.insert(nodes, place, answer.dose)
        margins = np.insert(margins, place, runs.at(course.doses(answer.dose)), axis=0)
    return answer, nodes, margins


def _table(runs: DoseRuns, course: Mix, answer: LeastDose, *, single: bool) -> xr.Dataset:
    """The answer with its units."""
    unit = runs.dosings[0].unit if single else "cost"
    what = f"least additional {runs.dosings[0].lever}" if single else "least total cost"
    doses = course.doses(answer.dose)
    months = list(runs.dosings[0].months)
    plan = np.stack([d.plan(dose) for d, dose in zip(runs.dosings, doses, strict=True)])
    return xr.Dataset(
        {
            "dose": ((), answer.dose, {"units": unit, "long_name": f"{what} for the probability"}),
            "standard_error": ((), answer.standard_error, {"units": unit, "long_name": "Monte-Carlo standard error of the dose"}),
            "reachable": ((), answer.reachable, {"long_name": "whether a dose within the bounds gives the probability"}),
            "ceiling": ((), answer.ceiling, {"units": UNIT_RATIO, "long_name": "highest probability within the bounds"}),
            "allocation": ("lever", doses, {"long_name": "dose of each lever, in its unit"}),
            "plan": (("lever", "month"), plan, {"long_name": "additional input by month, in each lever's unit"}),
        },
        coords={"lever": [d.lever for d in runs.dosings], "unit": ("lever", [d.unit for d in runs.dosings]), "month": months},
        attrs={"target": runs.target.id, "scenario": runs.scenario.name, "as_of": str(runs.worlds.known.as_of)[:10],
               "region": runs.worlds.known.region.name, "samples": runs.samples, "seed": runs.worlds.seed},
    )  # fmt: skip
