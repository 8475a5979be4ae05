"""A folded network holds no norm and fires as the unfolded one in evaluation, spike for spike."""

import numpy as np
import pytest

import numsnn as ns
from numsnn.folding import folded
from numsnn.layer import walk
from numsnn.observe import batch_statistics, neurons
from numsnn.tree import flatten, map_named

MARGIN = 1e-9  # in float64 both networks' rounding stays five orders below it
C = 6


def gains(rng, shape):
    """Gains of both signs, and exact zeros: at least one of each in every norm."""
    drawn = rng.uniform(0.3, 1.5, shape) * rng.choice([-1, 1], shape)
    flat = drawn.reshape(-1)
    flat[0], flat[1], flat[2] = 0.0, -abs(flat[1]), abs(flat[2])
    return drawn


def randomised(rng, network, params, positive=False):
    """Random gains, shifts, biases; parameters of neurons stay."""

    def draw(name, leaf):
        last = name.rpartition("/")[2]
        if last == "gain" and leaf.size >= 3:
            return np.abs(gains(rng, leaf.shape)) + 0.1 if positive else gains(rng, leaf.shape)
        if last in ("shift", "bias"):
            return rng.normal(0.2, 0.5, leaf.shape)
        return leaf

    return map_named(draw, params)


def statistics_of(network, params, x):
    """What a training would have averaged: here over the uses of one batch."""
    _, saved = network.forward(params, x)
    return {
        name: ns.Statistics(*(np.mean(parts, axis=0) for parts in zip(*uses, strict=True)))
        for name, uses in batch_statistics(network, saved).items()
    }


def membrane_norm(kind, shape):
    if kind == "none":
        return None
    return ns.BatchNorm(shape if kind == "element" else (shape[0], *(1 for _ in shape[1:])))


def residual_network(kind, reset="hard", tie="silent", T=3, size=4):
    """An encoding layer, an identity block, a projected block that halves the image, a classifier."""

    def neuron(*shape):
        return ns.LIF(decay=0.4, reset=reset, tie=tie, norm=membrane_norm(kind, shape))

    def conv(inputs, outputs, stride=1, bias=False):
        return ns.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=bias)

    def norm(channels):
        return ns.BatchNorm((channels, 1, 1), scale=0.5)

    half = size // 2
    same = ns.Residual(
        ns.Serial(conv(C, C), norm(C), neuron(C, size, size), conv(C, C, bias=True), norm(C)),
        norm(C),
    )
    smaller = ns.Residual(
        ns.Serial(
            ns.Serial(conv(C, 2 * C, 2), norm(2 * C)),
            neuron(2 * C, half, half),
            conv(2 * C, 2 * C),
            norm(2 * C),
        ),
        ns.Serial(ns.AvgPool2d(2), ns.Conv2d(C, 2 * C, 1, bias=False), norm(2 * C)),
    )
    return ns.named(
        ns.Serial(
            ns.Serial(conv(2, C), norm(C)),
            ns.Repeat(T),
            neuron(C, size, size),
            same,
            neuron(C, size, size),
            smaller,
            neuron(2 * C, half, half),
            ns.Dropout(0.3),
            ns.Flatten(),
            ns.Linear(2 * C * half * half, 8, bias=False),
            ns.BatchNorm((8,)),
            neuron(8),
            ns.Linear(8, 3),
            ns.MeanOverTime(),
        )
    )


def margin(network, saved):
    """The smallest distance of any potential from its threshold."""
    return min(
        np.abs(s.membrane - s.params.threshold).min()
        for n, s in neurons(network, saved)
        if isinstance(n, ns.LIF)
    )


def compare(network, params, statistics, x, **options):
    """Spikes equal everywhere and outputs within rounding; returns the folded network and params."""
    plain = ns.evaluating(network, statistics)
    y, saved = plain.forward(params, x)
    assert margin(plain, saved) > MARGIN
    lean, lean_params = folded(network, params, statistics, **options)
    y_lean, saved_lean = lean.forward(lean_params, x)
    expected, found = ns.spikes(plain, saved), ns.spikes(lean, saved_lean)
    assert expected.keys() == found.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    np.testing.assert_allclose(y_lean, y, atol=1e-12)
    assert not any(isinstance(layer, ns.BatchNorm | ns.FixedNorm) for (layer,) in walk(lean))
    rates = [s.mean() for s in expected.values()]
    assert 0.02 < np.mean(rates) < 0.98
    return lean, lean_params


