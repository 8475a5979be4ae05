"""Serial and Residual, names, parts, and the networks made from networks."""

import numpy as np
import pytest

import numsnn as ns
from numsnn.layer import backward_params
from numsnn.tree import named_leaves

from .support import assert_same, like
from .zoo import ALL, case


def test_serial_by_hand():
    # y = 3 (2 x + 1) - 1 = 6 x + 2
    two, three = ns.Linear(1, 1), ns.Linear(1, 1)
    network = ns.Serial(two, three)
    params = (
        two.Params(np.array([[2.0]]), np.array([1.0])),
        three.Params(np.array([[3.0]]), np.array([-1.0])),
    )
    y, saved = network.forward(params, np.array([[[5.0]]]))
    assert y.item() == 32
    d_x, d_params = network.backward(saved, np.array([[[10.0]]]))
    # d of the inner output is 30; its input was 5, the outer's input 11
    assert d_x.item() == 60
    assert [g.item() for _, g in named_leaves(d_params)] == [150, 30, 110, 10]
    assert [name for name, _ in named_leaves(d_params)] == [
        "0/weight",
        "0/bias",
        "1/weight",
        "1/bias",
    ]


@pytest.mark.parametrize("shortcut", [False, True])
def test_residual_by_hand(shortcut):
    # y = 2 x + 1 + x, or y = 2 x + 1 + 4 x with a weight in the shortcut
    body, side = ns.Linear(1, 1), ns.Linear(1, 1, bias=False)
    network = ns.Residual(body, side) if shortcut else ns.Residual(body)
    params = network.Params(
        body.Params(np.array([[2.0]]), np.array([1.0])),
        side.Params(np.array([[4.0]]), None) if shortcut else None,
    )
    y, saved = network.forward(params, np.array([[[5.0]]]))
    assert y.item() == (31 if shortcut else 16)
    d_x, d_params = network.backward(saved, np.array([[[10.0]]]))
    assert d_x.item() == (60 if shortcut else 30)
    assert d_params.body.weight.item() == 50
    assert d_params.body.bias.item() == 10
    if shortcut:
        assert d_params.shortcut.weight.item() == 50


def test_membrane_cotangents_reach_neurons_inside_residuals():
    body = ns.Serial(ns.Linear(2, 2), ns.LIF(name="inner"))
    network = ns.Serial(ns.Residual(body, ns.Identity()), ns.LIF(name="outer"))
    rng = np.random.default_rng(0)
    params, x = network.init(rng, np.float64), rng.standard_normal((2, 3, 2))
    y, saved = network.forward(params, x)
    zero = np.zeros_like(y)
    for name in ("inner", "outer"):
        d_x, d_params = network.backward(saved, zero, {name: rng.standard_normal(y.shape)})
        assert d_params[0].body[0].weight.any()
        assert d_x.any()
    d_x, _ = network.backward(saved, zero, {"another": rng.standard_normal(y.shape)})
    assert not d_x.any()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_parameters_cotangents_without_the_inputs(name, dtype):
    """backward_params is backward's second result bit by bit, regularizers' cotangents included."""
    layer, params, x = case(name).of(dtype)
    network = ns.named(ns.Serial(layer, ns.Identity(), ns.LIF()))
    params = (params, None, network.layers[2].init(np.random.default_rng(0), dtype))
    y, saved = network.forward(params, x)
    rng = np.random.default_rng(1)
    d_y, extra = like(rng, y), {n: like(rng, m) for n, m in ns.membranes(network, saved).items()}
    _, expected = network.backward(saved, d_y, extra)
    assert_same(backward_params(network, saved, d_y, extra), expected)


def test_the_parameters_cotangents_of_a_layer_that_has_only_backward():
    class Double:
        def forward(self, params, x):
            return params * x, (params, x)

        def backward(self, saved, d_y, d_membranes=None):
            params, x = saved
            return params * d_y, (x * d_y).sum()

    class Triple(ns.Linear):  # Linear's own backward_params is not for this one
        def backward(self, saved, d_y, d_membranes=None):
            d_x, d_params = super().backward(saved, d_y)
            return 3 * d_x, self.Params(3 * d_params.weight, None)

    x, d_y = np.full((1, 1, 2), 3.0), np.array([[[1.0, 2.0]]])
    network = ns.Serial(Double(), ns.Identity())
    _, saved = network.forward((np.array(2.0), None), x)
    assert backward_params(network, saved, d_y) == (9.0, None)
    assert backward_params(ns.Serial(), (), d_y) == ()
    triple = Triple(2, 2, bias=False)
    _, saved = triple.forward(triple.init(np.random.default_rng(0), np.float64), x)
    assert_same(backward_params(triple, saved, d_y), triple.backward(saved, d_y)[1])


