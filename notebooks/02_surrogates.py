# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Surrogates: a slope for the step
#
# *What the papers put in place of the step's slope, how wide it should be, and how far from the truth.*
#
# ## Goal
#
# At the end you can
#
# * write down a surrogate as a pair, a primitive and its slope, and derive one from the other,
# * say what the width does, and why both a narrow and a wide slope fail,
# * name the one case in which a surrogate gradient is the true gradient of something,
# * measure how far it is from the truth in all other cases,
# * add a surrogate of your own, and have it verified, in twenty lines.
#
# **You need** notebook 1 up to the relaxed forward, and from probability the words *expectation* and
# *density*. Plan two hours.

# %%
import inspect
from dataclasses import dataclass

import numpy as np

from numsnn import LIF, Linear, MeanOverTime, Repeat, Serial, membranes, named
from numsnn.checks import CHECKS, LayerCase, ValueCase, adjoint, complex_step, formula
from numsnn.data import load
from numsnn.losses import cross_entropy, squared_error
from numsnn.mutants import Mutant, applied
from numsnn.optimizers import Adam
from numsnn.papers.im_loss import K
from numsnn.papers.psg_surrogates import PSGArctangent
from numsnn.parallel import set_threads
from numsnn.registry import REGISTRY, run
from numsnn.registry.functions import surrogate_draw
from numsnn.surrogates import SURROGATES, Bump, Gaussian, Sigmoid, Surrogate, Tanh
from numsnn.teaching import BLUE, GREEN, ORANGE, Picture, beside, plain, sheet
from numsnn.teaching.slopes import gallery

set_threads(1)  # small networks: a second thread would cost more than it brings
rng = np.random.default_rng(0)

# %% [markdown]
# ## The equations
#
# A neuron fires if its potential $h$ is above the threshold. With the distance $z = h -
# \text{threshold}$ the spike is $s = H(z)$, where the step $H$ is 1 for $z > 0$ and 0 for $z < 0$.
# Its derivative is 0 wherever it exists. Backpropagation needs another slope there.
#
# A **surrogate** is a pair of functions:
#
# * the **primitive** $P(z)$, a smooth stand-in for the step,
# * the **slope** $r(z) = dP/dz$, which the backward pass uses. The forward pass goes on using $H$.
#
# Nearly all of them have one form. Take a bump $f(x)$ of area 1 around $x = 0$, and the function
# $F(x)$ that it is the derivative of, so that $F' = f$. Then stretch it with a positive number, the
# **width**:
#
# $$P(z) = F(x), \qquad x = \frac{z}{\text{width}}$$
#
# | paper | bump f(x) | width | papers' words |
# |:--|:--|:--|:--|
# | RecDis eq. 7 | 1 for -1/2 < x < 1/2 | 1 | rectangle around the threshold 0.5 |
# | tdBN eq. 16 | the same | a | rectangle of length a and height 1/a |
# | MPBN eq. 12 | the same, with the ends | 1 | straight through, on 0 ≤ u ≤ 1 |
# | IM-Loss eq. 13 | (1 - tanh² x) / 2 | 1/k | slope of an asymptotic function |
# | IM-Loss eq. 14 | the same | 1/K(i) | it evolves: K grows with the epoch i |
# | PSG & PDA eq. 8-12 | 1 / (1 + x²), area π | 1/γ | arctangent; γ is learned |
# | PSG & PDA eq. 13-17 | no bump: 1 / (1 + exp(-x)) | 1/γ | softplus; γ is learned |
#
# IM-Loss lets the slope sharpen while the training runs, from $K_{min} = 1$ towards $K_{max} = 10$.
# With these bounds eq. 15 is $K(i) = 10^{i/N}$ for the epochs $i = 0 \dots N-1$:

# %%
print("width in epoch 0, 3, 6, 9 of 10:", [round(1 / K(i, 10), 3) for i in (0, 3, 6, 9)])

# %% [markdown]
# ## Failure first
#
# Does the width matter? Take the digits and the training of notebook 1, with three layers of
# neurons instead of one. The slope is the rectangle. We try three widths, each ten times the one
# before. Beside the accuracy the cell prints, for each layer, the share of potentials where the
# slope is not zero before the training starts, and the norm of the first layer's gradient.

