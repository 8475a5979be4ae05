"""Figures of a training: its learning curve, and which class is taken for which.

Each function gives a Figure and touches no global state; ``save`` writes it as PNG with the
numbers that it shows as JSON beside it.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from numsnn.atomic import PathLike, write_atomically, write_text
from numsnn.evaluation import Evaluation
from numsnn.validate import require

TRAIN, TEST, INK = "#0072B2", "#D55E00", "#333333"


def learning_curve(
    history: Sequence[dict[str, float]], title: str = "", part: str = "test"
) -> Figure:
    """Loss and accuracy over the epochs, training and ``part``, from a state's history."""
    require(len(history) > 0, "learning_curve: the history is empty")
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(8.4, 3.4), dpi=160, layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, what, factor in ((left, "loss", 1), (right, "accuracy", 100)):
        for label, key, colour in (
            ("training", "loss" if what == "loss" else "train_accuracy", TRAIN),
            (part, f"test_{what}", TEST),
        ):
            if key in history[0]:
                values = [factor * row[key] for row in history]
                axes.plot(epochs, values, color=colour, label=label, marker=".", markersize=4)
        axes.set_xlabel("epoch", color=INK)
        axes.set_ylabel("loss" if what == "loss" else "accuracy (%)", color=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
    left.set_yscale("log")
    right.legend(frameon=False, loc="lower right")
    if title:
        figure.suptitle(title, fontsize=10.5, color=INK)
    return figure


def confusion_matrix(confusion: np.ndarray, classes: Sequence[str], title: str = "") -> Figure:
    """Rows: the true class; columns: the class given. Colour is the share of the row."""
    count = len(classes)
    require(
        confusion.shape == (count, count),
        f"confusion_matrix: expected {(count, count)} for {count} classes, found {confusion.shape}",
    )
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    size = max(4.2, 1.6 + 0.36 * min(count, 40))
    figure = Figure(figsize=(size, size), dpi=160, layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="given", ylabel="true class")
    if count <= 40:
        axes.set_xticks(range(count), classes, rotation=90 if max(map(len, classes)) > 2 else 0)
        axes.set_yticks(range(count), classes)
    if count <= 20:
        for (i, j), number in np.ndenumerate(confusion):
            if number:
                colour = "white" if share[i, j] > 0.3 else INK
                axes.text(j, i, str(number), ha="center", va="center", color=colour, fontsize=7)
    if title:
        axes.set_title(title, fontsize=10.5, color=INK)
    return figure


def evaluation_data(evaluation: Evaluation, classes: Sequence[str]) -> dict[str, Any]:
    """An evaluation as JSON holds it: null is the accuracy of a class without samples."""
    shares = [None if np.isnan(share) else float(share) for share in evaluation.per_class]
    return {
        "loss": evaluation.loss,
        "accuracy": evaluation.accuracy,
        "classes": list(classes),
        "per_class_accuracy": shares,
        "confusion": evaluation.confusion.tolist(),
        "firing_rates": evaluation.rates,
    }


def save(figure: Figure, path: PathLike, data: Any) -> None:
    """``path``, a PNG, and beside it the numbers with the suffix ``.json``; each atomically."""
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    write_atomically(path, lambda file: file.write(picture.getvalue()))
    write_text(Path(path).with_suffix(".json"), json.dumps(data, indent=1, allow_nan=False) + "\n")
