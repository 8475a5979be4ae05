"""Modes: networks made from networks, checked as the networks they are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.checks import LayerCase
from numsnn.dropout import resampled
from numsnn.folding import folded
from numsnn.layer import map_layers
from numsnn.modes import anchored, evaluating, relaxed, relu_twin
from numsnn.norms import BatchNorm, Statistics
from numsnn.registry.draws import Rng, stirred
from numsnn.registry.entry import FIRING, SMOOTH, Entry
from numsnn.registry.networks import random_network
from numsnn.tree import Tree

KINKS = "potentials on the threshold, or on a kink of the surrogate"


def statistics_of(rng: Rng, network: Any) -> dict[str, Statistics]:
    """Random running statistics for every norm, by name."""
    found: dict[str, Statistics] = {}

    def collect(layer: Any) -> Any:
        if isinstance(layer, BatchNorm):
            mean, variance = rng.standard_normal(layer.shape), rng.uniform(0.1, 2, layer.shape)
            found[layer.name] = Statistics(mean, variance)
        return layer

    map_layers(collect, network)
    return found


def evaluated(rng: Rng) -> LayerCase:
    """Running statistics in place of the batch's."""
    case = random_network(rng)
    network = evaluating(case.layer, statistics_of(rng, case.layer))
    return LayerCase(network, case.params, case.x, "evaluating")


def without_norms(rng: Rng) -> LayerCase:
    """Folded: norms in weights and thresholds, each spike as in the evaluated network."""
    case = random_network(rng, carry="raw")
    running = statistics_of(rng, case.layer)
    whole = evaluating(case.layer, running)
    network, params = folded(case.layer, case.params, running)

    def unfolded(layer: Any, params_: Tree, x: Any) -> Tree:
        return whole.forward(case.params, x)[0]

    return LayerCase(network, params, case.x, "folded", reference=unfolded)


def exact(rng: Rng) -> LayerCase:
    """The relaxed network as a network: nothing is replaced a second time."""
    case = random_network(rng)
    _, saved = relaxed(case.layer).forward(case.params, case.x)
    return _as_it_is(relaxed(case.layer, saved), case, "relaxed")


def around(affine: bool) -> Callable[[Rng], LayerCase]:
    def draw(rng: Rng) -> LayerCase:
        case = random_network(rng)
        _, saved = case.layer.forward(case.params, case.x)
        return _as_it_is(anchored(case.layer, saved, affine), case, "anchored")

    return draw


def twin(rng: Rng) -> LayerCase:
    case = random_network(rng)
    network = relu_twin(case.layer)
    params = stirred(rng, network.init(rng, np.float64))
    return LayerCase(network, params, case.x[:1], "relu_twin")  # a twin has no time


def remasked(rng: Rng) -> LayerCase:
    case = random_network(rng)
    return LayerCase(resampled(case.layer, rng), case.params, case.x, "resampled")


def _as_it_is(network: Any, case: LayerCase, name: str) -> LayerCase:
    def kept(layer: Any, saved: Tree) -> Any:
        return layer

    return LayerCase(network, case.params, case.x, name, relax=kept)


NETWORK = tuple(check for check in FIRING if check != "each-parameter")
TWIN = tuple(check for check in SMOOTH if check != "each-parameter")
ENTRIES = (
    Entry("mode/evaluating", (evaluating,), evaluated, NETWORK, KINKS),
    Entry("mode/folded", (folded,), without_norms, (*NETWORK, "formula"), KINKS),
    Entry("mode/relaxed", (relaxed,), exact, ("complex-step", "differences"), KINKS),
    Entry("mode/anchored", (anchored,), around(False), ("complex-step", "differences"), KINKS),
    Entry("mode/anchored-affine", (anchored,), around(True), ("complex-step", "differences")),
    Entry("mode/relu_twin", (relu_twin,), twin, TWIN, "potentials at the corner of a ReLU"),
    Entry("mode/resampled", (resampled,), remasked, ("contract", "adjoint", "complex-step")),
)
