"""Surrogates: a primitive P(z; width) that replaces the step H(z), and its two partials.

``z = membrane - threshold``. The backward pass puts dP/dz where the step has no derivative, and
dP/dwidth gives the gradient of the width. The primitive's constant is pinned: P(0) = 1/2 for the
bounded ones, P(-inf) = 0 for softplus; without it dP/dwidth would be free.

With x = z/width and a bump f of area 1, every bounded surrogate here is P = F(x), F' = f, so

    dP/dz = f(x)/width,        dP/dwidth = -x f(x)/width = -x dP/dz:

these are ``Bump``s, which write down P and its slope. ``width`` is a number or an array that
broadcasts against ``z``. All of it holds for complex ``z`` with a small imaginary part: branches
look at ``.real``, exponentials never overflow.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import erf

from numsnn.errors import NumsnnError
from numsnn.reduce import contract

Array = np.ndarray


def magnitude(x: Array) -> Array:
    """|x| that keeps an imaginary part: x or -x, by the sign of the real part."""
    return np.where(x.real < 0, -x, x) if np.iscomplexobj(x) else np.abs(x)


class Surrogate:
    """``value(z, width)`` is the primitive; ``slopes(z, width)`` are dP/dz and dP/dwidth."""

    gain: ClassVar[float] = 1.0  # P(inf) - P(-inf); infinite where P is unbounded
    analytic: ClassVar[bool] = True  # no kink anywhere: complex step is exact at every z

    def kinks(self, width: Any) -> tuple:
        """The z at which dP/dz jumps or bends; none where P is analytic."""
        return ()

    def check_width(self, width: Any) -> None:
        """Raise NumsnnError unless every width is positive."""
        if not (width.real > 0 if np.ndim(width) == 0 else np.greater(np.real(width), 0).all()):
            raise NumsnnError(
                f"{type(self).__name__}: width must be positive, found {np.min(np.real(width))}"
            )

    def value(self, z: Array, width: Any) -> Array:
        raise NotImplementedError

    def slopes(self, z: Array, width: Any) -> tuple[Array, Array]:
        raise NotImplementedError

    def backward(
        self, z: Array, width: Any, d_s: Array, width_shape: tuple[int, ...] | None
    ) -> tuple[Array, Array | None]:
        """d_z = dP/dz d_s, and d_width = sum of dP/dwidth d_s, in the shape of the width if one is given."""
        ds_dz, ds_dwidth = self.slopes(z, width)
        if width_shape is None:
            return ds_dz * d_s, None
        return ds_dz * d_s, contract(ds_dwidth, d_s, width_shape)


class Bump(Surrogate):
    """P = F(z/width): ``slope(z, width)`` is dP/dz, and the width's partial follows from it."""

    def slope(self, z: Array, width: Any) -> Array:
        """dP/dz, in the shape of z and in an array of its own: ``backward`` writes into it."""
        raise NotImplementedError

    def slopes(self, z: Array, width: Any) -> tuple[Array, Array]:
        ds_dz = self.slope(z, width)
        return ds_dz, -(z / width) * ds_dz

    def backward(
        self, z: Array, width: Any, d_s: Array, width_shape: tuple[int, ...] | None
    ) -> tuple[Array, Array | None]:
        d_z = self.slope(z, width).astype(np.result_type(z, width, d_s), copy=False)
        d_z *= d_s  # in its place: another array would be one more to go through
        if width_shape is None:
            return d_z, None
        return d_z, -contract(z, d_z, width_shape) / width


