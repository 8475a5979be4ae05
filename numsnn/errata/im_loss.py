"""Errata of IM-Loss and ESG (Guo et al., NeurIPS 2022)."""

from numsnn.errata.demonstrations import im_loss as show
from numsnn.errata.entry import Erratum

ENTRIES = (
    Erratum(
        "im-loss",
        "I1",
        "eq. 11",
        "mathematical",
        "L + 1 terms are divided by L; whether the mean is per layer or per channel is not said.",
        "Divide by the number of terms. Per layer, channels that never and always fire cancel.",
        "mean_over_layers divides by the layers it sums; per='layer' or 'channel'.",
        show.divisor,
    ),
    Erratum(
        "im-loss",
        "I2",
        "eq. 15",
        "mathematical",
        "K runs from K_min to K_max over epochs 0 to N - 1, without additional hyper-parameters.",
        "With bounds (1, 10) it is 10^(i/N), which ends at 7.94, 9.77 or 9.977 for N = 10, 100, 1000. "
        "i/(N - 1) reaches K_max. The two bounds are hyper-parameters.",
        "Eq. 15 as printed, and the variant that reaches K_max, by name.",
        show.last_epoch,
    ),
    Erratum(
        "im-loss",
        "I3",
        "section 4.1",
        "mathematical",
        "The median is nearly the mean, so (mean - V)^2 measures the information lost.",
        "Exponential potentials with mean V fire at 0.368; with 1 % outliers the entropy is 0.081 bit "
        "at loss 0; a layer that is V throughout has none. Fair for Gaussian potentials.",
        "IMLoss as printed; entropy_of_spikes and mutual_information report what it stands for.",
        show.mean_is_not_median,
    ),
    Erratum(
        "im-loss",
        "I4",
        "eq. 9, 10",
        "mathematical",
        "argmax I(U; O) = H(O), with sums over potentials.",
        "A maximiser is not a value; U is continuous and needs integrals; the marginal H(O) does not "
        "see that neurons depend on each other.",
        "Estimators of H and I on stated bins, called marginal.",
        show.two_neurons_that_agree,
    ),
    Erratum(
        "im-loss",
        "I5",
        "eq. 2, 4, 6, 7",
        "mathematical",
        "dL/dW as a sum of direct partials; y is called a target; u_rest and u_reset alternate; fires "
        "at >= while the code fires at >.",
        "As PSG & PDA's P7: one factor must be a total derivative. y is the output.",
        "Full backpropagation through time; one reset potential, 0; the tie rule is a field.",
        show.direct_terms_only,
    ),
    Erratum(
        "im-loss",
        "I6",
        "eq. 13-15 against Table 1",
        "argument",
        "ESG's gain is put down to the schedule.",
        "Its rows differ from the others in shape too: tanh against a rectangle of height 1. Its peak "
        "K/2 grows from 0.5 to 5, its area stays 1: early slopes are wider, not larger.",
        "Shape and schedule are separate choices.",
        show.shape_and_schedule,
    ),
    Erratum(
        "im-loss",
        "I7",
        "abstract, contributions, section 5",
        "argument",
        "No multiplications on neuromorphic hardware; the first to train deep SNNs with neither "
        "normalisation nor warm start.",
        "Average pooling and direct coding feed fractions and real numbers to the next layer. RecDis-SNN "
        "claims the same, earlier; Table 1's baselines are warm-started.",
        "Counts multiplications wherever a layer's input is not 0 or 1.",
        show.pooled_spikes,
    ),
    Erratum(
        "im-loss",
        "I8",
        "section 5.2 against Table 2",
        "inconsistent",
        "VGG-16 on ImageNet: 70.03 in the text, 70.65 in the table.",
        "70.65: it is 1.65 above 69.00, as the text itself says.",
        "Quotes 70.65.",
        show.which_vgg,
    ),
    Erratum(
        "im-loss",
        "I9",
        "section 5.2, CIFAR-10",
        "arithmetic",
        "Better than the other methods.",
        "Table 2 has TET's ResNet-19 at 94.16 for T = 2, above 93.85.",
        "Quotes the table.",
        show.better_at_two_steps,
    ),
    Erratum(
        "im-loss",
        "I10",
        "eq. 11, 12 against the released code",
        "code",
        "The mean potential is held at V with lambda = 2.",
        "The released code holds the mean input of a block's last neurons, or the spikes of a stand-alone "
        "one, at 0.5/T with lambda = 0.005, leaves out the first and last layer, and has no ESG.",
        "The paper's loss by default, IMLoss.of_authors(T) beside it.",
        show.released_target,
    ),
)
