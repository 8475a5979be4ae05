"""Two plain penalties: on how often a layer fires, and on how large its potentials are."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.regularizers.inputs import checked, one_of, positive, representable
from numsnn.regularizers.moments import ACCUMULATOR, channel_axes


@dataclass(frozen=True)
class RatePenalty:
    """L = (mean sigma((u - threshold)/width) - target)^2, sigma(z) = 1/(1 + e^-z).

    The spike rate is a step of the potential. Its smooth form stands in both the loss and the
    gradient, so that the gradient is exact; as width goes to 0 it becomes the rate.
    per: over the "layer", or per "channel" and then averaged. target: spikes a neuron and
    step, in [0, 1].
    membrane: [T, N, C] or [T, N, C, H, W], potentials before the reset. Returns loss, d_membrane in
    the membrane's dtype. Raises NumsnnError if threshold or width <= 0, or target outside [0, 1].
    """

    target: float = 0.1
    threshold: float = 0.5
    width: float = 0.25
    per: str = "layer"

    def __post_init__(self) -> None:
        if not 0 <= self.target <= 1:
            raise NumsnnError(f"RatePenalty: target is {self.target}, expected a rate in [0, 1]")
        positive("RatePenalty", "threshold", self.threshold, "the firing threshold")
        positive("RatePenalty", "width", self.width, "the width of the smooth step")
        one_of("RatePenalty", "per", self.per, ("layer", "channel"))

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        membrane = checked("RatePenalty", membrane)
        axes = channel_axes(membrane) if self.per == "channel" else tuple(range(membrane.ndim))

        with np.errstate(over="ignore"):
            z = (membrane - float(self.threshold)) / float(self.width)
        fired, silent = _logistic(z)
        rate = fired.mean(axis=axes, keepdims=True, dtype=ACCUMULATOR[membrane.dtype.kind])
        gap = rate - self.target
        loss = np.square(gap).mean()

        d_rate = 2 * gap / gap.size
        d_fired = (d_rate * gap.size / membrane.size).astype(membrane.dtype)
        d_membrane = d_fired * fired * silent / float(self.width)
        return representable("RatePenalty", loss, membrane), d_membrane


@dataclass(frozen=True)
class MembraneL2:
    """L = mean u^2 over T, N, C, H, W.

    membrane: [T, N, C] or [T, N, C, H, W], potentials before the reset. Returns loss, d_membrane in
    the membrane's dtype.
    """

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        membrane = checked("MembraneL2", membrane)
        wide = ACCUMULATOR[membrane.dtype.kind]
        with np.errstate(over="ignore"):
            loss = np.square(membrane).mean(dtype=wide)
        d_membrane = membrane * (2 / membrane.size)
        return representable("MembraneL2", loss, membrane), d_membrane


def _logistic(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sigma(z), sigma(-z), by the exponential that does not overflow."""
    up = z.real >= 0
    small = np.exp(np.where(up, -z, z))
    near, far = 1 / (1 + small), small / (1 + small)
    return np.where(up, near, far), np.where(up, far, near)
