"""Parts of a sequence: its beginning, and its two halves. Properties 16 and 17."""

import numpy as np
from hypothesis import given, target
from hypothesis import strategies as st

import numsnn as ns
from numsnn.neurons import MembraneCotangent
from numsnn.tree import tree_sum

from .lattice import lattice_cases, whole_numbers
from .networks import CAUSAL, cases, watch_rates
from .tangents import REORDERED, Cotangents, alive, cotangents, gap, gradient, same


@given(lattice_cases(least=2, readout=True), st.data())
def test_a_prefix_of_the_input_gives_a_prefix_of_the_output(case, data):
    """16. Outputs and membranes of T = k are the first k of T. On a lattice: to the bit."""
    k = data.draw(st.integers(1, len(case.x) - 1))
    y, saved = case.forward()
    watch_rates(case.network, saved)
    y2, saved2 = case.forward(case.x[:k])
    same(y2, y[:k])
    same(
        ns.membranes(case.network, saved2),
        {name: m[:k] for name, m in ns.membranes(case.network, saved).items()},
    )


@given(cases(steps=(2, 5), **CAUSAL), st.data())
def test_a_prefix_with_norms_on_membranes(case, data):
    """16, for any weights and with the statistics of each step: to rounding."""
    k = data.draw(st.integers(1, len(case.x) - 1))
    y, _ = case.forward()
    y2, _ = case.forward(case.x[:k])
    error = gap(y2, y[:k])
    target(float(error))
    assert error <= REORDERED


def in_two(case, w, k):
    """(y, d_params, d_x) of the sequence cut at k, states and their cotangents carried over."""
    y1, saved1 = case.forward(case.x[:k])
    carried = ns.starting(case.network, case.params, ns.final_states(case.network, saved1))
    y2, saved2 = case.forward(case.x[k:], carried)
    late = {n: g._replace(trace=g.trace[k:]) for n, g in w.membranes.items()}
    d_params2, d_x2 = gradient(case.network, saved2, Cotangents(w.output[k:], late))
    back = ns.initial_states(case.network, d_params2)
    early = {n: MembraneCotangent(g.trace[:k], back[n]) for n, g in w.membranes.items()}
    d_params1, d_x1 = gradient(case.network, saved1, Cotangents(w.output[:k], early))
    initial = ns.initial_states(case.network, d_params1)
    rest = dict.fromkeys(initial)
    both = tree_sum([ns.starting(case.network, d, rest) for d in (d_params1, d_params2)])
    return (
        np.concatenate([y1, y2]),
        ns.starting(case.network, both, initial),
        np.concatenate([d_x1, d_x2]),
    )


@given(lattice_cases(least=2), st.data())
def test_a_sequence_in_two_halves_to_the_bit(case, data):
    """17. Split at k, carrying (v, o) and their cotangents = unsplit. On a lattice: to the bit."""
    y, saved = case.forward()
    watch_rates(case.network, saved)
    w = cotangents(case.rng(), case.network, saved, y)
    w = Cotangents(*whole_numbers(case.rng(), tuple(w)))
    k = data.draw(st.integers(1, len(case.x) - 1))
    expected = (y, *gradient(case.network, saved, w))
    alive(expected)
    same(in_two(case, w, k), expected)


@given(cases(steps=(2, 5), **CAUSAL), st.data())
def test_a_sequence_in_two_halves(case, data):
    """17, for any weights, resets and surrogates, with norms on membranes: to rounding."""
    y, saved = case.forward()
    w = cotangents(case.rng(), case.network, saved, y)
    k = data.draw(st.integers(1, len(case.x) - 1))
    error = gap(in_two(case, w, k), (y, *gradient(case.network, saved, w)))
    target(float(error))
    assert error <= REORDERED
