"""MPBN eq. 4-9: norms ahead of the charge, and between charge and firing."""

from dataclasses import replace
from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.conv import Conv2d
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, bits, gap, normals, unrolled
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, FixedNorm, Statistics
from numsnn.papers import mpbn

row = of_paper("mpbn")
EPS = 1e-2  # large enough that leaving it out shows


def normalised_neuron(seed: int, norm: Any = None) -> tuple[Any, BatchNorm.Params]:
    """A run of 6 steps, 8 samples, 3 channels through a neuron with MPBN, and the gain and shift."""
    neuron = replace(mpbn.neuron((3,)), norm=norm or BatchNorm((3,), eps=EPS))
    affine = BatchNorm.Params(1 + 0.5 * normals(seed, 3), 0.3 * normals(seed + 1, 3))
    params = neuron.init(np.random.default_rng(0), np.float64)._replace(norm=affine)
    return neuron.forward(params, normals(seed + 2, 6, 8, 3))[1], affine


@row(
    "4",
    latex=r"\tilde c_i^{(t)} = \frac{c_i^{(t)} - \mu_i}{\sqrt{\sigma_i^2 + \epsilon}}",
    meaning="Batch normalisation of a channel of the input.",
    symbol="numsnn.norms.BatchNorm.forward",
    by="value, and the mean and variance that come out",
    formula=lambda c, mean, var, eps: (c - mean) / np.sqrt(var + eps),
    wrong={
        "no epsilon": lambda c, mean, var, eps: (c - mean) / np.sqrt(var),
        "variance, not its root": lambda c, mean, var, eps: (c - mean) / (var + eps),
        "not centred": lambda c, mean, var, eps: c / np.sqrt(var + eps),
    },
)
def normalise(formula: Formula) -> float:
    layer, c = BatchNorm((3,), eps=EPS), 2 * normals(6, 1, 20, 3) + normals(7, 3)
    y, _ = layer.forward(layer.init(np.random.default_rng(0), np.float64), c)
    mean, var = c.mean(axis=(0, 1)), c.var(axis=(0, 1))
    expected = formula(c, mean, var, EPS)
    return max(
        gap(y, expected),
        gap(expected.mean(axis=(0, 1)), np.zeros(3)),
        gap(expected.var(axis=(0, 1)), var / (var + EPS)),
    )


@row(
    "5",
    latex=r"BN(c_i^{(t)}) = \lambda_i \tilde c_i^{(t)} + \beta_i",
    meaning="A learnt gain and shift for each channel.",
    symbol="numsnn.norms.FixedNorm.forward",
    by="value under running statistics, on images",
    formula=lambda c, gain, shift: gain * c + shift,
    wrong={
        "channel of another": lambda c, gain, shift: gain[::-1] * c + shift,
        "gain on the shift": lambda c, gain, shift: gain * (c + shift),
        "exchanged": lambda c, gain, shift: shift * c + gain,
    },
)
def affine(formula: Formula) -> float:
    mean, var = normals(8, 3, 1, 1), normals(9, 3, 1, 1) ** 2
    layer = FixedNorm((3, 1, 1), Statistics(mean, var), eps=EPS)
    gain, shift = normals(10, 3, 1, 1), normals(11, 3, 1, 1)
    c = normals(12, 2, 4, 3, 2, 2)
    y, _ = layer.forward(BatchNorm.Params(gain, shift), c)
    return gap(y, formula((c - mean) / np.sqrt(var + EPS), gain, shift))


@row(
    "6",
    latex=r"u^{(t+1),pre} = \tau u^{(t)} + BN(W x^{(t+1)})",
    meaning="The usual place of a norm: after the convolution, ahead of the charge.",
    symbol="numsnn.neurons.LIF.forward_over",
    by="trace of convolution, norm, neuron",
    formula=lambda u, normal, tau: tau * u + normal,
    wrong={
        "the leak is added whole": lambda u, normal, tau: u + normal,
        "the norm decays": lambda u, normal, tau: tau * (u + normal),
        "no leak": lambda u, normal, tau: normal,
    },
)
def norm_before_charge(formula: Formula) -> float:
    network = Serial(Conv2d(2, 3, 3, bias=False), BatchNorm((3, 1, 1), eps=EPS), LIF(0.25))
    params = network.init(np.random.default_rng(13), np.float64)
    x = bits(14, 5, 4, 2, 5, 5)
    _, saved = network.forward(params, x)
    c = network.layers[0].forward(params[0], x)[0]
    mean, var = (f(c, axis=(0, 1, 3, 4), keepdims=True) for f in (np.mean, np.var))
    u, _ = unrolled(
        lambda u, o, y: formula(u * (1 - o), y, 0.25),
        lambda u: u > 0.5,
        (c - mean) / np.sqrt(var + EPS),
    )
    return gap(saved[2].membrane, u)


