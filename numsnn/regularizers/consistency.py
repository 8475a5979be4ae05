"""Moderate dropout's consistency: two passes of one batch under two masks should agree."""

from typing import Any

import numpy as np

from numsnn.errors import NumsnnError


def consistency_loss(logits_a: Any, logits_b: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """L = (1/2NK) sum of (p - q)(ln p - ln q), p and q the softmax of the two batches of logits.

    This is (KL(p||q) + KL(q||p))/2 with each divergence averaged over all N*K elements, as in the
    code of the dropout's own paper, which weighs it by 1/2 beside (CE_a + CE_b)/2.
    logits_a, logits_b: [N, K], one floating or complex dtype. Returns loss, d_logits_a, d_logits_b.
    Raises NumsnnError for shapes that differ, fewer than 2 axes, empty or non-finite logits.
    PSG & PDA section 2.3 (LTMD's loss).
    """
    a, b = np.asarray(logits_a), np.asarray(logits_b)
    if a.shape != b.shape or a.ndim < 2 or a.size == 0:
        raise NumsnnError(
            f"consistency_loss: logits {a.shape} and {b.shape}, expected twice one shape [N, K]"
        )
    dtype = np.result_type(a, b)
    if not np.issubdtype(dtype, np.inexact):
        raise NumsnnError(f"consistency_loss: logits are {dtype}, expected floating or complex")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise NumsnnError("consistency_loss: logits hold NaN or infinity, expected finite values")

    log_p, log_q = _log_softmax(a), _log_softmax(b)
    p, q = np.exp(log_p), np.exp(log_q)
    log_ratio = log_p - log_q
    loss = dtype.type(np.sum((p - q) * log_ratio) / (2 * a.size))

    d_a = (p * (log_ratio - np.sum(p * log_ratio, axis=-1, keepdims=True)) + p - q) / (2 * a.size)
    d_b = (q * (np.sum(q * log_ratio, axis=-1, keepdims=True) - log_ratio) + q - p) / (2 * a.size)
    return loss, d_a.astype(a.dtype), d_b.astype(b.dtype)


def _log_softmax(x: np.ndarray) -> np.ndarray:
    shifted = x - x.real.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
