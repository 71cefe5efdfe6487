"""Nearest of a group: a cluster is one codeword or several, and the nearest codeword decides."""

import numpy as np
import torch

from ..validation import as_labels, as_points, centroids_of
from .cells import leave
from .energies import Quadratics, Squares
from .evidence import NeuralizedAdditive


class NeuralizedCandidates(NeuralizedAdditive):
    """The least energy decides; the competitors are all candidates of other clusters.

    Args:
        energy: of M candidates.
        labels: (M,) cluster of each candidate, none of 0..K−1 without one; None if each is its own.
    """

    def __init__(self, energy, labels=None):
        M = len(energy.centres)
        labels = torch.arange(M) if labels is None else labels
        super().__init__(energy, int(labels.max()) + 1)
        self.register_buffer("labels", labels.to(energy.centres.device))

    @property
    def grouped(self):
        """Whether some cluster has several candidates."""
        return len(self.labels) > self.n_clusters

    def decide(self, e):
        """Cluster (n,) of the least energy, the lower index at an exact tie."""
        return self.labels[e.min(0).indices]

    def compare(self, e, c):
        """Evidence (M, n) for clusters c (n,) against each candidate of another; the own (n,)."""
        own = self._nearest(e, c)
        h = e - e.gather(0, own[None])
        if self.grouped:
            h.masked_fill_(self.labels[:, None] == c, torch.inf)
        else:
            h.scatter_(0, own[None], torch.inf)
        return h, own

    def signed(self, a, own, c):
        """Weights (M, n) of the candidates: those of the competitors, and minus their sum."""
        return a.scatter(0, own[None], -a.sum(0, keepdim=True))

    def pair(self, e, c, k):
        """Weights (M, n): 1 for the nearest candidate of cluster k, −1 for that of c."""
        weights = torch.zeros_like(e).scatter_(0, self._nearest(e, k)[None], 1)
        return weights.scatter_(0, self._nearest(e, c)[None], -1)

    def counterfactual(self, X, against=None):
        """Nearest point (n, D) where the assignment of each point is undecided.

        The region of several codewords need not be convex: the nearest point outside may lie on an
        edge, where several faces meet. It is found by projecting on the cells of other codewords.
        """
        if not self.grouped:
            return super().counterfactual(X, against)
        origin, v, t = (part.cpu().numpy() for part in self.planes())
        x, Y = X.cpu().double().numpy() - origin, torch.empty_like(X)
        labels, c = self.labels.cpu().numpy(), self.decision(X).cpu().numpy()
        for i in range(len(X)):
            inside = labels == c[i]
            kept = slice(None) if against is None else inside | (labels == against[i].item())
            Y[i] = torch.from_numpy(leave(x[i], inside[kept], v[kept], t[kept]) + origin)
        return Y

    def _nearest(self, e, c):
        """The nearest candidate (n,) of clusters c (n,)."""
        if not self.grouped:
            return c
        return e.masked_fill(self.labels[:, None] != c, torch.inf).min(0).indices


class NeuralizedCodebook(NeuralizedCandidates):
    """Codewords with labels: Birch, vector quantisation, weighted and prototype k-means.

    The logit is the squared distance to the nearest codeword of another cluster minus that to the
    nearest of the own. With one codeword a cluster and no weight this is k-means.

    Args:
        codewords: (M, D), or a fitted clusterer with `cluster_centers_`.
        labels: (M,) cluster of each codeword, 0..K−1; by default each is its own cluster.
        weight: the metric: (D,) positive weights of the squared differences, or a symmetric
            positive definite (D, D) matrix W of (x − μ)ᵀ W (x − μ); 1 by default.

    Raises:
        TypeError, ValueError: an argument does not fit, a cluster is without a codeword, or a
            weight is not positive.

    Example:
        >>> from neon import explain
        >>> model = NeuralizedCodebook([[0.0, 0.0], [0.0, 9.0], [2.0, 2.0]], labels=[0, 0, 1])
        >>> explanation = explain(model, [[0.0, 0.5]], beta=1)
        >>> explanation.relevance, explanation.logit
        (array([[4., 2.]]), array([6.]))
    """

    def __init__(self, codewords, labels=None, *, weight=None):
        codewords = centroids_of(codewords).double()
        if labels is not None:
            labels = groups(labels, len(codewords))
        super().__init__(metric(codewords, weight), labels)

    @classmethod
    def of(cls, birch):
        """Take the sub-clusters of a fitted `sklearn.cluster.Birch`, and their labels."""
        if not hasattr(birch, "subcluster_centers_"):
            raise ValueError("`Birch` must be fitted. Call .fit(X) first.")
        return cls(birch.subcluster_centers_, birch.subcluster_labels_)


