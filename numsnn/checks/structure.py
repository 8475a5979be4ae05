"""What a forward or backward must return: the right number of parts, in the right structure."""

from typing import Any

import numpy as np

from numsnn.tree import Tree, children


class ContractError(ValueError):
    """A function does not keep the convention; the message says exactly how."""


def split(what: str, result: Any, parts: int = 2) -> tuple:
    """The ``parts`` parts of what a function returned."""
    if not isinstance(result, tuple):
        raise ContractError(
            f"{what} must return a tuple of {parts}, returned {type(result).__name__}"
        )
    if len(result) != parts:
        raise ContractError(f"{what} must return {parts} things, returned {len(result)}")
    return result


def same_structure(what: str, found: Tree, expected: Tree, name: str = "") -> None:
    """Raise ContractError at the first place where ``found`` is not like ``expected``."""
    where = what if not name else f"{what} at {name}"
    if expected is None:
        if found is not None:
            raise ContractError(f"{where} must be None, found {type(found).__name__}")
        return
    parts = children(expected)
    if parts is None:
        if not isinstance(found, np.ndarray | np.generic):
            raise ContractError(
                f"{where} must be an array of shape {np.shape(expected)}, "
                f"found {type(found).__name__}"
            )
        if np.shape(found) != np.shape(expected):
            raise ContractError(
                f"{where} must have shape {np.shape(expected)}, found {np.shape(found)}"
            )
        return
    others = children(found)
    if others is None or [k for k, _ in others] != [k for k, _ in parts]:
        raise ContractError(
            f"{where} must have the parts {[k for k, _ in parts]}, found "
            f"{[k for k, _ in others] if others is not None else type(found).__name__}"
        )
    for (key, part), (_, other) in zip(parts, others, strict=True):
        same_structure(what, other, part, f"{name}/{key}".lstrip("/"))
