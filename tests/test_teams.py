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
from numsnn.gradient import Gradient, gradient
from numsnn.layout import LINE, places_first
from numsnn.losses import LOSSES, cross_entropy
from numsnn.modes import holding
from numsnn.networks import small_network
from numsnn.observe import batch_statistics
from numsnn.optimizers import FROZEN, SGD, Adam, Optimizer
from numsnn.papers.noise import ThermalNoise
from numsnn.recipes import Objective, Penalty, Recipe
from numsnn.regularizers import MembraneL2
from numsnn.shares import Layout, stretch
from numsnn.teams import Team
from numsnn.training import start, step, train
from numsnn.tree import leaves, map_tree, named_leaves

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


EVERYTHING = SGD(momentum=0.5, frozen=())  # also learns what a neuron has
RATE = 0.25


def team(network, objective, processes=2, optimizer=EVERYTHING, clip=None):
    return Team(network, objective, optimizer, processes, clip)


def shared_gradient(team, params, x, labels):
    """What a batch gives: a velocity that began with 0 is the gradient."""
    team.take(params, EVERYTHING.init(params))
    loss, outputs, saved = team.step(x, labels, RATE)
    return Gradient({"loss": loss}, outputs, saved, team.give()[1].velocity)


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
    with team(network, objective, 2) as crew:
        found = shared_gradient(crew, params, x, labels)
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
    with team(network, Objective(), 3) as crew:
        found = shared_gradient(crew, params, x, labels)
    assert_alike(found, gradient(network, Objective(), params, x, labels))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_loss_is_a_mean_over_samples(loss):
    network, objective = NETWORKS["tdbn"], Objective(loss)
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(5)
    with team(network, objective, 2) as crew:
        found = shared_gradient(crew, params, x, labels)
    assert_alike(found, gradient(network, objective, params, x, labels))


@dataclass(frozen=True)
class Signs(SGD):
    """An update of its own: the older one over its arguments is not this one."""

    def update(self, params, d_params, state, rate):
        return super().update(params, map_tree(np.sign, d_params), state, rate)


OPTIMIZERS = {
    "momentum": SGD(momentum=0.5),
    "decay": SGD(momentum=0.5, weight_decay=0.1),
    "all learn": SGD(momentum=0.5, weight_decay=0.1, frozen=()),
    "a layer is frozen": SGD(momentum=0.5, frozen=("0", "threshold")),
    "nothing learns": SGD(frozen=("weight", "bias", "gain", "shift", *FROZEN)),
    "adam": Adam(weight_decay=0.1),
    "signs": Signs(frozen=("shift", *FROZEN)),  # a shift ahead of a norm has none but rounding's
}


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_steps_are_those_of_one_process(optimizer, processes, clip):
    """Batches smaller and larger than the first, and one too small to share."""
    chosen = Recipe(NETWORKS["tdbn"], optimizer=optimizer, clip=clip)
    network = holding(chosen.network, optimizer.learns)
    state = start(chosen, dtype=np.float64)
    with team(network, Objective(), processes, optimizer, clip) as crew:
        crew.take(state.params, state.optimizer)
        for N in (7, 6, 11, 3, 7):
            x, labels = batch(N, seed=N)
            state, terms, outputs = step(chosen, network, state, x, labels, RATE)
            loss, found, _ = crew.step(x, labels, RATE)
            assert loss == pytest.approx(terms["loss"], rel=ROUNDING)
            np.testing.assert_allclose(found, outputs, rtol=1e-9, atol=1e-9)
            assert len(multiprocessing.active_children()) == processes - 1
        held = crew.give()
        again = crew.give()
        crew.step(x, labels, RATE)  # what was given stays
    for a, b, c in zip(*map(leaves, (held, (state.params, state.optimizer), again)), strict=True):
        assert (a.shape, a.dtype, a.strides) == (b.shape, b.dtype, b.strides)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(a, c)


def test_a_state_in_single_precision_with_other_orders_of_axes():
    """What is held comes back as it lay, whatever the kinds and sizes of leaves."""
    rng = np.random.default_rng(0)
    params = {
        "0": {"weight": places_first(rng.standard_normal((5, 3, 3, 3)).astype("f4"))},
        "1": {"weight": rng.standard_normal((4, 7)), "bias": rng.standard_normal(4)},
        "2": {"weight": rng.standard_normal((4, 7)).astype("f4").T, "bias": np.float32([[2]])},
    }
    layout = Layout(params, lambda name: name != "1/bias")
    vectors = layout.vectors(params, np.zeros)
    assert {kind: list(rest) for kind, rest in vectors.items()} == {
        "float32": ["weight", "bias"], "float64": ["weight"],
    }  # fmt: skip
    for vector in leaves(vectors):
        assert vector.nbytes % LINE == 0
    back = layout.tree(vectors, params)
    for (name, a), b in zip(named_leaves(back), leaves(params), strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a.dtype, a.strides) == (b.dtype, b.strides)
        assert np.shares_memory(a, b) == (name == "1/bias")
    for ranks in (2, 3, 50):
        parts = [leaves(stretch(vectors, rank, ranks)) for rank in range(ranks)]
        for whole, *shares in zip(leaves(vectors), *parts, strict=True):
            np.testing.assert_array_equal(np.concatenate(shares), whole)


