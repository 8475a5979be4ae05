"""Planted errors of Conv2d by Winograd's filtering: signs, halves, tiles, the kernel turned around."""

from numsnn.mutants.edit import Mutant

BACKWARD = "numsnn.conv_winograd:Winograd.backward"
MATRIX = "numsnn.conv_winograd:Winograd.backward_matrix"
TRANSPOSED = "numsnn.conv_winograd:Winograd.transposed"
UNMATRIX = "numsnn.conv_winograd:Winograd.unmatrix"
D_HALVES = "numsnn.conv_winograd:d_halves"
STRIPS = "numsnn.conv_winograd:strips"

MUTANTS = (
    Mutant(
        "winograd: kernel not turned around",
        TRANSPOSED,
        "weight[:, :, ::-1, ::-1]",
        "weight",
        "the forward's kernel used once more for its transpose",
    ),
    Mutant(
        "winograd: padding as the forward's",
        BACKWARD,
        "(2 - self.padding[0], 2 - self.padding[1])",
        "self.padding",
        "padding for kernel - 1 - padding",
    ),
    Mutant(
        "winograd: paddings exchanged",
        BACKWARD,
        "(2 - self.padding[0], 2 - self.padding[1])",
        "(2 - self.padding[1], 2 - self.padding[0])",
        "rows' padding for columns'",
    ),
    Mutant(
        "winograd: sums of the outputs for their transpose",
        D_HALVES,
        "np.subtract(d_m[0], d_m[3], out=d_m[2])",
        "np.add(d_m[0], d_m[3], out=d_m[2])",
        "a sign of m2 forgotten",
    ),
    Mutant(
        "winograd: rows of a tile for its columns",
        MATRIX,
        "corners[row, column, :,",
        "corners[column, row, :,",
        "tiles of the cotangent transposed",
    ),
    Mutant(
        "winograd: ends of images not cleared",
        MATRIX,
        "corners.fill(0)",
        "pass",
        "a stale buffer where an image ends within a tile",
    ),
    Mutant(
        "winograd: gradient of the last strip",
        MATRIX,
        "d_matrix += _matrices",
        "d_matrix[:] = _matrices",
        "the strips before it are lost",
    ),
    Mutant(
        "winograd: the kernel's sums for their transpose",
        UNMATRIX,
        "G.T @ tiles @ G",
        "np.linalg.pinv(G) @ tiles @ np.linalg.pinv(G).T",
        "an inverse for a transpose",
    ),
    Mutant(
        "winograd: every strip is the first of its image",
        STRIPS,
        "by_row[:, :, i.start + 1 : i.stop + 1]",
        "by_row[:, :, 1 : i.stop - i.start + 1]",
        "rows that follow another strip's",
    ),
    Mutant(
        "winograd: border not cleared",
        STRIPS,
        "padded.fill(0)",
        "pass",
        "a stale buffer for the padding",
    ),
)
