"""The whole objective of a training step: loss and penalties through a relaxed network."""

from typing import Any

import numpy as np

from numsnn.checks import FunctionCase
from numsnn.checks.cases import neuron_switches
from numsnn.losses import LOSSES
from numsnn.modes import relaxed
from numsnn.observe import membranes, names
from numsnn.recipes import Objective, Penalty
from numsnn.registry.draws import Rng, pick
from numsnn.registry.entry import Entry
from numsnn.registry.networks import random_network
from numsnn.registry.regularizers import SMOOTH
from numsnn.tree import Tree, leaves


def objective(rng: Rng) -> FunctionCase:
    """L(params) = loss(outputs, labels) + weighted penalties on some membranes, and dL/d params.

    The value is put together here, the gradient by ``Objective`` and one backward.
    """
    case = random_network(rng)
    _, run = relaxed(case.layer).forward(case.params, case.x)
    network = relaxed(case.layer, run)
    outputs, _ = network.forward(case.params, case.x)
    if outputs.ndim != 3 or outputs.shape[2] < 2:
        return objective(rng)
    labels = rng.integers(outputs.shape[2], size=outputs.shape[1])
    loss = pick(rng, LOSSES.values())
    some = tuple(name for name in names(network) if name.startswith("lif"))[: rng.integers(1, 4)]
    penalties = (
        Penalty(pick(rng, SMOOTH), rng.uniform(0.5, 2), some, "first"),
        Penalty(pick(rng, SMOOTH), rng.uniform(0.5, 2), None, "second"),
    )

    def value(params: Tree) -> tuple[Any, Tree]:
        y, saved = network.forward(params, case.x)
        total, _ = loss(y, labels)
        found = membranes(network, saved)
        for penalty in penalties:
            layers = penalty.neurons(network)
            total = total + penalty.weight * sum(
                penalty.regularizer(found[name])[0] for name in layers
            ) / len(layers)
        if any(np.iscomplexobj(leaf) for leaf in leaves(params)):
            return total, params  # a tangent rides on the value; nobody asks for the gradient
        _, d_y, d_membranes = Objective(loss, penalties)(network, saved, y, labels)
        return total, network.backward(saved, d_y, d_membranes)[1]

    def switches(params: Tree) -> dict[str, Any]:
        _, saved = network.forward(params, case.x)
        return neuron_switches(network, saved, hard=False, kinked=True)

    return FunctionCase(value, (case.params,), "objective", switches)


ENTRIES = (
    Entry(
        "objective",
        (Objective, Penalty),
        objective,
        ("complex-step", "differences", "taylor"),
        "potentials on a kink of the surrogate",
        cases=20,
    ),
)
