"""Still images over time, and the scaling of channels."""

import numpy as np
import pytest

from numsnn.data import as_float
from numsnn.data.encodings import (
    Standardise,
    channel_statistics,
    direct,
    latency,
    rate,
    time_first,
)
from numsnn.errors import NumsnnError


def images(seed: int = 0, shape=(5, 3, 4, 6)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def test_direct_repeats_without_memory():
    x = images()
    current = direct(x, 7)
    assert current.shape == (7, *x.shape) and current.strides[0] == 0
    assert np.shares_memory(current, x)
    np.testing.assert_array_equal(current[6], x)


def test_latency_by_hand():
    """T = 5: white at once, black never, 1/2 in the middle, the darkest grey last."""
    x = np.array([[1.0, 0.5, 0.25, 0.1, 0.0]], np.float32)
    current = latency(x, 5)
    assert current.dtype == np.float32 and current.shape == (5, 1, 5)
    assert current.sum(0).tolist() == [[1, 1, 1, 1, 0]]
    assert current[:, 0].argmax(0)[:4].tolist() == [0, 2, 3, 4]


def test_latency_is_earlier_for_brighter():
    x = np.sort(images(shape=(1, 200)), axis=1)
    assert (np.diff(latency(x, 9)[:, 0].argmax(0)) <= 0).all()


def test_rate_fires_as_often_as_the_pixel_is_bright():
    x = np.array([[0.0, 0.1, 0.5, 0.9, 1.0]], np.float32)
    current = rate(x, 20_000, np.random.default_rng(0))
    assert set(np.unique(current)) == {0, 1} and current.dtype == np.float32
    mean = current.mean(0)[0]
    assert mean[0] == 0 and mean[4] == 1
    assert np.abs(mean - x[0]).max() < 5 * np.sqrt(0.25 / 20_000)
    pairs = (current[1:, 0] * current[:-1, 0]).mean(0)  # steps are independent
    assert np.abs(pairs - x[0] ** 2).max() < 0.02
    again = [rate(x, 9, np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(*again)


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_statistics_are_numpys_whatever_the_chunk(chunk):
    x = (images(1, (64, 3, 5, 4)) * [[[40]], [[90]], [[250]]]).astype(np.uint8)
    scaled = x / 255
    found = channel_statistics(x, chunk)
    np.testing.assert_allclose(found.mean, scaled.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(found.std, scaled.std((0, 2, 3)), rtol=1e-6)
    standard = found(x)
    assert standard.dtype == np.float32
    np.testing.assert_allclose(standard.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(standard.std((0, 2, 3)), 1, rtol=1e-5)
    found64 = found(x / 255)
    assert found64.dtype == np.float64
    np.testing.assert_allclose(found64, standard, atol=1e-5)


def test_standardised_frames_of_events():
    frames = images(2, (6, 4, 2, 5, 5))
    standard = channel_statistics(frames)(frames)
    np.testing.assert_allclose(standard.mean((0, 1, 3, 4)), 0, atol=1e-6)


def test_eight_bit_images_become_unit_floats():
    x = np.arange(256, dtype=np.uint8)
    scaled = as_float(x)
    assert scaled.dtype == np.float32 and scaled[0] == 0 and scaled[255] == 1
    np.testing.assert_allclose(scaled, x / 255, rtol=1e-6)
    assert as_float(scaled) is scaled
    with pytest.raises(NumsnnError, match="int64"):
        as_float(np.arange(3))


def test_time_first():
    x = images(0, (2, 3, 2, 4, 4))
    moved = time_first(x)
    assert moved.shape == (3, 2, 2, 4, 4) and moved.flags.c_contiguous
    np.testing.assert_array_equal(moved[1, 0], x[0, 1])
    with pytest.raises(NumsnnError, match="time_first"):
        time_first(x[0])


def test_bad_input_is_named():
    x = images()
    rng = np.random.default_rng(0)
    for encode in (lambda v, t: rate(v, t, rng), latency):
        with pytest.raises(NumsnnError, match="0 to 2"):
            encode(np.array([0.0, 2.0]), 4)
        with pytest.raises(NumsnnError, match="nan"):
            encode(np.array([0.0, np.nan]), 4)
        with pytest.raises(NumsnnError, match="uint8"):
            encode(np.zeros(3, np.uint8), 4)
    for encode in (lambda v, t: rate(v, t, rng), latency, direct):
        with pytest.raises(NumsnnError, match="1 or more time steps, found 0"):
            encode(x, 0)
    with pytest.raises(NumsnnError, match="above 0"):
        channel_statistics(np.zeros((4, 1, 2, 2), np.float32))
    with pytest.raises(NumsnnError, match="N > 0"):
        channel_statistics(x[:0])
    with pytest.raises(NumsnnError, match="2 channels"):
        Standardise(np.zeros(2), np.ones(2))(x)
    with pytest.raises(NumsnnError, match=r"both be \[C\]"):
        Standardise(np.zeros(2), np.ones(3))
