"""A mean over time ahead of linear layers: what it is behind them."""

import numpy as np
import pytest

import numsnn as ns
from numsnn.compose import MeanFirst
from numsnn.conv_pool import ConvPool
from numsnn.errors import NumsnnError
from numsnn.layout import channels_last, empty

from .support import assert_near

HEADS = {
    "linear": (ns.Linear(18, 5),),
    "flat": (ns.Flatten(), ns.Linear(72, 5, bias=False)),
    "pooled": (ns.AvgPool2d(None), ns.Flatten(), ns.Linear(2, 5)),
    "convolutions": (ns.Conv2d(2, 3, 3, padding=1), ns.AvgPool2d(2), ns.Conv2d(3, 4, 1), ns.Flatten()),
}  # fmt: skip


def drawn(name, T=4, last=False):
    rng = np.random.default_rng(0)
    x = empty((T, 3, 2, 6, 6), float, last)
    x[...] = rng.standard_normal(x.shape)
    x = x.reshape(T, 3, 4, 18) if name == "linear" else x
    network = ns.Serial(*HEADS[name], ns.MeanOverTime())
    return network, network.init(rng, np.float64), x, rng


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("T", [1, 2, 5])
@pytest.mark.parametrize("name", HEADS)
def test_first_is_last(name, T, last):
    network, params, x, rng = drawn(name, T, last)
    assert [type(link.layer) for link in network.links] == [MeanFirst]
    y, saved = network.forward(params, x)
    each, kept = x, []
    for layer, share in zip(network.layers, params, strict=True):
        each, s = layer.forward(share, each)
        kept.append(s)
    assert_near(y, each, ulps=32)
    assert len(saved) == len(kept)
    assert saved[-1] == kept[-1]._replace(shape=x.shape)

    d_y = rng.standard_normal(y.shape)
    d_x, d_params = network.backward(saved, d_y)
    d_each, d_kept = d_y, []
    for layer, s in zip(reversed(network.layers), reversed(kept), strict=True):
        d_each, d = layer.backward(s, d_each)
        d_kept.insert(0, d)
    assert d_x.shape == x.shape
    assert d_x.strides[0] == 0  # one for all steps
    assert_near((d_x, d_params), (d_each, tuple(d_kept)), ulps=64)


def test_the_mean_is_laid_out_as_images_are():
    for last in (False, True):
        x = empty((3, 2, 4, 5, 5), np.float32, last)
        x[...] = 1
        y, _ = ns.MeanOverTime().forward(None, x)
        assert channels_last(y) == last


@pytest.mark.parametrize(
    ("layers", "links"),
    [
        ((ns.LIF(), ns.Linear(3, 2), ns.MeanOverTime()), [ns.LIF, MeanFirst]),
        ((ns.LIF(), ns.MeanOverTime()), [ns.LIF, ns.MeanOverTime]),
        ((ns.Linear(3, 2), ns.MeanOverTime(), ns.Linear(2, 2)), [ns.Linear, ns.MeanOverTime, ns.Linear]),
        ((ns.Linear(3, 2), ns.LIF(), ns.MeanOverTime()), [ns.Linear, ns.LIF, ns.MeanOverTime]),
        ((ns.MeanOverTime(),), [ns.MeanOverTime]),
        (
            (ns.Conv2d(2, 2, 3), ns.AvgPool2d(2), ns.LIF(), ns.Flatten(), ns.MeanOverTime()),
            [ConvPool, ns.LIF, MeanFirst],
        ),
        ((), []),
    ],
)  # fmt: skip
def test_what_is_done_at_once(layers, links):
    network = ns.Serial(*layers)
    assert [type(link.layer) for link in network.links] == links
    places = [link.at for link in network.links]
    covered = [
        p for at in places for p in (range(len(layers))[at] if isinstance(at, slice) else [at])
    ]
    assert covered == list(range(len(layers)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_wrong_is_at_a_step(bad):
    network, params, x, _ = drawn("linear")
    x = x.copy()
    x[2, 1, 0, 3] = bad
    with pytest.raises(NumsnnError, match=r"Linear: x must be finite, found \w+ at \(2, 1, 0, 3\)"):
        network.forward(params, x)


def test_shapes_are_those_of_all_steps():
    network, params, x, _ = drawn("linear")
    with pytest.raises(NumsnnError, match=r"Linear: x has 17 features .*\(x \(4, 3, 4, 17\)"):
        network.forward(params, x[..., :17])
    with pytest.raises(NumsnnError, match="Linear: x must be an array of floating-point"):
        network.forward(params, np.ones(x.shape, int))
    with pytest.raises(NumsnnError, match=r"Linear: N, the number of samples on axis 1"):
        network.forward(params, x[:, :0])
    _, saved = network.forward(params, x)
    with pytest.raises(NumsnnError, match="d_y must have the output's shape"):
        network.backward(saved, np.ones((4, 3, 4, 5)))
