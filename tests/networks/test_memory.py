"""What a forward and a backward pass hold at once: linear in T and depth, below twice what is saved."""

import tracemalloc

import numpy as np
import pytest

from numsnn import parallel
from numsnn.networks import ResidualNetwork, Stage, Stem
from numsnn.networks.folded_cost import compared
from numsnn.networks.full_size import forward_once, main
from numsnn.tree import leaves

MIB = 2**20


def measured(T, blocks, images=8, channels=8):
    """(peak of one step of training, bytes of arrays that the forward pass saves)."""
    architecture = ResidualNetwork("memory", (Stem(channels),), (Stage(blocks, channels, 1),))
    network = architecture((1, 24, 24), 10, T)
    rng = np.random.default_rng(0)
    params = network.init(rng)
    x = rng.standard_normal((1, images, 1, 24, 24)).astype(np.float32)
    known = {id(owner(leaf)) for leaf in (*leaves(params), x)}
    tracemalloc.start()
    try:
        y, saved = network.forward(params, x)
        kept = {id(owner(leaf)): owner(leaf).nbytes for leaf in leaves(saved) if array(leaf)}
        tracemalloc.reset_peak()
        network.backward(saved, np.ones_like(y))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return peak, sum(size for key, size in kept.items() if key not in known)


def array(leaf):
    return isinstance(leaf, np.ndarray)


def owner(leaf):
    """The array whose memory a view shows."""
    while isinstance(leaf.base, np.ndarray):
        leaf = leaf.base
    return leaf


@pytest.fixture(autouse=True)
def one_thread():
    parallel.set_threads(1)
    yield
    parallel.set_threads(0)


def test_training_stays_below_twice_what_is_saved():
    for T, blocks in ((2, 2), (4, 4), (8, 4)):
        peak, saved = measured(T, blocks)
        assert saved < peak < 2 * saved


def test_linear_in_steps():
    """Equal differences between 2, 4 and 6 steps."""
    low, middle, high = (measured(T, 3)[0] for T in (2, 4, 6))
    assert high - middle == pytest.approx(middle - low, rel=0.05)
    assert high < 3.2 * low


def test_linear_in_depth():
    low, middle, high = (measured(4, blocks)[0] for blocks in (2, 4, 6))
    assert high - middle == pytest.approx(middle - low, rel=0.05)


def test_full_size_resnet19(capsys):
    """One image of CIFAR's size at T = 6: 184 MiB were measured, 56 of them weights."""
    found = forward_once("resnet19")
    assert found.output_shape == (10,)
    assert found.parameters == 14_666_890
    assert 4 * found.parameters < found.peak < 230 * MIB
    assert "arrays at most" in found.line()


def test_full_size_command(capsys):
    from numsnn.errors import NumsnnError

    assert main(["small"]) == 0
    assert "58,474 parameters" in capsys.readouterr().out
    with pytest.raises(NumsnnError, match="unknown network 'resnet91'"):
        main(["resnet91"])


@pytest.mark.parametrize(("norm", "share"), [("tdbn", 0.75), ("tdbn+mpbn", 0.55)])
def test_folding_saves_memory(norm, share):
    """Norms keep what they normalise; MPBN the charge beside the membrane. Folded, none of it is there."""
    with_norms, folded = compared("resnet19", norm, width=1 / 16, T=2, images=2, repeats=1)
    assert folded.peak < share * with_norms.peak
