"""Layers without a threshold: products, convolutions, pooling, norms, readouts, combinators."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from numsnn.checks import LayerCase
from numsnn.compose import Identity, Repeat, Residual, Serial
from numsnn.conv import Apart, Conv2d, Ways
from numsnn.conv_bands import Bands
from numsnn.conv_im2col import Im2col
from numsnn.conv_places import Places
from numsnn.conv_pool import ConvPool
from numsnn.conv_winograd import Winograd
from numsnn.dropout import Dropout
from numsnn.im2col import Pair
from numsnn.linear import Linear
from numsnn.mean_first import MeanFirst
from numsnn.modes import ReLU
from numsnn.norms import BatchNorm, FixedNorm, Statistics
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import Accumulate, MeanOverTime
from numsnn.registry import naive
from numsnn.registry.draws import Rng, channels_last, coin, layer_case, pick, sizes, started
from numsnn.registry.entry import SMOOTH, Entry


def linear(rng: Rng) -> LayerCase:
    T, N, inputs, outputs = sizes(rng, (1, 3), (1, 3), (1, 4), (1, 4))
    shape = (T, N, 2, inputs) if coin(rng, 0.2) else (T, N, inputs)
    return layer_case(rng, Linear(inputs, outputs, bias=coin(rng)), shape, naive.linear)


@dataclass(frozen=True)
class _By(Conv2d):
    """In ways that are given, however small it is."""

    given: Any = field(default=None, compare=False)

    def _ways(self, size: tuple[int, ...]) -> Ways:
        return self.given


def conv(rng: Rng) -> LayerCase:
    """Any stride, padding and groups, in the ways that are chosen."""
    return _any_conv(rng, lambda *geometry: None)


def conv_im2col(rng: Rng) -> LayerCase:
    """The same by im2col."""
    return _any_conv(rng, lambda *geometry: Ways(Im2col(*geometry), Im2col(*geometry)))


def _any_conv(rng: Rng, ways: Callable[..., Ways | None]) -> LayerCase:
    T, N, groups, per_in, per_out = sizes(rng, (1, 2), (1, 3), (1, 2), (1, 2), (1, 2))
    kernel, stride = sizes(rng, (1, 3), (1, 3)), sizes(rng, (1, 2), (1, 2))
    padding = sizes(rng, (0, 2), (0, 2))
    H, W = sizes(rng, (kernel[0], 5), (kernel[1], 5))
    given = ways(kernel, stride, padding, groups)
    geometry = groups * per_in, groups * per_out, kernel, stride, padding, groups, coin(rng)
    layer = Conv2d(*geometry) if given is None else _By(*geometry, given)
    return layer_case(rng, layer, (T, N, groups * per_in, H, W), naive.conv)


def conv_bands(rng: Rng) -> LayerCase:
    """Stride 1 and less padding than kernel, by bands; the weight's gradient by im2col or bands."""
    kernel = sizes(rng, (1, 4), (1, 4))
    padding = sizes(rng, *((0, size - 1) for size in kernel))
    bands, im2col = Bands(kernel, padding), Im2col(kernel, (1, 1), padding, 1)
    ways = Ways(bands, Apart(bands, im2col) if coin(rng) else bands)
    return _small_conv(rng, kernel, (1, 1), padding, ways)


def conv_places(rng: Rng) -> LayerCase:
    """Any stride and less padding than kernel, output by output."""
    kernel, stride = sizes(rng, (1, 4), (1, 4)), sizes(rng, (1, 3), (1, 3))
    padding = sizes(rng, *((0, size - 1) for size in kernel))
    places = Places(kernel, stride, padding)
    return _small_conv(rng, kernel, stride, padding, Ways(places, places))


def _small_conv(rng: Rng, kernel: Pair, stride: Pair, padding: Pair, ways: Ways) -> LayerCase:
    """Images may be smaller than the kernel."""
    T, N, inputs, outputs = sizes(rng, (1, 2), (1, 3), (1, 2), (1, 2))
    least = (max(1, k - 2 * p) for k, p in zip(kernel, padding, strict=True))
    H, W = sizes(rng, *((size, 4) for size in least))
    layer = _By(inputs, outputs, kernel, stride, padding, 1, coin(rng), ways)
    return layer_case(rng, layer, (T, N, inputs, H, W), naive.conv)


