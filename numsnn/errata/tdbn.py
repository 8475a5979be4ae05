"""Errata of STBP-tdBN (Zheng et al., AAAI 2021)."""

from numsnn.errata.demonstrations import tdbn as show
from numsnn.errata.entry import Erratum

ENTRIES = (
    Erratum(
        "tdbn",
        "T1",
        "eq. 3, 24 against Algorithm 2",
        "inconsistent",
        "The equations fire at u > V, the algorithm at u >= V.",
        "One convention is to be chosen; they differ wherever a potential meets V.",
        "u > V by default, >= a field of the neuron.",
        show.tie,
    ),
    Erratum(
        "tdbn",
        "T2",
        "Algorithm 2, NeuronUpdate",
        "mathematical",
        "The loop over t ends before the fire test: only the last step can fire, and nothing is reset.",
        "Fire and reset belong inside the loop.",
        "Charges, fires and resets at every step.",
        show.fire_test_after_the_loop,
    ),
    Erratum(
        "tdbn",
        "T3",
        "eq. 16",
        "notation",
        "The sign of a comparison, over a.",
        "An indicator is meant: 1/a inside the window, 0 outside, area 1.",
        "Rectangular, area 1 at every width.",
        show.sign_of_a_predicate,
    ),
    Erratum(
        "tdbn",
        "T4",
        "Theorem 2, eq. 26",
        "mathematical",
        "u is N(0, s_out^2) with s_out^2 proportional to s_in^2.",
        "Not having fired cuts u off at V: it is skewed, its mean negative, and Var(u)/s_in^2 depends "
        "on s_in/V. At decay 0.9 it goes from 4.24 to 2.71 where eq. 26 has 1.81. At decay 0.25 the "
        "theorem is a good approximation (1.067 to 1.026 for 1.0625).",
        "Claims no law of u; analysis measures it.",
        show.membrane_variance,
        "The corrected numbers are transported densities; sampling has also given 1.067 to 1.023 and "
        "4.23 to 2.70.",
    ),
    Erratum(
        "tdbn",
        "T5",
        "eq. 23, 25",
        "mathematical",
        "u(t) stands on both sides; the sum starts at the step that fired.",
        "The right side has u(t-1). The sum starts one step later: the firing step's current was reset "
        "away.",
        "Eq. 2's recursion.",
        show.indices,
    ),
    Erratum(
        "tdbn",
        "T6",
        "Theorem 1, Lemma 1 and 2",
        "mathematical",
        "phi(JJ') is 1 between two tdBN layers.",
        "Lemma 2 is about rectifiers. For spikes phi = V^2 P(|y-V| < a/2)/(a^2 p(1-p)), p = 1 - Phi(1), "
        "a function of a/V alone that is 1 at a = 1.80 V. At V = 0.5, a = 1 it is 0.894, so 0.106 over "
        "20 blocks. Lemma 1 also needs phi((JJ')^2) - phi^2 near 0, which is not looked at, and phi "
        "must be the normalised trace.",
        "analysis computes phi of a block exactly and by probes.",
        show.isometry,
    ),
    Erratum(
        "tdbn",
        "T7",
        "eq. 22",
        "mathematical",
        "The steps' gradients are independent, so their squares add.",
        "With decay 0 and a static image they are identical, and the square of the sum is T^2 times.",
        "No claim; per-step gradients can be read off.",
        show.identical_steps,
    ),
    Erratum(
        "tdbn",
        "T8",
        "text after eq. 18",
        "mathematical",
        "If a neuron fires, its gradient does not depend on the decay.",
        "Eq. 14's reset term, -decay u dL/du(t+1), remains. True only with the reset detached.",
        "Keeps the reset's gradient by default; detaching is a field.",
        show.fired_neuron,
    ),
    Erratum(
        "tdbn",
        "T9",
        "eq. 10",
        "mathematical",
        "The fused bias is indexed by input and output map, with beta_k inside.",
        "Summed over C input maps it counts beta C times and mu C times. Algorithm 1's bias, one an "
        "output map, is right.",
        "Folds one bias a channel.",
        show.fused_bias,
        "1.975 against 1.375 has also been computed, for numbers not stated.",
    ),
    Erratum(
        "tdbn",
        "T10",
        "alpha = 1/sqrt(n)",
        "mathematical",
        "n normalised branches of std alpha V add to std V.",
        "Only if they do not correlate: two that do by rho add to V sqrt(1 + rho). A raw spike shortcut, "
        "as in the best known code, also shifts the mean by p = 0.16.",
        "tdBN on the shortcut, as drawn; alpha = 1/sqrt(2) there.",
        show.branches,
        "1.11 V has also been found for the raw shortcut, in a network not stated; independent branches "
        "at V = 0.5 give 1.017 V, so 1.11 V needs a correlation or another V.",
    ),
    Erratum(
        "tdbn",
        "T11",
        "introduction, section on architecture, Table 4",
        "inconsistent",
        "The encoding layer has stride 2; ResNet-18, 34, 50 were tested; 'more than fifty layers'; Wu "
        "et al. 2019 tested N-MNIST only.",
        "Table 4 has stride 1 for the stems of 17 and 19; 17, 19, 34 and 50 were tested; 50 layers. The "
        "paper's own Tables 1 and 3 give Wu et al. 2019 on CIFAR-10 and DVS-CIFAR10.",
        "Builds Table 4's networks.",
    ),
    Erratum(
        "tdbn",
        "T12",
        "abstract and text against Table 1",
        "inconsistent",
        "CIFAR-10 accuracy 93.15 in the text, 93.16 in Table 1.",
        "Later papers quote 93.16.",
        "Quotes 93.16.",
    ),
    Erratum(
        "tdbn",
        "T13",
        "Table 6",
        "arithmetic",
        "ResNet-34 (large) needs 1.2e9 multiplications.",
        "At T = 6 the stem alone needs 1.42e9; stem and classifier make 1.19e9 at T = 5.",
        "Counts each layer's operations from its shape and T.",
        show.stem_multiplications,
    ),
    Erratum(
        "tdbn",
        "T14",
        "section on decay; eq. 8",
        "ambiguous",
        "The decay 'cannot be 0' and is then set to 0. The variance is biased, by the formula.",
        "Most likely 'not equal' was lost in the text at hand. Code keeps an unbiased running variance "
        "beside the biased one of the batch.",
        "Biased, in the batch and in the running statistics.",
        show.biased_variance,
    ),
    Erratum(
        "tdbn",
        "T15",
        "eq. 11, 12",
        "notation",
        "The last layer's spikes are o^(n,t) in eq. 11 and o^(t,n) elsewhere; n counts layers, classes "
        "and branches.",
        "One order, one meaning.",
        "Axes are [T, N, C, ...] everywhere.",
    ),
)
