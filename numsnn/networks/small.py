"""Small convolutional networks for images of a few pixels, still or recorded as events."""

import math
from typing import Any

from numsnn.compose import Repeat, Serial
from numsnn.conv import Conv2d
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.networks.factories import Factory, Shape, tdbn_norm
from numsnn.neurons import LIF
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import MeanOverTime
from numsnn.validate import positive_integer, require


def small_network(
    input_shape: Shape,
    classes: int,
    T: int,
    *,
    channels: tuple[int, ...] | None = None,
    width: float = 1.0,
    neuron: Factory = lambda shape: LIF(),
    norm: Factory | None = tdbn_norm(),  # noqa: B008  a value without state
    readout: Any = MeanOverTime(),  # noqa: B008
    events: bool = False,
) -> Any:
    """3x3 convolutions, their currents pooled by two, normalised and fed to neurons; then a Linear.

    Pooling stands before the neurons, so every layer but the first sees spikes, 0 or 1, and
    nothing else.
    input_shape: (C, H, W) of one step. Still images go in as [1, N, C, H, W] and are shown for T
    steps, with the first convolution computed once; with ``events`` x is [T, N, C, H, W] and T
    is not looked at. channels: one convolution each; None: chosen by the size of the image; all of
    them are multiplied by width.
    neuron(shape) and norm(shape) make the layers for one step of shape (C, H, W); norm None leaves
    norms out and gives the convolutions a bias. Outputs are the readout's, from [T, N, classes].
    Everything is named. Raises NumsnnError on a shape that is not (C, H, W).
    """
    require(
        isinstance(input_shape, tuple | list) and len(input_shape) == 3 and min(input_shape) >= 1,
        f"small_network: input_shape must be (C, H, W), each at least 1, found {input_shape}",
    )
    positive_integer("small_network", "classes", classes)
    positive_integer("small_network", "T", T)
    inputs, rows, columns = input_shape
    least = min(rows, columns)
    channels = channels or ((32, 64, 64) if least < 16 else (16, 32, 64))
    require(
        math.isfinite(width) and round(width * min(channels)) >= 1,
        f"small_network: width {width} leaves none of {min(channels)} channels",
    )
    layers: list[Any] = []
    for i, count in enumerate(channels):
        outputs = round(width * count)
        layers.append(Conv2d(inputs, outputs, 3, padding=1, bias=norm is None))
        # an 8x8 image keeps its size through the first convolution, larger ones shrink at once
        if min(rows, columns) >= 4 and (i > 0 or min(rows, columns) >= 16):
            layers.append(AvgPool2d(2))
            rows, columns = rows // 2, columns // 2
        shape = (outputs, rows, columns)
        if norm is not None:
            layers.append(norm(shape))
        if i == 0 and not events:
            layers.append(Repeat(T))
        layers.append(neuron(shape))
        inputs = outputs
    layers += [Flatten(), Linear(inputs * rows * columns, classes), readout]
    return named(Serial(*layers))
