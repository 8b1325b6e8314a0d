"""The series that forecasters of plain series are given in the retail contest."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import retail_contest
from growth_contest import national_growth, score_draws


@pytest.mark.parametrize("origin", [2004, 2011, 2016])
def test_chained_months_lack_nothing_and_grow_as_published(origin: int) -> None:
    months = retail_contest.national_months(origin).reshape(-1, 12)
    growth = np.diff(np.log(months.sum(axis=1)))
    np.testing.assert_allclose(growth, national_growth().loc[2001:origin], atol=1e-3)


def test_a_month_printed_only_within_the_year_is_the_rest_of_it() -> None:
    december = retail_contest.national_months(2016)[-1]
    np.testing.assert_allclose(december, 332316.0 - 300559.5, rtol=1e-4)


def test_draws_are_scored_on_the_sum_since_the_origin() -> None:
    growth = national_growth().loc[2022:2025].to_numpy()
    draws = np.append(growth, 0.0)
    draws[0] += 0.01
    rows = score_draws("model", 2021, np.tile(draws, (50, 1)))
    assert [row[2] for row in rows] == [1, 2, 3, 4]
    np.testing.assert_allclose([row[3] for row in rows], 0.01)
    np.testing.assert_allclose([row[4] for row in rows], 0.01)
