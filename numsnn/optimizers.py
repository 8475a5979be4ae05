"""Optimizers and schedules. An optimizer's state is a tree beside the parameters, never inside it.

state = optimizer.init(params)
params, state = optimizer.update(params, d_params, state, rate)
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from numsnn.layer import Array
from numsnn.tree import Tree, leaves, map_named, map_tree, zeros_like
from numsnn.validate import require

FROZEN = ("decay", "threshold", "width", "initial", "direction", "amount")
"""The neuron's own parameters: by default they do not learn, and ``train`` has no gradient of them."""


class Optimizer:
    """``numberwise``: whether an update of a number depends on nothing but its own gradient and state
    and the last part of its leaf's name, so that it does not matter how numbers are gathered in leaves.

    An optimizer may bring ``update_over``: the same where nobody else holds params, gradient or state. It
    may write over all three.
    """

    frozen: tuple[str, ...]
    numberwise: ClassVar[bool] = False

    def learns(self, name: str) -> bool:
        """Whether the leaf of this name is updated: no part of its path is frozen."""
        return _learns(name, tuple(self.frozen))


@lru_cache(4096)  # asked for every leaf at every step
def _learns(name: str, frozen: tuple[str, ...]) -> bool:
    return not any(part in frozen for part in name.split("/"))


@dataclass(frozen=True)
class SGD(Optimizer):
    """m <- momentum m + (g + weight_decay w),  w <- w - rate m;  the decay for weights only.

    g is dL/dw. Leaves whose path contains a ``frozen`` name stay as they are; only leaves named
    ``weight`` decay.
    """

    numberwise: ClassVar[bool] = True
    momentum: float = 0.9
    weight_decay: float = 0.0
    frozen: tuple[str, ...] = FROZEN

    class State(NamedTuple):
        velocity: Tree

    def __post_init__(self) -> None:
        require(0 <= self.momentum < 1, f"SGD: momentum must be in [0, 1), found {self.momentum}")
        require(
            self.weight_decay >= 0, f"SGD: weight_decay must be >= 0, found {self.weight_decay}"
        )

    def init(self, params: Tree) -> State:
        return self.State(zeros_like(params))

    def update(self, params: Tree, d_params: Tree, state: State, rate: float) -> tuple[Tree, State]:
        def velocity(name: str, m: Array, w: Array, g: Array) -> Array:
            if not self.learns(name):
                return m
            # one new array, written twice: a chain of operators would make three
            return self._moved(name, m, w, g, np.empty_like(m, np.result_type(m, g)))

        moved = map_named(velocity, state.velocity, params, d_params)
        return _step(self, params, moved, rate), self.State(moved)

    def update_over(
        self, params: Tree, d_params: Tree, state: State, rate: float
    ) -> tuple[Tree, State]:
        """The same, written over velocity and parameters; the gradient becomes the step."""
        _check(rate)

        def step(name: str, m: Array, w: Array, g: Array) -> None:
            if self.learns(name):
                moved = self._moved(name, m, w, g, m)
                w -= np.multiply(rate, moved, out=g)

        map_named(step, state.velocity, params, d_params)
        return params, state

    def _moved(self, name: str, m: Array, w: Array, g: Array, out: Array) -> Array:
        """out = the new velocity; it may be m."""
        decay = self.weight_decay if name.rpartition("/")[2] == "weight" else 0.0
        if decay:
            g = g + decay * w
        np.multiply(self.momentum, m, out=out)
        return np.add(out, g, out=out)


