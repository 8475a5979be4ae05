"""BatchNorm and FixedNorm: values, axes, tdBN's scale, and the gradient of a small case by hand."""

import numpy as np
import pytest

import numsnn as ns
from numsnn.norms import sum_to


def test_two_numbers_by_hand():
    # x = 1, 3: mean 2, variance 1, eps 3: deviation 2, normal = -1/2, 1/2.
    # y = gain normal + shift = 4 normal + 1 = -1, 3.
    # backward of (8, 0): d_gain = -4, d_shift = 8, d_normal = (32, 0), its mean 16,
    #   mean of d_normal normal = -8: d_x = (32 - 16 - 4)/2 = 6, (0 - 16 + 4)/2 = -6
    layer = ns.BatchNorm((1,), eps=3.0)
    params = layer.Params(np.array([4.0]), np.array([1.0]))
    y, saved = layer.forward(params, np.array([[[1.0], [3.0]]]))
    assert y.ravel().tolist() == [-1, 3]
    assert saved.statistics.mean.item() == 2
    assert saved.statistics.variance.item() == 1
    d_x, d_params = layer.backward(saved, np.array([[[8.0], [0.0]]]))
    assert d_x.ravel().tolist() == [6, -6]
    assert d_params.gain.item() == -4
    assert d_params.shift.item() == 8


def test_scale_multiplies_what_the_gain_does():
    # As above with scale 1/2, tdBN's alpha threshold: y = 2 normal + 1; d_gain and d_x halve.
    layer = ns.BatchNorm((1,), eps=3.0, scale=0.5)
    params = layer.Params(np.array([4.0]), np.array([1.0]))
    y, saved = layer.forward(params, np.array([[[1.0], [3.0]]]))
    assert y.ravel().tolist() == [0, 2]
    d_x, d_params = layer.backward(saved, np.array([[[8.0], [0.0]]]))
    assert d_x.ravel().tolist() == [3, -3]
    assert d_params.gain.item() == -2
    assert d_params.shift.item() == 8


SHAPES = [
    # x, shape of the gain, axes asked for, axes expected
    ((3, 4, 2, 5, 6), (2, 1, 1), None, (0, 1, 3, 4)),
    ((3, 4, 5), (5,), None, (0, 1)),
    ((3, 4, 2, 5, 6), (2, 5, 6), None, (0, 1)),
    ((3, 4, 2, 5, 6), (2, 1, 1), (1, 3, 4), (1, 3, 4)),  # each step by itself
    ((4, 2, 5, 6), (2, 1, 1), None, (0, 2, 3)),  # one step, as on a membrane
    ((4, 5), (5,), None, (0,)),
    ((3, 4, 5), (5,), (-3,), (0,)),
    ((3, 4, 2, 5, 6), (1, 1, 1), None, (0, 1, 2, 3, 4)),
]


@pytest.mark.parametrize(("x_shape", "shape", "axes", "expected"), SHAPES, ids=str)
def test_statistics_run_over_the_right_axes(x_shape, shape, axes, expected):
    layer = ns.BatchNorm(shape, axes, scale=0.75, eps=1e-3)
    rng = np.random.default_rng(0)
    x = 3 + 2 * rng.standard_normal(x_shape)
    gain, shift = rng.standard_normal(shape), rng.standard_normal(shape)
    y, saved = layer.forward(layer.Params(gain, shift), x)
    mean, variance = x.mean(axis=expected, keepdims=True), x.var(axis=expected, keepdims=True)
    np.testing.assert_allclose(saved.statistics.mean, mean, rtol=1e-14)
    np.testing.assert_allclose(saved.statistics.variance, variance, rtol=1e-13)
    expected_y = 0.75 * gain * (x - mean) / np.sqrt(variance + 1e-3) + shift
    np.testing.assert_allclose(y, expected_y, rtol=0, atol=1e-13 * np.abs(y).max())
    assert saved.statistics.mean.shape == mean.shape


def test_the_variance_is_the_biased_one():
    layer = ns.BatchNorm((1,))
    _, saved = layer.forward(layer.init(np.random.default_rng(0), np.float64), COUNT)
    assert saved.statistics.variance.item() == pytest.approx(1.25, rel=1e-15)  # not 5/3


