"""Planted errors of Linear, of sums and of products in pieces."""

from numsnn.mutants.edit import Mutant

LINEAR = "numsnn.linear:Linear.backward"
LINEAR_PARAMS = "numsnn.linear:Linear.backward_params"
ROWS = "numsnn.products:_by_rows"
TERMS = "numsnn.products:_by_terms"
COLUMNS_OF = "numsnn.products:_by_columns"
TOTAL = "numsnn.reduce:total"
COLUMNS = "numsnn.reduce:_column_sums"
WEIGHT = "rows[:, o].T, x_rows, out="

PRODUCTS = (
    Mutant(
        "input of the step before",
        LINEAR_PARAMS,
        WEIGHT,
        "rows[:, o].T, x[[-1, *range(len(x) - 1)]].reshape(-1, self.inputs), out=",
        "x[t-1] in place of x[t]",
    ),
    Mutant(
        "weight gradient of the last step",
        LINEAR_PARAMS,
        WEIGHT,
        "d_y[-1].reshape(-1, self.outputs)[:, o].T, x[-1].reshape(-1, self.inputs), out=",
        "overwritten in place of summed over time",
    ),
    Mutant(
        "weight gradient averaged over the batch",
        LINEAR_PARAMS,
        "self.Params(d_weight, d_bias)",
        "self.Params(d_weight / x.shape[1], d_bias)",
        "1/N, which is the loss's business",
    ),
    Mutant(
        "weight of the wrong sign",
        LINEAR,
        "product(rows[n], weight, ",
        "product(rows[n], -weight, ",
        "a minus",
    ),
    Mutant(
        "bias averaged",
        LINEAR_PARAMS,
        "rows.sum(axis=0)",
        "rows.mean(axis=0)",
        "the mean over steps and samples for the sum",
    ),
    Mutant(
        "samples of the weight gradient mixed up",
        LINEAR_PARAMS,
        WEIGHT,
        "rows[:, o].T, x[:, ::-1].reshape(-1, self.inputs), out=",
        "one sample's cotangent meets another one's input",
    ),
    Mutant(
        "every lane reads the first one's cotangent",
        LINEAR,
        "product(rows[n], weight, ",
        "product(rows[: n.stop - n.start], weight, ",
        "a lane that begins at 0 wherever it is",
    ),
    Mutant(
        "every lane of weights has the first one's gradient",
        LINEAR_PARAMS,
        "rows[:, o].T",
        "rows[:, : o.stop - o.start].T",
        "a lane that begins at 0 wherever it is",
    ),
    Mutant(
        "sum over broadcast axes a mean",
        "numsnn.reduce:sum_to",
        "x.sum(axis=",
        "x.mean(axis=",
        "a shared parameter's gradient divided by its uses",
    ),
    Mutant(
        "sum of the whole pieces only",
        TOTAL,
        "_ones(PIECE, x.dtype)).sum() + last",
        "_ones(PIECE, x.dtype)).sum()",
        "the numbers that fill no piece are lost",
    ),
    Mutant(
        "sum of all a mean",
        TOTAL,
        'x = x.ravel("K")',
        'x = x.ravel("K") / x.size',
        "a shared parameter's gradient divided by its uses",
    ),
    Mutant(
        "inner product of half",
        "numsnn.reduce:contract",
        "np.dot(x[whole:], y[whole:])",
        "np.dot(x[whole:][1:], y[whole:][1:])",
        "the first element left out",
    ),
    Mutant(
        "inner product of the last piece",
        "numsnn.reduce:contract",
        "pieces.sum()",
        "pieces[-1:].sum()",
        "a stale sum: the pieces before it are lost",
    ),
    Mutant(
        "column sums without the rest",
        COLUMNS,
        "total = _ones(rest, x.dtype) @ rows[len(rows) - rest :]",
        "total = np.zeros(columns, x.dtype)",
        "the rows that fill no piece are lost",
    ),
    Mutant(
        "column sums a mean",
        COLUMNS,
        "return total",
        "return total / len(rows)",
        "a shared parameter's gradient divided by its uses",
    ),
    Mutant(
        "column sums of the first pieces twice",
        COLUMNS,
        "rows[len(rows) - rest :]",
        "rows[:rest]",
        "the rest read from the beginning",
    ),
)

PIECES = (
    Mutant(
        "rows that fill no piece of a product left out",
        ROWS,
        "if whole < rows:",
        "if False:",
        "a stale buffer for the last rows",
    ),
    Mutant(
        "rows that fill no piece of a product read from the beginning",
        ROWS,
        "np.matmul(a[..., whole:, :]",
        "np.matmul(a[..., : rows - whole, :]",
        "the first rows twice",
    ),
    Mutant(
        "pieces of a product that arrive nowhere",
        ROWS,
        "out=out[..., :whole, :].reshape(",
        "out=out[..., :whole, :].copy().reshape(",
        "written into a copy",
    ),
    Mutant(
        "terms that fill no piece of a sum left out",
        TERMS,
        "if whole < depth:",
        "if False:",
        "the last terms are lost",
    ),
    Mutant(
        "the last piece of a sum alone",
        TERMS,
        "out += np.matmul(",
        "out[...] = np.matmul(",
        "the pieces before it are lost",
    ),
    Mutant(
        "columns that fill no piece of a product left out",
        COLUMNS_OF,
        "if whole < b.shape[-1]:",
        "if False:",
        "a stale buffer for the last columns",
    ),
    Mutant(
        "columns that fill no piece of a product read from the beginning",
        COLUMNS_OF,
        "np.matmul(a, b[..., whole:]",
        "np.matmul(a, b[..., : b.shape[-1] - whole]",
        "the first columns twice",
    ),
)

MUTANTS = PRODUCTS + PIECES
