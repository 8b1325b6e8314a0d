"""The design: blocks over history and future, priors, blindness to the future, and its two names."""

from __future__ import annotations

import subprocess
import sys
import types

import numpy as np
import pandas as pd
import pytest

from bayu_forecast.calendar import mean_days_off, month_features
from bayu_forecast.design import design
from bayu_forecast.errors import CalendarRangeError, PeriodError
from bayu_forecast.specs import Design


def known(as_of: str, disturbances: tuple[str, ...] = ()) -> types.SimpleNamespace:
    """The two attributes of a snapshot that the design reads."""
    return types.SimpleNamespace(as_of=pd.Timestamp(as_of), disturbances=pd.DatetimeIndex(list(disturbances)))


def column(told: Design, name: str) -> pd.Series:
    """The column of a block, by month."""
    return pd.Series(next(block for block in told.blocks if block.name == name).columns[0][:, 0], index=told.time)


def test_covers_history_and_twelve_years_ahead() -> None:
    told = design(known("2021-04-30"), drivers=False)
    assert (str(told.time[0])[:7], str(told.time[-1])[:7], len(told.time)) == ("2000-01", "2033-12", 34 * 12)
    assert told.as_of == pd.Timestamp("2021-04-30")
    assert {block.name: (block.prior_mean.tolist(), block.prior_sd.tolist()) for block in told.blocks} == {
        "post_festival": ([0.0], [0.02]),
        "leap_day": ([1.0], [0.3]),
        "days_off": ([0.0], [0.005]),
    }
    assert all(block.columns[0].dtype == np.float64 and block.source for block in told.blocks)


def test_columns_are_the_calendar() -> None:
    told = design(known("2025-01-31"), start="2019-01", until="2026-12", drivers=False)
    features = month_features("2019-01", "2026-12", "2025-01-31")
    np.testing.assert_array_equal(column(told, "post_festival"), features["post_festival"])
    means = np.tile(mean_days_off("2025-01-31"), 8)
    np.testing.assert_allclose(column(told, "days_off") + means, features["days_off"], atol=1e-12)


def test_leap_effect_of_january_and_february_as_one_sum() -> None:
    leap = column(design(known("2025-01-31"), start="2023-01", until="2024-12", drivers=False), "leap_day")
    sums = [31 + 28 * np.exp(leap[f"{year}-02-01"] - np.log(28 / 28.25)) for year in (2023, 2024)]
    assert np.log(sums[1] / sums[0]) == pytest.approx(np.log(60 / 59), abs=1e-12)


def test_expected_days_off_average_to_nought_under_the_law_in_force() -> None:
    told = design(known("2025-01-31"), until="2098-12", drivers=False)
    future = column(told, "days_off").loc["2026-01-01":]
    assert abs(future.groupby(future.index.month).mean()).max() < 0.25
    assert abs(future.mean()) < 0.01


def test_disturbed_months_are_those_known() -> None:
    told = design(known("2021-04-30", ("2020-02-01", "2020-03-01")), drivers=False)
    assert told.time[told.disturbed].strftime("%Y-%m").tolist() == ["2020-02", "2020-03"]
    assert not design(known("2019-12-31"), drivers=False).disturbed.any()


def test_what_is_announced_later_changes_nothing_before_it() -> None:
    before, after = design(known("2020-01-26"), until="2030-12", drivers=False), design(known("2020-01-27"), until="2030-12", drivers=False)
    moved = column(after, "days_off") - column(before, "days_off")
    # three days: 31 January, and 1 February no longer a make-up workday; 2 February is a Sunday anyway
    assert moved[moved != 0].to_dict() == {pd.Timestamp("2020-01-01"): 1.0, pd.Timestamp("2020-02-01"): 1.0}


def test_only_two_attributes_are_read() -> None:
    class Strict:
        as_of = pd.Timestamp("2025-01-31")
        disturbances = pd.DatetimeIndex([])

        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

    assert len(design(Strict(), drivers=False).blocks) == 3


def test_the_date_may_be_text() -> None:
    text = types.SimpleNamespace(as_of="2021-04-30", disturbances=pd.DatetimeIndex([]))
    assert design(text, drivers=False).as_of == pd.Timestamp("2021-04-30")


def test_beyond_the_tables() -> None:
    with pytest.raises(CalendarRangeError):
        design(known("2025-01-31"), until="2100-01", drivers=False)
    with pytest.raises(CalendarRangeError):
        design(known("2025-01-31"), start="1999-12", drivers=False)
    with pytest.raises(PeriodError):
        design(known("2025-01-31"), start="2026-01", until="2025-12", drivers=False)


FAKE = (
    "import types, pandas as pd\n"
    "known = types.SimpleNamespace(as_of=pd.Timestamp('2025-01-31'), disturbances=pd.DatetimeIndex([]))\n"
)  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [
        "import bayu_forecast as bf\ntold = bf.design(known, **plain)",
        "import bayu_forecast as bf\nimport bayu_forecast.design\ntold = bf.design(known, **plain)",
        "import bayu_forecast.design\nimport bayu_forecast as bf\ntold = bf.design(known, **plain)",
        "from bayu_forecast.design import design\nimport bayu_forecast as bf\nassert design(known, **plain)\n"
        "told = bf.design(known, **plain)",
        "import bayu_forecast as bf\ntold = bf.design(known, **plain)\nimport bayu_forecast.design\ntold = bf.design(known, **plain)",
    ],
)
def test_the_face_works_in_every_order_of_import(lines: str) -> None:
    code = f"{FAKE}plain = {{'drivers': False}}\n{lines}\nprint(len(told.time))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("456", "")
