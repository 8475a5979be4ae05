"""What becomes of gamma: read it, follow it through a training, say where it is not positive."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from numsnn.neurons import LIF
from numsnn.observe import neurons
from numsnn.papers.parametrised import plain
from numsnn.papers.psg_surrogates import Parametric
from numsnn.tree import Tree


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


def not_positive(network: Any, states: Iterable[Any]) -> list[NotPositive]:
    """Where and when gamma was not positive, from the states that ``train`` yields.

    Nothing in PSG & PDA eq. 18 keeps it positive, and below 0 eq. 16 turns round: an outcome of
    the training, so it is recorded and not refused.
    """
    return [
        NotPositive(name, state.epoch, gamma)
        for state in states
        for name, gamma in gammas(network, state.params).items()
        if gamma <= 0
    ]
