"""A convolution and the average pooling behind it at once: for pooling of 2x2 a quarter of the products.

Both are linear and treat all places alike: the mean of neighbouring outputs is the output for the
mean of neighbouring inputs. With windows of s x s, d pixels apart,

    (1/s^2) sum over p, q < s of y[o, i d + p, j d + q]
        = bias[o] + sum over c, a, b of W[o, c, a, b] m[c, i d + a, j d + b],
    m[c, h, w] = (1/s^2) sum over p, q < s of x[c, h + p, w + q],    x padded:

one convolution of stride d for s^2 of them. The sums are kept for the way back, where the transpose of
a sum over windows is another one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from numsnn.box import box
from numsnn.conv import Conv2d, pair
from numsnn.im2col import Pair
from numsnn.layer import Array, Cotangents, Layer
from numsnn.pooling import AvgPool2d
from numsnn.validate import finite


@dataclass(frozen=True)
class ConvPool(Layer):
    """Serial(conv, pool) with its params, done at once. tdBN eq. 4.

    x: [T, N, C, H, W], y: [T, N, O, H', W']. Raises what the two raise. ``saved`` holds that of conv
    and, in the place of the pooling's, the sums.
    """

    conv: Conv2d
    pool: AvgPool2d
    unkept = ("y", "d_x")

    class Saved(NamedTuple):
        sums: Array  # [T, N, C, H + 2 padding - s + 1, ...]

    @property
    def window(self) -> Pair:
        """s and d: pixels of a window on a side, and from one window to the next."""
        assert self.pool.size is not None
        return self.pool.size, self.pool.step(self.pool.size)

    @cached_property
    def strided(self) -> Conv2d:
        """The convolution of sums."""
        conv = self.conv
        step = self.window[1]
        return Conv2d(conv.inputs, conv.outputs, conv.kernel, step, 0, conv.groups, conv.bias)

    def forward(self, params: tuple, x: Array) -> tuple[Array, tuple]:
        dtype = self.conv.check(params[0], x)
        ahead = self.conv.output_size(*x.shape[3:])
        self.pool.check_size((*x.shape[:2], self.conv.outputs, *ahead))
        sums = box(x, self.window[0], pair(self.conv.padding))
        y = self.strided.run(self._shared(params[0]), sums, dtype)
        finite("AvgPool2d", "x", y)
        return y, (Conv2d.Saved(params[0], x), self.Saved(sums))

    def backward(
        self, saved: tuple, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, tuple]:
        d_sums, d_params = self.strided.backward(self._of_sums(saved), d_y)
        top, left = pair(self.conv.padding)
        beyond = self.window[0] - 1
        d_x = box(d_sums, beyond + 1, (beyond - top, beyond - left))
        return d_x, (self._shared(d_params), None)

    def backward_params(
        self, saved: tuple, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple:
        return self._shared(self.strided.backward_params(self._of_sums(saved), d_y)), None

    def _shared(self, params: Any) -> Any:
        """The weight, or its gradient, over the number of pixels in a window."""
        return params._replace(weight=params.weight / self.window[0] ** 2)

    def _of_sums(self, saved: tuple) -> Any:
        return Conv2d.Saved(self._shared(saved[0].params), saved[1].sums)


def linked(first: Any, second: Any) -> ConvPool | None:
    """The two layers as one, where that takes fewer products; ``first`` is ahead of ``second``."""
    if type(first) is not Conv2d or type(second) is not AvgPool2d:
        return None
    alone = second.size is None or second.step(second.size) < 2
    if alone or pair(first.stride) != (1, 1):
        return None
    return ConvPool(first, second)
