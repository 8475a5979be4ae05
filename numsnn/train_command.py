"""`numsnn train`: a spiking network learns a data set."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from numsnn import parallel
from numsnn.atomic import write_text
from numsnn.checkpoint import Checkpoint, restored, same_run
from numsnn.data import Dataset
from numsnn.data.augment import augmentation
from numsnn.evaluation import Evaluation, evaluate
from numsnn.memory import keep_freed_memory
from numsnn.networks import NETWORKS
from numsnn.options import writable
from numsnn.papers import METHODS
from numsnn.recipes import Recipe, with_adam, with_smoothed_labels
from numsnn.run import Run, json_text
from numsnn.train_options import DESCRIPTION, EPILOG, SETTINGS, add_options, completed
from numsnn.training import Progress, TrainingState, in_force, start, train
from numsnn.training_data import fingerprint, held_out, open_data, standardised
from numsnn.tree import Tree, leaves
from numsnn.validate import require


def add_train_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `train` to `parser.add_subparsers()`."""
    parser = subparsers.add_parser(
        "train",
        help="train a spiking network on a data set",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.set_defaults(run=run)
    return parser


class Task(NamedTuple):
    """What the options ask for, opened and checked."""

    settings: dict[str, Any]
    dataset: Dataset
    recipe: Recipe
    run: Run | None

    @property
    def about(self) -> dict[str, Any]:
        """What must be equal when a run is resumed."""
        return {"settings": self.settings, "data": fingerprint(self.dataset)}

    @property
    def part(self) -> str:
        """What the accuracies are of."""
        return "held-out" if self.settings["hold_out"] else "test"

    def record(self, state: TrainingState) -> None:
        """Keep the state, where there is a folder for it."""
        if self.run:
            self.run.record(state, self.recipe, self.about)


def run(args: argparse.Namespace) -> int:
    """Train as the options say; 0 in the end. Raises NumsnnError on bad input."""
    keep_freed_memory()  # a training asks for the same arrays at every batch
    parallel.set_threads(args.threads or parallel.threads())
    try:
        return _run(args)
    finally:
        parallel.set_threads(0)


def _run(args: argparse.Namespace) -> int:
    writable("--json", args.json)
    require(args.out or not args.resume, "--resume needs --out, the folder of the run")
    given = {name: getattr(args, name) for name in SETTINGS if getattr(args, name) is not None}
    folder = Run(args.out) if args.out else None
    checkpoint = folder.checkpoint() if folder and args.resume else None
    if checkpoint is not None:  # its own settings, and no others
        checkpoint = _complete(checkpoint)
        given = {**checkpoint.about.get("settings", {}), **given}
        same_run(checkpoint, {**checkpoint.about, "settings": given})
    elif folder:
        folder.refuse_existing()
    task = opened(completed(given), args.data_dir, folder)
    if checkpoint is None:
        state = start(task.recipe, task.settings["seed"])
    else:
        state = restored(checkpoint, task.recipe, task.about)
    task.record(state)
    print(headline(task, state), flush=True)
    if args.resume:
        print(f"resumed after epoch {state.epoch}" if state.epoch else "from the start", flush=True)
    state = _train(task, state, sys.stderr.isatty() if args.progress is None else args.progress)
    _report(task, state, args.json)
    return 0


def opened(settings: dict[str, Any], data_dir: Any, folder: Run | None) -> Task:
    """The data read, T made certain, the recipe built."""
    dataset = open_data(settings["data"], data_dir, settings["frames"])
    dataset = held_out(dataset, settings["hold_out"])
    if settings["standardise"]:
        dataset = standardised(dataset)
    settings = {**settings, "T": _steps(dataset, settings["T"])}
    return Task(settings, dataset, build(settings, dataset), folder)


def build(settings: dict[str, Any], dataset: Dataset) -> Recipe:
    """The recipe that the settings name, for images or frames of this data set."""
    shape = dataset.train_x.shape[1:]
    recipe = METHODS[settings["method"]](
        tuple(shape[-3:]),
        len(dataset.classes),
        settings["T"],
        network=partial(NETWORKS[settings["network"]], width=settings["width"]),
        events=len(shape) == 4,
        rate=settings["rate"],
    )
    if settings["optimizer"] == "adam":
        recipe = with_adam(recipe)
    return with_smoothed_labels(recipe, settings["smoothing"])


def _train(task: Task, state: TrainingState, shown: bool) -> TrainingState:
    """All remaining epochs, each printed and kept."""
    epochs, count = task.settings["epochs"], len(task.dataset.train_y)
    bar = tqdm(
        total=epochs * count, initial=state.epoch * count, unit=" images", disable=not shown,
        file=sys.stderr, dynamic_ncols=True,
    )  # fmt: skip

    def watch(progress: Progress) -> None:
        bar.set_description(f"epoch {progress.epoch}/{epochs}, loss {progress.loss:.4f}", False)
        bar.update(progress.samples)

    states = train(
        task.recipe, task.dataset, epochs=epochs, batch_size=task.settings["batch_size"],
        augment=augmentation(task.settings["augment"]), state=state, watch=watch,
        processes=task.settings["processes"],
    )  # fmt: skip
    try:
        for after in states:
            state = after
            task.record(state)
            bar.clear()
            print(epoch_line(state.metrics, epochs, task.part), flush=True)
    except KeyboardInterrupt:
        if task.run:
            bar.close()
            print(f"epoch {state.epoch} is kept: --resume goes on from there", file=sys.stderr)
        raise
    finally:
        bar.close()
    return state


def _report(task: Task, state: TrainingState, json: Path | None) -> None:
    """The last epoch's weights on both parts: printed, and written where asked."""
    settings, dataset, recipe = task.settings, task.dataset, task.recipe
    network, params = in_force(recipe, state.params, settings["epochs"] - 1, settings["epochs"])

    def on(x: Any, y: np.ndarray) -> Evaluation:
        loss, size = recipe.objective.loss, settings["batch_size"]
        return evaluate(network, params, state.statistics, x, y, loss=loss, batch_size=size)

    test, trained = on(dataset.test_x, dataset.test_y), on(dataset.train_x, dataset.train_y)
    result = {
        "test_accuracy": test.accuracy,
        "train_accuracy": trained.accuracy,
        "seconds": state.metrics["seconds"],
        "samples_per_second": float(np.mean([m["samples_per_second"] for m in state.history])),
        **settings,
        "parameters": size(params),
        "training_samples": len(dataset.train_y),
        "test_samples": len(dataset.test_y),
        "firing_rates": test.rates,
    }
    print(summary(test, trained, dataset.classes, task.part), flush=True)
    if task.run:
        name = Path(settings["data"]).name
        title = f"{name}, {settings['method']}: {task.part} {100 * test.accuracy:.2f} %"
        task.run.finish(state, test, dataset.classes, title, task.part, result)
        print(f"kept in {task.run.folder}: checkpoint, metrics, figures, result")
    if json:
        write_text(json, json_text(result))


def headline(task: Task, state: TrainingState) -> str:
    """What is about to happen, settings included."""
    data = task.dataset
    chosen = (f"{k.replace('_', ' ')} {v}" for k, v in task.settings.items() if k != "data")
    return (
        f"{task.settings['data']}: {len(data.train_y):,} training and {len(data.test_y):,} {task.part} "
        f"samples; {size(state.params):,} parameters\n{', '.join(chosen)}"
    )


def size(params: Tree) -> int:
    """How many numbers there are in a tree."""
    return sum(leaf.size for leaf in leaves(params))


def epoch_line(metrics: dict[str, float], epochs: int, part: str) -> str:
    """One epoch on one line."""
    test = f"  {part} {100 * metrics['test_accuracy']:6.2f} %" if "test_accuracy" in metrics else ""
    return (
        f"epoch {metrics['epoch']:{len(str(epochs))}d}/{epochs}  loss {metrics['loss']:.4f}"
        f"  training {100 * metrics['train_accuracy']:6.2f} %{test}"
        f"  {metrics['samples_per_second']:,.0f} images/s  {metrics['seconds']:.0f} s"
    )


def summary(test: Evaluation, trained: Evaluation, classes: tuple[str, ...], part: str) -> str:
    """Accuracies, each class, what was mistaken most, and how much the neurons fire."""
    count = int(test.confusion.sum())
    right = int(np.trace(test.confusion))
    lines = [
        f"{part} accuracy {100 * test.accuracy:.2f} % ({right:,} of {count:,}), "
        f"training {100 * trained.accuracy:.2f} %"
    ]
    if len(classes) <= 20:
        shares = (f"{name} {100 * s:.1f}" for name, s in zip(classes, test.per_class, strict=True))
        lines.append(f"  of each class, %: {', '.join(shares)}")
    wrong = test.confusion - np.diag(np.diag(test.confusion))
    worst = [np.unravel_index(k, wrong.shape) for k in np.argsort(-wrong, axis=None, kind="stable")]
    mistaken = [
        f"{classes[i]} for {classes[j]} ({wrong[i, j]})" for i, j in worst[:3] if wrong[i, j]
    ]
    if mistaken:
        lines.append(f"  mistaken most, true class for given: {', '.join(mistaken)}")
    rates = ", ".join(f"{name} {rate:.3f}" for name, rate in test.rates.items())
    lines.append(f"  spikes a neuron and step: {rates}")
    return "\n".join(lines)


def _complete(checkpoint: Checkpoint) -> Checkpoint:
    """A run that was kept before processes were a setting had one."""
    settings = {"processes": 1, **checkpoint.about.get("settings", {})}
    return checkpoint._replace(about={**checkpoint.about, "settings": settings})


def _steps(dataset: Dataset, wanted: int) -> int:
    """T as asked for, or as the frames have it; the two must agree."""
    shape = dataset.train_x.shape
    if len(shape) == 4:
        return wanted
    require(wanted in (0, shape[1]), f"--T {wanted}: the frames of {dataset.name} have {shape[1]}")
    return shape[1]
