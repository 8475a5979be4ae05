"""A sequence in chunks, states and their cotangents carried, is the sequence at once."""

import itertools

import numpy as np
import pytest

import numsnn as ns
from numsnn.neurons import MembraneCotangent, State
from numsnn.surrogates import Sigmoid
from numsnn.tree import tree_sum

from .support import assert_near, assert_same, like

CHOICES = list(
    itertools.product(
        ("hard", "soft"),
        (False, True),  # detached
        (None, "raw", "normalised"),  # the norm on the membrane, and what it carries
        (False, True),  # lateral
    )
)


def dense(reset, detach, carry, lateral, readout=None):
    def neuron(units):
        return ns.LIF(
            surrogate=Sigmoid(),
            decay=0.5,
            threshold=0.25,
            reset=reset,
            detach_reset=detach,
            norm=None if carry is None else ns.BatchNorm((units,)),
            carry=carry or "raw",
            lateral=ns.Linear(units, units, bias=False) if lateral else None,
            decay_shape=(units,),
        )

    block = ns.Residual(ns.Serial(ns.Linear(4, 4), neuron(4)))
    return ns.named(
        ns.Serial(ns.Linear(3, 4), neuron(4), block, ns.Linear(4, 2), readout or ns.Accumulate())
    )


def images(reset, detach, carry, lateral):
    neuron = ns.LIF(
        decay=0.5,
        threshold=0.25,
        reset=reset,
        detach_reset=detach,
        norm=None if carry is None else ns.BatchNorm((2, 1, 1)),
        carry=carry or "raw",
        lateral=ns.Conv2d(2, 2, 5, padding=2, groups=2, bias=False) if lateral else None,
        threshold_shape=(2, 1, 1),
    )
    return ns.named(
        ns.Serial(
            ns.Conv2d(1, 2, 3, padding=1), neuron, ns.AvgPool2d(2), ns.Flatten(), ns.Accumulate()
        )
    )


def in_chunks(network, params, x, w, trace, d_final, edges):
    """(y, d_x, d_params) computed chunk by chunk, as ``whole`` computes them at once."""
    savings, outputs, chunk_params = [], [], params
    for a, b in itertools.pairwise(edges):
        y, saved = network.forward(chunk_params, x[a:b])
        outputs.append(y)
        savings.append(saved)
        chunk_params = ns.starting(network, params, ns.final_states(network, saved))
    d_xs, d_all, d_states = [], [], d_final
    for (a, b), saved in zip(reversed(list(itertools.pairwise(edges))), savings[::-1], strict=True):
        extra = {name: MembraneCotangent(trace[name][a:b], d_states[name]) for name in trace}
        d_x, d_params = network.backward(saved, w[a:b], extra)
        d_xs.append(d_x)
        d_states = ns.initial_states(network, d_params)
        d_all.append(ns.starting(network, d_params, dict.fromkeys(trace)))
    finals = ns.final_states(network, savings[-1])
    d_params = ns.starting(network, tree_sum(d_all), d_states)
    return np.concatenate(outputs), finals, np.concatenate(d_xs[::-1]), d_params


def whole(network, params, x, w, trace, d_final):
    y, saved = network.forward(params, x)
    extra = {name: MembraneCotangent(trace[name], d_final[name]) for name in trace}
    d_x, d_params = network.backward(saved, w, extra)
    return y, ns.final_states(network, saved), d_x, d_params


def case(network, x, rng, on_grid=False):
    def numbers(shape):
        return rng.integers(-8, 9, shape) / 8 if on_grid else rng.standard_normal(shape)

    params = network.init(rng, np.float64)
    if on_grid:
        params = tuple(
            p._replace(weight=numbers(p.weight.shape), bias=numbers(p.bias.shape))
            if isinstance(p, ns.Linear.Params)
            else p
            for p in params
        )
    y, saved = network.forward(params, x)
    trace = {name: numbers(m.shape) for name, m in ns.membranes(network, saved).items()}
    d_final = {k: State(*(numbers(m.shape[1:]) for _ in range(2))) for k, m in trace.items()}
    states = {
        k: State(numbers(m.shape[1:]), (rng.random(m.shape[1:]) < 0.5) * 1.0)
        for k, m in trace.items()
    }
    rates = [s.mean() for s in ns.spikes(network, saved).values()]
    assert all(0.02 < rate < 0.98 for rate in rates), f"silent or saturated: {rates}"
    return ns.starting(network, params, states), numbers(y.shape), trace, d_final


