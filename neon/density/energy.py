"""The energy split: a soft distance is a mean of squared distances, and an entropy.

With r_j = ‖x − x_j‖², weights w_j that sum to 1 and q_j ∝ w_j exp(−γ r_j),

    d(x) = −(1/γ) log Σ_j w_j exp(−γ r_j) = Σ_j q_j r_j + (1/γ) Σ_j q_j log(q_j / w_j),

and the squared distances are sums over features: R_i = Σ_j q_j (x_i − x_ij)². Neither part is ever
negative; the second, a relative entropy, belongs to no feature.
"""

import math

import torch

CANCELLED = 64  # a sum of squares this many times its result has lost too many digits


def nearest_only(weight, r, n_neighbors):
    """Weights (n, m) of the nearest reference points alone; those at an equal last place share."""
    counted = torch.where(weight > 0, r, math.inf)
    last = counted.kthvalue(n_neighbors, -1, keepdim=True).values
    nearer, at = counted < last, counted == last
    part = (n_neighbors - nearer.sum(-1, keepdim=True)) / at.sum(-1, keepdim=True)
    kept = weight * (nearer + at * part)
    return kept / kept.sum(-1, keepdim=True)


def pool(weight, r, gamma):
    """Soft distance d (n,) and weights q (n, m), which sum to 1, for γ in [0, inf].

    γ = 0 is the mean of the squared distances, γ = inf the smallest.

    Args:
        weight: (m,) or (n, m) weights that sum to 1.
        r: (n, m) squared distances.
        gamma: γ.
    """
    if gamma == 0:
        return (weight * r).sum(-1), weight.expand_as(r)
    if gamma == math.inf:
        counted = torch.where(weight > 0, r, math.inf)
        d = counted.amin(-1)
        q = weight * (counted == d[:, None])
        return d, q / q.sum(-1, keepdim=True)
    exponent = torch.addcmul(weight.log(), r, torch.full_like(r[:1, :1], -gamma))
    log_sum = exponent.logsumexp(-1)
    near = log_sum > -0.1  # the logarithm of nearly 1 has lost its digits
    if near.any():
        share = weight[near] if weight.ndim > 1 else weight
        log_sum[near] = torch.log1p((share * torch.expm1(-gamma * r[near])).sum(-1))
    return log_sum / -gamma, exponent.softmax(-1)


def split(x, reference, moments, centre, q, energy):
    """Relevance R_i = Σ_j q_j (x_i − x_ij)² (n, D), by a matrix product where that is exact.

    Args:
        x: (n, D) points.
        reference: (m, D) reference points x_j.
        moments: (m, 2 D) their centred coordinates, and the squares of those.
        centre: (D,) what they are centred by.
        q: (n, m) weights.
        energy: (n,) Σ_j q_j r_j, which the relevances sum to.
    """
    centred = x - centre
    mean, square = (q @ moments).chunk(2, -1)
    size = (centred.square() + square).sum(-1)
    relevance = (centred.square() - 2 * centred * mean + square).clamp_min_(0)
    step = max(1, 2**21 // reference.numel())
    for rows in (size > CANCELLED * energy).nonzero()[:, 0].split(step):
        squares = (x[rows, None] - reference).square_()  # (step, m, D)
        relevance[rows] = (q[rows, None] @ squares)[:, 0]
    return relevance
