"""Planted errors of the losses: normalisation, signs, terms left out."""

from numsnn.mutants.edit import Mutant

CROSS = "numsnn.losses:cross_entropy"
MEAN_CROSS = "numsnn.losses:mean_cross_entropy"
SQUARED = "numsnn.losses:squared_error"

LOSSES = (
    Mutant(
        "cross-entropy without 1/T",
        CROSS,
        "np.broadcast_to(d_o / T, outputs.shape)",
        "np.broadcast_to(d_o, outputs.shape)",
        "the mean over time not divided",
    ),
    Mutant(
        "cross-entropy without 1/N",
        CROSS,
        "d_o = (np.exp(log_p) - target) / N",
        "d_o = np.exp(log_p) - target",
        "the mean over samples not divided",
    ),
    Mutant(
        "cross-entropy's sign",
        CROSS,
        "(np.exp(log_p) - target)",
        "(target - np.exp(log_p))",
        "uphill",
    ),
    Mutant(
        "cross-entropy without softmax",
        CROSS,
        "(np.exp(log_p) - target)",
        "(o - target)",
        "the squared error's gradient",
    ),
    Mutant(
        "cross-entropy of log p",
        CROSS,
        "np.exp(log_p) - target",
        "log_p - target",
        "an exponential left out",
    ),
    Mutant(
        "cross-entropy at the last step only",
        CROSS,
        "np.broadcast_to(d_o / T, outputs.shape)",
        "np.broadcast_to(d_o / T, outputs.shape) * (np.arange(T) == T - 1)[:, None, None]",
        "the mean over time taken for the last step",
    ),
    Mutant(
        "labels of other samples",
        CROSS,
        "(np.exp(log_p) - target)",
        "(np.exp(log_p) - target[::-1])",
        "the batch mixed up",
    ),
    Mutant(
        "mean cross-entropy without 1/T",
        MEAN_CROSS,
        "(np.exp(log_p) - target) / (N * T)",
        "(np.exp(log_p) - target) / N",
        "the sum over time for the mean",
    ),
    Mutant(
        "mean cross-entropy of the mean",
        MEAN_CROSS,
        "(np.exp(log_p) - target) / (N * T)",
        "(np.exp(log_softmax(outputs + 0 * log_p).mean(axis=0)) - target + 0 * log_p) / (N * T)",
        "TET's loss taken for that of the mean output",
    ),
    Mutant(
        "squared error without its 2",
        SQUARED,
        "2 * error / (N * K * T)",
        "error / (N * K * T)",
        "the square's derivative halved",
    ),
    Mutant(
        "squared error without 1/K",
        SQUARED,
        "2 * error / (N * K * T)",
        "2 * error / (N * T)",
        "the mean over classes not divided",
    ),
    Mutant(
        "consistency: one side only",
        "numsnn.regularizers.consistency:consistency_loss",
        "d_b = (q *",
        "d_b = 0 * (q *",
        "the second pass taken as constant",
    ),
    Mutant(
        "consistency: no p - q",
        "numsnn.regularizers.consistency:consistency_loss",
        "+ p - q) / (2 * a.size)",
        ") / (2 * a.size)",
        "the divergence's second term forgotten",
    ),
)

MUTANTS = LOSSES
