"""Planted errors of Conv2d by Winograd's filtering: signs, halves, tiles, places, buffers."""

from numsnn.mutants.edit import Mutant

BACKWARD = "numsnn.conv_winograd:Winograd.backward"
TRANSPOSED = "numsnn.conv_winograd:Winograd.transposed"
UNMATRIX = "numsnn.conv_winograd:Winograd.unmatrix"
D_FOLD = "numsnn.conv_winograd:d_fold"
D_SPREAD = "numsnn.conv_winograd:d_spread"
D_STRIP = "numsnn.conv_winograd:d_strip"
GET = "numsnn.conv_winograd:get"
STRIPS = "numsnn.conv_winograd:strips"

MUTANTS = (
    Mutant(
        "winograd: kernel turned around for its transpose",
        TRANSPOSED,
        "weight.reshape(-1, 9)",
        "weight[:, :, ::-1, ::-1].reshape(-1, 9)",
        "what a convolution of d_y would ask for",
    ),
    Mutant(
        "winograd: sums of the outputs for their transpose",
        D_FOLD,
        "np.subtract(d_m[0], d_m[3], out=d_m[2])",
        "np.add(d_m[0], d_m[3], out=d_m[2])",
        "a sign of m2 forgotten",
    ),
    Mutant(
        "winograd: sums of the inputs for their transpose",
        D_SPREAD,
        "d_following[1] -= d_x[3]",
        "d_following[1] += d_x[3]",
        "a sign of x3 forgotten",
    ),
    Mutant(
        "winograd: tiles that overlap overwritten",
        D_SPREAD,
        "d_pair[0] += d_x[0]",
        "d_pair[0] = d_x[0]",
        "the share of the tile before lost",
    ),
    Mutant(
        "winograd: rows of a tile for its columns",
        BACKWARD,
        "d_m[::3, ::3])",
        "d_m[::3, ::3].swapaxes(0, 1))",
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
        "KERNELS.astype(matrix.real.dtype)",
        "np.linalg.pinv(KERNELS).T",
        "an inverse for a transpose",
    ),
    Mutant(
        "winograd: every strip is the first of its image",
        STRIPS,
        "pairs[:, :, i.start + 1 : i.stop + 1]",
        "pairs[:, :, 1 : i.stop - i.start + 1]",
        "rows that follow another strip's",
    ),
    Mutant(
        "winograd: every strip of d_x is the first of its image",
        D_STRIP,
        "if i.start == 0:",
        "if True:",
        "the strips before it are lost",
    ),
    Mutant(
        "winograd: d_x without its padding taken away",
        D_STRIP,
        "d_whole[:, top : top + H, left : left + W]",
        "d_whole[:, :H, :W]",
        "an image moved by its padding",
    ),
    Mutant(
        "winograd: lines of d_x not cleared",
        D_STRIP,
        "d_lines.fill(0)",
        "pass",
        "a stale buffer that shares are added to",
    ),
    Mutant(
        "winograd: border not cleared",
        STRIPS,
        "image.fill(0)",
        "pass",
        "a stale buffer for the padding",
    ),
)
