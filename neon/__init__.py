"""NEON: explain cluster assignments by neuralization and relevance propagation."""

from .deep import NeuralizedDeepKMeans
from .explain import Explanation, beta_heuristic, contrast, counterfactual, explain, neon
from .fold import NeuralizedLinearKMeans
from .kmeans import KMeans
from .neuralize import NeuralizedKMeans
from .pooling import smax, smin
from .rules import layer_by_layer, midpoint, min_take_most

__all__ = [
    "Explanation",
    "KMeans",
    "NeuralizedDeepKMeans",
    "NeuralizedKMeans",
    "NeuralizedLinearKMeans",
    "beta_heuristic",
    "contrast",
    "counterfactual",
    "explain",
    "layer_by_layer",
    "midpoint",
    "min_take_most",
    "neon",
    "smax",
    "smin",
]
