"""A workload's network as PyTorch modules, with the same weights; the neurons are a library's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  as everybody calls it
from torch import Tensor, nn

from numsnn.compose import Identity, Repeat, Residual, Serial
from numsnn.conv import Conv2d, pair
from numsnn.conv_pool import ConvPool
from numsnn.linear import Linear
from numsnn.mean_first import MeanFirst
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, FixedNorm
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import MeanOverTime
from numsnn.surrogates import Rectangular
from numsnn.tree import Tree
from numsnn.validate import require


class Neurons:
    """A library's neurons. ``step`` is one that keeps its state until ``reset``.

    ``over_time``: a module that takes T steps at once, [T N, ...], or [N, ...] where every step
    sees the same.
    """

    looped = False

    def step(self, decay: float, threshold: float) -> nn.Module:
        raise NotImplementedError

    def over_time(self, decay: float, threshold: float, T: int, still: bool) -> nn.Module:
        return Unrolled(self.step(decay, threshold), T, still)


class Unrolled(nn.Module):
    """A neuron of one step, called T times."""

    def __init__(self, neuron: nn.Module, T: int, still: bool) -> None:
        super().__init__()
        self.neuron, self.T, self.still = neuron, T, still

    def forward(self, x: Tensor) -> Tensor:
        self.neuron.reset()
        steps = [x] * self.T if self.still else x.chunk(self.T)
        return torch.cat([self.neuron(step) for step in steps])  # keeps channels last


class Rectangle(torch.autograd.Function):
    """H(z) forward, slope 1 within 1/2 of the threshold backward."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        return (z > 0).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return gradient * (z.abs() < 0.5)


class MultiStep(nn.Module):
    """x: [N, ...], a still image, or [T N, ...]; ``head`` of the mean over T of what ``rest`` gives."""

    def __init__(self, front: nn.Module, rest: nn.Module, head: nn.Module, T: int) -> None:
        super().__init__()
        self.front, self.rest, self.head, self.T = front, rest, head, T

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rest(self.front(x)).unflatten(0, (self.T, -1)).mean(0))


class Looped(nn.Module):
    """The same, one step after the other; what is ahead of a still image's first neuron once."""

    def __init__(
        self, front: nn.Module, rest: nn.Module, head: nn.Module, T: int, still: bool
    ) -> None:
        super().__init__()
        self.front, self.rest, self.head, self.T, self.still = front, rest, head, T, still
        self.neurons = [part for part in rest.modules() if hasattr(part, "reset")]

    def forward(self, x: Tensor) -> Tensor:
        for neuron in self.neurons:
            neuron.reset()
        x = self.front(x)
        steps = [x] * self.T if self.still else x.chunk(self.T)
        return self.head(torch.stack([self.rest(step) for step in steps]).mean(0))


class MeansFirst(nn.Module):
    """A convolution of the means of its padded input, of the pooling's stride."""

    def __init__(self, convolution: nn.Conv2d, padding: tuple[int, int], size: int) -> None:
        super().__init__()
        self.convolution, self.size = convolution, size
        self.border = (padding[1], padding[1], padding[0], padding[0])

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(F.avg_pool2d(F.pad(x, self.border), self.size, 1))


