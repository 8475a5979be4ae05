"""What a forward and a backward pass hold at once: linear in T and depth, below twice what is saved."""

import pytest

from numsnn import parallel
from numsnn.networks import training_memory
from numsnn.networks.folded_cost import compared
from numsnn.networks.full_size import forward_once, main
from numsnn.networks.training_memory import measured

MIB = 2**20


@pytest.fixture(autouse=True)
def one_thread():
    parallel.set_threads(1)
    yield
    parallel.set_threads(0)


def test_training_stays_below_twice_what_is_saved():
    for T, blocks in ((2, 2), (4, 4), (8, 4)):
        found = measured(T, blocks)
        assert found.saved < found.peak < 2 * found.saved


def test_linear_in_steps():
    """Equal differences between 2, 4 and 6 steps."""
    low, middle, high = (measured(T, 3).peak for T in (2, 4, 6))
    assert high - middle == pytest.approx(middle - low, rel=0.05)
    assert high < 3.2 * low


def test_linear_in_depth():
    low, middle, high = (measured(4, blocks).peak for blocks in (2, 4, 6))
    assert high - middle == pytest.approx(middle - low, rel=0.05)


def test_what_is_saved_is_at_least_membranes_and_spikes():
    """By hand: 2 blocks of 2 neurons and the stem's, [T, 8, 8, 24, 24] in single precision each."""
    assert measured(4, 2).saved > 2 * 5 * (4 * 8 * 8 * 24 * 24) * 4


def test_memory_command(capsys, monkeypatch):
    monkeypatch.setattr(training_memory, "measured", lambda T, blocks: measured(1, 1, 1, 2))
    assert training_memory.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert lines[1].split()[:2] == ["1", "4"]


def test_full_size_resnet19(capsys):
    """One image of CIFAR's size at T = 6: 186 MiB were measured, 56 of them weights."""
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


@pytest.mark.parametrize(("norm", "share"), [("tdbn", 0.75), ("tdbn+mpbn", 0.65)])
def test_folding_saves_memory(norm, share):
    """Norms keep what they normalise; MPBN the charge beside the membrane. Folded, none of it is there."""
    with_norms, folded = compared("resnet19", norm, width=1 / 16, T=2, images=2, repeats=1)
    assert folded.peak < share * with_norms.peak
