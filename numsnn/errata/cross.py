"""Where two of the papers disagree with each other, or repeat each other."""

from numsnn.errata.entry import Erratum

QUOTES = "Quotes a number with its source, network and T."

ENTRIES = (
    Erratum(
        "cross",
        "X1",
        "IM-Loss Table 2, MPBN Table 2",
        "inconsistent",
        "Dspike's 94.25 on CIFAR-10 at T = 6 is ResNet-18's in IM-Loss, ResNet-20's in MPBN.",
        "One of them is wrong; the papers alone do not tell which.",
        QUOTES,
    ),
    Erratum(
        "cross",
        "X2",
        "PSG & PDA Table 1, MPBN Table 3",
        "inconsistent",
        "TET on CIFAR-100 at T = 4: 74.62 in PSG & PDA, 74.47 in MPBN.",
        "One of them is wrong; the papers alone do not tell which.",
        QUOTES,
    ),
    Erratum(
        "cross",
        "X3",
        "IM-Loss Table 2, MPBN Table 4",
        "inconsistent",
        "TET's 64.79 on ImageNet, ResNet-34: T = 5 in IM-Loss, T = 6 in MPBN.",
        "One of them is wrong; the papers alone do not tell which.",
        QUOTES,
    ),
    Erratum(
        "cross",
        "X4",
        "RecDis-SNN Tables 1, 4; IM-Loss Table 1",
        "inconsistent",
        "Both ablations have the same baselines, 89.83, 90.69, 91.23 and 92.92, as if run for each.",
        "92.92 is tdBN's own number at T = 4, so the baselines were possibly not run again.",
        "Every baseline is run, with its seed.",
    ),
    Erratum(
        "cross",
        "X5",
        "neuron settings",
        "inconsistent",
        "The decay is 0.2 in RecDis-SNN, 0.25 in tdBN and MPBN, unstated in IM-Loss and PSG & PDA.",
        "Compared results are of different neurons.",
        "Each preset states its decay; a comparison uses one.",
    ),
    Erratum(
        "cross",
        "X6",
        "IM-Loss section 5.2, PSG & PDA section 3.2",
        "inconsistent",
        "Dspike's finite differences are taken for every single weight (IM-Loss), or in the first layer "
        "only (PSG & PDA).",
        "The two accounts cannot both hold, and their costs differ by the number of weights.",
        "Makes no claim about the cost of other methods that it has not measured.",
    ),
    Erratum(
        "cross",
        "X7",
        "tdBN section on neuromorphic data, PSG & PDA Table 1",
        "inconsistent",
        "Wu et al. 2019 on N-MNIST: 98.57 in tdBN, 99.53 at T = 8 in PSG & PDA.",
        "PSG & PDA gives Wu et al. 2018 98.78; tdBN's number may be of another network.",
        QUOTES,
    ),
    Erratum(
        "cross",
        "X8",
        "RecDis-SNN Table 5, PSG & PDA Table 1, MPBN Table 3",
        "inconsistent",
        "Hybrid training on CIFAR-100, T = 125: 67.78, 67.87 and 67.90.",
        "Three numbers for one result; the papers alone do not tell which.",
        QUOTES,
    ),
    Erratum(
        "cross",
        "X9",
        "PSG & PDA Table 1, MPBN Table 3",
        "inconsistent",
        "Dspike on CIFAR-100 at T = 4: 73.49 in PSG & PDA, 73.35 in MPBN.",
        "One of them is wrong; the papers alone do not tell which.",
        QUOTES,
    ),
    Erratum(
        "cross",
        "X10",
        "tdBN Table 3, PSG & PDA Table 1; IM-Loss Table 2, MPBN Table 5",
        "inconsistent",
        "Streaming rollout on DVS-CIFAR10: 66.75 in two of the papers, 66.80 in the other two.",
        "One of them is wrong; the papers alone do not tell which.",
        QUOTES,
    ),
)
