"""The points on which answers are tried: named ones for students, drawn ones for grading."""

from functools import cache

import torch

from neon import KMeans
from utils.data import load

START = [66, 75, 54]  # the wines that k-means starts from in the notebooks


@cache
def wine_model():
    """Wine points (178, 13) and the k-means model of the notebooks."""
    X = load("wine").X
    return X, KMeans(3, init=X[START], n_init=1).fit(X)


def draw(seed, *shape):
    """Normal numbers (float64) that only the seed decides."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def tables(seed):
    """Pairs of points (n, D) and centroids (K, D)."""
    drawn = [
        (draw(seed + 1, 60, 5), draw(seed + 2, 4, 5)),
        (draw(seed + 3, 40, 2), draw(seed, 2, 2)),
    ]
    if seed:
        return drawn
    X, model = wine_model()
    return [(X, model.centroids), *drawn]


def points(seed):
    """Pairs of one point (D,) and centroids (K, D)."""
    return [(X[row], mu) for X, mu in tables(seed) for row in (len(X) // 3, 0)]


def assigned(seed):
    """Triples of one point (D,), centroids (K, D) and the cluster c of the point."""
    return [(x, mu, nearest(x, mu)) for x, mu in points(seed)]


def pairs(seed):
    """Triples of a point (D,), its centroid (D,) and that of its nearest competitor (D,)."""
    chosen = []
    for x, mu in points(seed):
        order = (x - mu).square().sum(-1).argsort()
        chosen.append((x, mu[order[0]], mu[order[1]]))
    return chosen


def evidence(seed):
    """Pairs of evidence h (K-1,), all positive, and the logit f, its smallest value."""
    found = []
    for x, mu in points(seed):
        d = (x - mu).square().sum(-1)
        c = d.argmin()
        h = torch.cat([d[:c], d[c + 1 :]]) - d[c]
        found.append((h, h.min()))
    return found


def nearest(x, mu):
    """Cluster of a point, as a Python number."""
    return int((x - mu).square().sum(-1).argmin())
