"""STBP-tdBN: currents normalised over time and batch to the size of the threshold.

Zheng, Wu, Deng, Hu, Li, "Going deeper with directly-trained larger spiking neural networks", 2021.
"""

import math
from collections.abc import Callable
from typing import Any

from numsnn.compose import Identity, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.networks import small_network
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.optimizers import SGD, cosine
from numsnn.papers.places import Shape, channelwise
from numsnn.recipes import Recipe
from numsnn.regularizers.inputs import positive
from numsnn.surrogates import Rectangular
from numsnn.validate import positive_integer

DECAY = 0.25
THRESHOLD = 0.5
WIDTH = 1.0  # a of eq. 16


def alpha(branches: int = 1) -> float:
    """1/sqrt(n) where n branches are added, so that their sum has the size of the threshold."""
    positive_integer("tdbn.alpha", "branches", branches)
    return 1 / math.sqrt(branches)


def norm(shape: Shape, branches: int = 1, threshold: float = THRESHOLD) -> BatchNorm:
    """y = lambda alpha V_th (x - E[x])/sqrt(Var[x] + eps) + beta, a channel each. Eq. 5-8."""
    positive("tdbn.norm", "threshold", threshold, "V_th of tdBN eq. 3")
    return BatchNorm(channelwise(shape), scale=alpha(branches) * threshold)


def neuron(shape: Shape = (), threshold: float = THRESHOLD, width: float = WIDTH) -> LIF:
    """u[t] = decay u[t-1] (1 - o[t-1]) + x[t],  o = [u > V_th],  do/du = [|u - V_th| < a/2]/a.

    Eq. 2, 3 and 16; the backward pass is eq. 14-15 with the reset's gradient kept.
    """
    positive("tdbn.neuron", "threshold", threshold, "V_th of tdBN eq. 3")
    positive("tdbn.neuron", "width", width, "a of tdBN eq. 16")
    return LIF(DECAY, threshold, width, Rectangular(closed=False), tie="silent")


def basic_block(
    inputs: int,
    shape: Shape,
    stride: int = 1,
    neuron: Callable[[Shape], Any] = neuron,
    norm: Callable[[Shape, int], Any] = norm,
) -> Serial:
    """neuron(tdBN(conv(neuron(tdBN(conv(x))))) + tdBN(shortcut(x))), the last two with alpha 1/sqrt 2.

    shape: (C, H, W) of the output. The shortcut is the identity, or a 1x1 convolution where the
    channels or the size change; either way a tdBN follows it. Figure 5b.
    """
    outputs = shape[0]
    same = inputs == outputs and stride == 1
    body = Serial(
        Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        norm(shape, 1),
        neuron(shape),
        Conv2d(outputs, outputs, 3, padding=1, bias=False),
        norm(shape, 2),
    )
    projection = Identity() if same else Conv2d(inputs, outputs, 1, stride=stride, bias=False)
    return Serial(Residual(body, Serial(projection, norm(shape, 2))), neuron(shape))


def recipe(
    input_shape: Shape,
    classes: int,
    T: int,
    *,
    network: Any = small_network,
    events: bool = False,
    rate: float = 0.1,
    weight_decay: float = 5e-4,
    threshold: float = THRESHOLD,
    width: float = WIDTH,
) -> Recipe:
    """tdBN after every convolution, the cross-entropy of the mean output (eq. 11-13), SGD from 0.1.

    Momentum 0.9; the rate falls along a cosine. Batch normalisation needs no other help: the loss
    has no penalty.
    """
    built = network(
        input_shape, classes, T, events=events,
        neuron=lambda shape: neuron(shape, threshold, width),
        norm=lambda shape, branches=1: norm(shape, branches, threshold),
    )  # fmt: skip
    return Recipe(built, optimizer=SGD(0.9, weight_decay), schedule=cosine(rate))