# %%
digits = load("digits")
train_x, test_x = (
    part.reshape(1, len(part), 64).astype(np.float64) for part in (digits.train_x, digits.test_x)
)


def trained(width, steps=60):
    layers = [Linear(64, 32), Repeat(4), LIF(width=width)]
    layers += 2 * [Linear(32, 32), LIF(width=width)] + [Linear(32, 10), MeanOverTime()]
    network, optimizer = named(Serial(*layers)), Adam()
    params = network.init(np.random.default_rng(0), np.float64)
    state = optimizer.init(params)
    for step in range(steps):
        outputs, saved = network.forward(params, train_x)
        _, d_outputs = cross_entropy(outputs, digits.train_y)
        _, d_params = network.backward(saved, d_outputs)
        if step == 0:
            potentials = membranes(network, saved).values()
            shares = [np.mean(abs(u - 0.5) < width / 2) for u in potentials]
            size = np.linalg.norm(d_params[0].weight)
        params, state = optimizer.update(params, d_params, state, rate=0.01)
    outputs, _ = network.forward(params, test_x)
    return shares, size, np.mean(outputs[0].argmax(axis=1) == digits.test_y)


for width in (0.1, 1.0, 10.0):
    shares, size, accuracy = trained(width)
    shares = ", ".join(f"{share:.3f}" for share in shares)
    print(f"width {width:4}: slope not 0 for {shares}", end="")
    print(f"   gradient {size:.1e}   test accuracy {accuracy:.3f}")

# %% [markdown]
# * **Too narrow**: in the third layer no potential lies where the slope is. All its slopes are 0,
#   so the gradient of everything below is exactly 0. The network guesses.
# * **Too wide**: every potential has a slope, but each is only $1/\text{width} = 0.1$. The gradient
#   shrinks by that factor in every layer. Worse, a slope that is the same everywhere no longer knows
#   where the threshold is. The network learns something, and less.
#
# So the slope must be wide enough to see the potentials, and narrow enough to say which of them
# matter. This trade has a clean form. We derive it below.

