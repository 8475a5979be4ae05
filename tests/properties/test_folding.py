"""Folded networks fire as the normalised ones do. Properties 28 and 29."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import event, given, target
from hypothesis import strategies as st

import numsnn as ns
from numsnn.folding import folded
from numsnn.neurons import State
from numsnn.tree import map_named

from .networks import Case, calibrated, cases, seeds
from .tangents import REORDERED, gap, same


def inferring(case, zeros=False):
    """The case with drawn running statistics in use, thresholds put right for them."""
    rng = case.rng(5)
    _, saved = case.forward()
    statistics = {
        name: ns.Statistics(
            0.5 * rng.standard_normal(steps[0].mean.shape),
            rng.uniform(0.3, 2.0, steps[0].variance.shape),
        )
        for name, steps in ns.batch_statistics(case.network, saved).items()
    }
    params = case.params
    if zeros:
        params = map_named(
            lambda name, leaf: leaf * rng.choice([0, 1, 1], leaf.shape) if "gain" in name else leaf,
            params,
        )
    network = ns.evaluating(case.network, statistics)
    params, _ = calibrated(network, params, case.x)
    return Case(network, params, case.x, case.seed), statistics


def assert_fires_alike(case, network, params):
    """The same spikes, exactly; the same outputs, to rounding. Returns what it measured."""
    y, saved = case.forward()
    y2, saved2 = network.forward(params, case.x)
    before, after = ns.spikes(case.network, saved), ns.spikes(network, saved2)
    same(after, before)
    error = gap(y2, y) if np.any(y) else np.abs(y2).max()
    assert error <= REORDERED
    for name, s in before.items():
        assert 0 < s.mean() < 1, name
        event(f"spike rate {np.round(s.mean(), 1):.1f}")
    return error, saved, saved2


def has_norm(network):
    kinds = (ns.BatchNorm, ns.FixedNorm)
    return any(isinstance(layer, kinds) for (layer,) in ns.walk(network))


@given(cases(membrane_norm=False))
def test_norms_fold_into_weights(case):
    """28. fold(tdBN): the same pre-activations ~, the same spikes, and no norm is left."""
    evaluated, statistics = inferring(case)
    network, params = folded(case.network, evaluated.params, statistics)
    assert not has_norm(network)
    error, saved, saved2 = assert_fires_alike(evaluated, network, params)
    before, after = ns.membranes(evaluated.network, saved), ns.membranes(network, saved2)
    error = max(error, gap(after, before))
    target(float(error))
    assert error <= REORDERED


@given(cases(carries=("raw",)), st.booleans())
def test_norms_on_membranes_fold_into_thresholds(case, zeros):
    """29. fold(MPBN), in whole networks, beside tdBN: gains of both signs and 0, both resets, both
    tie rules, laterals and residuals: the same spikes, and no norm is left."""
    evaluated, statistics = inferring(case, zeros)
    network, params = folded(case.network, evaluated.params, statistics)
    assert not has_norm(network)
    error, *_ = assert_fires_alike(evaluated, network, params)
    target(float(error))


@given(cases(carries=("raw",), residual=False), st.booleans())
def test_signs_go_into_weights(case, zeros):
    """29, with signs="negated": no direction is left either, for weights absorb it."""
    evaluated, statistics = inferring(case, zeros)
    network, params = folded(case.network, evaluated.params, statistics, signs="negated")
    assert not has_norm(network)
    for _, share in ns.observe.neurons(network, params):
        assert getattr(share, "direction", None) is None
    assert_fires_alike(evaluated, network, params)


def by_theta(h_current, decay, threshold, gain, shift, mean, variance, eps, reset, tie, start):
    """The rule as it is written, one channel at a time: theta, the sign of lambda, and ties."""
    T, N, C = h_current.shape
    spikes = np.zeros(h_current.shape)
    for n in range(N):
        for c in range(C):
            v = start[n, c]
            for t in range(T):
                u = decay * v + h_current[t, n, c]
                if gain[c] == 0:
                    fires = shift[c] > threshold or (tie == "fires" and shift[c] == threshold)
                else:
                    theta = (threshold - shift[c]) * np.sqrt(variance[c] + eps) / gain[c] + mean[c]
                    above = u > theta if gain[c] > 0 else u < theta
                    fires = above or (tie == "fires" and u == theta)
                spikes[t, n, c] = fires
                v = (0.0 if fires else u) if reset == "hard" else u - threshold * fires
    return spikes


@given(
    seeds,
    st.sampled_from(("hard", "soft")),
    st.sampled_from(("silent", "fires")),
    st.booleans(),
)
def test_one_neuron_by_the_rule(seed, reset, tie, on_ties):
    """29. theta = (thr - beta) sqrt(var + eps)/lambda + mean: lambda > 0 fires u > theta, lambda < 0
    fires u < theta, lambda = 0 is constant [beta > thr]; under >= likewise with >=, <=, [beta >=
    thr]; a soft reset subtracts the original threshold.

    Either Gaussian numbers, or dyadic ones with potentials exactly on theta: variance + eps is 1 or
    4, lambda 1, -1, 2, -2 or 0, and current, mean and shift multiples of 1/4.
    """
    rng = np.random.default_rng(seed)
    T, N, C = 4, 3, 6
    if on_ties:
        eps = 2.0**-10
        gain = np.array([1.0, -1.0, 2.0, -2.0, 0.0, 0.0])
        shift = rng.integers(-4, 5, C) / 4
        mean = rng.integers(-4, 5, C) / 4
        variance = rng.choice([1.0, 4.0], C) - eps
        threshold = 0.5
        shift[4:] = threshold, threshold + rng.choice([-0.25, 0.25])  # a tie without a potential
        current = rng.integers(-6, 7, (T, N, C)) / 4
        start = rng.integers(-4, 5, (N, C)) / 2
        # at the first step, sample 0 lies on theta in the four channels that have one
        theta = (threshold - shift[:4]) * np.sqrt(variance[:4] + eps) / gain[:4] + mean[:4]
        current[0, 0, :4] = theta - 0.5 * start[0, :4]
    else:
        eps = 1e-5
        gain = rng.uniform(0.3, 2, C) * np.array([1, -1, 1, -1, 0, 0])
        shift, mean = rng.standard_normal(C), rng.standard_normal(C)
        variance = rng.uniform(0.2, 3, C)
        threshold = 0.5
        current, start = 2 * rng.standard_normal((T, N, C)), rng.standard_normal((N, C))
    layer = ns.LIF(reset=reset, tie=tie, norm=ns.BatchNorm((C,), eps=eps))
    network = ns.named(layer)
    params = layer.Params(
        np.array(0.5),
        np.array(threshold),
        np.array(1.0),
        norm=ns.BatchNorm.Params(gain, shift),
        initial=State(start, np.zeros((N, C))),
    )
    statistics = {"norm1": ns.Statistics(mean, variance)}
    expected = by_theta(
        current, 0.5, threshold, gain, shift, mean, variance, eps, reset, tie, start
    )
    normalised, _ = ns.evaluating(network, statistics).forward(params, current)
    np.testing.assert_array_equal(normalised, expected)
    lean, lean_params = folded(network, params, statistics)
    found, saved = lean.forward(lean_params, current)
    np.testing.assert_array_equal(found, expected)
    assert (expected[0, 0, :4] == (tie == "fires")).all() or not on_ties
    # the state that is carried on is the raw one, in both
    _, kept = ns.evaluating(network, statistics).forward(params, current)
    finals = ns.final_states(lean, saved), ns.final_states(network, kept)
    same(*finals)


@given(seeds, st.sampled_from(("hard", "soft")), st.booleans())
def test_a_normalised_carry_cannot_be_folded(seed, reset, deep):
    """29, where it does not hold: a normalised potential that is carried on is refused."""
    rng = np.random.default_rng(seed)
    neuron = ns.LIF(reset=reset, norm=ns.BatchNorm((3,)), carry="normalised")
    network = ns.named(ns.Serial(ns.Linear(2, 3), neuron))
    if deep:
        network = ns.named(ns.Serial(ns.Linear(2, 2), ns.Residual(network), ns.LIF()))
    statistics = {"norm1": ns.Statistics(rng.standard_normal(3), rng.uniform(0.5, 2, 3))}
    params = network.init(rng, np.float64)
    with pytest.raises(ns.NumsnnError, match="'lif1' carries its normalised potential"):
        folded(network, params, statistics)
    raw = ns.map_layers(
        lambda layer: replace(layer, carry="raw") if isinstance(layer, ns.LIF) else layer, network
    )
    assert not has_norm(folded(raw, params, statistics)[0])
