"""AvgPool2d, Flatten, Repeat and MeanOverTime against loops."""

import numpy as np
import pytest

import numsnn as ns


@pytest.mark.parametrize(
    ("size", "stride", "image"),
    [
        (2, None, (4, 6)),
        (2, None, (5, 7)),  # a row and a column are left over
        (3, None, (8, 9)),
        (2, 1, (4, 3)),  # windows overlap
        (3, 2, (6, 7)),
        (1, 2, (5, 4)),
        (3, 2, (4, 9)),  # as many numbers in windows as pixels, but some in two and some in none
        (3, 2, (6, 6)),
        (None, None, (3, 5)),
        (4, None, (4, 4)),
    ],
)
def test_pooling_is_the_mean_of_each_window(size, stride, image):
    layer = ns.AvgPool2d(size, stride)
    rng = np.random.default_rng(0)
    (tall, wide), H, W = (image if size is None else (size, size)), *image
    step = stride or size
    rows, columns = ((H - tall) // step + 1, (W - wide) // step + 1) if size else (1, 1)
    # Multiples of the window's size: every mean is a whole number.
    x = rng.integers(-9, 10, (2, 3, 2, H, W)) * float(tall * wide)
    y, saved = layer.forward(None, x)
    assert y.shape == (2, 3, 2, rows, columns)
    d_y = rng.integers(-9, 10, y.shape) * float(tall * wide)
    d_x, d_params = layer.backward(saved, d_y)
    expected = np.zeros(x.shape)
    for i in range(rows):
        for j in range(columns):
            window = (..., slice(i * (step or 0), i * (step or 0) + tall))
            window += (slice(j * (step or 0), j * (step or 0) + wide),)
            np.testing.assert_array_equal(y[..., i, j], x[window].mean(axis=(-2, -1)))
            expected[window] += d_y[..., i, j, None, None] / (tall * wide)
    np.testing.assert_array_equal(d_x, expected)
    assert d_params is None


def test_what_no_window_reaches_has_no_gradient():
    layer = ns.AvgPool2d(2)
    y, saved = layer.forward(None, np.arange(25.0).reshape(1, 1, 1, 5, 5))
    # The windows of 0..24 in rows of five: (0, 1, 5, 6), (2, 3, 7, 8), (10, ...), (12, ...).
    assert y.ravel().tolist() == [3, 5, 13, 15]
    d_x, _ = layer.backward(saved, np.full(y.shape, 4.0))
    assert d_x[0, 0, 0, 4].tolist() == [0] * 5
    assert d_x[0, 0, 0, :, 4].tolist() == [0] * 5
    assert d_x.sum() == 16


def test_flatten_keeps_order():
    layer = ns.Flatten()
    x = np.arange(48.0).reshape(2, 2, 3, 2, 2)
    y, saved = layer.forward(None, x)
    assert y.shape == (2, 2, 12)
    assert y.ravel().tolist() == list(range(48))
    d_x, _ = layer.backward(saved, -y)
    np.testing.assert_array_equal(d_x, -x)


def test_repeat_shows_one_image_at_every_step():
    layer = ns.Repeat(3)
    x = np.array([[[1.0, 2], [3, 4]]])
    y, saved = layer.forward(None, x)
    assert y.shape == (3, 2, 2)
    assert y.strides[0] == 0, "the image is copied, not shown again"
    for step in y:
        np.testing.assert_array_equal(step, x[0])
    d_y = np.arange(12.0).reshape(3, 2, 2)
    d_x, _ = layer.backward(saved, d_y)
    # 0 + 4 + 8, 1 + 5 + 9, ...
    np.testing.assert_array_equal(d_x, [[[12, 15], [18, 21]]])


def test_what_stands_before_repeat_is_computed_once():
    """The same network with the image copied by hand gives the same numbers."""
    rng = np.random.default_rng(0)
    once = ns.Serial(ns.Linear(3, 4), ns.Repeat(3), ns.LIF())
    always = ns.Serial(ns.Repeat(3), ns.Linear(3, 4), ns.LIF())
    params = once.init(rng, np.float64)
    linear = params[0]._replace(weight=rng.integers(-8, 9, (4, 3)) / 8.0)
    x = rng.integers(-8, 9, (1, 2, 3)) / 8.0
    d_y = rng.integers(-8, 9, (3, 2, 4)) / 8.0
    y, saved = once.forward((linear, None, params[2]), x)
    d_x, d_params = once.backward(saved, d_y)
    y2, saved = always.forward((None, linear, params[2]), x)
    d_x2, d_params2 = always.backward(saved, d_y)
    np.testing.assert_array_equal(y, y2)
    np.testing.assert_array_equal(d_x, d_x2)
    np.testing.assert_array_equal(d_params[0].weight, d_params2[1].weight)
    np.testing.assert_array_equal(d_params[0].bias, d_params2[1].bias)
    assert y.any() and not y.all()


def test_mean_over_time():
    layer = ns.MeanOverTime()
    x = np.array([1.0, 10, 2, 20, 6, 60, 7, 70]).reshape(4, 1, 2)
    y, saved = layer.forward(None, x)
    assert y.tolist() == [[[4, 40]]]
    d_x, _ = layer.backward(saved, np.array([[[8.0, -4]]]))
    assert d_x.shape == x.shape
    assert d_x.tolist() == [[[2, -1]]] * 4
