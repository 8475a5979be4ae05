"""Conv2d: its equation, and the threads over the batch; the products are conv_bands or conv_im2col."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.conv_bands import Bands
from numsnn.conv_im2col import Im2col
from numsnn.im2col import Pair
from numsnn.layer import Array, Cotangents, Layer
from numsnn.layout import empty
from numsnn.validate import cotangent, finite, one_precision, positive_integer, require, sequence

CHUNK = 1 << 19  # numbers laid out for one product: still in a cache when it reads them


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
        return self.Params(weight, np.zeros(outputs, dtype) if self.bias else None)

    def output_size(self, height: int, width: int) -> Pair:
        """(H', W') for an image of (H, W)."""
        (tall, wide), (down, right), (top, left) = map(
            pair, (self.kernel, self.stride, self.padding)
        )
        return (height + 2 * top - tall) // down + 1, (width + 2 * left - wide) // right + 1

    def forward(self, params: Params, x: Array) -> tuple[Array, Saved]:
        dtype = self._check(params, x)
        T, N, _, H, W = x.shape
        size = self.output_size(H, W)
        images = x.reshape(T * N, *x.shape[2:])
        way = self._way()
        matrix = way.matrix(params.weight)
        y = np.empty((T * N, *size, self.outputs), dtype)

        def lane(samples: slice) -> None:
            for chunk in _chunks(samples, way.numbers(x.shape, size)):
                finite("Conv2d", "x", images[chunk])
                way.forward(images[chunk], matrix, y[chunk])
                if params.bias is not None:
                    y[chunk] += params.bias

        parallel.run(lane, _lanes(T * N, way.numbers(x.shape, size)))
        y = np.moveaxis(y.reshape(T, N, *size, self.outputs), -1, 2)  # channels last in memory
        return y, self.Saved(params, x)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        d_x = empty(saved.x.shape, np.result_type(d_y, saved.params.weight), last=True)
        return d_x, self._backward(saved, d_y, d_x)

    def backward_params(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> Params:
        return self._backward(saved, d_y, None)

    def _backward(self, saved: Saved, d_y: Array, d_x: Array | None) -> Params:
        """Fill d_x, if there is one; returns d_params."""
        (weight, bias), x = saved
        T, N, _, H, W = x.shape
        size = self.output_size(H, W)
        cotangent("Conv2d.backward", d_y, (T, N, self.outputs, *size))
        images = x.reshape(T * N, *x.shape[2:])
        d_out = np.moveaxis(d_y.reshape(T * N, *d_y.shape[2:]), 1, -1)  # [T N, H', W', O]
        way = self._way()
        matrix = way.transposed(weight)
        d_images = None if d_x is None else d_x.reshape(images.shape)

        def lane(samples: slice) -> tuple[Array, Array]:
            d_matrix = np.zeros(way.gradient(weight), np.result_type(d_y, x))
            d_sum = np.zeros(self.outputs, d_y.dtype)
            for chunk in _chunks(samples, way.numbers(x.shape, size)):
                d_chunk = None if d_images is None else d_images[chunk]
                way.backward(images[chunk], d_out[chunk], matrix, d_chunk, d_matrix)
                if bias is not None:
                    d_sum += d_out[chunk].sum(axis=(0, 1, 2))
            return d_matrix, d_sum

        parts = parallel.run(lane, _lanes(T * N, way.numbers(x.shape, size)))
        d_matrix, d_sum = (np.sum(part, axis=0) for part in zip(*parts, strict=True))
        d_weight = way.unmatrix(d_matrix, weight.shape)
        return self.Params(d_weight, None if bias is None else d_sum)

    def _way(self) -> Bands | Im2col:
        """How the products are laid out: by bands where they apply and copy less, else by im2col."""
        kernel, stride, padding = map(pair, (self.kernel, self.stride, self.padding))
        (tall, wide), (top, left) = kernel, padding
        # forward bands copy kw C numbers a pixel, backward ones kw O; im2col kh kw C, three times
        fewer = self.outputs <= 2 * tall * self.inputs
        if stride == (1, 1) and self.groups == 1 and top < tall and left < wide and fewer:
            return Bands(kernel, padding)
        return Im2col(kernel, stride, padding, self.groups)

    def _check(self, params: Params, x: Array) -> np.dtype:
        weight, bias = params
        sequence("Conv2d", x, rank=5, check_values=False)
        require(
            weight.shape == self.weight_shape,
            f"Conv2d: weight must be {self.weight_shape}, found {weight.shape}",
        )
        require(
            x.shape[2] == self.inputs,
            f"Conv2d: x has {x.shape[2]} channels on axis 2, weight expects {self.inputs} "
            f"(x {x.shape}, weight {weight.shape})",
        )
        require(
            (bias is not None) == self.bias and (bias is None or bias.shape == (self.outputs,)),
            f"Conv2d: bias must be {(self.outputs,) if self.bias else None}, "
            f"found {None if bias is None else bias.shape}",
        )
        require(
            min(self.output_size(*x.shape[3:])) >= 1,
            f"Conv2d: the kernel {pair(self.kernel)} does not fit the image on axes 3 and 4 of "
            f"{x.shape} padded by {pair(self.padding)}",
        )
        finite("Conv2d", "weight", weight)
        if bias is not None:
            finite("Conv2d", "bias", bias)
        return one_precision("Conv2d", x, weight=weight, bias=bias)


def pair(value: int | Pair) -> Pair:
    """3 means (3, 3)."""
    if np.ndim(value) == 0:
        return (value, value)  # type: ignore[return-value]
    require(len(value) == 2, f"Conv2d: expected one number or two, found {value!r}")  # type: ignore[arg-type]
    return (value[0], value[1])  # type: ignore[index]


def _lanes(count: int, numbers: int) -> list[slice]:
    """The samples in lanes that are worth a thread: half a chunk at least."""
    return parallel.lanes(count, max(1, CHUNK // 2 // numbers))


def _chunks(samples: slice, numbers: int) -> list[slice]:
    """The samples in slices of at most ``CHUNK`` numbers, ``numbers`` a sample."""
    count = max(1, CHUNK // numbers)
    edges = range(samples.start, samples.stop, count)
    return [slice(i, min(i + count, samples.stop)) for i in edges]
