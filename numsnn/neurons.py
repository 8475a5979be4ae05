"""LIF: leaky integrate-and-fire, forward and backward through time. The only loop over time."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.errors import NumsnnError
from numsnn.firing import Step
from numsnn.layer import Array, Cotangents, Layer
from numsnn.layout import empty_like, over
from numsnn.reduce import contract, sum_to
from numsnn.states import MembraneCotangent, Pieces, State
from numsnn.surrogates import Rectangular, Surrogate
from numsnn.tree import leaves, tree_sum
from numsnn.validate import choice, cotangent, finite, one_precision, require, sequence

TILE = parallel.TILE >> 1  # numbers in one step of a tile: a neuron goes through many arrays
LEARNABLE = ("decay", "threshold", "width")


@dataclass(frozen=True)
class LIF(Layer):
    """h[t] = decay v[t-1] + current[t] (+ lateral(s[t-1]));  u = norm(h);  s = H(u - threshold);
    v[t] = h (1 - s)  (hard reset)   or   h - threshold s  (soft).

    current, spikes and membrane: [T, N, ...]. decay, threshold and width (of the surrogate) are
    parameters and may be scalars or any shape that broadcasts against [N, ...] on the right:
    (C, 1, 1) is one a channel. The membrane that others see (``saved.membrane``, ``d_membranes``)
    is u, before the reset.

    reset: "hard" or "soft"; tie: "fires" (s = 1 at u = threshold) or "silent"; detach_reset: no
    gradient through s in the reset; norm: a layer between charge and firing, its statistics those
    of one step (MPBN); carry: under a norm, the "raw" h or the "normalised" u is reset and carried;
    lateral: a layer on the previous step's spikes; constants: of decay, threshold and width those
    whose gradient nobody asks for, so that zeros come back. Raises NumsnnError on a wrong shape, a
    width that is not positive, or values that are not finite.

    RecDis eq. 4-5, PSG eq. 2-3, MPBN eq. 1-2 and 7, tdBN eq. 1-3, IM-Loss eq. 5-6.
    """

    decay: float = 0.25
    threshold: float = 0.5
    width: float = 1.0
    surrogate: Surrogate = Rectangular()
    reset: str = "hard"
    tie: str = "silent"
    detach_reset: bool = False
    norm: Any = None
    carry: str = "raw"
    lateral: Any = None
    decay_shape: tuple[int, ...] = ()
    threshold_shape: tuple[int, ...] = ()
    width_shape: tuple[int, ...] = ()
    firing: Any = Step()
    constants: tuple[str, ...] = ()
    name: str = ""
    stem = "lif"
    unkept = ("d_x",)

    class Params(NamedTuple):
        decay: Array
        threshold: Array
        width: Array
        norm: Any = None
        lateral: Any = None
        initial: State | None = None  # None: at rest, all zeros
        direction: Array | None = None  # folded: fires where direction u > threshold; None: +1
        amount: Array | None = None  # folded: what a soft reset subtracts; None: the threshold

    class Saved(NamedTuple):
        params: "LIF.Params"
        membrane: Array  # u [T, N, ...]
        charged: Array  # h [T, N, ...]; the same array as membrane where there is no norm
        spikes: Array  # s [T, N, ...]
        final: State
        norm: tuple  # one a step
        lateral: tuple  # one a step

    def __post_init__(self) -> None:
        choice("LIF", "reset", self.reset, ("hard", "soft"))
        choice("LIF", "tie", self.tie, ("fires", "silent"))
        choice("LIF", "carry", self.carry, ("raw", "normalised"))
        for name in self.constants:
            choice("LIF", "a constant", name, LEARNABLE)

    def parts(self) -> dict[Any, Any]:
        return {k: v for k, v in (("norm", self.norm), ("lateral", self.lateral)) if v is not None}

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        """decay, threshold and width filled with the layer's values; no initial state."""
        return self.Params(
            np.full(self.decay_shape, self.decay, dtype),
            np.full(self.threshold_shape, self.threshold, dtype),
            np.full(self.width_shape, self.width, dtype),
            None if self.norm is None else self.norm.init(rng, dtype),
            None if self.lateral is None else self.lateral.init(rng, dtype),
        )

    # -- forward ---------------------------------------------------------------------------------

    def forward(self, params: Params, current: Array) -> tuple[Array, Saved]:
        spikes = empty_like(current, self._check(params, current))
        return self._over_time(params, current, empty_like(spikes), spikes)

    def forward_over(self, params: Params, current: Array) -> tuple[Array, Saved]:
        """The same, with the membrane in the place of the current."""
        spikes = empty_like(current, self._check(params, current))
        return self._over_time(params, current, over(current, spikes), spikes)

    def _over_time(
        self, params: Params, current: Array, membrane: Array, spikes: Array
    ) -> tuple[Array, Saved]:
        """Fill membrane, which may be ``current``, and spikes."""
        charged = membrane if self.norm is None else empty_like(spikes)
        pieces = Pieces.of(membrane, parallel.tile(TILE), self._alike(params))
        after = empty_like(membrane[-1:])  # v, anew at every step, the last one at the end
        traces = [pieces.cut(trace) for trace in (current, membrane, charged, spikes, after)]
        inside = params._replace(initial=pieces.cut_state(params.initial))

        def tile(n: slice) -> tuple:
            return self._forward(inside, n, *(trace[:, n] for trace in traces))

        norm, lateral = parallel.run(tile, self._tiles(traces[0].shape))[0]
        final = State(after[0], spikes[-1])
        return spikes, self.Saved(params, membrane, charged, spikes, final, norm, lateral)

    @np.errstate(over="ignore", invalid="ignore")  # the end looks for what is not finite
    def _forward(
        self,
        params: Params,
        n: slice,
        current: Array,
        membrane: Array,
        charged: Array,
        spikes: Array,
        after: Array,
    ) -> tuple[tuple, tuple]:
        """The recursion on the samples ``n``; fills membrane, charged, spikes and ``after`` [1, n, ...]."""
        decay, threshold, width = params[:3]
        amount = threshold if params.amount is None else params.amount
        v, s = self._initial(params, n, current)
        tie = self.tie == "fires"
        norms, laterals = [], []
        for t in range(len(current)):
            left = np.multiply(decay, v, out=after[0])
            h = np.add(left, current[t], out=charged[t])  # tdBN eq. 1, MPBN eq. 1
            if self.lateral is not None:
                lateral, saved = self.lateral.forward(params.lateral, s[None])
                self._same_shape("lateral", lateral[0], h)
                h += lateral[0]
                laterals.append(saved)
            u = h
            if self.norm is not None:
                u, saved = self.norm.forward(params.norm, h)  # MPBN eq. 7
                self._same_shape("norm", u, h)
                norms.append(saved)
                membrane[t] = u
            turned = self._turned(params, u)
            spikes[t] = self.firing.fire(self.surrogate, turned, threshold, width, tie, t, n)
            s = spikes[t]  # tdBN eq. 3
            v = self._reset(u if self._carries_u else h, self._gate(s, t, n), amount, out=after[0])
        if not np.isfinite(v.sum()):  # NaN and infinity stay in v once they are there
            what = "the membrane" if np.shares_memory(current, membrane) else "current"
            finite(f"LIF {self.name}".strip(), what, current)
            finite(f"LIF {self.name}".strip(), "the potential after the last reset", v)
        return tuple(norms), tuple(laterals)

    # -- backward --------------------------------------------------------------------------------

    def backward(
        self, saved: Saved, d_spikes: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        d_current = empty_like(saved.spikes, self._cotangent(saved, d_spikes))
        return self._back_in_time(saved, d_spikes, d_membranes, d_current)

    def backward_over(
        self, saved: Saved, d_spikes: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        """The same, with d_current in the place of d_spikes."""
        d_current = over(d_spikes, saved.spikes, self._cotangent(saved, d_spikes))
        return self._back_in_time(saved, d_spikes, d_membranes, d_current)

    def _back_in_time(
        self, saved: Saved, d_spikes: Array, d_membranes: Cotangents | None, d_current: Array
    ) -> tuple[Array, Params]:
        """Fill d_current, which may be ``d_spikes``."""
        extra = MembraneCotangent.of(self.name, d_membranes, saved.spikes.shape)
        pieces = Pieces.of(saved.spikes, parallel.tile(TILE), self._alike(saved.params))
        inside = saved._replace(
            params=saved.params._replace(initial=pieces.cut_state(saved.params.initial)),
            membrane=pieces.cut(saved.membrane),
            charged=pieces.cut(saved.charged),
            spikes=pieces.cut(saved.spikes),
        )
        trace = None if extra.trace is None else pieces.cut(extra.trace)
        extra = MembraneCotangent(trace, pieces.cut_state(extra.final))
        d_s, d_i = pieces.cut(d_spikes), pieces.cut(d_current)
        both = (empty_like(d_current[:1])[0] for _ in State._fields)
        d_initial = None if saved.params.initial is None else State(*both)
        d_first = pieces.cut_state(d_initial)

        def tile(n: slice) -> LIF.Params:
            return self._backward(inside, n, d_s[:, n], extra, d_i[:, n], d_first)

        d_params = tree_sum(parallel.run(tile, self._tiles(d_s.shape)))
        return d_current, d_params._replace(initial=d_initial)

    def _backward(
        self,
        saved: Saved,
        n: slice,
        d_spikes: Array,
        extra: MembraneCotangent,
        d_current: Array,
        d_initial: State | None,
    ) -> Params:
        """The recursion backwards on the samples ``n``; fills d_current and d_initial, gives d_params."""
        params = saved.params
        decay, threshold, width = params[:3]
        amount = threshold if params.amount is None else params.amount
        of_decay, of_threshold, of_width = (name not in self.constants for name in LEARNABLE)
        u, h, s = saved.membrane[:, n], saved.charged[:, n], saved.spikes[:, n]
        first = self._initial(params, n, d_spikes)
        # anew at every step:
        z, through, left, before = (empty_like(d_current[0]) for _ in range(4))
        d_v: Array | None  # of v[t]; None: nothing comes back
        d_s_next: Array | None  # of s[t] in h[t+1], by a lateral term
        d_v, d_s_next = (None, None) if extra.final is None else (p[n] for p in extra.final)
        d_decay, d_threshold, d_width, d_amount, d_direction = (
            np.zeros(np.shape(p), d_current.dtype)  # type: ignore[arg-type]  # None has the shape ()
            for p in (decay, threshold, width, amount, params.direction)
        )
        width_shape = d_width.shape if of_width else None
        d_norms: list = []
        d_laterals: list = []
        gate = self._gate(s[-1], len(s) - 1, n)
        for t in reversed(range(len(s))):
            z = self._excess(params, u[t], out=z)
            carried = u[t] if self._carries_u else h[t]
            # the reset, v = carried (1 - gate)  or  carried - amount gate
            d_s = d_spikes[t] + d_s_next if d_s_next is not None else d_spikes[t]
            d_carried: Any = 0
            if d_v is not None:
                if not self.detach_reset:  # d_s - carried d_v  or  d_s - amount d_v; tdBN eq. 14
                    np.multiply(carried if self.reset == "hard" else amount, d_v, out=through)
                    d_s = np.subtract(d_s, through, out=through)
                if self.reset == "hard":  # (1 - gate) d_v
                    np.subtract(1, gate, out=left)
                    d_carried = np.multiply(left, d_v, out=left)
                else:
                    d_carried = d_v
                    d_amount -= contract(gate, d_v, d_amount.shape)
            # firing, s = P(z; width), z = direction u - threshold
            d_z, d_w = self.surrogate.backward(z, width, d_s, width_shape)  # tdBN eq. 15
            if of_width:
                d_width += d_w
            if of_threshold:
                d_threshold -= sum_to(d_z, d_threshold.shape)
            d_u = d_z
            if params.direction is not None:
                d_direction += contract(u[t], d_z, d_direction.shape)
                d_u = params.direction * d_z
            if extra.trace is not None:
                d_u = d_u + extra.trace[t, n]
            if self._carries_u:
                d_u, d_carried = d_u + d_carried, 0
            # the norm, u = norm(h)
            if self.norm is not None:
                d_u, d_norm = self.norm.backward(saved.norm[t], d_u)
                d_norms.append(d_norm)
            # charge, h = decay v + current (+ lateral(s))
            d_h = np.add(d_u, d_carried, out=d_current[t])
            v_before = first.membrane
            if t > 0:
                gate = self._gate(s[t - 1], t - 1, n)
                if of_decay:
                    was = u[t - 1] if self._carries_u else h[t - 1]
                    v_before = self._reset(was, gate, amount, out=z)
            if of_decay:
                d_decay += contract(v_before, d_h, d_decay.shape)
            d_v = np.multiply(decay, d_h, out=before)
            d_s_next = None
            if self.lateral is not None:
                d_s_next, d_lateral = self.lateral.backward(saved.lateral[t], d_h[None])
                d_s_next = d_s_next[0]
                d_laterals.append(d_lateral)
        if params.amount is None and of_threshold:
            d_threshold += d_amount
        if d_initial is not None:
            d_initial.membrane[n] = before
            d_initial.spikes[n] = 0 if d_s_next is None else d_s_next
        return self.Params(
            d_decay,
            d_threshold,
            d_width,
            tree_sum(d_norms),
            tree_sum(d_laterals),
            None,
            None if params.direction is None else d_direction,
            None if params.amount is None else d_amount,
        )

    # -- helpers ---------------------------------------------------------------------------------

    def _cotangent(self, saved: Saved, d_spikes: Array) -> np.dtype:
        """The dtype of d_current; refuses a cotangent that is not of the spikes' shape."""
        cotangent("LIF.backward", d_spikes, saved.spikes.shape)
        return np.result_type(d_spikes, saved.membrane)

    def _same_shape(self, part: str, y: Array, h: Array) -> None:
        """Refuse a part that does not give one number for each potential."""
        require(
            y.shape == h.shape,
            f"LIF {self.name}".strip()
            + f": the {part} layer gives {y.shape}, the charge is {h.shape}",
        )

    def _excess(self, params: Params, u: Array, out: Array) -> Array:
        """z = direction u - threshold."""
        return np.subtract(self._turned(params, u), params.threshold, out=out)

    def _turned(self, params: Params, u: Array) -> Array:
        """direction u."""
        return u if params.direction is None else params.direction * u

    @property
    def _carries_u(self) -> bool:
        """Whether what is carried is the membrane u or the charge h; without a norm they are one array."""
        return self.carry == "normalised"

    def _gate(self, s: Array, t: int, n: slice) -> Array:
        """The spikes as the reset sees them."""
        return self.firing.gate(s, t, n) if self.detach_reset else s

    def _reset(self, carried: Array, gate: Array, amount: Array, out: Array) -> Array:
        """v, what is left of a potential after the reset. tdBN eq. 1-2."""
        if self.reset == "hard":  # carried (1 - gate)
            return np.multiply(carried, np.subtract(1, gate, out=out), out=out)
        return np.subtract(carried, np.multiply(amount, gate, out=out), out=out)

    def _initial(self, params: Params, n: slice, like: Array) -> State:
        """v[-1] and s[-1] on the samples ``n``: as given, or at rest."""
        if params.initial is None:
            shape = like.shape[1:]
            # zeros of stride 0, as np.broadcast_to would make them in four times the time
            rest = np.ndarray(shape, like.dtype, np.zeros((), like.dtype), 0, (0,) * len(shape))
            return State(rest, rest)
        return State(params.initial.membrane[n], params.initial.spikes[n])

    def _alike(self, params: Params) -> bool:
        """Whether every number of a sample is treated alike, wherever it stands."""
        coupled = self.norm is not None or self.lateral is not None
        own = (*params[:3], params.direction, params.amount)  # None has no axes
        scalars = not any(getattr(p, "ndim", 0) for p in own)
        return scalars and not coupled and isinstance(self.firing, Step)

    def _tiles(self, shape: tuple[int, ...]) -> list[slice]:
        """Slices of the batch; all of it at once where a norm couples the samples."""
        if self.norm is not None or self.lateral is not None:
            return [slice(0, shape[1])]
        count = max(1, parallel.tile(TILE) // max(1, math.prod(shape[2:])))
        return [slice(i, min(i + count, shape[1])) for i in range(0, shape[1], count)]

    def _check(self, params: Params, current: Array) -> np.dtype:
        op = f"LIF {self.name}".strip()
        sequence(op, current, least=2, check_values=False)
        self.surrogate.check_width(params.width)
        arrays: dict[str, Array | None] = {
            "decay": params.decay,
            "threshold": params.threshold,
            "width": params.width,
        }
        arrays |= {"direction": params.direction, "amount": params.amount}
        for name, value in arrays.items():
            if value is None:
                continue
            if shape := np.shape(value):
                lead = current.ndim - 1 - len(shape)
                fits = lead >= 0 and all(
                    size in (1, current.shape[1 + lead + i]) for i, size in enumerate(shape)
                )
                if not fits or (lead == 0 and shape[0] != 1):
                    raise NumsnnError(
                        f"{op}: {name} {shape} does not fit one sample of current {current.shape}"
                    )
            finite(op, name, value)
        if params.initial is not None:
            for name, value in zip(State._fields, params.initial, strict=True):
                require(
                    value.shape == current.shape[1:],
                    f"{op}: the initial {name} must be {current.shape[1:]}, found {value.shape}",
                )
                finite(op, f"the initial {name}", value)
                arrays[f"initial {name}"] = value
        dtype = one_precision(op, current, **arrays)
        if self.norm is None and self.lateral is None:
            return dtype
        parts = (leaf for tree in (params.norm, params.lateral) for leaf in leaves(tree))
        return np.result_type(dtype, *parts)
