"""Time: causality, single steps, delays. Properties 9, 10, 11, 15."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import numsnn as ns
from numsnn.neurons import MembraneCotangent
from numsnn.surrogates import SURROGATES
from numsnn.tree import tree_sum

from .lattice import lattice_cases, whole_numbers
from .networks import CAUSAL, cases, seeds, share, watch_rates
from .tangents import REORDERED, Cotangents, alive, cotangents, gap, gradient, same


def cut(w, time):
    """The cotangents of the steps in ``time`` alone, those of the final states left out."""
    return Cotangents(
        w.output[time],
        {name: MembraneCotangent(given.trace[time]) for name, given in w.membranes.items()},
    )


def silenced(w, time):
    """The cotangents with zeros at the steps in ``time``, nothing from the final states."""

    def zero(trace):
        trace = trace.copy()
        trace[time] = 0
        return trace

    return Cotangents(
        zero(w.output),
        {name: MembraneCotangent(zero(given.trace)) for name, given in w.membranes.items()},
    )


@given(cases(steps=(2, 5), **CAUSAL), st.data())
def test_nothing_depends_on_the_future(case, data):
    """9. d o[t]/d x[s] = 0 for s > t: exactly zero backwards; forwards another future changes
    no earlier output."""
    T = len(case.x)
    now = data.draw(st.integers(0, T - 2))
    y, saved = case.forward()
    watch_rates(case.network, saved)
    w = cotangents(case.rng(), case.network, saved, y)
    d_params, d_x = gradient(case.network, saved, silenced(w, slice(now + 1, None)))
    assert not d_x[now + 1 :].any()
    alive((d_params, d_x))
    other = case.x.copy()
    other[now + 1 :] = case.rng(1).standard_normal(other[now + 1 :].shape)
    y2, saved2 = case.forward(other)
    earlier = [
        (out[: now + 1], {n: m[: now + 1] for n, m in ns.membranes(case.network, s).items()})
        for out, s in ((y, saved), (y2, saved2))
    ]
    error = gap(*earlier)
    assert error <= REORDERED


@given(lattice_cases(least=2, decays=(None,), lateral=False, readout=False, states=False))
def test_without_memory_every_step_is_a_sequence_of_its_own(case):
    """10. decay 0: a T-step run = T one-step runs, and no gradient crosses between steps.

    On a lattice, so to the bit: outputs, input gradients, and summed parameter gradients.
    """
    y, saved = case.forward()
    watch_rates(case.network, saved)
    w = cut(
        Cotangents(
            *whole_numbers(case.rng(), tuple(cotangents(case.rng(), case.network, saved, y)))
        ),
        slice(None),
    )
    d_params, d_x = gradient(case.network, saved, w)
    alive((d_params, d_x))
    outputs, d_xs, totals = [], [], []
    for t in range(len(case.x)):
        y1, saved1 = case.forward(case.x[t : t + 1])
        d_p, d_x1 = gradient(case.network, saved1, cut(w, slice(t, t + 1)))
        outputs.append(y1)
        d_xs.append(d_x1)
        totals.append(d_p)
    same((np.concatenate(outputs), np.concatenate(d_xs)), (y, d_x))
    # decay multiplies v[t-1], which a one-step run has not seen: its own gradient alone differs
    same(forget_decay(tree_sum(totals)), forget_decay(d_params))
    for t in range(len(case.x)):
        only = silenced(w, [s for s in range(len(case.x)) if s != t])
        _, d_x1 = gradient(case.network, saved, only)
        assert not np.delete(d_x1, t, axis=0).any()


def forget_decay(params):
    def forget(tree):
        if isinstance(tree, ns.LIF.Params):
            return tree._replace(decay=None)
        if isinstance(tree, tuple):
            parts = [forget(part) for part in tree]
            return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
        return tree

    return forget(params)


@given(
    seeds,
    st.sampled_from(sorted(SURROGATES)),
    st.sampled_from(("hard", "soft")),
    st.sampled_from(("silent", "fires")),
    st.booleans(),
)
def test_one_step_from_rest_is_a_perceptron(seed, surrogate, reset, tie, detach):
    """11. T = 1, u0 = 0: o = H(Wx + b - threshold), dW = (g phi)'x, db = sum of g phi.

    Against the formula itself; whatever the reset and the decay are, they have no say.
    """
    rng = np.random.default_rng(seed)
    N, inputs, C = rng.integers(1, 6, 3)
    neuron = ns.LIF(surrogate=SURROGATES[surrogate], reset=reset, tie=tie, detach_reset=detach)
    network = ns.Serial(ns.Linear(int(inputs), int(C)), neuron)
    params = network.init(rng, np.float64)
    linear = params[0]._replace(
        weight=rng.standard_normal((C, inputs)), bias=rng.standard_normal(C)
    )
    values = neuron.Params(*(rng.uniform(0.3, 1.5, ()) for _ in range(3)))
    x, g = rng.standard_normal((1, N, inputs)), rng.standard_normal((1, N, C))
    y, saved = network.forward((linear, values), x)
    d_x, (d_linear, d_neuron) = network.backward(saved, g)
    z = x[0] @ linear.weight.T + linear.bias - values.threshold
    np.testing.assert_array_equal(y[0], z > 0)
    phi, phi_width = neuron.surrogate.slopes(z, values.width)
    d_z = g[0] * phi
    # the sum of the absolute terms bounds the rounding of each entry
    for found, expected, terms in (
        (d_linear.weight, d_z.T @ x[0], np.abs(d_z).T @ np.abs(x[0])),
        (d_linear.bias, d_z.sum(0), np.abs(d_z).sum(0)),
        (d_x[0], d_z @ linear.weight, np.abs(d_z) @ np.abs(linear.weight)),
        (d_neuron.threshold, -d_z.sum(), np.abs(d_z).sum()),
        (d_neuron.width, (g[0] * phi_width).sum(), np.abs(g[0] * phi_width).sum()),
    ):
        assert (np.abs(found - expected) <= 2**8 * np.finfo(float).eps * (terms + 1e-300)).all()
    assert d_neuron.decay == 0


@given(
    lattice_cases(
        bias=False, states=False, norms=False, lateral=False, readout=False, positive=True
    ),
    st.integers(1, 3),
)
def test_leading_silence_delays_and_changes_nothing_else(case, k):
    """15. k leading zero inputs (no bias, no norm, threshold > 0) shift outputs, membranes and
    input gradients by k steps, and leave every weight's gradient as it was. To the bit."""
    y, saved = case.forward()
    watch_rates(case.network, saved)
    assert all(share(case.params, i)[1].threshold.min() > 0 for i in range(case.levels))
    w = cotangents(case.rng(), case.network, saved, y)
    w = Cotangents(*whole_numbers(case.rng(), tuple(w)))
    d_params, d_x = gradient(case.network, saved, w)
    alive((d_params, d_x))

    def later(trace):
        return np.concatenate([np.zeros((k, *trace.shape[1:])), trace])

    y2, saved2 = case.forward(later(case.x))
    same(y2, later(y))
    same(
        ns.membranes(case.network, saved2),
        {name: later(m) for name, m in ns.membranes(case.network, saved).items()},
    )
    w2 = Cotangents(
        later(w.output),
        {name: given._replace(trace=later(given.trace)) for name, given in w.membranes.items()},
    )
    d_params2, d_x2 = gradient(case.network, saved2, w2)
    same(d_x2[k:], d_x)
    for level in range(case.levels):
        product, neuron = share(d_params, level)
        product2, neuron2 = share(d_params2, level)
        same(product2, product)
        same(neuron2.decay, neuron.decay)
