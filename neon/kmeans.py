"""k-means as a torch module: scikit-learn fits, torch decides."""

import torch

from . import engine
from .validation import (
    as_centroids,
    as_count,
    as_points,
    carry_names,
    centroids_of,
    check_names,
    like,
)


class KMeans(torch.nn.Module):
    """k-means clustering whose output is the logit of the assigned cluster.

    Args:
        n_clusters: K >= 2.
        init: "k-means++", "random", or explicit initial centroids (K, D). Only explicit
            centroids pin the solution: what a seed gives changes between versions.
        n_init: number of restarts, or "auto".
        random_state: seed of scikit-learn's random choices.
        **sklearn_kmeans_arguments: passed on to `sklearn.cluster.KMeans`.

    Attributes:
        centroids: (K, D) float64 buffer, None before `fit`.
        estimator: the fitted scikit-learn estimator (inertia, labels, iterations); None if the
            centroids were loaded with `load_state_dict`.
        feature_names_in_: names of the columns that it was fitted to, if they have any; tables
            with others, or in another order, are refused.

    Raises:
        ValueError: K < 2.

    Source: Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0]])
        >>> model = KMeans(2, init=X[[0, 2]], n_init=1).fit(X)
        >>> model.decision(X)
        tensor([0, 0, 1, 1])
        >>> model(X)
        tensor([16., 16., 16., 16.])
    """

    def __init__(
        self,
        n_clusters,
        *,
        init="k-means++",
        n_init="auto",
        random_state=None,
        **sklearn_kmeans_arguments,
    ):
        super().__init__()
        alone = "A single cluster has no competitor, so there is nothing to explain."
        self.n_clusters = as_count(n_clusters, "n_clusters", 2, alone)
        self.arguments = dict(
            init=init, n_init=n_init, random_state=random_state, **sklearn_kmeans_arguments
        )
        self.estimator = None
        self.register_buffer("centroids", None)

    @classmethod
    def from_sklearn(cls, fitted):
        """Wrap a fitted scikit-learn clusterer, or anything with `cluster_centers_` (K, D).

        Raises:
            ValueError: the clusterer is not fitted, or its centres are not finite.

        Example:
            >>> import sklearn.cluster
            >>> fitted = sklearn.cluster.KMeans(2, init=[[0.0], [5.0]]).fit([[0.0], [1.0], [5.0]])
            >>> KMeans.from_sklearn(fitted).centroids.flatten().tolist()
            [0.5, 5.0]
        """
        return cls._of(fitted)

    @classmethod
    def _of(cls, fitted):
        centroids = centroids_of(fitted)
        model = cls(centroids.shape[0])
        model.estimator, model.centroids = fitted, centroids
        return carry_names(model, fitted)

    def fit(self, X, y=None):
        """Fit scikit-learn's k-means to points X (n, D) and return self; y is not used.

        Raises:
            ValueError: fewer points than clusters, or values that are not finite.
        """
        import sklearn.cluster

        table, X = X, as_points(X, None).detach().cpu().numpy()
        if len(X) < self.n_clusters:
            raise ValueError(
                f"`n_clusters` must be at most the number of points, {len(X)}; "
                f"got {self.n_clusters}. Ask for fewer clusters or pass more points."
            )
        arguments = self.arguments
        if not (isinstance(arguments["init"], str) or callable(arguments["init"])):
            init = as_points(arguments["init"], X.shape[1], "init").detach().cpu().numpy()
            if len(init) != self.n_clusters:
                raise ValueError(
                    f"`init` must have shape ({self.n_clusters}, {X.shape[1]}); got {init.shape}. "
                    "Pass a row for each cluster."
                )
            arguments = arguments | {"init": init}
        self.estimator = sklearn.cluster.KMeans(self.n_clusters, **arguments).fit(X)
        self.centroids = centroids_of(self.estimator)
        return carry_names(self, table)

    def distances(self, X):
        """Squared Euclidean distances d_k = ‖x − μ_k‖² (n, K) of points X (n, D), by differences.

        Raises:
            ValueError: the model is not fitted, or X does not fit the centroids.
        """
        centroids = centroids_of(self)
        check_names(self, X)
        X = as_points(X, centroids.shape[1])
        dtype = torch.promote_types(X.dtype, centroids.dtype)
        exact = "donot_use_mm_for_euclid_dist"  # expanded squares would cancel far from the origin
        return (
            torch.cdist(X.to(dtype), centroids.to(dtype), compute_mode=exact).square().to(X.dtype)
        )

    def forward(self, X):
        """Logit f_c (n,) of the assigned cluster: the margin to the nearest competitor, >= 0."""
        nearest = self.distances(X).topk(2, dim=-1, largest=False).values
        return nearest[:, 1] - nearest[:, 0]

    def decision(self, X):
        """Assigned cluster c (n,): the nearest centroid, the lower index at an exact tie."""
        check_names(self, X)
        centroids = centroids_of(self)
        return engine.decision(as_points(X, centroids.shape[1]), centroids)

    def predict(self, X):
        """Assigned cluster (n,) of points X (n, D), of the same kind as X, as in scikit-learn."""
        return like(X, self.decision(X))

    def _load_from_state_dict(self, state_dict, prefix, *others):
        """Make room for the centroids of another model before torch copies them."""
        given = state_dict.get(f"{prefix}centroids")
        if self.centroids is None and given is not None:
            if len(given) != self.n_clusters:
                raise ValueError(
                    f"`state_dict` must hold {self.n_clusters} centroids; got {len(given)}. "
                    f"Make a KMeans({len(given)}) for it."
                )
            self.centroids = as_centroids(given)
        super()._load_from_state_dict(state_dict, prefix, *others)

    def extra_repr(self):
        """Show the number of clusters in `print(model)`."""
        return f"n_clusters={self.n_clusters}"
