"""Networks once more in PyTorch, differentiated by autograd: an engine that shares nothing here.

Only the parameters are taken over. Each surrogate is its primitive, written in torch; the spike is
a Function whose backward differentiates that primitive by autograd. So no partial derivative of
this project is used, nor one written down a second time.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  as everybody calls it

from numsnn.compose import Identity, Repeat, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.dropout import Dropout
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, FixedNorm
from numsnn.papers.parametrised import ParametrisedLIF
from numsnn.papers.potential import PotentialLIF
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import Accumulate, MeanOverTime
from numsnn.tree import map_named

PRIMITIVES = {
    "Rectangular": lambda z, width: torch.clamp(z / width + 0.5, 0, 1),
    "Triangular": lambda z, width: triangular(z / width),
    "Sigmoid": lambda z, width: torch.sigmoid(z / width),
    "Arctangent": lambda z, width: torch.atan(z / width) / math.pi,
    "Tanh": lambda z, width: torch.tanh(z / width) / 2,
    "FastSigmoid": lambda z, width: z / (width + z.abs()) / 2,
    "Gaussian": lambda z, width: torch.special.ndtr(z / width),
    "Softplus": lambda z, width: width * F.softplus(z / width, threshold=1e9),
    "ClampedTanh": lambda z, width: (
        torch.tanh(3 * torch.clamp(z / width, -0.5, 0.5)) / (2 * math.tanh(1.5))
    ),
    "PSGArctangent": lambda z, width: torch.atan(width * z) / width,  # rescaled
    "PSGSoftplus": lambda z, width: F.softplus(width * z, threshold=1e9) / width,  # rescaled
}


def triangular(x):
    x = torch.clamp(x, -1, 1)
    return x - x * x.abs() / 2


class Spike(torch.autograd.Function):
    """H(z) forward, the derivative of a primitive backward."""

    @staticmethod
    def forward(ctx, z, width, primitive, fires):
        ctx.save_for_backward(z, width)
        ctx.primitive = primitive
        return ((z >= 0) if fires else (z > 0)).to(z.dtype)

    @staticmethod
    def backward(ctx, gradient):
        with torch.enable_grad():
            z, width = (saved.detach().requires_grad_() for saved in ctx.saved_tensors)
            d_z, d_width = torch.autograd.grad(ctx.primitive(z, width), (z, width), gradient)
        return d_z, d_width, None, None


class Out(torch.autograd.Function):
    """u H(z) forward, the derivative of a primitive of z backward: what a PotentialLIF puts out."""

    @staticmethod
    def forward(ctx, z, width, u, primitive, fires):
        ctx.save_for_backward(z, width)
        ctx.primitive = primitive
        return u * ((z >= 0) if fires else (z > 0)).to(z.dtype)

    @staticmethod
    def backward(ctx, gradient):
        d_z, d_width, _, _ = Spike.backward(ctx, gradient)
        return d_z, d_width, None, None, None


def tensors(tree):
    """Every array of a tree as a float64 tensor that wants its gradient."""
    return map_named(lambda _, leaf: torch.tensor(np.array(leaf), requires_grad=True), tree)


def forward(layer, params, x, seen):
    """The layer's output; membranes and final states of its neurons go into ``seen`` by name."""
    return next(rule for kind, rule in RULES if isinstance(layer, kind))(layer, params, x, seen)


def serial(layer, params, x, seen):
    for part, share in zip(layer.layers, params, strict=True):
        x = forward(part, share, x, seen)
    return x


def residual(layer, params, x, seen):
    y = forward(layer.body, params.body, x, seen)
    return y + forward(layer.shortcut, params.shortcut, x, seen)


def folded_time(operation):
    """An operation on images [N, C, H, W] applied to [T, N, C, H, W]."""

    def rule(layer, params, x, seen):
        y = operation(layer, params, x.flatten(0, 1))
        return y.unflatten(0, x.shape[:2])

    return rule


def convolve(layer, params, x):
    return F.conv2d(x, params.weight, params.bias, layer.stride, layer.padding, groups=layer.groups)


def pool(layer, params, x):
    if layer.size is None:
        return F.adaptive_avg_pool2d(x, 1)
    return F.avg_pool2d(x, layer.size, layer.stride or layer.size)