def test_names_count_by_kind_and_keep_what_was_given():
    network = ns.named(
        ns.Serial(
            ns.LIF(name="lif2"),
            ns.Residual(ns.LIF(norm=ns.BatchNorm((2,))), ns.BatchNorm((2,))),
            ns.LIF(),
            ns.Accumulate(),
        )
    )
    first, residual, last, readout = network.layers
    assert (first.name, last.name, readout.name) == ("lif2", "lif3", "readout1")
    assert residual.body.name == "lif1"
    assert (residual.body.norm.name, residual.shortcut.name) == ("norm1", "norm2")
    assert ns.named(network) == network
    with pytest.raises(ns.NumsnnError, match="'a'"):
        ns.named(ns.Serial(ns.LIF(name="a"), ns.LIF(name="a")))


def test_walk_meets_every_layer_with_its_share():
    network = ns.Serial(
        ns.Linear(2, 2),
        ns.Residual(ns.LIF(norm=ns.BatchNorm((2,)), lateral=ns.Linear(2, 2))),
    )
    params = network.init(np.random.default_rng(0), np.float64)
    kinds = [type(layer).__name__ for (layer,) in ns.walk(network)]
    assert kinds == ["Serial", "Linear", "Residual", "LIF", "BatchNorm", "Linear", "Identity"]
    shares = {id(layer): share for layer, share in ns.walk(network, params)}
    inner = network.layers[1].body
    assert shares[id(inner)] is params[1].body
    assert shares[id(inner.lateral)] is params[1].body.lateral


def test_map_layers_replaces_inside_and_keeps_the_rest():
    network = ns.Serial(ns.Residual(ns.LIF(), ns.Dropout(0.5)), ns.Linear(2, 2))
    swapped = ns.map_layers(
        lambda layer: ns.Identity() if isinstance(layer, ns.Dropout) else layer, network
    )
    assert swapped == ns.Serial(ns.Residual(ns.LIF(), ns.Identity()), ns.Linear(2, 2))
    assert isinstance(network.layers[0].shortcut, ns.Dropout)


def test_relu_twin_has_no_time():
    """The same weights; ReLU for every neuron, nothing repeated, the norm of a membrane kept."""
    rng = np.random.default_rng(0)
    network = ns.named(
        ns.Serial(
            ns.Linear(3, 4),
            ns.Repeat(5),
            ns.LIF(),
            ns.Residual(ns.Serial(ns.Linear(4, 4), ns.LIF())),
            ns.Linear(4, 2),
            ns.MeanOverTime(),
        )
    )
    twin = ns.relu_twin(network)
    params = network.init(rng, np.float64)
    x = rng.standard_normal((1, 6, 3))
    (weight, bias), inner, (last, last_bias) = params[0], params[3].body[0], params[4]
    y, saved = twin.forward(params, x)
    a = np.maximum(0, x @ weight.T + bias)
    b = a + np.maximum(0, a @ inner.weight.T + inner.bias)
    np.testing.assert_allclose(y, b @ last.T + last_bias, rtol=1e-13)

    d_x, d_params = twin.backward(saved, np.ones_like(y))
    d_b = np.ones_like(y) @ last
    d_a = d_b + (d_b * (a @ inner.weight.T + inner.bias > 0)) @ inner.weight
    np.testing.assert_allclose(d_x, (d_a * (a > 0)) @ weight, rtol=1e-13)
    assert d_params[0].weight.shape == weight.shape

    normed = ns.relu_twin(ns.LIF(norm=ns.BatchNorm((2,))))
    assert normed == ns.Serial(ns.BatchNorm((2,)), ns.ReLU())


def test_relu_by_hand():
    y, saved = ns.ReLU().forward(None, np.array([[[-1.0, 0.0, 2.0]]]))
    assert y.tolist() == [[[0, 0, 2]]]
    d_x, _ = ns.ReLU().backward(saved, np.array([[[5.0, 6.0, 7.0]]]))
    assert d_x.tolist() == [[[0, 0, 7]]]
