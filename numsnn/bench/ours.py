"""The workloads in this library, from its public pieces: a training step, an inference."""

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from numsnn.bench.workloads import Batch, Workload
from numsnn.folding import folded
from numsnn.modes import evaluating, holding
from numsnn.norms import Statistics
from numsnn.observe import batch_statistics
from numsnn.recipes import Recipe
from numsnn.teams import Team
from numsnn.training import TrainingState, shared_step, start, step
from numsnn.tree import Tree

RATE = 0.01
SEED = 0


def training(workload: Workload, processes: int = 1) -> Callable[[], float]:
    """A function that trains one batch and gives its loss: what `numsnn train` does for a batch.

    Forward, cross-entropy, backward, SGD with momentum 0.9, running statistics of the norms. More
    than one of ``processes`` share the batch; they go when the function does.
    """
    recipe = Recipe(workload.network())
    state: TrainingState = start(recipe, SEED)
    x, labels = workload.data(np.random.default_rng(SEED))
    network = holding(recipe.network, recipe.optimizer.learns)

    def train() -> float:
        nonlocal state
        state, terms, _ = step(recipe, network, state, x, labels, RATE)
        return terms["loss"]

    if processes == 1:
        return train
    team = Team(network, recipe.objective, recipe.optimizer, processes)
    team.take(state.params, state.optimizer)
    team.begin(x, labels)

    def train_together() -> float:
        nonlocal state
        state, terms, _ = shared_step(team, network, state, x, labels, RATE)
        return terms["loss"]

    weakref.finalize(train_together, team.close)
    return train_together


class Trained(NamedTuple):
    """A network as it would be after training, for inference."""

    network: Any
    params: Tree
    statistics: dict[str, Statistics]
    batch: Batch


def trained(workload: Workload) -> Trained:
    """The workload's network with its first parameters and the statistics of one batch."""
    network = workload.network()
    params = network.init(np.random.default_rng(SEED))
    batch = workload.data(np.random.default_rng(SEED))
    _, saved = network.forward(params, batch.x)
    statistics = {name: uses[0] for name, uses in batch_statistics(network, saved).items()}
    return Trained(network, params, statistics, batch)


def inference(given: Trained, fold: bool) -> Callable[[], np.ndarray]:
    """A function that gives the outputs of the batch: with running statistics, or folded."""
    network, params = evaluating(given.network, given.statistics), given.params
    if fold:
        network, params = folded(given.network, params, given.statistics)

    def infer() -> np.ndarray:
        outputs, _ = network.forward(params, given.batch.x)
        return outputs

    return infer
