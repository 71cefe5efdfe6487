"""Exact Shapley values: the ground truth, at the price of 2^D evaluations a point."""

from math import comb

import torch

MAX_FEATURES = 13  # 2^13 subsets a point; each feature more doubles them
CELLS = 2**22  # numbers at a time: differences of 32 megabytes


def shapley(f, x, rows):
    """Exact Shapley values of any function at one point.

    The value of a set of features is the mean of f with the others taken from the rows.

    Args:
        f: callable (m, D) -> (m,).
        x: (D,) point.
        rows: (B, D) rows that absent features are taken from.

    Returns:
        (D,) values that sum to f(x) − mean f(rows).

    Raises:
        ValueError: more than 13 features.

    Example:
        >>> shapley(lambda X: X.prod(-1), torch.tensor([2.0, 3.0]), torch.tensor([[0.0, 1.0]]))
        tensor([4., 2.])
    """
    present = coalitions(len(x))
    return share_out(sum(f(torch.where(present, x, row)) for row in rows) / len(rows))


def conditional_shapley(centroids, X, cluster, rows, *, gamma=0.0, survival=False):
    """Exact Shapley values of what is still expected of a k-means assignment.

    The value of a set S of features is the expectation over the rows b, with the features in S
    from the point and the others from b, and weights ∝ exp(−γ ‖x_S − b_S‖²): the very game that
    `neon.flip` plays. A squared distance is a sum over features, so one product with the matrix
    of all 2^D sets gives every logit, and no mixed point is ever written down.

    Args:
        centroids: (K, D).
        X: (n, D) points.
        cluster: (n,) cluster of each point.
        rows: (B, D) rows that absent features are taken from.
        gamma: stiffness γ of the weights, in units of 1/squared distance; 0 weighs all rows
            equally, which gives marginal Shapley values.
        survival: share out the probability to be still in the cluster, instead of the logit.

    Returns:
        (n, D) values; those of a point sum to its own value minus the mean over the rows.

    Raises:
        ValueError: more than 13 features.

    Example:
        >>> mu, x = torch.tensor([[0.0, 0.0], [2.0, 2.0]]), torch.tensor([[0.0, 0.5]])
        >>> conditional_shapley(mu, x, torch.tensor([0]), torch.tensor([[2.0, 2.0]]))
        tensor([[8., 6.]])
    """
    n, D = X.shape
    present = coalitions(D).to(X.dtype)  # (2^D, D)
    own = (rows.T - centroids[..., None]).square()  # (K, D, B)
    values = torch.empty(n, 2**D, dtype=X.dtype)
    for point, x, c in zip(values, X, cluster, strict=True):
        others = [k for k in range(len(centroids)) if k != c]
        taken = (x - centroids).square()[..., None] - own  # (K, D, B): by x_i instead of b_i
        added = taken[others] - taken[c]  # (K-1, D, B)
        base = (own[others] - own[c]).sum(1, keepdim=True)  # (K-1, 1, B)
        squares = (x - rows).square().T  # (D, B)
        for sets in torch.arange(2**D).split(max(1, CELLS // base.numel())):
            kept = present[sets]  # (S, D)
            f = torch.baddbmm(base, kept.expand(len(others), -1, -1), added).amin(0)  # (S, B)
            weight = (kept @ (-gamma * squares)).softmax(-1)
            point[sets] = (weight * (f > 0 if survival else f)).sum(-1)
    return share_out(values)


def coalitions(D):
    """Boolean (2^D, D): row s spells the number s in binary, and True keeps a feature.

    Raises:
        ValueError: more than 13 features.
    """
    if D > MAX_FEATURES:
        raise ValueError(
            f"`x` must have at most {MAX_FEATURES} features; got {D}, with 2^{D} subsets. "
            "Use `shap_permutation`, which samples them."
        )
    return (torch.arange(2**D)[:, None] >> torch.arange(D - 1, -1, -1)) & 1 == 1


def share_out(value):
    """Shapley values (..., D) of games: the value (..., 2^D) of each of the `coalitions`."""
    D = value.shape[-1].bit_length() - 1
    size = coalitions(D).sum(-1)
    weight = torch.tensor([1 / (D * comb(D - 1, s)) for s in range(D)] + [0.0], dtype=value.dtype)
    shares = []
    for i in range(D):  # feature i is bit D-1-i: the sets without and with it lie side by side
        without, having = value.unflatten(-1, (2**i, 2, -1)).unbind(-2)
        counted = weight[size].view(2**i, 2, -1)[:, 0]
        shares.append((counted * (having - without)).sum((-2, -1)))
    return torch.stack(shares, -1)
