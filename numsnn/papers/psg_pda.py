"""PSG learns the surrogate's shape gamma of each layer; PDA pulls potentials to a standard Gaussian.

Wang, Cheng, Lim, "Membrane potential distribution adjustment and parametric surrogate gradient in
spiking neural networks", 2023. Lateral terms are those of LISNN, learnable thresholds and moderate
dropout those of LTMD, as the paper takes them over.
"""

import math
from functools import partial
from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.layer import Array, walk
from numsnn.linear import Linear
from numsnn.networks import small_network
from numsnn.neurons import LIF
from numsnn.optimizers import FROZEN, SGD
from numsnn.papers.lateral import Depthwise
from numsnn.papers.moderate import ModerateDropout, TwoMasks, two_mask_loss
from numsnn.papers.parametrised import ParametrisedLIF
from numsnn.papers.places import Shape, batch_norm, firing, with_classifier
from numsnn.papers.potential import PotentialLIF
from numsnn.papers.psg_gamma import report
from numsnn.papers.psg_surrogates import PSGArctangent, PSGSoftplus
from numsnn.readouts import MeanOverTime
from numsnn.recipes import Objective, Penalty, Recipe
from numsnn.regularizers import PotentialDistribution
from numsnn.regularizers.inputs import finite, not_negative, positive
from numsnn.regularizers.pda import BETA
from numsnn.tree import Tree, map_named
from numsnn.validate import require

DECAY = 0.25  # e^(-1/tau) of eq. 2, its sign put right; the paper gives no tau, LTMD uses 0.25
THRESHOLD = math.tanh(0.5)  # where LTMD's learnable threshold begins
GAMMA = 1.0  # where gamma begins: 1, 2 and 5 in Table 2
DROPPED = 0.2
FROZEN_BUT_GAMMA = tuple(name for name in FROZEN if name != "width")


def lateral(shape: Shape) -> Depthwise:
    """Each channel's spikes of the step before, convolved 5x5 by itself, added to its current."""
    return Depthwise.of(shape[0])


def neuron(
    shape: Shape,
    gamma: float = GAMMA,
    form: str = "paper",
    positive_gamma: bool = False,
    threshold: float = THRESHOLD,
    interacting: bool = True,
) -> ParametrisedLIF:
    """u[t] = decay u[t-1] (1 - o[t-1]) + current[t] + lateral(o[t-1]),  o = [u > tanh(w)].

    Its surrogate is the arctangent of gamma, in one of the forms of ``psg_surrogates``. With
    positive_gamma it is ln gamma that learns: our way, not the paper's. Eq. 2, 3; 11, 12.
    """
    positive("psg.neuron", "threshold", threshold, "V_th of PSG & PDA eq. 3")
    finite("psg.neuron", "gamma", gamma, "the surrogate's shape, PSG & PDA eq. 11")
    inner = LIF(
        DECAY, threshold, gamma, PSGArctangent(form), tie="silent",
        lateral=lateral(shape) if interacting and len(shape) == 3 else None,
    )  # fmt: skip
    return ParametrisedLIF(inner, "tanh", "exp" if positive_gamma else "plain")


def potential_neuron(
    gamma: float = GAMMA,
    form: str = "paper",
    positive_gamma: bool = False,
    threshold: float = THRESHOLD,
) -> Any:
    """The dense layers' neuron, which puts out its potential; its surrogate is the softplus of gamma.

    Its threshold stays, as in LTMD. Case 2, eq. 16, 17.
    """
    inner = PotentialLIF(DECAY, threshold, gamma, PSGSoftplus(form), tie="silent")
    return ParametrisedLIF(inner, "plain", "exp") if positive_gamma else inner


