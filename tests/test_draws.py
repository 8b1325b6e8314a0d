"""Joint Gaussian paths by blocks: prefixes and chunks to the last bit, and the law they should have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bayu_forecast._numeric.draws import gaussian_paths

STEPS = 21
TIMES = np.arange(1.0, STEPS + 1)
FACTOR = np.linalg.cholesky(np.minimum.outer(TIMES, TIMES) / 100)
MEAN = np.sin(TIMES)
MEANS, FACTORS = np.stack([MEAN, -MEAN, MEAN + 3]), np.stack([FACTOR, 2 * FACTOR, FACTOR @ np.eye(STEPS)])
sizes = st.integers(0, 1300)


def exponential(component: int, values: np.ndarray) -> None:
    if component != 1:
        np.exp(values, out=values)


LAWS = {
    "gaussian": {"mean": MEAN, "factor": FACTOR},
    "student": {"mean": MEAN, "factor": FACTOR, "freedom": 5.0},
    "mixture": {"mean": MEANS, "factor": FACTORS, "weights": [2, 1, 0.5], "freedom": 4.0, "transform": exponential},
}


def shorter(law: dict, steps: int) -> dict:
    return law | {"mean": law["mean"][..., :steps], "factor": law["factor"][..., :steps, :steps]}


@pytest.mark.parametrize("name", LAWS)
@given(n=sizes, first=sizes, count=sizes, steps=st.integers(1, STEPS))
def test_chunks_and_prefixes_to_the_last_bit(name, n, first, count, steps):
    first = min(first, n)
    count = min(count, n - first)
    whole = gaussian_paths(3, ("a", 2), n_samples=1300, **LAWS[name])
    part = gaussian_paths(3, ("a", 2), n_samples=n, first=first, count=count, **shorter(LAWS[name], steps))
    assert np.array_equal(part, whole[first : first + count, :steps])


@pytest.mark.parametrize("name", LAWS)
def test_streams_and_seeds_differ(name):
    drawn = [gaussian_paths(seed, stream, n_samples=3, **LAWS[name]) for seed in (1, 2) for stream in ("a", "b", ("a", "b"))]
    assert len({part.tobytes() for part in drawn}) == 6


def test_law_of_gaussian_paths():
    n = 40_000
    paths = gaussian_paths(1, "x", MEAN, FACTOR, n)
    whitened = np.linalg.solve(FACTOR, (paths - MEAN).T)
    assert stats.kstest(whitened.ravel(), "norm").pvalue > 0.001
    assert np.abs(np.cov(whitened) - np.eye(STEPS)).max() < 5 * np.sqrt(2 / n)


def test_law_of_student_paths():
    paths = gaussian_paths(1, "x", MEAN, FACTOR, 20_000, freedom=5.0)
    whitened = np.linalg.solve(FACTOR, (paths - MEAN).T)
    assert stats.kstest(whitened[7], "t", args=(5,)).pvalue > 0.001
    # one scale to a path: the squared length is an F variable, which independent Student steps would not give
    assert stats.kstest((whitened**2).mean(axis=0), "f", args=(STEPS, 5)).pvalue > 0.001


def test_components_are_picked_by_their_weights():
    paths = gaussian_paths(1, "x", [[0.0], [10.0], [20.0]], np.zeros((3, 1, 1)), 30_000, weights=[3, 2, 1])
    values, counts = np.unique(paths, return_counts=True)
    assert values.tolist() == [0.0, 10.0, 20.0]
    assert counts == pytest.approx([15_000, 10_000, 5_000], abs=4 * np.sqrt(30_000 / 4))


def test_one_component_of_many_is_the_gaussian():
    both = gaussian_paths(1, "x", MEANS, FACTORS, 512, weights=[0, 1, 0], freedom=4.0)
    alone = gaussian_paths(1, "x", MEANS[1], FACTORS[1], 512, freedom=4.0)
    assert both.shape == alone.shape
    assert np.isfinite(both).all()
    assert stats.ks_2samp(both[:, -1], alone[:, -1]).pvalue > 0.001


def test_paths_are_put_where_asked():
    cube = np.full((600, 3, STEPS), np.nan)
    back = gaussian_paths(1, "x", MEAN, FACTOR, 600, out=cube[:, 1])
    assert np.shares_memory(back, cube)
    assert np.array_equal(cube[:, 1], gaussian_paths(1, "x", MEAN, FACTOR, 600))
    assert np.isnan(cube[:, [0, 2]]).all()


@pytest.mark.parametrize(("change", "message"), [
    ({"factor": FACTOR[:3, :3]}, "do not belong"),
    ({"weights": [1.0, 2.0]}, "weights of 1 components"),
    ({"weights": [-1.0]}, "not negative"),
    ({"first": 5, "count": 6}, "no chunk of 6 samples from 5 in 10"),
    ({"out": np.empty((3, 3))}, "do not fit"),
])
def test_wrong_shapes_are_told(change, message):
    with pytest.raises(ValueError, match=message):
        gaussian_paths(1, "x", **{"mean": MEAN, "factor": FACTOR, "n_samples": 10} | change)
