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
# # 3 · Convolution by im2col, and batch norm by hand
#
# *One matrix product and its transpose, ten small steps backwards, and why tiles are fast.*
#
# ## Goal
#
# At the end you can
#
# * write a convolution as one matrix product, with padding and stride,
# * derive its backward from one rule: *what was copied forwards is added backwards*,
# * derive batch norm's backward in ten steps that need no trick,
# * say which numbers share a mean in tdBN and in MPBN,
# * explain why a test with ones can pass a wrong gradient,
# * explain why a convolution is faster when it is cut into tiles.
#
# **You need** matrix products and the chain rule. Notebook 1 helps, for the notation `d_x` and the
# adjoint identity. Plan two hours.

# %%
import inspect
import time
from contextlib import nullcontext

import numpy as np
from threadpoolctl import threadpool_limits

from numsnn import LIF, BatchNorm, Conv2d
from numsnn.checks import LayerCase, ValueCase, adjoint, formula
from numsnn.conv_im2col import Im2col
from numsnn.im2col import LAID, col2im, im2col
from numsnn.mutants import PLANTED, applied
from numsnn.papers import mpbn, tdbn
from numsnn.registry import REGISTRY, run
from numsnn.teaching import BLUE, ORANGE, Picture, beside, plain, sheet
from numsnn.teaching.images import overlaps, selection, sharing, windows

rng = np.random.default_rng(0)
planted = {mutant.name: mutant for mutant in PLANTED}

# %% [markdown]
# ## The equations
#
# ### Convolution
#
# An image $x$ has $C$ **channels** of $H \times W$ pixels. A convolution slides a small window, the
# **kernel**, over it. At each place it takes a weighted sum of what lies under the window. With $O$
# sets of weights there are $O$ output channels (tdBN eq. 4):
#
# $$
# y[o, i, j] = \text{bias}[o] + \sum_{c, a, b} \text{weight}[o, c, a, b] \;
# x[c,\ i \cdot \text{stride} + a - \text{pad},\ j \cdot \text{stride} + b - \text{pad}]
# $$
#
# Here $(i, j)$ is a pixel of the output and $(a, b)$ a place in the kernel. The **stride** is how
# far the window moves from one output pixel to the next. **Padding** puts a frame of zeros, pad
# pixels wide, around the image, so that windows may stick out.
#
# How large is the output? Along one axis the padded image has $H + 2 \, \text{pad}$ pixels. The last
# window must end inside. With a kernel of $k$ pixels, window $i$ covers the pixels from $i \cdot
# \text{stride}$ to $i \cdot \text{stride} + k - 1$, so we need
#
# $$
# i \cdot \text{stride} + k - 1 \le H + 2 \, \text{pad} - 1,
# \qquad \text{that is} \qquad
# i \le \frac{H + 2 \, \text{pad} - k}{\text{stride}}
# $$
#
# Counting from $i = 0$, the number of windows is
#
# $$H' = \Bigl\lfloor \frac{H + 2 \, \text{pad} - k}{\text{stride}} \Bigr\rfloor + 1$$
#
# where $\lfloor \cdot \rfloor$ rounds down. The width $W'$ follows in the same way.
#
# ### One matrix product
#
# Write every window as one long row. This is **im2col**. There is a row for each output pixel, and
# each row has $K = k \cdot k \cdot C$ numbers. Write the weights of each output channel as a row of
# $K$ numbers too, in the same order. Then the weighted sums are products of rows: with the matrix
# $R$ of windows and the matrix $M$ of weights
#
# $$y = R \, M^\top + \text{bias}$$
#
# One matrix product does the whole convolution, and matrix products are what computers do best.

# %%
windows()

