"""The backward path: every function whose lines the generated edits go through."""

from typing import NamedTuple

from numsnn.mutants.edit import Mutant
from numsnn.mutants.generated import generated
from numsnn.mutants.reasons import no_error


class Target(NamedTuple):
    """A function by its path; in one that also computes a value, the names of its gradient."""

    path: str
    only: str = ""  # prefixes, comma-separated; "" where all of the function is backward


_LAYERS = (
    "numsnn.linear:Linear.backward",
    "numsnn.linear:Linear.backward_params",
    "numsnn.conv:Conv2d.backward",
    "numsnn.conv:Conv2d._backward",
    "numsnn.conv:Conv2d._pixels_last",
    "numsnn.conv:Apart.backward",
    "numsnn.conv:Apart.gradient",
    "numsnn.conv:Apart.transposed",
    "numsnn.conv:Apart.unmatrix",
    "numsnn.conv_bands:Bands.backward",
    "numsnn.conv_bands:Bands.gradient",
    "numsnn.conv_bands:Bands.transposed",
    "numsnn.conv_bands:Bands.unmatrix",
    "numsnn.conv_bands:Bands._of_matrix",
    "numsnn.conv_bands:correlate",
    "numsnn.conv_im2col:Im2col.backward",
    "numsnn.conv_im2col:Im2col.backward_images",
    "numsnn.conv_im2col:Im2col.gradient",
    "numsnn.conv_im2col:Im2col.matrix",
    "numsnn.conv_im2col:Im2col.pixels",
    "numsnn.conv_im2col:Im2col.rows",
    "numsnn.conv_im2col:Im2col.transposed",
    "numsnn.conv_im2col:Im2col.uncols",
    "numsnn.conv_im2col:Im2col.unmatrix",
    "numsnn.conv_places:Places.backward",
    "numsnn.conv_places:Places.gradient",
    "numsnn.conv_places:Places.matrix",
    "numsnn.conv_places:Places.runs",
    "numsnn.conv_places:Places.transposed",
    "numsnn.conv_places:Places.unmatrix",
    "numsnn.conv_pool:ConvPool.backward",
    "numsnn.conv_pool:ConvPool._of_sums",
    "numsnn.conv_pool:ConvPool._shared",
    "numsnn.box:box",
    "numsnn.box:_neighbours",
    "numsnn.conv_winograd:Winograd.backward",
    "numsnn.conv_winograd:Winograd.gradient",
    "numsnn.conv_winograd:Winograd.transposed",
    "numsnn.conv_winograd:Winograd.unmatrix",
    "numsnn.conv_winograd:d_strip",
    "numsnn.conv_winograd:get",
    "numsnn.conv_winograd:strips",
    "numsnn.conv_winograd:_blocks",
    "numsnn.conv_winograd:_filtered",
    "numsnn.conv_winograd:_flat",
    "numsnn.conv_winograd:_outputs",
    "numsnn.conv_winograd:_tiled",
    "numsnn.conv_winograd:_whole",
    "numsnn.conv_winograd:_windows",
    "numsnn.im2col:fold",
    "numsnn.im2col:im2col",
    "numsnn.im2col:laid_out",
    "numsnn.im2col:padded",
    "numsnn.im2col:_summed_up",
    "numsnn.mean_first:MeanFirst.backward",
    "numsnn.pooling:AvgPool2d.backward",
    "numsnn.pooling:AvgPool2d.step",
    "numsnn.pooling:AvgPool2d._windows",
    "numsnn.pooling:Flatten.backward",
    "numsnn.norms:BatchNorm.backward",
    "numsnn.norms:BatchNorm.backward_over",
    "numsnn.norms:BatchNorm._backward",
    "numsnn.norms:FixedNorm.backward",
    "numsnn.norms:_centred",
    "numsnn.reduce:sum_to",
    "numsnn.reduce:_column_sums",
    "numsnn.reduce:contract",
    "numsnn.reduce:total",
    "numsnn.dropout:Dropout.backward",
    "numsnn.modes:ReLU.backward",
)
_NEURONS = (
    "numsnn.neurons:LIF.backward",
    "numsnn.neurons:LIF.backward_over",
    "numsnn.neurons:LIF._back_in_time",
    "numsnn.neurons:LIF._backward",
    "numsnn.neurons:LIF._excess",
    "numsnn.neurons:LIF._carries_u",
    "numsnn.neurons:LIF._gate",
    "numsnn.neurons:LIF._reset",
    "numsnn.states:MembraneCotangent.of",
    "numsnn.readouts:Accumulate.backward",
    "numsnn.readouts:MeanOverTime.backward",
)
_COMBINATORS = (
    "numsnn.compose:Identity.backward",
    "numsnn.compose:Serial.backward",
    "numsnn.compose:Residual.backward",
    "numsnn.compose:_sum",
    "numsnn.compose:Repeat.backward",
    "numsnn.tree:tree_sum",
)
_BUMPS = (
    "Rectangular",
    "Triangular",
    "Sigmoid",
    "Arctangent",
    "Tanh",
    "FastSigmoid",
    "Gaussian",
    "ClampedTanh",
)
_SURROGATES = (
    "numsnn.surrogates:Surrogate.backward",
    "numsnn.surrogates:Bump.slopes",
    "numsnn.surrogates:Bump.backward",
    *(f"numsnn.surrogates:{kind}.slope" for kind in _BUMPS),
    "numsnn.surrogates:Rectangular.inside",
    "numsnn.surrogates:Softplus.slopes",
    "numsnn.surrogates:Scaled.slopes",
)
_PAPERS = (
    "numsnn.papers.lateral:Depthwise.backward",
    "numsnn.papers.moderate:ModerateDropout.backward",
    "numsnn.papers.moderate:TwoMasks.backward",
    "numsnn.papers.noise:ThermalNoise.backward",
    "numsnn.papers.parametrised:ParametrisedLIF.backward",
    "numsnn.papers.potential:PotentialLIF.backward",
    "numsnn.papers.psg_surrogates:PSGArctangent.slopes",
    "numsnn.papers.psg_surrogates:PSGSoftplus.slopes",
)
_GRADIENTS = (
    "numsnn.recipes:Objective.__call__",
    "numsnn.papers.moderate:two_mask_loss",
    "numsnn.losses:cross_entropy",
    "numsnn.losses:smoothed_cross_entropy",
    "numsnn.losses:mean_cross_entropy",
    "numsnn.losses:squared_error",
    "numsnn.regularizers.consistency:consistency_loss",
    "numsnn.regularizers.im:IMLoss.__call__",
    "numsnn.regularizers.layers:mean_over_layers",
    "numsnn.regularizers.mpd:Degeneration.of_moments",
    "numsnn.regularizers.mpd:Saturation.of_moments",
    "numsnn.regularizers.mpd:Mismatch.of_moments",
    "numsnn.regularizers.mpd:_channel_mean",
    "numsnn.regularizers.pda:PotentialDistribution.__call__",
    "numsnn.regularizers.pda_histogram:SoftHistogramDistribution.__call__",
    "numsnn.regularizers.rate:RatePenalty.__call__",
    "numsnn.regularizers.rate:MembraneL2.__call__",
)
_GRADIENTS_ALONE = (
    "numsnn.regularizers.moments:moments_backward",
    "numsnn.regularizers.moments:standard_deviation_backward",
    "numsnn.regularizers.pda_histogram:SoftHistogramDistribution._shares_backward",
)

TARGETS: tuple[Target, ...] = (
    *(Target(p) for p in _LAYERS + _NEURONS + _COMBINATORS + _SURROGATES),
    *(Target(p) for p in _PAPERS + _GRADIENTS_ALONE),
    *(Target(p, "d_,dloss_") for p in _GRADIENTS),
)


def all_generated() -> tuple[Mutant, ...]:
    """Every generated edit of every target, but those that are no errors."""
    rows = (m for target in TARGETS for m in generated(target.path, target.only))
    return tuple(mutant for mutant in rows if not no_error(mutant))
