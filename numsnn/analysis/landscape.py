"""The loss around trained parameters, along random directions scaled filter by filter."""

from collections.abc import Callable, Sequence

import numpy as np
from tqdm import tqdm

from numsnn.layer import Array
from numsnn.tree import Tree, map_named, map_tree
from numsnn.validate import require


def filter_normalised(params: Tree, rng: np.random.Generator) -> Tree:
    """A random direction d with |d_f| = |w_f| for every filter f of every weight.

    A filter is one output's slice of a weight. Other parameters (biases, gains, shifts, a neuron's
    constants) stay put, d = 0, so that scaling a filter and the norm behind it changes nothing in
    the picture (Li et al. 2018).
    """

    def direction(name: str, w: Array) -> Array:
        if name.rpartition("/")[2] != "weight":
            return np.zeros_like(w)
        d = rng.standard_normal(w.shape)
        axes = tuple(range(1, w.ndim))
        size = np.sqrt((d * d).sum(axis=axes, keepdims=True))
        length = np.sqrt((np.float64(w) ** 2).sum(axis=axes, keepdims=True))
        return (d * length / size).astype(w.dtype)

    return map_named(direction, params)


def landscape(
    loss: Callable[[Tree], float],
    params: Tree,
    directions: Sequence[Tree],
    steps: Array,
    progress: bool = False,
) -> Array:
    """loss(params + a d1) on ``steps`` [A], or loss(params + a d1 + b d2) on a grid [A, B].

    One direction gives [A], two give [A, A] with ``steps`` along both. A loss that is not finite
    is kept as such: a cliff is part of a landscape. Raises NumsnnError for another number of
    directions.
    """
    require(len(directions) in (1, 2), f"landscape: one or two directions, found {len(directions)}")
    steps = np.asarray(steps, np.float64)
    grid = np.empty((len(steps),) * len(directions))
    for place in tqdm(list(np.ndindex(grid.shape)), desc="landscape", disable=not progress):
        moved = params
        for i, direction in zip(place, directions, strict=True):
            moved = map_tree(lambda w, d, a=steps[i]: w + (a * d).astype(w.dtype), moved, direction)
        grid[place] = loss(moved)
    return grid
