"""What stands between convolutions: norms of currents and of membranes, and neurons, by name."""

import math
from collections.abc import Callable
from typing import Any

from numsnn.errors import NumsnnError
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.surrogates import SURROGATES, Surrogate
from numsnn.validate import choice, require

Shape = tuple[int, ...]
Factory = Callable[..., Any]


def one_a_channel(shape: Shape) -> Shape:
    """(C, 1, 1) for (C, H, W), (F,) for (F,)."""
    return (shape[0], *(1 for _ in shape[1:]))


def tdbn_norm(threshold: float = 0.5, alpha: float = 1.0) -> Factory:
    """(shape, branches) -> BatchNorm of one gain and shift a channel, scaled by alpha V_th/sqrt(branches).

    branches: how many normalised currents are added up behind it. tdBN eq. 5-6 and figure 5b.
    """

    def norm(shape: Shape, branches: int = 1) -> BatchNorm:
        return BatchNorm(one_a_channel(shape), scale=alpha * threshold / math.sqrt(branches))

    return norm


def plain_norm(shape: Shape) -> BatchNorm:
    """Batch normalisation of each channel to gain 1. MPBN eq. 4-6."""
    return BatchNorm(one_a_channel(shape))


def _element(shape: Shape) -> BatchNorm:
    return BatchNorm(tuple(shape))


CURRENT_NORMS: dict[str, Callable[[float], Factory | None]] = {
    "none": lambda threshold: None,
    "tdbn": tdbn_norm,
    "bn": lambda threshold: plain_norm,
}
"""Norms behind convolutions by name, each for a threshold."""

MEMBRANE_NORMS: dict[str, Factory] = {"mpbn": plain_norm, "mpbn-element": _element}
"""Norms on membranes by name: MPBN with one gain a channel, or one a neuron (eq. 13)."""

NORMS = tuple(CURRENT_NORMS) + tuple(
    f"{front}{back}" for front in ("", "tdbn+", "bn+") for back in MEMBRANE_NORMS
)
"""Every choice of norms; "mpbn" alone stands on membranes only, and convolutions have a bias."""


def norms(name: str, threshold: float = 0.5) -> tuple[Factory | None, Factory | None]:
    """The norm behind convolutions and the norm on membranes that a name of ``NORMS`` means."""
    choice("networks", "norm", name, NORMS)
    parts = name.split("+")
    current = next((CURRENT_NORMS[p](threshold) for p in parts if p in CURRENT_NORMS), None)
    membrane = next((MEMBRANE_NORMS[p] for p in parts if p in MEMBRANE_NORMS), None)
    return current, membrane


def lif(
    surrogate: str | Surrogate = "rectangular",
    reset: str = "hard",
    decay: float = 0.25,
    threshold: float = 0.5,
    membrane_norm: Factory | None = None,
) -> Factory:
    """shape -> LIF, with a norm on its membrane where one is given."""
    if isinstance(surrogate, str):
        if surrogate not in SURROGATES:
            raise NumsnnError(f"unknown surrogate {surrogate!r}; there are {', '.join(SURROGATES)}")
        surrogate = SURROGATES[surrogate]
    require(
        isinstance(surrogate, Surrogate),
        f"networks: surrogate must be a Surrogate or the name of one, found {surrogate!r}",
    )

    def neuron(shape: Shape) -> LIF:
        norm = None if membrane_norm is None else membrane_norm(shape)
        return LIF(decay, threshold, surrogate=surrogate, reset=reset, norm=norm)

    return neuron
