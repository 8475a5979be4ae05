"""The arrays' precision is the computation's: float32, float64 and complex128 stay what they are."""

import numpy as np
import pytest

import numsnn as ns
from numsnn.losses import LOSSES
from numsnn.neurons import MembraneCotangent, State
from numsnn.surrogates import ClampedTanh, Scaled, Tanh
from numsnn.tree import cast, leaves, map_tree, named_leaves

from .zoo import ALL, NEURONS, case, folded_neuron, with_initial_state

DTYPES = (np.float32, np.float64, np.complex128)
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)


def check(found, dtype):
    """Output, gradients, membranes and states are of ``dtype``; real parts agree with float64's."""
    layer, params, x = found.of(dtype)
    reference, _ = found.layer.forward(found.params, found.x)
    y, saved = layer.forward(params, x)
    assert y.dtype == dtype
    assert y.shape == reference.shape
    # The values: to rounding. A margin of Gaussian data keeps every spike.
    scale = 1 + np.abs(reference).max()
    assert np.abs(y - reference).max() <= 200 * np.finfo(dtype).eps * scale
    rng = np.random.default_rng(5)
    w = rng.standard_normal(y.shape).astype(dtype)
    extra = {}
    if isinstance(layer, ns.LIF | ns.Accumulate):
        assert saved.membrane.dtype == dtype
        assert {leaf.dtype for leaf in leaves(saved.final)} == {np.dtype(dtype)}
        final = State(*(rng.standard_normal(x.shape[1:]).astype(dtype) for _ in range(2)))
        extra = {"n": MembraneCotangent(rng.standard_normal(x.shape).astype(dtype), final)}
    d_x, d_params = layer.backward(saved, w, extra)
    assert d_x.dtype == dtype
    assert d_x.shape == x.shape
    for (name, leaf), (name2, given) in zip(
        named_leaves(d_params), named_leaves(params), strict=True
    ):
        assert (name, leaf.dtype, leaf.shape) == (name2, given.dtype, given.shape)


@each_dtype
@pytest.mark.parametrize("name", ALL)
def test_every_layer_keeps_its_precision(name, dtype):
    found = case(name)
    if isinstance(found.layer, ns.LIF | ns.Accumulate):
        found = found._replace(layer=ns.named(ns.Serial(found.layer)).layers[0])
    check(found, dtype)


@each_dtype
@pytest.mark.parametrize("name", [*list(NEURONS)[::5], "accumulate", "lif on images"])
def test_initial_states_keep_it_too(name, dtype):
    check(with_initial_state(case(name)), dtype)


@each_dtype
def test_folded_neurons_keep_it_too(dtype):
    check(folded_neuron(), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ALL)
def test_fresh_parameters_have_the_asked_precision(name, dtype):
    layer, _ = ALL[name]
    for leaf_name, leaf in named_leaves(layer.init(np.random.default_rng(0), dtype)):
        assert leaf.dtype == dtype, leaf_name


def test_single_precision_is_the_default():
    for name in ALL:
        for leaf in leaves(ALL[name][0].init(np.random.default_rng(0))):
            assert leaf.dtype == np.float32, name


@pytest.mark.parametrize("loss", LOSSES.values())
@each_dtype
def test_losses(loss, dtype):
    outputs = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(dtype)
    value, d_outputs = loss(outputs, np.array([0, 1, 3]))
    assert value.dtype == dtype
    assert d_outputs.dtype == dtype


@pytest.mark.parametrize(
    "layer",
    [
        ns.BatchNorm((5,), scale=np.float64(0.7)),
        ns.BatchNorm((5,), eps=np.float64(1e-3)),
        ns.FixedNorm((5,), ns.Statistics(np.zeros(5), np.ones(5)), scale=np.float64(0.5)),
        ns.Dropout(np.float64(0.25)),
        ns.LIF(decay=np.float64(0.5), threshold=np.float64(0.5), width=np.float64(1)),
        ns.LIF(surrogate=ClampedTanh(np.float64(3))),
        ns.LIF(surrogate=Scaled(Tanh(), np.float64(2))),
    ],
    ids=repr,
)
def test_a_numpy_scalar_as_an_option_does_not_widen(layer):
    """0.5 * 2**-0.5 is a Python float, 0.5 / np.sqrt(2) is not: both must do."""
    rng = np.random.default_rng(0)
    params = layer.init(rng, np.float32)
    y, saved = layer.forward(params, rng.standard_normal((3, 4, 5)).astype(np.float32))
    assert y.dtype == np.float32
    d_x, d_params = layer.backward(saved, y + 1)
    assert d_x.dtype == np.float32
    assert all(leaf.dtype == np.float32 for leaf in leaves(d_params))


@pytest.mark.parametrize("name", ALL)
def test_precisions_are_not_mixed_silently(name):
    """Parameters of one precision and an input of another: an error that names both."""
    found = case(name)
    if not leaves(found.params):
        return
    with pytest.raises(ns.NumsnnError, match=r"float32.*float64"):
        found.layer.forward(found.params, found.x.astype(np.float32))
    with pytest.raises(ns.NumsnnError, match=r"float64.*float32"):
        found.layer.forward(cast(found.params, np.float32), found.x)


@pytest.mark.parametrize("name", ALL)
def test_a_tangent_may_ride_on_any_single_array(name):
    """Complex input with real parameters, and one complex parameter with all else real."""
    found = case(name)
    layer, params, x = found
    reference, _ = layer.forward(params, x)
    y, _ = layer.forward(params, x + 1e-30j)
    np.testing.assert_allclose(y.real, reference, rtol=1e-13, atol=1e-13)
    for k in range(len(leaves(params))):
        at = iter(range(len(leaves(params))))
        lifted = map_tree(lambda leaf, at=at, k=k: leaf + 1e-30j if next(at) == k else leaf, params)
        y, _ = layer.forward(lifted, x)
        np.testing.assert_allclose(y.real, reference, rtol=1e-13, atol=1e-13)
        assert np.iscomplexobj(y)
