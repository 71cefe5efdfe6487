"""Lloyd's algorithm in the feature space of a kernel: starts, iterations, empty clusters."""

import math

import torch


def plus_plus(kernel, n_clusters, generator):
    """Labels (n,) of a k-means++ start: centres drawn by squared distance in feature space."""
    chosen = [generator.integers(len(kernel))]
    for _ in range(1, n_clusters):
        squared = (1 - kernel[:, chosen].amax(1)).clamp_min(0).numpy()  # half of ‖φ − φ'‖²
        if not squared.any():
            raise ValueError(
                "`gamma` must be large enough to tell points apart; all kernel values round to 1. "
                "Start from gamma='median'."
            )
        chosen.append(generator.choice(len(kernel), p=squared / squared.sum()))
    return kernel[:, chosen].argmax(1)


def lloyd(kernel, labels, n_clusters, max_iter):
    """Labels (n,), the sum of the cosines to the own mean, iterations, and whether they ended."""
    iteration = 0
    while True:
        member = torch.nn.functional.one_hot(labels, n_clusters).to(kernel.dtype)  # (n, K)
        product = kernel @ member  # n_k ⟨φ(x), μ_k⟩
        cosine = product / (member * product).sum(0).sqrt()
        total = cosine.gather(1, labels[:, None]).sum().item()
        new = refill(cosine.argmax(1), cosine, n_clusters)
        converged = bool((new == labels).all())
        if converged or iteration == max_iter:
            return labels, total, iteration, converged
        labels, iteration = new, iteration + 1


def refill(labels, cosine, n_clusters):
    """Give each empty cluster the point that fits its own worst, from a cluster that has more."""
    sizes = labels.bincount(minlength=n_clusters)
    for k in (sizes == 0).nonzero()[:, 0]:
        fit = cosine.gather(1, labels[:, None])[:, 0]
        worst = torch.where(labels.bincount()[labels] > 1, fit, math.inf).argmin()
        labels[worst] = k
        cosine[worst, k] = 1  # alone in its cluster, it is its mean
    return labels
