"""NEON: explain cluster assignments by neuralization and relevance propagation.

To learn how it works, read four modules, in this order:

1. `neon.kmeans`: scikit-learn fits, torch decides;
2. `neon.network`: the decision as a network of two layers, evidence and min-pooling;
3. `neon.rules`: the rule of each layer, and the walk back through them;
4. `neon.explanation`: from a model and points to relevances, contrasts and counterfactuals.

`neon.interface` is what they ask of any model, and `neon.streaming` is for many points. The rooms
make it fast, or apply it elsewhere: `neon.engine` (the two layers in closed form, which is what
`explain` runs), `neon.validation` (what comes in), `neon.additive` (mixtures, groups, trees,
prototypes), `neon.kernel`, `neon.density` (outliers), `neon.deep` and `neon.lrp` (encoders),
`neon.pipelines` (scikit-learn), `neon.distributed` (Dask), `neon.evaluation`, `neon.report`.
"""

from .additive import (
    NeuralizedCodebook,
    NeuralizedMixture,
    NeuralizedPrototypes,
    NeuralizedSphericalKMeans,
    NeuralizedTree,
)
from .deep import NeuralizedDeepKMeans, NeuralizedLinearKMeans
from .density import SoftDistance, explain_outliers
from .evaluation import Flipping, Stability, flip, kde_gamma, stability
from .explanation import Explanation, beta_heuristic, contrast, counterfactual, explain
from .explanation import neon as neon
from .interface import NeuralizedModel
from .kernel import KernelKMeans, NeuralizedKernelKMeans, median_gamma, smax, smin
from .kmeans import KMeans
from .network import NeuralizedKMeans
from .rules import layer_by_layer, midpoint, min_take_most
from .streaming import Aggregate, explain_stream

__version__ = "0.1.0"

# without `neon`: a star import must not put the function in the place of the package
__all__ = [
    "Aggregate",
    "Explanation",
    "Flipping",
    "KMeans",
    "KernelKMeans",
    "NeonExplainer",
    "NeuralizedCodebook",
    "NeuralizedDeepKMeans",
    "NeuralizedKMeans",
    "NeuralizedKernelKMeans",
    "NeuralizedLinearKMeans",
    "NeuralizedMixture",
    "NeuralizedModel",
    "NeuralizedPrototypes",
    "NeuralizedSphericalKMeans",
    "NeuralizedTree",
    "OutlierExplainer",
    "SoftDistance",
    "Stability",
    "beta_heuristic",
    "contrast",
    "counterfactual",
    "explain",
    "explain_outliers",
    "explain_stream",
    "flip",
    "kde_gamma",
    "layer_by_layer",
    "median_gamma",
    "midpoint",
    "min_take_most",
    "smax",
    "smin",
    "stability",
]


def __getattr__(name):
    """Load the estimators when they are asked for: scikit-learn's base classes take a while."""
    if name == "NeonExplainer":
        from .pipelines.estimator import NeonExplainer

        return NeonExplainer
    if name == "OutlierExplainer":
        from .density import OutlierExplainer

        return OutlierExplainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
