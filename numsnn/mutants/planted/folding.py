"""Planted errors of folding: slopes, offsets, signs, thresholds. Not backward, but as easy to get wrong."""

from numsnn.mutants.edit import Mutant

AFFINE = "numsnn.folding:affine"
THRESHOLD = "numsnn.folding:with_threshold"
SCALED = "numsnn.chains:scaled"

MUTANTS = (
    Mutant(
        "fold: eps forgotten",
        AFFINE,
        "np.sqrt(variance + norm.eps)",
        "np.sqrt(variance)",
        "MPBN eq. 13 as printed",
    ),
    Mutant(
        "fold: variance for deviation",
        AFFINE,
        "np.sqrt(variance + norm.eps)",
        "(variance + norm.eps)",
        "a root left out",
    ),
    Mutant(
        "fold: scale forgotten",
        AFFINE,
        "slope = norm.scale * params.gain",
        "slope = params.gain",
        "tdBN's alpha times threshold left out",
    ),
    Mutant(
        "fold: mean's sign",
        AFFINE,
        "- slope * mean",
        "+ slope * mean",
        "the mean added in place of taken off",
    ),
    Mutant(
        "fold: mean not scaled",
        AFFINE,
        "- slope * mean",
        "- mean",
        "shift - mean in place of shift - slope mean",
    ),
    Mutant(
        "MPBN fold: negative slope fires above",
        THRESHOLD,
        "direction = np.where(turns, np.sign(slope), 0)",
        "direction = np.where(turns, 1, 0)",
        "the sign of lambda dropped",
    ),
    Mutant(
        "MPBN fold: threshold divided by the slope",
        THRESHOLD,
        "level = gap / np.abs(slope)",
        "level = gap / slope",
        "the sign taken twice where lambda < 0",
    ),
    Mutant(
        "MPBN fold: shift's sign",
        THRESHOLD,
        "gap = params.threshold.astype(np.float64) - offset",
        "gap = params.threshold.astype(np.float64) + offset",
        "threshold + beta in place of threshold - beta",
    ),
    Mutant(
        "MPBN fold: threshold not divided",
        THRESHOLD,
        "level = gap / np.abs(slope)",
        "level = gap + 0 * slope",
        "the slope of the norm forgotten",
    ),
    Mutant(
        "MPBN fold: soft reset by the folded threshold",
        THRESHOLD,
        'amount=amount if neuron.reset == "soft" else None',
        "amount=None",
        "the reset's amount folded with the threshold",
    ),
    Mutant(
        "tdBN fold: bias not scaled",
        SCALED,
        "bias = slope * (0.0 if params.bias is None else params.bias) + offset",
        "bias = (0.0 * slope if params.bias is None else params.bias) + offset",
        "the bias before the norm keeps its size",
    ),
)
