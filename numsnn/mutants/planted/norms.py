"""Planted errors of batch norm: terms through the statistics, factors, axes."""

from numsnn.mutants.edit import Mutant

NORM = "numsnn.norms:BatchNorm.backward"
FIXED = "numsnn.norms:FixedNorm.backward"

NORMS = (
    Mutant(
        "statistics taken as constant",
        NORM,
        "(d_normal - common - normal(n) * along)",
        "d_normal",
        "evaluation's gradient while training",
    ),
    Mutant(
        "mean taken as constant",
        NORM,
        "(d_normal - common - normal(n) * along)",
        "(d_normal - normal(n) * along)",
        "no gradient through the mean",
    ),
    Mutant(
        "variance taken as constant",
        NORM,
        "(d_normal - common - normal(n) * along)",
        "(d_normal - common)",
        "no gradient through the variance",
    ),
    Mutant(
        "variance's term with the wrong sign",
        NORM,
        "- normal(n) * along)",
        "+ normal(n) * along)",
        "a plus",
    ),
    Mutant(
        "variance unbiased",
        NORM,
        "along = (slope * along).sum(axis=axes, keepdims=True) / count",
        "along = (slope * along).sum(axis=axes, keepdims=True) / (count - 1)",
        "n - 1 in the backward, n in the forward",
    ),
    Mutant(
        "deviation missing",
        NORM,
        "(d_normal - common - normal(n) * along) / deviation",
        "(d_normal - common - normal(n) * along)",
        "1/sqrt(variance + eps) left out",
    ),
    Mutant(
        "deviation as variance",
        NORM,
        "(d_normal - common - normal(n) * along) / deviation",
        "(d_normal - common - normal(n) * along) / deviation**2",
        "divided by the variance",
    ),
    Mutant(
        "gain missing",
        NORM,
        "slope, count = self.scale * gain,",
        "slope, count = self.scale + 0 * gain,",
        "the gain left out of the input's gradient",
    ),
    Mutant(
        "scale missing",
        NORM,
        "slope, count = self.scale * gain,",
        "slope, count = gain,",
        "tdBN's alpha times threshold left out of the input's gradient",
    ),
    Mutant(
        "scale missing from the gain",
        NORM,
        "d_gain = self.scale * sum_to(along, self.shape)",
        "d_gain = sum_to(along, self.shape)",
        "tdBN's alpha times threshold left out of the gain's gradient",
    ),
    Mutant(
        "shift averaged",
        NORM,
        "d_shift = sum_to(all_of_it, self.shape)",
        "d_shift = sum_to(all_of_it, self.shape) / self._count(x)",
        "the mean for the sum",
    ),
    Mutant(
        "gain's gradient of raw input",
        NORM,
        "return (x[n] - mean) / deviation",
        "return x[n] - mean",
        "x - mean in place of the normalised x",
    ),
    Mutant(
        "statistics of one step",
        NORM,
        "sum_to(d_y[n], fine), sum_to(d_y[n] * normal(n), fine)",
        "sum_to(d_y[n], fine), sum_to(d_y[n] * normal(n), fine) * (n[0].start in (None, 0))",
        "sums over one step where the statistics run over all",
    ),
    Mutant(
        "fixed norm: deviation missing",
        FIXED,
        "d_x = (self.scale * gain) * d_y / deviation",
        "d_x = (self.scale * gain) * d_y",
        "1/sqrt(variance + eps) left out",
    ),
    Mutant(
        "fixed norm: gain missing",
        FIXED,
        "d_x = (self.scale * gain) * d_y / deviation",
        "d_x = self.scale * d_y / deviation",
        "the gain left out",
    ),
    Mutant(
        "fixed norm: scale missing from the gain",
        FIXED,
        "d_gain = self.scale * sum_to(",
        "d_gain = sum_to(",
        "alpha times threshold left out",
    ),
)

MUTANTS = NORMS
