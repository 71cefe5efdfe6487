"""From a fitted clusterer to the network that decides like it, or to a word why there is none."""

from .codebook import NeuralizedCodebook
from .mixture import NeuralizedMixture
from .prototypes import NeuralizedPrototypes
from .tree import NeuralizedTree

KINDS = {
    "BayesianGaussianMixture": NeuralizedMixture,
    "Birch": NeuralizedCodebook.of,
    "BisectingKMeans": NeuralizedTree.of,
    "GaussianMixture": NeuralizedMixture,
    "KModes": NeuralizedPrototypes,
    "KPrototypes": NeuralizedPrototypes,
}
UNDECIDED = {
    "AgglomerativeClustering": "it merges",
    "DBSCAN": "it links by density",
    "HDBSCAN": "it cuts a tree of",
    "OPTICS": "it orders by density",
    "SpectralClustering": "it cuts a graph of",
}


def recognised(fitted):
    """The neuralized model of a fitted clusterer, by the name of its class or of a base class.

    Args:
        fitted: any object.

    Returns:
        a model, or None for what is none of the kinds here.

    Raises:
        ValueError: it is not fitted, has a single cluster, or assigns no new point.

    Example:
        >>> from sklearn.cluster import Birch
        >>> recognised(Birch(n_clusters=2).fit([[0.0], [1.0], [8.0], [9.0]]))
        NeuralizedCodebook(
          n_clusters=2, n_features=1
          (energy): Squares()
        )
        >>> recognised([[0.0], [9.0]]) is None
        True
    """
    for kind in type(fitted).__mro__:
        if kind.__name__ in KINDS:
            return KINDS[kind.__name__](fitted)
        if kind.__name__ in UNDECIDED:
            raise ValueError(
                f"`{kind.__name__}` must decide on new points to be explained; "
                f"{UNDECIDED[kind.__name__]} the points it was fitted to, and has no rule for "
                "others. Explain its labels instead: "
                "KernelKMeans.from_labels(X, labels), whose `agreement_` is the share of the "
                "labels that it reproduces; leave out noise, label -1."
            )
    return None
