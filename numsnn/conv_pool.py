"""A convolution and the average pooling behind it at once: for pooling of 2x2 a quarter of the products.

Both are linear and treat all places alike: the mean of neighbouring outputs is the output for the
mean of neighbouring inputs. With windows of s x s, d pixels apart,

    (1/s^2) sum over p, q < s of y[o, i d + p, j d + q]
        = bias[o] + sum over c, a, b of W[o, c, a, b] m[c, i d + a, j d + b],
    m[c, h, w] = (1/s^2) sum over p, q < s of x[c, h + p, w + q],    x padded:

one convolution of stride d for s^2 of them.
"""

from dataclasses import dataclass, fields
from typing import Any

from numsnn.conv import Apart, Conv2d, Ways, pair
from numsnn.conv_im2col import Im2col
from numsnn.im2col import Pair
from numsnn.layer import Array, Cotangents, Layer
from numsnn.pooling import AvgPool2d
from numsnn.validate import finite


@dataclass(frozen=True)
class PooledConv2d(Conv2d):
    """A Conv2d of stride 1 whose outputs are those of ``pool`` behind it.

    x: [T, N, C, H, W], y: [T, N, O, H', W'] as AvgPool2d gives it; params and errors are Conv2d's, and
    AvgPool2d's where its window does not fit.
    """

    pool: AvgPool2d = AvgPool2d()

    @property
    def window(self) -> Pair:
        """Pixels of a window on a side, and from one window to the next."""
        assert self.pool.size is not None
        return self.pool.size, self.pool.step(self.pool.size)

    def ahead(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what the pooling gets, for x of ``shape``."""
        return (*shape[:2], self.outputs, *self.output_size(*shape[3:]))

    def _size(self, shape: tuple[int, ...]) -> Pair:
        ahead = self.ahead(shape)
        self.pool.check_size(ahead)
        return self.pool.output_size(*ahead[3:])

    def _ways(self, size: tuple[int, ...]) -> Ways:
        window, step = self.window
        im2col = Im2col(pair(self.kernel), (step, step), pair(self.padding), self.groups, window)
        return Ways(im2col, Apart(im2col, im2col))


@dataclass(frozen=True)
class ConvPool(Layer):
    """Serial(conv, pool) with its params and saved, done at once. tdBN eq. 4.

    x: [T, N, C, H, W], y: [T, N, O, H', W']. Raises what the two raise.
    """

    both: PooledConv2d

    def forward(self, params: tuple, x: Array) -> tuple[Array, tuple]:
        y, saved = self.both.forward(params[0], x)
        finite("AvgPool2d", "x", y)
        return y, (saved, AvgPool2d.Saved(self.both.ahead(x.shape), True))

    def backward(
        self, saved: tuple, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, tuple]:
        d_x, d_params = self.both.backward(saved[0], d_y)
        return d_x, (d_params, None)

    def backward_params(
        self, saved: tuple, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple:
        return self.both.backward_params(saved[0], d_y), None


def at_once(first: Any, second: Any) -> ConvPool | None:
    """The two layers as one, where that takes fewer products; ``first`` is ahead of ``second``."""
    if type(first) is not Conv2d or type(second) is not AvgPool2d:
        return None
    alone = second.size is None or second.step(second.size) < 2
    if alone or pair(first.stride) != (1, 1):
        return None
    own = {field.name: getattr(first, field.name) for field in fields(first)}
    return ConvPool(PooledConv2d(**own, pool=second))
