"""Exercises on k-means itself."""

import torch

from .cases import tables
from .core import Function, Value


def assign(X, mu):
    """Nearest centroid (n,) of each point."""
    return squares(X, mu).sum(-1).argmin(-1)


def squares(X, mu):
    """Squared differences (n, K, D)."""
    return (X[:, None] - mu).square()


def update(X, c, K):
    """Mean (K, D) of the points of each cluster."""
    return torch.stack([X[c == k].mean(0) for k in range(K)])


def sums(X, c, K):
    """Sum (K, D) of the points of each cluster."""
    return torch.stack([X[c == k].sum(0) for k in range(K)])


def labelled(seed):
    """Points, their clusters, K."""
    return [(X, torch.arange(len(X)) * 5 % 7 % len(mu), len(mu)) for X, mu in tables(seed)]


EXERCISES = {
    "inertia factor": Value(
        asks="set `factor` to the number by which you expect the inertia to grow.",
        right=lambda: 10.0**2,
        slips=(
            (10, "That is what distances do. What does k-means add up: distances?"),
            (1, "Nothing would change if clusters were all that is asked. But the inertia is a "
                "sum of squares of numbers that have all grown."),
            (130, "Distances grow, and there are thirteen measurements; but a sum of thirteen "
                  "terms that all grow alike grows as each of them does."),
            (1300, "Each square grows as you say; a sum of thirteen such squares grows by the "
                   "factor of one of them, not by all factors together."),
            (1000, "That is how a volume grows. A squared length is something else."),
            (20, "Twice is what a square adds to a slope, not to a scale: (10 a)² is not 2 · 10 a²."),
            (0.1, "Larger numbers, smaller inertia? Which way round are distances scaled?"),
            (0.01, "The exponent is right, its sign is not: the measurements grow."),
            (1780, "The number of wines is the same before and after: it plays no part in the ratio."),
        ),
        otherwise="Take one measurement that differs by 1 from its centroid. By how much does it "
        "differ after the change, and what is the square of that?",
    ),
    "assign": Function(
        asks="write `assign(X, mu)`, the nearest centroid (n,) of every point.",
        right=assign,
        cases=tables,
        slips=(
            (lambda X, mu: squares(X, mu).sum(-1).argmax(-1),
             "Those are the farthest centroids. Which arg… takes the smallest?"),
            (lambda X, mu: squares(X, mu).sum(-1).argmin(0),
             "You have one answer a centroid: the point that is nearest to it. The minimum runs "
             "along the wrong axis."),
            (lambda X, mu: squares(X, mu).sum(-1).amin(-1),
             "Those are the smallest distances. Asked is *which* centroid has it."),
            (lambda X, mu: squares(X, mu).sum(-1),
             "These are all the distances, one for each point and centroid. Now choose."),
            (lambda X, mu: (X[:, None] - mu).sum(-1).square().argmin(-1),
             "The differences are added before they are squared, so that high and low cancel. "
             "Square first."),
            (lambda X, mu: (X[:, None] - mu).abs().sum(-1).argmin(-1),
             "Those are nearest by absolute differences. k-means squares them."),
            (lambda X, mu: (X @ mu.T).argmax(-1),
             "The largest inner product is not the smallest distance: a long centroid wins there. "
             "Its length belongs in the formula."),
            (lambda X, mu: (mu.square().sum(-1) - X @ mu.T).argmin(-1),
             "Nearly: ‖x − μ‖² multiplied out has the mixed term how many times?"),
            (lambda X, mu: squares(X, mu).sum(-1).argmin(-1) + 1,
             "You count clusters from one. Centroids are numbered like the rows of `mu`."),
            (lambda X, mu: squares(X, mu).amax(-1).argmin(-1),
             "You compare the single measurement that differs most. A squared distance is a sum "
             "over all of them."),
            (lambda X, mu: (squares(X, mu).sum(-1).argmin(-1)[:, None] == torch.arange(len(mu))),
             "One flag a centroid says the same, but asked is its number."),
        ),
    ),
    "update": Function(
        asks="write `update(X, c, K)`, the mean (K, D) of the points of each cluster.",
        right=update,
        cases=labelled,
        slips=(
            (sums, "You add the points of a cluster up. By how many must you divide?"),
            (lambda X, c, K: sums(X, c, K) / len(X),
             "You divide by the number of all points. Each cluster has a size of its own."),
            (lambda X, c, K: sums(X, c, K) / K,
             "You divide by the number of clusters. Each cluster has a size of its own."),
            (lambda X, c, K: torch.stack([X[c == k].median(0).values for k in range(K)]),
             "Those are medians. The point with the least squared distance to all is another."),
            (lambda X, c, K: torch.stack([X[c != k].mean(0) for k in range(K)]),
             "You average the points that are *not* in the cluster."),
            (lambda X, c, K: X.mean(0).expand(K, -1),
             "Every centroid is the mean of all points: the labels `c` are not used."),
            (lambda X, c, K: torch.stack([X[c == k].mean() for k in range(K)]),
             "One number a cluster: you average over the measurements, too. Keep them apart."),
            (lambda X, c, K: torch.stack([X[c == k][0] for k in range(K)]),
             "You take the first member of each cluster. A centroid need not be a point at all."),
            (lambda X, c, K: torch.stack([(X[c == k].amin(0) + X[c == k].amax(0)) / 2 for k in range(K)]),
             "You take the middle between smallest and largest: one odd point would move it. "
             "Every member has the same say."),
        ),
    ),
}  # fmt: skip
