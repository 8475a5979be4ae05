"""Conv2d by im2col: one matrix product for each group of channels."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.im2col import Pair, col2im, im2col
from numsnn.layer import Array, Cotangents, Layer
from numsnn.layout import empty
from numsnn.validate import cotangent, finite, one_precision, positive_integer, require, sequence

CHUNK = (
    1 << 19
)  # numbers in one chunk of im2col rows: a few MB, so that the product finds them near


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
        matrix = self._matrix(params.weight)  # [G, O/G, K]
        y = np.empty((T * N, size[0] * size[1], self.groups, self.outputs // self.groups), dtype)

        def lane(samples: slice) -> None:
            for chunk in self._chunks(samples, size):
                finite("Conv2d", "x", images[chunk])
                cols = self._cols(images[chunk], size)  # [G, nP, K]
                rows = np.moveaxis(y[chunk].reshape(-1, *y.shape[2:]), 1, 0)  # [G, nP, O/G]
                np.matmul(cols, matrix.swapaxes(1, 2), out=rows)
                if params.bias is not None:
                    rows += params.bias.reshape(self.groups, 1, -1)

        parallel.run(lane, self._lanes(T * N, size))
        y = np.moveaxis(y.reshape(T, N, *size, self.outputs), -1, 2)  # channels last in memory
        return y, self.Saved(params, x)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        (weight, bias), x = saved
        T, N, _, H, W = x.shape
        size = self.output_size(H, W)
        cotangent("Conv2d.backward", d_y, (T, N, self.outputs, *size))
        images = x.reshape(T * N, *x.shape[2:])
        matrix = self._matrix(weight)  # [G, O/G, K]
        d_out = np.moveaxis(d_y.reshape(T * N, *d_y.shape[2:]), 1, -1)  # [T N, H', W', O]
        d_x = empty(x.shape, np.result_type(d_y, weight), last=True)
        d_images = d_x.reshape(images.shape)

        def lane(samples: slice) -> tuple[Array, Array]:
            d_matrix = np.zeros(matrix.shape, np.result_type(d_y, x))
            d_sum = np.zeros((self.groups, matrix.shape[1]), d_y.dtype)
            for chunk in self._chunks(samples, size):
                cols = self._cols(images[chunk], size)  # [G, nP, K]
                rows = d_out[chunk].reshape(-1, self.groups, matrix.shape[1])
                rows = np.moveaxis(rows, 1, 0)  # [G, nP, O/G]
                d_sum += rows.sum(axis=1)
                d_matrix += rows.swapaxes(1, 2) @ cols
                d_cols = parallel.scratch("d_cols", cols.shape, d_x.dtype)
                np.matmul(rows, matrix, out=d_cols)
                d_images[chunk] = self._uncols(d_cols, size, H, W)
            return d_matrix, d_sum

        parts = parallel.run(lane, self._lanes(T * N, size))
        d_matrix, d_sum = (np.sum(part, axis=0) for part in zip(*parts, strict=True))
        d_bias = None if bias is None else d_sum.reshape(bias.shape)
        return d_x, self.Params(self._unmatrix(d_matrix), d_bias)

    def _matrix(self, weight: Array) -> Array:
        """weight [O, C/G, kh, kw] as [G, O/G, kh kw C/G], in the order of im2col's rows."""
        return weight.transpose(0, 2, 3, 1).reshape(self.groups, self.outputs // self.groups, -1)

    def _unmatrix(self, matrix: Array) -> Array:
        """The inverse of ``_matrix``."""
        outputs, inputs, tall, wide = self.weight_shape
        return matrix.reshape(outputs, tall, wide, inputs).transpose(0, 3, 1, 2).copy()

    def _lanes(self, count: int, size: Pair) -> list[slice]:
        """The samples in lanes that are worth a thread: half a chunk at least."""
        return parallel.lanes(count, max(1, CHUNK // 2 // self._row_numbers(size)))

    def _row_numbers(self, size: Pair) -> int:
        """How many numbers the im2col rows of one sample have."""
        return math.prod((*size, *pair(self.kernel), self.inputs))

    def _chunks(self, samples: slice, size: Pair) -> list[slice]:
        """The samples in slices whose im2col rows stay within ``CHUNK`` numbers."""
        count = max(1, CHUNK // self._row_numbers(size))
        return [
            slice(i, min(i + count, samples.stop))
            for i in range(samples.start, samples.stop, count)
        ]

    def _cols(self, images: Array, size: Pair) -> Array:
        """im2col rows [G, nP, K] of images [n, C, H, W], in a buffer that the next call reuses."""
        n, channels, H, W = images.shape
        (tall, wide), (top, left) = pair(self.kernel), pair(self.padding)
        padded = parallel.scratch("padded", (n, H + 2 * top, W + 2 * left, channels), images.dtype)
        if top or left:
            padded.fill(0)
        padded[:, top : top + H, left : left + W] = images.transpose(0, 2, 3, 1)
        view = im2col(padded, (tall, wide), pair(self.stride))
        per_group = channels // self.groups
        cols = parallel.scratch(
            "cols", (self.groups, n, *size, tall, wide, per_group), images.dtype
        )
        np.copyto(cols, np.moveaxis(view.reshape(*view.shape[:-1], self.groups, -1), -2, 0))
        return cols.reshape(self.groups, n * size[0] * size[1], -1)

    def _uncols(self, d_cols: Array, size: Pair, H: int, W: int) -> Array:
        """The transpose of ``_cols``: rows [G, nP, K] added up into images [n, C, H, W]."""
        (tall, wide), (top, left) = pair(self.kernel), pair(self.padding)
        d_cols = d_cols.reshape(self.groups, -1, *size, tall, wide, self.inputs // self.groups)
        n = d_cols.shape[1]
        shape = (n, H + 2 * top, W + 2 * left, self.groups, d_cols.shape[-1])
        padded = parallel.scratch("d_padded", shape, d_cols.dtype)
        padded.fill(0)
        col2im(np.moveaxis(d_cols, 0, -2), padded, pair(self.stride))
        inner = padded[:, top : top + H, left : left + W].reshape(n, H, W, self.inputs)
        return inner.transpose(0, 3, 1, 2)

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
