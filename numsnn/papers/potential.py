"""A neuron whose output is its potential, for the dense layers of PSG & PDA."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from numsnn.firing import Step
from numsnn.layer import Array, Cotangents
from numsnn.neurons import LIF, MembraneCotangent, State
from numsnn.reduce import contract, sum_to
from numsnn.validate import cotangent, finite, require


@dataclass(frozen=True)
class PotentialLIF(LIF):
    """u[t] = decay u[t-1] [o[t-1] <= threshold] + current[t];   o = u H(u - threshold).

    current, o and membrane: [T, N, ...]. Potentials above the threshold go out, and are reset. In
    the backward pass do/du and do/dgamma are the surrogate's two slopes at u - threshold: with a
    softplus this is a rectifier that also learns from below. No gradient runs through the reset.
    Parameters are a LIF's. Raises NumsnnError for a soft reset, a norm or a lateral layer.

    PSG & PDA eq. 2 and case 2 (eq. 13-17); the output's form is that of LTMD, whose neuron it is.
    """

    detach_reset: bool = True
    stem = "potential"
    binary: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.reset == "hard" and self.detach_reset and self.norm is None and not self.lateral,
            "PotentialLIF: the reset is hard and detached; there is no norm and no lateral layer",
        )

    @np.errstate(over="ignore", invalid="ignore")  # the end looks for what is not finite
    def forward(self, params: LIF.Params, current: Array) -> tuple[Array, LIF.Saved]:
        dtype = self._check(params, current)
        membrane, out = np.empty(current.shape, dtype), np.empty(current.shape, dtype)
        rest = np.zeros(current.shape[1:], dtype)
        v = rest if params.initial is None else params.initial.membrane
        for t in range(len(current)):
            u = params.decay * v + current[t]  # eq. 2
            o = self._put_out(params, u, t)
            membrane[t], out[t] = u, o
            v = u * (1 - self._fired(params, out, t))
        finite(f"PotentialLIF {self.name}".strip(), "the potential", v)
        return out, self.Saved(params, membrane, membrane, out, State(v, o), (), ())

    def backward(
        self, saved: LIF.Saved, d_out: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, LIF.Params]:
        params, u, o = saved.params, saved.membrane, saved.spikes
        cotangent("PotentialLIF.backward", d_out, o.shape)
        extra = MembraneCotangent.of(self.name, d_membranes, o.shape)
        d_current = np.empty(o.shape, np.result_type(d_out, u))
        d_decay, d_threshold, d_width = (np.zeros(np.shape(p), d_current.dtype) for p in params[:3])
        zero = np.zeros_like(d_current[0])
        d_v, d_o_last = (zero, zero) if extra.final is None else extra.final
        before = zero if params.initial is None else params.initial.membrane
        for t in reversed(range(len(o))):
            d_o = d_out[t] + d_o_last
            do_dz, do_dwidth = self.surrogate.slopes(u[t] - params.threshold, params.width)
            d_z = do_dz * d_o  # eq. 16, 19
            d_width += contract(do_dwidth, d_o, d_width.shape)  # eq. 17, 18, 20
            d_threshold -= sum_to(d_z, d_threshold.shape)
            d_u = d_z + (1 - self._fired(params, o, t)) * d_v
            if extra.trace is not None:
                d_u = d_u + extra.trace[t]
            d_current[t] = d_u
            v = u[t - 1] * (1 - self._fired(params, o, t - 1)) if t else before
            d_decay += contract(v, d_u, d_decay.shape)
            d_v, d_o_last = params.decay * d_u, zero
        initial = None if params.initial is None else State(d_v, zero)
        return d_current, self.Params(d_decay, d_threshold, d_width, initial=initial)

    def _put_out(self, params: LIF.Params, u: Array, t: int) -> Array:
        """u above the threshold, else 0; a tangent goes by the primitive, a mode by itself."""
        fire, tie = self.firing.fire, self.tie == "fires"
        s = fire(self.surrogate, u, params.threshold, params.width, tie, t, slice(None))
        if not isinstance(self.firing, Step):
            return s
        return u.real * s.real + 1j * s.imag if np.iscomplexobj(s) else u * s

    def _fired(self, params: LIF.Params, o: Array, t: int) -> Any:
        """[o[t] > threshold], as the detached reset sees it."""
        seen, threshold = self.firing.gate(o[t], t, slice(None)), np.real(params.threshold)
        return (seen >= threshold if self.tie == "fires" else seen > threshold).astype(seen.dtype)
