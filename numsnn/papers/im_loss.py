"""IM-Loss holds the mean potential at the threshold; ESG sharpens the surrogate as training goes on.

Guo, Chen, Zhang, Liu, Wang, Huang, Ma, "IM-Loss: information maximization loss for spiking neural
networks", 2022.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.layer import Array
from numsnn.losses import cross_entropy
from numsnn.networks import small_network
from numsnn.neurons import LIF
from numsnn.optimizers import SGD, cosine
from numsnn.papers import tdbn
from numsnn.papers.places import Shape, firing, outside_blocks
from numsnn.recipes import Objective, Penalty, Recipe
from numsnn.regularizers import IMLoss
from numsnn.regularizers.im import LAMBDA
from numsnn.regularizers.inputs import not_negative, positive
from numsnn.surrogates import Rectangular, Tanh
from numsnn.tree import Tree, map_named
from numsnn.validate import positive_integer, require

DECAY = 0.25
THRESHOLD = 0.5
K_MIN, K_MAX = 1.0, 10.0


def K(i: float, epochs: int, k_min: float = K_MIN, k_max: float = K_MAX) -> float:  # noqa: N802
    """K(i) = ((10^(i/N) - 1) K_max + (10 - 10^(i/N)) K_min)/9,  i = 0..N-1.

    From K_min upwards, but the last epoch stays below K_max: at i = N-1 and bounds (1, 10) it is
    10^(1 - 1/N), 7.94 for N = 10. Raises NumsnnError unless 0 < K_min <= K_max and N >= 1. Eq. 15.
    """
    positive("esg", "K_min", k_min, "K_min of IM-Loss eq. 15")
    require(k_max >= k_min, f"esg: K_max is {k_max}, expected at least K_min {k_min} (eq. 15)")
    positive_integer("esg", "epochs", epochs)
    growth = 10 ** (i / epochs)
    return ((growth - 1) * k_max + (10 - growth) * k_min) / 9


def K_reaching(  # noqa: N802
    i: float, epochs: int, k_min: float = K_MIN, k_max: float = K_MAX
) -> float:
    """Eq. 15 with i/(N - 1) in place of i/N: K_max in the last epoch, as the text says."""
    positive_integer("esg", "epochs", epochs)
    return K(i, max(1, epochs - 1), k_min, k_max)


@dataclass(frozen=True)
class ESG:
    """The evolutionary surrogate: before epoch i every width becomes 1/K(i). Eq. 14.

    reaching: the variant of K that gets to K_max.
    """

    k_min: float = K_MIN
    k_max: float = K_MAX
    reaching: bool = False

    def __post_init__(self) -> None:
        K(0, 1, self.k_min, self.k_max)  # checks both

    def __call__(self, network: Any, params: Tree, epoch: int, epochs: int) -> tuple[Any, Tree]:
        rule = K_reaching if self.reaching else K
        width = 1 / rule(epoch, epochs, self.k_min, self.k_max)

        def sharpened(name: str, leaf: Array) -> Array:
            return np.full_like(leaf, width) if name.rpartition("/")[2] == "width" else leaf

        return network, map_named(sharpened, params)


def neuron(shape: Shape = (), threshold: float = THRESHOLD, esg: bool = False) -> LIF:
    """u[t] = decay u[t-1] (1 - o[t-1]) + current[t],  o = [u >= V_th]. Eq. 5, 6.

    The surrogate is a rectangle of width 1, as in the paper's comparisons, or with esg the slope of
    (tanh(K (u - V_th)) + 1)/2, eq. 13, its width 1/K.
    """
    positive("im_loss.neuron", "threshold", threshold, "V_th of IM-Loss eq. 6")
    surrogate = Tanh() if esg else Rectangular(closed=False)
    width = 1 / K_MIN if esg else 1.0
    return LIF(DECAY, threshold, width, surrogate, tie="fires")


def penalty(
    network: Any,
    weight: float = LAMBDA,
    threshold: float = THRESHOLD,
    per: str = "layer",
    target: float | None = None,
    blocks: bool = False,
) -> Penalty:
    """lambda (1/L) sum over layers of (mean u - V_th)^2. Eq. 11, 12.

    blocks: also on the layers inside residual blocks, which the paper leaves out. per "channel"
    and target 0.5/T are what published code does. Raises NumsnnError for a negative lambda, or
    where no layer is left.
    """
    not_negative("im_loss", "weight", weight, "lambda of IM-Loss eq. 12")
    on = firing(network) if blocks else outside_blocks(network)
    require(
        on,
        "im_loss: IM-Loss leaves the layers inside residual blocks out (section 4.2), and the "
        "network has no other; blocks=True takes them in",
    )
    return Penalty(IMLoss(threshold, target, per), weight, on)


def recipe(
    input_shape: Shape,
    classes: int,
    T: int,
    *,
    network: Any = small_network,
    events: bool = False,
    rate: float = 0.1,
    weight_decay: float = 1e-4,
    im: bool = True,
    esg: bool = False,
    weight: float = LAMBDA,
    per: str = "layer",
    authors_target: bool = False,
    blocks: bool = False,
    reaching: bool = False,
    norm: Any = None,
) -> Recipe:
    """IM-Loss, ESG or both, on a network without norms, or with ``tdbn.norm``. Table 1.

    The cross-entropy of the mean output; SGD with momentum 0.9 and weight decay 1e-4 on a cosine.
    authors_target: the released code's 0.5/T in place of the threshold. reaching: see ``ESG``.
    """
    built = network(
        input_shape, classes, T, events=events,
        neuron=lambda shape: neuron(shape, esg=esg), norm=norm,
    )  # fmt: skip
    target = IMLoss.of_authors(T).target if authors_target else None
    penalties = (penalty(built, weight, THRESHOLD, per, target, blocks),) if im else ()
    return Recipe(
        built,
        Objective(cross_entropy, penalties),
        SGD(0.9, weight_decay),
        cosine(rate),
        ESG(reaching=reaching) if esg else None,
    )


def esg_only(input_shape: Shape, classes: int, T: int, **settings: Any) -> Recipe:
    """ESG without IM-Loss."""
    return recipe(input_shape, classes, T, im=False, esg=True, **settings)


def with_esg(input_shape: Shape, classes: int, T: int, **settings: Any) -> Recipe:
    """IM-Loss and ESG."""
    return recipe(input_shape, classes, T, esg=True, **settings)


def tdbn_with_im(input_shape: Shape, classes: int, T: int, **settings: Any) -> Recipe:
    """tdBN and IM-Loss."""
    return recipe(input_shape, classes, T, norm=tdbn.norm, **settings)


def tdbn_with_im_and_esg(input_shape: Shape, classes: int, T: int, **settings: Any) -> Recipe:
    """All three, the paper's best row."""
    return recipe(input_shape, classes, T, esg=True, norm=tdbn.norm, **settings)
