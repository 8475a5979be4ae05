"""The options of `numsnn train`, and what each data set is trained with unless told otherwise."""

import argparse
import math
from pathlib import Path
from typing import Any, NamedTuple

from numsnn.errors import NumsnnError
from numsnn.networks import NETWORKS
from numsnn.options import integer
from numsnn.papers import METHODS, method_named
from numsnn.papers.rates import RATES

DESCRIPTION = """\
Train a spiking neural network, every gradient of it written by hand, and report how well it does
on images it has never seen.

Without options: a small convolutional network with threshold-dependent batch normalisation (tdBN)
learns the 8x8 digits that come with the package, in about a minute. An image is shown for T steps;
neurons charge, fire and reset; the class is the output with the largest mean over the steps. The
gradient runs back through all steps, with a surrogate slope where a spike has none.

The weights are those of the last epoch, and no test image decides anything. To compare settings,
hold a part of the training images out and look at that instead of the test part:

    numsnn train --hold-out 237 --rate 0.05
"""

EPILOG = """\
examples:
  numsnn train                                    the digits, epoch by epoch
  numsnn train --out runs/digits                  keep checkpoint, metrics, figures, result
  numsnn train --out runs/digits --resume         go on where it was stopped, to the same bits
  numsnn train --data digits-sequential           harder: the test digits are by other writers
  numsnn train --data mnist --data-dir ~/data     all of MNIST, from the official IDX files
  numsnn train --data cifar-10 --data-dir ~/data  colour images; every set has settings of its own
  numsnn train --seed 1 --json result.json        the numbers for another program
  numsnn train --processes 2                      two processes share every batch
"""


class Preset(NamedTuple):
    """What a data set is trained with unless told otherwise."""

    method: str = "tdbn"
    network: str = "small"
    width: float = 1.0
    T: int = 4  # of still images; frames of events have their own
    epochs: int = 20
    batch_size: int = 64
    optimizer: str = "sgd"
    rate: float = 0.1
    augment: str = "none"
    frames: str = "none"
    standardise: bool = False
    smoothing: float = 0.0


ADAM_RATE = 0.002
"""The rate with which Adam starts unless told otherwise."""

COLOUR: dict[str, Any] = {
    "T": 2, "batch_size": 50, "optimizer": "adam", "rate": ADAM_RATE, "augment": "flip,crop:4",
    "standardise": True, "smoothing": 0.1,
}  # fmt: skip
PRESETS = {
    "digits": Preset(epochs=30, augment="crop:1"),
    "digits-sequential": Preset(epochs=30, augment="crop:1"),
    "digits-saccades": Preset(
        width=2.0, epochs=15, batch_size=32, augment="crop:1", frames="saccade-halves",
        standardise=True,
    ),
    "mnist": Preset(
        network="narrow", width=0.5, T=2, epochs=6, batch_size=100, optimizer="adam",
        rate=ADAM_RATE, augment="crop:2", standardise=True,
    ),
    "fashion-mnist": Preset(
        network="shallow", T=2, epochs=15, batch_size=50, optimizer="adam", rate=ADAM_RATE,
        augment="flip,crop:1", standardise=True, smoothing=0.1,
    ),
    "cifar-10": Preset(network="narrow", epochs=24, **COLOUR),
    "cifar-100": Preset(network="narrow", epochs=24, **COLOUR),
    "n-mnist": Preset(
        width=2.0, epochs=15, batch_size=32, augment="crop:2", frames="n-mnist-halves",
        standardise=True,
    ),
    "dvs-gesture": Preset(frames="tdbn-dvs-gesture", batch_size=16),
    "dvs-cifar10": Preset(frames="tdbn-dvs-cifar10", batch_size=16),
}  # fmt: skip
"""Chosen on held-out training images, never on test images."""

SETTINGS = (
    "data", "frames", "standardise", "hold_out", "method", "network", "width", "T", "epochs",
    "batch_size", "optimizer", "rate", "smoothing", "augment", "seed", "processes",
)  # fmt: skip
"""The options that decide what a run computes; a run that is resumed keeps its own."""


