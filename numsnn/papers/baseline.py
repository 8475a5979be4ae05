"""No method: the same neurons and network without normalisation, penalty or a changing surrogate."""

from typing import Any

from numsnn.networks import small_network
from numsnn.optimizers import SGD, cosine
from numsnn.papers.places import Shape
from numsnn.papers.tdbn import neuron
from numsnn.recipes import Recipe


def recipe(
    input_shape: Shape,
    classes: int,
    T: int,
    *,
    network: Any = small_network,
    events: bool = False,
    rate: float = 0.1,
    weight_decay: float = 5e-4,
) -> Recipe:
    """tdBN's neuron, loss and optimizer, and convolutions with a bias in place of norms."""
    built = network(input_shape, classes, T, events=events, neuron=neuron, norm=None)
    return Recipe(built, optimizer=SGD(0.9, weight_decay), schedule=cosine(rate))
