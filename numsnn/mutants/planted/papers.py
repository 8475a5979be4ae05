"""Planted errors of what the papers add: learnable thresholds, potential outputs, PSG, two masks."""

from numsnn.mutants.edit import Mutant

MAPPED = "numsnn.papers.parametrised:ParametrisedLIF.backward"
POTENTIAL = "numsnn.papers.potential:PotentialLIF.backward"
LATERAL = "numsnn.papers.lateral:Depthwise.backward"
ARCTANGENT = "numsnn.papers.psg_surrogates:PSGArctangent.slopes"
SOFTPLUS = "numsnn.papers.psg_surrogates:PSGSoftplus.slopes"
TWO = "numsnn.papers.moderate:TwoMasks.backward"
TWO_LOSS = "numsnn.papers.moderate:two_mask_loss"

MUTANTS = (
    Mutant(
        "learnable threshold: tanh's slope missing",
        MAPPED,
        "d_inside.threshold * (1 - threshold * threshold)",
        "d_inside.threshold",
        "the weight behind tanh taken for the threshold",
    ),
    Mutant(
        "learnable width: exp's slope missing",
        MAPPED,
        "d_inside.width * saved.neuron.params.width",
        "d_inside.width",
        "the logarithm taken for the width",
    ),
    Mutant(
        "learnable threshold: regularizers not handed on",
        MAPPED,
        "neuron.backward(saved.neuron, d_spikes, d_membranes)",
        "neuron.backward(saved.neuron, d_spikes)",
        "the membrane's cotangent stops at the wrapper",
    ),
    Mutant(
        "potential output: the spike's path through u",
        POTENTIAL,
        "d_z = do_dz * d_o",
        "d_z = do_dz * d_o + (o[t] != 0) * d_o",
        "the product u s differentiated in u as well",
    ),
    Mutant(
        "potential output: reset not cut",
        POTENTIAL,
        "(1 - self._fired(params, o, t)) * d_v",
        "d_v",
        "the gate of the reset missing",
    ),
    Mutant(
        "potential output: threshold's sign",
        POTENTIAL,
        "d_threshold -= sum_to",
        "d_threshold += sum_to",
        "u - threshold read with a plus",
    ),
    Mutant(
        "potential output: gamma's term missing",
        POTENTIAL,
        "d_width += contract(do_dwidth, d_o, d_width.shape)",
        "pass",
        "PSG's gamma does not learn",
    ),
    Mutant(
        "potential output: regularizer missing",
        POTENTIAL,
        "d_u = d_u + extra.trace[t]",
        "pass",
        "the membrane's cotangent is not taken up",
    ),
    Mutant(
        "lateral: kernel flipped",
        LATERAL,
        "d_weight[place] = np",
        "d_weight[-1 - place[0], -1 - place[1]] = np",
        "convolution taken for correlation",
    ),
    Mutant(
        "lateral: images shifted",
        LATERAL,
        "d_images[window] += np.multiply(weight[place], d_y, out=term)",
        "d_images[window] += np.multiply(weight[-1 - place[0], -1 - place[1]], d_y, out=term)",
        "the forward's kernel used once more for its transpose",
    ),
    Mutant(
        "PSG arctangent: exact slope without gamma",
        ARCTANGENT,
        "return width * bump, z * bump",
        "return bump, z * bump",
        "eq. 11 in place of eq. 9",
    ),
    Mutant(
        "PSG arctangent: printed partials exchanged for the exact ones",
        ARCTANGENT,
        "return bump, bump",
        "return bump, z * bump",
        "eq. 10 in place of eq. 12",
    ),
    Mutant(
        "PSG arctangent: rescaled gamma slope over gamma",
        ARCTANGENT,
        "_ratio(x * bump - np.arctan(x), width * width, at_zero=0 * z)",
        "_ratio(x * bump - np.arctan(x), width, at_zero=0 * z)",
        "1/gamma for 1/gamma^2",
    ),
    Mutant(
        "PSG softplus: exact gamma slope without z",
        SOFTPLUS,
        "return width * rise, z * rise",
        "return width * rise, rise",
        "eq. 17 in place of eq. 15",
    ),
    Mutant(
        "PSG softplus: rescaled gamma slope's sign",
        SOFTPLUS,
        "_ratio(-bend, width * width",
        "_ratio(bend, width * width",
        "a minus dropped",
    ),
    Mutant(
        "moderate dropout: mask missing",
        "numsnn.papers.moderate:ModerateDropout.backward",
        "d_y * saved.mask",
        "d_y",
        "gradients for units that are out",
    ),
    Mutant(
        "two masks: second pass forgotten",
        TWO,
        "return first + second, self.Params(d_dropout",
        "return first, self.Params(d_dropout",
        "the input's gradient of one pass",
    ),
    Mutant(
        "two masks: passes and samples mixed up",
        TWO,
        "np.concatenate(np.split(d_y, 2), axis=1)",
        "d_y.reshape(len(d_y) // 2, 2 * d_y.shape[1], *d_y.shape[2:])",
        "time folded into the batch by a reshape",
    ),
    Mutant(
        "two masks: loss without its half",
        TWO_LOSS,
        "return (a + b + apart) / 2, d_outputs / 2",
        "return (a + b + apart) / 2, d_outputs",
        "the mean of two losses differentiated as their sum",
    ),
    Mutant(
        "two masks: consistency not learned",
        TWO_LOSS,
        "np.concatenate([d_a, d_b]) + np.stack([d_first, d_second])",
        "np.concatenate([d_a, d_b]) + 0 * np.stack([d_first, d_second])",
        "the divergence in the loss but not in its gradient",
    ),
)
