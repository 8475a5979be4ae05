"""A layer or a network at one point, and the probes of its three modes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.checks.probe import Point, Probe, Seen, dot, random_like
from numsnn.checks.refusal import RefusedError
from numsnn.checks.structure import same_structure, split
from numsnn.layer import named
from numsnn.modes import anchored, relaxed
from numsnn.neurons import LIF, MembraneCotangent, State
from numsnn.observe import final_states, membranes, neurons
from numsnn.tree import Tree


@dataclass(frozen=True)
class LayerCase:
    """A layer or a network at one point: ``LayerCase(layer, params, x)``.

    The layer is any object with ``forward(params, x)`` and ``backward(saved, d_y, d_membranes)``.
    ``switches(params, x, saved)`` gives, by name, numbers at whose sign change its function has a
    kink; those of numsnn's own neurons are found by themselves. ``relax(layer, saved)`` and
    ``anchor(layer, saved, affine)`` are for neurons that are not numsnn's. ``reference(layer,
    params, x)`` is y once more, in naive loops.
    """

    layer: Any
    params: Tree
    x: np.ndarray
    name: str = ""
    switches: Callable[[Tree, Any, Tree], Mapping[str, np.ndarray]] | None = None
    relax: Callable[[Any, Tree], Any] = relaxed
    anchor: Callable[[Any, Tree, bool], Any] = anchored
    reference: Callable[[Any, Tree, Any], Tree] | None = None

    def __post_init__(self) -> None:
        if neurons(self.layer):
            object.__setattr__(self, "layer", named(self.layer))
        object.__setattr__(self, "name", self.name or type(self.layer).__name__)

    @property
    def fires(self) -> bool:
        """Whether there is a neuron in it, so that its gradient is a surrogate's."""
        own = self.relax is not relaxed
        return own or any(isinstance(row[0], LIF) for row in neurons(self.layer))

    def values(self) -> tuple[Tree, Tree]:
        """(y, y by the reference)."""
        if self.reference is None:
            raise RefusedError("no reference is declared")
        y, _ = split("forward", self.layer.forward(self.params, self.x))
        return {"y": y}, {"y": self.reference(self.layer, self.params, self.x)}

    def spiking(self, rng: np.random.Generator) -> Probe:
        """The layer as it is; the complex step carries the surrogate's slope through spikes."""
        return self._probe(self.layer, rng, hard=True)

    def relaxed(self, rng: np.random.Generator) -> Probe:
        """o = P(v) in place of H(v), a detached reset frozen as recorded."""
        if not self.fires:
            return self._probe(self.layer, rng, hard=False)
        _, saved = split("forward", self.relax(self.layer, None).forward(self.params, self.x))
        return self._probe(self.relax(self.layer, saved), rng, hard=False)

    def anchored(self, rng: np.random.Generator, affine: bool = False) -> Probe:
        """The spiking run's gradient, with the forward whose true derivative it must be."""
        y, saved = split("forward", self.layer.forward(self.params, self.x))
        weights = self._weights(rng, self.layer, y, saved)
        gradient = self._gradient(self.layer, saved, weights)
        around = self.anchor(self.layer, saved, affine)
        probe = self._around(around, weights, gradient, hard=False, kinked=not affine)
        here, there = dot(weights, self._observed(self.layer, y, saved)), probe.look(probe.point)
        apart = abs(here[0] - there.value)
        if not apart <= 1e-12 * max(here[1], 1.0):
            raise AnchorError(f"anchored forward: {there.value:.17g}, spiking: {here[0]:.17g}")
        return probe

    # -- one forward, one backward -----------------------------------------------------------------

    def _probe(self, layer: Any, rng: np.random.Generator, hard: bool) -> Probe:
        y, saved = split("forward", layer.forward(self.params, self.x))
        weights = self._weights(rng, layer, y, saved)
        return self._around(layer, weights, self._gradient(layer, saved, weights), hard)

    def _around(
        self, layer: Any, weights: Tree, gradient: Tree, hard: bool, kinked: bool = True
    ) -> Probe:
        def look(point: Point) -> Seen:
            y, saved = layer.forward(point.params, point.x)
            value, size = dot(weights, self._observed(layer, y, saved))
            found = neuron_switches(layer, saved, hard, kinked)
            if self.switches is not None:
                found |= self.switches(point.params, point.x, saved)
            return Seen(value, size, found)

        return Probe(self.name, Point(self.x, self.params), look, gradient)

    def _weights(self, rng: np.random.Generator, layer: Any, y: Any, saved: Tree) -> dict:
        """A random cotangent for everything a caller can see."""
        return random_like(rng, self._observed(layer, y, saved))

    def _observed(self, layer: Any, y: Any, saved: Tree) -> dict:
        if not neurons(layer):
            return {"y": y}
        return {
            "y": y,
            "membranes": membranes(layer, saved),
            "finals": final_states(layer, saved),
        }

    def _gradient(self, layer: Any, saved: Tree, weights: Mapping[str, Any]) -> Point:
        d_membranes = {
            name: MembraneCotangent(trace, State(*weights["finals"][name]))
            for name, trace in weights.get("membranes", {}).items()
        }
        result = split("backward", layer.backward(saved, weights["y"], d_membranes))
        gradient = Point(*result)
        same_structure("backward: d_x", gradient.x, self.x)
        same_structure("backward: d_params", gradient.params, self.params)
        return gradient


class AnchorError(ValueError):
    """An anchored forward does not reproduce the run it was anchored at."""


def neuron_switches(layer: Any, saved: Tree, hard: bool, kinked: bool) -> dict[str, np.ndarray]:
    """Where each LIF's potential lies from its threshold, and from the kinks of its surrogate."""
    found: dict[str, np.ndarray] = {}
    for neuron, share in neurons(layer, saved):
        if not isinstance(neuron, LIF):
            continue
        params = share.params
        direction = 1 if params.direction is None else params.direction
        z = direction * share.membrane - params.threshold
        if hard:
            found[f"{neuron.name}'s threshold"] = z
        if kinked:
            for i, kink in enumerate(neuron.surrogate.kinks(params.width)):
                found[f"{neuron.name}'s surrogate, kink {i}"] = z - kink
    return found
