"""Planted errors of the regularizers: normalisation, signs, terms left out."""

from numsnn.mutants.edit import Mutant

OBJECTIVE = "numsnn.recipes:Objective.__call__"
MOMENTS = "numsnn.regularizers.moments:moments_backward"
CHANNEL_MEAN = "numsnn.regularizers.mpd:_channel_mean"
IM = "numsnn.regularizers.im:IMLoss.__call__"
PDA = "numsnn.regularizers.pda:PotentialDistribution.__call__"
HISTOGRAM = "numsnn.regularizers.pda_histogram:SoftHistogramDistribution.__call__"
RATE = "numsnn.regularizers.rate:RatePenalty.__call__"

REGULARIZERS = (
    Mutant(
        "penalty's weight missing",
        OBJECTIVE,
        "d_membrane = penalty.weight * d_membrane",
        "pass",
        "lambda in the loss but not in its gradient",
    ),
    Mutant(
        "the last of two penalties",
        OBJECTIVE,
        "d_membrane if known is None else known + d_membrane",
        "d_membrane",
        "overwritten in place of summed",
    ),
    Mutant(
        "moments: 1/n missing from the mean",
        MOMENTS,
        "offset = (d_mean / saved.size)",
        "offset = (d_mean)",
        "a regularizer mis-normalised",
    ),
    Mutant(
        "moments: variance unbiased",
        MOMENTS,
        "(2 * d_variance / saved.size)",
        "(2 * d_variance / (saved.size - 1))",
        "n - 1 in the backward, n in the forward",
    ),
    Mutant(
        "moments: 2 missing from the variance",
        MOMENTS,
        "(2 * d_variance / saved.size)",
        "(d_variance / saved.size)",
        "the square's derivative halved",
    ),
    Mutant(
        "moments: variance's path missing",
        MOMENTS,
        "return offset + scale * saved.centred",
        "return offset + 0 * scale * saved.centred",
        "only the mean is moved",
    ),
    Mutant(
        "deviation as variance in the moments",
        "numsnn.regularizers.moments:standard_deviation_backward",
        "d_std / (2 * np.where(alive, std, 1))",
        "d_std / np.where(alive, std, 1)",
        "the root's 1/2 left out",
    ),
    Mutant(
        "MPD: sum over channels",
        CHANNEL_MEAN,
        "d_mean = sum(dpart_dmean for _, dpart_dmean, _ in parts) / channels",
        "d_mean = sum(dpart_dmean for _, dpart_dmean, _ in parts)",
        "1/C left out",
    ),
    Mutant(
        "MPD: spread taken as constant",
        CHANNEL_MEAN,
        "d_std = sum(dpart_dstd for _, _, dpart_dstd in parts) / channels",
        "d_std = 0 * sum(dpart_dstd for _, _, dpart_dstd in parts) / channels",
        "no gradient through the standard deviation",
    ),
    Mutant(
        "MPD: last term only",
        CHANNEL_MEAN,
        "d_mean = sum(dpart_dmean for _, dpart_dmean, _ in parts) / channels",
        "d_mean = parts[-1][1] / channels",
        "overwritten in place of summed",
    ),
    Mutant(
        "degeneration: below's sign",
        "numsnn.regularizers.mpd:Degeneration.of_moments",
        "dloss_dmean = 2 * above - 2 * below",
        "dloss_dmean = 2 * above + 2 * below",
        "a silent channel pushed further down",
    ),
    Mutant(
        "degeneration: k missing",
        "numsnn.regularizers.mpd:Degeneration.of_moments",
        "dloss_dstd = -2 * self.k * (above + below)",
        "dloss_dstd = -2 * (above + below)",
        "k taken for 1",
    ),
    Mutant(
        "saturation: spread's sign",
        "numsnn.regularizers.mpd:Saturation.of_moments",
        "dloss_dstd = -2 * self.k * (above + below)",
        "dloss_dstd = 2 * self.k * (above + below)",
        "a saturated channel made narrower",
    ),
    Mutant(
        "saturation: one end only",
        "numsnn.regularizers.mpd:Saturation.of_moments",
        "dloss_dmean = 2 * above - 2 * below",
        "dloss_dmean = 2 * above",
        "the lower end forgotten",
    ),
    Mutant(
        "mismatch: the other argument followed",
        "numsnn.regularizers.mpd:Mismatch.of_moments",
        "np.where(first, 2 * inside, -2 * inside)",
        "np.where(first, -2 * inside, 2 * inside)",
        "max(., .) differentiated as min(., .)",
    ),
    Mutant(
        "MPD over layers: not averaged",
        "numsnn.regularizers.layers:mean_over_layers",
        "{name: d_membrane / len(names)",
        "{name: d_membrane",
        "the sum over layers' gradient for the mean's",
    ),
    Mutant(
        "IM-Loss: 2 missing",
        IM,
        "d_mean = 2 * gap / gap.size",
        "d_mean = gap / gap.size",
        "the square's derivative halved",
    ),
    Mutant(
        "IM-Loss: normalised by the batch",
        IM,
        "d_mean * gap.size / membrane.size",
        "d_mean * gap.size / membrane.shape[1]",
        "1/N for the mean over all of the layer",
    ),
    Mutant(
        "PDA: no KL(N||P)",
        PDA,
        "d_variance = (1 - (1 + mean**2) / v**2) / (4 * steps)",
        "d_variance = (1 - 1 / v) / (4 * steps)",
        "the gradient of KL(P||N) alone",
    ),
    Mutant(
        "PDA: mean of one divergence",
        PDA,
        "(2 * mean + 2 * mean / v)",
        "(2 * mean)",
        "the mean's second term forgotten",
    ),
    Mutant(
        "PDA: sum over steps",
        PDA,
        "d_mean = (2 * mean + 2 * mean / v) / (4 * steps)",
        "d_mean = (2 * mean + 2 * mean / v) / 4",
        "1/T left out",
    ),
    Mutant(
        "histogram: q taken for p",
        HISTOGRAM,
        "d_p = (log_ratio + (p - q) / p) / (2 * steps)",
        "d_p = (log_ratio + (p - q) / q) / (2 * steps)",
        "the derivative of ln p at q",
    ),
    Mutant(
        "histogram: bandwidth not squared",
        "numsnn.regularizers.pda_histogram:SoftHistogramDistribution._shares_backward",
        "self.bandwidth**2",
        "self.bandwidth",
        "h for h^2",
    ),
    Mutant(
        "histogram: shares not normalised",
        "numsnn.regularizers.pda_histogram:SoftHistogramDistribution._shares_backward",
        "self.centres - (w @ self.centres)[:, None]",
        "self.centres - u[:, None]",
        "a Gaussian's slope without the softmax's",
    ),
    Mutant(
        "rate penalty: straight through",
        RATE,
        "d_fired * fired * silent / float(self.width)",
        "d_fired * fired / float(self.width)",
        "sigma for sigma (1 - sigma)",
    ),
    Mutant(
        "rate penalty: width missing",
        RATE,
        "d_fired * fired * silent / float(self.width)",
        "d_fired * fired * silent",
        "1/width left out",
    ),
    Mutant(
        "L2: sum for mean",
        "numsnn.regularizers.rate:MembraneL2.__call__",
        "membrane * (2 / membrane.size)",
        "membrane * 2",
        "a regularizer mis-normalised",
    ),
)

MUTANTS = REGULARIZERS
