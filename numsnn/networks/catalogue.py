"""The papers' architectures by name. Where paper and published code differ, the paper's form stands.

An architecture is a value: ``dataclasses.replace(NETWORKS["resnet19"], pool=None)`` is the same one
with another head, and so is ``build("resnet19", ..., pool=None)``.

* "narrow" and "shallow", one convolution less, are of no paper: they are made for two cores. They
  have few channels, but neurons at the image's full size ahead of the first pooling: the mean of four
  spikes has five values, one neuron behind a pooling has two.
* CIFARNet is what RecDis-SNN and IM-Loss take from earlier work, which gives its layers as a string.
  That neurons stand behind its poolings is known from code only. The string ends in a vote among
  output units, which no code has; here the last layer has one unit a class.
* VGG-16 is printed in no paper of the five. This is the form of the work they cite, with 16 weight
  layers and four poolings; "vgg16-gap" is that of MPBN's and IM-Loss's code: five poolings, the mean
  over all places, one dense layer.
* ResNet-17, 19, 34 and 50 are columns of tdBN's Table 4. It names no shortcuts but by figure 5b: a
  tdBN on every shortcut, the identity too, alpha = 1/sqrt 2 on both branches; a 1x1 convolution where
  size or channels change. Public code leaves the norm of identity shortcuts out
  (``block=Block(identity_norm=False)``). ResNet-19's head is pooling by 2, 256 units, classes: the
  only one that gives the multiplications of Table 6. Codes have a stem of 64, or the mean over all
  places, or no hidden units. In ResNet-34 and 50 the first block of the first stage already has
  stride 2, and no pooling follows the stem; MPBN's code pools there instead. The table does not say
  which convolution of a bottleneck has the stride: here the 3x3.
* ResNet-18 is used by MPBN and named by tdBN, printed by neither: it is 34's form with two blocks a
  stage.
* ResNet-20 is that of MPBN's code, for no paper prints it: three convolutions of 64, pooling, and
  shortcuts that pool before their 1x1 convolution.
"""

import difflib
import math
from dataclasses import is_dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.networks.blocks import Block
from numsnn.networks.factories import Factory, Shape, lif, norms
from numsnn.networks.plain import POOL, PlainNetwork
from numsnn.networks.residual import ResidualNetwork, Stage, Stem
from numsnn.networks.small import small_network
from numsnn.readouts import MeanOverTime
from numsnn.surrogates import Surrogate
from numsnn.validate import require


def _imagenet(name: str, blocks: tuple[int, ...], channels: int, **changes: Any) -> ResidualNetwork:
    """A 7x7 stem of stride 2, four stages of stride 2, the mean over all places, one dense layer."""
    stages = tuple(Stage(count, channels << i) for i, count in enumerate(blocks))
    return ResidualNetwork(name, (Stem(channels, 7, 2),), stages, **changes)


def _vgg(*counts: int) -> tuple[int | str, ...]:
    """Five groups of convolutions of 64, 128, 256, 512, 512 channels, with poolings between."""
    layers: list[int | str] = []
    for count, channels in zip(counts, (64, 128, 256, 512, 512), strict=True):
        layers += [POOL] * bool(layers) + [channels] * count
    return tuple(layers)


NETWORKS: dict[str, Factory] = {
    "small": small_network,
    "small-resnet": ResidualNetwork(
        "small-resnet", (Stem(16),), (Stage(1, 16, 1), Stage(1, 32), Stage(1, 64))
    ),
    "shallow": PlainNetwork("shallow", (32, POOL, 64, POOL, 128)),
    "narrow": PlainNetwork("narrow", (32, POOL, 64, POOL, 128, 128)),
    "cifarnet": PlainNetwork(
        "cifarnet", (128, 256, POOL, 512, POOL, 1024, 512), (1024, 512), pool_fires=True
    ),
    "vgg16": PlainNetwork("vgg16", _vgg(2, 2, 3, 3, 3), (4096, 4096)),
    "vgg16-gap": PlainNetwork("vgg16-gap", (*_vgg(2, 2, 3, 3, 3), POOL), everywhere=True),
    "resnet17": ResidualNetwork(
        "resnet17", (Stem(64),), (Stage(3, 64), Stage(4, 128)), pool=2, hidden=(256,)
    ),
    "resnet18": _imagenet("resnet18", (2, 2, 2, 2), 64),
    "resnet19": ResidualNetwork(
        "resnet19",
        (Stem(128),),
        (Stage(3, 128, 1), Stage(3, 256), Stage(2, 512)),
        pool=2,
        hidden=(256,),
    ),
    "resnet20": ResidualNetwork(
        "resnet20",
        (Stem(64), Stem(64), Stem(64)),
        (Stage(2, 64, 1), Stage(2, 128), Stage(2, 256), Stage(2, 512)),
        Block(projection="pool", identity_norm=False),
        stem_pool=2,
    ),
    "resnet34": _imagenet("resnet34", (3, 4, 6, 3), 64),
    "resnet34-large": _imagenet("resnet34-large", (3, 4, 6, 3), 128),
    "resnet50": _imagenet("resnet50", (3, 4, 6, 3), 64, block=Block("bottleneck")),
}
"""name -> network(input_shape, classes, T, *, width, neuron, norm, readout, events)."""


