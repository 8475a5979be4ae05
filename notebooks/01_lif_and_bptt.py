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
# # 1 · From the membrane equation to a verified gradient
#
# *One neuron, its gradient through time derived by hand, and three ways to check it.*
#
# ## Goal
#
# At the end you can
#
# * turn the membrane equation into the neuron that all five papers train,
# * say why its loss has no useful derivative, and what is put in its place,
# * derive backpropagation through time for it, one arrow at a time,
# * find every line of your derivation in the library,
# * show that the lines are right, although finite differences of the loss say otherwise.
#
# **You need** the chain rule for several variables, and a little NumPy. **You do not need** any
# earlier contact with spiking networks. Plan two hours, or one without the exercises.
#
# The papers are called RecDis, PSG & PDA, MPBN, tdBN and IM-Loss here; the README of this folder
# says which they are, and whose symbol means what.

# %%
import inspect
from contextlib import nullcontext

import numpy as np

from numsnn import LIF, Linear, MeanOverTime, Repeat, Serial, anchored, named, relaxed
from numsnn.checks import CHECKS, LayerCase, ValueCase, adjoint, formula
from numsnn.data import load
from numsnn.errata import ledger
from numsnn.firing import Anchored, Relaxed, Step
from numsnn.losses import cross_entropy
from numsnn.mutants import PLANTED, Mutant, applied
from numsnn.optimizers import Adam
from numsnn.parallel import set_threads
from numsnn.teaching import BLUE, GREEN, GREY, INK, ORANGE, Picture, beside, plain, sheet
from numsnn.teaching.neuron import trace, unrolled

set_threads(1)  # small networks: a second thread would cost more than it brings
rng = np.random.default_rng(0)

# %% [markdown]
# ## The equations
#
# ### A leaky bucket
#
# A neuron holds one number, its **membrane potential** $u$. A **current** $I$ flows in and raises
# it. At the same time it leaks away, faster the more there is:
#
# $$\tau \, \frac{du}{dt} = -u + I$$
#
# The **time constant** $\tau$ says how slowly it leaks: without a current, $1/e \approx 37\,\%$ of
# the potential is left after a time $\tau$. This is PSG & PDA eq. 1 and IM-Loss eq. 1. RecDis eq. 1
# writes $RI$ for $I$, with a resistance $R$; we measure currents so that $R = 1$.
#
# ### From time to steps
#
# A program goes in steps of length $dt$. Let $u[t]$ be the potential after step $t$, and let the
# current have one value, $I[t]$, during the whole step. There are two ways to get from $u[t-1]$ to
# $u[t]$.
#
# **Euler's step** takes the slope at the start of the step and keeps it:
#
# $$
# \begin{aligned}
# \tau \, \frac{u[t] - u[t-1]}{dt} &= -u[t-1] + I[t] \\
# u[t] &= u[t-1] + \frac{dt}{\tau} \, \bigl(-u[t-1] + I[t]\bigr) \\
# u[t] &= \Bigl(1 - \frac{dt}{\tau}\Bigr) \, u[t-1] + \frac{dt}{\tau} \, I[t]
# \end{aligned}
# $$
#
# This is RecDis eq. 3.
#
# **The exact step** solves the equation. During the step $I$ does not change, so the distance
# $q = u - I$ has the same derivative as $u$:
#
# $$
# \tau \, \frac{dq}{dt} = \tau \, \frac{du}{dt} = -u + I = -q
# $$
#
# A quantity whose derivative is $-1/\tau$ times itself shrinks by the factor $e^{-dt/\tau}$ within
# a step. Put $q = u - I$ back in:
#
# $$
# \begin{aligned}
# u[t] - I[t] &= e^{-dt/\tau} \, \bigl(u[t-1] - I[t]\bigr) \\
# u[t] &= e^{-dt/\tau} \, u[t-1] + \bigl(1 - e^{-dt/\tau}\bigr) \, I[t]
# \end{aligned}
# $$
#
# Both steps have one form. With a number called the **decay**,
#
# $$
# u[t] = \text{decay} \cdot u[t-1] + (1 - \text{decay}) \, I[t],
# \qquad
# \text{decay} =
# \begin{cases} 1 - dt/\tau & \text{Euler} \\ e^{-dt/\tau} & \text{exact} \end{cases}
# $$
#
# Euler's decay is the beginning of the exponential's series, $e^{-a} = 1 - a + a^2/2 - \dots$ with
# $a = dt/\tau$. The two differ by about $a^2/2$: little for short steps, much for long ones.
#
# The papers go one step further. The current is a weighted sum of the inputs $x$, and a constant
# factor of a weighted sum can go into the weights. So $(1 - \text{decay}) \, I[t]$ is just called
# the current $c[t]$, and what is left is
#
# $$u[t] = \text{decay} \cdot u[t-1] + c[t], \qquad c[t] = \sum_j w_j \, x_j[t].$$
#
# ### A misprint you can see
#
# PSG & PDA eq. 2 takes the exact step, but prints its decay as $e^{1/\tau}$. The minus sign is
# missing. A decay above 1 does not leak: the potential grows without end. Let the library's neuron
# run with all three numbers. Its threshold is out of reach, so that it only charges.
#
# (A layer of the library keeps nothing inside. `init` makes its parameters, and `forward(params, x)`
# gives back its output and `saved`, all that the backward pass will need.)