@dataclass(frozen=True)
class Rectangular(Bump):
    """f(x) = [|x| < 1/2]: a slope of 1/width over an interval of length ``width``.

    P is a clipped ramp. ``closed`` puts the two end points inside. RecDis eq. 7 and tdBN eq. 16
    (open), MPBN eq. 12 (closed).
    """

    closed: bool = False
    analytic: ClassVar[bool] = False

    def kinks(self, width: Any) -> tuple:
        return (-width / 2, width / 2)

    def inside(self, z: Array, width: Any) -> Array:
        z, half = np.real(z), np.real(width) / 2
        below = np.less_equal if self.closed else np.less
        return below(-half, z) & below(z, half)

    def value(self, z: Array, width: Any) -> Array:
        x = z / width
        ends = np.where(x.real > 0, 1.0, 0.0)
        return np.where(self.inside(z, width), x + 0.5, ends).astype(x.dtype)

    def slope(self, z: Array, width: Any) -> Array:
        inside = self.inside(z, width).astype(np.result_type(z, width))
        return np.multiply(inside, 1 / width, out=inside)  # exactly 1/width or 0


@dataclass(frozen=True)
class Triangular(Bump):
    """f(x) = max(0, 1 - |x|): a tent of half-width ``width``; P is two parabolas."""

    analytic: ClassVar[bool] = False

    def kinks(self, width: Any) -> tuple:
        return (-width, 0 * width, width)

    def value(self, z: Array, width: Any) -> Array:
        x = z / width
        size = magnitude(x)
        rise = np.where(size.real < 1, size * (2 - size), 1) / 2
        return 0.5 + np.where(x.real < 0, -rise, rise)

    def slope(self, z: Array, width: Any) -> Array:
        x = z / width
        size = magnitude(x)
        return np.where(size.real < 1, 1 - size, 0) / width


@dataclass(frozen=True)
class Sigmoid(Bump):
    """P = 1/(1 + exp(-x)),  f = P (1 - P)."""

    def value(self, z: Array, width: Any) -> Array:
        return logistic(z / width)

    def slope(self, z: Array, width: Any) -> Array:
        x = z / width
        fading = np.exp(-magnitude(x))
        return fading / (1 + fading) ** 2 / width


@dataclass(frozen=True)
class Arctangent(Bump):
    """P = arctan(x)/pi + 1/2,  f = 1/(pi (1 + x^2))."""

    def value(self, z: Array, width: Any) -> Array:
        return np.arctan(z / width) / math.pi + 0.5

    def slope(self, z: Array, width: Any) -> Array:
        x = z / width
        return 1 / (math.pi * (1 + x * x)) / width


@dataclass(frozen=True)
class Tanh(Bump):
    """P = (1 + tanh x)/2,  f = sech^2(x)/2. IM-Loss eq. 13 with width = 1/K."""

    def value(self, z: Array, width: Any) -> Array:
        return logistic(2 * (z / width))

    def slope(self, z: Array, width: Any) -> Array:
        x = z / width
        fading = np.exp(-2 * magnitude(x))
        return 2 * fading / (1 + fading) ** 2 / width  # sech^2(x)/2 = 2 e^(-2|x|)/(1+e^(-2|x|))^2


@dataclass(frozen=True)
class FastSigmoid(Bump):
    """P = 1/2 + x/(2 (1 + |x|)),  f = 1/(2 (1 + |x|)^2): SuperSpike's slope, at area 1."""

    analytic: ClassVar[bool] = False

    def kinks(self, width: Any) -> tuple:
        return (0 * width,)

    def value(self, z: Array, width: Any) -> Array:
        x = z / width
        return 0.5 + x / (2 * (1 + magnitude(x)))

    def slope(self, z: Array, width: Any) -> Array:
        x = z / width
        return 1 / (2 * (1 + magnitude(x)) ** 2) / width


@dataclass(frozen=True)
class Gaussian(Bump):
    """P = (1 + erf(x/sqrt 2))/2,  f = exp(-x^2/2)/sqrt(2 pi): width is a standard deviation.

    P is the firing probability of a step under Gaussian noise of that deviation.
    """

    def value(self, z: Array, width: Any) -> Array:
        return (1 + erf(z / width * math.sqrt(0.5))) / 2

    def slope(self, z: Array, width: Any) -> Array:
        x = z / width
        return np.exp(-x * x / 2) / math.sqrt(2 * math.pi) / width


