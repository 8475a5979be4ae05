"""The loop: its gradient, its statistics, its determinism, and what it refuses."""

from dataclasses import dataclass

import numpy as np
import pytest
from training_cases import assert_same, bars, dataset, recipe

import numsnn as ns
from numsnn.data import Dataset
from numsnn.errors import NumsnnError
from numsnn.evaluation import evaluate, predicted
from numsnn.losses import cross_entropy, mean_cross_entropy, smoothed_cross_entropy
from numsnn.networks import small_network
from numsnn.norms import Statistics
from numsnn.optimizers import FROZEN, SGD, Adam, constant, gradient_norm
from numsnn.recipes import Objective, Penalty, Recipe, with_adam, with_smoothed_labels
from numsnn.regularizers import MembraneL2, RatePenalty
from numsnn.surrogates import Sigmoid
from numsnn.training import averaged, gradient, start, step, train
from numsnn.training_data import held_out, standardised
from numsnn.tree import leaves, map_tree, named_leaves


def last(*args, **kwargs):
    return list(train(*args, **kwargs))[-1]


def test_learns():
    state = last(recipe(), dataset(train=160), epochs=10, batch_size=16)
    assert state.metrics["test_accuracy"] >= 0.9
    losses = [row["loss"] for row in state.history]
    assert losses[-1] < 0.5 * losses[0]


# -- the gradient --------------------------------------------------------------------------------


@pytest.mark.parametrize("penalised", ["none", "all", "one", "two"])
def test_gradient_of_the_whole_objective(penalised):
    """dL/d params, penalties on membranes included, against differences of the relaxed network."""
    rng = np.random.default_rng(5)
    smooth = ns.LIF(surrogate=Sigmoid(), width=0.4)
    network = ns.relaxed(
        small_network((1, 4, 4), 3, 3, channels=(3, 4), neuron=lambda shape: smooth)
    )
    penalties = {
        "none": (),
        "all": (Penalty(MembraneL2(), 0.7),),
        "one": (Penalty(MembraneL2(), 0.7, on=("lif2",)),),
        "two": (
            Penalty(MembraneL2(), 0.7, on=("lif2",)),
            Penalty(MembraneL2(), 0.3, name="more"),
        ),
    }[penalised]
    objective = Objective(cross_entropy, penalties)
    params = network.init(rng, np.float64)
    x, y = rng.standard_normal((1, 5, 1, 4, 4)), rng.integers(3, size=5)
    terms, _, _, d_params = gradient(network, objective, params, x, y)
    way = map_tree(lambda leaf: rng.standard_normal(leaf.shape), params)
    found = sum((g * t).sum() for g, t in zip(leaves(d_params), leaves(way), strict=True))

    def loss(h):
        moved = map_tree(lambda p, t: p + h * t, params, way)
        return gradient(network, objective, moved, x, y)[0]["loss"]

    h = 1e-5
    expected = (loss(h) - loss(-h)) / (2 * h)
    assert abs(found - expected) < 1e-6 * (1 + abs(expected))
    if penalised == "two":
        assert set(terms) == {"loss", "MembraneL2", "more"}


def test_terms_add_up_and_average_over_layers():
    chosen = recipe(
        objective=Objective(penalties=(Penalty(MembraneL2(), 0.5), Penalty(RatePenalty(), 2.0)))
    )
    rng = np.random.default_rng(0)
    params = chosen.start(rng)
    x, y = bars(6, 3)
    outputs, saved = chosen.network.forward(params, x[None])
    terms, _, d_membranes = chosen.objective(chosen.network, saved, outputs, y)
    membranes = ns.membranes(chosen.network, saved)
    assert set(d_membranes) == set(membranes) == {"lif1", "lif2"}
    price = np.mean([MembraneL2()(u)[0] for u in membranes.values()])
    assert terms["MembraneL2"] == pytest.approx(0.5 * price, rel=1e-6)
    fit = float(cross_entropy(outputs, y)[0])
    assert terms["loss"] == pytest.approx(
        fit + terms["MembraneL2"] + terms["RatePenalty"], rel=1e-6
    )