# %% [markdown]
# ### Batch normalisation
#
# Take one channel, and all $m$ numbers $x_1, \dots, x_m$ in it. **Batch norm** subtracts their mean,
# divides by their standard deviation, and lets the network choose a new scale and a new mean:
#
# $$
# \begin{aligned}
# \text{mean} &= \frac1m \sum_i x_i, &
# \text{var} &= \frac1m \sum_i (x_i - \text{mean})^2 \\
# n_i &= \frac{x_i - \text{mean}}{\sqrt{\text{var} + \epsilon}}, &
# y_i &= \text{scale} \cdot \text{gain} \cdot n_i + \text{shift}
# \end{aligned}
# $$
#
# $\epsilon$ is small and keeps the root from being 0. Gain and shift are learned. The scale is a
# fixed number: 1 in MPBN (eq. 4, 5), and $\alpha V_{th}$ in tdBN (eq. 5 to 8), where $V_{th}$ is the
# threshold and $\alpha$ is 1 unless branches are added up. The papers write $\lambda$ for the gain
# and $\beta$ for the shift.

# %% [markdown]
# ## Failure first
#
# ### A line that looks right
#
# To train, the rows' cotangents must come back to the pixels. A pixel that lies in four windows was
# copied four times, so it must collect four numbers. NumPy has a short way to write "add these
# numbers at these places". Let us count how often each pixel was copied: send a 1 back from every
# number of every row.

# %%
size, kernel, stride = 4, (3, 3), (1, 1)
pixels = np.arange(size * size).reshape(1, size, size, 1)
places = im2col(pixels, kernel, stride).ravel()  # the pixel behind every number of the rows
counted = np.zeros(size * size)
counted[places] += 1
print("counted by +=\n", counted.reshape(size, size).astype(int))

# %% [markdown]
# Every pixel once? The picture above shows pixel 6 in all four windows. The line `counted[places]
# += 1` reads all places, adds 1, and writes all back. Where a place occurs four times, it writes the
# same number four times. No error, no warning, a plausible shape, and a wrong gradient everywhere
# but in the corners.
#
# ### A test that looks right
#
# The second failure is a test. Batch norm's backward is easy to get wrong, so we test it with finite
# differences. The loss of the test is the simplest there is, $L = \sum_i y_i$. So the cotangent is
# $d_y = 1$ everywhere. Then we plant four mistakes in the library's backward, one after another,
# and see what the test says.

# %%
norm = BatchNorm((3,))  # a gain and a shift for each of 3 channels
params = norm.Params(gain=rng.uniform(0.5, 2, 3), shift=rng.standard_normal(3))
x = 2 * rng.standard_normal((4, 8, 3)) + 1  # [T, N, C]
direction = rng.standard_normal(x.shape)


def error(d_y):
    """|<d_x, direction> - the central difference of sum(d_y * y) along the direction|."""
    _, saved = norm.forward(params, x)
    d_x, _ = norm.backward(saved, d_y)
    up, down = (norm.forward(params, x + h * direction)[0] for h in (1e-6, -1e-6))
    return abs(np.sum(d_x * direction) - np.sum(d_y * (up - down)) / 2e-6)


random = rng.standard_normal(x.shape)
print(f"{'':38}d_y = 1   d_y random")
for name in (
    "as it is",
    "variance's term with the wrong sign",
    "variance taken as constant",
    "gain missing",
    "deviation missing",
):
    with applied(planted[name]) if name in planted else nullcontext():
        print(f"{name:36}{error(np.ones(x.shape)):9.6f}{error(random):13.6f}")

# %% [markdown]
# With ones, all four mistakes pass. With random numbers none does. The reason is in the equations.
# The mean of $y$ over a channel is the shift, whatever $x$ is. So $\sum_i y_i$ does not depend on $x$
# at all, and the right gradient is 0. A wrong one that is also 0 looks perfect.
#
# So: random cotangents, never ones. And for both failures the remedy is the same: derive, then
# check against something independent.

