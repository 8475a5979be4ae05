"""Planted errors of Conv2d by im2col: padding, stride, groups, chunks, pooling behind it."""

from numsnn.mutants.edit import Mutant

CONV = "numsnn.conv:Conv2d._backward"
IM2COL = "numsnn.conv_im2col:Im2col.backward"
UNCOLS = "numsnn.conv_im2col:Im2col.uncols"
FOLD = "numsnn.im2col:fold"
IMAGES = "numsnn.conv_im2col:Im2col.backward_images"
NEIGHBOURS = "numsnn.box:_neighbours"
POOL = "numsnn.conv_pool:ConvPool.backward"
CROPPED = "whole[:, top : top + H, left : left + W]"

CONVOLUTION = (
    Mutant(
        "padding not taken off",
        UNCOLS,
        CROPPED,
        "whole[:, :H, :W]",
        "the image's gradient shifted by the padding",
    ),
    Mutant(
        "padding taken off at the other end",
        UNCOLS,
        CROPPED,
        "whole[:, 2 * top : 2 * top + H, 2 * left : 2 * left + W]",
        "shifted the other way",
    ),
    Mutant(
        "paddings exchanged",
        UNCOLS,
        CROPPED,
        "whole[:, left : left + H, top : top + W]",
        "rows' padding for columns'",
    ),
    Mutant(
        "stride forgotten in the rows",
        FOLD,
        "every[:, ::down, ::right]",
        "every[:, : cols.shape[3], ::right]",
        "windows added up side by side",
    ),
    Mutant(
        "strides exchanged",
        UNCOLS,
        "own], self.stride)",
        "own], self.stride[::-1])",
        "rows' stride for columns'",
    ),
    Mutant(
        "overlaps overwritten",
        FOLD,
        "rows[:, b - right, :, :, 1:] +=",
        "rows[:, b - right, :, :, 1:] =",
        "the last of several overlapping windows kept",
    ),
    Mutant(
        "rows that overlap left apart",
        FOLD,
        "cols[a - down, :, :, 1:] += cols[a, :, :, :-1]",
        "pass",
        "what went to the next window lost",
    ),
    Mutant(
        "windows added up in the other order",
        FOLD,
        "reversed(range(down, tall))",
        "range(down, tall)",
        "a window hands on what it has not got yet",
    ),
    Mutant(
        "kernel flipped",
        FOLD,
        "windows[under, beside, :, i, j] = rows[:, beside, :, :, j]",
        "windows[under, beside, :, i, j] = rows[::-1, beside, :, :, j]",
        "convolution taken for correlation",
    ),
    Mutant(
        "the last windows left out",
        "numsnn.im2col:_summed_up",
        "(slice(stride, size), slice(-1, None))",
        "(slice(stride, stride), slice(-1, None))",
        "what the last window has beyond a stride",
    ),
    Mutant(
        "weight gradient flipped",
        "numsnn.conv_im2col:Im2col.unmatrix",
        ".transpose(3, 2, 0, 1)",
        ".transpose(3, 2, 0, 1)[:, :, ::-1, ::-1]",
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
        IM2COL,
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
        "enumerate(d_cols)",
        "enumerate(d_cols[::-1])",
        "one group's channels get another one's gradient",
    ),
    Mutant(
        "chunks of the batch mixed up",
        IMAGES,
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
        IMAGES,
        "self.pixels(d_y[n])",
        "self.pixels(d_y[: n.stop - n.start])",
        "a chunk that begins at 0 wherever it is",
    ),
)

POOLED = (
    Mutant(
        "pooling of a convolution: sums for means",
        "numsnn.conv_pool:ConvPool._shared",
        "params.weight / self.window[0] ** 2",
        "params.weight",
        "the windows' size left out",
    ),
    Mutant(
        "pooling of a convolution: the transpose of its sums without their border",
        POOL,
        "(beyond - top, beyond - left)",
        "(0, 0)",
        "an image that is too small, or moved",
    ),
    Mutant(
        "pooling of a convolution: paddings exchanged",
        POOL,
        "(beyond - top, beyond - left)",
        "(beyond - left, beyond - top)",
        "rows' padding for columns'",
    ),
    Mutant(
        "pooling of a convolution: padding below 0 not cropped",
        NEIGHBOURS,
        "range(first - padding, first - padding + size)",
        "range(size)",
        "an image moved by its border",
    ),
    Mutant(
        "pooling of a convolution: rows alone summed up",
        "numsnn.box:box",
        "lines.swapaxes(0, 2), size, left,",
        "lines.swapaxes(0, 2), 1, left,",
        "windows of one column",
    ),
    Mutant(
        "pooling of a convolution: every chunk is the first",
        "numsnn.box:box",
        "pixels[n]",
        "pixels[: n.stop - n.start]",
        "a chunk that begins at 0 wherever it is",
    ),
    Mutant(
        "pooling of a convolution: the weight's gradient in the pooling's place",
        POOL,
        "(self._shared(d_params), None)",
        "(None, self._shared(d_params))",
        "the parameters of two layers exchanged",
    ),
)

PLACES = (
    Mutant(
        "few outputs: weight gradient of the last output",
        "numsnn.conv_places:Places.backward",
        "d_matrix[here] +=",
        "d_matrix[here] =",
        "the outputs before it are lost",
    ),
    Mutant(
        "few outputs: a pixel's gradient from the last output",
        "numsnn.conv_places:Places.backward",
        "d_x[:, run.row, run.pixels] +=",
        "d_x[:, run.row, run.pixels] =",
        "the outputs before it are lost",
    ),
    Mutant(
        "few outputs: pixels not cleared",
        "numsnn.conv_places:Places.backward",
        "d_x[...] = 0",
        "pass",
        "what was there before",
    ),
    Mutant(
        "few outputs: padding as stride",
        "numsnn.conv_places:Places.runs",
        "i * self.stride[0] - self.padding[0]",
        "i * self.stride[0]",
        "windows that begin at the image's border",
    ),
    Mutant(
        "few outputs: strides exchanged",
        "numsnn.conv_places:Places.runs",
        "j * self.stride[1]",
        "j * self.stride[0]",
        "rows' stride for columns'",
    ),
)

MEAN = (
    Mutant(
        "mean over time first: of a step alone",
        "numsnn.mean_first:MeanFirst.backward",
        "self.mean.backward(saved[-1], d_m)",
        "(d_m, None)",
        "the gradient of the mean for those of all steps",
    ),
)

MUTANTS = CONVOLUTION + POOLED + PLACES + MEAN
