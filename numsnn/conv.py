"""Conv2d: its equation, and the threads over the batch; how the products go is in conv_*.py."""

import math
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import lt
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.conv_bands import Bands
from numsnn.conv_im2col import Im2col
from numsnn.conv_places import Places
from numsnn.conv_winograd import APART, Winograd
from numsnn.errors import NumsnnError
from numsnn.im2col import Pair
from numsnn.layer import Array, Cotangents, Layer
from numsnn.layout import channels_third, empty, places_first
from numsnn.reduce import sum_to
from numsnn.validate import cotangent, finite, one_precision, positive_integer, require, sequence

FEW = 4  # outputs of an image, which are dealt with one by one
WORTH = 1 << 20  # numbers laid out in a lane that is worth a thread


class Apart(NamedTuple):
    """Backward, d_x by bands and the weight's gradient by im2col."""

    of_images: Bands
    of_matrix: Im2col

    def transposed(self, weight: Array) -> Array:
        """The matrix that leads back."""
        return self.of_images.transposed(weight)

    def backward(
        self, images: Array, d_y: Array, transposed: Array, d_images: Array | None, d_matrix: Array
    ) -> None:
        """Add to d_matrix; fill d_images, if there are any."""
        self.of_matrix.backward(images, d_y, transposed, None, d_matrix)
        if d_images is not None:
            self.of_images.backward(images, d_y, transposed, d_images, None)

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_matrix."""
        return self.of_matrix.gradient(weight)

    def unmatrix(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """A gradient in the weight's shape."""
        return self.of_matrix.unmatrix(matrix, shape)


class Ways(NamedTuple):
    """How the products are laid out."""

    forward: Bands | Im2col | Places | Winograd
    backward: Apart | Bands | Im2col | Places | Winograd