# %% [markdown]
# ## Derivation
#
# ### The product
#
# Let $p$ count the rows (one for each output pixel), $l$ the numbers in a row, and $o$ the output
# channels. The forward is
#
# $$y[p, o] = \sum_l R[p, l] \; M[o, l] + \text{bias}[o]$$
#
# Look at one weight $M[o, l]$. It is used in every row $p$, in the output $y[p, o]$, where its
# factor is $R[p, l]$. The chain rule adds up the ways:
#
# $$d_M[o, l] = \sum_p d_y[p, o] \; R[p, l], \qquad \text{as matrices} \quad d_M = d_y^\top R$$
#
# Look at one number $R[p, l]$. It is used in every output channel $o$, with the factor $M[o, l]$:
#
# $$d_R[p, l] = \sum_o d_y[p, o] \; M[o, l], \qquad \text{as matrices} \quad d_R = d_y \, M$$
#
# And the bias is used in every row with the factor 1, so $d_{bias}[o] = \sum_p d_y[p, o]$.
#
# ### The copies
#
# The rows are copies of pixels: $R = A \, x$, where $A$ has a row for every number of $R$ and a
# column for every pixel. Each row of $A$ holds a single 1, at the pixel that is copied there. A
# number $x[q]$ goes wherever column $q$ of $A$ has a 1, each time with the factor 1. So it
# collects
#
# $$d_x[q] = \sum_{r} A[r, q] \; d_R[r], \qquad \text{as matrices} \quad d_x = A^\top d_R$$
#
# **What was copied forwards is added backwards.** The map $A^\top$ is called **col2im**. Nobody
# stores $A$, which is nearly all zeros. Here it is for the four windows from above:

# %%
selection()

# %% [markdown]
# ### Padding and stride
#
# Padding makes the image larger before it is copied. The frame is made of constants, so nobody wants
# its cotangent: col2im adds up into the padded image, and then the frame is cut off. A stride leaves
# windows out. If it is larger than the kernel, some pixels lie in no window at all. Their gradient is
# 0.
#
# The picture shows how many windows hold each pixel, which is `col2im` of ones. The image is inside
# the black frame; the padding is outside.

# %%
overlaps(5, ((3, 1, 0), (3, 1, 1), (3, 2, 1), (2, 3, 0)))

# %% [markdown]
# ### Batch norm backwards, in ten steps
#
# Batch norm mixes all numbers of a channel, so its backward looks frightening. It is not, if the
# forward is cut into steps so small that each has an obvious derivative. Write $a = \text{scale}
# \cdot \text{gain}$. Forwards:
#
# $$
# \begin{aligned}
# 1 && \mu &= \tfrac1m \textstyle\sum_i x_i &
# 6 && \text{dev} &= \sqrt{e} \\
# 2 && c_i &= x_i - \mu &
# 7 && \text{inv} &= 1 / \text{dev} \\
# 3 && q_i &= c_i^2 &
# 8 && n_i &= c_i \cdot \text{inv} \\
# 4 && \text{var} &= \tfrac1m \textstyle\sum_i q_i &
# 9 && g_i &= a \, n_i \\
# 5 && e &= \text{var} + \epsilon &
# 10 && y_i &= g_i + \text{shift}
# \end{aligned}
# $$
#
# Now backwards, from 10 to 1. At each step: who uses this number, and with which slope? A number
# that is used by all $i$ collects a sum over $i$.
#
# **10.** $y_i = g_i + \text{shift}$. Both slopes are 1; the shift is used $m$ times.
#
# $$d_g[i] = d_y[i], \qquad d_{shift} = \sum_i d_y[i]$$
#
# **9.** $g_i = \text{scale} \cdot \text{gain} \cdot n_i$.
#
# $$d_n[i] = a \, d_y[i], \qquad d_{gain} = \text{scale} \sum_i n_i \, d_y[i]$$
#
# **8.** $n_i = c_i \cdot \text{inv}$. Every $c_i$ is used once here; inv is used $m$ times.
#
# $$d_c[i] = \text{inv} \; d_n[i] \ \text{(first part)}, \qquad d_{inv} = \sum_i c_i \, d_n[i]$$
#
# **7.** $\text{inv} = 1/\text{dev}$ has the slope $-1/\text{dev}^2$.
#
# $$d_{dev} = -\frac{d_{inv}}{\text{dev}^2}$$
#
# **6.** $\text{dev} = \sqrt e$ has the slope $1/(2 \sqrt e) = 1/(2 \, \text{dev})$.
#
# $$d_e = \frac{d_{dev}}{2 \, \text{dev}}$$
#
# **5.** $e = \text{var} + \epsilon$ has the slope 1.
#
# $$d_{var} = d_e$$
#
# **4.** $\text{var} = \frac1m \sum_i q_i$ has the slope $1/m$ in every $q_i$.
#
# $$d_q[i] = \frac{d_{var}}{m}$$
#
# **3.** $q_i = c_i^2$ has the slope $2 c_i$.
#
# $$d_c[i] \mathrel{+}= 2 \, c_i \, d_q[i] \ \text{(second part)}$$
#
# **2.** $c_i = x_i - \mu$. The slope is 1 in $x_i$ and $-1$ in $\mu$, which is used $m$ times.
#
# $$d_x[i] = d_c[i] \ \text{(first part)}, \qquad d_\mu = -\sum_i d_c[i]$$
#
# **1.** $\mu = \frac1m \sum_i x_i$ has the slope $1/m$ in every $x_i$.
#
# $$d_x[i] \mathrel{+}= \frac{d_\mu}{m} \ \text{(second part)}$$
#
# That is all. The ten steps run as they stand; the check `formula` holds them against the library:


