"""What becomes of gamma: read it, follow it through a training, say where it is not positive."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from numsnn.neurons import LIF
from numsnn.observe import neurons
from numsnn.papers.parametrised import plain
from numsnn.papers.psg_surrogates import Parametric
from numsnn.tree import Tree

PREFIX = "gamma "  # of its names among the metrics


class NotPositive(NamedTuple):
    """A layer whose gamma was not positive after an epoch."""

    layer: str
    epoch: int
    gamma: float


def gammas(network: Any, params: Tree) -> dict[str, float]:
    """gamma of every layer with a parametric surrogate, by the name of its neuron.

    The smallest one, where a layer has several.
    """
    return {
        neuron.name: float(np.min(share.width))
        for neuron, share in neurons(*plain(network, params))
        if isinstance(neuron, LIF) and isinstance(neuron.surrogate, Parametric)
    }


def report(network: Any, params: Tree) -> dict[str, float]:
    """``gammas`` as metrics of an epoch: "gamma lif1" and so on."""
    return {f"{PREFIX}{name}": gamma for name, gamma in gammas(network, params).items()}


def not_positive(history: Iterable[Mapping[str, float]]) -> list[NotPositive]:
    """Where and when gamma was not positive, from the metrics of a training (``state.history``).

    Nothing in PSG & PDA eq. 18 keeps it positive. Below 0 eq. 16 turns round, while eq. 11, which
    is even, does not notice: an outcome of the training, so it is recorded and not refused.
    """
    return [
        NotPositive(name.removeprefix(PREFIX), int(row["epoch"]), value)
        for row in history
        for name, value in row.items()
        if name.startswith(PREFIX) and value <= 0
    ]
