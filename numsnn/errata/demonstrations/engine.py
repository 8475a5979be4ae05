"""The library's own neuron, on a handful of numbers."""

from typing import Any

import numpy as np

from numsnn.neurons import LIF


def fixed(layer: Any) -> Any:
    """The layer's parameters in double precision, as its fields say."""
    return layer.init(np.random.default_rng(0), np.float64)


def run(neuron: LIF, currents: Any) -> tuple[np.ndarray, np.ndarray]:
    """Spikes and membrane, [T, ...], of a neuron whose currents are [T] or [T, N]."""
    currents = np.asarray(currents)
    shaped = currents.reshape(len(currents), -1, 1)
    spikes, saved = neuron.forward(fixed(neuron), shaped)
    return spikes.reshape(currents.shape), saved.membrane.reshape(currents.shape)
