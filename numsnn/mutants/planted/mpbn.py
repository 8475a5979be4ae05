"""Planted errors of the neuron: a norm on its membrane (MPBN), lateral currents."""

from numsnn.mutants.edit import Mutant
from numsnn.mutants.planted.places import in_step

NORM_AND_LATERAL = (
    in_step(
        "MPBN: statistics of the first step",
        "self.norm.backward(saved.norm[t], d_u)",
        "self.norm.backward(saved.norm[0], d_u)",
        "one set of statistics for all steps",
    ),
    in_step(
        "MPBN: statistics of the step before",
        "self.norm.backward(saved.norm[t], d_u)",
        "self.norm.backward(saved.norm[t - 1], d_u)",
        "the wrong step's statistics",
    ),
    in_step(
        "MPBN: gain and shift of one step",
        "tree_sum(d_norms)",
        "(d_norms[-1] if d_norms else None)",
        "the shared parameters' gradient not summed over the steps",
    ),
    in_step(
        "MPBN: norm passed over",
        "d_u, d_norm = self.norm.backward(saved.norm[t], d_u)",
        "_, d_norm = self.norm.backward(saved.norm[t], d_u)",
        "the potential's cotangent goes around the norm",
    ),
    in_step(
        "MPBN: sign",
        "np.add(d_u, d_carried, ",
        "np.add(-d_u if self.norm is not None else d_u, d_carried, ",
        "a norm with a negative slope",
    ),
    in_step(
        "MPBN: raw carry through the norm",
        "if self._carries_u:",
        "if self.norm is not None:",
        "the carried raw potential's cotangent goes through the norm",
    ),
    in_step(
        "MPBN: normalised carry around the norm",
        "d_u, d_carried = d_u + d_carried, 0",
        "pass",
        "the carried normalised potential's cotangent goes around the norm",
    ),
    in_step(
        "MPBN: reset of the other carry",
        "carried = u[t] if self._carries_u else h[t]",
        "carried = h[t] if self._carries_u else u[t]",
        "the reset's path reads raw for normalised",
    ),
    in_step(
        "lateral path dropped",
        "d_s_next = d_s_next[0]",
        "d_s_next = None",
        "no gradient from the lateral current to the spikes before it",
    ),
    in_step(
        "lateral path detached with the reset",
        "d_s_next = d_s_next[0]",
        "d_s_next = None if self.detach_reset else d_s_next[0]",
        "detaching the reset takes the lateral path with it",
    ),
    in_step(
        "lateral input of another step",
        "self.lateral.backward(saved.lateral[t], d_h[None])",
        "self.lateral.backward(saved.lateral[t - 1], d_h[None])",
        "the lateral weight's gradient from the wrong spikes",
    ),
    in_step(
        "lateral weights of one step",
        "tree_sum(d_laterals)",
        "(d_laterals[-1] if d_laterals else None)",
        "the lateral weights' gradient not summed over the steps",
    ),
    in_step(
        "lateral path from u",
        "self.lateral.backward(saved.lateral[t], d_h[None])",
        "self.lateral.backward(saved.lateral[t], d_u[None])",
        "the lateral current does not enter the carry",
    ),
    Mutant(
        "detached gate keeps its tangent",
        "numsnn.firing:Step.gate",
        "return spikes.real",
        "return spikes",
        "the forward of a detached reset lets a tangent through",
    ),
)

MUTANTS = NORM_AND_LATERAL
