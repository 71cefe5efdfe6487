"""What a control of β shows, in numbers and words: on a page and in a notebook alike."""

import numpy as np
import torch
from sklearn.decomposition import PCA

from neon import NeuralizedKMeans, beta_heuristic, explain, min_take_most
from neon.report.style import CLUSTERS, MARKERS
from utils.matching import match

# 0, 0.03 to 300 in equal steps of the logarithm, ∞; in units of 1 / mean logit
STIFFNESS = (0.0, *(10 ** (np.arange(-15, 26) / 10)).tolist(), float("inf"))


class Scene:
    """All numbers that the control can show, by point and by place in `STIFFNESS`.

    Args:
        model: a fitted `KMeans`.
        dataset: the `utils.data.Dataset` it was fitted to.
        noun: what a point is.
    """

    def __init__(self, model, dataset, noun):
        X, network = dataset.X, NeuralizedKMeans(model)
        n, K = len(X), network.n_clusters
        self.X, self.centroids, self.noun = X, network.centroids, noun
        self.names = dataset.feature_names
        self.scale = beta_heuristic(network, X)
        results = [explain(network, X, beta=b * self.scale) for b in STIFFNESS]
        self.relevance = torch.stack([result.relevance for result in results], 1)  # (n, steps, D)
        self.cluster, self.logit = results[0].cluster, results[0].logit  # (n,) each

        h, one = network.h(X)[torch.arange(n), self.cluster], torch.ones(n, dtype=X.dtype)
        self.share = torch.zeros(n, len(STIFFNESS), K, dtype=X.dtype)  # 0 for the own cluster
        for step, b in enumerate(STIFFNESS):
            p = min_take_most(h, one, b * self.scale)  # (n, K-1)
            self.share[:, step].scatter_(1, network.competitors[self.cluster], p)

        plane = PCA(n_components=2).fit(X)
        self.ratio = plane.explained_variance_ratio_
        self.place = plane.transform(X)  # (n, 2)
        self.centre = plane.transform(network.centroids)  # (K, 2)
        classes = match(self.cluster, dataset.y).tolist()
        self.colour = [CLUSTERS[c if c >= 0 else k] for k, c in enumerate(classes)]
        self.marker = [MARKERS[c if c >= 0 else k] for k, c in enumerate(classes)]
        self.cluster_name = [
            dataset.class_names[c] if c >= 0 else f"cluster {k}" for k, c in enumerate(classes)
        ]

    def sentence(self, i, step):
        """Say what the picture shows.

        Args:
            i: point.
            step: place in `STIFFNESS`.
        """
        R, p, c = self.relevance[i, step], self.share[i, step], self.cluster[i]
        largest = R.abs().argsort(descending=True, stable=True)[:3].tolist()
        top = ", ".join(f"{self.names[j]} {R[j]:+.4f}" for j in largest)
        shares = ", ".join(f"{self.cluster_name[k]} {p[k]:.2f}" for k in range(len(p)) if k != c)
        return (
            f"{self.noun} {i}, in the cluster of {self.cluster_name[c]}, "
            f"at β = {number(STIFFNESS[step] * self.scale)}: the relevances add up to its logit, "
            f"{self.logit[i]:.4f}. The largest three: {top}. Shares of the competitors: {shares}."
        ).replace("-", "−")


def number(value):
    """Three digits of a number.

    Example:
        >>> number(1.8197), number(574.3), number(float("inf"))
        ('1.82', '574', '∞')
    """
    return "∞" if value == float("inf") else f"{value:.3g}"
