"""Measures for services move the share of services within consumption, and nothing else."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy.special import expit, logit

import bayu_forecast as bf
from bayu_forecast.models import SeriesPriors
from bayu_forecast.simulation import Worlds

SAMPLES = 400


@functools.cache
def worlds() -> Worlds:
    known = bf.load_region("chongqing").as_of("2025-01-31")
    quick = bf.StructuralForecaster(common=SeriesPriors(reversion=(0.90,), slope_sd=(0.025,)))
    model = quick.fit(known.observations("retail_total"), bf.design(known))
    return Worlds(model, known, horizon="2027-12", samples=SAMPLES, rng=7)


def year(scenario: bf.Scenario, series: str, of: int = 2027) -> np.ndarray:
    value = worlds().run(scenario)["value"].isel(scenario=0).sel(series=series)
    return value.sel(time=value["time"].dt.year == of).sum("time").to_numpy()


BASELINE = bf.Scenario("baseline")
PUSH = bf.Scenario("push", [bf.set_to("services", 2.0, start="2025-02")])


def test_the_share_moves_by_the_drawn_coefficient_and_the_whole_does_not() -> None:
    for name in ("retail_total", "consumption", "gdp", "final_consumption"):
        np.testing.assert_array_equal(year(PUSH, name), year(BASELINE, name), err_msg=name)
    before, after = (year(s, "services") / year(s, "consumption") for s in (BASELINE, PUSH))
    planned = worlds().shifts.inputs.own.announced["services"].loc["2027"].mean()
    coefficient = worlds().shifts.multiplier["services"][:SAMPLES]
    np.testing.assert_allclose(after, expit(logit(before) + coefficient * (2.0 - planned)), rtol=1e-9)
    assert 0.0 < (after - before).mean() < 0.01, "half a point, give or take as much"


def test_measures_are_levers_on_it_with_their_weights() -> None:
    by_measures = bf.Scenario("all four twice", [bf.set_to(m, 2.0, start="2025-02") for m in ("A1M04", "A2M06", "A4M11", "A4M12")])
    moved = worlds().shifts.of(by_measures)[0][worlds().shifts.moves.index("services")]
    planned = worlds().shifts.inputs.own.announced["services"].to_numpy()[worlds().shifts.first : worlds().shifts.last]
    future = worlds().shifts.future[worlds().shifts.first : worlds().shifts.last]
    expected = worlds().shifts.multiplier["services"][:, None] * np.where(future, planned, 0.0)
    np.testing.assert_allclose(moved, expected, atol=1e-12)


def test_a_wider_push_gives_a_wider_answer() -> None:
    spreads = [np.std(year(bf.Scenario("s", [bf.set_to("services", dose, start="2025-02")]), "services") - year(BASELINE, "services"))
               for dose in (2.0, 4.0)]  # fmt: skip
    assert spreads[1] > 2.0 * spreads[0] > 0.0


def test_the_share_is_attributed_to_measures_and_adds_up() -> None:
    w = worlds()
    target = next(t.id for t in w.known.targets if "services" in t.expression)
    parts = bf.attribute(w.model, w.known, PUSH, by="measure", of=target, samples=200, rng=7)
    total = parts["total"].sel(scenario="push")
    assert float(parts["share"].sel(scenario="push").sum("player")) == pytest.approx(float(total), abs=1e-12)
    assert float(parts["share"].sel(scenario="push", player="A2M06")) > 0.0
    assert float(parts["share"].sel(scenario="push", player="A3M09")) == pytest.approx(0.0, abs=1e-15), "no driver of the share hangs on it"
