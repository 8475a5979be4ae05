"""Neurons whose decay, threshold or width do not learn: nothing else changes."""

import itertools

import numpy as np
import pytest

import numsnn as ns
from numsnn.errors import NumsnnError
from numsnn.neurons import LEARNABLE
from numsnn.optimizers import FROZEN, SGD
from numsnn.surrogates import SURROGATES
from numsnn.tree import named_leaves

SETS = [names for k in range(4) for names in itertools.combinations(LEARNABLE, k)]


@pytest.mark.parametrize("constants", SETS, ids=lambda names: "+".join(names) or "none")
@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_constants_have_no_gradient_and_all_else_is_the_same(constants, surrogate, reset):
    fields = {"surrogate": SURROGATES[surrogate], "reset": reset, "threshold_shape": (3,)}
    free, held = ns.LIF(**fields), ns.LIF(**fields, constants=constants)
    rng = np.random.default_rng(0)
    params = free.init(rng, np.float64)
    current = 0.5 + rng.standard_normal((5, 4, 3))
    spikes, saved = free.forward(params, current)
    again, saved_again = held.forward(params, current)
    np.testing.assert_array_equal(again, spikes)
    d_spikes = rng.standard_normal(spikes.shape)
    d_current, d_params = free.backward(saved, d_spikes)
    d_again, d_params_again = held.backward(saved_again, d_spikes)
    np.testing.assert_array_equal(d_again, d_current)
    for name in LEARNABLE:
        expected = getattr(d_params, name)
        assert expected.any() and expected.shape == getattr(params, name).shape
        found = getattr(d_params_again, name)
        np.testing.assert_array_equal(found, 0 * expected if name in constants else expected)


@pytest.mark.parametrize("frozen", [(), ("width",), FROZEN])
def test_an_optimizer_says_what_is_held(frozen):
    network = ns.named(
        ns.Serial(
            ns.Linear(4, 6),
            ns.Residual(ns.Serial(ns.Linear(6, 6), ns.LIF())),
            ns.LIF(lateral=ns.Linear(6, 6)),
        )
    )
    held = ns.holding(network, SGD(frozen=frozen).learns)
    rng = np.random.default_rng(1)
    params = network.init(rng, np.float64)
    x = rng.standard_normal((6, 5, 4))
    y, saved = network.forward(params, x)
    d_y = rng.standard_normal(y.shape)
    expected = dict(named_leaves(network.backward(saved, d_y)[1]))
    found = dict(named_leaves(held.backward(held.forward(params, x)[1], d_y)[1]))
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        factor = 0 if name.rpartition("/")[2] in frozen else 1
        np.testing.assert_array_equal(found[name], factor * gradient, name)


def test_only_a_neurons_own_can_be_constant():
    with pytest.raises(NumsnnError, match=r"a constant must be one of .*, found 'gain'"):
        ns.LIF(constants=("gain",))
