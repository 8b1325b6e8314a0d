"""The width of sums: a forecaster that is too sure by a known factor is widened by it, one that is right is left alone."""

from __future__ import annotations

import numpy as np
import pytest

import bayu_forecast as bf
from bayu_forecast.errors import HorizonError
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel


class Steady(Forecaster):
    """Independent normals about a known mean, their spread a stated multiple of the truth (5)."""

    tags = ForecasterTags(panel=False)

    def __init__(self, share: float = 1.0) -> None:
        self.share = share

    def _fit(self, panel: Panel) -> None:
        self._n = len(panel.series)

    def _simulate(self, horizon: int, samples: int, rng: int, features: object) -> np.ndarray:
        shocks = np.random.default_rng(rng).standard_normal((4000, self._n, horizon))[:samples]
        return 100.0 + 5.0 * self.share * shocks


def panel(n: int = 60, length: int = 96) -> object:
    return bf.as_panel(list(np.random.default_rng(11).normal(100.0, 5.0, (n, length))), season=12)


@pytest.mark.parametrize("share", [0.5, 1.0, 2.0])
def test_the_factor_undoes_what_is_known_to_be_wrong(share: float) -> None:
    model = bf.CalibratedForecaster(Steady(share)).fit(panel())
    assert model.n_scored_ == 240
    assert model.factor_ == pytest.approx(1.0 / share, rel=0.1)
    years = model.simulate(12, samples=2000)["value"].sum("time")
    assert float(years.std("sample").mean()) == pytest.approx(5.0 * np.sqrt(12), rel=0.12)


def test_quantiles_and_paths_agree_and_keep_their_middle() -> None:
    plain, wide = Steady(0.5).fit(panel(20)), bf.CalibratedForecaster(Steady(0.5)).fit(panel(20))
    one, other = plain.predict(12), wide.predict(12)
    np.testing.assert_allclose(one["median"], other["median"], rtol=1e-9)
    assert bool((other["upper"] - other["lower"] > 1.5 * (one["upper"] - one["lower"])).all())
    drawn = wide.simulate(12, samples=2000)["value"].quantile([0.1, 0.9], dim="sample")
    np.testing.assert_allclose(drawn.sel(quantile=0.9), other["upper"].sel(coverage=0.8), rtol=0.02)


def test_with_nothing_to_score_the_prior_of_one_stands_but_for_its_tails() -> None:
    short = bf.CalibratedForecaster(Steady()).fit(bf.as_panel([[100.0, 101.0, 99.0]], season=12))
    assert short.n_scored_ == 0
    assert short.factor_ == pytest.approx(1.5332 / 1.2816, rel=1e-3)


def test_few_ends_are_mostly_prior() -> None:
    one = bf.CalibratedForecaster(Steady(0.25)).fit(panel(1))
    assert one.n_scored_ == 4
    assert one.factor_ < 4.0


def test_a_sum_takes_a_step() -> None:
    with pytest.raises(HorizonError, match="one step or more"):
        bf.CalibratedForecaster(Steady(), over=0).fit(panel(2))
