"""One neuron's recursion: what its equation says outright. Properties 21, 22, 23, 24, 34."""

import numpy as np
from hypothesis import event, given
from hypothesis import strategies as st

import numsnn as ns
from numsnn.neurons import State
from numsnn.surrogates import ClampedTanh, Rectangular, Triangular

from .networks import cases, seeds, watch_rates
from .tangents import alive

BOUNDED = (Rectangular(), Rectangular(closed=True), Triangular(), ClampedTanh())


def on_grid(rng, shape, step=0.25, low=-8, high=9):
    return rng.integers(low, high, shape) * step


@given(seeds, st.sampled_from(BOUNDED), st.sampled_from(("hard", "soft")), st.booleans())
def test_no_gradient_where_the_slope_has_no_support(seed, surrogate, reset, detach):
    """21. v outside the support of phi at every t: that neuron's dW, db, dthreshold and dwidth
    through the spikes are exactly 0, and the others' are not.

    Unit 0 is held far below its threshold, unit 1 far above, unit 2 within.
    """
    rng = np.random.default_rng(seed)
    T, N, inputs = rng.integers(1, 6), rng.integers(1, 4), rng.integers(1, 4)
    layer = ns.LIF(
        surrogate=surrogate,
        reset=reset,
        detach_reset=detach,
        threshold_shape=(3,),
        width_shape=(3,),
    )
    network = ns.named(ns.Serial(ns.Linear(int(inputs), 3), layer))
    linear, neuron = network.init(rng, np.float64)
    linear = linear._replace(weight=rng.uniform(-1, 1, (3, inputs)))
    x = rng.uniform(-1, 1, (T, N, inputs))
    # |current| <= inputs, so |v| <= 2 inputs at decay 1/2; a soft reset drives unit 1 lower, by
    # 2 |threshold| at most, and its threshold is negative: v only rises.
    far = 2.0 * inputs + 10
    neuron = neuron._replace(
        decay=np.array(0.5), threshold=np.array([far, -far, 0.0]), width=np.full(3, 4.0 * inputs)
    )
    neuron = neuron._replace(width=np.array([1.0, 1.0, 20.0 * inputs]))
    spikes, saved = network.forward((linear, neuron), x)
    assert not spikes[..., 0].any()
    assert spikes[..., 1].all()
    d_x, (d_linear, d_neuron) = network.backward(saved, rng.standard_normal(spikes.shape))
    for unit in (0, 1):
        assert not d_linear.weight[unit].any()
        assert d_linear.bias[unit] == d_neuron.threshold[unit] == d_neuron.width[unit] == 0
    alive((d_linear.weight[2], d_x))


@given(seeds, st.integers(2, 6), st.booleans())
def test_a_spike_cuts_a_detached_hard_reset(seed, T, image):
    """22. Detached hard reset: o[t] = 1 cuts du[t+1]/du[t]; where there is no spike it is the
    decay. Cotangents on the membrane of the last step alone: exactly decay^k back to the last
    spike before it, and 0 from there on."""
    rng = np.random.default_rng(seed)
    layer = ns.LIF(decay=0.5, threshold=0.8, detach_reset=True, name="n", surrogate=Triangular())
    params = layer.init(rng, np.float64)
    shape = (T, 3, 4, *((2, 2) if image else ()))
    spikes, saved = layer.forward(params, rng.standard_normal(shape))
    d_membrane = np.zeros(shape)
    d_membrane[-1] = on_grid(rng, shape[1:], low=1)
    d_current, _ = layer.backward(saved, np.zeros(shape), {"n": d_membrane})
    reach = d_membrane[-1]
    for t in reversed(range(T)):
        if t < T - 1:
            reach = 0.5 * reach * (1 - spikes[t])
        np.testing.assert_array_equal(d_current[t], reach)
    event(f"cut: {bool((d_current[0] == 0).any())}, open: {bool((d_current[0] != 0).any())}")


