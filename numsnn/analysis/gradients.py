"""How large gradients are, layer by layer: whether they vanish or explode on their way down."""

from typing import Any

import numpy as np

from numsnn.layer import Array, map_layers
from numsnn.neurons import LIF
from numsnn.observe import neurons
from numsnn.tree import Tree, named_leaves


def gradient_norms(d_params: Tree) -> dict[str, float]:
    """|dL/dw| of every array of parameters, by its place in the tree, in forward order."""
    return {name: _norm(leaf) for name, leaf in named_leaves(d_params)}


def membrane_gradient_norms(network: Any, saved: Tree, d_outputs: Array) -> dict[str, float]:
    """|dL/dU| of every neuron's current over all steps and samples, by name, in forward order.

    dL/d current[t] is the total derivative through everything that follows: what tdBN's Figure 2
    follows through depth.
    """
    found: dict[str, float] = {}

    def watched(layer: Any) -> Any:
        return _Watched(layer, found) if isinstance(layer, LIF) else layer

    map_layers(watched, network).backward(saved, d_outputs)
    return {
        layer.name: found[layer.name] for layer, _ in neurons(network, saved) if layer.name in found
    }


class _Watched:
    """A neuron that notes the norm of the cotangent it hands on."""

    def __init__(self, neuron: LIF, found: dict[str, float]) -> None:
        self.neuron, self.found = neuron, found

    def forward(self, params: Any, x: Array) -> tuple[Array, Any]:
        return self.neuron.forward(params, x)

    def backward(self, saved: Any, d_y: Array, d_membranes: Any = None) -> tuple[Array, Any]:
        d_x, d_params = self.neuron.backward(saved, d_y, d_membranes)
        self.found[self.neuron.name] = _norm(d_x)
        return d_x, d_params


def _norm(x: Array) -> float:
    return float(np.sqrt(np.sum(np.square(np.abs(x)), dtype=np.float64)))
