"""Relevances as pandas tables: of points, of clusters, and of the whole data set."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, repr=False, eq=False)
class ExplanationTables:
    """Relevances of points, of clusters and of the whole data, as pandas tables.

    Attributes:
        pointwise: (n, D) DataFrame, relevance of each feature; a row sums to its logit.
        cluster: (n,) Series, assigned cluster.
        logit: (n,) Series, f_c.
        beta: stiffness that was used.
        values: (n, D) DataFrame, the points in the units in which they were given.
    """

    pointwise: object
    cluster: object
    logit: object
    beta: float
    values: object

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
        """(n,) Series: sum of the relevances minus the logit, 0 up to rounding."""
        return (self.pointwise.sum(axis=1) - self.logit).rename("residual")

    def to_shap(self):
        """`shap.Explanation` for the plots of shap: base value 0, values that sum to the logit.

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
            base_values=np.zeros(len(self.pointwise)),
            data=self.values.to_numpy(),
            feature_names=list(self.pointwise.columns),
        )

    def __repr__(self):
        n, D = self.pointwise.shape
        return f"ExplanationTables(n={n}, D={D}, beta={self.beta:.4g})"
