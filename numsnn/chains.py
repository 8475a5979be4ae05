"""Chains: a network as a flat list of layers with their parameters, in forward order."""

from dataclasses import replace
from typing import Any

import numpy as np

from numsnn.compose import Identity, Repeat, Serial
from numsnn.layer import Array
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
