"""Checkpoints: whole or refused, and a run goes on from one as if it had never stopped."""

import json
import zipfile
from functools import partial

import numpy as np
import pytest
from training_cases import assert_same, dataset, recipe

import numsnn as ns
from numsnn.atomic import write_atomically
from numsnn.checkpoint import load_checkpoint, restored, save_checkpoint
from numsnn.errors import CheckpointError, NumsnnError
from numsnn.networks import small_network
from numsnn.optimizers import SGD, Adam
from numsnn.papers import METHODS
from numsnn.training import start, train

ABOUT = {"method": "tdbn", "settings": {"seed": 0, "rate": 0.1}}


def mpbn(shape):
    return ns.LIF(norm=ns.BatchNorm((shape[0], 1, 1)), decay_shape=(shape[0], 1, 1))


RECIPES = {
    "sgd": recipe(),
    "adam": recipe(optimizer=Adam()),
    "membrane norm": recipe(network=small_network((1, 8, 8), 3, 2, channels=(4,), neuron=mpbn)),
    "no norm": recipe(network=small_network((1, 8, 8), 3, 2, channels=(4,), norm=None)),
    "residual": recipe(
        network=ns.named(
            ns.Serial(
                ns.Repeat(2), ns.Flatten(),
                ns.Residual(ns.Serial(ns.Linear(64, 64), ns.BatchNorm((64,)), ns.LIF())),
                ns.Dropout(0.2), ns.Linear(64, 3), ns.MeanOverTime(),
            )
        )
    ),
}  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    """A checkpoint after the first of two epochs, its state and the state in the end."""
    path = tmp_path / "checkpoint.npz"
    first, second = train(recipe(), dataset(), epochs=2)
    save_checkpoint(path, first, recipe(), ABOUT)
    return path, first, second


@pytest.mark.parametrize("kind", list(RECIPES))
def test_resumed_run_ends_in_the_same_bits(kind, tmp_path):
    chosen, path = RECIPES[kind], tmp_path / "c.npz"
    states = list(train(chosen, dataset(), epochs=3, seed=2))
    for state in (start(chosen, 2), *states[:2]):
        save_checkpoint(path, state, chosen, ABOUT)
        again = restored(load_checkpoint(path), chosen, ABOUT)
        assert_same(again, state)
        assert_same(list(train(chosen, dataset(), epochs=3, state=again))[-1], states[-1])


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_resumes(method, tmp_path):
    """What a method changes while it trains, or learns beside the weights, survives too."""
    network, path = partial(small_network, channels=(4, 5)), tmp_path / "c.npz"
    chosen = METHODS[method]((1, 8, 8), 3, 2, network=network, rate=0.01)
    first, second = train(chosen, dataset(train=40), epochs=2, batch_size=8)
    save_checkpoint(path, first, chosen)
    again = restored(load_checkpoint(path), chosen)
    assert_same(
        list(train(chosen, dataset(train=40), epochs=2, batch_size=8, state=again))[-1], second
    )


def test_what_is_in_the_file(saved):
    path, state, _ = saved
    with np.load(path, allow_pickle=False) as archive:
        names = set(archive.files)
        description = json.loads(archive["description"].tobytes())
    assert {"params/0/weight", "optimizer/velocity/0/weight", "statistics/norm1/mean"} <= names
    assert description["about"] == ABOUT
    assert description["epoch"] == 1
    assert description["version"] == 1
    assert description["history"] == list(state.history)


def test_double_precision_stays(tmp_path):
    state = start(recipe(), 0, np.float64)
    save_checkpoint(tmp_path / "c.npz", state, recipe())
    assert_same(restored(load_checkpoint(tmp_path / "c.npz"), recipe()), state)