def conv_winograd(rng: Rng) -> LayerCase:
    """A kernel of 3x3 and stride 1; images from less than a tile to five by four of them, in strips."""
    T, N, inputs, outputs = sizes(rng, (1, 2), (1, 3), (1, 2), (1, 2))
    padding = sizes(rng, (0, 2), (0, 2))
    H, W = sizes(rng, *((max(1, 3 - 2 * p), z) for p, z in zip(padding, (18, 14), strict=True)))
    ways = Ways(Winograd(padding), Winograd(padding))
    layer = _By(inputs, outputs, 3, 1, padding, 1, coin(rng), ways)
    return layer_case(rng, layer, (T, N, inputs, H, W), naive.conv)


def conv_pool(rng: Rng) -> LayerCase:
    """A convolution of stride 1 and pooling by at least 2, which are done at once."""
    T, N, groups, per_in, per_out = sizes(rng, (1, 2), (1, 3), (1, 2), (1, 2), (1, 2))
    kernel, padding = sizes(rng, (1, 3), (1, 3)), sizes(rng, (0, 2), (0, 2))
    size = int(rng.integers(1, 4))
    stride = int(rng.integers(2, 4)) if size == 1 or coin(rng) else None
    H, W = sizes(rng, *((size + k - 1, 6) for k in kernel))
    conv = Conv2d(groups * per_in, groups * per_out, kernel, 1, padding, groups, coin(rng))
    layer = Serial(conv, AvgPool2d(size, stride))
    return layer_case(rng, layer, (T, N, groups * per_in, H, W), naive.one_after_the_other)


def pool(rng: Rng) -> LayerCase:
    T, N, C, H, W = sizes(rng, (1, 2), (1, 2), (1, 2), (3, 5), (3, 5))
    size = pick(rng, (None, 1, 2, 3))
    stride = None if coin(rng) else int(rng.integers(1, 4))
    return layer_case(rng, AvgPool2d(size, stride), (T, N, C, H, W), naive.pool)


def flatten(rng: Rng) -> LayerCase:
    return layer_case(
        rng, Flatten(), sizes(rng, (1, 3), (1, 3), (1, 3), (1, 3), (1, 3)), naive.flatten
    )


def batch_norm(rng: Rng) -> LayerCase:
    """At least 3 numbers a statistic: over 2, the normalised ones are +-1 whatever they were."""
    T, N, C = sizes(rng, (1, 3), (3, 4), (1, 3))
    scale = pick(rng, (1.0, 0.5, 0.7))
    form = pick(rng, ("features", "image", "element", "axes", "sample", "sample"))
    if form == "features":
        C = pick(rng, (C, 7))
        return layer_case(rng, BatchNorm((C,), scale=scale), (T, N, C), naive.batch_norm)
    H, W = sizes(rng, (1, 3), (1, 3))
    shape, axes = {
        "image": ((C, 1, 1), None),
        "element": ((C, H, W), None),
        "axes": ((C, 1, 1), (1, 3, 4)),
        "sample": ((C, H, W), (0, 1, 3, 4)),  # the gain varies where the statistics do not
    }[form]
    case = layer_case(rng, BatchNorm(shape, axes, scale), (T, N, C, H, W), naive.batch_norm)
    return replace(case, x=channels_last(case.x)) if coin(rng) else case


def fixed_norm(rng: Rng) -> LayerCase:
    T, N, C = sizes(rng, (1, 3), (1, 3), (1, 3))
    statistics = Statistics(rng.standard_normal(C), rng.uniform(0.1, 2, C))
    return layer_case(rng, FixedNorm((C,), statistics, scale=0.7), (T, N, C), naive.fixed_norm)


def dropout(rng: Rng) -> LayerCase:
    layer = Dropout(rng.uniform(0, 0.7), seed=int(rng.integers(2**31)))
    return layer_case(rng, layer, (*sizes(rng, (1, 3), (2, 3)), 6))


