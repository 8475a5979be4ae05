"""Where in a network a paper's method acts: hidden neurons, neurons outside blocks, the classifier."""

from typing import Any

from numsnn.compose import Residual, Serial
from numsnn.conv import Conv2d
from numsnn.layer import named, walk
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.readouts import MeanOverTime
from numsnn.validate import require

Shape = tuple[int, ...]


def channelwise(shape: Shape) -> Shape:
    """The shape of one number a channel: (C, 1, 1) for (C, H, W), (C,) for (C,)."""
    return (shape[0], *(1 for _ in shape[1:]))


def batch_norm(shape: Shape) -> BatchNorm:
    """Plain batch normalisation of each channel, over steps, samples and places. MPBN eq. 4-6."""
    return BatchNorm(channelwise(shape))


def firing(network: Any) -> tuple[str, ...]:
    """The names of all neurons that fire or put out their potential, in forward order."""
    return tuple(layer.name for (layer,) in walk(network) if isinstance(layer, LIF))


def hidden(network: Any) -> tuple[str, ...]:
    """The names of the neurons that have weights behind them: all but an output layer's."""
    layers = [layer for (layer,) in walk(network) if isinstance(layer, LIF | Conv2d | Linear)]
    weights = [i for i, layer in enumerate(layers) if not isinstance(layer, LIF)]
    last = weights[-1] if weights else 0
    return tuple(layer.name for layer in layers[:last] if isinstance(layer, LIF))


def outside_blocks(network: Any) -> tuple[str, ...]:
    """The names of the neurons that do not stand inside a residual block."""
    inside = {
        layer.name
        for (block,) in walk(network)
        if isinstance(block, Residual)
        for (layer,) in walk(block)
        if isinstance(layer, LIF)
    }
    return tuple(name for name in firing(network) if name not in inside)


def with_classifier(network: Any, classifier: Any) -> Any:
    """The network with ``classifier(features)`` in place of its last Linear and the mean over time.

    Raises NumsnnError where the network does not end in these two.
    """
    layers = network.layers if isinstance(network, Serial) else ()
    fits = (
        len(layers) >= 2 and isinstance(layers[-2], Linear) and isinstance(layers[-1], MeanOverTime)
    )
    found = [type(layer).__name__ for layer in layers[-2:]] or type(network).__name__
    require(fits, f"with_classifier: the network must end in Linear, MeanOverTime, found {found}")
    return named(Serial(*layers[:-2], classifier(layers[-2].inputs)))
