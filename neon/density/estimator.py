"""Outliers for scikit-learn users: an estimator around a kernel density or reference points."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
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

from .outliers import as_soft_distance, explain_outliers
from .soft_distance import SoftDistance

# each output depends on one input alone: what is relevant of the one is relevant of the other
ELEMENTWISE = (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)


@dataclass(frozen=True, repr=False)
class OutlierTables:
    """Relevances of outlier scores as pandas tables.

    Attributes:
        pointwise: (n, D) DataFrame, relevance of each feature; a row and its constant sum to its
            score.
        score: (n,) Series, soft squared distance; large is unusual.
        constant: (n,) Series, share that belongs to no feature.
        values: (n, D) DataFrame, the points in the units in which they were given.
    """

    pointwise: object
    score: object
    constant: object
    values: object

    @property
    def ranked(self):
        """(n, D + 2) DataFrame: score, constant and relevances, the most unusual point first."""
        table = self.pointwise.assign(score=self.score, constant=self.constant)
        table = table[["score", "constant", *self.pointwise.columns]]
        return table.sort_values("score", ascending=False, kind="stable")

    @property
    def residual(self):
        """(n,) Series: relevances and constant minus the score, 0 up to rounding."""
        return (self.pointwise.sum(axis=1) + self.constant - self.score).rename("residual")

    def __repr__(self):
        n, D = self.pointwise.shape
        return f"OutlierTables(n={n}, D={D})"


class OutlierExplainer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Explain why points are unusual: `transform` turns points into relevances >= 0.

    Args:
        density: `KernelDensity` with the gaussian kernel, or a Pipeline that ends in one, whose
            other steps are elementwise (scalers, power and quantile transforms). None takes the
            training points as reference points.
        gamma: γ of the soft distance in [0, inf], or "median", used if `density` is None.
        n_neighbors: keep only so many of the nearest, likewise.
        prefit: the density is fitted already; take it as it is.

    Attributes:
        density_: the fitted density, or None.
        network_: the `SoftDistance` behind the elementwise steps.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    Example:
        >>> X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [6.0, 1.0]])
        >>> explainer = OutlierExplainer(gamma=0).fit(X)
        >>> explainer.explain().ranked.round(2)
           score  constant     x0    x1
        3  33.33       0.0  32.33  1.00
        2  15.33       0.0  12.33  3.00
        0  14.00       0.0  12.33  1.67
        1  10.67       0.0   9.00  1.67
    """

    def __init__(self, density=None, *, gamma="median", n_neighbors=None, prefit=False):
        self.density = density
        self.gamma = gamma
        self.n_neighbors = n_neighbors
        self.prefit = prefit

    def fit(self, X, y=None):
        """Fit a clone of the density to X (n >= 2, D), unless `prefit`.

        Raises:
            TypeError: a step of the pipeline that is not elementwise, or no density at its end.
            ValueError: X is not finite, or a density that is no soft distance.
        """
        values = self._validated(X, reset=True, ensure_min_samples=2)
        if self.density is None:
            self.density_, steps = None, []
            network = SoftDistance(values, self.gamma, n_neighbors=self.n_neighbors)
        else:
            if self.prefit:
                check_is_fitted(self.density)
            self.density_ = self.density if self.prefit else clone(self.density).fit(X)
            *steps, last = steps_of(self.density_)
            mixing = [step for step in steps if not isinstance(step, ELEMENTWISE)]
            if mixing:
                raise TypeError(
                    "The steps before a density must be elementwise, such as a scaler; got "
                    f"{type(mixing[0]).__name__}. Transform the data first."
                )
            network = as_soft_distance(last)
        self.network_, self._steps = network, steps
        self._values, self._index = values, getattr(X, "index", None)
        return self

    def transform(self, X):
        """Relevances (n, D) of points X (n, D), which count as their own neighbours if they are.

        Raises:
            ValueError: X is not finite, or has other features than in `fit`.
        """
        check_is_fitted(self)
        values = self._validated(X, reset=False)
        return explain_outliers(self.network_, self._scaled(X, values)).relevance

    def explain(self, X=None):
        """`OutlierTables` of points X (n, D); of the training points without X.

        Those are then each left out of their own neighbours. Rows are named as those of X, if it
        is a pandas DataFrame.

        Raises:
            ValueError: X is not finite, has other features than in `fit`, or is missing where a
                prefit density has seen other points than `fit`.
        """
        import pandas as pd

        check_is_fitted(self)
        own = X is None
        values = self._values if own else self._validated(X, reset=False)
        index = self._index if own else getattr(X, "index", None)
        if own:
            result = explain_outliers(self.network_)
            if len(result.score) != len(values):
                raise ValueError(
                    f"`X` must be given where a prefit density has seen {len(result.score)} points "
                    f"and `fit` {len(values)}."
                )
        else:
            result = explain_outliers(self.network_, self._scaled(X, values))
        names = self.get_feature_names_out()
        return OutlierTables(
            pointwise=pd.DataFrame(result.relevance, index=index, columns=names),
            score=pd.Series(result.score, index=index, name="score"),
            constant=pd.Series(result.constant, index=index, name="constant"),
            values=pd.DataFrame(values, index=index, columns=names),
        )

    def _validated(self, X, *, reset, ensure_min_samples=1):
        """Return X as a finite float array, with the errors that scikit-learn users expect."""
        dtypes = [np.float64, np.float32]
        return validate_data(
            self, X, dtype=dtypes, reset=reset, ensure_min_samples=ensure_min_samples
        )

    def _scaled(self, X, values):
        """Points as the density sees them, in the dtype of X."""
        scaled = X if hasattr(X, "columns") else values
        for step in self._steps:
            scaled = step.transform(scaled)
        return np.asarray(scaled, dtype=values.dtype)

    def __sklearn_tags__(self):
        """Say what `transform` keeps: float32 in, float32 out."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def steps_of(density):
    """List the steps of a pipeline that do something, of pipelines within it too."""
    if not isinstance(density, Pipeline):
        return [density]
    steps = (step for _, step in density.steps if step not in (None, "passthrough"))
    return [inner for step in steps for inner in steps_of(step)]