def normalise(layer, params, x, seen=None):
    """torch's own batch norm where there is one for this shape, else its mean and variance."""
    C, rest = layer.shape[0], layer.shape[1:]
    if layer.axes is None and all(size == 1 for size in rest):
        flat = x.reshape(-1, *x.shape[-len(layer.shape) :])
        gain, shift = layer.scale * params.gain.reshape(C), params.shift.reshape(C)
        y = F.batch_norm(flat, None, None, gain, shift, training=True, eps=layer.eps)
        return y.reshape(x.shape)
    lead = x.ndim - len(layer.shape)
    ones = tuple(lead + i for i, size in enumerate(layer.shape) if size == 1)
    axes = layer.axes if layer.axes is not None else (*range(lead), *ones)
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return layer.scale * params.gain * (x - mean) / torch.sqrt(variance + layer.eps) + params.shift


def normalise_fixed(layer, params, x, seen=None):
    mean, variance = (torch.tensor(a) for a in layer.statistics)
    return layer.scale * params.gain * (x - mean) / torch.sqrt(variance + layer.eps) + params.shift


def lif(layer, params, x, seen):
    primitive = PRIMITIVES[type(layer.surrogate).__name__]
    direction = 1 if params.direction is None else params.direction
    amount = params.threshold if params.amount is None else params.amount
    rest = torch.zeros_like(x[0])
    v, s = (rest, rest) if params.initial is None else params.initial
    spikes, membranes = [], []
    for current in x:
        h = params.decay * v + current
        if layer.lateral is not None:
            h = h + forward(layer.lateral, params.lateral, s[None], seen)[0]
        u = h if layer.norm is None else forward(layer.norm, params.norm, h, seen)
        z = direction * u - params.threshold
        s = Spike.apply(z, params.width, primitive, layer.tie == "fires")
        gate = s.detach() if layer.detach_reset else s
        carried = u if layer.carry == "normalised" else h
        v = carried * (1 - gate) if layer.reset == "hard" else carried - amount * gate
        spikes.append(s)
        membranes.append(u)
    seen[layer.name] = torch.stack(membranes), (v, s)
    return torch.stack(spikes)


def potential_lif(layer, params, x, seen):
    primitive = PRIMITIVES[type(layer.surrogate).__name__]
    v = torch.zeros_like(x[0]) if params.initial is None else params.initial.membrane
    out, membranes = [], []
    for current in x:
        u = params.decay * v + current
        z = u - params.threshold
        o = Out.apply(z, params.width, u.detach(), primitive, layer.tie == "fires")
        v = u * (o.detach() <= params.threshold.detach())
        out.append(o)
        membranes.append(u)
    seen[layer.name] = torch.stack(membranes), (v, o)
    return torch.stack(out)


def parametrised(layer, params, x, seen):
    inside = params.neuron
    if params.threshold_weight is not None:
        inside = inside._replace(threshold=torch.tanh(params.threshold_weight))
    if params.log_width is not None:
        inside = inside._replace(width=torch.exp(params.log_width))
    return forward(layer.neuron, inside, x, seen)


def accumulate(layer, params, x, seen):
    v = torch.cumsum(x, 0)
    if params.initial is not None:
        v = v + params.initial.membrane
    seen[layer.name] = v, (v[-1], torch.zeros_like(v[-1]))
    return v


def drop(layer, params, x, seen):
    kept = np.random.default_rng(layer.seed).random(tuple(x.shape[1:])) >= layer.rate
    return x * torch.tensor(kept / (1 - layer.rate))


RULES = (
    (Serial, serial),
    (Residual, residual),
    (Identity, lambda layer, params, x, seen: x),
    (Repeat, lambda layer, params, x, seen: x.expand(layer.steps, *x.shape[1:])),
    (Linear, lambda layer, params, x, seen: F.linear(x, params.weight, params.bias)),
    (Conv2d, folded_time(convolve)),
    (AvgPool2d, folded_time(pool)),
    (Flatten, lambda layer, params, x, seen: x.flatten(2)),
    (BatchNorm, normalise),
    (FixedNorm, normalise_fixed),
    (ParametrisedLIF, parametrised),
    (PotentialLIF, potential_lif),
    (LIF, lif),
    (Accumulate, accumulate),
    (MeanOverTime, lambda layer, params, x, seen: x.mean(0, keepdim=True)),
    (Dropout, drop),
)