@pytest.mark.parametrize("tie", ["silent", "fires"])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("kind", ["none", "channel", "element"])
def test_folded_residual_networks_fire_alike(kind, reset, tie):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        network = residual_network(kind, reset, tie)
        params = randomised(rng, network, network.init(rng, np.float64))
        x = rng.standard_normal((1, 7, 2, 4, 4))
        statistics = statistics_of(network, params, x)
        lean, lean_params = compare(network, params, statistics, x)
        directions = [share.direction for n, share in neurons(lean, lean_params)]
        if kind == "none":
            assert all(d is None for d in directions)
        else:
            assert all({-1, 0, 1} == set(np.unique(d)) for d in directions)
            amounts = [share.amount for n, share in neurons(lean, lean_params)]
            assert all((a is None) == (reset == "hard") for a in amounts)
            assert all(a is None or a == 0.5 for a in amounts)


def test_float32_folds_in_double_precision_and_keeps_its_dtype():
    rng = np.random.default_rng(0)
    network = residual_network("channel")
    params = map_named(
        lambda _, leaf: leaf.astype(np.float32),
        randomised(rng, network, network.init(rng, np.float64)),
    )
    x = rng.standard_normal((1, 5, 2, 4, 4)).astype(np.float32)
    statistics = statistics_of(network, params, x)
    lean, lean_params = folded(network, params, statistics)
    assert {leaf.dtype for leaf in flatten(lean_params).values()} == {np.dtype(np.float32)}
    expected = ns.spikes(*_run(ns.evaluating(network, statistics), params, x))
    found = ns.spikes(*_run(lean, lean_params, x))
    apart = np.mean([np.mean(found[n] != expected[n]) for n in found])
    assert apart < 1e-3  # potentials within single precision of a threshold may differ


def _run(network, params, x):
    return network, network.forward(params, x)[1]


def plain_network(kind, reset="hard", shape=(C, 4, 4)):
    """conv, norm, neuron; conv, neuron; dense, neuron: every neuron has weights of its own."""

    def neuron(*s):
        return ns.LIF(decay=0.4, reset=reset, norm=membrane_norm(kind, s))

    return ns.named(
        ns.Serial(
            ns.Conv2d(2, C, 3, padding=1),
            ns.BatchNorm((C, 1, 1)),
            ns.Repeat(4),
            neuron(*shape),
            ns.Residual(ns.Conv2d(C, C, 3, padding=1), ns.Conv2d(C, C, 1)),
            neuron(*shape),
            ns.Flatten(),
            ns.Linear(C * 16, 5, bias=False),
            neuron(5),
            ns.Linear(5, 3),
        )
    )


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_negated_weights_do_the_same_without_directions(reset):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        network = plain_network("channel", reset)
        params = randomised(rng, network, network.init(rng, np.float64))
        x = rng.standard_normal((1, 6, 2, 4, 4))
        statistics = statistics_of(network, params, x)
        lean, lean_params = compare(network, params, statistics, x, signs="negated")
        assert all(share.direction is None for _, share in neurons(lean, lean_params))


def test_negated_weights_carry_lateral_terms_and_initial_states():
    rng = np.random.default_rng(3)
    lateral = ns.Conv2d(C, C, 5, padding=2, groups=C, bias=False)
    network = ns.named(
        ns.Serial(
            ns.Conv2d(2, C, 3, padding=1),
            ns.LIF(norm=ns.BatchNorm((C, 1, 1)), lateral=lateral),
            ns.Flatten(),
            ns.Linear(C * 16, 3),
        )
    )
    params = randomised(rng, network, network.init(rng, np.float64))
    x = rng.standard_normal((3, 6, 2, 4, 4))
    statistics = statistics_of(network, params, x)
    start = ns.State(rng.standard_normal((6, C, 4, 4)), (rng.random((6, C, 4, 4)) < 0.5) * 1.0)
    params = ns.starting(network, params, {"lif1": start})
    compare(network, params, statistics, x, signs="direction")
    compare(network, params, statistics, x, signs="negated")


