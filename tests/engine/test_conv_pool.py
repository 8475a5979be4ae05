"""A convolution and the pooling behind it at once: what the two give one after the other."""

import numpy as np
import pytest

import numsnn as ns
from numsnn.conv_pool import ConvPool, linked
from numsnn.errors import NumsnnError
from numsnn.layout import empty

from .support import assert_near

CASES = [
    # inputs, outputs, kernel, padding, groups, bias, pool's size, its stride, (H, W)
    (2, 3, 3, 1, 1, True, 2, None, (8, 8)),
    (2, 3, 3, 1, 1, False, 2, None, (7, 9)),  # a row and a column that no window reaches
    (4, 6, (2, 3), (0, 2), 2, True, 2, 3, (6, 9)),
    (1, 2, 3, 2, 1, True, 4, 2, (5, 6)),  # windows that overlap
    (3, 2, 1, 0, 1, False, 1, 2, (5, 4)),  # no mean, every second pixel
    (2, 2, 2, 3, 1, True, 2, None, (1, 2)),  # the padding is wider than the image
    (40, 3, 3, 1, 1, True, 2, None, (4, 4)),
]


def drawn(case, last=False):
    inputs, outputs, kernel, padding, groups, bias, size, stride, image = case
    conv = ns.Conv2d(inputs, outputs, kernel, 1, padding, groups, bias)
    rng = np.random.default_rng(0)
    weight = rng.integers(-9, 10, conv.weight_shape) * 1.0
    params = conv.Params(weight, rng.integers(-9, 10, outputs) * 1.0 if bias else None)
    x = empty((2, 3, inputs, *image), float, last)
    x[...] = rng.integers(-9, 10, x.shape)
    return conv, ns.AvgPool2d(size, stride), params, x, rng


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("laid", [1, 500, 1 << 17])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_at_once_is_one_after_the_other(case, laid, last, monkeypatch):
    """On integers with windows whose size is a power of two all of it is exact."""
    monkeypatch.setattr("numsnn.im2col.LAID", laid)
    conv, pool, params, x, rng = drawn(case, last)
    network = ns.Serial(conv, pool)
    assert [type(link.layer) for link in network.links] == [ConvPool]
    y, saved = network.forward((params, None), x)
    ahead, saved_conv = conv.forward(params, x)
    expected, saved_pool = pool.forward(None, ahead)
    np.testing.assert_array_equal(y, expected)
    assert saved[0].x is x and saved[0].params is params

    d_y = 16.0 * rng.integers(-9, 10, y.shape)
    d_x, (d_conv, d_pool) = network.backward(saved, d_y)
    d_ahead, _ = pool.backward(saved_pool, d_y)
    expected_d_x, expected_d_conv = conv.backward(saved_conv, d_ahead)
    assert d_pool is None
    np.testing.assert_array_equal(d_x, expected_d_x)
    assert_near(d_conv, expected_d_conv, ulps=0)
    alone, nothing = network.backward_params(saved, d_y)
    assert nothing is None
    assert_near(alone, d_conv, ulps=0)


def test_thirds_are_rounded():
    conv, pool, params, x, rng = drawn((2, 3, 3, 1, 1, True, 3, None, (9, 8)))
    network = ns.Serial(conv, pool)
    y, saved = network.forward((params, None), x)
    ahead, saved_conv = conv.forward(params, x)
    expected, saved_pool = pool.forward(None, ahead)
    assert_near(y, expected, ulps=8)
    d_y = rng.standard_normal(y.shape)
    found = network.backward(saved, d_y)
    expected = conv.backward(saved_conv, pool.backward(saved_pool, d_y)[0])
    assert_near(found, (expected[0], (expected[1], None)), ulps=16)


class Other(ns.Conv2d):
    """A layer of somebody's own."""


