"""Random networks: one to three spiking layers of every variant, residual, with all their norms."""

from typing import Any

import numpy as np

from numsnn.checks import LayerCase
from numsnn.compose import Identity, Repeat, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.dropout import Dropout
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import Accumulate, MeanOverTime
from numsnn.registry.draws import Rng, coin, pick, sizes, started, stirred
from numsnn.registry.entry import FIRING, Entry
from numsnn.surrogates import SURROGATES

EPS = 0.1  # of the norms: a layer that happens to be silent is then magnified 3 times, not 300


def random_network(
    rng: Rng, layers: int | None = None, small: bool = False, **fields: Any
) -> LayerCase:
    """A network with stirred parameters, an input, and in half the cases initial states.

    1 to 3 spiking layers (or ``layers``), on features or on images; synapses with or without
    tdBN; residual blocks; neurons of both resets, both tie rules, detached or not, lateral or
    not, MPBN with both carries, any surrogate, scalar or per-channel parameters; direct coding or
    a sequence of up to 6 steps; any readout. ``fields`` fixes fields of every neuron. small: about
    50 numbers in all, so that one can look at each.
    """
    T, N, C = sizes(rng, (1, 3), (3, 3), (1, 2)) if small else sizes(rng, (1, 6), (3, 4), (1, 3))
    depth = layers or int(rng.integers(1, 4))
    image = not small and coin(rng, 0.4)
    inputs = 1 if small else int(rng.integers(1, 4))
    surrogate = pick(rng, SURROGATES.values())
    fields = {"surrogate": surrogate} | fields
    direct = coin(rng, 0.3)
    parts: list[Any] = []
    for level in range(depth):
        width = inputs if level == 0 else C
        synapse, neuron = _synapse(rng, width, C, image), _neuron(rng, C, image, fields)
        if level == 0:
            block = [*synapse, *([Repeat(T)] if direct else []), neuron]
        elif coin(rng, 0.4):
            shortcut = pick(rng, (Identity(), Serial(*_synapse(rng, C, C, image, bias=False))))
            block = [Residual(Serial(*synapse), shortcut), neuron]
            if coin(rng, 0.3):
                block = [Residual(Serial(*synapse, neuron), shortcut)]
        else:
            block = [*synapse, neuron]
        parts += block
    parts += _readout(rng, C, image)
    network = named(Serial(*parts))
    shape = (1 if direct else T, N, inputs, *((3, 3) if image else ()))
    x = 1.5 * rng.standard_normal(shape)
    params = stirred(rng, network.init(rng, np.float64))
    if coin(rng):
        params = started(rng, network, params, x)
    return LayerCase(network, params, x, "network")


def _synapse(rng: Rng, inputs: int, outputs: int, image: bool, bias: bool | None = None) -> list:
    bias = coin(rng) if bias is None else bias
    product = (
        Conv2d(inputs, outputs, 3, padding=1, bias=bias) if image else Linear(inputs, outputs, bias)
    )
    if coin(rng, 0.6):
        return [product]
    return [product, BatchNorm((outputs, 1, 1) if image else (outputs,), scale=0.7, eps=EPS)]


def _neuron(rng: Rng, C: int, image: bool, fields: dict[str, Any]) -> LIF:
    shape = (C, 1, 1) if image else (C,)
    chosen: dict[str, Any] = {
        "reset": pick(rng, ("hard", "soft")),
        "tie": pick(rng, ("fires", "silent")),
        "detach_reset": coin(rng),
        "decay_shape": shape if coin(rng, 0.3) else (),
        "threshold_shape": shape if coin(rng, 0.3) else (),
        "width_shape": shape if coin(rng, 0.3) else (),
        "norm": BatchNorm(shape, eps=EPS) if coin(rng, 0.3) else None,
        "carry": pick(rng, ("raw", "normalised")),
    }
    if coin(rng, 0.3):
        chosen["lateral"] = (
            Conv2d(C, C, 3, padding=1, groups=C, bias=False) if image else Linear(C, C, bias=False)
        )
    return LIF(**{**chosen, **fields})


def _readout(rng: Rng, C: int, image: bool) -> list[Any]:
    parts: list[Any] = []
    features = C
    if image:
        pool = pick(rng, (None, AvgPool2d(2), AvgPool2d(None)))
        parts += [] if pool is None else [pool]
        parts += [Flatten()]
        features = C * (9 if pool is None else 1)
    if coin(rng, 0.2):
        parts += [Dropout(0.3, seed=int(rng.integers(2**31)))]
    if coin(rng, 0.8):
        parts += [Linear(features, 2)]
    return parts + pick(rng, ([], [Accumulate()], [MeanOverTime()]))


def small_network(rng: Rng) -> LayerCase:
    """Two spiking layers and about 50 numbers."""
    return random_network(rng, layers=2, small=True)


ENTRIES = (
    Entry(
        "network-small",
        (Serial, Residual, LIF),
        small_network,
        FIRING,
        "potentials on the threshold, or on a kink of the surrogate",
    ),
    Entry(
        "network",
        (Serial, Residual, LIF),
        random_network,
        tuple(check for check in FIRING if check != "each-parameter"),
        "potentials on the threshold, or on a kink of the surrogate",
        cases=1000,
    ),
)
