"""A fitted pipeline that ends in a clusterer, explained in the columns that it starts from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import check_array

from ..additive.recognition import neuralized
from ..deep.linear import NeuralizedLinearKMeans, member_means
from ..explanation import beta_heuristic, contrast, explain
from ..network import NeuralizedKMeans
from ..validation import as_labels, as_points
from .columns import is_text, note
from .moves import moved
from .reading import Reading, opened, read
from .refusal import refuse
from .single import NothingToExplain
from .values import as_matrix, dense, gathered

CELLS = 2**23  # of a sparse matrix that are made dense at a time


class PipelineModel:
    """A clusterer behind fitted scikit-learn steps, which gives relevances of original columns.

    Args:
        clusterer: fitted Pipeline whose last step is whatever `explain` takes, or such a model.
        X: (n, D) table, array or sparse matrix that it was fitted to; texts (n,) if it starts with
            a CountVectorizer or TfidfVectorizer, whose words are then the columns.
        weights: (n,) sample weights that it was fitted with.
        names: of the columns; those of the table by default, or x0, x1, ...

    Attributes:
        reading: the steps in normal form.
        network: the neuralized model of what `points` returns.
        columns: D names.
        notes: sentences that a reader of the relevances should know.
        made: (n, p) what the steps make of X, for the clusterer.

    Raises:
        TypeError: a step that cannot be read back, by its name and with the reason.
        ValueError: the last step cannot be explained.

    Example:
        >>> from sklearn.cluster import KMeans
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import OneHotEncoder
        >>> X = np.array([["red"], ["blue"], ["red"]])
        >>> start = [[0, 1], [1, 0]]
        >>> kmeans = KMeans(2, init=start, n_init=1)
        >>> pipeline = make_pipeline(OneHotEncoder(sparse_output=False), kmeans).fit(X)
        >>> PipelineModel(pipeline, X).explain(X[:2], beta=1).relevance
        array([[2.], [2.]])
    """

    def __init__(self, clusterer, X, weights=None, names=None):
        steps, last = split(clusterer)
        self.source, self.notes = None, ()
        names = getattr(X, "columns", None) if names is None else names
        words = words_of(*steps[0]) if steps else []
        if words:
            (_, self.source), *steps = steps
            names = self.source.get_feature_names_out()
            X = self.source.transform(X)
            self.notes = tuple(filter(None, (note(*each) for each in words)))
        if steps:
            self.reading, self.made = read(steps, X)
        else:
            self.reading, self.made = Reading.of(np.shape(X)[1]), X
        D = self.reading.n_inputs
        self.columns = [f"x{i}" for i in range(D)] if names is None else list(names)
        self.notes += self.reading.notes
        self.clusterer = last
        self.network = self._network_of(last, X, weights)

    def points(self, X):
        """Return what `network` takes (n, d), an array or a sparse matrix, of X as in `fit`."""
        return self.reading.forward(self.table(X))

    def table(self, X):
        """Return X with a column for each name: words for texts, and else X itself."""
        return X if self.source is None else self.source.transform(X)

    def explain(self, X, beta):
        """`Relevances` of the assigned cluster at the columns of X; beta as for `neon.explain`."""
        found = [explain(self.network, block, beta=beta) for block in self._blocks(X)]
        return Relevances(
            self._pull([each.relevance for each in found]),
            np.concatenate([each.cluster for each in found]),
            np.concatenate([each.logit for each in found]),
            np.concatenate([np.broadcast_to(each.constant, len(each.logit)) for each in found]),
        )

    def contrast(self, X, cluster, against):
        """Shares (n, D) of what speaks for one cluster, not another; as `neon.contrast`."""
        n = X.shape[0] if hasattr(X, "shape") else len(X)
        K = self.network.n_clusters
        cluster = as_labels(cluster, n, K, "cluster").numpy()
        against = as_labels(against, n, K, "against").numpy()
        found, start = [], 0
        for block in self._blocks(X):
            rows = slice(start, start + len(block))
            found.append(contrast(self.network, block, cluster[rows], against[rows]))
            start += len(block)
        return self._pull(found)

    def counterfactual(self, X, against=None):
        """`Moved` points: X on the boundary of its cluster, by those columns that can move."""
        return moved(self, X, against)

    def beta_heuristic(self, X, weights=None):
        """β = 1 / mean logit of X, weighted if rows have weights."""
        if self.network.stiffness is not None:
            return self.network.stiffness
        U = self.points(X)
        if weights is None and not sparse.issparse(U):
            return beta_heuristic(self.network, floating(U))
        logits = [self.network(as_points(block, None)) for block in self._blocks(X)]
        mean = np.average(torch.cat(logits).double().numpy(), weights=weights)
        return 1 / mean if mean > 0 else np.inf

    def imputed(self, X):
        """Cells (n, D) of X that a step fills with a value of its own, or None."""
        return self.reading.imputed(self.table(X))

    def own_decision(self):
        """Clusters (n,) that the clusterer itself predicts for its data; None if it does not."""
        if not hasattr(self.clusterer, "predict"):
            return None
        Z, names = self.made, getattr(self.clusterer, "feature_names_in_", None)
        if hasattr(self.clusterer, "cluster_centers_"):
            # scikit-learn's k-means predicts its own type only
            Z = as_matrix(Z).astype(self.clusterer.cluster_centers_.dtype)
        if names is not None and not hasattr(Z, "columns"):
            Z = pd.DataFrame(Z, columns=names)
        return np.asarray(self.clusterer.predict(Z))

    def _network_of(self, last, X, weights):
        """Return the neuralized model over u: the clusterer's, with the affine map folded in."""
        reading = self.reading
        if len(getattr(last, "cluster_centers_", ())) == 1:
            return NothingToExplain(len(reading.owner))
        model = neuralized(last)
        if reading.matrix is None:
            return model
        if not isinstance(model, NeuralizedKMeans):
            refuse(
                *reading.mixing[0],
                f"mixes columns, which can be undone for centroids only; got {last!r} behind it",
            )
        labels = model.decision(as_points(floating(self.made), None)).numpy()
        means = member_means(reading.forward(X), labels, model.n_clusters, weights)
        A, a = reading.matrix.astype(float), reading.offset.astype(float)
        return NeuralizedLinearKMeans(
            model.centroids.double(), A, a, input_means=means.astype(float)
        )

    def _blocks(self, X):
        U = self.points(X)
        if not sparse.issparse(U):
            yield floating(U)
            return
        U, rows = U.tocsr(), max(1, CELLS // U.shape[1])
        for start in range(0, U.shape[0], rows):
            yield floating(U[start : start + rows])

    def _pull(self, parts):
        R = [gathered(part, self.reading.owner, self.reading.n_inputs) for part in parts]
        return R[0] if len(R) == 1 else np.concatenate(R)


@dataclass(frozen=True)
class Relevances:
    """What `PipelineModel.explain` returns.

    Attributes:
        relevance: (n, D) shares of the original columns.
        cluster: (n,) assigned cluster.
        logit: (n,) f_c, to which relevance and constant sum.
        constant: (n,) share that belongs to no column.
    """

    relevance: np.ndarray
    cluster: np.ndarray
    logit: np.ndarray
    constant: np.ndarray


def split(clusterer):
    """Return the (name, step) that a pipeline does something with, and the clusterer at its end."""
    if not isinstance(clusterer, Pipeline):
        return [], clusterer
    *steps, (name, last) = clusterer.steps
    inner, last = split(last)
    return opened(steps) + [(f"{name}: {label}", step) for label, step in inner], last


def weighted(clusterer):
    """Name of the fit parameter by which a clusterer, or the last step of a pipeline, is weighted.

    Example:
        >>> from sklearn.cluster import KMeans
        >>> from sklearn.pipeline import make_pipeline
        >>> weighted(KMeans()), weighted(make_pipeline(KMeans()))
        ('sample_weight', 'kmeans__sample_weight')
    """
    if not isinstance(clusterer, Pipeline):
        return "sample_weight"
    name, last = clusterer.steps[-1]
    return f"{name}__{weighted(last)}"


def words_of(name, step):
    """List (name, vectorizer) where a step makes columns of texts, else nothing."""
    if is_text(step):
        return [(name, step)]
    if not isinstance(step, FeatureUnion):
        return []
    inner = [(f"{name}: {label}", each) for label, each in step.transformer_list]
    return inner if all(is_text(each) for _, each in inner) else []


def floating(U):
    """Return points as a dense, finite array of floats, or raise as scikit-learn does."""
    return check_array(dense(U), dtype=[np.float64, np.float32], input_name="X")