@dataclass(frozen=True)
class Softplus(Surrogate):
    """P = width log(1 + exp(x)): the smooth rectifier max(0, z), of slope 1 far above.

    dP/dz = 1/(1 + exp(-x));  dP/dwidth = log(1 + exp(x)) - x/(1 + exp(-x)).  P(-inf) = 0.
    """

    gain: ClassVar[float] = np.inf

    def value(self, z: Array, width: Any) -> Array:
        return width * softplus(z / width)

    def slopes(self, z: Array, width: Any) -> tuple[Array, Array]:
        x = z / width
        ds_dz = logistic(x)
        # log(1 + e^x) - x sigma(x) without the cancellation of two large terms at x >> 0
        size = magnitude(x)
        fading = np.exp(-size)
        return ds_dz, np.log1p(fading) + size * fading / (1 + fading)


@dataclass(frozen=True)
class ClampedTanh(Bump):
    """P = 1/2 + tanh(k x)/(2 tanh(k/2)) for |x| <= 1/2, then 0 and 1:  f = k sech^2(kx)/(2 tanh(k/2)).

    The slope in the published code of MPBN and IM-Loss, with k = 3 and width 1: peak 1.657, 0.2995
    at the ends, area 1.
    """

    sharpness: float = 3.0
    analytic: ClassVar[bool] = False

    def kinks(self, width: Any) -> tuple:
        return (-width / 2, width / 2)

    def value(self, z: Array, width: Any) -> Array:
        x = z / width
        inside = magnitude(x).real <= 0.5
        clamped = np.where(inside, x, 0)
        ramp = 0.5 + np.tanh(self.sharpness * clamped) / (2 * math.tanh(self.sharpness / 2))
        return np.where(inside, ramp, np.where(x.real > 0, 1.0, 0.0)).astype(x.dtype)

    def slope(self, z: Array, width: Any) -> Array:
        x = z / width
        inside = magnitude(x).real <= 0.5
        bend = np.tanh(self.sharpness * np.where(inside, x, 0))
        height = self.sharpness / (2 * math.tanh(self.sharpness / 2))
        return np.where(inside, height * (1 - bend * bend), 0).astype(x.dtype) / width


@dataclass(frozen=True)
class Scaled(Surrogate):
    """factor times another surrogate's slope, for libraries whose slopes have another area.

    P = 1/2 + factor (P_inner - 1/2) keeps P(0) = 1/2.
    """

    inner: Surrogate
    factor: float

    @property
    def gain(self) -> float:  # type: ignore[override]
        return self.factor * self.inner.gain

    @property
    def analytic(self) -> bool:  # type: ignore[override]
        return self.inner.analytic

    def kinks(self, width: Any) -> tuple:
        return self.inner.kinks(width)

    def check_width(self, width: Any) -> None:
        self.inner.check_width(width)

    def value(self, z: Array, width: Any) -> Array:
        return 0.5 + self.factor * (self.inner.value(z, width) - 0.5)

    def slopes(self, z: Array, width: Any) -> tuple[Array, Array]:
        ds_dz, ds_dwidth = self.inner.slopes(z, width)
        return self.factor * ds_dz, self.factor * ds_dwidth


def logistic(x: Array) -> Array:
    """1/(1 + exp(-x)), without overflow and with an imaginary part kept."""
    fading = np.exp(-magnitude(x))
    return np.where(x.real < 0, fading, 1) / (1 + fading)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without overflow and with an imaginary part kept."""
    return np.where(x.real < 0, 0, x) + np.log1p(np.exp(-magnitude(x)))


SURROGATES: dict[str, Surrogate] = {
    "rectangular": Rectangular(),
    "rectangular-closed": Rectangular(closed=True),
    "triangular": Triangular(),
    "sigmoid": Sigmoid(),
    "arctangent": Arctangent(),
    "tanh": Tanh(),
    "fast-sigmoid": FastSigmoid(),
    "gaussian": Gaussian(),
    "softplus": Softplus(),
    "clamped-tanh": ClampedTanh(),
}
"""Every surrogate by name."""
