"""One batch, forward and backward: the gradient of an objective with respect to all parameters."""

from typing import Any, NamedTuple

import numpy as np

from numsnn.layer import Array, backward_params
from numsnn.recipes import Objective
from numsnn.tree import Tree
from numsnn.validate import require


class Gradient(NamedTuple):
    """What a batch gives."""

    terms: dict[str, float]  # of the objective, by name; "loss" is their sum
    outputs: Array  # [T, N, classes]; T is 1 behind a mean over time
    saved: Tree  # what forward left for backward
    d_params: Tree


def gradient(network: Any, objective: Objective, params: Tree, x: Array, labels: Array) -> Gradient:
    """Forward, loss, backward on one batch: the loss's terms, outputs, what was saved, dL/d params.

    x: [T, N, ...] as the network expects it; still images have one step. Raises NumsnnError where
    the loss is not finite.
    """
    outputs, saved = network.forward(params, x)
    terms, d_outputs, d_membranes = objective(network, saved, outputs, labels)
    require(
        np.isfinite(terms["loss"]),
        f"the loss is {terms['loss']}; a lower learning rate or clipping may help",
    )
    d_params = backward_params(network, saved, d_outputs, d_membranes)
    return Gradient(terms, outputs, saved, d_params)