# %%
tau, dt = 2.0, 1.0
decays = {
    "exact": np.exp(-dt / tau),
    "Euler": 1 - dt / tau,
    "as printed in PSG & PDA eq. 2": np.exp(dt / tau),
}
constant = np.ones((9, 1, 1))  # I = 1 at 9 steps, for 1 sample of 1 neuron
paths = {}
for name, decay in decays.items():
    neuron = LIF(decay=decay, threshold=1e9)
    current = abs(1 - decay) * constant  # as printed, 1 - decay would be negative
    _, saved = neuron.forward(neuron.init(rng, np.float64), current)
    paths[name] = np.append(0, saved.membrane[:, 0, 0])

# %%
fine = np.linspace(0, 9, 200)
styles = (("o", BLUE, BLUE), ("s", GREEN, "none"), ("^", ORANGE, ORANGE))
figure = sheet(8.4, 3.4)
axes = plain(figure.subplots(), "time", "potential u")
axes.plot(fine, 1 - np.exp(-fine / tau), color=INK, lw=1, label="the membrane equation")
for (name, path), (marker, colour, inside) in zip(paths.items(), styles, strict=True):
    axes.plot(path, marker, color=colour, markerfacecolor=inside, ms=6, label=name)
axes.set(ylim=(-0.05, 2.5))
axes.legend(frameon=False, fontsize=9, loc="center right", bbox_to_anchor=(1, 0.65))
Picture(
    figure,
    "A potential under a constant current of 1. The solution of the membrane equation rises from "
    "0 towards 1 and flattens. The exact steps lie on it. Euler's steps lie a little above it and "
    "meet it later. The steps with the decay as printed leave the picture after two steps.",
)

# %% [markdown]
# The library keeps a ledger of such places. Each entry can be run. It shows what a quantity would
# be if the paper's formula held, what it is by the correct one, and a measurement that decides.

# %%
misprint = next(erratum for erratum in ledger("psg-pda") if erratum.id == "P1")
print(misprint.place, "of PSG & PDA")
for shown in misprint.demonstration():
    print(f"\n{shown.what}")
    print(f"  as printed {shown.printed:.4f}, correct {shown.corrected:.4f}", end="")
    print(f", measured {shown.measured:.4f}")

# %% [markdown]
# ### Fire and reset
#
# So far nothing spikes. The neuron gets a **threshold**. When the potential is above it, the neuron
# sends a **spike**, a 1, and its potential goes back to 0. One step now has three parts. To keep
# them apart, the potential has two names: $h$ once it is charged, $v$ after the reset.
#
# $$
# \begin{aligned}
# \textbf{charge} && h[t] &= \text{decay} \cdot v[t-1] + c[t] \\
# \textbf{fire}   && s[t] &= H\bigl(h[t] - \text{threshold}\bigr) \\
# \textbf{reset}  && v[t] &= h[t] \, (1 - s[t])
# \end{aligned}
# $$
#
# $H$ is the **step function**: $H(z) = 1$ for $z > 0$, and 0 for $z < 0$. The reset keeps $h$ where
# $s = 0$ and leaves nothing where $s = 1$; it is called *hard*. The *soft* reset takes away the
# threshold and keeps the rest: $v[t] = h[t] - \text{threshold} \cdot s[t]$. The neuron starts empty,
# with $v[-1] = 0$.
#
# | paper | charge | fire | reset | decay | at the threshold itself |
# |:--|:--|:--|:--|:--|:--|
# | RecDis | eq. 4 | eq. 5 | in eq. 4 | 0.2 | fires |
# | PSG & PDA | eq. 2 | eq. 3 | in eq. 2 | not stated | not stated |
# | MPBN | eq. 1 | eq. 2 | eq. 2 | 0.25 | silent |
# | tdBN | eq. 2 | eq. 3 | in eq. 2 | 0.25 | silent |
# | IM-Loss | eq. 5 | eq. 6 | in eq. 5 | not stated | fires |
#
# All five papers use the hard reset. Some write it into the charge of the next step, as
# $u[t] = \text{decay} \cdot u[t-1] \, (1 - s[t-1]) + c[t]$. That is the same neuron. RecDis sets the
# threshold to 0.5, and so does the library unless it is told otherwise.
#
# Here is one of them at work. Arrays in the library are $[T, N, \dots]$: $T$ steps of $N$ samples.

# %%
neuron = LIF(decay=0.8, threshold=1.0)
current = np.clip(np.random.default_rng(1).normal(0.25, 0.35, (40, 1, 1)), 0, None)
spikes, saved = neuron.forward(neuron.init(rng, np.float64), current)
trace(
    saved,
    current,
    "Current, membrane and spikes of one neuron over 40 steps. Each bar of current lifts the "
    "membrane, which decays between the steps. It crosses the threshold six times; each time there "
    "is a spike and the membrane falls to 0.",
)

