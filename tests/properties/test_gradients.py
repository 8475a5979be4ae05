"""What the backward pass is: the derivative of the relaxed and of the anchored forward, linear,
the transpose of the tangent map, deterministic. Properties 1, 2, 3, 6, 7, 8."""

import numpy as np
from hypothesis import given, target
from hypothesis import strategies as st

import numsnn as ns
from numsnn.registry import random_network
from numsnn.tree import leaves, map_tree

from .networks import CONTINUOUS, Case, calibrated, cases, seeds, watch_rates
from .tangents import (
    ADJOINT,
    REORDERED,
    Cotangents,
    alive,
    cotangents,
    derivative,
    gap,
    gradient,
    inner,
    loss,
    magnitude,
    random_like,
    same,
)


@st.composite
def any_networks(draw):
    """Those of this package, or those the registry draws: dropout, pooling, repeated images."""
    if draw(st.booleans()):
        return draw(cases())
    seed = draw(seeds)
    drawn = random_network(
        np.random.default_rng(seed),
        draw(st.integers(1, 3)),
        reset=draw(st.sampled_from(("hard", "soft"))),
        tie=draw(st.sampled_from(("silent", "fires"))),
        detach_reset=draw(st.booleans()),
    )
    params, _ = calibrated(drawn.layer, drawn.params, drawn.x)
    return Case(drawn.layer, params, drawn.x, seed)


def recorded(case):
    y, saved = case.forward()
    watch_rates(case.network, saved)
    return y, saved, cotangents(case.rng(), case.network, saved, y)


def along(case):
    """A random direction in parameters, initial states and input."""
    return random_like(case.rng(1), (case.params, case.x))


@given(any_networks(), st.booleans())
def test_anchored_at_the_recorded_point_is_the_spiking_run(case, affine):
    """1. The anchored network reproduces every spike, membrane and output of the recorded run.

    Its spikes are s0 + (P(z) - P(z0)) at z = z0: nothing is added but rounding.
    """
    y, saved = case.forward()
    network = ns.anchored(case.network, saved, affine)
    y2, saved2 = network.forward(case.params, case.x)
    error = gap(
        (y2, ns.spikes(network, saved2), ns.membranes(network, saved2)),
        (y, ns.spikes(case.network, saved), ns.membranes(case.network, saved)),
    )
    target(float(error))
    assert error <= REORDERED


@given(any_networks(), st.booleans())
def test_the_surrogate_gradient_is_the_derivative_of_the_anchored_run(case, affine):
    """2. gradient(spiking) ~ derivative(anchored), along a random direction in everything."""
    _, saved, w = recorded(case)
    d, t = gradient(case.network, saved, w), along(case)
    network = ns.anchored(case.network, saved, affine)
    error = abs(derivative(network, case.params, case.x, t, w) - inner(d, t)) / magnitude(d, t)
    target(float(error))
    assert error <= ADJOINT


def relaxed(case):
    """(network, gradient, cotangents) of the relaxed run, detached resets frozen as recorded."""
    network = ns.relaxed(case.network)
    y, saved = network.forward(case.params, case.x)
    network = ns.relaxed(case.network, saved)
    w = cotangents(case.rng(), network, saved, y)
    return network, gradient(network, saved, w), w


@given(any_networks())
def test_the_relaxed_gradient_is_the_derivative_of_the_relaxed_run(case):
    """3. gradient(relaxed) ~ derivative(relaxed), by complex step."""
    network, d, w = relaxed(case)
    t = along(case)
    error = abs(derivative(network, case.params, case.x, t, w) - inner(d, t)) / magnitude(d, t)
    target(float(error))
    assert error <= ADJOINT


@given(cases(surrogates=CONTINUOUS))
def test_the_relaxed_gradient_agrees_with_differences(case):
    """3, again without complex numbers: central differences, held to their own estimate.

    Two steps, h and h/2; a second-order formula errs by 4/3 of what the two differ. On top comes
    the rounding of the loss over h. Surrogates whose slope jumps are left to the complex step.
    """
    network, d, w = relaxed(case)
    t = along(case)
    size = 0.0

    def difference(h):
        nonlocal size
        values = []
        for sign in (1, -1):
            moved = map_tree(lambda p, v, s=sign: p + s * h * v, (case.params, case.x), t)
            y, saved = network.forward(*moved)
            values.append(loss(network, saved, y, w))
            size = max(size, abs(values[-1]), np.abs(y * w.output).sum())
        return (values[0] - values[1]) / (2 * h)

    h = 1e-4
    coarse, fine = difference(h), difference(h / 2)
    estimate = 2 * abs(coarse - fine) + 2**10 * np.finfo(float).eps * size / h
    error = abs(fine - inner(d, t))
    target(float(error / magnitude(d, t)))
    assert error <= estimate
    # an estimate that excuses everything would prove nothing
    assert estimate <= 1e-3 * magnitude(d, t)


@given(any_networks())
def test_the_adjoint_identity(case):
    """6. <J t, w> = <t, J'w>: J by complex step through the spiking run, J' the backward pass."""
    _, saved, w = recorded(case)
    d, t = gradient(case.network, saved, w), along(case)
    error = abs(derivative(case.network, case.params, case.x, t, w) - inner(d, t)) / magnitude(d, t)
    target(float(error))
    assert error <= ADJOINT


@given(any_networks(), st.sampled_from((-3.0, 0.3, 7.0)))
def test_backward_is_linear_in_its_cotangents(case, factor):
    """7. J'(a + factor b) = J'a + factor J'b; and J'(2a) = 2 J'a to the bit."""
    y, saved, a = recorded(case)
    b = cotangents(case.rng(2), case.network, saved, y)
    both = Cotangents(*map_tree(lambda p, q: p + factor * q, tuple(a), tuple(b)))
    d_a, d_b = gradient(case.network, saved, a), gradient(case.network, saved, b)
    expected = map_tree(lambda p, q: p + factor * q, d_a, d_b)
    error = gap(gradient(case.network, saved, both), expected)
    target(float(error))
    assert error <= REORDERED
    twice = Cotangents(*map_tree(lambda p: 2 * p, tuple(a)))
    same(gradient(case.network, saved, twice), map_tree(lambda p: 2 * p, d_a))
    alive(d_a)


@given(any_networks())
def test_backward_of_nothing_is_nothing(case):
    """8. The gradient of a zero cotangent is zero, everywhere and exactly."""
    _, saved, w = recorded(case)
    zero = Cotangents(*map_tree(np.zeros_like, tuple(w)))
    for d in leaves(gradient(case.network, saved, zero)):
        assert not d.any()


@given(any_networks())
def test_nothing_is_written_to_and_all_is_deterministic(case):
    """8. Read-only inputs, parameters, residuals and cotangents; twice the same bits."""

    def sealed(tree):
        for leaf in leaves(tree):
            if isinstance(leaf, np.ndarray):
                leaf.setflags(write=False)
        return tree

    sealed((case.params, case.x))
    y, saved, w = recorded(case)
    sealed((y, saved, tuple(w)))
    d = gradient(case.network, saved, w)
    y2, saved2 = case.forward()
    same((y2, gradient(case.network, saved2, w)), (y, d))
    same(ns.membranes(case.network, saved2), ns.membranes(case.network, saved))