# %%
def ten_steps(x, gain, scale, eps, d_y):
    """Steps 1 to 8 forwards, then 10 to 1 backwards, for one channel."""
    m = len(x)
    c = x - x.sum() / m  # 1, 2
    dev = np.sqrt((c**2).sum() / m + eps)  # 3, 4, 5, 6
    n = c / dev  # 7, 8
    d_shift = d_y.sum()  # 10
    d_n, d_gain = scale * gain * d_y, scale * (n * d_y).sum()  # 9
    d_c, d_inv = d_n / dev, (c * d_n).sum()  # 8
    d_dev = -d_inv / dev**2  # 7
    d_var = d_dev / (2 * dev)  # 6, 5
    d_q = d_var / m  # 4
    d_c = d_c + 2 * c * d_q  # 3
    d_mu = -d_c.sum()  # 2
    return d_c + d_mu / m, d_gain, d_shift  # 1


def library(x, gain, scale, eps, d_y):
    norm = BatchNorm((1,), scale=scale, eps=eps)
    params = norm.Params(np.array([gain]), np.zeros(1))
    _, saved = norm.forward(params, x.reshape(1, -1, 1))
    d_x, d_params = norm.backward(saved, d_y.reshape(1, -1, 1))
    return d_x.ravel(), d_params.gain[0], d_params.shift[0]


case = ValueCase(ten_steps, library, (x[..., 0].ravel(), 1.3, 0.5, 1e-5, random[..., 0].ravel()))
print(formula(case, rng).verdict)

# %% [markdown]
# ### From ten steps to one line
#
# The library has one line. Put the steps together. From 8, with $c_i = \text{dev} \cdot n_i$,
#
# $$d_{inv} = \text{dev} \sum_j n_j \, d_n[j]$$
#
# Steps 7, 6 and 5 turn it into
#
# $$
# d_{var} = -\frac{1}{\text{dev}^2} \cdot \frac{1}{2 \, \text{dev}} \cdot \text{dev} \sum_j n_j \, d_n[j]
# = -\frac{1}{2 \, \text{dev}^2} \sum_j n_j \, d_n[j]
# $$
#
# The second part of $d_c$ is then, with steps 4 and 3,
#
# $$
# 2 \, c_i \, d_q[i] = 2 \cdot \text{dev} \cdot n_i \cdot \frac{d_{var}}{m}
# = -\frac{n_i}{\text{dev}} \cdot \frac1m \sum_j n_j \, d_n[j]
# $$
#
# Write a bar for the mean over the channel. Both parts together are
#
# $$d_c[i] = \frac{1}{\text{dev}} \Bigl( d_n[i] - n_i \; \overline{n \, d_n} \Bigr)$$
#
# Steps 2 and 1 subtract from $d_c$ its own mean. The mean of $n$ is 0, so the mean of $d_c$ is
# $\overline{d_n} / \text{dev}$, and
#
# $$d_x[i] = \frac{1}{\text{dev}} \Bigl( d_n[i] - \overline{d_n} - n_i \; \overline{n \, d_n} \Bigr)$$
#
# Read it: the mean of the cotangents is taken away, because a common push on the channel cannot move
# $y$. What lies along $n$ is taken away, because stretching the channel cannot move $y$ either (but
# for the small $\epsilon$). And with $d_y = 1$ nothing is left: $d_n$ is constant, so the first two
# terms cancel, and $\overline{n} = 0$ removes the third.
#
# ### Which numbers share a mean
#
# A spiking network has one more axis than others: time. An array of images is $[T, N, C, H, W]$. So
# "all numbers of a channel" can be read in two ways.
#
# * **tdBN** normalises the *current*. One mean for each channel, over all steps, samples and pixels.
# * **MPBN** normalises the *membrane*, between charge and fire. The membrane of step $t$ must be
#   known before that of step $t+1$, so each step has its own mean.

