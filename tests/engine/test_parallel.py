"""Where arrays begin, and what runs leave behind: nothing."""

import threading

import numpy as np
import pytest

import numsnn as ns
from numsnn import parallel
from numsnn.layout import (
    LINE,
    aligned,
    channels_last,
    channels_third,
    empty,
    like,
    lined_up,
    places_first,
)


def begins(x):
    return x.__array_interface__["data"][0] % LINE


@pytest.mark.parametrize("shape", [(4096,), (97, 131), (2, 3, 4, 5, 71)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.complex128])
def test_arrays_begin_with_a_cache_line(shape, dtype):
    for _ in range(20):
        x = aligned(shape, dtype)
        assert (x.shape, x.dtype, begins(x)) == (shape, np.dtype(dtype), 0)
        assert x.flags.c_contiguous and x.flags.writeable
    assert begins(parallel.scratch("line", shape, dtype)) == 0


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (2, 3, 4, 5, 7)])
def test_small_arrays_begin_anywhere(shape):
    x = aligned(shape, np.float32)
    assert (x.shape, x.dtype) == (shape, np.float32)
    assert x.flags.c_contiguous and x.flags.writeable


def test_lined_up_copies_what_is_not():
    x = np.arange(2400.0).reshape(20, 30, 4).T
    y = lined_up(x)
    assert y.flags.c_contiguous and begins(y) == 0 and y is not x
    np.testing.assert_array_equal(y, x)
    assert lined_up(y) is y
    beside = aligned((2401,), np.float64)[1:]
    copy = lined_up(beside)
    assert begins(copy) == 0 and copy is not beside
    small = np.arange(6.0).reshape(2, 3)
    assert lined_up(small) is small


def test_weights_have_their_places_first_underneath():
    weight = np.arange(120.0).reshape(5, 4, 3, 2)
    first = places_first(weight)
    np.testing.assert_array_equal(first, weight)
    assert first.transpose(2, 3, 1, 0).flags.c_contiguous
    assert ns.Conv2d(4, 5, (3, 2)).init(np.random.default_rng(0)).weight.strides == tuple(
        stride // 2 for stride in first.strides
    )


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (2, 3, 1, 0), (1, 3, 0, 2)])
def test_a_view_like_another_array(axes):
    x = np.empty((2, 3, 4, 5)).transpose(axes)
    memory = np.arange(120.0)
    view = like(x, memory)
    assert (view.shape, view.strides) == (x.shape, x.strides)
    assert np.shares_memory(view, memory)
    assert like(np.array(3.0), memory[:1]).shape == ()


def test_a_thread_that_is_alone_has_smaller_tiles():
    """Other threads inside a run are not alone, and a process's one thread is, until it is through."""
    assert parallel.tile(8) == 8
    with parallel.in_place():
        assert parallel.tile(8) == 4 and parallel.tile(1) == 1
        assert parallel.run(lambda _: parallel.tile(8), [0, 1]) == [4, 4]
    assert parallel.tile(8) == 8
    assert parallel.run(lambda _: parallel.tile(8), [0, 1]) == [8, 8]


def test_channels_last_underneath():
    x = empty((2, 30, 4, 5, 6), np.float32, last=True)
    assert x.shape == (2, 30, 4, 5, 6) and channels_last(x) and begins(x) == 0
    assert np.moveaxis(x, 2, -1).flags.c_contiguous
    assert empty((2, 3, 4, 5, 6), np.float32).flags.c_contiguous
    y = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(channels_third(y), np.moveaxis(y, -1, -3))


def test_scratch_has_the_layout_of_its_model():
    x = empty((2, 3, 4, 5), np.float32, last=True)
    found = parallel.scratch_like("model", x, np.float64)
    assert (found.shape, found.strides) == (x.shape, tuple(2 * s for s in x.strides))
    plain = parallel.scratch_like("model", np.empty((3, 4)), np.float32)
    assert plain.flags.c_contiguous and plain.dtype == np.float32


@pytest.mark.parametrize("threads", [1, 2])
def test_buffers_are_short_inside_only(threads):
    """And what a caller says of warnings holds in every thread."""
    parallel.set_threads(threads)
    before = np.getbufsize()
    try:
        with np.errstate(over="raise"):
            sizes = parallel.run(lambda _: (np.getbufsize(), np.geterr()["over"]), [1, 2, 3])
            assert np.getbufsize() == before
        assert sizes == 3 * [(parallel.BUFFER, "raise")]
        with parallel.in_place():
            assert np.getbufsize() == parallel.BUFFER
        assert np.getbufsize() == before
        with pytest.raises(ZeroDivisionError):
            parallel.run(lambda i: 1 // i, [0, 1])
        assert np.getbufsize() == before
    finally:
        parallel.set_threads(0)


def test_a_thread_alone_has_one_lane_and_half_a_tile():
    assert (len(parallel.lanes(64)), parallel.tile(64)) == (parallel.LANES, 64)
    with parallel.in_place():
        assert (parallel.lanes(64), parallel.tile(64)) == ([slice(0, 64)], 32)
    assert len(parallel.lanes(64)) == parallel.LANES


def test_in_place_runs_stay_in_their_thread():
    parallel.set_threads(2)
    try:
        here = threading.get_ident()
        with parallel.in_place():
            with parallel.in_place():
                assert set(parallel.run(lambda _: threading.get_ident(), [1, 2])) == {here}
            assert set(parallel.run(lambda _: threading.get_ident(), [1, 2])) == {here}
        assert here not in parallel.run(lambda _: threading.get_ident(), [1, 2])
    finally:
        parallel.set_threads(0)
