"""What each part of a policy contributes to a target's quantity and to its probability.

Floor F6 (attribution). It shares out differences between coalitions of the same samples; it must never fit or draw anew.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayu_forecast._numeric.shapley import owen, shapley
from bayu_forecast.attribution.asked import find, last_month, unit_of
from bayu_forecast.attribution.games import AssumptionGame, Game, Judge, LeverGame
from bayu_forecast.drivers.levers import action_of
from bayu_forecast.errors import ScenarioError, SpecificationError, UnknownNameError
from bayu_forecast.scenarios import Scenario, ScenarioSet
from bayu_forecast.schema.names import SCENARIO, UNIT_RATIO
from bayu_forecast.simulation import Worlds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.models import StructuralForecaster
    from bayu_forecast.specs import Target

    Array = NDArray[np.float64]
    Bools = NDArray[np.bool_]

PLAYER = "player"
MEASURE, ACTION, DRIVER, ASSUMPTION = "measure", "action", "driver", "assumption"
KINDS = (MEASURE, ACTION, DRIVER, ASSUMPTION)
#: all coalitions of this many players are still asked
_MOST = 10
#: evaluations up to which Owen values are exact; 23 measures in 8 actions take 6,912
_EXACT = 20_000
UNCERTAIN = "uncertain"


def attribute(
    model: StructuralForecaster,
    known: Snapshot,
    plans: ScenarioSet | Scenario | None = None,
    *,
    by: str = MEASURE,
    of: str | Target = "retail_total_2025",
    horizon: int | str | None = None,
    samples: int = 4000,
    rng: int = 0,
    scenario: str | None = None,
) -> xr.Dataset:
    r"""Share out what a policy does to a target's quantity, and to its probability, among the policy's parts.

    The total is the policy as the scenario has it against the same world without it: every player off. A player is off when its
    intensity (of a driver: its input) is nought in every month that begins after the date; what it has done before stays
    done, what it would carry on does not. Shapley values average what a player adds over all orders of arrival; for measures they
    are Owen values, so that the measures of an action sum to what the action gets. They are taken in each sample, hence add up to the
    total in each sample, in the mean and in the probability. The value of a player is not what stopping it would cost: under
    saturation solo effects do not add up, and the ``interaction`` says by how much.

    Parameters
    ----------
    model : StructuralForecaster
        Fitted on ``known.observations(...)`` and ``design(known)``.
    known : Snapshot
        What was published by the date.
    plans : ScenarioSet or Scenario, optional
        What the parts do when they are on; the baseline by default. Conditions (given, impose, tilt) are ignored: they say
        what is seen, and nobody's part in it.
    by : str
        ``measure``, ``action``, ``driver`` (those that somebody sets; not income) or ``assumption`` (the players are a scenario's
        assumptions, and none on is the baseline).
    of : str or Target
        The target, or its id.
    horizon : int or str, optional
        As in :func:`bayu_forecast.simulate`; December of the target's last year by default.
    samples, rng : int
        Paths and seed.
    scenario : str, optional
        Only this one of the plans.

    Returns
    -------
    Dataset
        Over (scenario, player): ``share`` of the expected quantity with ``share_error`` (Monte-Carlo standard error), ``share_sd``,
        ``share_q10``, ``share_q50``, ``share_q90`` over samples, and ``solo`` (the player alone on), in the quantity's unit;
        ``probability_share``, ``probability_share_error``, ``probability_solo``, ratios. Over scenario: ``total``, ``total_error``,
        ``interaction`` (total less the sum of solo effects), ``with_policy``, ``without_policy``, and the same of the
        probability. The quantity is the left side of the target's first comparison, on the target's basis.

    Raises
    ------
    UnknownNameError
        When the target or the scenario is not there.
    SpecificationError
        When ``by`` is another word, or there is no player.
    ScenarioError
        When the design has no drivers, or a scenario has more than ten assumptions.

    References
    ----------
    Shapley (1953), A value for n-person games; Owen (1977), Values of games with a priori unions.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2025-01-31")
    >>> from bayu_forecast.models import SeriesPriors
    >>> quick = bf.StructuralForecaster(common=SeriesPriors(reversion=(0.90,), slope_sd=(0.025,)))
    >>> parts = bf.attribute(quick.fit(known.observations("retail_total"), bf.design(known)), known, by="action", samples=300)
    >>> parts.sizes["player"], bool(abs(parts.share.sum() - parts.total.sum()) < 1e-9)
    (8, True)
    """
    if by not in KINDS:
        raise SpecificationError(f"attribute by {by!r}: expected one of {', '.join(KINDS)}", got=by, expected=KINDS)
    target = find(of, known.targets_issued)
    chosen = _chosen(plans, scenario, by)
    worlds = Worlds(model, known, horizon=last_month(target) if horizon is None else horizon, samples=samples, rng=rng)
    judge = Judge(worlds, target)
    tables = [_by_assumption(judge, s) if by == ASSUMPTION else _by_lever(judge, s, by) for s in chosen]
    players = list(dict.fromkeys(str(p) for table in tables for p in table[PLAYER].values))
    # what a scenario does not assume changes nothing in it
    result = xr.concat([t.reindex({PLAYER: players}, fill_value=0.0) for t in tables], dim=SCENARIO, combine_attrs="drop_conflicts")
    result = result.assign_coords(_papers(known, players, by))
    return result.assign_attrs(of=target.id, by=by, expression=target.expression, basis=target.basis, definition=target.definition,
                               region=known.name, as_of=known.as_of, samples=worlds.samples, seed=worlds.seed)  # fmt: skip


def _chosen(plans: ScenarioSet | Scenario | None, scenario: str | None, by: str) -> list[Scenario]:
    """The scenarios whose parts are asked for."""
    given = ScenarioSet.baseline() if plans is None else plans if isinstance(plans, ScenarioSet) else ScenarioSet((plans,))
    if scenario is not None and scenario not in given.names:
        raise UnknownNameError(f"no scenario {scenario!r} among {list(given.names)}: name one of them",
                               names=[scenario], expected=given.names)
    chosen = list(given) if scenario is None else [given[scenario]]
    if by != ASSUMPTION:
        return chosen
    moving = [s for s in chosen if s.assumptions]
    if not moving:
        raise ScenarioError("no scenario with assumptions to attribute to: join one to the plans", names=[s.name for s in chosen])
    return moving


def _by_lever(judge: Judge, scenario: Scenario, by: str) -> xr.Dataset:
    """Shares of actions, measures or drivers in one scenario."""
    shifts = judge.worlds.shifts
    measures = [] if shifts is None else sorted({str(lever) for lever in shifts.inputs.levers["lever"] if action_of(str(lever))})
    actions = sorted({action_of(m) for m in measures})
    drivers = [] if shifts is None else [s.id for s in shifts.inputs.specs if s.nature != UNCERTAIN]
    players = {MEASURE: measures, ACTION: actions, DRIVER: drivers}[by]
    if not players:
        raise SpecificationError(f"no {by} to attribute to is known at the date: attribute by another of {', '.join(KINDS)}", got=by)
    groups = [[i for i, m in enumerate(measures) if action_of(m) == action] for action in actions]
    return _shared(LeverGame(judge, scenario, players), players, groups if by == MEASURE else None, judge, scenario)


def _by_assumption(judge: Judge, scenario: Scenario) -> xr.Dataset:
    """Shares of the assumptions of one scenario; equal words get a number."""
    words = [str(a) for a in scenario.assumptions]
    labels = [w if w not in words[:i] else f"{w} [{words[: i + 1].count(w)}]" for i, w in enumerate(words)]
    if len(labels) > _MOST:
        raise ScenarioError(f"scenario {scenario.name!r} has {len(labels)} assumptions, too many to ask all {2 ** len(labels)} coalitions: "
                            f"attribute scenarios of at most {_MOST}", names=[scenario.name])
    return _shared(AssumptionGame(judge, scenario), labels, None, judge, scenario)


def _shared(game: Game, players: list[str], groups: list[list[int]] | None, judge: Judge, scenario: Scenario) -> xr.Dataset:
    """Values, solo effects and totals of one game, over samples and then summed up."""
    n = len(players)
    if groups is None:
        on = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
        answers, place = game.answers(on)
        shares = shapley(answers[place])
        ends, solo = answers[place[[0, -1]]], answers[place[2 ** np.arange(n)]]
    else:
        answers, where = _asked_for(game, groups, n)
        shares = owen(lambda which: answers[where[which.tobytes()]], groups, limit=_EXACT).values
        nobody, alone = np.zeros(n, dtype=np.bool_), np.eye(n, dtype=np.bool_)
        ends = np.stack([answers[where[row.tobytes()]] for row in (nobody, ~nobody)])
        solo = np.stack([answers[where[row.tobytes()]] for row in alone])
    return _table(shares, solo - ends[0], ends, players, unit_of(judge.target), scenario.name)


def _asked_for(game: Game, groups: list[list[int]], n: int) -> tuple[Array, dict[bytes, int]]:
    """Answers to every coalition that Owen values ask for, evaluated in one go: which they are does not depend on the answers."""
    asked: dict[bytes, Bools] = {row.tobytes(): row for row in np.eye(n, dtype=np.bool_)}

    def note(on: Bools) -> float:
        asked.setdefault(on.tobytes(), on.copy())
        return 0.0

    owen(note, groups, limit=_EXACT)
    answers, place = game.answers(np.stack(list(asked.values())))
    return answers, dict(zip(asked, place.tolist(), strict=True))


def _table(shares: Array, solo: Array, ends: Array, players: list[str], unit: str, name: str) -> xr.Dataset:
    """The Dataset of one scenario: shares, solo (player, 2, sample) and ends (2, 2, sample)."""
    total, n = ends[1] - ends[0], ends.shape[-1]
    gap = total.mean(axis=-1) - solo.mean(axis=-1).sum(axis=0)
    error, total_error = (x.std(axis=-1, ddof=1) / math.sqrt(n) if n > 1 else np.full(x.shape[:-1], math.nan) for x in (shares, total))
    q10, q50, q90 = np.quantile(shares[:, 0], [0.1, 0.5, 0.9], axis=-1)
    made: dict[str, tuple[Any, str, str]] = {}
    for i, (prefix, units) in enumerate((("", unit), ("probability_", UNIT_RATIO))):
        of = "the probability" if prefix else "the expected quantity"
        made |= {
            f"{prefix}share": (shares[:, i].mean(axis=-1), units, f"Shapley value of {of}"),
            f"{prefix}share_error": (error[:, i], units, f"Monte-Carlo standard error of the Shapley value of {of}"),
            f"{prefix}solo": (solo[:, i].mean(axis=-1), units, f"change of {of} with this part alone on"),
            f"{prefix}total": (total[i].mean(), units, f"{of} with all parts on, less with all off"),
            f"{prefix}total_error": (total_error[i], units, f"Monte-Carlo standard error of the total change of {of}"),
            f"{prefix}interaction": (gap[i], units, f"total change of {of} less the sum of solo effects"),
            f"{prefix}with_policy": (ends[1, i].mean(), units, f"{of} with all parts on"),
            f"{prefix}without_policy": (ends[0, i].mean(), units, f"{of} with all parts off"),
        }
    made |= {"share_sd": (shares[:, 0].std(axis=-1), unit, "standard deviation of the share over samples"),
             "share_q10": (q10, unit, "10 % quantile of the share over samples"), "share_q50": (q50, unit, "median of the share"),
             "share_q90": (q90, unit, "90 % quantile of the share over samples")}
    variables = {key: ((SCENARIO, PLAYER) if np.ndim(v) else (SCENARIO,), np.asarray(v)[None], {"units": u, "long_name": words})
                 for key, (v, u, words) in made.items()}
    return xr.Dataset(variables, coords={SCENARIO: [name], PLAYER: players})


def _papers(known: Snapshot, players: list[str], by: str) -> dict[str, tuple[str, list[str]]]:
    """Titles of actions, measures and drivers; the action of each measure, and how good the evidence on it is."""
    policy, specs = known.policy, {s.id: s.en for s in known.driver_specs}
    titles = specs | dict(zip(policy["id"], policy["title_en"], strict=True)) if by != ASSUMPTION else {}
    if by == ACTION and "action_en" in policy:
        titles |= dict(zip(policy["action"], policy["action_en"], strict=True))
    coords = {"title": (PLAYER, [str(titles.get(p, p)) for p in players])}
    if by != MEASURE:
        return coords
    grades = dict(zip(policy["id"], policy["evidence_grade"], strict=True))
    return coords | {"action": (PLAYER, [action_of(p) for p in players]),
                     "evidence_grade": (PLAYER, [str(grades.get(p, "")) for p in players])}
