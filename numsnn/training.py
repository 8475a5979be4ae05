"""Training: the loop, its one step, and the state it carries. Everything else is handed in.

for state in train(recipe, dataset, epochs=20):
    print(state.metrics)

A state holds all that the rest of the run depends on, the random state included: the same state
goes on the same way, in this process or in another.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from numsnn.data.batches import Augment, batches
from numsnn.dropout import resampled
from numsnn.errors import NumsnnError
from numsnn.evaluation import as_steps, evaluate, predicted
from numsnn.gradient import gradient
from numsnn.layer import Array
from numsnn.modes import holding
from numsnn.norms import Statistics
from numsnn.observe import batch_statistics
from numsnn.optimizers import clipped
from numsnn.recipes import Recipe
from numsnn.teams import Team
from numsnn.tree import Tree, leaves, map_named
from numsnn.validate import positive_integer

MOMENTUM = 0.1  # the share of a batch in the running statistics


class TrainingState(NamedTuple):
    """A training after ``epoch`` epochs."""

    params: Tree
    optimizer: Tree
    statistics: dict[str, Statistics]  # running ones, by the name of the norm
    random: Mapping[str, Any]  # the state of the generator behind order, augmentation and dropout
    epoch: int
    history: tuple[dict[str, float], ...]  # the metrics of every epoch

    @property
    def metrics(self) -> dict[str, float]:
        """Those of the last epoch."""
        return self.history[-1]


class Progress(NamedTuple):
    """What ``watch`` sees after a batch."""

    epoch: int  # from 1
    epochs: int
    batch: int  # from 1
    samples: int  # in this batch
    loss: float
    correct: int


def start(recipe: Recipe, seed: int = 0, dtype: Any = np.float32) -> TrainingState:
    """The state before the first epoch, all of it drawn from ``seed``."""
    recipe.objective.check(recipe.network)
    rng = np.random.default_rng(seed)
    params = recipe.start(rng, dtype)
    return TrainingState(params, recipe.optimizer.init(params), {}, rng.bit_generator.state, 0, ())


def train(
    recipe: Recipe,
    dataset: Any,
    *,
    epochs: int,
    batch_size: int = 64,
    seed: int = 0,
    augment: Augment | None = None,
    state: TrainingState | None = None,
    processes: int = 1,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[TrainingState]:
    """One state an epoch, until ``epochs`` are done; ``state`` continues where one was left.

    Every epoch goes over the training part once, in an order of its own, and then evaluates the
    test part (where there is one). ``augment(x, rng)`` changes the images [N, C, H, W] of a batch.
    More than one of ``processes`` share every batch (``numsnn.teams``), which is faster and changes
    the last bits.
    A state's metrics: ``loss`` and its terms and ``train_accuracy``, averaged over the batches as
    they were trained on; ``test_loss``, ``test_accuracy``; ``rate``, ``seconds`` since the start,
    ``samples_per_second`` of training; what the recipe reports. Raises NumsnnError on bad input,
    and where the loss or an activation is no longer finite, naming epoch and batch.
    """
    positive_integer("train", "epochs", epochs)
    positive_integer("train", "batch_size", batch_size)
    positive_integer("train", "processes", processes)
    state = start(recipe, seed) if state is None else state
    while state.epoch < epochs:
        state = _epoch(recipe, dataset, state, epochs, batch_size, augment, processes, watch)
        yield state


def in_force(recipe: Recipe, params: Tree, epoch: int, epochs: int) -> tuple[Any, Tree]:
    """The network and parameters with which an epoch (from 0) begins."""
    if recipe.before_epoch is None:
        return recipe.network, params
    return recipe.before_epoch(recipe.network, params, epoch, epochs)


def step(
    recipe: Recipe,
    network: Any,
    state: TrainingState,
    x: Array,
    labels: Array,
    rate: float,
) -> tuple[TrainingState, dict[str, float], Array]:
    """One batch: parameters, optimizer and running statistics move; also the terms, the outputs.

    Raises NumsnnError where the loss is not finite.
    """
    terms, outputs, saved, d_params = gradient(network, recipe.objective, state.params, x, labels)
    if recipe.clip is not None:  # of the gradient of what learns
        learns = recipe.optimizer.learns
        d_params = map_named(lambda name, g: g if learns(name) else 0 * g, d_params)
        d_params = clipped(d_params, recipe.clip)
    params, moments = recipe.optimizer.update(state.params, d_params, state.optimizer, rate)
    statistics = averaged(state.statistics, batch_statistics(network, saved))
    moved = state._replace(params=params, optimizer=moments, statistics=statistics)
    return moved, terms, outputs


def shared_step(
    team: Team, network: Any, state: TrainingState, x: Array, labels: Array, rate: float
) -> tuple[TrainingState, dict[str, float], Array]:
    """As ``step``, by a team of this network; what it trains is in its hands until it gives it back."""
    loss, outputs, saved = team.step(x, labels, rate)
    statistics = averaged(state.statistics, batch_statistics(network, saved))
    return state._replace(statistics=statistics), {"loss": loss}, outputs


def averaged(
    running: Mapping[str, Statistics], batch: Mapping[str, list[Statistics]]
) -> dict[str, Statistics]:
    """r <- (1 - momentum) r + momentum b, for mean and biased variance of every norm.

    They start at mean 0 and variance 1. A norm on a membrane has one b a step, and they enter in
    the order t = 0..T-1 (the MPBN authors' way).
    """
    result = dict(running)
    for name, uses in batch.items():
        for b in uses:
            r = result.get(name, Statistics(np.zeros_like(b.mean), np.ones_like(b.variance)))
            pairs = zip(r, b, strict=True)
            result[name] = Statistics(
                *((1 - MOMENTUM) * old + MOMENTUM * new for old, new in pairs)
            )
    return result


def _epoch(
    recipe: Recipe,
    dataset: Any,
    state: TrainingState,
    epochs: int,
    batch_size: int,
    augment: Augment | None,
    processes: int,
    watch: Callable[[Progress], None],
) -> TrainingState:
    began, epoch = time.perf_counter(), state.epoch + 1
    rng = np.random.default_rng()
    rng.bit_generator.state = state.random
    network, params = in_force(recipe, state.params, state.epoch, epochs)
    recipe.objective.check(network)
    state = state._replace(params=params)
    dtype = leaves(params)[0].dtype
    count = len(dataset.train_y)
    in_all = -(-count // batch_size)
    sums, right, rate = dict[str, float](), 0, 0.0
    parts = batches(dataset.train_x, dataset.train_y, batch_size, rng, augment=augment)
    held = holding(network, recipe.optimizer.learns)
    with _team(recipe, held, state, processes) as team:
        for number, (x, labels) in enumerate(parts):
            rate = recipe.schedule((state.epoch + number / in_all) / epochs)
            fresh = resampled(held, rng)  # new dropout masks
            x = as_steps(x, dtype)
            with _at(f"epoch {epoch}, batch {number + 1} of {in_all}"):
                if team is None:
                    state, terms, outputs = step(recipe, fresh, state, x, labels, rate)
                else:
                    state, terms, outputs = shared_step(team, held, state, x, labels, rate)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + term * len(labels)
            correct = int((predicted(outputs) == labels).sum())
            right += correct
            watch(Progress(epoch, epochs, number + 1, len(labels), terms["loss"], correct))
        if team is not None:
            params, moments = team.give()
            state = state._replace(params=params, optimizer=moments)
    speed = count / (time.perf_counter() - began)
    metrics = {"epoch": epoch, **{name: total / count for name, total in sums.items()}}
    metrics["train_accuracy"] = right / count
    if len(dataset.test_y):
        with _at(f"epoch {epoch}, evaluation"):
            test = evaluate(
                network, state.params, state.statistics, dataset.test_x, dataset.test_y,
                loss=recipe.objective.loss, batch_size=batch_size,
            )  # fmt: skip
        metrics |= {"test_loss": test.loss, "test_accuracy": test.accuracy}
    if recipe.report is not None:
        metrics |= recipe.report(network, state.params)
    before = state.history[-1]["seconds"] if state.history else 0.0
    seconds = before + time.perf_counter() - began
    metrics |= {"rate": rate, "seconds": seconds, "samples_per_second": speed}
    history = (*state.history, metrics)
    return state._replace(random=rng.bit_generator.state, epoch=epoch, history=history)


@contextmanager
def _team(
    recipe: Recipe, network: Any, state: TrainingState, processes: int
) -> Iterator[Team | None]:
    """The team of an epoch, which trains its network from this state on; None for one process."""
    if processes == 1:
        yield None
        return
    with Team(network, recipe.objective, recipe.optimizer, processes, recipe.clip) as team:
        team.take(state.params, state.optimizer)
        yield team


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Errors from inside begin with the place; no warning where an error will follow."""
    try:
        with np.errstate(all="ignore"):
            yield
    except NumsnnError as error:
        raise NumsnnError(f"{place}: {error}") from error
