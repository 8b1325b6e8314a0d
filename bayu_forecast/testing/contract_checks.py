"""Checks of the contract itself: parameters, fitting, paths, summaries, seeds, prefixes, labels and drivers.

Floor F7. The name of a function, less its ``check_``, is the id of the check.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from functools import partial

import joblib
import numpy as np
import pandas as pd

from bayu_forecast.errors import (
    AlignmentError,
    BayuWarning,
    ExtrapolationWarning,
    HorizonError,
    NotFittedError,
    SchemaError,
    UnknownNameError,
)
from bayu_forecast.models.base import Forecaster
from bayu_forecast.models.withheld import withheld_errors
from bayu_forecast.schema.panel import as_panel
from bayu_forecast.testing.cases import HORIZON, NAMES, SAMPLES, Case, check, driven, drivers, finite, monthly, plain, quiet, refuses, same

# --- parameters and fitting -----------------------------------------------------------------------------------------------


@check()
def check_constructor_only_stores(case: Case) -> None:
    """Every argument becomes the attribute of its name, untouched, and nothing else is set."""
    given = case.prototype.get_params(deep=False)
    fresh = type(case.prototype)(**given)
    names = set(inspect.signature(type(fresh)).parameters)
    assert set(vars(fresh)) == names == set(given), f"arguments {names}, stored {set(vars(fresh))}"
    changed = [name for name, value in given.items() if getattr(fresh, name) is not value]
    assert not changed, f"changed on the way in: {changed}"


@check()
def check_clone_keeps_parameters(case: Case) -> None:
    """scikit-learn's ``clone``, ``set_params`` and ``repr`` work."""
    fresh = case.make()
    assert str(fresh.get_params()) == str(case.prototype.get_params())
    assert fresh.set_params(**fresh.get_params()) is fresh
    assert type(fresh).__name__ in repr(fresh)


@check()
def check_fit_returns_itself(case: Case) -> None:
    """``fit`` returns the object, and what it learns ends, or starts, with an underscore."""
    fresh = case.make()
    with quiet():
        assert fresh.fit(case.y) is fresh
    learned = set(vars(fresh)) - set(fresh.get_params(deep=False))
    public = [name for name in learned if not (name.endswith("_") or name.startswith("_"))]
    assert not public, f"learned attributes without an underscore: {public}"


@check()
def check_fit_leaves_its_arguments(case: Case) -> None:
    """The data given to ``fit`` are not written to."""
    y, X = monthly(), drivers() if case.tags.drivers else None
    kept = y.copy(deep=True), None if X is None else X.copy(deep=True)
    case.fit(y, X).predict(HORIZON, X=X)
    pd.testing.assert_frame_equal(y, kept[0])
    if X is not None and kept[1] is not None:
        pd.testing.assert_frame_equal(X, kept[1])


@check()
def check_fit_twice_is_once(case: Case) -> None:
    """A second ``fit`` forgets the first."""
    model = case.fit(as_panel({"other": np.arange(30.0) ** 1.5 + 5.0}, season=4))
    with quiet():
        model.fit(case.y)
    same(_draw(model), _draw(case.fitted), "refitted and fresh paths")


@check()
def check_unfitted_says_so(case: Case) -> None:
    """Questions before ``fit`` raise ``NotFittedError``."""
    refuses(NotFittedError, "fit", lambda: case.make().simulate(3))
    refuses(NotFittedError, "fit", lambda: case.make().predict(3))


# --- paths and summaries --------------------------------------------------------------------------------------------------


@check()
def check_paths_follow_the_schema(case: Case) -> None:
    """``value`` (sample, series, time), float64, finite, labelled with the series and the months ahead."""
    paths = case.fitted.simulate(HORIZON, samples=SAMPLES, rng=1)
    assert paths["value"].dims == ("sample", "series", "time"), paths["value"].dims
    assert paths["value"].dtype == np.float64, paths["value"].dtype
    assert tuple(paths.indexes["series"]) == NAMES
    assert paths.indexes["sample"].tolist() == list(range(SAMPLES))
    assert [f"{label:%Y-%m}" for label in paths.indexes["time"]] == [f"2023-{month:02d}" for month in range(1, HORIZON + 1)]
    finite(paths["value"], "paths")


@check()
def check_summaries_follow_the_schema(case: Case) -> None:
    """``mean``, ``median`` (series, time) and nested ``lower``, ``upper`` (coverage, series, time)."""
    told = case.fitted.predict(HORIZON, coverage=[0.5, 0.8, 0.95])
    assert told["mean"].dims == told["median"].dims == ("series", "time")
    assert told["lower"].dims == told["upper"].dims == ("coverage", "series", "time")
    assert told.indexes["coverage"].tolist() == [0.5, 0.8, 0.95]
    stack = np.concatenate([told["lower"].values[::-1], told["median"].values[None], told["upper"].values])
    finite(stack, "quantiles")
    assert bool((np.diff(stack, axis=0) >= 0).all()), "quantiles cross"