class Sum(nn.Module):
    """body(x) + shortcut(x)."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.shortcut(x)


def torch_network(
    network: Any, params: Tree, T: int, neurons: Neurons, means_first: bool = False
) -> nn.Module:
    """The module of a Serial that ends in MeanOverTime, with Repeat(T) in it where images are still.

    It is in the precision of ``params``. ``means_first``: convolutions ahead of a pooling are those of
    means, the last linear layers come behind the mean over time. Raises NumsnnError for a layer that
    has no counterpart here.
    """
    require(
        isinstance(network.layers[-1], MeanOverTime),
        f"peers: a network must end in MeanOverTime, found {type(network.layers[-1]).__name__}",
    )
    layers, head = list(zip(network.layers, params, strict=True)), []
    if means_first:
        layers = [(link.layer, params[link.at]) for link in network.links]
        last, share = layers[-1]
        if isinstance(last, MeanFirst):
            head = [(link.layer, share[link.at]) for link in last.ahead.links]
    repeats = [i for i, (layer, _) in enumerate(layers) if isinstance(layer, Repeat)]
    cut = repeats[0] if repeats else -1
    front = _chain(layers[: max(cut, 0)], T, neurons, False)
    rest = _chain(layers[cut + 1 : -1], T, neurons, bool(repeats))
    end = _chain(head, T, neurons, False)
    if neurons.looped:
        return Looped(front, rest, end, T, bool(repeats))
    return MultiStep(front, rest, end, T)


def _chain(layers: Sequence[Any], T: int, neurons: Neurons, still: bool) -> nn.Module:
    """``still``: the first layer is a neuron that sees the same at every step."""
    return nn.Sequential(
        *(
            _module(layer, share, T, neurons, still and i == 0)
            for i, (layer, share) in enumerate(layers)
        )
    )


def _module(layer: Any, params: Tree, T: int, neurons: Neurons, still: bool) -> nn.Module:
    for kind, rule in RULES.items():
        if isinstance(layer, kind):
            return rule(layer, params, T, neurons, still)
    require(False, f"peers: a {type(layer).__name__} has no counterpart in PyTorch here")
    raise AssertionError


def _serial(layer: Serial, params: Tree, T: int, neurons: Neurons, still: bool) -> nn.Module:
    return _chain(list(zip(layer.layers, params, strict=True)), T, neurons, still)


def _residual(layer: Residual, params: Tree, T: int, neurons: Neurons, still: bool) -> nn.Module:
    parts = zip((layer.body, layer.shortcut), params, strict=True)
    return Sum(*(_module(part, share, T, neurons, False) for part, share in parts))


def _neuron(layer: LIF, params: Tree, T: int, neurons: Neurons, still: bool) -> nn.Module:
    plain = layer.reset == "hard" and layer.norm is None and layer.lateral is None
    slope = isinstance(layer.surrogate, Rectangular) and np.all(params.width == 1)
    scalars = params.decay.ndim == params.threshold.ndim == 0 and params.direction is None
    require(
        plain and slope and scalars,
        f"peers: the neuron {layer.name!r} must have a hard reset, a rectangular surrogate of width "
        "1, scalar parameters, no norm and no lateral layer",
    )
    decay, threshold = float(params.decay), float(params.threshold)
    if neurons.looped:
        return neurons.step(decay, threshold)
    return neurons.over_time(decay, threshold, T, still)


def _convolution(layer: Conv2d, params: Tree, *_: Any) -> nn.Module:
    made = nn.Conv2d(
        layer.inputs, layer.outputs, layer.kernel, layer.stride, layer.padding,
        groups=layer.groups, bias=layer.bias,
    )  # fmt: skip
    return _weights(made, params.weight, params.bias)


def _means_first(layer: ConvPool, params: Tree, *_: Any) -> nn.Module:
    means = layer.strided
    made = nn.Conv2d(
        means.inputs, means.outputs, means.kernel, means.stride,
        groups=means.groups, bias=means.bias,
    )  # fmt: skip
    _weights(made, params[0].weight, params[0].bias)
    return MeansFirst(made, pair(layer.conv.padding), layer.window[0])


def _linear(layer: Linear, params: Tree, *_: Any) -> nn.Module:
    made = nn.Linear(layer.inputs, layer.outputs, bias=layer.bias)
    return _weights(made, params.weight, params.bias)


def _norm(layer: BatchNorm | FixedNorm, params: Tree, *_: Any) -> nn.Module:
    """tdBN's factor is part of the gain: no step is slower for it."""
    channels = layer.shape[0]
    require(
        len(layer.shape) == 3 and layer.shape[1:] == (1, 1),
        f"peers: a norm must have one gain a channel, found {layer.shape}",
    )
    made = nn.BatchNorm2d(channels, layer.eps)
    if isinstance(layer, FixedNorm):
        mean, variance = (_tensor(value.reshape(channels)) for value in layer.statistics)
        made.running_mean, made.running_var = mean, variance
    gain = layer.scale * params.gain.reshape(channels)
    return _weights(made, gain, params.shift.reshape(channels))


def _pool(layer: AvgPool2d, *_: Any) -> nn.Module:
    if layer.size is None:
        return nn.AdaptiveAvgPool2d(1)
    return nn.AvgPool2d(layer.size, layer.stride)


RULES: dict[type, Callable[..., nn.Module]] = {
    Serial: _serial,
    Residual: _residual,
    LIF: _neuron,
    Conv2d: _convolution,
    ConvPool: _means_first,
    Linear: _linear,
    BatchNorm: _norm,
    FixedNorm: _norm,
    AvgPool2d: _pool,
    Flatten: lambda *_: nn.Flatten(1),
    Identity: lambda *_: nn.Identity(),
}


def _weights(module: nn.Module, weight: np.ndarray, bias: np.ndarray | None) -> nn.Module:
    """The module with these numbers, in their precision."""
    module.weight, given = nn.Parameter(_tensor(weight)), _tensor(weight).dtype
    if bias is not None:
        module.bias = nn.Parameter(_tensor(bias))
    return module.to(given)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array))