def test_clipping_holds_the_norm():
    chosen = recipe(optimizer=SGD(0.0), schedule=constant(1.0), clip=1e-3)
    state = start(chosen, 0)
    x, y = bars(8, 3)
    moved, _, _ = step(chosen, chosen.network, state, x[None], y, 1.0)
    change = map_tree(lambda a, b: np.float64(a) - b, moved.params, state.params)
    assert gradient_norm(change) == pytest.approx(1e-3, rel=1e-3)


def test_frozen_parameters_stay():
    state = last(recipe(), dataset(), epochs=1)
    fixed = {
        n: leaf for n, leaf in named_leaves(state.params) if n.endswith(("decay", "threshold"))
    }
    assert len(fixed) == 4
    assert {float(v) for n, v in fixed.items() if n.endswith("decay")} == {0.25}


# -- running statistics ----------------------------------------------------------------------------


def test_running_statistics_by_hand():
    """Mean 0, variance 1 in the beginning; each step of a membrane norm enters with momentum 0.1."""

    def at(mean, variance):
        return Statistics(np.array([mean]), np.array([variance]))

    first = averaged({}, {"norm1": [at(2.0, 3.0)]})
    assert first["norm1"].mean == pytest.approx([0.2])
    assert first["norm1"].variance == pytest.approx([1.2])
    # 0.9 (0.9 * 0.2 + 0.1 * 4) + 0.1 * 8 = 1.322
    twice = averaged(first, {"norm1": [at(4.0, 1.2), at(8.0, 1.2)]})
    assert twice["norm1"].mean == pytest.approx([1.322])
    assert twice["norm1"].variance == pytest.approx([1.2])
    other_way = averaged(first, {"norm1": [at(8.0, 1.2), at(4.0, 1.2)]})
    assert other_way["norm1"].mean != pytest.approx([1.322])


def test_membrane_norm_uses_every_step():
    """A step of training moves the statistics of a norm on a membrane T times, t = 0 first."""

    def neuron(shape):
        return ns.LIF(norm=ns.BatchNorm((shape[0], 1, 1)))

    chosen = recipe(network=small_network((1, 8, 8), 3, 4, channels=(4,), neuron=neuron))
    x, y = bars(10, 4)
    state = start(chosen, 0)
    moved, _, _ = step(chosen, chosen.network, state, x[None], y, 0.1)
    _, saved = chosen.network.forward(state.params, x[None])
    uses = ns.batch_statistics(chosen.network, saved)
    membrane_norm = next(name for name, used in uses.items() if len(used) == 4)
    expected = np.zeros_like(uses[membrane_norm][0].mean)
    for t in range(4):
        expected = 0.9 * expected + 0.1 * uses[membrane_norm][t].mean
    np.testing.assert_allclose(moved.statistics[membrane_norm].mean, expected, rtol=1e-5)


# -- seeds -----------------------------------------------------------------------------------------


def test_same_seed_same_bits():
    runs = [last(recipe(), dataset(), epochs=2, seed=3) for _ in range(2)]
    assert_same(*runs)
    other = last(recipe(), dataset(), epochs=2, seed=4)
    assert not np.array_equal(leaves(other.params)[0], leaves(runs[0].params)[0])


def test_a_state_goes_on_as_if_nothing_had_been():
    chosen = recipe(
        network=ns.named(
            ns.Serial(
                ns.Flatten(), ns.Linear(64, 20), ns.Repeat(2), ns.LIF(), ns.Dropout(0.3),
                ns.Linear(20, 3), ns.MeanOverTime(),
            )
        ),
        optimizer=Adam(),
    )  # fmt: skip
    states = list(train(chosen, dataset(), epochs=4, seed=1))
    assert_same(states[-1], last(chosen, dataset(), epochs=4, state=states[1]))