def relu(rng: Rng) -> LayerCase:
    """Inputs at least 0.1 away from the corner at 0."""
    shape = sizes(rng, (1, 3), (1, 3), (1, 4))
    x = rng.uniform(0.1, 2, shape) * rng.choice([-1.0, 1.0], shape)
    x.flat[0] = 1.0  # one that is open
    return LayerCase(
        ReLU(), None, x, switches=lambda params, x, saved: {"x": x}, reference=naive.relu
    )


def accumulate(rng: Rng) -> LayerCase:
    layer = Accumulate(name="readout")
    case = layer_case(rng, layer, sizes(rng, (1, 5), (1, 3), (1, 3)), naive.accumulate)
    if coin(rng):
        return case
    return replace(case, params=started(rng, layer, case.params, case.x))


def mean_over_time(rng: Rng) -> LayerCase:
    return layer_case(rng, MeanOverTime(), sizes(rng, (1, 5), (1, 3), (1, 3)), naive.mean_over_time)


def mean_first(rng: Rng) -> LayerCase:
    """Behind linear layers, ahead of which it is taken."""
    T, N, C, outputs = sizes(rng, (1, 5), (1, 3), (1, 2), (1, 3))
    size = sizes(rng, (2, 3), (2, 3))
    head: tuple = (Flatten(), Linear(C * math.prod(size), outputs, bias=coin(rng)), MeanOverTime())
    if coin(rng):
        head = (Conv2d(C, C, 2, padding=1), AvgPool2d(None), *head[:1], Linear(C, outputs), head[2])
    return layer_case(rng, Serial(*head), (T, N, C, *size), naive.one_after_the_other)


def repeat(rng: Rng) -> LayerCase:
    steps, N, C = sizes(rng, (1, 5), (1, 3), (1, 3))
    return layer_case(rng, Repeat(steps), (1, N, C), naive.repeat)


def identity(rng: Rng) -> LayerCase:
    return layer_case(rng, Identity(), sizes(rng, (1, 3), (1, 3), (1, 3)), naive.identity)


def serial(rng: Rng) -> LayerCase:
    T, N, a, b, c = sizes(rng, (1, 3), (3, 4), (1, 3), (1, 3), (1, 3))
    return layer_case(rng, Serial(Linear(a, b), BatchNorm((b,), eps=0.1), Linear(b, c)), (T, N, a))


def residual(rng: Rng) -> LayerCase:
    T, N, a, b = sizes(rng, (1, 3), (1, 3), (1, 3), (1, 3))
    layer = Residual(Serial(Linear(a, b), Linear(b, a)), Linear(a, a) if coin(rng) else Identity())
    return layer_case(rng, layer, (T, N, a))


VALUED = (*SMOOTH, "formula")
ENTRIES = (
    Entry("Linear", (Linear,), linear, VALUED),
    Entry("Conv2d", (Conv2d,), conv, VALUED, cases=20),
    Entry("Conv2d/im2col", (Im2col,), conv_im2col, VALUED, cases=20),
    Entry("Conv2d/places", (Places,), conv_places, VALUED, cases=20),
    Entry("Conv2d/bands", (Bands,), conv_bands, VALUED, cases=20),
    Entry("Conv2d/winograd", (Winograd,), conv_winograd, VALUED, cases=20),
    Entry("Conv2d/pooled", (ConvPool,), conv_pool, VALUED, cases=20),
    Entry("AvgPool2d", (AvgPool2d,), pool, VALUED),
    Entry("Flatten", (Flatten,), flatten, VALUED),
    Entry("BatchNorm", (BatchNorm,), batch_norm, VALUED, cases=20),
    Entry("FixedNorm", (FixedNorm,), fixed_norm, VALUED),
    Entry("Dropout", (Dropout,), dropout),
    Entry("ReLU", (ReLU,), relu, VALUED, "x = 0"),
    Entry("Accumulate", (Accumulate,), accumulate, VALUED),
    Entry("MeanOverTime", (MeanOverTime,), mean_over_time, VALUED),
    Entry("MeanOverTime/first", (MeanFirst,), mean_first, VALUED),
    Entry("Repeat", (Repeat,), repeat, VALUED),
    Entry("Identity", (Identity,), identity, VALUED),
    Entry("Serial", (Serial,), serial),
    Entry("Residual", (Residual,), residual),
)
