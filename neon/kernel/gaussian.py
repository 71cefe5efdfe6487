"""The Gaussian kernel exp(−γ‖x − x'‖²): its values, its γ, and norms in its feature space."""

import math

import torch

from ..validation import as_points

BLOCK = 2**22  # kernel values at a time where the matrix is not needed: 32 MB
SAMPLE = 1000  # points that stand for all where a number need not be exact


def squared_distances(X, Y):
    """‖x − y‖² (n, m), from differences: expanded squares would cancel far from the origin."""
    return torch.cdist(X, Y, compute_mode="donot_use_mm_for_euclid_dist").square()


def gaussian(X, Y, gamma):
    """Kernel values exp(−γ‖x − y‖²) (n, m)."""
    return squared_distances(X, Y).mul_(-gamma).exp_()


def sum_norms(X, labels, mass, gamma):
    """‖Σ mass φ(x)‖ (K,) over the points of each cluster, in blocks of kernel values."""
    squares = []
    for k in range(int(labels.max()) + 1):
        x, w = X[labels == k], mass[labels == k]
        size = max(1, BLOCK // len(x))
        blocks = zip(x.split(size), w.split(size), strict=True)
        squares.append(sum(w_b @ gaussian(x_b, x, gamma) @ w for x_b, w_b in blocks))
    return torch.stack(squares).sqrt()


def median_gamma(X):
    """γ = 1 / median squared distance of points X (n, D), of at most 1000 of them, evenly picked.

    Raises:
        ValueError: at least half of the distances are 0.

    Example:
        >>> median_gamma(torch.tensor([[0.0], [1.0], [3.0]]))
        0.25
    """
    X = as_points(X, None).detach().double()
    median = torch.pdist(spread_out(X)).square().median().item() if len(X) > 1 else 0.0
    if median == 0:
        raise ValueError(
            "`gamma` must be a positive number for these points; got 'median', but the median "
            "distance is 0. Drop duplicates or pass a number."
        )
    return 1 / median


def as_gamma(gamma):
    """Check γ and return it as a float, or "median" as it is."""
    if gamma == "median":
        return gamma
    try:
        value = float(gamma)
    except (TypeError, ValueError):
        raise TypeError(f"`gamma` must be a positive number or 'median'; got {gamma!r}.") from None
    if not 0 < value < math.inf:
        raise ValueError(
            f"`gamma` must be a positive finite number or 'median'; got {value}. "
            "1 / gamma is a squared distance."
        )
    return value


def spread_out(X, size=SAMPLE):
    """At most `size` points of X, evenly picked."""
    return X[torch.linspace(0, len(X) - 1, min(len(X), size)).round().long()]