# %% [markdown]
# ## Failure first
#
# Now let us train such neurons. Training needs the derivative of a loss by the weights. The honest
# way to get it, with no theory at all, is to move a weight a little and look at the loss:
#
# $$\frac{dL}{dw} \approx \frac{L(w + \epsilon) - L(w - \epsilon)}{2 \epsilon}$$
#
# where $\epsilon$ is small. This is the **central difference**. Take a small network: six inputs,
# twenty neurons, three outputs averaged over eight steps, and twelve random samples. (`Linear` is a
# weighted sum, `MeanOverTime` the average, `named` gives every neuron a name, and `cross_entropy` is
# a loss that is small when the largest output is the right one.) Move one weight.

# %%
network = named(Serial(Linear(6, 20), LIF(decay=0.5), Linear(20, 3), MeanOverTime()))
rng = np.random.default_rng(4)
params = network.init(rng, np.float64)
x, labels = 2 * rng.random((8, 12, 6)), rng.integers(3, size=12)


def loss(w, network):
    """The loss with the first weight of the network set to w."""
    first = params[0].weight.copy()
    first[0, 0] = w
    outputs, _ = network.forward((params[0]._replace(weight=first), *params[1:]), x)
    return cross_entropy(outputs, labels)[0]


w0 = params[0].weight[0, 0]
for step in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
    difference = (loss(w0 + step, network) - loss(w0 - step, network)) / (2 * step)
    print(f"step {step:7.0e}   central difference {difference:10.6f}")

# %%
weights = w0 + np.linspace(-0.3, 0.3, 301)
landscape = [loss(w, network) for w in weights]
figure = sheet(8.4, 3.2)
axes = plain(figure.subplots(), "the weight w", "the loss L")
axes.plot(weights, landscape, color=INK, lw=1.3, drawstyle="steps-mid")
axes.plot(w0, loss(w0, network), "o", color=ORANGE, ms=7)
Picture(
    figure,
    "The loss of the spiking network over one weight: a staircase. Every tread is flat and every "
    "riser is upright. The present weight, a dot, lies on a tread.",
)

# %% [markdown]
# The loss is a staircase. A spike is there or it is not. A small move of the weight changes no
# spike, so the loss does not move. A larger move makes a few spikes come or go, and the loss jumps.
#
# On a tread the derivative is 0. At a riser there is none. A central difference gives 0 if the step
# is short. If the step is long it counts the jumps inside, and the answer depends on the step. So
#
# 1. **gradient descent has nothing to follow**: the true gradient is 0 almost everywhere;
# 2. **a finite difference cannot check a gradient** of this loss, whatever gradient we may invent.
#
# The rest of this notebook solves both.

# %% [markdown]
# ## Derivation
#
# ### The graph
#
# Write the three parts of a step as a graph, and draw three steps side by side. This is called
# *unrolling*. An arrow from $a$ to $b$ means that $a$ is used to compute $b$. The weights that lead
# from the spikes to the loss $L$ are left out.

# %%
unrolled()

# %% [markdown]
# ### The chain rule, arrow by arrow
#
# For any number $x$ in the graph, write
#
# $$d_x = \frac{dL}{dx}, \qquad \text{counting every way from } x \text{ to } L.$$
#
# It is the **cotangent** of $x$. In code it is `d_x`. The chain rule says: look at the arrows that
# *leave* $x$. Each leads to some $y$. Then
#
# $$d_x = \sum_{x \to y} d_y \cdot \frac{\partial y}{\partial x}$$
#
# where $\partial y / \partial x$ treats the other inputs of $y$ as constants. The cotangents of the
# later numbers must be known first. So we start at the last step and walk backwards. Hence the
# name: **backpropagation through time**, BPTT.
#
# ### The one arrow without a slope
#
# All arrows but one have an ordinary derivative. The exception is the firing, $h \to s$. Its slope
# is $H'(z)$ with $z = h - \text{threshold}$: zero almost everywhere, and infinite at $z = 0$. That
# is the staircase again.
#
# So the papers replace it. They choose a **surrogate slope** $r$ that is positive around the
# threshold. RecDis eq. 7 and tdBN eq. 16 take a rectangle:
#
# $$
# r(z) = \begin{cases} 1/\text{width} & |z| < \text{width}/2 \\ 0 & \text{otherwise} \end{cases}
# $$
#
# Its area is 1, like the height of the step. This choice is not calculus. It is the only thing in
# the whole derivation that is not, and notebook 2 is about it. We write $r[t]$ for $r(z[t])$.
#
# ### Five lines
#
# Take the arrows of step $t$. Three cotangents come from outside or from step $t + 1$:
#
# * $d_s^{out}[t]$, what the layer above says about the spike: `d_spikes[t]` in code;
# * $d_v[t]$, what step $t+1$ says about the carried potential. At the last step it is 0;
# * $d_h^{out}[t]$, what somebody may say about the potential itself, for instance a penalty on it.
#   We leave it out here. The library has it as `d_membranes`.
#
# **1. The spike $s[t]$.** Two arrows leave it: one to the layer above, one to $v[t]$, the reset. For
# the second, differentiate $v = h \, (1 - s)$ by $s$ with $h$ held constant: $\partial v / \partial
# s = -h$. Together
#
# $$d_s[t] = d_s^{out}[t] - h[t] \, d_v[t]$$
#
# **2. The distance $z[t] = h[t] - \text{threshold}$.** One arrow leaves it, to $s[t]$, with the
# surrogate slope:
#
# $$d_z[t] = r[t] \, d_s[t]$$
#
# **3. The charged potential $h[t]$.** Two arrows leave it: one to $z[t]$ with slope 1, one to
# $v[t]$. For the second, differentiate $v = h \, (1 - s)$ by $h$ with $s$ held constant:
# $\partial v / \partial h = 1 - s$. Together
#
# $$d_h[t] = d_z[t] + (1 - s[t]) \, d_v[t]$$
#
# **4. The current $c[t]$.** One arrow, to $h[t]$, with slope 1:
#
# $$d_c[t] = d_h[t]$$
#
# **5. The carried potential of the step before, $v[t-1]$.** One arrow, to $h[t]$, with slope decay:
#
# $$d_v[t-1] = \text{decay} \cdot d_h[t]$$
#
# That is the $d_v$ that step $t - 1$ waits for. Repeat, until step 0 is done.
#
# ### The parameters
#
# Decay, threshold and width are used at every step, so an arrow leaves them at every step, and the
# sum of the chain rule runs over $t$. The derivatives are $\partial h[t] / \partial \text{decay} =
# v[t-1]$ and $\partial z[t] / \partial \text{threshold} = -1$:
#
# $$
# d_{decay} = \sum_t v[t-1] \, d_h[t], \qquad
# d_{threshold} = -\sum_t d_z[t], \qquad
# d_{w_j} = \sum_t d_c[t] \, x_j[t]
# $$
#
# The last one follows from $c[t] = \sum_j w_j x_j[t]$ in the same way. With several samples the sums
# run over these too. The width waits for notebook 2.
#
# ### The same graph, backwards
#
# Here are the five lines as a picture: every arrow is turned round and carries its factor.

