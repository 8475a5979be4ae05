"""Errata of PSG & PDA (Wang, Cheng, Lim, ICML 2023)."""

from numsnn.errata.demonstrations import psg_pda as show
from numsnn.errata.entry import Erratum

ENTRIES = (
    Erratum(
        "psg-pda",
        "P1",
        "eq. 2",
        "mathematical",
        "The decay factor is e^(1/tau), which is above 1, so potentials grow. The exact step is said "
        "to make fewer errors.",
        "The decay is e^(-dt/tau). The exact step also scales a constant input by 1 - e^(-dt/tau); "
        "eq. 2 leaves that to the weights.",
        "Takes the decay itself as a parameter; the exact step is a conversion.",
        show.decay,
    ),
    Erratum(
        "psg-pda",
        "P2",
        "eq. 8",
        "mathematical",
        "arctan(gamma v) + 1/2 stands for a spike.",
        "Its range is (-1.07, 2.07). A factor 1/pi makes it (0, 1). The u-partials survive: eq. 11 is "
        "exactly that of section 3.2's (1/gamma) arctan, eq. 16 that of softplus/gamma.",
        "`exact` and `rescaled` have a primitive with a pinned constant; `paper` has the printed slopes.",
        show.arctan_range,
    ),
    Erratum(
        "psg-pda",
        "P3",
        "eq. 11 with 12, 16 with 17",
        "mathematical",
        "Both are written as partials of one f(u, gamma).",
        "No such f exists: their mixed partials differ except at v = gamma (and v = 0 for eq. 11, 12).",
        "`paper` is checked against its formula; only `exact` and `rescaled` against a derivative.",
        show.mixed_partials,
    ),
    Erratum(
        "psg-pda",
        "P4",
        "eq. 12",
        "mathematical",
        "Eq. 10 'rescaled to a maximum of 1' becomes 1/(1 + (gamma v)^2).",
        "The rescaling is 2 gamma v/(1 + (gamma v)^2). Eq. 10 is odd with its peaks at |v| = 1/gamma; "
        "eq. 12 is even and largest where eq. 10 is 0, so it moves gamma at random.",
        "Both rules, by name: `paper`, and `exact` or `rescaled`.",
        show.lost_sign,
        "44 % agreement and a correlation of 0.18 have also been found, for potentials not stated; with "
        "potentials even about the threshold the expectation is 50 % and 0.",
    ),
    Erratum(
        "psg-pda",
        "P5",
        "eq. 15, 17",
        "mathematical",
        "Eq. 15 'rescaled to a maximum of 1' becomes sigma(gamma v).",
        "v sigma(gamma v) has no maximum and a minimum of -0.2785/gamma. Eq. 17 divides by v, which "
        "flips the sign below threshold.",
        "Both rules, by name: `paper`, and `exact` or `rescaled`.",
        show.unbounded_softplus,
    ),
    Erratum(
        "psg-pda",
        "P6",
        "eq. 18",
        "mathematical",
        "dL/dgamma as a gradient of the loss.",
        "gamma takes no part in the forward pass: the true derivative is 0, the update is a heuristic. "
        "Nothing keeps gamma positive, and gamma < 0 turns eq. 16 upside down.",
        "Calls it a rule. gamma <= 0 in a run is recorded (layer, epoch), not hidden.",
        show.gamma_is_not_in_the_forward,
    ),
    Erratum(
        "psg-pda",
        "P7",
        "eq. 7",
        "mathematical",
        "dL/dW as a sum over t of dL/do do/du du/dW.",
        "True only if dL/do or du/dW is a total derivative through time; eq. 2 ties u(t) to u(t+1) "
        "directly, through the leak and the reset.",
        "Full backpropagation through time, reset included by default.",
        show.direct_terms_only,
        "-0.6585 (true), -0.7225 (direct) and -0.8505 (detached) have also been computed, for a neuron "
        "not stated; the neuron here is the one in demonstrations/bptt.py.",
    ),
    Erratum(
        "psg-pda",
        "P8",
        "eq. 18-20",
        "notation",
        "Sums over time only; u has lost its indices.",
        "gamma is one number a layer: the sum also runs over neurons and samples.",
        "Sums over every axis a parameter is shared along.",
        show.one_gamma_a_layer,
    ),
    Erratum(
        "psg-pda",
        "P9",
        "eq. 4-6",
        "ambiguous",
        "P is a distribution of potentials, with no estimator; N is both fitted and standard; "
        "'u in N' should be 'u ~ N'.",
        "A hard histogram has no gradient, and an empty bin makes KL(N||P) infinite. Against a fitted "
        "Gaussian mean and variance are not penalised at all.",
        "Closed Gaussian form against the standard one, with a stated epsilon, by default; a soft "
        "histogram, with its gradient, beside it.",
        show.estimator,
        "How many bins are empty depends on the sample, the infinity does not.",
    ),
    Erratum(
        "psg-pda",
        "P10",
        "eq. 3 against case 2",
        "inconsistent",
        "The step is used for all neurons, but fully connected layers emit potentials.",
        "If the output is the potential, do/du is 1 and eq. 16 surrogates nothing.",
        "A non-firing readout, and the paper's form under its own name.",
        show.emitted_potential,
    ),
    Erratum(
        "psg-pda",
        "P11",
        "sections 4 and 5.4",
        "ambiguous",
        "CIFAR-100 is in Table 1 but not among the datasets. Mismatch noise is N(psi, xi(psi)).",
        "xi(psi) may be a variance or a standard deviation, and a negative psi has neither.",
        "std = level times |psi|.",
        show.mismatch_noise,
    ),
    Erratum(
        "psg-pda",
        "P12",
        "section 3.2, eq. 11",
        "mathematical",
        "(1/gamma) arctan(gamma v) + 1/2 is an auxiliary function of a spike for every gamma.",
        "It rises by pi/gamma. As gamma grows the gradient of a whole layer shrinks with it, so gamma "
        "is a learning rate as well as a shape.",
        "States each surrogate's total rise (`gain`).",
        show.reach_of_the_slope,
    ),
)
