"""Planted errors of the surrogates' slopes and of their width's."""

from numsnn.mutants.edit import Mutant

WIDTH_SLOPE = "return ds_dz, -x * ds_dz"


def _slopes(kind: str) -> str:
    return f"numsnn.surrogates:{kind}.slopes"


_KINDS = (
    "Rectangular",
    "Triangular",
    "Sigmoid",
    "Arctangent",
    "Tanh",
    "FastSigmoid",
    "Gaussian",
    "ClampedTanh",
)

WIDTHS = (
    *(
        Mutant(
            f"{kind}: width slope's sign",
            _slopes(kind),
            WIDTH_SLOPE,
            "return ds_dz, x * ds_dz",
            "a wider surrogate made narrower",
        )
        for kind in _KINDS
    ),
    Mutant(
        "Sigmoid: width slope at z",
        _slopes("Sigmoid"),
        WIDTH_SLOPE,
        "return ds_dz, -z * ds_dz",
        "z in place of z/width",
    ),
    Mutant(
        "Arctangent: width slope missing",
        _slopes("Arctangent"),
        WIDTH_SLOPE,
        "return ds_dz, 0 * ds_dz",
        "the width taken as constant",
    ),
    Mutant(
        "Softplus: width slope as of a bounded one",
        _slopes("Softplus"),
        "np.log1p(fading) + size * fading / (1 + fading)",
        "-x * ds_dz",
        "the constant P(-inf) = 0 not pinned",
    ),
    Mutant(
        "Scaled: width slope not scaled",
        _slopes("Scaled"),
        "self.factor * ds_dwidth",
        "ds_dwidth",
        "one of two slopes scaled",
    ),
)

HEIGHTS = (
    Mutant(
        "Rectangular: height 1",
        _slopes("Rectangular"),
        "np.divide(self.inside(x), width, dtype=x.dtype)",
        "self.inside(x).astype(x.dtype)",
        "a window of height 1 whatever its width",
    ),
    Mutant(
        "Rectangular: half as wide",
        _slopes("Rectangular"),
        "self.inside(x)",
        "self.inside(2 * x)",
        "width taken for half the window",
    ),
    Mutant(
        "Triangular: half-width as width",
        _slopes("Triangular"),
        "1 - size, 0) / width",
        "1 - 2 * size, 0) / width",
        "the tent's half-width taken for its width",
    ),
    Mutant(
        "Triangular: below 0 outside",
        _slopes("Triangular"),
        "np.where(size.real < 1, 1 - size, 0)",
        "(1 - size)",
        "max(0, .) left out",
    ),
    Mutant(
        "Sigmoid: 1/width missing",
        _slopes("Sigmoid"),
        "fading / (1 + fading) ** 2 / width",
        "fading / (1 + fading) ** 2",
        "a slope of fixed height",
    ),
    Mutant(
        "Arctangent: x for x^2",
        _slopes("Arctangent"),
        "(1 + x * x)",
        "(1 + np.where(x.real < 0, -x, x))",
        "another bell",
    ),
    Mutant(
        "Tanh: factor 2 missing",
        _slopes("Tanh"),
        "2 * fading / (1 + fading) ** 2 / width",
        "fading / (1 + fading) ** 2 / width",
        "the derivative of tanh(x)/2 taken for the sigmoid's",
    ),
    Mutant(
        "Tanh: at x for 2x",
        _slopes("Tanh"),
        "np.exp(-2 * magnitude(x))",
        "np.exp(-magnitude(x))",
        "a surrogate twice as wide",
    ),
    Mutant(
        "FastSigmoid: not squared",
        _slopes("FastSigmoid"),
        "(1 + magnitude(x)) ** 2)",
        "(1 + magnitude(x)))",
        "1/(1 + |x|) in place of its square",
    ),
    Mutant(
        "Gaussian: a variance for a deviation",
        _slopes("Gaussian"),
        "math.sqrt(2 * math.pi)",
        "(2 * math.pi)",
        "the normalisation's root left out",
    ),
    Mutant(
        "Gaussian: half left out",
        _slopes("Gaussian"),
        "np.exp(-x * x / 2)",
        "np.exp(-x * x)",
        "exp(-x^2) in place of exp(-x^2/2)",
    ),
    Mutant(
        "Softplus: slope at 0 everywhere",
        _slopes("Softplus"),
        "ds_dz = logistic(x)",
        "ds_dz = logistic(0 * x)",
        "a straight-through slope of 1/2",
    ),
    Mutant(
        "ClampedTanh: not clamped",
        _slopes("ClampedTanh"),
        "np.where(inside, height * (1 - bend * bend), 0)",
        "(height * (1 - bend * bend))",
        "the slope goes on outside its support",
    ),
    Mutant(
        "ClampedTanh: not normalised",
        _slopes("ClampedTanh"),
        "self.sharpness / (2 * math.tanh(self.sharpness / 2))",
        "self.sharpness / 2",
        "an area below 1",
    ),
)

MUTANTS = WIDTHS + HEIGHTS