# %% [markdown]
# ## Derivation
#
# ### The two partial derivatives
#
# $P$ depends on $z$ and on the width, both through $x = z/\text{width}$. The chain rule gives
#
# $$
# \begin{aligned}
# \frac{\partial P}{\partial z}
#   &= F'(x) \, \frac{\partial x}{\partial z}
#   = \frac{f(x)}{\text{width}} \\
# \frac{\partial P}{\partial \, \text{width}}
#   &= F'(x) \, \frac{\partial x}{\partial \, \text{width}}
#   = f(x) \cdot \Bigl(-\frac{z}{\text{width}^2}\Bigr)
#   = -x \, \frac{f(x)}{\text{width}}
# \end{aligned}
# $$
#
# The second is $-x$ times the first. The area under the slope is $F(\infty) - F(-\infty) = 1$ for
# every width, and so is the height of the step. A narrow slope is tall, a wide one is flat.
#
# ### Seven bumps
#
# Each $F$ below is 0 far to the left, 1 far to the right, and $1/2$ at 0. Differentiate it to get
# $f$.
#
# **Rectangle.** $F = x + \frac12$ between $-\frac12$ and $\frac12$. So $f = 1$ there, and 0
# elsewhere.
#
# **Triangle.** $F = \frac12 + x - \frac12 x |x|$ between $-1$ and $1$. The derivative of $x |x|$ is
# $2 |x|$. So $f = 1 - |x|$.
#
# **Sigmoid.** $F = 1/(1 + e^{-x})$. By the quotient rule
#
# $$
# f = \frac{e^{-x}}{(1 + e^{-x})^2}
# = \frac{1}{1 + e^{-x}} \cdot \frac{e^{-x}}{1 + e^{-x}}
# = F \, (1 - F)
# $$
#
# **Hyperbolic tangent.** $F = \frac12 (1 + \tanh x)$. So $f = \frac12 (1 - \tanh^2 x)$. It is the
# sigmoid at half the width, since $\frac12 (1 + \tanh x) = 1/(1 + e^{-2x})$.
#
# **Arctangent.** $F = \frac12 + \frac1\pi \arctan x$. So $f = \frac1\pi \cdot \frac{1}{1 + x^2}$.
#
# **Fast sigmoid.** $F = \frac12 + \frac12 \cdot \frac{x}{1 + |x|}$. For $x > 0$ the quotient rule
# gives $\frac{(1 + x) - x}{(1 + x)^2} = \frac{1}{(1 + x)^2}$, and the mirror image for $x < 0$. So
# $f = \frac12 \cdot \frac{1}{(1 + |x|)^2}$.
#
# **Gaussian.** $f = \varphi(x) = e^{-x^2/2} / \sqrt{2\pi}$, the normal density. $F = \Phi(x)$ is its
# integral, which has a name but no simpler form.
#
# ### The constant matters
#
# A slope has many primitives: add a constant to $P$ and $\partial P / \partial z$ stays. But if the
# constant depends on the width, $\partial P / \partial \, \text{width}$ changes. So it must be
# pinned. The rule here is $P(0) = \frac12$ for every width. (A softplus has no upper end and no
# middle; there $P(-\infty) = 0$.)
#
# ### The width in backpropagation
#
# Every spike of a layer uses the same width, so the chain rule sums over all of them, like for the
# threshold in notebook 1:
#
# $$d_{width} = \sum_t \frac{\partial P}{\partial \, \text{width}}[t] \; d_s[t]$$
#
# One caution. The spiking forward does not contain the width at all. The true derivative of the
# loss by the width is 0. What the formula gives is the exact derivative of the *relaxed* loss, and
# for the spiking network a rule that may or may not help. PSG & PDA eq. 18 is such a rule.
#
# ### Two slopes that belong to no function
#
# PSG & PDA learns $\gamma = 1/\text{width}$. Its eq. 11 and eq. 12 say
#
# $$
# \frac{\partial s}{\partial z} = \frac{1}{1 + (\gamma z)^2},
# \qquad
# \frac{\partial s}{\partial \gamma} = \frac{1}{1 + (\gamma z)^2}
# $$
#
# Are these the partial derivatives of one function of $z$ and $\gamma$? If they are, differentiating
# the first by $\gamma$ and the second by $z$ must give the same second derivative:
#
# $$
# \frac{\partial}{\partial \gamma} \, \frac{1}{1 + \gamma^2 z^2}
# = \frac{-2 \gamma z^2}{(1 + \gamma^2 z^2)^2},
# \qquad
# \frac{\partial}{\partial z} \, \frac{1}{1 + \gamma^2 z^2}
# = \frac{-2 \gamma^2 z}{(1 + \gamma^2 z^2)^2}
# $$
#
# They are equal only where $\gamma z^2 = \gamma^2 z$, that is, at $z = 0$ and $z = \gamma$. So there
# is no such function. Eq. 11 alone is fine: it is the slope of $\frac1\gamma \arctan(\gamma z)$.
# The check below will see the difference.
#
# ### When a surrogate is the truth
#
# Give the current some noise: the neuron sees $z + \sigma \xi$, where $\xi$ is a standard normal
# number, new for every step and sample, and $\sigma$ is the size of the noise. Now a single spike
# is random, but the **expected spike** is smooth:
#
# $$
# \begin{aligned}
# E[s] &= \text{Prob}(z + \sigma \xi > 0) = \text{Prob}\Bigl(\xi > -\frac{z}{\sigma}\Bigr) \\
#      &= 1 - \Phi\Bigl(-\frac{z}{\sigma}\Bigr) = \Phi\Bigl(\frac{z}{\sigma}\Bigr)
# \end{aligned}
# $$
#
# The last step holds because the normal density is symmetric. This is the primitive of the Gaussian
# surrogate with width $\sigma$, and its slope $\varphi(z/\sigma)/\sigma$ is the **true derivative of
# the expected spike**. Other bumps belong to other noise in the same way: a bump $f$ is the density
# of the noise for which it is exact.
#
# Count spikes to see it:

# %%
sigma, z = 0.3, np.linspace(-0.6, 0.6, 5)
xi = np.random.default_rng(1).standard_normal((400_000, 1))
counted = np.mean(z + sigma * xi > 0, axis=0)
print("share of spikes  ", np.round(counted, 2))
print("Gaussian, width σ", np.round(Gaussian().value(z, sigma), 2))

