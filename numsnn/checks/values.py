"""Checks of values: a formula in naive loops, a primitive's gain, an error for a bad input."""

from typing import Any, NamedTuple

import numpy as np

from numsnn.checks.contract import DTYPES
from numsnn.checks.probe import place
from numsnn.checks.refusal import RefusedError
from numsnn.checks.report import Report, Worst, failed, measured, refused
from numsnn.checks.structure import ContractError, same_structure
from numsnn.checks.tolerances import TOLERANCES
from numsnn.tree import named_leaves


class BadInput(NamedTuple):
    """A call that must raise ``error`` with ``message`` in its text."""

    what: str
    call: Any
    message: str
    error: type[Exception] = ValueError


def formula(case: Any, rng: np.random.Generator) -> Report:
    """A result against the same formula in independent scalar loops.

    The case has ``values()`` that gives both: a ``ValueCase``, or one with a ``reference``.
    """
    bound = TOLERANCES["formula"].bound
    try:
        found, expected = case.values()
        same_structure(case.name, found, expected)
    except RefusedError as reason:
        return refused("formula", case.name, str(reason), bound)
    except ContractError as reason:
        return failed("formula", case.name, str(reason), bound)
    error, worst = 0.0, None
    for (name, a), (_, b) in zip(named_leaves(found), named_leaves(expected), strict=True):
        gap = np.abs(np.asarray(a) - b)
        scale = max(float(np.max(np.abs(b), initial=0.0)), np.finfo(float).tiny)
        here = float(np.max(gap, initial=0.0)) / scale
        if not here <= error:
            index = np.unravel_index(np.argmax(gap), np.shape(gap))
            numbers = (float(np.real(np.asarray(values)[index])) for values in (a, b))
            error, worst = here, Worst(place(name, index), *numbers)
    return measured("formula", case.name, error, bound, worst if not error <= bound else None)


def primitive(case: Any, rng: np.random.Generator) -> Report:
    """P(inf) - P(-inf) is the declared gain and P(0) = 1/2; unbounded, P(-inf) = 0.

    And P and its slopes are finite, and of the dtype of z, out to 800 widths on both sides.
    """
    bound = TOLERANCES["primitive"].bound
    surrogate, width = case.layer.surrogate, case.params
    if reason := _beyond_range(surrogate):
        return failed("primitive", case.name, reason, bound)
    far = 1e15 * np.max(width)
    low, middle, high = (
        surrogate.value(np.full(np.shape(width), z), width) for z in (-far, 0.0, far)
    )
    found = {"P(inf) - P(-inf)": (high - low, surrogate.gain), "P(0)": (middle, 0.5)}
    if not np.isfinite(surrogate.gain):
        found = {"P(-inf)": (low, 0.0)}
    error, worst = 0.0, None
    for name, (a, b) in found.items():
        gap = float(np.max(np.abs(a - b)))
        if not gap <= error:
            error, worst = gap, Worst(name, float(np.ravel(a)[0]), b)
    return measured("primitive", case.name, error, bound, worst if not error <= bound else None)


def _beyond_range(surrogate: Any) -> str:
    """Where P or a slope overflows or changes its dtype; "" where nowhere."""
    for dtype in DTYPES:
        z = np.array([0, 1, -1, 20, -20, 800, -800], dtype)
        width = np.ones((), dtype)
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                results = (surrogate.value(z, width), *surrogate.slopes(z, width))
        except FloatingPointError as raised:
            return f"at |z/width| up to 800 in {np.dtype(dtype)}: {raised}"
        for name, result in zip(("P", "dP/dz", "dP/dwidth"), results, strict=True):
            if result.dtype != dtype:
                return f"{name} of {np.dtype(dtype)} z is {result.dtype}"
            if not np.isfinite(result).all():
                return f"{name} is not finite at |z/width| up to 800 in {np.dtype(dtype)}"
    return ""


def bad_input(case: BadInput, rng: np.random.Generator) -> Report:
    """The call raises the declared error, and its message says what it must say."""
    try:
        case.call()
    except case.error as raised:
        if case.message in str(raised):
            return measured("bad-input", case.what, 0.0, 0.0)
        return failed("bad-input", case.what, f"raised {raised!s}, without {case.message!r}")
    except Exception as raised:
        return failed("bad-input", case.what, f"raised {type(raised).__name__}: {raised}")
    return failed("bad-input", case.what, f"nothing raised; expected {case.error.__name__}")
