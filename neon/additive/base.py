"""Stand-in for the core's interface."""

from typing import NamedTuple

import torch


class Shares(NamedTuple):
    """Relevance (n, D), cluster (n,), logit (n,), and what belongs to no feature."""

    relevance: torch.Tensor
    cluster: torch.Tensor
    logit: torch.Tensor
    constant: object = 0.0


class NeuralizedModel(torch.nn.Module):
    """A model that can propagate relevance."""
