"""Conv2d and Linear against loops that follow the definition, on integers, where sums are exact."""

import itertools
from operator import lt

import numpy as np
import pytest

import numsnn as ns
from numsnn.conv import Apart, Ways, pair
from numsnn.conv_bands import Bands
from numsnn.conv_im2col import Im2col
from numsnn.conv_places import Places
from numsnn.conv_winograd import Winograd
from numsnn.errors import NumsnnError


def naive(x, weight, bias, stride, padding, groups):
    """y[o, i, j] = b[o] + sum over c, a, b of W[o, c, a, b] x[c, i stride + a - pad, ...]."""
    T, N, _, H, W = x.shape
    outputs, _, tall, wide = weight.shape
    (down, right), (top, left) = pair(stride), pair(padding)
    rows, columns = (H + 2 * top - tall) // down + 1, (W + 2 * left - wide) // right + 1
    y = np.zeros((T, N, outputs, rows, columns))
    for places in terms(x.shape, weight.shape, y.shape, stride, padding, groups):
        at_y, at_w, at_x = places
        y[at_y] += weight[at_w] * x[at_x]
    return y if bias is None else y + bias[:, None, None]


def terms(x_shape, weight_shape, y_shape, stride, padding, groups):
    """Every product of the convolution: (place in y, place in the weight, place in x)."""
    (down, right), (top, left) = pair(stride), pair(padding)
    outputs_a_group = weight_shape[0] // groups
    for o, i, j in itertools.product(*map(range, y_shape[2:])):
        for c, a, b in itertools.product(*map(range, weight_shape[1:])):
            row, column = i * down + a - top, j * right + b - left
            if 0 <= row < x_shape[3] and 0 <= column < x_shape[4]:
                channel = o // outputs_a_group * weight_shape[1] + c
                yield (
                    (slice(None), slice(None), o, i, j),
                    (o, c, a, b),
                    (slice(None), slice(None), channel, row, column),
                )


def naive_backward(x, weight, d_y, stride, padding, groups):
    d_x, d_weight = np.zeros(x.shape), np.zeros(weight.shape)
    for at_y, at_w, at_x in terms(x.shape, weight.shape, d_y.shape, stride, padding, groups):
        d_x[at_x] += weight[at_w] * d_y[at_y]
        d_weight[at_w] += np.sum(x[at_x] * d_y[at_y])
    return d_x, d_weight, d_y.sum(axis=(0, 1, 3, 4))


