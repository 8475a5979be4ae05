"""Optimizer steps, clipping and schedules against their formulas, one number at a time."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from numsnn.checks import ValueCase
from numsnn.checks.probe import random_like
from numsnn.optimizers import SGD, Adam, clipped, constant, cosine, gradient_norm, steps
from numsnn.registry.draws import Rng, pick, sizes
from numsnn.registry.entry import VALUE, Entry
from numsnn.tree import Tree, leaves, map_named, map_tree

FROZEN = ("decay", "threshold", "width", "initial", "direction", "amount")


class Unit(NamedTuple):
    weight: np.ndarray
    bias: np.ndarray
    decay: np.ndarray


def a_tree(rng: Rng) -> Tree:
    """Parameters of two layers, with weights, biases, and a leak that does not learn."""
    a, b = sizes(rng, (1, 3), (1, 3))
    return tuple(
        Unit(rng.standard_normal((a, b)), rng.standard_normal(a), rng.standard_normal(()))
        for _ in range(2)
    )


def _runs(rng: Rng, optimizer: Any) -> tuple:
    """(parameters, gradients, rates) of five updates."""
    params = a_tree(rng)
    gradients = [random_like(rng, params) for _ in range(5)]
    return params, gradients, list(rng.uniform(0.01, 0.5, 5))


def _updated(optimizer: Any, method: str = "update") -> Callable[..., Tree]:
    def compute(params: Tree, gradients: list, rates: list) -> Tree:
        params = map_tree(np.copy, params)  # and of gradients: a method may write over them
        state = optimizer.init(params)
        for gradient, rate in zip(gradients, rates, strict=True):
            given = map_tree(np.copy, gradient)
            params, state = getattr(optimizer, method)(params, given, state, rate)
        return params

    return compute


def _one_by_one(step: Callable[[str, float, list, list], float]) -> Callable[..., Tree]:
    """The tree whose every number is ``step(leaf name, start, its gradients, rates)``."""

    def reference(params: Tree, gradients: list, rates: list) -> Tree:
        def leaf(name: str, w: np.ndarray, *gs: np.ndarray) -> np.ndarray:
            last = name.rpartition("/")[2]
            out = np.empty(np.shape(w))
            for index in np.ndindex(np.shape(w)):
                start = float(w[index])
                history = [float(g[index]) for g in gs]
                out[index] = start if last in FROZEN else step(last, start, history, rates)
            return out

        return map_named(leaf, params, *gradients)

    return reference


def sgd(rng: Rng) -> ValueCase:
    momentum, decay = float(pick(rng, (0.0, 0.5, 0.9))), float(pick(rng, (0.0, 0.1)))

    def step(name: str, w: float, gradients: list, rates: list) -> float:
        m = 0.0
        for g, rate in zip(gradients, rates, strict=True):
            m = momentum * m + g + (decay * w if name == "weight" else 0.0)
            w = w - rate * m
        return w

    optimizer, reference = SGD(momentum, decay), _one_by_one(step)
    ways = [_updated(optimizer, method) for method in ("update", "update_over")]
    return ValueCase(
        lambda *run: tuple(way(*run) for way in ways),
        lambda *run: (reference(*run),) * 2,
        _runs(rng, optimizer),
        "SGD",
    )


def adam(rng: Rng) -> ValueCase:
    b1, b2 = float(rng.uniform(0, 0.95)), float(rng.uniform(0.5, 0.999))
    eps, decay = 10 ** float(rng.uniform(-8, -2)), float(pick(rng, (0.0, 0.1)))

    def step(name: str, w: float, gradients: list, rates: list) -> float:
        m, q = 0.0, 0.0
        for k, (g, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
            g = g + (decay * w if name == "weight" else 0.0)
            m = b1 * m + (1 - b1) * g
            q = b2 * q + (1 - b2) * g**2
            w = w - rate * (m / (1 - b1**k)) / (math.sqrt(q / (1 - b2**k)) + eps)
        return w

    optimizer = Adam(b1, b2, eps, decay)
    return ValueCase(_updated(optimizer), _one_by_one(step), _runs(rng, optimizer), "Adam")


def _length(tree: Tree) -> float:
    return math.sqrt(math.fsum(float(g) ** 2 for leaf in leaves(tree) for g in np.ravel(leaf)))


def norm(rng: Rng) -> ValueCase:
    return ValueCase(
        lambda tree: np.asarray(gradient_norm(tree)),
        lambda tree: np.asarray(_length(tree)),
        (a_tree(rng),),
        "gradient_norm",
    )


def clipping(rng: Rng) -> ValueCase:
    """On both sides of the largest norm."""
    tree = a_tree(rng)
    largest = _length(tree) * float(pick(rng, (0.1, 0.9, 1.1, 10)))

    def reference(tree: Tree, largest: float) -> Tree:
        factor = largest / _length(tree) if _length(tree) > largest else 1.0
        return map_named(lambda _, g: np.array(g * factor), tree)

    return ValueCase(clipped, reference, (tree, largest), "clipped")


def schedule(rng: Rng) -> ValueCase:
    """All three schedules over a training, ends included."""
    rate, factor, warmup = rng.uniform(0.1, 1), rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.4)
    at = tuple(sorted(rng.uniform(0, 1, 2)))

    def compute(points: np.ndarray) -> Tree:
        plans = (constant(rate), steps(rate, factor, at), cosine(rate), cosine(rate, warmup))
        return tuple(np.array([plan(float(p)) for p in points]) for plan in plans)

    def reference(points: np.ndarray) -> Tree:
        rows = np.empty((4, len(points)))
        for i, p in enumerate(points):
            half = (1 + math.cos(math.pi * p)) / 2
            fallen = factor if at[0] <= p < at[1] else factor**2 if p >= at[1] else 1.0
            rows[:, i] = rate, rate * fallen, rate * half, rate * half * min(1.0, p / warmup)
        return tuple(rows)

    return ValueCase(compute, reference, (np.linspace(0, 1, 11),), "schedules")


ENTRIES = (
    Entry("SGD", (SGD,), sgd, VALUE),
    Entry("Adam", (Adam,), adam, VALUE),
    Entry("gradient_norm", (gradient_norm,), norm, VALUE),
    Entry("clipped", (clipped,), clipping, VALUE),
    Entry("schedules", (constant, steps, cosine), schedule, VALUE),
)
