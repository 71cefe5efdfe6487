"""Mean relevance of clusters without storing the relevances: sums and counts that add up."""

from dataclasses import dataclass

import numpy as np
import torch

BLOCK = 2**16  # numbers summed at once: their float64 copy stays in the cache


@dataclass(frozen=True)
class Aggregate:
    """Sums over explained points, cluster by cluster; two of them can be added.

    Attributes:
        count: (K,) points of each cluster.
        logit: (K,) sum of their logits.
        relevance: (K, D) sum of their relevances.
        absolute: (K, D) sum of their absolute relevances.

    Example:
        >>> from neon import explain
        >>> mu = [[0.0, 0.0], [2.0, 2.0]]
        >>> parts = [[[0.0, 0.5]], [[0.0, 1.0], [2.0, 2.0]]]
        >>> total = sum(Aggregate.of(explain(mu, part, beta=1), 2) for part in parts)
        >>> total.count, total.mean_relevance
        (array([2, 1]), array([[4., 1.],
               [4., 4.]]))
    """

    count: np.ndarray
    logit: np.ndarray
    relevance: np.ndarray
    absolute: np.ndarray

    @classmethod
    def of(cls, explanation, n_clusters):
        """Sum the explained points of one `Explanation`, in float64.

        Args:
            explanation: numpy arrays or tensors.
            n_clusters: K, so that clusters without a point keep their place.
        """
        R, f = torch.as_tensor(explanation.relevance), torch.as_tensor(explanation.logit)
        cluster = torch.as_tensor(explanation.cluster).to(R.device)
        relevance = R.new_zeros(n_clusters, R.shape[1], dtype=torch.float64)
        logit, absolute = relevance.new_zeros(n_clusters), torch.zeros_like(relevance)
        logit.index_add_(0, cluster, f.double())
        rows = max(1, BLOCK // R.shape[1])
        for r, c in zip(R.split(rows), cluster.split(rows), strict=True):
            r = r.double()
            relevance.index_add_(0, c, r)
            absolute.index_add_(0, c, r.abs())
        count = cluster.bincount(minlength=n_clusters)
        return cls(*(sums.cpu().numpy() for sums in (count, logit, relevance, absolute)))

    def __add__(self, other):
        return Aggregate(
            self.count + other.count,
            self.logit + other.logit,
            self.relevance + other.relevance,
            self.absolute + other.absolute,
        )

    def __radd__(self, zero):
        # sum() starts at 0
        return self if zero == 0 else NotImplemented

    @property
    def mean_relevance(self):
        """(K, D) mean relevance of each cluster; its rows sum to `mean_logit`. NaN if empty."""
        return self.relevance / self.points[:, None]

    @property
    def mean_absolute(self):
        """(K, D) mean absolute relevance of each cluster. NaN if empty."""
        return self.absolute / self.points[:, None]

    @property
    def mean_logit(self):
        """(K,) mean logit of each cluster. NaN if empty."""
        return self.logit / self.points

    @property
    def overall(self):
        """The same over all points, as an `Aggregate` with one cluster."""
        sums = (self.count, self.logit, self.relevance, self.absolute)
        return Aggregate(*(values.sum(0, keepdims=True) for values in sums))

    @property
    def points(self):
        """(K,) counts as divisors: a cluster without a point has no mean, which is NaN."""
        return np.where(self.count == 0, np.nan, self.count)