def test_ties_keep_their_rule_on_exact_numbers():
    # eps + variance = 1 exactly; every number below is a small binary fraction.
    fixed = ns.Statistics(np.array([[0.25]]), np.array([[0.75]]))
    norm = ns.BatchNorm((1,), eps=0.25, name="n")
    current = np.array([-0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0])[None, :, None]
    for tie in ("silent", "fires"):
        for gain, shift in ((1.0, 0.0), (-1.0, 0.25), (0.0, 0.5), (0.0, 0.25), (0.0, 0.75)):
            neuron = ns.LIF(threshold=0.5, tie=tie, norm=norm, name="lif")
            params = neuron.init(np.random.default_rng(0), np.float64)
            params = params._replace(norm=params.norm._make(np.array([v]) for v in (gain, shift)))
            expected, _ = ns.evaluating(neuron, {"n": fixed}).forward(params, current)
            lean, lean_params = folded(neuron, params, {"n": fixed})
            found, _ = lean.forward(lean_params, current)
            np.testing.assert_array_equal(found, expected)
            potential = gain * (current - 0.25) + shift
            by_hand = potential >= 0.5 if tie == "fires" else potential > 0.5
            np.testing.assert_array_equal(found, by_hand)


def test_thresholds_and_weights_by_hand():
    """lambda 2, mean 1, variance 3.75, eps .25, beta .1, V .5: (.5 - .1) 2/2 + 1 = 1.4."""
    statistics = {"m": ns.Statistics(np.full((1, 3), 1.0), np.full((1, 3), 3.75))}
    neuron = ns.LIF(threshold=0.5, norm=ns.BatchNorm((3,), eps=0.25, name="m"), name="lif")
    params = neuron.init(np.random.default_rng(0), np.float64)
    norm = ns.BatchNorm.Params(np.array([2.0, -2.0, 0.0]), np.full(3, 0.1))
    _, lean = folded(neuron, params._replace(norm=norm), statistics)
    np.testing.assert_allclose(lean.threshold, [1.4, -0.6, 0.4])  # u < .6 is -u > -.6
    np.testing.assert_array_equal(lean.direction, [1, -1, 0])
    # tdBN eq. 9-10: lambda 2, alpha V .5, deviation 2, weight 3, bias 1, mean 1, beta .1
    network = ns.Serial(ns.Linear(1, 1), ns.BatchNorm((1,), scale=0.5, eps=0.25, name="m"))
    params = (
        ns.Linear.Params(np.array([[3.0]]), np.array([2.0])),
        ns.BatchNorm.Params(np.array([2.0]), np.array([0.1])),
    )
    statistics = {"m": ns.Statistics(np.array([[[1.0]]]), np.array([[[3.75]]]))}
    lean, lean_params = folded(network, params, statistics)
    assert isinstance(lean, ns.Linear)
    np.testing.assert_allclose(lean_params.weight, [[1.5]])
    np.testing.assert_allclose(lean_params.bias, [0.6])


def test_a_neuron_that_already_has_directions_folds_once_more():
    rng = np.random.default_rng(0)
    norm = ns.BatchNorm((C,), name="m")
    neuron = ns.LIF(norm=norm, name="lif", reset="soft", threshold_shape=(C,))
    params = neuron.init(rng, np.float64)._replace(
        norm=norm.Params(gains(rng, C), rng.standard_normal(C)),
        direction=np.array([1.0, 1, 1, -1, -1, 0]),
        threshold=rng.normal(0, 0.3, C),
        amount=np.array(0.5),
    )
    statistics = statistics_of(neuron, params, FLAT)
    expected, _ = ns.evaluating(neuron, statistics).forward(params, FLAT)
    lean, lean_params = folded(neuron, params, statistics)
    found, _ = lean.forward(lean_params, FLAT)
    np.testing.assert_array_equal(found, expected)


def test_a_gain_too_small_to_turn_a_finite_potential_is_constant():
    statistics = {"m": ns.Statistics(np.zeros((1, 2)), np.ones((1, 2)))}
    neuron = ns.LIF(norm=ns.BatchNorm((2,), name="m"), name="lif")
    params = neuron.init(np.random.default_rng(0), np.float64)
    norm = ns.BatchNorm.Params(np.array([1e-320, -1e-320]), np.array([0.0, 0.9]))
    _, lean = folded(neuron, params._replace(norm=norm), statistics)
    np.testing.assert_array_equal(lean.direction, [0, 0])
    spikes, _ = ns.LIF(name="lif").forward(lean, np.ones((2, 1, 2)))
    np.testing.assert_array_equal(spikes, [[[0, 1]]] * 2)