@given(seeds, st.integers(1, 8), st.sampled_from(("hard", "soft")), st.sampled_from((0, 1, 2)))
def test_without_spikes_the_potential_is_a_leaky_sum(seed, T, reset, k):
    """23. No spikes: u[t] = decay^(t+1) v[-1] + sum over s of decay^(t-s) I[s]. Dyadic: exact."""
    rng = np.random.default_rng(seed)
    decay, shape = 2.0**-k, (T, 2, 3)
    current, start = on_grid(rng, shape), on_grid(rng, shape[1:])
    layer = ns.LIF(reset=reset)
    above = np.abs(current).sum() + np.abs(start).sum() + 1
    params = layer.Params(
        np.array(decay), np.array(above), np.array(1.0), initial=State(start, np.zeros(shape[1:]))
    )
    spikes, saved = layer.forward(params, current)
    assert not spikes.any()
    for t in range(T):
        leaky = decay ** (t + 1) * start + sum(decay ** (t - s) * current[s] for s in range(t + 1))
        np.testing.assert_array_equal(saved.membrane[t], leaky)
    alive(saved.membrane)


@given(seeds, st.integers(1, 12), st.sampled_from(("silent", "fires")))
def test_a_soft_reset_without_leak_loses_no_charge(seed, T, tie):
    """24. Soft reset, decay 1: u[t] + threshold * (sum of earlier spikes) = v[-1] + sum of I.

    Charge is kept at every step. Grid of 1/4, threshold 5/8 or (on the grid, with ties) 3/4.
    """
    rng = np.random.default_rng(seed)
    shape = (T, 3, 4)
    current, start = on_grid(rng, shape, low=-3), on_grid(rng, shape[1:])
    threshold = rng.choice([0.625, 0.75])
    layer = ns.LIF(reset="soft", tie=tie)
    params = layer.Params(
        np.array(1.0), np.array(threshold), np.array(1.0), initial=State(start, np.zeros(shape[1:]))
    )
    spikes, saved = layer.forward(params, current)
    before = np.cumsum(spikes, axis=0) - spikes
    np.testing.assert_array_equal(
        saved.membrane + threshold * before, start + np.cumsum(current, axis=0)
    )
    np.testing.assert_array_equal(
        saved.final.membrane + threshold * spikes.sum(0), start + current.sum(0)
    )
    assert spikes.any()
    event(f"spike rate {np.round(spikes.mean(), 1):.1f}")


@given(cases())
def test_every_recorded_step_satisfies_the_equation(case):
    """34. Residual: o = H(v) exactly, and |u[t] - f(u[t-1], o[t-1], I[t])| within the bound.

    Every neuron of a network, fed the current that it was fed; one step at a time from the
    recorded state, so one step's rounding is all there is.
    """
    fed = {}

    def spy(layer):
        return Spy(layer, fed) if isinstance(layer, ns.LIF) else layer

    y, _ = ns.map_layers(spy, case.network).forward(case.params, case.x)
    y2, saved2 = case.forward()
    np.testing.assert_array_equal(y, y2)
    watch_rates(case.network, saved2)
    eps = np.finfo(float).eps
    for layer, kept in ns.observe.neurons(case.network, saved2):
        if not isinstance(layer, ns.LIF):
            continue
        current, p = fed[layer.name], kept.params
        u, h, s = kept.membrane, kept.charged, kept.spikes
        v = u - p.threshold
        np.testing.assert_array_equal(s, v >= 0 if layer.tie == "fires" else v > 0)
        start = p.initial or State(np.zeros(u.shape[1:]), np.zeros(u.shape[1:]))
        before, last = start
        for t in range(len(u)):
            terms = [p.decay * before, current[t]]
            if layer.lateral is not None:
                terms.append(layer.lateral.forward(p.lateral, last[None])[0][0])
            size = sum(np.abs(term) for term in terms)
            assert (np.abs(h[t] - sum(terms)) <= 4 * eps * size).all()
            expected, bound = h[t], 0.0
            if layer.norm is not None:
                expected, norm = layer.norm.forward(p.norm, h[t])
                steep = np.abs(p.norm.gain) / norm.deviation
                bound = 2**6 * eps * (steep * np.abs(h[t]).max() + np.abs(p.norm.shift))
            assert (np.abs(u[t] - expected) <= bound).all()
            carried = u[t] if layer.carry == "normalised" else h[t]
            last = s[t]
            before = (
                np.where(last == 1, 0, carried)
                if layer.reset == "hard"
                else (carried - p.threshold * last)
            )
        assert (np.abs(kept.final.membrane - before) <= 4 * eps * (1 + np.abs(before))).all()
        np.testing.assert_array_equal(kept.final.spikes, last)


class Spy(ns.Layer):
    """A neuron that tells what current it was fed."""

    def __init__(self, layer, fed):
        self.layer, self.fed = layer, fed

    def forward(self, params, x):
        self.fed[self.layer.name] = x
        return self.layer.forward(params, x)
