"""Exercises on one's own: a rule to mend, a flower to explain."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

from neon import explain

from .cases import assigned
from .compare import numbers, unreadable
from .core import Function

NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


def rule(x, mu, beta, root="midpoint", weigh="w", axis=1, sign=-1, scale=None, keep=None):
    """Relevance (D,) by NumPy, with a choice of slips."""
    d = ((x - mu) ** 2).sum(-1)
    c = int(d.argmin())
    k = [j for j in range(len(mu)) if j != c]
    h = d[k] - d[c]
    w = 2 * (mu[c] - mu[k])
    m = {"midpoint": (mu[c] + mu[k]) / 2, "difference": (mu[c] - mu[k]) / 2, "zero": 0 * w,
         "own": mu[c] + 0 * w, "other": mu[k]}[root]  # fmt: skip
    z = (x - m) * {"w": w, "h": h[:, None]}[weigh]
    p = np.exp(sign * beta * (h - h.min() if sign < 0 else h - h.max()))
    R_k = p / p.sum() * (h.min() if scale is None else scale)
    parts = z / z.sum(axis, keepdims=True) * R_k[:, None]
    return parts[h.argmin()] if keep else parts.sum(0)


def slip(**choice):
    """The rule with one choice changed."""
    return lambda x, mu, beta: rule(x, mu, beta, **choice)


def flowers(seed):
    """A point, centroids and β, as arrays."""
    return [(x.numpy(), mu.numpy(), beta) for x, mu, c in assigned(seed) for beta in (0.5, 1.5)]


def broken_law(result, x, mu, beta):
    """Conservation."""
    d = np.sort(((x - mu) ** 2).sum(-1))
    total, logit = float(np.sum(result)), d[1] - d[0]
    if abs(total - logit) < 1e-6 * max(1, logit):
        return None
    return (
        f"Your relevances sum to {total:.2f}, the logit is {logit:.2f}: over what are shares taken?"
    )


@cache
def iris():
    """Flowers (150, 4) and the k-means of notebook 05."""
    X = load_iris().data
    return X, KMeans(3, init=X[[0, 50, 100]], n_init=1).fit(X)


@dataclass(frozen=True)
class OwnFlower:
    """An exercise that asks for a flower and for the measurement that speaks most for its cluster."""

    asks: str

    def diagnose(self, answer, seed=0):
        """Say what is wrong with the pair (flower, name); None if nothing is."""
        if not isinstance(answer, tuple) or len(answer) != 2:
            return f"Two things are asked for, a flower and a name; got {type(answer).__name__}."
        flower, name = answer
        problem = unreadable(flower)
        if problem:
            return problem.replace("Your function returns", "Your flower is")
        flower, (X, kmeans) = numbers(flower), iris()
        if flower.shape != (4,):
            return f"A flower has four measurements; yours has shape {flower.shape}."
        if not ((flower > 0) & (flower < 20)).all():
            return "A measurement of a flower in centimetres lies between 0 and 20."
        if (flower == X).all(-1).any():
            return "That flower is in the table already. Grow one of your own."
        if not isinstance(name, str) or name not in NAMES:
            return f"The name must be one of {NAMES}; got {name!r}."
        R = explain(kmeans, flower[None]).relevance[0]
        picked = NAMES.index(name)
        if picked == R.argmax():
            return None
        if picked == R.argmin():
            return "That measurement speaks *against* the cluster, or the least for it. Turn the order round."
        if R[picked] < 0:
            return "The relevance of that measurement is negative: it speaks against the cluster."
        if picked == flower.argmax():
            return "That is the largest in centimetres. A relevance counts from the midpoint between centroids."
        return "Another measurement has a larger relevance. Explain the flower with `explain`, and compare all four."


EXERCISES = {
    "mended rule": Function(
        asks="write `mended(x, mu, beta)`, the rule without its slips.",
        right=rule,
        cases=flowers,
        slips=(
            (slip(root="difference", axis=0), "That is the broken rule as it was. Which of the three laws does it break first?"),
            (slip(root="difference"), "One slip is mended: it conserves. Move zero, and it still changes. Where is the root?"),
            (slip(axis=0), "One slip is mended: the root is right. Now add the relevances up, and look at the axis."),
            (slip(root="zero"), "The root is 0 now: gradient × input. Move zero, and it changes."),
            (slip(root="own"), "The root is the own centroid, and the terms do not sum to h. Where is h zero?"),
            (slip(root="other"), "The root is the competitor's centroid, and the terms do not sum to h. Where is h zero?"),
            (slip(weigh="h"), "The weight is gone: a feature that the centroids share gets relevance."),
            (slip(sign=1), "The farthest competitor gets most. The exponent had the right sign before."),
            (slip(scale=1.0), "Your relevances sum to one. What happened to the logit?"),
            (slip(keep=True), "Only the nearest competitor is left. Sum over all of them."),
            (lambda x, mu, beta: rule(x, mu, 1.0), "β is not used any more."),
        ),
        law=broken_law,
    ),
    "own flower": OwnFlower(
        asks="set `flower` to four measurements in centimetres, and `strongest` to a name.",
    ),
}  # fmt: skip