# %% [markdown]
# ### The trade
#
# Training does not know the noiseless $z$. It takes the slope at the noisy potential that it has
# just seen, with a width of its own, and averages over many samples. What is the average? By
# definition it is
#
# $$E\Bigl[\frac{1}{w} \, \varphi\Bigl(\frac{z + \sigma \xi}{w}\Bigr)\Bigr]$$
#
# where $w$ is the width. Read $\frac1w \varphi(y/w)$ as the density of $w \eta$ at the place $y$,
# with a second normal number $\eta$. Averaging over $\xi$ then gives the density of $w \eta - \sigma
# \xi$ at the place $z$. A sum of two independent normal numbers is normal, and the variances add:
#
# $$
# E\Bigl[\frac{1}{w} \, \varphi\Bigl(\frac{z + \sigma \xi}{w}\Bigr)\Bigr]
# = \frac{1}{\sqrt{w^2 + \sigma^2}} \; \varphi\Bigl(\frac{z}{\sqrt{w^2 + \sigma^2}}\Bigr)
# $$
#
# So the average slope is a Gaussian that is too wide: $\sqrt{w^2 + \sigma^2}$ instead of $\sigma$.
# That is the **bias**. It goes away as $w \to 0$. But the narrower the slope, the fewer samples lie
# under it, and the taller it is there: its average square grows like $1/w$. That is the **noise** of
# the gradient. Small widths trade bias for noise.

# %%
z, truth = 0.2, Gaussian().slopes(np.float64(0.2), 0.3)[0]
print("width    average slope   by the formula   truth    spread of one sample")
for width in (0.03, 0.1, 0.3, 1.0, 3.0):
    slopes = Gaussian().slopes(z + sigma * xi, width)[0]
    expected = Gaussian().slopes(np.float64(z), np.hypot(width, sigma))[0]
    print(f"{width:5}    {slopes.mean():8.2f}        {expected:8.2f}       {truth:8.2f}", end="")
    print(f"   {slopes.std():8.2f}")

# %% [markdown]
# ### More than one layer
#
# One question is left. The loss does not see the expected spike. It sees the spike, and does
# something with it. Let $L(s)$ be the loss as a function of one spike. With probability $p(z)$ the
# spike is 1, otherwise 0:
#
# $$E[L] = p(z) \, L(1) + (1 - p(z)) \, L(0), \qquad \frac{d \, E[L]}{dz} = p'(z) \, \bigl(L(1) - L(0)\bigr)$$
#
# The truth has the **difference** $L(1) - L(0)$. The surrogate has the **derivative** $L'(s)$ in its
# place, at $s = 1$ or at $s = 0$. If the slope is narrow and symmetric, half of the samples under it
# fire, and the average is $\frac12 (L'(0) + L'(1))$. That is the trapezoid rule for the integral of
# $L'$ from 0 to 1, and the integral is $L(1) - L(0)$. The trapezoid rule is exact for straight lines.
# So
#
# * if $L$ is linear or quadratic in the spike, narrow surrogates have **no bias**;
# * if more spiking layers follow, $L'$ is itself made of surrogates, and the rule no longer holds.
#
# The experiment under *Figure* shows both.

# %% [markdown]
# ## The library's lines
#
# ### Every surrogate, primitive above slope

# %%
gallery({name: one for name, one in SURROGATES.items() if name != "rectangular-closed"})

# %% [markdown]
# (`rectangular-closed` looks like `rectangular`. It differs at the two end points only. The clamped
# tangent is not in the papers, but in the published code of MPBN and IM-Loss.)
#
# Here is one whole surrogate:

# %%
print(inspect.getsource(Tanh))

# %% [markdown]
# `fading` is $e^{-2|x|}$. Why not write $\frac12 (1 - \tanh^2 x)$, as derived? For large $|x|$ the
# tangent is 1 to the last digit, and the difference is 0. The form in the library is the same
# function, without that loss:
#
# $$\frac12 \, (1 - \tanh^2 x) = \frac{2}{(e^{x} + e^{-x})^2} = \frac{2 \, e^{-2|x|}}{(1 + e^{-2|x|})^2}$$
#
# (The last step multiplies above and below with $e^{-2|x|}$.) The neuron hands $d_s$ to the surrogate
# and asks for $d_z$ and the width's gradient. A surrogate in general:

# %%
beside(
    Surrogate.backward,
    [
        ("r = ∂P/∂z,  ∂P/∂width", "ds_dz, ds_dwidth = "),
        ("d_z = r d_s,  d_width = Σ ∂P/∂width d_s", "return ds_dz * d_s, contract(ds_dwidth"),
    ],
)