def test_augmentation_is_seeded_and_changes_what_is_learned():
    def noisy(x, rng):
        return x + rng.normal(0, 0.1, x.shape).astype(x.dtype)

    runs = [last(recipe(), dataset(), epochs=1, augment=noisy) for _ in range(2)]
    assert_same(*runs)
    plain = last(recipe(), dataset(), epochs=1)
    assert not np.array_equal(leaves(plain.params)[0], leaves(runs[0].params)[0])


SEEDS: list[int] = []


@dataclass(frozen=True)
class Watched(ns.Dropout):
    def forward(self, params, x):
        SEEDS.append(self.seed)
        return super().forward(params, x)


def test_dropout_is_fresh_in_every_batch_and_off_in_evaluation():
    SEEDS.clear()
    layers = (
        ns.Flatten(), Watched(0.5), ns.Linear(64, 9), ns.Repeat(2), ns.LIF(), ns.Linear(9, 3),
    )  # fmt: skip
    chosen = recipe(network=ns.named(ns.Serial(*layers, ns.MeanOverTime())))
    last(chosen, dataset(train=96), epochs=2, batch_size=32)
    assert len(SEEDS) == len(set(SEEDS)) == 6


def test_before_epoch_sets_network_and_parameters():
    seen = []

    def sharpen(network, params, epoch, epochs):
        seen.append((epoch, epochs))
        lif = params[3]
        width = np.full_like(lif.width, 1 / (1 + epoch))
        return network, (*params[:3], lif._replace(width=width), *params[4:])

    chosen = recipe(before_epoch=sharpen)
    states = list(train(chosen, dataset(), epochs=3))
    assert seen == [(0, 3), (1, 3), (2, 3)]
    assert [float(s.params[3].width) for s in states] == pytest.approx([1, 1 / 2, 1 / 3])


def test_schedule_sees_progress_from_0_to_1():
    seen = []

    def schedule(progress):
        seen.append(progress)
        return 0.01

    last(recipe(schedule=schedule), dataset(train=40), epochs=2, batch_size=16)
    assert seen == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])


def test_events_need_no_repeat():
    rng = np.random.default_rng(0)
    x = (rng.random((24, 5, 2, 8, 8)) < 0.2).astype(np.float32)
    data = Dataset(x, rng.integers(3, size=24), x[:7], rng.integers(3, size=7), tuple("abc"), "e")
    chosen = recipe(network=small_network((2, 8, 8), 3, 5, channels=(4,), events=True))
    state = last(chosen, data, epochs=1, batch_size=8)
    assert 0 <= state.metrics["test_accuracy"] <= 1


# -- evaluation and splits -------------------------------------------------------------------------


def test_evaluation_counts_by_hand():
    """A network that gives fixed outputs: 5 samples, 3 classes, class 2 absent."""
    logits = np.array([[3, 1, 0], [0, 2, 1], [1, 0, 5], [4, 0, 0], [0, 1, 0]], np.float32)
    network = ns.Serial(ns.Flatten(), ns.Linear(3, 3, bias=False))
    params = (None, ns.Linear.Params(np.eye(3, dtype=np.float32), None))
    y = np.array([0, 0, 1, 0, 1])
    for size in (1, 2, 5):
        found = evaluate(network, params, {}, logits.reshape(5, 1, 1, 3), y, batch_size=size)
        assert found.accuracy == 3 / 5
        np.testing.assert_array_equal(found.confusion, [[2, 1, 0], [0, 1, 1], [0, 0, 0]])
        np.testing.assert_array_equal(found.per_class, [2 / 3, 1 / 2, np.nan])
        expected = -np.log(np.exp(logits)[np.arange(5), y] / np.exp(logits).sum(1)).mean()
        assert found.loss == pytest.approx(expected, rel=1e-6)


def test_the_class_is_that_of_the_mean_output():
    """Two steps: class 0 wins the first, 1 the second, 2 the mean."""
    outputs = np.array([[[4.0, 0.0, 3.0]], [[0.0, 4.0, 3.0]]])
    assert predicted(outputs).tolist() == [2]


