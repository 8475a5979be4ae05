"""A network while it is being built: the layers so far, and the shape of one step behind them."""

import inspect
import math
from collections.abc import Callable
from typing import Any

from numsnn.compose import Repeat, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.validate import positive_integer, require

Shape = tuple[int, ...]
Factory = Callable[..., Any]


class Plan:
    """Layers are added at the end; ``shape`` is (C, H, W), or (features,) behind ``flatten``.

    neuron(shape) makes a neuron; norm(shape), or norm(shape, branches) where it depends on how many
    currents are added behind it, makes a norm; None: no norms, and convolutions have a bias.
    width multiplies every hidden count of channels and units.
    """

    def __init__(
        self, name: str, shape: Shape, width: float, neuron: Factory, norm: Factory | None
    ) -> None:
        require(
            isinstance(shape, tuple | list)
            and len(shape) == 3
            and all(isinstance(n, int) and n >= 1 for n in shape),
            f"{name}: input_shape must be (C, H, W), each at least 1, found {shape}",
        )
        require(
            math.isfinite(width) and width > 0, f"{name}: width must be positive, found {width}"
        )
        self.name, self.shape, self.width = name, tuple(shape), width
        self.make_neuron, self.make_norm = neuron, norm
        self.layers: list[Any] = []
        self.input = self.shape
        self.shrinking: list[tuple[str, int]] = []  # ("stride" or "window", by how much)

    def branch(self) -> "Plan":
        """An empty plan that goes on from this shape."""
        other = Plan(self.name, self.input, self.width, self.make_neuron, self.make_norm)
        other.shape, other.shrinking = self.shape, list(self.shrinking)
        return other

    def scaled(self, count: int) -> int:
        """count times width. Raises NumsnnError where nothing is left."""
        found = round(self.width * count)
        require(
            found >= 1,
            f"{self.name}: width {self.width} leaves none of {count} channels; it must be above "
            f"{0.5 / count:.3g}",
        )
        return found

    # -- layers ------------------------------------------------------------------------------------

    def convolve(self, outputs: int, kernel: int = 3, stride: int = 1, branches: int = 1) -> None:
        """A convolution that keeps the size but for its stride, and its norm."""
        inputs, *size = self.shape
        conv = Conv2d(
            inputs, outputs, kernel, stride, padding=kernel // 2, bias=self.make_norm is None
        )
        self.layers.append(conv)
        self.shape = (outputs, *conv.output_size(*size))
        self.shrinking.append(("stride", stride))
        self.norm(branches)

    def norm(self, branches: int = 1) -> None:
        """A norm, where there are norms."""
        if self.make_norm is not None:
            takes = "branches" in inspect.signature(self.make_norm).parameters
            more = {"branches": branches} if takes else {}
            self.layers.append(self.make_norm(self.shape, **more))

    def neuron(self) -> None:
        self.layers.append(self.make_neuron(self.shape))

    def pool(self, size: int | None) -> None:
        """Average pooling; None takes the mean of all places."""
        channels, height, width = self.shape
        self.require_window(size or 1)
        layer = AvgPool2d(size)
        self.layers.append(layer)
        self.shape = (channels, *layer.output_size(height, width))
        self.shrinking.append(("window", size or 1))

    def flatten(self) -> None:
        self.layers.append(Flatten())
        self.shape = (math.prod(self.shape),)

    def dense(self, outputs: int) -> None:
        self.layers.append(Linear(self.shape[0], outputs))
        self.shape = (outputs,)

    def residual(self, body: "Plan", shortcut: "Plan") -> None:
        """The sum of two branches that end in one shape."""
        self.layers.append(Residual(Serial(*body.layers), Serial(*shortcut.layers)))
        self.shape, self.shrinking = body.shape, body.shrinking

    def classifier(self, hidden: tuple[int, ...], classes: int, readout: Any) -> None:
        """Dense layers with neurons, then the decoding layer: a Linear and a readout."""
        positive_integer(self.name, "classes", classes)
        self.flatten()
        for units in hidden:
            self.dense(self.scaled(units))
            self.neuron()
        self.dense(classes)
        self.layers.append(readout)

    def finished(self) -> Any:
        """The network, everything in it named."""
        return named(Serial(*self.layers))

    def first_neuron(self, T: int, events: bool) -> None:
        """The neuron behind the encoding convolution, with the image repeated ahead of it."""
        positive_integer(self.name, "T", T)
        if not events:
            self.layers.append(Repeat(T))
        self.neuron()

    # -- errors ------------------------------------------------------------------------------------

    def require_window(self, size: int) -> None:
        """Raise NumsnnError where the image has become smaller than a window of pooling."""
        require(
            min(self.shape[1:]) >= size,
            f"{self.name}: the input {self.input} is too small: pooling takes windows "
            f"of {size}x{size}, and only {self.shape[1]}x{self.shape[2]} is left of it; it needs "
            f"an image of at least {self.least(size)}x{self.least(size)}, or a network that "
            "shrinks less ('small', 'small-resnet')",
        )

    def least(self, size: int) -> int:
        """The side of the smallest input that still has ``size`` here."""
        for kind, factor in reversed(self.shrinking):
            size = size * factor if kind == "window" else (size - 1) * factor + 1
        return size


def hidden_units(name: str, hidden: tuple[int, ...]) -> None:
    """Refuse anything but a tuple of numbers of units."""
    require(isinstance(hidden, tuple), f"{name}: hidden must be a tuple of units, found {hidden!r}")
    for units in hidden:
        positive_integer(name, "hidden", units)
