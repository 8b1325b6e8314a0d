"""What an answer depends on: known surfaces, and the model's own draws as oracle."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import bayu_forecast as bf
from bayu_forecast.data.snapshot import Snapshot
from bayu_forecast.errors import ScenarioError, TargetError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.targets.sensitivity import fit_surface

ONE_CELL = SeriesPriors(reversion=(0.90,), slope_sd=(0.025,))
N = 1500
Fitted = tuple[Snapshot, bf.StructuralForecaster]


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    known = bf.load_region("chongqing").as_of("2025-01-31")
    return known, bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bf.design(known))


@pytest.fixture(scope="module")
def found(fitted: Fitted) -> xr.Dataset:
    known, model = fitted
    return bf.sensitivity(model, known, samples=N, rng=2)


def test_a_linear_surface_is_recovered_under_noise() -> None:
    rng = np.random.default_rng(1)
    x, e = rng.standard_normal((20_000, 2)), rng.standard_normal(20_000)
    surface = fit_surface(x, 1.0 + 2.0 * x[:, 0] - 0.5 * x[:, 1] + e)
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    np.testing.assert_allclose(surface.at(points), [1.0, 3.0, 0.0], atol=0.06)
    assert surface.left.std() == pytest.approx(1.0, abs=0.02)


def test_the_error_of_a_swing_is_the_spread_over_seeds() -> None:
    ends = np.array([[-1.28, -1.28], [1.28, 1.28]])
    swings, errors = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((300, 2))
        surface = fit_surface(x, 2.0 * x[:, 0] + rng.standard_normal(300))
        low, high = surface.at(np.array([[-1.28, 0.0], [1.28, 0.0]]))
        swings.append(high - low)
        errors.append(surface.error(ends)[0])
    assert np.mean(swings) == pytest.approx(2.56 * 2.0, abs=0.05)
    assert np.mean(errors) == pytest.approx(np.std(swings), rel=0.15)


def test_the_revision_leads_by_its_own_tenths(fitted: Fitted, found: xr.Dataset) -> None:
    known, model = fitted
    assert str(found["input"].values[0]) == "revision"
    row = found.sel(input="revision")
    assert float(np.log(row.high / row.low)) == pytest.approx(float(row.high_input - row.low_input), rel=0.03)
    assert float(row.high - row.low) > 20 * float(row.swing_error)
    paths = bf.simulate(model, known, horizon="2025-12", samples=N, rng=2)
    revision = paths["revision"].sel(series="retail_total", time="2025-12-01")
    assert float(row.low_input) == pytest.approx(float(revision.quantile(0.1)))
    year = paths["value"].sel(series="retail_total", scenario="baseline", time=slice("2025-01", "2025-12")).sum("time")
    share = float(revision.var() / (revision + np.log(year)).var())
    assert float(found["first"].sel(source="revision")) == pytest.approx(share, abs=0.05)
    assert row.probability_low < found.probability_base < row.probability_high + 1e-9


def test_shares_add_up_and_explained_is_one_less_shocks(found: xr.Dataset) -> None:
    assert float(found["first"].sum()) == pytest.approx(1.0, abs=0.05)
    assert float(1 - found["total"].sel(source="shocks")) == pytest.approx(float(found.explained), abs=0.03)
    assert float(found.base) == pytest.approx(16_600, rel=0.03)


def test_widest_first_and_effects_have_their_signs(found: xr.Dataset) -> None:
    width = np.abs(found.high - found.low).to_numpy()
    assert (np.diff(width) <= 1e-9).all()
    assert float(found.high.sel(input="structural")) > float(found.low.sel(input="structural"))
    row = found.sel(input="long-run growth")
    assert float(row.low_input) == pytest.approx(0.02 - 1.2816 * 0.015, abs=1e-5)
    assert float(row.low) < float(found.base) < float(row.high)


def test_execution_is_the_one_that_the_paths_were_drawn_with(fitted: Fitted) -> None:
    """Twice the money, and how much of it is paid moves the total as the response says."""
    known, model = fitted
    more = bf.Scenario("much more", [bf.add("trade_in", 12.0, start="2025-02", end="2025-12")])
    with pytest.warns(bf.errors.ExtrapolationWarning):
        rows = bf.sensitivity(model, known, samples=N, rng=2, long_run=False, scenario=more)
    row = rows.sel(input="trade_in execution")
    assert float(row.high_input - row.low_input) == pytest.approx(2 * 1.2816 * 0.15, rel=0.1)
    assert float(row.high - row.low) > 20.0


def test_a_continuation_counts_only_after_the_announced_end(fitted: Fitted, found: xr.Dataset) -> None:
    known, model = fitted
    assert not any("continuation" in name for name in found["input"].values.tolist())
    target = known.targets[0]
    later = type(target)(**{**{f: getattr(target, f) for f in target.__dataclass_fields__}, "period": 2026, "value": 16_000.0,
                            "expression": "sum(retail_total, 2026) >= 16000"})  # fmt: skip
    rows = bf.sensitivity(model, known, later, samples=N, rng=2, long_run=False)
    row = rows.sel(input="trade_in continuation")
    assert (float(row.low_input), float(row.high_input)) == (0.0, 1.0)
    assert float(row.high) > float(row.low)


def test_errors(fitted: Fitted) -> None:
    known, model = fitted
    with pytest.raises(TargetError, match="no annual total"):
        bf.sensitivity(model, known, "services_share_2025", samples=300)
    whole = bf.design(known)
    bare = type(whole)(time=whole.time, blocks=tuple(b for b in whole.blocks if b.name != "drivers"), disturbed=whole.disturbed,
                       as_of=whole.as_of)  # fmt: skip
    with pytest.raises(ScenarioError, match="no drivers"):
        bf.sensitivity(bf.StructuralForecaster(common=ONE_CELL).fit(known.observations("retail_total"), bare), known, samples=300)