CASES = [
    # inputs, outputs, kernel, stride, padding, groups, bias, (H, W)
    (2, 3, 3, 1, 1, 1, True, (5, 4)),
    (2, 3, 1, 1, 0, 1, True, (3, 3)),
    (2, 3, (3, 2), 1, 0, 1, False, (5, 4)),
    (2, 2, 5, 1, 2, 1, True, (4, 5)),
    (3, 3, 5, 1, 2, 3, False, (5, 5)),
    (2, 4, 3, 2, 1, 2, True, (6, 5)),
    (4, 2, (2, 3), (1, 2), (2, 0), 2, True, (3, 6)),
    (1, 2, 3, 3, 0, 1, True, (7, 8)),  # two columns and a row that no window reaches
    (2, 4, 1, 2, 0, 2, False, (5, 5)),
    (2, 2, 2, 1, 3, 1, True, (1, 2)),  # the padding is wider than the image
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_convolution_is_its_definition(case):
    assert_definition(case)


def every_way(case):
    """The ways in which one group can go: not all with any stride and padding."""
    kernel, stride, padding = map(pair, case[2:5])
    if case[5] == 1:
        yield Im2col(kernel, stride, padding, 1)
        if all(map(lt, padding, kernel)):
            yield Places(kernel, stride, padding)
            if stride == (1, 1):
                yield Bands(kernel, padding)


@pytest.mark.parametrize(
    ("case", "way"), [(case, way) for case in CASES for way in every_way(case)], ids=str
)
def test_every_way_is_the_definition(monkeypatch, case, way):
    monkeypatch.setattr("numsnn.conv.ways", lambda *_: Ways(way, way))
    assert_definition(case)


@pytest.mark.parametrize("padding", [0, 1, 2, (0, 2), (2, 1)])
@pytest.mark.parametrize("size", [(3, 3), (4, 5), (8, 4), (9, 6)])
@pytest.mark.parametrize("strip", [1, 800, 1 << 20])
def test_filtering_is_the_definition_too(monkeypatch, padding, size, strip):
    """To rounding: the points are no integers. Strips of rows, of samples, of all."""
    way = Winograd(pair(padding))
    monkeypatch.setattr("numsnn.conv.ways", lambda *_: Ways(way, way))
    monkeypatch.setattr("numsnn.conv_winograd.STRIP", strip)
    assert_definition((2, 3, 3, 1, padding, 1, True, size), assert_near)


@pytest.mark.parametrize(
    ("layer", "size", "names"),
    [
        (ns.Conv2d(32, 48, 3, padding=1), (8, 4), "Winograd Winograd"),
        (ns.Conv2d(48, 32, 3, padding=1), (8, 4), "Winograd Bands Im2col"),
        (ns.Conv2d(31, 48, 3, padding=1), (8, 4), "Bands Winograd"),
        (ns.Conv2d(16, 48, 3, padding=1), (8, 8), "Bands Winograd"),
        (ns.Conv2d(15, 96, 3, padding=1), (8, 8), "Im2col Bands Im2col"),
        (ns.Conv2d(48, 47, 3, padding=1), (8, 8), "Winograd Bands"),
        (ns.Conv2d(64, 64, 3, padding=1), (2, 8), "Bands Bands Im2col"),
        (ns.Conv2d(64, 128, 3, padding=1), (17, 17), "Winograd Winograd"),
        (ns.Conv2d(64, 128, 3, padding=1), (9, 9), "Bands Bands Im2col"),
        (ns.Conv2d(64, 80, 3, padding=1), (9, 9), "Bands Bands"),
        (ns.Conv2d(64, 63, (3, 2), padding=1), (8, 8), "Bands Bands"),
        (ns.Conv2d(2, 32, 3, padding=1), (8, 8), "Im2col Bands"),
        (ns.Conv2d(64, 64, 3, 2, padding=1), (8, 8), "Im2col Im2col"),
        (ns.Conv2d(64, 64, 3, groups=2), (8, 8), "Im2col Im2col"),
        (ns.Conv2d(64, 64, 3, groups=2), (2, 2), "Im2col Im2col"),
        (ns.Conv2d(64, 64, 3, padding=1), (2, 2), "Places Places"),
        (ns.Conv2d(64, 64, 3, 2, padding=1), (1, 4), "Places Places"),
        (ns.Conv2d(64, 64, 3, padding=3), (2, 2), "Im2col Im2col"),
        (ns.Conv2d(64, 64, 3, padding=3), (8, 8), "Im2col Im2col"),
    ],
)
def test_each_layer_goes_its_way(layer, size, names):
    ways = layer._ways(size)
    backward = ways.backward if isinstance(ways.backward, Apart) else (ways.backward,)
    assert " ".join(type(way).__name__ for way in (ways.forward, *backward)) == names


def test_filtering_in_single_precision_errs_as_the_definition_does():
    """64 channels as they are trained: a few units of rounding of 576 products."""
    layer = ns.Conv2d(64, 64, 3, padding=1, bias=False)
    rng = np.random.default_rng(3)
    params = layer.init(rng)
    x = rng.standard_normal((1, 2, 64, 8, 8)).astype(np.float32)
    y, saved = layer.forward(params, x)
    d_y = rng.standard_normal(y.shape).astype(np.float32)
    d_x, d_params = layer.backward(saved, d_y)
    double = layer.Params(params.weight.astype(float), None)
    expected, saved = layer.forward(double, x.astype(float))
    expected_d_x, expected_d_params = layer.backward(saved, d_y.astype(float))
    pairs = [(y, expected), (d_x, expected_d_x), (d_params.weight, expected_d_params.weight)]
    for found, wanted in pairs:
        assert found.dtype == np.float32
        assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()


def assert_near(found, wanted):
    """Some hundred units of rounding in the largest number: sums of 36 and of 16 with factors to 4."""
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 500 * np.finfo(found.dtype).eps * np.abs(wanted).max()


def assert_definition(case, same=np.testing.assert_array_equal):
    inputs, outputs, kernel, stride, padding, groups, bias, size = case
    layer = ns.Conv2d(inputs, outputs, kernel, stride, padding, groups, bias)
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 10, (2, 3, inputs, *size)).astype(float)
    weight = rng.integers(-9, 10, layer.weight_shape).astype(float)
    b = rng.integers(-9, 10, outputs).astype(float) if bias else None
    y, saved = layer.forward(layer.Params(weight, b), x)
    same(y, naive(x, weight, b, stride, padding, groups))
    assert layer.output_size(*size) == y.shape[-2:]

    d_y = rng.integers(-9, 10, y.shape).astype(float)
    d_x, d_params = layer.backward(saved, d_y)
    expected = naive_backward(x, weight, d_y, stride, padding, groups)
    same(d_x, expected[0])
    same(d_params.weight, expected[1])
    if bias:
        same(d_params.bias, expected[2])
    else:
        assert d_params.bias is None


