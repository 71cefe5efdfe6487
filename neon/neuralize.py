"""k-means rewritten, exactly, as a network of two layers: linear, then min-pooling."""

import torch

from .checks import as_labels, as_points
from .closed_form import closed_form
from .kmeans import centroids_of
from .rules import midpoint


class NeuralizedKMeans(torch.nn.Module):
    """The k-means decision as a neural network: h_k = w_k·x + b_k, then f_c = min_k h_k.

    For every cluster c the first layer measures the evidence h_k = ‖x − μ_k‖² − ‖x − μ_c‖²
    against each competitor k, and the second keeps the smallest. f_c > 0 iff x is assigned to c.

    Args:
        kmeans: a fitted `KMeans`, a fitted scikit-learn clusterer with `cluster_centers_`, or
            centroids (K, D).

    Attributes:
        centroids: (K, D) buffer μ.

    Raises:
        ValueError: unfitted model, K < 2, or centroids that are not finite.

    Source: Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> network = NeuralizedKMeans([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]])
        >>> network(torch.tensor([[0.5, 0.0]]))
        tensor([2.])
        >>> network.h(torch.tensor([[0.5, 0.0]]))[0, 0]   # cluster 0 against 1 and 2
        tensor([ 2., 16.])
    """

    def __init__(self, kmeans):
        super().__init__()
        self.register_buffer("centroids", centroids_of(kmeans))

    @property
    def n_clusters(self):
        """K."""
        return self.centroids.shape[0]

    @property
    def n_features(self):
        """D."""
        return self.centroids.shape[1]

    @property
    def competitors(self):
        """Competitors (K, K−1): row c lists every other cluster, ascending."""
        k = torch.arange(self.n_clusters, device=self.centroids.device)
        return k.expand(len(k), -1)[k[:, None] != k].view(len(k), -1)

    @property
    def weight(self):
        """Weights w_ck = 2(μ_c − μ_k) of the first layer (K, K−1, D)."""
        return 2 * (self.centroids[:, None] - self.centroids[self.competitors])

    @property
    def bias(self):
        """Biases b_ck = ‖μ_k‖² − ‖μ_c‖² of the first layer (K, K−1)."""
        squares = self.centroids.square().sum(-1)
        return squares[self.competitors] - squares[:, None]

    @property
    def midpoints(self):
        """Midpoints m_ck = (μ_c + μ_k)/2, the roots of the midpoint rule (K, K−1, D)."""
        return (self.centroids[:, None] + self.centroids[self.competitors]) / 2

    def h(self, X):
        """Evidence h (n, K, K−1): X (n, D) through the first layer, for every cluster c.

        Computed around the mean of the centroids, which changes no h and keeps all digits of
        data that lie far from the origin.
        """
        X = as_points(X, self.n_features)
        dtype = torch.promote_types(X.dtype, self.centroids.dtype)
        origin = self.centroids.mean(0)
        centred = NeuralizedKMeans(self.centroids - origin)
        h = torch.einsum("ckd,nd->nck", centred.weight.to(dtype), X.to(dtype) - origin)
        return (h + centred.bias).to(X.dtype)

    def forward(self, X, c=None):
        """Logit (n,) of the assigned cluster, or of cluster c: one cluster, or one a point (n,)."""
        logits = self.h(X).amin(-1)
        if c is None:
            return logits.amax(-1)
        c = as_labels(c, len(logits), self.n_clusters, "c").to(logits.device)
        return logits.gather(1, c[:, None])[:, 0]

    def decision(self, X):
        """Assigned cluster (n,): where the logit is largest."""
        return self.h(X).amin(-1).argmax(-1)

    def propagate(self, X, beta, *, cluster=None, out=None):
        """Relevance (n, D), cluster (n,) and logit (n,) of checked points: what `explain` needs."""
        return closed_form(X, self.centroids, beta, cluster=cluster, out=out)

    def contrast(self, X, cluster, against):
        """Shares (n, D) of d_against − d_cluster: what speaks for one cluster, not another."""
        mu_c, mu_k = self.centroids[cluster], self.centroids[against]
        return midpoint(X, mu_c, mu_k).to(X.dtype)

    def counterfactual(self, X, against=None):
        """Nearest point (n, D) on the boundary of each point's cluster, or on that to `against`."""
        rows = torch.arange(len(X))
        h = self.h(X)
        c = h.amin(-1).argmax(-1)
        h, k, w = h[rows, c], self.competitors[c], self.weight[c]  # (n, K-1), .., (n, K-1, D)
        norm = w.norm(dim=-1)
        # twin centroids share every point: w = 0 and h = 0, and x itself lies on the boundary
        distance = torch.where(norm == 0, 0.0, h / norm)
        chosen = (
            distance.argmin(-1) if against is None else (k == against[:, None]).int().argmax(-1)
        )
        unit = torch.nn.functional.normalize(w[rows, chosen], dim=-1)
        return (X - distance[rows, chosen, None] * unit).to(X.dtype)

    def extra_repr(self):
        """Show the sizes in `print(network)`."""
        return f"n_clusters={self.n_clusters}, n_features={self.n_features}"
