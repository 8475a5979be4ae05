"""One neuron, two or three steps, every number worked out on paper.

All numbers are dyadic fractions, so the computer's are equal to the paper's, to the bit. The
surrogate is the open rectangle of width 2: its slope is 1/2 for |z| < 1, and the slope in the
width is -(z/2)/2 = -z/4, with z = u - threshold.
"""

import numpy as np
import pytest

import numsnn as ns
from numsnn.neurons import MembraneCotangent, State
from numsnn.surrogates import Rectangular, Triangular


def column(*numbers):
    """[T, 1, 1]: one sample, one neuron."""
    return np.array(numbers, float).reshape(-1, 1, 1)


def run(current, d_spikes, d_trace=None, d_final=None, initial=None, params=None, **options):
    """Forward and backward of one neuron: decay 1/2, threshold 1, width 2 unless told."""
    options = {"decay": 0.5, "threshold": 1.0, "width": 2.0} | options
    layer = ns.LIF(name="n", **options)
    values = layer.init(np.random.default_rng(0), np.float64)._replace(**(params or {}))
    if initial is not None:
        values = values._replace(initial=State(*(np.full((1, 1), float(x)) for x in initial)))
    spikes, saved = layer.forward(values, column(*current))
    final = None if d_final is None else State(*(np.full((1, 1), float(x)) for x in d_final))
    trace = None if d_trace is None else column(*d_trace)
    d_current, d_params = layer.backward(
        saved, column(*d_spikes), {"n": MembraneCotangent(trace, final)}
    )
    return spikes, saved, d_current, d_params


def check(result, u, s, v, d_current, d_decay, d_threshold, d_width, d_initial=None):
    spikes, saved, found, d_params = result
    assert saved.membrane.ravel().tolist() == list(u)
    assert spikes.ravel().tolist() == list(s)
    assert saved.final.membrane.item() == v
    assert saved.final.spikes.item() == s[-1]
    assert found.ravel().tolist() == list(d_current)
    assert d_params.decay.item() == d_decay
    assert d_params.threshold.item() == d_threshold
    assert d_params.width.item() == d_width
    if d_initial is not None:
        assert d_params.initial.membrane.item() == d_initial


# current = 1, 5/4, 1/4 reaches the threshold 1 exactly at t = 0: the tie rule decides.
# dL/ds = 1, 2, -4 and dL/dv[2] = 3 at the end.
CURRENT, D_SPIKES, D_FINAL = (1, 1.25, 0.25), (1, 2, -4), (3, 0)


def test_hard_reset_silent_at_the_tie():
    # forward    t   h = v/2 + I        z      s   v = h (1 - s)
    #            0   1                  0      0   1
    #            1   1/2 + 5/4 = 7/4    3/4    1   0
    #            2   0 + 1/4            -3/4   0   1/4
    # backward   d_s = dL/ds - h d_v,  d_u = d_s/2,  d_h = d_u + (1 - s) d_v,  then d_v = d_h/2
    #            2   d_v 3     d_s -4 - 3/4 = -19/4      d_u -19/8   d_h -19/8 + 3 = 5/8
    #            1   d_v 5/16  d_s 2 - 35/64 = 93/64     d_u 93/128  d_h 93/128
    #            0   d_v 93/256  d_s 1 - 93/256 = 163/256  d_u 163/512  d_h 163/512 + 93/256 = 349/512
    # d_decay = sum v[t-1] d_h = 0 + 1 * 93/128 + 0
    # d_threshold = -(sum of d_u) = 19/8 - 93/128 - 163/512
    # d_width = sum -z/4 d_s = 0 - 3/16 * 93/64 + 3/16 * -19/4
    check(
        run(CURRENT, D_SPIKES, d_final=D_FINAL, initial=(0, 0)),
        u=(1, 7 / 4, 1 / 4),
        s=(0, 1, 0),
        v=1 / 4,
        d_current=(349 / 512, 93 / 128, 5 / 8),
        d_decay=93 / 128,
        d_threshold=19 / 8 - 93 / 128 - 163 / 512,
        d_width=-3 / 16 * 93 / 64 - 3 / 16 * 19 / 4,
        d_initial=349 / 1024,
    )