# %% [markdown]
# One of $x = z/\mathrm{width}$ has $\partial P/\partial\mathrm{width} = -\frac{z}{\mathrm{width}} \,
# \partial P/\partial z$, so that its width's gradient is a sum over $z \, d_z$:

# %%
beside(
    Bump.backward,
    [
        ("r", "d_z = self.slope(z, width)"),
        ("d_z = r d_s", "d_z *= d_s"),
        ("d_width = - Σ z d_z / width", "return d_z, -contract(z, d_z"),
    ],
)

# %% [markdown]
# ### The checks, live
#
# `REGISTRY` holds an entry for every operation of the library, with a way to draw random cases that
# stay off its kinks. For a surrogate the checks are: the **contract** (shapes, types, nothing
# changed); its slopes against its primitive by **complex step**, by **differences** and by the order
# of the **taylor** remainder; and that the **primitive** has $P(0) = \frac12$ and rises by 1 in all.

# %%
checks = ("contract", "complex-step", "differences", "taylor", "primitive")
print(f"{'':19}" + " ".join(f"{check:^14}" for check in checks))
for name in SURROGATES:
    entry = REGISTRY[f"surrogate/{name}"]
    verdicts = (run(entry, check, cases=2).verdict for check in checks)
    print(f"{name:19}" + " ".join(f"{verdict:^14}" for verdict in verdicts))

# %% [markdown]
# ### A pair that cannot pass
#
# The library also has PSG & PDA's arctangent, as printed and repaired. As printed, the slope in $z$
# belongs to $\frac1\gamma \arctan(\gamma z)$, but the slope in $\gamma$ belongs to nothing. (The
# library calls every such parameter `width`, so the place is `params`.)

# %%
for form in ("paper", "rescaled"):
    report = complex_step(surrogate_draw(PSGArctangent(form))(np.random.default_rng(3)), rng)
    print(f"{form:9} {report.verdict}  {report.worst or ''}")

# %% [markdown]
# ### Your own, in twenty lines
#
# Say you want a bump with a finite support and no corner: half a cosine wave, lifted. Integrate it
# to get the primitive:
#
# $$
# f(x) = \frac{1 + \cos \pi x}{2}, \qquad
# F(x) = \frac{1 + x}{2} + \frac{\sin \pi x}{2 \pi}, \qquad -1 < x < 1
# $$
#
# Write the class, draw a case, run the checks. Look at `.real` where you branch, because the
# complex step sends complex numbers through.


# %%
@dataclass(frozen=True)
class RaisedCosine(Surrogate):
    """f(x) = (1 + cos pi x)/2 for |x| < 1, else 0."""

    def kinks(self, width):  # f'' jumps there
        return (-width, width)

    def value(self, z, width):
        x = z / width
        x = np.where(abs(x.real) < 1, x, np.sign(x.real))
        return (1 + x) / 2 + np.sin(np.pi * x) / (2 * np.pi)

    def slopes(self, z, width):
        x = z / width
        ds_dz = np.where(abs(x.real) < 1, (1 + np.cos(np.pi * x)) / 2, 0) / width
        return ds_dz, -x * ds_dz


case = surrogate_draw(RaisedCosine())(np.random.default_rng(0))
for check in checks:
    print(f"{check:13} {CHECKS[check](case, np.random.default_rng(1)).verdict}")

# %% [markdown]
# It is a surrogate like the others now. A network that uses it passes the adjoint identity:

# %%
network = named(Serial(Linear(6, 8), LIF(surrogate=RaisedCosine()), Linear(8, 3)))
params = network.init(np.random.default_rng(0), np.float64)
inputs = 3 * np.random.default_rng(1).standard_normal((5, 4, 6))
print(adjoint(LayerCase(network, params, inputs), np.random.default_rng(2)))

