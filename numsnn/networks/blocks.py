"""Residual blocks: two or three convolutions beside a shortcut, a neuron on their sum."""

from dataclasses import dataclass

from numsnn.networks.plan import Plan
from numsnn.validate import choice, require

BRANCHES = 2  # what is added in front of a block's last neuron


@dataclass(frozen=True)
class Block:
    """neuron(norm(conv(... neuron(norm(conv(x))))) + shortcut(x)). tdBN figure 5b.

    kind: "basic", two 3x3 convolutions, the first with the stride; "bottleneck", 1x1, 3x3 with the
    stride, and 1x1 to four times the channels. projection, where size or channels change: "stride",
    a 1x1 convolution with the stride; "pool", average pooling and then a 1x1 convolution.
    identity_norm: whether a shortcut that changes nothing has a norm, as figure 5b draws it. The
    norms that end in the sum are asked for with branches = 2: tdBN gives them alpha = 1/sqrt 2.
    """

    kind: str = "basic"
    projection: str = "stride"
    identity_norm: bool = True

    def __post_init__(self) -> None:
        choice("Block", "kind", self.kind, ("basic", "bottleneck"))
        choice("Block", "projection", self.projection, ("stride", "pool"))

    @property
    def expansion(self) -> int:
        return 4 if self.kind == "bottleneck" else 1

    def add(self, plan: Plan, channels: int, stride: int) -> None:
        """One block at the end of ``plan``; channels are those inside it."""
        body, shortcut = plan.branch(), plan.branch()
        if self.kind == "basic":
            body.convolve(channels, 3, stride)
        else:
            body.convolve(channels, 1)
            body.neuron()
            body.convolve(channels, 3, stride)
        body.neuron()
        last = 3 if self.kind == "basic" else 1
        body.convolve(self.expansion * channels, last, branches=BRANCHES)
        self._shortcut(shortcut, self.expansion * channels, stride)
        plan.residual(body, shortcut)
        plan.neuron()

    def _shortcut(self, plan: Plan, outputs: int, stride: int) -> None:
        if stride == 1 and plan.shape[0] == outputs:
            if self.identity_norm:
                plan.norm(BRANCHES)
        elif self.projection == "stride" or stride == 1:
            plan.convolve(outputs, 1, stride, BRANCHES)
        else:
            plan.require_window(stride)
            require(
                all(side % stride == 0 for side in plan.shape[1:]),
                f"{plan.name}: the input {plan.input} has become {plan.shape[1]}x{plan.shape[2]} where "
                f"a shortcut pools windows of {stride}x{stride}, which leaves a rest; take sides that "
                "divide, or block=Block(projection='stride')",
            )
            plan.pool(stride)
            plan.convolve(outputs, 1, branches=BRANCHES)
