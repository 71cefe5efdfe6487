"""k-means rewritten, exactly, as a network of two layers: linear, then min-pooling."""

import torch

from . import engine
from .interface import NeuralizedModel, Shares
from .rules import midpoint, min_take_most, nudged
from .validation import as_labels, carry_names, centroids_of


class Evidence(torch.nn.Module):
    """First layer, linear: h_ck = w_ck·x + b_ck = ‖x − μ_k‖² − ‖x − μ_c‖², and its midpoint rule.

    Args:
        centroids: (K, D) centroids μ; what else it has is built when it is asked for.
    """

    def __init__(self, centroids):
        super().__init__()
        self.register_buffer("centroids", centroids)

    @property
    def competitors(self):
        """Competitors (K, K−1): row c lists every other cluster, ascending."""
        k = torch.arange(len(self.centroids), device=self.centroids.device)
        return k.expand(len(k), -1)[k[:, None] != k].view(len(k), -1)

    @property
    def weight(self):
        """Weights w_ck = 2(μ_c − μ_k) (K, K−1, D)."""
        return 2 * (self.centroids[:, None] - self.centroids[self.competitors])

    @property
    def midpoints(self):
        """Midpoints m_ck = (μ_c + μ_k)/2, where h_ck is 0 (K, K−1, D)."""
        return (self.centroids[:, None] + self.centroids[self.competitors]) / 2

    @property
    def bias(self):
        """Biases b_ck = ‖μ_k‖² − ‖μ_c‖² (K, K−1)."""
        return self.bias_around(0)

    def bias_around(self, origin):
        """Biases (K, K−1) if points and centroids are measured from an origin (D,)."""
        squares = (self.centroids - origin).square().sum(-1)
        return squares[self.competitors] - squares[:, None]

    def forward(self, X):
        """Evidence h (n, K, K−1), around the mean of the centroids.

        That changes no h, and keeps all digits of data that lie far from the origin.
        """
        dtype, origin = torch.promote_types(X.dtype, self.centroids.dtype), self.centroids.mean(0)
        h = torch.einsum("ckd,nd->nck", self.weight.to(dtype), X.to(dtype) - origin)
        return (h + self.bias_around(origin)).to(X.dtype)

    def relevance(self, X, h, R, beta=None):
        """Relevance (n, D) of the features from R (n, K, K−1) of the evidence: R_k z_i / h_k."""
        mu, ratio, total = self.centroids.to(X.dtype), R / nudged(h), torch.zeros_like(X)
        for c, k in enumerate(self.competitors):
            rows = R[:, c].any(-1)  # whose logit of cluster c is explained
            z = midpoint(X[rows, None], mu[c], mu[k])  # (rows, K-1, D)
            total[rows] += (z * ratio[rows, c, :, None]).sum(1)
        return total

    def extra_repr(self):
        """Show the sizes in `print(network)`."""
        K, D = self.centroids.shape
        return f"{D} → {K} × {K - 1}, rule=midpoint"


class MinPool(torch.nn.Module):
    """Second layer: f_c = min_k h_ck, and its rule, min-take-most."""

    def forward(self, h):
        """Logit (n, K) of every cluster."""
        return h.amin(-1)

    def relevance(self, h, f, R, beta):
        """Relevance (n, K, K−1) of the evidence from R (n, K) of the logits."""
        return min_take_most(h, R, beta)

    def extra_repr(self):
        """Name the rule in `print(network)`."""
        return "rule=min_take_most"


class NeuralizedKMeans(NeuralizedModel):
    """The k-means decision as a neural network: h_k = w_k·x + b_k, then f_c = min_k h_k.

    For every cluster c the first layer measures the evidence h_k = ‖x − μ_k‖² − ‖x − μ_c‖²
    against each competitor k, and the second keeps the smallest. f_c > 0 iff x is assigned to c.

    Relevance goes back by the rule that each layer carries (`layer_by_layer`); `explain` and its
    companions run the same in closed form (`neon.engine`).

    Args:
        kmeans: a fitted `KMeans`, a fitted scikit-learn clusterer with `cluster_centers_`, or
            centroids (K, D).

    Attributes:
        centroids: (K, D) μ, a copy.
        feature_names_in_: those of the model that it was made from, if it knows them.
        competitors, weight, bias, midpoints: of the first layer, (K, K−1, ...); built when they
            are asked for.

    Raises:
        ValueError: unfitted model, K < 2, or centroids that are not finite.

    Source: Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> network = NeuralizedKMeans([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]])
        >>> network
        NeuralizedKMeans(
          n_clusters=3, n_features=2
          (evidence): Evidence(2 → 3 × 2, rule=midpoint)
          (pool): MinPool(rule=min_take_most)
        )
        >>> network(torch.tensor([[0.5, 0.0]]))
        tensor([2.])
        >>> network.h(torch.tensor([[0.5, 0.0]]))[0, 0]   # cluster 0 against 1 and 2
        tensor([ 2., 16.])
    """

    def __init__(self, kmeans):
        super().__init__()
        self.evidence = Evidence(centroids_of(kmeans))
        self.pool = MinPool()
        carry_names(self, kmeans)

    n_clusters = property(lambda self: self.centroids.shape[0])
    n_features = property(lambda self: self.centroids.shape[1])
    centroids = property(lambda self: self.evidence.centroids)
    competitors = property(lambda self: self.evidence.competitors)
    weight = property(lambda self: self.evidence.weight)
    bias = property(lambda self: self.evidence.bias)
    midpoints = property(lambda self: self.evidence.midpoints)

    def h(self, X):
        """Evidence h (n, K, K−1): X (n, D) through the first layer, for every cluster c."""
        return self.evidence(self.points(X))

    def forward(self, X, c=None):
        """Logit (n,) of the assigned cluster, or of cluster c: one cluster, or one a point (n,).

        Points that require a gradient go through the layers, others through the engine.
        """
        X = self.points(X)
        if X.requires_grad and torch.is_grad_enabled():
            return super().forward(X, c)
        if c is not None:
            c = as_labels(c, len(X), self.n_clusters, "c")
        return engine.logits(X, self.centroids, cluster=c)

    def decision(self, X):
        """Assigned cluster (n,): the nearest centroid, the lower index at an exact tie."""
        return engine.decision(self.points(X), self.centroids)

    def propagate(self, X, beta, *, cluster=None, out=None):
        """`Shares` of checked points X (n, D), in closed form."""
        return Shares(*engine.relevance(X, self.centroids, beta, cluster=cluster, out=out))

    def contrast(self, X, cluster, against):
        """Shares (n, D) of d_against − d_cluster: (x − m)⊙w, to the last digits."""
        return engine.contrast(X, self.centroids, cluster, against)

    def counterfactual(self, X, against=None):
        """Nearest point (n, D) on the boundary of each point's cluster, or on that to `against`."""
        return engine.counterfactual(X, self.centroids, against)
