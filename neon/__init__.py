"""NEON: explain cluster assignments by neuralization and relevance propagation."""

from .explain import Explanation, beta_heuristic, contrast, counterfactual, explain, neon
from .flipping import Flipping, bandwidth, flip
from .kmeans import KMeans
from .neuralize import NeuralizedKMeans
from .pooling import smax, smin
from .rules import layer_by_layer, midpoint, min_take_most
from .stability import Stability, stability

__all__ = [
    "Explanation",
    "Flipping",
    "KMeans",
    "NeuralizedKMeans",
    "Stability",
    "bandwidth",
    "beta_heuristic",
    "contrast",
    "counterfactual",
    "explain",
    "flip",
    "layer_by_layer",
    "midpoint",
    "min_take_most",
    "neon",
    "smax",
    "smin",
    "stability",
]
