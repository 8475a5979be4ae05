"""Networks of residual blocks: an encoding convolution, stages of blocks, pooling, dense layers."""

from dataclasses import dataclass
from typing import Any

from numsnn.networks.blocks import Block
from numsnn.networks.factories import tdbn_norm
from numsnn.networks.plan import Factory, Plan, Shape, hidden_units
from numsnn.neurons import LIF
from numsnn.readouts import MeanOverTime
from numsnn.validate import positive_integer, require


@dataclass(frozen=True)
class Stem:
    """A convolution ahead of the blocks, with norm and neuron."""

    channels: int
    kernel: int = 3
    stride: int = 1


@dataclass(frozen=True)
class Stage:
    """Blocks of one size: the first one has the stride. channels are those inside a block."""

    blocks: int
    channels: int
    stride: int = 2


@dataclass(frozen=True)
class ResidualNetwork:
    """A function that builds a network: stems, stages of blocks, average pooling, dense layers.

    stem_pool: a window of average pooling behind the stems, None for none. pool: the window ahead
    of the dense layers, None for all places. hidden: units of the dense layers before the last.
    """

    name: str
    stem: tuple[Stem, ...]
    stages: tuple[Stage, ...]
    block: Block = Block()
    stem_pool: int | None = None
    pool: int | None = None
    hidden: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require(self.stem, f"{self.name}: stem must hold a convolution or more, the encoding layer")
        require(
            hasattr(self.block, "add"), f"{self.name}: block must be a Block, found {self.block}"
        )
        for part in (*self.stem, *self.stages):
            for field in ("blocks", "channels", "kernel", "stride"):
                if hasattr(part, field):
                    positive_integer(self.name, field, getattr(part, field))
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
        for i, stem in enumerate(self.stem):
            plan.convolve(plan.scaled(stem.channels), stem.kernel, stem.stride)
            if i == 0:
                plan.first_neuron(T, events)
            else:
                plan.neuron()
        if self.stem_pool is not None:
            plan.pool(self.stem_pool)
        for stage in self.stages:
            for i in range(stage.blocks):
                self.block.add(plan, plan.scaled(stage.channels), stage.stride if i == 0 else 1)
        plan.pool(self.pool)
        plan.classifier(self.hidden, classes, readout)
        return plan.finished()