def test_many_chunks_give_what_one_gives(monkeypatch):
    """The chunks of samples are an arrangement of the work, not of the result."""
    layer = ns.Conv2d(2, 3, 3, padding=1)
    rng = np.random.default_rng(1)
    params = layer.Params(rng.integers(-9, 10, layer.weight_shape) * 1.0, np.arange(3.0))
    x = rng.integers(-9, 10, (2, 17, 2, 4, 4)) * 1.0
    d_y = rng.integers(-9, 10, (2, 17, 3, 4, 4)) * 1.0
    y, saved = layer.forward(params, x)
    d_x, d_params = layer.backward(saved, d_y)
    monkeypatch.setattr("numsnn.im2col.LAID", 1)
    monkeypatch.setattr("numsnn.conv.WORTH", 1)
    y1, saved = layer.forward(params, x)
    d_x1, d_params1 = layer.backward(saved, d_y)
    np.testing.assert_array_equal(y1, y)
    np.testing.assert_array_equal(d_x1, d_x)
    np.testing.assert_array_equal(d_params1.weight, d_params.weight)
    np.testing.assert_array_equal(d_params1.bias, d_params.bias)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(2, 3), (2, 3, 2)])
def test_linear_is_its_definition(bias, lead):
    layer = ns.Linear(4, 5, bias)
    rng = np.random.default_rng(2)
    x = rng.integers(-9, 10, (*lead, 4)) * 1.0
    weight, b = rng.integers(-9, 10, (5, 4)) * 1.0, rng.integers(-9, 10, 5) * 1.0
    y, saved = layer.forward(layer.Params(weight, b if bias else None), x)
    d_y = rng.integers(-9, 10, y.shape) * 1.0
    d_x, d_params = layer.backward(saved, d_y)
    d_weight, d_bias = np.zeros((5, 4)), np.zeros(5)
    for at in np.ndindex(lead):
        for o in range(5):
            total = b[o] if bias else 0.0
            for i in range(4):
                total += weight[o, i] * x[at][i]
                d_weight[o, i] += d_y[at][o] * x[at][i]
            assert y[at][o] == total
            d_bias[o] += d_y[at][o]
        for i in range(4):
            assert d_x[at][i] == sum(weight[o, i] * d_y[at][o] for o in range(5))
    np.testing.assert_array_equal(d_params.weight, d_weight)
    if bias:
        np.testing.assert_array_equal(d_params.bias, d_bias)
    else:
        assert d_params.bias is None


def test_initial_weights():
    """Conv2d draws N(0, 2/(kh kw O)), Linear a uniform of +-1/sqrt(inputs); biases are zero."""
    rng = np.random.default_rng(0)
    conv = ns.Conv2d(64, 50, (3, 2)).init(rng, np.float64)
    assert conv.weight.shape == (50, 64, 3, 2)
    n = conv.weight.size
    # The variance of n normal numbers errs by sqrt(2/n) of itself, their mean by 1/sqrt(n).
    assert abs(conv.weight.var() / (2 / 300) - 1) < 5 * np.sqrt(2 / n)
    assert abs(conv.weight.mean()) < 5 * np.sqrt(2 / 300 / n)
    assert not conv.bias.any()
    linear = ns.Linear(100, 50).init(rng, np.float64)
    assert linear.weight.shape == (50, 100)
    assert 0.099 < np.abs(linear.weight).max() <= 0.1
    assert abs((linear.weight**2).mean() / (0.01 / 3) - 1) < 5 / np.sqrt(5000)
    assert not linear.bias.any()
    assert ns.Linear(3, 2, bias=False).init(rng).bias is None
    assert ns.Conv2d(3, 2, bias=False).init(rng).bias is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("channels", [2, 64])
def test_what_is_not_finite_is_named_before_it_is_added_up(channels, bad):
    layer = ns.Conv2d(channels, 64, 3, padding=1)
    params = layer.init(np.random.default_rng(0))
    x = np.ones((2, 3, channels, 8, 8), np.float32)
    x[1, 2, 1, 3, 4] = bad
    with (
        np.errstate(all="raise"),
        pytest.raises(NumsnnError, match=r"Conv2d: x must be finite.*3, 4\)"),
    ):
        layer.forward(params, x)
