"""Two faults of mixed-signal hardware: parameters that differ between devices, noisy currents.

PSG & PDA section 5.4.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numsnn.chains import rewritten
from numsnn.compose import Serial
from numsnn.layer import Array, Cotangents, Layer
from numsnn.neurons import LIF
from numsnn.observe import membranes
from numsnn.papers.parametrised import plain
from numsnn.regularizers.inputs import not_negative
from numsnn.tree import Tree, map_named
from numsnn.validate import choice, sequence

MISMATCHED = ("decay", "threshold", "weight")


@dataclass(frozen=True)
class ThermalNoise(Layer):
    """y = x + deviation g,  g ~ N(0, 1) of each number at each step, a function of ``seed``.

    x and y: [T, N, ...]. Raises NumsnnError for a negative deviation.
    """

    deviation: float
    seed: int = 0

    def __post_init__(self) -> None:
        not_negative("ThermalNoise", "deviation", self.deviation, "a standard deviation")

    def forward(self, params: None, x: Array) -> tuple[Array, None]:
        sequence("ThermalNoise", x, least=2)
        noise = np.random.default_rng(self.seed).standard_normal(x.shape)
        return x + (self.deviation * noise).astype(x.real.dtype), None

    def backward(
        self, saved: None, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        return d_y, None


def noisy(
    network: Any,
    params: Tree,
    rng: np.random.Generator,
    sample: Array,
    mismatch: float = 0.0,
    thermal: float = 0.0,
    on: tuple[str, ...] = ("decay", "threshold"),
) -> tuple[Any, Tree]:
    """(network, params) as on one noisy device.

    mismatch: xi; each neuron by itself has Psi' ~ N(Psi, (xi Psi)^2) for every parameter Psi in
    ``on``, of "decay", "threshold" and "weight" (each weight). The paper writes N(Psi, xi(Psi)) and
    leaves open whether that is a variance; we take xi |Psi| as the standard deviation. thermal:
    standard deviation of Gaussian noise on the current of every neuron and step.
    sample: an input [T, N, ...], two samples or more, from which the neurons' shapes are read. A
    learnable threshold or gamma becomes its present value.

    Raises NumsnnError for a negative level or a parameter of another name.
    """
    not_negative("noisy", "mismatch", mismatch, "xi of PSG & PDA section 5.4")
    not_negative("noisy", "thermal", thermal, "a standard deviation")
    for name in on:
        choice("noisy", "on", name, MISMATCHED)
    network, params = plain(network, params)
    _, saved = network.forward(params, sample)
    shapes = {name: u.shape[2:] for name, u in membranes(network, saved).items()}

    def differing(value: Array) -> Array:
        noise = mismatch * np.abs(value) * rng.standard_normal(value.shape)
        return value + noise.astype(value.dtype)

    def weights(name: str, leaf: Array) -> Array:
        return differing(leaf) if name.rpartition("/")[2] == "weight" else leaf

    def one(layer: Any, share: Tree) -> tuple[Any, Tree]:
        if not isinstance(layer, LIF):
            return layer, share
        if mismatch:
            shape = shapes[layer.name]
            own = [name for name in on if name != "weight"]
            values = {name: np.broadcast_to(getattr(share, name), shape) for name in own}
            share = share._replace(**{name: differing(value) for name, value in values.items()})
            shaped: dict[str, Any] = {f"{name}_shape": shape for name in own}
            layer = replace(layer, **shaped)
        if thermal:
            noise = ThermalNoise(thermal, int(rng.integers(2**63)))
            return Serial(noise, layer), (None, share)
        return layer, share

    network, params = rewritten(one, network, params)
    return network, map_named(weights, params) if mismatch and "weight" in on else params
