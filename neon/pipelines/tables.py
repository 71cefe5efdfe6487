"""Relevances as pandas tables: of points, of clusters, and of the whole data set."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, repr=False, eq=False)
class ExplanationTables:
    """Relevances of points, of clusters and of the whole data, as pandas tables.

    Attributes:
        pointwise: (n, D) DataFrame, relevance of each feature; a row and the constant sum to its
            logit.
        cluster: (n,) Series, assigned cluster.
        logit: (n,) Series, f_c.
        beta: stiffness that was used.
        values: (n, D) DataFrame, the points in the units in which they were given.
        constant: (n,) Series, share of the logit that belongs to no feature; 0 for centroids.
        imputed: (n, D) DataFrame of flags: cells whose value is invented, so that its relevance is
            no evidence. None if nothing imputes.
        notes: sentences to bear in mind with these relevances.
    """

    pointwise: object
    cluster: object
    logit: object
    beta: float
    values: object
    constant: object = 0.0
    imputed: object = None
    notes: tuple = ()

    @property
    def per_cluster(self):
        """(clusters, D) DataFrame: mean relevance in each cluster; a row sums to its mean logit."""
        return self.pointwise.groupby(self.cluster).mean()

    @property
    def overall(self):
        """(D, 2) DataFrame: mean relevance, signed (sums to the mean logit) and absolute.

        Signed means cancel where a feature speaks for some points and against others.
        """
        signed, absolute = self.pointwise.mean(), self.pointwise.abs().mean()
        return signed.to_frame("signed").assign(absolute=absolute)

    @property
    def residual(self):
        """(n,) Series: relevances and constant minus the logit, 0 up to rounding."""
        return (self.pointwise.sum(axis=1) + self.constant - self.logit).rename("residual")

    def to_shap(self):
        """`shap.Explanation` for the plots of shap: the base and the values sum to the logit.

        Raises:
            ImportError: shap is not installed.
        """
        try:
            import shap
        except ImportError as error:
            raise ImportError(
                "`to_shap` needs the package shap, which is not installed. "
                "Run `pip install shap`; everything else works without it."
            ) from error
        return shap.Explanation(
            values=self.pointwise.to_numpy(),
            base_values=np.zeros(len(self.pointwise)) + self.constant,
            data=self.values.to_numpy(),
            feature_names=list(self.pointwise.columns),
        )

    def __repr__(self):
        n, D = self.pointwise.shape
        return f"ExplanationTables(n={n}, D={D}, beta={self.beta:.4g})"


def index_of(X):
    """Return the names of the rows of a pandas table or series, else None."""
    return X.index if isinstance(X, pd.DataFrame | pd.Series) else None


def framed(table, index, names):
    """Return a table as a pandas DataFrame with names; sparse stays sparse."""
    if isinstance(table, pd.DataFrame):
        return table
    if hasattr(table, "to_pandas"):
        return table.to_pandas()
    if hasattr(table, "tocsr"):
        return pd.DataFrame.sparse.from_spmatrix(table, index, names)
    return pd.DataFrame(np.asarray(table), index, names)
