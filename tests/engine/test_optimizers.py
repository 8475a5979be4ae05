"""Optimizers against loops over single numbers, schedules against their formulas."""

import math
from typing import NamedTuple

import numpy as np
import pytest

import numsnn as ns
from numsnn.errors import NumsnnError
from numsnn.optimizers import SGD, Adam, clipped, constant, cosine, gradient_norm, steps
from numsnn.tree import leaves, map_tree, named_leaves


class Layer(NamedTuple):
    weight: np.ndarray
    bias: np.ndarray
    decay: np.ndarray
    norm: tuple | None = None


def problem(rng, count=7):
    params = (Layer(*(rng.standard_normal(s) for s in ((2, 3), (2,), ()))), None)
    return params, [map_tree(lambda p: rng.standard_normal(p.shape), params) for _ in range(count)]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_sgd_is_its_formula(momentum, weight_decay):
    params, gradients = problem(np.random.default_rng(0))
    optimizer = SGD(momentum, weight_decay)
    state, found = optimizer.init(params), params
    for k, g in enumerate(gradients):
        found, state = optimizer.update(found, g, state, 0.1 / (k + 1))
    grads = [dict(named_leaves(g)) for g in gradients]
    for name, start in named_leaves(params):
        for at in np.ndindex(start.shape):
            w, m = start[at], 0.0
            for k, g in enumerate(grads):
                if name == "0/decay":
                    continue  # the neuron's own parameters do not learn by default
                decay = weight_decay if name == "0/weight" else 0.0
                m = momentum * m + g[name][at] + decay * w
                w = w - 0.1 / (k + 1) * m
            assert dict(named_leaves(found))[name][at] == pytest.approx(w, rel=1e-14)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam_is_its_formula(weight_decay):
    params, gradients = problem(np.random.default_rng(1))
    optimizer = Adam(0.8, 0.95, 1e-3, weight_decay, frozen=())
    state, found = optimizer.init(params), params
    for g in gradients:
        found, state = optimizer.update(found, g, state, 0.01)
    grads = [dict(named_leaves(g)) for g in gradients]
    for name, start in named_leaves(params):
        for at in np.ndindex(start.shape):
            w, m, q = start[at], 0.0, 0.0
            for k, g in enumerate(grads, start=1):
                slope = g[name][at] + (weight_decay * w if name == "0/weight" else 0.0)
                m = 0.8 * m + 0.2 * slope
                q = 0.95 * q + 0.05 * slope**2
                w -= 0.01 * (m / (1 - 0.8**k)) / (math.sqrt(q / (1 - 0.95**k)) + 1e-3)
            assert dict(named_leaves(found))[name][at] == pytest.approx(w, rel=1e-13)


def test_the_first_step_of_adam_by_hand():
    # m/(1-b1) = g, q/(1-b2) = g^2: a step of rate * sign(g), whatever the size of g.
    params = Layer(np.array([1.0]), np.array([1.0]), np.array(0.5))
    g = Layer(np.array([1e-3]), np.array([-1e3]), np.array(1.0))
    optimizer = Adam(eps=1e-12)
    found, _ = optimizer.update(params, g, optimizer.init(params), 0.25)
    assert found.weight.item() == pytest.approx(0.75, rel=1e-8)
    assert found.bias.item() == pytest.approx(1.25, rel=1e-8)
    assert found.decay.item() == 0.5


@pytest.mark.parametrize("optimizer", [SGD(weight_decay=0.1), Adam(weight_decay=0.1)], ids=repr)
def test_what_is_frozen_stays_and_what_is_not_learns(optimizer):
    rng = np.random.default_rng(0)
    network = ns.named(
        ns.Serial(ns.Linear(2, 3), ns.LIF(norm=ns.BatchNorm((3,)), lateral=ns.Linear(3, 3)))
    )
    params = network.init(rng, np.float64)
    params = ns.starting(network, params, {"lif1": ns.State(np.ones((1, 3)), np.ones((1, 3)))})
    g = map_tree(lambda p: 1 + rng.random(p.shape), params)
    after, _ = optimizer.update(params, g, optimizer.init(params), 0.1)
    moved = {
        name
        for (name, a), (_, b) in zip(named_leaves(params), named_leaves(after), strict=True)
        if (a != b).any()
    }
    assert moved == {
        "0/weight",
        "0/bias",
        "1/norm/gain",
        "1/norm/shift",
        "1/lateral/weight",
        "1/lateral/bias",
    }