# %% [markdown]
# ## Figure
#
# How far is the surrogate gradient from the truth in a network that runs through time? "Truth" needs
# a definition: the gradient of the **expected loss** when the current into the first layer carries
# noise, $c + \sigma \xi$.
#
# ### The true gradient, by Monte Carlo
#
# The expected loss is an integral over the noisy current $y = c + \sigma \xi$. For one current,
#
# $$E[L] = \int L(y) \; \frac1\sigma \, \varphi\Bigl(\frac{y - c}{\sigma}\Bigr) \, dy$$
#
# Look where $c$ stands: in the density only, not in $L$. So the derivative never touches the step.
# With $\varphi'(a) = -a \, \varphi(a)$,
#
# $$
# \frac{d}{dc} \, \varphi\Bigl(\frac{y - c}{\sigma}\Bigr)
# = \frac{y - c}{\sigma^2} \; \varphi\Bigl(\frac{y - c}{\sigma}\Bigr)
# = \frac{\xi}{\sigma} \; \varphi\Bigl(\frac{y - c}{\sigma}\Bigr)
# $$
#
# and therefore
#
# $$\frac{d \, E[L]}{dc} = E\Bigl[\, L \cdot \frac{\xi}{\sigma} \Bigr]$$
#
# No derivative of the network is needed: only its losses, and the noise that led to them. This is
# the **score function**, or likelihood-ratio, estimator. Since $E[\xi] = 0$, any constant may be
# subtracted from $L$; the mean loss is a good one, it makes the estimate less noisy. For a weight,
# $c_h[t] = \sum_i W_{hi} x_i[t]$, so
#
# $$\frac{d \, E[L]}{dW_{hi}} = E\Bigl[ (L - \bar L) \sum_t \frac{\xi_h[t]}{\sigma} \, x_i[t] \Bigr]$$
#
# The network: one input, shown for five steps, six neurons, three outputs, and the squared error to
# the label 1. Once with nothing else, once with a second spiking layer of twelve neurons. A batch is
# the same input over and over, with other noise.

# %%
T, neurons, sigma = 5, 6, 0.3
draw = np.random.default_rng(0)
W, x = draw.normal(0, 0.6, (neurons, 4)), draw.random((T, 4))


def built(deep, width=1.0, detach=False):
    """The network behind the first weights W, and its parameters."""
    first, second = (LIF(0.5, v, width, Gaussian(), detach_reset=detach) for v in (0.5, 0.1))
    top = [Linear(neurons, 12), second, Linear(12, 3)] if deep else [Linear(neurons, 3)]
    network = named(Serial(first, *top, MeanOverTime()))
    return network, network.init(np.random.default_rng(9), np.float64)


def noisy(network, params, samples, seed):
    """One input, many times, with noise in the current."""
    noise = np.random.default_rng(seed).standard_normal((T, samples, neurons))
    return noise, *network.forward(params, (x @ W.T)[:, None] + sigma * noise)


def score_function(network, params, samples=100_000, seed=0):
    noise, outputs, _ = noisy(network, params, samples, seed)
    losses = np.mean((outputs[0] - [0, 1, 0]) ** 2, axis=-1)
    return np.einsum("tnh,ti->hi", (losses - losses.mean())[:, None] * noise / sigma, x) / samples


def surrogate(network, params, samples=40_000):
    _, outputs, saved = noisy(network, params, samples, seed=99)
    _, d_outputs = squared_error(outputs, np.ones(samples, int))
    d_current, _ = network.backward(saved, d_outputs)
    return np.einsum("tnh,ti->hi", d_current, x)


truth = {}
for deep in (False, True):
    parts = [score_function(*built(deep), seed=seed) for seed in range(6)]
    truth[deep] = np.mean(parts, axis=0)
    error = np.linalg.norm(np.std(parts, axis=0)) / np.sqrt(5) / np.linalg.norm(truth[deep])
    print(f"{'two layers' if deep else 'one layer '}  relative error of the truth {error:.4f}")

# %% [markdown]
# A sceptic asks whether the estimator is right. The expected loss is smooth, so a central difference
# of it is allowed, with the same noise on both sides. Take the first weight:

# %%
network, params = built(deep=False)
expected = []
for step in (0.05, -0.05):
    W[0, 0] += step
    _, outputs, _ = noisy(network, params, 200_000, seed=1)
    expected.append(np.mean((outputs[0] - [0, 1, 0]) ** 2))
    W[0, 0] -= step
print(f"score function     {truth[False][0, 0]:.3f}")
print(f"central difference {(expected[0] - expected[1]) / 0.1:.3f}")

