"""Small convolutional networks for images of a few pixels, still or recorded as events."""

from collections.abc import Callable
from typing import Any

from numsnn.compose import Repeat, Serial
from numsnn.conv import Conv2d
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import MeanOverTime
from numsnn.validate import positive_integer, require

Shape = tuple[int, ...]
Factory = Callable[[Shape], Any]


def tdbn_norm(threshold: float = 0.5, alpha: float = 1.0) -> Factory:
    """shape -> BatchNorm of one gain and shift a channel, scaled by alpha * threshold. tdBN eq. 5-6."""

    def norm(shape: Shape) -> BatchNorm:
        return BatchNorm((shape[0], *(1 for _ in shape[1:])), scale=alpha * threshold)

    return norm


def small_network(
    input_shape: Shape,
    classes: int,
    T: int,
    *,
    channels: tuple[int, ...] | None = None,
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
    is not looked at. channels: one convolution each; None: chosen by the size of the image.
    neuron(shape) and norm(shape) make the layers for one step of shape (C, H, W); norm None leaves
    norms out and gives the convolutions a bias. Outputs are the readout's, from [T, N, classes].
    Everything is named. Raises NumsnnError on a shape that is not (C, H, W).
    """
    require(
        len(input_shape) == 3 and min(input_shape) >= 1,
        f"small_network: input_shape must be (C, H, W), each at least 1, found {input_shape}",
    )
    positive_integer("small_network", "classes", classes)
    positive_integer("small_network", "T", T)
    inputs, height, width = input_shape
    channels = channels or ((32, 64, 64) if min(height, width) < 16 else (16, 32, 64))
    layers: list[Any] = []
    for i, outputs in enumerate(channels):
        layers.append(Conv2d(inputs, outputs, 3, padding=1, bias=norm is None))
        # an 8x8 image keeps its size through the first convolution, larger ones shrink at once
        if min(height, width) >= 4 and (i > 0 or min(height, width) >= 16):
            layers.append(AvgPool2d(2))
            height, width = height // 2, width // 2
        shape = (outputs, height, width)
        if norm is not None:
            layers.append(norm(shape))
        if i == 0 and not events:
            layers.append(Repeat(T))
        layers.append(neuron(shape))
        inputs = outputs
    layers += [Flatten(), Linear(inputs * height * width, classes), readout]
    return named(Serial(*layers))
