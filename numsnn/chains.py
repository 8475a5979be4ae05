"""Rewriting a network together with its parameters: as a chain of both, or layer by layer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from numsnn.compose import Identity, Repeat, Serial
from numsnn.layer import Array, part_of
from numsnn.observe import Neuron
from numsnn.pooling import AvgPool2d
from numsnn.tree import Tree

Chain = list[tuple[Any, Tree]]

COMMUTING = (Repeat, AvgPool2d)  # an affine map of each channel may be taken ahead of these


def joined(chain: Chain) -> tuple[Any, Tree]:
    """The chain as one layer."""
    if len(chain) == 1:
        return chain[0]
    if not chain:
        return Identity(), None
    return Serial(*(layer for layer, _ in chain)), tuple(params for _, params in chain)


def links(layer: Any, params: Tree) -> Chain:
    """The reverse of ``joined``."""
    if isinstance(layer, Serial):
        return list(zip(layer.layers, params, strict=True))
    return [] if isinstance(layer, Identity) else [(layer, params)]


def scaled(layer: Any, params: Tree, slope: Array, offset: Array | float = 0.0) -> tuple[Any, Tree]:
    """The Conv2d or Linear that gives slope y + offset, both per output [O].

    W'[o] = slope[o] W[o],  B'[o] = slope[o] B[o] + offset[o].  tdBN eq. 9-10.
    """
    dtype = params.weight.dtype
    weight = slope.reshape(-1, *(1,) * (params.weight.ndim - 1)) * params.weight
    bias = slope * (0.0 if params.bias is None else params.bias) + offset
    if params.bias is None and not np.any(offset):
        return layer, params._replace(weight=weight.astype(dtype))
    return replace(layer, bias=True), type(params)(weight.astype(dtype), bias.astype(dtype))


def rewritten(
    function: Callable[[Any, Tree], tuple[Any, Tree]], layer: Any, params: Tree
) -> tuple[Any, Tree]:
    """``function(layer, params)`` at every layer, inner ones first; neurons are not entered."""
    if isinstance(layer, Serial):
        rows = [rewritten(function, part, p) for part, p in zip(layer.layers, params, strict=True)]
        return function(Serial(*(part for part, _ in rows)), tuple(p for _, p in rows))
    neuron = isinstance(layer, Neuron) or getattr(layer, "is_neuron", False)
    if neuron or not hasattr(layer, "parts"):
        return function(layer, params)
    for key, part in layer.parts().items():
        part, share = rewritten(function, part, part_of(params, key))
        layer = layer.with_parts({**layer.parts(), key: part})
        params = params if params is None else params._replace(**{key: share})
    return function(layer, params)
