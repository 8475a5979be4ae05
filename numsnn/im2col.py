"""im2col and its transpose col2im: a convolution as one matrix product.

im2col lays the window under every output pixel out as a row; col2im adds rows back to where they
came from. Images are channels last in here, so that a window's row of pixels is one run of memory.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray
Pair = tuple[int, int]


def im2col(image: Array, kernel: Pair, stride: Pair) -> Array:
    """cols[n, i, j, a, b, c] = image[n, i*stride + a, j*stride + b, c], a view without a copy.

    image: [n, H, W, C], already padded; cols: [n, H', W', kh, kw, C].
    """
    windows = sliding_window_view(image, kernel, axis=(1, 2))[:, :: stride[0], :: stride[1]]
    return windows.transpose(0, 1, 2, 4, 5, 3)


def col2im(cols: Array, image: Array, stride: Pair) -> Array:
    """image[n, i*stride + a, j*stride + b, c] += cols[n, i, j, a, b, c]: the transpose of im2col."""
    rows, columns = cols.shape[1:3]
    for a in range(cols.shape[3]):
        for b in range(cols.shape[4]):
            down = slice(a, a + (rows - 1) * stride[0] + 1, stride[0])
            right = slice(b, b + (columns - 1) * stride[1] + 1, stride[1])
            image[:, down, right] += cols[:, :, :, a, b]
    return image
