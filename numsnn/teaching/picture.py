"""A figure with words for those who cannot see it."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from numsnn.validate import require

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#A4527F"
INK, GREY, PALE = "#333333", "#8A8A8A", "#E4E4E4"
DPI = 144  # pixels an inch, shown at 96: sharp on a fine screen


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure and its ``alt`` text, as a notebook shows them: an image, or the text alone.

    The text goes into the exported page's ``alt``, and it is what a viewer without images prints.
    Raises NumsnnError where it is empty.
    """

    figure: Figure
    alt: str

    def __post_init__(self) -> None:
        require(bool(self.alt.strip()), "Picture: a figure needs an alt text, found none")

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def png(self) -> bytes:
        """The figure as PNG, without the names and dates of what wrote it."""
        file = io.BytesIO()
        FigureCanvasAgg(self.figure).print_png(file, metadata={"Software": None})
        return file.getvalue()

    def drawn(self) -> list[str]:
        """What the figure shows, a line for each artist: its words, or the size of its numbers.

        Two runs that drew the same numbers agree in it, whatever the version of Matplotlib.
        """
        return [line for axes in self.figure.axes for line in _drawn(axes)]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        inches = self.figure.get_size_inches()
        size = {"width": round(96 * inches[0]), "height": round(96 * inches[1])}
        image = base64.b64encode(self.png()).decode("ascii")
        return (
            {"image/png": image, "text/plain": repr(self)},
            {"image/png": {"alt": self.alt, "drawn": self.drawn(), **size}},
        )


def _drawn(axes: Any) -> Iterator[str]:
    titles = (axes.get_title(), axes.get_xlabel(), axes.get_ylabel())
    yield "axes: " + "; ".join((*titles, *(text.get_text() for text in axes.texts)))
    for line in axes.lines:
        yield _numbers("line", np.column_stack(line.get_data()))
    boxes = [patch.get_bbox().bounds for patch in axes.patches if isinstance(patch, Rectangle)]
    if boxes:
        yield _numbers("boxes", np.array(boxes))
    for collection in axes.collections:
        yield _numbers("paths", np.concatenate([p.vertices for p in collection.get_paths()]))
    for image in axes.images:
        yield _numbers("image", np.asarray(image.get_array()))


def _numbers(what: str, values: np.ndarray) -> str:
    """How many, and the mean and spread of each column, or of an image; gaps, NaN, left out."""
    found = values.astype(float)
    columns = list(found.T) if what != "image" else [found.ravel()]
    finite = [column[np.isfinite(column)] for column in columns]
    sizes = (f"{np.mean(c):#.6g} +- {np.std(c):#.6g}" for c in finite if c.size)
    return f"{what} {found.shape[0]}: " + ", ".join(sizes)


def sheet(width: float, height: float) -> Figure:
    """An empty figure of so many inches, laid out so that nothing overlaps."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def plain(axes: Any, xlabel: str = "", ylabel: str = "", title: str = "") -> Any:
    """Axes without the frame that carries no number; returns them."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, labelsize=9)
    axes.set_xlabel(xlabel, color=INK, fontsize=10)
    axes.set_ylabel(ylabel, color=INK, fontsize=10)
    axes.set_title(title, color=INK, fontsize=10.5)
    return axes
