"""What a neuron carries from step to step, and the cotangents that reach it from outside."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from numsnn.layer import Array, Cotangents
from numsnn.validate import cotangent


class State(NamedTuple):
    """What a neuron carries from step to step: potential after reset, and its last spikes."""

    membrane: Array  # [N, ...]
    spikes: Array  # [N, ...]


class MembraneCotangent(NamedTuple):
    """What flows into a neuron other than through its spikes; ``d_membranes[name]`` may be one."""

    trace: Array | None = None  # [T, N, ...] for the membrane at every step
    final: State | None = None  # for the final state

    @classmethod
    def of(
        cls, name: str, d_membranes: Cotangents | None, shape: tuple[int, ...]
    ) -> "MembraneCotangent":
        """What ``d_membranes`` holds for the neuron ``name`` of shape [T, N, ...], checked."""
        given = (d_membranes or {}).get(name) if name else None
        if not isinstance(given, MembraneCotangent):
            given = cls(trace=given)
        if given.trace is not None:
            cotangent(f"d_membranes[{name!r}]", given.trace, shape)
        for part in given.final or ():
            cotangent(f"d_membranes[{name!r}], the final state", part, shape[1:])
        return given


def cut_state(state: State | None, cut: Callable[[Array], Array]) -> State | None:
    """A state as the pieces of ``cut`` see it."""
    return None if state is None else State(*(cut(part[None])[0] for part in state))


def joined(states: list[State], shape: tuple[int, ...]) -> State:
    """The tiles' states as one of [N, ...]."""
    return State(*(np.concatenate(parts).reshape(shape) for parts in zip(*states, strict=True)))
