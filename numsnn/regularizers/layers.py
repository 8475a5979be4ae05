"""One regularizer over the layers of a network: the papers' averages over layers."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError

Regularizer = Callable[[np.ndarray], tuple[Any, np.ndarray]]


def mean_over_layers(
    regularizer: Regularizer, membranes: Mapping[str, np.ndarray], leave_out: Collection[str] = ()
) -> tuple[Any, dict[str, np.ndarray]]:
    """L = (1/L) sum over layers of regularizer(U_l), L the number of layers that are not left out.

    membranes: each layer's potentials by its name. leave_out: names without a penalty (the output
    layer in RecDis-SNN, the layers inside residual blocks in IM-Loss).
    Returns loss, {name: d_membrane} of the layers kept; the weight lambda or beta is the caller's.
    Raises NumsnnError if a name to leave out is unknown, or no layer is left.
    RecDis-SNN eq. 19, PSG & PDA eq. 5, IM-Loss eq. 11 (divided by the number of its terms).
    """
    unknown = sorted(set(leave_out) - set(membranes))
    if unknown:
        raise NumsnnError(
            f"mean_over_layers: no layer {', '.join(unknown)}, have {list(membranes)}"
        )
    names = [name for name in membranes if name not in leave_out]
    if not names:
        raise NumsnnError("mean_over_layers: no layer left to regularize")

    parts = {name: regularizer(membranes[name]) for name in names}
    loss = sum(part for part, _ in parts.values()) / len(names)
    d_membranes = {name: d_membrane / len(names) for name, (_, d_membrane) in parts.items()}
    return loss, d_membranes