def test_hard_reset_fires_at_the_tie():
    # forward    t   h                z      s   v
    #            0   1                0      1   0
    #            1   0 + 5/4          1/4    1   0
    #            2   0 + 1/4          -3/4   0   1/4
    # backward   2   d_v 3     d_s -4 - 3/4 = -19/4    d_u -19/8     d_h 5/8
    #            1   d_v 5/16  d_s 2 - 5/4 * 5/16 = 103/64   d_u 103/128   d_h 103/128 + 0
    #            0   d_v 103/256   d_s 1 - 103/256 = 153/256   d_u 153/512   d_h 153/512 + 0
    check(
        run(CURRENT, D_SPIKES, d_final=D_FINAL, initial=(0, 0), tie="fires"),
        u=(1, 5 / 4, 1 / 4),
        s=(1, 1, 0),
        v=1 / 4,
        d_current=(153 / 512, 103 / 128, 5 / 8),
        d_decay=0,
        d_threshold=19 / 8 - 103 / 128 - 153 / 512,
        d_width=-1 / 16 * 103 / 64 - 3 / 16 * 19 / 4,
        d_initial=153 / 1024,
    )


def test_soft_reset_silent_at_the_tie():
    # forward    t   h                   z      s   v = h - s
    #            0   1                   0      0   1
    #            1   1/2 + 5/4 = 7/4     3/4    1   3/4
    #            2   3/8 + 1/4 = 5/8     -3/8   0   5/8
    # backward   d_s = dL/ds - threshold d_v,  d_h = d_u + d_v
    #            2   d_v 3      d_s -4 - 3 = -7        d_u -7/2    d_h -1/2
    #            1   d_v -1/4   d_s 2 + 1/4 = 9/4      d_u 9/8     d_h 9/8 - 1/4 = 7/8
    #            0   d_v 7/16   d_s 1 - 7/16 = 9/16    d_u 9/32    d_h 9/32 + 7/16 = 23/32
    # d_decay = 1 * 7/8 + 3/4 * -1/2 = 1/2
    # d_threshold = -(sum of d_u) - (sum of s d_v) = (7/2 - 9/8 - 9/32) - (-1/4)
    # d_width = 0 - 3/16 * 9/4 + 3/32 * -7
    check(
        run(CURRENT, D_SPIKES, d_final=D_FINAL, initial=(0, 0), reset="soft"),
        u=(1, 7 / 4, 5 / 8),
        s=(0, 1, 0),
        v=5 / 8,
        d_current=(23 / 32, 7 / 8, -1 / 2),
        d_decay=1 / 2,
        d_threshold=7 / 2 - 9 / 8 - 9 / 32 + 1 / 4,
        d_width=-27 / 64 - 21 / 32,
        d_initial=23 / 64,
    )


def test_soft_reset_fires_at_the_tie():
    # forward    t   h             z      s   v
    #            0   1             0      1   0
    #            1   5/4           1/4    1   1/4
    #            2   1/8 + 1/4     -5/8   0   3/8
    # backward   2   d_v 3      d_s -7                 d_u -7/2    d_h -1/2
    #            1   d_v -1/4   d_s 2 + 1/4 = 9/4      d_u 9/8     d_h 7/8
    #            0   d_v 7/16   d_s 1 - 7/16 = 9/16    d_u 9/32    d_h 23/32
    # d_decay = 0 * 7/8 + 1/4 * -1/2
    # d_threshold = (7/2 - 9/8 - 9/32) - (7/16 - 1/4)
    # d_width = 0 - 1/16 * 9/4 + 5/32 * -7
    check(
        run(CURRENT, D_SPIKES, d_final=D_FINAL, initial=(0, 0), reset="soft", tie="fires"),
        u=(1, 5 / 4, 3 / 8),
        s=(1, 1, 0),
        v=3 / 8,
        d_current=(23 / 32, 7 / 8, -1 / 2),
        d_decay=-1 / 8,
        d_threshold=7 / 2 - 9 / 8 - 9 / 32 - 7 / 16 + 1 / 4,
        d_width=-9 / 64 - 35 / 32,
        d_initial=23 / 64,
    )