def test_same_bits_in_every_run():
    network = NETWORKS["tdbn"]
    params = network.init(np.random.default_rng(1))
    x, labels = batch(9)
    runs = []
    for _ in range(2):
        with team(network, Objective(), 2) as crew:
            runs += [shared_gradient(crew, params, x.astype("f4"), labels) for _ in range(2)]
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
    with team(network, Objective(), 2) as crew:
        with pytest.raises(NumsnnError, match="must be finite, found nan"):
            shared_gradient(crew, params, bad, labels)
        assert not multiprocessing.active_children()
        found = shared_gradient(crew, params, x, labels)  # it begins anew
    assert_alike(found, gradient(network, Objective(), params, x, labels))


def test_a_process_that_is_killed_is_missed():
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)
    with team(network, Objective()) as crew:
        crew.take(params, EVERYTHING.init(params))
        crew.begin(x, labels)
        (worker,) = multiprocessing.active_children()
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        with pytest.raises(NumsnnError, match="a process ended with exit code -9"):
            crew.step(x, labels, RATE)
        with pytest.raises(NumsnnError, match="there are no parameters, take some first"):
            crew.step(x, labels, RATE)
        with pytest.raises(NumsnnError, match="there are no parameters, take some first"):
            crew.give()
        shared_gradient(crew, params, x, labels)


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
        team(network, Objective()) as crew,
        pytest.raises(NumsnnError, match=r"ZeroDiv.*as planned"),
    ):
        shared_gradient(crew, params, x, labels)


def test_an_interrupt_ends_the_processes(monkeypatch):
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)

    def interrupted(*_):
        raise KeyboardInterrupt

    with team(network, Objective(), 2) as crew:
        shared_gradient(crew, params, x, labels)
        monkeypatch.setattr(teams, "gradient", interrupted)  # in this process: the other is forked
        with pytest.raises(KeyboardInterrupt):
            crew.step(x, labels, RATE)
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
        team(network, Objective(cross_entropy, penalties))


def test_an_optimizer_that_sees_more_than_a_number_is_refused():
    class Layerwise(Optimizer):
        frozen = ()

    with pytest.raises(NumsnnError, match="Layerwise is not numberwise"):
        team(NETWORKS["dense"], Objective(), optimizer=Layerwise())


@pytest.mark.parametrize("sample", [0, 5])
def test_a_loss_that_is_not_finite_is_an_error(sample):
    """Whoever has the sample."""
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)
    labels = np.arange(6)  # a name for every sample

    def loss(outputs, labels):
        return (np.inf if sample in labels else 0.0), np.zeros_like(outputs)

    with team(network, Objective(loss)) as crew:
        crew.take(params, EVERYTHING.init(params))
        with pytest.raises(NumsnnError, match="the loss is inf; a lower learning rate"):
            crew.step(x, labels, RATE)


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
        team(network, objective) as crew,
        pytest.raises(NumsnnError, match=r"of 3 samples .* 6 out"),
    ):
        shared_gradient(crew, params, *batch(6))


def test_bad_input_is_refused():
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    x, labels = batch(6)
    with pytest.raises(NumsnnError, match="processes must be an integer of at least 1"):
        team(network, Objective(), 0)
    with pytest.raises(NumsnnError, match="at least 2 processes, found 1"):
        team(network, Objective(), 1)
    with team(network, Objective(), 2) as crew:
        with pytest.raises(NumsnnError, match=r"labels must be \[N\], one a sample, found \(5,\)"):
            shared_gradient(crew, params, x, labels[:5])
        wrong = map_tree(lambda leaf: leaf[..., :1] if leaf.ndim else leaf, params)
        with pytest.raises(NumsnnError, match="Linear"):
            shared_gradient(crew, wrong, x, labels)


def test_where_nothing_can_be_forked(monkeypatch):
    monkeypatch.setattr(exchange, "get_all_start_methods", lambda: ["spawn"])
    network = NETWORKS["dense"]
    params = network.init(np.random.default_rng(1), np.float64)
    with team(network, Objective()) as crew, pytest.raises(NumsnnError, match="cannot fork"):
        shared_gradient(crew, params, *batch(6))
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


def test_every_part_by_rank(monkeypatch):
    """Copies, which later exchanges leave alone; a part that fits no slot is refused."""
    monkeypatch.setattr(exchange, "SLOT", 64)
    share = Exchange(3, alive=lambda: None)
    part = np.arange(6.0).reshape(2, 3)

    def work(rank):
        share.rank = rank
        for turn in range(4):
            share.every(part + 100 * rank + turn)

    others = [multiprocessing.get_context("fork").Process(target=work, args=(r,)) for r in (1, 2)]
    for other in others:
        other.start()
    found = [share.every(part + turn) for turn in range(4)]
    for other in others:
        other.join()
    for turn, parts in enumerate(found):
        np.testing.assert_array_equal(parts, [part + 100 * rank + turn for rank in range(3)])
    with pytest.raises(NumsnnError, match="a part has at most 64 bytes, not 72"):
        share.every(np.zeros(9))


def test_shared_arrays_are_shared():
    array = shared_array((2, 3), np.float32)
    assert not array.any()
    other = multiprocessing.get_context("fork").Process(target=array.fill, args=(5,))
    other.start()
    other.join()
    assert (array == 5).all()
