"""RecDis-SNN: a penalty on potentials that all fire, all miss the slope, or all stay inside it.

Guo, Tong, Chen, Zhang, Liu, Ma, Huang, "RecDis-SNN: rectifying membrane potential distribution for
directly training spiking neural networks", 2022.
"""

from collections.abc import Callable
from typing import Any

from numsnn.layer import walk
from numsnn.losses import mean_cross_entropy
from numsnn.networks import small_network
from numsnn.neurons import LIF
from numsnn.optimizers import SGD, cosine
from numsnn.papers import tdbn
from numsnn.papers.places import Shape, hidden
from numsnn.readouts import Accumulate
from numsnn.recipes import Objective, Penalty, Recipe
from numsnn.regularizers import Degeneration, Mismatch, MPDLoss, Saturation
from numsnn.regularizers.inputs import not_negative, positive
from numsnn.regularizers.mpd import LAMBDA
from numsnn.surrogates import Rectangular
from numsnn.validate import choice, require

DECAY = 0.2
THRESHOLD = 0.5

TERMS: dict[str, Callable[[float], Any]] = {
    "all": lambda threshold: MPDLoss(threshold),
    "degeneration": lambda threshold: Degeneration(threshold),
    "saturation": lambda threshold: Saturation(),
    "mismatch": lambda threshold: Mismatch(),
}
"""The loss of eq. 18, and its terms one by one."""


def neuron(shape: Shape = (), threshold: float = THRESHOLD) -> LIF:
    """u[t] = decay u[t-1] (1 - o[t-1]) + current[t],  o = [u >= V_th],  do/du = [0 < u < 1].

    Eq. 4, 5 and 7; the interval has length 1 about V_th = 1/2.
    """
    positive("recdis.neuron", "threshold", threshold, "V_th of RecDis-SNN eq. 5")
    return LIF(DECAY, threshold, 1.0, Rectangular(closed=False), tie="fires")


def objective(network: Any, weight: float = LAMBDA, terms: tuple[str, ...] = ("all",)) -> Objective:
    """L = (1/T) sum over t of CE(O[t], Y) + lambda L_MPD, without the output layer. Eq. 19, 20.

    terms: of ``TERMS``. Raises NumsnnError for a negative lambda, an unknown term, or a network
    without a hidden neuron. Algorithm 1.
    """
    not_negative("recdis", "weight", weight, "lambda of RecDis-SNN eq. 20")
    for term in terms:
        choice("recdis", "terms", term, tuple(TERMS))
    on = hidden(network)
    require(
        on,
        "recdis: MPD-Loss leaves the output layer out (RecDis-SNN eq. 19), and the network has no "
        "other layer of neurons",
    )
    lifs = (layer for (layer,) in walk(network) if isinstance(layer, LIF))
    thresholds = {layer.threshold for layer in lifs if layer.name in on}
    require(len(thresholds) == 1, f"recdis: one threshold is needed, found {sorted(thresholds)}")
    threshold = thresholds.pop()
    penalties = (Penalty(TERMS[t](threshold), weight, on, f"MPD {t}") for t in terms)
    return Objective(mean_cross_entropy, tuple(penalties))


def recipe(
    input_shape: Shape,
    classes: int,
    T: int,
    *,
    network: Any = small_network,
    events: bool = False,
    rate: float = 0.03,
    weight_decay: float = 1e-4,
    weight: float = LAMBDA,
    terms: tuple[str, ...] = ("all",),
    norm: Any = None,
) -> Recipe:
    """MPD-Loss with weight lambda = 2 on every hidden layer, outputs accumulated without a leak.

    norm: None, or a norm after every convolution: ``tdbn.norm`` for the paper's combination of
    both. The paper does not give its optimizer; this is SGD with momentum 0.9 on a cosine.
    """
    built = network(
        input_shape, classes, T, events=events, neuron=neuron, norm=norm, readout=Accumulate()
    )  # fmt: skip
    return Recipe(built, objective(built, weight, terms), SGD(0.9, weight_decay), cosine(rate))


def with_tdbn(input_shape: Shape, classes: int, T: int, **settings: Any) -> Recipe:
    """Both: tdBN after every convolution, MPD-Loss on what it leaves. Table 4."""
    return recipe(input_shape, classes, T, norm=tdbn.norm, **settings)
