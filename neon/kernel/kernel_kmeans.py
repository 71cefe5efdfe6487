"""Spherical kernel k-means: clusters of any shape, with the Gaussian kernel."""

import warnings

import torch

from ..validation import as_count, as_integers, as_labels, as_points, carry_names, check_names, like
from .gaussian import as_gamma, gaussian, median_gamma, spread_out, sum_norms
from .landmarks import errors, summarise
from .lloyd import best_of, random_starts
from .network import NeuralizedKernelKMeans

MAX_POINTS = 20_000  # fit holds one (n, n) matrix of float64: 3.2 GB for as many points


class KernelKMeans:
    """Spherical k-means in the feature space of the Gaussian kernel exp(−γ‖x − x'‖²).

    A point is assigned to the cluster with the largest ⟨φ(x), μ_k⟩ / ‖μ_k‖, where μ_k is the mean
    of φ over the cluster. Unlike ordinary kernel k-means, its decision is exactly that of a
    network (`NeuralizedKernelKMeans`), so `explain` takes a fitted one as it is.

    Args:
        n_clusters: K >= 2.
        gamma: γ > 0, or "median" for 1 / median squared distance. Keep it below some 5 / median:
            beyond, a training point is its own support vector and explains itself.
        init: "k-means++" (in kernel space), or labels (n,) to start from.
        n_init: number of starts, of which the best is kept. "auto" is 10 of "k-means++", or the
            labels alone, which then pin the solution. With labels and more than 1, the labels come
            first and "k-means++" adds the others: a better start is never lost.
        max_iter: iterations of Lloyd's algorithm, at most.
        random_state: seed of the restarts.

    Attributes:
        gamma_: γ that was used.
        support_: (n, D) the training points, which are the support vectors.
        labels_: (n,) their clusters.
        norms_: (K,) ‖μ_k‖; near 1 for a cluster that is narrow on the scale of the kernel.
        agreement_: share of training points whose decision equals their label: 1 after `fit` has
            converged; after `from_labels`, how well the kernel reproduces those labels.
        inertia_: sum over the points of 1 − cos(φ(x), μ_c).
        inertias_: those that the starts led to, in order, after `fit`. If a start that you believe
            in leads lower than all others, they were caught in bad local optima; if it leads
            higher, the model prefers another solution.
        n_iter_: iterations from the best start.

    Raises:
        TypeError, ValueError: n_clusters < 2, gamma is neither "median" nor a positive number, or
            another argument is out of range.

    Source: the model explained is that of Kauffmann et al., arXiv:1906.07633; the norms ‖μ_k‖
    make it agree with the clustering.

    Example:
        >>> X = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1]])
        >>> model = KernelKMeans(2, gamma=1.0, init=[0, 1, 1, 1, 1]).fit(X)
        >>> model.labels_, model.agreement_
        (tensor([0, 0, 0, 1, 1]), 1.0)
        >>> model.predict(torch.tensor([[1.0], [4.0]]))
        tensor([0, 1])
    """

    def __init__(
        self,
        n_clusters,
        *,
        gamma="median",
        init="k-means++",
        n_init="auto",
        max_iter=300,
        random_state=0,
    ):
        alone = "A single cluster has no competitor, so there is nothing to explain."
        n_clusters = as_count(n_clusters, "n_clusters", 2, alone)
        if isinstance(init, str) and init != "k-means++":
            raise ValueError(f"`init` must be 'k-means++' or labels (n,); got {init!r}.")
        if max_iter < 1 or (n_init != "auto" and n_init < 1):
            raise ValueError(
                "`n_init` must be at least 1, or 'auto', and `max_iter` at least 1; "
                f"got {n_init!r} and {max_iter}."
            )
        self.n_clusters, self.gamma, self.init = n_clusters, as_gamma(gamma), init
        self.n_init, self.max_iter, self.random_state = n_init, max_iter, random_state

    def __repr__(self):
        fitted = f", agreement={self.agreement_:.3f}" if hasattr(self, "agreement_") else ""
        return f"KernelKMeans(n_clusters={self.n_clusters}, gamma={self.gamma}{fitted})"

    def fit(self, X, y=None):
        """Cluster points X (n, D) and return self; y is not used.

        Forms the (n, n) kernel matrix in float64. That allows 20 000 points (3.2 GB).

        Raises:
            ValueError: more points than that, fewer distinct points than clusters, or labels to
                start from that do not fit.
        """
        carry_names(self, X)
        X = as_points(X, None).detach().double()
        if len(X) > MAX_POINTS:
            raise ValueError(
                f"`X` must hold at most {MAX_POINTS} points; got {len(X)}, whose kernel matrix "
                f"would take {8e-9 * len(X) ** 2:.0f} GB. Fit a sample and `predict` the others, "
                "or pass the labels of another clustering to `from_labels`."
            )
        distinct = len(X.unique(dim=0))
        if distinct < self.n_clusters:
            raise ValueError(
                f"`n_clusters` must be at most the number of distinct points, {distinct}; "
                f"got {self.n_clusters}. Ask for fewer clusters or pass more points."
            )
        gamma = median_gamma(X) if self.gamma == "median" else self.gamma
        kernel = gaussian(X, X, gamma)
        starts = []
        if not isinstance(self.init, str):
            starts.append(full_labels(self.init, len(X), self.n_clusters, "init"))
        number = (1 if starts else 10) if self.n_init == "auto" else self.n_init
        starts += random_starts(kernel, self.n_clusters, number - len(starts), self.random_state)
        best = best_of(kernel, starts, self.n_clusters, self.max_iter)
        labels, self.n_iter_, converged, self.inertias_ = best
        if not converged:
            warnings.warn(
                f"`max_iter` = {self.max_iter} iterations were not enough to converge, so that "
                "some decisions may differ from `labels_`. Raise it.",
                stacklevel=2,
            )
        return self._set(X, labels, gamma)

    @classmethod
    def from_labels(cls, X, labels, gamma="median"):
        """Take the labels (n,) of any clustering of X (n, D), and report how well they fit.

        `agreement_` is the share of points that the kernel model puts where the labels do. Works
        in blocks: the kernel matrix is never formed.

        Warns:
            UserWarning: fewer than 99 % are reproduced, so that `explain` is about other clusters.

        Raises:
            TypeError, ValueError: labels that are no integers 0..K−1, or leave a cluster empty.

        Example:
            >>> model = KernelKMeans.from_labels([[0.0], [1.0], [5.0]], [0, 0, 1], gamma=1.0)
            >>> model
            KernelKMeans(n_clusters=2, gamma=1.0, agreement=1.000)
        """
        table, X = X, as_points(X, None).detach().double()
        labels = full_labels(labels, len(X), None, "labels")
        model = cls(int(labels.max()) + 1, gamma=gamma)
        carry_names(model, table)
        model.n_iter_ = 0
        model._set(X, labels, median_gamma(X) if gamma == "median" else model.gamma)
        if model.agreement_ < 0.99:
            warnings.warn(
                f"`labels` are reproduced for {model.agreement_:.1%} of the points (`agreement_`): "
                "the others are explained in another cluster. Try another `gamma`.",
                stacklevel=2,
            )
        return model

    def _set(self, X, labels, gamma):
        self.gamma_, self.support_, self.labels_ = gamma, X, labels
        lengths = sum_norms(X, labels, torch.ones_like(X[:, 0]), gamma)  # n_k ‖μ_k‖
        self.norms_ = lengths / labels.bincount()
        # the cosines to μ_c, summed over the cluster, are n_c ‖μ_c‖
        self.inertia_ = (len(X) - lengths.sum()).item()
        self.agreement_ = (self.neuralize().decision(X) == labels).double().mean().item()
        return self

    def neuralize(self, *, landmarks=None, rule="positive"):
        """Write the fitted clustering as a network, which `explain` does by itself.

        Args:
            landmarks: keep this many support vectors a cluster (the centroids of k-means within
                it, weighted by the points that they stand for) instead of all. The error that
                this makes on the training points is the network's `reduction`, which is printed
                with it.
            rule: "positive", whose features sum to the logit; "energy", which divides by nothing
                and leaves the entropies to no feature; or "literal" for teaching. Each has a
                price, which `NeuralizedKernelKMeans` names.

        Raises:
            ValueError: not fitted, landmarks < 1, or an unknown rule.

        Example:
            >>> model = KernelKMeans.from_labels([[0.0], [0.1], [5.0]], [0, 0, 1], gamma=1.0)
            >>> model.neuralize(landmarks=1)
            NeuralizedKernelKMeans(sizes=[1, 1], n_features=1, agreement=1.0000, logit_error=0.0016)
        """
        support, labels, gamma, _ = self.as_support()
        if landmarks is None:
            return NeuralizedKernelKMeans(self, rule=rule)
        landmarks = as_count(landmarks, "landmarks", advice="None keeps all.")
        support, labels, mass = summarise(support, labels, landmarks)
        log_norm = sum_norms(support, labels, mass, gamma).log()
        network = NeuralizedKernelKMeans(support, labels, gamma, log_norm, mass=mass, rule=rule)
        X = spread_out(self.support_)
        network.reduction = errors(self.neuralize().distances(X), network.distances(X))
        return carry_names(network, self)

    def as_support(self):
        """Support vectors (n, D), their clusters (n,), γ and log Z (K,): what a network needs.

        Raises:
            ValueError: not fitted.
        """
        if not hasattr(self, "labels_"):
            raise ValueError("`KernelKMeans` must be fitted. Call .fit(X) or .from_labels first.")
        log_norm = (self.labels_.bincount() * self.norms_).log()
        return self.support_, self.labels_, self.gamma_, log_norm

    def decision(self, X):
        """Assigned cluster (n,) of points X (n, D), a tensor.

        Raises:
            ValueError: not fitted, or X does not fit the support vectors.
        """
        check_names(self, X)
        return self.neuralize().decision(X)

    def predict(self, X):
        """Cluster (n,) of points X (n, D), of the same kind as X.

        Raises:
            ValueError: not fitted, or X does not fit the support vectors.
        """
        return like(X, self.decision(X))

    def fit_predict(self, X):
        """Fit to X (n, D) and return the labels (n,), of the same kind as X."""
        return like(X, self.fit(X).labels_)


def full_labels(labels, n, n_clusters, name):
    """Check labels (n,) that must leave no cluster 0..K−1 empty, and return them as a tensor."""
    labels = as_integers(labels, name)
    if labels.size and labels.min() < 0:
        raise ValueError(
            f"`{name}` must be clusters 0, 1, ...; got {labels.min()}, which DBSCAN and "
            "HDBSCAN give to noise. Drop those points: keep = labels >= 0."
        )
    top = n_clusters or (int(labels.max()) + 1 if labels.size else 1)
    if top > n:
        raise ValueError(
            f"`{name}` must leave no cluster of 0..{top - 1} empty; got {n} points. Renumber the "
            "clusters: labels.unique(return_inverse=True)[1]."
        )
    labels = as_labels(labels, n, top, name)
    empty = (labels.bincount(minlength=top) == 0).nonzero()[:, 0].tolist()
    if empty:
        raise ValueError(
            f"`{name}` must leave no cluster of 0..{top - 1} empty; got no point in {empty}. "
            "Renumber the clusters: labels.unique(return_inverse=True)[1]."
        )
    return labels
