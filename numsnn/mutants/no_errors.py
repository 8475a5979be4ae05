"""The edits that are right too, but for rounding: by hand, each beside the line it is an edit of."""

from numsnn.mutants.equivalents import LIF, ORDER, Reason

NO_ERRORS: tuple[Reason, ...] = (
    Reason(
        "pooling:Flatten.backward",
        "d_x[:] = ",
        ("d_x[:] -> d_x",),
        "the same numbers in another layout of memory; later sums round another way",
    ),
    Reason(
        "linear:Linear.backward",
        "parallel.run(of_samples, self._lanes(",
        (
            "self.inputs * self.outputs -> (self.inputs)",
            "self.inputs * self.outputs -> (self.outputs)",
        ),
        "the same products, cut into other lanes",
    ),
    Reason(
        "linear:Linear.backward_params",
        "parallel.run(of_outputs, self._lanes(",
        (
            "self.inputs * len(rows) -> (self.inputs)",
            "self.inputs * len(rows) -> (len(rows))",
        ),
        "the same products, cut into other lanes",
    ),
    Reason(
        "conv:Conv2d._backward",
        "size = d_y.shape[3:]",
        (
            "d_y.shape[3:] -> 2 * (d_y.shape[3:])",
            "3: -> :",
            "d_y.shape[3:] -> d_y.shape",
            "3 -> (2)",
        ),
        "the same products, laid out another way or cut into other lanes",
    ),
    Reason(
        "conv:Conv2d.backward",
        "d_x = empty(",
        (
            "empty(x.shape, np.result_type(d_y, weight), last=True) -> "
            "empty(x.shape, np.result_type(d_y, weight))",
        ),
        "the same numbers in another layout of memory; later sums round another way",
    ),
    Reason(
        "conv_im2col:Im2col.backward_images",
        "for n in samples(N, at_once(N, ",
        (
            "P * math.prod(self.kernel) * C -> (P * math.prod(self.kernel))",
            "P * math.prod(self.kernel) * C -> (C)",
            "P * math.prod(self.kernel) -> (P)",
            "P * math.prod(self.kernel) -> (math.prod(self.kernel))",
        ),
        "the same rows, some more of them at a time",
    ),
    Reason(
        "conv_winograd:strips",
        "count, height = _sizes(",
        (
            "count, height = _sizes(N, down, across, C + outputs) -> "
            "height, count = _sizes(N, down, across, C + outputs)",
            "C + outputs -> (C)",
            "C + outputs -> ((outputs))",
        ),
        "strips of other sizes",
    ),
    Reason(
        "pooling:AvgPool2d._windows",
        "return windows[..., :: self.step(tall),",
        (": -> ::-1", ": -> ::-1"),  # of rows, of columns
        "the pixels of a window in another order",
    ),
    Reason(
        LIF,
        "d_s = np.subtract(d_s, through, out=through)",
        ("np.subtract(d_s, through, out=through) -> np.subtract(d_s, through)",),
        "the same numbers in another layout of memory; later sums round another way",
    ),
    Reason(
        LIF,
        "d_carried = np.multiply(left, d_v, out=left)",
        ("np.multiply(left, d_v, out=left) -> np.multiply(left, d_v)",),
        "the same numbers in another layout of memory; later sums round another way",
    ),
    Reason(
        "reduce:sum_to",
        "if not kept:",
        ("not kept -> False",),
        ORDER,
    ),
    Reason(
        "reduce:sum_to",
        "if len(kept) == 1 and",
        (
            "len(kept) == 1 and x.strides[kept[0]] == x.itemsize -> False",
            "len(kept) == 1 and x.strides[kept[0]] == x.itemsize -> (len(kept) == 1)",
            "x.strides[kept[0]] == x.itemsize -> x.strides[kept[0]] != x.itemsize",
            "1 -> (0)",
        ),
        ORDER,
    ),
    Reason(
        "reduce:sum_to",
        "if len(kept) == 1 and",
        ("0 -> (-1)",),
        "the first of one is its last",
    ),
    Reason(
        "reduce:_column_sums",
        "height = max(1, PIECE // columns)",
        (
            "max(1, PIECE // columns) -> 2 * (max(1, PIECE // columns))",
            "max(1, PIECE // columns) -> (1)",
            "1 -> (2)",
            "PIECE // columns -> (PIECE)",
        ),
        ORDER,
    ),
    *(
        Reason(f"reduce:{name}", f"if {line}:", (f"{line} -> {always}",), "a sum of no pieces is 0")
        for name, line, always in (
            ("_column_sums", "rest < len(rows)", "True"),
            ("contract", "rest == len(x)", "False"),
            ("total", "rest == len(x)", "False"),
        )
    ),
    Reason(
        "reduce:contract",
        "if shape != () or",
        (
            "shape != () or x.shape != y.shape -> True",
            "x.shape != y.shape -> x.shape == y.shape",
        ),
        ORDER,
    ),
    Reason(
        "reduce:contract",
        "whole = len(x) - rest",
        ("len(x) - rest -> (-(rest))",),
        "the same place, counted from the end; without a rest, all in one piece",
    ),
    Reason(
        "regularizers.pda_histogram:SoftHistogramDistribution.__call__",
        "d_p = (log_ratio + (p - q) / p)",
        ("p - q -> (-(q))",),
        "adds one constant to all of d_p, which cancels, for a potential's shares add up to 1",
    ),
)
"""Edits that are not made, because the result is right: only its last bits differ."""
