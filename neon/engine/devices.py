"""The closed form in plain torch: for any device that torch has."""

import torch


def coefficients(d, c, beta):
    """Coefficients a of the closed form, with a_c = −Σ a_k.

    a_k = softmin_k(β h) f / h_k with h_k = d_k − d_c, and f / h_k = 1 where both are 0. Where
    f < 0, for a label that is not the nearest, the ratio has no bound: there the nearest
    competitor alone has its share, and `lift` adds what is missing.

    Args:
        d: (n, K) squared distances, up to a constant of each row.
        c: (n,) clusters.
        beta: stiffness in [0, inf].

    Returns:
        a (n, K), logit f (n,), nearest competitor (n,).

    Example:
        >>> d = torch.tensor([[1.0, 2.0, 5.0]])
        >>> coefficients(d, torch.tensor([0]), 0.0)
        (tensor([[-0.6250,  0.5000,  0.1250]]), tensor([1.]), tensor([1]))
    """
    own = c[:, None]
    h = (d - d.gather(1, own)).scatter(1, own, torch.inf)
    f, k = h.min(1, keepdim=True)
    above = h - f
    p = torch.where(above == 0, 1.0, torch.exp(-beta * above)).scatter(1, own, 0.0)
    p /= p.sum(1, keepdim=True)
    a = p * torch.where(above == 0, 1.0, torch.where(f < 0, 0.0, f / h))
    return a.scatter(1, own, -a.sum(1, keepdim=True)), f[:, 0], k[:, 0]


def lift(R, f, delta):
    """Add to R (n, D), where f < 0, what it lacks of f, along δ² of the nearest competitor.

    As if x were first moved to the boundary: the relevance is continuous there.
    """
    rows = f < 0
    w2 = delta[rows].square()
    R[rows] += (f[rows] - R[rows].sum(1))[:, None] * w2 / w2.sum(1, keepdim=True)
