"""The mean over time ahead of linear layers, not behind them: for T steps a T-th of the products.

Layers that are linear and treat every step alike give the mean of what they give:

    (1/T) sum over t of (W x[t] + b) = W m + b,   m = (1/T) sum over t of x[t].
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.layer import Array, Cotangents, Layer
from numsnn.readouts import MeanOverTime, mean
from numsnn.validate import sequence


@dataclass(frozen=True)
class MeanFirst(Layer):
    """Serial(*layers, MeanOverTime()), done at once; ``ahead`` is Serial(*layers), of linear layers.

    x: [T, N, ...], y: [1, N, ...]. Params and saved are the same but that layers see the mean. Raises
    what the layers raise. tdBN eq. 11, MPBN eq. 3.
    """

    ahead: Any

    def forward(self, params: tuple, x: Array) -> tuple[Array, tuple]:
        try:
            sequence("MeanOverTime", x, check_values=False)
            with np.errstate(over="ignore", invalid="ignore"):  # the first layer looks at values
                m = mean(x)
            y, saved = self.ahead.forward(params[:-1], m)
        except NumsnnError:
            self.ahead.forward(params[:-1], x)  # what is wrong is at a step
            raise
        return y, (*saved, MeanOverTime.Saved(x.shape))

    def backward(
        self, saved: tuple, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, tuple]:
        shape = saved[-1].shape
        d_mean, d_params = self.ahead.backward(saved[:-1], d_y, d_membranes)
        return np.broadcast_to(d_mean / shape[0], shape), (*d_params, None)
