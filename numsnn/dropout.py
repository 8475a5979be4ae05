"""Dropout with one mask for all steps: a unit is out for the whole sequence or not at all."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from numsnn.layer import Array, Cotangents, Layer, map_layers
from numsnn.validate import cotangent, require, sequence


@dataclass(frozen=True)
class Dropout(Layer):
    """y[t] = x[t] * mask / (1 - rate), mask ~ Bernoulli(1 - rate), one for all t.

    The mask is a function of ``seed`` and of the shape of x[t] alone; ``resampled(network, rng)``
    gives the network with fresh seeds. x and y: [T, N, ...]. Raises NumsnnError unless
    0 <= rate < 1.
    """

    rate: float = 0.5
    seed: int = 0

    class Saved(NamedTuple):
        mask: Array
        shape: tuple[int, ...]

    def __post_init__(self) -> None:
        require(0 <= self.rate < 1, f"Dropout: rate must be in [0, 1), found {self.rate!r}")

    def forward(self, params: None, x: Array) -> tuple[Array, Saved]:
        sequence("Dropout", x, least=2)
        kept = np.random.default_rng(self.seed).random(x.shape[1:]) >= self.rate
        mask = (kept / (1 - self.rate)).astype(x.real.dtype)
        return x * mask, self.Saved(mask, x.shape)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        cotangent("Dropout.backward", d_y, saved.shape)
        return d_y * saved.mask, None


def resampled(network: Any, rng: np.random.Generator) -> Any:
    """The network with a fresh mask in every Dropout, seeds drawn from ``rng``."""

    def fresh(layer: Any) -> Any:
        if isinstance(layer, Dropout):
            return replace(layer, seed=int(rng.integers(2**63)))
        return layer

    return map_layers(fresh, network)