# %%
unrolled(gradient=True)

# %% [markdown]
# The papers write this in fewer symbols. tdBN eq. 14 is our line 1, and its eq. 15 is our lines 2
# and 3. PSG & PDA eq. 7, IM-Loss eq. 7 and MPBN eq. 11 write the sum over $t$ for the weight. In
# all of them $\partial L / \partial o$ must be read as our $d_s$, with *every* way to the loss in
# it, the reset included.
#
# ### By hand, with numbers
#
# Two steps are enough to use every line. Take decay 0.5, threshold 1, width 1, and the currents
# $c = (1.25,\ 0.9)$.
#
# | step | h | z | s | v | r |
# |:--|:--|:--|:--|:--|:--|
# | 0 | 0.5 · 0 + 1.25 = 1.25 | 0.25 | 1 | 0 | 1 |
# | 1 | 0.5 · 0 + 0.9 = 0.9 | -0.1 | 0 | 0.9 | 1 |
#
# Both distances are within half a width of the threshold, so both slopes are 1. Say that the layer
# above asks for $d_s^{out} = (2,\ 3)$. Now backwards, from step 1 to step 0:
#
# | step | d_v | d_s | d_z | d_h = d_c |
# |:--|:--|:--|:--|:--|
# | 1 | 0 | 3 - 0.9 · 0 = 3 | 1 · 3 = 3 | 3 + (1 - 0) · 0 = 3 |
# | 0 | 0.5 · 3 = 1.5 | 2 - 1.25 · 1.5 = 0.125 | 1 · 0.125 = 0.125 | 0.125 + (1 - 1) · 1.5 = 0.125 |
#
# And $d_{threshold} = -(3 + 0.125) = -3.125$. The library must agree to the last digit.

# %%
neuron = LIF(decay=0.5, threshold=1.0, width=1.0)
current = np.array([1.25, 0.9]).reshape(2, 1, 1)  # [T, N, neurons]
asked = np.array([2.0, 3.0]).reshape(2, 1, 1)  # d_spikes
spikes, saved = neuron.forward(neuron.init(rng, np.float64), current)
d_current, d_params = neuron.backward(saved, asked)
print("s           ", spikes.ravel())
print("d_current   ", d_current.ravel())
print("d_threshold ", d_params.threshold)

# %% [markdown]
# ### Detaching the reset
#
# The spike of step 0 was asked for with strength 2, but only 0.125 arrived. The reset took the rest:
# a spike empties the potential that the next step would have liked to have. Line 1 counts that as
# a cost, $-h \, d_v$.
#
# Some programs leave this cost out. They treat the $s$ in $v = h \, (1 - s)$ as a constant. That is
# called **detaching** the reset. In the graph it removes one arrow, and line 1 becomes $d_s[t] =
# d_s^{out}[t]$.

# %%
unrolled(gradient=True, detached=True)

# %%
detached = LIF(decay=0.5, threshold=1.0, width=1.0, detach_reset=True)
_, saved = detached.forward(detached.init(rng, np.float64), current)
d_current, _ = detached.backward(saved, asked)
print("d_current, reset detached", d_current.ravel())

# %% [markdown]
# 2 instead of 0.125: sixteen times as much, from the same spikes. Over many steps the difference
# can change the sign. Below, only the last spike is asked for, and each bar shows what that asks of
# the current at an earlier step.

