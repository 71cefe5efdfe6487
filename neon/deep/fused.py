"""The linear end of an encoder and the first layer of NEON, as one linear layer."""

import torch
from torch import nn

from ..interface import NeuralizedModel, Shares
from ..network import Evidence, MinPool
from ..rules import walk


class FusedEvidence(nn.Module):
    """The evidence layer of k-means that has swallowed the affine map z = A a + offset.

    It is an `nn.Linear` with an output h_ck for every pair of clusters, and relevance passes
    through it by the rule of the hidden layers: a unit that is silent receives nothing.
    """

    def __init__(self, centroids, A, offset, rule):
        super().__init__()
        origin = centroids.mean(0)
        evidence = Evidence(centroids - origin)
        w = evidence.weight.flatten(0, 1)  # (K(K-1), p)
        self.register_buffer("competitors", evidence.competitors)
        self.linear = nn.Linear(A.shape[1], len(w), dtype=A.dtype).requires_grad_(False)
        self.linear.weight.copy_(w @ A.to(w))
        self.linear.bias.copy_(w @ (offset.to(w) - origin) + evidence.bias.flatten())
        self.rule = rule

    def forward(self, a):
        """Evidence h (n, K, K−1) of activations a (n, D)."""
        return self.linear(a).view(-1, *self.competitors.shape)

    def relevance(self, a, h, R, beta=None):
        """Relevance (n, D) of the activations from R (n, K, K−1) of the evidence."""
        return self.rule(self.linear, a, R.flatten(1))


class FusedKMeans(NeuralizedModel):
    """Neuralized k-means whose first layer is fused with the linear layers before it."""

    def __init__(self, centroids, A, offset, rule):
        super().__init__()
        self.evidence, self.pool = FusedEvidence(centroids, A, offset, rule), MinPool()

    n_clusters = property(lambda self: len(self.evidence.competitors))
    n_features = property(lambda self: self.evidence.linear.in_features)

    def h(self, a):
        """Evidence h (n, K, K−1) for every cluster against each competitor."""
        return self.evidence(a)

    def propagate(self, a, beta, *, cluster=None, out=None):
        """`Shares` of activations a (n, D), layer by layer."""
        return Shares(*walk(self, a, beta, cluster))

    def contrast(self, a, cluster, against):
        """Shares (n, D) of d_against − d_cluster."""
        h, competitors = self.h(a), self.evidence.competitors
        pair = torch.zeros_like(h, dtype=torch.bool)
        pair[torch.arange(len(a)), cluster] = competitors[cluster] == against[:, None]
        return self.evidence.relevance(a, h, torch.where(pair, h, 0.0))
