"""The workloads: network, T, batch. Everything that is timed is built from these definitions.

a  a multilayer perceptron, 784-256-10, one still image for T steps
b  the network of `numsnn train` on 8x8 digits: convolutions of 32, 64 and 64 channels
c  CIFARNet, reduced: convolutions of 64 and 128 channels at 32x32, of 128 at 16x16, 2x2 average
   pooling behind the second and the third, one dense layer
d  events of two polarities at 34x34, a new frame a step: convolutions of 32 and 64 channels
e  ResNet-20 at a quarter of its width

b to e have tdBN behind every convolution. Data are random: no result depends on what is learned.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from numsnn.compose import Repeat, Serial
from numsnn.errors import NumsnnError
from numsnn.layer import Array, named
from numsnn.linear import Linear
from numsnn.networks import NETWORKS, small_network
from numsnn.networks.plain import POOL, PlainNetwork
from numsnn.neurons import LIF
from numsnn.readouts import MeanOverTime
from numsnn.validate import positive_integer

CLASSES = 10
EVENT_RATE = 0.1  # of pixels that are 1 in a frame of events


class Batch(NamedTuple):
    """x: [1, N, ...] still images, [T, N, ...] frames; labels: [N]."""

    x: Array
    labels: Array


@dataclass(frozen=True)
class Workload:
    """A network and the size of its steps. ``turn``: how many steps are timed at once."""

    name: str
    title: str
    input_shape: tuple[int, ...]
    T: int
    batch: int
    architecture: Callable[..., Any]  # (input_shape, classes, T, width=) -> network
    width: float = 1.0
    events: bool = False
    turn: int = 1

    def resized(self, **changes: Any) -> "Workload":
        """The same with another T, batch, width or turn. Raises NumsnnError where one is not above 0."""
        for name in ("T", "batch", "turn"):
            if name in changes:
                positive_integer("bench", name, changes[name])
        return replace(self, **changes)

    def network(self) -> Any:
        return self.architecture(self.input_shape, CLASSES, self.T, width=self.width)

    def data(self, rng: np.random.Generator) -> Batch:
        """A batch in float32."""
        labels = rng.integers(CLASSES, size=self.batch)
        if self.events:
            frames = rng.random((self.T, self.batch, *self.input_shape)) < EVENT_RATE
            return Batch(frames.astype(np.float32), labels)
        images = rng.standard_normal((1, self.batch, *self.input_shape))
        return Batch(images.astype(np.float32), labels)


def _perceptron(shape: tuple[int, ...], classes: int, T: int, *, width: float = 1.0) -> Any:
    (inputs,), hidden = shape, round(256 * width)
    layers = (Linear(inputs, hidden), Repeat(T), LIF(), Linear(hidden, classes), MeanOverTime())
    return named(Serial(*layers))


WORKLOADS = {
    work.name: work
    for work in (
        Workload("a", "MLP 784-256-10", (784,), 8, 64, _perceptron, turn=10),
        Workload("b", "conv net, 8x8 digits", (1, 8, 8), 4, 64, small_network, turn=4),
        Workload(
            "c",
            "CIFARNet 3-64-128-128",
            (3, 32, 32),
            4,
            32,
            PlainNetwork("cifarnet, reduced", (64, 128, POOL, 128, POOL)),
        ),
        Workload(
            "d",
            "event net 2-32-64",
            (2, 34, 34),
            15,
            16,
            partial(small_network, channels=(32, 64), events=True),
            events=True,
        ),
        Workload("e", "ResNet-20, width 1/4", (3, 32, 32), 4, 16, NETWORKS["resnet20"], 0.25),
    )
}
"""The workloads by name."""


def workload(name: str) -> Workload:
    """Raises NumsnnError for an unknown name."""
    if name not in WORKLOADS:
        raise NumsnnError(f"unknown workload {name!r}; there are {', '.join(WORKLOADS)}")
    return WORKLOADS[name]