# %%
current = np.random.default_rng(5).normal(0.3, 0.25, (24, 1, 1))
asked = np.zeros((24, 1, 1))
asked[-1] = 1
figure = sheet(8.4, 3.2)
axes = plain(figure.subplots(), "step t", "d_current[t]")
for shift, kind, colour in ((-0.2, "kept", ORANGE), (0.2, "detached", BLUE)):
    neuron = LIF(decay=0.9, threshold=1.0, width=2.0, detach_reset=kind == "detached")
    spikes, saved = neuron.forward(neuron.init(rng, np.float64), current)
    reached = neuron.backward(saved, asked)[0].ravel()
    axes.bar(np.arange(24) + shift, reached, 0.38, color=colour, label=f"reset {kind}")
axes.vlines(np.flatnonzero(spikes), 0, 0.55, color=GREY, lw=1, ls=":", label="a spike")
axes.legend(frameon=False, fontsize=9, loc="lower left")
Picture(
    figure,
    "What the last spike asks of the current at 24 steps. With the reset detached the bars are "
    "positive and end at the last reset before. With the reset kept they go on before every reset, "
    "some of them negative.",
)

# %% [markdown]
# With the reset detached, a spike is a wall: $1 - s = 0$, and nothing comes from behind it. With
# the reset kept there is a second way, through the spike itself, and the gradient reaches further.
#
# tdBN says after eq. 18 that once a neuron fires, the gradient no longer depends on the decay. That
# holds for the detached reset only. The ledger has the numbers:

# %%
claim = next(erratum for erratum in ledger("tdbn") if erratum.id == "T8")
for shown in claim.demonstration():
    print(f"{shown.what}: as printed {shown.printed:.3f}, measured {shown.measured:.3f}")

# %% [markdown]
# ## The library's lines
#
# ### The neuron forwards
#
# `beside` asks Python for the source of a function with `inspect.getsource`. It looks for the line
# that computes an equation and puts the two side by side. What you see is what runs.

# %%
beside(
    LIF._forward,
    [
        ("decay · v[t-1]", "left = np.multiply(decay, v"),
        ("h[t] = … + c[t]", "h = np.add(left, current[t]"),
        ("s[t] = H(h[t] - threshold)", "spikes[t] = self.firing.fire"),
    ],
)

# %%
beside(
    LIF._reset,
    [
        ("hard: v[t] = h[t] (1 - s[t])", "return np.multiply(carried"),
        ("soft: v[t] = h[t] - threshold · s[t]", "return np.subtract(carried"),
    ],
)

# %% [markdown]
# Some names are new. `u` is the potential that is held against the threshold. It differs from `h`
# only where a normalisation stands between them, as in MPBN; here it is `h`. `turned` is `u` but for
# a sign that folding may put there; it is above the threshold where $z$ is above 0. `carried` is the
# one of `u` and `h` that is reset. `gate` is the spike as the reset sees it. `amount` is what a soft
# reset takes away, the threshold.
#
# ### The neuron backwards
#
# Read these from the top: the order is that of our five lines, but for a part of the third, which
# is ready before the second.

# %%
beside(
    LIF._backward,
    [
        ("1. the term h d_v of d_s", "np.multiply(carried if"),
        ("1. d_s = d_s^out - h d_v", "d_s = np.subtract(d_s, through"),
        ("3. 1 - s", "np.subtract(1, gate"),
        ("3. the term (1 - s) d_v of d_h", "d_carried = np.multiply(left, d_v"),
        ("2. d_z = r d_s", "d_z, d_w = self.surrogate.backward"),
        ("3. and 4. d_c = d_h = d_z + (1 - s) d_v", "d_h = np.add(d_u, d_carried"),
        ("5. d_v[t-1] = decay · d_h", "d_v = np.multiply(decay, d_h"),
        ("d_threshold = - Σ d_z", "d_threshold -= sum_to(d_z"),
        ("d_decay = Σ v[t-1] d_h", "d_decay += contract(v_before, d_h"),
    ],
)

# %% [markdown]
# Every line of the derivation is there. (`out=` says where a result is written: $d_h$ where $d_c$ is
# asked for, the others into four arrays that every step writes anew and that stay near.
# `surrogate.backward` multiplies $d_s$ with the slope $r$; `d_u` is $d_z$ as long as nothing else
# looks at the potential. For the whole function, run `print(inspect.getsource(LIF._backward))`.)
#
# The derivation may still hide a mistake, and so may the code. We need a check that does not share
# our mistakes. Finite differences of the loss are out. Here are three that work.
#
# ### Check 1: the relaxed forward
#
# The staircase comes from $H$. So replace $H$, for the check only, by a smooth function $P$ whose
# slope *is* the surrogate: $P' = r$. It is called the **primitive** of $r$. For the rectangle it is
# a ramp from 0 to 1. Now the loss has an ordinary derivative, and the same backward must compute
# it exactly, because every arrow now has the slope that line 2 says it has.
#
# This is the library's whole relaxed firing:

# %%
print(inspect.getsource(Relaxed.fire))

# %%
soft = relaxed(network)  # the same layers, each LIF with P in place of H
outputs, saved = soft.forward(params, x)
_, d_outputs = cross_entropy(outputs, labels)
_, d_params = soft.backward(saved, d_outputs)
difference = (loss(w0 + 1e-5, soft) - loss(w0 - 1e-5, soft)) / 2e-5
print(f"backward           {d_params[0].weight[0, 0]:.10f}")
print(f"central difference {difference:.10f}")

