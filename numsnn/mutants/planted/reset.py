"""Planted errors of the neuron: its reset, its threshold, its firing direction."""

from numsnn.mutants.planted.places import in_step

THROUGH = 'carried if self.reset == "hard" else amount'  # what d_v meets on its way to d_s

RESET = (
    in_step(
        "hard reset's path dropped",
        THROUGH,
        '0 * carried if self.reset == "hard" else amount',
        "the reset is detached although the forward's is not",
    ),
    in_step(
        "hard reset's path with the wrong sign",
        THROUGH,
        '-carried if self.reset == "hard" else amount',
        "v = h (1 - s) read as h (1 + s)",
    ),
    in_step(
        "hard reset outside the leak",
        THROUGH,
        'carried / decay if self.reset == "hard" else amount',
        "h = decay v - ... with the reset after the leak",
    ),
    in_step(
        "hard reset's path only where it fired",
        THROUGH,
        'np.where(s[t] > 0, carried, 0) if self.reset == "hard" else amount',
        "skipping where s = 0",
    ),
    in_step(
        "hard reset's path of another step",
        THROUGH,
        'h[t - 1] if self.reset == "hard" else amount',
        "the potential before the step",
    ),
    in_step(
        "soft reset's path dropped",
        THROUGH,
        'carried if self.reset == "hard" else 0 * amount',
        "the soft reset is detached although the forward's is not",
    ),
    in_step(
        "soft reset's path with the wrong sign",
        THROUGH,
        'carried if self.reset == "hard" else -amount',
        "v = h - threshold s read with a plus",
    ),
    in_step(
        "soft reset outside the leak",
        THROUGH,
        'carried if self.reset == "hard" else amount / decay',
        "h = decay v - threshold s: the reset after the leak",
    ),
    in_step(
        "soft reset by one",
        THROUGH,
        'carried if self.reset == "hard" else np.ones_like(amount)',
        "the amount of the reset taken for 1",
    ),
    in_step(
        "detached hard reset kept",
        "if not self.detach_reset:",
        'if self.reset == "hard" or not self.detach_reset:',
        "a gradient through a reset that the forward detaches",
    ),
    in_step(
        "detached soft reset kept",
        "if not self.detach_reset:",
        'if self.reset == "soft" or not self.detach_reset:',
        "a gradient through a reset that the forward detaches",
    ),
    in_step(
        "soft reset takes the hard one's gate",
        "d_carried = d_v",
        "d_carried = (1 - gate) * d_v",
        "the carry cut although the reset only subtracts",
    ),
    in_step(
        "spikes recomputed under the other tie rule",
        "z = self._excess(params, u[t], out=z)",
        "z = self._excess(params, u[t], out=z); "
        'gate = 1.0 * (z.real >= 0 if self.tie == "silent" else z.real > 0)',
        "H(v) anew in the backward, with the other rule at the threshold",
    ),
)

THRESHOLD = (
    in_step(
        "threshold's sign",
        "d_threshold -= sum_to",
        "d_threshold += sum_to",
        "z = u - threshold read as u + threshold",
    ),
    in_step(
        "threshold's part in a soft reset missing",
        "d_threshold += d_amount",
        "pass",
        "the explicit term - s d_v of v = h - threshold s",
    ),
    in_step(
        "threshold's part in a soft reset with the wrong sign",
        "d_threshold += d_amount",
        "d_threshold -= d_amount",
        "+ s d_v in place of - s d_v",
    ),
    in_step(
        "reset amount's sign",
        "d_amount -= contract",
        "d_amount += contract",
        "a folded neuron's amount of reset",
    ),
    in_step(
        "folded amount counted as threshold",
        "if params.amount is None and of_threshold:",
        "if of_threshold:",
        "threshold and amount are one parameter although folding parts them",
    ),
    in_step(
        "firing direction dropped",
        "d_u = params.direction * d_z",
        "d_u = d_z",
        "a folded neuron that fires below its threshold",
    ),
    in_step(
        "firing direction's gradient at z",
        "contract(u[t], d_z, d_direction.shape)",
        "contract(z, d_z, d_direction.shape)",
        "the threshold multiplied by the direction too",
    ),
)

MUTANTS = RESET + THRESHOLD
