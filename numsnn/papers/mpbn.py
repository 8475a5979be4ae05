"""MPBN: batch normalisation of the membrane, between charge and firing.

Guo, Zhang, Chen, Peng, Liu, Zhang, Huang, Ma, "Membrane potential batch normalization for spiking
neural networks", 2023.
"""

from typing import Any

from numsnn.networks import small_network
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.optimizers import SGD, cosine
from numsnn.papers.places import Shape, batch_norm, channelwise
from numsnn.recipes import Recipe
from numsnn.regularizers.inputs import positive
from numsnn.surrogates import Rectangular
from numsnn.validate import choice

DECAY = 0.25
THRESHOLD = 0.5


def norm(shape: Shape, per: str = "channel") -> BatchNorm:
    """MPBN(u) = lambda (u - mu)/sqrt(sigma^2 + eps) + beta, mu and sigma of one step. Eq. 4, 5, 7.

    per: "channel", or "element" for a gain, a shift and statistics of each neuron (eq. 13).
    """
    choice("mpbn.norm", "per", per, ("channel", "element"))
    return BatchNorm(tuple(shape) if per == "element" else channelwise(shape))


def neuron(
    shape: Shape, per: str = "channel", threshold: float = THRESHOLD, carry: str = "raw"
) -> LIF:
    """u[t] = decay v[t-1] + c[t],  o = [MPBN(u) > V_th],  v = u (1 - o),  do/dMPBN = [0 <= . <= 1].

    The potential that is reset and carried is the raw one, else eq. 10 does not hold. Eq. 1, 2, 7,
    8; 12 (closed at both ends, an interval of length 1 about V_th = 1/2).
    """
    positive("mpbn.neuron", "threshold", threshold, "V_th of MPBN eq. 2")
    slope = Rectangular(closed=True)
    return LIF(DECAY, threshold, 1.0, slope, tie="silent", norm=norm(shape, per), carry=carry)


def recipe(
    input_shape: Shape,
    classes: int,
    T: int,
    *,
    network: Any = small_network,
    events: bool = False,
    rate: float = 0.1,
    weight_decay: float = 1e-4,
    per: str = "channel",
    carry: str = "raw",
) -> Recipe:
    """MPBN in every neuron and a plain norm after every convolution (eq. 6), SGD from 0.1.

    Mean output (eq. 3), its cross-entropy; momentum 0.9, a cosine to 0, weight decay 1e-4.
    """
    built = network(
        input_shape, classes, T, events=events,
        neuron=lambda shape: neuron(shape, per, carry=carry), norm=batch_norm,
    )  # fmt: skip
    return Recipe(built, optimizer=SGD(0.9, weight_decay), schedule=cosine(rate))
