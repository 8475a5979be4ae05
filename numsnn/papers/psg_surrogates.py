"""Parametric surrogate gradients: two auxiliary functions whose shape, gamma, is learned.

``width`` is gamma itself, as printed, and not its inverse: it learns by d loss/d gamma, and descent
on one is not descent on the other. z = u - V_th. Each function comes in three forms.

    "paper"     eq. 11 and 12 (16 and 17) as printed. No function has both as its partials.
    "exact"     the function as printed, eq. 8 (13), with its own partials, eq. 9-10 (14-15).
    "rescaled"  that function divided by gamma. Its slope in u is eq. 11 (16) exactly; its slope in
                gamma is the true one, which eq. 12 (17) is not.

Nothing keeps the paper's gamma positive: none of the formulas fails at gamma <= 0, and a run that
gets there is to be seen (``numsnn.papers.psg_gamma``), not stopped.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from numsnn.layer import Array
from numsnn.surrogates import Surrogate, logistic, magnitude, softplus
from numsnn.validate import choice, require

FORMS = ("paper", "exact", "rescaled")


@dataclass(frozen=True)
class Parametric(Surrogate):
    """A surrogate whose width is gamma, of any sign."""

    form: str = "paper"
    gain: ClassVar[float] = math.nan  # it depends on gamma, or is infinite

    def __post_init__(self) -> None:
        choice(type(self).__name__, "form", self.form, FORMS)

    def check_width(self, width: Any) -> None:
        """Raise NumsnnError unless every gamma is finite."""
        op = type(self).__name__
        require(np.isfinite(width).all(), f"{op}: gamma must be finite, found {np.min(width)}")


@dataclass(frozen=True)
class PSGArctangent(Parametric):
    """f = arctan(gamma z) + 1/2, for layers that fire (eq. 8); "rescaled" is arctan(gamma z)/gamma + 1/2.

    "paper":    df/du = 1/(1 + (gamma z)^2)          (11)     df/dgamma = 1/(1 + (gamma z)^2)  (12)
    "exact":    df/du = gamma/(1 + (gamma z)^2)       (9)     df/dgamma = z/(1 + (gamma z)^2)  (10)
    "rescaled": df/du = 1/(1 + (gamma z)^2)          (11)
                df/dgamma = (x/(1 + x^2) - arctan x)/gamma^2,  x = gamma z
    The value of "paper" is that of "rescaled", whose slope in u it has. PSG & PDA eq. 8-12.
    """

    def value(self, z: Array, width: Any) -> Array:
        x = width * z
        if self.form == "exact":
            return np.arctan(x) + 0.5  # eq. 8
        return _ratio(np.arctan(x), width, at_zero=z) + 0.5  # section 3.2

    def slopes(self, z: Array, width: Any) -> tuple[Array, Array]:
        x = width * z
        bump = 1 / (1 + x * x)
        if self.form == "paper":
            return bump, bump  # eq. 11, eq. 12
        if self.form == "exact":
            return width * bump, z * bump  # eq. 9, eq. 10
        return bump, _ratio(x * bump - np.arctan(x), width * width, at_zero=0 * z)  # eq. 11


@dataclass(frozen=True)
class PSGSoftplus(Parametric):
    """f = ln(1 + exp(gamma z)), for layers that put out potentials (eq. 13); "rescaled" is f/gamma.

    With x = gamma z and sigma(x) = 1/(1 + exp(-x)):

    "paper":    df/du = sigma(x)             (16)     df/dgamma = sigma(x)    (17)
    "exact":    df/du = gamma sigma(x)       (14)     df/dgamma = z sigma(x)  (15)
    "rescaled": df/du = sigma(x)             (16)     df/dgamma = (x sigma(x) - ln(1 + e^x))/gamma^2
    The value of "paper" is that of "rescaled". f/gamma has a pole at gamma = 0; there, and only
    there, value and slope in gamma are put to 0. PSG & PDA eq. 13-17.
    """

    def value(self, z: Array, width: Any) -> Array:
        x = width * z
        if self.form == "exact":
            return softplus(x)  # eq. 13
        return _ratio(softplus(x), width, at_zero=0 * z)

    def slopes(self, z: Array, width: Any) -> tuple[Array, Array]:
        x = width * z
        rise = logistic(x)
        if self.form == "paper":
            return rise, rise  # eq. 16, eq. 17
        if self.form == "exact":
            return width * rise, z * rise  # eq. 14, eq. 15
        # ln(1 + e^x) - x sigma(x), without the difference of two large terms
        size = magnitude(x)
        fading = np.exp(-size)
        bend = np.log1p(fading) + size * fading / (1 + fading)
        return rise, _ratio(-bend, width * width, at_zero=0 * z)  # eq. 16


def _ratio(top: Array, bottom: Any, at_zero: Array) -> Array:
    """top/bottom, and ``at_zero`` where bottom is 0."""
    zero = np.real(bottom) == 0
    return np.where(zero, at_zero, top / np.where(zero, 1, bottom))