# %% [markdown]
# They agree. But the relaxed network is another network: its spikes are numbers between 0 and 1. We
# have checked the code, but not at the place where training uses it.
#
# ### Check 2: the anchored forward
#
# Can one forward do both, send the *true* spikes and have the surrogate as its *true* derivative?
# Yes, around one recorded run. Record its spikes $s_0$ and distances $z_0$. Then let
#
# $$s = s_0 + P(z) - P(z_0)$$
#
# At the recorded point $z = z_0$, so $s = s_0$: exactly the spikes that were there. And the
# derivative is $ds/dz = P'(z) = r$: exactly the slope of line 2.

# %%
print(inspect.getsource(Anchored.fire))

# %%
outputs, saved = network.forward(params, x)  # the spiking network itself
value, d_outputs = cross_entropy(outputs, labels)
_, d_params = network.backward(saved, d_outputs)
around = anchored(network, saved)
difference = (loss(w0 + 1e-5, around) - loss(w0 - 1e-5, around)) / 2e-5
print(f"loss: spiking {value:.12f}, anchored {loss(w0, around):.12f}")
print(f"surrogate gradient of the spiking run  {d_params[0].weight[0, 0]:.10f}")
print(f"central difference, anchored forward   {difference:.10f}")

# %% [markdown]
# This is the gradient that training uses, at the spikes where it uses it, and a plain finite
# difference confirms it.
#
# ### Check 3: the adjoint identity
#
# Both checks so far used central differences. These lose about half of the digits, because they
# subtract two nearly equal numbers. There is a way that loses none.
#
# Let $J$ be the matrix of all partial derivatives of the outputs by the inputs. Moving forwards, a
# small change $t$ of the input changes the output by $J t$. Moving backwards, a cotangent $w$ of
# the output becomes $J^\top w$ at the input. For any $t$ and $w$
#
# $$\langle J t,\ w \rangle = \langle t,\ J^\top w \rangle$$
#
# because both are $\sum_{i,j} w_i J_{ij} t_j$. The right side is our backward. For the left side we
# need $J t$ from the *forward*, without any of the backward's formulas.
#
# Complex numbers give it. Take an analytic $f$ and a tiny $\epsilon$. Taylor's series along the
# imaginary axis is
#
# $$f(x + i \epsilon t) = f(x) + i \epsilon f'(x) \, t - \tfrac12 \epsilon^2 f''(x) \, t^2 - \dots$$
#
# Its imaginary part, divided by $\epsilon$, is $f'(x) \, t$, up to terms of size $\epsilon^2$.
# Nothing is subtracted, so $\epsilon = 10^{-30}$ is fine, and the error terms vanish below
# $10^{-60}$. This is the **complex step**.
#
# And the firing? It gives the true spike as real part, and lets the primitive carry the imaginary
# part:

# %%
print(inspect.getsource(Step.fire))

# %%
t_x = rng.standard_normal(x.shape)
w = rng.standard_normal(outputs.shape)
lifted, _ = network.forward(params, x + 1e-30j * t_x)
d_x, _ = network.backward(saved, w)
print(f"<J t, w>   {np.sum(lifted.imag / 1e-30 * w):.15f}")
print(f"<t, J' w>  {np.sum(t_x * d_x):.15f}")

# %% [markdown]
# Fourteen digits or more, for a network that really fires. And the two sides share no formula.
#
# Why random $w$, and not simply ones? Ones can hide mistakes: whatever cancels in a plain sum goes
# unseen. Notebook 3 has a striking case.
#
# ### The ladder
#
# The package `numsnn.checks` has these checks, and a few more, for any layer or network. A case is
# a layer at a point. The checks also vary every parameter, and put random cotangents on membranes
# and final states.

# %%
case = LayerCase(network, params, x)
for name in ("contract", "adjoint", "complex-step", "differences", "taylor", "anchored"):
    report = CHECKS[name](case, np.random.default_rng(0))
    print(f"{name:13} {report.verdict}")
print()
print(adjoint(case, np.random.default_rng(0)))

# %% [markdown]
# * **contract**: shapes and types fit, no input is changed, the same call gives the same bits.
# * **adjoint**: check 3, on the spiking network.
# * **complex-step** and **differences**: check 1, by two kinds of arithmetic.
# * **taylor**: the relaxed loss minus its linear forecast falls as the square of the step.
# * **anchored**: check 2, by complex step.

# %% [markdown]
# ## Figure
#
# One weight, one point, three forwards. The spiking loss is the staircase. The relaxed loss is
# smooth, but another function. The anchored loss passes through the very point of the spiking run,
# and its tangent there is the surrogate gradient.

# %%
gradient, here = d_params[0].weight[0, 0], loss(w0, network)
near = w0 + np.linspace(-0.3, 0.3, 121)
figure = sheet(8.4, 4.2)
axes = plain(figure.subplots(), "the weight w", "the loss L")
axes.plot(weights, landscape, color=INK, lw=1.1, drawstyle="steps-mid", label="spiking")
axes.plot(near, [loss(w, soft) for w in near], color=GREEN, lw=1.6, label="relaxed")
axes.plot(near, [loss(w, around) for w in near], color=BLUE, lw=1.6, label="anchored")
axes.plot(near, here + gradient * (near - w0), color=ORANGE, ls="--", label="surrogate gradient")
axes.plot(w0, here, "o", color=ORANGE, ms=7)
axes.legend(frameon=False, fontsize=9)
Picture(
    figure,
    "Three losses over one weight. The spiking one is a staircase. The relaxed one is a smooth "
    "curve a little apart from it. The anchored one is smooth too, passes through the staircase at "
    "the present weight, and has there the dashed line of the surrogate gradient as its tangent.",
)

