"""Planted errors of pooling, dropout, readouts and of what holds layers together."""

from numsnn.mutants.edit import Mutant

POOL = "numsnn.pooling:AvgPool2d.backward"

POOLING = (
    Mutant(
        "window's mean not divided",
        POOL,
        "share = d_y[n] / math.prod(size)",
        "share = d_y[n]",
        "sum pooling's gradient for the mean's",
    ),
    Mutant(
        "window divided by its side",
        POOL,
        "math.prod(size)",
        "size[0]",
        "1/k for 1/k^2",
    ),
    Mutant(
        "overlapping windows overwritten",
        POOL,
        "windows[n][..., row, column] += share",
        "windows[n][..., row, column] = share",
        "the last of several overlapping windows",
    ),
    Mutant(
        "only the window's first pixel",
        POOL,
        "windows[n] = share[..., None, None]",
        "d_x[n] = 0; windows[n][..., 0, 0] = share",
        "subsampling's gradient",
    ),
    Mutant(
        "what no window reaches not cleared",
        POOL,
        "if not apart or windows.size < d_x.size:",
        "if not apart:",
        "a fresh array's garbage",
    ),
    Mutant(
        "flattened in the other order",
        "numsnn.pooling:Flatten.backward",
        "d_y.reshape(saved.shape)",
        "d_y.reshape(*saved.shape[:2], *saved.shape[:1:-1]).transpose("
        "0, 1, *range(len(saved.shape) - 1, 1, -1))",
        "Fortran's order for C's",
    ),
)

SHAPES = (
    Mutant(
        "dropout's mask missing",
        "numsnn.dropout:Dropout.backward",
        "return d_y * saved.mask, None",
        "return d_y, None",
        "gradients for units that are out",
    ),
    Mutant(
        "dropout not rescaled",
        "numsnn.dropout:Dropout.backward",
        "return d_y * saved.mask, None",
        "return d_y * (saved.mask > 0), None",
        "1/(1 - rate) left out",
    ),
    Mutant(
        "dropout's mask of each step",
        "numsnn.dropout:Dropout.backward",
        "return d_y * saved.mask, None",
        "return d_y * saved.mask[::-1], None",
        "another mask than the forward's",
    ),
    Mutant(
        "repeat: mean for sum",
        "numsnn.compose:Repeat.backward",
        "d_y.sum(axis=0, keepdims=True)",
        "d_y.mean(axis=0, keepdims=True)",
        "1/T",
    ),
    Mutant(
        "repeat: first step only",
        "numsnn.compose:Repeat.backward",
        "d_y.sum(axis=0, keepdims=True)",
        "d_y[:1].copy()",
        "the other steps forgotten",
    ),
    Mutant(
        "shortcut dropped",
        "numsnn.compose:Residual.backward",
        "return _sum(d_x, d_short),",
        "return d_x,",
        "the residual block's body only",
    ),
    Mutant(
        "body dropped",
        "numsnn.compose:Residual.backward",
        "return _sum(d_x, d_short),",
        "return d_short,",
        "the residual block's shortcut only",
    ),
    Mutant(
        "regularizers not handed into the body",
        "numsnn.compose:Residual.backward",
        "self.body.backward(saved.body, d_y, d_membranes)",
        "self.body.backward(saved.body, d_y)",
        "the membranes' cotangents stop at the block",
    ),
    Mutant(
        "regularizers not handed down",
        "numsnn.compose:Serial.backward",
        "(saved[at], d_y, d_membranes)",
        "(saved[at], d_y)",
        "the membranes' cotangents stop at the chain",
    ),
    Mutant(
        "gradients in backward order",
        "numsnn.compose:Serial.backward",
        "tuple(d_params)",
        "tuple(reversed(d_params))",
        "the parameters' gradients in the order in which they were found",
    ),
    Mutant(
        "mean over time not divided",
        "numsnn.readouts:MeanOverTime.backward",
        "d_y / saved.shape[0]",
        "d_y",
        "1/T left out",
    ),
    Mutant(
        "mean over time divided by N",
        "numsnn.readouts:MeanOverTime.backward",
        "d_y / saved.shape[0]",
        "d_y / saved.shape[1]",
        "samples for steps",
    ),
    Mutant(
        "readout: steps not summed",
        "numsnn.readouts:Accumulate.backward",
        "np.cumsum(d_v[::-1], axis=0)[::-1]",
        "d_v",
        "each step by itself",
    ),
    Mutant(
        "readout: summed from the start",
        "numsnn.readouts:Accumulate.backward",
        "np.cumsum(d_v[::-1], axis=0)[::-1]",
        "np.cumsum(d_v, axis=0)",
        "a leak into the future",
    ),
    Mutant(
        "readout: regularizer missing",
        "numsnn.readouts:Accumulate.backward",
        "d_v = d_v + extra.trace",
        "pass",
        "the membrane's cotangent is not taken up",
    ),
    Mutant(
        "readout: final state at the last step only",
        "numsnn.readouts:Accumulate.backward",
        "d_current = d_current + extra.final.membrane",
        "d_current[-1] += extra.final.membrane",
        "the final potential taken for the last current alone",
    ),
    Mutant(
        "readout: initial potential from the last step",
        "numsnn.readouts:Accumulate.backward",
        "State(d_current[0],",
        "State(d_current[-1],",
        "the wrong end of the sequence",
    ),
    Mutant(
        "ReLU open everywhere",
        "numsnn.modes:ReLU.backward",
        "np.where(saved, d_y, 0)",
        "d_y",
        "slope 1 below 0",
    ),
)

MUTANTS = POOLING + SHAPES
