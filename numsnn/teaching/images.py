"""Pictures of convolutions and norms: windows as rows, their overlaps, and who shares a mean."""

from typing import Any

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from numsnn.im2col import col2im, im2col
from numsnn.teaching.picture import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Picture, sheet
from numsnn.validate import require

TINTS = (BLUE, ORANGE, GREEN, PURPLE)


def windows(size: int = 4, kernel: int = 3) -> Picture:
    """An image of numbered pixels, and the rows that im2col makes of its windows.

    size - kernel is 1, so that there are four windows.
    """
    require(size - kernel == 1, f"windows: size - kernel must be 1, found {size} - {kernel}")
    image = np.arange(1, size * size + 1).reshape(1, size, size, 1)
    rows = im2col(image, (kernel, kernel), (1, 1)).reshape(4, -1)
    figure = sheet(8.4, 3.0)
    left, right = figure.subplots(1, 2, width_ratios=(1, 2.4))
    _numbers(left, image[0, :, :, 0])
    for place, tint in enumerate(TINTS):
        down, along = divmod(place, 2)
        inset = 0.06 + 0.055 * place
        _frame(left, down + inset, along + inset, kernel - 2 * inset, kernel - 2 * inset, tint)
    _numbers(right, rows)
    for place, tint in enumerate(TINTS):
        _frame(right, place + 0.06, 0.06, 0.88, kernel * kernel - 0.12, tint)
        right.text(-0.35, place + 0.5, f"window {place + 1}", ha="right", va="center",
                   fontsize=9, color=tint)  # fmt: skip
    left.set_title("image", fontsize=10.5, color=INK)
    right.set_title("im2col: one window a row", fontsize=10.5, color=INK)
    right.set_xlim(-2.3, kernel * kernel + 0.1)
    listed = "; ".join(" ".join(map(str, row)) for row in rows)
    return Picture(
        figure,
        f"Left, an image of {size} by {size} pixels, numbered row by row, with four overlapping "
        f"windows of {kernel} by {kernel} framed in four colours. Right, the im2col rows of the four "
        f"windows: {listed}.",
    )


def selection(size: int = 4, kernel: int = 3) -> Picture:
    """im2col as a matrix: a 1 where a number of the rows (down) is a pixel of the image (across)."""
    require(size > kernel, f"selection: size must exceed kernel, found {size} and {kernel}")
    pixels = size * size
    units = np.eye(pixels).reshape(pixels, size, size, 1)
    matrix = im2col(units, (kernel, kernel), (1, 1)).reshape(pixels, -1).T
    figure = sheet(8.4, 4.0)
    left, right = figure.subplots(1, 2, width_ratios=(pixels, len(matrix)))
    each = kernel * kernel
    for axes, shown, name in ((left, matrix, "A: im2col"), (right, matrix.T, "Aᵀ: col2im")):
        axes.imshow(shown, cmap="Greys", vmin=0, vmax=1.2, interpolation="nearest")
        axes.set_title(name, fontsize=10.5, color=INK)
        axes.tick_params(labelsize=8, colors=INK)
        axes.set_xticks([]), axes.set_yticks([])
    for line in range(each, len(matrix), each):
        left.axhline(line - 0.5, color=ORANGE, lw=1)
        right.axvline(line - 0.5, color=ORANGE, lw=1)
    left.set_ylabel("numbers of the rows", fontsize=10, color=INK)
    left.set_xlabel("pixels", fontsize=10, color=INK)
    right.set_ylabel("pixels", fontsize=10, color=INK)
    right.set_xlabel("numbers of the rows, window by window", fontsize=10, color=INK)
    most = int(matrix.sum(axis=0).max())
    return Picture(
        figure,
        f"The matrix of im2col, {len(matrix)} numbers of rows by {pixels} pixels: every row has "
        "exactly one black entry, the pixel that it copies. Beside it the transpose: every column "
        f"has exactly one, and its rows, one for each pixel, have from 1 to {most}.",
    )


