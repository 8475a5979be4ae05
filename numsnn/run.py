"""A run in a folder: its checkpoint, metrics, figures, result.

    checkpoint.npz       the settings, and the state after the last whole epoch
    metrics.jsonl        one line an epoch
    learning-curve.png   with learning-curve.json
    confusion.png        with confusion.json: accuracy of each class, what is taken for what
    result.json          the numbers in the end

Every file is replaced whole, the checkpoint first; the others follow from it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numsnn.atomic import write_text
from numsnn.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from numsnn.errors import NumsnnError
from numsnn.evaluation import Evaluation
from numsnn.recipes import Recipe
from numsnn.training import TrainingState

CHECKPOINT, METRICS, RESULT = "checkpoint.npz", "metrics.jsonl", "result.json"
CURVE, CONFUSION = "learning-curve.png", "confusion.png"


@dataclass(frozen=True)
class Run:
    """The folder of one run."""

    folder: Path

    def checkpoint(self) -> Checkpoint | None:
        """Where it stopped; None where nothing was kept yet. Raises CheckpointError if damaged."""
        path = self.folder / CHECKPOINT
        return load_checkpoint(path) if path.exists() else None

    def refuse_existing(self) -> None:
        """Raise NumsnnError where the folder already holds a run, or is no folder."""
        if self.folder.exists() and not self.folder.is_dir():
            raise NumsnnError(f"{self.folder} is a file: --out must be a folder")
        for name in (CHECKPOINT, METRICS, RESULT, CURVE, CONFUSION):
            if (self.folder / name).exists():
                raise NumsnnError(
                    f"{self.folder} already holds a run ({name}): --resume continues it, "
                    "another --out begins a new one"
                )

    def record(self, state: TrainingState, recipe: Recipe, about: dict[str, Any]) -> None:
        """Checkpoint and metrics after an epoch, or before the first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        save_checkpoint(self.folder / CHECKPOINT, state, recipe, about)
        lines = (json.dumps(row, allow_nan=False) + "\n" for row in state.history)
        write_text(self.folder / METRICS, "".join(lines))

    def finish(
        self,
        state: TrainingState,
        evaluation: Evaluation,
        classes: Sequence[str],
        title: str,
        part: str,
        result: dict[str, Any],
    ) -> None:
        """The figures with their numbers, and the result."""
        from numsnn import plots  # here, since Matplotlib is slow to import

        curve = plots.learning_curve(state.history, title, part)
        plots.save(curve, self.folder / CURVE, list(state.history))
        matrix = plots.confusion_matrix(evaluation.confusion, classes, title)
        data = plots.evaluation_data(evaluation, classes)
        plots.save(matrix, self.folder / CONFUSION, data)
        write_text(self.folder / RESULT, json_text(result))


def json_text(value: Any) -> str:
    """JSON for people and programs; a number that is not finite is an error."""
    return json.dumps(value, indent=1, allow_nan=False) + "\n"