def test_hard_reset_detached():
    # The forward is that of the reset kept. Backward without the term -h d_v in d_s:
    #            2   d_v 3      d_s -4   d_u -2    d_h -2 + 3 = 1
    #            1   d_v 1/2    d_s 2    d_u 1     d_h 1 + 0
    #            0   d_v 1/2    d_s 1    d_u 1/2   d_h 1/2 + 1/2 = 1
    check(
        run(CURRENT, D_SPIKES, d_final=D_FINAL, initial=(0, 0), detach_reset=True),
        u=(1, 7 / 4, 1 / 4),
        s=(0, 1, 0),
        v=1 / 4,
        d_current=(1, 1, 1),
        d_decay=1,
        d_threshold=2 - 1 - 1 / 2,
        d_width=-3 / 16 * 2 - 3 / 16 * 4,
        d_initial=1 / 2,
    )


def test_soft_reset_detached_keeps_what_the_reset_subtracts():
    # Without -threshold d_v in d_s; the subtracted threshold itself still has its gradient.
    #            2   d_v 3    d_s -4   d_u -2    d_h 1
    #            1   d_v 1/2  d_s 2    d_u 1     d_h 3/2
    #            0   d_v 3/4  d_s 1    d_u 1/2   d_h 5/4
    # d_decay = 1 * 3/2 + 3/4 * 1;  d_threshold = (2 - 1 - 1/2) - 1 * 1/2
    check(
        run(CURRENT, D_SPIKES, d_final=D_FINAL, initial=(0, 0), reset="soft", detach_reset=True),
        u=(1, 7 / 4, 5 / 8),
        s=(0, 1, 0),
        v=5 / 8,
        d_current=(5 / 4, 3 / 2, 1),
        d_decay=9 / 4,
        d_threshold=0,
        d_width=-3 / 16 * 2 - 3 / 32 * 4,
        d_initial=5 / 8,
    )


def test_initial_potential_and_the_cotangents_of_membranes():
    # Two steps, hard reset, v[-1] = 1/2; dL/ds = 1, -1, dL/du = 2, 4, dL/dv[1] = 1, dL/ds[1] += 3.
    # forward    0   h = 1/4 + 1 = 5/4    z 1/4    s 1   v 0
    #            1   h = 0 + 1/2          z -1/2   s 0   v 1/2
    # backward   1   d_s = -1 + 3 - 1/2 * 1 = 3/2   d_u 3/4 + 4   d_h 19/4 + 1 = 23/4   d_v 23/8
    #            0   d_s = 1 - 5/4 * 23/8 = -83/32  d_u -83/64 + 2 = 45/64   d_h 45/64  d_v 45/128
    # d_decay = 1/2 * 45/64 + 0;  d_threshold = -3/4 + 83/64;  d_width = 1/8 * 3/2 + 1/16 * 83/32
    result = run((1, 0.5), (1, -1), d_trace=(2, 4), d_final=(1, 3), initial=(0.5, 0))
    check(
        result,
        u=(5 / 4, 1 / 2),
        s=(1, 0),
        v=1 / 2,
        d_current=(45 / 64, 23 / 4),
        d_decay=45 / 128,
        d_threshold=-3 / 4 + 83 / 64,
        d_width=3 / 16 + 83 / 512,
        d_initial=45 / 128,
    )


