"""Spikes and potentials of every layer in one forward pass."""

from typing import Any, NamedTuple

import numpy as np

from numsnn.layer import Array
from numsnn.neurons import LIF
from numsnn.observe import names, neurons
from numsnn.regularizers import entropy_of_spikes, quantisation_error
from numsnn.tree import Tree
from numsnn.validate import require


class LayerActivity(NamedTuple):
    """One layer of neurons over T steps and N samples."""

    name: str
    neurons: int  # of one sample
    spikes: float  # of one sample, over all steps
    rate: float  # spikes a neuron and step
    mean: float  # of the potential before the reset
    deviation: float
    dead: float  # share of channels that never fire
    saturated: float  # share of channels that always fire
    entropy: float  # bits of a spike, IM-Loss eq. 10
    quantisation_error: float  # mean (u - s)^2, RecDis section 3.3


def activity(network: Any, saved: Tree) -> list[LayerActivity]:
    """One row for every neuron that fires, from what a forward pass saved, in forward order.

    Raises NumsnnError where a neuron has no name.
    """
    names(network)
    return [
        _row(layer.name, share.membrane, share.spikes)
        for layer, share in neurons(network, saved)
        if isinstance(layer, LIF)
    ]


def dead_channels(spikes: Array) -> Any:
    """[C] of bool: the channels of spikes [T, N, C, ...] that never fire."""
    return np.all(_by_channel(spikes) == 0, axis=1)


def saturated_channels(spikes: Array) -> Any:
    """[C] of bool: the channels of spikes [T, N, C, ...] that fire everywhere at every step."""
    return np.all(_by_channel(spikes) == 1, axis=1)


def _by_channel(spikes: Array) -> Array:
    require(
        spikes.ndim >= 3 and spikes.size,
        f"channels: spikes must be [T, N, C, ...] and not empty, found shape {spikes.shape}",
    )
    return np.moveaxis(spikes, 2, 0).reshape(spikes.shape[2], -1)


def _row(name: str, membrane: Array, spikes: Array) -> LayerActivity:
    potential = membrane.astype(np.float64)
    return LayerActivity(
        name,
        neurons=int(np.prod(spikes.shape[2:])),
        spikes=float(spikes.sum(dtype=np.float64) / spikes.shape[1]),
        rate=float(spikes.mean(dtype=np.float64)),
        mean=float(potential.mean()),
        deviation=float(potential.std()),
        dead=float(dead_channels(spikes).mean()),
        saturated=float(saturated_channels(spikes).mean()),
        entropy=float(entropy_of_spikes(spikes)),
        quantisation_error=float(quantisation_error(membrane, spikes)),
    )
