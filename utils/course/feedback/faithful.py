"""Exercises on what relevance is good for: flipping, artefacts, absent words."""

import torch

from utils.data import load

from .cases import draw
from .core import Function, Value


def flip_curve(logit, x, relevance, replacement):
    """Logits (D+1,) after 0, 1, ..., D features, the most relevant first, are replaced."""
    return walk(logit, x, relevance.argsort(descending=True), replacement)


def walk(logit, x, order, replacement):
    """Logits (D+1,) while features are replaced in a given order."""
    x, curve = x.clone(), [logit(x)]
    for i in order:
        x[i] = replacement[i]
        curve.append(logit(x))
    return torch.stack(curve)


def singly(logit, x, relevance, replacement):
    """Logits with one feature replaced at a time."""
    order = relevance.argsort(descending=True)
    return torch.stack([logit(x)] + [walk(logit, x, [i], replacement)[-1] for i in order])


def curves(seed):
    """A logit, a point, relevances and replacements."""

    def made(seed, D):
        w, W = draw(seed, D), draw(seed + 1, D, D) / D
        return lambda x: x @ w + x @ W @ x

    return [
        (made(s, D), draw(s + 2, D), draw(s + 3, D), draw(s + 4, D))
        for s, D in ((seed + 30, 5), (seed + 40, 4))
    ]


def best_order(x, w, r):
    """Attribution (D,) whose order no other beats under replacement by r."""
    return w * (x - r)


def linear(seed):
    """A point, weights, replacements (D,)."""
    return [(draw(seed + s, 5), draw(seed + s + 1, 5), draw(seed + s + 2, 5)) for s in (50, 60)]


def concentration(R, m):
    """Share of the positive relevance that lies in the m largest."""
    return R.topk(m).values.sum() / R.clamp(min=0).sum()


def relevances(seed):
    """Relevances (D,) of both signs with two or more that are positive, and how many to take."""
    return [(draw(seed + 70, 12) + 0.5, 4), (draw(seed + 80, 9) + 0.5, 2)]


def most_relevant(R, c, k, m):
    """The m features (m,) of largest mean relevance in cluster k, the largest first."""
    return R[c == k].mean(0).topk(m).indices


def members(seed):
    """Relevances (n, D), clusters (n,), a cluster, how many features."""
    c = (torch.arange(14) + 1) % 3
    return [(draw(seed + 90 + k, 14, 8) + draw(seed + k, 3, 8)[c], c, k, 3 + k) for k in range(3)]


def second_laboratory():
    """Wines (178, 13), of which every second was measured with one instrument that reads too high."""
    X = load("wine").X.clone()
    X[::2, names().index("ash")] += 1.0
    return X


def names():
    """Names of the 13 measurements."""
    return load("wine").feature_names


def absent_share(R, x):
    """Share of the sum of R (D,) that lies in words that the text x (D,) lacks."""
    return R[x == 0].sum() / R.sum()


def texts(seed):
    """Relevances and word weights, most of them 0."""
    return [
        (draw(seed + s, 9) + 0.4, draw(seed + s + 1, 9).clamp(min=0.3) - 0.3)
        for s in (100, 110, 120)
    ]


