"""A tree of decisions: the path decides, one sibling at a time, not the nearest leaf."""

import torch

from .energies import Squares
from .evidence import NeuralizedAdditive


class NeuralizedTree(NeuralizedAdditive):
    """Bisecting k-means: a point goes down to the nearer of two centres until it meets a leaf.

    A leaf has one competitor for each node on its path: the node's sibling, with the evidence
    h = ‖x − sibling‖² − ‖x − node‖². The logit is the least of them: the closest call on the path.

    Args:
        tree: (left, right) of two trees; a tree is a leaf's number 0..K−1 or such a pair. Each
            comes with its centre: (centre, left, right) inside, (centre, number) for a leaf. The
            centre of the root is not looked at.

    Raises:
        ValueError: a single leaf.

    Example:
        >>> from neon import explain
        >>> half = ([1.0, 0.0], ([0.0, 0.0], 0), ([2.0, 0.0], 1))
        >>> model = NeuralizedTree((None, half, ([9.0, 0.0], 2)))
        >>> model.decision(torch.tensor([[0.0, 0.0], [4.9, 0.0], [5.1, 0.0]]))
        tensor([0, 1, 2])
        >>> explain(model, [[0.0, 0.0]], beta=float("inf")).relevance
        array([[4., 0.]])
    """

    def __init__(self, tree):
        if len(tree) == 2:
            raise ValueError(
                "`tree` must have at least 2 leaves; got 1. "
                "A single cluster has no competitor, so there is nothing to explain."
            )
        centres, paths, children = [], {}, []

        def visit(node, number, path):
            """List the nodes below one, with children, and the paths to its leaves."""
            if len(node) == 2:
                paths[int(node[1])] = path
                return
            first = len(centres)
            centres.extend([node[1][0], node[2][0]])
            children.append((number, first))
            visit(node[1], first, [*path, (first, first + 1)])
            visit(node[2], first + 1, [*path, (first + 1, first)])

        visit(tree, -1, [])
        M, K, depth = len(centres), len(paths), max(map(len, paths.values()))
        centres = torch.stack([torch.as_tensor(centre, dtype=torch.float64) for centre in centres])
        super().__init__(Squares(centres), K)
        steps = torch.full((depth, K, 2), -1)
        below = torch.full((M + 1,), -1)  # the root is the last, as −1
        for number, first in children:
            below[number] = first
        for leaf, path in paths.items():
            steps[: len(path), leaf] = torch.tensor(path)
        self.register_buffer("steps", steps)  # (depth, K, 2): node and sibling, −1 past the leaf
        self.register_buffer("below", below)  # (M + 1,): left child, the right one is next to it
        leaf_of = torch.full((M,), -1)
        for leaf, path in paths.items():
            leaf_of[path[-1][0]] = leaf
        self.register_buffer("leaf", leaf_of)  # (M,)

    @classmethod
    def of(cls, bisecting):
        """Take the tree of a fitted `sklearn.cluster.BisectingKMeans`."""
        if not hasattr(bisecting, "_bisecting_tree"):
            raise ValueError("`BisectingKMeans` must be fitted. Call .fit(X) first.")
        mean = getattr(bisecting, "_X_mean", 0.0)  # the centres are those of centred data

        def copied(node):
            centre = node.center + mean
            if node.left is None:
                return centre, node.label
            return centre, copied(node.left), copied(node.right)

        return cls(copied(bisecting._bisecting_tree))

    def decide(self, e):
        """Leaf (n,) at the end of the path, to the left at an exact tie."""
        position = torch.full_like(e[0], len(self.leaf), dtype=torch.int64)
        for _ in self.steps:
            left = self.below[position]
            right = (e.gather(0, left.clamp(min=0)[None]) > e.gather(0, (left + 1)[None]))[0]
            position = torch.where(left < 0, position, left + right)
        return self.leaf[position]

    def compare(self, e, c):
        """Evidence (depth, n) of leaves c (n,) against each sibling on their paths, and c."""
        own, other = self.steps[:, c].unbind(-1)
        h = e.gather(0, other.clamp(min=0)) - e.gather(0, own.clamp(min=0))
        return h.masked_fill(own < 0, torch.inf), c

    def signed(self, a, own, c):
        """Weights (M, n) of the nodes: those of the siblings, and the same against the path."""
        own, other = self.steps[:, c].clamp(min=0).unbind(-1)
        weights = a.new_zeros(len(self.leaf), len(c))
        return weights.scatter_add_(0, other, a).scatter_add_(0, own, -a)

    def pair(self, e, c, k):
        """Weights (M, n) of the two siblings at which the paths to leaves c and k part."""
        same = (self.steps[:, c, 0] == self.steps[:, k, 0]).long().cumprod(0)
        parting = torch.nn.functional.one_hot(same.sum(0), len(self.steps)).T.to(e.dtype)
        return self.signed(parting, c, c)