# %% [markdown]
# ## A network that learns
#
# The gradient is verified. Does it train? The package carries 1,797 handwritten digits of 8 x 8
# pixels. The network sees each image for four steps (`Repeat`) and has one layer of 32 neurons.
# `Adam` moves every parameter against its gradient. All is in float64, so that your numbers are the
# ones printed here.
#
# We train the network four times: as derived, with the reset detached, and twice with a mistake
# that is *planted* in the library's backward while it trains.

# %%
digits = load("digits")
train_x, test_x = (
    part.reshape(1, len(part), 64).astype(np.float64) for part in (digits.train_x, digits.test_x)
)
planted = {mutant.name: mutant for mutant in PLANTED}


def trained(network, steps=60):
    """Parameters after training, and the loss at every step."""
    optimizer, losses = Adam(), []
    params = network.init(np.random.default_rng(0), np.float64)
    state = optimizer.init(params)
    for _ in range(steps):
        outputs, saved = network.forward(params, train_x)
        value, d_outputs = cross_entropy(outputs, digits.train_y)
        _, d_params = network.backward(saved, d_outputs)
        params, state = optimizer.update(params, d_params, state, rate=0.01)
        losses.append(value)
    return params, losses


# %%
curves = {}
for name in ("as derived", "reset detached", "decay missing", "carry dropped"):
    neuron = LIF(detach_reset=name == "reset detached")
    model = named(Serial(Linear(64, 32), Repeat(4), neuron, Linear(32, 10), MeanOverTime()))
    with applied(planted[name]) if name in planted else nullcontext():
        learnt, curves[name] = trained(model)
        report = adjoint(LayerCase(model, learnt, test_x[:, :20]), np.random.default_rng(1))
    outputs, _ = model.forward(learnt, test_x)
    accuracy = np.mean(outputs[0].argmax(axis=1) == digits.test_y)
    print(f"{name:15} loss {curves[name][-1]:.4f}   test accuracy {accuracy:.3f}", end="")
    print(f"   adjoint identity {report.verdict}")

# %%
figure = sheet(8.4, 3.2)
axes = plain(figure.subplots(), "step of the training", "loss")
for (name, losses), colour in zip(curves.items(), (INK, BLUE, ORANGE, GREEN), strict=True):
    axes.semilogy(losses, color=colour, lw=1.4, label=name)
axes.legend(frameon=False, fontsize=9)
Picture(
    figure,
    "The training loss over 60 steps on a logarithmic axis, for the four trainings. All four curves "
    "fall from about 2.3 to about 0.2 and lie almost on each other.",
)

# %% [markdown]
# All four learn, and by their accuracy you could not tell which backward is right. Here the two wrong
# ones even come out ahead, by chance. A wrong gradient usually still points downhill. That is why a
# gradient needs a check of its own, and why "it trains" is none. The adjoint identity sees both
# mistakes at once.
#
# (The detached reset passes. It is not a mistake but a choice: its backward is exact for a forward
# whose reset is frozen, and that is what it is checked against.)

# %% [markdown]
# ## Exercises
#
# Each cell runs as it is and says what it found. Change the line marked `# <-`, run again, and open
# the solution only then.
#
# ### 1. The soft reset, by hand
#
# Take the two steps from above, with decay $0.5$, threshold $1$, width $1$, currents $(1.25,\ 0.9)$
# and $d_s^{out} = (2,\ 3)$. But now the reset is soft: $v = h - \text{threshold} \cdot s$. Which
# arrows change, and what is $d_c$?

# %%
answer = (0.0, 0.0)  # <- d_current at t = 0 and t = 1


def soft_reset():
    neuron = LIF(decay=0.5, threshold=1.0, width=1.0, reset="soft")
    currents = np.array([1.25, 0.9]).reshape(2, 1, 1)
    _, saved = neuron.forward(neuron.init(rng, np.float64), currents)
    return neuron.backward(saved, np.array([2.0, 3.0]).reshape(2, 1, 1))[0].ravel()


case = ValueCase(lambda: np.array(answer), soft_reset, ())
print("your answer is", "right" if formula(case, rng).passed else "not right yet")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# Two arrows change: $\partial v / \partial s = -\text{threshold}$, and $\partial v / \partial h =
# 1$.
#
# Forwards: $h[0] = 1.25$, so $s[0] = 1$ and $v[0] = 0.25$. Then $h[1] = 0.125 + 0.9 = 1.025$, so
# $s[1] = 1$. Both slopes are 1.
#
# Backwards: $d_h[1] = 3$, so $d_c[1] = 3$ and $d_v[0] = 1.5$. Then $d_s[0] = 2 - 1 \cdot 1.5 = 0.5$
# and $d_h[0] = 0.5 + 1.5 = 2$.
#
# ```python
# answer = (2.0, 3.0)
# assert formula(ValueCase(lambda: np.array(answer), soft_reset, ()), rng).passed
# ```
# </details>
#
# ### 2. Which mistake shows at which length?
#
# `applied` plants a mistake in the library's source and takes it out again. Three are given below.
# For each, will the adjoint identity notice it in a run of a single step? And in one of four steps?
# Remember that the check also puts a cotangent on $v$ after the last step.