# %%
sharing()

# %% [markdown]
# The first reading says that time is just more batch. So tdBN on $[T, N, C]$ must give the same as
# the same norm on $[1, T \cdot N, C]$. And MPBN must give the same as a separate norm for each step.
# (A neuron with decay 0 and a threshold out of reach only normalises its current.)

# %%
current = rng.standard_normal((4, 8, 3))
together = tdbn.norm((3,), threshold=0.5)
params = together.init(rng, np.float64)
merged, _ = together.forward(params, current.reshape(1, 32, 3))
y, _ = together.forward(params, current)
print("tdBN, time merged into the batch:", np.allclose(merged.reshape(4, 8, 3), y))

charging = LIF(decay=0.0, threshold=1e9, norm=mpbn.norm((3,)))
_, saved = charging.forward(charging.init(rng, np.float64), current)
steps = [charging.norm.forward(charging.norm.init(rng, np.float64), step)[0] for step in current]
print("MPBN, one norm for each step:    ", np.allclose(saved.membrane, steps))

# %% [markdown]
# Why does tdBN scale with the threshold? After the norm, a channel of currents has mean 0 and
# standard deviation $\alpha V_{th}$. If it is normally distributed and $\alpha = 1$, the share above
# the threshold in the first step is the share of a normal distribution above one standard deviation,
# 16 %. Neither silence nor a storm, whatever the threshold is:

# %%
for threshold in (0.2, 0.5, 2.0):
    norm = tdbn.norm((1,), threshold=threshold)
    y, _ = norm.forward(norm.init(rng, np.float64), 7 * rng.standard_normal((4, 50_000, 1)) + 3)
    print(f"threshold {threshold}: deviation {y.std():.3f}, above it {np.mean(y > threshold):.2f}")

# %% [markdown]
# ## The library's lines
#
# ### im2col and col2im
#
# Both are a few lines. Images are $[n, H, W, C]$ here, with the channels last, so that a window's row
# of pixels is one run of memory. `im2col` is a *view*: nothing is copied until the rows are used.
# `col2im` loops over the places in the kernel, not over the windows. For one place $(a, b)$ no two
# windows meet in the same pixel, so `+=` is safe.

# %%
print(inspect.getsource(im2col))
print(inspect.getsource(col2im))

# %% [markdown]
# The failure from the beginning, repaired:

# %%
ones = np.ones((1, 2, 2, 3, 3, 1))  # [n, H', W', kh, kw, C]
print(col2im(ones, np.zeros((1, size, size, 1)), stride)[0, :, :, 0].astype(int))

# %% [markdown]
# And the adjoint identity for the pair, $\langle A t, w \rangle = \langle t, A^\top w \rangle$:

# %%
t, w = rng.standard_normal((2, 7, 7, 3)), rng.standard_normal((2, 3, 3, 3, 3, 3))
forwards = np.sum(im2col(t, (3, 3), (2, 2)) * w)
backwards = np.sum(t * col2im(w, np.zeros(t.shape), (2, 2)))
print(f"{forwards:.12f}\n{backwards:.12f}")

# %% [markdown]
# ### The convolution

# %%
beside(
    Im2col.forward,
    [
        ("R: one window a row", "for n, cols in laid_out("),
        ("y = R M^T", "product(self.rows(cols), matrix"),
    ],
)

