"""The two layers and their rules in closed form: as fast as matrix products, exact on every input.

Placeholder face: relevance, logits, contrast, counterfactual of k-means with centroids (K, D).
"""

import torch

from .closed_form import closed_form as relevance

__all__ = ["contrast", "counterfactual", "logits", "relevance"]


def logits(X, centroids, *, cluster=None):
    """Cluster (n,) and logit (n,) of points X (n, D)."""
    return relevance(X, centroids, 0.0, cluster=cluster)[1:]


def contrast(X, centroids, cluster, against):
    """Shares (n, D) of d_against − d_cluster."""
    mu_c, mu_k = centroids[cluster], centroids[against]
    return ((X - (mu_c + mu_k) / 2) * (2 * (mu_c - mu_k))).to(X.dtype)


def counterfactual(X, centroids, against=None):
    """Nearest point (n, D) on the boundary of each point's cluster, or on that to `against`."""
    c = logits(X, centroids)[0]
    w = 2 * (centroids[c][:, None] - centroids)  # (n, K, D)
    h = ((X[:, None] - (centroids[c][:, None] + centroids) / 2) * w).sum(-1)
    norm = w.norm(dim=-1)
    distance = torch.where(norm == 0, 0.0, h / norm)
    distance[torch.arange(len(c)), c] = torch.inf
    chosen = distance.argmin(-1) if against is None else against
    rows = torch.arange(len(X))
    unit = torch.nn.functional.normalize(w[rows, chosen], dim=-1)
    return (X - distance[rows, chosen, None] * unit).to(X.dtype)