def test_an_interrupted_write_leaves_the_old_file(saved):
    path, _, _ = saved
    before = path.read_bytes()

    def half(file):
        file.write(before[: len(before) // 2])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, half)
    assert path.read_bytes() == before
    load_checkpoint(path)


def test_a_folder_that_is_missing_is_named(tmp_path):
    path = tmp_path / "missing" / "network.npz"
    with pytest.raises(NumsnnError, match=r"network\.npz: there is no folder .*missing$"):
        write_atomically(path, lambda file: file.write(b"lost"))
    assert not path.parent.exists()


# -- what is refused -------------------------------------------------------------------------------


def test_truncated_anywhere(saved):
    path, _, _ = saved
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in (0, 1, 3, len(whole) - 1, *rng.integers(len(whole), size=40)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"checkpoint\.npz"):
            restored(load_checkpoint(path), recipe())


def test_flipped_bits(saved):
    """A changed byte is an error or, where no reader looks at it, changes nothing."""
    path, first, _ = saved
    whole = bytearray(path.read_bytes())
    rng = np.random.default_rng(1)
    refused = 0
    for place in rng.integers(len(whole), size=60):
        changed = whole.copy()
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            state = restored(load_checkpoint(path), recipe(), ABOUT)
        except CheckpointError:
            refused += 1
        else:
            assert_same(state, first)
    assert refused > 50


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "none.npz")
    with pytest.raises(CheckpointError, match=r"folder\.npz"):
        (tmp_path / "folder.npz").mkdir()
        load_checkpoint(tmp_path / "folder.npz")
    for name, content in (("text.npz", b"no archive at all"), ("empty.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CheckpointError, match=name):
            load_checkpoint(tmp_path / name)
    np.savez(tmp_path / "other.npz", x=np.arange(3))
    with pytest.raises(CheckpointError, match="expected a numsnn checkpoint"):
        load_checkpoint(tmp_path / "other.npz")
    objects = np.array([{"run": "me"}], dtype=object)
    np.savez(tmp_path / "pickle.npz", description=objects)
    with pytest.raises(CheckpointError, match=r"pickle\.npz"):
        load_checkpoint(tmp_path / "pickle.npz")


def edited(path, edit_description=lambda d: d, edit_arrays=lambda a: a):
    """The checkpoint with another description or other arrays, otherwise sound."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    description = edit_description(json.loads(arrays.pop("description").tobytes()))
    text = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(path, description=text, **edit_arrays(arrays))
    return path


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: {**d, "version": 2}, "expected version 1 of the format, found 2"),
        (lambda d: {**d, "format": "another"}, "expected a numsnn checkpoint"),
        (lambda d: {**d, "epoch": "one"}, "epoch must be of type int"),
        (lambda d: {k: v for k, v in d.items() if k != "history"}, "history must be of type list"),
        (lambda d: {**d, "epoch": 7}, "metrics of 7 epochs, found 1"),
        (lambda d: {**d, "random": {"bit_generator": "PCG64"}}, "state"),
        (lambda d: [d], "expected a numsnn checkpoint"),
    ],
)
def test_damaged_description(saved, edit, message):
    with pytest.raises(CheckpointError, match=message):
        restored(load_checkpoint(edited(saved[0], edit)), recipe())


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda a: {k: v for k, v in a.items() if k != "params/0/weight"}, "params/0/weight"),
        (lambda a: {**a, "params/9/weight": np.zeros(3)}, "params/9/weight"),
        (lambda a: {**a, "params/0/weight": a["params/0/weight"][:2]}, r"params/0/weight.*\(2, 1"),
        (lambda a: {**a, "params/0/weight": np.nan * a["params/0/weight"]}, "finite"),
        (
            lambda a: {k: v for k, v in a.items() if k != "statistics/norm1/mean"},
            "statistics/norm1/mean",
        ),
        (lambda a: {**a, "statistics/norm1/mean": np.zeros(99, np.float32)}, "norm1"),
    ],
)
def test_damaged_arrays(saved, edit, message):
    with pytest.raises(CheckpointError, match=message):
        restored(load_checkpoint(edited(saved[0], edit_arrays=edit)), recipe())


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (recipe(optimizer=Adam()), "optimizer"),
        (recipe(optimizer=SGD(0.5)), "optimizer"),
        (recipe(network=small_network((1, 8, 8), 3, 2, channels=(6, 9))), "layer 4"),
        (recipe(network=small_network((1, 8, 8), 3, 3, channels=(6, 8))), "Repeat"),
        (recipe(network=small_network((1, 8, 8), 3, 2, channels=(6, 8, 8))), "layer"),
        (
            recipe(
                network=small_network(
                    (1, 8, 8), 3, 2, channels=(6, 8), neuron=lambda s: ns.LIF(reset="soft")
                )
            ),
            "soft",
        ),
    ],
)
def test_another_recipe(saved, other, message):
    with pytest.raises(CheckpointError, match=message):
        restored(load_checkpoint(saved[0]), other)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({**ABOUT, "method": "mpbn"}, "method 'tdbn', not 'mpbn'"),
        ({**ABOUT, "settings": {"seed": 1, "rate": 0.1}}, "settings seed 0, not 1"),
        ({**ABOUT, "settings": {"seed": 1, "rate": 0.2}}, "seed 0, not 1; settings rate 0.1"),
        ({**ABOUT, "more": 1}, "more None, not 1"),
        ({}, "method 'tdbn', not None"),
    ],
)
def test_another_run(saved, about, message):
    with pytest.raises(CheckpointError, match=message):
        restored(load_checkpoint(saved[0]), recipe(), about)


def test_archive_is_readable_by_others(saved):
    with zipfile.ZipFile(saved[0]) as archive:
        assert archive.testzip() is None
        assert all(name.endswith(".npy") for name in archive.namelist())
