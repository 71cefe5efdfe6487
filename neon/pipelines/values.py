"""Values of a table, of an array or of a sparse matrix, whichever a step returns."""

import numpy as np
import pandas as pd
from scipy import sparse


def gathered(R, owner, n_columns):
    """Sum what belongs to the same column: (n, d) to (n, D); of flags, whether any is set.

    Example:
        >>> gathered(np.array([[1.0, 2.0, 4.0]]), np.array([0, 2, 0]), 3)
        array([[5., 0., 2.]])
    """
    if len(owner) == n_columns and (owner == np.arange(n_columns)).all():
        return R
    P = sparse.csr_array((np.ones(len(owner), R.dtype), (np.arange(len(owner)), owner)),
                         shape=(len(owner), n_columns))  # fmt: skip
    return R @ P


def with_columns(X, columns, values):
    """Return a copy of table X with new values (n, len(columns)) in some columns.

    Example:
        >>> with_columns(np.zeros((1, 3)), [2, 0], np.array([[5.0, 6.0]]))
        array([[6., 0., 5.]])
    """
    if isinstance(X, pd.DataFrame):
        X, values = X.copy(), pd.DataFrame(values)
        for i, column in enumerate(columns):
            X.isetitem(column, values.iloc[:, i].array)
        return X
    X = np.array(dense(X))
    if X.dtype.kind in "iub":
        X = X.astype(float)
    X[:, columns] = values
    return X


def dense(X):
    """Return a table as a numpy array."""
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def as_matrix(X):
    """Return a table as a numpy array; a sparse matrix as it is."""
    return X if sparse.issparse(X) else np.asarray(X)
