"""The closed form in plain torch: for any device that torch has."""

import torch

from . import cpu

BLOCK = 2**25  # numbers in one temporary


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


def relevance(X, centroids, beta, *, cluster=None, out=None):
    """Relevance (n, D), cluster (n,) and logit (n,), as `neon.engine.relevance`, on any device.

    The arithmetic is in float64, or float32 on a device that has no other. Rows whose estimated
    error is too large are explained on the CPU.
    """
    work = torch.float32 if X.device.type == "mps" else torch.float64
    out = torch.empty_like(X) if out is None else out
    mu = centroids.to(X.device, work)
    origin = mu.mean(0)
    mu = mu - origin
    norms, (K, D) = mu.square().sum(1), mu.shape
    radius, eps_h = norms.max().sqrt(), (0.5 + 4 / D) * torch.finfo(work).eps
    tolerance = 4e-6 if work == torch.float32 else 5e-14 if X.dtype == work else 5e-9
    labels, logit, unsure = [], [], []
    for start in range(0, len(X), max(1, BLOCK // (K + D))):
        rows = slice(start, start + max(1, BLOCK // (K + D)))
        x = X[rows].detach().to(work) - origin
        dh = (2 * x.norm(dim=1) + radius) * radius * eps_h
        d = norms - 2 * x @ mu.T
        c = d.argmin(1) if cluster is None else cluster[rows].to(X.device)
        slope = (1 / 64 / dh).clamp(max=beta)  # where β would magnify the error: not certain
        a, f, k = coefficients(d, c, slope[:, None])
        R = a @ mu.square() - 2 * x * (a @ mu)
        out[rows] = R.to(X.dtype)
        nearest, others = a.gather(1, k[:, None])[:, 0], a.clamp(min=0).sum(1)
        error = ((1 - nearest) * slope + (others - nearest) / f + 1 / (64 * f)) * dh
        # f < 0, for a label that is not the nearest, has a rule of its own
        certain = (error < tolerance) & (f > 0) & R.isfinite().all(1)
        unsure.append((~certain).nonzero()[:, 0] + start)
        labels.append(c)
        logit.append(f.to(X.dtype))
    labels, logit, unsure = map(torch.cat, (labels, logit, unsure))
    if len(unsure):
        given = None if cluster is None else labels[unsure].cpu()
        found = cpu.relevance(X[unsure].cpu(), centroids.cpu(), beta, cluster=given)
        for result, right in zip((out, labels, logit), found, strict=True):
            result[unsure] = right.to(X.device)
    return out, labels, logit
