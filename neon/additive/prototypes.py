"""k-prototypes and k-modes: numbers as in k-means, categories by whether they match."""

import numpy as np
import torch

from ..validation import as_points
from .codebook import NeuralizedCandidates
from .energies import Categories


class NeuralizedPrototypes(NeuralizedCandidates):
    """The nearest prototype of a fitted `KPrototypes` or `KModes` of the package kmodes.

    A numeric feature has (x_i − m_ki)² − (x_i − m_ci)² for c against k, a categorical one
    γ([x_i ≠ m_ki] − [x_i ≠ m_ci]); γ is 1 for k-modes.

    Args:
        fitted: the clusterer.
        categorical: indices of the columns that hold categories, as given to `KPrototypes.fit`,
            which does not keep them. Of k-modes all do.

    Raises:
        ValueError: not fitted, a single prototype, another dissimilarity than the default, or
            `categorical` does not fit.

    Example:
        >>> from types import SimpleNamespace
        >>> fitted = SimpleNamespace(  # what a fitted KModes holds
        ...     _enc_cluster_centroids=np.array([[0, 0], [1, 1]]),
        ...     _enc_map=[{"red": 0, "blue": 1}, {"no": 0, "yes": 1}],
        ... )
        >>> model = NeuralizedPrototypes(fitted)
        >>> X = model.points([["red", "no"], ["blue", "no"]])
        >>> model.propagate(X, 1.0).relevance
        tensor([[ 1.,  1.], [-1.,  1.]], dtype=torch.float64)
    """

    def __init__(self, fitted, categorical=None):
        name = type(fitted).__name__
        if not hasattr(fitted, "_enc_cluster_centroids"):
            raise ValueError(f"`{name}` must be fitted. Call .fit(X) first.")
        for part, wanted in ("cat_dissim", "matching_dissim"), ("num_dissim", "euclidean_dissim"):
            measure = getattr(fitted, part, None)
            if measure is not None and measure.__name__ not in (wanted, "ng_dissim"):
                raise ValueError(
                    f"`{name}` must measure by {wanted} to be a sum over features; its {part} is "
                    f"{measure.__name__}. Fit with the default."
                )
        centroids, maps = fitted._enc_cluster_centroids, fitted._enc_map
        numeric = centroids[0] if isinstance(centroids, list) else np.empty((len(centroids), 0))
        codes = centroids[1] if isinstance(centroids, list) else centroids
        D = numeric.shape[1] + codes.shape[1]
        if categorical is None and numeric.shape[1]:
            raise ValueError(
                f"`categorical` must name the {codes.shape[1]} of {D} columns that hold "
                f"categories; {name} does not keep them. Explain "
                "NeuralizedPrototypes(fitted, categorical=[...]) instead of the fitted one."
            )
        columns = range(D) if categorical is None else np.atleast_1d(categorical).tolist()
        columns = list(columns)
        if len(columns) != codes.shape[1] or len({i for i in columns if 0 <= i < D}) != len(
            columns
        ):
            raise ValueError(
                f"`categorical` must hold {codes.shape[1]} different indices in 0..{D - 1}, as in "
                f"{name}.fit; got {columns}."
            )
        if len(codes) < 2:
            raise ValueError(
                f"`{name}` must have at least 2 clusters; got 1. "
                "A single cluster has no competitor, so there is nothing to explain."
            )
        centres = torch.empty(len(codes), D, dtype=torch.float64)
        centres[:, [i for i in range(D) if i not in columns]] = torch.from_numpy(numeric).double()
        centres[:, columns] = torch.from_numpy(codes.astype(float))
        gamma = float(getattr(fitted, "gamma", 1.0))
        super().__init__(Categories(centres, columns, gamma))
        self.codes = dict(zip(columns, maps, strict=True))  # of each column, category to number

    def points(self, X):
        """Points (n, D) with a number for each category, as a checked tensor.

        Raises:
            ValueError: a category that the clusterer has not seen in fitting.
        """
        values = np.asarray(X, dtype=object)
        if values.ndim != 2 or values.shape[1] != self.n_features:
            as_points(np.zeros(values.shape), self.n_features)
        numbers = values.copy()
        for i, codes in self.codes.items():
            unseen = sorted({str(value) for value in values[:, i] if value not in codes})
            if unseen:
                raise ValueError(
                    f"`X` must hold categories that were seen in fitting; got {unseen} in column "
                    f"{i}, which knows {sorted(map(str, codes))}. Drop such rows or fit again."
                )
            numbers[:, i] = [codes[value] for value in values[:, i]]
        return as_points(numbers.astype(float), self.n_features)