# %%
beside(
    Im2col.backward,
    [
        ("R once more, it was not kept", "for n, cols in laid_out("),
        ("d_M^T = R^T d_y", "product(self.rows(cols).swapaxes(1, 2)"),
    ],
)

# %%
beside(
    Im2col.backward_images,
    [
        ("d_R = d_y M", "product(self.pixels(d_y[n])"),
        ("d_x = A^T d_R", "self.uncols(d_cols"),
    ],
)

# %% [markdown]
# `uncols` is `col2im` in another order: where windows overlap, their numbers are added up among each
# other, in long runs, and only the sums are copied to their pixels.
#
# `matrix` is $M^T$, `transposed` is $M$, place by place of the window, and `product` multiplies
# matrices, a few rows at a time. `laid_out` lays the windows of some images `n` out at a time;
# `self.rows` and `self.pixels` only give them and the outputs the shape of matrices, with a row for each
# output pixel. (A first axis, `G`, is for convolutions in groups; without them it is 1.) Often `Conv2d`
# goes other ways. In `numsnn.conv_bands`, for a stride of 1, the windows of one image *row* are laid
# out, the kernel's rows are multiplied one after the other, and $d_x$ is such a convolution again, of
# $d_y$ with the kernel turned around. In `numsnn.conv_winograd`, for kernels of 3 x 3 and many channels,
# sums of pixels are multiplied by sums of weights: 36 products for 144. In `numsnn.conv_places`, for
# images with few outputs, nothing is laid out. And where average pooling stands behind a convolution,
# `numsnn.conv_pool` takes the means first: the convolution of means is the mean of convolutions, and has
# a quarter of the products.
#
# ### The norm

# %%
beside(
    BatchNorm._backward,
    [
        ("10. d_shift = Σ d_y", "d_shift = sum_to"),
        ("9. d_gain = scale Σ n d_y", "d_gain = self.scale"),
        ("the means of d_n, n d_n", "(slope * found).sum(axis=axes"),
        ("what is alike for all of a channel", "offset = along * mean"),
        ("d_x: d_n / deviation", "d = np.multiply(slope, d_y[n]"),
        ("… - n · the mean of n d_n, but for its offset", "d -= np.multiply(along, x[n]"),
        ("… - the mean of d_n, and the offset", "d += offset"),
    ],
)

# %% [markdown]
# Here `n` is a tile, a part of the array. Before the last lines `slope`, `common` and `along` are
# divided by the deviation, once a channel and not once a number. $n_i$ is $x_i$ minus the mean, over the
# deviation: what the mean adds is alike for all numbers of a channel and stands in `offset`.
#
# ### The checks, live
#
# Each on five random cases. For the convolution that means other kernels, strides, paddings and
# groups; for the norm other axes and shapes.

# %%
for name in ("Conv2d", "BatchNorm"):
    for check in ("contract", "adjoint", "differences", "taylor"):
        print(f"{name:10} {check:15} {run(REGISTRY[name], check, cases=5).verdict}")

# %% [markdown]
# ## Figure
#
# ### Why tiles are fast
#
# im2col copies every pixel up to $k \cdot k$ times. For 32 images of 32 x 32 pixels with 64 channels
# and a 3 x 3 kernel, the rows are

# %%
count, side, channels = 32, 32, 64
numbers = count * side * side * 9 * channels
print(
    f"pixels {count * side * side * channels * 4 / 1e6:5.1f} MB,  rows {numbers * 4 / 1e6:5.1f} MB"
)
print(f"products: {2 * numbers * channels / 1e9:.1f} billion operations, for 64 output channels")
print(f"rows at a time in the library: one image, or at most {LAID * 4 / 1e6:.1f} MB of several")

