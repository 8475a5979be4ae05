"""Planted errors of Conv2d by im2col: padding, stride, groups, chunks, pooling behind it."""

from numsnn.mutants.edit import Mutant

CONV = "numsnn.conv:Conv2d._backward"
IM2COL = "numsnn.conv_im2col:Im2col.backward"
UNCOLS = "numsnn.conv_im2col:Im2col.uncols"
COL2IM = "numsnn.im2col:col2im"
CROPPED = "d_sums[:, top : top + H + beyond, left : left + W + beyond]"

CONVOLUTION = (
    Mutant(
        "padding not taken off",
        UNCOLS,
        CROPPED,
        "d_sums[:, : H + beyond, : W + beyond]",
        "the image's gradient shifted by the padding",
    ),
    Mutant(
        "padding taken off at the other end",
        UNCOLS,
        CROPPED,
        "d_sums[:, 2 * top : 2 * top + H + beyond, 2 * left : 2 * left + W + beyond]",
        "shifted the other way",
    ),
    Mutant(
        "paddings exchanged",
        UNCOLS,
        CROPPED,
        "d_sums[:, left : left + H + beyond, top : top + W + beyond]",
        "rows' padding for columns'",
    ),
    Mutant(
        "stride forgotten in the rows",
        COL2IM,
        "slice(a, a + (rows - 1) * stride[0] + 1, stride[0])",
        "slice(a, a + rows)",
        "windows added up side by side",
    ),
    Mutant(
        "strides exchanged",
        UNCOLS,
        "grouped, self.stride)",
        "grouped, self.stride[::-1])",
        "rows' stride for columns'",
    ),
    Mutant(
        "overlaps overwritten",
        COL2IM,
        "image[:, down, right] +=",
        "image[:, down, right] =",
        "col2im keeps the last of several overlapping windows",
    ),
    Mutant(
        "kernel flipped",
        COL2IM,
        "cols[:, :, :, a, b]",
        "cols[:, :, :, -1 - a, -1 - b]",
        "convolution taken for correlation",
    ),
    Mutant(
        "kernel transposed",
        COL2IM,
        "cols[:, :, :, a, b]",
        "cols[:, :, :, b, a]",
        "rows for columns within the window",
    ),
    Mutant(
        "kernel's last row left out",
        COL2IM,
        "for a in range(cols.shape[3]):",
        "for a in range(cols.shape[3] - 1):",
        "one short",
    ),
    Mutant(
        "weight gradient flipped",
        "numsnn.conv_im2col:Im2col.unmatrix",
        ".transpose(3, 2, 0, 1).copy()",
        ".transpose(3, 2, 0, 1)[:, :, ::-1, ::-1].copy()",
        "convolution taken for correlation",
    ),
    Mutant(
        "weight gradient in the other layout",
        "numsnn.conv_im2col:Im2col.unmatrix",
        "reshape(tall, wide, inputs, outputs)",
        "reshape(inputs, tall, wide, outputs).transpose(1, 2, 0, 3)",
        "channels first for channels last",
    ),
    Mutant(
        "weight gradient of the last chunk",
        "numsnn.conv_im2col:Im2col.backward_matrix",
        "d_matrix += part",
        "d_matrix[:] = part",
        "a stale buffer: the chunks before it are lost",
    ),
    Mutant(
        "weight gradient of one lane",
        CONV,
        "reduce(np.add, parallel.run(lane, self._lanes(x, size)))",
        "parallel.run(lane, self._lanes(x, size))[-1]",
        "the threads' parts not added up",
    ),
    Mutant(
        "conv: bias averaged",
        CONV,
        "sum_to(d_out, bias.shape)",
        "sum_to(d_out, bias.shape) / len(d_out)",
        "the mean over samples for the sum",
    ),
    Mutant(
        "conv: bias of the last sample",
        CONV,
        "sum_to(d_out, bias.shape)",
        "sum_to(d_out[-1], bias.shape)",
        "overwritten in place of summed",
    ),
    Mutant(
        "groups exchanged",
        UNCOLS,
        "col2im(np.moveaxis(d_cols, 0, -2), grouped",
        "col2im(np.moveaxis(d_cols[::-1], 0, -2), grouped",
        "one group's channels get another one's gradient",
    ),
    Mutant(
        "chunks of the batch mixed up",
        IM2COL,
        "d_images[n].transpose(0, 2, 3, 1)",
        "d_images[n][::-1].transpose(0, 2, 3, 1)",
        "the samples of a chunk in another order",
    ),
    Mutant(
        "every lane reads the first one's images",
        CONV,
        "way.backward(images[n], ",
        "way.backward(images[: n.stop - n.start], ",
        "a lane that begins at 0 wherever it is",
    ),
    Mutant(
        "every conv lane reads the first one's cotangent",
        CONV,
        "way.backward(images[n], d_out[n], ",
        "way.backward(images[n], d_out[: n.stop - n.start], ",
        "a lane that begins at 0 wherever it is",
    ),
    Mutant(
        "every chunk reads the first one's cotangent",
        IM2COL,
        "self.pixels(d_y[n]), transposed",
        "self.pixels(d_y[: n.stop - n.start]), transposed",
        "a chunk that begins at 0 wherever it is",
    ),
)

POOLED = (
    Mutant(
        "pooling of a convolution: sums for means, back to the image",
        "numsnn.conv_im2col:Im2col._mean",
        "matrix / self.pool**2",
        "matrix",
        "the windows' size left out",
    ),
    Mutant(
        "pooling of a convolution: the transpose of its sums without their border",
        UNCOLS,
        "inside = slice(beyond, -beyond or None)",
        "inside = slice(0, -2 * beyond or None)",
        "an image moved by a window",
    ),
    Mutant(
        "pooling of a convolution: rows alone summed up",
        "numsnn.im2col:summed",
        "for b in range(size)",
        "for b in (0,)",
        "windows of one column",
    ),
    Mutant(
        "pooling of a convolution: a buffer that shares are added to not cleared",
        UNCOLS,
        "d_sums.fill(0)",
        "pass",
        "what was there before",
    ),
    Mutant(
        "pooling of a convolution: the weight's gradient in the pooling's place",
        "numsnn.conv_pool:ConvPool.backward",
        "(d_params, None)",
        "(None, d_params)",
        "the parameters of two layers exchanged",
    ),
)

MUTANTS = CONVOLUTION + POOLED
