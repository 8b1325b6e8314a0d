"""BoostingForecaster: one LightGBM model over a panel, on departures that trees need not extrapolate.

Floor F2 (east). It knows panels and columns; drivers are numbers with names to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bayu_forecast._numeric.boosting_table import GrowthTable, ResidualTable, Working
from bayu_forecast._numeric.streams import generator, uniforms
from bayu_forecast.errors import SchemaError
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel
from bayu_forecast.models.driver_effects import driver_layer_of
from bayu_forecast.models.smoothing_prior import prior_of
from bayu_forecast.models.wild_values import tamed

Array = NDArray[np.float64]
Places = NDArray[np.intp]

#: longest step that the trees are taught, by season; later steps chain blocks of this length
TAUGHT = {1: 8, 4: 12, 7: 28, 12: 24, 52: 26}
#: multi-step residuals kept for paths
_RESIDUALS = 1200
#: fewer residuals than this are mirrored about zero
_FEW_RESIDUALS = 12
#: levels of a summary's own grid
_EVEN = (np.arange(50) + 0.5) / 50
#: where a season has more places than this, a pattern of few cycles has seen the errors that it leaves: by how much larger these are,
#: times the number of cycles
_MANY_PLACES, _OWN_PATTERN = 12, 0.9
#: fewest examples from which anything is learned
_FEWEST = 60
#: below this many rows leaves are small and steps slow
_FEW = 2000


class BoostingForecaster(Forecaster):
    """One global LightGBM model over all series of a panel.

    ``residual`` (default) boosts what a fast local layer, pooled exponential smoothing, leaves at every past origin; ``growth`` boosts
    seasonal growth. Either way a target is a difference in units of the series' own variability: a tree never predicts a level, so
    a trend goes on where raw trees turn flat. The step ahead is a feature (one direct model for all steps). Two boosters are fitted
    crosswise, each on half of the series (on half of the time when there are few); their mean is the forecast, and each one's errors on
    the other's half give the paths: whole multi-step residuals are drawn, which keeps the dependence between steps, and their size at
    each step makes the intervals (cross conformal). It is made for panels: of few short series there are few residuals, and its intervals
    are too narrow; :class:`AutoForecaster` weighs it by the number of series.

    Parameters
    ----------
    mode : {"residual", "growth"}
    rounds : int
        Trees in each booster.
    seed : int
        Of the sampling of examples and of LightGBM. Fits are deterministic.
    max_examples : int
        Most rows that a booster learns from.
    static : mapping of str to sequence of float, optional
        Static features by series label, the same number for each.
    driver_mode : {"structural", "features"}
        ``structural``: drivers are not shown to the trees; their effects are those of a layer on the working scale and pass
        through unchanged in scenarios. ``features``: the trees see the drivers of the target time; their response is then limited to
        what history holds.
    monotone : mapping of str to int, optional
        Sign of the response to a driver, +1 or -1, with ``driver_mode="features"``.

    Attributes
    ----------
    boosters_ : list of lightgbm.Booster
        Empty when the panel has too few examples; the base forecast then stands alone.

    References
    ----------
    Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree. NeurIPS 30.
    Barber, Candes, Ramdas and Tibshirani (2021), Predictive inference with the jackknife+. Annals of Statistics 49.

    Examples
    --------
    >>> import bayu_forecast as bf
    >>> y = bf.as_panel([[10.0 + t % 4 for t in range(40)]] * 3, season=4)
    >>> bf.BoostingForecaster(rounds=10).fit(y).predict(4)["median"].round(1).values[0].tolist()
    [10.0, 11.0, 12.0, 13.0]
    """

    tags = ForecasterTags(drivers=True, missing=True, min_length=1)

    def __init__(self, *, mode: Literal["residual", "growth"] = "residual", rounds: int = 150, seed: int = 0, max_examples: int = 180_000,
                 static: Mapping[str, Sequence[float]] | None = None, driver_mode: Literal["structural", "features"] = "structural",
                 monotone: Mapping[str, int] | None = None) -> None:
        self.mode = mode
        self.rounds = rounds
        self.seed = seed
        self.max_examples = max_examples
        self.static = static
        self.driver_mode = driver_mode
        self.monotone = monotone

    # --- learning ---------------------------------------------------------------------------------------------------------

    def _fit(self, panel: Panel) -> None:
        self._check(panel)
        order = np.argsort(np.array(panel.series, dtype=str), kind="stable")  # answers do not depend on the order of the series
        self._place, self._names = np.argsort(order), tuple(panel.series[at] for at in order)
        self.taught_ = TAUGHT.get(panel.season, max(4, min(2 * panel.season, 24)))
        self._drivers = None if panel.features is None else panel.features[order]
        self._values, self._layer = panel.values[order], None
        if self._drivers is not None and self.driver_mode == "structural":
            self._layer = driver_layer_of(replace(panel, values=self._values, features=self._drivers))
            self._values = self._layer.without(self._values, self._drivers)
        self._values = tamed(replace(panel, values=self._values)).values
        self._still = None if self.static is None else np.array([self.static[name] for name in self._names], dtype=np.float64)
        self._season = panel.season
        table = self._table(self._values)
        folds = self._examples(table)
        enough = min(len(series) for series, _, _ in folds) >= _FEWEST
        self.boosters_ = self._boost(table, folds) if enough else []
        self._residuals = self._left_over(table)
        self._next = self._central(table, None) if self._shown is None else None

    def _check(self, panel: Panel) -> None:
        """Parameters that only the panel can judge."""
        if self.mode not in ("residual", "growth") or self.driver_mode not in ("structural", "features"):
            raise SchemaError(f"mode {self.mode!r}, driver_mode {self.driver_mode!r}: 'residual' or 'growth', 'structural' or 'features'",
                              got=(self.mode, self.driver_mode))
        unknown = sorted(set(self.monotone or ()) - set(panel.feature_names))
        if unknown or (self.monotone and self.driver_mode == "structural"):
            raise SchemaError(f"monotone {unknown or sorted(self.monotone or ())}: name drivers of X, with driver_mode='features'",
                              names=unknown)
        odd = {name: sign for name, sign in (self.monotone or {}).items() if sign not in (-1, 1)}
        if odd or min(self.rounds, self.max_examples) < 1:
            raise SchemaError(f"rounds {self.rounds}, max_examples {self.max_examples}, monotone {odd}: give numbers of at least one, "
                              "and signs +1 or -1", names=list(odd))
        missing = [name for name in panel.series if self.static is not None and name not in self.static]
        if missing:
            raise SchemaError(f"static: no features for series {missing[:3]}: give them for every series", names=missing)
        signs = [(self.monotone or {}).get(name, 0) for name in panel.feature_names]
        self._signs = signs if any(signs) else []

    @property
    def _shown(self) -> Array | None:
        """Drivers that the trees see."""
        return self._drivers if self.driver_mode == "features" else None

    def _table(self, values: Array) -> GrowthTable | ResidualTable:
        if self.mode == "growth":
            return GrowthTable(values, self._season, self.taught_)
        return ResidualTable(values, self._season, self.taught_, prior_of(self._season))

    def _examples(self, table: GrowthTable | ResidualTable) -> list[tuple[Places, Places, Places]]:
        """Random (series, origin, step) with a known target, for each fold."""
        rng, first = generator(self.seed, "examples"), table.working.first
        n_series, n_time = table.working.values.shape
        start = first + np.minimum(max(2 * self._season, 4), (n_time - first) // 3)
        series, origin = np.nonzero((np.arange(n_time) >= start[:, None]) & (np.arange(n_time) < n_time - 1))
        if not len(series):
            return [(series, origin, series)] * 2
        pick = rng.integers(0, len(series), min(self.max_examples, 4 * len(series)))
        series, origin = series[pick], origin[pick]
        step = (rng.random(len(pick)) * np.minimum(self.taught_, n_time - 1 - origin)).astype(np.intp)
        known = np.isfinite(table.working.values[series, origin + 1 + step])
        fold = _fold(series, origin, n_series, self._season)
        return [(series[mine], origin[mine], step[mine]) for mine in (known & (fold == 0), known & (fold == 1))]

    def _boost(self, table: GrowthTable | ResidualTable, folds: list[tuple[Places, Places, Places]]) -> list[Any]:
        """A booster for each fold; where rows are many, features are cut into bins once, by the first fold."""
        import lightgbm as lgb

        boosters, first = [], None
        for series, origin, step in folds:
            target = (table.working.values[series, origin + 1 + step] - table.base(series, origin, step)) / table.scale(series, origin)
            weight = 1.0 / np.bincount(series)[series]  # every series counts the same
            rows = self._rows(table, series, origin, step, self._shown)
            data = lgb.Dataset(rows, np.clip(target, -10, 10), weight=weight * len(weight) / weight.sum(),
                               reference=None if len(rows) < _FEW else first, params={"verbosity": -1})
            boosters.append(lgb.train(self._parameters(*rows.shape), data, self.rounds))
            first = data
        return boosters

    def _parameters(self, n_rows: int, n_features: int) -> dict[str, Any]:
        """Deterministic, one thread; small leaves and slow steps when there are few rows."""
        few = n_rows < _FEW
        leaves = 7 if few else 15 if self.mode == "residual" else 31
        out: dict[str, Any] = {
            "objective": "l1", "num_leaves": leaves, "learning_rate": 0.03 if few else 0.06, "lambda_l2": 1.0 if few else 5.0,
            "min_data_in_leaf": 8 if n_rows < 400 else 20 if few else 60, "feature_fraction": 0.5, "bagging_fraction": 0.6,
            "bagging_freq": 1, "linear_tree": False, "num_threads": 1, "deterministic": True, "force_row_wise": True,
            "seed": self.seed, "verbosity": -1}
        if self._signs:  # which LightGBM refuses for absolute error
            signs = [0] * (n_features - len(self._signs)) + self._signs
            out |= {"objective": "huber", "monotone_constraints": signs, "monotone_constraints_method": "advanced"}
        return out

    def _rows(self, table: GrowthTable | ResidualTable, series: Places, origin: Places, step: Places, drivers: Array | None) -> Array:
        parts = [table.rows(series, origin, step)]
        if self._still is not None:
            parts.append(self._still[series])
        if drivers is not None:
            parts.append(drivers[series, origin + 1 + step])
        return np.hstack(parts) if len(parts) > 1 else parts[0]

    def _left_over(self, table: GrowthTable | ResidualTable) -> Array:
        """Standardised residuals of horizons known by half or more, each by the booster that has not seen the series, (n, taught)."""
        n_series, n_time = table.working.values.shape
        taught = max(1, min(self.taught_, (n_time - int(table.working.first.min())) // 3))
        latest = n_time - 1 - taught
        earliest = np.maximum(table.working.first + 3, latest - 3 * self._season)
        series, origin = np.nonzero((np.arange(n_time) >= earliest[:, None]) & (np.arange(n_time) <= latest))
        target = table.working.values[series[:, None], origin[:, None] + 1 + np.arange(taught)]
        known = np.flatnonzero(np.isfinite(target).mean(axis=1) >= 0.5)
        pick = np.sort(generator(self.seed, "residuals").permutation(known)[:_RESIDUALS])
        if not len(pick):
            return np.asarray(generator(self.seed, "residuals").standard_normal((64, self.taught_)).cumsum(axis=1))
        series, origin, target = series[pick], origin[pick], target[pick]
        unseen = 1 - _fold(series, origin, n_series, self._season)
        rows, first, use = (np.repeat(part, taught) for part in (series, origin, unseen))  # neighbours are alike: faster in trees
        ahead = self._ahead(table, rows, first, np.tile(np.arange(taught), len(pick)), self._shown, use)
        left = _bridged((target - ahead.reshape(target.shape)) / table.scale(series, origin)[:, None])
        # the median of a few is as wide as they are: mirrored instead, which has median zero as well
        left = left - np.median(left, axis=0) if len(left) >= _FEW_RESIDUALS else np.vstack([left, -left])
        if self._season > _MANY_PLACES:
            cycles = np.isfinite(table.working.values).sum(axis=1).mean() / self._season
            left *= 1.0 + _OWN_PATTERN / max(cycles, 1.0)
        return np.hstack([left, np.repeat(left[:, -1:], self.taught_ - taught, axis=1)])

    def _ahead(self, table: GrowthTable | ResidualTable, series: Places, origin: Places, step: Places, drivers: Array | None,
               use: Places | None = None) -> Array:
        """Forecasts on the working scale; by both boosters, or by the one that ``use`` names for each row."""
        base = table.base(series, origin, step)
        if not self.boosters_:
            return base
        rows = self._rows(table, series, origin, step, drivers)
        boost = np.zeros(len(rows))
        for which, booster in enumerate(self.boosters_):
            mine, share = (slice(None), 1 / len(self.boosters_)) if use is None else (np.flatnonzero(use == which), 1.0)
            boost[mine] += share * booster.predict(rows[mine], num_threads=1) if len(boost[mine]) else 0.0
        return np.asarray(base + boost * table.scale(series, origin))

    # --- answers ----------------------------------------------------------------------------------------------------------

    def _central(self, table: GrowthTable | ResidualTable, ahead: Array | None) -> tuple[Array, Array]:
        """Central path of the next taught steps on the working scale, and the unit of its residuals (n_series,)."""
        n_series, n_time = table.working.values.shape
        series, step = np.repeat(np.arange(n_series), self.taught_), np.tile(np.arange(self.taught_), n_series)
        origin = np.full(len(series), n_time - 1)
        drivers = None if ahead is None or self._shown is None else np.concatenate([self._shown, ahead], axis=1)
        central = self._ahead(table, series, origin, step, drivers).reshape(n_series, self.taught_)
        return central, table.scale(np.arange(n_series), np.full(n_series, n_time - 1))

    def _blocks(self, horizon: int, ahead: Array | None) -> tuple[Array, Array, Working]:
        """Central path (n_series, n_blocks x taught) with the unit of residuals in each block (n_series, n_blocks).

        Steps beyond the taught ones follow block by block, the central path so far being the lags of the next block.
        """
        n_blocks = -(-horizon // self.taught_)
        if ahead is not None:
            ahead = np.concatenate([ahead, np.repeat(ahead[:, -1:], n_blocks * self.taught_ - horizon, axis=1)], axis=1)
        values, paths, units = self._values, [], []
        for block in range(n_blocks):
            central, unit = self._central(self._table(values), ahead) if block or self._next is None else self._next
            paths.append(central)
            units.append(unit)
            if block + 1 < n_blocks:
                values = np.hstack([values, Working.of(self._values, self._season).back(central)])
        return np.hstack(paths), np.stack(units, axis=1), Working.of(self._values, self._season)

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        ahead = None if features is None else features[np.argsort(self._place)]
        central, units, working = self._blocks(horizon, ahead)
        out = np.empty((samples, len(self._names), horizon))
        for at, name in enumerate(self._names):
            place = uniforms(rng, ("residual block", name), units.shape[1], samples)
            drawn = self._residuals[(place * len(self._residuals)).astype(np.intp)]  # (n_blocks, samples, taught)
            start = np.vstack([np.zeros((1, samples)), np.cumsum(drawn[:-1, :, -1] * units[at, :-1, None], axis=0)])
            away = drawn * units[at][:, None, None] + start[..., None]
            out[:, at] = central[at, :horizon] + away.transpose(1, 0, 2).reshape(samples, -1)[:, :horizon]
        drawn = working.back(out.transpose(1, 0, 2))
        if self._layer is not None and ahead is not None:
            drawn = self._layer.onto_paths(drawn, ahead, rng, self._names)
        return drawn[self._place].transpose(1, 0, 2)

    def _summary(self, horizon: int, levels: Sequence[float], features: Array | None) -> tuple[Array, Array]:
        if horizon > self.taught_:
            return super()._summary(horizon, levels, features)
        ahead = None if features is None else features[np.argsort(self._place)]
        central, units, working = self._blocks(horizon, ahead)
        wanted = np.concatenate([np.asarray(levels, dtype=np.float64), _EVEN])
        grid = wanted if self._layer is None or ahead is None else _EVEN
        sizes = np.quantile(self._residuals[:, :horizon], grid, axis=0, method="averaged_inverted_cdf")  # as paths draw them
        drawn = working.back(central[:, None, :horizon] + units[:, :1, None] * sizes).transpose(1, 0, 2)
        if self._layer is not None and ahead is not None:
            drawn = self._layer.onto_quantiles(drawn, grid, ahead, wanted)
        drawn = drawn[:, self._place]
        return drawn[len(levels):].mean(axis=0), drawn[:len(levels)]

    @classmethod
    def example_params(cls) -> list[dict[str, Any]]:
        """Parameter sets for the conformance suite."""
        return [{"rounds": 20}]

    @classmethod
    def expected_failures(cls) -> dict[str, str]:
        """Checks that a global model cannot pass."""
        return {"chunks_of_series_are_nothing": "one model learns across all series: other company, other trees",
                "summaries_are_those_of_the_paths": "a small panel has few residuals, which paths repeat: tails of few samples are lumpy"}


def _fold(series: Places, origin: Places, n_series: int, season: int) -> Places:
    """Half of the series, or every other stretch of time when there are few."""
    return series % 2 if n_series >= 20 else (origin // max(2 * season, 8)) % 2


def _bridged(paths: Array) -> Array:
    """Residual paths (n, steps) with their gaps filled along straight lines: errors of neighbouring steps are alike."""
    steps = np.arange(paths.shape[1])
    for row in np.flatnonzero(np.isnan(paths).any(axis=1)):
        seen = np.isfinite(paths[row])
        paths[row] = np.interp(steps, steps[seen], paths[row, seen])
    return paths
