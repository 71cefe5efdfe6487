"""Clusters have no names: match them to classes to talk about them."""

import torch
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix


def match(cluster, y):
    """Give each cluster the class that it overlaps most, one to one (Hungarian algorithm).

    Args:
        cluster: (n,) clusters 0..K−1.
        y: (n,) classes 0..C−1.

    Returns:
        (K,) class of each cluster; −1 for clusters left over when K > C.

    Example:
        >>> match(torch.tensor([1, 1, 0, 0, 0]), torch.tensor([0, 0, 1, 1, 0]))
        tensor([1, 0])
    """
    cluster, y = torch.as_tensor(cluster), torch.as_tensor(y)
    clusters = cluster.unique()
    overlap = contingency_matrix(cluster, y)
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    classes = torch.full((int(clusters.max()) + 1,), -1)
    classes[clusters[rows]] = y.unique()[columns]
    return classes


def accuracy(cluster, y):
    """Share of points whose cluster is matched to their class.

    Example:
        >>> accuracy(torch.tensor([1, 1, 0, 0, 0]), torch.tensor([0, 0, 1, 1, 0]))
        0.8
    """
    return (match(cluster, y)[cluster] == y).double().mean().item()