# -- where folding is impossible -------------------------------------------------------------------


def impossible(network, x, positive=False, **options):
    rng = np.random.default_rng(0)
    network = ns.named(network)
    params = randomised(rng, network, network.init(rng, np.float64), positive)
    statistics = statistics_of(network, params, x)
    with pytest.raises(ns.NumsnnError) as error:
        folded(network, params, statistics, **options)
    return str(error.value)


X = np.random.default_rng(1).standard_normal((3, 5, C, 4, 4))
FLAT = np.random.default_rng(2).standard_normal((3, 5, C))


def test_normalised_carry_cannot_fold():
    norm = ns.BatchNorm((C, 1, 1))
    message = impossible(ns.LIF(norm=norm, carry="normalised"), X)
    assert "'lif1'" in message and "carries its normalised potential" in message


def test_norms_that_shared_weights_cannot_express():
    conv = ns.Conv2d(C, C, 3, padding=1)
    per_place = impossible(ns.Serial(conv, ns.BatchNorm((C, 4, 4))), X)
    assert "'norm1'" in per_place and "(1, 1, 6, 4, 4)" in per_place
    per_step = impossible(ns.Serial(conv, ns.BatchNorm((C, 1, 1), axes=(1, 3, 4))), X)
    assert "(3, 1, 6, 1, 1)" in per_step
    no_weights = impossible(ns.Serial(ns.LIF(), ns.BatchNorm((C,))), FLAT)
    assert "no Linear stands before the norm 'norm1'" in no_weights


def test_negated_weights_need_weights_of_the_channels_own():
    identity = ns.Serial(
        ns.Conv2d(C, C, 3, padding=1),
        ns.LIF(),
        ns.Residual(ns.Conv2d(C, C, 3, padding=1)),
        ns.LIF(norm=ns.BatchNorm((C, 1, 1))),
    )
    assert "identity shortcut" in impossible(identity, X, signs="negated")
    outside = ns.Serial(
        ns.Conv2d(C, C, 3, padding=1),
        ns.Residual(ns.Serial(ns.LIF(norm=ns.BatchNorm((C, 1, 1))), ns.Conv2d(C, C, 1))),
    )
    assert "outside its residual block" in impossible(outside, X, signs="negated")
    elements = ns.Serial(ns.Conv2d(C, C, 3, padding=1), ns.LIF(norm=ns.BatchNorm((C, 4, 4))))
    assert "both directions within one channel" in impossible(elements, X, signs="negated")


def test_positive_gains_need_no_weights_of_their_own():
    rng = np.random.default_rng(0)
    block = ns.Residual(ns.Conv2d(C, C, 3, padding=1))
    network = ns.named(ns.Serial(ns.LIF(), block, ns.LIF(norm=ns.BatchNorm((C, 1, 1)))))
    params = randomised(rng, network, network.init(rng, np.float64), positive=True)
    folded(network, params, statistics_of(network, params, X), signs="negated")


def test_missing_statistics_unknown_norms_and_unknown_options():
    network = ns.named(ns.Serial(ns.Linear(C, 3), ns.BatchNorm((3,))))
    params = network.init(np.random.default_rng(0), np.float64)
    with pytest.raises(ns.NumsnnError, match="no statistics for the norm 'norm1'"):
        folded(network, params, {})
    with pytest.raises(ns.NumsnnError, match="signs must be one of"):
        folded(network, params, statistics_of(network, params, FLAT), signs="other")


def test_parameters_of_the_unfolded_network_are_not_changed():
    rng = np.random.default_rng(0)
    network = plain_network("channel")
    params = randomised(rng, network, network.init(rng, np.float64))
    before = {name: leaf.copy() for name, leaf in flatten(params).items()}
    statistics = statistics_of(network, params, rng.standard_normal((1, 6, 2, 4, 4)))
    folded(network, params, statistics, signs="negated")
    for name, leaf in flatten(params).items():
        np.testing.assert_array_equal(leaf, before[name])
