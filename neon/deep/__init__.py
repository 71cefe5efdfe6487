"""k-means behind an encoder: linear maps folded exactly, deep ones by relevance propagation."""

from .linear import NeuralizedLinearKMeans
from .network import NeuralizedDeepKMeans

__all__ = ["NeuralizedDeepKMeans", "NeuralizedLinearKMeans"]
