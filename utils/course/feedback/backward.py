"""Exercises on rules that hand relevance back: min-take-most, midpoint, and their relatives."""

import math

import torch

from neon import midpoint, min_take_most

from .cases import evidence, pairs, points
from .core import Function, Value


def stiff(seed):
    """Evidence, logit, β."""
    return [(h, f, beta) for h, f in evidence(seed) for beta in (1.0, 2.5)]


def extremes(seed):
    """Evidence with and without ties, at the ends of the range of β and far out."""
    tie = torch.tensor([2.0, 2.0, 5.0], dtype=torch.float64) + abs(seed)
    far = torch.tensor([900.0, 901.0, 1500.0], dtype=torch.float64) + abs(seed)
    return [(h, f, beta) for h, f in (*evidence(seed)[:2], (tie, tie.min()), (far, far.min()))
            for beta in (0.0, 1.0, 40.0, math.inf)]  # fmt: skip


def naive(h, f, beta):
    """Min-take-most without care for 0 · inf or for underflow."""
    e = (-beta * h).exp()
    return e / e.sum() * f


def shares(z, R_k=1.0):
    """Part of R_k for each summand of z."""
    return z / z.sum() * R_k


def relevances(seed):
    """A point, its centroid, a competitor's, and the relevance of that competitor."""
    return [(x, c, k, 0.3 * midpoint(x, c, k).sum()) for x, c, k in pairs(seed)]


def sums_to(name, over):
    """Law of conservation: the sum of a result is the last argument."""

    def law(result, *arguments):
        total, due = float(torch.as_tensor(result).sum()), float(arguments[-1])
        if abs(total - due) < 1e-6 * max(1, abs(due)):
            return None
        return (
            f"Your relevances sum to {total:.2f}, but {due:.2f} was to be shared out ({name}): "
            f"did you divide by the sum over {over}?"
        )

    return law


def two(x, mu):
    """Relevance for K = 2: (x − m) w."""
    c = int((x - mu).square().sum(-1).argmin())
    return midpoint(x, mu[c], mu[1 - c])


def swapped(x, mu):
    """The two centroids, the own one first."""
    c = int((x - mu).square().sum(-1).argmin())
    return mu[c], mu[1 - c]


def two_centroids(seed):
    """One point and two centroids, near either."""
    return [(x, mu[:2]) for x, mu in points(seed)] + [
        (mu[1] + 0.1, mu[:2]) for _, mu in points(seed)
    ]


def two_law(result, x, mu):
    """The relevances of K = 2 sum to the logit."""
    d = (x - mu).square().sum(-1)
    total, logit = float(torch.as_tensor(result).sum()), float(d.max() - d.min())
    if abs(total - logit) < 1e-6:
        return None
    return f"Your relevances sum to {total:.2f}, the logit is {logit:.2f}: nothing may be lost."


