"""Arrays that nobody holds are written over: where that is done, and that nothing else changes."""

import numpy as np
import pytest

import numsnn as ns
from numsnn.errors import NumsnnError
from numsnn.layer import Layer
from numsnn.layout import empty, over
from numsnn.tree import map_tree

from .support import assert_same

NORM = ns.BatchNorm((3, 1, 1))
CHAIN = (ns.Conv2d(2, 3, 3, padding=1), NORM, ns.LIF(), ns.Conv2d(3, 3, 3, padding=1), ns.LIF())


class Keeper(Layer):
    """y = x + 0, and y is kept for backward: nobody may write over it."""

    def forward(self, params, x):
        y = x + 0
        return y, (y, y.copy())

    def backward(self, saved, d_y, d_membranes=None):
        np.testing.assert_array_equal(*saved)
        return d_y, None


class OwnForward(ns.LIF):
    """A neuron with a forward of its own, which the older method over x knows nothing of."""

    def forward(self, params, current):
        return super().forward(params, 2 * current)


class OwnNorm(ns.BatchNorm):
    """A norm with a forward of its own, which may keep y."""

    def forward(self, params, x):
        return super().forward(params, x)


def methods(*layers):
    return [(link.forward, link.backward) for link in ns.Serial(*layers).links]


PLAIN = ("forward", "backward")


def test_which_methods_a_chain_calls():
    assert methods(*CHAIN) == [
        PLAIN,
        ("forward", "backward_over"),  # the neuron's d_x
        ("forward_over", "backward_over"),  # the norm's y, the convolution's d_x
        PLAIN,
        ("forward_over", "backward"),  # what comes from outside somebody holds
    ]
    assert methods(ns.LIF(), NORM) == [("forward", "backward_over"), PLAIN]
    assert methods(Keeper(), ns.LIF(), Keeper()) == [PLAIN] * 3
    assert methods(ns.Repeat(2), ns.LIF()) == [PLAIN] * 2  # one image, seen several times
    assert methods(ns.Identity(), ns.LIF(), ns.MeanOverTime())[:2] == [PLAIN] * 2
    assert methods(NORM, OwnForward())[1] == ("forward", "backward")
    assert methods(OwnNorm((3, 1, 1)), ns.LIF()) == [("forward", "backward_over"), PLAIN]
    residual = ns.Residual(ns.Conv2d(2, 2, 3, padding=1))
    assert methods(residual, ns.LIF(), residual)[1] == ("forward_over", "backward_over")


def one_by_one(layers, params, x, d_y):
    kept, rows = [], []
    for layer, share in zip(layers, params, strict=True):
        x, saved = layer.forward(share, x)
        kept.append(saved)
    for layer, saved in zip(reversed(layers), reversed(kept), strict=True):
        d_y, share = layer.backward(saved, d_y)
        rows.append(share)
    return x, tuple(kept), d_y, tuple(reversed(rows))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    "layers",
    [
        CHAIN,
        (*CHAIN, Keeper(), ns.LIF(reset="soft")),
        (CHAIN[0], ns.LIF(norm=ns.BatchNorm((3, 1, 1)), carry="normalised")),
        (ns.Residual(CHAIN[3]), ns.LIF(lateral=ns.Identity()), CHAIN[3]),
        (OwnNorm((3, 1, 1)), OwnForward(), CHAIN[3], NORM, OwnForward(), CHAIN[3]),
        (ns.LIF(), CHAIN[3]),  # whose d_x has its channels last, whatever the spikes have
    ],
    ids=["chain", "keeper", "norm inside", "lateral", "own", "first"],
)
def test_a_chain_is_its_layers_one_by_one(layers, last, dtype):
    """The same bits, in what is saved as well; x, params and d_y stay."""
    rng = np.random.default_rng(0)
    network = ns.Serial(*layers)
    params = map_tree(lambda leaf: leaf.astype(dtype), network.init(rng, np.float64))
    channels = getattr(layers[0], "inputs", 3)
    x = empty((3, 2, channels, 5, 4), dtype, last)
    x[...] = 2 * rng.standard_normal(x.shape)
    y, _ = network.forward(params, x)
    d_y = rng.standard_normal(y.shape).astype(dtype)
    before = map_tree(np.copy, (x, d_y, params))
    expected = one_by_one(layers, params, x, d_y)
    y, saved = network.forward(params, x)
    d_x, d_params = network.backward(saved, d_y)
    assert_same((y, saved, d_x, d_params), expected)
    assert_same((x, d_y, params), before)
    assert_same(network.backward(saved, d_y), (d_x, d_params))  # saved is whole


def test_over_takes_an_array_of_one_layout_and_dtype():
    x = empty((2, 3, 4, 5, 6), np.float32, last=True)
    assert over(x, empty(x.shape, np.float32, last=True)) is x
    for like in (
        empty(x.shape, np.float32),
        empty(x.shape, np.float64, last=True),
        np.empty(x.shape, np.float32),
    ):
        found = over(x, like)
        assert found is not x
        assert (found.shape, found.dtype, found.strides) == (like.shape, like.dtype, like.strides)
    assert over(x, x, np.complex64).dtype == np.complex64
    still = np.broadcast_to(np.float32(1), (2, 3, 4))
    assert over(still, np.empty((2, 3, 4), np.float32)) is not still


def test_where_a_membrane_is_not_finite():
    """The current is no more, so it is the membrane that is spoken of."""

    class Infinite(Layer):
        unkept = ("y",)

        def forward(self, params, x):
            return np.where(x > 0, np.inf, x), None

        def backward(self, saved, d_y, d_membranes=None):
            raise AssertionError

    x = np.full((3, 2, 4), -1.0)
    x[1, 0, 2] = 1
    network = ns.Serial(Infinite(), ns.LIF(name="lif1"))
    with pytest.raises(NumsnnError, match=r"lif1: the membrane .* found inf at \(1, 0, 2\)"):
        network.forward(network.init(np.random.default_rng(0), np.float64), x)
