"""Errata of MPBN (Guo et al., ICCV 2023)."""

from numsnn.errata.demonstrations import mpbn as show
from numsnn.errata.entry import Erratum

ENTRIES = (
    Erratum(
        "mpbn",
        "M1",
        "eq. 9, 10, 13",
        "mathematical",
        "The folded threshold (V - beta) sigma/lambda + mu is given for every gain, without epsilon.",
        "theta = (V - beta) sqrt(sigma^2 + eps)/lambda + mu. It fires above theta for lambda > 0, "
        "below for lambda < 0; for lambda = 0 the channel is constant and fires iff beta > V.",
        "Folds with epsilon and a firing direction per channel. Where a target knows only 'above', "
        "the channel's incoming weights and bias are negated and -theta used, which an identity "
        "shortcut into the channel rules out.",
        show.fold,
    ),
    Erratum(
        "mpbn",
        "M2",
        "eq. 2 against its prose",
        "ambiguous",
        "The equation fires at u > V; the sentences before and after it say 'is up to' V.",
        "Both are conventions, and with quantised weights ties are common: the choice must be stated.",
        "u > V by default, as in the equation and the released code; >= is a field of the neuron.",
        show.tie,
    ),
    Erratum(
        "mpbn",
        "M3",
        "eq. 2, 7, 8",
        "ambiguous",
        "It is not said whether the raw or the normalised potential is reset and carried on.",
        "Folding into a threshold is exact only if the raw potential is carried.",
        "Carries the raw potential by default, the normalised one by choice; refuses to fold that.",
        show.carry,
    ),
    Erratum(
        "mpbn",
        "M4",
        "eq. 4-10",
        "ambiguous",
        "mu and sigma have no time index, though normalisation is applied at every step.",
        "The released code takes batch statistics of each step in training, and one running set, "
        "updated T times an iteration, in evaluation: the folded network is not the trained one.",
        "Statistics per step in training, one shared running set updated for t = 0..T-1.",
        show.statistics_over_time,
    ),
    Erratum(
        "mpbn",
        "M5",
        "eq. 11, Algorithm 1",
        "mathematical",
        "The chain from o to u has an elementwise do/du only.",
        "Between them stands the Jacobian of the batch normalisation, which couples the whole batch.",
        "Its backward includes the batch statistics, by hand.",
        show.batch_jacobian,
    ),
    Erratum(
        "mpbn",
        "M6",
        "sections 1 and 4.1 against Table 1",
        "argument",
        "MPBN is argued for by the residual potential that disturbs the normalised current.",
        "At T = 1 there is no residual potential, yet Table 1's largest CIFAR-10 gain is there. In a "
        "plain layer MPBN then erases the scale and shift of the norm before it.",
        "Offers MPBN with or without a norm after the convolution, and reports both.",
        show.first_norm_erased,
    ),
    Erratum(
        "mpbn",
        "M7",
        "eq. 12",
        "inconsistent",
        "The rectangle is closed, [0, 1]; the same group's RecDis-SNN eq. 7 is open; the released "
        "code uses neither, but a clamped tanh with slopes from 0.2995 to 1.657.",
        "Three different surrogates. On real data the end points hardly matter, the shape does.",
        "Offers the rectangle with open or closed ends and the clamped tanh, each by name.",
        show.released_surrogate,
    ),
    Erratum(
        "mpbn",
        "M8",
        "section 4.4 and 5.1",
        "arithmetic",
        "A gain of 'more than 2.0 %' on CIFAR-10; gaps of 'about 1.66 % - 3.99 %' on CIFAR-100.",
        "92.22 - 90.40 is 1.82 points (2.01 % relative). RecDis-SNN's gap is 4.61, TET's at T = 4 4.24.",
        "Reports differences in points.",
        show.gains_in_table_1,
    ),
    Erratum(
        "mpbn",
        "M9",
        "section 5.1, ImageNet",
        "arithmetic",
        "Better than the recent methods, behind SEW ResNet-34 only.",
        "Table 4 also has Real Spike 63.68 and SEW ResNet 63.18 above 63.14 at ResNet-18, and TET "
        "64.79 above 64.71 at ResNet-34.",
        "Quotes the table.",
        show.better_than_mpbn,
    ),
    Erratum(
        "mpbn",
        "M10",
        "section 5.1; Table 6",
        "citation",
        "RecDis-SNN is cited as [61]. Table 6's caption speaks of learnable firing thresholds.",
        "[61] is TSSL-BP, RecDis-SNN is [20]. The table compares channel-wise with element-wise MPBN.",
        "Names papers, not numbers.",
    ),
    Erratum(
        "mpbn",
        "M11",
        "section 5.1, CIFAR-100",
        "arithmetic",
        "The best accuracy over all the networks, with fewer time steps.",
        "Table 3 has Dspike's ResNet-20 above MPBN's at T = 2 (71.68 against 70.79) and at T = 4 "
        "(73.35 against 72.30).",
        "Quotes the table.",
        show.better_on_cifar100,
    ),
    Erratum(
        "mpbn",
        "M12",
        "section 5.1 against the released script",
        "code",
        "Augmentation is listed as normalisation, flip, crop and cutout; how the reported epoch is "
        "chosen is not said.",
        "The script also applies a learned augmentation policy (AutoAugment) and keeps the best test "
        "accuracy of the run.",
        "Augments as the paper lists and reports the last epoch; no test image takes part in a choice.",
    ),
)
