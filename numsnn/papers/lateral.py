"""Lateral interactions: each channel's spikes act on their own neighbourhood, one step later."""

from dataclasses import dataclass

import numpy as np

from numsnn.conv import Conv2d, pair
from numsnn.layer import Array, Cotangents
from numsnn.validate import cotangent, finite, require


@dataclass(frozen=True)
class Depthwise(Conv2d):
    """y[c, i, j] = sum over a, b of W[c, a, b] x[c, i + a - pad, j + b - pad], the size kept.

    A Conv2d with one group a channel, an odd kernel, stride 1 and no bias: the same parameters and
    numbers. It adds up shifted images, one for each place in the kernel, for a product of one row
    with a matrix gains nothing. ``Depthwise.of(channels, kernel)`` makes one. Raises NumsnnError
    for other settings. LISNN's lateral term, which PSG & PDA take over (section 2.4).
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        tall, wide = pair(self.kernel)
        require(
            self.inputs == self.outputs == self.groups
            and pair(self.stride) == (1, 1)
            and tall % 2 == wide % 2 == 1
            and pair(self.padding) == (tall // 2, wide // 2)
            and not self.bias,
            f"Depthwise: one group a channel, an odd kernel, stride 1, padding kernel//2, no bias; "
            f"found {self}",
        )

    @classmethod
    def of(cls, channels: int, kernel: int = 5) -> "Depthwise":
        """The layer for so many channels."""
        return cls(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)

    def forward(self, params: Conv2d.Params, x: Array) -> tuple[Array, Conv2d.Saved]:
        dtype = self.check(params, x)
        finite("Depthwise", "x", x)
        images, weight = self._bordered(x), np.moveaxis(params.weight[:, 0], 0, -1)  # [kh, kw, C]
        y = np.zeros((*x.shape[:2], *x.shape[3:], self.outputs), dtype)
        term = np.empty_like(y)
        for place, window in self._windows(x.shape):
            y += np.multiply(weight[place], images[window], out=term)
        return np.moveaxis(y, -1, 2), self.Saved(params, x)

    def backward(
        self, saved: Conv2d.Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Conv2d.Params]:
        (weight, _), x = saved
        cotangent("Depthwise.backward", d_y, x.shape)
        images, weight = self._bordered(x), np.moveaxis(weight[:, 0], 0, -1)
        d_y = np.ascontiguousarray(np.moveaxis(d_y, 2, -1))  # [T, N, H, W, C]
        d_images = np.zeros(images.shape, np.result_type(d_y, weight))
        d_weight = np.empty(weight.shape, np.result_type(d_y, x))
        term = np.empty(d_y.shape, d_images.dtype)
        for place, window in self._windows(x.shape):
            d_images[window] += np.multiply(weight[place], d_y, out=term)
            d_weight[place] = np.einsum("tnhwc,tnhwc->c", images[window], d_y)
        (top, left), (H, W) = pair(self.padding), x.shape[3:]
        d_x = np.moveaxis(d_images[:, :, top : top + H, left : left + W], -1, 2)
        return d_x, self.Params(np.moveaxis(d_weight, -1, 0)[:, None].copy(), None)

    def _bordered(self, x: Array) -> Array:
        """x as [T, N, H + 2 top, W + 2 left, C], with zeros around."""
        (top, left), (H, W) = pair(self.padding), x.shape[3:]
        images = np.zeros((*x.shape[:2], H + 2 * top, W + 2 * left, x.shape[2]), x.dtype)
        images[:, :, top : top + H, left : left + W] = np.moveaxis(x, 2, -1)
        return images

    def _windows(self, shape: tuple[int, ...]) -> list[tuple[tuple[int, int], tuple]]:
        """Each place (a, b) of the kernel, and the part of the bordered image that it looks at."""
        (tall, wide), (H, W) = pair(self.kernel), shape[3:]
        every = slice(None)
        return [
            ((a, b), (every, every, slice(a, a + H), slice(b, b + W)))
            for a in range(tall)
            for b in range(wide)
        ]
