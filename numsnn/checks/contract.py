"""The contract of a layer or function: structure, dtype, purity, repeatability. Says what is broken."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from numsnn.checks.cases import LayerCase
from numsnn.checks.functions import FunctionCase
from numsnn.checks.report import Report, failed, measured
from numsnn.checks.structure import ContractError, same_structure, split
from numsnn.layer import METHODS, backward_params, brings, unkept
from numsnn.tree import Tree, cast, named_leaves

DTYPES = (np.float32, np.float64, np.complex128)


def contract(case: Any, rng: np.random.Generator) -> Report:
    """What every forward and backward promises besides its numbers.

    Both return two things; gradients have the structure, the shapes and the dtypes of what they
    are gradients of; no input is changed; called twice, the same bits come out; float32 stays
    float32, float64 float64, complex128 complex128; the backward of zero is zero; backward_params
    gives backward's d_params, bit by bit; methods that may write over x or d_y give what the others
    give, bit by bit, and change nothing else; what is said to be unkept is an array of its own.
    """
    try:
        if isinstance(case, LayerCase):
            for dtype in DTYPES:
                _layer(case, rng, dtype)
        elif isinstance(case, FunctionCase):
            for dtype in DTYPES:
                _function(case, dtype)
    except ContractError as reason:
        return failed("contract", case.name, str(reason))
    return measured("contract", case.name, 0.0, 0.0)


def _layer(case: LayerCase, rng: np.random.Generator, dtype: Any) -> None:
    params, x = cast(case.params, dtype), case.x.astype(dtype)
    y, saved = _call("forward", case.layer.forward, (params, x), ("params", "x"))
    if not isinstance(y, np.ndarray):
        raise ContractError(f"forward: y must be an array, found {type(y).__name__}")
    _dtype("forward: y", y, dtype)
    d_y = np.asarray(rng.standard_normal(y.shape), dtype)
    d_x, d_params = _call(
        "backward", case.layer.backward, (saved, d_y, {}), ("saved", "d_y", "d_membranes")
    )
    for what, found, like in (("d_x", d_x, x), ("d_params", d_params, params)):
        same_structure(f"backward: {what}", found, like)
        _dtype(f"backward: {what}", found, dtype)
    alone = backward_params(case.layer, saved, d_y, {})
    same_structure("backward_params: d_params", alone, params)
    if name := _differs(alone, _copy(d_params)):
        raise ContractError(
            f"backward_params: {name} is not what backward gives".replace("  ", " ")
        )
    _over(case.layer, (params, x), (saved, d_y))
    _own(case.layer, "y", y, (params, x, saved))
    _own(case.layer, "d_x", d_x, (saved, d_y, d_params))
    nothing, none = case.layer.backward(saved, np.zeros_like(y), None)
    for what, found in (("d_x", nothing), ("d_params", none)):
        for name, leaf in named_leaves(found):
            if np.any(leaf):
                raise ContractError(
                    f"backward of d_y = 0: {what} {name} is not 0".replace("  ", " ")
                )


def _over(layer: Any, ahead: tuple, back: tuple) -> None:
    """forward_over and backward_over, where there are any, give what forward and backward do."""
    for method, arguments in zip(METHODS.values(), (ahead, back), strict=True):
        over = f"{method}_over"
        if not brings(layer, over, method):
            continue
        plain, (held, given) = _copy(getattr(layer, method)(*arguments)), arguments
        kept = _copy(held)
        found = getattr(layer, over)(held, given.copy(order="K"))
        if place := _differs(found, plain):
            raise ContractError(f"{over} is not what {method} gives, at{place}")
        if place := _differs(held, kept):
            raise ContractError(f"{over} changes more than it may{place}")


def _own(layer: Any, what: str, array: np.ndarray, others: tuple) -> None:
    """What a layer says not to keep lies in no array that somebody holds."""
    if not unkept(layer, what):
        return
    for _, other in _arrays(others):
        if np.shares_memory(array, other):
            raise ContractError(f"{METHODS[what]}: {what} is unkept and in an array that is held")


def _function(case: FunctionCase, dtype: Any) -> None:
    arguments = cast(case.arguments, dtype)
    names = tuple(f"argument {i}" for i in range(len(arguments)))
    value, *gradient = _call(case.name, case.function, arguments, names, 1 + len(arguments))
    if np.shape(value) != ():
        raise ContractError(f"{case.name}: the value must be one number, found {np.shape(value)}")
    same_structure(f"{case.name}: the gradient", tuple(gradient), arguments)
    _dtype(f"{case.name}: the value", np.asarray(value), dtype)
    _dtype(f"{case.name}: the gradient", tuple(gradient), dtype)


def _call(
    what: str, function: Callable, arguments: tuple, names: tuple[str, ...], parts: int = 2
) -> tuple:
    """function(*arguments), called twice: nothing changed, and the same bits."""
    before = [_copy(argument) for argument in arguments]
    first = split(what, function(*arguments), parts)
    kept = _copy(first)
    for name, argument, original in zip(names, arguments, before, strict=True):
        if place := _differs(argument, original):
            raise ContractError(f"{what} changes its input {name}{place}")
    second = function(*arguments)
    if place := _differs(second, kept):
        raise ContractError(f"{what} is not deterministic: two calls differ at {place}")
    if place := _differs(first, kept):
        raise ContractError(f"{what} writes into what it returned before, at {place}")
    return first


def _dtype(what: str, tree: Tree, dtype: Any) -> None:
    for name, leaf in named_leaves(tree):
        if leaf.dtype != dtype:
            where = f"{what} {name}".rstrip()
            raise ContractError(f"{where} must be {np.dtype(dtype)}, found {leaf.dtype}")


def _arrays(tree: Any, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of anything a layer may save: trees, lists, dataclasses' fields left alone."""
    if isinstance(tree, list):
        tree = tuple(tree)
    for found, leaf in named_leaves(tree, name):
        if isinstance(leaf, np.ndarray | np.generic):
            yield found, np.asarray(leaf)


def _copy(tree: Any) -> list[tuple[str, np.ndarray]]:
    return [(name, leaf.copy()) for name, leaf in _arrays(tree)]


def _differs(tree: Any, kept: list[tuple[str, np.ndarray]]) -> str:
    """Where a tree is no longer what was kept of it; "" where nowhere."""
    found = list(_arrays(tree))
    if [n for n, _ in found] != [n for n, _ in kept]:
        return " in its structure"
    for (name, a), (_, b) in zip(found, kept, strict=True):
        if a.shape != b.shape or a.dtype != b.dtype or a.tobytes() != b.tobytes():
            return f" {name or 'itself'}"
    return ""
