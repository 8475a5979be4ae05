"""Every analysis against a count or a formula of its own."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from numsnn import LIF, BatchNorm, Linear, MeanOverTime, NumsnnError, Repeat, Serial, named
from numsnn.analysis import (
    activity,
    costs,
    dead_channels,
    filter_normalised,
    gradient_norms,
    histograms,
    jacobian,
    landscape,
    membrane_gradient_norms,
    phi_by_jacobian,
    phi_by_probes,
    plots,
    robustness,
    saturated_channels,
)
from numsnn.layer import Layer
from numsnn.networks import small_network
from numsnn.observe import spikes
from numsnn.tree import flatten, leaves, map_tree


def small(rng, T=3):
    network = small_network((1, 8, 8), 10, T, channels=(4, 6))
    params = network.init(rng, np.float64)
    x = rng.random((1, 5, 1, 8, 8))
    return network, params, x, network.forward(params, x)


def test_activity_counts_spikes():
    rng = np.random.default_rng(0)
    network, _, _, (_, saved) = small(rng)
    rows = activity(network, saved)
    for row, (name, s) in zip(rows, spikes(network, saved).items(), strict=True):
        assert row.name == name
        assert row.spikes == pytest.approx(s.sum() / 5)
        assert row.rate == pytest.approx(row.spikes / (3 * row.neurons))
    assert 0 < rows[0].rate < 1


def test_dead_and_saturated_channels_by_hand():
    s = np.zeros((2, 2, 3, 1, 1))
    s[:, :, 1] = 1
    s[0, 1, 2] = 1
    assert dead_channels(s).tolist() == [True, False, False]
    assert saturated_channels(s).tolist() == [False, True, False]


def test_histogram_counts_every_potential():
    rng = np.random.default_rng(1)
    network, _, _, (_, saved) = small(rng)
    edges = np.linspace(-0.5, 1, 7)
    for found in histograms(network, saved, edges).values():
        assert found.share.sum() + found.below + found.above == pytest.approx(1)
        assert (found.density * np.diff(edges)).sum() == pytest.approx(found.share.sum())
    with pytest.raises(NumsnnError, match="increase"):
        histograms(network, saved, [0.0, 0.0])


def test_costs_by_counting_spikes_that_meet_weights():
    rng = np.random.default_rng(2)
    T = 4
    network = named(
        Serial(Linear(6, 5), Repeat(T), LIF(), Linear(5, 4), LIF(), Linear(4, 3), MeanOverTime())
    )
    params = map_tree(lambda w: np.abs(w) + 0.1, network.init(rng, np.float64))
    _, saved = network.forward(params, rng.random((1, 7, 6)))
    first, second = (s.sum() / 7 for s in spikes(network, saved).values())
    found = costs(network, saved, (6,))
    assert found.multiplications == T * (6 * 5 + 4 * 3)
    assert found.synaptic == pytest.approx(first * 4 + second * 3)
    assert found.additions == pytest.approx(found.multiplications + first * 4)
    assert found.twin == 6 * 5 + 5 * 4 + 4 * 3


def test_gradient_norms_are_the_arrays_norms():
    rng = np.random.default_rng(3)
    network, _, _, (y, saved) = small(rng)
    d_y = rng.standard_normal(y.shape)
    _, d_params = network.backward(saved, d_y)
    for name, leaf in flatten(d_params).items():
        assert gradient_norms(d_params)[name] == pytest.approx(np.linalg.norm(leaf))
    found = membrane_gradient_norms(network, saved, d_y)
    assert list(found) == [row.name for row in activity(network, saved)]
    # the cotangent that the first neuron hands on, by running the layers behind it alone
    first = next(i for i, layer in enumerate(network.layers) if isinstance(layer, LIF))
    tail = Serial(*network.layers[first:])
    d_current, _ = tail.backward(saved[first:], d_y)
    assert found[network.layers[first].name] == pytest.approx(np.linalg.norm(d_current))


def test_jacobian_of_a_linear_layer_is_its_weight():
    rng = np.random.default_rng(4)
    layer = Linear(3, 2)
    params = layer.init(rng, np.float64)
    J = jacobian(layer, params, rng.random((1, 1, 3)))
    assert np.array_equal(J, params.weight)
    exact = phi_by_jacobian(layer, params, rng.random((1, 1, 3)))
    assert exact.phi == pytest.approx((params.weight**2).sum() / 2)


def test_probes_agree_with_the_jacobian():
    rng = np.random.default_rng(5)
    network = named(Serial(Linear(4, 6), BatchNorm((6,)), LIF()))
    params = network.init(rng, np.float64)
    x = rng.standard_normal((2, 5, 4))
    exact = phi_by_jacobian(network, params, x).phi
    found = phi_by_probes(network, params, x, rng, probes=400)
    assert exact > 0
    assert abs(found.phi - exact) < 4 * found.error
    with pytest.raises(NumsnnError, match="probes"):
        phi_by_probes(network, params, x, rng, probes=1)


def test_directions_have_the_filters_sizes():
    rng = np.random.default_rng(6)
    _, params, _, _ = small(rng)
    direction = filter_normalised(params, rng)
    for (name, w), d in zip(flatten(params).items(), leaves(direction), strict=True):
        if name.endswith("weight"):
            axes = tuple(range(1, w.ndim))
            assert np.allclose((d**2).sum(axis=axes), (w**2).sum(axis=axes))
        else:
            assert not d.any()


def test_landscape_of_a_quadratic():
    rng = np.random.default_rng(7)
    params = Linear.Params(rng.standard_normal((2, 3)), None)

    def loss(p):
        return float((p.weight**2).sum())

    along = [filter_normalised(params, rng) for _ in range(2)]
    steps = np.array([-1.0, 0.0, 0.5])
    line = landscape(loss, params, along[:1], steps)
    grid = landscape(loss, params, along, steps)
    for i, a in enumerate(steps):
        assert line[i] == pytest.approx(((params.weight + a * along[0].weight) ** 2).sum())
        for j, b in enumerate(steps):
            moved = params.weight + a * along[0].weight + b * along[1].weight
            assert grid[i, j] == pytest.approx((moved**2).sum())
    with pytest.raises(NumsnnError, match="one or two"):
        landscape(loss, params, [], steps)


def test_no_noise_changes_nothing_and_much_noise_something():
    rng = np.random.default_rng(8)
    network, params, x, (y, _) = small(rng)
    labels = y.mean(axis=0).argmax(axis=1)
    for kind in ("mismatch", "thermal"):
        found = robustness(network, params, x, labels, (0.0, 30.0), rng, kind=kind, devices=4)
        assert (found.accuracy[0] == 1).all()
        assert found.mean[1] < 1
    with pytest.raises(NumsnnError, match="kind"):
        robustness(network, params, x, labels, (0.0,), rng, kind="heat")


def test_bad_input_is_named():
    rng = np.random.default_rng(10)
    network, params, x, (_, saved) = small(rng)
    with pytest.raises(NumsnnError, match=r"one for each of N = 5 samples, found shape \(4,\)"):
        robustness(network, params, x, np.zeros(4, int), (0.1,), rng)
    with pytest.raises(NumsnnError, match="devices must be an integer"):
        robustness(network, params, x, np.zeros(5, int), (0.1,), rng, devices=2.5)
    with pytest.raises(NumsnnError, match=r"spikes must be \[T, N, C, ...\]"):
        dead_channels(np.zeros((2, 3)))
    with pytest.raises(NumsnnError, match=r"of an input \(1, 9, 9\) the neurons have the shapes"):
        costs(network, saved, (1, 9, 9))
    with pytest.raises(NumsnnError, match="field must be one of"):
        plots.through_layers({"a": activity(network, saved)}, ("volume",))


def test_every_plot_draws_what_it_is_given():
    rng = np.random.default_rng(9)
    network, params, x, (y, saved) = small(rng)
    rows = activity(network, saved)
    potentials = histograms(network, saved)
    curves = {
        kind: {"a": robustness(network, params, x, np.zeros(5, int), (0.0, 0.5), rng, kind=kind)}
        for kind in ("mismatch", "thermal")
    }
    spent = costs(network, saved, (1, 8, 8))
    figures = [
        plots.rates({"a": rows}),
        plots.through_layers({"a": rows}, tuple(plots.FIELDS)),
        plots.costs({"a": spent}),
        plots.potentials(potentials),
        plots.over_epochs([potentials, potentials]),
        plots.gradients({"a": membrane_gradient_norms(network, saved, y)}),
        plots.landscapes(np.arange(3), {"a": np.arange(3.0)}),
        plots.landscapes(np.arange(3), {"a": np.eye(3)}),
        plots.robustness(curves["mismatch"]),
        plots.robustness(*curves.values()),
        plots.isometry({"a": {1: 1.0, 2: 0.5}}),
        plots.channels({"a": spikes(network, saved)}),
    ]
    for figure in figures:
        assert isinstance(figure, Figure)
        assert all(axes.has_data() for axes in figure.axes)
    drawn = figures[0].axes[0].lines[0].get_ydata()
    assert np.allclose(drawn, [row.rate for row in rows])
    fields = [axes.lines[0].get_ydata() for axes in figures[1].axes]
    assert np.allclose(fields[2], [row.quantisation_error for row in rows])
    bars = [bar.get_height() for bar in figures[2].axes[0].patches]
    assert bars == [spent.multiplications, spent.additions, spent.synaptic, spent.twin]
    mesh = figures[4].axes[0].collections[0].get_array()
    first = next(iter(potentials.values()))
    assert np.allclose(mesh[:, 0], first.density / first.density.max()) and mesh.shape == (60, 2)


def test_the_legend_counts_dead_and_saturated_channels():
    s = np.zeros((2, 2, 3, 1, 1))
    s[:, :, 1] = 1
    s[0, 1, 2] = 1
    (axes,) = plots.channels({"net": {"lif1": s}}).axes
    (text,) = axes.get_legend().get_texts()
    assert text.get_text() == "lif1: 1 dead, 1 saturated of 3"
    assert np.allclose(axes.lines[0].get_ydata(), [0, 0.25, 1])


def test_an_unknown_layer_can_be_looked_at():
    class Doubling(Layer):
        def forward(self, params, x):
            return 2 * x, None

        def backward(self, saved, d_y, d_membranes=None):
            return 2 * d_y, None

    assert np.array_equal(jacobian(Doubling(), None, np.ones((1, 2, 1))), 2 * np.eye(2))
