"""Checkpoints: a whole training in one plain ``.npz``, written so that a kill never harms it.

Inside are arrays, named by their place in the state (``params/0/weight``,
``optimizer/velocity/0/weight``, ``statistics/norm1/mean``), and ``description``: JSON in UTF-8
with the format's version, the layers, what the run was asked to do, the epoch, the metrics so
far, and the random state. No pickle, nothing that runs.
"""

import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numsnn.atomic import PathLike, write_atomically
from numsnn.compose import Residual, Serial
from numsnn.data.npz import read_npz
from numsnn.errors import CheckpointError, DataFormatError, NumsnnError
from numsnn.layer import walk
from numsnn.norms import BatchNorm, Statistics
from numsnn.recipes import Recipe
from numsnn.training import TrainingState
from numsnn.tree import flatten, unflatten

FORMAT, VERSION = "numsnn checkpoint", 1
_FIELDS = {
    "version": int,
    "about": dict,
    "recipe": dict,
    "epoch": int,
    "history": list,
    "random": dict,
}


class Checkpoint(NamedTuple):
    """What a file holds, read but not yet fitted to a recipe."""

    path: Path
    about: dict[str, Any]  # what ``save_checkpoint`` was given
    description: dict[str, Any]
    arrays: dict[str, np.ndarray]


def save_checkpoint(
    path: PathLike, state: TrainingState, recipe: Recipe, about: dict[str, Any] | None = None
) -> None:
    """Write ``state`` to ``path``; ``about`` is what the run was asked to do, as JSON can hold it."""
    description = {
        "format": FORMAT,
        "version": VERSION,
        "about": about or {},
        "recipe": described(recipe),
        "epoch": state.epoch,
        "history": list(state.history),
        "random": state.random,
    }
    text = json.dumps(description, indent=1, allow_nan=False)
    arrays = {
        **flatten({"params": state.params, "optimizer": state.optimizer}),
        **flatten({"statistics": state.statistics}),
        "description": np.frombuffer(text.encode(), np.uint8),
    }
    write_atomically(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]


def load_checkpoint(path: PathLike) -> Checkpoint:
    """Read a checkpoint. Raises CheckpointError on a file that is missing, damaged, truncated,
    of another version, or no checkpoint."""
    path = Path(path)
    try:
        arrays = {name: np.array(array) for name, array in read_npz(path).items()}
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such checkpoint") from None
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}") from error
    except DataFormatError as error:
        raise CheckpointError(f"no checkpoint, or a damaged one: {error}") from error
    try:
        description = json.loads(arrays.pop("description").tobytes())
        right = description["format"] == FORMAT
    except (KeyError, TypeError, ValueError):
        right = False
    if not right:
        raise CheckpointError(f"{path}: expected a {FORMAT}, found another archive")
    if description.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: expected version {VERSION} of the format, found {description.get('version')}"
        )
    for name, kind in _FIELDS.items():
        found = description.get(name)
        if not isinstance(found, kind):
            raise CheckpointError(
                f"{path}: {name} must be of type {kind.__name__}, found {found!r:.60}"
            )
    return Checkpoint(path, description["about"], description, arrays)


def restored(checkpoint: Checkpoint, recipe: Recipe, about: dict[str, Any] | None = None) -> Any:
    """The TrainingState in a checkpoint, for the recipe it was saved with.

    ``about``, where given, must equal what was saved. Raises CheckpointError naming what differs.
    """
    path, description = checkpoint.path, checkpoint.description
    if about is not None:
        same_run(checkpoint, about)
    ours, theirs = described(recipe), description["recipe"]
    for key in dict.fromkeys((*ours, *theirs)):
        if ours.get(key) != theirs.get(key):
            raise CheckpointError(
                f"{path}: {key} must be {ours.get(key)}, the checkpoint has {theirs.get(key)}"
            )
    if len(description["history"]) != description["epoch"]:
        raise CheckpointError(
            f"{path}: expected the metrics of {description['epoch']} epochs, "
            f"found {len(description['history'])}"
        )
    params = recipe.start(np.random.default_rng(0), _precision(checkpoint))
    like = {"params": params, "optimizer": recipe.optimizer.init(params)}
    statistics = {k: a for k, a in checkpoint.arrays.items() if k.startswith("statistics/")}
    rest = {k: a for k, a in checkpoint.arrays.items() if k not in statistics}
    try:
        tree = unflatten(like, rest)
        np.random.default_rng().bit_generator.state = description["random"]
    except (NumsnnError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    for name, array in checkpoint.arrays.items():
        if not np.isfinite(array).all():
            raise CheckpointError(f"{path}: {name} must be finite")
    return TrainingState(
        tree["params"],
        tree["optimizer"],
        _statistics(path, recipe.network, statistics),
        description["random"],
        description["epoch"],
        tuple(description["history"]),
    )


def same_run(checkpoint: Checkpoint, about: dict[str, Any]) -> None:
    """Raise CheckpointError where a run differs from the one that was saved, naming each thing."""
    ours, theirs = _flat(about), _flat(checkpoint.about)
    wrong = [
        f"{key} {theirs.get(key)!r}, not {ours.get(key)!r}"
        for key in dict.fromkeys((*theirs, *ours))
        if theirs.get(key) != ours.get(key)
    ]
    if wrong:
        raise CheckpointError(f"{checkpoint.path} is of another run: it has {'; '.join(wrong)}")


def _flat(about: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in json.loads(json.dumps(about)).items():
        inside = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{key} ") if inside else {f"{prefix}{key}": value}
    return flat


def described(recipe: Recipe) -> dict[str, str]:
    """Every layer in forward order, optimizer and objective, in words that every process repeats."""
    lines = {f"layer {i}": layer for i, layer in enumerate(_layers(recipe.network))}
    lines |= {"optimizer": recipe.optimizer, "objective": recipe.objective}
    return {key: re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value)) for key, value in lines.items()}


def _layers(network: Any) -> list[Any]:
    if isinstance(network, Serial | Residual):
        return [line for part in network.parts().values() for line in _layers(part)]
    return [network]


def _precision(checkpoint: Checkpoint) -> np.dtype:
    params = [a for name, a in checkpoint.arrays.items() if name.startswith("params/")]
    return params[0].dtype if params else np.dtype(np.float32)


def _statistics(path: Path, network: Any, arrays: dict[str, np.ndarray]) -> dict[str, Statistics]:
    """Those of every norm, or none at all: before the first batch there are none."""
    norms = [layer for (layer,) in walk(network) if isinstance(layer, BatchNorm)]
    names = {f"statistics/{norm.name}/{part}" for norm in norms for part in Statistics._fields}
    if not arrays:
        return {}
    if wrong := sorted(names ^ set(arrays)):
        raise CheckpointError(f"{path}: {wrong[0]} is missing or has no place")
    found: dict[str, Statistics] = {}
    for norm in norms:
        parts = [arrays[f"statistics/{norm.name}/{part}"] for part in Statistics._fields]
        if any(part.size % math.prod(norm.shape) for part in parts):
            raise CheckpointError(
                f"{path}: the statistics of {norm.name} must fit {norm.shape}, "
                f"found {parts[0].shape} and {parts[1].shape}"
            )
        found[norm.name] = Statistics(*parts)
    return found