# %% [markdown]
# ### The surrogate gradient against it
#
# Now the same networks with the library's backward, for widths from a tenth of the noise to eight
# times the noise. Two numbers: the **relative error**, the length of the difference over the length
# of the truth; and the **cosine** of the angle between them, 1 if both point the same way.

# %%
ratios = np.array([0.1, 0.2, 0.4, 0.7, 1, 1.4, 2, 4, 8])
settings = {
    "one layer, reset kept": (False, False, BLUE),
    "one layer, reset detached": (False, True, ORANGE),
    "two layers, reset kept": (True, False, GREEN),
}
measured = {}
for name, (deep, detach, _) in settings.items():
    found = [surrogate(*built(deep, ratio * sigma, detach)) for ratio in ratios]
    norm = np.linalg.norm(truth[deep])
    errors = [np.linalg.norm(g - truth[deep]) / norm for g in found]
    cosines = [np.sum(g * truth[deep]) / np.linalg.norm(g) / norm for g in found]
    measured[name] = errors, cosines
    print(f"{name:26}", " ".join(f"{error:.2f}" for error in errors))

# %%
figure = sheet(8.4, 3.6)
left, right = figure.subplots(1, 2)
for name, (errors, cosines) in measured.items():
    left.plot(ratios, errors, "o-", color=settings[name][2], ms=4, label=name)
    right.plot(ratios, cosines, "o-", color=settings[name][2], ms=4)
for axes, what in ((left, "relative error"), (right, "cosine with the truth")):
    plain(axes, "width / size of the noise", what).set_xscale("log")
    axes.set(ylim=(0, 1.05), xticks=(0.1, 1, 8), xticklabels=("0.1", "1", "8"))
left.legend(frameon=False, fontsize=8.5, loc="upper left", bbox_to_anchor=(0, 0.95))
Picture(
    figure,
    "Relative error and cosine of the surrogate gradient over the width. One layer with the reset "
    "kept: the error falls to almost 0 for narrow slopes. One layer with the reset detached: it "
    "falls to a minimum near the size of the noise and rises again to about 0.3. Two layers: the "
    "error is smallest, about 0.4, at a width of 0.4 of the noise. All errors approach 1 for wide "
    "slopes. The cosines stay above 0.7.",
)

# %% [markdown]
# Read it curve by curve.
#
# * **One layer, reset kept.** The loss is quadratic in the outputs, so the theory promised no bias
#   for the direct way from a spike to the loss, as the width goes to 0. The way through the reset is
#   not quadratic, but it adds little: the error falls below 2 %, and most of that is sampling.
# * **One layer, reset detached.** The error does not go away. It has a low point near width = noise,
#   but only because two mistakes cancel there: the missing path makes the gradient too long, the
#   width makes it too short.
# * **Two layers.** Narrow slopes are bad, because the second layer has no noise of its own and few
#   potentials meet its slope. Wide slopes are bad, because of the bias. In between the gradient has
#   the wrong length, but nearly the right direction. For descent the direction is what counts.
# * **Wide slopes** make every gradient small, so every relative error tends to 1.
#
# This is what a verified surrogate gradient is, and what it is not. The checks say that the backward
# computes the surrogate gradient *exactly*. They do not say that the surrogate gradient is the
# gradient you want. That is a question for an experiment like this one.

# %% [markdown]
# ## Exercises
#
# Each cell runs as it is and says what it found. Change the line marked `# <-`, run again, and open
# the solution only then.
#
# ### 1. The last width
#
# IM-Loss wants $K$ to grow from 1 to 10. Take $K(i) = 10^{i/N}$ and $N = 10$ epochs. What is the
# width in the *last* epoch? Write it as an expression. Does $K$ reach 10?

# %%
answer = 0.1  # <-

case = ValueCase(lambda: np.array(answer), lambda: np.array(1 / K(9, 10)), ())
print("your answer is", "right" if formula(case, rng).passed else "not right yet")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# The epochs are counted from 0, so the last one is $i = N - 1 = 9$, and $K = 10^{0.9} = 7.94$. It
# stops short of 10. (With $i/(N-1)$ in the exponent it would get there.)
#
# ```python
# answer = 10**-0.9
# assert formula(ValueCase(lambda: np.array(answer), lambda: np.array(1 / K(9, 10)), ()), rng).passed
# ```
# </details>
#
# ### 2. A mistake that one check sees and the other does not
#
# Plant a mistake in the sigmoid's *primitive* such that the slopes still agree with it, in $z$ and
# in the width, but the check `primitive` fails. The edit below changes nothing yet.

