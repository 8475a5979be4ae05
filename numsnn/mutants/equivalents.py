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
NEGATIVE = "any negative extent stands for the one that is left to find"
COMPLEX_ORDER = "real numbers are their real part, and complex ones are ordered by it first"
BUFFER = "an array for intermediate results, there for speed"
TWO_AXES = "logits have two axes: the last is axis 1"
AT_THE_POINT = (
    "a gate holds the spikes of the run it was recorded on, and a backward is taken at that very "
    "run; it differs only for a forward that moves on"
)

REASONS: tuple[Reason, ...] = (
    Reason(
        LIF,
        "direction = 1 if params.direction is None",
        (
            "1 if params.direction is None else params.direction -> (params.direction)",
            "1 -> (2)",
            "1 -> (0)",
        ),
        "without a direction only the shape () of the value is used",
    ),
    Reason(
        LIF,
        "final = extra.final or State(",
        ("0 -> (-1)",),
        "the steps are alike in shape, and the array is filled with zeros",
    ),
    Reason(
        LIF,
        "d_norms, d_laterals = [], []",
        ("d_norms, d_laterals = [], [] -> d_laterals, d_norms = [], []",),
        "two empty lists",
    ),
    Reason(
        LIF,
        "carries_u = self.norm is not None",
        ('self.norm is not None and self.carry == "normalised" -> (self.carry == "normalised")',),
        "without a norm raw and normalised potential are one array",
    ),
    Reason(
        LIF,
        "gate = self.firing.gate(s[t], t, n) if self.detach_reset",
        (
            f"{GATE} if self.detach_reset else s[t] -> ({GATE})",
            f"{GATE} if self.detach_reset else s[t] -> (s[t])",
        ),
        AT_THE_POINT,
    ),
    Reason(
        "neurons:LIF._after_reset",
        "gate = self.firing.gate(s, t, n) if self.detach_reset",
        (
            "self.firing.gate(s, t, n) if self.detach_reset else s -> (self.firing.gate(s, t, n))",
            "self.firing.gate(s, t, n) if self.detach_reset else s -> (s)",
        ),
        AT_THE_POINT,
    ),
    Reason(
        LIF,
        "if params.direction is not None:",
        ("params.direction is not None -> True",),
        "a product with 1; the gradient of the direction that is not there is not returned",
    ),
    Reason(
        LIF,
        "d_s_next = d_s_next[0]",
        ("0 -> (-1)",),
        "the lateral layer runs on one step, which is the first and the last",
    ),
    Reason(
        LIF,
        "if params.amount is None and self.reset",
        ('params.amount is None and self.reset == "soft" -> (params.amount is None)',),
        "a hard reset has no amount: what is added is 0",
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
        "linear:Linear.backward",
        "rows = d_y.reshape(-1, self.outputs)",
        ("1 -> (2)",),
        NEGATIVE,
    ),
    Reason(
        "linear:Linear.backward",
        "d_weight = rows.T @ x.reshape(-1, self.inputs)",
        ("1 -> (2)",),
        NEGATIVE,
    ),
    Reason(
        "conv:Conv2d.backward",
        "rows = d_out[chunk].reshape(-1,",
        ("1 -> (2)",),
        NEGATIVE,
    ),
    Reason(
        "conv:Conv2d._uncols",
        "d_cols = d_cols.reshape(self.groups, -1,",
        ("1 -> (2)",),
        NEGATIVE,
    ),
    Reason(
        "conv:Conv2d._uncols",
        "shape = (n, H + 2 * top, W + 2 * left,",
        ("2 -> (3)",),
        "a wider border holds zeros that nobody reads",
    ),
    Reason(
        "im2col:col2im",
        "return image",
        ("image -> -(image)", "image -> 2 * (image)"),
        "the image is added to in place; nobody reads what is returned",
    ),
    Reason(
        "reduce:sum_to",
        "ones = tuple(",
        ("size == 1 and x.shape[lead + i] != 1 -> (size == 1)", "1 -> (0)"),
        "a sum over an axis of length 1 changes nothing",
    ),
    Reason(
        "reduce:sum_to",
        "return x.sum(",
        ("x.sum(axis=(*range(lead), *ones), keepdims=True) -> x.sum(axis=(*range(lead), *ones))",),
        "the shape is given by reshape in any case",
    ),
    Reason(
        "reduce:contract",
        "if shape == () and x.shape == y.shape:",
        ("shape == () and x.shape == y.shape -> (shape == ())",),
        "all that ask for a scalar give two arrays of one shape",
    ),
    Reason(
        "reduce:contract",
        "x, y = x.ravel(), y.ravel()",
        ("x, y = x.ravel(), y.ravel() -> y, x = x.ravel(), y.ravel()",),
        "an inner product is symmetric",
    ),
    Reason(
        "reduce:contract",
        "pieces = (slice(",
        ("1 -> (2)", "1 -> (0)"),
        "no array is empty, and up to one piece is one piece",
    ),
    Reason(
        "surrogates:Rectangular.slopes",
        "ds_dz = np.divide(self.inside(x), width, dtype=x.dtype)",
        ("np.divide(self.inside(x), width, dtype=x.dtype) -> np.divide(self.inside(x), width)",),
        "a truth value over a width has the width's dtype, which is that of z",
    ),
    Reason(
        "surrogates:Triangular.slopes",
        "ds_dz = np.where(size.real < 1,",
        ("size.real -> size",),
        COMPLEX_ORDER,
    ),
    Reason(
        "surrogates:ClampedTanh.slopes",
        "inside = magnitude(x).real <= 0.5",
        ("magnitude(x).real -> magnitude(x)",),
        COMPLEX_ORDER,
    ),
    Reason(
        "surrogates:ClampedTanh.slopes",
        "bend = np.tanh(",
        (
            "np.tanh(self.sharpness * np.where(inside, x, 0)) -> "
            "-(np.tanh(self.sharpness * np.where(inside, x, 0)))",
        ),
        "only its square is used",
    ),
    Reason(
        "surrogates:ClampedTanh.slopes",
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

NO_ERRORS: tuple[Reason, ...] = (
    Reason(
        "pooling:Flatten.backward",
        "d_x[:] = ",
        ("d_x[:] -> d_x",),
        "the same numbers in another layout of memory; later sums round another way",
    ),
    Reason(
        "reduce:contract",
        "if shape == () and x.shape == y.shape:",
        (
            "shape == () and x.shape == y.shape -> False",
            "x.shape == y.shape -> x.shape != y.shape",
        ),
        "the same sum in another order",
    ),
    Reason(
        "regularizers.pda_histogram:SoftHistogramDistribution.__call__",
        "d_p = (log_ratio + (p - q) / p)",
        ("p - q -> (-(q))",),
        "adds one constant to all of d_p, which cancels, for a potential's shares add up to 1",
    ),
)
"""Edits that are not made, because the result is right: only its last bits differ."""
