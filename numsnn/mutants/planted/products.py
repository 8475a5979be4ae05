"""Planted errors of Linear, of sums, and of Conv2d by im2col: products, padding, stride, groups, chunks."""

from numsnn.mutants.edit import Mutant

LINEAR = "numsnn.linear:Linear.backward"
LINEAR_PARAMS = "numsnn.linear:Linear.backward_params"
CONV = "numsnn.conv:Conv2d._backward"
PRODUCT = "numsnn.products:product"
IM2COL = "numsnn.conv_im2col:Im2col.backward"
UNCOLS = "numsnn.conv_im2col:Im2col.uncols"
COL2IM = "numsnn.im2col:col2im"
TOTAL = "numsnn.reduce:total"
COLUMNS = "numsnn.reduce:_column_sums"
WEIGHT = "rows[:, o].T, x_rows, out="

PRODUCTS = (
    Mutant(
        "input of the step before",
        LINEAR_PARAMS,
        WEIGHT,
        "rows[:, o].T, x[[-1, *range(len(x) - 1)]].reshape(-1, self.inputs), out=",
        "x[t-1] in place of x[t]",
    ),
    Mutant(
        "weight gradient of the last step",
        LINEAR_PARAMS,
        WEIGHT,
        "d_y[-1].reshape(-1, self.outputs)[:, o].T, x[-1].reshape(-1, self.inputs), out=",
        "overwritten in place of summed over time",
    ),
    Mutant(
        "weight gradient averaged over the batch",
        LINEAR_PARAMS,
        "self.Params(d_weight, d_bias)",
        "self.Params(d_weight / x.shape[1], d_bias)",
        "1/N, which is the loss's business",
    ),
    Mutant(
        "weight of the wrong sign",
        LINEAR,
        "np.matmul(rows[n], weight, ",
        "np.matmul(rows[n], -weight, ",
        "a minus",
    ),
    Mutant(
        "bias averaged",
        LINEAR_PARAMS,
        "rows.sum(axis=0)",
        "rows.mean(axis=0)",
        "the mean over steps and samples for the sum",
    ),
    Mutant(
        "samples of the weight gradient mixed up",
        LINEAR_PARAMS,
        WEIGHT,
        "rows[:, o].T, x[:, ::-1].reshape(-1, self.inputs), out=",
        "one sample's cotangent meets another one's input",
    ),
    Mutant(
        "every lane reads the first one's cotangent",
        LINEAR,
        "np.matmul(rows[n], weight, ",
        "np.matmul(rows[: n.stop - n.start], weight, ",
        "a lane that begins at 0 wherever it is",
    ),
    Mutant(
        "every lane of weights has the first one's gradient",
        LINEAR_PARAMS,
        "rows[:, o].T",
        "rows[:, : o.stop - o.start].T",
        "a lane that begins at 0 wherever it is",
    ),
    Mutant(
        "sum over broadcast axes a mean",
        "numsnn.reduce:sum_to",
        "x.sum(axis=",
        "x.mean(axis=",
        "a shared parameter's gradient divided by its uses",
    ),
    Mutant(
        "sum of the whole pieces only",
        TOTAL,
        "_ones(PIECE, x.dtype)).sum() + last",
        "_ones(PIECE, x.dtype)).sum()",
        "the numbers that fill no piece are lost",
    ),
    Mutant(
        "sum of all a mean",
        TOTAL,
        'x = x.ravel("K")',
        'x = x.ravel("K") / x.size',
        "a shared parameter's gradient divided by its uses",
    ),
    Mutant(
        "inner product of half",
        "numsnn.reduce:contract",
        "np.dot(x[whole:], y[whole:])",
        "np.dot(x[whole:][1:], y[whole:][1:])",
        "the first element left out",
    ),
    Mutant(
        "inner product of the last piece",
        "numsnn.reduce:contract",
        "pieces.sum()",
        "pieces[-1:].sum()",
        "a stale sum: the pieces before it are lost",
    ),
    Mutant(
        "column sums without the rest",
        COLUMNS,
        "total = _ones(rest, x.dtype) @ rows[len(rows) - rest :]",
        "total = np.zeros(columns, x.dtype)",
        "the rows that fill no piece are lost",
    ),
    Mutant(
        "column sums a mean",
        COLUMNS,
        "return total",
        "return total / len(rows)",
        "a shared parameter's gradient divided by its uses",
    ),
    Mutant(
        "column sums of the first pieces twice",
        COLUMNS,
        "rows[len(rows) - rest :]",
        "rows[:rest]",
        "the rest read from the beginning",
    ),
)

PIECES = (
    Mutant(
        "rows that fill no piece of a product left out",
        PRODUCT,
        "if whole < rows:",
        "if False:",
        "a stale buffer for the last rows",
    ),
    Mutant(
        "rows that fill no piece of a product read from the beginning",
        PRODUCT,
        "np.matmul(a[..., whole:, :]",
        "np.matmul(a[..., : rows - whole, :]",
        "the first rows twice",
    ),
    Mutant(
        "pieces of a product that arrive nowhere",
        PRODUCT,
        "out=out[..., :whole, :].reshape(",
        "out=out[..., :whole, :].copy().reshape(",
        "written into a copy",
    ),
)

CONVOLUTION = (
    Mutant(
        "padding not taken off",
        UNCOLS,
        "padded[:, top : top + H, left : left + W]",
        "padded[:, :H, :W]",
        "the image's gradient shifted by the padding",
    ),
    Mutant(
        "padding taken off at the other end",
        UNCOLS,
        "padded[:, top : top + H, left : left + W]",
        "padded[:, 2 * top : 2 * top + H, 2 * left : 2 * left + W]",
        "shifted the other way",
    ),
    Mutant(
        "paddings exchanged",
        UNCOLS,
        "padded[:, top : top + H, left : left + W]",
        "padded[:, left : left + H, top : top + W]",
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
        "padded, self.stride)",
        "padded, self.stride[::-1])",
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
        "col2im(np.moveaxis(d_cols, 0, -2), padded",
        "col2im(np.moveaxis(d_cols[::-1], 0, -2), padded",
        "one group's channels get another one's gradient",
    ),
    Mutant(
        "chunks of the batch mixed up",
        IM2COL,
        "d_images[n] = self.uncols",
        "d_images[n][::-1] = self.uncols",
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

MUTANTS = PRODUCTS + PIECES + CONVOLUTION
