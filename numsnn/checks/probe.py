"""A scalar function of a tree of numbers, and the gradient that a backward pass claims for it.

Every check reduces to this. The scalar of a layer is the sum of its outputs, membranes and final
states, each times a random cotangent: its gradient is what backward returns for these cotangents.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numsnn.tree import Tree, leaves, map_named, map_tree, named_leaves

STEP = 1e-30  # of the complex step: its square vanishes beside 1 in every precision


class Seen(NamedTuple):
    """What a probe's function shows at one point."""

    value: Any  # the scalar; complex where the point is
    size: float  # the sum of the sizes of its terms: rounding is eps times this
    switches: dict[str, np.ndarray]  # numbers at whose sign change the function has a kink or jump


class Point(NamedTuple):
    """What varies in a layer's probe."""

    x: Any
    params: Any


@dataclass(frozen=True)
class Probe:
    """``look(point)`` at and around ``point``, and the gradient claimed there."""

    operation: str
    point: Tree
    look: Callable[[Tree], Seen]
    gradient: Tree

    def along(self, tangent: Tree, step: complex) -> Seen:
        """What is seen at point + step * tangent."""
        return self.look(map_tree(lambda a, t: a + step * t, self.point, tangent))

    def slope(self, tangent: Tree) -> float:
        """The claimed derivative along ``tangent``."""
        return sum(float(np.sum(d * t)) for d, t in self._pairs(tangent))

    def scale(self, tangent: Tree) -> float:
        """The sum of the sizes of the terms of ``slope``."""
        return sum(float(np.sum(np.abs(d * t))) for d, t in self._pairs(tangent))

    def _pairs(self, tangent: Tree) -> list[tuple[np.ndarray, np.ndarray]]:
        return list(zip(leaves(self.gradient), leaves(tangent), strict=True))


def random_like(rng: np.random.Generator, tree: Tree) -> Tree:
    """A tree of standard normal numbers with the structure of ``tree``."""
    return map_tree(lambda leaf: rng.standard_normal(np.shape(leaf)), tree)


def dot(weights: Tree, values: Tree) -> tuple[Any, float]:
    """(sum of w y, sum of |w y|) over all leaves of two trees of one structure."""
    total, size = 0.0, 0.0
    for w, y in zip(leaves(weights), leaves(values), strict=True):
        terms = w * y
        total = total + terms.sum()
        size += float(np.abs(terms.real).sum())
    return total, size


def place(name: str, index: tuple[Any, ...]) -> str:
    return f"{name}{list(map(int, index))}" if index else name


def one_hot(tree: Tree, name: str, index: tuple[int, ...]) -> Tree:
    """Zeros but for a 1 at one place of ``tree``."""

    def unit(leaf_name: str, leaf: np.ndarray) -> np.ndarray:
        found = np.zeros(np.shape(leaf))
        if leaf_name == name:
            found[index] = 1
        return found

    return map_named(unit, tree)


def only(tangent: Tree, name: str) -> Tree:
    """``tangent`` on one leaf, zeros on the others."""
    return map_named(lambda found, t: t if found == name else np.zeros_like(t), tangent)


def elements(tree: Tree) -> list[tuple[str, tuple[int, ...]]]:
    """Every number of a tree, by its leaf's name and its index there."""
    return [
        (name, index) for name, leaf in named_leaves(tree) for index in np.ndindex(np.shape(leaf))
    ]
