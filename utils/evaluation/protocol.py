"""How faithfulness is measured: the one protocol of notebook 06 and of `make experiments`."""

import time

import torch

from neon import KMeans
from neon.evaluation import Flipping, flip, kde_gamma
from utils.data import load
from utils.evaluation.baselines import EXACT, MAX_FEATURES, METHODS, Problem

# data set: (clusters, seeds); k-means on digits and 64 flips of each pixel cost the most
DATASETS = {"iris": (3, 40), "wine": (3, 40), "breast_cancer": (2, 40), "digits": (10, 20)}
TRAINING = 0.8
HELD_OUT = 36
BACKGROUND = 200
REPLACEMENTS = ("mean", "marginal", "kde", "competitor")
MEASURES = tuple(f"{what} {how}" for how in REPLACEMENTS for what in ("logit", "survival"))


def problem(name, seed):
    """Split a data set at random, fit k-means to 80 %, and take up to 36 of the others.

    Args:
        name: one of `DATASETS`.
        seed: of the split, of k-means and of the methods that sample.
    """
    X = load(name).X
    X = X[torch.randperm(len(X), generator=torch.Generator().manual_seed(seed))]
    train, held_out = X.split([round(TRAINING * len(X)), len(X) - round(TRAINING * len(X))])
    kmeans = KMeans(DATASETS[name][0], n_init=10, random_state=seed).fit(train)
    return Problem(kmeans.centroids, held_out[:HELD_OUT], train, seed)


def methods(name):
    """Names of the methods that a data set allows: exact Shapley values need few features."""
    few = load(name).X.shape[1] <= MAX_FEATURES
    return [method for method in METHODS if few or method not in EXACT]


def curves(problem, relevance):
    """Flip the features of a problem's points in the order of the relevances (n, D).

    Returns:
        {replacement: `Flipping`}, one for each of `REPLACEMENTS`.
    """
    nearest = torch.cdist(problem.X, problem.centroids).argsort(-1)
    rivals = problem.centroids[nearest[:, 1]][:, None]  # (n, 1, D)
    rows = problem.background(BACKGROUND)
    gamma = torch.tensor([0.0, kde_gamma(problem.train)])

    def flipped(rows, gamma=0.0):
        return flip(problem.logit, problem.X, problem.cluster, relevance, rows, gamma=gamma)

    both = flipped(rows, gamma)
    marginal, kde = (Flipping(*pair) for pair in zip(both.logit, both.survival, strict=True))
    results = flipped(problem.mean), marginal, kde, flipped(rivals)
    return dict(zip(REPLACEMENTS, results, strict=True))


def measure(problem, method):
    """Areas under the curves of one method, lower is better, and what it costs.

    Returns:
        {measure: number} with all `MEASURES` and the microseconds a point.
    """
    start = time.perf_counter()
    relevance = METHODS[method](problem)
    cost = (time.perf_counter() - start) / len(problem.X) * 1e6
    flipped = curves(problem, relevance)
    areas = [a.item() for f in flipped.values() for a in (f.logit_area, f.survival_area)]
    return dict(zip(MEASURES, areas, strict=True)) | {"microseconds": cost}
