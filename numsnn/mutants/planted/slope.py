"""Planted errors of the neuron: where the surrogate's slope is taken, and its width."""

from numsnn.mutants.planted.places import in_step

EXCESS = "z = self._excess(params, u[t], out=z)"
WIDTH = "d_width += d_w"

SLOPE = (
    in_step(
        "slope at u",
        EXCESS,
        "z = self._excess(params, u[t], out=z) + threshold",
        "the surrogate's centre at 0 in place of the threshold",
    ),
    in_step(
        "slope of the step before",
        EXCESS,
        "z = self._excess(params, u[t - 1], out=z)",
        "the slope at the wrong t",
    ),
    in_step(
        "slope before the norm",
        EXCESS,
        "z = self._excess(params, h[t], out=z)",
        "the slope at the charged, not the normalised potential",
    ),
    in_step(
        "slope after the reset",
        EXCESS,
        "z = self._excess(params, u[t] * (1 - s[t]), out=z)",
        "the slope at the potential after its reset",
    ),
    in_step(
        "slope scaled by the width",
        WIDTH,
        "d_width += d_w; d_z = width * d_z",
        "a slope of peak 1 in place of area 1",
    ),
    in_step(
        "slope of a layer average",
        WIDTH,
        "d_width += d_w; d_z = self.surrogate.slopes(z, width)[0].mean() * d_s",
        "one slope for the whole layer",
    ),
    in_step(
        "width's term missing",
        WIDTH,
        "pass",
        "a learnable width that never learns",
    ),
    in_step(
        "width's term without the reset's path",
        WIDTH,
        "d_width += self.surrogate.backward(z, width, d_spikes[t], d_width.shape)[1]",
        "the width's gradient sees the output only",
    ),
    in_step(
        "width's term with the wrong sign",
        WIDTH,
        "d_width -= d_w",
        "-x f(x)/width read as x f(x)/width",
    ),
)

MUTANTS = SLOPE
