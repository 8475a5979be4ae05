"""Planted errors of the neuron: the carried potential, and the order of time."""

from numsnn.mutants.planted.places import in_step

BEFORE = "self._reset(was, gate, amount, out=z)"
LEAK = "d_v = np.multiply(decay, d_h, out=before)"
LEFT = "np.subtract(1, gate, out=left)"
CHARGE = "d_h = np.add(d_u, d_carried, out=d_current[t])"

CARRY = (
    in_step(
        "decay missing",
        LEAK,
        "d_v = d_h",
        "the carried potential's cotangent does not leak",
    ),
    in_step(
        "carry dropped",
        LEAK,
        "d_v = 0 * d_h",
        "each step by itself, nothing through the potential",
    ),
    in_step(
        "gate missing",
        "d_carried = np.multiply(left, d_v, out=left)",
        "d_carried = d_v",
        "a hard reset does not cut the carry's gradient",
    ),
    in_step(
        "gate of the step before",
        LEFT,
        "np.subtract(1, s[t - 1], out=left)",
        "the reset's gate read one step early",
    ),
    in_step(
        "gate of the step after",
        LEFT,
        "np.subtract(1, s[(t + 1) % len(s)], out=left)",
        "the reset's gate read one step late",
    ),
    in_step(
        "gate of the last step at every step",
        "gate = self._gate(s[t - 1], t - 1, n)",
        "pass",
        "a gate that is not moved on with the loop",
    ),
    in_step(
        "gate squared",
        LEFT,
        "left[:] = (1 - gate) ** 2",
        "(1 - s)^2 taken for 1 - s, true of spikes only",
    ),
    in_step(
        "decay's gradient of the same step",
        BEFORE,
        "self._reset(carried, self._gate(s[t], t, n), amount, out=z)",
        "v[t] in place of v[t-1]",
    ),
    in_step(
        "decay's gradient before the reset",
        BEFORE,
        "h[t - 1]",
        "the leak is taken of the potential before its reset",
    ),
    in_step(
        "decay's gradient at the first step",
        "v_before = first.membrane",
        "v_before = 0 * first.membrane",
        "the initial potential is forgotten",
    ),
)

TIME = (
    in_step(
        "last step left out",
        "reversed(range(len(s)))",
        "reversed(range(len(s) - 1))",
        "T - 1 steps",
    ),
    in_step(
        "first step left out",
        "reversed(range(len(s)))",
        "reversed(range(1, len(s)))",
        "the recursion ends at t = 1",
    ),
    in_step(
        "a leak into the future",
        "reversed(range(len(s)))",
        "range(len(s))",
        "the backward runs forwards: later inputs get earlier cotangents",
    ),
    in_step(
        "current of the step before",
        CHARGE,
        "d_h = np.add(d_u, d_carried, out=d_current[t - 1])",
        "the cotangent put one step early",
    ),
    in_step(
        "1/T",
        CHARGE,
        "d_h = d_u + d_carried; d_current[t] = d_h / len(s)",
        "the mean over time taken a second time",
    ),
    in_step(
        "clipping",
        CHARGE,
        "d_h = d_u + d_carried; d_current[t] = np.clip(d_h.real, -1, 1)",
        "cotangents held to [-1, 1]",
    ),
    in_step(
        "stale spikes' cotangent",
        "d_s_next = None",
        "pass",
        "the final state's cotangent of the spikes enters at every step",
    ),
    in_step(
        "batch mixed up",
        CHARGE,
        "d_h = d_u + d_carried; d_current[t] = d_h[::-1]",
        "the samples in another order",
    ),
)

MUTANTS = CARRY + TIME
