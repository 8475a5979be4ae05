"""Networks without shortcuts: convolutions and pooling in a row, then dense layers."""

from dataclasses import dataclass
from typing import Any

from numsnn.networks.factories import tdbn_norm
from numsnn.networks.plan import Factory, Plan, Shape, hidden_units
from numsnn.neurons import LIF
from numsnn.readouts import MeanOverTime
from numsnn.validate import require

POOL = "pool"  # average pooling of 2x2


@dataclass(frozen=True)
class PlainNetwork:
    """A function that builds a network: 3x3 convolutions with norm and neuron, pooling, dense layers.

    layers: channels, or ``POOL``; the first is a convolution, the encoding layer. pool_fires: a
    neuron stands behind every pooling, so that what goes on are spikes again. everywhere: ahead of
    the dense layers the mean of each channel over all places is taken. hidden: units of the dense
    layers before the last.
    """

    name: str
    layers: tuple[int | str, ...]
    hidden: tuple[int, ...] = ()
    pool_fires: bool = False
    everywhere: bool = False

    def __post_init__(self) -> None:
        good = all(n == POOL or (isinstance(n, int) and n >= 1) for n in self.layers)
        require(
            self.layers and good and self.layers[0] != POOL,
            f"{self.name}: layers must be channels or {POOL!r}, channels first, found {self.layers}",
        )
        hidden_units(self.name, self.hidden)

    def __call__(
        self,
        input_shape: Shape,
        classes: int,
        T: int,
        *,
        width: float = 1.0,
        neuron: Factory = lambda shape: LIF(),
        norm: Factory | None = tdbn_norm(),  # noqa: B008  a value without state
        readout: Any = MeanOverTime(),  # noqa: B008
        events: bool = False,
    ) -> Any:
        """The network for steps of input_shape (C, H, W); the arguments are those of ``build``."""
        plan = Plan(self.name, input_shape, width, neuron, norm)
        for i, layer in enumerate(self.layers):
            if isinstance(layer, str):
                plan.pool(2)
                if self.pool_fires:
                    plan.neuron()
                continue
            plan.convolve(plan.scaled(layer))
            if i == 0:
                plan.first_neuron(T, events)
            else:
                plan.neuron()
        if self.everywhere:
            plan.pool(None)
        plan.classifier(self.hidden, classes, readout)
        return plan.finished()
