"""What every operation asks of its input, with errors that say what was expected and found."""

import cmath
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.reduce import PIECE, total

Array = np.ndarray


def require(condition: Any, message: str) -> None:
    """Raise NumsnnError with ``message`` unless ``condition`` holds.

    The message is put together each time: what every layer asks at every step says ``if`` instead.
    """
    if not condition:
        raise NumsnnError(message)


def finite(op: str, what: str, x: Array) -> None:
    """Refuse NaN and infinity, naming the first place."""
    if all_finite(x):
        return
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    raise NumsnnError(f"{op}: {what} must be finite, found {x[place]} at {place} (shape {x.shape})")


def all_finite(x: Array) -> bool:
    """Whether there is no NaN and no infinity in x.

    One sum finds almost all large clean arrays clean; it may itself overflow, so only a suspicious
    one is looked at element by element.
    """
    if x.size > PIECE:
        with np.errstate(all="ignore"):
            clean = np.isfinite(total(x))
        if clean:
            return True
    return cmath.isfinite(x) if x.ndim == 0 else bool(np.isfinite(x).all())


def inexact(op: str, what: str, x: Any) -> None:
    """Refuse what is not an array of floating-point or complex numbers."""
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind not in "fc":
        raise NumsnnError(
            f"{op}: {what} must be an array of floating-point or complex numbers, found "
            f"{getattr(x, 'dtype', type(x).__name__)}"
        )


def sequence(
    op: str,
    x: Any,
    rank: int | None = None,
    least: int = 3,
    layout: str = "",
    check_values: bool = True,
) -> Array:
    """Refuse an ``x`` that is not [T, N, ...] of the given rank, non-empty and finite.

    ``check_values=False`` where the operation itself, or the one it hands x to, looks at every value.
    """
    inexact(op, "x", x)
    shape = layout or ("[T, N, C, H, W]" if rank == 5 else "[T, N, ...]")
    if rank not in (None, x.ndim):
        raise NumsnnError(f"{op}: x must be {shape}, of rank {rank}, found shape {x.shape}")
    if x.ndim < least:
        raise NumsnnError(f"{op}: x must be {shape}, of rank {least} or more, found {x.shape}")
    if 0 in x.shape:
        axis = x.shape.index(0)
        name = ("T, the number of steps", "N, the number of samples", "the extent")[min(axis, 2)]
        raise NumsnnError(f"{op}: {name} on axis {axis}, must be at least 1, found {x.shape}")
    if check_values:
        finite(op, "x", x)
    return x


def one_precision(op: str, x: Array, **others: Array | None) -> np.dtype:
    """The dtype of the computation; refuses to mix single with double precision silently.

    A complex array may meet a real one (that is how a tangent rides along), 4-byte numbers may
    not meet 8-byte ones.
    """
    for name, other in others.items():
        if other is None:
            continue
        inexact(op, name, other)
        if x.real.dtype != other.real.dtype:
            raise NumsnnError(
                f"{op}: x is {x.dtype} but {name} is {other.dtype}; cast one, nothing is upcast "
                "silently"
            )
    return np.result_type(x, *(other for other in others.values() if other is not None))


def cotangent(op: str, d_y: Any, shape: tuple[int, ...]) -> Array:
    """Refuse a cotangent whose shape is not the output's."""
    inexact(op, "d_y", d_y)
    if d_y.shape != shape:
        raise NumsnnError(f"{op}: d_y must have the output's shape {shape}, found {d_y.shape}")
    return d_y


def choice(op: str, what: str, value: Any, options: tuple) -> None:
    """Refuse an option that is not among ``options``."""
    require(value in options, f"{op}: {what} must be one of {options}, found {value!r}")


def positive_integer(op: str, what: str, value: Any) -> None:
    """Refuse anything but an integer of at least 1."""
    good = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 1
    require(good, f"{op}: {what} must be an integer of at least 1, found {value!r}")
