"""Batch normalisation of drawn shapes, axes and sizes. Properties 25, 26, 27."""

import numpy as np
from hypothesis import given, target
from hypothesis import strategies as st

import numsnn as ns

from .networks import seeds
from .tangents import REORDERED, gap


@st.composite
def norm_cases(draw):
    """(layer, params, x, d_y): features or images, T x N at least 3, a size far from 1."""
    T, N, C = draw(st.integers(1, 4)), draw(st.integers(3, 5)), draw(st.integers(1, 4))
    image = draw(st.booleans())
    shape = (C, 1, 1) if image else (C,)
    scale, eps = draw(st.sampled_from((1.0, 0.5, 2.0))), draw(st.sampled_from((1e-5, 1e-3, 1.0)))
    layer = ns.BatchNorm(shape, scale=scale, eps=eps)
    rng = np.random.default_rng(draw(seeds))
    x_shape = (T, N, C, *((3, 2) if image else ()))
    size = 10.0 ** draw(st.integers(-2, 2))
    x = size * (rng.standard_normal(x_shape) + 2 * rng.standard_normal(shape))
    params = layer.Params(rng.standard_normal(shape), rng.standard_normal(shape))
    return layer, params, x, rng.standard_normal(x_shape)


def channelwise(layer, x):
    return tuple(axis for axis in range(x.ndim) if axis != 2)


@given(norm_cases())
def test_the_gradient_of_a_channel_sums_to_nothing(drawn):
    """25. The output does not see a constant added to a channel: the sum of dx is ~ 0 there."""
    layer, params, x, d_y = drawn
    _, saved = layer.forward(params, x)
    d_x, _ = layer.backward(saved, d_y)
    axes = channelwise(layer, x)
    # dx is a difference of terms of the size of gain d_y/deviation
    term = np.abs(layer.scale * params.gain * d_y / saved.deviation).sum(axis=axes)
    error = (np.abs(d_x.sum(axis=axes)) / term).max()
    target(float(error))
    assert error <= 2**8 * np.finfo(float).eps
    assert d_x.any()


@given(norm_cases())
def test_the_gradient_along_the_input(drawn):
    """26. <dx, x - mean> ~ eps/(var + eps) <d_y, gain xhat> a channel: only eps breaks the
    invariance to the size of x."""
    layer, params, x, d_y = drawn
    _, saved = layer.forward(params, x)
    d_x, _ = layer.backward(saved, d_y)
    axes = channelwise(layer, x)
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    normal = (x - mean) / np.sqrt(variance + layer.eps)
    terms = layer.scale * params.gain * d_y * normal
    expected = layer.eps / (variance + layer.eps) * terms.sum(axis=axes, keepdims=True)
    found = (d_x * (x - mean)).sum(axis=axes, keepdims=True)
    error = (np.abs(found - expected) / np.abs(terms).sum(axis=axes, keepdims=True)).max()
    target(float(error))
    assert error <= 2**8 * np.finfo(float).eps * (1 + np.abs(x).max() / saved.deviation.min())


@given(norm_cases())
def test_time_is_another_part_of_the_batch(drawn):
    """27. tdBN over (T, N) = batch norm with time merged into the batch, forwards and backwards."""
    layer, params, x, d_y = drawn

    def merged(trace):
        return trace.reshape(1, -1, *trace.shape[2:])

    y, saved = layer.forward(params, x)
    d_x, d_params = layer.backward(saved, d_y)
    y2, saved2 = layer.forward(params, merged(x))
    d_x2, d_params2 = layer.backward(saved2, merged(d_y))
    error = max(
        gap(y2, merged(y)),
        gap((d_x2, d_params2), (merged(d_x), d_params)),
        gap(
            tuple(saved2.statistics), tuple(s.reshape(1, 1, *s.shape[2:]) for s in saved.statistics)
        ),
    )
    target(float(error))
    assert error <= REORDERED


@given(norm_cases())
def test_outputs_have_the_declared_mean_and_size(drawn):
    """27, on the way: over each channel the mean is the shift, the variance (scale gain)^2
    var/(var + eps), whatever the size of x. tdBN eq. 5-8."""
    layer, params, x, _ = drawn
    y, _ = layer.forward(params, x)
    axes = channelwise(layer, x)
    variance = x.var(axis=axes)
    shift, gain = params.shift.ravel(), layer.scale * params.gain.ravel()
    bound = (
        2**8 * np.finfo(float).eps * (1 + np.abs(y).max() + np.abs(x).max() / np.sqrt(layer.eps))
    )
    assert (np.abs(y.mean(axis=axes) - shift) <= bound).all()
    size = np.abs(gain) * np.sqrt(variance / (variance + layer.eps))
    assert (np.abs(y.std(axis=axes) - size) <= bound).all()
