"""Exercises on networks that are clusterings: evidence, pooling, soft distances, folding."""

import math

import torch

from .cases import assigned, draw, tables
from .core import Function


def distances(x, mu):
    """Squared distances (K,)."""
    return (x - mu).square().sum(-1)


def others(mu, c):
    """Centroids of the competitors (K-1, D)."""
    return torch.cat([mu[:c], mu[c + 1 :]])


def linear(x, mu, c, weight=1.0, bias=1.0):
    """Evidence (K-1,) from the linear layer, with the weight and the bias scaled."""
    k = others(mu, c)
    b = k.square().sum(-1) - mu[c].square().sum()
    return weight * 2 * (mu[c] - k) @ x + bias * b


def at_centroid(mu, c):
    """Logit of cluster c at its own centroid."""
    return distances(mu[c], others(mu, c)).min()


def soft_minimum(h, s):
    """−(1/s) log mean exp(−s h)."""
    return -(torch.logsumexp(-s * h, -1) - math.log(h.shape[-1])) / s


def stiffnesses(seed):
    """Values (n, K-1) and stiffness."""
    return [(draw(seed + 4, 6, 3), 2.0), (draw(seed + 5, 4, 5) + 1, 0.5)]


def centroids(seed):
    """Centroids and a cluster."""
    return [(mu, k) for _, mu in tables(seed) for k in range(2)]


def soft_distance(x, support, gamma):
    """−(1/γ) log mean exp(−γ ‖x − x_j‖²)."""
    return soft_minimum(distances(x, support), gamma)


def supports(seed):
    """A point, support vectors, γ."""
    return [
        (draw(seed + 6, 2), draw(seed + 7, 9, 2), 0.7),
        (draw(seed + 8, 4), draw(seed + 9, 5, 4), 2.5),
    ]


def fold(w, b, A, a):
    """Weight (D,) and bias of h = w·(A x + a) + b as a function of x."""
    return A.T @ w, w @ a + b


def layers(seed):
    """Weight w (p,), bias b, A (p, D), a (p,)."""
    return [(draw(seed + 1, 3), draw(seed + 2, 1)[0], draw(seed + 3, 3, 5), draw(seed + 4, 3)),
            (draw(seed + 5, 4), draw(seed + 6, 1)[0], draw(seed + 7, 4, 4), draw(seed + 8, 4))]  # fmt: skip


