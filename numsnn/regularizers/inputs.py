"""What a regularizer accepts: settings the papers allow, membranes of a known layout."""

import math
from numbers import Real
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError

LAYOUTS = {3: "[T, N, C]", 5: "[T, N, C, H, W]"}


def positive(op: str, field: str, value: float, why: str) -> None:
    """value > 0 and finite, or NumsnnError naming the constraint."""
    if not (_is_finite(value) and value > 0):
        raise NumsnnError(f"{op}: {field} is {value!r}, expected a finite number > 0 ({why})")


def not_negative(op: str, field: str, value: float, why: str) -> None:
    """value >= 0 and finite, or NumsnnError naming the constraint."""
    if not (_is_finite(value) and value >= 0):
        raise NumsnnError(f"{op}: {field} is {value!r}, expected a finite number >= 0 ({why})")


def finite(op: str, field: str, value: float, why: str) -> None:
    """value is finite, or NumsnnError naming the constraint."""
    if not _is_finite(value):
        raise NumsnnError(f"{op}: {field} is {value!r}, expected a finite number ({why})")


def one_of(op: str, field: str, value: str, choices: tuple[str, ...]) -> None:
    """value is one of the choices, or NumsnnError naming them."""
    if value not in choices:
        raise NumsnnError(f"{op}: {field} is {value!r}, expected one of {', '.join(choices)}")


def checked(op: str, array: Any, name: str = "membrane") -> np.ndarray:
    """The array, if it is [T, N, C] or [T, N, C, H, W], inexact, not empty and finite.

    Raises NumsnnError naming the operation, the axis or the first bad element, and what was found.
    """
    array = np.asarray(array)
    if array.ndim not in LAYOUTS:
        raise NumsnnError(
            f"{op}: {name} has {array.ndim} axes (shape {array.shape}), "
            f"expected {' or '.join(LAYOUTS.values())}"
        )
    if not np.issubdtype(array.dtype, np.inexact):
        raise NumsnnError(f"{op}: {name} has dtype {array.dtype}, expected floating or complex")
    for axis, (letter, size) in enumerate(zip("TNCHW", array.shape, strict=False)):
        if size == 0:
            raise NumsnnError(
                f"{op}: {name} is empty on axis {axis} ({letter}), shape {array.shape}"
            )
    good = np.isfinite(array)
    if not good.all():
        where = tuple(int(i) for i in np.argwhere(~good)[0])
        raise NumsnnError(f"{op}: {name}{list(where)} is {array[where]}, expected finite values")
    return array


def checked_spikes(op: str, spikes: Any) -> np.ndarray:
    """The spikes (bool, int or float), if laid out like a membrane and only 0 and 1."""
    spikes = np.asarray(spikes)
    if spikes.dtype == bool or np.issubdtype(spikes.dtype, np.integer):
        spikes = spikes.astype(np.float64)
    spikes = checked(op, spikes, "spikes")
    bad = (spikes != 0) & (spikes != 1)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise NumsnnError(f"{op}: spikes{list(where)} is {spikes[where]}, expected 0 or 1")
    return spikes


def same_shape(op: str, membrane: np.ndarray, spikes: np.ndarray) -> None:
    """Both arrays have one shape, or NumsnnError naming both."""
    if membrane.shape != spikes.shape:
        raise NumsnnError(
            f"{op}: membrane {membrane.shape} and spikes {spikes.shape} differ in shape"
        )


def representable(op: str, loss: Any, membrane: np.ndarray) -> Any:
    """The loss in the membrane's dtype, or NumsnnError where it does not fit."""
    with np.errstate(over="ignore"):
        loss = membrane.dtype.type(loss)
    if not np.isfinite(loss):
        peak = np.abs(membrane).max()
        raise NumsnnError(
            f"{op}: the loss overflows {membrane.dtype} (largest |membrane| is {peak})"
        )
    return loss


def _is_finite(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
