"""Losses on the potentials of one neuron layer, each with its gradient by hand.

    loss, d_membrane = regularizer(membrane)

A regularizer is a value: it knows its constants, nothing of networks, and keeps no state.
membrane is [T, N, C] or [T, N, C, H, W], the potentials before the reset; d_membrane has its shape
and dtype. Its weight (lambda, beta) belongs to the training step.
"""

from numsnn.regularizers.consistency import consistency_loss
from numsnn.regularizers.im import IMLoss
from numsnn.regularizers.information import (
    binary_entropy,
    conditional_entropy,
    entropy_of_spikes,
    mutual_information,
)
from numsnn.regularizers.layers import Regularizer, mean_over_layers
from numsnn.regularizers.mpd import Degeneration, Mismatch, MPDLoss, Saturation
from numsnn.regularizers.mpd_forms import (
    channel_quantiles,
    degeneration_by_quantile,
    mismatch_both_ends,
    mismatch_by_quantile,
    saturation_by_quantile,
)
from numsnn.regularizers.pda import PotentialDistribution, gaussian_divergences
from numsnn.regularizers.pda_histogram import SoftHistogramDistribution
from numsnn.regularizers.quantisation import quantisation_error
from numsnn.regularizers.rate import MembraneL2, RatePenalty

__all__ = [
    "Degeneration",
    "IMLoss",
    "MPDLoss",
    "MembraneL2",
    "Mismatch",
    "PotentialDistribution",
    "RatePenalty",
    "Regularizer",
    "Saturation",
    "SoftHistogramDistribution",
    "binary_entropy",
    "channel_quantiles",
    "conditional_entropy",
    "consistency_loss",
    "degeneration_by_quantile",
    "entropy_of_spikes",
    "gaussian_divergences",
    "mean_over_layers",
    "mismatch_both_ends",
    "mismatch_by_quantile",
    "mutual_information",
    "quantisation_error",
    "saturation_by_quantile",
]