@dataclass(frozen=True)
class Conv2d(Layer):
    """y[o, i, j] = b[o] + sum over c, a, b of W[o, c, a, b] x[c, i*stride + a - pad, j*stride + b - pad].

    x: [T, N, C, H, W], y: [T, N, O, H', W'] with H' = (H + 2 pad - kh) // stride + 1;
    weight: [O, C/groups, kh, kw], bias: [O] or None. Each group of C/groups input channels feeds
    its O/groups output channels. Raises NumsnnError where channels do not match or the padded
    image is smaller than the kernel. tdBN eq. 4.
    """

    inputs: int
    outputs: int
    kernel: int | Pair = 3
    stride: int | Pair = 1
    padding: int | Pair = 0
    groups: int = 1
    bias: bool = True
    unkept = ("y", "d_x")

    class Params(NamedTuple):
        weight: Array  # [O, C/groups, kh, kw]
        bias: Array | None  # [O]

    class Saved(NamedTuple):
        params: "Conv2d.Params"
        x: Array

    def __post_init__(self) -> None:
        for what in ("inputs", "outputs", "groups"):
            positive_integer("Conv2d", what, getattr(self, what))
        for what in ("kernel", "stride"):
            for size in pair(getattr(self, what)):
                positive_integer("Conv2d", what, size)
        require(
            all(isinstance(p, int | np.integer) and p >= 0 for p in pair(self.padding)),
            f"Conv2d: padding must be 0 or more, found {self.padding!r}",
        )
        require(
            self.inputs % self.groups == 0 and self.outputs % self.groups == 0,
            f"Conv2d: {self.inputs} inputs and {self.outputs} outputs must both divide into "
            f"{self.groups} groups",
        )

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        return (self.outputs, self.inputs // self.groups, *pair(self.kernel))

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        """Weights N(0, 2/(kh kw O)), the papers' authors' choice; biases zero."""
        outputs, _, tall, wide = self.weight_shape
        deviation = np.sqrt(2 / (tall * wide * outputs))
        weight = (deviation * rng.standard_normal(self.weight_shape)).astype(dtype)
        return self.Params(places_first(weight), np.zeros(outputs, dtype) if self.bias else None)

    def output_size(self, height: int, width: int) -> Pair:
        """(H', W') for an image of (H, W)."""
        (tall, wide), (down, right), (top, left) = map(
            pair, (self.kernel, self.stride, self.padding)
        )
        return (height + 2 * top - tall) // down + 1, (width + 2 * left - wide) // right + 1

    def forward(self, params: Params, x: Array) -> tuple[Array, Saved]:
        dtype = self.check(params, x)
        return self.run(params, x, dtype), self.Saved(params, x)

    def run(self, params: Params, x: Array, dtype: Any) -> Array:
        """y, of input that has been checked."""
        T, N = x.shape[:2]
        size = self.output_size(*x.shape[3:])
        images = x.reshape(T * N, *x.shape[2:])
        way = self._ways(size).forward
        matrix = way.matrix(params.weight)
        y = empty((T * N, *size, self.outputs), dtype)

        def lane(n: slice) -> None:
            way.forward(images[n], matrix, params.bias, y[n])

        parallel.run(lane, self._lanes(x, size))
        return channels_third(y.reshape(T, N, *size, self.outputs))

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        (weight, _), x = saved
        self._cotangent(x, d_y)
        d_x = empty(x.shape, np.result_type(d_y, weight), last=True)
        return d_x, self._backward(saved, d_y, d_x.reshape(-1, *x.shape[2:]))

    def backward_params(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> Params:
        self._cotangent(saved.x, d_y)
        return self._backward(saved, d_y, None)

    def _backward(self, saved: Saved, d_y: Array, d_images: Array | None) -> Params:
        """d_params; fills d_images [T N, C, H, W], if there are any."""
        (weight, bias), x = saved
        size = d_y.shape[3:]
        images, d_out = x.reshape(-1, *x.shape[2:]), self._pixels_last(d_y)
        way = self._ways(size).backward
        transposed = way.transposed(weight)

        def lane(n: slice) -> Array:
            d_matrix = np.zeros(way.gradient(weight), np.result_type(d_y, x))
            d_part = None if d_images is None else d_images[n]
            way.backward(images[n], d_out[n], transposed, d_part, d_matrix)
            return d_matrix

        d_matrix = reduce(np.add, parallel.run(lane, self._lanes(x, size)))
        d_bias = None if bias is None else sum_to(d_out, bias.shape)
        return self.Params(way.unmatrix(d_matrix, weight.shape), d_bias)

    def _cotangent(self, x: Array, d_y: Array) -> None:
        """Refuse a cotangent that is not of the shape of the outputs for x."""
        shape = (*x.shape[:2], self.outputs, *self.output_size(*x.shape[3:]))
        cotangent("Conv2d.backward", d_y, shape)

    def _ways(self, size: tuple[int, ...]) -> Ways:
        """How the products for outputs of (H', W') are laid out."""
        channels, geometry = (self.inputs, self.outputs), (self.kernel, self.stride, self.padding)
        return ways(channels, *map(pair, geometry), self.groups, (size[0], size[1]))

    def _pixels_last(self, d_y: Array) -> Array:
        """d_y [T, N, O, H', W'] as [T N, H', W', O]."""
        return d_y.reshape(-1, *d_y.shape[2:]).transpose(0, 2, 3, 1)

    def _lanes(self, x: Array, size: tuple[int, ...]) -> list[slice]:
        """The samples in lanes that are worth a thread: of ``WORTH`` numbers laid out at least."""
        numbers = math.prod((*size, *self.weight_shape[2:], self.inputs))
        return parallel.lanes(x.shape[0] * x.shape[1], max(1, WORTH // numbers))

    def check(self, params: Params, x: Array) -> np.dtype:
        """The dtype of the result; raises what forward does."""
        weight, bias = params
        sequence("Conv2d", x, rank=5, check_values=False)
        if weight.shape != self.weight_shape:
            raise NumsnnError(f"Conv2d: weight must be {self.weight_shape}, found {weight.shape}")
        if x.shape[2] != self.inputs:
            raise NumsnnError(
                f"Conv2d: x has {x.shape[2]} channels on axis 2, weight expects {self.inputs} "
                f"(x {x.shape}, weight {weight.shape})"
            )
        if (bias is not None) != self.bias or (bias is not None and bias.shape != (self.outputs,)):
            raise NumsnnError(
                f"Conv2d: bias must be {(self.outputs,) if self.bias else None}, "
                f"found {None if bias is None else bias.shape}"
            )
        if min(self.output_size(*x.shape[3:])) < 1:
            raise NumsnnError(
                f"Conv2d: the kernel {pair(self.kernel)} does not fit the image on axes 3 and 4 of "
                f"{x.shape} padded by {pair(self.padding)}"
            )
        finite("Conv2d", "x", x)
        finite("Conv2d", "weight", weight)
        if bias is not None:
            finite("Conv2d", "bias", bias)
        return one_precision("Conv2d", x, weight=weight, bias=bias)


@lru_cache(256)  # the same few at every step
def ways(
    channels: Pair, kernel: Pair, stride: Pair, padding: Pair, groups: int, size: Pair
) -> Ways:
    """How products for (inputs, outputs) and outputs of (H', W') are laid out: as the fastest way."""
    inputs, outputs = channels
    im2col = Im2col(kernel, stride, padding, groups)
    if math.prod(size) <= FEW and groups == 1 and all(map(lt, padding, kernel)):
        places = Places(kernel, stride, padding)
        return Ways(places, places)
    if stride != (1, 1) or groups > 1 or not all(map(lt, padding, kernel)):
        return Ways(im2col, im2col)
    # bands copy kw C numbers a pixel and add up kh products of O numbers, im2col copies kh kw C;
    # backward its transpose adds those up where windows overlap, bands add up a matrix a sample
    bands = Bands(kernel, padding)
    forward = bands if outputs <= 2 * kernel[0] * inputs else im2col
    backward = bands if outputs < size[0] * size[1] else Apart(bands, im2col)
    if kernel != (3, 3):
        return Ways(forward, backward)
    winograd, (ahead, back) = Winograd(padding), filtered(inputs, outputs, size)
    return Ways(winograd if ahead else forward, winograd if back else backward)


def filtered(inputs: int, outputs: int, size: Pair) -> tuple[bool, bool]:
    """Whether Winograd's filtering is the faster way forward, and backward.

    It is with many channels, and where the last tiles are half empty with many more: the fifth power
    is what measurements with 16 to 256 channels on 4 to 32 rows came to.
    """
    filled = math.prod(size) / math.prod(APART * -(-rows // APART) for rows in size)
    many = inputs * outputs * filled**5
    return many >= 32 * 48, many >= 16 * 48 and inputs >= 16 and outputs >= 48


def pair(value: int | Pair) -> Pair:
    """3 means (3, 3)."""
    if isinstance(value, int) or np.ndim(value) == 0:  # a plain int first: np.ndim takes long
        return (value, value)  # type: ignore[return-value]
    require(len(value) == 2, f"Conv2d: expected one number or two, found {value!r}")  # type: ignore[arg-type]
    return (value[0], value[1])  # type: ignore[index]