@dataclass(frozen=True)
class Adam(Optimizer):
    """m <- b1 m + (1-b1) g;  q <- b2 q + (1-b2) g^2;  w <- w - rate (m/(1-b1^k))/(sqrt(q/(1-b2^k)) + eps).

    k counts the updates from 1. Weight decay is added to g, for weights only.
    """

    numberwise: ClassVar[bool] = True
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    frozen: tuple[str, ...] = FROZEN

    class State(NamedTuple):
        mean: Tree
        square: Tree
        updates: Array

    def __post_init__(self) -> None:
        require(
            0 <= self.beta1 < 1 and 0 <= self.beta2 < 1,
            f"Adam: betas must be in [0, 1), found {self.beta1}, {self.beta2}",
        )
        require(self.eps > 0, f"Adam: eps must be positive, found {self.eps}")
        require(
            self.weight_decay >= 0, f"Adam: weight_decay must be >= 0, found {self.weight_decay}"
        )

    def init(self, params: Tree) -> State:
        return self.State(zeros_like(params), zeros_like(params), np.zeros((), np.int64))

    def update(self, params: Tree, d_params: Tree, state: State, rate: float) -> tuple[Tree, State]:
        def decayed(name: str, w: Array, g: Array) -> Array:
            return g + self.weight_decay * w if name.rpartition("/")[2] == "weight" else g

        d_params = map_named(decayed, params, d_params)
        mean = map_tree(lambda m, g: self.beta1 * m + (1 - self.beta1) * g, state.mean, d_params)
        square = map_tree(
            lambda q, g: self.beta2 * q + (1 - self.beta2) * g * g, state.square, d_params
        )
        updates = state.updates + 1
        k = int(updates)
        first, second = 1 - self.beta1**k, 1 - self.beta2**k
        moved = map_tree(lambda m, q: (m / first) / (np.sqrt(q / second) + self.eps), mean, square)
        return _step(self, params, moved, rate), self.State(mean, square, updates)


def _step(optimizer: Optimizer, params: Tree, moved: Tree, rate: float) -> Tree:
    """w - rate * moved at every leaf that learns."""
    _check(rate)

    def step(name: str, w: Array, m: Array) -> Array:
        if not optimizer.learns(name):
            return w
        moved = np.multiply(rate, m, out=np.empty_like(w), casting="same_kind")
        return np.subtract(w, moved, out=moved)

    return map_named(step, params, moved)


def _check(rate: float) -> None:
    """Refuse a rate that is below 0 or not finite."""
    require(np.isfinite(rate) and rate >= 0, f"the learning rate must be >= 0, found {rate}")


def gradient_norm(d_params: Tree) -> float:
    """sqrt(sum of g^2) over all leaves, in double precision."""
    return math.sqrt(
        sum(float(np.vdot(g, g).real) for g in (np.float64(leaf) for leaf in leaves(d_params)))
    )


def clipped(d_params: Tree, largest: float, norm: float | None = None) -> Tree:
    """g * min(1, largest/norm): the gradient with its norm held to ``largest``.

    norm: where ``d_params`` are some of the gradient's numbers, the norm of all.
    """
    require(largest > 0, f"clipped: the largest norm must be positive, found {largest}")
    norm = gradient_norm(d_params) if norm is None else norm
    factor = min(1.0, largest / norm) if norm > 0 else 1.0
    return map_tree(lambda g: (g * factor).astype(g.dtype), d_params)


def constant(rate: float) -> Any:
    """rate(progress) = rate; progress runs from 0 to 1 over the training."""
    return lambda progress: rate


def steps(rate: float, factor: float, at: tuple[float, ...]) -> Any:
    """rate(progress) = rate * factor^(how many of ``at`` are reached)."""
    return lambda progress: rate * factor ** sum(progress >= edge for edge in at)


def cosine(rate: float, warmup: float = 0.0) -> Any:
    """rate(progress) = rate (1 + cos(pi progress))/2, after a linear rise over ``warmup``."""

    def schedule(progress: float) -> float:
        rising = min(1.0, progress / warmup) if warmup else 1.0
        return rate * rising * (1 + math.cos(math.pi * progress)) / 2

    return schedule


SCHEDULES = {"constant": constant, "cosine": cosine, "steps": steps}
"""Every schedule by name."""
