"""What the checks share: fixed random data, distances, differences, and the plain recursions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.neurons import LIF

Array = np.ndarray
HIGH = 1e9  # a threshold that is never reached


def normals(seed: int, *shape: int) -> Array:
    """Standard normal numbers, the same at every call."""
    return np.random.default_rng(seed).standard_normal(shape)


def bits(seed: int, *shape: int, rate: float = 0.4) -> Array:
    """Spikes: 1.0 at the given rate, else 0.0."""
    return (np.random.default_rng(seed).random(shape) < rate).astype(float)


def lattice(seed: int, *shape: int, step: float = 0.125, reach: int = 8) -> Array:
    """Multiples of ``step`` up to ``reach`` steps either side of 0: a threshold of 0.5 is met often."""
    return step * np.random.default_rng(seed).integers(-reach, reach + 1, shape).astype(float)


def gap(found: Any, expected: Any) -> float:
    """max |found - expected| / max(1, max |expected|); infinite for other shapes or what is not finite."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.max(np.abs(found - expected)) / max(1.0, np.max(np.abs(expected))))


def deviations(samples: Array, expected: Any) -> float:
    """|mean of the samples - expected| in standard errors of that mean."""
    error = np.std(samples, ddof=1) / np.sqrt(samples.size)
    return float(abs(np.mean(samples) - expected) / error)


def gradient(function: Callable[[Array], Any], x: Array, step: float = 1e-5) -> Array:
    """df/dx of a scalar function, by central differences, one number at a time."""
    result = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        shift = np.zeros(x.shape)
        shift[place] = step
        result[place] = (function(x + shift) - function(x - shift)) / (2 * step)
    return result


def jacobian(function: Callable[[Array], Array], x: Array, step: float = 1e-5) -> Array:
    """J[i, j] = d function(x)[i] / d x[j] of a row of numbers, by central differences."""
    return np.stack(
        [(function(x + e) - function(x - e)) / (2 * step) for e in step * np.eye(x.size)], axis=1
    )


def flow(slope: Callable[..., Any], u: Any, *constants: Any, steps: int = 200) -> Any:
    """u(1) of du/dt = slope(u, *constants), by the classical Runge-Kutta rule of fourth order."""
    dt = 1 / steps
    for _ in range(steps):
        a = slope(u, *constants)
        b = slope(u + dt / 2 * a, *constants)
        c = slope(u + dt / 2 * b, *constants)
        u = u + dt / 6 * (a + 2 * b + 2 * c + slope(u + dt * c, *constants))
    return u


def run(neuron: Any, current: Array) -> Any:
    """What a neuron as it begins keeps of a run on current [T, N, ...], in double precision."""
    return neuron.forward(neuron.init(np.random.default_rng(0), np.float64), current)[1]


def lif(current: Array, **fields: Any) -> LIF.Saved:
    """What a LIF with these fields keeps of a run."""
    return run(LIF(**fields), current)


def unrolled(
    charge: Callable[[Array, Array, Array], Array],
    fire: Callable[[Array], Array],
    inputs: Array,
    neurons: int | tuple[int, ...] | None = None,
) -> tuple[Array, Array]:
    """Membranes and spikes of u = charge(u before, o before, x), o = fire(u), from rest.

    inputs: x at every step. neurons: the shape of u, where it is not that of x.
    """
    u = o = np.zeros(inputs.shape[1:] if neurons is None else neurons)
    membranes, spikes = [], []
    for x in inputs:
        u = charge(u, o, x)
        o = np.asarray(fire(u), float)
        membranes.append(u)
        spikes.append(o)
    return np.array(membranes), np.array(spikes)


def channels(x: Array) -> Array:
    """[C, everything else] of x [T, N, C] or [T, N, C, H, W]."""
    return np.moveaxis(x, 2, 0).reshape(x.shape[2], -1)
