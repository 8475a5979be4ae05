"""Planted errors of Conv2d by bands: the kernel turned around, borders, kernel rows."""

from numsnn.mutants.edit import Mutant

BACKWARD = "numsnn.conv_bands:Bands.backward"
TRANSPOSED = "numsnn.conv_bands:Bands.transposed"
PADDED = "numsnn.im2col:padded"
MATRIX = "numsnn.conv_bands:Bands._of_matrix"
CORRELATE = "numsnn.conv_bands:correlate"
UNMATRIX = "numsnn.conv_bands:Bands.unmatrix"

TURNED = (
    Mutant(
        "kernel not turned around",
        TRANSPOSED,
        "weight[:, :, ::-1, ::-1]",
        "weight",
        "the forward's kernel used once more for its transpose",
    ),
    Mutant(
        "kernel turned around in its rows only",
        TRANSPOSED,
        "weight[:, :, ::-1, ::-1]",
        "weight[:, :, ::-1]",
        "upside down, but not from right to left",
    ),
    Mutant(
        "kernel turned around in its columns only",
        TRANSPOSED,
        "weight[:, :, ::-1, ::-1]",
        "weight[:, :, :, ::-1]",
        "from right to left, but not upside down",
    ),
    Mutant(
        "turned kernel transposed",
        TRANSPOSED,
        ".transpose(2, 3, 0, 1)",
        ".transpose(3, 2, 0, 1)",
        "rows for columns within the kernel",
    ),
    Mutant(
        "padding of the turned kernel as the forward's",
        BACKWARD,
        "(tall - 1 - top, wide - 1 - left)",
        "(top, left)",
        "padding for kernel - 1 - padding",
    ),
    Mutant(
        "padding of the turned kernel without its padding",
        BACKWARD,
        "(tall - 1 - top, wide - 1 - left)",
        "(tall - 1, wide - 1)",
        "the full transpose of an unpadded convolution",
    ),
    Mutant(
        "paddings of the turned kernel exchanged",
        BACKWARD,
        "(tall - 1 - top, wide - 1 - left)",
        "(wide - 1 - left, tall - 1 - top)",
        "rows' padding for columns'",
    ),
)

IMAGE = "np.copyto(inside[:k], images[n].transpose(0, 2, 3, 1))"
CLEARED = "whole.fill(0)"

BORDERS = (
    Mutant(
        "rows above the image not cleared",
        PADDED,
        CLEARED,
        "whole[:, :, left + W :] = whole[:, :, :left] = whole[:, top + H :] = 0",
        "a stale buffer for the padding",
    ),
    Mutant(
        "rows below the image not cleared",
        PADDED,
        CLEARED,
        "whole[:, :, left + W :] = whole[:, :, :left] = whole[:, :top] = 0",
        "a stale buffer for the padding",
    ),
    Mutant(
        "first columns not cleared",
        PADDED,
        CLEARED,
        "whole[:, :, left + W :] = whole[:, :top] = whole[:, top + H :] = 0",
        "a stale buffer for the padding",
    ),
    Mutant(
        "last columns not cleared",
        PADDED,
        CLEARED,
        "whole[:, :, :left] = whole[:, :top] = whole[:, top + H :] = 0",
        "a stale buffer for the padding",
    ),
    Mutant(
        "image wrapped around its border",
        PADDED,
        IMAGE,
        "whole[:k, top : top + H] = images[n].take(np.arange(-left, W + left), -1, mode='wrap')"
        ".transpose(0, 2, 3, 1)",
        "circular padding for zeros",
    ),
    Mutant(
        "image repeated at its border",
        PADDED,
        IMAGE,
        "whole[:k, top : top + H] = images[n].take(np.arange(-left, W + left), -1, mode='clip')"
        ".transpose(0, 2, 3, 1)",
        "replicated padding for zeros",
    ),
)

CORRELATION = (
    Mutant(
        "kernel rows but the first dropped",
        CORRELATE,
        "total += part",
        "pass",
        "nothing added up",
    ),
    Mutant(
        "kernel rows all meet the first rows",
        CORRELATE,
        "rows[:, a * W : (a + H) * W]",
        "rows[:, : H * W]",
        "the image not moved under the kernel",
    ),
    Mutant(
        "kernel rows moved by pixels",
        CORRELATE,
        "rows[:, a * W : (a + H) * W]",
        "rows[:, a : a + H * W]",
        "one pixel for one row",
    ),
    Mutant(
        "kernel rows upside down",
        CORRELATE,
        "kernel[a], out",
        "kernel[-1 - a], out",
        "convolution taken for correlation",
    ),
)

WEIGHTS = (
    Mutant(
        "weight gradient of the last samples",
        MATRIX,
        "d_matrix[a] += part",
        "d_matrix[a] = part",
        "the samples before them are lost",
    ),
    Mutant(
        "weight gradient of one sample",
        MATRIX,
        "part.sum(axis=0)",
        "part[0]",
        "the others are not added up",
    ),
    Mutant(
        "all rows of the weight's gradient from the first rows",
        MATRIX,
        "rows[:, a * W : (a + H) * W]",
        "rows[:, : H * W]",
        "the image not moved under the cotangent",
    ),
    Mutant(
        "rows of the weight's gradient upside down",
        UNMATRIX,
        "[::-1, :, ::-1]",
        "[:, :, ::-1]",
        "convolution taken for correlation",
    ),
    Mutant(
        "columns of the weight's gradient from right to left",
        UNMATRIX,
        "[::-1, :, ::-1]",
        "[::-1]",
        "convolution taken for correlation",
    ),
)

MUTANTS = TURNED + BORDERS + CORRELATION + WEIGHTS
