"""Figures of a training: what they show is what they were given."""

import json

import numpy as np
import pytest

from numsnn.errors import NumsnnError
from numsnn.evaluation import Evaluation
from numsnn.plots import confusion_matrix, evaluation_data, learning_curve, save

HISTORY = [
    {"epoch": 1, "loss": 2.0, "train_accuracy": 0.5, "test_loss": 2.5, "test_accuracy": 0.25},
    {"epoch": 2, "loss": 1.0, "train_accuracy": 0.75, "test_loss": 1.5, "test_accuracy": 0.5},
]


def test_learning_curve_shows_the_history():
    loss, accuracy = learning_curve(HISTORY, part="held-out").axes
    shown = {line.get_label(): list(line.get_ydata()) for line in accuracy.lines}
    assert shown == {"training": [50, 75], "held-out": [25, 50]}
    assert [list(line.get_ydata()) for line in loss.lines] == [[2.0, 1.0], [2.5, 1.5]]
    with pytest.raises(NumsnnError, match="empty"):
        learning_curve([])


def test_without_a_test_part_only_training_is_drawn():
    rows = [{k: v for k, v in row.items() if not k.startswith("test")} for row in HISTORY]
    assert [len(axes.lines) for axes in learning_curve(rows).axes] == [1, 1]


def test_confusion_matrix_writes_every_count():
    counts = np.array([[5, 0, 2], [0, 7, 0], [1, 0, 0]])
    (axes,) = confusion_matrix(counts, ("a", "b", "c"), "title").axes
    found = {
        (round(t.get_position()[1]), round(t.get_position()[0])): int(t.get_text())
        for t in axes.texts
    }
    assert found == {(0, 0): 5, (0, 2): 2, (1, 1): 7, (2, 0): 1}
    with pytest.raises(NumsnnError, match=r"expected \(2, 2\)"):
        confusion_matrix(counts, ("a", "b"))
    assert confusion_matrix(np.eye(100, dtype=int), [f"class {i}" for i in range(100)]).axes


def test_picture_and_numbers_lie_beside_each_other(tmp_path):
    evaluation = Evaluation(0.5, 0.75, np.array([[3, 1], [0, 0]]), {"lif1": 0.125})
    data = evaluation_data(evaluation, ("here", "absent"))
    save(confusion_matrix(evaluation.confusion, ("here", "absent")), tmp_path / "c.png", data)
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert json.loads((tmp_path / "c.json").read_text()) == {
        "loss": 0.5,
        "accuracy": 0.75,
        "classes": ["here", "absent"],
        "per_class_accuracy": [0.75, None],
        "confusion": [[3, 1], [0, 0]],
        "firing_rates": {"lif1": 0.125},
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.json", "c.png"]