@pytest.mark.parametrize(
    ("conv", "pool"),
    [
        (ns.Conv2d(2, 3, 3, stride=2), ns.AvgPool2d(2)),
        (ns.Conv2d(2, 3, 3), ns.AvgPool2d(2, 1)),  # as many windows as outputs
        (ns.Conv2d(2, 3, 3), ns.AvgPool2d(None)),
        (ns.Conv2d(2, 3, 3), ns.Flatten()),
        (ns.AvgPool2d(2), ns.Conv2d(2, 3, 3)),
        (Other(2, 3, 3), ns.AvgPool2d(2)),
    ],
)
def test_what_is_done_one_after_the_other(conv, pool):
    assert linked(conv, pool) is None


def test_a_chain_keeps_its_places():
    """Two pairs, a convolution alone and a pooling alone; saved are those of the layers but for sums."""
    conv, pool = ns.Conv2d(2, 2, 3, padding=1), ns.AvgPool2d(2)
    network = ns.named(ns.Serial(conv, pool, pool, ns.LIF(), conv, conv, pool, ns.Flatten()))
    rng = np.random.default_rng(0)
    params = network.init(rng, np.float64)
    x = 3 * rng.standard_normal((2, 3, 2, 16, 16))
    y, saved = network.forward(params, x)
    each = [x]
    kept = []
    for layer, share in zip(network.layers, params, strict=True):
        out, s = layer.forward(share, each[-1])
        each.append(out)
        kept.append(s)
    assert_near(y, each[-1])
    assert [type(saved[place]) for place in (1, 6)] == [ConvPool.Saved] * 2
    alike = (0, 2, 3, 4, 5, 7)
    assert [type(saved[place]) for place in alike] == [type(kept[place]) for place in alike]
    d_y = rng.standard_normal(y.shape)
    d_x, d_params = network.backward(saved, d_y)
    rows = []
    for layer, s in zip(reversed(network.layers), reversed(kept), strict=True):
        d_y, share = layer.backward(s, d_y)
        rows.append(share)
    assert_near(d_x, d_y)
    assert_near(d_params, tuple(reversed(rows)))


@pytest.mark.parametrize(
    ("conv", "pool", "shape", "match"),
    [
        (
            ns.Conv2d(2, 3, 3),
            ns.AvgPool2d(3),
            (1, 1, 2, 4, 6),
            r"AvgPool2d: a window of 3x3 does not fit .* of \(1, 1, 3, 2, 4\)",
        ),
        (
            ns.Conv2d(2, 3, 5),
            ns.AvgPool2d(2),
            (1, 1, 2, 4, 6),
            r"Conv2d: the kernel \(5, 5\) does not fit",
        ),
        (ns.Conv2d(2, 3, 3), ns.AvgPool2d(2), (1, 1, 3, 8, 8), "Conv2d: x has 3 channels"),
    ],
)
def test_errors_are_those_of_the_two(conv, pool, shape, match):
    network = ns.Serial(conv, pool)
    params = network.init(np.random.default_rng(0), np.float64)
    with pytest.raises(NumsnnError, match=match):
        network.forward(params, np.ones(shape))


def test_what_overflows_is_named():
    network = ns.Serial(ns.Conv2d(1, 1, 3, padding=1, bias=False), ns.AvgPool2d(2))
    params = (network.layers[0].Params(np.full((1, 1, 3, 3), 1e200), None), None)
    with np.errstate(all="ignore"), pytest.raises(NumsnnError, match="AvgPool2d: x must be finite"):
        network.forward(params, np.full((1, 1, 1, 4, 4), 1e200))


def test_a_cotangent_of_another_shape():
    network = ns.Serial(ns.Conv2d(1, 2, 3, padding=1), ns.AvgPool2d(2))
    params = network.init(np.random.default_rng(0), np.float64)
    _, saved = network.forward(params, np.ones((1, 2, 1, 4, 4)))
    with pytest.raises(NumsnnError, match=r"the output's shape \(1, 2, 2, 2, 2\)"):
        network.backward(saved, np.ones((1, 2, 2, 4, 4)))