EXERCISES = {
    "flip curve": Function(
        asks="write `flip_curve(logit, x, relevance, replacement)`, the logits after 0, 1, …, D replacements.",
        right=flip_curve,
        cases=curves,
        slips=(
            (lambda f, x, R, r: walk(f, x, R.argsort(), r), "You begin with the *least* relevant feature: `descending=True`."),
            (lambda f, x, R, r: flip_curve(f, x, R, r)[1:], "One value short: the curve starts at the untouched point."),
            (lambda f, x, R, r: flip_curve(f, x, R, r)[:-1], "One value short: at its end everything is replaced."),
            (singly, "You replace one feature at a time and put it back. What is flipped stays flipped."),
            (lambda f, x, R, r: flip_curve(f, x, R, torch.zeros_like(x)), "You replace by 0. `replacement` says by what."),
            (lambda f, x, R, r: flip_curve(f, x, R.abs(), r), "You order by size without sign: a feature that speaks *against* would go first."),
            (lambda f, x, R, r: walk(f, x, range(len(x)), r), "You replace in the order of the columns; the relevances are not used."),
            (lambda f, x, R, r: flip_curve(f, x, R, r).diff(), "Those are the drops from step to step. Asked are the logits themselves."),
            (lambda f, x, R, r: flip_curve(f, x, R, r).flip(0), "The curve runs backwards: the untouched point comes first."),
            (lambda f, x, R, r: flip_curve(f, x, x, r), "You order by the values of x, not by their relevance."),
            (lambda f, x, R, r: flip_curve(f, x, R, r).mean(), "That is the area under the curve, one number. Return the curve."),
        ),
    ),
    "best order": Function(
        asks="write `best_order(x, w, r)`, the attribution (D,) that no other order beats.",
        right=best_order,
        cases=linear,
        slips=(
            (lambda x, w, r: w * x, "That is gradient × input: best for a replacement by 0. Here features become r."),
            (lambda x, w, r: w * (r - x), "That is what the logit *gains*. Largest first should be the largest loss."),
            (lambda x, w, r: w * (x - r / 2), "Halfway to r is a midpoint; the test goes all the way."),
            (lambda x, w, r: (w * (x - r)).abs(), "Without signs, a feature whose removal *raises* the logit may go first."),
            (lambda x, w, r: x - r, "How far a feature moves matters only times its weight."),
            (lambda x, w, r: (x - r).abs(), "How far a feature moves, without weight or sign, does not say what the logit loses."),
            (lambda x, w, r: w, "The weight alone: a feature that is at r already loses nothing."),
            (lambda x, w, r: w.abs(), "Sensitivity, |w|, knows neither x nor r."),
            (lambda x, w, r: w * (x + r), "Look at the sign of r: what changes is x − r."),
            (lambda x, w, r: w.square() * (x - r), "One w too many: the logit is linear."),
            (lambda x, w, r: (w * (x - r)).sum(), "That is the whole loss. Which feature loses how much?"),
        ),
    ),
    "concentration": Function(
        asks="write `concentration(R, m)`, the share of the positive relevance in the m largest.",
        right=concentration,
        cases=relevances,
        slips=(
            (lambda R, m: R.topk(m).values.sum() / R.sum(), "You divide by the sum of all: negative relevance makes it smaller. Divide by the positive part."),
            (lambda R, m: R.topk(m).values.sum() / R.abs().sum(), "You divide by the sum of sizes. What speaks against is no part of what holds together."),
            (lambda R, m: R.topk(m).values.sum(), "That is an amount. A share is divided by the whole."),
            (lambda R, m: R.topk(m).values.mean() / R.clamp(min=0).sum(), "The mean of the largest; their sum is asked for."),
            (lambda R, m: R.abs().topk(m).values.sum() / R.clamp(min=0).sum(), "You choose by size without sign: what speaks against may be among them."),
            (lambda R, m: (-R).topk(m).values.sum() / R.clamp(min=0).sum(), "Those are the smallest."),
            (lambda R, m: R[:m].sum() / R.clamp(min=0).sum(), "Those are the first m, not the largest m."),
            (lambda R, m: R.max() / R.clamp(min=0).sum(), "That is one pixel's share. Take m of them."),
            (lambda R, m: R.topk(m).values / R.clamp(min=0).sum(), "One share each: add them up."),
            (lambda R, m: R.topk(m).values.sum() / R.max(), "You divide by the largest. The whole is the sum of what is positive."),
            (lambda R, m: torch.tensor(m / len(R)), "That is the share that m even pixels would have. Where is R?"),
        ),
    ),
    "most relevant": Function(
        asks="write `most_relevant(R, c, k, m)`, the m features of largest mean relevance in cluster k.",
        right=most_relevant,
        cases=members,
        slips=(
            (lambda R, c, k, m: R.mean(0).topk(m).indices, "You average over all points; what holds cluster k together only its members say."),
            (lambda R, c, k, m: R[c != k].mean(0).topk(m).indices, "You average over the points that are *not* in the cluster."),
            (lambda R, c, k, m: R[c == k].abs().mean(0).topk(m).indices, "You drop the signs: what speaks against the cluster would count for it."),
            (lambda R, c, k, m: R[c == k].mean(0).abs().topk(m).indices, "You take the largest means by size: one of them may speak against."),
            (lambda R, c, k, m: (-R[c == k].mean(0)).topk(m).indices, "Those speak most *against* the cluster."),
            (lambda R, c, k, m: R[c == k].mean(0).topk(m).values, "Those are the relevances. Asked is which features have them."),
            (lambda R, c, k, m: most_relevant(R, c, k, m).sort().values, "The right features, sorted by number. The largest comes first."),
            (lambda R, c, k, m: most_relevant(R, c, k, m).flip(0), "The right features in ascending order. The largest comes first."),
            (lambda R, c, k, m: R[c == k][0].topk(m).indices, "That is the first member alone. Take the mean over all of them."),
            (lambda R, c, k, m: R[k].topk(m).indices, "That is point k, not cluster k."),
            (lambda R, c, k, m: R[c == k].amax(0).topk(m).indices, "One member with an extreme value decides there: the mean, please."),
        ),
    ),
    "second laboratory": Value(
        asks='set `spoilt` to the name of the measurement, as `wine.feature_names` has it.',
        right=lambda: "ash",
        slips=(
            ("proline", "Proline has the largest numbers in the bottle, but the columns are scaled. What do the relevances say?"),
            ("alcohol", "Alcohol tells cultivars apart. Look for what two clusters have in common among *all* cultivars."),
            ("flavanoids", "Flavanoids tell cultivars apart, as they should."),
            ("OD280/OD315", "OD280/OD315 tells cultivars apart, as it should."),
            ("hue", "Hue belongs to the grape. Which relevance is out of all proportion?"),
            ("malic acid", "Malic acid varies, but no cluster lives on it."),
            ("magnesium", "Magnesium is near it in the table; look at the size of the relevances again."),
            ("color intensity", "Color intensity belongs to the grape. Which relevance is out of all proportion?"),
        ),
        otherwise="That is not the one. Print the most relevant measurements of each cluster, with their relevance.",
    ),
    "absent share": Function(
        asks="write `absent_share(R, x)`, the share of the logit that absent words hold.",
        right=absent_share,
        cases=texts,
        slips=(
            (lambda R, x: R[x > 0].sum() / R.sum(), "That is the share of the words that are *there*."),
            (lambda R, x: R[x == 0].sum(), "That is an amount. Divide by the logit, the sum of all relevances."),
            (lambda R, x: (x == 0).double().mean(), "That is the share of words that are absent. How much relevance do they hold?"),
            (lambda R, x: R[x == 0].mean() / R.mean(), "A ratio of means; what is asked is a ratio of sums."),
            (lambda R, x: R[x == 0].abs().sum() / R.abs().sum(), "You drop the signs: absence may also speak against."),
            (lambda R, x: R[x == 0].clamp(min=0).sum() / R.clamp(min=0).sum(), "You keep what is positive only; the logit is the sum with signs."),
            (lambda R, x: R[x == 0].sum() / R[x > 0].sum(), "You divide by the present words. The whole is all of them."),
            (lambda R, x: (R * x).sum() / R.sum(), "You weigh relevances with the word weights. Ask only whether x is 0."),
            (lambda R, x: R[R == 0].sum() / R.sum(), "You look where the *relevance* is 0. Absent is where x is 0."),
            (lambda R, x: R[x == 0] / R.sum(), "One share a word. Add them up."),
        ),
    ),
}  # fmt: skip
