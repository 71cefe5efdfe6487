"""Which members of the clusters hold a point where it is."""

from typing import NamedTuple

import torch


class Neighbours(NamedTuple):
    """Support vectors that hold points in their clusters, and those that pull the other way.

    Attributes:
        own: (n, s) rows of the members of the own cluster with the largest weights p.
        own_weight: (n, s) those weights; of all members they sum to 1.
        other: (n, s) rows of the members of the nearest competitor with the largest weights q.
        other_weight: (n, s) those weights.
    """

    own: torch.Tensor
    own_weight: torch.Tensor
    other: torch.Tensor
    other_weight: torch.Tensor


def holding(d, p, labels, row, n):
    """`Neighbours` from soft distances d (points, K) and soft-min weights p (points, m).

    Args:
        d: (points, K) soft distances.
        p: (points, m) weights, which sum to 1 in each cluster.
        labels: (m,) cluster of each support vector.
        row: (m,) names of the support vectors.
        n: how many to keep of each side.

    Example:
        >>> p = torch.tensor([[1.0, 0.25, 0.75]])
        >>> d, labels, row = torch.tensor([[9.0, 2.0]]), torch.tensor([0, 1, 1]), torch.arange(3)
        >>> holding(d, p, labels, row, 1).own
        tensor([[2]])
    """
    found = []
    for k in d.topk(2, largest=False).indices.T:
        weight = torch.where(labels == k[:, None], p, -1.0)
        weight, order = weight.sort(stable=True, dim=-1, descending=True)
        found += [row[order[:, :n]], weight[:, :n]]
    return Neighbours(*found)
