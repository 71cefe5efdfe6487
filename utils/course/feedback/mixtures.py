"""Exercises on Gaussian mixtures: bell curves, log-odds of the posterior, ambiguity."""

import torch

from .cases import draw
from .core import Function, Value


def bells(seed):
    """A point, and mean and variance of two components, feature by feature."""
    found = []
    for step in range(3):
        x, mean, other = (draw(seed + 10 * step + i, 4) for i in range(3))
        variances = (draw(seed + 10 * step + i, 4).exp() + 0.2 for i in (3, 4))
        found.append((x, mean, other, *variances))
    return found


def log_ratio(x, mu_c, mu_k, v_c, v_k):
    """z_i = log N(x_i; μ_ci, v_ci) − log N(x_i; μ_ki, v_ki)."""
    return log_bell(x, mu_c, v_c) - log_bell(x, mu_k, v_k)


def log_bell(x, mean, variance):
    """Logarithm of a bell curve, but for ½ log 2π."""
    return -((x - mean) ** 2) / (2 * variance) - variance.log() / 2


def rivals(seed):
    """Evidence (K−1,) against every competitor: near ones, a tie, far ones."""
    near = draw(seed, 4).abs() * 2
    tie = torch.tensor([1.0, 1.0, 3.0], dtype=torch.float64) + abs(seed)
    far = torch.tensor([900.0, 901.0], dtype=torch.float64) + abs(seed)
    return [(near,), (tie,), (far,)]


def soft_logit(h):
    """The log-odds of the responsibility."""
    return -(-h).logsumexp(-1)


EXERCISES = {
    "bell curves": Function(
        asks="write `log_ratio(x, mu_c, mu_k, v_c, v_k)`, the share z_i of each feature.",
        right=log_ratio,
        cases=bells,
        slips=(
            (
                lambda x, c, k, v, u: log_ratio(x, k, c, u, v),
                "Your shares speak for the competitor. Whose curve is in the numerator?",
            ),
            (
                lambda x, c, k, v, u: (x - k) ** 2 / (2 * u) - (x - c) ** 2 / (2 * v),
                "A narrow curve is also *higher* in its middle: is the factor in front of the exponential forgotten?",
            ),
            (
                lambda x, c, k, v, u: (
                    (x - k) ** 2 / (2 * u**2) - (x - c) ** 2 / (2 * v**2) + (u / v).log()
                ),
                "The arguments are variances, not standard deviations: they need no square.",
            ),
            (
                lambda x, c, k, v, u: (
                    (x - k) ** 2 / (2 * u) - (x - c) ** 2 / (2 * v) + (u / v).log()
                ),
                "The factor in front is one over a square *root*. What does its logarithm bring?",
            ),
            (
                lambda x, c, k, v, u: log_ratio(x, c, k, v, u).exp(),
                "That is the ratio of the heights. Its logarithm adds up over features; the ratio multiplies.",
            ),
            (
                lambda x, c, k, v, u: log_ratio(x, c, k, v, u).sum(),
                "You have added up the features. One number for each is asked for.",
            ),
            (
                lambda x, c, k, v, u: (x - k) ** 2 - (x - c) ** 2,
                "That is k-means, with one width for all. Where do the variances come in?",
            ),
            (
                lambda x, c, k, v, u: (
                    (x - k) ** 2 / (2 * u) - (x - c) ** 2 / (2 * v) - (u / v).log() / 2
                ),
                "Of two curves the *wider* is the lower: look at the sign of the logarithm.",
            ),
            (
                lambda x, c, k, v, u: (x - k) ** 2 / u - (x - c) ** 2 / v + (u / v).log() / 2,
                "In the exponent of a bell curve stands a half. Where is yours?",
            ),
        ),
    ),
    "soft logit": Function(
        asks="write `log_odds(h)`, the logit of the responsibility from the evidence h.",
        right=soft_logit,
        cases=rivals,
        slips=(
            (lambda h: h.min(), "That is the hard logit: only the nearest competitor counts."),
            (
                lambda h: h.logsumexp(-1),
                "Competitors with *little* evidence against them matter most: look at the sign in the exponent.",
            ),
            (
                lambda h: (-h).logsumexp(-1),
                "The sign is turned: more evidence must give higher odds.",
            ),
            (
                lambda h: h.mean(),
                "All competitors count alike in your mean. Who matters most?",
            ),
            (
                lambda h: soft_logit(h) + torch.tensor(float(len(h))).log(),
                "You took the *mean* of the exponentials. One rival more must cost something: sum.",
            ),
            (
                lambda h: 2 * ((-h).softmax(-1) * h).sum() - soft_logit(h),
                "Not knowing who the rival is lowers the odds; with you it raises them.",
            ),
            (
                lambda h: -torch.logaddexp(torch.zeros(()).double(), (-h).logsumexp(-1)),
                "That is the logarithm of r. Odds are r over 1 − r.",
            ),
            (
                lambda h: ((-h).softmax(-1) * h).sum(),
                "That is the mean evidence. What does not knowing the rival cost?",
            ),
            (
                lambda h: -(-h).exp().sum().log(),
                "For large evidence every exponential is 0, and its logarithm is infinite. Which function takes the sum in logarithms?",
            ),
        ),
    ),
    "ambiguity": Value(
        asks="set `largest` to the largest ambiguity, in nats, that three competitors can have.",
        right=lambda: torch.tensor(3.0).log().item(),
        slips=(
            (torch.tensor(2.0).log().item(), "That is the most for two competitors."),
            (
                torch.tensor(4.0).log().item(),
                "The point's own component is no competitor: count again.",
            ),
            (torch.tensor(3.0).log2().item(), "That is in bits. A nat is a factor of e."),
            (
                1.0,
                "One is the sum of the shares. Entropy is largest when all shares are equal: what is it then?",
            ),
            (0.0, "That is the least: one competitor has all. When is it largest?"),
            (
                3.0,
                "That is the *perplexity*: the number of competitors that count. Its logarithm is asked for.",
            ),
        ),
        otherwise="When are the shares least decided? Write down those shares, then their entropy.",
    ),
}
