"""Every forecaster keeps the contract, the template too; and the suite notices those that do not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bayu_forecast as bf
from bayu_forecast.models.base import ForecasterTags

Array = NDArray[np.float64]
pytestmark = pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.ModelWarning")


def _template() -> ModuleType:
    spec = importlib.util.spec_from_file_location("template", Path(__file__).resolve().parents[1] / "docs" / "templates" / "forecaster.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SeasonalMean: Any = _template().SeasonalMean
FORECASTERS = [SeasonalMean, bf.SeasonalNaive, bf.Drift, bf.Theta, bf.ETS, bf.ARIMA, bf.SARIMAX, bf.UnobservedComponents,
               bf.StructuralForecaster]


@pytest.mark.parametrize("check", [check for forecaster in FORECASTERS for check in bf.testing.checks_for(forecaster)], ids=str)
def test_contract(check: bf.testing.Check) -> None:
    check()


# --- the suite notices ------------------------------------------------------------------------------------------------------


class Rounds(SeasonalMean):
    def __init__(self, *, cycles: int = 4) -> None:
        self.cycles = [cycles]


class Remembers(SeasonalMean):
    def __init__(self, *, cycles: int = 4) -> None:
        self.cycles, self.other = cycles, 1


class Writes(SeasonalMean):
    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        self.asked_ = horizon
        return super()._simulate(horizon, samples, rng, features)


class Plain(SeasonalMean):
    """Draws of its own: ``draws`` (series, horizon, samples) given seed and labels."""

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        place = np.arange(horizon) % self.means_.shape[1]
        return np.moveaxis(self.means_[:, place, None] + self.sds_[:, None, None] * self.draws(horizon, samples, rng), -1, 0)


class Forgets(Plain):
    def draws(self, horizon: int, samples: int, rng: int) -> Array:
        return np.random.default_rng().standard_normal((len(self.names_), horizon, samples))


class Unseeded(Plain):
    def draws(self, horizon: int, samples: int, rng: int) -> Array:
        return np.random.default_rng(0).standard_normal((samples, horizon)).T[None]


class ByPlace(Plain):
    def draws(self, horizon: int, samples: int, rng: int) -> Array:
        return np.stack([np.random.default_rng([rng, i]).standard_normal((samples, 40)).T[:horizon] for i in range(len(self.names_))])


class BySize(Plain):
    def draws(self, horizon: int, samples: int, rng: int) -> Array:
        each = [np.random.default_rng([rng, len(name)]).standard_normal((horizon, samples)) for name in self.names_]
        return np.stack(each)


class Narrow(SeasonalMean):
    def _summary(self, horizon: int, levels: list[float], features: Array | None) -> tuple[Array, Array]:
        mean, quantiles = super()._summary(horizon, levels, features)
        return mean, mean + 0.5 * (quantiles - mean)


class Holes(SeasonalMean):
    def _fit(self, panel: bf.Panel) -> None:
        super()._fit(panel)
        self.means_ += 0.0 * panel.values[:, -30:].sum(axis=1)[:, None]


class Coupled(SeasonalMean):
    def _fit(self, panel: bf.Panel) -> None:
        super()._fit(panel)
        self.sds_[:] = self.sds_.mean()


class Offset(SeasonalMean):
    def _fit(self, panel: bf.Panel) -> None:
        super()._fit(panel)
        self.sds_ = self.sds_ + 1.0


class Boasts(SeasonalMean):
    tags = ForecasterTags(positive=True)


class Choosy(SeasonalMean):
    def _fit(self, panel: bf.Panel) -> None:
        super()._fit(panel)
        for name, row in zip(panel.series, panel.values, strict=True):
            if np.isfinite(row).sum() < 10:
                self._fail(name, "too short for me")


class Deaf(SeasonalMean):
    tags = ForecasterTags(drivers=True, extrapolates=False)


class Hindsight(SeasonalMean):
    tags = ForecasterTags(drivers=True)

    def _simulate(self, horizon: int, samples: int, rng: int, features: Array | None) -> Array:
        paths = super()._simulate(horizon, samples, rng, features)
        return paths if features is None else paths + 20 * features[None, :, :, 0].mean(axis=2, keepdims=True)


class Scribbles(SeasonalMean):
    def fit(self, y: Any, X: Any = None) -> Any:
        if hasattr(y, "iloc"):
            y.iloc[0, 0] = 0.0
        return super().fit(y, X)


class Piles(SeasonalMean):
    def _fit(self, panel: bf.Panel) -> None:
        seen = getattr(self, "means_", None)
        super()._fit(panel)
        if seen is not None:
            self.means_ += seen.mean()


MUTANTS = [
    (Rounds, "constructor_only_stores"), (Remembers, "constructor_only_stores"), (Writes, "answers_write_nothing"),
    (Forgets, "seeds_repeat"), (Unseeded, "seeds_repeat"),
    (ByPlace, "order_of_series_is_nothing"), (ByPlace, "chunks_of_series_are_nothing"),
    (BySize, "fewer_samples_are_a_prefix"), (Narrow, "summaries_are_those_of_the_paths"), (Holes, "gaps_are_bridged"),
    (Coupled, "chunks_of_series_are_nothing"), (Offset, "units_are_nothing"), (Boasts, "positive_series_stay_positive"),
    (Choosy, "short_series_are_answered_or_named"), (Deaf, "drivers_matter_in_the_same_draws"), (Deaf, "leaving_the_range_warns"),
    (Hindsight, "later_drivers_move_nothing_earlier"), (Scribbles, "fit_leaves_its_arguments"), (Piles, "fit_twice_is_once"),
]


def named(forecaster: Any, name: str) -> bf.testing.Check:
    return next(check for check in bf.testing.checks_for(forecaster()) if check.name == name)


@pytest.mark.parametrize(("mutant", "name"), MUTANTS, ids=lambda x: getattr(x, "__name__", x))
def test_the_suite_notices(mutant: Any, name: str) -> None:
    with pytest.raises(AssertionError):
        named(mutant, name)()


def test_expected_failures_are_strict() -> None:
    class Announced(Writes):
        @classmethod
        def expected_failures(cls) -> dict[str, str]:
            return {"answers_write_nothing": "it counts its callers"}

    class Modest(SeasonalMean):
        @classmethod
        def expected_failures(cls) -> dict[str, str]:
            return {"answers_write_nothing": "so it fears"}

    class Misspelt(SeasonalMean):
        @classmethod
        def expected_failures(cls) -> dict[str, str]:
            return {"answers_write_something": "?"}

    named(Announced, "answers_write_nothing")()
    with pytest.raises(AssertionError, match="take it out of expected_failures"):
        named(Modest, "answers_write_nothing")()
    with pytest.raises(AssertionError, match="names no check"):
        bf.testing.checks_for(Misspelt)


def test_all_checks_at_once() -> None:
    table = bf.testing.check_forecaster(SeasonalMean())
    assert list(table.columns) == ["check", "result", "reason", "seconds"]
    assert len(table) > 25
    with pytest.raises(AssertionError, match=r"1 of \d+ checks failed\nWrites\(\)-answers_write_nothing"):
        bf.testing.check_forecaster(Writes())