def completed(given: dict[str, Any]) -> dict[str, Any]:
    """All settings: those given, else the data set's, where it is silent the common ones.

    Optimizer, rate and smoothing belong to the data set's method: another method, or the other
    optimizer, starts with its own rate, another method without smoothing. T 0: as the data has it.
    """
    preset = PRESETS.get(given.get("data", "digits"), Preset())
    common = {"data": "digits", "hold_out": 0, "seed": 0, "processes": 1, **preset._asdict()}
    if preset.frames != "none":
        common["T"] = 0
    method = method_named(given.get("method", preset.method))
    if method != preset.method:
        common |= {"optimizer": "sgd", "smoothing": 0.0}
    optimizer = given.get("optimizer", common["optimizer"])
    if (method, optimizer) != (preset.method, preset.optimizer):
        sgd = RATES.get(method, Preset().rate)
        common["rate"] = sgd if optimizer == "sgd" else ADAM_RATE
    found = {**common, **given}
    return {name: found[name] for name in SETTINGS}


def add_options(parser: argparse.ArgumentParser) -> None:
    """All options; those among the settings are None where they are not given."""
    what = parser.add_argument_group("what is learned")
    what.add_argument(
        "--data", metavar="NAME",
        help="a data set (`numsnn data list` shows them), or the path of a folder of IDX files or "
        "of images; default: digits",
    )  # fmt: skip
    what.add_argument(
        "--data-dir",
        metavar="DIR",
        help="the folder of the data sets; else the variable NUMSNN_DATA",
    )
    what.add_argument(
        "--frames", metavar="RECIPE", help="how recordings of events become T frames, by name"
    )
    what.add_argument(
        "--standardise", action=argparse.BooleanOptionalAction,
        help="each channel to mean 0 and deviation 1 over the training part",
    )  # fmt: skip
    what.add_argument(
        "--hold-out", type=integer(0), metavar="N",
        help="train without N of the training images and test on those: for choosing settings",
    )  # fmt: skip
    how = parser.add_argument_group(
        "how", "What is not given depends on the data; the run's first lines show all of it."
    )
    how.add_argument(
        "--method", type=_method, metavar="NAME",
        help="neuron, norm, loss and what changes while training, as a paper has them: "
        f"{', '.join(METHODS)}",
    )  # fmt: skip
    how.add_argument(
        "--network", choices=list(NETWORKS), metavar="NAME",
        help=f"architecture: {', '.join(NETWORKS)}",
    )  # fmt: skip
    how.add_argument("--width", type=_positive, metavar="F", help="factor on all its channels")
    how.add_argument(
        "--T", type=integer(1), metavar="N", help="steps for which a still image is shown"
    )
    how.add_argument(
        "--epochs", type=integer(1), metavar="N", help="passes over the training images"
    )
    how.add_argument(
        "--batch-size", type=integer(1), metavar="N", help="images for one step of the optimizer"
    )
    how.add_argument(
        "--optimizer", choices=("sgd", "adam"), metavar="NAME",
        help="sgd, with the method's momentum and weight decay, or adam",
    )  # fmt: skip
    how.add_argument(
        "--rate",
        type=_positive,
        metavar="R",
        help="learning rate at the start; it falls as a cosine",
    )
    how.add_argument(
        "--smoothing", type=_share, metavar="S",
        help="share of a label that is spread over all classes, in [0, 1); for methods whose loss is "
        "the cross-entropy of the mean output",
    )  # fmt: skip
    how.add_argument(
        "--augment", metavar="CHANGES",
        help='random changes to training images: "crop:2", "flip,crop:4,cutout:16", "none"',
    )  # fmt: skip
    how.add_argument(
        "--seed", type=integer(0), metavar="N",
        help="of first weights, order and changes; the same seed, machine and number of threads "
        "give the same bits; default: 0",
    )  # fmt: skip
    how.add_argument("--threads", type=integer(1), metavar="N", help="default: one a core")
    how.add_argument(
        "--processes", type=integer(1), metavar="N",
        help="share every batch among N processes of one thread each: faster where there are as many "
        "cores, and other last bits; default: 1",
    )  # fmt: skip
    kept = parser.add_argument_group("what is kept")
    kept.add_argument(
        "--out", type=Path, metavar="FOLDER",
        help="checkpoint, metrics, figures and result go here; a folder with a run is refused",
    )  # fmt: skip
    kept.add_argument(
        "--resume", action="store_true",
        help="continue the run in --out after its last whole epoch; other options may be left out",
    )  # fmt: skip
    kept.add_argument(
        "--json", type=Path, metavar="FILE",
        help="test_accuracy and train_accuracy in [0, 1], seconds, samples_per_second, settings",
    )  # fmt: skip
    kept.add_argument(
        "--progress", action=argparse.BooleanOptionalAction,
        help="a bar with rate and remaining time; default: on a terminal",
    )  # fmt: skip


def _method(text: str) -> str:
    try:
        return method_named(text)
    except NumsnnError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a positive number, found {text!r}")
    return number


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"expected a number in [0, 1), found {text!r}")
    return number
