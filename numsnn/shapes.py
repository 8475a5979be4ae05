"""A network walked without running it: what each layer makes of the shape that comes in.

It needs no weights and no arrays but for layers that it does not know, which are tried on zeros.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from numsnn.compose import Identity, Repeat, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.dropout import Dropout
from numsnn.layer import Layer
from numsnn.linear import Linear
from numsnn.modes import ReLU
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, FixedNorm
from numsnn.observe import Neuron
from numsnn.optimizers import FROZEN
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import MeanOverTime
from numsnn.tree import named_leaves
from numsnn.validate import require

Shape = tuple[int, ...]
SAME = (Identity, BatchNorm, FixedNorm, Dropout, ReLU)


class Row(NamedTuple):
    """One layer. ``name`` is the place of its parameters in the network's: "5/body/0"."""

    name: str
    kind: str
    shape: Shape  # of one step of one sample, behind the layer
    parameters: int  # weights, biases, gains, shifts
    constants: int  # numbers of neurons that do not learn unless told to: decay, threshold, width
    neurons: int  # that fire, or put out a potential
    operations: int  # products of a weight and an input, a step
    steps: int  # at which the layer's input is there: T, also where a still image is one array
    computed: int  # steps at which it is evaluated: 1 ahead of Repeat
    source: str | None  # the neuron whose spikes come in, maybe flattened; None: other numbers
    decodes: bool  # the last layer with weights: its input counts as real, see ``describe``

    @property
    def multiplied(self) -> bool:
        """Whether its weights meet other numbers than 0 and 1, in tdBN's way of counting."""
        return self.source is None or self.decodes

    @property
    def multiplications(self) -> int:
        """Of an inference of one sample: none where spikes come in."""
        return self.steps * self.operations if self.multiplied else 0

    def additions(self, rate: float = 1.0) -> float:
        """Of an inference of one sample, where ``rate`` of the incoming spikes are 1."""
        return self.steps * self.operations * (1.0 if self.multiplied else rate)


class Signal(NamedTuple):
    """What comes into a layer."""

    shape: Shape
    steps: int
    computed: int
    source: str | None


def output_shape(layer: Any, shape: Shape) -> Shape:
    """What ``layer`` makes of one step of one sample of ``shape``."""
    *_, last = _trace("", layer, Signal(tuple(shape), 1, 1, None))
    return last[1].shape


def steps_of(network: Any) -> int:
    """T of the network's Repeat; 1 where there is none."""
    if isinstance(network, Repeat):
        return network.steps
    parts = network.parts().values() if hasattr(network, "parts") else ()
    return max((steps_of(part) for part in parts), default=1)


def rows(network: Any, input_shape: Shape, T: int) -> tuple[Row, ...]:
    start = Signal(tuple(input_shape), T, 1 if steps_of(network) == T else T, None)
    found = [row for row, _ in _trace("", network, start) if row is not None]
    last = max((i for i, row in enumerate(found) if row.operations), default=-1)
    return tuple(row._replace(decodes=i == last) for i, row in enumerate(found))


def _trace(name: str, layer: Any, given: Signal) -> Iterator[tuple[Row | None, Signal]]:
    """Every layer's row, and the signal behind it; the last signal is the whole layer's."""
    if isinstance(layer, Residual):
        ends = []
        for key, part in layer.parts().items():
            end = given
            for row, end in _trace(f"{name}/{key}".lstrip("/"), part, given):
                yield row, end
            ends.append(end)
        require(
            ends[0].shape == ends[1].shape,
            f"describe: at {name!r} the body gives {ends[0].shape}, the shortcut {ends[1].shape}",
        )
        yield None, ends[0]._replace(source=None)
    elif isinstance(layer, Serial) or _is_a_chain(layer):
        for key, part in layer.parts().items():
            for row, given in _trace(f"{name}/{key}".lstrip("/"), part, given):  # noqa: B020
                yield row, given
        yield None, given
    else:
        after = _after(name, layer, given)
        yield _row(name, layer, given, after), after
        lateral = getattr(layer, "lateral", None)
        if isinstance(lateral, Layer):
            spikes = after._replace(steps=given.steps, computed=given.computed)
            yield _row(f"{name}/lateral", lateral, spikes, after), after


def _is_a_chain(layer: Any) -> bool:
    """Whether a layer that this module does not know runs its parts one after the other."""
    known = (*Neuron, *SAME, Conv2d, Linear)
    return not isinstance(layer, known) and bool(getattr(layer, "parts", dict)())


def _after(name: str, layer: Any, given: Signal) -> Signal:
    """The signal behind a single layer."""
    if isinstance(layer, Conv2d):
        require(
            len(given.shape) == 3 and given.shape[0] == layer.inputs,
            f"describe: Conv2d {name!r} expects ({layer.inputs}, H, W), {given.shape} comes in",
        )
        size = layer.output_size(*given.shape[1:])
        require(min(size) >= 1, f"describe: nothing is left of {given.shape} behind {name!r}")
        return given._replace(shape=(layer.outputs, *size), source=None)
    if isinstance(layer, Linear):
        require(
            given.shape[-1:] == (layer.inputs,),
            f"describe: Linear {name!r} expects {layer.inputs} features, {given.shape} comes in",
        )
        return given._replace(shape=(*given.shape[:-1], layer.outputs), source=None)
    if isinstance(layer, AvgPool2d):
        require(
            len(given.shape) == 3 and min(given.shape[1:]) >= (layer.size or 1),
            f"describe: AvgPool2d {name!r} of windows of {layer.size} does not fit {given.shape}",
        )
        size = layer.output_size(*given.shape[1:])
        return given._replace(shape=(given.shape[0], *size), source=None)
    if isinstance(layer, Flatten):
        return given._replace(shape=(math.prod(given.shape),))
    if isinstance(layer, Repeat):
        return given._replace(computed=given.steps)
    if isinstance(layer, MeanOverTime):
        return given._replace(steps=1, computed=1, source=None)
    if isinstance(layer, Neuron):
        fires = isinstance(layer, LIF) and getattr(layer, "binary", True)
        return given._replace(source=layer.name or name if fires else None)
    if isinstance(layer, SAME):
        return given if isinstance(layer, Identity) else given._replace(source=None)
    zeros = np.zeros((1, 2, *given.shape), np.float32)
    y, _ = layer.forward(layer.init(np.random.default_rng(0)), zeros)
    return given._replace(shape=y.shape[2:], source=None)


def _row(name: str, layer: Any, given: Signal, after: Signal) -> Row:
    learned = fixed = count = 0
    if isinstance(layer, Conv2d):
        learned = math.prod(layer.weight_shape) + layer.bias * layer.outputs
        count = math.prod(layer.weight_shape) * math.prod(after.shape[1:])
    elif isinstance(layer, Linear):
        learned = layer.outputs * (layer.inputs + layer.bias)
        count = math.prod(after.shape[:-1]) * layer.inputs * layer.outputs
    elif hasattr(layer, "init"):
        for leaf_name, leaf in named_leaves(layer.init(np.random.default_rng(0))):
            if set(leaf_name.split("/")) & set(FROZEN):
                fixed += np.size(leaf)
            else:
                learned += np.size(leaf)
    neurons = math.prod(after.shape) if isinstance(layer, Neuron) else 0
    steps, computed = given.steps, given.computed
    return Row(
        name, type(layer).__name__, after.shape, learned, fixed, neurons, count, steps, computed,
        given.source, decodes=False,
    )  # fmt: skip
