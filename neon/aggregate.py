"""Mean relevance of clusters without storing the relevances: sums and counts that add up."""

from dataclasses import dataclass

import numpy as np
import torch


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
        R = torch.as_tensor(explanation.relevance).double()
        cluster = torch.as_tensor(explanation.cluster).to(R.device)
        f = torch.as_tensor(explanation.logit).double()

        def sums(values):
            empty = values.new_zeros(n_clusters, *values.shape[1:])
            return empty.index_add_(0, cluster, values).cpu().numpy()

        count = cluster.bincount(minlength=n_clusters).cpu().numpy()
        return cls(count, sums(f), sums(R), sums(R.abs()))

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
