"""Walk a tree: NamedTuples, tuples and dicts whose leaves are arrays, and None where nothing is.

Parameters, their gradients, an optimizer's moments and a neuron's residuals are all such trees.
A leaf has a name: the fields and positions on its way, joined by ``/`` (``"0/weight"``).
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError

Array = np.ndarray
Tree = Any


def parts_of(tree: Tree) -> tuple[tuple[str, ...], tuple] | None:
    """The names of an inner node's parts, and the parts, in order; None for a leaf."""
    if isinstance(tree, tuple):
        return getattr(tree, "_fields", None) or _places(len(tree)), tree
    if isinstance(tree, dict):
        return tuple(map(str, tree)), tuple(tree.values())
    return None


def children(tree: Tree) -> list[tuple[str, Tree]] | None:
    """The named parts of an inner node, in order; None for a leaf."""
    found = parts_of(tree)
    return None if found is None else list(zip(*found, strict=True))


@cache
def _places(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def rebuilt(tree: Tree, parts: list[Tree]) -> Tree:
    """A node of the same kind as ``tree`` with other parts."""
    if isinstance(tree, dict):
        return dict(zip(tree, parts, strict=True))
    return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)


def map_named(function: Callable[..., Any], tree: Tree, *others: Tree, name: str = "") -> Tree:
    """``function(name, leaf, *other_leaves)`` at every array leaf of ``tree``; None stays None.

    The others have the structure of ``tree``; a differing one is an error that names the place.
    """
    if tree is None:
        return None
    found = parts_of(tree)
    if found is None:
        return function(name, tree, *others)
    keys, parts = found
    rows = []
    for other in others:
        their_keys, row = parts_of(other) or ((), None)
        if row is None or their_keys != keys:
            raise NumsnnError(
                f"tree: at {name or 'the root'!r} expected the parts {list(keys)}, "
                f"found {type(other).__name__} {list(their_keys) or ''}"
            )
        rows.append(row)
    ahead = f"{name}/" if name else ""
    results = [
        None
        if part is None
        else map_named(function, part, *(row[i] for row in rows), name=ahead + key)
        for i, (key, part) in enumerate(zip(keys, parts, strict=True))
    ]
    return rebuilt(tree, results)


def map_tree(function: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """``function(leaf, *other_leaves)`` at every array leaf of ``tree``."""
    return map_named(lambda _, *leaves: function(*leaves), tree, *others)


def named_leaves(tree: Tree, name: str = "") -> Iterator[tuple[str, Array]]:
    """Every array leaf with its name, in order."""
    found = parts_of(tree)
    if found is not None:
        ahead = f"{name}/" if name else ""
        for key, part in zip(*found, strict=True):
            yield from named_leaves(part, ahead + key)
    elif tree is not None:
        yield name, tree


def leaves(tree: Tree) -> list[Array]:
    """Every array leaf, in order."""
    return [leaf for _, leaf in named_leaves(tree)]


def flatten(tree: Tree) -> dict[str, Array]:
    """The leaves by name, as an ``.npz`` file holds them."""
    return dict(named_leaves(tree))


def unflatten(like: Tree, arrays: dict[str, Array]) -> Tree:
    """A tree with the structure of ``like`` and the leaves of ``arrays``, names and shapes equal.

    Raises NumsnnError where a name is missing or left over, or a shape or dtype differs.
    """
    expected = flatten(like)
    if missing := sorted(expected.keys() - arrays.keys()):
        raise NumsnnError(f"tree: the array {missing[0]!r} is missing ({len(missing)} in all)")
    if surplus := sorted(arrays.keys() - expected.keys()):
        raise NumsnnError(f"tree: the array {surplus[0]!r} has no place ({len(surplus)} in all)")

    def place(name: str, leaf: Array) -> Array:
        found = arrays[name]
        if found.shape != np.shape(leaf) or found.dtype != np.asarray(leaf).dtype:
            raise NumsnnError(
                f"tree: {name!r} expects {np.asarray(leaf).dtype} {np.shape(leaf)}, "
                f"found {found.dtype} {found.shape}"
            )
        return found

    return map_named(place, like)


def cast(tree: Tree, dtype: Any) -> Tree:
    """The same tree with every array in ``dtype``."""
    return map_tree(lambda leaf: np.asarray(leaf).astype(dtype), tree)


def zeros_like(tree: Tree) -> Tree:
    """The same tree with zeros."""
    return map_tree(np.zeros_like, tree)


def add(tree: Tree, other: Tree) -> Tree:
    """The leafwise sum of two trees of one structure."""
    return map_tree(np.add, tree, other)


def tree_sum(trees: list[Tree]) -> Tree:
    """The leafwise sum of trees of one structure, in order; None for none."""
    total = None
    for tree in trees:
        total = tree if total is None else add(total, tree)
    return total
