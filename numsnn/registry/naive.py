"""Every layer and loss once more, in scalar loops: slow, and with nothing shared but the equations."""

import math
from typing import Any

import numpy as np

Array = np.ndarray


def linear(layer: Any, params: Any, x: Array) -> Array:
    """y[o] = sum over i of W[o, i] x[i] + b[o]."""
    outputs, inputs = params.weight.shape
    y = np.zeros((*x.shape[:-1], outputs))
    for row in np.ndindex(x.shape[:-1]):
        for o in range(outputs):
            y[(*row, o)] = sum(params.weight[o, i] * x[(*row, i)] for i in range(inputs))
            y[(*row, o)] += 0 if params.bias is None else params.bias[o]
    return y


def conv(layer: Any, params: Any, x: Array) -> Array:
    """y[o, i, j] = b[o] + the products of every weight with the pixel that lies under it."""
    T, N, _, H, W = x.shape
    weight = params.weight
    outputs, per_group, tall, wide = weight.shape
    (down, right), (top, left) = _pair(layer.stride), _pair(layer.padding)
    rows, columns = (H + 2 * top - tall) // down + 1, (W + 2 * left - wide) // right + 1
    y = np.zeros((T, N, outputs, rows, columns))
    for t, n, o, i, j in np.ndindex(y.shape):
        first = o // (outputs // layer.groups) * per_group
        total = 0.0 if params.bias is None else params.bias[o]
        for c, a, b in np.ndindex(per_group, tall, wide):
            p, q = i * down + a - top, j * right + b - left
            if 0 <= p < H and 0 <= q < W:
                total += weight[o, c, a, b] * x[t, n, first + c, p, q]
        y[t, n, o, i, j] = total
    return y