# %%
bugs = ("decay missing", "gate missing", "hard reset's path dropped")
prediction = {  # <- (noticed at T = 1, noticed at T = 4), each True or False
    "decay missing": (None, None),
    "gate missing": (None, None),
    "hard reset's path dropped": (None, None),
}


def noticed(bug, T):
    rng, neuron = np.random.default_rng(2), LIF(decay=0.5)
    case = LayerCase(neuron, neuron.init(rng, np.float64), rng.standard_normal((T, 6, 3)))
    with applied(planted[bug]):
        return not adjoint(case, rng).passed


for name in bugs:
    print(f"{name}:  {planted[name].edit}")
    found = noticed(name, 1), noticed(name, 4)
    print("   your prediction is", "right" if prediction[name] == found else "not right yet")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# The decay acts between two steps, so a run of one step cannot show that it is missing. The gate
# $1 - s$ and the path of the reset both lead from $v$ to the same step; the cotangent on the final
# $v$ shows them at once.
#
# ```python
# prediction = {
#     "decay missing": (False, True),
#     "gate missing": (True, True),
#     "hard reset's path dropped": (True, True),
# }
# assert all(prediction[name] == (noticed(name, 1), noticed(name, 4)) for name in bugs)
# ```
# </details>
#
# ### 3. Plant your own
#
# Find an edit of one line of `LIF._backward` that the adjoint identity catches in a neuron with the
# reset kept, and that does no harm at all to a neuron with the reset detached. The edit below
# changes nothing yet.

# %%
old = "d_s = np.subtract(d_s, through, out=through)"
new = "d_s = np.subtract(d_s, through, out=through)"  # <-

mine = Mutant("mine", "numsnn.neurons:LIF._backward", old, new, "a mistake of my own")
for detach in (False, True):
    rng, neuron = np.random.default_rng(3), LIF(decay=0.5, detach_reset=detach)
    case = LayerCase(neuron, neuron.init(rng, np.float64), rng.standard_normal((4, 6, 3)))
    with applied(mine):
        report = adjoint(case, rng)
    print(f"reset {'detached' if detach else 'kept'}: {report.verdict}", report.worst or "")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# Any change of the reset's own path will do, for instance its sign. With the reset detached that
# line is not reached.
#
# ```python
# mine = Mutant("mine", mine.target, old, old.replace("subtract", "add"), "the wrong sign")
# verdicts = []
# for detach in (False, True):
#     rng, neuron = np.random.default_rng(3), LIF(decay=0.5, detach_reset=detach)
#     case = LayerCase(neuron, neuron.init(rng, np.float64), rng.standard_normal((4, 6, 3)))
#     with applied(mine):
#         verdicts.append(adjoint(case, rng).verdict)
# assert verdicts == ["failed", "passed"]
# ```
# </details>
#
# ### 4. A layer of your own
#
# A leaky readout never fires: $v[t] = \text{decay} \cdot v[t-1] + c[t]$, and the output is $v$. Its
# forward is right. Its backward has a mistake that this notebook has taught you to see. Run the
# check, look at the place it names, and repair it.


# %%
class LeakyReadout:
    """v[t] = decay v[t-1] + current[t]; the output is v. params is the decay."""

    def forward(self, params, current):
        v, total = np.empty_like(current), 0
        for t in range(len(current)):
            total = params * total + current[t]
            v[t] = total
        return v, (params, v)

    def backward(self, saved, d_v, d_membranes=None):
        decay, v = saved
        d_current = d_v.copy()
        d_current[:-1] += decay * d_v[1:]  # <- what does v[t] do to the steps after t?
        d_decay = np.sum(v[:-1] * d_current[1:])
        return d_current, d_decay


point = np.array(0.8), np.random.default_rng(0).standard_normal((5, 2, 3))  # decay, current
report = adjoint(LayerCase(LeakyReadout(), *point), np.random.default_rng(1))
print(report.verdict, report.worst or "", sep="\n")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# Two arrows leave $v[t]$: to the output, and to $v[t+1]$ with slope decay. The second brings back
# all that reaches $v[t+1]$, from the output *and* from later steps. The code takes the output's
# part only, so the gradient reaches one step back and no further.
#
# ```python
# class Repaired(LeakyReadout):
#     def backward(self, saved, d_v, d_membranes=None):
#         decay, v = saved
#         d_current = d_v.copy()
#         for t in reversed(range(len(v) - 1)):
#             d_current[t] += decay * d_current[t + 1]
#         return d_current, np.sum(v[:-1] * d_current[1:])
#
#
# assert adjoint(LayerCase(Repaired(), *point), np.random.default_rng(1)).passed
# ```
# </details>
#
# ## What you have now
#
# A neuron, its gradient line by line, and checks that need no trust. The one free choice was the
# slope $r$. Notebook 2 asks which slopes there are, how wide they should be, and how far they lead
# from the truth.
