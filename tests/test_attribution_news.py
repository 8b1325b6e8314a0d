"""What moved a probability between two dates: parts that sum, ends that are plain runs, and figures planted to be found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayu_forecast as bf
from bayu_forecast.data import RegionData
from bayu_forecast.errors import SchemaError, UnknownNameError
from bayu_forecast.models import SeriesPriors
from bayu_forecast.targets import evaluate

QUICK = bf.StructuralForecaster(common=SeriesPriors(reversion=(0.90,), slope_sd=(0.025,)))
BEFORE, AFTER = "2024-12-20", "2025-01-25"
SAMPLES = 400

pytestmark = pytest.mark.filterwarnings("ignore::bayu_forecast.errors.BayuWarning")


def plain(known: bf.data.Snapshot) -> tuple[float, float]:
    """Probability and median of a run of its own."""
    model = bf.StructuralForecaster(common=QUICK.common).fit(known.observations("retail_total"), bf.design(known))
    paths = bf.simulate(model, known, horizon="2025-12", samples=SAMPLES, rng=3)
    event, quantity, _ = evaluate(next(t for t in known.targets if t.id == "retail_total_2025"), paths)
    return float(event.mean()), float(np.median(quantity))


def with_print(data: RegionData, value: float, released: str) -> RegionData:
    """The same archive with the year 2023 of the region printed once more."""
    own = data.tables[0]
    rows = own.observations
    year = rows[(rows.series == "retail_total") & (rows.measure == "level") & (rows.period_start == "2023-01-01")
                & (rows.period_end == "2023-12-31") & (rows.use == "yes") & (rows.release_date <= BEFORE)].iloc[-1:]
    again = year.assign(value=year["value"] * value, release_date=pd.Timestamp(released).as_unit("s"))
    table = dataclasses.replace(own, observations=pd.concat([rows, again], ignore_index=True))
    return RegionData((table, *data.tables[1:]))


@pytest.fixture(scope="module")
def data() -> RegionData:
    return bf.load_region("chongqing")


@pytest.fixture(scope="module")
def told(data: RegionData) -> xr.Dataset:
    return bf.news(data.as_of(BEFORE), data.as_of(AFTER), model=QUICK, samples=SAMPLES, rng=3)


def test_parts_sum_and_ends_are_plain_runs(data: RegionData, told: xr.Dataset) -> None:
    for prefix, name in (("", "probability"), ("median_", "median")):
        assert float(told[f"{prefix}change"].sum()) == pytest.approx(float(told[f"{prefix}total"]), abs=1e-9)
        assert float(told[f"{name}_after"] - told[f"{name}_before"]) == pytest.approx(float(told[f"{prefix}total"]), abs=1e-12)
    first, last = plain(data.as_of(BEFORE)), plain(data.as_of(AFTER))
    assert (float(told.probability_before), float(told.median_before)) == pytest.approx(first, rel=1e-12)
    assert (float(told.probability_after), float(told.median_after)) == pytest.approx(last, rel=1e-12)
    assert abs(float(told.change.where(told.kind == "remainder").sum())) < 1e-12


def test_prints_come_in_order_of_release(data: RegionData, told: xr.Dataset) -> None:
    released = [day for day, kind in zip(told.released.values, told.kind.values, strict=True) if kind == "print" and day]
    assert released == sorted(released)
    rows = data.as_of(AFTER).observations("retail_total").to_dataframe()
    assert set(released) <= {f"{day:%Y-%m-%d}" for day in rows["release_date"]}
    assert all(BEFORE < day <= AFTER for day in released)
    assert len(released) >= 1
    assert told.kind.values.tolist()[0] == "revision"
    assert told.kind.values.tolist()[-3:] == ["driver", "model", "remainder"]


def test_a_planted_revision_is_found(data: RegionData, told: xr.Dataset) -> None:
    changed = with_print(data, 1.05, "2025-01-10")
    found = bf.news(changed.as_of(BEFORE), changed.as_of(AFTER), model=QUICK, samples=SAMPLES, rng=3)
    part = found.isel(part=0)
    assert str(part.kind.item()) == "revision"
    assert float(part.median_change) > 50.0 + abs(float(told.isel(part=0).median_change))
    assert float(found.median_change.sum()) == pytest.approx(float(found.median_total), abs=1e-9)


def test_same_date_is_no_news(data: RegionData) -> None:
    known = data.as_of(BEFORE)
    found = bf.news(known, known, model=QUICK, samples=50)
    assert (found.change == 0.0).all()
    assert (found.median_change == 0.0).all()
    assert float(found.total) == 0.0


def test_news_refuses(data: RegionData) -> None:
    with pytest.raises(SchemaError, match="in order"):
        bf.news(data.as_of(AFTER), data.as_of(BEFORE))
    with pytest.raises(SchemaError, match="one region"):
        bf.news(bf.load_region("sichuan").as_of(BEFORE), data.as_of(AFTER))
    with pytest.raises(UnknownNameError, match="no target 'retail'"):
        bf.news(data.as_of(BEFORE), data.as_of(AFTER), of="retail")
