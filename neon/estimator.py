"""NEON for scikit-learn users: an estimator around any clusterer that has centres."""

import warnings
from itertools import takewhile

import numpy as np
import torch
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from .deep.linear import NeuralizedLinearKMeans
from .explanation import beta_heuristic, explain, neuralized
from .network import NeuralizedModel, Shares
from .tables import ExplanationTables
from .validation import as_beta

# each output depends on one input alone: what is relevant of the one is relevant of the other
ELEMENTWISE = (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)


class NeonExplainer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Explain a scikit-learn clustering: `transform` turns points into relevances.

    Args:
        clusterer: estimator that `explain` takes once it is fitted (KMeans, GaussianMixture, ...),
            or a Pipeline that ends in one. Elementwise steps at its start (scalers, power and
            quantile transforms) leave relevances at the features they belong to; after that, a
            linear step (PCA, TruncatedSVD, a scaler) is explained through, exactly. None is
            `KMeans(n_clusters, random_state=random_state)`.
        beta: stiffness in [0, inf], or "heuristic" for 1 / mean logit of the training data.
        n_clusters: K, used if `clusterer` is None. A single cluster has nothing to explain.
        random_state: likewise.
        prefit: the clusterer is fitted already; take it as it is. It may be a neuralized model,
            such as `NeuralizedMixture(fitted, logit="soft")`.

    Attributes:
        clusterer_: the fitted clusterer.
        beta_: stiffness that `transform` and `explain` use.
        network_: the neuralized model behind the elementwise steps.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    Source: Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> X = np.array([[1.0, 0.0], [2.0, 0.0], [8.0, 1.0], [9.0, 1.0]])
        >>> explainer = NeonExplainer(KMeans(2, init=X[[0, 2]], n_init=1)).fit(X)
        >>> explainer.transform(X[:1])
        array([[56.,  1.]])
        >>> explainer.explain(X).overall
            signed  absolute
        x0    49.0      49.0
        x1     1.0       1.0
    """

    def __init__(
        self,
        clusterer=None,
        *,
        beta="heuristic",
        n_clusters=8,
        random_state=None,
        prefit=False,
    ):
        self.clusterer = clusterer
        self.beta = beta
        self.n_clusters = n_clusters
        self.random_state = random_state
        self.prefit = prefit

    def fit(self, X, y=None):
        """Fit a clone of the clusterer to X (n, D), unless `prefit`, and neuralize it.

        Raises:
            TypeError: a step of the pipeline that cannot be explained through.
            ValueError: X is not finite, or the clusterer has no centres.
        """
        beta = self.beta if self.beta == "heuristic" else as_beta(self.beta)
        values = self._validated(X, reset=True)
        clusterer = self.clusterer
        if clusterer is None:
            clusterer = KMeans(self.n_clusters, random_state=self.random_state)
        if self.prefit:
            if not isinstance(clusterer, NeuralizedModel):
                check_is_fitted(clusterer)
        else:
            clusterer = clone(clusterer).fit(X)

        own, mixing, last = parts(clusterer)
        scaled = through(own, X if hasattr(X, "columns") else values)
        points = np.asarray(scaled, dtype=values.dtype)
        if len(getattr(last, "cluster_centers_", ())) == 1:
            warnings.warn(
                "A single cluster has no competitor, so all relevances are 0. "
                "Ask for 2 clusters or more.",
                stacklevel=2,
            )
            self.network_ = NothingToExplain(points.shape[1])
        elif mixing:
            self.network_ = NeuralizedLinearKMeans.from_sklearn(mixing, last, scaled)
        else:
            self.network_ = neuralized(last)
        self.clusterer_ = clusterer
        self.beta_ = beta_heuristic(self.network_, points) if beta == "heuristic" else beta
        self._warn_unless_nearest(X, points)
        return self

    def transform(self, X):
        """Relevances (n, D) of points X (n, D), for the cluster that each is assigned to.

        Raises:
            ValueError: X is not finite, or has other features than in `fit`.
        """
        return self._explained(X)[1].relevance

    def explain(self, X):
        """`ExplanationTables` of points X (n, D): relevances of points, clusters and the data set.

        The rows are named as those of X, if it is a pandas DataFrame.

        Raises:
            ValueError: X is not finite, or has other features than in `fit`.
        """
        import pandas as pd

        values, explanation = self._explained(X)
        index = X.index if isinstance(X, pd.DataFrame) else None
        names = self.get_feature_names_out()
        return ExplanationTables(
            pointwise=pd.DataFrame(explanation.relevance, index=index, columns=names),
            cluster=pd.Series(explanation.cluster, index=index, name="cluster"),
            logit=pd.Series(explanation.logit, index=index, name="logit"),
            beta=self.beta_,
            values=pd.DataFrame(values, index=index, columns=names),
            constant=pd.Series(explanation.constant, index=index, name="constant")
            if self.network_.has_constant
            else 0.0,
        )

    def _validated(self, X, *, reset):
        """Return X as a finite float array, with the errors that scikit-learn users expect."""
        return validate_data(self, X, dtype=[np.float64, np.float32], reset=reset)

    def _explained(self, X):
        """Return X as an array, and its `Explanation`."""
        check_is_fitted(self)
        values = self._validated(X, reset=False)
        scaled = through(parts(self.clusterer_)[0], X if hasattr(X, "columns") else values)
        points = np.asarray(scaled, dtype=values.dtype)
        return values, explain(self.network_, points, beta=self.beta_)

    def _warn_unless_nearest(self, X, points):
        """Warn if the clusterer does not assign to the nearest centre, which is what we explain."""
        if not hasattr(self.clusterer_, "predict"):
            return
        explanation = explain(self.network_, points, beta=self.beta_)
        clear = explanation.logit > 1e-4 * explanation.logit.mean()  # on a border both are right
        other = clear & (self.clusterer_.predict(X) != explanation.cluster)
        if other.any():
            warnings.warn(
                f"{type(self.clusterer_).__name__} assigns {other.sum()} of {len(points)} points "
                "to another than the nearest centre. Explained is the nearest centre.",
                stacklevel=3,
            )

    def __sklearn_tags__(self):
        """Say what `transform` keeps: float32 in, float32 out."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class NothingToExplain(NeuralizedModel):
    """A single cluster: without a competitor every logit and every relevance is 0.

    Example:
        >>> explain(NothingToExplain(2), [[3.0, 4.0]], beta=1).relevance
        array([[0., 0.]])
    """

    n_clusters = 1

    def __init__(self, n_features):
        super().__init__()
        self.n_features = n_features

    def forward(self, X, c=None):
        """Logit 0 (n,)."""
        return X.new_zeros(len(X))

    def decision(self, X):
        """Cluster 0 (n,)."""
        return X.new_zeros(len(X), dtype=torch.int64)

    def propagate(self, X, beta, *, cluster=None, out=None):
        """`Shares` of 0."""
        return Shares(torch.zeros_like(X), self.decision(X), self(X))


def parts(clusterer):
    """Split a pipeline into elementwise steps, the steps after them, and the clusterer."""
    *steps, last = flat(clusterer)
    own = list(takewhile(lambda step: isinstance(step, ELEMENTWISE), steps))
    return own, steps[len(own) :], last


def flat(estimator):
    """List the steps of a pipeline, of pipelines within it too, without those that do nothing."""
    if not isinstance(estimator, Pipeline):
        return [estimator]
    steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
    return [inner for step in steps for inner in flat(step)]


def through(steps, X):
    """Transform X by fitted steps, one after the other."""
    for step in steps:
        X = step.transform(X)
    return X