@pytest.mark.parametrize("detach", [False, True])
def test_lateral_weight_on_the_previous_spike(detach):
    # h[t] = v/2 + I + w s[t-1] with w = -1/2, s[-1] = 1/2; detached or not, the lateral path stays.
    # forward    0   0 + 7/4 - 1/4 = 3/2   z 1/2    s 1   v 0
    #            1   0 + 5/4 - 1/2 = 3/4   z -1/4   s 0   v 3/4
    # backward   dL/ds = 1, 2 and dL/dv[1] = 4
    #   kept     1   d_s 2 - 3 = -1   d_u -1/2   d_h -1/2 + 4 = 7/2   d_v 7/4   to s[0]: -7/4
    #            0   d_s 1 - 7/4 - 3/2 * 7/4 = -27/8   d_u = d_h = -27/16
    #   detached 1   d_s 2            d_u 1      d_h 1 + 4 = 5        d_v 5/2   to s[0]: -5/2
    #            0   d_s 1 - 5/2 = -3/2                d_u = d_h = -3/4
    # d_w = s[0] d_h[1] + s[-1] d_h[0];  to s[-1]: w d_h[0]
    lateral = ns.Linear(1, 1, bias=False)
    _, saved, d_current, d_params = run(
        (1.75, 1.25),
        (1, 2),
        d_final=(4, 0),
        initial=(0, 0.5),
        params={"lateral": lateral.Params(np.array([[-0.5]]), None)},
        lateral=lateral,
        detach_reset=detach,
    )
    first, second = (-3 / 4, 5) if detach else (-27 / 16, 7 / 2)
    assert saved.membrane.ravel().tolist() == [3 / 2, 3 / 4]
    assert saved.spikes.ravel().tolist() == [1, 0]
    assert d_current.ravel().tolist() == [first, second]
    assert d_params.lateral.weight.item() == second + first / 2
    assert d_params.initial.spikes.item() == -first / 2
    assert d_params.initial.membrane.item() == first / 2


@pytest.mark.parametrize("carry", ["raw", "normalised"])
def test_norm_between_charge_and_firing(carry):
    # u = 2 (h - 1/2), threshold 1, hard reset; slope 1 - |z| of the triangle of width 1.
    # dL/ds = 0, 4 and dL/du = 1, 1. Nothing fires.
    # raw        0   h 3/4               u 1/2   z -1/2   v 3/4
    #            1   3/8 + 3/8 = 3/4     u 1/2   z -1/2
    #   back     1   d_z 2   d_u 3   d_h 6   d_v 3
    #            0   d_s -3/4 * 3 = -9/4   d_z -9/8   d_u -1/8   d_h = -1/4 + 3 = 11/4
    # normalised 0   h 3/4               u 1/2   z -1/2   v 1/2
    #            1   1/4 + 3/8 = 5/8     u 1/4   z -3/4
    #   back     1   d_z 1   d_u 2   d_h 4   d_v 2
    #            0   d_s -1/2 * 2 = -1   d_z -1/2   d_u = 1 - 1/2 + 2 = 5/2   d_h = 5
    # d_shift = sum of d_u, d_gain = sum of d_u (h - 1/2), d_decay = v[0] d_h[1],
    # d_threshold = -(sum of d_z)
    eps = 2.0**-10  # variance + eps = 1
    norm = ns.FixedNorm((1,), ns.Statistics(np.array([0.5]), np.array([1 - eps])), eps=eps)
    _, saved, d_current, d_params = run(
        (0.75, 0.375),
        (0, 4),
        d_trace=(1, 1),
        norm=norm,
        carry=carry,
        width=1.0,
        surrogate=Triangular(),
        params={"norm": ns.BatchNorm.Params(np.array([2.0]), np.zeros(1))},
    )
    raw = carry == "raw"
    assert saved.charged.ravel().tolist() == [3 / 4, 3 / 4 if raw else 5 / 8]
    assert saved.membrane.ravel().tolist() == [1 / 2, 1 / 2 if raw else 1 / 4]
    assert saved.final.membrane.item() == (3 / 4 if raw else 1 / 4)
    assert d_current.ravel().tolist() == ([11 / 4, 6] if raw else [5, 4])
    assert d_params.norm.shift.item() == (3 - 1 / 8 if raw else 2 + 5 / 2)
    assert d_params.norm.gain.item() == (3 / 4 - 1 / 32 if raw else 2 / 8 + 5 / 8)
    assert d_params.decay.item() == (9 / 2 if raw else 2)
    assert d_params.threshold.item() == (-2 + 9 / 8 if raw else -1 + 1 / 2)