EXERCISES = {
    "evidence": Function(
        asks="write `evidence(x, mu, c)`, the K − 1 numbers h_k = w_k·x + b_k.",
        right=linear,
        cases=assigned,
        slips=(
            (lambda x, mu, c: linear(x, mu, c, weight=0.5),
             "Your weights are too short. Multiply (x − μ_k)² out: how often does the mixed term "
             "x μ_k occur?"),
            (lambda x, mu, c: -linear(x, mu, c),
             "Your evidence is negative for a competitor that is farther away. Which distance is "
             "subtracted from which?"),
            (lambda x, mu, c: linear(x, mu, c, bias=0.0),
             "Where is the bias? At x = 0 the distances to two centroids are not equal."),
            (lambda x, mu, c: linear(x, mu, c, bias=-1.0),
             "The bias has the wrong sign. At x = 0, h_k is the squared length of μ_k minus that of μ_c."),
            (lambda x, mu, c: linear(x, mu, c, weight=-1.0),
             "The weights point from the own centroid to the competitor. More evidence for c must "
             "come from moving towards μ_c."),
            (lambda x, mu, c: linear(x, mu, c, bias=0.5),
             "The bias is half of what it should be: h_k is not 0 halfway between the centroids."),
            (lambda x, mu, c: distances(x, mu) - distances(x, mu)[c],
             "You have K numbers, one of them 0: the cluster competes with itself. Leave c out."),
            (lambda x, mu, c: distances(x, others(mu, c)),
             "Those are the distances to the competitors. How near is the own centroid?"),
            (lambda x, mu, c: distances(x, others(mu, c)).sqrt() - distances(x, mu)[c].sqrt(),
             "Those are differences of distances. Without the squares ‖x‖² does not cancel, and h "
             "is not linear."),
            (lambda x, mu, c: linear(x, mu, c).min(),
             "That is already the logit, the smallest of them. Return all K − 1."),
            (lambda x, mu, c: linear(x, mu, c) / len(x),
             "You take the mean over the measurements. A squared distance is a sum."),
        ),
    ),
    "logit at the centroid": Function(
        asks="write `logit_at_centroid(mu, c)`, the logit at x = μ_c, from the centroids alone.",
        right=at_centroid,
        cases=centroids,
        slips=(
            (lambda mu, c: at_centroid(mu, c).sqrt(),
             "That is a distance. h_k is a difference of *squared* distances."),
            (lambda mu, c: at_centroid(mu, c) / 4,
             "That is the squared distance to the border, halfway. The logit asks for d_k − d_c, "
             "and d_c is 0 here."),
            (lambda mu, c: at_centroid(mu, c) / 2,
             "Half of it: is a factor 2 of w_k missing?"),
            (lambda mu, c: at_centroid(mu, c) * 2,
             "Twice too much: w_k·x alone? The bias takes something away again."),
            (lambda mu, c: distances(mu[c], others(mu, c)).max(),
             "That is the farthest competitor. Who decides the logit?"),
            (lambda mu, c: distances(mu[c], others(mu, c)).mean(),
             "You average over the competitors. The logit takes the smallest h_k."),
            (lambda mu, c: distances(mu[c], others(mu, c)).sum(),
             "You add the competitors up. The logit takes the smallest h_k."),
            (lambda mu, c: distances(mu[c], mu).min(),
             "Always 0: the nearest of *all* centroids is μ_c itself. Leave c out."),
            (lambda mu, c: distances(mu[c], others(mu, c)),
             "That is h, one number a competitor. And the second layer?"),
            (lambda mu, c: -at_centroid(mu, c),
             "A logit below 0 would mean that μ_c is not in its own cluster."),
        ),
    ),
    "soft minimum": Function(
        asks="write `soft_minimum(h, s)`, −(1/s) log mean exp(−s h) along the last axis.",
        right=soft_minimum,
        cases=stiffnesses,
        slips=(
            (lambda h, s: -soft_minimum(-h, s),
             "That is a soft *maximum*: it lies nearer to the largest h. Look at the two signs."),
            (lambda h, s: -torch.logsumexp(-s * h, -1) / s,
             "You take the sum of the exponentials, not their mean: K − 1 equal values h then give "
             "less than h."),
            (lambda h, s: soft_minimum(h, s) * s,
             "The unit is wrong: log(...) must be divided by s again."),
            (lambda h, s: soft_minimum(h, 1.0),
             "The stiffness s plays no part in your result. Inside and outside: it occurs twice."),
            (lambda h, s: -soft_minimum(h, s),
             "The sign in front is missing: a soft minimum of positive numbers is positive."),
            (lambda h, s: h.amin(-1), "That is the hard minimum, s → ∞."),
            (lambda h, s: h.mean(-1), "That is the mean, s → 0."),
            (lambda h, s: (torch.softmax(-s * h, -1) * h).sum(-1),
             "That is the mean of h weighed by its softmin, a near relative. Here the logarithm is "
             "taken of a mean of exponentials."),
            (lambda h, s: torch.softmax(-s * h, -1),
             "Those are the shares p_k, one for each value. Pooling returns one number for them all."),
            (lambda h, s: soft_minimum(h.flatten(), s),
             "You pool everything into one number. Pool along the last axis only."),
            (lambda h, s: (-s * h).exp().mean(-1),
             "The exponential is not undone: take the logarithm, and divide."),
        ),
        law=lambda r, h, s: "A soft minimum lies between the smallest value and the mean; yours does not."
        if ((torch.as_tensor(r) < h.amin(-1) - 1e-9) | (torch.as_tensor(r) > h.mean(-1) + 1e-9)).any() else None,
    ),
    "soft distance": Function(
        asks="write `soft_distance(x, support, gamma)`, the soft minimum of the squared distances "
        "to the support vectors.",
        right=soft_distance,
        cases=supports,
        slips=(
            (lambda x, S, g: soft_distance(x, S, g) * g, "Divide the logarithm by γ, or the unit is lost."),
            (lambda x, S, g: -torch.logsumexp(-g * distances(x, S), 0) / g,
             "You add the members up. With their mean, a larger cluster is not nearer for its size."),
            (lambda x, S, g: -soft_distance(x, S, g), "A distance below 0? Look at the sign in front of 1/γ."),
            (lambda x, S, g: -soft_minimum(-distances(x, S), g),
             "That leans to the *farthest* member: the sign in the exponent."),
            (lambda x, S, g: soft_minimum(distances(x, S).sqrt(), g),
             "The kernel holds *squared* distances; yours are not squared."),
            (lambda x, S, g: soft_minimum(distances(x, S), 1.0),
             "γ plays no part in your result. It occurs twice in the formula."),
            (lambda x, S, g: distances(x, S).min(), "That is the nearest member, γ → ∞. Soften it."),
            (lambda x, S, g: distances(x, S).mean(), "That is the mean of the squared distances, γ → 0."),
            (lambda x, S, g: distances(x, S.mean(0)),
             "That is the distance to the mean of the members: linear k-means again."),
            (lambda x, S, g: (-g * distances(x, S)).exp().mean(),
             "That is the mean kernel, a likeness. The logarithm turns it into a distance."),
        ),
    ),
    "fold": Function(
        asks="write `fold(w, b, A, a)`, weight (D,) and bias of h = w·(A x + a) + b as a function of x.",
        right=fold,
        cases=layers,
        slips=(
            (lambda w, b, A, a: (A.T @ w, b),
             "The weight is right. But A x + a is not 0 at x = 0: where is a?"),
            (lambda w, b, A, a: (A.T @ w, w @ a),
             "The weight is right. The bias b of the layer above is lost."),
            (lambda w, b, A, a: (A.T @ w, a.sum() + b),
             "The offset a goes through the layer above as well: it is weighed with w."),
            (lambda w, b, A, a: (A.T @ w, w @ a - b), "The weight is right; look at the sign of b."),
            (lambda w, b, A, a: (A.T @ w, b - w @ a), "The weight is right; look at the sign of a."),
            (lambda w, b, A, a: (w @ a + b, A.T @ w), "Weight first, then bias: they are exchanged."),
            (lambda w, b, A, a: A.T @ w, "That is the weight. Return the bias as well: two things."),
            (lambda w, b, A, a: (A.sum(0), w @ a + b), "The bias is right. Your weight adds the rows of A up: weigh them with w."),
            (lambda w, b, A, a: (w, b), "Nothing is folded yet: this weight reads z, not x."),
            (lambda w, b, A, a: (A * w[:, None], w @ a + b), "The bias is right. The weight is still a matrix: sum over z."),
        ),
    ),
}  # fmt: skip
