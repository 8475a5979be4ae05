"""Losses: ``loss, d_outputs = loss_function(outputs, labels)``, outputs [T, N, K], labels [N]."""

from typing import Any

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.layer import Array
from numsnn.validate import require, sequence


def cross_entropy(outputs: Array, labels: Array) -> tuple[Any, Array]:
    """L = -(1/N) sum over n of log softmax(o[n])[label[n]],  o = (1/T) sum over t of outputs[t].

    dL/d outputs[t] = (softmax(o) - onehot)/(N T). Stable at any size of logits.
    Raises NumsnnError on labels that are not integers in [0, K). tdBN eq. 12-13, MPBN eq. 3.
    """
    target = one_hot("cross_entropy", outputs, labels)
    T, N, _ = outputs.shape
    o = outputs.mean(axis=0)
    log_p = log_softmax(o)
    loss = -(log_p * target).sum() / N
    d_o = (np.exp(log_p) - target) / N
    return loss, np.broadcast_to(d_o / T, outputs.shape)


def smoothed_cross_entropy(
    outputs: Array, labels: Array, smoothing: float = 0.1
) -> tuple[Any, Array]:
    """L = -(1/N) sum over n, k of q[n, k] log softmax(o[n])[k],  o = (1/T) sum over t of outputs[t],

    q = (1 - smoothing) onehot + smoothing/K: the label is held for true, but not for certain.
    dL/d outputs[t] = (softmax(o) - q)/(N T). Raises NumsnnError unless 0 <= smoothing < 1, and as
    ``cross_entropy``. Szegedy et al., "Rethinking the Inception architecture", 2016.
    """
    require(
        0 <= smoothing < 1,
        f"smoothed_cross_entropy: smoothing must be in [0, 1), found {smoothing!r}",
    )
    certain = one_hot("smoothed_cross_entropy", outputs, labels)
    T, N, K = outputs.shape
    q = (1 - smoothing) * certain + smoothing / K
    o = outputs.mean(axis=0)
    log_p = log_softmax(o)
    loss = -(log_p * q).sum() / N
    d_o = (np.exp(log_p) - q) / N
    return loss, np.broadcast_to(d_o / T, outputs.shape)


def mean_cross_entropy(outputs: Array, labels: Array) -> tuple[Any, Array]:
    """L = -(1/(N T)) sum over t, n of log softmax(outputs[t, n])[label[n]].

    The cross-entropy of every step, averaged; not that of the mean. RecDis Algorithm 1.
    """
    target = one_hot("mean_cross_entropy", outputs, labels)
    T, N, _ = outputs.shape
    log_p = log_softmax(outputs)
    loss = -(log_p * target).sum() / (N * T)
    return loss, (np.exp(log_p) - target) / (N * T)


def squared_error(outputs: Array, labels: Array) -> tuple[Any, Array]:
    """L = (1/(N K)) sum over n, k of (rate[n, k] - onehot[n, k])^2,  rate = mean over t."""
    target = one_hot("squared_error", outputs, labels)
    T, N, K = outputs.shape
    error = outputs.mean(axis=0) - target
    loss = (error * error).sum() / (N * K)
    return loss, np.broadcast_to(2 * error / (N * K * T), outputs.shape)


def log_softmax(logits: Array) -> Array:
    """logits - log sum exp(logits) over the last axis, shifted by the largest real part."""
    shifted = logits - logits.real.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def one_hot(op: str, outputs: Array, labels: Any) -> Array:
    """[N, K] of 0 and 1 in the outputs' precision, for labels [N] in [0, K)."""
    sequence(op, outputs, rank=3, layout="[T, N, K]")
    N, K = outputs.shape[1:]
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != (N,):
        raise NumsnnError(
            f"{op}: labels must be {N} integers, found {labels.dtype} {labels.shape} "
            f"for outputs {outputs.shape}"
        )
    wrong = (labels < 0) | (labels >= K)
    if wrong.any():
        at = int(wrong.argmax())
        raise NumsnnError(f"{op}: labels must lie in [0, {K}), found {labels[at]} at {at}")
    target = np.zeros((N, K), outputs.real.dtype)
    target[np.arange(N), labels] = 1
    return target


LOSSES = {
    "cross-entropy": cross_entropy,
    "smoothed-cross-entropy": smoothed_cross_entropy,
    "mean-cross-entropy": mean_cross_entropy,
    "squared-error": squared_error,
}
"""Every loss by name."""
