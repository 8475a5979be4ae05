"""The edits that change no gradient, and why: by hand, each beside the line it is an edit of."""

from typing import NamedTuple


class Reason(NamedTuple):
    """Why these edits (``old -> new``) of the line that begins so change no bit of any gradient."""

    target: str  # without the package's name
    line: str  # how it begins
    edits: tuple[str, ...]
    why: str


LIF = "neurons:LIF._backward"
STATES = "states:MembraneCotangent.of"
GATE = "self.firing.gate(s[t], t, n)"
COMPLEX_ORDER = "real numbers are their real part, and complex ones are ordered by it first"
BUFFER = "an array for intermediate results, there for speed"
ORDER = "the same sum in another order"
TWO_AXES = "logits have two axes: the last is axis 1"
AT_THE_POINT = (
    "a gate holds the spikes of the run it was recorded on, and a backward is taken at that very "
    "run; it differs only for a forward that moves on"
)

REASONS: tuple[Reason, ...] = (
    Reason(
        LIF,
        "z, through, left, before = (empty_like(",
        (
            "0 -> (-1)",
            "z, through, left, before = (empty_like(d ...  for _ in range(4)) -> "
            "through, z, left, before = (empty_like(d ...  for _ in range(4))",
        ),
        "the steps are alike in shape, and so are the four arrays",
    ),
    Reason(
        "neurons:LIF.backward_over",
        "d_current = over(d_spikes,",
        (
            "over(d_spikes, saved.spikes, self._cotangent(saved, d_spikes)) -> "
            "-(over(d_spikes, saved.spikes, self._cot ... (saved, d_spikes)))",
            "over(d_spikes, saved.spikes, self._cotangent(saved, d_spikes)) -> "
            "2 * (over(d_spikes, saved.spikes, self._ ... (saved, d_spikes)))",
        ),
        "another array that is written over",
    ),
    Reason(
        "neurons:LIF._back_in_time",
        "both = (empty_like(",
        ("0 -> (-1)", ":1 -> :", "d_current[:1] -> d_current", "1 -> (2)"),
        "the steps are alike in shape, and of the arrays made like them one is taken",
    ),
    Reason(
        LIF,
        "gate = self._gate(s[-1], len(s) - 1, n)",
        ("len(s) - 1 -> (-(1))",),
        "the last step, counted from the end",
    ),
    Reason(
        LIF,
        "d_s_next = d_s_next[0]",
        ("0 -> (-1)",),
        "the lateral layer runs on one step, which is the first and the last",
    ),
    Reason(
        LIF,
        "if of_decay:",
        ("of_decay -> True",),
        "the potential ahead of the charge, which nobody reads",
    ),
    Reason(
        LIF,
        "width_shape = d_width.shape if of_width else None",
        ("d_width.shape if of_width else None -> (d_width.shape)",),
        "a gradient that nobody adds",
    ),
    Reason(
        STATES,
        "given = (d_membranes or {}).get(name)",
        ("(d_membranes or {}).get(name) if name else None -> ((d_membranes or {}).get(name))",),
        "no cotangent is given under the empty name",
    ),
    Reason(
        STATES,
        "if given.trace is not None:",
        ("given.trace is not None -> False",),
        "under the condition an input is checked, no number is changed",
    ),
    Reason(
        STATES,
        "for part in given.final or ():",
        ("given.final or () -> (())",),
        "in the loop an input is checked, no number is changed",
    ),
    Reason(
        "readouts:Accumulate.backward",
        "return d_current, self.Params(State(",
        ("0 -> (-1)",),
        "the steps are alike in shape, and the array is filled with zeros",
    ),
    Reason(
        "norms:_centred",
        "return np.subtract(x, centre, out=",
        (
            'np.subtract(x, centre, out=parallel.scra ... entred", x, dtype)) -> '
            "np.subtract(x, centre)",
        ),
        "the array that is returned is read, wherever it lies",
    ),
    Reason(
        "conv_bands:correlate",
        "rows = band.reshape(n, -1, math.prod(",
        ("3 -> (4)",),
        "a window of one row: axis 3 has the size 1",
    ),
    Reason(
        "im2col:laid_out",
        "np.copyto(cols[:k], im2col(",
        (":k -> :", "cols[:k] -> cols"),
        "more of the buffer than is read",
    ),
    Reason(
        "im2col:padded",
        "if top == left == 0:",
        ("top == left == 0 -> False", "0 -> (-1)"),
        "no border around a copy",
    ),
    Reason(
        "im2col:padded",
        "whole = image_scratch(",
        (
            'image_scratch("padded", (count, H + 2 *  ... images.dtype, last) -> '
            '-(image_scratch("padded", (count, H + 2  ... mages.dtype, last))',
            'image_scratch("padded", (count, H + 2 *  ... images.dtype, last) -> '
            '2 * (image_scratch("padded", (count, H + ... mages.dtype, last))',
        ),
        "an array that is written over",
    ),
    Reason(
        "im2col:padded",
        "np.copyto(inside[:k], images[n]",
        (":k -> :", "inside[:k] -> inside"),
        "of fewer samples an error, or the same one in all of the buffer, of which one is read",
    ),
    Reason(
        "box:box",
        "parallel.run(some, list(samples(",
        (
            "T * N -> (T)",
            "T * N -> (N)",
            "math.prod(sides) * C -> (math.prod(sides))",
            "math.prod(sides) * C -> (C)",
        ),
        "some more samples at a time, or fewer",
    ),
    Reason(
        "box:box",
        "last = channels_last(x)",
        (
            "channels_last(x) -> -(channels_last(x))",
            "channels_last(x) -> 2 * (channels_last(x))",
        ),
        "whether it is true is all that counts",
    ),
    Reason(
        "box:box",
        'lines = image_scratch("lines"',
        (
            'image_scratch("lines", (n.stop - n.start ...  C), x.dtype, last) -> '
            '-(image_scratch("lines", (n.stop - n.sta ... C), x.dtype, last))',
            'image_scratch("lines", (n.stop - n.start ...  C), x.dtype, last) -> '
            '2 * (image_scratch("lines", (n.stop - n. ... C), x.dtype, last))',
        ),
        "an array that is written over",
    ),
    Reason(
        "box:_neighbours",
        "first, last = max(0, padding), min(",
        (
            "first, last = max(0, padding), min(len(o ... size + 1 + padding) -> "
            "last, first = max(0, padding), min(len(o ... size + 1 + padding)",
            "0 -> (1)",
            "len(x) - size + 1 + padding -> (len(x) - size + 1 - (padding))",
            "len(x) - size + 1 + padding -> (len(x) - size + 1)",
            "len(x) - size + 1 + padding -> ((padding))",
            "len(x) - size + 1 -> (len(x) - size - (1))",
            "len(x) - size + 1 -> (len(x) - size)",
            "len(x) - size + 1 -> ((1))",
            "len(x) - size -> (-(size))",
            "1 -> (0)",
        ),
        "fewer sums at once, or none, and more one by one",
    ),
    Reason(
        "box:_neighbours",
        "if first < last:",
        ("first < last -> True",),
        "sums of nothing, or sums that are made again one by one",
    ),
    Reason(
        "box:_neighbours",
        "for i in (*range(first)",
        ("max(first, last) -> (first)",),
        "all sums once more, one by one",
    ),
    Reason(
        "box:_neighbours",
        "np.copyto(out[i], there[0]",
        (
            "there[0] if len(there) == 1 else there.sum(axis=0) -> (there.sum(axis=0))",
            "0 -> (-1)",
        ),
        "the sum of one number",
    ),
    Reason(
        "mean_first:MeanFirst.backward",
        "d_m, d_params = self.ahead.backward(",
        (":-1 -> :", "saved[:-1] -> saved"),
        "one more than there are layers, which nobody reads",
    ),
    Reason(
        "conv:Apart.backward",
        "if d_images is not None:",
        ("d_images is not None -> True",),
        "bands that nobody reads",
    ),
    Reason(
        "conv_winograd:_filtered",
        "U = aligned(",
        (
            "aligned((SIDE**2, *kernels.shape[2:]), kernels.dtype) -> "
            "-(aligned((SIDE**2, *kernels.shape[2:]), kernels.dtype))",
            "aligned((SIDE**2, *kernels.shape[2:]), kernels.dtype) -> "
            "2 * (aligned((SIDE**2, *kernels.shape[2:]), kernels.dtype))",
        ),
        "an array that is written over",
    ),
    *(
        Reason("conv_winograd:d_strip", line, (": -> ::-1",), "strips of some rows hold one sample")
        for line in ("d_pixels[:SHARED, :, :, 0] += above", "np.copyto(above, d_pixels[")
    ),
    Reason(
        "conv_winograd:d_strip",
        "if i.stop == down:",
        ("i.stop == down -> True",),
        "filled after every strip, of which the last one counts",
    ),
    Reason(
        "conv_winograd:get",
        "if y.shape != shape:",
        ("y.shape != shape -> True",),
        "by way of a copy",
    ),
    Reason(
        "conv_im2col:Im2col.uncols",
        "d_images",
        (
            "d_images if shape == d_images.shape else ... hape, d_cols.dtype) -> "
            '(parallel.scratch("d_padded", shape, d_cols.dtype))',
        ),
        "by way of a copy",
    ),
    Reason(
        "conv_im2col:Im2col.uncols",
        "if whole is not d_images:",
        ("whole is not d_images -> True",),
        "a copy to its own place",
    ),
    Reason(
        "reduce:contract",
        "x, y = x.ravel(), y.ravel()",
        ("x, y = x.ravel(), y.ravel() -> y, x = x.ravel(), y.ravel()",),
        "an inner product is symmetric",
    ),
    Reason(
        "neurons:LIF._reset",
        "return np.subtract(carried, np.multiply(amount",
        (
            "np.subtract(carried, np.multiply(amount, ...  out=out), out=out) -> "
            "np.subtract(carried, np.multiply(amount, gate, out=out))",
        ),
        "the caller reads what is returned",
    ),
    Reason(
        "pooling:AvgPool2d.backward",
        "apart = all(self.step(length)",
        (
            "all(self.step(length) >= length for length in size) -> "
            "-(all(self.step(length) >= length for length in size))",
            "all(self.step(length) >= length for length in size) -> "
            "2 * (all(self.step(length) >= length for length in size))",
        ),
        "as true as before",
    ),
    Reason(
        "pooling:AvgPool2d.backward",
        "if not apart or windows.size < d_x.size:",
        ("not apart or windows.size < d_x.size -> True",),
        "zeros that are written over",
    ),
    Reason(
        "norms:FixedNorm.backward",
        "normal = (x - self.statistics.mean",
        ("x.real -> x",),
        "a complex mean without an imaginary part is the same number",
    ),
    Reason(
        "norms:BatchNorm._backward",
        "slope, along, offset = (written_out(",
        ("slope, along, offset = (written_out(c, x ... pe, along, offset)) -> pass",),
        "the same constants, laid out another way",
    ),
    Reason(
        "norms:BatchNorm._backward",
        "d -= np.multiply(along, x[n], out=",
        (
            'np.multiply(along, x[n], out=parallel.sc ... long", d, d.dtype)) -> '
            "np.multiply(along, x[n])",
        ),
        "the array that is returned is read, wherever it lies",
    ),
    Reason(
        "surrogates:Bump.backward",
        "d_z = self.slope(z, width)",
        (
            "self.slope(z, width).astype(np.result_ty ... , d_s), copy=False) -> "
            "self.slope(z, width)",
            "self.slope(z, width).astype(np.result_ty ... , d_s), copy=False) -> "
            "self.slope(z, width).astype(np.result_type(z, width, d_s))",
        ),
        "cotangents are of the precision of what they are cotangents of; a copy is not a change",
    ),
    *(
        Reason(
            f"surrogates:{kind}.slope",
            "x = z / width",
            ("z / width -> -(z / width)",),
            "the slope is an even function of x",
        )
        for kind in (
            *("Triangular", "Sigmoid", "Arctangent", "Tanh", "FastSigmoid"),
            *("Gaussian", "ClampedTanh"),
        )
    ),
    Reason(
        "surrogates:Triangular.slope",
        "return np.where(size.real < 1,",
        ("size.real -> size",),
        COMPLEX_ORDER,
    ),
    Reason(
        "surrogates:ClampedTanh.slope",
        "inside = magnitude(x).real <= 0.5",
        ("magnitude(x).real -> magnitude(x)",),
        COMPLEX_ORDER,
    ),
    Reason(
        "surrogates:ClampedTanh.slope",
        "bend = np.tanh(",
        (
            "np.tanh(self.sharpness * np.where(inside, x, 0)) -> "
            "-(np.tanh(self.sharpness * np.where(inside, x, 0)))",
        ),
        "only its square is used",
    ),
    Reason(
        "surrogates:ClampedTanh.slope",
        "bend = np.tanh(",
        ("np.where(inside, x, 0) -> (x)", "0 -> (1)", "0 -> (-1)"),
        "what lies outside is put to 0 in the next line but one",
    ),
    Reason(
        "papers.lateral:Depthwise.backward",
        "images, weight = self._bordered(x), np.moveaxis(weight[:, 0], 0, -1)",
        ("0 -> (-1)",),
        "a group has one input channel, which is the first and the last",
    ),
    Reason(
        "papers.lateral:Depthwise.backward",
        "term = np.empty(",
        ("np.empty(d_y.shape, d_images.dtype) -> None",),
        BUFFER,
    ),
    Reason(
        "papers.lateral:Depthwise.backward",
        "d_images[window] += np.multiply(",
        ("np.multiply(weight[place], d_y, out=term) -> np.multiply(weight[place], d_y)",),
        BUFFER,
    ),
    Reason(
        "papers.moderate:TwoMasks.backward",
        "first, second = np.split(",
        (
            "first, second = np.split(d_twice, 2, axis=1) -> "
            "second, first = np.split(d_twice, 2, axis=1)",
        ),
        "the two are added",
    ),
    Reason(
        "papers.potential:PotentialLIF.backward",
        "zero = np.zeros_like(d_current[0])",
        ("0 -> (-1)",),
        "the steps are alike in shape, and the array is filled with zeros",
    ),
    Reason(
        "papers.potential:PotentialLIF.backward",
        "initial = None if params.initial is None else State(d_v, zero)",
        ("zero -> -(zero)", "zero -> 2 * (zero)"),
        "minus 0 and twice 0 are 0",
    ),
    Reason(
        "papers.psg_surrogates:PSGArctangent.slopes",
        "return bump, _ratio(x * bump - np.arctan(x), width * width, at_zero=0 * z)",
        ("0 * z -> (0)",),
        "0 in any shape",
    ),
    Reason(
        "papers.psg_surrogates:PSGSoftplus.slopes",
        "return rise, _ratio(-bend, width * width, at_zero=0 * z)",
        ("0 * z -> (0)",),
        "0 in any shape",
    ),
    Reason(
        "regularizers.moments:standard_deviation_backward",
        "alive = _alive(saved)",
        ("_alive(saved) -> 2 * (_alive(saved))",),
        "twice a truth value is as true",
    ),
    Reason(
        "regularizers.moments:standard_deviation_backward",
        "return np.where(alive,",
        (
            "np.where(alive, d_std / (2 * np.where(alive, std, 1)), 0) -> "
            "(d_std / (2 * np.where(alive, std, 1)))",
            "0 -> (1)",
            "0 -> (-1)",
        ),
        "in a group without spread u - mean is 0, whatever its factor",
    ),
    Reason(
        "regularizers.moments:standard_deviation_backward",
        "return np.where(alive,",
        ("1 -> (2)",),
        "what is not alive is put to 0 around it",
    ),
    Reason(
        "regularizers.consistency:consistency_loss",
        "d_a = (p *",
        ("-1 -> 1",),
        TWO_AXES,
    ),
    Reason(
        "regularizers.consistency:consistency_loss",
        "d_b = (q *",
        ("-1 -> 1",),
        TWO_AXES,
    ),
    Reason(
        "regularizers.consistency:consistency_loss",
        "return loss, d_a.astype(a.dtype), d_b.astype(b.dtype)",
        ("d_a.astype(a.dtype) -> d_a", "d_b.astype(b.dtype) -> d_b"),
        "both logits have one dtype",
    ),
    Reason(
        "regularizers.pda_histogram:SoftHistogramDistribution.__call__",
        "d_membrane[t] = d_u.reshape(",
        (
            "d_u.reshape(membrane[t].shape).astype(membrane.dtype) -> "
            "d_u.reshape(membrane[t].shape)",
        ),
        "what is put into an array takes its dtype",
    ),
    Reason(
        "regularizers.pda_histogram:SoftHistogramDistribution.__call__",
        "d_membrane[t] = d_u.reshape(membrane[t].shape)",
        ("t -> t - 1", "t -> -1 - t"),
        "the steps are alike in shape",
    ),
)
"""Reasons why edits that stand in the report as equivalent are so."""