@pytest.mark.parametrize("options", CHOICES, ids=str)
@pytest.mark.parametrize("edges", [(0, 1, 2, 3, 4, 5, 6), (0, 4, 6)], ids=["steps", "chunks"])
def test_chunks_are_the_whole(options, edges):
    rng = np.random.default_rng(1)
    network = dense(*options)
    x = rng.standard_normal((6, 5, 3))
    params, w, trace, d_final = case(network, x, rng)
    expected = whole(network, params, x, w, trace, d_final)
    found = in_chunks(network, params, x, w, trace, d_final, edges)
    assert_near(found[0], expected[0])
    assert_near(found[1], expected[1])
    assert_near(found[2:], expected[2:])
    initial = ns.initial_states(network, found[3])
    assert all(state.membrane.any() for state in initial.values())
    assert initial["lif1"].spikes.any() == options[3]


@pytest.mark.parametrize("options", CHOICES[::3], ids=str)
def test_chunks_of_images(options):
    rng = np.random.default_rng(2)
    network = images(*options)
    x = 2 * rng.standard_normal((5, 3, 1, 4, 4))
    params, w, trace, d_final = case(network, x, rng)
    expected = whole(network, params, x, w, trace, d_final)
    found = in_chunks(network, params, x, w, trace, d_final, (0, 2, 5))
    assert_near(found[0], expected[0])
    assert_near(found[2:], expected[2:])


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("detach", [False, True])
def test_chunks_are_the_whole_to_the_bit_where_sums_are_exact(reset, detach):
    """Multiples of 1/8 and a decay of 1/2: no rounding anywhere, so nothing may differ at all."""
    rng = np.random.default_rng(3)
    # A rectangle of width 4, a power of two: its slope is 1/4 or 0.
    layer = ns.LIF(decay=0.5, threshold=17 / 64, reset=reset, detach_reset=detach, width=4.0)
    network = ns.named(
        ns.Serial(ns.Linear(3, 4), layer, ns.Linear(4, 4), layer, ns.Linear(4, 2), ns.Accumulate())
    )
    x = rng.integers(-8, 9, (4, 5, 3)) / 8
    params, w, trace, d_final = case(network, x, rng, on_grid=True)
    expected = whole(network, params, x, w, trace, d_final)
    assert_same(in_chunks(network, params, x, w, trace, d_final, (0, 1, 3, 4)), expected)


def test_a_neuron_alone_streams_without_a_name():
    """The final state of one layer is the initial state of the next call."""
    rng = np.random.default_rng(0)
    layer = ns.LIF(threshold=0.3)
    params = layer.init(rng, np.float64)
    current = rng.standard_normal((4, 3, 2))
    spikes, saved = layer.forward(params, current)
    first, before = layer.forward(params, current[:3])
    last, after = layer.forward(params._replace(initial=before.final), current[3:])
    np.testing.assert_array_equal(np.concatenate([first, last]), spikes)
    np.testing.assert_array_equal(after.final.membrane, saved.final.membrane)


def test_an_initial_state_at_rest_is_no_initial_state():
    rng = np.random.default_rng(0)
    network = dense("hard", False, None, True)
    params, x = network.init(rng, np.float64), rng.standard_normal((4, 5, 3))
    y, saved = network.forward(params, x)
    rest = {
        k: State(np.zeros_like(s.membrane), np.zeros_like(s.spikes))
        for k, s in ns.final_states(network, saved).items()
    }
    started = ns.starting(network, params, rest)
    y2, saved2 = network.forward(started, x)
    assert_same(y, y2)
    w = like(rng, y)
    d_x, d_params = network.backward(saved, w)
    d_x2, d_params2 = network.backward(saved2, w)
    assert_same(d_x, d_x2)
    assert set(ns.initial_states(network, d_params).values()) == {None}
    assert_same(d_params, ns.starting(network, d_params2, dict.fromkeys(rest)))