@check()
def check_summaries_are_those_of_the_paths(case: Case) -> None:
    """``predict`` summarises what ``simulate`` draws, up to Monte-Carlo error."""
    told = case.fitted.predict(HORIZON, coverage=0.8)
    paths = case.fitted.simulate(HORIZON, samples=2000, rng=5)["value"]
    width = (told["upper"] - told["lower"]).values[0]
    for name, drawn in (("mean", paths.mean("sample")), ("median", paths.median("sample")),
                        ("lower", paths.quantile(0.1, "sample")), ("upper", paths.quantile(0.9, "sample"))):
        off = np.abs(drawn.values - told[name].values.reshape(drawn.shape)) / np.maximum(width, 1e-12)
        assert float(off.max()) < 0.12, f"{name} of predict is {off.max():.2f} interval widths from that of the paths"


@check()
def check_errors_are_of_withheld_ends(case: Case) -> None:
    """``withheld_errors`` is what happened less ``predict`` of a fit on what came before, and missing before the ends."""
    with quiet():
        errors = withheld_errors(case.prototype, case.y, step=3, ends=1)["value"]
    told = case.fit(case.y.isel(time=slice(-3))).predict(3)["mean"]
    same(errors.isel(time=slice(-3, None)), case.y["value"].isel(time=slice(-3, None)).values - told.values, "errors of the withheld end")
    assert bool(np.isnan(errors.isel(time=slice(-3)).values).all()), "errors before the withheld end"


@check()
def check_answers_write_nothing(case: Case) -> None:
    """``simulate`` and ``predict`` leave the fitted object as it was."""
    model = case.fit(case.y)
    before = joblib.hash(plain(vars(model)))
    model.simulate(HORIZON, samples=3, rng=9)
    model.predict(HORIZON)
    assert joblib.hash(plain(vars(model))) == before, "the fitted object changed"


@check()
def check_copies_agree(case: Case) -> None:
    """A deep copy draws the same paths."""
    same(_draw(copy.deepcopy(case.fitted)), _draw(case.fitted), "paths of a copy")


# --- seeds, prefixes, chunks ----------------------------------------------------------------------------------------------


@check()
def check_seeds_repeat(case: Case) -> None:
    """The same seed gives the same paths, another one others."""
    first = _draw(case.fitted)
    same(first, _draw(case.fitted), "the same seed")
    assert not np.array_equal(first, case.fitted.simulate(HORIZON, samples=SAMPLES, rng=2)["value"].values), "the seed changes nothing"


@check()
def check_fewer_samples_are_a_prefix(case: Case) -> None:
    """A run of few samples is the beginning of a run of many."""
    many = case.fitted.simulate(HORIZON, samples=300, rng=1)["value"].values
    same(many[:SAMPLES], _draw(case.fitted), "samples", tolerance=1e-9)


@check()
def check_shorter_horizons_are_a_prefix(case: Case) -> None:
    """Asking further ahead moves no nearer month."""
    far = case.fitted.simulate(2 * HORIZON, samples=SAMPLES, rng=1)["value"].values
    same(far[:, :, :HORIZON], _draw(case.fitted), "horizons", tolerance=1e-9)


@check()
def check_order_of_series_is_nothing(case: Case) -> None:
    """Permuting the series permutes the paths."""
    turned = case.fit(monthly()[[NAMES[2], NAMES[0], NAMES[1]]]).simulate(HORIZON, samples=SAMPLES, rng=1)
    same(turned["value"].sel(series=list(NAMES)), _draw(case.fitted), "paths of permuted series", tolerance=1e-9)


@check(lambda tags: not tags.panel)
def check_chunks_of_series_are_nothing(case: Case) -> None:
    """A series fitted alone gets the paths that it gets in company."""
    alone = case.fit(monthly()[[NAMES[1]]]).simulate(HORIZON, samples=SAMPLES, rng=1)["value"].values
    same(alone[:, 0], _draw(case.fitted)[:, 1], "paths of one series", tolerance=1e-9)


# --- labels and horizons --------------------------------------------------------------------------------------------------


@check()
def check_rows_are_read_by_label(case: Case) -> None:
    """Shuffled rows, a long frame and an array are the same panel."""
    frame = monthly()
    long = frame.rename_axis(index="month").reset_index().melt("month", var_name="shop", value_name="sales")
    long = long.sample(frac=1.0, random_state=3)
    forms = {"shuffled rows": frame.sample(frac=1.0, random_state=4), "an array": case.y["value"].transpose("time", "series"),
             "a long frame": as_panel(long, series="shop", time="month", value="sales").sel(series=list(NAMES))}
    for what, form in forms.items():
        same(case.values(form), _draw(case.fitted), what, tolerance=1e-9)