class NeuralizedSphericalKMeans(NeuralizedCandidates):
    """Spherical k-means: the largest cosine decides; k-means on rows of length 1.

    With x̂ = x/‖x‖ and unit centroids, ‖x̂ − μ_k‖² = 2 − 2 cos. Every share depends on the length
    of its row, because each feature is divided by it.

    Args:
        centroids: (K, D), none of them 0; only their directions count.

    Raises:
        ValueError: a centroid, or later a point, is 0 and has no direction.

    Example:
        >>> NeuralizedSphericalKMeans([[1.0, 0.0], [0.0, 2.0]])(torch.tensor([[3.0, 4.0]]))
        tensor([0.4000])
    """

    def __init__(self, centroids):
        super().__init__(Squares(directions(centroids_of(centroids).double(), "centroids")))

    def seen(self, X):
        """Points of length 1, from the origin of the energies."""
        return super().seen(directions(X.to(self.energy.origin.dtype), "X"))

    def planes(self):
        """Boundaries are planes through 0, whatever the length of x."""
        mu = self.energy.centres + self.energy.origin
        return torch.zeros_like(mu[0]), -2 * mu, torch.zeros_like(mu[:, 0])


def directions(X, name):
    """Rows of X (n, D) divided by their lengths."""
    length = X.norm(dim=-1, keepdim=True)
    if (length == 0).any():
        row = (length[:, 0] == 0).nonzero()[0].item()
        raise ValueError(f"`{name}` must have a direction; got row {row}, all 0. Drop such rows.")
    return X / length


def groups(labels, M):
    """Check the clusters of M codewords, each of which must have one."""
    labels = torch.as_tensor(np.asarray(labels))
    K = max(int(labels.max()), 0) + 1 if labels.numel() else 1
    labels = as_labels(labels, M, K, "labels")
    if K < 2:
        raise ValueError(
            f"`labels` must name at least 2 clusters; got {K}. "
            "A single cluster has no competitor, so there is nothing to explain."
        )
    empty = (labels.bincount(minlength=K) == 0).nonzero()[:, 0].tolist()
    if empty:
        raise ValueError(
            f"`labels` must leave no cluster of 0..{K - 1} without a codeword; got none in "
            f"{empty}. Renumber them: numpy.unique(labels, return_inverse=True)[1]."
        )
    return labels


def metric(centres, weight):
    """The energy of squared distances in a metric, given as its diagonal or a matrix."""
    if weight is None:
        return Squares(centres)
    D = centres.shape[1]
    weight = torch.as_tensor(weight, dtype=centres.dtype)
    if weight.shape not in ((D,), (D, D)):
        raise ValueError(
            f"`weight` must have shape ({D},) or ({D}, {D}); got {tuple(weight.shape)}."
        )
    if weight.ndim == 1:
        if not ((weight > 0) & weight.isfinite()).all():
            raise ValueError("`weight` must be positive and finite. Drop a feature of weight 0.")
        return Squares(centres, weight)
    matrix = as_points(weight, D, "weight")
    if not torch.allclose(matrix, matrix.T) or torch.linalg.cholesky_ex(matrix).info:
        raise ValueError(
            "`weight` must be symmetric and positive definite, such as an inverse covariance."
        )
    return Quadratics(centres, (matrix + matrix.T) / 2)
