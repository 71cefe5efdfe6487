"""NEON: explain cluster assignments by neuralization and relevance propagation."""

from .aggregate import Aggregate
from .deep import NeuralizedDeepKMeans
from .explain import Explanation, beta_heuristic, contrast, counterfactual, explain, neon
from .flipping import Flipping, bandwidth, flip
from .fold import NeuralizedLinearKMeans
from .kernel import NeuralizedKernelKMeans
from .kernel_kmeans import KernelKMeans, median_gamma
from .kmeans import KMeans
from .neuralize import NeuralizedKMeans
from .pooling import smax, smin
from .rules import layer_by_layer, midpoint, min_take_most
from .stability import Stability, stability
from .streaming import explain_stream

__version__ = "0.1.0"
__all__ = [
    "Aggregate",
    "Explanation",
    "Flipping",
    "KMeans",
    "KernelKMeans",
    "NeonExplainer",
    "NeuralizedDeepKMeans",
    "NeuralizedKMeans",
    "NeuralizedKernelKMeans",
    "NeuralizedLinearKMeans",
    "Stability",
    "bandwidth",
    "beta_heuristic",
    "contrast",
    "counterfactual",
    "explain",
    "explain_stream",
    "flip",
    "layer_by_layer",
    "median_gamma",
    "midpoint",
    "min_take_most",
    "neon",
    "smax",
    "smin",
    "stability",
]


def __getattr__(name):
    """Load the estimator when it is asked for: scikit-learn's base classes take a while."""
    if name == "NeonExplainer":
        from .estimator import NeonExplainer

        return NeonExplainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
