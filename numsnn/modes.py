"""Modes of a network are functions from networks to networks: nothing is switched, all is replaced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numsnn.compose import Identity, Repeat, Serial
from numsnn.dropout import Dropout
from numsnn.firing import Anchored, Relaxed
from numsnn.layer import Array, Cotangents, Layer, map_layers
from numsnn.neurons import LEARNABLE, LIF
from numsnn.norms import BatchNorm, FixedNorm, Statistics
from numsnn.observe import names, neurons
from numsnn.tree import Tree
from numsnn.validate import cotangent, require, sequence


def evaluating(network: Any, statistics: Mapping[str, Statistics]) -> Any:
    """The network that normalises with the given running statistics and drops nothing out.

    ``statistics`` has one entry for every BatchNorm, by name. Its params are the network's own.
    Raises NumsnnError where one is missing.
    """

    def fixed(layer: Any) -> Any:
        if isinstance(layer, Dropout):
            return Identity()
        if not isinstance(layer, BatchNorm):
            return layer
        require(
            layer.name in statistics,
            f"evaluating: no statistics for the norm {layer.name!r}, found {sorted(statistics)}",
        )
        return FixedNorm(layer.shape, statistics[layer.name], layer.scale, layer.eps, layer.name)

    return map_layers(fixed, network)


def holding(network: Any, learns: Callable[[str], bool]) -> Any:
    """The network whose neurons leave out the gradients of what does not learn: they come back as zeros.

    ``learns(name)`` says whether a neuron's decay, threshold or width does, as an optimizer's method
    of that name.
    """
    constants = tuple(name for name in LEARNABLE if not learns(name))

    def hold(layer: Any) -> Any:
        return replace(layer, constants=constants) if isinstance(layer, LIF) else layer

    return map_layers(hold, network)


def relaxed(network: Any, saved: Tree = None) -> Any:
    """The network whose neurons give P(z) in place of H(z): its backward is its exact gradient.

    With a detached reset that holds for the forward whose reset is frozen as recorded: pass the
    ``saved`` of a relaxed run at the point where differences are taken.
    """
    firing = _firing_names(network)
    if saved is None:
        return _with_firing(network, {name: Relaxed() for name in firing})
    return _with_firing(
        network,
        {n.name: Relaxed(s.spikes) for n, s in neurons(network, saved) if isinstance(n, LIF)},
    )


def anchored(network: Any, saved: Tree, affine: bool = False) -> Any:
    """The network that reproduces the spikes recorded in ``saved`` and follows P around them.

    Its true derivative at the recorded point is the surrogate gradient of the spiking network.
    """

    def anchor(layer: LIF, share: LIF.Saved) -> Anchored:
        params = share.params
        direction = 1 if params.direction is None else params.direction
        z = direction * share.membrane - params.threshold
        return Anchored(z, params.width, share.spikes, affine)

    rows = [(n, s) for n, s in neurons(network, saved) if isinstance(n, LIF)]
    _firing_names(network)
    return _with_firing(network, {n.name: anchor(n, s) for n, s in rows})


def relu_twin(network: Any) -> Any:
    """The same layers with ReLU for every LIF and no time: for comparison and operation counts.

    A norm on the membrane stays, ahead of its ReLU; lateral terms and repetition over time go.
    """

    def twin(layer: Any) -> Any:
        if isinstance(layer, LIF):
            return ReLU() if layer.norm is None else Serial(layer.norm, ReLU())
        return Identity() if isinstance(layer, Repeat) else layer

    return map_layers(twin, network)


@dataclass(frozen=True)
class ReLU(Layer):
    """y = max(0, x), slope 0 at 0.  x and y: [T, N, ...]."""

    def forward(self, params: None, x: Array) -> tuple[Array, Array]:
        sequence("ReLU", x, least=2)
        open_ = x.real > 0
        return np.where(open_, x, 0), open_

    def backward(
        self, saved: Array, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        cotangent("ReLU.backward", d_y, saved.shape)
        return np.where(saved, d_y, 0), None


def _firing_names(network: Any) -> list[str]:
    return [n.name for (n,) in neurons(network) if isinstance(n, LIF)] if names(network) else []


def _with_firing(network: Any, firing: Mapping[str, Any]) -> Any:
    def put(layer: Any) -> Any:
        return replace(layer, firing=firing[layer.name]) if isinstance(layer, LIF) else layer

    return map_layers(put, network)
