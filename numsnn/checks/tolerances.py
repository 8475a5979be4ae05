"""One tolerance for each kind of check, with its reason. There is none for single operations."""

from typing import NamedTuple


class Tolerance(NamedTuple):
    bound: float
    reason: str


TOLERANCES: dict[str, Tolerance] = {
    "contract": Tolerance(0.0, "structure, dtype, purity and repeatability hold bit for bit"),
    "adjoint": Tolerance(
        1e-12,
        "relative to sum |d t|. A complex step has no truncation error; what is left is the "
        "rounding of two orders of summation, 1e-16 times the growth through the layers",
    ),
    "complex-step": Tolerance(1e-12, "the same arithmetic as the adjoint identity, relaxed"),
    "anchored": Tolerance(1e-12, "the same arithmetic again, around a recorded spiking run"),
    "anchored-affine": Tolerance(1e-12, "the same, with the tangent in place of the primitive"),
    "differences": Tolerance(
        1.0,
        "times the differences' own estimate: how far three steps lie apart, and the rounding of "
        "the values; refused where that exceeds 1e-5 of the derivative",
    ),
    "anchored-differences": Tolerance(1.0, "times the differences' own estimate, as above"),
    "taylor": Tolerance(
        0.1,
        "2 minus the order at which the remainder falls. A wrong gradient gives order 1; the "
        "third-order term at steps of 1e-4 moves the order by about 1e-3",
    ),
    "each-parameter": Tolerance(
        1.0,
        "times the error estimate of scipy.differentiate, with the rounding of the values at its "
        "smallest step as a floor",
    ),
    "formula": Tolerance(
        1e-13, "two orders of the same few operations, relative to the largest number of the result"
    ),
    "primitive": Tolerance(
        1e-12, "P at +-1e15 widths against its declared gain, and its pinned constant"
    ),
    "bad-input": Tolerance(0.0, "each declared bad input raises its error, with its message"),
}
"""The bound of every check by name, and why it is that."""
