"""Backward errors that people make, each declared once."""

from numsnn.mutants.edit import Mutant
from numsnn.mutants.planted import (
    bands,
    carry,
    folding,
    im2col,
    losses,
    membrane,
    mpbn,
    norms,
    optimizers,
    papers,
    products,
    regularizers,
    reset,
    shapes,
    slope,
    surrogates,
    winograd,
)

PLANTED: tuple[Mutant, ...] = (
    carry.MUTANTS
    + reset.MUTANTS
    + slope.MUTANTS
    + membrane.MUTANTS
    + mpbn.MUTANTS
    + products.MUTANTS
    + im2col.MUTANTS
    + bands.MUTANTS
    + winograd.MUTANTS
    + norms.MUTANTS
    + shapes.MUTANTS
    + surrogates.MUTANTS
    + losses.MUTANTS
    + regularizers.MUTANTS
    + papers.MUTANTS
    + folding.MUTANTS
    + optimizers.MUTANTS
)
"""Every planted error."""
