"""Parameters that several processes train: each updates a stretch of them, whose moments it keeps.

An optimizer treats every number by itself and goes by the last part of its leaf's name ("weight"). So
the leaves that learn lie behind each other in shared memory, in one vector for all leaves of one dtype
and one such name, and the layers' own arrays are views into it. A rank adds up the gradients of all
ranks on its stretch of every vector and updates it: half the work for two, on a few long arrays.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.exchange import Exchange, shared_array
from numsnn.layer import Array, brings
from numsnn.layout import LINE, empty_like, like
from numsnn.optimizers import clipped, gradient_norm
from numsnn.tree import Tree, map_named, map_tree, named_leaves, rebuilt

Make = Callable[[tuple[int, ...], Any], Array]


class Layout:
    """Where the leaves of a tree that are ``chosen`` by name lie in vectors.

    A tree of vectors is a dict by dtype and last name: ``{"float32": {"weight": w, "bias": b}}``.
    Every leaf keeps its order of axes and begins with a cache line; what is left of its last line is
    zero in every vector.
    """

    def __init__(self, tree: Tree, chosen: Callable[[str], bool]) -> None:
        self._lengths: dict[str, dict[str, int]] = {}
        self._places: dict[str, tuple[str, str, int, Array]] = {}
        for name, leaf in named_leaves(tree):
            if chosen(name):
                dtype, last = leaf.dtype.name, name.rpartition("/")[2]
                lengths = self._lengths.setdefault(dtype, {})
                start = lengths.get(last, 0)
                self._places[name] = (dtype, last, start, leaf)
                line = LINE // leaf.itemsize
                lengths[last] = start + -(-leaf.size // line) * line

    def zeros(self, make: Make) -> Tree:
        """A tree of vectors, of zeros made by ``make(shape, dtype)``."""
        return {
            dtype: {last: make((length,), dtype) for last, length in lengths.items()}
            for dtype, lengths in self._lengths.items()
        }

    def views(self, vectors: Tree) -> dict[str, Array]:
        """The chosen leaves by name, as views into vectors."""
        return {
            name: like(leaf, vectors[dtype][last][start : start + leaf.size])
            for name, (dtype, last, start, leaf) in self._places.items()
        }

    def vectors(self, tree: Tree, make: Make) -> Tree:
        """The chosen leaves of a tree, in vectors made by ``make``."""
        vectors = self.zeros(make)
        views = self.views(vectors)
        for name, leaf in named_leaves(tree):
            if name in views:
                views[name][...] = leaf
        return vectors

    def tree(self, vectors: Tree, given: Tree) -> Tree:
        """The tree ``given`` with views into vectors as its chosen leaves."""
        views = self.views(vectors)
        return map_named(lambda name, leaf: views.get(name, leaf), given)


def stretch(vectors: Tree, rank: int, ranks: int) -> Tree:
    """The part of every vector that is a rank's, whole cache lines. Views."""

    def part(vector: Array) -> Array:
        line = LINE // vector.itemsize
        lines = len(vector) // line
        return vector[lines * rank // ranks * line : lines * (rank + 1) // ranks * line]

    return map_tree(part, vectors)


class Shares:
    """Parameters that ranks train together; made before the fork, then ``begin`` is called in each.

    ``params`` are what the network reads: views that ``update`` changes.
    """

    def __init__(
        self, exchange: Exchange, optimizer: Any, params: Tree, moments: Tree, clip: float | None
    ) -> None:
        self._exchange, self._optimizer, self._clip = exchange, optimizer, clip
        self._given = moments
        self._layout = Layout(params, optimizer.learns)
        self._vectors = self._layout.vectors(params, shared_array)
        self._gradients = [self._layout.zeros(shared_array) for _ in range(exchange.ranks)]
        self._moments = _each(lambda tree: self._layout.vectors(tree, shared_array), moments)
        self.params = self._layout.tree(self._vectors, params)

    def begin(self) -> None:
        """Take this rank's share of everything."""
        rank, ranks = self._exchange.rank, self._exchange.ranks
        self._d_vectors = self._gradients[rank]
        self._d_views = self._layout.views(self._d_vectors)
        self._mine = stretch(self._vectors, rank, ranks)
        self._parts = [stretch(vectors, rank, ranks) for vectors in self._gradients]
        self._mine_of_moments = _each(lambda tree: stretch(tree, rank, ranks), self._moments)
        over = brings(self._optimizer, "update_over", "update")
        self._update = self._optimizer.update_over if over else self._optimizer.update

    def update(self, d_params: Tree, rate: float) -> None:
        """One update of ``params``; ``d_params`` is this rank's part of the gradient, None for zero."""
        if d_params is None:
            map_tree(lambda part: part.fill(0), self._d_vectors)
        for name, leaf in named_leaves(d_params):
            if name in self._d_views:
                self._d_views[name][...] = leaf
        self._exchange.meet()
        gradient = map_tree(_sum, *self._parts)
        if self._clip is not None:
            square = self._exchange.total(np.array(gradient_norm(gradient) ** 2))
            gradient = clipped(gradient, self._clip, math.sqrt(square))
        mine, self._mine_of_moments = self._update(
            self._mine, gradient, self._mine_of_moments, rate
        )
        if mine is not self._mine:
            map_tree(np.copyto, self._mine, mine)
        self._exchange.meet()

    def gather(self) -> tuple[Tree, Tree]:
        """Parameters and the optimizer's state, whole and in arrays of their own."""
        rank, ranks = self._exchange.rank, self._exchange.ranks
        _each(
            lambda whole, mine: map_tree(np.copyto, stretch(whole, rank, ranks), mine),
            self._moments, self._mine_of_moments,
        )  # fmt: skip
        self._exchange.meet()
        return map_tree(np.copy, self.params), _each(
            lambda given, whole, _: map_tree(np.copy, self._layout.tree(whole, given)),
            self._given, self._moments, self._mine_of_moments,
        )  # fmt: skip


def _sum(first: Array, *others: Array) -> Array:
    """The sum of some arrays, in order."""
    total = np.add(first, others[0], out=empty_like(first))
    for other in others[1:]:
        total += other
    return total


def _each(function: Callable[..., Tree], state: Tree, *others: Tree) -> Tree:
    """A state of an optimizer with ``function`` of every tree in it; others' last numbers stay."""
    number = np.ndarray | np.generic
    rows = zip(state, *others, strict=True)
    return rebuilt(state, [r[-1] if isinstance(r[-1], number) else function(*r) for r in rows])