# %% [markdown]
# The number of operations does not depend on how we go about it. The traffic does, in two ways.
#
# * A large **fresh array** is new memory. The system has to find it and clear it, page by page, on
#   every pass.
# * A processor has a small, fast memory, the **cache**, of a few megabytes. The main memory behind it
#   is large and slow. Rows that do not fit in the cache are written to main memory, and read back
#   for the product.
#
# So lay out a few images, multiply, and use *the same buffer* for the next few. Then there is no new
# memory, and the rows stay near. It is the same arithmetic with fewer trips. The neuron's loop over
# time and batch norm run on tiles for the same reason.
#
# The next cell measures it on the machine at hand: the best of ten passes, one thread. Your numbers
# will differ from these, and so will the size at which your cache is full. A fresh array for all
# rows at once is what a first version would do.

# %% tags=["timed"]
images = rng.standard_normal((count, side + 2, side + 2, channels)).astype(np.float32)
matrix = rng.standard_normal((9 * channels, channels)).astype(np.float32)


def seconds(at_once, buffer=None):
    """The best of ten passes, so many images at a time; without a buffer in fresh arrays."""
    best = np.inf
    for _ in range(10):
        began = time.perf_counter()
        for first in range(0, count, at_once):
            rows = im2col(images[first : first + at_once], (3, 3), (1, 1))
            laid = np.empty(rows.shape, np.float32) if buffer is None else buffer[: len(rows)]
            np.copyto(laid, rows)
            laid.reshape(-1, 9 * channels) @ matrix
        best = min(best, time.perf_counter() - began)
    return best


tiles = (1, 2, 4, 8, 16, 32)
with threadpool_limits(1, "blas"):
    fresh = seconds(count)
    reused = [seconds(n, np.empty((n, side, side, 3, 3, channels), np.float32)) for n in tiles]
print(f"all at once, in a fresh array: {1000 * fresh:.0f} ms")
for n, found in zip(tiles, reused, strict=True):
    print(f"{n:2} at a time, {numbers * 4 * n / count / 1e6:5.1f} MB: {1000 * found:.0f} ms")

# %% tags=["timed"]
figure = sheet(8.4, 3.2)
axes = plain(figure.subplots(), "images laid out at once", "time of one pass (ms)")
axes.plot(tiles, 1000 * np.array(reused), "o-", color=BLUE, label="one buffer, reused")
axes.plot(count, 1000 * fresh, "s", color=ORANGE, ms=7, label="a fresh array")
axes.set_xscale("log", base=2)
axes.set(ylim=(0, 1200 * max(fresh, *reused)), xticks=tiles, xticklabels=tiles)
axes.legend(frameon=False, fontsize=9, loc="lower right")
Picture(
    figure,
    "Time of one convolution over the number of images laid out at once, with one buffer that is "
    "reused, and a single point for all images in a fresh array. As a rule the time is least for a "
    "few images at a time and largest for the fresh array; the numbers are those of one machine.",
)

# %% [markdown]
# ## Exercises
#
# Each cell runs as it is and says what it found. Change the line marked `# <-`, run again, and open
# the solution only then.
#
# ### 1. How large is the output?
#
# An image of 28 x 28 pixels, a kernel of 5, stride 2, padding 2. How many pixels has the output along
# one axis?

# %%
answer = 28  # <-

found = Conv2d(1, 1, kernel=5, stride=2, padding=2).output_size(28, 28)[0]
case = ValueCase(lambda: np.array(answer), lambda: np.array(found), ())
print("your answer is", "right" if formula(case, rng).passed else "not right yet")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# $\lfloor (28 + 4 - 5)/2 \rfloor + 1 = \lfloor 13.5 \rfloor + 1 = 14$.
#
# ```python
# answer = 14
# assert formula(ValueCase(lambda: np.array(answer), lambda: np.array(found), ()), rng).passed
# ```
# </details>
#
# ### 2. Where does the mistake hide?
#
# Three mistakes are planted in the backward of the convolution. The adjoint identity sees each of
# them with kernel 3, stride 2 and padding 1. For each, find a kernel, stride and padding with which
# it makes *no* difference. Such a setting is where a careless test would have looked.

# %%
hiding = {  # <- (kernel, stride, padding)
    "padding not taken off": (3, 2, 1),
    "stride forgotten in the rows": (3, 2, 1),
    "overlaps overwritten": (3, 2, 1),
}


