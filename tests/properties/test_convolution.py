"""Convolution and its parts, on integers, where sums are exact. Properties 30 and 31."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import numsnn as ns
from numsnn.im2col import col2im, fold, im2col

from .networks import seeds

sizes = st.tuples(st.integers(1, 4), st.integers(1, 4))


def whole(rng, *shape):
    return rng.integers(-9, 10, shape) * 1.0


@st.composite
def convolutions(draw):
    """(layer, params, x, d_y): any kernel, stride, padding and groups that fit."""
    groups = draw(st.integers(1, 3))
    inputs, outputs = (groups * draw(st.integers(1, 3)) for _ in range(2))
    kernel, stride = draw(sizes), draw(sizes)
    padding = (draw(st.integers(0, 3)), draw(st.integers(0, 3)))
    image = tuple(
        max(1, k - 2 * p) + draw(st.integers(0, 4)) for k, p in zip(kernel, padding, strict=True)
    )
    layer = ns.Conv2d(inputs, outputs, kernel, stride, padding, groups, draw(st.booleans()))
    rng = np.random.default_rng(draw(seeds))
    bias = whole(rng, outputs) if layer.bias else None
    x = whole(rng, draw(st.integers(1, 2)), draw(st.integers(1, 3)), inputs, *image)
    y_shape = (*x.shape[:2], outputs, *layer.output_size(*image))
    return layer, layer.Params(whole(rng, *layer.weight_shape), bias), x, whole(rng, *y_shape)


@given(sizes, sizes, sizes, st.integers(1, 3), seeds)
def test_col2im_is_the_transpose_of_im2col(kernel, stride, more, channels, seed):
    """30. <im2col x, y> = <x, col2im y>, exactly."""
    rng = np.random.default_rng(seed)
    image = tuple(k + m - 1 for k, m in zip(kernel, more, strict=True))
    x = whole(rng, 2, *image, channels)
    cols = im2col(x, kernel, stride)
    y = whole(rng, *cols.shape)
    back = col2im(y, np.zeros(x.shape), stride)
    assert (cols * y).sum() == (x * back).sum()
    # and as many times as windows cover a pixel, it is counted
    counts = col2im(np.ones(cols.shape), np.zeros(x.shape), stride)
    assert counts.sum() == cols.size


@given(sizes, sizes, sizes, st.integers(1, 3), seeds)
def test_fold_is_col2im(kernel, stride, more, channels, seed):
    """30. Place by place, into an image of any content: between windows and beyond them there is 0."""
    rng = np.random.default_rng(seed)
    image = tuple(k + m - 1 for k, m in zip(kernel, more, strict=True))
    cols = whole(rng, *im2col(np.zeros((2, *image, channels)), kernel, stride).shape)
    folded = np.full((2, *image, channels), np.nan)
    fold(cols.transpose(3, 4, 0, 1, 2, 5).copy(), folded, stride)
    np.testing.assert_array_equal(folded, col2im(cols, np.zeros(folded.shape), stride))


@given(convolutions())
def test_a_convolution_and_its_transposes(drawn):
    """30, for the whole layer: <conv(x; W), y> = <x, d_x> = <W, d_W> without a bias, exactly."""
    layer, params, x, d_y = drawn
    y, saved = layer.forward(params, x)
    d_x, d_params = layer.backward(saved, d_y)
    linear = y if params.bias is None else y - params.bias[:, None, None]
    expected = (linear * d_y).sum()
    assert (d_x * x).sum() == expected
    assert (d_params.weight * params.weight).sum() == expected
    if params.bias is not None:
        np.testing.assert_array_equal(d_params.bias, d_y.sum(axis=(0, 1, 3, 4)))


@given(convolutions(), seeds)
def test_a_convolution_is_linear_in_each_argument(drawn, seed):
    """30, on the way: conv(x + x'; W) = conv(x; W) + conv(x'; W), and so in W; exactly."""
    layer, params, x, _ = drawn
    rng = np.random.default_rng(seed)
    layer = ns.Conv2d(
        layer.inputs, layer.outputs, layer.kernel, layer.stride, layer.padding, layer.groups, False
    )

    def conv(weight, x):
        return layer.forward(layer.Params(weight, None), x)[0]

    x2, weight2 = whole(rng, *x.shape), whole(rng, *params.weight.shape)
    np.testing.assert_array_equal(
        conv(params.weight, x + x2), conv(params.weight, x) + conv(params.weight, x2)
    )
    np.testing.assert_array_equal(
        conv(params.weight + weight2, x), conv(params.weight, x) + conv(weight2, x)
    )


@given(seeds, st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_a_1x1_convolution_is_a_matrix_product(seed, inputs, outputs, size, bias):
    """31. At every pixel the same Linear: outputs and all gradients."""
    rng = np.random.default_rng(seed)
    conv, linear = ns.Conv2d(inputs, outputs, 1, bias=bias), ns.Linear(inputs, outputs, bias)
    weight, b = whole(rng, outputs, inputs), whole(rng, outputs) if bias else None
    x = whole(rng, 2, 3, inputs, size, size + 1)
    d_y = whole(rng, 2, 3, outputs, size, size + 1)
    y, saved = conv.forward(conv.Params(weight[..., None, None], b), x)
    d_x, d_params = conv.backward(saved, d_y)

    def last(trace):
        return np.moveaxis(trace, 2, -1)

    y2, saved2 = linear.forward(linear.Params(weight, b), last(x))
    d_x2, d_params2 = linear.backward(saved2, last(d_y))
    np.testing.assert_array_equal(last(y), y2)
    np.testing.assert_array_equal(last(d_x), d_x2)
    np.testing.assert_array_equal(d_params.weight[..., 0, 0], d_params2.weight)
    if bias:
        np.testing.assert_array_equal(d_params.bias, d_params2.bias)


@given(convolutions())
def test_groups_are_convolutions_side_by_side(drawn):
    """31, on the way: a grouped convolution is one convolution a group of channels; exactly."""
    layer, params, x, d_y = drawn
    y, saved = layer.forward(params, x)
    d_x, d_params = layer.backward(saved, d_y)
    fan_in, fan_out = layer.inputs // layer.groups, layer.outputs // layer.groups
    alone = ns.Conv2d(fan_in, fan_out, layer.kernel, layer.stride, layer.padding, 1, layer.bias)
    for g in range(layer.groups):
        ins, outs = slice(g * fan_in, (g + 1) * fan_in), slice(g * fan_out, (g + 1) * fan_out)
        bias = None if params.bias is None else params.bias[outs]
        y1, saved1 = alone.forward(alone.Params(params.weight[outs], bias), x[:, :, ins])
        d_x1, d_params1 = alone.backward(saved1, d_y[:, :, outs])
        np.testing.assert_array_equal(y[:, :, outs], y1)
        np.testing.assert_array_equal(d_x[:, :, ins], d_x1)
        np.testing.assert_array_equal(d_params.weight[outs], d_params1.weight)
