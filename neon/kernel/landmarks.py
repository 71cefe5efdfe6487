"""Fewer support vectors: landmarks that stand for many points, and the error that they make."""

import torch

from .gaussian import spread_out


def summarise(X, labels, landmarks):
    """Replace the points of each cluster by the centroids of k-means within it.

    Args:
        X: (n, D) points.
        labels: (n,) their clusters 0..K−1.
        landmarks: landmarks for each cluster, at most; no more than distinct points are used.

    Returns:
        landmarks (m, D), their clusters (m,), and how many points each stands for (m,).

    Example:
        >>> summarise(torch.tensor([[0.0], [2.0], [5.0]]), torch.tensor([0, 0, 1]), 1)
        (tensor([[1.], [5.]]), tensor([0, 1]), tensor([2., 1.]))
    """
    import sklearn.cluster

    support, mass = [], []
    for k in range(int(labels.max()) + 1):
        centres, counts = X[labels == k].unique(dim=0, return_counts=True)
        if landmarks < len(centres):
            start = spread_out(centres, landmarks).numpy()
            kmeans = sklearn.cluster.KMeans(landmarks, init=start, n_init=1)
            kmeans.fit(centres.numpy(), sample_weight=counts.numpy())
            members = torch.from_numpy(kmeans.labels_).long()
            centres = torch.from_numpy(kmeans.cluster_centers_)
            counts = torch.zeros(landmarks).to(X).index_add_(0, members, counts.to(X))
        support.append(centres)
        mass.append(counts.to(X))
    sizes = torch.tensor([len(counts) for counts in mass])
    return torch.cat(support), torch.arange(len(sizes)).repeat_interleave(sizes), torch.cat(mass)


def errors(exact, approximate):
    """Share of equal decisions, and mean error of the logits relative to their mean."""
    d, c = exact.sort(-1)
    k = c[:, :2]
    logit, other = d[:, 1] - d[:, 0], approximate.gather(1, k).diff(dim=1)[:, 0]
    agreement = (approximate.argmin(-1) == c[:, 0]).double().mean().item()
    return {
        "agreement": agreement,
        "logit_error": ((other - logit).abs().mean() / logit.mean()).item(),
    }
