"""Growth needed in the months left: hand arithmetic, the forecast's own distribution, and print."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from synthetic import make_target

import bayu_forecast as bf
from bayu_forecast._numeric.streams import normals
from bayu_forecast.data.snapshot import Snapshot
from bayu_forecast.errors import HorizonError, PeriodError, TargetError
from bayu_forecast.paths import as_sample_paths
from bayu_forecast.specs import Target


def known_at(date: str) -> tuple[Snapshot, Target]:
    known = bf.load_region("chongqing").as_of(date)
    return known, next(t for t in known.targets_issued if t.id == "retail_total_2025")


def monthly(n: int = 400, spread: float = 0.02, **more):
    """Made-up months of 2024 and 2025, half of 2025 the same in every path."""
    months = 1300.0 * (1 + 0.1 * np.sin(np.arange(24))) * np.ones((n, 24))
    months[:, 18:] *= np.exp(spread * normals(3, "made-up", 1, n)[0])[:, None]
    return as_sample_paths(months[None, :, None, :], series=["retail_total"], start="2024-01", as_of="2025-08-31", **more)


def test_inside_a_path_it_is_the_hand_arithmetic() -> None:
    known, target = known_at("2025-08-31")
    paths = monthly(1, 0.0)
    left = bf.required_path(paths, target, known)
    v = paths["value"].to_numpy().ravel()
    hand = (15500.0 - v[12:18].sum()) / (v[:12].sum() - v[:6].sum()) - 1.0
    assert left.attrs["months_left"] == 6
    np.testing.assert_allclose(left.required, hand, rtol=0, atol=1e-12)
    np.testing.assert_allclose(left.forecast, v[18:].sum() / v[6:12].sum() - 1.0, rtol=0, atol=1e-12)


def test_a_revision_to_come_lowers_what_the_path_needs() -> None:
    known, target = known_at("2025-08-31")
    revision = np.where(np.arange(24) >= 12, 0.03, 0.0) * np.ones((1, 1, 24))
    paths = monthly(1, 0.0, revision=revision)
    v = paths["value"].to_numpy().ravel()
    hand = (15500.0 / np.exp(0.03) - v[12:18].sum()) / v[6:12].sum() - 1.0
    np.testing.assert_allclose(bf.required_path(paths, target, known).required, hand, rtol=0, atol=1e-12)
    on_known = dataclasses.replace(target, basis="known")
    hand = (15500.0 - v[12:18].sum()) / v[6:12].sum() - 1.0
    np.testing.assert_allclose(bf.required_path(paths, on_known, known).required, hand, rtol=0, atol=1e-12)


def test_from_prints_it_is_the_hand_arithmetic() -> None:
    known, target = known_at("2025-08-31")
    left = bf.required_path(monthly(), target, known)
    assert float(left.required_printed) == pytest.approx((15500 - 8300.37) / (16190.4 - 8300.37 / 1.045) - 1, abs=1e-12)
    assert left.attrs["printed_until"] == "2025-06"
    before, target = known_at("2025-01-31")
    assert float(bf.required_path(monthly(), target, before).required_printed) == pytest.approx(15500 / 15677.37 - 1, abs=1e-12)
    crossing, target = known_at("2025-07-31")
    assert np.isnan(bf.required_path(monthly(), target, crossing).required_printed), "2024 was not yet printed on the basis of 2025"


def test_the_percentile_is_the_probability_of_missing() -> None:
    known, target = known_at("2025-08-31")
    paths = monthly(2000, 0.05)
    level = dataclasses.replace(target, value=15_800.0, expression="sum(retail_total, 2025) >= 15800")
    left, verdict = bf.required_path(paths, level, known), bf.assess(paths, level)
    assert 0.1 < float(left.percentile.item()) < 0.9
    assert float(left.percentile.item()) == pytest.approx(1 - float(verdict.probability.item()), abs=1e-9)


def test_history_counts_years_on_comparable_growth() -> None:
    known, target = known_at("2025-01-31")
    left = bf.required_path(monthly(), target, known)
    assert float(left.history.sel(year=2024)) == 0.036
    assert float(left.history.sel(year=2020)) == 0.013
    assert int(left.years) == left.sizes["year"]
    needed = float(left.required.sel(quantile=0.5).item())
    assert int(left.happened.item()) == int((left.history >= needed).sum())
    later, target = known_at("2025-08-31")
    half = bf.required_path(monthly(), target, later).history
    assert float(half.sel(year=2023)) == pytest.approx((15130.3 - 7398.43) / (15130.3 / 1.086 - 7398.43 / 1.062) - 1, abs=1e-3)
    assert 2025 not in half["year"]


def test_scenarios_side_by_side() -> None:
    known, target = known_at("2025-08-31")
    one = monthly()
    two = np.concatenate([one["value"], 1.01 * one["value"]])
    names = ["baseline", "more"]
    both = as_sample_paths(two, series=["retail_total"], start="2024-01", as_of="2025-08-31", scenarios=names)
    left = bf.required_path(both, target, known)
    assert left.required.dims == ("scenario", "quantile")
    assert (left.required.sel(scenario="more") < left.required.sel(scenario="baseline")).all()


def test_errors() -> None:
    known, target = known_at("2025-08-31")
    share = make_target("share(retail_total, retail_total, 2025) about 0.4", 0.4, op="about", unit="1", tolerance=0.01, basis="survey")
    with pytest.raises(TargetError, match="no annual total"):
        bf.required_path(monthly(), share, known)
    over, target = known_at("2026-06-30")
    with pytest.raises(PeriodError, match="no month of 2025 is left"):
        bf.required_path(monthly(), target, over)
    short = monthly().isel(time=slice(12, None))
    with pytest.raises(HorizonError):
        bf.required_path(short, target, known)
