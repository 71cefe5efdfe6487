"""Exercises in which a student writes a test, and we run it on right and on wrong things."""

import torch

from neon import midpoint, min_take_most

from .cases import draw
from .core import Check, Function


def conservation_trials(seed):
    """Relevances (n, D) and logits (n,), right and wrong, and what a test that errs forgets."""
    R = draw(seed + 11, 7, 4)
    logit = R.sum(-1)
    noisy = logit * (1 + 1e-14) + 1e-15
    one = logit.clone()
    one[3] += 0.5
    cancels = logit.clone()
    cancels[1] += 0.3
    cancels[5] -= 0.3
    small = logit + 1e-4
    lost = R.clone()
    lost[2, 1] = float("nan")
    sixth = R[:, :3]
    return [
        (
            (R, logit),
            True,
            "Your test refuses relevances that do sum to their logits. Which axis are the features?",
        ),
        (
            (R, noisy),
            True,
            "Your test refuses a difference in the last digit, which is rounding. Compare up to a tolerance, not with `==`.",
        ),
        (
            (R, 2 * logit),
            False,
            "Your test is silent where every sum is half of its logit. Does it compare, and assert?",
        ),
        (
            (R, -logit),
            False,
            "Your test passes sums of the wrong sign. Compare the values, not their sizes or squares.",
        ),
        (
            (R, logit - 0.2),
            False,
            "Your test passes logits that are all too small. A deviation counts on both sides.",
        ),
        (
            (R, logit + 0.2),
            False,
            "Your test passes logits that are all too large. A deviation counts on both sides.",
        ),
        (
            (R, one),
            False,
            "Your test passes a table in which one point of seven is wrong. Compare every point.",
        ),
        (
            (R, cancels),
            False,
            "Your test passes two errors that cancel: one point has too much, another too little. Compare points, not totals.",
        ),
        (
            (R, small),
            False,
            "Your test passes an error in the fourth digit. The method is exact: a tolerance of rounding size will do.",
        ),
        ((sixth, logit), False, "Your test passes a table that lost one of its features."),
        (
            (lost, logit),
            False,
            "Your test passes a nan: comparisons with nan are False, so ask what *is* close, not what is far.",
        ),
        (
            (R * 1e-3, logit * 1e-3),
            True,
            "Your test refuses small numbers that are right. Is it the sum that you compare?",
        ),
        (
            (R * 1e6, noisy * 1e6),
            True,
            "Your test refuses large numbers that are right up to rounding: a tolerance has to grow with the logit.",
        ),
    ]


def rule(x, mu, root="midpoint"):
    """Relevance (D,) for β = 1 with a root of choice."""
    d = (x - mu).square().sum(-1)
    c = int(d.argmin())
    k = [j for j in range(len(mu)) if j != c]
    h = d[k] - d[c]
    z = midpoint(x, mu[c], mu[k])
    if root == "origin":
        z = x * 2 * (mu[c] - mu[k])
    if root == "difference":
        z = (x - (mu[c] - mu[k]) / 2) * 2 * (mu[c] - mu[k])
    if isinstance(root, int):
        z[:, root] = (x * 2 * (mu[c] - mu[k]))[:, root]
    share = z / (h[:, None] if isinstance(root, int) else z.sum(-1, keepdim=True))
    return (share * min_take_most(h, h.min(), 1.0)[:, None]).sum(0)


def right(x, mu):
    """The rule that does not depend on where zero is."""
    return rule(x, mu)


def origin(x, mu):
    """Gradient × input: depends on where zero is, though its sum does not."""
    return rule(x, mu, "origin")


def difference(x, mu):
    """The slip of the published rule."""
    return rule(x, mu, "difference")


def first(x, mu):
    """Wrong in the first feature only."""
    return rule(x, mu, 0)


def last(x, mu):
    """Wrong in the last feature only."""
    return rule(x, mu, -1)


def rounding(x, mu):
    """Right up to rounding."""
    return rule(x, mu) * (1 + 1e-14 * float(x.sum()))


def always_zero(x, mu):
    """Nothing is relevant: wrong, but nobody's zero matters."""
    return torch.zeros_like(x)


def translation_cases(seed):
    """Rules, a point and centroids."""
    x, mu = draw(seed + 21, 5), draw(seed + 22, 3, 5)
    whole = (4 * x).round(), (4 * mu).round()  # no rounding errors here
    rules = (right, origin, difference, first, last, rounding, always_zero)
    turned = rules[seed % 7 :] + rules[: seed % 7]  # verdicts in another order for every seed
    return [(right, *whole), *((r, x, mu) for r in turned)]


def translates(rule, x, mu, *, shift_mu=1.0, shift=1.0, judge=None):
    """Tell whether a rule gives the same relevance from another zero."""
    before, after = rule(x, mu), rule(x + shift, mu + shift * shift_mu)
    return judge(before, after) if judge else torch.allclose(before, after, rtol=1e-6, atol=1e-9)


EXERCISES = {
    "conservation": Check(
        asks="write `check_conservation(relevance, logit)`, which asserts that each row sums to its logit.",
        trials=conservation_trials,
    ),
    "translation": Function(
        asks="write `translates(rule, x, mu)`: True if `rule` gives the same relevance from another zero.",
        right=translates,
        cases=translation_cases,
        slips=(
            (lambda r, x, mu: translates(r, x, mu, shift_mu=0.0),
             "You move the point and leave the centroids where they are: another point, not another zero."),
            (lambda r, x, mu: not translates(r, x, mu), "True and False are exchanged: True is praise."),
            (lambda r, x, mu: translates(r, x, mu, shift=0.0),
             "You call every rule invariant: by how much do you move zero?"),
            (lambda r, x, mu: translates(r, x, mu, judge=lambda a, b: bool((a == b).all())),
             "You refuse a rule that is right up to rounding: compare up to a tolerance."),
            (lambda r, x, mu: translates(r, x, mu, judge=lambda a, b: bool(torch.isclose(a.sum(), b.sum()))),
             "You compare the sums, which survive though the parts change. Compare every feature."),
            (lambda r, x, mu: translates(r, x, mu, judge=lambda a, b: bool(torch.isclose(a[0], b[0]))),
             "You compare the first feature only; another one may change."),
            (lambda r, x, mu: translates(r, x, mu, judge=lambda a, b: int(a.argmax()) == int(b.argmax())),
             "You compare the top feature only; the numbers may change and leave it on top."),
            (lambda r, x, mu: translates(r, x, mu, judge=lambda a, b: bool(torch.isclose(a, b).any())),
             "One feature that agrees is enough for you: `any` where `all` belongs."),
            (lambda r, x, mu: r(x + 1, mu + 1) - r(x, mu),
             "You return the change. Asked is a verdict: True or False."),
            (lambda r, x, mu: False, "You call no rule invariant, not even the right one."),
        ),
    ),
}  # fmt: skip
