"""NEON for scikit-learn users: an estimator around any clusterer that can be explained."""

import warnings

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import (
    _check_feature_names,
    _check_sample_weight,
    check_array,
    check_is_fitted,
    validate_data,
)

from .pipelines import PipelineModel, weighted
from .pipelines.tables import ExplanationTables, framed, index_of
from .validation import as_beta, is_heuristic


class NeonExplainer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Explain a scikit-learn clustering: `transform` turns points into relevances.

    Args:
        clusterer: what `explain` takes (once fitted, as KMeans or GaussianMixture; a fitted
            `neon.KMeans`; centroids (K, D)), or a Pipeline that ends in one, whose steps are read
            back: relevances are those of the columns that the pipeline starts from. None is
            `KMeans(n_clusters, random_state=random_state)`.
        beta: stiffness in [0, inf], or "heuristic" for 1 / mean logit of the training data.
        n_clusters: K, used if `clusterer` is None. A single cluster has nothing to explain.
        random_state: likewise.
        prefit: the clusterer is fitted already; take it as it is. What has no `get_params`, like
            centroids or `NeuralizedMixture(fitted, logit="soft")`, is always taken so.

    Attributes:
        clusterer_: the fitted clusterer.
        beta_: stiffness that `transform` and `explain` use.
        model_: the `neon.pipelines.PipelineModel` of it, which gives relevances of columns.
        network_: the neuralized model behind the steps that keep columns apart.
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

    def fit(self, X, y=None, **fit_params):
        """Fit a clone of the clusterer to X (n, D), unless it is fitted, and neuralize it.

        Args:
            X: (n, D) points: an array, or a table with whatever columns the pipeline takes, or
                texts (n,) for a pipeline that starts with a vectorizer.
            y: not used.
            **fit_params: passed on to the clusterer's `fit`, if it is called. `sample_weight` (n,)
                goes to the last step of a pipeline; it also weighs the mean logit behind
                beta="heuristic".

        Raises:
            TypeError: a step of the pipeline that cannot be read back into columns.
            ValueError: X is not finite, or the clusterer cannot be explained.
        """
        beta = self.beta if is_heuristic(self.beta) else as_beta(self.beta)
        clusterer = self.clusterer
        if clusterer is None:
            clusterer = KMeans(self.n_clusters, random_state=self.random_state)
        self.clusterer_ = clusterer
        values = self._validated(X, reset=True)
        weights = fit_params.pop("sample_weight", None)
        if weights is not None:
            weights = _check_sample_weight(weights, values)
            fit_params[weighted(clusterer)] = weights
        if self.prefit and hasattr(clusterer, "fit"):
            check_is_fitted(clusterer)
        elif hasattr(clusterer, "get_params"):  # centroids and models of ours are as they are
            self.clusterer_ = clone(clusterer).fit(X, **fit_params)
        if hasattr(self.clusterer_, "feature_names_in_"):
            _check_feature_names(self.clusterer_, X, reset=False)

        self.model_ = PipelineModel(
            self.clusterer_, values, weights, names=getattr(self, "feature_names_in_", None)
        )
        self.network_ = self.model_.network
        if self.network_.n_clusters == 1:
            warnings.warn(
                "A single cluster has no competitor, so all relevances are 0. "
                "Ask for 2 clusters or more.",
                stacklevel=2,
            )
        self.beta_ = self.model_.beta_heuristic(values, weights) if is_heuristic(beta) else beta
        self._warn_unless_nearest(values)
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
        values, explanation = self._explained(X)
        index, names = index_of(X), self.model_.columns
        imputed = self.model_.imputed(values)
        return ExplanationTables(
            pointwise=pd.DataFrame(explanation.relevance, index=index, columns=names),
            cluster=pd.Series(explanation.cluster, index=index, name="cluster"),
            logit=pd.Series(explanation.logit, index=index, name="logit"),
            beta=self.beta_,
            values=framed(self.model_.table(values), index, names),
            constant=pd.Series(explanation.constant, index=index, name="constant"),
            imputed=None if imputed is None else pd.DataFrame(imputed, index=index, columns=names),
            notes=self.model_.notes,
        )

    def contrast(self, X, cluster, against):
        """Share out what speaks for one cluster rather than another, as `neon.contrast` does.

        Args:
            X: (n, D) points, as for `explain`.
            cluster: the cluster to speak for: one, or one for each point (n,).
            against: the cluster to speak against, likewise.

        Returns:
            (n, D) DataFrame of relevances that sum to d_against − d_cluster.

        Raises:
            ValueError: a cluster that does not exist, or a cluster against itself.

        Example:
            >>> X = np.array([[1.0, 0.0], [2.0, 0.0], [8.0, 1.0], [9.0, 1.0]])
            >>> explainer = NeonExplainer(KMeans(2, init=X[[0, 2]], n_init=1)).fit(X)
            >>> explainer.contrast(X[:1], 1, 0)
                 x0   x1
            0 -56.0 -1.0
        """
        check_is_fitted(self)
        values = self._validated(X, reset=False)
        shares = self.model_.contrast(values, cluster, against)
        return framed(shares, index_of(X), self.model_.columns)

    def counterfactual(self, X, against=None):
        """Move each point to the nearest place where its assignment is undecided.

        Nearest in what the pipeline makes of the columns. The columns that its steps cannot take
        back, like categories behind a one-hot encoder, and imputed cells stay as they are: the
        place is then the nearest that differs in the other columns alone.

        Args:
            X: (n, D) points, as for `explain`.
            against: cluster to move towards: one, one for each point (n,), or None for the nearest
                boundary.

        Returns:
            (n, D) DataFrame in the units of X. A warning names the columns that had to stay, and
            says in how many rows no value of the others is on the boundary, which are NaN there.

        Raises:
            ValueError: a cluster that does not exist, or that the point is already assigned to;
                or no column can be taken back.

        Example:
            >>> X = np.array([[1.0, 0.0], [2.0, 0.0], [8.0, 0.0], [9.0, 0.0]])
            >>> explainer = NeonExplainer(KMeans(2, init=X[[0, 2]], n_init=1)).fit(X)
            >>> explainer.counterfactual(X[:1])
                x0   x1
            0  5.0  0.0
        """
        check_is_fitted(self)
        values = self._validated(X, reset=False)
        result = self.model_.counterfactual(values, against)
        result.tell(stacklevel=3)
        return framed(result.table, index_of(X), self.model_.columns)

    def get_feature_names_out(self, input_features=None):
        """Names of the relevances: those of X, or the words of texts."""
        check_is_fitted(self)
        if self.model_.source is not None:
            return np.asarray(self.model_.columns, dtype=object)
        return super().get_feature_names_out(input_features)

    def _validated(self, X, *, reset):
        """Return X checked: finite floats, or what a pipeline takes, whose steps check it."""
        if np.ma.isMaskedArray(X):
            raise TypeError("`X` must not be masked; got a masked array. Pass X.filled(np.nan).")
        if isinstance(self.clusterer_, Pipeline):
            if not reset and hasattr(self, "n_features_in_") and not hasattr(X, "columns"):
                X = check_array(X, accept_sparse=True, dtype=None, ensure_all_finite=False)
            X = validate_data(self, X, reset=reset, skip_check_array=True)
            return X if hasattr(X, "columns") or hasattr(X, "tocsr") else np.asarray(X)
        return validate_data(self, X, dtype=[np.float64, np.float32], reset=reset)

    def _explained(self, X):
        """Return X as it was checked, and its relevances."""
        check_is_fitted(self)
        values = self._validated(X, reset=False)
        return values, self.model_.explain(values, self.beta_)

    def _warn_unless_nearest(self, X):
        """Warn if the clusterer decides otherwise than the model that is explained."""
        own = self.model_.own_decision()
        if own is None:
            return
        explanation = self.model_.explain(X, self.beta_)
        clear = explanation.logit > 1e-4 * explanation.logit.mean()  # on a border both are right
        other = clear & (own != explanation.cluster)
        if other.any():
            warnings.warn(
                f"{type(self.clusterer_).__name__} assigns {other.sum()} of {len(other)} points "
                "to another than the nearest centre. Explained is the nearest centre.",
                stacklevel=3,
            )

    def __sklearn_tags__(self):
        """Say what `transform` keeps: float32 in, float32 out."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
