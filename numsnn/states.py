"""What a neuron carries from step to step, and the cotangents that reach it from outside."""

import math
from functools import lru_cache
from typing import NamedTuple

from numsnn.layer import Array, Cotangents
from numsnn.layout import channels_last, in_memory_order
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


class Pieces(NamedTuple):
    """Views of traces [T, N, ...] as [T, N k, numbers]: samples cut into k pieces in memory order.

    A neuron whose parameters are scalars treats all numbers alike and does not care where a sample
    ends; so its recursion can run on pieces that fit a tile. ``number=None`` leaves samples whole.
    """

    sample: tuple[int, ...]  # [N, ...]
    number: int | None
    channels_last: bool

    @classmethod
    def of(cls, trace: Array, largest: int, alike: bool) -> "Pieces":
        """The fewest pieces of at most ``largest`` numbers, if all numbers are ``alike``."""
        count = _fewest(math.prod(trace.shape[2:]), largest) if alike else None
        return cls(trace.shape[1:], count, channels_last(trace))

    def cut(self, trace: Array) -> Array:
        """[T, N, ...] -> [T, N k, numbers]; a view where the layout is the one ``of`` saw."""
        if self.number is None:
            return trace
        rows = self.sample[0] * self.number
        return in_memory_order(trace, self.channels_last).reshape(len(trace), rows, -1)

    def cut_state(self, state: State | None) -> State | None:
        """The same for a state [N, ...]."""
        return None if state is None else State(*(self.cut(part[None])[0] for part in state))


@lru_cache(256)  # the same few at every step
def _fewest(size: int, largest: int) -> int:
    """The fewest equal pieces of ``size`` numbers, none above ``largest``."""
    count = max(1, -(-size // largest))
    while size % count:
        count += 1
    return count