def at_each_step(u: Array, gain: Any, shift: Any, eps: float) -> Array:
    """Normalised with the batch statistics of every step by itself."""
    mean, var = u.mean(axis=1, keepdims=True), u.var(axis=1, keepdims=True)
    return gain * (u - mean) / np.sqrt(var + eps) + shift


def over_all_steps(u: Array, gain: Any, shift: Any, eps: float) -> Array:
    """Normalised with one set of statistics for the whole sequence."""
    return gain * (u - u.mean(axis=(0, 1))) / np.sqrt(u.var(axis=(0, 1)) + eps) + shift


@row(
    "7",
    latex=r"\tilde u^{(t+1),pre} = MPBN(u^{(t+1),pre})",
    meaning="A second norm on the charged potential, with the statistics of the batch at each step.",
    symbol="numsnn.neurons.LIF.forward",
    by="value at every step; the raw potential is what the next step starts from",
    formula=at_each_step,
    wrong={
        "statistics over all steps": over_all_steps,
        "gain left out": lambda u, gain, shift, eps: at_each_step(u, 1.0, shift, eps),
        "shift before the gain": lambda u, gain, shift, eps: (
            gain * at_each_step(u, 1.0, shift, eps)
        ),
    },
    erratum="M4",
    instead="Statistics of each step. M3: the raw potential is reset and carried; normalised is an option.",
)
def membrane_norm(formula: Formula) -> float:
    saved, affine = normalised_neuron(15)
    carried = saved.charged[:-1] * (1 - saved.spikes[:-1])
    raw = gap(saved.charged[1:], 0.25 * carried + normals(17, 6, 8, 3)[1:])
    return max(raw, gap(saved.membrane, formula(saved.charged, *affine, EPS)))


@row(
    "8",
    latex=r"o^{(t+1)} = 1 \ \text{if}\ MPBN(u^{(t+1),pre}) > V_{th},\ \text{else}\ 0",
    meaning="It is the normalised potential that is held against the threshold.",
    symbol="numsnn.firing.Step.fire",
    by="every spike of a run, norm by hand",
    formula=lambda normal, raw, V: normal > V,
    wrong={
        "the raw potential": lambda normal, raw, V: raw > V,
        "their sum": lambda normal, raw, V: normal + raw > V,
        "below": lambda normal, raw, V: normal < V,
    },
)
def fires_on_normalised(formula: Formula) -> float:
    saved, affine = normalised_neuron(18)
    normal = at_each_step(saved.charged, affine.gain, affine.shift, EPS)
    return gap(saved.spikes, formula(normal, saved.charged, 0.5))


@row(
    "9",
    latex=r"o_i^{(t+1)} = 1 \ \text{if}\ \lambda_i \frac{u_i^{(t+1),pre} - \mu_i}{\sqrt{\sigma_i^2}}"
    r" + \beta_i > V_{th},\ \text{else}\ 0",
    meaning="The same written out, for inference with running statistics.",
    symbol="numsnn.neurons.LIF.forward",
    by="every spike of a run, one channel of little variance",
    formula=lambda u, mean, var, gain, shift, V, eps: (
        gain * (u - mean) / np.sqrt(var + eps) + shift > V
    ),
    wrong={
        "no epsilon, as printed": lambda u, mean, var, gain, shift, V, eps: (
            gain * (u - mean) / np.sqrt(var) + shift > V
        ),
        "not centred": lambda u, mean, var, gain, shift, V, eps: (
            gain * u / np.sqrt(var + eps) + shift > V
        ),
        "shift on the other side": lambda u, mean, var, gain, shift, V, eps: (
            gain * (u - mean) / np.sqrt(var + eps) > V + shift
        ),
    },
    erratum="M1",
    instead="With epsilon, which decides where a channel hardly varies.",
)
def written_out(formula: Formula) -> float:
    mean, var = np.array([0.2, -0.1, 0.4]), np.array([1e-4, 0.5, 2.0])
    norm = FixedNorm((3,), Statistics(mean, var), eps=EPS)
    saved, (gain, shift) = normalised_neuron(21, norm=norm)
    return gap(saved.spikes, formula(saved.charged, mean, var, gain, shift, 0.5, EPS))


ROWS = collected(globals())
