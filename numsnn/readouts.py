"""Readouts: neurons that do not fire, and the mean over time that most papers decode with."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numsnn.layer import Array, Cotangents, Layer
from numsnn.layout import channels_last, empty
from numsnn.reduce import added
from numsnn.states import MembraneCotangent, State
from numsnn.validate import all_finite, cotangent, finite, one_precision, require, sequence


@dataclass(frozen=True)
class Accumulate(Layer):
    """v[t] = v[t-1] + current[t]; the potential itself is the output.

    current and v: [T, N, ...]. No leak, no threshold, no reset. The initial potential is an
    optional parameter, the final one is in ``saved.final``; spikes are absent, so their part of a
    state is zero. RecDis eq. 6.
    """

    name: str = ""
    stem = "readout"

    class Params(NamedTuple):
        initial: State | None = None

    class Saved(NamedTuple):
        params: "Accumulate.Params"
        membrane: Array
        final: State

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        return self.Params()

    def forward(self, params: Params, current: Array) -> tuple[Array, Saved]:
        sequence("Accumulate", current)
        v = np.cumsum(current, axis=0)
        if params.initial is not None:
            start = params.initial.membrane
            require(
                start.shape == current.shape[1:],
                f"Accumulate: the initial membrane must be {current.shape[1:]}, found {start.shape}",
            )
            one_precision("Accumulate", current, initial=start)
            v = v + start
        return v, self.Saved(params, v, State(v[-1], np.zeros_like(v[-1])))

    def backward(
        self, saved: Saved, d_v: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        cotangent("Accumulate.backward", d_v, saved.membrane.shape)
        extra = MembraneCotangent.of(self.name, d_membranes, d_v.shape)
        if extra.trace is not None:
            d_v = d_v + extra.trace
        # current[t] is in every later potential: sum the cotangents from the end
        d_current = np.cumsum(d_v[::-1], axis=0)[::-1]
        if extra.final is not None:
            d_current = d_current + extra.final.membrane
        if saved.params.initial is None:
            return d_current, self.Params()
        return d_current, self.Params(State(d_current[0], np.zeros_like(d_current[0])))


@dataclass(frozen=True)
class MeanOverTime(Layer):
    """y = (1/T) sum over t of x[t].  x: [T, N, ...], y: [1, N, ...]. tdBN eq. 11, MPBN eq. 3."""

    class Saved(NamedTuple):
        shape: tuple[int, ...]

    @np.errstate(over="ignore", invalid="ignore")  # the end looks for what is not finite
    def forward(self, params: None, x: Array) -> tuple[Array, Saved]:
        sequence("MeanOverTime", x, check_values=False)
        y = empty((1, *x.shape[1:]), x.dtype, channels_last(x))  # laid out as x is
        np.divide(added(list(x), y[0]), len(x), out=y[0])
        if not all_finite(y):
            finite("MeanOverTime", "x", x)
        return y, self.Saved(x.shape)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        cotangent("MeanOverTime.backward", d_y, (1, *saved.shape[1:]))
        return np.broadcast_to(d_y / saved.shape[0], saved.shape), None
