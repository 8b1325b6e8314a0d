"""Keyed randomness: prefixes, chunks, independence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bayu_forecast._numeric.streams import generator, normals, uniforms

sizes = st.integers(0, 700)


@pytest.mark.parametrize("draw", [normals, uniforms])
@given(n=sizes, fewer=sizes, rows=st.integers(0, 5), shorter=st.integers(0, 5), block=st.sampled_from([1, 7, 256]))
def test_fewer_samples_and_rows_are_a_prefix(draw, n, fewer, rows, shorter, block):
    n, fewer = max(n, fewer), min(n, fewer)
    rows, shorter = max(rows, shorter), min(rows, shorter)
    whole = draw(3, "s", rows, n, block)
    assert np.array_equal(draw(3, "s", shorter, fewer, block), whole[:shorter, :fewer])


@pytest.mark.parametrize("draw", [normals, uniforms])
@given(n=sizes, first=sizes, count=sizes, block=st.sampled_from([1, 7, 256]))
def test_a_chunk_is_a_slice_of_the_whole(draw, n, first, count, block):
    first = min(first, n)
    count = min(count, n - first)
    whole = draw(3, ("a", 2), 2, n, block)
    assert np.array_equal(draw(3, ("a", 2), 2, n, block, first=first, count=count), whole[:, first : first + count])


@given(seed=st.integers(), key=st.lists(st.one_of(st.text(max_size=5), st.integers()), max_size=4))
def test_same_key_same_numbers(seed, key):
    assert generator(seed, *key).random() == generator(seed, *key).random()


def test_keys_do_not_run_together():
    keys = [(), ("",), ("a",), ("ab",), ("a", "b"), ("b", "a"), (1,), ("1",), (1, 1), (11,), (-1,), ("i1",)]
    drawn = {generator(seed, *key).random() for key in keys for seed in (0, 1, -1, 2**70)}
    assert len(drawn) == 4 * len(keys)


def test_numbers_do_not_depend_on_the_process():
    # a stored value: the hash of a string must not be Python's, which changes with every process
    assert generator(7, "shock", 3).integers(2**63) == STORED


# made once by the call above (NumPy's Philox bit stream is fixed by its published definition)
STORED = 1222032127606010114


def test_moments_and_law():
    z, u = normals(1, "z", 4, 20_000), uniforms(1, "u", 4, 20_000)
    assert stats.kstest(z.ravel(), "norm").pvalue > 0.001
    assert stats.kstest(u.ravel(), "uniform").pvalue > 0.001
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / z.size)


def test_streams_seeds_rows_and_samples_are_independent():
    rows = [normals(seed, stream, 2, 20_000) for seed in (1, 2) for stream in ("a", "b", ("a", "b"))]
    correlation = np.corrcoef(np.vstack(rows))
    assert np.abs(correlation - np.eye(len(correlation))).max() < 4.5 / np.sqrt(20_000)
    z = rows[0][0]
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 4 / np.sqrt(z.size)


@pytest.mark.parametrize("chunk", [{"first": 5, "count": 6}, {"first": -1, "count": 2}, {"first": 11}, {"first": 0, "count": -1}])
def test_a_chunk_beyond_the_array_is_refused(chunk):
    with pytest.raises(ValueError, match="no chunk of"):
        normals(1, "s", 2, 10, **chunk)
