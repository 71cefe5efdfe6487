"""Exercises on soft distances: assignment by a kernel, the energy split, and its remainder."""

import math

import torch

from .cases import draw
from .core import Function, Value


def kernel_assign(kernel, labels):
    """Cluster (n,) of each point: the mean in feature space with the largest cosine."""
    member = torch.nn.functional.one_hot(labels).to(kernel)
    product = kernel @ member
    return (product / (member * product).sum(0).sqrt()).argmax(1)


def kernels(seed):
    """Kernel matrices (n, n) of points, and labels (n,) of clusters of unlike size and width."""
    found = []
    for offset, (n, K) in enumerate([(30, 2), (40, 3)]):
        labels = (draw(seed + offset, n).argsort().argsort() ** 2 * K // n**2).long()
        X = draw(seed + offset + 7, n, 2) * (0.4 + labels[:, None]) + labels[:, None]
        found.append(((-0.5 * torch.cdist(X, X).square()).exp(), labels))
    return found


def ratio(kernel, labels, power, size):
    """Cosines with another power of ‖μ‖ and of the cluster's size, for slips."""
    member = torch.nn.functional.one_hot(labels).to(kernel)
    product = kernel @ member
    norms = (member * product).sum(0).sqrt()
    return product / norms**power / member.sum(0) ** size


def weights(x, support, gamma):
    """Soft-min weights (n,) of the support vectors."""
    return torch.softmax(-gamma * (x - support).square().sum(-1), 0)


def energy_rule(x, own, other, gamma):
    """E_q[(x − x_j)²] − E_p[(x − x_i)²] (D,)."""
    p, q = weights(x, own, gamma), weights(x, other, gamma)
    return q @ (x - other).square() - p @ (x - own).square()


def two_clusters(seed):
    """A point (D,), members of its cluster and of another (n, D), γ."""
    return [(draw(seed + s, D), draw(seed + s + 3, n, D), draw(seed + s + 6, m, D) + 1, g)
            for s, D, n, m, g in ((1, 3, 6, 9, 0.4), (2, 5, 7, 4, 1.3))]  # fmt: skip


def energy_split(x, reference, gamma):
    """Relevance (D,) of the outlier score, and the remainder."""
    q = weights(x, reference, gamma)
    return q @ (x - reference).square(), (q * (len(reference) * q).log()).sum() / gamma


def references(seed):
    """A point (D,), reference points (m, D), γ."""
    return [(draw(seed + s, D), draw(seed + s + 4, m, D), g)
            for s, D, m, g in ((3, 4, 8, 0.7), (5, 2, 12, 2.0))]  # fmt: skip


EXERCISES = {
    "kernel assignment": Function(
        asks="write `kernel_assign(kernel, labels)`, the cluster (n,) with the largest cosine.",
        right=kernel_assign,
        cases=kernels,
        slips=(
            (lambda k, c: ratio(k, c, 0, 0).argmax(1), "Those are sums of the kernel over the members: the largest cluster wins by its size."),
            (lambda k, c: ratio(k, c, 0, 1).argmax(1), "Those are the products with μ. For the cosine they are still to be divided by its length ‖μ‖."),
            (lambda k, c: ratio(k, c, 2, 0).argmax(1), "You divide by ‖μ‖², not by ‖μ‖: a square root is missing."),
            (lambda k, c: ratio(k, c, 1, 0).argmin(1), "That is the *smallest* cosine, the cluster that fits worst."),
            (lambda k, c: ratio(k, c, 1, 0).amax(1), "That is the largest cosine itself. Asked is *which* cluster has it."),
            (lambda k, c: ratio(k, c, 1, 0), "Those are all cosines, one column a cluster. Choose one for each point."),
            (lambda k, c: c[(k - 2 * torch.eye(len(k)).to(k)).argmax(1)], "That is the cluster of the nearest other point. A mean takes all members."),
            (lambda k, c: k.argmax(1), "Those are rows of the kernel: each point is most like itself. Asked is a cluster."),
            (lambda k, c: c, "Those are the labels as given: some points fit another cluster better."),
        ),
    ),
    "energy rule": Function(
        asks="write `energy_rule(x, own, other, gamma)`, relevances (D,) without any division.",
        right=energy_rule,
        cases=two_clusters,
        slips=(
            (lambda x, a, b, g: energy_rule(x, b, a, g), "Every sign is turned round. What is far from the *competitor* speaks for the cluster."),
            (lambda x, a, b, g: weights(x, b, g) @ (x - b).square(), "The own cluster is missing: subtract what speaks against it."),
            (lambda x, a, b, g: weights(x, b, g) @ (x - b).square() + weights(x, a, g) @ (x - a).square(), "You add the two. Evidence is a difference of distances."),
            (lambda x, a, b, g: (x - b).square().mean(0) - (x - a).square().mean(0), "You weigh all members alike, γ → 0. The near ones count for more."),
            (lambda x, a, b, g: energy_rule(x, a, b, 1.0), "γ plays no part in your weights."),
            (lambda x, a, b, g: energy_rule(x, a, b, -g), "Your weights lean to the *farthest* members: the sign in the exponent."),
            (lambda x, a, b, g: energy_rule(x, a, b, g).sum(), "That is the sum over the features. Keep them apart: (D,)."),
            (lambda x, a, b, g: (x - weights(x, b, g) @ b).square() - (x - weights(x, a, g) @ a).square(), "You take the square of the mean difference. Asked is the mean of the squares."),
            (lambda x, a, b, g: weights(x, b, g) @ (x - b).abs() - weights(x, a, g) @ (x - a).abs(), "The differences are to be squared, not made positive."),
        ),
    ),
    "energy split": Function(
        asks="write `energy_split(x, reference, gamma)`, relevances (D,) and the remainder.",
        right=energy_split,
        cases=references,
        slips=(
            (lambda x, X, g: energy_split(x, X, g)[0], "Those are the relevances. Return the remainder as well: two things."),
            (lambda x, X, g: (energy_split(x, X, g)[0], energy_split(x, X, g)[1] * g), "The relevances are right. The remainder is still to be divided by γ."),
            (lambda x, X, g: (energy_split(x, X, g)[0], -energy_split(x, X, g)[1]), "The relevances are right. A remainder below 0? The sign, or the order in the logarithm."),
            (lambda x, X, g: (energy_split(x, X, g)[0], energy_split(x, X, g)[1] - math.log(len(X)) / g), "The relevances are right. In the remainder q is to be compared with equal weights: where is m?"),
            (lambda x, X, g: (energy_split(x, X, g)[0], (len(X) * weights(x, X, g)).log().sum() / g), "The relevances are right. In the remainder each logarithm is weighed with its q."),
            (lambda x, X, g: ((x - X).square().mean(0), energy_split(x, X, g)[1]), "The remainder is right. Your relevances weigh all reference points alike."),
            (lambda x, X, g: ((x - weights(x, X, g) @ X).square(), energy_split(x, X, g)[1]), "The remainder is right. You square the mean difference; asked is the mean of the squares."),
            (lambda x, X, g: energy_split(x, X, 1.0), "γ plays no part in your result."),
            (lambda x, X, g: energy_split(x, X, g)[::-1], "Relevances first, then the remainder: they are exchanged."),
            (lambda x, X, g: (energy_split(x, X, g)[0].sum(), energy_split(x, X, g)[1]), "The remainder is right. You have summed over the features: keep them apart."),
        ),
    ),
    "remainder of one": Value(
        asks="set `remainder` to what is left over at a point that only one of 8 reference points holds, γ = 1.",
        right=lambda: math.log(8.0),
        slips=(
            (0, "That is what is left if all eight weigh alike. Here one has all the weight."),
            (8, "That is m. The remainder is a logarithm."),
            (3, "That is the logarithm to base 2. The exponential of the kernel has base e."),
            (-math.log(8.0), "A relative entropy is never negative: look at the sign."),
            (math.log(7.0), "All eight are reference points, the one that holds included."),
            (1, "That is its weight q. Put it into Σ q log(m q)."),
            (math.log(8.0) / 8, "You have divided by m. The weight of the one is 1, not a mean over eight."),
        ),
        otherwise="Write down the eight weights q, one of them 1, and put them into Σ q log(m q) / γ. 0 log 0 counts as 0.",
    ),
}  # fmt: skip