def test_metrics_are_those_of_the_last_weights():
    data, chosen = dataset(), recipe()
    state = last(chosen, data, epochs=2)
    again = evaluate(chosen.network, state.params, state.statistics, data.test_x, data.test_y)
    assert state.metrics["test_accuracy"] == again.accuracy
    assert state.metrics["test_loss"] == again.loss


def test_metrics_of_training_are_means_over_samples():
    """The last batch is smaller and counts for less; the watcher sees every batch."""
    seen = []
    state = last(recipe(), dataset(train=40), epochs=1, batch_size=16, watch=seen.append)
    assert [(p.epoch, p.epochs, p.batch, p.samples) for p in seen] == [
        (1, 1, 1, 16), (1, 1, 2, 16), (1, 1, 3, 8),
    ]  # fmt: skip
    assert state.metrics["loss"] == pytest.approx(sum(p.loss * p.samples for p in seen) / 40)
    assert state.metrics["train_accuracy"] == sum(p.correct for p in seen) / 40
    assert len({p.loss for p in seen}) == 3


def test_test_images_change_nothing():
    data = dataset()
    other = data._replace(test_x=1 - data.test_x, test_y=data.test_y[::-1].copy())
    a, b = (last(recipe(), d, epochs=3, batch_size=8) for d in (data, other))
    for name, leaf in named_leaves(a.params):
        assert leaf.tobytes() == dict(named_leaves(b.params))[name].tobytes()
    assert a.metrics["test_loss"] != b.metrics["test_loss"]


def test_held_out_part_is_taken_from_training_alone():
    data = dataset(train=30)
    part = held_out(data, 10)
    assert (len(part.train_y), len(part.test_y)) == (20, 10)
    label_of = {x.tobytes(): y for x, y in zip(data.train_x, data.train_y, strict=True)}
    ours, theirs = (np.asarray(x) for x in (part.train_x, part.test_x))
    assert {x.tobytes() for x in (*ours, *theirs)} == set(label_of)
    for xs, ys in ((ours, part.train_y), (theirs, part.test_y)):
        assert [label_of[x.tobytes()] for x in xs] == list(ys)
    assert last(recipe(), part, epochs=1).metrics["test_accuracy"] <= 1
    with pytest.raises(NumsnnError, match="hold-out: 30 of 30"):
        held_out(data, 30)


def test_standardised_by_the_training_part_alone():
    data = dataset(train=30)
    changed = standardised(data)
    x = np.asarray(changed.train_x)
    assert x.dtype == changed.train_x.dtype == np.float32
    assert changed.train_x.shape == data.train_x.shape
    assert abs(x.mean()) < 1e-6
    assert x.std() == pytest.approx(1, abs=1e-5)
    mean, std = data.train_x.mean(dtype=np.float64), data.train_x.std(dtype=np.float64)
    np.testing.assert_allclose(changed.test_x[3:5], (data.test_x[3:5] - mean) / std, rtol=1e-4)
    assert last(recipe(), changed, epochs=1).metrics["loss"] > 0


def test_smoothed_labels_change_the_loss_alone():
    chosen = recipe(clip=2.0)
    assert with_smoothed_labels(chosen, 0.0) is chosen
    smoothed = with_smoothed_labels(chosen, 0.2)
    assert (smoothed.network, smoothed.optimizer, smoothed.clip) == (
        chosen.network, chosen.optimizer, 2.0,
    )  # fmt: skip
    outputs, labels = np.random.default_rng(0).standard_normal((2, 4, 3)), np.array([0, 2, 1, 1])
    found, d_found = smoothed.objective.loss(outputs, labels)
    loss, d_outputs = smoothed_cross_entropy(outputs, labels, 0.2)
    assert found == loss
    assert np.array_equal(d_found, d_outputs)
    other = recipe(objective=Objective(mean_cross_entropy))
    with pytest.raises(NumsnnError, match="the method's loss is mean_cross_entropy"):
        with_smoothed_labels(other, 0.2)


