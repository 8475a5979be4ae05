"""Planted errors of the neuron: where the surrogate's slope is taken, and its width."""

from numsnn.mutants.planted.places import in_step

SLOPE = (
    in_step(
        "slope at u",
        "slopes(self._excess(params, u[t]), width)",
        "slopes(direction * u[t], width)",
        "the surrogate's centre at 0 in place of the threshold",
    ),
    in_step(
        "slope of the step before",
        "slopes(self._excess(params, u[t]), width)",
        "slopes(self._excess(params, u[t - 1]), width)",
        "the slope at the wrong t",
    ),
    in_step(
        "slope before the norm",
        "slopes(self._excess(params, u[t]), width)",
        "slopes(self._excess(params, h[t]), width)",
        "the slope at the charged, not the normalised potential",
    ),
    in_step(
        "slope after the reset",
        "slopes(self._excess(params, u[t]), width)",
        "slopes(self._excess(params, u[t] * (1 - s[t])), width)",
        "the slope at the potential after its reset",
    ),
    in_step(
        "slope scaled by the width",
        "d_z = ds_dz * d_s",
        "d_z = width * ds_dz * d_s",
        "a slope of peak 1 in place of area 1",
    ),
    in_step(
        "slope of a layer average",
        "d_z = ds_dz * d_s",
        "d_z = ds_dz.mean() * d_s",
        "one slope for the whole layer",
    ),
    in_step(
        "width's term missing",
        "d_width += contract(ds_dwidth, d_s, d_width.shape)",
        "pass",
        "a learnable width that never learns",
    ),
    in_step(
        "width's term without the reset's path",
        "contract(ds_dwidth, d_s, d_width.shape)",
        "contract(ds_dwidth, d_spikes[t], d_width.shape)",
        "the width's gradient sees the output only",
    ),
    in_step(
        "width's term with the wrong sign",
        "d_width += contract",
        "d_width -= contract",
        "-x f(x)/width read as x f(x)/width",
    ),
)

MUTANTS = SLOPE
