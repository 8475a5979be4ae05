"""Planted errors of the optimizers' steps."""

from numsnn.mutants.edit import Mutant

SGD = "numsnn.optimizers:SGD.update"
MOVED = "numsnn.optimizers:SGD._moved"
OVER = "numsnn.optimizers:SGD.update_over"
ADAM = "numsnn.optimizers:Adam.update"

MUTANTS = (
    Mutant(
        "SGD: momentum dampened",
        MOVED,
        "np.add(out, g, out=out)",
        "np.add(out, (1 - self.momentum) * g, out=out)",
        "an average of gradients for their sum",
    ),
    Mutant(
        "SGD: weight decay's sign",
        MOVED,
        "g + decay * w",
        "g - decay * w",
        "weights pushed outwards",
    ),
    Mutant(
        "SGD: weight decay on everything",
        MOVED,
        'if name.rpartition("/")[2] == "weight" else 0.0',
        "",
        "biases and gains decay too",
    ),
    Mutant(
        "SGD: the step before",
        SGD,
        "_step(self, params, moved, rate)",
        "_step(self, params, state.velocity, rate)",
        "the velocity applied one update late",
    ),
    Mutant(
        "SGD in place: the gradient for the velocity",
        OVER,
        "np.multiply(rate, moved, out=g)",
        "rate * g",
        "descent without momentum",
    ),
    Mutant(
        "SGD in place: the velocity is the step",
        OVER,
        "np.multiply(rate, moved, out=g)",
        "np.multiply(rate, moved, out=moved)",
        "a velocity that is written over",
    ),
    Mutant(
        "SGD in place: frozen parameters learn",
        OVER,
        "if self.learns(name):",
        "if True:",
        "a leak that moves",
    ),
    Mutant(
        "Adam: no bias correction",
        ADAM,
        "first, second = 1 - self.beta1**k, 1 - self.beta2**k",
        "first, second = 1.0, 1.0",
        "both averages start at 0",
    ),
    Mutant(
        "Adam: counted from 0",
        ADAM,
        "k = int(updates)",
        "k = max(1, int(state.updates))",
        "the first update counted twice",
    ),
    Mutant(
        "Adam: eps inside the root",
        ADAM,
        "(np.sqrt(q / second) + self.eps)",
        "np.sqrt(q / second + self.eps)",
        "another paper's formula",
    ),
    Mutant(
        "Adam: square of the mean",
        ADAM,
        "(1 - self.beta2) * g * g",
        "(1 - self.beta2) * g",
        "g for g^2",
    ),
    Mutant(
        "frozen parameters learn",
        "numsnn.optimizers:_step",
        "if not optimizer.learns(name):",
        "if False:",
        "thresholds and decays move with the weights",
    ),
    Mutant(
        "step's sign",
        "numsnn.optimizers:_step",
        "np.subtract(w, moved, out=moved)",
        "np.add(w, moved, out=moved)",
        "uphill",
    ),
    Mutant(
        "clipping by element",
        "numsnn.optimizers:clipped",
        "(g * factor).astype(g.dtype)",
        "np.clip(g, -largest, largest).astype(g.dtype)",
        "each number held to the bound in place of the norm",
    ),
)
