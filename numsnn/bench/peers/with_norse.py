"""Norse: LIFBoxCell, its leaky neuron without a synaptic current, one step a call.

v + dt/tau (x - v) with dt/tau = 1 - decay: its potential is (1 - decay) times the workload's, and so
is its threshold. Its surrogates are chosen by name; "super", the default, is the cheapest.
"""

from typing import Any

import torch
from torch import Tensor, nn

from numsnn.bench.peers.torch_network import Neurons

DT = 2.0**-10  # seconds; a power of two, so that dt/tau is exact


def load() -> None:
    """Import the library."""
    import norse.torch.module.lif_box  # noqa: F401


class Box(nn.Module):
    """LIFBoxCell with its state kept here."""

    def __init__(self, decay: float, threshold: float) -> None:
        super().__init__()
        from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters
        from norse.torch.module.lif_box import LIFBoxCell

        scale = 1 - decay
        parameters = LIFBoxParameters(
            tau_mem_inv=torch.tensor(scale / DT), v_th=torch.tensor(scale * threshold)
        )
        self.neuron, self.rest = LIFBoxCell(parameters, DT), LIFBoxFeedForwardState
        self.state: Any = None

    def reset(self) -> None:
        self.state = None

    def forward(self, x: Tensor) -> Tensor:
        before = self.rest(torch.zeros_like(x)) if self.state is None else self.state
        spikes, self.state = self.neuron(x, before)
        return spikes


class Steps(Neurons):
    def step(self, decay: float, threshold: float) -> nn.Module:
        return Box(decay, threshold)


class SteppingNetwork(Steps):
    looped = True


NEURONS: dict[str, Neurons] = {"multi-step": Steps(), "looped": SteppingNetwork()}
