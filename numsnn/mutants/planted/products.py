"""Planted errors of Linear and Conv2d: products, padding, stride, groups, chunks."""

from numsnn.mutants.edit import Mutant

LINEAR = "numsnn.linear:Linear.backward"
CONV = "numsnn.conv:Conv2d.backward"
UNCOLS = "numsnn.conv:Conv2d._uncols"
COL2IM = "numsnn.im2col:col2im"

PRODUCTS = (
    Mutant(
        "input of the step before",
        LINEAR,
        "rows.T @ x.reshape(-1, self.inputs)",
        "rows.T @ x[[-1, *range(len(x) - 1)]].reshape(-1, self.inputs)",
        "x[t-1] in place of x[t]",
    ),
    Mutant(
        "weight gradient of the last step",
        LINEAR,
        "rows.T @ x.reshape(-1, self.inputs)",
        "d_y[-1].reshape(-1, self.outputs).T @ x[-1].reshape(-1, self.inputs)",
        "overwritten in place of summed over time",
    ),
    Mutant(
        "weight gradient averaged over the batch",
        LINEAR,
        "d_weight = rows.T @ x.reshape(-1, self.inputs)",
        "d_weight = rows.T @ x.reshape(-1, self.inputs) / x.shape[1]",
        "1/N, which is the loss's business",
    ),
    Mutant(
        "weight of the wrong sign",
        LINEAR,
        "d_x = d_y @ weight",
        "d_x = -(d_y @ weight)",
        "a minus",
    ),
    Mutant(
        "bias averaged",
        LINEAR,
        "rows.sum(axis=0)",
        "rows.mean(axis=0)",
        "the mean over steps and samples for the sum",
    ),
    Mutant(
        "samples of the weight gradient mixed up",
        LINEAR,
        "rows.T @ x.reshape(-1, self.inputs)",
        "rows.T @ x[:, ::-1].reshape(-1, self.inputs)",
        "one sample's cotangent meets another one's input",
    ),
    Mutant(
        "sum over broadcast axes a mean",
        "numsnn.reduce:sum_to",
        "x.sum(axis=",
        "x.mean(axis=",
        "a shared parameter's gradient divided by its uses",
    ),
    Mutant(
        "inner product of half",
        "numsnn.reduce:contract",
        "np.dot(x[piece], y[piece])",
        "np.dot(x[piece][1:], y[piece][1:])",
        "the first element left out",
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
        "padded, pair(self.stride))",
        "padded, pair(self.stride)[::-1])",
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
        "numsnn.conv:Conv2d._unmatrix",
        ".transpose(0, 3, 1, 2).copy()",
        ".transpose(0, 3, 1, 2)[:, :, ::-1, ::-1].copy()",
        "convolution taken for correlation",
    ),
    Mutant(
        "weight gradient in the other layout",
        "numsnn.conv:Conv2d._unmatrix",
        "matrix.reshape(outputs, tall, wide, inputs).transpose(0, 3, 1, 2)",
        "matrix.reshape(outputs, inputs, tall, wide)",
        "channels first for channels last",
    ),
    Mutant(
        "weight gradient of the last chunk",
        CONV,
        "d_matrix += rows.swapaxes",
        "d_matrix = rows.swapaxes",
        "a stale buffer: the chunks before it are lost",
    ),
    Mutant(
        "weight gradient of one lane",
        CONV,
        "(np.sum(part, axis=0) for part in zip(*parts, strict=True))",
        "(part[-1] for part in zip(*parts, strict=True))",
        "the threads' parts not added up",
    ),
    Mutant(
        "conv: bias averaged",
        CONV,
        "d_sum += rows.sum(axis=1)",
        "d_sum += rows.mean(axis=1)",
        "the mean over pixels for the sum",
    ),
    Mutant(
        "conv: bias of the last chunk",
        CONV,
        "d_sum += rows.sum(axis=1)",
        "d_sum = rows.sum(axis=1)",
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
        CONV,
        "d_images[chunk] = self._uncols",
        "d_images[chunk][::-1] = self._uncols",
        "the samples of a chunk in another order",
    ),
)

MUTANTS = PRODUCTS + CONVOLUTION
