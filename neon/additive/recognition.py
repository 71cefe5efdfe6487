"""From a fitted clusterer to the network that decides like it, or to a word why there is none."""

from ..network import NeuralizedKMeans
from ..validation import SparseRows, check_names, is_sparse
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


def prepared(model, X, *, by_rows=False):
    """Return the model, neuralized, and the points X as a checked tensor.

    With `by_rows` a sparse matrix stays what it is, and gives tensors when it is cut.
    """
    check_names(model, X)
    model = neuralized(model)
    if by_rows and is_sparse(X):
        return model, SparseRows(X, lambda rows: model.points(rows).detach())
    return model, model.points(X).detach()


def neuralized(model):
    """Return a model that can propagate relevance as it is, or ask it for one; else k-means.

    A fitted clusterer of another library is recognised by its class.
    """
    if hasattr(model, "propagate"):
        return model
    if hasattr(model, "neuralize"):
        return model.neuralize()
    return recognised(model) or NeuralizedKMeans(model)
