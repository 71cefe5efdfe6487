"""A single cluster, which has no competitor."""

import torch

from ..interface import NeuralizedModel, Shares


class NothingToExplain(NeuralizedModel):
    """A single cluster: without a competitor every logit and every relevance is 0.

    Example:
        >>> from neon import explain
        >>> explain(NothingToExplain(2), [[3.0, 4.0]], beta=1).relevance
        array([[0., 0.]])
    """

    n_clusters = 1

    def __init__(self, n_features):
        super().__init__()
        self.n_features = n_features

    def forward(self, X, c=None):
        """Logit 0 (n,)."""
        return X.new_zeros(len(X))

    def decision(self, X):
        """Cluster 0 (n,)."""
        return X.new_zeros(len(X), dtype=torch.int64)

    def propagate(self, X, beta, *, cluster=None, out=None):
        """`Shares` of 0."""
        return Shares(torch.zeros_like(X), self.decision(X), self(X))

    def counterfactual(self, X, against=None):
        """Refuse: there is no boundary.

        Raises:
            NotImplementedError: always.
        """
        self.refuse("counterfactual", "A single cluster has no boundary.")
