"""A batch shared among processes gives what one process gives, and says no where it could not."""

import multiprocessing
import os
import signal
from dataclasses import dataclass

import numpy as np
import pytest
from training_cases import assert_same, dataset, recipe

import numsnn as ns
from numsnn import exchange, teams
from numsnn.errors import NumsnnError
from numsnn.exchange import Exchange, shared_array
from numsnn.firing import Relaxed
from numsnn.gradient import gradient
from numsnn.losses import LOSSES, cross_entropy
from numsnn.networks import small_network
from numsnn.observe import batch_statistics
from numsnn.papers.noise import ThermalNoise
from numsnn.recipes import Objective, Penalty
from numsnn.regularizers import MembraneL2
from numsnn.teams import Team
from numsnn.training import train
from numsnn.tree import leaves, map_tree

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
# Sums in another order: some thousands of additions of rounding 1e-16.
ROUNDING = 1e-11


def membrane_norm(shape):
    return ns.LIF(norm=ns.BatchNorm((shape[0], 1, 1)), decay=0.5)


NETWORKS = {
    "tdbn": small_network((2, 6, 6), 3, 3, channels=(4, 5)),
    "mpbn": small_network((2, 6, 6), 3, 3, channels=(4,), neuron=membrane_norm),
    "dense": ns.named(
        ns.Serial(ns.Flatten(), ns.Linear(72, 8), ns.Repeat(2), ns.LIF(), ns.Linear(8, 3))
    ),
    "residual": ns.named(
        ns.Serial(
            ns.Repeat(2),
            ns.Residual(ns.Serial(ns.Conv2d(2, 2, padding=1), ns.BatchNorm((2, 1, 1)))),
            ns.LIF(),
            ns.Flatten(),
            ns.Linear(72, 3),
            ns.MeanOverTime(),
        )
    ),
}


def batch(N, seed=0, T=1):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((T, N, 2, 6, 6)), rng.integers(3, size=N)


def assert_alike(found, expected):
    """Two gradients of one batch, up to the order of sums."""
    assert set(found.terms) == set(expected.terms)
    for name, value in expected.terms.items():
        assert found.terms[name] == pytest.approx(value, rel=ROUNDING)
    np.testing.assert_allclose(found.outputs, expected.outputs, rtol=ROUNDING, atol=ROUNDING)
    assert found.outputs.dtype == expected.outputs.dtype
    largest = max(np.abs(leaf).max() for leaf in leaves(expected.d_params))
    for a, b in zip(leaves(found.d_params), leaves(expected.d_params), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=ROUNDING, atol=ROUNDING * largest)


@pytest.mark.parametrize("N", [4, 7])
@pytest.mark.parametrize("name", NETWORKS)
def test_two_processes_give_what_one_gives(name, N):
    network, objective = NETWORKS[name], Objective()
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(N)
    expected = gradient(network, objective, params, x, labels)
    with Team(network, objective, 2) as team:
        found = team.gradient(params, x, labels)
    assert_alike(found, expected)
    known = batch_statistics(network, expected.saved)
    for norm, uses in batch_statistics(network, found.saved).items():
        for a, b in zip(uses, known[norm], strict=True):
            np.testing.assert_allclose(a.mean, b.mean, rtol=ROUNDING, atol=ROUNDING)
            np.testing.assert_allclose(a.variance, b.variance, rtol=ROUNDING)


def test_three_processes_frames_and_a_strided_batch():
    network = small_network((2, 6, 6), 3, 4, channels=(4,), events=True)
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(11, T=8)
    x = x[::2]
    with Team(network, Objective(), 3) as team:
        found = team.gradient(params, x, labels)
    assert_alike(found, gradient(network, Objective(), params, x, labels))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_loss_is_a_mean_over_samples(loss):
    network, objective = NETWORKS["tdbn"], Objective(loss)
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(5)
    with Team(network, objective, 2) as team:
        found = team.gradient(params, x, labels)
    assert_alike(found, gradient(network, objective, params, x, labels))


def test_batches_of_any_size_and_other_parameters():
    """Smaller and larger ones than the first, one too small to share, single precision."""
    network = NETWORKS["tdbn"]
    with Team(network, Objective(), 2) as team:
        for N, dtype in (
            (6, np.float64),
            (5, np.float64),
            (9, np.float64),
            (3, np.float64),
            (6, "f4"),
        ):
            params = network.init(np.random.default_rng(N), dtype)
            x, labels = batch(N, seed=N)
            x = x.astype(dtype)
            found, expected = (
                team.gradient(params, x, labels), gradient(network, Objective(), params, x, labels),
            )  # fmt: skip
            if dtype is np.float64:
                assert_alike(found, expected)
            assert leaves(found.d_params)[0].dtype == dtype
            assert len(multiprocessing.active_children()) == 1
    assert not multiprocessing.active_children()


