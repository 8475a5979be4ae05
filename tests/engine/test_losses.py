"""Losses: hand-computed values, gradients by complex step, and logits of any size."""

import math

import numpy as np
import pytest

from numsnn.errors import NumsnnError
from numsnn.losses import (
    LOSSES,
    cross_entropy,
    mean_cross_entropy,
    smoothed_cross_entropy,
    squared_error,
)

STEP = 1e-30
each = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


def test_cross_entropy_by_hand():
    # Mean logits (0, log 3): p = 1/4, 3/4. Label 1: -log(3/4). d = (1/4, -1/4)/T, T = 2.
    outputs = np.array([[[1.0, math.log(3)]], [[-1.0, math.log(3)]]])
    loss, d_outputs = cross_entropy(outputs, np.array([1]))
    assert loss == pytest.approx(math.log(4 / 3), rel=1e-15)
    np.testing.assert_allclose(d_outputs, [[[1 / 8, -1 / 8]]] * 2, rtol=1e-15)


def test_mean_cross_entropy_by_hand():
    # Steps (0, 0) and (0, log 3), label 0: (log 2 + log 4)/2; the mean's would be another.
    outputs = np.array([[[0.0, 0.0]], [[0.0, math.log(3)]]])
    loss, d_outputs = mean_cross_entropy(outputs, np.array([0]))
    assert loss == pytest.approx(1.5 * math.log(2), rel=1e-15)
    np.testing.assert_allclose(d_outputs, [[[-1 / 4, 1 / 4]], [[-3 / 8, 3 / 8]]], rtol=1e-15)


def test_smoothed_cross_entropy_by_hand():
    # Mean logits (0, log 3): p = 1/4, 3/4. Label 1, smoothing 1/2: q = 1/4, 3/4, so d = 0.
    outputs = np.array([[[1.0, math.log(3)]], [[-1.0, math.log(3)]]])
    loss, d_outputs = smoothed_cross_entropy(outputs, np.array([1]), 0.5)
    assert loss == pytest.approx(math.log(4) - 0.75 * math.log(3), rel=1e-15)
    np.testing.assert_allclose(d_outputs, np.zeros((2, 1, 2)), atol=1e-16)
    loss, d_outputs = smoothed_cross_entropy(outputs, np.array([0]), 0.5)
    assert loss == pytest.approx(math.log(4) - 0.25 * math.log(3), rel=1e-15)
    np.testing.assert_allclose(d_outputs, [[[-1 / 4, 1 / 4]]] * 2, rtol=1e-15)


def test_without_smoothing_it_is_the_cross_entropy():
    rng = np.random.default_rng(1)
    outputs, labels = rng.standard_normal((3, 5, 4)), rng.integers(0, 4, 5)
    expected, found = cross_entropy(outputs, labels), smoothed_cross_entropy(outputs, labels, 0.0)
    assert found[0] == expected[0]
    assert np.array_equal(found[1], expected[1])


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, math.nan])
def test_smoothing_outside_its_range(smoothing):
    with pytest.raises(NumsnnError, match=r"smoothing must be in \[0, 1\), found"):
        smoothed_cross_entropy(np.zeros((1, 1, 2)), np.array([0]), smoothing)


def test_squared_error_by_hand():
    # Rates (1/2, 1) for label 0: ((-1/2)^2 + 1)/2 = 5/8; d = 2 (-1/2, 1)/(1 * 2 * 2)
    outputs = np.array([[[1.0, 1.0]], [[0.0, 1.0]]])
    loss, d_outputs = squared_error(outputs, np.array([0]))
    assert loss == 0.625
    assert d_outputs.tolist() == [[[-0.25, 0.5]]] * 2


@each
def test_gradient_is_the_complex_step(loss):
    rng = np.random.default_rng(0)
    outputs, labels = rng.standard_normal((3, 5, 4)) * 3, rng.integers(0, 4, 5)
    value, d_outputs = loss(outputs, labels)
    for _ in range(5):
        t = rng.standard_normal(outputs.shape)
        lifted, _ = loss(outputs + 1j * STEP * t, labels)
        assert lifted.real == pytest.approx(value, rel=1e-14)
        error = abs((d_outputs * t).sum() - lifted.imag / STEP)
        assert error <= 1e-14 * np.abs(d_outputs * t).sum()


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e3, 1e18, 1e30])
def test_logits_of_any_size(loss, dtype, size):
    """Right or wrong by 10^30: the loss is 0 or 2 10^30, not NaN, and nothing overflows."""
    if loss is squared_error and size > 1e18:
        return  # 10^60 is no float32; for this loss large means far from a rate
    outputs = np.array([[[size, 0.0, -size], [-size, 0.0, size]]] * 2, dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        right, d_right = loss(outputs, np.array([0, 2]))
        wrong, d_wrong = loss(outputs, np.array([2, 0]))
    assert d_right.dtype == d_wrong.dtype == dtype
    assert np.isfinite(d_right).all() and np.isfinite(d_wrong).all()
    if loss is not squared_error:
        smoothing = 0.1 if loss is smoothed_cross_entropy else 0.0  # surprises 0, size, 2 size
        assert right == pytest.approx(smoothing * size, rel=1e-6)
        assert wrong == pytest.approx((2 - smoothing) * size, rel=1e-6)
        given = np.array([[1.0, 0, 0], [0, 0, 1]])
        for true, d in ((given, d_right), (given[::-1], d_wrong)):
            q = (1 - smoothing) * true + smoothing / 3
            np.testing.assert_allclose(d, [(given - q) / 4] * 2, rtol=1e-5)
    else:
        assert np.isfinite(right) and wrong >= right


@each
def test_equal_logits_far_from_zero(loss):
    """A constant added to every logit of a cross-entropy changes nothing."""
    if loss is squared_error:
        return
    outputs = np.array([[[0.0, 1.0, 2.0]]])
    value, d_outputs = loss(outputs, np.array([1]))
    shifted, d_shifted = loss(outputs + 2.0**40, np.array([1]))
    assert value == pytest.approx(float(shifted), rel=1e-15)
    np.testing.assert_allclose(d_outputs, d_shifted, rtol=1e-15)


@each
def test_labels_of_any_integer_type(loss):
    outputs = np.random.default_rng(0).standard_normal((2, 3, 4))
    expected, _ = loss(outputs, np.array([0, 3, 1]))
    for dtype in (np.uint8, np.int8, np.int32, np.uint64):
        assert loss(outputs, np.array([0, 3, 1], dtype))[0] == expected
    assert loss(outputs, [0, 3, 1])[0] == expected
