"""Dropout: one mask for all steps, a function of its seed and the shape."""

import numpy as np

import numsnn as ns


def test_a_unit_is_out_for_the_whole_sequence():
    layer = ns.Dropout(0.75, seed=3)
    x = np.random.default_rng(0).standard_normal((4, 5, 20))
    y, saved = layer.forward(None, x)
    kept = y[0] != 0
    assert 0 < kept.mean() < 1
    for t in range(4):
        np.testing.assert_array_equal(y[t], np.where(kept, 4 * x[t], 0))  # 1/(1 - 3/4) = 4
    d_y = np.random.default_rng(1).standard_normal(x.shape)
    d_x, _ = layer.backward(saved, d_y)
    np.testing.assert_array_equal(d_x, np.where(kept, 4 * d_y, 0))


def test_the_rate_is_the_share_left_out():
    for rate in (0.1, 0.5, 0.8):
        y, _ = ns.Dropout(rate, seed=1).forward(None, np.ones((1, 1, 40_000)))
        assert abs((y == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / 40_000)
    y, _ = ns.Dropout(0.0).forward(None, np.full((2, 3, 4), 7.0))
    assert (y == 7).all()


def test_masks_depend_on_the_seed_alone():
    x = np.ones((2, 3, 50))
    first, _ = ns.Dropout(0.5, seed=1).forward(None, x)
    again, _ = ns.Dropout(0.5, seed=1).forward(None, x)
    other, _ = ns.Dropout(0.5, seed=2).forward(None, x)
    shorter, _ = ns.Dropout(0.5, seed=1).forward(None, x[:1])
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[:1], shorter)
    assert (first != other).any()


def test_resampled_draws_fresh_masks_and_leaves_the_network_alone():
    network = ns.Serial(ns.Dropout(0.5, seed=1), ns.Residual(ns.Dropout(0.5, seed=1)))
    fresh = ns.resampled(network, np.random.default_rng(0))
    seeds = {fresh.layers[0].seed, fresh.layers[1].body.seed, 1}
    assert len(seeds) == 3
    assert network.layers[0].seed == 1
    assert fresh == ns.resampled(network, np.random.default_rng(0))


def test_evaluation_drops_nothing():
    network = ns.evaluating(ns.Serial(ns.Dropout(0.9)), {})
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    np.testing.assert_array_equal(network.forward((None,), x)[0], x)