def test_folded_direction_and_amount():
    # Fires where -u > 1/4, and a soft reset subtracts 2 whatever the threshold; slope 1/2, width 2.
    # forward    0   h = -3/4   z = 3/4 - 1/4 = 1/2   s 1   v = -3/4 - 2 = -11/4
    #            1   h = -11/8 + 5/4 = -1/8   z = 1/8 - 1/4 = -1/8   s 0   v -1/8
    # backward   dL/ds = 8, 4
    #            1   d_v 0   d_z 2   d_u -2   d_h -2   to v[0]: -1
    #            0   d_s = 8 - 2 * -1 = 10   d_z 5   d_u -5   d_h = -5 - 1 = -6
    # d_amount = -s d_v = 1;  d_threshold = -2 - 5;  d_direction = sum u d_z = -1/8 * 2 - 3/4 * 5
    _, saved, d_current, d_params = run(
        (-0.75, 1.25),
        (8, 4),
        reset="soft",
        params={
            "threshold": np.array(0.25),
            "direction": np.array(-1.0),
            "amount": np.array(2.0),
        },
    )
    assert saved.membrane.ravel().tolist() == [-3 / 4, -1 / 8]
    assert saved.spikes.ravel().tolist() == [1, 0]
    assert saved.final.membrane.item() == -1 / 8
    assert d_current.ravel().tolist() == [-6, -2]
    assert d_params.amount.item() == 1
    assert d_params.threshold.item() == -7
    assert d_params.direction.item() == -1 / 4 - 15 / 4


def test_parameters_of_each_channel_get_the_sum_over_their_samples():
    # Two samples, two channels, one step, decay without effect. Triangular slope 1 - |z| of width 1:
    #   threshold 1, 2;  I = (3/2, 3/2), (1/2, 9/4)  ->  z = (1/2, -1/2), (-1/2, 1/4)
    #   s = (1, 0), (0, 1);  slopes (1/2, 1/2), (1/2, 3/4);  dL/ds = (2, 4), (6, 8)
    #   d_I = (1, 2), (3, 6);  d_threshold = -(1 + 3), -(2 + 6)
    #   slope in the width -z slope = (-1/4, 1/4), (1/4, -3/16): d_width = -1/2 + 1 + 3/2 - 3/2
    layer = ns.LIF(surrogate=Triangular(), threshold_shape=(2,))
    params = layer.init(np.random.default_rng(0), np.float64)
    params = params._replace(threshold=np.array([1.0, 2.0]), width=np.array(1.0))
    spikes, saved = layer.forward(params, np.array([[[1.5, 1.5], [0.5, 2.25]]]))
    d_current, d_params = layer.backward(saved, np.array([[[2.0, 4], [6, 8]]]))
    assert spikes.tolist() == [[[1, 0], [0, 1]]]
    assert d_current.tolist() == [[[1, 2], [3, 6]]]
    assert d_params.threshold.tolist() == [-4, -8]
    assert d_params.width.item() == 1 / 2
    assert d_params.decay.item() == 0


def test_closed_and_open_ends_of_the_rectangle():
    # u - threshold = 1 = width/2, exactly on the end: slope 1/2 if closed, 0 if open.
    for closed, expected in ((True, 1 / 2), (False, 0)):
        _, _, d_current, _ = run((2,), (1,), surrogate=Rectangular(closed=closed))
        assert d_current.item() == expected