def test_same_bits_in_every_run():
    network = NETWORKS["tdbn"]
    params = network.init(np.random.default_rng(1))
    x, labels = batch(9)
    runs = []
    for _ in range(2):
        with Team(network, Objective(), 2) as team:
            runs += [team.gradient(params, x.astype("f4"), labels) for _ in range(2)]
    for run in runs[1:]:
        for a, b in zip(leaves(run.d_params), leaves(runs[0].d_params), strict=True):
            np.testing.assert_array_equal(a, b)


def test_training_with_two_processes():
    """Losses of two epochs agree with those of one process; the optimizer and averages follow."""
    one, two = (
        list(train(recipe(), dataset(train=40), epochs=2, batch_size=16, processes=n))[-1]
        for n in (1, 2)
    )
    for a, b in zip(one.history, two.history, strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-3)
        assert a["train_accuracy"] == pytest.approx(b["train_accuracy"], abs=0.06)
    for name, averages in one.statistics.items():
        np.testing.assert_allclose(averages.mean, two.statistics[name].mean, rtol=0.05, atol=0.01)
    assert not multiprocessing.active_children()


def test_a_state_goes_on_to_the_same_bits():
    states = list(train(recipe(), dataset(train=40), epochs=2, batch_size=16, processes=2))
    (last,) = train(
        recipe(), dataset(train=40), epochs=2, batch_size=16, processes=2, state=states[0]
    )
    assert_same(last, states[1])


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", [0, 5])
def test_bad_values_are_named_whoever_has_them(sample):
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)
    bad = x.copy()
    bad[0, sample, 0, 0, 0] = np.nan
    with Team(network, Objective(), 2) as team:
        with pytest.raises(NumsnnError, match="must be finite, found nan"):
            team.gradient(params, bad, labels)
        assert not multiprocessing.active_children()
        found = team.gradient(params, x, labels)  # it begins anew
    assert_alike(found, gradient(network, Objective(), params, x, labels))


def test_a_process_that_is_killed_is_missed():
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)
    with Team(network, Objective(), 2) as team:
        team.begin(params, x, labels)
        (worker,) = multiprocessing.active_children()
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        with pytest.raises(NumsnnError, match="a process ended with exit code -9"):
            team.gradient(params, x, labels)
        team.gradient(params, x, labels)


def test_errors_that_are_none_of_ours_keep_their_name():
    @dataclass(frozen=True)
    class Failing(ns.Flatten):
        def forward(self, params, x):
            if x[0, 0, 0, 0, 0] > 0:
                raise ZeroDivisionError("as planned")
            return super().forward(params, x)

    network = ns.named(ns.Serial(Failing(), ns.Linear(72, 3)))
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)
    x[:, :, 0, 0, 0] = [-1, -1, -1, 1, 1, 1]
    with (
        Team(network, Objective(), 2) as team,
        pytest.raises(NumsnnError, match=r"ZeroDiv.*as planned"),
    ):
        team.gradient(params, x, labels)


def test_an_interrupt_ends_the_processes(monkeypatch):
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)

    def interrupted(*_):
        raise KeyboardInterrupt

    with Team(network, Objective(), 2) as team:
        team.gradient(params, x, labels)
        monkeypatch.setattr(teams, "gradient", interrupted)  # in this process: the other is forked
        with pytest.raises(KeyboardInterrupt):
            team.gradient(params, x, labels)
        assert not multiprocessing.active_children()


@dataclass(frozen=True)
class OwnNorm(ns.BatchNorm):
    pass


@pytest.mark.parametrize(
    ("layer", "penalties", "message"),
    [
        (ns.Dropout(0.5), (), "Dropout draws numbers"),
        (ThermalNoise(0.1), (), "ThermalNoise draws numbers"),
        (ns.LIF(firing=Relaxed(), name="own"), (), "LIF 'own' fires as Relaxed"),
        (ns.Flatten(), (Penalty(MembraneL2(), 0.1),), r"the penalties \['MembraneL2'\]"),
        (ns.BatchNorm((2, 1, 1), axes=(0, 3, 4), name="own"), (), "not BatchNorm 'own'"),
        (OwnNorm((2, 1, 1), name="mine"), (), "not OwnNorm 'mine'"),
    ],
)
def test_what_sees_a_batch_as_a_whole_is_refused(layer, penalties, message):
    network = ns.named(ns.Serial(layer, ns.LIF(), ns.Flatten(), ns.Linear(72, 3)))
    with pytest.raises(NumsnnError, match=message):
        Team(network, Objective(cross_entropy, penalties), 2)
    Team(network, Objective(cross_entropy, penalties), 1)


