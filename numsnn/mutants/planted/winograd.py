"""Planted errors of Conv2d by Winograd's filtering: signs, halves, tiles, places, buffers."""

from numsnn.mutants.edit import Mutant

BACKWARD = "numsnn.conv_winograd:Winograd.backward"
TRANSPOSED = "numsnn.conv_winograd:Winograd.transposed"
UNMATRIX = "numsnn.conv_winograd:Winograd.unmatrix"
D_STRIP = "numsnn.conv_winograd:d_strip"
GET = "numsnn.conv_winograd:get"
STRIPS = "numsnn.conv_winograd:strips"

MUTANTS = (
    Mutant(
        "winograd: kernel turned around for its transpose",
        TRANSPOSED,
        "weight.transpose(2, 3, 0, 1)",
        "weight[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)",
        "what a convolution of d_y would ask for",
    ),
    Mutant(
        "winograd: sums of the outputs for their transpose",
        BACKWARD,
        "_as(OUTPUTS.T, d_y)",
        "np.linalg.pinv(OUTPUTS)",
        "an inverse for a transpose",
    ),
    Mutant(
        "winograd: sums of the inputs for their transpose",
        D_STRIP,
        "_as(PIXELS.T, d_images)",
        "_as(PIXELS, d_images)",
        "the forward's sums once more",
    ),
    Mutant(
        "winograd: the last two rows of the tiles above overwritten",
        D_STRIP,
        "d_pixels[:SHARED, :, :, 0] += above",
        "d_pixels[:SHARED, :, :, 0] = above",
        "the first two rows of these lost",
    ),
    Mutant(
        "winograd: rows of a tile for its columns",
        BACKWARD,
        "get(d_part, d_blocks)",
        "get(d_part, d_blocks.swapaxes(0, 1))",
        "tiles of the cotangent transposed",
    ),
    Mutant(
        "winograd: ends of images not cleared",
        GET,
        "whole.fill(0)",
        "pass",
        "a stale buffer where an image ends within a tile",
    ),
    Mutant(
        "winograd: gradient of the last strip",
        BACKWARD,
        "d_matrix += part",
        "d_matrix[:] = part",
        "the strips before it are lost",
    ),
    Mutant(
        "winograd: the kernel's sums for their transpose",
        UNMATRIX,
        "_as(KERNELS.T, matrix)",
        "np.linalg.pinv(KERNELS)",
        "an inverse for a transpose",
    ),
    Mutant(
        "winograd: every strip is the first of its image",
        STRIPS,
        "_windows(image, i)",
        "_windows(image, slice(0, i.stop - i.start))",
        "rows of another strip",
    ),
    Mutant(
        "winograd: every strip of d_x is the first of its image",
        D_STRIP,
        "if i.start > 0:",
        "if False:",
        "the strips before it are lost",
    ),
    Mutant(
        "winograd: d_x without its padding taken away",
        D_STRIP,
        "whole[:, top : top + H, left : left + W]",
        "whole[:, :H, :W]",
        "an image moved by its padding",
    ),
    Mutant(
        "winograd: border not cleared",
        STRIPS,
        "image.fill(0)",
        "pass",
        "a stale buffer for the padding",
    ),
)
