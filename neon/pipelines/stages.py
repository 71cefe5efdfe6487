"""What a step does to columns: values forth, relevances, gaps and counterfactuals back.

A stage has `owner` (d,): the input column that each of its outputs belongs to, so that a relevance
of the one is a relevance of the other. `free` says which outputs can be given any value by
changing their column, and `back` finds that column.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import _safe_indexing

from ..deep.affine import brings
from .columns import imputed_cells
from .values import as_matrix, dense, with_columns


@dataclass(frozen=True)
class ColumnStep:
    """A step each of whose outputs belongs to one input column: a scaler, an encoder, a selection.

    Attributes:
        name: of the step in its pipeline.
        step: the fitted transformer.
        owner: (d,) input columns.
        n_inputs: D.
    """

    name: str
    step: object
    owner: np.ndarray
    n_inputs: int

    def forward(self, X):
        """Transform X."""
        return self.step.transform(X)

    def imputed(self, X):
        """Cells (n, D) that the step fills, or None."""
        return imputed_cells(self.step, X)

    def free(self, X, free):
        """Outputs (n, d) that can take any value, given the inputs (n, D) that can."""
        if not self.has_inverse:
            return np.zeros((len(free), len(self.owner)), dtype=bool)
        filled = self.imputed(X)
        return (free if filled is None else free & ~filled)[:, self.owner]

    def back(self, U, X):
        """Return table X with the columns from which the step makes U, where it has an inverse."""
        if not self.has_inverse:
            return X
        U = dense(U)
        if hasattr(self.step, "inverse_transform") and not self._keeps_values:
            names = getattr(self.step, "feature_names_in_", None)
            U = self.step.inverse_transform(U if names is None else pd.DataFrame(U, columns=names))
        return with_columns(X, self.owner, np.asarray(U))

    @property
    def has_inverse(self):
        """Whether an output can be taken back to its column."""
        from sklearn import preprocessing as p

        if brings(self.step, p.FunctionTransformer):
            return self.step.func is None or self.step.inverse_func is not None
        return self._keeps_values or brings(
            self.step, p.MaxAbsScaler, p.MinMaxScaler, p.PowerTransformer, p.QuantileTransformer,
            p.RobustScaler, p.StandardScaler,
        )  # fmt: skip

    @property
    def no_inverse(self):
        """Its name, if the step cannot be taken back."""
        return [] if self.has_inverse else [self.name]

    @property
    def _keeps_values(self):
        """Whether an output is its column as it is, but for gaps."""
        from sklearn.feature_selection import SelectorMixin
        from sklearn.impute import KNNImputer, SimpleImputer

        if brings(self.step, SimpleImputer, KNNImputer):
            return not self.step.add_indicator
        return brings(self.step, SelectorMixin)


@dataclass(frozen=True)
class RowNorm:
    """Normalizer behind an affine map: x ↦ (x − m) / ‖A (x − m)‖, whose shares stay with x.

    Attributes:
        name: of the step.
        matrix: (p, D) A.
        origin: (D,) m, where the map is 0; None is 0, which keeps sparse rows sparse.
        norm: "l1", "l2" or "max".
    """

    name: str
    matrix: np.ndarray
    origin: np.ndarray | None
    norm: str

    @property
    def no_inverse(self):
        """Its name: a norm is lost."""
        return [self.name]

    @property
    def owner(self):
        """(D,) every column its own."""
        return np.arange(self.matrix.shape[1])

    def forward(self, X):
        """Divide the rows, measured from the origin, by the norm of what they are mapped to."""
        X = as_matrix(X)
        X = X if X.dtype == np.float32 else X.astype(float)
        X = X if self.origin is None else dense(X) - self.origin.astype(X.dtype)
        order = {"l1": 1, "l2": 2, "max": np.inf}[self.norm]
        size = np.linalg.norm(X @ self.matrix.T, ord=order, axis=1)
        size[size == 0] = 1  # as Normalizer does
        size = size.astype(X.dtype)
        return sparse.diags(1 / size) @ X if sparse.issparse(X) else X / size[:, None]

    def imputed(self, X):
        """None: no cell is filled."""
        return

    def free(self, X, free):
        """Nothing (n, D): each value depends on the whole row."""
        return np.zeros_like(free)

    def back(self, U, X):
        """Return X as it is."""
        return X


@dataclass(frozen=True)
class Fork:
    """Branches side by side, as in a ColumnTransformer or a FeatureUnion.

    Attributes:
        step: the fitted transformer.
        branches: list of (positions of the columns, one number for a column of texts; `Reading`).
        n_inputs: D.
    """

    name: str
    step: object
    branches: list
    n_inputs: int

    @property
    def owner(self):
        """(d,) input columns of all branches' outputs, side by side."""
        parts = [np.atleast_1d(columns)[reading.owner] for columns, reading in self.branches]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=int)

    @property
    def no_inverse(self):
        """Names of the steps of all branches that cannot be taken back."""
        return [name for _, reading in self.branches for name in reading.no_inverse]

    def forward(self, X):
        """Transform X, up to where a branch starts to mix columns."""
        if all(reading.matrix is None for _, reading in self.branches):
            return self.step.transform(X)
        parts = [reading.forward(part) for part, reading in self._parts(X)]
        if any(sparse.issparse(part) for part in parts):
            return sparse.hstack(parts, format="csr")
        return np.hstack([dense(part) for part in parts])

    def imputed(self, X):
        """Cells (n, D) that a branch fills, or None."""
        cells = None
        for (columns, reading), (part, _) in zip(self.branches, self._parts(X), strict=True):
            filled = reading.imputed(part)
            if filled is not None:
                cells = (
                    np.zeros((len(filled), self.n_inputs), dtype=bool) if cells is None else cells
                )
                cells[:, np.atleast_1d(columns)] |= filled
        return cells

    def free(self, X, free):
        """Outputs (n, d) that can take any value, given the inputs (n, D) that can."""
        parts = [
            reading.free(part, free[:, np.atleast_1d(columns)])
            for (columns, reading), (part, _) in zip(self.branches, self._parts(X), strict=True)
        ]
        return np.hstack(parts)

    def back(self, U, X):
        """Return table X with the columns from which the branches make U."""
        U, start = dense(U), 0
        for (columns, reading), (part, _) in zip(self.branches, self._parts(X), strict=True):
            values = U[:, start : start + len(reading.owner)]
            start += len(reading.owner)
            if np.ndim(columns):
                changed = reading.back(values, part)
                X = with_columns(X, columns, changed)
        return X

    def _parts(self, X):
        for columns, reading in self.branches:
            yield _safe_indexing(X, columns, axis=1), reading
