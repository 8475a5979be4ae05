"""Contact sheets: what is in a set of images, at a glance."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numsnn.data.dataset import Dataset, as_float
from numsnn.errors import NumsnnError

INK, PALE = "#333333", "#BBBBBB"


def contact_sheet(dataset: Dataset, columns: int | None = None) -> Figure:
    """The first images of each class in a row, with the class counts beside them.

    A set of more than 20 classes shows one image a class in a square instead.
    """
    x, y, part = shown_part(dataset)
    if len(dataset.classes) > 20:
        return _one_a_class(dataset, x, y, part)
    columns = columns or (14 if x.shape[-1] < 48 else 10)
    rows = len(dataset.classes)
    height, width = x.shape[-2:]
    gap = max(1, round(0.08 * height))
    cells = [[_cell(x, y, label, place) for place in range(columns)] for label in range(rows)]
    sheet = _tiled(cells, gap, (height, width))
    size = 7.0 * rows * (height + gap) / (columns * (width + gap))
    figure = Figure(figsize=(10.4, size + 0.75), dpi=110, layout="constrained")
    images, bars = figure.subplots(1, 2, width_ratios=(7, 1.6), sharey=False)
    images.imshow(sheet, interpolation="nearest", aspect="auto")
    centres = gap + (height - 1) / 2 + np.arange(rows) * (height + gap)
    images.set_yticks(centres, dataset.classes, fontsize=9, color=INK)
    images.set_xticks([])
    bare(images)
    _class_bars(bars, dataset, centres, sheet.shape[0])
    figure.suptitle(caption(dataset, part), fontsize=10.5, color=INK)
    return figure


def shown_part(dataset: Dataset) -> tuple[Any, np.ndarray, str]:
    """The part that has records: the training part, else the test part."""
    if len(dataset.train_y):
        return dataset.train_x, dataset.train_y, "training"
    if len(dataset.test_y):
        return dataset.test_x, dataset.test_y, "test"
    raise NumsnnError(f"{dataset.name}: no record to show")


def _cell(x: Any, y: np.ndarray, label: int, place: int) -> np.ndarray | None:
    found = np.flatnonzero(y == label)
    return None if place >= len(found) else _colour(x[int(found[place])])


def _colour(image: np.ndarray) -> np.ndarray:
    """[C, H, W] as [H, W, 3] in [0, 1]; a single channel is ink on paper."""
    light = np.asarray(as_float(image))
    return (
        np.repeat(1 - light[0][..., None], 3, -1) if len(light) == 1 else light.transpose(1, 2, 0)
    )


def _tiled(cells: list[list[Any]], gap: int, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    rows, columns = len(cells), len(cells[0])
    sheet = np.ones((rows * (height + gap) + gap, columns * (width + gap) + gap, 3))
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            if cell is not None:
                top, left = gap + i * (height + gap), gap + j * (width + gap)
                sheet[top : top + height, left : left + width] = cell
    return sheet


def _class_bars(axes: Any, dataset: Dataset, centres: np.ndarray, bottom: int) -> None:
    classes = len(dataset.classes)
    train, test = (np.bincount(y, minlength=classes) for y in (dataset.train_y, dataset.test_y))
    thick = 0.32 * (centres[1] - centres[0] if classes > 1 else bottom)
    both = 0.5 if train.any() and test.any() else 0.0
    for counts, shift, hue, name in ((train, -both, INK, "train"), (test, both, PALE, "test")):
        if counts.any():
            axes.barh(centres + shift * thick, counts, thick, color=hue, label=name)
            for place, count in zip(centres + shift * thick, counts, strict=True):
                axes.text(count, place, f" {count:,}", va="center", fontsize=6.5, color=INK)
    axes.set_ylim(bottom - 0.5, -0.5)
    axes.set_xlim(0, 1.45 * max(train.max(), test.max()))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, fontsize=7, frameon=False)
    bare(axes)


def _one_a_class(dataset: Dataset, x: Any, y: np.ndarray, part: str) -> Figure:
    side = int(np.ceil(np.sqrt(len(dataset.classes))))
    figure = Figure(figsize=(10.4, 1.16 * side + 0.5), dpi=110, layout="constrained")
    for label, axes in enumerate(figure.subplots(side, side).flat):
        axes.set_axis_off()
        if label < len(dataset.classes) and (cell := _cell(x, y, label, 0)) is not None:
            axes.imshow(cell, interpolation="nearest")
            axes.set_title(dataset.classes[label].replace("_", " "), fontsize=7, color=INK, pad=2)
    figure.suptitle(caption(dataset, part), fontsize=10.5, color=INK)
    return figure


def caption(dataset: Dataset, part: str) -> str:
    train, test = len(dataset.train_y), len(dataset.test_y)
    counts = f"{train:,} training and {test:,} test records, {len(dataset.classes)} classes"
    return f"{dataset.name}: {counts}; the first of the {part} part"


def bare(axes: Any) -> None:
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
