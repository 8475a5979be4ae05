"""snnTorch: Leaky, one step a call. Its hard reset acts at the next step, and is detached."""

from typing import Any

import torch
from torch import Tensor, nn

from numsnn.bench.peers.torch_network import Neurons, Rectangle


def load() -> None:
    """Import the library."""
    import snntorch  # noqa: F401


class Leaky(nn.Module):
    """snntorch.Leaky with its state kept here, so that it starts at rest whenever it is told to."""

    def __init__(self, decay: float, threshold: float) -> None:
        super().__init__()
        import snntorch

        self.neuron = snntorch.Leaky(
            decay, threshold, spike_grad=Rectangle.apply, reset_mechanism="zero"
        )
        self.membrane: Any = None

    def reset(self) -> None:
        self.membrane = None

    def forward(self, x: Tensor) -> Tensor:
        before = torch.zeros_like(x) if self.membrane is None else self.membrane
        spikes, self.membrane = self.neuron(x, before)
        return spikes


class Steps(Neurons):
    def step(self, decay: float, threshold: float) -> nn.Module:
        return Leaky(decay, threshold)


class SteppingNetwork(Steps):
    looped = True


NEURONS: dict[str, Neurons] = {"multi-step": Steps(), "looped": SteppingNetwork()}
