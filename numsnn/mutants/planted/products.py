"""Planted errors of Linear, of sums, and of Conv2d by im2col: products, padding, stride, groups, chunks."""

from numsnn.mutants.edit import Mutant

LINEAR = "numsnn.linear:Linear.backward"
LINEAR_PARAMS = "numsnn.linear:Linear.backward_params"
CONV = "numsnn.conv:Conv2d._backward"
ROWS = "numsnn.products:_by_rows"
TERMS = "numsnn.products:_by_terms"
COLUMNS_OF = "numsnn.products:_by_columns"
IM2COL = "numsnn.conv_im2col:Im2col.backward"
UNCOLS = "numsnn.conv_im2col:Im2col.uncols"
COL2IM = "numsnn.im2col:col2im"
TOTAL = "numsnn.reduce:total"
COLUMNS = "numsnn.reduce:_column_sums"
WEIGHT = "rows[:, o].T, x_rows, out="
CROPPED = "d_sums[:, top : top + H + beyond, left : left + W + beyond]"

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
        "product(rows[n], weight, ",
        "product(rows[n], -weight, ",
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
        "product(rows[n], weight, ",
        "product(rows[: n.stop - n.start], weight, ",
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
        ROWS,
        "if whole < rows:",
        "if False:",
        "a stale buffer for the last rows",
    ),
    Mutant(
        "rows that fill no piece of a product read from the beginning",
        ROWS,
        "np.matmul(a[..., whole:, :]",
        "np.matmul(a[..., : rows - whole, :]",
        "the first rows twice",
    ),
    Mutant(
        "pieces of a product that arrive nowhere",
        ROWS,
        "out=out[..., :whole, :].reshape(",
        "out=out[..., :whole, :].copy().reshape(",
        "written into a copy",
    ),
    Mutant(
        "terms that fill no piece of a sum left out",
        TERMS,
        "if whole < depth:",
        "if False:",
        "the last terms are lost",
    ),
    Mutant(
        "the last piece of a sum alone",
        TERMS,
        "out += np.matmul(",
        "out[...] = np.matmul(",
        "the pieces before it are lost",
    ),
    Mutant(
        "columns that fill no piece of a product left out",
        COLUMNS_OF,
        "if whole < b.shape[-1]:",
        "if False:",
        "a stale buffer for the last columns",
    ),
    Mutant(
        "columns that fill no piece of a product read from the beginning",
        COLUMNS_OF,
        "np.matmul(a, b[..., whole:]",
        "np.matmul(a, b[..., : b.shape[-1] - whole]",
        "the first columns twice",
    ),
)

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

MUTANTS = PRODUCTS + PIECES + CONVOLUTION + POOLED
