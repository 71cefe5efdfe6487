"""NEON for k-means in closed form: distances, shares, and three matrix products."""

import torch


def closed_form(X, centroids, beta):
    """Relevance, cluster and logit of points, without ever building the (K, K−1, D) weights.

    With shares p_k = softmin(β h)_k over the competitors and a_k = p_k f_c / h_k, the two rules
    of `neon.rules` compose to R = Σ_k a_k [(x − μ_k)² − (x − μ_c)²], elementwise. The bracket
    vanishes for k = c, so with a_c = −Σ a_k the squares of x cancel and two products remain:
    R = −2 x ⊙ (a μ) + a μ².

    Args:
        X: (n, D) points, finite, float32 or float64.
        centroids: (K, D), K >= 2.
        beta: stiffness of the min-take-most rule, in [0, inf].

    Returns:
        relevance (n, D), cluster (n,), logit (n,).

    Example:
        >>> X, mu = torch.tensor([[0.0, 0.5]]), torch.tensor([[0.0, 0.0], [2.0, 2.0]])
        >>> closed_form(X, mu, beta=1.0)
        (tensor([[4., 2.]]), tensor([0]), tensor([6.]))
    """
    # distances do not change under translation, and near the origin their squares do not cancel
    origin = centroids.mean(0).to(X)
    mu = (centroids.to(X.device) - origin).to(X.dtype)
    X = X - origin

    h = mu.square().sum(-1) - 2 * X @ mu.T  # (n, K): d_k − ‖x‖²
    d_c, c = h.min(-1, keepdim=True)
    h -= d_c
    h.scatter_(1, c, torch.inf)
    f = h.amin(-1, keepdim=True)

    above = h - f
    # above = 0 at the nearest competitor, for which 0 · inf would be NaN at β = ∞; and the
    # cluster itself, at infinity, must stay out of the softmin at β = 0
    exponent = torch.where(above == 0, 0.0, -beta * above).scatter_(1, c, -torch.inf)
    a = exponent.softmax(-1) * torch.where(h == 0, 1.0, f / h)
    a.scatter_(1, c, -a.sum(-1, keepdim=True))
    return -2 * X * (a @ mu) + a @ mu.square(), c[:, 0], f[:, 0]
