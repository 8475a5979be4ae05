"""The workloads are what the table says, and every one of them trains and infers."""

import numpy as np
import pytest

from numsnn.bench import ours
from numsnn.bench.training import about
from numsnn.bench.workloads import CLASSES, WORKLOADS, workload
from numsnn.describe import describe
from numsnn.errors import NumsnnError
from numsnn.neurons import LIF
from numsnn.observe import neurons

FEW = 3  # samples


def small(name):
    return workload(name).resized(batch=FEW, T=2, turn=1)


@pytest.mark.parametrize(
    ("name", "input_shape", "T", "batch"),
    [
        ("a", (784,), 8, 64),
        ("b", (1, 8, 8), 4, 64),
        ("c", (3, 32, 32), 4, 32),
        ("d", (2, 34, 34), 15, 16),
        ("e", (3, 32, 32), 4, 16),
    ],
)
def test_sizes(name, input_shape, T, batch):
    work = workload(name)
    assert (work.input_shape, work.T, work.batch) == (input_shape, T, batch)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("a", 784 * 256 + 256 + 256 * 10 + 10),
        ("b", 9 * (32 + 32 * 64 + 64 * 64) + 2 * (32 + 64 + 64) + 4 * 64 * 10 + 10),
        ("c", 9 * (3 * 64 + 64 * 128 + 128 * 128) + 2 * (64 + 128 + 128) + 64 * 128 * 10 + 10),
        ("d", 9 * (2 * 32 + 32 * 64) + 2 * (32 + 64) + 64 * 64 * 10 + 10),
    ],
)
def test_parameters_by_hand(name, parameters):
    assert about(workload(name))["parameters"] == parameters


def test_the_widths_of_the_convolutions():
    shapes = {
        name: [
            row.shape
            for row in describe(w.network(), w.input_shape, w.T).rows
            if row.kind == "Conv2d" and "shortcut" not in row.name
        ]
        for name, w in WORKLOADS.items()
    }
    assert shapes["b"] == [(32, 8, 8), (64, 8, 8), (64, 4, 4)]
    assert shapes["c"] == [(64, 32, 32), (128, 32, 32), (128, 16, 16)]
    assert shapes["d"] == [(32, 34, 34), (64, 17, 17)]
    assert len(shapes["e"]) == 19  # and one dense layer
    assert {shape[0] for shape in shapes["e"]} == {16, 32, 64, 128}


@pytest.mark.parametrize("name", WORKLOADS)
def test_steps_learn_the_batch(name):
    train = ours.training(small(name))
    losses = [train() for _ in range(8)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", WORKLOADS)
def test_training_is_the_same_every_time(name):
    first, second = (ours.training(small(name)) for _ in range(2))
    assert [first(), first()] == [second(), second()]


@pytest.mark.parametrize("name", WORKLOADS)
def test_folded_inference_gives_the_same_outputs(name):
    given = ours.trained(small(name))
    plain, folded = (ours.inference(given, fold)() for fold in (False, True))
    assert plain.shape == folded.shape == (1, FEW, CLASSES)
    assert plain.dtype == folded.dtype == np.float32
    # spikes are the same but for potentials within a rounding error of the threshold
    assert np.median(np.abs(plain - folded)) < 1e-5


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_neuron_fires_and_is_silent(name):
    """A layer that never fires, or always does, would be a workload of its own."""
    work = small(name)
    given = ours.trained(work)
    _, saved = given.network.forward(given.params, given.batch.x)
    for neuron, share in neurons(given.network, saved):
        if isinstance(neuron, LIF):
            assert 0 < share.spikes.mean() < 1, neuron.name


def test_data():
    for work in WORKLOADS.values():
        x, labels = work.data(np.random.default_rng(0))
        steps = work.T if work.events else 1
        assert x.shape == (steps, work.batch, *work.input_shape)
        assert x.dtype == np.float32
        assert labels.shape == (work.batch,)
        assert set(labels) <= set(range(CLASSES))
        assert not work.events or set(np.unique(x)) == {0, 1}


def test_resizing():
    work = workload("c").resized(T=2, batch=5, width=0.5)
    assert work.data(np.random.default_rng(0)).x.shape == (1, 5, 3, 32, 32)
    assert about(work)["parameters"] < about(workload("c"))["parameters"] / 2
    for change in ({"T": 0}, {"batch": 0}, {"batch": 1.5}, {"turn": -1}):
        with pytest.raises(NumsnnError, match=next(iter(change))):
            work.resized(**change)


def test_unknown():
    with pytest.raises(NumsnnError, match="unknown workload 'z'; there are a, b, c, d, e"):
        workload("z")
