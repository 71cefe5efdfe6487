"""How faithfulness is measured: the one protocol of notebook 06 and of `make experiments`."""

import time
from dataclasses import replace

import torch

from neon import KMeans
from neon.evaluation import Flipping, flip
from utils.data import load
from utils.evaluation.baselines import EXACT, METHODS, Problem
from utils.evaluation.shapley import MAX_FEATURES

# data set: (clusters, seeds); many features, or many subsets of them, cost the most
DATASETS = {
    "iris": (3, 40),
    "wine": (3, 40),
    "penguins": (3, 40),
    "diabetes": (4, 20),
    "breast_cancer": (2, 40),
    "digits": (10, 20),
}
TRAINING = 0.8
HELD_OUT = 36
BACKGROUND = 200
SIGMA = 0.03  # of the noise, on data that are scaled to [0, 1]
REPLACEMENTS = ("mean", "marginal", "kde", "competitor")
MEASURES = tuple(f"{what} {how}" for how in REPLACEMENTS for what in ("logit", "survival"))


def problem(name, seed):
    """A split of one of `DATASETS`, scaled to [0, 1], with as many clusters as are named there."""
    return split(load(name).X, DATASETS[name][0], seed)


def split(X, clusters, seed, stretch=1.0):
    """Split points at random, fit k-means to 80 %, and take up to 36 of the others.

    Args:
        X: (n, D) points.
        clusters: K.
        seed: of the split, of k-means and of the methods that sample.
        stretch: factor of the bandwidth of conditional replacement.
    """
    X = X[torch.randperm(len(X), generator=torch.Generator().manual_seed(seed))]
    train, held_out = X.split([round(TRAINING * len(X)), len(X) - round(TRAINING * len(X))])
    kmeans = KMeans(clusters, n_init=10, random_state=seed).fit(train)
    return Problem(kmeans.centroids, held_out[:HELD_OUT], train, seed, stretch)


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
    gamma = torch.tensor([0.0, problem.gamma])

    def flipped(rows, gamma=0.0):
        return flip(problem.logit, problem.X, problem.cluster, relevance, rows, gamma=gamma)

    both = flipped(rows, gamma)
    marginal, kde = (Flipping(*pair) for pair in zip(both.logit, both.survival, strict=True))
    results = flipped(problem.mean), marginal, kde, flipped(rivals)
    return dict(zip(REPLACEMENTS, results, strict=True))


def faithfulness(problem, attribute):
    """Areas under the curves of one method, lower is better, and what it costs.

    Returns:
        {measure: number} with all `MEASURES` and the microseconds a point.
    """
    start = time.perf_counter()
    relevance = attribute(problem)
    cost = (time.perf_counter() - start) / len(problem.X) * 1e6
    flipped = curves(problem, relevance)
    areas = [a.item() for f in flipped.values() for a in (f.logit_area, f.survival_area)]
    return dict(zip(MEASURES, areas, strict=True)) | {"microseconds": cost}


def conditional(problem, attribute):
    """Areas of one method under conditional replacement alone."""
    relevance, rows = attribute(problem), problem.background(BACKGROUND)
    flipped = flip(problem.logit, problem.X, problem.cluster, relevance, rows, gamma=problem.gamma)
    return {"logit": flipped.logit_area.item(), "survival": flipped.survival_area.item()}


def noise(problem, attribute):
    """How much the relevances of a method move when the points tremble.

    The points get Gaussian noise; those that leave their cluster are asked another question, and
    do not count. Each method is measured by its own sum, Σ|R'_i − R_i| / Σ|R_i|. Methods that
    sample do so afresh: that is what a reader would see.

    Returns:
        {"change": mean over the points that stay, "stayed": their share}.
    """
    generator = torch.Generator().manual_seed(problem.seed)
    tremble = torch.randn(problem.X.shape, generator=generator, dtype=problem.X.dtype)
    noisy = replace(problem, X=problem.X + SIGMA * tremble, seed=problem.seed + 1000)
    R, moved = attribute(problem), attribute(noisy)
    stayed = noisy.cluster == problem.cluster
    change = (moved - R).abs().sum(-1) / R.abs().sum(-1)
    return {"change": change[stayed].mean().item(), "stayed": stayed.double().mean().item()}