class Setting(NamedTuple):
    """What a paper trains an architecture on."""

    input_shape: Shape
    classes: int
    T: int
    events: bool = False


SETTINGS: dict[str, Setting] = {
    "small": Setting((1, 8, 8), 10, 4),
    "small-resnet": Setting((1, 28, 28), 10, 4),
    "shallow": Setting((1, 28, 28), 10, 2),
    "narrow": Setting((3, 32, 32), 10, 2),
    "cifarnet": Setting((3, 32, 32), 10, 4),  # RecDis-SNN, IM-Loss
    "vgg16": Setting((3, 32, 32), 10, 5),  # RecDis-SNN, IM-Loss
    "vgg16-gap": Setting((3, 32, 32), 10, 4),  # MPBN
    "resnet17": Setting((2, 32, 32), 11, 40, True),  # tdBN, DVS-Gesture
    "resnet18": Setting((3, 224, 224), 1000, 4),  # MPBN
    "resnet19": Setting((3, 32, 32), 10, 6),  # tdBN, CIFAR-10
    "resnet20": Setting((3, 32, 32), 10, 4),  # MPBN
    "resnet34": Setting((3, 224, 224), 1000, 6),  # tdBN, ImageNet
    "resnet34-large": Setting((3, 224, 224), 1000, 6),
    "resnet50": Setting((3, 224, 224), 1000, 6),
}


def build(
    name: str,
    input_shape: Shape | None = None,
    classes: int | None = None,
    T: int | None = None,
    *,
    width: float = 1.0,
    norm: str = "tdbn",
    surrogate: str | Surrogate = "rectangular",
    reset: str = "hard",
    decay: float = 0.25,
    threshold: float = 0.5,
    readout: Any = None,
    events: bool | None = None,
    **changes: Any,
) -> Any:
    """The architecture ``name`` of ``NETWORKS`` as a network of named layers.

    input_shape: (C, H, W) of one step; T: the steps for which a still image is shown. What is None
    is as in ``SETTINGS``. Still images go in as [1, N, C, H, W]; with ``events`` x is
    [T, N, C, H, W]. width: a factor of all hidden channels and units. norm: one of ``NORMS``.
    surrogate: its name or itself; reset: "hard" or "soft". readout: None for the mean over time.
    changes: fields of the architecture to replace.

    Raises NumsnnError for an unknown name, an input too small for the poolings, a width that leaves
    no channels, a field that the architecture does not have.
    """
    architecture = network_named(name)
    for what, value in (("width", width), ("decay", decay), ("threshold", threshold)):
        number = isinstance(value, int | float | np.number) and math.isfinite(value)
        require(number, f"{name}: {what} must be a finite number, found {value!r}")
    setting = SETTINGS[name]
    if changes:
        fields = getattr(architecture, "__dataclass_fields__", {})
        unknown = sorted(set(changes) - set(fields))
        require(
            is_dataclass(architecture) and not unknown,
            f"build: {name} has no field {unknown or sorted(changes)}; it has {sorted(fields)}",
        )
        architecture = replace(architecture, **changes)  # type: ignore[type-var]
    current, membrane = norms(norm, threshold)
    return architecture(
        setting.input_shape if input_shape is None else input_shape,
        setting.classes if classes is None else classes,
        setting.T if T is None else T,
        width=width,
        neuron=lif(surrogate, reset, decay, threshold, membrane),
        norm=current,
        readout=MeanOverTime() if readout is None else readout,
        events=setting.events if events is None else events,
    )


def network_named(name: str) -> Any:
    """The function that builds the architecture ``name``. Raises NumsnnError for an unknown one."""
    if name not in NETWORKS:
        near = difflib.get_close_matches(name, NETWORKS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise NumsnnError(f"unknown network {name!r}{hint} (there are {', '.join(NETWORKS)})")
    return NETWORKS[name]
