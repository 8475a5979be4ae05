"""Functions that can be checked: with their gradient, or against a formula; a surrogate as a layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.checks.probe import Probe, Seen
from numsnn.checks.refusal import RefusedError
from numsnn.checks.structure import same_structure, split
from numsnn.tree import Tree, leaves, map_tree


@dataclass(frozen=True)
class FunctionCase:
    """A function that returns its value and its gradient: ``value, d_1, ... = function(a_1, ...)``.

    Losses and regularizers. ``switches(*arguments)`` gives, by name, numbers at whose sign change
    the function has a kink. ``reference(*arguments)`` is the value once more, in naive loops.
    """

    function: Callable[..., tuple]
    arguments: tuple
    name: str = ""
    switches: Callable[..., Mapping[str, np.ndarray]] | None = None
    reference: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        found = getattr(self.function, "__name__", type(self.function).__name__)
        object.__setattr__(self, "name", self.name or found)

    @property
    def fires(self) -> bool:
        return False

    def relaxed(self, rng: np.random.Generator) -> Probe:
        _, *gradient = split(self.name, self.function(*self.arguments), 1 + len(self.arguments))
        same_structure(f"{self.name}: the gradient", tuple(gradient), self.arguments)
        weight = rng.standard_normal()  # so that the value's own sign and size are no help

        def look(point: tuple) -> Seen:
            value = weight * self.function(*point)[0]
            switches = {} if self.switches is None else dict(self.switches(*point))
            size = max(float(np.max(np.abs(np.real(a)), initial=0.0)) for a in leaves(point))
            return Seen(value, abs(weight) * size + float(np.abs(np.real(value))), switches)

        return Probe(
            self.name, self.arguments, look, map_tree(lambda d: weight * d, tuple(gradient))
        )

    spiking = relaxed

    def values(self) -> tuple[Tree, Tree]:
        """(value, value by the reference)."""
        if self.reference is None:
            raise RefusedError("no reference is declared")
        value = {"value": np.asarray(self.function(*self.arguments)[0])}
        return value, {"value": np.asarray(self.reference(*self.arguments))}


@dataclass(frozen=True)
class ValueCase:
    """A computation and an independent one of the same thing, in naive scalar loops.

    Optimizer updates, schedules, forwards. Both are called with ``arguments`` and give one tree.
    """

    compute: Callable[..., Tree]
    reference: Callable[..., Tree]
    arguments: tuple
    name: str = "value"

    def values(self) -> tuple[Tree, Tree]:
        """(what is computed, what the reference says)."""
        return self.compute(*self.arguments), self.reference(*self.arguments)


@dataclass(frozen=True)
class SurrogateLayer:
    """A surrogate as a layer of z and its width: forward is P, backward its two slopes."""

    surrogate: Any

    def forward(self, params: Any, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        return self.surrogate.value(x, params), (x, params)

    def backward(self, saved: tuple, d_y: np.ndarray, d_membranes: Any = None) -> tuple:
        ds_dz, ds_dwidth = self.surrogate.slopes(*saved)
        return ds_dz * d_y, ds_dwidth * d_y
