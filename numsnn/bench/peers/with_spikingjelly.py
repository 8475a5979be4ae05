"""SpikingJelly: LIFNode in multi-step and in single-step mode, v - v/tau + x with tau = 1/(1 - decay).

In multi-step mode its CPU kernel has a backward of its own for some surrogates, of which
PiecewiseQuadratic is the cheapest; with others, Rect among them, it is differentiated by autograd.
"""

from typing import Any

from torch import Tensor, nn

from numsnn.bench.peers.torch_network import Neurons


def load() -> None:
    """Import the library."""
    import spikingjelly.activation_based.neuron
    import spikingjelly.activation_based.surrogate  # noqa: F401


def node(decay: float, threshold: float, surrogate: str, mode: str) -> Any:
    from spikingjelly.activation_based import neuron
    from spikingjelly.activation_based import surrogate as surrogates

    return neuron.LIFNode(
        tau=1 / (1 - decay),
        decay_input=False,
        v_threshold=threshold,
        v_reset=0.0,
        surrogate_function=getattr(surrogates, surrogate)(1.0),
        step_mode=mode,
    )


class Sequence(nn.Module):
    """A LIFNode in multi-step mode between [T N, ...] and [T, N, ...]."""

    def __init__(self, neuron: nn.Module, T: int, still: bool) -> None:
        super().__init__()
        self.neuron, self.T, self.still = neuron, T, still

    def forward(self, x: Tensor) -> Tensor:
        self.neuron.reset()
        steps = x.expand(self.T, *x.shape) if self.still else x.unflatten(0, (self.T, -1))
        return self.neuron(steps).flatten(0, 1)


class Sequences(Neurons):
    def __init__(self, surrogate: str) -> None:
        self.surrogate = surrogate

    def over_time(self, decay: float, threshold: float, T: int, still: bool) -> nn.Module:
        return Sequence(node(decay, threshold, self.surrogate, "m"), T, still)


class SteppingNetwork(Neurons):
    looped = True

    def step(self, decay: float, threshold: float) -> nn.Module:
        return node(decay, threshold, "Rect", "s")


NEURONS: dict[str, Neurons] = {
    "multi-step": Sequences("Rect"),
    "multi-step kernel": Sequences("PiecewiseQuadratic"),
    "looped": SteppingNetwork(),
}
