"""Does a function act on one column at a time? Read off what it does to the data."""

import numpy as np
import pandas as pd
from scipy import sparse

from .refusal import refuse
from .values import dense

ROWS = 200  # rows of the data that the question is put to


def owners_of_function(name, step, X, Z):
    """Input column of each output of a FunctionTransformer: its own, or the step is refused.

    An output depends on its own column alone if it stays what it is while the others change. Two
    columns differ in some binary digit of their number, so that it takes two calls a digit, in
    which the columns with that digit stay and the rows of the others are shuffled.

    Raises:
        TypeError: another number of columns, or an output that depends on another column or row.

    Example:
        >>> from sklearn.preprocessing import FunctionTransformer
        >>> X = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 4.0]])
        >>> step = FunctionTransformer(np.log1p).fit(X)
        >>> owners_of_function("log", step, X, step.transform(X))
        array([0, 1])
    """
    D = X.shape[1] if hasattr(X, "shape") else len(X[0])
    if step.func is None:
        return np.arange(D)
    if Z.ndim != 2 or Z.shape[1] != D:
        width = Z.shape[1] if Z.ndim == 2 else 0
        refuse(name, step, f"returns {width} columns for {D}, so that no column has its own")
    rows = np.unique(np.linspace(0, Z.shape[0] - 1, ROWS).astype(int))
    some = taken(X, rows)
    alone = dense(step.transform(taken(X, rows[:1])))
    if not same(alone, dense(Z[rows[:1]] if not hasattr(Z, "iloc") else Z.iloc[rows[:1]])):
        refuse(name, step, "returns for a row what depends on other rows")
    whole = dense(step.transform(some))
    other = taken(some, np.random.default_rng(0).permutation(len(rows)))
    for digit in range(max(D - 1, 0).bit_length()):
        for value in (0, 1):
            stay = (np.arange(D) >> digit & 1) == value
            mixed = dense(step.transform(spliced(some, other, stay)))
            if not same(mixed[:, stay], whole[:, stay]):
                wrong = [not same(mixed[:, [i]], whole[:, [i]]) for i in range(D)] & stay
                column = np.flatnonzero(wrong)[0]
                refuse(name, step, f"returns a column {column} that depends on other columns")
    return np.arange(D)


def taken(X, rows):
    """Rows of a pandas table, which keeps its index, of an array or of a sparse matrix."""
    if isinstance(X, pd.DataFrame):
        return X.iloc[rows]
    return X[rows] if sparse.issparse(X) else np.asarray(X)[rows]


def spliced(X, other, stay):
    """Return X with the columns that do not stay taken from another table like it."""
    if isinstance(X, pd.DataFrame):
        mixed = X.copy()
        for column in np.flatnonzero(~stay):
            mixed.isetitem(column, other.iloc[:, column].array)
        return mixed
    mixed = np.where(stay, dense(X), dense(other))
    return type(X)(mixed) if sparse.issparse(X) else mixed


def same(one, other):
    """Tell that two results agree up to rounding, gaps and texts included."""
    if one.dtype.kind in "fiub" and other.dtype.kind in "fiub":
        return np.allclose(one, other, rtol=1e-9, atol=0, equal_nan=True)
    return pd.DataFrame(one).equals(pd.DataFrame(other))
