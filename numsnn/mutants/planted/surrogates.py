"""Planted errors of the surrogates' slopes and of their width's."""

from numsnn.mutants.edit import Mutant

BACKWARD = "numsnn.surrogates:Surrogate.backward"
BUMP = "numsnn.surrogates:Bump.backward"
BUMPS = "numsnn.surrogates:Bump.slopes"


def _slope(kind: str) -> str:
    return f"numsnn.surrogates:{kind}.slope"


def _slopes(kind: str) -> str:
    return f"numsnn.surrogates:{kind}.slopes"


WIDTHS = (
    Mutant(
        "width slope's sign",
        BUMPS,
        "-(z / width) * ds_dz",
        "(z / width) * ds_dz",
        "a wider surrogate made narrower",
    ),
    Mutant(
        "width slope at z",
        BUMPS,
        "-(z / width) * ds_dz",
        "-z * ds_dz",
        "z in place of z/width",
    ),
    Mutant(
        "width slope missing",
        BUMPS,
        "-(z / width) * ds_dz",
        "0 * ds_dz",
        "the width taken as constant",
    ),
    Mutant(
        "width's gradient: sign",
        BUMP,
        "-contract(z, d_z, width_shape) / width",
        "contract(z, d_z, width_shape) / width",
        "a wider surrogate made narrower",
    ),
    Mutant(
        "width's gradient at z",
        BUMP,
        "-contract(z, d_z, width_shape) / width",
        "-contract(z, d_z, width_shape)",
        "z in place of z/width",
    ),
    Mutant(
        "width's gradient missing",
        BUMP,
        "-contract(z, d_z, width_shape) / width",
        "0 * contract(z, d_z, width_shape) / width",
        "the width taken as constant",
    ),
    Mutant(
        "width's gradient without the slope",
        BUMP,
        "-contract(z, d_z, width_shape) / width",
        "-contract(z, d_s, width_shape) / width",
        "a straight-through width",
    ),
    Mutant(
        "slope straight through",
        BUMP,
        "return d_z, -contract(",
        "return d_s, -contract(",
        "slope 1 in place of the surrogate's",
    ),
    Mutant(
        "own surrogate: slopes exchanged",
        BACKWARD,
        "ds_dz, ds_dwidth = self.slopes(z, width)",
        "ds_dwidth, ds_dz = self.slopes(z, width)",
        "the two slopes in the wrong order",
    ),
    Mutant(
        "own surrogate: width's gradient without the cotangent",
        BACKWARD,
        "contract(ds_dwidth, d_s, width_shape)",
        "contract(ds_dwidth, 1 + 0 * d_s, width_shape)",
        "the sum of the slopes",
    ),
    Mutant(
        "own surrogate: width's gradient missing",
        BACKWARD,
        "contract(ds_dwidth, d_s, width_shape)",
        "0 * contract(ds_dwidth, d_s, width_shape)",
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
        _slope("Rectangular"),
        "np.multiply(inside, 1 / width, out=inside)",
        "inside",
        "a window of height 1 whatever its width",
    ),
    Mutant(
        "Rectangular: half as wide",
        _slope("Rectangular"),
        "self.inside(z, width)",
        "self.inside(2 * z, width)",
        "width taken for half the window",
    ),
    Mutant(
        "Triangular: half-width as width",
        _slope("Triangular"),
        "1 - size, 0) / width",
        "1 - 2 * size, 0) / width",
        "the tent's half-width taken for its width",
    ),
    Mutant(
        "Triangular: below 0 outside",
        _slope("Triangular"),
        "np.where(size.real < 1, 1 - size, 0)",
        "(1 - size)",
        "max(0, .) left out",
    ),
    Mutant(
        "Sigmoid: 1/width missing",
        _slope("Sigmoid"),
        "fading / (1 + fading) ** 2 / width",
        "fading / (1 + fading) ** 2",
        "a slope of fixed height",
    ),
    Mutant(
        "Arctangent: x for x^2",
        _slope("Arctangent"),
        "(1 + x * x)",
        "(1 + np.where(x.real < 0, -x, x))",
        "another bell",
    ),
    Mutant(
        "Tanh: factor 2 missing",
        _slope("Tanh"),
        "2 * fading / (1 + fading) ** 2 / width",
        "fading / (1 + fading) ** 2 / width",
        "the derivative of tanh(x)/2 taken for the sigmoid's",
    ),
    Mutant(
        "Tanh: at x for 2x",
        _slope("Tanh"),
        "np.exp(-2 * magnitude(x))",
        "np.exp(-magnitude(x))",
        "a surrogate twice as wide",
    ),
    Mutant(
        "FastSigmoid: not squared",
        _slope("FastSigmoid"),
        "(1 + magnitude(x)) ** 2)",
        "(1 + magnitude(x)))",
        "1/(1 + |x|) in place of its square",
    ),
    Mutant(
        "Gaussian: a variance for a deviation",
        _slope("Gaussian"),
        "math.sqrt(2 * math.pi)",
        "(2 * math.pi)",
        "the normalisation's root left out",
    ),
    Mutant(
        "Gaussian: half left out",
        _slope("Gaussian"),
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
        _slope("ClampedTanh"),
        "np.where(inside, height * (1 - bend * bend), 0)",
        "(height * (1 - bend * bend))",
        "the slope goes on outside its support",
    ),
    Mutant(
        "ClampedTanh: not normalised",
        _slope("ClampedTanh"),
        "self.sharpness / (2 * math.tanh(self.sharpness / 2))",
        "self.sharpness / 2",
        "an area below 1",
    ),
)

MUTANTS = WIDTHS + HEIGHTS