@pytest.mark.parametrize("optimizer", [SGD(weight_decay=0.1), Adam(weight_decay=0.1)], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.1, np.float64(0.1)], ids=["float", "numpy"])
def test_precision_stays_and_inputs_are_not_written(optimizer, dtype, rate):
    rng = np.random.default_rng(0)
    params = map_tree(lambda p: p.astype(dtype), problem(rng)[0])
    g = map_tree(lambda p: rng.standard_normal(p.shape).astype(dtype), params)
    before = map_tree(np.copy, (params, g))
    state = optimizer.init(params)
    after, moved = optimizer.update(params, g, state, rate)
    assert all(leaf.dtype == dtype for leaf in leaves(after))
    assert all(leaf.dtype in (dtype, np.int64) for leaf in leaves(moved))
    for a, b in zip(leaves((params, g)), leaves(before), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not any(leaf.any() for leaf in leaves(state))


@pytest.mark.parametrize(
    "optimizer",
    [SGD(), SGD(0.0), SGD(0.5, 0.1), SGD(0.9, 0.1, frozen=("norm", "bias"))],
    ids=repr,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_update_over_its_arguments_is_the_update(optimizer, dtype):
    rng = np.random.default_rng(0)
    params = map_tree(lambda p: p.astype(dtype), problem(rng)[0])
    state = optimizer.init(params)
    held = map_tree(np.copy, (params, state))
    for k in range(4):
        g = map_tree(lambda p: rng.standard_normal(p.shape).astype(dtype), params)
        params, state = optimizer.update(params, g, state, 0.1 / (k + 1))
        found = optimizer.update_over(held[0], map_tree(np.copy, g), held[1], 0.1 / (k + 1))
        for a, b, c in zip(*map(leaves, (found, (params, state), held)), strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype and a is c
    before = map_tree(np.copy, held)
    with pytest.raises(NumsnnError, match="rate must be >= 0"):
        optimizer.update_over(held[0], held[0], held[1], -0.1)
    for a, b in zip(leaves(held), leaves(before), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gradient_norm_and_clipping_by_hand():
    g = (np.array([3.0, 0.0]), None, {"a": np.array([[4.0]])})
    assert gradient_norm(g) == 5
    small = clipped(g, 1.0)
    assert [x.tolist() for x in leaves(small)] == [pytest.approx([0.6, 0]), [pytest.approx([0.8])]]
    assert gradient_norm(small) == pytest.approx(1, rel=1e-15)
    for a, b in zip(leaves(clipped(g, 5.0)), leaves(g), strict=True):
        np.testing.assert_array_equal(a, b)
    zero = map_tree(np.zeros_like, g)
    assert not any(x.any() for x in leaves(clipped(zero, 1.0)))
    # 4 numbers of 10^20: their squares do not fit single precision, the norm does
    large = np.full(4, 1e20, np.float32)
    assert gradient_norm((large,)) == pytest.approx(2e20, rel=1e-7)
    assert clipped((large,), 1.0)[0].dtype == np.float32
    np.testing.assert_allclose(clipped((large,), 1.0)[0], 0.5, rtol=1e-6)


def test_schedules():
    assert [constant(0.3)(p) for p in (0, 0.5, 1)] == [0.3] * 3
    stairs = steps(0.8, 0.5, (0.25, 0.75))
    assert [stairs(p) for p in (0, 0.2, 0.25, 0.7, 0.75, 1)] == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
    wave = cosine(0.8)
    assert wave(0) == 0.8
    assert wave(1) == 0
    assert wave(0.5) == pytest.approx(0.4)
    assert wave(1 / 3) == pytest.approx(0.6)
    slow = cosine(0.8, warmup=0.5)
    assert slow(0) == 0
    assert slow(0.25) == pytest.approx(wave(0.25) / 2)
    assert slow(0.75) == wave(0.75)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: SGD(momentum=1.0), "momentum"),
        (lambda: SGD(momentum=math.nan), "momentum"),
        (lambda: SGD(weight_decay=-1.0), "weight_decay"),
        (lambda: Adam(beta1=-0.1), "betas"),
        (lambda: Adam(beta2=1.0), "betas"),
        (lambda: Adam(eps=0.0), "eps"),
        (lambda: Adam(weight_decay=-1e-9), "weight_decay"),
        (lambda: clipped((np.ones(2),), 0.0), "largest norm"),
    ],
)
def test_bad_options(make, match):
    with pytest.raises(ns.NumsnnError, match=match):
        make()


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf])
@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=repr)
def test_bad_rates(optimizer, rate):
    params = (np.ones(2),)
    with pytest.raises(ns.NumsnnError, match="learning rate"):
        optimizer.update(params, params, optimizer.init(params), rate)