def pool(layer: Any, params: Any, x: Array) -> Array:
    """The mean of every window that lies inside the image."""
    T, N, C, H, W = x.shape
    tall, wide = (H, W) if layer.size is None else (layer.size, layer.size)
    down, right = (H, W) if layer.size is None else (layer.stride or layer.size,) * 2
    y = np.zeros((T, N, C, (H - tall) // down + 1, (W - wide) // right + 1))
    for t, n, c, i, j in np.ndindex(y.shape):
        window = [x[t, n, c, i * down + a, j * right + b] for a, b in np.ndindex(tall, wide)]
        y[t, n, c, i, j] = sum(window) / (tall * wide)
    return y


def one_after_the_other(layer: Any, params: Any, x: Array) -> Array:
    """A Serial of some of these."""
    own = {"Conv2d": conv, "AvgPool2d": pool, "Flatten": flatten, "Linear": linear}
    own["MeanOverTime"] = mean_over_time
    for part, share in zip(layer.layers, params, strict=True):
        x = own[type(part).__name__](part, share, x)
    return x


def flatten(layer: Any, params: Any, x: Array) -> Array:
    T, N = x.shape[:2]
    rows = [[[float(v) for v in x[t, n].flat] for n in range(N)] for t in range(T)]
    return np.array(rows)


def batch_norm(layer: Any, params: Any, x: Array) -> Array:
    """Each group of numbers with one gain (or along the given axes) by its own mean and variance."""
    gain, shift = (np.broadcast_to(p, x.shape[1:] if p.ndim < x.ndim else x.shape) for p in params)
    lead = x.ndim - len(layer.shape)
    ones = [lead + i for i, size in enumerate(layer.shape) if size == 1]
    reduced = {a % x.ndim for a in layer.axes} if layer.axes is not None else {*range(lead), *ones}
    groups: dict[tuple, list[float]] = {}
    for index in np.ndindex(x.shape):
        key = tuple(k for axis, k in enumerate(index) if axis not in reduced)
        groups.setdefault(key, []).append(float(x[index]))
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        group = groups[tuple(k for axis, k in enumerate(index) if axis not in reduced)]
        mean = math.fsum(group) / len(group)
        variance = math.fsum((v - mean) ** 2 for v in group) / len(group)
        normal = (x[index] - mean) / math.sqrt(variance + layer.eps)
        y[index] = layer.scale * gain[index[1:]] * normal + shift[index[1:]]
    return y


def fixed_norm(layer: Any, params: Any, x: Array) -> Array:
    y = np.zeros(x.shape)
    mean, variance, gain, shift = (
        np.broadcast_to(p, x.shape) for p in (*layer.statistics, params.gain, params.shift)
    )
    for index in np.ndindex(x.shape):
        deviation = math.sqrt(variance[index] + layer.eps)
        y[index] = layer.scale * gain[index] * (x[index] - mean[index]) / deviation + shift[index]
    return y


def relu(layer: Any, params: Any, x: Array) -> Array:
    return np.array([max(0.0, float(v)) for v in x.flat]).reshape(x.shape)


def accumulate(layer: Any, params: Any, x: Array) -> Array:
    """v[t] = v[t-1] + current[t]."""
    v = np.zeros(x.shape)
    for t, *place in np.ndindex(x.shape):
        start = 0.0 if params.initial is None else params.initial.membrane[tuple(place)]
        v[(t, *place)] = start + sum(x[(k, *place)] for k in range(t + 1))
    return v


def mean_over_time(layer: Any, params: Any, x: Array) -> Array:
    y = np.zeros((1, *x.shape[1:]))
    for place in np.ndindex(x.shape[1:]):
        y[(0, *place)] = sum(x[(t, *place)] for t in range(len(x))) / len(x)
    return y


def repeat(layer: Any, params: Any, x: Array) -> Array:
    return np.array([x[0].tolist() for _ in range(layer.steps)])


def identity(layer: Any, params: Any, x: Array) -> Array:
    return np.array(x.tolist())


def lif(layer: Any, params: Any, x: Array) -> Array:
    """Spikes, neuron by neuron and step by step; a norm and a lateral layer by their own loops."""
    shape = x.shape[1:]
    decay, threshold = (np.broadcast_to(p, shape) for p in params[:2])
    direction = np.broadcast_to(1.0 if params.direction is None else params.direction, shape)
    amount = threshold if params.amount is None else np.broadcast_to(params.amount, shape)
    v, s = np.zeros(shape), np.zeros(shape)
    if params.initial is not None:
        v, s = params.initial.membrane.copy(), params.initial.spikes.copy()
    y = np.zeros(x.shape)
    for t in range(len(x)):
        h = np.zeros(shape)
        beside = None
        if layer.lateral is not None:
            side = conv if hasattr(layer.lateral, "kernel") else linear
            beside = side(layer.lateral, params.lateral, s[None])[0]
        for k in np.ndindex(shape):
            h[k] = decay[k] * v[k] + x[(t, *k)] + (0 if beside is None else beside[k])
        u = h
        if layer.norm is not None:
            norm = fixed_norm if hasattr(layer.norm, "statistics") else batch_norm
            u = norm(layer.norm, params.norm, h if norm is fixed_norm else h[None])
            u = u if norm is fixed_norm else u[0]
        for k in np.ndindex(shape):
            z = direction[k] * u[k] - threshold[k]
            s[k] = 1.0 if z > 0 or (z == 0 and layer.tie == "fires") else 0.0
            carried = u[k] if layer.carry == "normalised" else h[k]
            v[k] = carried * (1 - s[k]) if layer.reset == "hard" else carried - amount[k] * s[k]
            y[(t, *k)] = s[k]
    return y


def sums(x: Array, shape: tuple[int, ...]) -> Array:
    """Each number of x added where it would have come from, had ``shape`` been broadcast to x's."""
    y = np.zeros(shape)
    for index in np.ndindex(x.shape):
        place = index[len(index) - len(shape) :]
        y[tuple(k if size > 1 else 0 for k, size in zip(place, shape, strict=True))] += x[index]
    return y


def cross_entropy(outputs: Array, labels: Array) -> float:
    T, N, K = outputs.shape
    total = 0.0
    for n in range(N):
        mean = [sum(outputs[t, n, k] for t in range(T)) / T for k in range(K)]
        total += _surprise(mean, int(labels[n]))
    return total / N


def smoothed_cross_entropy(outputs: Array, labels: Array) -> float:
    """0.9 of the label's surprise and a tenth of the mean of all classes' surprises."""
    T, N, K = outputs.shape
    total = 0.0
    for n in range(N):
        mean = [sum(outputs[t, n, k] for t in range(T)) / T for k in range(K)]
        total += 0.9 * _surprise(mean, int(labels[n]))
        total += 0.1 * sum(_surprise(mean, k) for k in range(K)) / K
    return total / N


def two_masks(outputs: Array, labels: Array) -> float:
    """Both masks' cross-entropies, and how far their classes' probabilities are apart, number by number."""
    passes, N, K = outputs.shape
    surprise = [cross_entropy(outputs[i : i + 1], labels) for i in range(passes)]
    if passes == 1:
        return surprise[0]
    apart = 0.0
    for n in range(N):
        p, q = ([math.exp(-_surprise(list(o[n]), k)) for k in range(K)] for o in outputs)
        apart += sum((a - b) * (math.log(a) - math.log(b)) for a, b in zip(p, q, strict=True))
    return (surprise[0] + surprise[1]) / 2 + apart / (4 * N * K)


def mean_cross_entropy(outputs: Array, labels: Array) -> float:
    T, N, _ = outputs.shape
    return sum(
        _surprise(list(outputs[t, n]), int(labels[n])) for t in range(T) for n in range(N)
    ) / (T * N)


def squared_error(outputs: Array, labels: Array) -> float:
    T, N, K = outputs.shape
    total = 0.0
    for n in range(N):
        for k in range(K):
            rate = sum(outputs[t, n, k] for t in range(T)) / T
            total += (rate - (1.0 if k == labels[n] else 0.0)) ** 2
    return total / (N * K)


def _surprise(logits: list, label: int) -> float:
    """-log softmax(logits)[label], shifted by the largest logit."""
    top = max(logits)
    return math.log(math.fsum(math.exp(v - top) for v in logits)) - (logits[label] - top)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)