def test_another_number_of_outputs_is_refused():
    @dataclass(frozen=True)
    class Twice(ns.Flatten):
        def forward(self, params, x):
            y, saved = super().forward(params, x)
            return np.concatenate([y, y], axis=1), saved

        def backward(self, saved, d_y, d_membranes=None):
            return super().backward(saved, d_y[:, : d_y.shape[1] // 2], d_membranes)

    network = ns.named(ns.Serial(Twice(), ns.Linear(72, 3)))
    params = network.init(np.random.default_rng(1), np.float64)
    objective = Objective(lambda outputs, labels: (0.0, 0 * outputs))
    with (
        Team(network, objective, 2) as team,
        pytest.raises(NumsnnError, match=r"of 3 samples .* 6 out"),
    ):
        team.gradient(params, *batch(6))


def test_bad_input_is_refused():
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)
    with pytest.raises(NumsnnError, match="processes must be an integer of at least 1"):
        Team(network, Objective(), 0)
    with Team(network, Objective(), 2) as team:
        with pytest.raises(NumsnnError, match=r"labels must be \[N\], one a sample, found \(5,\)"):
            team.gradient(params, x, labels[:5])
        wrong = map_tree(lambda leaf: leaf[..., :1] if leaf.ndim else leaf, params)
        with pytest.raises(NumsnnError, match="Linear"):
            team.gradient(wrong, x, labels)


def test_where_nothing_can_be_forked(monkeypatch):
    monkeypatch.setattr(exchange, "get_all_start_methods", lambda: ["spawn"])
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    with Team(network, Objective(), 2) as team, pytest.raises(NumsnnError, match="cannot fork"):
        team.gradient(params, *batch(6))
    with pytest.raises(NumsnnError, match="at least 2 ranks, found 1"):
        Exchange(1, alive=lambda: None)


# -- the exchange ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.int64])
def test_totals_in_pieces(dtype, monkeypatch):
    """Arrays of several slots' size, and none, in the order of ranks."""
    monkeypatch.setattr(exchange, "SLOT", 64)
    shapes = [(), (0,), (3,), (4, 5), (7, 11)]
    rng = np.random.default_rng(0)
    parts = [
        [(100 * rng.standard_normal(shape)).astype(dtype) for shape in shapes] for _ in range(3)
    ]
    found = [shared_array(shape, dtype) for shape in shapes]
    share = Exchange(3, alive=lambda: None)

    def work(rank):
        share.rank = rank
        for place, part in enumerate(parts[rank]):
            total = share.total(part)
            if rank == 2:
                found[place][...] = total

    others = [multiprocessing.get_context("fork").Process(target=work, args=(r,)) for r in (1, 2)]
    for other in others:
        other.start()
    mine = [share.total(part) for part in parts[0]]
    for other in others:
        other.join()
    for place, total in enumerate(mine):
        expected = parts[0][place] + parts[1][place] + parts[2][place]
        assert (total.shape, total.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(total, expected)
        np.testing.assert_array_equal(found[place], expected)


def test_totals_of_several_parts_at_once(monkeypatch):
    """In one slot or in pieces, each in its own dtype."""
    rng = np.random.default_rng(1)
    shapes = [(3,), (4, 5), ()]
    kinds = [np.float32, np.float64, np.float32]
    parts = [
        [rng.integers(-99, 99, s).astype(k) for s, k in zip(shapes, kinds, strict=True)]
        for _ in range(2)
    ]
    for slot in (64, 1 << 12):
        monkeypatch.setattr(exchange, "SLOT", slot)
        share = Exchange(2, alive=lambda: None)

        def work(share=share):
            share.rank = 1
            share.totals(parts[1])

        other = multiprocessing.get_context("fork").Process(target=work)
        other.start()
        found = share.totals(parts[0])
        other.join()
        for total, a, b in zip(found, *parts, strict=True):
            assert total.dtype == a.dtype
            np.testing.assert_array_equal(total, a + b)


def test_shared_arrays_are_shared():
    array = shared_array((2, 3), np.float32)
    assert not array.any()
    other = multiprocessing.get_context("fork").Process(target=array.fill, args=(5,))
    other.start()
    other.join()
    assert (array == 5).all()