def hides(bug, kernel, stride, padding):
    layer, rng = Conv2d(2, 3, kernel, stride, padding), np.random.default_rng(0)
    case = LayerCase(layer, layer.init(rng, np.float64), rng.standard_normal((1, 2, 2, 7, 7)))
    with applied(planted[bug]):
        return adjoint(case, rng).passed


for bug, setting in hiding.items():
    print(f"{bug:30} {'hides' if hides(bug, *setting) else 'is seen'} with {setting}")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# Without padding there is nothing to take off. With stride 1 forgetting the stride changes nothing.
# Overlaps need windows that overlap: a stride as long as the kernel has none.
#
# ```python
# hiding = {
#     "padding not taken off": (3, 2, 0),
#     "stride forgotten in the rows": (3, 1, 1),
#     "overlaps overwritten": (3, 3, 1),
# }
# assert all(hides(bug, *setting) for bug, setting in hiding.items())
# assert not any(hides(bug, 3, 2, 1) for bug in hiding)
# ```
# </details>
#
# ### 3. Copy forwards, add backwards
#
# `Enlarge` makes an image twice as high and wide by copying each pixel into a square of four. Its
# forward is right. Its backward has the mistake that this notebook began with. Repair it.


# %%
class Enlarge:
    """y[..., 2 i + a, 2 j + b] = x[..., i, j] for a, b in 0, 1."""

    def forward(self, params, x):
        return x.repeat(2, axis=-2).repeat(2, axis=-1), None

    def backward(self, saved, d_y, d_membranes=None):
        d_x = d_y[..., ::2, ::2].copy()  # <- each pixel was copied four times
        return d_x, None


image = np.random.default_rng(0).standard_normal((1, 2, 3, 4, 4))
report = adjoint(LayerCase(Enlarge(), None, image), np.random.default_rng(1))
print(report.verdict, report.worst or "", sep="\n")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# class Repaired(Enlarge):
#     def backward(self, saved, d_y, d_membranes=None):
#         top, bottom = d_y[..., ::2, :], d_y[..., 1::2, :]
#         rows = top + bottom
#         return rows[..., ::2] + rows[..., 1::2], None
#
#
# assert adjoint(LayerCase(Repaired(), None, image), np.random.default_rng(1)).passed
# ```
# </details>
#
# ### 4. A norm without a mean
#
# Leave the mean out of batch norm: $y_i = x_i / \text{dev}$ with $\text{dev} = \sqrt{\frac1m \sum_i
# x_i^2 + \epsilon}$. Go through the ten steps, cross out what is gone, and write the backward in one
# line.


# %%
class RootMeanSquare:
    """y = x / sqrt(mean(x^2) + eps), the mean over the last axis."""

    def forward(self, params, x):
        deviation = np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5)
        return x / deviation, (x / deviation, deviation)

    def backward(self, saved, d_y, d_membranes=None):
        y, deviation = saved
        return (d_y - y * y * d_y) / deviation, None  # <-


point = np.random.default_rng(0).standard_normal((2, 3, 6))
report = adjoint(LayerCase(RootMeanSquare(), None, point), np.random.default_rng(1))
print(report.verdict, report.worst or "", sep="\n")

# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# Steps 1 and 2 are gone, and $c$ is $x$. So the mean of the cotangents is not taken away any more,
# but what lies along $n$, which is $y$ here, still is. The line above forgets that all $x$ share one
# deviation: there must be a mean over $y \, d_y$.
#
# ```python
# class Derived(RootMeanSquare):
#     def backward(self, saved, d_y, d_membranes=None):
#         y, deviation = saved
#         along = (y * d_y).mean(axis=-1, keepdims=True)
#         return (d_y - y * along) / deviation, None
#
#
# assert adjoint(LayerCase(Derived(), None, point), np.random.default_rng(1)).passed
# ```
# </details>
#
# ## What you have now
#
# Every layer of the papers' networks, forwards and backwards: neurons from notebook 1, their slopes
# from notebook 2, convolutions and norms from this one. And a way to check any new layer, before
# you trust it.