def test_adam_in_place_of_the_optimizer():
    chosen = recipe(optimizer=SGD(0.9, 1e-4, frozen=("gain",)))
    other = with_adam(chosen)
    assert other.optimizer == Adam(frozen=("gain",))
    assert (other.network, other.objective) == (chosen.network, chosen.objective)


# -- what is refused -------------------------------------------------------------------------------


def test_a_loss_that_explodes_names_epoch_and_batch():
    chosen = recipe(schedule=constant(1e30))
    with pytest.raises(NumsnnError, match=r"epoch 1, batch [23] of 6: .*(nan|inf|finite)"):
        last(chosen, dataset(), epochs=2, batch_size=16)


def test_a_loss_that_is_not_finite_is_an_error():
    def broken(outputs, labels):
        loss, d = cross_entropy(outputs, labels)
        return loss * np.nan, d

    with pytest.raises(NumsnnError, match="epoch 1, batch 1 of 2: the loss is nan"):
        last(recipe(objective=Objective(broken)), dataset(), epochs=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d._replace(train_x=d.train_x * np.nan), "epoch 1, batch 1 .*finite"),
        (lambda d: d._replace(train_y=d.train_y + 1), r"labels must lie in \[0, 3\)"),
        (lambda d: d._replace(train_y=d.train_y * 1.0), "labels must be .* integers"),
        (lambda d: d._replace(train_x=d.train_x[:0], train_y=d.train_y[:0]), "empty"),
        (lambda d: d._replace(train_x=d.train_x[:-1]), "95 rows, y 96"),
        (lambda d: d._replace(train_x=d.train_x[:, 0]), "found .*8, 8"),
        (lambda d: d._replace(train_x=d.train_x.repeat(2, 1)), "2 channels"),
    ],
)
def test_bad_data(change, message):
    with pytest.raises(NumsnnError, match=message):
        last(recipe(), change(dataset()), epochs=1)


@pytest.mark.parametrize("setting", [{"epochs": 0}, {"epochs": 1, "batch_size": 0}])
def test_bad_settings(setting):
    with pytest.raises(NumsnnError, match="at least 1"):
        last(recipe(), dataset(), **setting)


def test_a_penalty_must_find_its_neurons():
    wrong = recipe(objective=Objective(penalties=(Penalty(MembraneL2(), 1.0, on=("lif9",)),)))
    with pytest.raises(NumsnnError, match="lif9"):
        start(wrong, 0)
    twice = recipe(objective=Objective(penalties=(Penalty(MembraneL2(), 1.0),) * 2))
    with pytest.raises(NumsnnError, match="two penalties"):
        start(twice, 0)
    with pytest.raises(NumsnnError, match="weight"):
        Penalty(MembraneL2(), float("nan"))
    with pytest.raises(NumsnnError, match="tuple"):
        Penalty(MembraneL2(), 1.0, on="lif1")


def test_a_recipe_starts_from_its_own_weights():
    network = small_network((1, 8, 8), 3, 2, channels=(4,))
    given = network.init(np.random.default_rng(77))
    chosen = Recipe(network, init=lambda rng, dtype: given)
    assert start(chosen, 0).params is given


@pytest.mark.parametrize("shape", [(8, 8), (1, 0, 8), (1, 1, 8, 8)])
def test_small_network_refuses_other_shapes(shape):
    with pytest.raises(NumsnnError, match="input_shape"):
        small_network(shape, 3, 2)


@pytest.mark.parametrize("learns", ["decay", "width"])
def test_training_has_no_gradient_of_what_is_frozen(learns):
    """Adam would keep its moments."""
    optimizer = Adam(frozen=tuple(name for name in FROZEN if name != learns))
    case = recipe(optimizer=optimizer, schedule=constant(1e-3))
    state = next(train(case, dataset(32, 0), epochs=1, batch_size=16))
    moments = dict(named_leaves(state.optimizer.square))
    for name, moment in moments.items():
        assert moment.any() == case.optimizer.learns(name), name
    assert sum(name.endswith(f"/{learns}") for name in moments) == 2
