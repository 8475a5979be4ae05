"""Small random pieces from which the entries draw their cases."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.checks import LayerCase
from numsnn.layout import empty
from numsnn.neurons import State
from numsnn.observe import names, neurons, starting
from numsnn.tree import Tree, map_named

Rng = np.random.Generator
Reference = Callable[[Any, Tree, Any], Tree]

RANGES = {"decay": (0.1, 0.95), "threshold": (0.1, 0.7), "width": (0.5, 2.0), "amount": (0.2, 1.2)}


def sizes(rng: Rng, *ranges: tuple[int, int]) -> Any:
    """One integer from each range, ends included."""
    return tuple(int(rng.integers(low, high + 1)) for low, high in ranges)


def pick(rng: Rng, options: Any) -> Any:
    """One of ``options``."""
    options = list(options)
    return options[int(rng.integers(len(options)))]


def coin(rng: Rng, probability: float = 0.5) -> bool:
    return bool(rng.random() < probability)


def stirred(rng: Rng, params: Tree) -> Tree:
    """Parameters with nothing at a default: gains of both signs, biases not 0, a leak in (0, 1)."""

    def stir(name: str, leaf: np.ndarray) -> np.ndarray:
        last = name.rpartition("/")[2]
        if last in RANGES:
            return rng.uniform(*RANGES[last], np.shape(leaf))
        if last == "gain":
            return rng.uniform(0.5, 1.5, np.shape(leaf)) * rng.choice([-1.0, 1.0], np.shape(leaf))
        if last in ("bias", "shift"):
            return 0.5 * rng.standard_normal(np.shape(leaf))
        if last == "weight":
            return 1.5 * rng.standard_normal(np.shape(leaf))  # enough to make the next layer fire
        return leaf

    return map_named(stir, params)


def channels_last(x: np.ndarray) -> np.ndarray:
    """x [T, N, C, H, W] as a convolution leaves it: the channels of a pixel are neighbours in memory."""
    y = empty(x.shape, x.dtype, last=True)
    y[:] = x
    return y


def started(rng: Rng, network: Any, params: Tree, x: np.ndarray) -> Tree:
    """``params`` with a random initial state for every neuron."""
    _, saved = network.forward(params, x)
    states = {}
    for name, (_, share) in zip(names(network), neurons(network, saved), strict=True):
        shape = share.final.membrane.shape
        states[name] = State(rng.standard_normal(shape), (rng.random(shape) < 0.5) * 1.0)
    return starting(network, params, states)


def layer_case(
    rng: Rng, layer: Any, shape: tuple[int, ...], reference: Reference | None = None
) -> LayerCase:
    """The layer with stirred parameters and a Gaussian input of ``shape``."""
    params = stirred(rng, layer.init(rng, np.float64))
    return LayerCase(layer, params, rng.standard_normal(shape), reference=reference)