COUNT = np.array([1.0, 2, 3, 4]).reshape(2, 2, 1)


def test_fixed_norm_by_hand():
    # (x - 1)/sqrt(3 + 1) with gain 4, scale 1/2, shift 1: y = x - 1 + 1 = x.
    layer = ns.FixedNorm((1,), ns.Statistics(np.array([1.0]), np.array([3.0])), 0.5, 1.0)
    params = ns.BatchNorm.Params(np.array([4.0]), np.array([1.0]))
    y, saved = layer.forward(params, COUNT)
    np.testing.assert_array_equal(y, COUNT)
    d_x, d_params = layer.backward(saved, COUNT)
    np.testing.assert_array_equal(d_x, COUNT)
    # normal = 0, 1/2, 1, 3/2: d_gain = 1/2 (0 + 1 + 3 + 6), d_shift = 10
    assert d_params.gain.item() == 5
    assert d_params.shift.item() == 10


@pytest.mark.parametrize("varies", [(1,), (500,), (1, 1, 500), (150, 1), (150, 500), (3, 150, 1)])
def test_fixed_norm_of_several_tiles(varies):
    """Statistics may vary along any axes, also those along which x is cut into tiles."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 150, 500))
    mean, variance = rng.standard_normal(varies), rng.uniform(0.5, 2, varies)
    layer = ns.FixedNorm((500,), ns.Statistics(mean, variance), 0.7, 0.1)
    params = layer.Params(rng.standard_normal(500), rng.standard_normal(500))
    y, _ = layer.forward(params, x)
    normal = (x - mean) / np.sqrt(variance + 0.1)
    np.testing.assert_allclose(y, 0.7 * params.gain * normal + params.shift, rtol=0, atol=1e-12)


def test_evaluating_with_the_batchs_own_statistics_changes_nothing():
    rng = np.random.default_rng(0)
    network = ns.named(
        ns.Serial(ns.Linear(3, 4), ns.BatchNorm((4,), scale=0.5), ns.LIF(threshold=0.1))
    )
    params, x = network.init(rng, np.float64), rng.standard_normal((3, 5, 3))
    y, saved = network.forward(params, x)
    statistics = {k: v[0] for k, v in ns.batch_statistics(network, saved).items()}
    assert list(statistics) == ["norm1"]
    fixed = ns.evaluating(network, statistics)
    np.testing.assert_array_equal(fixed.forward(params, x)[0], y)
    assert y.any() and not y.all()
    # and a sample alone gives what it gives in company
    alone = np.concatenate([fixed.forward(params, x[:, i : i + 1])[0] for i in range(5)], axis=1)
    np.testing.assert_array_equal(alone, y)


def test_statistics_of_a_membrane_norm_are_those_of_each_step():
    network = ns.named(ns.LIF(norm=ns.BatchNorm((2,))))
    rng = np.random.default_rng(0)
    params, x = network.init(rng, np.float64), rng.standard_normal((3, 5, 2))
    _, saved = network.forward(params, x)
    steps = ns.batch_statistics(network, saved)["norm1"]
    assert len(steps) == 3
    for t, step in enumerate(steps):
        np.testing.assert_allclose(step.mean[0], saved.charged[t].mean(axis=0), rtol=1e-14)
        np.testing.assert_allclose(step.variance[0], saved.charged[t].var(axis=0), rtol=1e-13)
    np.testing.assert_allclose(saved.membrane.mean(axis=1), 0, atol=1e-15)


def test_sum_to_is_the_transpose_of_broadcasting():
    rng = np.random.default_rng(0)
    for small, large in [
        ((), (2, 3)),
        ((3,), (2, 3)),
        ((2, 1), (2, 3)),
        ((1, 1), (4, 1, 1)),
        ((5, 1, 2), (3, 4, 5, 6, 2)),
        ((2, 3), (2, 3)),
    ]:
        a = rng.integers(-9, 10, small) * 1.0
        b = rng.integers(-9, 10, large) * 1.0
        assert sum_to(b, small).shape == small
        assert (np.broadcast_to(a, large) * b).sum() == (a * sum_to(b, small)).sum()