def overlaps(size: int, settings: tuple[tuple[int, int, int], ...]) -> Picture:
    """How many windows hold each pixel, for (kernel, stride, padding): col2im of ones."""
    figure = sheet(8.4, 8.4 / len(settings) + 0.35)
    described = []
    for axes, (kernel, stride, padding) in zip(
        np.ravel(figure.subplots(1, len(settings), squeeze=False)), settings, strict=True
    ):
        padded = np.zeros((1, size + 2 * padding, size + 2 * padding, 1))
        ones = np.ones_like(im2col(padded, (kernel, kernel), (stride, stride)))
        counts = col2im(ones, padded, (stride, stride))[0, :, :, 0].astype(int)
        _numbers(axes, counts, shade=counts / max(1, counts.max()))
        _frame(axes, padding, padding, size, size, INK)
        title = f"kernel {kernel}, stride {stride}, padding {padding}"
        axes.set_title(title, fontsize=10, color=INK)
        inner = counts[padding : padding + size, padding : padding + size]
        listed = "; ".join(" ".join(map(str, row)) for row in inner)
        described.append(f"{title}: {listed}")
    return Picture(
        figure,
        f"How many windows hold each pixel of a {size} by {size} image, framed, row by row. "
        + ". ".join(described)
        + ".",
    )


def sharing(T: int = 3, N: int = 4, C: int = 3) -> Picture:
    """Which numbers of x [T, N, C, ...] share a mean: under tdBN, and under MPBN.

    A square is one step of one sample, a stripe one channel of it; numbers of one colour go into
    one mean.
    """
    require(len(TINTS) >= C, f"sharing: at most {len(TINTS)} channels have a colour, found {C}")
    figure = sheet(8.4, 3.3)
    for axes, (title, steps) in zip(
        figure.subplots(1, 2), (("tdBN: all steps together", False), ("MPBN: each step", True)),
        strict=True,
    ):  # fmt: skip
        for t, n, c in np.ndindex(T, N, C):
            strength = 1 - 0.34 * t if steps else 1
            corner = (1.15 * n, 1.15 * t + c / C)
            axes.add_patch(Rectangle(corner, 1, 0.9 / C, facecolor=TINTS[c], alpha=strength))
        for t in range(T):
            axes.text(-0.15, 1.15 * t + 0.5, f"t = {t}", ha="right", va="center", fontsize=9)
        for n in range(N):
            axes.text(1.15 * n + 0.5, -0.12, f"n = {n}", ha="center", va="bottom", fontsize=9)
        axes.set(xlim=(-0.8, 1.15 * N), ylim=(1.15 * T, -0.5), aspect="equal")
        axes.axis("off")
        axes.set_title(title, fontsize=10.5, color=INK)
    return Picture(
        figure,
        f"Two grids of squares, {T} steps down and {N} samples across; every square has {C} stripes, "
        "its channels. Stripes of one colour share a mean. Left, tdBN: a channel has one colour in all "
        f"squares, so there are {C} means. Right, MPBN: a channel has another shade at every step, so "
        f"there are {C * T} means.",
    )


def _numbers(axes: Any, values: np.ndarray, shade: np.ndarray | None = None) -> None:
    """A table of whole numbers, a square each; shade 1 is the darkest."""
    rows, columns = values.shape
    for (i, j), number in np.ndenumerate(values):
        face = "white" if shade is None else to_rgba(BLUE, 0.55 * float(shade[i, j]))
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor=face, edgecolor=GREY, lw=0.6))
        axes.text(j + 0.5, i + 0.5, str(number), ha="center", va="center", fontsize=9, color=INK)
    axes.set(xlim=(-0.1, columns + 0.1), ylim=(rows + 0.1, -0.1), aspect="equal")
    axes.axis("off")


def _frame(axes: Any, top: float, left: float, tall: float, wide: float, tint: str) -> None:
    axes.add_patch(Rectangle((left, top), wide, tall, fill=False, edgecolor=tint, lw=2))
