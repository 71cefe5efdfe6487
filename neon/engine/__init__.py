"""The two layers and their rules in closed form: as fast as matrix products, exact on every input.

For a point x in cluster c, with evidence h_k = ‖x − μ_k‖² − ‖x − μ_c‖² against competitor k, the
two rules of `neon.rules` compose to

    f   = min_k h_k
    a_k = softmin_k(β h) f / h_k   for k ≠ c,   a_c = −Σ a_k
    R   = Σ_k a_k [(x − μ_k)² − (x − μ_c)²] = −2 x ⊙ (a μ) + a μ²      elementwise

The squares of x cancel in the bracket, so that two products with the (K, D) centroids are left
(`tiles`), around the mean of the centroids if they are far from 0. The rounding error of each row
is estimated. The few rows whose estimate is too large, near a boundary or where clusters lie far
apart, are done again by differences (`exact`). On other devices than the CPU plain torch does the
first part (`devices`).

Every question to k-means is answered here, from points X (n, D), checked, and centroids (K, D).
"""

from . import cpu, devices

__all__ = ["contrast", "counterfactual", "decision", "logits", "relevance"]


def relevance(X, centroids, beta, *, cluster=None, out=None):
    """Relevance (n, D), cluster (n,) and logit (n,) of points.

    Args:
        X: (n, D) tensor of points, finite, float32 or float64, on any device.
        centroids: (K, D) tensor, K >= 2; more digits than X has are made use of.
        beta: stiffness of the min-take-most rule, in [0, inf].
        cluster: (n,) labels to explain. By default the nearest centroid; at an exact tie the
            lower index. A label that is not the nearest has a logit below 0; the relevances
            still sum to it.
        out: (n, D) tensor like X, to write the relevances into.

    Raises:
        OverflowError: results are beyond the range of the dtype, or vanish in it.

    Example:
        >>> import torch
        >>> X, mu = torch.tensor([[0.0, 0.5]]), torch.tensor([[0.0, 0.0], [2.0, 2.0]])
        >>> relevance(X, mu, beta=1.0)
        (tensor([[4., 2.]]), tensor([0]), tensor([6.]))
    """
    place = cpu if X.device.type == "cpu" else devices
    return place.relevance(X, centroids, beta, cluster=cluster, out=out)


def logits(X, centroids, *, cluster=None):
    """Logit (n,) of points: one matrix product."""
    if X.device.type != "cpu":
        return devices.relevance(X, centroids, 0.0, cluster=cluster)[2]
    return cpu.logits(X, centroids, cluster)


def decision(X, centroids):
    """Cluster (n,) of points."""
    return cpu.decision(X.cpu(), centroids.cpu()).to(X.device)


def contrast(X, centroids, cluster, against):
    """Shares (n, D) of d_against − d_cluster, each to its last digits."""
    return cpu.contrast(X.cpu(), centroids.cpu(), cluster.cpu(), against.cpu()).to(X.device)


def counterfactual(X, centroids, against=None):
    """Nearest point (n, D) on the boundary of each point's cluster, or on that to `against`."""
    against = None if against is None else against.cpu()
    return cpu.counterfactual(X.cpu(), centroids.cpu(), against).to(X.device)
