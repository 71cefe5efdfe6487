"""k-means behind a linear map (PCA, truncated SVD, linear encoder), explained at the input."""

import numpy as np
import torch

from ..engine.devices import coefficients, lift
from ..interface import NeuralizedModel, Shares
from ..network import NeuralizedKMeans
from ..validation import as_centroids, as_labels, as_points, as_tensor, carry_names, centroids_of
from .affine import affine


class NeuralizedLinearKMeans(NeuralizedModel):
    """k-means on z = A x + a as a network over x: the map folds into the first layer.

    A linear layer after a linear layer is one linear layer, with weights v_k = 2 Aᵀ(μ_c − μ_k).
    Its root must lie in the input: halfway between x̄_c and x̄_k, points that the map sends to the
    centroids. The means of the clusters' members are such points, and typical ones.

    R = Σ_k a_k (x − (x̄_c + x̄_k)/2) ⊙ v_k then sums to f_c, with the a_k of k-means.

    Args:
        centroids: (K, p) centroids μ in the embedding, K >= 2.
        components: (p, D) matrix A.
        offset: (p,) vector a, 0 by default.
        input_means: (K, D) pre-images x̄ of the centroids. What A x̄ + a lacks of the centroid
            (k-means stopped early, or worked on mini-batches) is added as the x of least norm.

    Raises:
        TypeError: an argument does not hold real numbers.
        ValueError: the shapes do not fit, values are not finite, or no x is mapped to a centroid.

    Source: the rules are those of Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> from neon import explain
        >>> model = NeuralizedLinearKMeans(
        ...     [[0.0], [2.0]], [[1.0, 1.0]], input_means=[[0.0, 0.0], [2.0, 0.0]]
        ... )
        >>> explanation = explain(model, [[0.5, 0.0]])
        >>> explanation.logit, explanation.relevance
        (array([2.]), array([[2., 0.]]))
    """

    def __init__(self, centroids, components, offset=None, *, input_means):
        super().__init__()
        mu = as_centroids(centroids)
        A = as_points(components, None, "components").to(mu.dtype)
        means = as_points(input_means, A.shape[1], "input_means").to(mu.dtype)
        a = torch.zeros(len(A)).to(mu) if offset is None else as_tensor(offset, "offset").to(mu)
        wanted = {"components": (mu.shape[1], A.shape[1]), "offset": (mu.shape[1],),
                  "input_means": (len(mu), A.shape[1])}  # fmt: skip
        for (name, shape), given in zip(wanted.items(), (A, a, means), strict=True):
            if given.shape != shape:
                raise ValueError(
                    f"`{name}` must have shape {shape} for centroids of shape "
                    f"{tuple(mu.shape)}; got {tuple(given.shape)}."
                )
        missing = mu - (means @ A.T + a)
        means = means + missing @ torch.linalg.pinv(A).T
        beyond = (mu - (means @ A.T + a)).abs().max()
        if not beyond <= 1e-6 * (mu.abs().max() + a.abs().max()):
            raise ValueError(
                "`centroids` must be reached by the map z = A x + a; got one that is "
                f"{beyond.item():.3g} away from every A x + a. Were they fitted behind this map?"
            )
        self.register_buffer("centroids", mu)
        self.register_buffer("components", A)
        self.register_buffer("input_means", means)

    @classmethod
    def from_sklearn(cls, steps, clusterer, X):
        """Fold fitted scikit-learn transformers in front of a fitted clusterer.

        Args:
            steps: one or more fitted transformers, first to last, that are affine, such as PCA,
                TruncatedSVD or a scaler; `neon.deep.affine` knows which.
            clusterer: fitted, with `cluster_centers_` (K, p).
            X: (n, D) data that it was fitted to, an array or a scipy sparse matrix.

        Raises:
            TypeError: a step that is not affine, or not known to be.
            ValueError: a step does not do on X what its attributes say.

        Example:
            >>> from sklearn.cluster import KMeans
            >>> from sklearn.decomposition import PCA
            >>> X = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [4.0, 0.0, 2.0], [4.0, 1.0, 2.0]])
            >>> pca = PCA(2).fit(X)
            >>> kmeans = KMeans(2, init=pca.transform(X[[0, 2]]), n_init=1).fit(pca.transform(X))
            >>> NeuralizedLinearKMeans.from_sklearn([pca], kmeans, X)
            NeuralizedLinearKMeans(n_clusters=2, n_features=3, n_components=2)
        """
        first, *others = steps
        (A, a), Z, table = affine(first), first.transform(X), X
        for step in others:
            B, b = affine(step)
            A, a, Z = B @ A, B @ a + b, step.transform(Z)
        Z = np.asarray(Z.toarray() if hasattr(Z, "toarray") else Z)
        X = X if hasattr(X, "toarray") else np.asarray(X, dtype=float)
        if not np.allclose(X @ A.T + a, Z, rtol=1e-6, atol=1e-6 * abs(Z).max()):
            raise ValueError(
                "`steps` must map X as their attributes say; they do not. Pass steps as fitted, "
                "in order, without subclasses that change `transform`."
            )
        centroids = centroids_of(clusterer)
        nearest = NeuralizedKMeans(centroids).decision(as_points(Z, centroids.shape[1])).numpy()
        means = member_means(X, nearest, len(centroids))
        named = first if hasattr(first, "feature_names_in_") else table
        return carry_names(cls(centroids, A, a, input_means=means), named)

    @property
    def n_clusters(self):
        """K."""
        return self.centroids.shape[0]

    @property
    def n_features(self):
        """D, the width of the input."""
        return self.components.shape[1]

    def distances(self, X):
        """‖z − μ_k‖² − ‖z‖² (n, K) in the embedding, around the mean of the centroids.

        The pre-images carry the offset a, so that it cancels: large offsets cost no digits.
        """
        mu = (self.centroids - self.centroids.mean(0)).to(X.dtype)
        z = (X - self.input_means.mean(0)).to(X.dtype) @ self.components.to(X.dtype).T
        return mu.square().sum(-1) - 2 * z @ mu.T

    def h(self, X):
        """Evidence h (n, K, K−1) of points X (n, D), for every cluster against each other."""
        d = self.distances(self.points(X))
        k = torch.arange(self.n_clusters, device=d.device)
        others = k.expand(len(k), -1)[k[:, None] != k].view(len(k), -1)
        return d[:, others] - d[:, :, None]

    def forward(self, X, c=None):
        """Logit (n,) of the assigned cluster, or of cluster c: one cluster, or one a point (n,)."""
        d = self.distances(self.points(X))
        c = d.argmin(-1) if c is None else as_labels(c, len(d), self.n_clusters, "c").to(d.device)
        own = torch.zeros_like(d).scatter(1, c[:, None], torch.inf)
        return (d + own).amin(-1) - d.gather(1, c[:, None])[:, 0]

    def decision(self, X):
        """Assigned cluster (n,): the nearest centroid in the embedding."""
        return self.distances(self.points(X)).argmin(-1)

    def propagate(self, X, beta, *, cluster=None, out=None):
        """`Shares` of checked points X (n, D): what `explain` needs.

        With a_c = −Σ a_k and V = μ A the sum over competitors needs products with a alone:
        R = −2 x ⊙ (a V) + x̄_c ⊙ (a V) − V_c ⊙ (a x̄) + a (x̄ ⊙ V), a (K, K−1, D) tensor never.
        """
        d = self.distances(X)
        c = d.argmin(-1) if cluster is None else cluster
        a, f, k = coefficients(d, c, beta)

        origin = self.input_means.mean(0)
        x, m = (X - origin).to(X.dtype), (self.input_means - origin).to(X.dtype)
        V = ((self.centroids - self.centroids.mean(0)) @ self.components).to(X.dtype)
        aV = a @ V
        R = (m[c] - 2 * x) * aV - V[c] * (a @ m) + a @ (m * V)
        lift(R, f, V[c] - V[k])
        return Shares(R, c, f)

    def contrast(self, X, cluster, against):
        """Shares (n, D) of d_against − d_cluster: what speaks for one cluster, not another."""
        root = (self.input_means[cluster] + self.input_means[against]) / 2
        v = 2 * (self.centroids[cluster] - self.centroids[against]) @ self.components
        return ((X - root) * v).to(X.dtype)

    def counterfactual(self, X, against=None):
        """Nearest point (n, D) in the input on the boundary of each point's cluster.

        The boundary is the plane h_k = 0, and its nearest point x − h_k v_k / ‖v_k‖².
        """
        d = self.distances(X)
        c = d.argmin(-1)
        V = ((self.centroids - self.centroids.mean(0)) @ self.components).to(X.dtype)
        length = torch.cdist(V, V)[c] * 2  # ‖v_k‖ (n, K)
        h = d - d.gather(1, c[:, None])
        distance = torch.where(length == 0, 0.0, h / length).scatter(1, c[:, None], torch.inf)
        k = distance.argmin(-1) if against is None else against
        step = distance.gather(1, k[:, None])
        return X - step * torch.nn.functional.normalize(V[c] - V[k], dim=-1)

    def extra_repr(self):
        """Show the sizes in `print(network)`."""
        p, D = self.components.shape
        return f"n_clusters={self.n_clusters}, n_features={D}, n_components={p}"


def member_means(X, labels, n_clusters, weights=None):
    """Means (K, D) of the rows of X in each cluster; of all rows for a cluster without members.

    Args:
        X: (n, D) array or scipy sparse matrix.
        labels: (n,) clusters.
        n_clusters: K.
        weights: (n,) weights of the rows, equal by default.

    Example:
        >>> member_means(np.array([[1.0], [3.0], [8.0]]), [0, 0, 1], 3)
        array([[2.], [8.], [4.]])
    """
    member = np.arange(n_clusters)[:, None] == np.asarray(labels)
    member = member * (1.0 if weights is None else np.asarray(weights, dtype=float))
    member[~member.any(1)] = 1  # any point will do there: its pre-image is corrected
    return np.asarray(member @ X) / member.sum(1, keepdims=True)
