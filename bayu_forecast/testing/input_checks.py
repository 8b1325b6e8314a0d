"""Checks of what is fed: gaps, short, annual and weekly series, broken ones, and every size and sign of numbers.

Floor F7. A series is answered with finite numbers, or named in ``failed_``; nothing is lost and nothing is guessed.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from bayu_forecast.errors import FailedSeriesWarning, PeriodError
from bayu_forecast.models.base import Forecaster
from bayu_forecast.schema.panel import as_panel
from bayu_forecast.testing.cases import HORIZON, SAMPLES, Case, check, finite, monthly, refuses, same

Array = NDArray[np.float64]

def _answered(model: Forecaster, what: str) -> Array:
    """Finite paths and summaries for every series that is not named as failed; the paths."""
    failed = [str(label) in set(model.failed_["series"]) for label in model.series_]
    kept = ~np.array(failed)
    paths = np.asarray(model.simulate(HORIZON, samples=SAMPLES, rng=1)["value"].values)
    told = model.predict(HORIZON)
    finite(paths[:, kept], f"paths of {what}")
    finite(told["mean"].values[kept], f"means of {what}")
    finite(told["upper"].values[:, kept], f"upper ends of {what}")
    assert bool(np.isnan(paths[:, ~kept]).all()), f"{what}: a failed series has paths"
    return paths


@check()
def check_gaps_are_bridged(case: Case) -> None:
    """Missing months inside and at the end of a series."""
    y = monthly()
    y.iloc[[7, 8, 20, 31], 0] = np.nan
    y.iloc[-2:, 1] = np.nan
    model = case.fit(y)
    assert model.failed_.empty, f"gaps made series fail: {model.failed_.to_dict('records')}"
    paths = _answered(model, "a panel with gaps")
    last = monthly().iloc[-12:].mean().to_numpy()
    assert bool((np.abs(np.median(paths, axis=(0, 2)) / last - 1.0) < 0.5).all()), "gaps throw the level off"


@check()
def check_late_starts_are_fine(case: Case) -> None:
    """Series of different lengths end together."""
    model = case.fit(as_panel([monthly()["north"].to_numpy()[-n:] for n in (48, 40, 26)], season=12))
    assert model.failed_.empty
    _answered(model, "series that start late")


@check()
def check_short_series_are_answered_or_named(case: Case) -> None:
    """From one value to two seasons; at ``min_length`` there is an answer, below a name."""
    lengths = [*range(1, 10), 12, 13, 18, 24, 25, 27]
    y = {f"n{n}": monthly()["north"].to_numpy()[-n:] for n in lengths}
    model = case.fit(as_panel(y, season=12))
    expected = {f"n{n}" for n in lengths if n < case.tags.min_length}
    assert set(model.failed_["series"]) == expected, f"failed {set(model.failed_['series'])}, tags say {expected}"
    _answered(model, "short series")


@check()
def check_annual_series(case: Case) -> None:
    """A dozen years, season 1."""
    y = {"growing": 100.0 * 1.05 ** np.arange(12.0) + np.sin(np.arange(12.0)), "other": 50.0 + np.cos(np.arange(12.0)) * 3}
    model = case.fit(as_panel(y, season=1))
    assert model.failed_.empty
    _answered(model, "annual series")


@check()
def check_weekly_series(case: Case) -> None:
    """Two and a half years of weeks, season 52."""
    t = np.arange(130.0)
    y = 100.0 + 0.1 * t + 10.0 * np.sin(2 * np.pi * t / 52) + np.random.default_rng(3).standard_normal(130)
    model = case.fit(as_panel([y], season=52))
    assert model.failed_.empty
    _answered(model, "weekly series")


@check()
def check_broken_series_are_named(case: Case) -> None:
    """Infinite and empty series are set aside by name; the others get the numbers that they get without them."""
    frame = monthly()
    broken = frame.assign(wild=np.inf, void=np.nan)
    model = case.make()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(broken)
    told = [str(w.message) for w in caught if issubclass(w.category, FailedSeriesWarning)]
    assert len(told) == 1, f"{len(told)} warnings, expected one"
    assert "wild" in told[0], told
    assert set(model.failed_["series"]) == {"wild", "void"}, model.failed_
    assert bool((model.failed_["reason"].str.len() > 0).all())
    paths = _answered(model, "a panel with broken series")
    same(paths[:, :3], case.values(frame), "paths of the sound series", tolerance=1e-9)


@check()
def check_series_that_ended_are_answered_or_named(case: Case) -> None:
    """A series whose last value lies longer ago than a model looks back costs no other series its answer."""
    going = np.tile(monthly()["north"].to_numpy(), 11)[-500:]
    ended = np.r_[going[:60], np.full(440, np.nan)]
    _answered(case.fit(as_panel({"going": going, "ended": ended}, season=12)), "a panel with a series that ended")


@check()
def check_duplicated_dates_are_refused(case: Case) -> None:
    """Two values for one month: an error that names it."""
    y = monthly()
    refuses(PeriodError, "2019-02-01", lambda: case.make().fit(y.set_axis(y.index[[0, 1, 1, *range(3, 48)]])))


@check()
def check_constant_series(case: Case) -> None:
    """A series that never moves stays about where it is; all zeros too."""
    model = case.fit(as_panel({"seven": np.full(36, 7.0), "zero": np.zeros(36), "moving": monthly()["north"].to_numpy()}, season=12))
    assert model.failed_.empty, f"constant series fail: {model.failed_.to_dict('records')}"
    paths = _answered(model, "constant series")
    assert bool((np.abs(np.median(paths[:, 0], axis=0) - 7.0) < 0.5).all()), "a constant series moves"
    assert bool((np.abs(np.median(paths[:, 1], axis=0)) < 0.5).all()), "a series of zeros moves"


@check()
def check_some_zeros(case: Case) -> None:
    """Counts with many zeros."""
    y = np.random.default_rng(8).poisson(0.7, 48)
    model = case.fit(as_panel([y], season=12))
    assert model.failed_.empty
    _answered(model, "counts")


@check()
def check_negative_series(case: Case) -> None:
    """Below zero, and across it."""
    y = monthly()["north"].to_numpy()
    model = case.fit(as_panel({"below": -y, "across": y - y.mean()}, season=12))
    assert model.failed_.empty
    paths = _answered(model, "negative series")
    assert float(np.median(paths[:, 0])) < -50.0, "a negative series turned positive"


@check()
def check_whole_numbers_are_numbers(case: Case) -> None:
    """Integer types give what their floats give."""
    y = monthly().round()
    same(case.values(y.astype(int)), case.values(y), "paths of integers")


@check()
def check_huge_and_tiny_numbers(case: Case) -> None:
    """1e15 and 1e-12 are sizes like any other."""
    y = monthly()["north"].to_numpy()
    model = case.fit(as_panel({"huge": y * 1e13, "tiny": y * 1e-14, "plain": y}, season=12))
    assert model.failed_.empty
    paths = _answered(model, "huge and tiny series")
    middle = np.median(paths, axis=(0, 2)) / np.array([1e13, 1e-14, 1.0])
    assert bool((np.abs(middle / middle[2] - 1.0) < 0.2).all()), f"levels {middle} from the same series in other units"


@check(lambda tags: tags.scale_equivariant)
def check_units_are_nothing(case: Case) -> None:
    """Multiplying the series multiplies the paths."""
    same(case.values(monthly() * 1e4), 1e4 * case.values(monthly()), "paths in other units", tolerance=1e-4)


@check(lambda tags: tags.positive)
def check_positive_series_stay_positive(case: Case) -> None:
    """Positive series get positive paths, however far ahead and however noisy."""
    noisy = np.exp(np.random.default_rng(6).standard_normal(48))
    drawn = case.fit(as_panel([noisy], season=12)).simulate(24, samples=500, rng=2)["value"].values
    assert bool((drawn > 0.0).all()), f"{int((drawn <= 0).sum())} draws are not positive"