def classifier(
    features: int, units: int | None, classes: int, rate: float = DROPPED, **psg: Any
) -> Serial:
    """Two dense layers that put out potentials, moderate dropout between, their mean over time.

    units: of the first one; None where the features come from such a layer already.
    """
    last = Serial(Linear(units or features, classes), potential_neuron(**psg), MeanOverTime())
    rest = TwoMasks(ModerateDropout(rate), last) if rate else last
    first = () if units is None else (Linear(features, units), potential_neuron(**psg))
    return Serial(*first, rest)


def kaiming(network: Any, rng: np.random.Generator, dtype: Any = np.float32) -> Tree:
    """The network's first parameters, every weight drawn from N(0, 2/fan_in): LTMD's choice."""

    def drawn(name: str, leaf: Array) -> Array:
        if name.rpartition("/")[2] != "weight":
            return leaf
        deviation = math.sqrt(2 / math.prod(leaf.shape[1:]))
        return (deviation * rng.standard_normal(leaf.shape)).astype(leaf.dtype)

    return map_named(drawn, network.init(rng, dtype))


def schedule(rate: float) -> Any:
    """LTMD's steps: from 0.04 to 0.01, 5e-3, 1e-3, ... 1e-5, each an eighth of the training."""
    falls = (1, 1 / 4, 1 / 8, 1 / 40, 1 / 80, 1 / 400, 1 / 800, 1 / 4000)
    return lambda progress: rate * falls[min(int(8 * progress), 7)]


def recipe(
    input_shape: Shape,
    classes: int,
    T: int,
    *,
    network: Any = small_network,
    events: bool = False,
    rate: float = 0.04,
    weight_decay: float = 1e-4,
    psg: bool = True,
    pda: bool = False,
    weight: float = BETA,
    gamma: float = GAMMA,
    form: str = "paper",
    positive_gamma: bool = False,
    interacting: bool = True,
    dropped: float = DROPPED,
    units: int = 128,
) -> Recipe:
    """PSG (gamma learns), PDA (beta = 1 on every layer) or both, on the paper's neurons.

    A plain norm follows every convolution; the loss is that of moderate dropout. Without psg gamma
    stays where it is: the paper's baseline. units: of a first dense layer, where the network has
    none of its own. The paper does not give its optimizer; this is LTMD's.

    Raises NumsnnError for T = 1 with lateral terms, which act on the step before.
    """
    not_negative("psg", "weight", weight, "beta of PSG & PDA eq. 6")
    require(
        T > 1 or not interacting or events,
        f"psg: lateral terms act on the spikes of the step before, so T must be at least 2, found "
        f"{T}; interacting=False leaves them out",
    )
    shape_of_gamma: dict[str, Any] = {
        "gamma": gamma,
        "form": form,
        "positive_gamma": positive_gamma,
    }
    built = network(
        input_shape, classes, T, events=events,
        neuron=lambda shape: (
            neuron(shape, **shape_of_gamma, interacting=interacting)
            if len(shape) == 3
            else potential_neuron(**shape_of_gamma)
        ),
        norm=batch_norm,
    )  # fmt: skip
    dense = sum(isinstance(layer, Linear) for (layer,) in walk(built))
    first = units if dense == 1 else None
    built = with_classifier(
        built, lambda features: classifier(features, first, classes, dropped, **shape_of_gamma)
    )
    penalties = (Penalty(PotentialDistribution(), weight, firing(built)),) if pda else ()
    frozen = FROZEN_BUT_GAMMA if psg else (*FROZEN, "log_width")
    return Recipe(
        built,
        Objective(two_mask_loss, penalties),
        SGD(0.9, weight_decay, frozen),
        schedule(rate),
        init=partial(kaiming, built),
        report=report,
    )


def pda_only(input_shape: Shape, classes: int, T: int, **settings: Any) -> Recipe:
    """PDA with gamma as it begins."""
    return recipe(input_shape, classes, T, psg=False, pda=True, **settings)


def with_pda(input_shape: Shape, classes: int, T: int, **settings: Any) -> Recipe:
    """PSG and PDA."""
    return recipe(input_shape, classes, T, pda=True, **settings)
