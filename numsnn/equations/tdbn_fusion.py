"""STBP-tdBN eq. 4, 9, 10 and Algorithm 1: the convolution, and the norm in its weights."""

from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.conv import Conv2d
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tdbn_norm import PER_CHANNEL, maps, normalised
from numsnn.equations.tools import Array, bits, gap, normals
from numsnn.folding import folded
from numsnn.modes import evaluating
from numsnn.norms import BatchNorm, Statistics

row = of_paper("tdbn")


@row(
    "4",
    latex=r"x^t = W \circledast o^t + B",
    meaning="A convolution of the spikes, without flipping the kernel, and a bias for each channel.",
    symbol="numsnn.conv.Conv2d.forward",
    by="naive loops over every index",
    formula=lambda w, patch, b: np.sum(w * patch) + b,
    wrong={
        "kernel flipped": lambda w, patch, b: np.sum(w[:, ::-1, ::-1] * patch) + b,
        "kernel transposed": lambda w, patch, b: np.sum(w.swapaxes(1, 2) * patch) + b,
        "bias on every input channel": lambda w, patch, b: np.sum(w * patch) + len(w) * b,
    },
)
def convolution(formula: Formula) -> float:
    layer, o = Conv2d(2, 3, 3, stride=2, padding=1), bits(3, 2, 2, 2, 5, 4)
    weight, bias = normals(4, 3, 2, 3, 3), normals(5, 3)
    x, _ = layer.forward(Conv2d.Params(weight, bias), o)
    padded = np.pad(o, ((0, 0), (0, 0), (0, 0), (1, 1), (1, 1)))
    expected = np.empty(x.shape)
    for t, n, k, i, j in np.ndindex(x.shape):
        patch = padded[t, n, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        expected[t, n, k, i, j] = formula(weight[k], patch, bias[k])
    return gap(x, expected)


def fusion(seed: int) -> tuple[Any, Any, tuple[Array, Array]]:
    """A convolution with its tdBN in evaluation, the folded convolution, and what they are made of."""
    conv, norm = Conv2d(4, 3, 3), BatchNorm((3, 1, 1), scale=0.5, eps=1e-3, name="norm")
    network = Serial(conv, norm)
    params = (
        Conv2d.Params(normals(seed, 3, 4, 3, 3), normals(seed + 1, 3)),
        BatchNorm.Params(normals(seed + 2, 3, 1, 1), normals(seed + 3, 3, 1, 1)),
    )
    mean, variance = normals(seed + 4, 1, 1, 3, 1, 1), normals(seed + 5, 1, 1, 3, 1, 1) ** 2
    statistics = {"norm": Statistics(mean, variance)}
    fused = folded(network, params, statistics)
    return (evaluating(network, statistics), params), fused, (mean.ravel(), variance.ravel())


@row(
    "9",
    latex=r"W'_{c,k} = \lambda_k \frac{\alpha V_{th} W_{c,k}}{\sqrt{\sigma^2_{inf,k} + \epsilon}}",
    meaning="For inference the norm's gain goes into the weights of the convolution before it.",
    symbol="numsnn.folding.folded",
    by="value of every kernel",
    formula=lambda W, gain, scale, var, eps: gain * scale * W / np.sqrt(var + eps),
    wrong={
        "no threshold": lambda W, gain, scale, var, eps: gain * W / np.sqrt(var + eps),
        "variance, not its root": lambda W, gain, scale, var, eps: gain * scale * W / (var + eps),
        "no epsilon": lambda W, gain, scale, var, eps: gain * scale * W / np.sqrt(var),
    },
)
def fused_weights(formula: Formula) -> float:
    (_, params), (_, fused), (_, variance) = fusion(14)
    gain = params[1].gain.ravel()
    expected = [
        [formula(params[0].weight[k, c], gain[k], 0.5, variance[k], 1e-3) for c in range(4)]
        for k in range(3)
    ]
    return gap(fused.weight, expected)


@row(
    "10",
    latex=r"B'_{c,k} = \lambda_k \frac{\alpha V_{th} (B_{c,k} - \mu_{inf,k})}"
    r"{\sqrt{\sigma^2_{inf,k} + \epsilon}} + \beta_k",
    meaning="Mean and shift go into the bias, once for each output channel.",
    symbol="numsnn.folding.folded",
    by="two routes: the evaluated and the fused layer on spikes",
    formula=lambda B, mean, shift, factor, inputs: factor * (B - mean) + shift,
    wrong={
        "once for each input channel, as indexed": lambda B, mean, shift, factor, inputs: (
            factor * (B - inputs * mean) + inputs * shift
        ),
        "sign of the mean": lambda B, mean, shift, factor, inputs: factor * (B + mean) + shift,
        "shift scaled": lambda B, mean, shift, factor, inputs: factor * (B - mean + shift),
    },
    erratum="T9",
    instead="One bias for each output channel, as in the paper's Algorithm 1; not one for each pair (c, k).",
)
def fused_bias(formula: Formula) -> float:
    (network, params), (inference, fused), (mean, variance) = fusion(20)
    o = bits(26, 3, 2, 4, 5, 5)
    bias = fused.bias
    routes = gap(inference.forward(fused, o)[0], network.forward(params, o)[0])
    factor = 0.5 * params[1].gain.ravel() / np.sqrt(variance + 1e-3)
    return max(routes, gap(bias, formula(params[0].bias, mean, params[1].shift.ravel(), factor, 4)))


@row(
    "Algorithm 1",
    latex=r"\hat x = \frac{\alpha V_{th}(x - \mu_{tra})}{\sqrt{\sigma_{tra}^2 + \epsilon}},\ "
    r"y = \lambda \hat x + \beta; \quad y'[t] = W' \circledast o[t] + B'",
    meaning="tdBN: batch statistics of a channel in training, fused weights at each step in inference.",
    symbol="numsnn.folding.folded",
    by="training values, and the inference of every step by two routes",
    formula=lambda x, mean, var, scale, gain, shift, eps: (
        gain * scale * (x - mean) / np.sqrt(var + eps) + shift
    ),
    wrong={
        "shift before the gain": lambda x, mean, var, scale, gain, shift, eps: (
            gain * (scale * (x - mean) / np.sqrt(var + eps) + shift)
        ),
        "threshold on the shift too": lambda x, mean, var, scale, gain, shift, eps: (
            scale * (gain * (x - mean) / np.sqrt(var + eps) + shift)
        ),
        "not centred": lambda x, mean, var, scale, gain, shift, eps: (
            gain * scale * x / np.sqrt(var + eps) + shift
        ),
    },
)
def algorithm_1(formula: Formula) -> float:
    x, gain, shift = maps(10), normals(11, 3, 1, 1), normals(12, 3, 1, 1)
    mean, var = (f(x, axis=PER_CHANNEL, keepdims=True) for f in (np.mean, np.var))
    y, _ = normalised(x, 0.5, 1e-3, gain, shift)
    training = gap(y, formula(x, mean, var, 0.5, gain, shift, 1e-3))

    (network, params), (inference, fused), (mean, var) = fusion(13)
    o = bits(19, 3, 2, 4, 5, 5)
    x = network.layers[0].forward(params[0], o)[0]
    mean, var = mean[:, None, None], var[:, None, None]
    y = formula(x, mean, var, 0.5, params[1].gain, params[1].shift, 1e-3)
    steps = [gap(inference.forward(fused, o[[t]])[0][0], y[t]) for t in range(3)]
    return max(training, *steps)


ROWS = collected(globals())