# %%
old = "return logistic(z / width)"
new = "return logistic(z / width)"  # <-

mine = Mutant("mine", "numsnn.surrogates:Sigmoid.value", old, new, "a mistake of my own")
case = surrogate_draw(Sigmoid())(np.random.default_rng(0))
with applied(mine):
    for check in ("complex-step", "primitive"):
        print(f"{check:13} {CHECKS[check](case, np.random.default_rng(1)).verdict}")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# A constant has no derivative, so adding one changes no slope. (If the constant depended on the
# width, the complex step would see it.) In training, such a primitive would do no harm to the
# spiking network, and quite some to the relaxed one.
#
# ```python
# mine = Mutant("mine", mine.target, old, "return logistic(z / width) + 0.1", "a constant")
# case = surrogate_draw(Sigmoid())(np.random.default_rng(0))
# with applied(mine):
#     pair = ("complex-step", "primitive")
#     verdicts = [CHECKS[check](case, np.random.default_rng(1)).verdict for check in pair]
# assert verdicts == ["passed", "failed"]
# ```
# </details>
#
# ### 3. Repair a surrogate
#
# The double exponential has $f(x) = \frac12 e^{-|x|}$. Its primitive below is right. One of its two
# slopes is not. Find out which, from the place that the check names, and repair it.


# %%
@dataclass(frozen=True)
class DoubleExponential(Surrogate):
    """f(x) = exp(-|x|)/2."""

    def kinks(self, width):
        return (0 * width,)

    def value(self, z, width):
        x = z / width
        tail = np.exp(np.where(x.real < 0, x, -x)) / 2
        return np.where(x.real < 0, tail, 1 - tail)

    def slopes(self, z, width):
        x = z / width
        ds_dz = np.exp(np.where(x.real < 0, x, -x)) / (2 * width)
        return ds_dz, -z * ds_dz  # <- is it this one, or the one above?


case = surrogate_draw(DoubleExponential())(np.random.default_rng(0))
report = complex_step(case, np.random.default_rng(1))
print(report.verdict, report.worst or "", sep="\n")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# The place is `params`, the width. Its slope is $-x \, \partial P / \partial z$, with $x =
# z/\text{width}$, not with $z$.
#
# ```python
# class Repaired(DoubleExponential):
#     def slopes(self, z, width):
#         ds_dz, _ = super().slopes(z, width)
#         return ds_dz, -z / width * ds_dz
#
#
# case = surrogate_draw(Repaired())(np.random.default_rng(0))
# assert complex_step(case, np.random.default_rng(1)).passed
# ```
# </details>
#
# ### 4. The slope that PSG & PDA needs
#
# Eq. 11 is the slope of $\frac1\gamma \arctan(\gamma z) + \frac12$. Derive the true derivative of
# this function by $\gamma$, and write it down in terms of `z` and `g`, which is $\gamma$.


# %%
def by_gamma(z, g):
    return 1 / (1 + (g * z) ** 2)  # <- eq. 12, as printed


points, g = np.linspace(-2, 2, 9), np.full(9, 1.7)
case = ValueCase(by_gamma, lambda z, g: PSGArctangent("rescaled").slopes(z, g)[1], (points, g))
print("your formula is", "right" if formula(case, rng).passed else "not right yet")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# Product rule, with $x = \gamma z$ and $\partial x / \partial \gamma = z$:
#
# $$
# -\frac{1}{\gamma^2} \arctan x + \frac1\gamma \cdot \frac{z}{1 + x^2}
# = \frac{1}{\gamma^2} \Bigl(\frac{x}{1 + x^2} - \arctan x\Bigr)
# $$
#
# ```python
# def by_gamma(z, g):
#     return (g * z / (1 + (g * z) ** 2) - np.arctan(g * z)) / g**2
#
#
# case = ValueCase(by_gamma, lambda z, g: PSGArctangent("rescaled").slopes(z, g)[1], (points, g))
# assert formula(case, rng).passed
# ```
# </details>
#
# ## What you have now
#
# You know what stands in for the slope of the step, how to derive it, what its width trades, and how
# to measure what it misses. Notebook 3 leaves the neuron, and looks at what feeds it: convolutions
# and normalisation.
