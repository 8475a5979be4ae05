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
  numsnn train --seed 1 --json result.json        the numbers for another program
"""


class Preset(NamedTuple):
    """What a data set is trained with unless told otherwise."""

    epochs: int = 20
    batch_size: int = 64
    rate: float = 0.1
    augment: str = "none"
    frames: str = "none"


PRESETS = {
    "digits": Preset(epochs=30, augment="crop:1"),
    "digits-sequential": Preset(epochs=30, augment="crop:1"),
    "mnist": Preset(epochs=6, batch_size=128, augment="crop:2"),
    "fashion-mnist": Preset(batch_size=128, augment="flip"),
    "cifar-10": Preset(epochs=40, augment="flip,crop:4"),
    "cifar-100": Preset(epochs=40, augment="flip,crop:4"),
    "n-mnist": Preset(frames="psg-n-mnist"),
    "dvs-gesture": Preset(frames="tdbn-dvs-gesture", batch_size=16),
    "dvs-cifar10": Preset(frames="tdbn-dvs-cifar10", batch_size=16),
    "digits-saccades": Preset(frames="saccades"),
}
"""Chosen on held-out training images, never on test images."""

SETTINGS = (
    "data", "frames", "hold_out", "method", "network", "width", "T", "epochs", "batch_size",
    "rate", "augment", "seed",
)  # fmt: skip
"""The options that decide what a run computes; a run that is resumed keeps its own."""


def completed(given: dict[str, Any]) -> dict[str, Any]:
    """All settings: those given, else the method's rate, else the data set's, else the common ones.

    T 0: as the data has it.
    """
    common = {"data": "digits", "hold_out": 0, "seed": 0}
    common |= {"method": "tdbn", "network": "small", "width": 1.0}
    preset = PRESETS.get(given.get("data", "digits"), Preset())
    found = {"T": 0 if preset.frames != "none" else 4, **preset._asdict(), **common, **given}
    if "rate" not in given:
        found["rate"] = RATES.get(method_named(found["method"]), preset.rate)
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
        "--hold-out", type=integer(0), metavar="N",
        help="train without N of the training images and test on those: for choosing settings",
    )  # fmt: skip
    how = parser.add_argument_group(
        "how", "What is not given depends on the data; the run's first lines show all of it."
    )
    how.add_argument(
        "--method", type=_method, metavar="NAME",
        help="neuron, norm, loss and what changes while training, as a paper has them: "
        f"{', '.join(METHODS)}; default: tdbn",
    )  # fmt: skip
    how.add_argument(
        "--network", choices=list(NETWORKS), metavar="NAME",
        help=f"architecture: {', '.join(NETWORKS)}; default: small",
    )  # fmt: skip
    how.add_argument(
        "--width", type=_positive, metavar="F", help="factor on all its channels; default: 1"
    )
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
        "--rate",
        type=_positive,
        metavar="R",
        help="learning rate at the start; it falls as a cosine",
    )
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