@check()
def check_horizon_is_a_number_or_a_date(case: Case) -> None:
    """``"2023-06"`` is six months after 2022-12; what is neither, or not ahead, is refused."""
    by_date = case.fitted.simulate("2023-06", samples=SAMPLES, rng=1)["value"].values
    same(by_date, _draw(case.fitted), "horizon as a date")
    for wrong in (0, -3, "2022-12", "soon", 2.5):
        refuses(HorizonError, str(wrong), partial(case.fitted.predict, wrong))  # type: ignore[arg-type]  # the wrong type is the test


@check()
def check_wrong_questions_are_refused(case: Case) -> None:
    """Impossible sample counts, seeds and coverages raise ``SchemaError``."""
    refuses(SchemaError, "samples", lambda: case.fitted.simulate(2, samples=0))
    refuses(SchemaError, "rng", lambda: case.fitted.simulate(2, rng="x"))  # type: ignore[arg-type]  # the wrong type is the test
    refuses(SchemaError, "coverage", lambda: case.fitted.predict(2, coverage=[80]))


# --- drivers --------------------------------------------------------------------------------------------------------------


@check(lambda tags: not tags.drivers)
def check_drivers_are_refused(case: Case) -> None:
    """A forecaster without drivers says so instead of ignoring them."""
    refuses(SchemaError, "drivers", lambda: case.make().fit(case.y, drivers()))


@check(lambda tags: tags.drivers)
def check_drivers_are_read_by_name(case: Case) -> None:
    """The order of features, and of rows, changes nothing."""
    X = drivers()
    base = case.with_drivers.simulate(HORIZON, samples=SAMPLES, rng=1, X=X)["value"]
    turned = X[["price", "promotion"]].sample(frac=1.0, random_state=5)
    same(case.with_drivers.simulate(HORIZON, samples=SAMPLES, rng=1, X=turned)["value"], base, "drivers in another order")


@check(lambda tags: tags.drivers)
def check_drivers_matter_in_the_same_draws(case: Case) -> None:
    """Moving a driver that mattered moves paths; identical drivers give identical paths."""
    X = drivers()
    on, off, again = (case.with_drivers.simulate(HORIZON, samples=SAMPLES, rng=1, X=X.assign(promotion=value))["value"].values
                      for value in (1.0, 0.0, 1.0))
    same(on, again, "identical drivers")
    moved = (on - off).mean(axis=(0, 2)) / np.array([1.0, 10.0, 100.0])
    assert bool((moved > 5.0).all()), f"a promotion worth 20 moves the paths by {moved.round(1)}"


@check(lambda tags: tags.drivers and tags.extrapolates)
def check_far_drivers_widen(case: Case) -> None:
    """The further a driver is from its history, the less is known: intervals widen."""
    near, far = (case.with_drivers.predict(HORIZON, coverage=0.8, X=drivers().assign(price=price)) for price in (1.0, 4.0))
    width = [told["upper"].values - told["lower"].values for told in (near, far)]
    wider = np.median(width[1] / width[0])
    assert wider > 1.02, f"a price thirty standard deviations away: intervals {wider:.2f} times as wide"


@check(lambda tags: tags.drivers)
def check_later_drivers_move_nothing_earlier(case: Case) -> None:
    """What a driver does after a month changes no path before it."""
    X = drivers()
    later = X.copy()
    later.loc["2023-04":, "promotion"] = 1.0 - later.loc["2023-04":, "promotion"]
    base, moved = (case.with_drivers.simulate(HORIZON, samples=SAMPLES, rng=1, X=x)["value"].values for x in (X, later))
    same(base[:, :, :3], moved[:, :, :3], "months before the change")


@check(lambda tags: tags.drivers)
def check_absent_drivers_are_named(case: Case) -> None:
    """Features and months that are not there raise an error that names them."""
    X = drivers()
    model = case.with_drivers
    refuses(UnknownNameError, "price", lambda: model.simulate(HORIZON, X=X[["promotion"]]))
    refuses(UnknownNameError, "weather", lambda: model.simulate(HORIZON, X=X.assign(weather=1.0)))
    refuses(AlignmentError, "2023-06", lambda: model.simulate(HORIZON, X=X.loc[:"2023-05"]))
    refuses(AlignmentError, "2020-02", lambda: case.make().fit(driven(), X.drop(pd.Timestamp("2020-02-01"))))
    refuses(SchemaError, "promotion", lambda: model.simulate(HORIZON))
    refuses(SchemaError, "without drivers", lambda: case.fitted.simulate(HORIZON, X=X))


@check(lambda tags: tags.drivers and not tags.extrapolates)
def check_leaving_the_range_warns(case: Case) -> None:
    """A driver far beyond its history brings an ``ExtrapolationWarning``."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BayuWarning)
        case.with_drivers.simulate(HORIZON, samples=3, X=drivers().assign(price=50.0))
    assert any(issubclass(w.category, ExtrapolationWarning) for w in caught), "no ExtrapolationWarning"


def _draw(model: Forecaster) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The paths that most checks compare with."""
    return np.asarray(model.simulate(HORIZON, samples=SAMPLES, rng=1)["value"].values)
