"""The LRP rules in textbook form: one for each layer of the neuralized network."""

import torch

from .checks import as_beta, as_points


def min_take_most(h, relevance, beta, *, dim=-1):
    """Share the relevance of a minimum among its inputs: R_k = softmin(β h)_k R.

    Args:
        h: (..., K−1) inputs of the min-pooling, one for each competitor.
        relevance: (...,) relevance that arrives from above; for k-means the logit f_c.
        beta: stiffness in [0, inf], in units of 1/h. 0 shares equally; inf gives all to the
            smallest input, equal ones sharing.
        dim: axis of the competitors, if it is not the last.

    Returns:
        (..., K−1) relevances that sum to `relevance`.

    Raises:
        ValueError: beta is negative or NaN.

    Source: Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> h = torch.tensor([1.0, 1.0, 9.0])
        >>> min_take_most(h, torch.tensor(1.0), float("inf"))
        tensor([0.5000, 0.5000, 0.0000])
    """
    beta = as_beta(beta)
    above = h - h.amin(dim, keepdim=True)  # >= 0, and 0 at the minimum: no overflow, no inf − inf
    # 0 · inf is NaN: where the distance to the minimum is 0 the exponent is 0 for every β
    exponent = torch.where(above == 0, 0.0, -beta * above)
    return exponent.softmax(dim) * relevance.unsqueeze(dim)


def midpoint(x, mu_c, mu_k):
    """Contribution of every feature to h_k: z_i = (x_i − m_i) w_i with the midpoint m as root.

    Args:
        x: (..., D) points.
        mu_c: (..., D) centroids of their own clusters.
        mu_k: (..., D) centroids of the competitors; all three broadcast.

    Returns:
        (..., D) contributions z, which sum to h_k = ‖x − μ_k‖² − ‖x − μ_c‖² exactly. Feature i
        receives the share z_i / Σ z of the relevance of competitor k.

    Source: Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> midpoint(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0]), torch.tensor([2.0, 2.0]))
        tensor([4., -0.])
    """
    return (x - (mu_c + mu_k) / 2) * (2 * (mu_c - mu_k))


def layer_by_layer(model, X, beta):
    """Relevance of the assigned cluster, one rule after the other, as the paper writes it.

    The slow twin of `explain`, for reading and for tests: it holds (n, K−1, D) contributions.

    Args:
        model: a `NeuralizedKMeans`.
        X: (n, D) points, a tensor.
        beta: stiffness of the min-take-most rule, in [0, inf].

    Returns:
        (n, D) relevances.

    Raises:
        ValueError: X does not fit the model, or beta is negative or NaN.

    Example:
        >>> from neon import NeuralizedKMeans
        >>> model = NeuralizedKMeans([[0.0, 0.0], [2.0, 2.0]])
        >>> layer_by_layer(model, torch.tensor([[0.0, 0.5]]), beta=1.0)
        tensor([[4., 2.]])
    """
    X = as_points(X, model.n_features)
    h = model.h(X)  # (n, K, K-1)
    f, c = h.amin(-1).max(-1)  # (n,), (n,)
    h = h[torch.arange(len(X)), c]  # (n, K-1)
    R_k = min_take_most(h, f, beta)  # (n, K-1)

    mu = model.centroids.to(X.dtype)
    z = midpoint(X[:, None], mu[c][:, None], mu[model.competitors[c]])  # (n, K-1, D)
    # R_k / h_k, and its limit on a boundary, where both are 0 and R_k = p_k h_k
    p_k = min_take_most(h, torch.ones_like(f), beta)
    ratio = torch.where(h == 0, p_k, R_k / h)
    return (z * ratio[..., None]).sum(1)
