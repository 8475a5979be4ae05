"""What a layer is: a frozen dataclass of hyper-parameters with a forward and a backward.

    y, saved      = layer.forward(params, x)
    d_x, d_params = layer.backward(saved, d_y, d_membranes)

Arrays are [T, N, ...]: T steps, N samples. ``params`` goes in, ``saved`` (what backward needs)
comes out, and nothing is kept in the layer. ``d_params`` has the structure of ``params``. Any
class with these two methods can stand in a network; this base only spares it the rest.

A layer may bring more. ``backward_params`` is below. ``forward_over`` and ``backward_over`` are the two
methods where x, or d_y, is nobody else's: they may write over it, which spares an array. ``unkept`` names
what of "y" and "d_x" a layer makes anew and does not keep: what comes next may write over that.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError

Array = np.ndarray
Cotangents = Mapping[str, Any]
METHODS = {"y": "forward", "d_x": "backward"}  # an array, and the method that gives it


class Layer:
    """A layer without parameters and without parts; subclasses add what they have."""

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Any:
        """Fresh parameters, drawn from ``rng``; None where the layer has none."""
        return None

    def forward(self, params: Any, x: Array) -> tuple[Array, Any]:
        raise NotImplementedError

    def backward(
        self, saved: Any, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Any]:
        raise NotImplementedError

    def parts(self) -> dict[Any, "Layer"]:
        """The layers inside, by the key under which ``params`` and ``saved`` hold their share."""
        return {}

    def with_parts(self, parts: dict[Any, "Layer"]) -> "Layer":
        """The same layer with other layers inside."""
        return dataclasses.replace(self, **parts) if parts else self  # type: ignore[type-var]


def backward_params(
    layer: Any, saved: Any, d_y: Array, d_membranes: Cotangents | None = None
) -> Any:
    """d_params of ``layer.backward`` alone, for a network's first layer: nobody asks for its d_x.

    A layer for which d_x is work by itself has a method of this name that leaves it out.
    """
    if brings(layer, "backward_params", "backward"):
        return layer.backward_params(saved, d_y, d_membranes)
    return layer.backward(saved, d_y, d_membranes)[1]


def unkept(layer: Any, what: str) -> bool:
    """Whether "y" or "d_x" of a layer is an array that it makes anew and does not keep."""
    return brings(layer, "unkept", METHODS[what]) and what in layer.unkept


def brings(layer: Any, name: str, method: str) -> bool:
    """Whether a layer has an attribute of this name that goes with its method.

    A class that brings a method of its own is not asked for what older classes have besides theirs.
    """
    for kind in type(layer).__mro__:
        if name in vars(kind):
            return True
        if method in vars(kind):
            break
    return False


def map_layers(function: Callable[[Any], Any], network: Any) -> Any:
    """The network with ``function`` applied to every layer, inner ones first.

    Every mode is such a map: evaluating, relaxed, anchored, folded, a twin.
    """
    parts = network.parts() if hasattr(network, "parts") else {}
    if parts:
        network = network.with_parts({key: map_layers(function, p) for key, p in parts.items()})
    return function(network)


def part_of(tree: Any, key: Any) -> Any:
    """The share of the part ``key`` in a tree of parameters or residuals."""
    if tree is None:
        return None
    return tree[key] if isinstance(key, int) else getattr(tree, key)


def walk(network: Any, *trees: Any) -> Any:
    """Yield ``(layer, *shares)`` for every layer, outer ones first, in forward order."""
    yield (network, *trees)
    for key, part in (network.parts() if hasattr(network, "parts") else {}).items():
        yield from walk(part, *(part_of(tree, key) for tree in trees))


def named(network: Any) -> Any:
    """The network with a unique name for every neuron, norm and readout that has none.

    Names count by kind in forward order: ``lif1``, ``lif2``, ``norm1``. Raises NumsnnError where
    two layers were given one name.
    """
    given = [layer.name for (layer,) in walk(network) if getattr(layer, "name", "")]
    for name in given:
        if given.count(name) > 1:
            raise NumsnnError(
                f"named: two layers have the name {name!r}; every name must be its own"
            )
    counts: dict[str, int] = {}

    def name_one(layer: Any) -> Any:
        if getattr(layer, "name", None) != "":
            return layer
        stem = layer.stem
        while True:
            counts[stem] = counts.get(stem, 0) + 1
            if f"{stem}{counts[stem]}" not in given:
                return dataclasses.replace(layer, name=f"{stem}{counts[stem]}")

    return map_layers(name_one, network)
