"""A LIF whose threshold or width is a function of the number that learns."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from numsnn.chains import rewritten
from numsnn.layer import Array, Cotangents, Layer
from numsnn.neurons import LIF
from numsnn.tree import Tree
from numsnn.validate import choice, require


@dataclass(frozen=True)
class ParametrisedLIF(Layer):
    """threshold = tanh(threshold_weight), width = exp(log_width): a LIF with either or both.

    neuron: gives everything else, and the values at which the two begin. threshold: "tanh", the
    learnable threshold that PSG & PDA take over, in (-1, 1); or "plain", the neuron's own. width:
    "exp" keeps gamma positive, which is our addition, not the paper's; or "plain". Both numbers
    learn unless an optimizer freezes them by these names. Raises NumsnnError where the neuron's
    threshold is not in (-1, 1), or its width not positive, and a map is asked for.

    PSG & PDA section 2.4.
    """

    neuron: LIF
    threshold: str = "tanh"
    width: str = "plain"
    is_neuron: ClassVar[bool] = True  # a neuron as a whole, not a layer that holds one

    class Params(NamedTuple):
        neuron: Any  # LIF.Params, with None in place of what a map gives
        threshold_weight: Any  # an array, or None
        log_width: Any

    class Saved(NamedTuple):
        neuron: LIF.Saved

    def __post_init__(self) -> None:
        choice("ParametrisedLIF", "threshold", self.threshold, ("tanh", "plain"))
        choice("ParametrisedLIF", "width", self.width, ("exp", "plain"))
        v, w = self.neuron.threshold, self.neuron.width
        require(
            self.threshold == "plain" or -1 < v < 1,
            f"ParametrisedLIF: tanh reaches thresholds in (-1, 1), found {v}",
        )
        require(
            self.width == "plain" or w > 0,
            f"ParametrisedLIF: exp reaches positive widths, found {w}",
        )

    def parts(self) -> dict[Any, Any]:
        return {"neuron": self.neuron}

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        inside: Any = self.neuron.init(rng, dtype)
        weight = log = None
        if self.threshold == "tanh":
            weight, inside = np.arctanh(inside.threshold), inside._replace(threshold=None)
        if self.width == "exp":
            log, inside = np.log(inside.width), inside._replace(width=None)
        return self.Params(inside, weight, log)

    def plain(self, params: Params) -> tuple[LIF, LIF.Params]:
        """The LIF as it is now, with its parameters."""
        inside = params.neuron
        if self.threshold == "tanh":
            inside = inside._replace(threshold=np.tanh(params.threshold_weight))
        if self.width == "exp":
            inside = inside._replace(width=np.exp(params.log_width))
        return self.neuron, inside

    def forward(self, params: Params, current: Array) -> tuple[Array, Saved]:
        neuron, inside = self.plain(params)
        spikes, saved = neuron.forward(inside, current)
        return spikes, self.Saved(saved)

    def backward(
        self, saved: Saved, d_spikes: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        d_inside: Any
        neuron = replace(self.neuron, constants=())  # what is mapped is asked for
        d_current, d_inside = neuron.backward(saved.neuron, d_spikes, d_membranes)
        d_weight = d_log = None
        if self.threshold == "tanh":
            threshold = saved.neuron.params.threshold
            d_weight = d_inside.threshold * (1 - threshold * threshold)
            d_inside = d_inside._replace(threshold=None)
        if self.width == "exp":
            d_log = d_inside.width * saved.neuron.params.width
            d_inside = d_inside._replace(width=None)
        return d_current, self.Params(d_inside, d_weight, d_log)


def plain(network: Any, params: Tree) -> tuple[Any, Tree]:
    """The network with a LIF in place of every ParametrisedLIF, at its present values."""

    def one(layer: Any, share: Tree) -> tuple[Any, Tree]:
        return layer.plain(share) if isinstance(layer, ParametrisedLIF) else (layer, share)

    return rewritten(one, network, params)
