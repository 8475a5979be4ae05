"""Planted errors of Conv2d by bands: the kernel turned around, borders, kernel rows, order of samples."""

from numsnn.mutants.edit import Mutant

BACKWARD = "numsnn.conv_bands:Bands.backward"
TRANSPOSED = "numsnn.conv_bands:Bands.transposed"
UNMATRIX = "numsnn.conv_bands:Bands.unmatrix"
BAND = "numsnn.conv_bands:Bands.band"
CORRELATE = "numsnn.conv_bands:Bands.correlate"

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
    Mutant(
        "gradient of the turned kernel not turned back",
        UNMATRIX,
        "weight[:, :, ::-1, ::-1].copy()",
        "weight.copy()",
        "convolution taken for correlation",
    ),
    Mutant(
        "gradient of the turned kernel in the other layout",
        UNMATRIX,
        "turned.reshape(tall, inputs, wide, outputs).transpose(3, 1, 0, 2)",
        "turned.reshape(tall, inputs, outputs, wide).transpose(2, 1, 0, 3)",
        "outputs before columns",
    ),
)

WEIGHTS = (
    Mutant(
        "kernel row dropped from the weight's gradient",
        BACKWARD,
        "for a in range(tall):",
        "for a in range(tall - 1):",
        "one short",
    ),
    Mutant(
        "kernel rows all meet the first rows",
        BACKWARD,
        "self.rows(band, a, H)",
        "self.rows(band, 0, H)",
        "the image not moved under the kernel",
    ),
    Mutant(
        "kernel rows in backward order",
        BACKWARD,
        "self.rows(band, a, H)",
        "self.rows(band, tall - 1 - a, H)",
        "turned around once more, in its rows",
    ),
    Mutant(
        "turned kernel's gradient of the last chunk",
        BACKWARD,
        "d_turned[a] += product",
        "d_turned[a] = product",
        "overwritten in place of added up over the chunks",
    ),
    Mutant(
        "images in the order of samples",
        BACKWARD,
        "np.copyto(x, images.transpose(2, 0, 3, 1))",
        "np.copyto(x, images.transpose(0, 2, 3, 1).reshape(x.shape))",
        "rows of (sample, row, column) meet those of (row, sample, column)",
    ),
    Mutant(
        "images' columns for rows",
        BACKWARD,
        "np.copyto(x, images.transpose(2, 0, 3, 1))",
        "np.copyto(x, images.transpose(3, 0, 2, 1).reshape(x.shape))",
        "every image transposed",
    ),
)

IMAGE = "padded[top : top + H, :, left : left + W] = images.transpose(2, 0, 3, 1)"
CLEARED = "padded.fill(0)"

BORDERS = (
    Mutant(
        "rows above the image not cleared",
        BAND,
        CLEARED,
        "padded[:, :, left + W :] = padded[:, :, :left] = padded[top + H :] = 0",
        "a stale buffer for the padding",
    ),
    Mutant(
        "rows below the image not cleared",
        BAND,
        CLEARED,
        "padded[:, :, left + W :] = padded[:, :, :left] = padded[:top] = 0",
        "a stale buffer for the padding",
    ),
    Mutant(
        "first columns not cleared",
        BAND,
        CLEARED,
        "padded[:, :, left + W :] = padded[:top] = padded[top + H :] = 0",
        "a stale buffer for the padding",
    ),
    Mutant(
        "last columns not cleared",
        BAND,
        CLEARED,
        "padded[:, :, :left] = padded[:top] = padded[top + H :] = 0",
        "a stale buffer for the padding",
    ),
    Mutant(
        "image wrapped around its border",
        BAND,
        IMAGE,
        "padded[top : top + H] = images.take(np.arange(-left, W + left), -1, mode='wrap')"
        ".transpose(2, 0, 3, 1)",
        "circular padding for zeros",
    ),
    Mutant(
        "image repeated at its border",
        BAND,
        IMAGE,
        "padded[top : top + H] = images.take(np.arange(-left, W + left), -1, mode='clip')"
        ".transpose(2, 0, 3, 1)",
        "replicated padding for zeros",
    ),
)

CORRELATION = (
    Mutant(
        "kernel rows between the first and the last dropped",
        CORRELATE,
        "total += part",
        "pass",
        "the last row overwrites those before it",
    ),
    Mutant(
        "sum of kernel rows in the order of samples",
        CORRELATE,
        "one.reshape(H, n, W, O).swapaxes(0, 1)",
        "one.reshape(n, H, W, O)",
        "rows of (row, sample, column) read as (sample, row, column)",
    ),
    Mutant(
        "kernel rows upside down",
        CORRELATE,
        "kernel[a], out",
        "kernel[-1 - a], out",
        "convolution taken for correlation",
    ),
)

MUTANTS = TURNED + WEIGHTS + BORDERS + CORRELATION