EXERCISES = {
    "min-take-most": Function(
        asks="write `share_out(h, f, beta)`, the relevance R_k = p_k f of every competitor.",
        right=min_take_most,
        cases=stiff,
        slips=(
            (lambda h, f, b: min_take_most(-h, f, b),
             "The *farthest* competitor gets most: that is a softmax. Look at the sign in the exponent."),
            (lambda h, f, b: min_take_most(h, f, 1.0),
             "Your shares are the same for every β: is it forgotten in the exponent?"),
            (lambda h, f, b: min_take_most(h, torch.ones(()).double(), b),
             "Your shares sum to one: those are the p_k. What was to be shared out?"),
            (lambda h, f, b: min_take_most(h, torch.ones(()).double(), b) * h,
             "You weigh each competitor's own h_k. The relevance that arrives from above is f, for all."),
            (lambda h, f, b: (-b * h).exp() * f,
             "The exponentials are not divided by their sum, so that more or less than f is handed on."),
            (lambda h, f, b: min_take_most(h, f, math.inf),
             "The nearest competitor takes all. That is β = ∞; softly, please."),
            (lambda h, f, b: torch.ones_like(h) * f / len(h),
             "All competitors get the same. That is β = 0; the nearer, the more, please."),
            (lambda h, f, b: h / h.sum() * f,
             "You share in proportion to h: the farther, the more. It is a minimum that is explained."),
            (lambda h, f, b: (1 / h) / (1 / h).sum() * f,
             "In proportion to 1/h: the order is right, but where is the exponential?"),
            (lambda h, f, b: min_take_most(h, f, 1 / b), "You divide by β. A larger β must make the shares harder."),
            (lambda h, f, b: min_take_most(h.square(), f, b), "The h_k are squared distances already: no more squares."),
            (lambda h, f, b: min_take_most(h, f, b).sum(), "That is the sum over the competitors. Return each share."),
        ),
        law=lambda r, h, f, b: sums_to("the logit f", "the competitors")(r, f),
    ),
    "midpoint": Function(
        asks="write `to_features(x, mu_c, mu_k, R_k)`, the part of R_k (D,) that every feature gets.",
        right=lambda x, c, k, R: shares(midpoint(x, c, k), R),
        cases=relevances,
        slips=(
            (lambda x, c, k, R: shares(x * (c - k), R),
             "You share w·x. Relevance then depends on where zero is; count from the midpoint."),
            (lambda x, c, k, R: midpoint(x, c, k) / len(x) * R,
             "You divide by the number of features. Divide by the sum over the features: shares sum to one."),
            (lambda x, c, k, R: midpoint(x, c, k) * R,
             "You do not divide at all. The contributions sum to h_k, and their shares must sum to one."),
            (lambda x, c, k, R: midpoint(x, c, k),
             "Those are the contributions z, which sum to h_k. Of what are they to be shares?"),
            (lambda x, c, k, R: shares(midpoint(x, c, k)),
             "Your shares sum to one. Multiply by the relevance that is to be shared out."),
            (lambda x, c, k, R: shares((x - (c - k) / 2) * (c - k), R),
             "Your root is half the *difference* of the centroids. A midpoint is half their sum."),
            (lambda x, c, k, R: shares((x - (c + k)) * (c - k), R),
             "Your root is the sum of the centroids: halve it."),
            (lambda x, c, k, R: shares((x - c) * (c - k), R),
             "You count from the own centroid, where h_k is not 0. The root lies on the border."),
            (lambda x, c, k, R: shares((x - k) * (c - k), R),
             "You count from the competitor. The root lies on the border, halfway."),
            (lambda x, c, k, R: shares(midpoint(x, c, k).abs(), R),
             "All your shares are positive. A feature on the competitor's side of the midpoint speaks against."),
            (lambda x, c, k, R: shares(x - (c + k) / 2, R),
             "Where is the weight? A feature that the centroids share cannot tell them apart."),
            (lambda x, c, k, R: shares(2 * x * (c - k) + (k.square() - c.square()).sum() / len(x), R),
             "You spread the bias evenly over the features. Each has a bias of its own: the one that "
             "makes its part 0 at the midpoint."),
            (lambda x, c, k, R: shares(midpoint(x, c, k), R).sum(), "That is the sum. Return one number a feature."),
        ),
        law=sums_to("R_k", "the features"),
    ),
    "two clusters": Function(
        asks="write `two_clusters(x, mu)`, the relevance (D,) for K = 2 without β, softmin or division.",
        right=two,
        cases=two_centroids,
        slips=(
            (lambda x, mu: two(x, mu) / 2, "Half of it: the weight is *twice* the difference of the centroids."),
            (lambda x, mu: -two(x, mu), "Every sign is turned: the weight points to the own centroid."),
            (lambda x, mu: midpoint(x, mu[0], mu[1]),
             "You take row 0 of `mu` for the own centroid. Which of the two is nearer to x?"),
            (lambda x, mu: midpoint(x, mu[1], mu[0]),
             "You take row 1 of `mu` for the own centroid. Which of the two is nearer to x?"),
            (lambda x, mu: 2 * x * (swapped(x, mu)[0] - swapped(x, mu)[1]),
             "That is w·x, feature by feature; the bias is lost. Put it in by counting from the midpoint."),
            (lambda x, mu: (x - mu.sum(0)) * 2 * (swapped(x, mu)[0] - swapped(x, mu)[1]),
             "The midpoint is half the sum of the centroids."),
            (lambda x, mu: (x - swapped(x, mu)[1]).abs() - (x - swapped(x, mu)[0]).abs(),
             "Those are differences of absolute values. The logit is made of squares."),
            (lambda x, mu: (mu[0] - mu[1]).square(),
             "That is what x = μ_c gets, at the centroid. Other points get something else."),
            (lambda x, mu: two(x, mu).abs(), "All positive? A feature that lies nearer to the competitor speaks against."),
            (lambda x, mu: shares(two(x, mu)),
             "You divided by h, so the sum is one. With one competitor the two h cancel: no division."),
            (lambda x, mu: two(x, mu).sum(), "That is the logit. Leave it in its D parts."),
        ),
        law=two_law,
    ),
    "beta factor": Value(
        asks="set `factor` to the number by which β must be multiplied.",
        right=lambda: 0.1**2,
        slips=(
            (1, "h is a difference of squared distances. Does it stay as it is?"),
            (10, "The measurements grow by that. Does β h, in the exponent, stay as it was?"),
            (100, "That is what h grows by. β h must *stay*."),
            (0.1, "That would do if h were a distance. It is a difference of squares."),
            (0.001, "That is one power too many: a square, not a cube."),
            (1000, "One power too many, and the wrong direction: what happens to h?"),
            (0.05, "A half is in no formula here: p_k depends on β h alone."),
            (-2, "That is an exponent, perhaps; asked is the factor itself."),
            (2, "That is an exponent, perhaps; asked is the factor itself, of β."),
            (0, "β = 0 gives all competitors the same share, whatever the units."),
        ),
        otherwise="p_k depends on the product β h. By how much does h grow, and what must β do?",
    ),
    "limits": Function(
        asks="write `share_out_safely(h, f, beta)`, which is right for β = 0, for β = ∞ and for large h.",
        right=min_take_most,
        cases=extremes,
        slips=(
            (naive, "0/0: for large β h every exponential is 0. Subtract the smallest h from all of them first; no share changes."),
            (lambda h, f, b: naive(h - h.min(), f, b),
             "Only β = ∞ is left: 0 · ∞ is nan. What is the exponent of the nearest, whatever β is?"),
            (lambda h, f, b: torch.nan_to_num(naive(h, f, b)),
             "nan became 0, and the relevance is lost. Shares must sum to one, at every β."),
            (lambda h, f, b: torch.nan_to_num(naive(h - h.min(), f, b)),
             "nan became 0 at β = ∞, and the relevance is lost. The nearest must get it all."),
            (lambda h, f, b: (h == h.min()) * f if b == math.inf else min_take_most(h, f, b),
             "Two nearest competitors get f each. Ties share."),
            (lambda h, f, b: torch.eye(len(h)).double()[h.argmin()] * f if b == math.inf else min_take_most(h, f, b),
             "With two nearest competitors, the first gets all at β = ∞. Ties share."),
            (lambda h, f, b: torch.ones_like(h) * f / len(h) if b == math.inf else min_take_most(h, f, b),
             "At β = ∞ all get the same. That is β = 0."),
            (lambda h, f, b: torch.zeros_like(h) if b == 0 else min_take_most(h, f, b),
             "At β = 0 nobody gets anything. All exponentials are one then: what are the shares?"),
            (lambda h, f, b: min_take_most(h, f, min(b, 1.0)), "Your β is cut at one: larger ones are legal, too."),
            (lambda h, f, b: min_take_most(h / h.max(), f, b),
             "You divide h by its largest value. That prevents overflow, and changes every share."),
            (lambda h, f, b: min_take_most(-h, f, b), "The farthest gets most: the sign in the exponent."),
            (lambda h, f, b: min_take_most(h, torch.ones(()).double(), b), "Right shares; now share out f."),
        ),
        law=lambda r, h, f, b: sums_to("the logit f", "the competitors")(r, f),
    ),
}  # fmt: skip
