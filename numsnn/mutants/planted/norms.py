"""Planted errors of batch norm: terms through the statistics, factors, axes."""

from numsnn.mutants.edit import Mutant

NORM = "numsnn.norms:BatchNorm._backward"
FIXED = "numsnn.norms:FixedNorm.backward"

OFFSET = "offset = along * mean - common"
OVER = "slope, common, along = slope / deviation, common / deviation, along / deviation**2"

NORMS = (
    Mutant(
        "statistics taken as constant",
        NORM,
        OFFSET,
        "along, offset = 0 * along, 0 * common",
        "evaluation's gradient while training",
    ),
    Mutant(
        "mean taken as constant",
        NORM,
        OFFSET,
        "offset = along * mean",
        "no gradient through the mean",
    ),
    Mutant(
        "variance taken as constant",
        NORM,
        OFFSET,
        "along, offset = 0 * along, -common",
        "no gradient through the variance",
    ),
    Mutant(
        "variance's term with the wrong sign",
        NORM,
        OFFSET,
        "along, offset = -along, -along * mean - common",
        "a plus",
    ),
    Mutant(
        "the mean's share of the variance's term missing",
        NORM,
        OFFSET,
        "offset = -common",
        "x taken for x - mean",
    ),
    Mutant(
        "variance unbiased",
        NORM,
        "slope, common, along = slope / deviation, common / deviation, along / deviation**2",
        "slope, common, along = slope / deviation, common / deviation, "
        "along * count / (count - 1) / deviation**2",
        "n - 1 in the backward, n in the forward",
    ),
    Mutant(
        "deviation missing",
        NORM,
        OVER,
        "slope, common, along = slope, common, along / deviation",
        "1/sqrt(variance + eps) left out",
    ),
    Mutant(
        "variance's term over the deviation once",
        NORM,
        "along / deviation**2",
        "along / deviation",
        "x - mean taken for the normalised x",
    ),
    Mutant(
        "deviation as variance",
        NORM,
        OVER,
        "slope, common, along = (a / deviation**2 for a in (slope, common, along / deviation))",
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
        "along /= deviation  #",
        "along /= 1  #",
        "x - mean in place of the normalised x",
    ),
    Mutant(
        "statistics of one step",
        NORM,
        "sum_to(product, fine)",
        "sum_to(product, fine) * (n[0].start in (None, 0))",
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
